"""How long workers wait, from the start of the suspension to each step of the model, with those still waiting counted as such.

A worker with no step yet is not left out and not given an invented date: the wait is censored at `alla_data` (Kaplan-Meier).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl
from scipy.stats import t as student

from analisi.errors import AnalisiError, listing
from analisi.indicators.uncertainty import LEVEL
from analisi.sources.text import read_csv_text
from analisi.tables.catalogo import PASSI
from analisi.workspace import reference, shown

STEP = [name for name in PASSI if name != "NO_PAL"]
WORKER = ["id_lavoratore", "id_procedura"]
TINY = 1e-9  # a product of fractions that should be 0.5 may miss it by a last digit


def _dated(passi: pl.DataFrame, alla_data: date) -> pl.DataFrame:
    """The rows known at `alla_data`, with `rango` (1-4, null for NO PAL) and `giorno`: data_step or, if blank, the end of the quarter."""
    anno, numero = pl.col("trimestre").str.slice(0, 4).cast(pl.Int32), pl.col("trimestre").str.slice(6, 1).cast(pl.Int8)
    rows = passi.with_columns(
        pl.col("step").str.extract(r"^STEP(\d)$", 1).cast(pl.Int64).alias("rango"),
        pl.coalesce("data_step", pl.date(anno, numero * 3, 1).dt.month_end()).alias("giorno"),
    )
    return rows.filter(pl.col("giorno") <= alla_data)


def _reached(lavoratori: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The workers with the day by which they had reached each step (STEP1 to STEP4), and `uscita`: the day of a NO PAL not withdrawn."""
    rango, days = pl.col("rango"), pl.col("giorno")
    first = (
        rows.filter(rango.is_not_null())
        .group_by(WORKER)
        .agg(
            *(pl.when(rango >= n).then(days).min().alias(name) for n, name in enumerate(STEP, start=1)),
            pl.col("trimestre").max().alias("_ultimo"),
        )
    )
    exempt = rows.filter(rango.is_null()).join(first.select(*WORKER, "_ultimo"), on=WORKER, how="left")
    lasting = exempt.filter(pl.col("_ultimo").is_null() | (pl.col("trimestre") > pl.col("_ultimo")))
    left = lasting.group_by(WORKER).agg(days.min().alias("uscita"))
    return lavoratori.join(first.drop("_ultimo"), on=WORKER, how="left").join(left, on=WORKER, how="left")


def waits(lavoratori: pl.DataFrame, passi: pl.DataFrame, alla_data: date) -> pl.DataFrame:
    """One row per worker, procedura and passo (STEP1 to STEP4): `giorni` of wait from the start of the suspension.

    `raggiunto`: reached by `alla_data`. Reaching a step implies the earlier ones: one never recorded is reached by the day of a later
    one, and one without date by the end of its quarter (upper bounds). Otherwise the wait is censored: at the day of NO PAL, where the
    worker leaves (`uscito`; an exemption followed by a step in a later quarter is withdrawn and does not count), else at `alla_data`.
    A step before the suspension waits 0 days: `anomalies` counts them.

    Args:
        lavoratori: id_lavoratore, id_procedura, provincia, cluster (company), data_inizio_sospensione; one row per worker and procedura.
            Other columns follow in the result, to group by.
        passi: rows of monitoraggio_pal_lavoratori.
        alla_data: last day the quarterly sheets cover; with a later one, those of whom nothing is known yet would seem to wait.
    """
    wide = _reached(lavoratori, _dated(passi, alla_data))
    rows = wide.unpivot(STEP, index=[name for name in wide.columns if name not in STEP], variable_name="passo", value_name="_giorno")
    reached, end = pl.col("_giorno").is_not_null(), pl.coalesce("_giorno", "uscita", pl.lit(alla_data))
    rows = rows.with_columns(
        (end - pl.col("data_inizio_sospensione")).dt.total_days().clip(0).alias("giorni"),
        reached.alias("raggiunto"),
        (~reached & pl.col("uscita").is_not_null()).alias("uscito"),
    )
    first = ["provincia", "cluster", *WORKER, "passo", "giorni", "raggiunto", "uscito"]
    return rows.select(*first, pl.exclude(*first, "uscita", "_giorno", "data_inizio_sospensione"))


