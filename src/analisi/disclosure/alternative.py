"""Two other ways to publish: every number rounded to a base so that totals still add up, or every number as a band."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl
from scipy.optimize import Bounds, LinearConstraint
from scipy.sparse import csc_array, diags_array, eye_array, hstack, vstack

from analisi.disclosure.attacco import network
from analisi.disclosure.celle import Sistema
from analisi.disclosure.programmi import whole
from analisi.errors import AnalisiError

STEPS = 3  # the two nearest multiples of the base, then one more each way, then two
NODES = 5_000


def rounded(sistema: Sistema, base: int) -> pl.DataFrame:
    """One row per cell: mostrato, a multiple of `base` such that every total is the sum of its parts; inf, sup: what it says of the value.

    As near to the values as can be (least sum of differences), each to one of the two nearest multiples if totals allow it; a multiple of
    the base then stays as it is. Everyone knows how far a number may have been moved.

    Raises:
        AnalisiError: no such rounding within three multiples.

    Source: L. H. Cox (1987), A Constructive Procedure for Unbiased Controlled Rounding, Journal of the American Statistical Association
    82(398), 520-524.
    """
    rete, value = network(sistema), sistema.celle["valore"].to_numpy()
    matrice = rete.matrice[:, : rete.cells][np.setdiff1d(np.arange(rete.matrice.shape[0]), rete.rows)]
    for extra in range(STEPS):
        found = _nearest(matrice, value, base, extra)
        if found is not None:
            far = base * (1 + extra) - 1
            return sistema.celle.select(
                "cella", mostrato=pl.Series(found), inf=pl.Series(np.maximum(found - far, 0.0)), sup=pl.Series(found + far)
            )
    msg = f"nessun arrotondamento in base {base} mantiene i totali; usare la soppressione"
    raise AnalisiError(msg)


def _nearest(matrice: csc_array, value: np.ndarray, base: int, extra: int) -> np.ndarray | None:
    """The multiples k x base, k one of the two nearest or `extra` beyond. The cost is above three lines that meet the loss at whole k."""
    cells, below, above = len(value), np.floor(value / base), np.ceil(value / base)
    slope = base * (above + below) - 2 * value
    lines = ((np.full(cells, -float(base)), value), (np.full(cells, float(base)), -value), (slope, value - base * below - slope * below))
    rows = [hstack([matrice, csc_array((matrice.shape[0], cells))]), *(hstack([diags_array(-rise), eye_array(cells)]) for rise, _ in lines)]
    least = np.concatenate([np.zeros(matrice.shape[0]), *(start for _, start in lines)])
    most = np.where(np.arange(len(least)) < matrice.shape[0], 0.0, np.inf)
    low, high = np.where(value == 0, 0.0, np.maximum(below - extra, 0.0)), np.where(value == 0, 0.0, above + extra)
    found = whole(
        np.append(np.zeros(cells), np.ones(cells)),
        integrality=np.append(np.ones(cells), np.zeros(cells)),
        bounds=Bounds(np.append(low, np.zeros(cells)), np.append(high, np.full(cells, np.inf))),
        constraints=LinearConstraint(csc_array(vstack(rows)), least, most),
        node_limit=NODES,
        mip_rel_gap=0.0,
    )
    return None if found.x is None else base * np.round(found.x[:cells])


def banded(sistema: Sistema, fasce: Sequence[int]) -> pl.DataFrame:
    """One row per cell: segno, the band that holds it ("1-4", "5-9", ..., "5000 e oltre"), or 0; inf, sup: its ends.

    Args:
        fasce: where each band begins, the first at 1.
    """
    value = sistema.celle["valore"].to_numpy()
    starts, ends = np.array([0.0, *fasce]), np.array([0.0, *(start - 1.0 for start in fasce[1:]), np.inf])
    place = np.searchsorted(starts, value, side="right") - 1
    labels = ["0", *(f"{a}-{b - 1}" if b - 1 > a else str(a) for a, b in pairwise(fasce)), f"{fasce[-1]} e oltre"]
    return sistema.celle.select(
        "cella", segno=pl.Series([labels[p] for p in place], dtype=pl.String), inf=pl.Series(starts[place]), sup=pl.Series(ends[place])
    )
