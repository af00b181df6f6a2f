"""What someone who reads everything together can find out: the least and the greatest value each cell can have, by linear programming.

The attacker knows each cell within the bounds in which it is shown (equal, if it is printed), every total as a relation, every function
of cells that is printed, and that nothing is negative. Whole numbers are not imposed (who imposes them can find narrower intervals, where
tables have three dimensions or more), but the ends of an interval of counts are rounded to whole numbers inwards.

Source: M. Fischetti, J. J. Salazar (2001), Solving the Cell Suppression Problem on Tabular Data with Linear Constraints, Management
Science 47(7), 1008-1027; A. Hundepool and others, Statistical Disclosure Control, Wiley, chapter 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.linalg import null_space, orth
from scipy.optimize import OptimizeResult, linprog
from scipy.sparse import coo_array, csc_array, csr_array, hstack
from scipy.sparse.csgraph import connected_components

from analisi.disclosure.celle import Sistema
from analisi.errors import AnalisiError

TOLERANCE = 1e-6
UNBOUNDED = 3  # status of linprog
CONTRADICTION = "le cifre pubblicate insieme si contraddicono: nessun valore delle celle nascoste rispetta totali e funzioni dichiarate"


@dataclass(frozen=True)
class Rete:
    """The relations as `matrice` x = 0: a column for each cell in the order of the system, then one for what each interval leaves free.

    rows: the relations that are intervals; inf, sup: their ends.
    """

    matrice: csc_array
    rows: np.ndarray
    inf: np.ndarray
    sup: np.ndarray

    @property
    def cells(self) -> int:
        return self.matrice.shape[1] - len(self.inf)


def network(sistema: Sistema) -> Rete:
    """The relations of a system as a matrix."""
    rows = sistema.vincoli.select("vincolo", "inf", "sup").unique("vincolo", maintain_order=True).with_row_index("riga")
    terms = sistema.vincoli.join(rows.select("vincolo", "riga"), on="vincolo", how="left", maintain_order="left")
    terms = terms.join(sistema.celle.select("cella").with_row_index("colonna"), on="cella", how="inner", maintain_order="left")
    shape = (len(rows), len(sistema.celle))
    main = coo_array((terms["coefficiente"].to_numpy(), (terms["riga"].to_numpy(), terms["colonna"].to_numpy())), shape=shape)
    free = rows.filter((pl.col("inf") != 0) | (pl.col("sup") != 0))
    slack = coo_array((np.full(len(free), -1.0), (free["riga"].to_numpy(), np.arange(len(free)))), shape=(len(rows), len(free)))
    return Rete(csc_array(hstack([main, slack])), free["riga"].to_numpy(), free["inf"].to_numpy(), free["sup"].to_numpy())


def same_columns(rete: Rete) -> np.ndarray:
    """The number of the group of each column: those of a group are equal, as a total and its only part, or the same rows counted twice."""
    group = np.arange(rete.matrice.shape[1])
    equal = np.ones(rete.matrice.shape[0], dtype=bool)
    equal[rete.rows] = False
    while True:
        matrice = csr_array(grouped(rete.matrice, group))[equal]
        matrice.eliminate_zeros()
        pairs = matrice[(np.diff(matrice.indptr) == 2) & (abs(matrice.sum(axis=1)) < TOLERANCE)]
        if not pairs.shape[0]:
            return group
        ends = pairs.indices.reshape(-1, 2)
        edges = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(pairs.shape[1],) * 2)
        group = connected_components(edges, directed=False)[1][group]


def grouped(matrice: csc_array, group: np.ndarray) -> csc_array:
    """The matrix with one column for each group, the sum of its columns."""
    shape = (len(group), group.max(initial=-1) + 1)
    return csc_array(matrice @ csc_array((np.ones(len(group)), (np.arange(len(group)), group)), shape=shape))


def distinct_rows(matrice: csc_array) -> csc_array:
    """The matrix without rows that repeat another, or are nothing."""
    rows = csr_array(matrice)
    rows.eliminate_zeros()
    rows.sort_indices()
    starts, kept = rows.indptr, {}
    for row in range(rows.shape[0]):
        part = slice(starts[row], starts[row + 1])
        if starts[row] < starts[row + 1]:
            first = rows.data[part][0]
            kept.setdefault((rows.indices[part].tobytes(), (rows.data[part] / first).round(9).tobytes()), row)
    return csc_array(rows[sorted(kept.values())])


def parts(matrice: csc_array, free: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The columns that are free, in groups that no relation ties to each other, and the rows of each group."""
    columns = np.flatnonzero(free)
    tied = abs(matrice[:, columns])
    _, group = connected_components(tied.T @ tied, directed=False)
    for number in range(group.max(initial=-1) + 1):
        mine = columns[group == number]
        yield mine, np.flatnonzero(abs(matrice[:, mine]).sum(axis=1))


