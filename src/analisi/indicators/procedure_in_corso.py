"""CIGS procedures in course at a day, started, expiring and ended in a period, from the register.

A unità is in course from its first to its last day of suspension, both included; without a last day it goes on. What counts is its last
version, unless revoked (`delivery.in_force`). It has ended on the day after its last, so that over any period, exactly:
in course at the end = in course at the end of the period before + started - ended.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

UNITA = ["id_procedura", "id_unita"]
EXPIRY_DAYS = 60  # a unità whose last day falls within so many days from the day of the report is expiring


def cigs(vol: pl.DataFrame) -> pl.DataFrame:
    """The CIGS units of the register in force, with `provincia`: one row per procedura and unità produttiva; dismissals are left out."""
    return vol.filter(pl.col("tipo_procedura") == "CIGS").with_columns(pl.col("sigla_provincia").alias("provincia"))


def is_in_course(day: date | pl.Expr) -> pl.Expr:
    """Whether a unità is suspended on a day; null dates of start are no."""
    open_end = pl.col("data_fine").is_null() | (pl.col("data_fine") >= day)
    return ((pl.col("data_inizio") <= day) & open_end).fill_null(value=False)


def is_expiring(day: date, days: int = EXPIRY_DAYS) -> pl.Expr:
    """Whether a unità in course on a day has its last day within so many days from it, that day and the last included."""
    return is_in_course(day) & pl.col("data_fine").is_between(day, day + timedelta(days=days)).fill_null(value=False)


def has_started(first: date, last: date) -> pl.Expr:
    """Whether the suspension begins in a period, both days included."""
    return pl.col("data_inizio").is_between(first, last).fill_null(value=False)


def has_ended(first: date, last: date) -> pl.Expr:
    """Whether the day after the last of the suspension falls in a period: the last between the day before it and its last but one."""
    day = timedelta(days=1)
    return (pl.col("data_inizio") <= last).fill_null(value=False) & pl.col("data_fine").is_between(first - day, last - day).fill_null(
        value=False
    )


def is_pending(day: date) -> pl.Expr:
    """Whether a unità was opened by a day but has no start of the suspension, or one still to come."""
    return (pl.col("data_apertura") <= day) & (pl.col("data_inizio").is_null() | (pl.col("data_inizio") > day)).fill_null(value=True)
