"""The cells of the bimonthly report: which counts are published together, and every part that a reader could take apart from them.

A row is a unità produttiva in CIGS, with its company. What is published of a provincia, or of a kind of procedure, are sums of a few
parts, and so are their differences: who was in course before and still is (`RESTA`), who came in and stays (`ENTRA`), who left (`ESCE`), who
came in and left in the same bimestre (`PASSA`). Each part is a cell too, though no table shows it: so that it is protected as if one did.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from analisi.indicators import attivazione_pal as pal
from analisi.indicators import procedure_in_corso as in_corso
from analisi.indicators.periodi import bounds, previous, year_before
from analisi.indicators.procedure_in_corso import TIPI, TUTTE, UNITA, VOCI
from analisi.presentation.dati_bimestrale import CASI, PAL
from analisi.presentation.quadro_bimestrale import Quadro
from analisi.vocabulary import TOTALE

if TYPE_CHECKING:
    from analisi.disclosure.celle import Sistema
    from analisi.disclosure.tavole import Gerarchia

CONTATE = ["unita", "lavoratori"]
RESTA, ENTRA, ESCE, PASSA = "resta", "entra", "esce", "passa"
PARTI = {"in_corso_prima": (RESTA, ESCE), "avviate": (ENTRA, PASSA), "concluse": (ESCE, PASSA), "in_corso": (RESTA, ENTRA)}


def system(q: Quadro) -> Sistema:
    """Every cell of the report: by provincia and by kind at the three times, the region's distributions, its procedures, its PAL."""
    from analisi.disclosure.celle import at_least, together

    units = told_units(q)
    times = (q.bimestre, previous(q.bimestre), year_before(q.bimestre))
    found = []
    for dims in ({"provincia": q.territorio.totale}, {"tipo": TUTTE}):
        found += [part for period in times for part in _situation(units, period, q.giorni, dims)]
        found += _due_and_left(units, q, dims)
    found += [*_over_time(units, times), *_distributions(units, q), *_procedures(units, times, q)]
    return at_least(together(*found, *_funnel(q)), "unita", "procedure")


def told_units(q: Quadro) -> pl.DataFrame:
    """The CIGS units of the territory, as the cells count them: unita (1), lavoratori, tipo, impresa."""
    ministerial = pl.when(pl.col("tipologia_linee_guida") == "A").then(pl.lit(TIPI[0])).otherwise(pl.lit(TIPI[1]))
    return in_corso.cigs(q.dati.vol).filter(pl.col("provincia").is_in(q.territorio.sigle)).with_columns(
        pl.lit(1, pl.Int64).alias("unita"), pl.col("lavoratori_coinvolti").fill_null(0).alias("lavoratori"),
        ministerial.alias("tipo"), pl.col("codice_fiscale_azienda").alias("impresa"),
    )  # fmt: skip


def _cells(rows: pl.DataFrame, dims: dict[str, Gerarchia], **fixed: Any) -> Sistema:
    from analisi.disclosure.celle import cells

    rows = rows.with_columns(pl.lit(value).alias(name) for name, value in fixed.items())
    return cells(rows, CASI, dict.fromkeys(fixed, "") | dims, CONTATE, lavoratori="lavoratori", impresa="impresa", unita=UNITA)


def _situation(units: pl.DataFrame, bimestre: str, days: int, dims: dict[str, Gerarchia]) -> list[Sistema]:
    """What is counted of one bimestre, with its parts; what is in course also by whether it is expiring."""
    flags = in_corso.flags(bimestre, days)
    before, now, started = (flags[voce] for voce in ("in_corso_prima", "in_corso", "avviate"))
    part = pl.coalesce(
        pl.when(flag).then(pl.lit(name)) for flag, name in ((before & now, RESTA), (started & now, ENTRA), (before, ESCE), (started, PASSA))
    )
    rows = units.with_columns(part.alias("parte"))
    found = [
        _cells(rows.filter(pl.col("parte").is_in(names)), dims | {"parte": TOTALE}, tempo=bimestre, voce=voce)
        for voce, names in PARTI.items()
    ]
    due = pl.when(flags["in_scadenza"]).then(pl.lit("si")).otherwise(pl.lit("no")).alias("scadenza")
    found.append(_cells(units.filter(now).with_columns(due), dims | {"scadenza": TOTALE}, tempo=bimestre, voce="in_corso"))
    return found + [_cells(units.filter(flags[voce]), dims, tempo=bimestre, voce=voce) for voce in VOCI[4:]]


def _due_and_left(units: pl.DataFrame, q: Quadro, dims: dict[str, Gerarchia]) -> list[Sistema]:
    """Who was expiring at the end of the bimestre before, and who has left since: nearly the same units."""
    flags, then = in_corso.flags(q.bimestre, q.giorni), in_corso.flags(previous(q.bimestre), q.giorni)
    left, due = flags["in_corso_prima"] & ~flags["in_corso"], then["in_scadenza"]
    both = pl.when(left & due).then(pl.lit("entrambe")).when(left).then(pl.lit("uscite")).otherwise(pl.lit("scadenza")).alias("parte")
    rows = units.with_columns(both)
    return [
        _cells(rows.filter(flag), dims | {"parte": TOTALE}, tempo=q.bimestre, voce=voce)
        for voce, flag in (("uscite", left), ("scadute", due))
    ]