def optimum(cost: np.ndarray, matrice: csc_array, known: np.ndarray, inf: np.ndarray, sup: np.ndarray) -> OptimizeResult:
    """The least of cost x with matrice x = known, inf <= x <= sup.

    Raises:
        AnalisiError: no x satisfies the relations, so that what is published contradicts itself.
    """
    found = linprog(cost, A_eq=matrice, b_eq=known, bounds=np.column_stack([inf, sup]), method="highs-ds")
    if found.status not in (0, UNBOUNDED):
        raise AnalisiError(CONTRADICTION)
    return found


def extremes(rete: Rete, inf: np.ndarray, sup: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest value of each cell, for who knows the cells between `inf` and `sup`."""
    group = same_columns(rete)
    matrice, count = distinct_rows(grouped(rete.matrice, group)), group.max(initial=-1) + 1
    lower, upper = np.full(count, -np.inf), np.full(count, np.inf)
    np.maximum.at(lower, group, np.concatenate([inf, rete.inf]))
    np.minimum.at(upper, group, np.concatenate([sup, rete.sup]))
    if (lower > upper).any():
        raise AnalisiError(CONTRADICTION)
    low, high = lower.copy(), upper.copy()
    wanted = np.zeros(count, dtype=bool)
    wanted[group[: rete.cells]] = True
    free = upper - lower > 0
    known = -(matrice @ np.where(free, 0.0, lower))
    for columns, rows in parts(matrice, free):
        mine = matrice[:, columns][rows]
        least, most = lower[columns], upper[columns]
        seen = []
        for position, column in enumerate(columns):
            if not wanted[column]:
                continue
            for sign, ends, reach in ((1, low, least), (-1, high, most)):
                if any(point[position] == reach[position] for point in seen):
                    continue
                cost = np.zeros(len(columns))
                cost[position] = sign
                found = optimum(cost, mine, known[rows], least, most)
                if found.status == UNBOUNDED:
                    ends[column] = -sign * np.inf
                    continue
                ends[column] = found.x[position]
                seen.append(found.x)
    return low[group[: rete.cells]], high[group[: rete.cells]]


def intervals(sistema: Sistema, viste: pl.DataFrame) -> pl.DataFrame:
    """One row per cell: the interval in which the attacker can put it, whole numbers where the measure counts.

    Args:
        viste: cella, inf, sup: what the publication itself says of each cell; a cell that is not there is not published at all.

    Returns:
        cella, inf, sup.

    Raises:
        AnalisiError: what is published contradicts itself.
    """
    cells = sistema.celle.select("cella", "misura", "valore").join(
        viste.select("cella", "inf", "sup"), on="cella", how="left", maintain_order="left"
    )
    cells = cells.with_columns(pl.col("inf").fill_null(0.0), pl.col("sup").fill_null(np.inf))
    low, high = extremes(network(sistema), cells["inf"].to_numpy(), cells["sup"].to_numpy())
    whole = (pl.col("valore") == pl.col("valore").round()).all().over("misura")
    return cells.with_columns(inf=pl.Series(low), sup=pl.Series(high)).select(
        "cella",
        pl.when(whole).then((pl.col("inf") - TOLERANCE).ceil()).otherwise("inf").alias("inf"),
        pl.when(whole).then((pl.col("sup") + TOLERANCE).floor()).otherwise("sup").alias("sup"),
    )


def alone(company: np.ndarray, targets: np.ndarray) -> list[np.ndarray]:
    """The `targets` that each company knows, as it alone contributes to them; one item for each company."""
    names = sorted({name for name in company[targets] if name is not None})
    return [np.array([target for target in targets if company[target] == name]) for name in names]


def deduced(matrice: csc_array, columns: np.ndarray, targets: np.ndarray, soli: list[np.ndarray]) -> np.ndarray:
    """Whether each of `targets` (rows) is computed exactly by who knows each group of `soli` (columns), when `columns` are hidden.

    A cell can move where its row, in a base of the null space of the relations, is not a combination of the rows of what is known. What
    everyone can compute is not counted here.
    """
    found = np.zeros((len(targets), len(soli)), dtype=bool)
    if not found.size:
        return found
    base = null_space(matrice[:, columns].toarray())
    base[abs(base) < TOLERANCE] = 0.0
    rows = base[np.searchsorted(columns, targets)]
    for number, known in enumerate(soli):
        span = orth(base[np.searchsorted(columns, known)].T, rcond=TOLERANCE)
        still = np.linalg.norm(rows - rows @ span @ span.T, axis=1) < TOLERANCE
        found[:, number] = rows.any(axis=1) & still & ~np.isin(targets, known)
    return found
