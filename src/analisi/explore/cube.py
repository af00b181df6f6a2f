"""The cube: cells by month, provincia and category, made once for a source; everything shown is rolled up from them.

A value is null where it is unknown ("n.d.") or has no base ("n.c."); `stato` says which. Blank cells of a source stay out of sums.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import polars as pl

from analisi.errors import AnalisiError, listing, suggest
from analisi.indicators import periodi
from analisi.presentation.formats import NOT_COMPUTABLE
from analisi.vocabulary import Territorio
from analisi.workspace import CODICE_FISCALE

UNKNOWN = "n.d."
_ALL = "_tutto"
ANNO, TRIMESTRE, BIMESTRE = "anno", "trimestre", "bimestre"
TEMPI = {ANNO: "Anni", TRIMESTRE: "Trimestri", BIMESTRE: "Bimestri"}
MODI = {  # how a value is told: label, format, what it means
    "assoluto": ("Valori assoluti", "intero", "il conteggio, senza altro"),
    "peso": ("Peso % sulla regione", "pct", "quota sul totale della regione, per gli stessi periodi e le stesse procedure, 0-100"),
    "variazione": ("Variazione sull'anno prima", "intero_segno", "differenza dagli stessi periodi dell'anno prima"),
    "variazione_pct": (
        "Variazione % sull'anno prima",
        "pct_segno",
        "differenza in % degli stessi periodi dell'anno prima; n.c. da base zero",
    ),
    "per_unita": ("Per unità produttiva", "decimale", "lavoratori divisi per unità produttive; n.c. senza unità"),
}
DIMENSIONI = ("periodo", "provincia", "categoria")
CELLA = ["anno", "mese", "provincia", "categoria"]
Dove = Mapping[str, tuple[str, ...]]  # for each dimension the codes kept; none: all


@dataclass(frozen=True)
class Scelte:
    """What is shown: the choices of the form, and in `filtri` what was clicked (dimension: codes). Empty choices keep everything."""

    misura: str
    modo: str = "assoluto"
    tempo: str = ANNO
    periodi: tuple[str, ...] = ()
    province: tuple[str, ...] = ()
    categorie: tuple[str, ...] = ()
    filtri: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def where(self, *without: str) -> dict[str, tuple[str, ...]]:
        """The codes kept in each dimension: what was clicked, else what the form says; of dimensions in `without`, only the form's."""
        chosen = dict(zip(DIMENSIONI, (self.periodi, self.province, self.categorie), strict=True))
        return {name: (() if name in without else self.filtri.get(name, ())) or chosen[name] for name in DIMENSIONI}

    def toggled(self, dimension: str, code: str) -> Scelte:
        """The same with one code more, or less, among the clicked ones."""
        held = self.filtri.get(dimension, ())
        codes = tuple(c for c in held if c != code) if code in held else (*held, code)
        kept = {name: mine for name, mine in {**self.filtri, dimension: codes}.items() if mine}
        return replace(self, filtri=kept)


