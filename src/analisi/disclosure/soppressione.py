"""Which cells are hidden: those the rule names, and the fewest others without which they could be computed back.

Cutting planes, after Fischetti and Salazar. A master problem in 0-1 variables (1: hidden) chooses the cells of least loss; for each cell
that the rule names, linear programs ask whether, given what is hidden, it could be as much larger and smaller as the rule wants. Where it
could not, the dual values say which published cells pin it down, and the master must hide enough of them. When no cell is pinned the
choice is the best there is; if a limit was met it protects all the same, and `ottima` is false.

Source: M. Fischetti, J. J. Salazar (2001), Solving the Cell Suppression Problem on Tabular Data with Linear Constraints, Management
Science 47(7), 1008-1027.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult
from scipy.sparse import csc_array, csr_array

from analisi.disclosure.attacco import TOLERANCE, alone, deduced, distinct_rows, grouped, network, optimum, parts, same_columns
from analisi.disclosure.celle import Sistema
from analisi.disclosure.programmi import whole
from analisi.disclosure.regole import Regola, Regole

ROUNDS = 20  # after so many, what is hidden stays hidden: each round then hides more, and the search ends
NODES = 5_000  # of the master problem, in each round
NUDGE = 1e-5  # a published cell may move so little, so that the duals name as few of them as possible


def primary(celle: pl.DataFrame, regole: Regole) -> pl.DataFrame:
    """The cells with `motivo`, why the rule hides a cell (null: it does not), and `serve`, how far from its value an attacker is kept.

    A zero to which no one contributes betrays no one: it is published, and everyone knows that a hidden cell is not zero. Measures that
    are public are known to everyone, as if published.

    Where a company prevails, the value plus `serve` is at least what would bring its share down to the largest allowed: Hundepool and
    others, Statistical Disclosure Control, Wiley, chapter 4.
    """
    marked = []
    for (nome,), mine in celle.group_by("tavola", maintain_order=True):
        r: Regola = regole[nome]
        value, public = pl.col("valore"), pl.col("misura").is_in(list(r.variabili_pubbliche))
        reasons = [
            pl.when(broken & ~public & ((value > 0) | (pl.col("sedi") > 0))).then(pl.lit(text))
            for broken, text in (
                (pl.col("sedi") < r.minimo_sedi, f"meno di {r.minimo_sedi} unità produttive"),
                (pl.col("imprese") < r.minimo_imprese, f"meno di {r.minimo_imprese} imprese"),
                (pl.col("lavoratori") < r.minimo_lavoratori, f"meno di {r.minimo_lavoratori} lavoratori"),
                (pl.col("quota_massima") > r.quota_massima, "un'impresa prevale"),
            )
        ]
        part = pl.max_horizontal(pl.lit(float(r.ampiezza_relativa)), (pl.col("quota_massima") / r.quota_massima - 1).fill_null(0.0))
        need = pl.max_horizontal(pl.lit(float(r.ampiezza_assoluta)), (part * value).ceil())
        solo = pl.when(pl.lit(r.contributore_unico)).then("solo").alias("solo")
        known = pl.coalesce("diffusa", pl.when(public).then(value)).alias("diffusa")
        marked.append(mine.with_columns(pl.coalesce(reasons).alias("motivo"), need.alias("serve"), solo, known))
    return pl.concat(marked).sort("cella")


def least(celle: pl.DataFrame) -> np.ndarray:
    """The least an attacker must think that each cell can be, if hidden: 1, as zero is published; of a total, what its parts are."""
    return np.minimum(celle["valore"].to_numpy(), celle["minimo"].to_numpy() if "minimo" in celle.columns else 1.0)


def with_floors(sistema: Sistema) -> Sistema:
    """The system whose cells have `minimo`: what everyone knows that each is at least, as no part of a total that is hidden is zero."""
    value, rete = sistema.celle["valore"].to_numpy(), network(sistema)
    matrice = rete.matrice[:, : len(value)].tocsr()[np.setdiff1d(np.arange(rete.matrice.shape[0]), rete.rows)]
    totals = []
    for number in range(matrice.shape[0]):
        row = matrice[[number]]
        row.data[value[row.indices] == 0] = 0.0  # a zero is known
        row.eliminate_zeros()
        for sign in (1, -1):
            total = row.indices[row.data * sign == -1]
            parts_ = row.indices[row.data * sign == 1]
            if len(total) == 1 and len(parts_) == row.nnz - 1 and len(parts_):
                totals.append((total[0], parts_))
    floors, before = np.minimum(value, 1.0), None
    while before is None or (floors != before).any():
        before = floors.copy()
        for total, parts_ in totals:
            floors[total] = max(floors[total], floors[parts_].sum())
    return Sistema(sistema.celle.with_columns(minimo=pl.Series(np.minimum(floors, value))), sistema.vincoli)


def loss(celle: pl.DataFrame) -> np.ndarray:
    """What the reader loses with each cell: 1 and its part of the largest of its measure, times ten for each dimension it totals."""
    part = pl.col("valore") / pl.col("valore").max().over("misura").clip(lower_bound=1.0)
    return celle.select(pl.lit(10.0).pow(pl.col("totali")) * (1 + part)).to_series().to_numpy()


@dataclass(frozen=True)
class Bersaglio:
    """What must hold of a column: that an attacker can think it `serve` more (verso 1), or less (-1)."""

    colonna: int
    verso: int
    serve: float

    def reached(self, move: np.ndarray) -> bool:
        """Whether a move of the cells brings the column as far as it must go."""
        return self.verso * move[self.colonna] >= self.serve - 10 * TOLERANCE


@dataclass
class Ricerca:
    """The search in one group of tied cells: the columns of `matrice` can move from their values, down by `giu` and up by `su`, if hidden.

    `costo` of hiding a column: infinite if it cannot be hidden, negative if it is hidden in any case. `soli`: the columns that one company
    knows, as it alone contributes to them. `mosse`: moves of hidden cells that satisfy every relation. `tagli`: coefficients, whose sum
    over the hidden columns must be at least 1.
    """

    matrice: csc_array
    su: np.ndarray
    giu: np.ndarray
    costo: np.ndarray
    bersagli: list[Bersaglio]
    soli: list[np.ndarray]
    mosse: list[np.ndarray] = field(default_factory=list)
    tagli: list[np.ndarray] = field(default_factory=list)
    ottima: bool = True

    @cached_property
    def fisse(self) -> np.ndarray:
        return self.costo < 0

    @cached_property
    def legami(self) -> csr_array:
        """Which columns each relation ties."""
        return csr_array(abs(self.matrice) > 0).astype(float)

    @cached_property
    def libere(self) -> np.ndarray:
        return np.isfinite(self.costo)

    def run(self) -> np.ndarray:
        """Which columns are hidden. What cannot be protected even when everything is hidden is left out, for the audit to tell."""
        never, known_anyway = self.pinned(self.libere), self.computed(self.libere)
        hidden = self.fisse
        for number in range(ROUNDS + len(hidden)):
            pinned = [t for t in self.pinned(hidden) if t not in never]
            found = [cut for t in pinned for cut in self.single(t, hidden) or [self.cut(t, hidden)]]
            if not found:
                pairs = [pair for pair in self.computed(hidden) if pair not in known_anyway]
                found = [self.cut(t, hidden, self.soli[company]) for t, company in pairs]
            if not found:
                break
            self.tagli += found
            hidden = self.master(hidden & (number >= ROUNDS))
        return hidden

    def master(self, kept: np.ndarray) -> np.ndarray:
        """The columns of least loss that satisfy every cut, those `kept` among them."""
        found = whole(
            np.where(self.libere, self.costo, 0.0),
            integrality=np.ones(len(kept)),
            bounds=Bounds((self.fisse | kept).astype(float), self.libere.astype(float)),
            constraints=LinearConstraint(csc_array(np.unique(self.tagli, axis=0)), 1.0, np.inf),
            node_limit=NODES,
            mip_rel_gap=0.0,
        )
        self.ottima = self.ottima and found.status == 0 and not (kept & ~self.fisse).any()
        return self.libere if found.x is None else found.x > 0.5

    def pinned(self, hidden: np.ndarray) -> list[Bersaglio]:
        """The targets that cannot move as far as they must. One program asks for all that are left at once; in turn, one for the first."""
        columns = np.flatnonzero(hidden)
        usable = [move for move in self.mosse if not move[~hidden].any()]
        waiting = [t for t in self.bersagli if not any(t.reached(move) for move in usable)]
        stuck, many = [], True
        while waiting:
            asked = list({t.colonna: t for t in waiting}.values()) if many else waiting[:1]
            move = np.zeros(len(hidden))
            move[columns] = self.farthest(asked, columns, -self.giu, self.su).x
            move[abs(move) < TOLERANCE] = 0.0
            done = [t for t in waiting if t.reached(move)]
            self.mosse += [move] if done else []
            stuck += waiting[:1] if not done and not many else []
            waiting = [t for t in waiting if t not in done and t not in stuck]
            many = not many or len(done) > 1
        return stuck

    def short(self) -> dict[int, float]:
        """How far the targets can move that cannot as far as they are asked, even if all is hidden, by column."""
        columns = np.arange(len(self.costo))
        stuck = self.pinned(np.ones(len(columns), dtype=bool))
        moved = {t: self.farthest([t], columns, -self.giu, self.su).x[t.colonna] for t in stuck}
        return {t.colonna: max(0.0, t.verso * float(move)) for t, move in moved.items()}

    def farthest(self, asked: list[Bersaglio], columns: np.ndarray, low: np.ndarray, high: np.ndarray) -> OptimizeResult:
        """The move of some columns that satisfies every relation and brings the targets as far as they are asked to go, in sum."""
        cost, low, high = np.zeros(len(low)), low.copy(), high.copy()
        for t in asked:
            cost[t.colonna] = -t.verso / t.serve
            (high if t.verso > 0 else low)[t.colonna] = t.verso * t.serve
        return optimum(cost[columns], self.matrice[:, columns], np.zeros(self.matrice.shape[0]), low[columns], high[columns])

    def computed(self, hidden: np.ndarray) -> list[tuple[Bersaglio, int]]:
        """The targets that a company (its number) computes exactly, although the others cannot."""
        targets = [t for t in self.bersagli if t.verso > 0]
        pairs = deduced(self.matrice, np.flatnonzero(hidden), np.array([t.colonna for t in targets]), self.soli)
        return [(targets[row], int(company)) for row, company in np.argwhere(pairs)]

    def single(self, t: Bersaglio, hidden: np.ndarray) -> list[np.ndarray]:
        """Cuts that need no program: one of the others, for each relation in which the target is the only column hidden."""
        rows = np.flatnonzero((self.legami @ hidden.astype(float) == 1) & (self.legami[:, [t.colonna]].toarray().ravel() > 0))
        others = [self.legami[[row]].toarray().ravel() * (self.libere & ~hidden) for row in rows]
        return [coefficients for coefficients in others if coefficients.any()]

    def cut(self, t: Bersaglio, hidden: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """What must hold of the hidden columns so that the target can move: coefficients whose sum must reach 1.

        The duals bound the move of the target by a sum over the columns that are hidden. For a company that knows some columns, it is
        enough that one is hidden of those by which it computes the target.
        """
        more = self.libere & ~hidden
        if known is None:
            low, high = np.where(hidden, -self.giu, -NUDGE), np.where(hidden, self.su, NUDGE)
        else:
            low, high = np.where(hidden, -np.inf, -NUDGE), np.where(hidden, np.inf, NUDGE)
            low[known] = high[known] = 0.0
        found = self.farthest([t], np.arange(len(hidden)), low, high)
        reduced = -self.matrice.T @ found.eqlin.marginals
        reduced[t.colonna] -= t.verso / t.serve
        reduced[abs(reduced) < TOLERANCE] = 0.0
        if known is not None:
            coefficients = ((reduced != 0) & more).astype(float)
            return coefficients if coefficients.any() else more.astype(float)
        up, down = self.su.copy(), self.giu.copy()
        (up if t.verso > 0 else down)[t.colonna] = t.serve
        reach = np.zeros(len(hidden))
        for limit, moves in ((up, reduced < 0), (down, reduced > 0)):
            reach[moves] = abs(reduced[moves]) * limit[moves]
        missing = 1 - reach[self.fisse].sum()
        coefficients = np.where(self.libere & ~self.fisse, np.minimum(reach / max(missing, TOLERANCE), 1.0), 0.0).round(9)
        useful = missing > TOLERANCE and coefficients[hidden].sum() < 1 - TOLERANCE and coefficients[more].any()
        return coefficients if useful else more.astype(float)


def hide(sistema: Sistema) -> tuple[np.ndarray, bool, np.ndarray]:
    """Which cells are hidden, whether no choice loses less, and `minimo` of each cell: never more than zeros being shown lets know.

    The cells have `motivo` and `serve`, as `primary` gives them.
    """
    celle, rete = sistema.celle, network(sistema)
    value, known = celle["valore"].to_numpy(), celle["diffusa"].is_not_null().to_numpy()
    must = (celle["motivo"].is_not_null() & (celle["diffusa"] != celle["valore"]).fill_null(True)).to_numpy()  # what is out is out for ever
    cost = np.where(must, -1.0, np.where(known | (value == 0), np.inf, loss(celle)))
    cost = np.append(cost, np.full(len(rete.inf), -1.0))  # what an interval leaves free is never published
    slack = (rete.matrice[:, : len(value)] @ value)[rete.rows]
    down, up = np.append(value - least(celle), slack - rete.inf), np.append(np.full(len(value), np.inf), rete.sup - slack)
    group = same_columns(rete)
    own, matrice, cost = group[: len(value)], distinct_rows(grouped(rete.matrice, group)), _joint(cost, group)
    up, down = _each(np.fmin, up, group), _each(np.fmin, down, group)
    need = _each(np.fmax, np.append(np.where(must, celle["serve"].to_numpy(), np.nan), np.full(len(rete.inf), np.nan)), group)
    solo = np.full(len(cost), None, dtype=object)
    solo[own[celle["solo"].is_not_null().to_numpy()]] = celle["solo"].drop_nulls().to_numpy()
    marked = ~np.isnan(need)
    hidden, best, reach = marked.copy(), True, np.where(marked, np.fmin(need, down), 0.0)
    short = np.zeros(len(cost), dtype=bool)
    for columns, rows in parts(matrice, _each(np.fmax, np.append(value, np.ones(len(rete.inf))), group) > 0):
        search = Ricerca(matrice[:, columns][rows], up[columns], down[columns], np.zeros(len(columns)), _downwards(reach[columns]), [])
        for place, far in search.short().items():
            reach[columns[place]], short[columns[place]] = far, True
    for columns, rows in parts(matrice, np.isfinite(cost)):
        mine = np.flatnonzero(marked[columns])
        limits = [(place, sign, (need if sign > 0 else reach)[columns[place]]) for sign in (1, -1) for place in mine]
        targets = [Bersaglio(int(place), sign, float(limit)) for place, sign, limit in limits if limit > 0]
        search = Ricerca(matrice[:, columns][rows], up[columns], down[columns], cost[columns], targets, alone(solo[columns], mine))
        hidden[columns] = search.run()
        best = best and search.ottima
    return hidden[own], best, np.where(short[own], np.maximum(least(celle), value - reach[own]), least(celle))


def _downwards(reach: np.ndarray) -> list[Bersaglio]:
    return [Bersaglio(int(place), -1, float(reach[place])) for place in np.flatnonzero(reach > 0)]


def _joint(cost: np.ndarray, group: np.ndarray) -> np.ndarray:
    """The cost of hiding each group: the sum of its columns, or what one of them forbids or imposes."""
    whole = np.zeros(group.max(initial=-1) + 1)
    np.add.at(whole, group, np.maximum(cost, 0.0))
    whole[group[cost < 0]] = -1.0
    whole[group[np.isinf(cost)]] = np.inf
    return whole


def _each(best: np.ufunc, values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """The least, or the greatest, of the values of each group; not a number where it has none."""
    found = np.full(group.max(initial=-1) + 1, np.nan)
    best.at(found, group, values)
    return found
