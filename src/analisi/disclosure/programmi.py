"""Programs in whole numbers, solved without a word: HiGHS writes some lines of its own on the standard output, whatever it is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp

from analisi.silence import unheard


def whole(cost: np.ndarray, integrality: np.ndarray, bounds: Bounds, constraints: LinearConstraint, **options: Any) -> OptimizeResult:
    """What `scipy.optimize.milp` finds with these options."""
    with unheard(1):
        return milp(cost, integrality=integrality, bounds=bounds, constraints=constraints, options=options)
