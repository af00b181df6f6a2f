"""What a page on PAL activation shows of each frame of indicators: all of it inside; elsewhere what its cells may tell, and no more.

Beside the cells, some figures tell of the sites they come from: an interval, a median, the counts of procedures. They are shown, rounded,
where enough companies stand behind them.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from analisi.disclosure.segni import SEGNO
from analisi.indicators import flusso, tempi
from analisi.indicators.attivazione_pal import provincial_funnel
from analisi.presentation.attivazione_pal import Quadro
from analisi.presentation.dati_pal import CONCLUSE, in_the_flow, with_company
from analisi.presentation.riservatezza import Riservatezza

ALMENO = 5  # procedures behind an interval, companies behind a median: with fewer, whoever knows some of them finds the others
META = 0.5  # largest share of one company in the workers of a median, which could be its own day otherwise
SOLO_INTERNE = ("procedure", "procedure_comuni")  # columns of the data files
CONTI = ("lavoratori", "raggiunti", "in_attesa", "usciti", "p90")


def rates(tassi: pl.DataFrame, q: Quadro, visto: Riservatezza) -> pl.DataFrame:
    """The rates that the page shows: outside, of the region those on all the suspended, and on every base those of the quarter.

    Of the provinces, those of the quarter on all the suspended and on the net base, and those of the quarter before.
    """
    if not visto.pubblica:
        return tassi
    region, all_ = pl.col("provincia") == q.dati.territorio.totale, pl.col("base") == "tutti"
    now, recent = pl.col("trimestre") == q.trimestre, pl.col("trimestre").is_in([q.trimestre, q.precedente])
    kept = (region & (all_ | now)) | (recent & all_) | (now & (pl.col("base") == "netta"))
    return _enough(visto.mask("tassi", tassi.filter(kept)), "procedure", ("inf95", "sup95"), visto)


def _enough(frame: pl.DataFrame, count: str, bounds: tuple[str, str], visto: Riservatezza) -> pl.DataFrame:
    """The frame with its intervals rounded, and hidden where too few procedures stand behind them."""
    decimals = 3 if "inf95" in bounds else 1
    shown = visto.rounded(visto.hide(frame, pl.col(count) < ALMENO, *bounds), decimals, *bounds)
    return shown.with_columns(motivo=pl.lit(None, pl.String)) if "motivo" in shown.columns else shown


def funnel(tassi: pl.DataFrame, q: Quadro, visto: Riservatezza) -> pl.DataFrame:
    """The funnel of the rates that are shown, and that have an interval."""
    if visto.pubblica:
        tassi = visto.rounded(visto.rounded(tassi, 0, "dimensione"), 2, "correlazione").filter(pl.col("inf95").is_not_null())
    return provincial_funnel(tassi, q.trimestre, q.dati.territorio.totale)


def changes(prima: pl.DataFrame, anno_prima: pl.DataFrame, q: Quadro, visto: Riservatezza) -> pl.DataFrame:
    """The changes that the page shows, against the quarter before and the year before, where it is there.

    Outside, of the quarter of the report; against the year before, of the region.
    """
    rows = pl.concat([prima, anno_prima.drop_nulls("tasso_confronto")])
    if not visto.pubblica:
        return rows
    region = pl.col("provincia") == q.dati.territorio.totale
    rows = rows.filter(pl.col("trimestre") == q.trimestre, region | (pl.col("confronto") == q.precedente))
    shown = _enough(visto.mask("variazioni_tassi", rows), "procedure_comuni", ("inf95_pp", "sup95_pp"), visto)
    clear = pl.when(pl.col("inf95_pp").is_not_null()).then("distinguibile").alias("distinguibile")
    return shown.with_columns(clear, pl.col("inf95_pp" + SEGNO).alias("distinguibile" + SEGNO))


def waits(attese: pl.DataFrame, q: Quadro, visto: Riservatezza, *by: str) -> pl.DataFrame:
    """The quantiles of the waits; by provincia, also those of the region.

    Outside, always with the provincia: of the region with its counts, of a provincia the days of half alone.
    """
    region = q.dati.territorio.totale
    if not visto.pubblica:
        found, whole = tempi.quantiles(attese, by), attese.with_columns(provincia=pl.lit(region))
        return pl.concat([found, tempi.quantiles(whole, by)]) if by and not q.provincia else found
    named = with_company(attese, q.dati)
    whole = [] if q.provincia else [named.with_columns(provincia=pl.lit(region))]
    rows = pl.concat([*whole, *([named] if by or q.provincia else [])])
    sizes = rows.group_by("provincia", "passo", "impresa").len().group_by("provincia", "passo")
    known = sizes.agg(imprese=pl.len(), quota_massima=pl.col("len").max() / pl.col("len").sum())
    found = tempi.quantiles(rows, ["provincia"]).join(known, on=["provincia", "passo"], how="left", maintain_order="left")
    few = (pl.col("imprese") < ALMENO) | (pl.col("quota_massima") > META)
    place = pl.col("provincia") != region
    found = found.with_columns(pl.when(~place).then(name).alias(name) for name in CONTI)
    shown = visto.mask("tempi", found.drop("imprese", "quota_massima")).with_columns(found.select("imprese", "quota_massima"))
    return visto.hide(visto.hide(shown, place, *CONTI), few, "mediana", "p90").drop("imprese", "quota_massima")


def phases(posizioni: pl.DataFrame, q: Quadro, visto: Riservatezza) -> pl.DataFrame:
    """Groups and workers by phase; outside, of the region alone, with those whose suspension ended. None on the page of a provincia."""
    if not visto.pubblica:
        return flusso.by_phase(q.mine(posizioni))
    region = pl.lit(q.dati.territorio.totale).alias("provincia")
    found = flusso.by_phase(posizioni.with_columns(region))
    ended = in_the_flow(q.dati, q.dati.stock.filter(trimestre=q.trimestre)).filter(fase=CONCLUSE)
    rest = ended.group_by(region, "fase").agg(pl.len().cast(pl.Int64).alias("gruppi"), pl.col("lavoratori").sum())
    rows = pl.concat([found, rest], how="diagonal")
    return visto.mask("gruppi_fase", rows.clear() if q.provincia else rows)


def reasons(motivi: pl.DataFrame, q: Quadro, visto: Riservatezza) -> pl.DataFrame:
    """Those exempt by reason; outside, of the region alone."""
    return visto.mask("motivi_esonero", motivi.clear() if visto.pubblica and q.provincia else motivi)


def breakdown(parti: pl.DataFrame, q: Quadro, visto: Riservatezza) -> pl.DataFrame:
    """The rates by breakdown; outside, of the region alone, the largest that are shown first."""
    if not visto.pubblica:
        return parti
    if q.provincia:
        return parti.clear()
    shown = _enough(visto.mask("tassi_voce", parti), "procedure", ("inf95", "sup95"), visto)
    kinds = {kind: place for place, kind in enumerate(parti["dimensione_analisi"].unique(maintain_order=True))}
    order = [pl.col("dimensione_analisi").replace_strict(kinds, return_dtype=pl.Int64), -pl.col("lavoratori"), pl.col("voce")]
    return shown.sort(order, nulls_last=True)


def files(frames: Mapping[str, pl.DataFrame], visto: Riservatezza) -> dict[str, pl.DataFrame]:
    """The frames as the data files hold them: outside without the counts of procedures, and none without rows."""
    if not visto.pubblica:
        return dict(frames)
    counts = {name: [count for count in SOLO_INTERNE if count in frame.columns] for name, frame in frames.items()}
    return {name: visto.hide(frame, pl.lit(True), *counts[name]) for name, frame in frames.items() if frame.height}
