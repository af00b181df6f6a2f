"""Figures from clean frames: frames in, frames of the same kind out, unrounded."""
