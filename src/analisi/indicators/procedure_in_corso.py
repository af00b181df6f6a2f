"""CIGS procedures in course at a day, started, expiring and ended in a period, from the register.

A unità is in course from its first to its last day of suspension, both included; without a last day it goes on. What counts is its last
version, unless revoked (`delivery.in_force`). It has ended on the day after its last, so that over any period, exactly:
in course at the end = in course at the end of the period before + started - ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from analisi.errors import AnalisiError
from analisi.indicators.monitoraggio import STEPS
from analisi.indicators.periodi import bounds, containing, example, previous, year_before
from analisi.tables.catalogo import MESI_MASSIMI, VOL_PROCEDURE

UNITA = ["id_procedura", "id_unita"]
GAP_DAYS = 180  # without any opening: longer, and what is before is no part of the register as it is kept
EXPIRY_DAYS = 60  # a unità whose last day falls within so many days from the day of the report is expiring
TUTTE = "tutte"
TIPI = ("ministeriale", "regionale", TUTTE)
VOCI = ("in_corso_prima", "avviate", "concluse", "in_corso", "in_scadenza", "in_attesa")
CHIAVI = ["provincia", "tipo", "voce"]
CONTI = ["procedure", "unita", "lavoratori"]
CONFRONTI = {"prec": previous, "anno": year_before}
SCADENZA, CORSO, ATTESA, CONCLUSA = SITUAZIONI = ("in scadenza", "in corso", "in attesa", "conclusa")
CLASSI = list(VOL_PROCEDURE.column("classe_dimensionale").values)
IGNOTO = "non indicato"
DIMENSIONI = ("causale", "settore", "classe_dimensionale", "mese_inizio", "mese_fine")  # of a distribution
ONE_DAY = timedelta(days=1)
CALENDAR_MONTHS = 12


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
    return (pl.col("data_inizio") <= last).fill_null(value=False) & pl.col("data_fine").is_between(
        first - ONE_DAY, last - ONE_DAY
    ).fill_null(value=False)


def is_pending(day: date) -> pl.Expr:
    """Whether a unità was opened by a day but has no start of the suspension, or one still to come.

    One that the register calls concluded without a start never began: it is not pending.
    """
    never = pl.col("data_inizio").is_null() & (pl.col("stato") == "CONCLUSA")
    to_come = (pl.col("data_inizio").is_null() | (pl.col("data_inizio") > day)).fill_null(value=True)
    return (pl.col("data_apertura") <= day) & to_come & ~never


def require_bimestre(bimestre: str, vol: pl.DataFrame, estrazione: date | None) -> str:
    """The bimestre asked or, without one, the last that ended by the extraction, not later than that of the latest `data_apertura`.

    Raises:
        AnalisiError: the code is not of a bimestre; none is given and the register has no day of extraction, or no rows.
    """
    if bimestre:
        if bounds(bimestre) and "-B" not in bimestre:
            msg = f"bimestre «{bimestre}»: è un trimestre; scrivere anno e B1-B6, come {example('B')}"
            raise AnalisiError(msg)
        require_covered(bounds(bimestre)[1], vol)
        return bimestre
    latest = vol["data_apertura"].max()
    if estrazione is None or latest is None:
        msg = f"bimestre: l'estratto vol_procedure non ha righe, o non ha data_estrazione; indicare --bimestre, come {example('B')}"
        raise AnalisiError(msg)
    return min(previous(containing(estrazione + ONE_DAY, "B")), containing(latest, "B"))


def begins(vol: pl.DataFrame) -> date | None:
    """The day from which the register of CIGS is kept: the first opening after the last gap of more than `GAP_DAYS` without any.

    A few old rows do not make the register go back to them. Null when there are no rows.
    """
    days = cigs(vol).select(pl.col("data_apertura").unique().sort()).to_series().drop_nulls()
    after = days.filter((days.diff() > timedelta(days=GAP_DAYS)).fill_null(value=False))
    return after.max() if after.len() else days.min()


def complete_since(vol: pl.DataFrame) -> date | None:
    """The day from which nothing in course can be missing: when the register begins, and the longest duration admitted after it.

    A suspension that began before the extract does is in no row of it. Null when there are no rows. Source: `MESI_MASSIMI` (months).
    """
    day = begins(vol)
    return day and pl.select(pl.lit(day).dt.offset_by(f"{max(MESI_MASSIMI.values())}mo")).item()


def require_covered(day: date, vol: pl.DataFrame) -> None:
    """Raises: AnalisiError when every procedura of the register was opened, or began, after a day: of that day it says nothing."""
    first = cigs(vol).select(pl.min_horizontal(pl.col("data_apertura").min(), pl.col("data_inizio").min())).item()
    if first is not None and day < first:
        msg = f"al {day:%d/%m/%Y} il registro non dice nulla: la sua prima procedura di CIGS è del {first:%d/%m/%Y}"
        raise AnalisiError(msg)


def told_at(units: pl.DataFrame, day: date) -> pl.DataFrame:
    """The units in course or pending on a day."""
    return units.filter(is_in_course(day) | is_pending(day))


def with_region(units: pl.DataFrame, totale: str) -> pl.DataFrame:
    """The units, and once more all of them under the sigla of the region: what is counted by provincia is so counted of the region too."""
    return pl.concat([units, units.with_columns(pl.lit(totale).alias("provincia"))])


def flags(bimestre: str, days: int = EXPIRY_DAYS) -> dict[str, pl.Expr]:
    """Whether a unità is told under each voce of `VOCI`, for a bimestre and the days of expiry."""
    first, last = bounds(bimestre)
    values = (is_in_course(first - ONE_DAY), has_started(first, last), has_ended(first, last))
    return dict(zip(VOCI, (*values, is_in_course(last), is_expiring(last, days), is_pending(last)), strict=True))


def _counts() -> list[pl.Expr]:
    """Distinct procedure, unità and lavoratori coinvolti of a group of units."""
    return [
        pl.col("id_procedura").n_unique().cast(pl.Int64).alias("procedure"),
        pl.len().cast(pl.Int64).alias("unita"),
        pl.col("lavoratori_coinvolti").sum().alias("lavoratori"),
    ]


def situation(units: pl.DataFrame, bimestre: str, luoghi: Sequence[str], days: int = EXPIRY_DAYS) -> pl.DataFrame:
    """One row per provincia of `luoghi`, tipo (`TIPI`) and voce (`VOCI`): distinct procedure, unità, lavoratori; zero where there is none.

    The day is the last of the bimestre; `in_corso_prima` is at the last of the bimestre before. Units and workers of the tipi add up to
    "tutte"; procedures do too, but they do not add up over provinces, as one may be in several.
    """
    parts = [units.filter(flag).with_columns(pl.lit(voce).alias("voce")) for voce, flag in flags(bimestre, days).items()]
    ministerial = pl.when(pl.col("tipologia_linee_guida") == "A").then(pl.lit(TIPI[0])).otherwise(pl.lit(TIPI[1])).alias("tipo")
    rows = pl.concat(parts).with_columns(ministerial)
    counted = pl.concat([rows, rows.with_columns(pl.lit(TUTTE).alias("tipo"))]).group_by(CHIAVI).agg(_counts())
    names = [pl.DataFrame({name: values}, {name: pl.String}) for name, values in zip(CHIAVI, (luoghi, TIPI, VOCI), strict=True)]
    grid = names[0].join(names[1], how="cross").join(names[2], how="cross")
    return grid.join(counted, on=CHIAVI, how="left", maintain_order="left").with_columns(pl.col(CONTI).fill_null(0))


def compared(units: pl.DataFrame, bimestre: str, luoghi: Sequence[str], days: int = EXPIRY_DAYS) -> pl.DataFrame:
    """`situation` with the same counts of the bimestre before (`_prec`) and of a year before (`_anno`), and the changes.

    `var_<count>_<other>` is the difference, `pct_<count>_<other>` the same per cent of the other (0-100), null from zero.
    """
    now = situation(units, bimestre, luoghi, days)
    for other, period in CONFRONTI.items():
        then = situation(units, period(bimestre), luoghi, days).rename({name: f"{name}_{other}" for name in CONTI})
        now = now.join(then, on=CHIAVI, how="left", maintain_order="left")
        for name in CONTI:
            change, base = pl.col(name) - pl.col(f"{name}_{other}"), pl.col(f"{name}_{other}")
            now = now.with_columns(
                change.alias(f"var_{name}_{other}"), pl.when(base > 0).then(100 * change / base).alias(f"pct_{name}_{other}")
            )
    return now


def identity_gaps(situazione: pl.DataFrame) -> pl.DataFrame:
    """The rows (provincia, tipo) where in course is not in course before + started - ended, for units or workers. None, if all is well."""
    wide = situazione.pivot("voce", index=["provincia", "tipo"], values=["unita", "lavoratori"], maintain_order=True)

    def left(name: str) -> pl.Expr:
        before, started, ended, now = (pl.col(f"{name}_{voce}") for voce in VOCI[:4])
        return before + started - ended - now

    return wide.filter((left("unita") != 0) | (left("lavoratori") != 0))


def sites(units: pl.DataFrame) -> pl.DataFrame:
    """One row per procedura: the siglas of its units (`luoghi`, also outside the region), its units and workers in all of them."""
    whole = units.group_by("id_procedura").agg(
        pl.col("sigla_provincia").unique().sort().alias("luoghi"),
        pl.len().cast(pl.Int64).alias("unita_procedura"),
        pl.col("lavoratori_coinvolti").sum().alias("lavoratori_procedura"),
    )
    return whole.sort("id_procedura")


def shared(in_course: pl.DataFrame, units: pl.DataFrame, luoghi: Sequence[str]) -> pl.DataFrame:
    """One row per provincia: procedure in course, those with sites in several provinces, their workers in course here and in all.

    `lavoratori_in_tutto` are of every unit of those procedures in `units` (those in course on the day), wherever it is.
    """
    rows = in_course.join(sites(units), on="id_procedura", how="left")
    several = pl.col("luoghi").list.len() > 1
    counted = rows.group_by("provincia").agg(
        pl.col("id_procedura").n_unique().cast(pl.Int64).alias("procedure"),
        pl.col("id_procedura").filter(several).n_unique().cast(pl.Int64).alias("condivise"),
        pl.col("lavoratori_coinvolti").filter(several).sum().alias("lavoratori_qui"),
    )
    wide = rows.filter(several).unique(["provincia", "id_procedura"], maintain_order=True)
    wide = wide.group_by("provincia").agg(pl.col("lavoratori_procedura").sum().alias("lavoratori_in_tutto"))
    grid = pl.DataFrame({"provincia": luoghi}, {"provincia": pl.String}).join(counted, on="provincia", how="left", maintain_order="left")
    grid = grid.join(wide, on="provincia", how="left", maintain_order="left")
    return grid.with_columns(pl.exclude("provincia").fill_null(0))


def cases(units: pl.DataFrame, everywhere: pl.DataFrame, bimestre: str, days: int = EXPIRY_DAYS) -> pl.DataFrame:
    """One row per unità expiring, in course, pending or ended in the bimestre (`situazione`), the first to expire first.

    `giorni` are left from the last day of the bimestre to that of the suspension, null where it is not in course or has no end;
    `altre_province` the siglas of the procedura's other provinces and `lavoratori_procedura` its workers in all (`everywhere`).
    """
    first, last = bounds(bimestre)
    flags = (is_expiring(last, days), is_in_course(last), is_pending(last), has_ended(first, last))
    state = pl.coalesce(pl.when(flag).then(pl.lit(name)) for name, flag in zip(SITUAZIONI, flags, strict=True))
    left = pl.when(is_in_course(last)).then((pl.col("data_fine") - pl.lit(last)).dt.total_days())
    others = pl.col("luoghi").list.set_difference(pl.concat_list("sigla_provincia")).list.sort()
    rows = units.with_columns(state.alias("situazione"), left.alias("giorni")).drop_nulls("situazione")
    places = sites(pl.concat([told_at(everywhere, last), everywhere.filter(has_ended(first, last))]).unique(UNITA))
    rows = rows.join(places, on="id_procedura", how="left", maintain_order="left").with_columns(others.alias("altre_province"))
    order = pl.col("situazione").replace_strict(SITUAZIONI, range(len(SITUAZIONI)), return_dtype=pl.Int64)
    return rows.sort(order, "giorni", "data_inizio", *UNITA, nulls_last=True)


def last_steps(conteggi: pl.DataFrame, trimestre: str) -> pl.DataFrame:
    """One row per unità of the sheets: the steps of its workers in the last sheet that names it, up to a trimestre (`foglio`).

    Args:
        conteggi: rows of monitoraggio_pal that count, as in `Monitoraggio.conteggi`.
    """
    counts = [pl.col(name).alias(short) for name, short in STEPS.items()]
    rows = conteggi.filter(pl.col("trimestre") <= trimestre).sort("trimestre", *UNITA)
    rows = rows.select(*UNITA, pl.col("trimestre").alias("foglio"), *counts, pl.col("non_ancora_presi").fill_null(0).alias("nessuno"))
    return rows.unique(UNITA, keep="last", maintain_order=True)


def sheet_quarter(trimestri: Sequence[str], day: date) -> str | None:
    """The trimestre, of those with sheets, that holds a day or last precedes it; None if there is none."""
    return max((quarter for quarter in trimestri if quarter <= containing(day, "T")), default=None)


def valued(units: pl.DataFrame) -> pl.DataFrame:
    """The units with what `distribution` tells them by, as columns: `DIMENSIONI`, and versione_ateco."""
    months = [pl.col(f"data_{end}").dt.to_string("%Y-%m").alias(f"mese_{end}") for end in ("inizio", "fine")]
    rows = units.with_columns(
        pl.col("ateco_codice").str.slice(0, 2).alias("settore"), pl.col("ateco_versione").alias("versione_ateco"), *months
    )
    return rows.with_columns(pl.col(*DIMENSIONI, "versione_ateco").fill_null(IGNOTO))


def distribution(units: pl.DataFrame) -> pl.DataFrame:
    """One row per dimensione, ATECO version (for the sector only) and voce: procedure, unità, lavoratori, quota (0-1) of the workers.

    Dimensions: causale, settore (first two digits of ATECO, never mixed over versions), classe_dimensionale, mese_inizio and mese_fine
    (aaaa-mm). What is blank is `IGNOTO`.
    """
    found, rows = [], valued(units)
    for name in DIMENSIONI:
        version = pl.col("versione_ateco") if name == "settore" else pl.lit(None, pl.String).alias("versione_ateco")
        keys = [pl.lit(name).alias("dimensione"), version, pl.col(name).alias("voce")]
        counted = rows.select(*keys, "id_procedura", "lavoratori_coinvolti").group_by("dimensione", "versione_ateco", "voce").agg(_counts())
        found.append(ordered(counted))
    share = pl.when(pl.col("lavoratori").sum().over("dimensione") > 0).then(
        pl.col("lavoratori") / pl.col("lavoratori").sum().over("dimensione")
    )
    return pl.concat(found).with_columns(share.alias("quota"))


def ordered(distribuzione: pl.DataFrame) -> pl.DataFrame:
    """Rows of `distribution` as they are read: months and sizes in their order, the others with the most workers first, blanks last."""
    size = pl.col("voce").replace_strict(CLASSI, range(len(CLASSI)), default=len(CLASSI), return_dtype=pl.Int64)
    own = (
        pl.when(pl.col("dimensione") == "classe_dimensionale")
        .then(size)
        .when(~pl.col("dimensione").str.starts_with("mese"))
        .then(-pl.col("lavoratori"))
    )
    place = pl.col("dimensione").replace_strict(DIMENSIONI, range(len(DIMENSIONI)), return_dtype=pl.Int64)
    return distribuzione.sort(place, "versione_ateco", own, "voce", nulls_last=True)


def calendar(units: pl.DataFrame, day: date, months: int = CALENDAR_MONTHS) -> pl.DataFrame:
    """One row per mese (its first day), from so many months up to the day's to so many after: units and workers that start and expire.

    Every unità opened or started by the day counts, whether still in course or not; one expires in the month of its last day.
    """
    known = units.filter((pl.col("data_apertura") <= day) | (pl.col("data_inizio") <= day))
    first = pl.date(day.year, day.month, 1).dt.offset_by(f"-{months - 1}mo")
    grid = pl.select(pl.date_range(first, first.dt.offset_by(f"{2 * months - 1}mo"), "1mo").alias("mese"))
    for name in ("inizio", "fine"):
        counts = [pl.len().cast(pl.Int64).alias(f"unita_{name}"), pl.col("lavoratori_coinvolti").sum().alias(f"lavoratori_{name}")]
        found = known.drop_nulls(f"data_{name}").group_by(pl.col(f"data_{name}").dt.month_start().alias("mese")).agg(counts)
        grid = grid.join(found, on="mese", how="left", maintain_order="left")
    return grid.with_columns(pl.exclude("mese").fill_null(0))