def anomalies(lavoratori: pl.DataFrame, passi: pl.DataFrame, alla_data: date) -> pl.DataFrame:
    """One row per kind of oddity found and passo (null where it concerns none): `casi`, the workers x procedura it concerns."""
    rows = _dated(passi, alla_data)
    own = rows.group_by(WORKER).agg(pl.when(step=name).then("giorno").min().alias(f"_{name}") for name in PASSI)
    wide, start = _reached(lavoratori, rows).join(own, on=WORKER, how="left"), pl.col("data_inizio_sospensione")
    unlisted = rows.join(lavoratori, on=WORKER, how="anti").select(WORKER).n_unique()
    withdrawn = wide.filter(pl.col("_NO_PAL").is_not_null() & pl.col("uscita").is_null())
    found = [
        ("lavoratore con passi ma non in elenco: escluso", None, unlisted),
        ("sospensione che inizia dopo la data di riferimento: attesa contata zero", None, wide.filter(start > alla_data).height),
        ("esonero seguito da un passo: l'esonero non conta", None, withdrawn.height),
    ]
    for name in STEP:
        day, undated = pl.col(name), rows.filter(pl.col("data_step").is_null(), step=name)
        later = day.is_not_null() & day.ne_missing(pl.col(f"_{name}"))
        found += [
            ("passo prima dell'inizio della sospensione: attesa contata zero", name, wide.filter(day < start).height),
            ("passo datato da un passo successivo: attesa al più", name, wide.filter(later).height),
            ("passo senza data, contato alla fine del trimestre: attesa al più", name, undated.select(WORKER).n_unique()),
        ]
    schema = {"anomalia": pl.String, "passo": pl.String, "casi": pl.Int64}
    return pl.DataFrame(found, schema=schema, orient="row").filter(pl.col("casi") > 0)


