"""Synthetic extracts: everything is invented, and labelled so."""