@dataclass(frozen=True, eq=False)
class Cubo:
    """The cells of a source. `celle`: one row per anno, mese (null where there are only years), provincia and categoria, with measures.

    `incidenze`: for measures that cannot be added up, one row per cell and thing counted (`chiave`). `righe`: the rows behind, lazily,
    with the columns of CELLA and, among others, those `mostrate`. `coppia`: the two measures of the scatter. `ripete`: whether the same
    thing counts in several years.
    """

    tabella: str
    territorio: Territorio
    celle: pl.DataFrame
    misure: Mapping[str, tuple[str, str]]  # label, what it means
    categorie: Mapping[str, str]
    dimensione: str  # what a category is, for people
    righe: pl.LazyFrame
    mostrate: tuple[str, ...]
    coppia: tuple[str, str]
    documento: str
    documenti: pl.DataFrame  # file, titolo
    files: tuple[Path, ...]
    sintetica: bool = False
    incidenze: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    avvisi: tuple[str, ...] = ()
    ripete: bool = False

    @cached_property
    def ultimo(self) -> date | None:
        """The first day of the last month; None where there are only years."""
        months = self.celle.select((pl.col("anno") * 12 + pl.col("mese") - 1).max()).item()
        return None if months is None else date(months // 12, months % 12 + 1, 1)

    @cached_property
    def tempi(self) -> list[str]:
        """The spans of time the source can be told in."""
        return [ANNO] if self.celle["mese"].null_count() else list(TEMPI)

    def periodi(self, tempo: str = ANNO) -> list[str]:
        """The periods of the source, in order."""
        return self.celle.select(periodo(tempo).alias("p")).to_series().unique().sort().to_list()

    def modi(self, misura: str) -> list[str]:
        """The ways a measure can be told."""
        sized = {"lavoratori", "unita_produttive"} <= set(self.misure) and misura == "lavoratori"
        return [name for name in MODI if name != "per_unita" or sized]

    @property
    def etichette(self) -> dict[str, Mapping[str, str]]:
        """The words for the codes of provincia and categoria."""
        return {"provincia": self.territorio.nomi, "categoria": self.categorie}

    def label(self, dimension: str, code: str) -> str:
        """The words for a code; a period is its own."""
        return self.etichette.get(dimension, {}).get(code, code)

    def checked(self, scelte: Scelte) -> Scelte:
        """The same choices, when they are all of this source. Raises: AnalisiError naming the first that is not."""
        for name, value, known in (
            ("misura", (scelte.misura,), list(self.misure)),
            ("modo", (scelte.modo,), self.modi(scelte.misura)),
            ("tempo", (scelte.tempo,), self.tempi),
            ("periodi", scelte.periodi, self.periodi(scelte.tempo if scelte.tempo in self.tempi else ANNO)),
            ("province", scelte.province, self.territorio.sigle),
            ("categorie", scelte.categorie, list(self.categorie)),
        ):
            for item in value:
                if item not in known:
                    msg = f"{name} «{item}»: non disponibile in questa fonte; {suggest(item, known)}"
                    raise AnalisiError(msg)
        return scelte


def periodo(tempo: str) -> pl.Expr:
    """The code of the period of a cell."""
    year = pl.col("anno").cast(pl.String)
    if tempo == ANNO:
        return year
    letter = tempo[0].upper()
    part = ((pl.col("mese") - 1) // periodi.MONTHS[letter] + 1).cast(pl.String)
    return pl.format("{}-{}{}", year, pl.lit(letter), part)


def grid(years: list[int], territorio: Territorio, categories: list[str], last: date | None) -> pl.DataFrame:
    """Every month, provincia and category of some years, up to the month of the last day."""
    months = pl.DataFrame({"anno": years}, schema={"anno": pl.Int64}).join(
        pl.DataFrame({"mese": range(1, 13)}, schema={"mese": pl.Int64}), how="cross"
    )
    if last:
        months = months.filter(pl.col("anno") * 12 + pl.col("mese") <= last.year * 12 + last.month)
    cells = months.join(pl.DataFrame({"provincia": territorio.sigle}), how="cross")
    return cells.join(pl.DataFrame({"categoria": categories}), how="cross").sort(CELLA)


def _kept(frame: pl.DataFrame | pl.LazyFrame, scelte: Scelte, where: Dove) -> pl.DataFrame | pl.LazyFrame:
    """The rows of some codes, with `periodo`, and the constant by which all of them are one group."""
    named = frame.with_columns(periodo(scelte.tempo).alias("periodo"), pl.lit(value=True).alias(_ALL))
    return named.filter(*(pl.col(name).is_in(list(codes)) for name, codes in where.items() if codes))


def _sums(cubo: Cubo, scelte: Scelte, misura: str, where: Dove, by: list[str], *, shift: int = 0) -> pl.DataFrame:
    """One row per group of `by`: `v`, the measure in it; null when all its cells are blank. With `shift`, of so many years before."""
    year = pl.col("anno") + shift
    cells = _kept(cubo.celle.with_columns(year), scelte, where).group_by(by, maintain_order=True)
    if misura not in cubo.incidenze:
        return cells.agg(pl.when(pl.col(misura).count() > 0).then(pl.col(misura).sum()).alias("v"))
    things = _kept(cubo.incidenze[misura].with_columns(year), scelte, where).group_by(by).agg(pl.col("chiave").n_unique().alias("v"))
    return cells.agg().join(things, on=by, how="left", maintain_order="left").with_columns(pl.col("v").cast(pl.Int64).fill_null(0))


def values(cubo: Cubo, scelte: Scelte, by: list[str], where: Dove | None = None) -> pl.DataFrame:
    """One row per group of the dimensions `by` (with none, one row): `valore` as `scelte.modo` tells it, and `stato`.

    `stato` is "n.d." where the value is unknown, "n.c." where it has no base, else null. A change is unknown where one of the two years
    lacks a cell that the other has, as for the last year of an extract that ends before December.

    Args:
        where: the codes kept in each dimension; without it, those of the form and of the clicks.
    """
    where, keys = scelte.where() if where is None else where, by or [_ALL]
    found = _sums(cubo, scelte, scelte.misura, where, keys)
    base, on = _bases(cubo, scelte, where, keys)
    found = found.join(base.rename({"v": "b"}), on=on, how="left", maintain_order="left") if on else found.with_columns(b=1)
    v, b = pl.col("v"), pl.col("b")
    ways = {"assoluto": v, "peso": 100 * v / b, "per_unita": v / b, "variazione": v - b, "variazione_pct": 100 * (v - b) / b}
    known = v.is_not_null() & b.is_not_null()
    based = pl.lit(value=True) if scelte.modo == "variazione" else b != 0
    state = pl.when(~known).then(pl.lit(UNKNOWN)).when(~based).then(pl.lit(NOT_COMPUTABLE))
    return found.select(*by, pl.when(known & based).then(ways[scelte.modo]).alias("valore"), state.alias("stato"))


def _bases(cubo: Cubo, scelte: Scelte, where: Dove, keys: list[str]) -> tuple[pl.DataFrame, list[str]]:
    """What each group is measured against, and the columns that tie it to the groups; none for absolute values."""
    if scelte.modo == "peso":
        on = [name for name in keys if name != "provincia"] or [_ALL]
        region = _sums(cubo, scelte, scelte.misura, {**where, "provincia": ()}, on)
        return (
            (region, on)
            if on != [_ALL] or keys == on
            else (region.join(pl.DataFrame({"provincia": cubo.territorio.sigle}), how="cross").drop(_ALL), keys)
        )
    if scelte.modo == "per_unita":
        return _sums(cubo, scelte, "unita_produttive", where, keys), keys
    if scelte.modo == "assoluto":
        return pl.DataFrame({"v": []}), []
    before = _sums(cubo, scelte, scelte.misura, where, keys, shift=1)
    return before.join(_uneven(cubo, scelte, where, keys), on=keys, how="anti", maintain_order="left"), keys


def _uneven(cubo: Cubo, scelte: Scelte, where: Dove, keys: list[str]) -> pl.DataFrame:
    """The groups in which this year or the one before lacks a cell that the other has."""
    columns = list(dict.fromkeys([*CELLA, *keys]))
    now = _kept(cubo.celle, scelte, where).select(columns)
    before = _kept(cubo.celle.with_columns(pl.col("anno") + 1), scelte, where).select(columns)
    lost = [one.join(other, on=CELLA, how="anti", nulls_equal=True) for one, other in ((now, before), (before, now))]
    return pl.concat(part.select(keys) for part in lost).unique()


def table(cubo: Cubo, scelte: Scelte) -> pl.DataFrame:
    """The frame now shown: one row per periodo, provincia and categoria, the measures unrounded, then `valore` and `stato`."""
    where, by = scelte.where(), list(DIMENSIONI)
    frame = values(cubo, scelte, by, where)
    for name in reversed(cubo.misure):
        frame = _sums(cubo, scelte, name, where, by).rename({"v": name}).join(frame, on=by, how="left", maintain_order="left")
    place = {sigla: n for n, sigla in enumerate(cubo.territorio.sigle)}
    kind = {code: n for n, code in enumerate(cubo.categorie)}
    return frame.sort("periodo", pl.col("provincia").replace_strict(place), pl.col("categoria").replace_strict(kind))


def records(cubo: Cubo, scelte: Scelte, where: Dove, limit: int = 200) -> tuple[pl.DataFrame, int]:
    """The first rows of the source behind some cells, without tax codes, and how many there are in all."""
    rows = _kept(cubo.righe, scelte, where)
    found, count = pl.collect_all([rows.select(cubo.mostrate).head(limit), rows.select(pl.len().cast(pl.Int64))])
    texts = [name for name, dtype in found.schema.items() if dtype == pl.String]
    return found.with_columns(pl.col(texts).str.replace_all(CODICE_FISCALE, "(non riportato)")), count.item()


def described(cubo: Cubo, where: Dove) -> str:
    """The cells in words: periods, provinces, categories."""
    everything = {"periodo": "tutti i periodi", "provincia": cubo.territorio.nome, "categoria": f"{cubo.dimensione.lower()}: tutte"}
    return " · ".join(listing(cubo.label(name, code) for code in codes) or everything[name] for name, codes in where.items())
