"""An attacker of our own, to judge the product's: it knows only the inner cells as unknowns, in whole numbers where that is exact."""

from itertools import product

import numpy as np
import polars as pl
from scipy.optimize import Bounds, LinearConstraint, milp

NAMES = ("anno", "provincia", "procedura")
FAR = 10_000  # stands for no limit


def extended(table: np.ndarray) -> list[tuple[tuple[int, ...], np.ndarray]]:
    """Every cell of a table with totals: its place (-1: total) and which inner cells it sums, as a 0-1 vector."""
    cells = []
    for place in product(*(range(-1, size) for size in table.shape)):
        inner = np.zeros(table.shape)
        inner[tuple(slice(None) if index < 0 else index for index in place)] = 1
        cells.append((place, inner.ravel()))
    return cells


def name(place: tuple[int, ...], misura: str = "lavoratori") -> str:
    """The name the product gives to the cell at that place."""
    dims = dict(zip(NAMES[-len(place) :], place, strict=True))
    return f"prova.{misura}" + "".join(f" {dim}={dims[dim]}" for dim in sorted(dims) if dims[dim] >= 0)


class Attacker:
    """Knows the cells that are not in `hidden`, that zeros are shown, and so that what is hidden is at least 1."""

    def __init__(self, table: np.ndarray, hidden: set[str]):
        self.values = table.ravel().astype(float)
        self.cells = {name(place): inner for place, inner in extended(table)}
        self.hidden = hidden
        self.whole = table.ndim == 2  # the ends of the linear programs of a table of two dimensions are whole numbers
        inner_names = [name(place) for place in product(*(range(size) for size in table.shape))]
        self.unknown = np.array([cell in hidden for cell in inner_names])
        self.shown = np.array([inner for cell, inner in self.cells.items() if cell not in hidden])
        self.veiled = np.array([inner for cell, inner in self.cells.items() if cell in hidden])

    def interval(self, cell: str) -> tuple[float, float]:
        low = np.where(self.unknown, 1.0, self.values)
        rows = [LinearConstraint(self.shown, self.shown @ self.values, self.shown @ self.values)] if len(self.shown) else []
        rows += [LinearConstraint(self.veiled, 1.0, np.inf)] if len(self.veiled) else []
        ends = []
        for sign in (1, -1):
            found = milp(sign * self.cells[cell], integrality=np.full(len(low), int(self.whole)), constraints=rows,
                         bounds=Bounds(low, np.where(self.unknown, FAR, self.values)))  # fmt: skip
            assert found.status == 0
            ends.append(sign * found.fun)
        return ends[0], ends[1]

    def computes(self, cell: str, known: list[str]) -> bool:
        """Whether who knows `known` exactly computes the cell exactly, by equalities alone."""
        rows = [*self.shown, *np.eye(len(self.values))[~self.unknown], *(self.cells[other] for other in known)]
        target = self.cells[cell]
        return np.linalg.matrix_rank(np.array([*rows, target])) == (np.linalg.matrix_rank(np.array(rows)) if rows else 0)


def long(table: np.ndarray, sites: np.ndarray) -> pl.DataFrame:
    """The inner cells as rows: the dimensions, sedi, lavoratori."""
    dims = NAMES[-table.ndim :]
    rows = [(*map(str, place), int(sites[place]), int(table[place])) for place in product(*(range(size) for size in table.shape))]
    return pl.DataFrame(rows, schema=[*dims, "sedi", "lavoratori"], orient="row")
