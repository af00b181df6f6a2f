"""Extracts kept for good: checked, converted once into well laid-out Parquet, in dated snapshots that nothing rewrites."""