def curve(waits: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row per `by`, passo and day on which somebody reached it: `quota_raggiunta` (0-1, Kaplan-Meier 1 - S) and its 95% interval.

    Those exempt (NO PAL) leave at their day like those still waiting: the share is the one there would be if nobody were exempt and they
    went on like the others. The interval is on the log(-log) scale. The variance of log S is the infinitesimal jackknife over clusters
    (workers of a company move together) times G / (G - 1), with Student's t at G - 1 degrees of freedom for G clusters; never less than
    Greenwood's, which takes workers as independent. Bounds are null with one cluster only, and where all at risk have reached the step.

    Source: Kaplan and Meier (1958), JASA 53, 457-481; Greenwood (1926), Reports on Public Health and Medical Subjects 33; Williams
    (1995), Lifetime Data Analysis 1, 171-186, and Lin and Wei (1989), JASA 84, 1074-1078 (clusters); Kalbfleisch and Prentice (1980), The
    Statistical Analysis of Failure Time Data (log-log); Cameron and Miller, Journal of Human Resources 50, 317-372 (few clusters).
    """
    keys, day, eventi, escono = [*by, "passo"], [*by, "passo", "giorni"], pl.col("eventi"), pl.col("escono")
    counts = [pl.col("raggiunto").sum().cast(pl.Int64).alias("eventi"), pl.len().cast(pl.Int64).alias("escono")]
    blocks = waits.group_by(*day, "cluster").agg(counts).sort(*day, "cluster")
    days = blocks.group_by(day, maintain_order=True).agg(eventi.sum(), escono.sum())
    days = days.with_columns((escono.sum() - escono.cum_sum() + escono).over(keys).alias("a_rischio"))
    rischio, restano = pl.col("a_rischio"), (pl.col("a_rischio") - eventi).alias("_restano")
    days = days.with_columns(
        restano, (restano / rischio).cum_prod().over(keys).alias("_s"), (eventi / rischio / restano).cum_sum().over(keys).alias("_a")
    )
    days = days.join(_squares(blocks, days, keys), on=day, how="left", nulls_equal=True, maintain_order="left").filter(eventi > 0)
    groups, survival, a = pl.col("_g"), pl.col("_s"), pl.col("_a")
    robust = (pl.col("_pp") - 2 * a * pl.col("_py") + a * a * pl.col("_yy")) * groups / (groups - 1)
    spread = pl.max_horizontal(robust, a).sqrt() / -survival.log() * pl.Series(student.ppf((1 + LEVEL) / 2, days["_g"].to_numpy() - 1))
    bounds = {"inf95": 1 - survival ** (-spread).exp(), "sup95": 1 - survival ** spread.exp()}
    known = [pl.when((groups > 1) & (survival > 0)).then(bound).alias(name) for name, bound in bounds.items()]
    return days.select(*day, "a_rischio", "eventi", (1 - survival).alias("quota_raggiunta"), *known)


def _squares(blocks: pl.DataFrame, days: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """One row per day: the sums over clusters that make their squared influence on log S, and `_g`, the number of clusters.

    A cluster with y members left has the influence y A - p, where A is Greenwood's sum and p adds, for each member gone, 1 / (n - d) if
    the step was reached, less A of that day. So sum (y A - p)^2 = _pp - 2 A _py + A^2 _yy, and each sum changes only when members of a
    cluster go: no matrix of clusters by days.
    """
    day, cluster, gone = [*keys, "giorni"], [*keys, "cluster"], pl.col("escono")
    p, y, p0, y0 = (pl.col(name) for name in ("_p", "_y", "_p0", "_y0"))
    rows = blocks.join(days.select(*day, "_a", "_restano"), on=day, how="left", nulls_equal=True, maintain_order="left")
    step = pl.col("eventi") / pl.col("_restano") - gone * pl.col("_a")
    rows = rows.with_columns(step.cum_sum().over(cluster).alias("_p"), (gone.sum() - gone.cum_sum()).over(cluster).alias("_y"))
    rows = rows.with_columns(p.shift(1, fill_value=0.0).over(cluster).alias("_p0"), (y + gone).alias("_y0"))
    changes = {"_pp": p * p - p0 * p0, "_py": p * y - p0 * y0, "_yy": y * y - y0 * y0}
    rows = rows.with_columns(change.cum_sum().over(keys).alias(name) for name, change in changes.items())
    squares = (pl.col("_yy") - pl.col("_yy").last()).over(keys)  # at the start the squares of all sizes, at the end zero
    rows = rows.with_columns(squares, pl.col("cluster").n_unique().over(keys).cast(pl.Int64).alias("_g"))
    return rows.group_by(day, maintain_order=True).agg(pl.col("_pp", "_py", "_yy", "_g").last())


def quantiles(waits: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row per `by` and passo: how many reached it, wait or left, and the days by which half (mediana) and 90% (p90) reach it.

    A quantile is the first day on which `curve` gets there; null when it never does ("non ancora raggiunta").
    """
    keys = [*by, "passo"]
    counts = waits.group_by(keys).agg(
        pl.len().cast(pl.Int64).alias("lavoratori"),
        pl.col("raggiunto").sum().cast(pl.Int64).alias("raggiunti"),
        (~pl.col("raggiunto") & ~pl.col("uscito")).sum().cast(pl.Int64).alias("in_attesa"),
        pl.col("uscito").sum().cast(pl.Int64).alias("usciti"),
    )
    first = [
        pl.when(pl.col("quota_raggiunta") >= share - TINY).then("giorni").min().alias(name)
        for name, share in (("mediana", 0.5), ("p90", 0.9))
    ]
    days = curve(waits, by).group_by(keys).agg(first)
    return counts.join(days, on=keys, how="left", nulls_equal=True).sort(keys)


def read_days(file: str, known: Sequence[str]) -> pl.DataFrame:
    """Rows of a reference table, one per code of `known` in its first column; `giorni_massimi` as a number, null where not public.

    Raises:
        AnalisiError: another code, one that stands twice, or days that are no whole number.
    """
    rows = read_csv_text(reference(file))
    code, giorni = pl.col(rows.columns[0]), pl.col("giorni_massimi")
    wrong = rows.filter(code.is_null() | ~code.is_in(known) | code.is_duplicated() | ~giorni.str.contains(r"^\d{1,4}$"))
    for name, days in wrong.select(code, giorni).iter_rows():
        rule = f"{rows.columns[0]} è uno di {listing(known)}, una volta sola; giorni_massimi un numero intero in cifre, o vuoto"
        msg = f"{shown(reference(file))}, «{name or ''}» con giorni_massimi «{days or ''}»: {rule}"
        raise AnalisiError(msg)
    return rows.with_columns(giorni.cast(pl.Int64))


def deadlines() -> pl.DataFrame:
    """One row per passo: `giorni_massimi` from the start of the suspension, null where no source gives them (then there is no verdict).

    Raises:
        AnalisiError: a cell of data/riferimento/scadenze_pal.csv is not admitted.
    """
    rows = read_days("scadenze_pal.csv", STEP)
    for name in rows.filter(pl.col("da").ne_missing("inizio_sospensione"))["da"]:
        msg = f"{shown(reference('scadenze_pal.csv'))}: da «{name or ''}» non previsto; i giorni si contano da «inizio_sospensione»"
        raise AnalisiError(msg)
    return rows


def against_deadlines(waits: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row per `by` and passo that has a deadline, none for the others: workers in time, late, waiting (within it or beyond) and exempt.

    `stato` is that of the deadline: a report says when it is "da confermare".
    """
    limits = deadlines().drop_nulls("giorni_massimi").select("passo", "giorni_massimi", "stato")
    rows = waits.join(limits, on="passo")
    reached, left, within = pl.col("raggiunto"), pl.col("uscito"), pl.col("giorni") <= pl.col("giorni_massimi")
    counts = {
        "in_tempo": reached & within,
        "oltre": reached & ~within,
        "in_attesa_entro": ~reached & ~left & within,
        "in_attesa_oltre": ~reached & ~left & ~within,
        "usciti": left,
    }
    keys = [*by, "passo", "giorni_massimi", "stato"]
    return rows.group_by(keys).agg(test.sum().cast(pl.Int64).alias(name) for name, test in counts.items()).sort(keys)