def _over_time(units: pl.DataFrame, times: tuple[str, str, str]) -> list[Sistema]:
    """Of what the region had in course, or started, at an earlier time: what still is in course, which its months of start tell, and what is not."""
    here = in_corso.is_in_course(bounds(times[0])[1])
    rows = units.with_columns(pl.when(here).then(pl.lit("ancora")).otherwise(pl.lit("finite")).alias("oggi"))
    found = []
    for period in times[1:]:
        flags = in_corso.flags(period)
        found += [
            _cells(rows.filter(flags[voce]), {"oggi": TOTALE}, tempo=period, voce=voce)
            for voce in ("in_corso_prima", "in_corso", "avviate")
        ]
    return found


def _distributions(units: pl.DataFrame, q: Quadro) -> list[Sistema]:
    """What the region has in course by causale, sector, size of the company and month, with what ties these to the situation."""
    now = units.filter(in_corso.is_in_course(q.giorno))
    told = in_corso.valued(now)
    due = pl.when(in_corso.is_expiring(q.giorno, q.giorni)).then(pl.lit("si")).otherwise(pl.lit("no")).alias("scadenza")
    own = {
        "causale": {"tipo": TUTTE},
        "classe_dimensionale": {},
        "mese_inizio": {},
        "mese_fine": {"scadenza": TOTALE},
    }
    found = []
    for name, more in own.items():
        rows = told.with_columns(pl.col(name).alias("voce"), due)
        above = _months(rows["voce"].unique().to_list(), q) if name == "mese_inizio" else TOTALE
        found.append(_cells(rows, {"voce": above} | more, tempo=q.bimestre, dimensione=name))
    rows = told.with_columns(pl.col("settore").alias("voce"))
    by_version = {"tempo": q.bimestre, "dimensione": "settore"}
    found.append(_cells(rows, {"versione_ateco": "", "voce": TOTALE}, **by_version))
    return [*found, _cells(rows, {"versione_ateco": TOTALE}, **by_version)]


def _months(months: list[str], q: Quadro) -> dict[str, str]:
    """The months of start under the periods that the report tells of: whoever adds them up knows how many units of each are still there."""
    year, before = year_before(q.bimestre), previous(q.bimestre)
    firsts = [bounds(period)[0] for period in sorted({year, previous(year), before, q.bimestre})]
    cuts = sorted({*(f"{day:%Y-%m}" for day in firsts), f"{_next(bounds(year)[1]):%Y-%m}"})
    above: dict[str, str] = {}
    for month in months:
        above[month] = max((f"dal {cut}" for cut in cuts if cut <= month), default="prima") if month != in_corso.IGNOTO else TOTALE
    so_far = "prima"
    for cut in cuts:
        total = TOTALE if cut == cuts[-1] else f"fino a {cut}"
        above |= {so_far: total, f"dal {cut}": total}
        so_far = total
    return above


def _next(day: date) -> date:
    return day + timedelta(days=1)


def _procedures(units: pl.DataFrame, times: tuple[str, str, str], q: Quadro) -> list[Sistema]:
    """Distinct procedures of the region, by kind, at the three times; those in course also by whether they have sites elsewhere."""
    found = [
        _distinct(units.filter(flag), {"tipo": TUTTE}, tempo=period, voce=voce)
        for period in times
        for voce, flag in in_corso.flags(period, q.giorni).items()
    ]
    several = in_corso.sites(in_corso.told_at(q.ovunque, q.giorno)).select(
        "id_procedura", (pl.col("luoghi").list.len() > 1).alias("condivise")
    )
    now = units.filter(in_corso.is_in_course(q.giorno)).join(several, on="id_procedura", how="left")
    return [*found, _distinct(now, {"condivise": TOTALE}, tempo=q.bimestre, voce="in_corso")]


def _distinct(units: pl.DataFrame, dims: dict[str, Gerarchia], **fixed: str) -> Sistema:
    """The cells that count procedures: a row is a procedura, with its sites and workers among the units."""
    from analisi.disclosure.celle import cells

    rows = units.group_by("id_procedura", *dims, maintain_order=True).agg(
        pl.col("impresa").first(), pl.col("unita").sum().alias("sedi"), pl.col("lavoratori").sum(), pl.lit(1, pl.Int64).alias("procedure")
    )
    rows = rows.with_columns(pl.lit(value).alias(name) for name, value in fixed.items())
    every = dict.fromkeys(fixed, "") | dims
    return cells(rows, CASI, every, ["procedure"], lavoratori="lavoratori", sedi="sedi", impresa="impresa", unita=["id_procedura"])


def _funnel(q: Quadro) -> list[Sistema]:
    """Workers of the region by step of the PAL, in the quarter of the report; none without sheets."""
    from analisi.disclosure.celle import cells

    if q.trimestre is None:
        return []
    company = q.dati.vol.select(*UNITA, pl.col("codice_fiscale_azienda").alias("impresa"))
    stock = q.dati.monitoraggio.stock.filter(trimestre=q.trimestre).drop("lavoratori").join(company, on=UNITA, how="left")
    names = {name: code for code, name in pal.STATI.items()}
    rows = stock.unpivot(list(names), index=["trimestre", *UNITA, "impresa"], variable_name="passo", value_name="lavoratori")
    rows = rows.filter(pl.col("lavoratori") > 0).with_columns(pl.col("passo").replace_strict(names))
    dims = {"trimestre": "", "passo": TOTALE}
    return [cells(rows, PAL, dims, ["lavoratori"], lavoratori="lavoratori", impresa="impresa", unita=UNITA)]
