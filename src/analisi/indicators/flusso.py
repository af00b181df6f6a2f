"""Where each homogeneous group of workers stands in the standard flow, what comes next and whose turn it is.

The least advanced workers who are not exempt decide, because the next thing to do is for them:

1. informazione: some are at no step, and nothing shows that the flow has begun: no worker at a step or exempt, no meeting, no tavolo;
2. presa_in_carico: some are at no step, but the flow has begun;
3. attivazione: all are taken in charge, some are not at STEP 4;
4. monitoraggio: all are at STEP 4, or exempt.

The order of the phases is of the presentation; tying steps to phases is ours, to be confirmed (data/riferimento/fasi_flusso.csv).
"""

from __future__ import annotations

from datetime import date

import polars as pl

from analisi.indicators.coordinamento import named_procedures
from analisi.indicators.tempi import read_days

FASI = ("informazione", "presa_in_carico", "attivazione", "monitoraggio")
GRUPPO = ["provincia", "id_procedura", "id_unita"]


def phases() -> pl.DataFrame:
    """One row per phase of the standard flow: role, next action, from what event, `giorni_massimi` (null: not public).

    Raises:
        AnalisiError: a cell of data/riferimento/fasi_flusso.csv is not admitted.
    """
    return read_days("fasi_flusso.csv", FASI).with_columns(pl.col("ordine").cast(pl.Int64)).sort("ordine")


def positions(stock: pl.DataFrame, vol: pl.DataFrame, tavoli: pl.DataFrame, alla_data: date) -> pl.DataFrame:
    """One row per procedura and unità produttiva, by its last quarterly sheet: phase, since when, role, next action; only codes, no names.

    `in_attesa` are the workers the action is for. `da` is when the phase began: the agreement (else the start of the suspension) for
    informazione; the first meeting or tavolo (else the start) for presa_in_carico; for attivazione the end of the first quarter of the
    phase, so at least since then; for monitoraggio the end of the last quarter, as it comes round again. `scadenza` and `in_ritardo`
    are null where the phase has no `giorni_massimi`. Left out: groups without workers, and those whose suspension ended before
    `alla_data`. Overdue groups come first, then the longest waiting.

    Args:
        stock: one row per group and quarter: trimestre, provincia, id_procedura, id_unita, data_inizio, fine_trimestre, lavoratori,
            step1 to step4, no_pal, nessuno (exclusive counts), data_incontro_parti, data_incontro_lavoratori.
        vol: rows of vol_procedure in force.
        tavoli: rows of registro_tavoli; one with a nucleo counts for that provincia only.
    """
    nobody, behind = pl.col("nessuno") > 0, pl.sum_horizontal("step1", "step2", "step3")
    sheets = stock.filter(pl.col("fine_trimestre") <= alla_data, pl.col("lavoratori") > 0).sort(*GRUPPO, "trimestre")
    sheets = sheets.with_columns(pl.when(nobody).then(0).when(behind > 0).then(1).otherwise(2).alias("_stadio"))
    entered = pl.col("_stadio").ne_missing(pl.col("_stadio").shift(1).over(GRUPPO))
    meetings = ["data_incontro_parti", "data_incontro_lavoratori"]
    met = [pl.when(pl.col(name) <= alla_data).then(name).min().over(GRUPPO).alias(name) for name in meetings]
    sheets = sheets.with_columns(pl.when(entered).then("fine_trimestre").forward_fill().over(GRUPPO).alias("_dal"), *met)
    groups = sheets.unique(GRUPPO, keep="last", maintain_order=True)
    groups = groups.join(_tables(sheets, tavoli, alla_data), on=GRUPPO, how="left", nulls_equal=True)
    dates = vol.select("id_procedura", "id_unita", "data_accordo", "data_fine", pl.col("data_inizio").alias("_inizio"))
    groups = groups.join(dates, on=["id_procedura", "id_unita"], how="left")
    groups = groups.filter(pl.col("data_fine").is_null() | (pl.col("data_fine") >= alla_data))
    start, meeting = pl.coalesce("_inizio", "data_inizio"), pl.min_horizontal(*meetings, "_tavolo")
    begun = (pl.col("lavoratori") > pl.col("nessuno")) | meeting.is_not_null()
    number = pl.when(nobody & ~begun).then(0).otherwise(pl.col("_stadio") + 1)
    since = [pl.coalesce("data_accordo", start), pl.coalesce(meeting, start), pl.col("_dal"), pl.col("fine_trimestre")]
    groups = groups.with_columns(
        number.replace_strict(dict(enumerate(FASI)), return_dtype=pl.String).alias("fase"),
        pl.when(nobody).then("nessuno").otherwise(behind).alias("in_attesa"),
        pl.coalesce(pl.when(number == n).then(day) for n, day in enumerate(since)).alias("da"),
    )
    rules = phases().select("fase", "ruolo", pl.col("azione").alias("prossima_azione"), "giorni_massimi")
    due = pl.col("da") + pl.duration(days=pl.col("giorni_massimi"))
    rows = groups.join(rules, on="fase", how="left").select(
        "trimestre", *GRUPPO, "lavoratori", "in_attesa", "fase", "da",
        (pl.lit(alla_data) - pl.col("da")).dt.total_days().clip(0).alias("giorni_attesa"),
        "ruolo", "prossima_azione", due.alias("scadenza"), (due < alla_data).alias("in_ritardo"),
    )  # fmt: skip
    order = [pl.col("in_ritardo").fill_null(value=False), "giorni_attesa", *GRUPPO]
    return rows.sort(order, descending=[True, True, False, False, False], nulls_last=True)


def _tables(sheets: pl.DataFrame, tavoli: pl.DataFrame, alla_data: date) -> pl.DataFrame:
    """One row per group dealt with at a tavolo by `alla_data`: the day of the first (`_tavolo`)."""
    said = tavoli.filter(pl.col("data") <= alla_data).with_columns(named_procedures())
    said = said.explode("procedure_trattate")
    said = said.select("nucleo", pl.col("data").alias("_tavolo"), pl.col("procedure_trattate").str.strip_chars().alias("id_procedura"))
    pairs = sheets.select(GRUPPO).unique().join(said, on="id_procedura")
    own = pairs.filter(pl.col("nucleo").is_null() | (pl.col("nucleo") == pl.col("provincia")))
    return own.group_by(GRUPPO).agg(pl.col("_tavolo").min())


def by_phase(positions: pl.DataFrame) -> pl.DataFrame:
    """One row per provincia and fase that has groups: `gruppi`, `lavoratori`, and the median of their days in the phase."""
    counted = positions.group_by("provincia", "fase").agg(
        pl.len().cast(pl.Int64).alias("gruppi"), pl.col("lavoratori").sum(), pl.col("giorni_attesa").median().alias("attesa_mediana")
    )
    return counted.sort("provincia", pl.col("fase").replace_strict({name: n for n, name in enumerate(FASI)}, return_dtype=pl.Int64))
