"""Programs in whole numbers, solved without a word: HiGHS writes some lines of its own on the standard output, whatever it is asked."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp


def whole(cost: np.ndarray, integrality: np.ndarray, bounds: Bounds, constraints: LinearConstraint, **options: Any) -> OptimizeResult:
    """What `scipy.optimize.milp` finds with these options."""
    with _unheard():
        return milp(cost, integrality=integrality, bounds=bounds, constraints=constraints, options=options)


@contextmanager
def _unheard() -> Iterator[None]:
    """While it lasts, what libraries write on the standard output of the process goes nowhere: in a notebook it would be a result."""
    try:
        kept, null = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # there is no standard output
        yield
        return
    _flush()
    os.dup2(null, 1)
    try:
        yield
    finally:
        _flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(null)


def _flush() -> None:
    """Write out what libraries in C still hold."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).fflush(None)
