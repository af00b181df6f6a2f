"""What libraries and programs write by themselves on a descriptor of the process: in a notebook it would be a result, or name a folder."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def unheard(descriptor: int) -> Iterator[None]:
    """What is written on a descriptor (1: standard output, 2: error), also by a program started meanwhile, goes nowhere."""
    try:
        kept, null = os.dup(descriptor), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # there is no such descriptor
        yield
        return
    _flush()
    os.dup2(null, descriptor)
    try:
        yield
    finally:
        _flush()
        os.dup2(kept, descriptor)
        os.close(kept)
        os.close(null)


def _flush() -> None:
    """Write out what libraries in C still hold."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).fflush(None)
