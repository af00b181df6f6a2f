"""Declared tables: what a row is, its columns and rules; text in, clean frames or explained faults out."""
