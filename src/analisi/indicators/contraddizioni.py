"""What contradicts itself, or is blank, in the units of CIGS that a report tells."""

from __future__ import annotations

from datetime import date

import polars as pl

from analisi.indicators.periodi import bounds
from analisi.indicators.procedure_in_corso import UNITA, flags, is_in_course
from analisi.tables.delivery import last_versions

CONTRADDIZIONI = {
    "corso_ma_conclusa": "in corso secondo le date alla data di estrazione, ma con stato «conclusa»",
    "finita_ma_in_corso": "finite secondo le date alla data di estrazione, ma con stato «in corso»",
    "conclusa_senza_inizio": "con stato «conclusa» ma senza inizio: non sono mai iniziate, e non sono contate",
    "inizio_senza_fine": "con inizio ma senza fine: contate in corso finché la fine non è indicata",
    "fine_senza_inizio": "con fine ma senza inizio: contate fra quelle in attesa",
    "inizio_prima_di_apertura": "con inizio della sospensione precedente all'apertura della procedura",
    "fine_anticipata": "con una fine anticipata dall'ultima versione rispetto a quella prima",
    "senza_settore": "senza codice ATECO",
    "senza_versione": "con codice ATECO ma senza la sua versione",
    "senza_classe": "senza classe dimensionale dell'azienda",
    "senza_obbligo": "in CIGS regionale senza indicazione sull'obbligo di PAL",
}


def contradictions(units: pl.DataFrame, vol: pl.DataFrame, bimestre: str, estrazione: date | None) -> pl.DataFrame:
    """One row per unità of the report and rule of `CONTRADDIZIONI` that it breaks: regola, provincia, procedura, unità, lavoratori.

    Units of the report: in course at either end of the bimestre, started, ended, pending, or opened and never begun. `stato` is what it is
    at the extraction, so it is judged at that day, or at the last of the bimestre where it is unknown.

    Args:
        vol: every version of the register, for the end that the version before had.
    """
    day = estrazione or bounds(bimestre)[1]
    start, end, state = pl.col("data_inizio"), pl.col("data_fine"), pl.col("stato")
    broken = {
        "corso_ma_conclusa": is_in_course(day) & (state == "CONCLUSA"),
        "finita_ma_in_corso": (end < day) & (state == "IN_CORSO"),
        "conclusa_senza_inizio": start.is_null() & (state == "CONCLUSA"),
        "inizio_senza_fine": start.is_not_null() & end.is_null(),
        "fine_senza_inizio": start.is_null() & end.is_not_null(),
        "inizio_prima_di_apertura": start < pl.col("data_apertura"),
        "fine_anticipata": end < pl.col("_fine_prima"),
        "senza_settore": pl.col("ateco_codice").is_null(),
        "senza_versione": pl.col("ateco_codice").is_not_null() & pl.col("ateco_versione").is_null(),
        "senza_classe": pl.col("classe_dimensionale").is_null(),
        "senza_obbligo": (pl.col("tipologia_linee_guida") != "A") & pl.col("obbligo_pal").is_null(),
    }
    before = vol.sort(*UNITA, "progressivo_versione").with_columns(end.shift(1).over(UNITA).alias("_fine_prima"))
    never = start.is_null() & (state == "CONCLUSA") & (pl.col("data_apertura") <= bounds(bimestre)[1])
    told = units.filter(pl.any_horizontal(never, *flags(bimestre).values()))
    told = told.join(last_versions(before).select(*UNITA, "_fine_prima"), on=UNITA, how="left", maintain_order="left")
    columns = ["provincia", *UNITA, pl.col("lavoratori_coinvolti").alias("lavoratori")]
    found = [told.filter(broken[rule]).select(pl.lit(rule).alias("regola"), *columns).sort(UNITA) for rule in CONTRADDIZIONI]
    return pl.concat(found)


def by_rule(contraddizioni: pl.DataFrame) -> pl.DataFrame:
    """One row per rule that some unità breaks, in the order of `CONTRADDIZIONI`: what it says, unità and lavoratori."""
    counts = [pl.len().cast(pl.Int64).alias("unita"), pl.col("lavoratori").sum()]
    rows = contraddizioni.group_by("regola", maintain_order=True).agg(counts)
    return rows.with_columns(pl.col("regola").replace_strict(CONTRADDIZIONI, return_dtype=pl.String).alias("testo"))
