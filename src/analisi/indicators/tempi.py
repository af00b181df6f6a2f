"""How long workers wait, from the start of the suspension to each step of the model, with those still waiting counted as such.

Single workers are read in polars, pandas, DuckDB or Spark; what is counted comes back as polars.
A worker with no step yet is not left out and not given an invented date: the wait is censored at `alla_data` (Kaplan-Meier).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import narwhals as nw
import polars as pl
from narwhals.typing import IntoFrame, IntoFrameT
from scipy.stats import t as student

from analisi.errors import AnalisiError, listing
from analisi.indicators.frames import Frame, as_day, as_frame, day_number, flag
from analisi.indicators.periodi import last_day
from analisi.indicators.uncertainty import LEVEL
from analisi.sources.motori import collect, settled
from analisi.sources.text import read_csv_text
from analisi.tables.catalogo import PASSI
from analisi.workspace import reference, shown

STEP = [name for name in PASSI if name != "NO_PAL"]
WORKER = ["id_lavoratore", "id_procedura"]
TINY = 1e-9  # a product of fractions that should be 0.5 may miss it by a last digit


def _dated(passi: IntoFrame, alla_data: date) -> Frame:
    """The rows known at `alla_data`, with `giorno`: data_step or, if blank, the end of the quarter."""
    rows, quarter = as_frame(passi), nw.col("trimestre")
    known = collect(rows.select("trimestre").unique())["trimestre"].drop_nulls()
    ends = [nw.when(quarter == name).then(as_day(last_day(name), rows)) for name in sorted(known)]
    rows = rows.with_columns(nw.coalesce("data_step", *ends).alias("giorno"))
    return rows.filter(nw.col("giorno") <= as_day(alla_data, rows))


def _reached(lavoratori: IntoFrame, rows: Frame) -> Frame:
    """The workers with the day by which they had reached each step (STEP1 to STEP4), and `uscita`: the day of a NO PAL not withdrawn."""
    step, days, quarter = nw.col("step"), nw.col("giorno"), nw.col("trimestre")
    made = rows.filter(step != "NO_PAL").with_columns(nw.when(step >= name).then(days).alias(name) for name in STEP)
    first = made.group_by(WORKER).agg(nw.col(*STEP).min(), quarter.max().alias("_ultimo"))
    exempt = rows.filter(step == "NO_PAL").join(first.select(*WORKER, "_ultimo"), on=WORKER, how="left")
    lasting = exempt.filter(nw.col("_ultimo").is_null() | (quarter > nw.col("_ultimo")))
    left = lasting.group_by(WORKER).agg(days.min().alias("uscita"))
    return as_frame(lavoratori).join(first.drop("_ultimo"), on=WORKER, how="left").join(left, on=WORKER, how="left")


def waits(lavoratori: IntoFrameT, passi: IntoFrameT, alla_data: date) -> IntoFrameT:
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
    wide = as_frame(settled(_reached(lavoratori, _dated(passi, alla_data))))
    kept = [name for name in wide.collect_schema().names() if name not in STEP]
    parts = [wide.select(*kept, nw.lit(name).alias("passo"), nw.col(name).alias("_giorno")) for name in STEP]
    rows = nw.concat(parts, how="vertical")
    reached, left, start = ~nw.col("_giorno").is_null(), nw.col("uscita"), nw.col("data_inizio_sospensione")
    end = nw.when(reached).then(nw.col("_giorno")).when(~left.is_null()).then(left).otherwise(as_day(alla_data, rows))
    days = day_number(end) - day_number(start)
    rows = rows.with_columns(
        nw.when(days < 0).then(nw.lit(0)).otherwise(days).cast(nw.Int64).alias("giorni"),
        reached.alias("raggiunto"),
        (~reached & ~left.is_null()).alias("uscito"),
    )
    first = ["provincia", "cluster", *WORKER, "passo", "giorni", "raggiunto", "uscito"]
    others = [name for name in kept if name not in (*first, "uscita", "data_inizio_sospensione")]
    return rows.select(*first, *others).to_native()


def anomalies(lavoratori: pl.DataFrame, passi: pl.DataFrame, alla_data: date) -> pl.DataFrame:
    """One row per kind of oddity found and passo (null where it concerns none): `casi`, the workers x procedura it concerns."""
    rows = collect(_dated(passi, alla_data))
    own = rows.group_by(WORKER).agg(pl.when(step=name).then("giorno").min().alias(f"_{name}") for name in PASSI)
    wide = collect(_reached(lavoratori, nw.from_native(rows))).join(own, on=WORKER, how="left")
    start = pl.col("data_inizio_sospensione")
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


def curve(waits: IntoFrame, by: Sequence[str] = ()) -> pl.DataFrame:
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
    blocks = as_frame(waits).with_columns(flag(nw.col("raggiunto")).alias("eventi")).group_by(*day, "cluster")
    blocks = collect(blocks.agg(nw.col("eventi").sum(), nw.len().alias("escono"))).sort(*day, "cluster")
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


def quantiles(waits: IntoFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row per `by` and passo: how many reached it, wait or left, and the days by which half (mediana) and 90% (p90) reach it.

    A quantile is the first day on which `curve` gets there; null when it never does ("non ancora raggiunta").
    """
    keys, reached, left = [*by, "passo"], nw.col("raggiunto"), nw.col("uscito")
    kinds = {"raggiunti": reached, "in_attesa": ~reached & ~left, "usciti": left}
    rows = as_frame(waits).select(*keys, *(flag(test).alias(name) for name, test in kinds.items()))
    counts = collect(rows.group_by(keys).agg(nw.len().alias("lavoratori"), nw.col(*kinds).sum()))
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


def against_deadlines(waits: IntoFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row per `by` and passo that has a deadline, none for the others: workers in time, late, waiting (within it or beyond) and exempt.

    `stato` is that of the deadline: a report says when it is "da confermare".
    """
    limits = deadlines().drop_nulls("giorni_massimi").select("passo", "giorni_massimi", "stato")
    days = collect(as_frame(waits).group_by(*by, "passo", "giorni", "raggiunto", "uscito").agg(nw.len().alias("_quanti")))
    reached, left, within = pl.col("raggiunto"), pl.col("uscito"), pl.col("giorni") <= pl.col("giorni_massimi")
    counts = {
        "in_tempo": reached & within,
        "oltre": reached & ~within,
        "in_attesa_entro": ~reached & ~left & within,
        "in_attesa_oltre": ~reached & ~left & ~within,
        "usciti": left,
    }
    keys, many = [*by, "passo", "giorni_massimi", "stato"], pl.col("_quanti")
    rows = days.join(limits, on="passo")
    return rows.group_by(keys).agg(many.filter(test).sum().alias(name) for name, test in counts.items()).sort(keys)
