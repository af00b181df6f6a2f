"""How a frame that is published tells cells: declared once, read by who hides, by who publishes and by who checks.

A cell has one name wherever it is published: `tavola.misura` and the values of its dimensions, those at their total left out. So a margin
that is printed on two pages, or the same year in two editions, is one cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import polars as pl

Gerarchia = str | Mapping[str, str]  # "": no total is published; the code of the total; or the parent of each value, up to the one without
VINCOLI = {"vincolo": pl.String, "cella": pl.String, "coefficiente": pl.Float64, "inf": pl.Float64, "sup": pl.Float64}
UNROUNDED = 1e-9  # half width of what is printed unrounded, as a part of the value


@dataclass(frozen=True)
class Cella:
    """A count of a published row: `misura` at the dimensions of the row, or where `dove` says (`{"provincia": "TOT"}`)."""

    misura: str
    dove: Mapping[str, object] = field(default_factory=dict)


Somma = tuple[tuple[int, Cella], ...]


@dataclass(frozen=True)
class Colonna:
    """A published column: scala x sum(numeratore) / sum(denominatore), rounded to `decimali` (None: unrounded).

    It is hidden with any of its cells, unless it is shown `sempre`: then an attacker knows it; or `mai`. A column that is not `lineare` (a
    rank, a difference of shares) is only hidden with its cells.
    """

    numeratore: Somma
    denominatore: Somma = ()
    scala: float = 1
    decimali: int | None = None
    sempre: bool = False
    lineare: bool = True
    mai: bool = False

    @property
    def is_cell(self) -> bool:
        return len(self.numeratore) == 1 and not self.denominatore and self.lineare

    @property
    def operandi(self) -> list[Cella]:
        return [cella for _, cella in (*self.numeratore, *self.denominatore)]


def cella(misura: str, **dove: object) -> Colonna:
    """A column that shows a cell."""
    return Colonna(((1, Cella(misura, dove)),))


def differenza(dopo: Colonna, prima: Colonna) -> Colonna:
    """A column that shows the difference of two."""
    return Colonna((*dopo.numeratore, *((-n, operand) for n, operand in prima.numeratore)))


def rapporto(parte: Colonna, base: Colonna, *, scala: float = 1, decimali: int | None = None, sempre: bool = False) -> Colonna:
    """A column that shows a ratio: a weight on a total, a per cent change, workers per unit."""
    return Colonna(parte.numeratore, base.numeratore, scala, decimali, sempre)


def segue(*colonne: Colonna) -> Colonna:
    """A column that is hidden whenever one of the cells it is computed from is."""
    return Colonna(tuple((1, operand) for colonna in colonne for operand in colonna.operandi), lineare=False)


def at(colonna: Colonna, **dove: object) -> Colonna:
    """The same column at other values of its dimensions: the base of a weight, the other year of a comparison."""
    move = partial(_moved, dove)
    return replace(colonna, numeratore=move(colonna.numeratore), denominatore=move(colonna.denominatore))


def _moved(dove: Mapping[str, object], terms: Somma) -> Somma:
    return tuple((n, Cella(operand.misura, {**operand.dove, **dove})) for n, operand in terms)


PUBBLICA = Colonna((), sempre=True, lineare=False)  # tells of no one: public acts, parameters, thresholds
RISERVATA = Colonna((), lineare=False, mai=True)  # in no public page


@dataclass(frozen=True)
class Tavola:
    """What a frame shows: `nome` of its rule, its dimensions with their totals, each column of numbers.

    `ordine` names the column by which its rows are put, largest first, when hidden rows are put so too.
    """

    nome: str
    dims: Mapping[str, Gerarchia]
    colonne: Mapping[str, Colonna]
    ordine: str = ""

    def key(self, operand: Cella) -> pl.Expr:
        """The name of a cell, for each row of the frame."""
        return key(self.nome, operand.misura, self.dims, operand.dove)


def root_of(gerarchia: Gerarchia) -> str:
    """The code of the total, "" where there is none.

    >>> root_of({"a": "nord", "b": "nord", "nord": "tutto"})
    'tutto'
    """
    return gerarchia if isinstance(gerarchia, str) else min(set(gerarchia.values()) - set(gerarchia))


def key(tavola: str, misura: str, dims: Mapping[str, Gerarchia], dove: Mapping[str, object] | None = None) -> pl.Expr:
    """The name of a cell, for each row with the columns `dims`."""
    where, text = dove or {}, pl.lit(f"{tavola}.{misura}")
    for dim in sorted({*dims, *where}):
        value = pl.lit(str(where[dim])) if dim in where else pl.col(dim).cast(pl.String)
        text += pl.when(value != root_of(dims.get(dim, ""))).then(pl.lit(f" {dim}=") + value).otherwise(pl.lit(""))
    return text.alias("cella")


def functions(frame: pl.DataFrame, tavola: Tavola, nome: str, *, sempre: bool = False) -> pl.DataFrame:
    """What the functions of cells that a frame shows tell: one row for each cell of a relation, as in `Sistema.vincoli`.

    scala x numeratore is between (shown - half a unit) and (shown + half a unit) times denominatore.

    Args:
        frame: the columns as numbers, blank where nothing is shown. sempre: only the columns that are shown in any case.
    """
    rows, found = frame.with_row_index("_riga"), [pl.DataFrame(schema=VINCOLI)]
    for name, column in tavola.colonne.items():
        if name not in frame.columns or column.is_cell or not column.lineare or (sempre and not column.sempre):
            continue
        value = pl.col(name).cast(pl.Float64)
        half = UNROUNDED * (1 + value.abs()) if column.decimali is None else pl.lit(0.5 * 10.0**-column.decimali)
        for end, bound in (("inf", value - half), ("sup", value + half)):
            limit = pl.lit(0.0) if column.denominatore else bound
            terms = [(pl.lit(column.scala * n), operand) for n, operand in column.numeratore]
            terms += [(-n * bound, operand) for n, operand in column.denominatore]
            found += [
                rows.drop_nulls(name).select(
                    pl.concat_str(pl.lit(f"{nome}: {name} "), "_riga", pl.lit(f" {end}")).alias("vincolo"),
                    tavola.key(operand),
                    weight.cast(pl.Float64).alias("coefficiente"),
                    (limit if end == "inf" else pl.lit(-float("inf"))).alias("inf"),
                    (limit if end == "sup" else pl.lit(float("inf"))).alias("sup"),
                )
                for weight, operand in terms
            ]
    same = ["vincolo", "cella", "inf", "sup"]  # a cell may stand above and below the line
    return pl.concat(found).group_by(same, maintain_order=True).agg(pl.col("coefficiente").sum()).select(*VINCOLI)


def order(frame: pl.DataFrame, tavola: Tavola, nome: str) -> pl.DataFrame:
    """What the order of the rows tells: each is not less than the one below it. Relations as in `Sistema.vincoli`."""
    if not tavola.ordine:
        return pl.DataFrame(schema=VINCOLI)
    rows = frame.select(tavola.key(tavola.colonne[tavola.ordine].operandi[0])).with_columns(_sotto=pl.col("cella").shift(-1))
    rows = rows.with_row_index("_riga").drop_nulls()
    name = pl.concat_str(pl.lit(f"{nome}: ordine "), "_riga").alias("vincolo")
    ends = {"inf": pl.lit(0.0), "sup": pl.lit(float("inf"))}
    terms = [
        rows.select(name, pl.col(cell).alias("cella"), coefficiente=pl.lit(n), **ends) for cell, n in (("cella", 1.0), ("_sotto", -1.0))
    ]
    return pl.concat(terms)
