"""Counts of all the mandatory communications (COB), tables larger than memory: by provincia of the workplace, and of distinct people.

The functions take a polars, pandas, DuckDB or Spark frame; the engine counts, and what comes back is polars.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import narwhals as nw
import polars as pl
from narwhals.typing import IntoFrame

from analisi.indicators.esiti import in_force
from analisi.indicators.frames import as_day, as_frame
from analisi.indicators.misure_pal import PERSONA
from analisi.sources.motori import collect

NON_RICONOSCIUTA = "non riconosciuta"
EVENTI = {"ASSUNZIONE": ("data_inizio", "assunzioni"), "CESSAZIONE": ("data_cessazione", "cessazioni")}


def flows(cob: IntoFrame, province: Mapping[str, str], data_riferimento: date) -> pl.DataFrame:
    """One row per anno and provincia of the workplace: assunzioni and cessazioni in force (`in_force`), each in the year of its day.

    Args:
        cob: rows of siul_cob. province: sigla by cadastral code of the comune; the others stand under "non riconosciuta".
        data_riferimento: the last day; communications sent later are not known yet.
    """
    kind = nw.col("tipo_comunicazione")
    rows = as_frame(in_force(cob, data_riferimento, tipi=list(EVENTI)))
    day = nw.when(kind == "CESSAZIONE").then(nw.col("data_cessazione")).otherwise(nw.col("data_inizio"))
    rows = rows.select(kind, nw.col("comune_sede_lavoro").alias("comune"), day.alias("_giorno"))
    rows = rows.filter(nw.col("_giorno") <= as_day(data_riferimento, rows))
    keys = ["anno", "comune", "tipo_comunicazione"]
    counted = collect(rows.with_columns(nw.col("_giorno").dt.year().alias("anno")).group_by(keys).agg(nw.len().alias("righe")))
    where = pl.col("comune").replace_strict(province, default=NON_RICONOSCIUTA, return_dtype=pl.String).fill_null(NON_RICONOSCIUTA)
    sums = [pl.col("righe").filter(tipo_comunicazione=code).sum().alias(name) for code, (_, name) in EVENTI.items()]
    return counted.group_by("anno", where.alias("provincia")).agg(sums).sort("anno", "provincia")


def distinct_people(rows: IntoFrame, by: str) -> pl.DataFrame:
    """One row per value of `by`: `persone`, its distinct id_lavoratore.

    The values are counted one after the other, so that only the people of one are in memory at a time: with the column that divides the
    files (anno), each engine reads only the files of that value.
    """
    frame = as_frame(rows).select(by, PERSONA)
    values = collect(frame.select(by).unique()).drop_nulls().sort(by).to_series()
    return pl.DataFrame(
        {
            by: values,
            "persone": [collect(frame.filter(nw.col(by) == value).select(nw.col(PERSONA).n_unique())).item() for value in values.to_list()],
        },
        schema_overrides={"persone": pl.Int64},
    )
