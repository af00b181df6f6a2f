"""Counting cases from the register of procedures: which version of a unit counts, and in which year."""

from __future__ import annotations

import polars as pl

from analisi.errors import AnalisiError, suggest
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


def by_year(units: pl.DataFrame, criterio: str) -> pl.DataFrame:
    """Units with the `anno` they count in: one row per unità and year (several years only with "in_corso"); without a date, no row.

    Raises:
        AnalisiError: the criterion is unknown.
    """
    require_criterio(criterio)
    lic = pl.col("tipo_procedura") == "LIC"
    first = pl.when(lic).then("data_apertura").otherwise("data_inizio")
    last = pl.when(lic).then(pl.coalesce("data_accordo", "data_apertura")).otherwise(pl.coalesce("data_fine", "data_inizio"))
    start = pl.when(lic).then(pl.col("data_accordo")).otherwise(pl.col("data_inizio"))
    years = {
        "apertura": pl.concat_list(pl.col("data_apertura").dt.year()),
        "accordo": pl.concat_list(pl.col("data_accordo").dt.year()),
        "inizio": pl.concat_list(start.dt.year()),
        "in_corso": pl.int_ranges(first.dt.year(), last.dt.year() + 1),
    }[criterio]
    return units.with_columns(years.cast(pl.List(pl.Int64)).alias("anno")).explode("anno").drop_nulls("anno")


def cases(vol: pl.DataFrame, territorio: Territorio, criterio: str = "apertura") -> pl.DataFrame:
    """The units that `count_cases` counts: one row per unità of the territory and anno, with its procedura, workers and company."""
    codes = {letter.strip(): p.procedura for p in procedure() for letter in p.linee_guida.split(",")}
    units = by_year(in_force(vol), criterio).filter(pl.col("sigla_provincia").is_in(territorio.sigle))
    return units.select(
        "anno", pl.col("sigla_provincia").alias("provincia"),
        pl.col("tipologia_linee_guida").replace_strict(codes, return_dtype=pl.String).alias("procedura"),
        "id_procedura", "id_unita", "codice_fiscale_azienda",
        pl.lit(1, pl.Int64).alias("unita_produttive"), pl.col("lavoratori_coinvolti").alias("lavoratori"),
    )  # fmt: skip


def count_cases(vol: pl.DataFrame, territorio: Territorio, criterio: str = "apertura") -> pl.DataFrame:
    """Units and workers of the register, one row per anno, provincia and procedura as in `casi_gestiti`; zero where there is none.

    `unita_produttive` are distinct pairs of id_procedura and id_unita, `lavoratori` the sum of workers involved (involvements, not
    people). Units outside the territory are left out.
    """
    counted = (
        cases(vol, territorio, criterio)
        .group_by("anno", "provincia", "procedura")
        .agg(pl.struct("id_procedura", "id_unita").n_unique().cast(pl.Int64).alias("unita_produttive"), pl.col("lavoratori").sum())
    )
    grid = counted.select("anno").unique().join(pl.DataFrame({"provincia": territorio.sigle}), how="cross")
    grid = grid.join(pl.DataFrame({"procedura": [p.procedura for p in procedure()]}), how="cross")
    rows = grid.join(counted, on=["anno", "provincia", "procedura"], how="left")
    return rows.with_columns(pl.col("unita_produttive", "lavoratori").fill_null(0)).sort("anno", "provincia", "procedura")
