"""Counting cases from the register of procedures: which version of a unit counts, and in which year."""

from __future__ import annotations

import narwhals as nw
import polars as pl
from narwhals.typing import IntoFrame, IntoFrameT

from analisi.errors import AnalisiError, suggest
from analisi.indicators.frames import as_frame
from analisi.sources.motori import collect
from analisi.tables.delivery import in_force
from analisi.vocabulary import Territorio, procedure

CRITERI = {
    "apertura": "l'anno è quello di apertura della procedura",
    "accordo": "l'anno è quello dell'accordo; senza accordo, la procedura non è attribuita",
    "inizio": "l'anno è quello di inizio della sospensione; nei licenziamenti collettivi, che non ne hanno, quello dell'accordo",
    "in_corso": (
        "la procedura conta in ogni anno in cui è in corso, dall'inizio alla fine della sospensione; "
        "nei licenziamenti collettivi, dall'apertura all'accordo"
    ),
}


def require_criterio(criterio: str) -> None:
    """Raises: AnalisiError when the criterion is not one of CRITERI."""
    if criterio not in CRITERI:
        msg = f"criterio_anno «{criterio}»: sconosciuto; {suggest(criterio, CRITERI)}"
        raise AnalisiError(msg)


def by_year(units: IntoFrameT, criterio: str) -> IntoFrameT:
    """Units with the `anno` they count in: one row per unità and year (several years only with "in_corso"); without a date, no row.

    Raises:
        AnalisiError: the criterion is unknown.
    """
    require_criterio(criterio)
    rows, lic = as_frame(units), nw.col("tipo_procedura") == "LIC"
    opened, agreed, began = nw.col("data_apertura"), nw.col("data_accordo"), nw.col("data_inizio")
    if criterio != "in_corso":
        day = {"apertura": opened, "accordo": agreed, "inizio": nw.when(lic).then(agreed).otherwise(began)}[criterio]
        return rows.filter(~day.is_null()).with_columns(day.dt.year().cast(nw.Int64).alias("anno")).to_native()
    first = nw.when(lic).then(opened).otherwise(began).dt.year()
    last = nw.when(lic).then(nw.coalesce(agreed, opened)).otherwise(nw.coalesce("data_fine", "data_inizio")).dt.year()
    ends = collect(rows.select(first.min().alias("da"), last.max().alias("a"))).row(0)
    years = range(int(ends[0]), int(ends[1]) + 1) if None not in ends else [0]  # without dates, a year that no unit has
    parts = [rows.filter(first <= year, last >= year).with_columns(nw.lit(year).cast(nw.Int64).alias("anno")) for year in years]
    return nw.concat(parts, how="vertical").to_native()


def _codes() -> dict[str, str]:
    """The procedura of each letter of the guidelines."""
    return {letter.strip(): p.procedura for p in procedure() for letter in p.linee_guida.split(",")}


def cases(vol: pl.DataFrame, territorio: Territorio, criterio: str = "apertura") -> pl.DataFrame:
    """The units that `count_cases` counts: one row per unità of the territory and anno, with its procedura, workers and company."""
    units = by_year(in_force(vol), criterio).filter(pl.col("sigla_provincia").is_in(territorio.sigle))
    return units.select(
        "anno", pl.col("sigla_provincia").alias("provincia"),
        pl.col("tipologia_linee_guida").replace_strict(_codes(), return_dtype=pl.String).alias("procedura"),
        "id_procedura", "id_unita", "codice_fiscale_azienda",
        pl.lit(1, pl.Int64).alias("unita_produttive"), pl.col("lavoratori_coinvolti").alias("lavoratori"),
    )  # fmt: skip


def count_cases(vol: IntoFrame, territorio: Territorio, criterio: str = "apertura") -> pl.DataFrame:
    """Units and workers of the register, one row per anno, provincia and procedura as in `casi_gestiti`; zero where there is none.

    `unita_produttive` are distinct pairs of id_procedura and id_unita, `lavoratori` the sum of workers involved (involvements, not
    people). Units outside the territory are left out. The register may be a frame of any engine.
    """
    units = as_frame(by_year(in_force(vol), criterio)).filter(nw.col("sigla_provincia").is_in(territorio.sigle))
    keys, counts = ["anno", "sigla_provincia", "tipologia_linee_guida"], ("unita_produttive", "lavoratori")
    sums = [nw.len().alias("unita_produttive"), nw.col("lavoratori_coinvolti").sum().alias("lavoratori")]
    kinds = collect(units.group_by(keys).agg(sums))
    counted = kinds.group_by(
        "anno",
        pl.col("sigla_provincia").alias("provincia"),
        pl.col("tipologia_linee_guida").replace_strict(_codes(), return_dtype=pl.String).alias("procedura"),
    ).agg(pl.col(counts).sum())
    grid = counted.select("anno").unique().join(pl.DataFrame({"provincia": territorio.sigle}), how="cross")
    grid = grid.join(pl.DataFrame({"procedura": [p.procedura for p in procedure()]}), how="cross")
    rows = grid.join(counted, on=["anno", "provincia", "procedura"], how="left")
    return rows.with_columns(pl.col(counts).fill_null(0)).sort("anno", "provincia", "procedura")
