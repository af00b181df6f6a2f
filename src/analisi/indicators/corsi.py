"""Courses of SIUF: editions, hours, results, and classes of absence. Only counts: sanctions are not of this report, nor of the Region."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl

from analisi.errors import AnalisiError
from analisi.indicators.misure_pal import NON_INDICATO, TOT
from analisi.sources.riferimenti import read_reference
from analisi.workspace import reference, shown

ESITI = {"attestati": "ATTESTATO", "non_idonei": "NON_IDONEO", "ritirati": "RITIRATO"}
SENZA_ORE, IN_CORSO = "ore frequentate non indicate", "corso non ancora concluso"


def courses(corsi: pl.DataFrame, groups: Iterable[str] = ()) -> pl.DataFrame:
    """One row per dimensione (of `groups`; "TOT") and voce: editions, participations, people, hours planned and attended, results.

    A participation is a worker in an edition. Hours planned (`ore_previste`) are of the participations whose hours attended are known.
    """
    rows, parts = corsi.with_columns(pl.lit(TOT).alias(TOT)), []
    known = pl.col("ore_frequentate").is_not_null()
    results = {name: pl.col("esito").eq_missing(pl.lit(code)) for name, code in ESITI.items()} | {"senza_esito": pl.col("esito").is_null()}
    for name in (TOT, *groups):
        parts.append(rows.group_by(pl.col(name).cast(pl.String).fill_null(NON_INDICATO).alias("voce")).agg(
            pl.col("id_edizione").n_unique().cast(pl.Int64).alias("edizioni"), pl.len().cast(pl.Int64).alias("partecipazioni"),
            pl.col("id_lavoratore").n_unique().cast(pl.Int64).alias("persone"),
            pl.col("ore_previste").filter(known).sum(), pl.col("ore_frequentate").sum(),
            *(test.sum().cast(pl.Int64).alias(result) for result, test in results.items()),
        ).select(pl.lit(name).alias("dimensione"), pl.all()).sort("voce"))  # fmt: skip
    return pl.concat(parts)


def absence_bands() -> pl.DataFrame:
    """One row per class of absence: fascia, its bounds in per cent, whether each belongs to it, conseguenza, stato, fonte.

    Raises:
        AnalisiError: the rows of data/riferimento/fasce_assenza.csv leave a gap or overlap, or cannot be read.
    """
    texts = ["fascia", "da_compreso", "a_compreso", "conseguenza"]
    rows = read_reference(reference("fasce_assenza.csv"), texts, ["da_pct", "a_pct"]).sort("da_pct", "a_pct")
    begin, end = (rows.row(n, named=True) if rows.height else dict.fromkeys(rows.columns) for n in (0, -1))
    joined = (rows["a_pct"][:-1] == rows["da_pct"][1:]).all() and (rows["a_compreso"][:-1] != rows["da_compreso"][1:]).all()
    if not joined or (begin["da_pct"], begin["da_compreso"], end["a_pct"], end["a_compreso"]) != (0, "S", 100, "S"):
        rule = "le fasce vanno da 0 a 100 senza vuoti, e ogni confine sta in una sola fascia (S o N)"
        msg = f"{shown(reference('fasce_assenza.csv'))}: {rule}"
        raise AnalisiError(msg)
    return rows


def absence() -> pl.Expr:
    """Absence of a participation, 0-100: hours planned and not attended; null without hours. Rounded (9 decimals): borders are met."""
    planned = pl.col("ore_previste")
    return pl.when(planned > 0).then((100 * (planned - pl.col("ore_frequentate")) / planned).round(9))


def attendance(corsi: pl.DataFrame, giorno: date) -> pl.DataFrame:
    """One row per class of absence, then courses not ended and hours not told: participations, those of workers in CIGS lists, quota (0-1).

    The quota is of the participations in ended courses with known hours; no row where there is no participation. SIUF does not say which
    absences have a good reason: no class is a sanction.

    Args:
        corsi: rows of SIUF with in_cigs (`misure_pal.placed`).
    """
    bands, value = absence_bands(), pl.col("_assenza")
    tests = {}
    for r in bands.iter_rows(named=True):
        low = value >= r["da_pct"] if r["da_compreso"] == "S" else value > r["da_pct"]
        high = value <= r["a_pct"] if r["a_compreso"] == "S" else value < r["a_pct"]
        tests[r["fascia"]] = low & high
    ended = (pl.col("data_fine") <= giorno).fill_null(value=False)
    first = [pl.when(test).then(pl.lit(name)) for name, test in tests.items()]
    named = pl.when(~ended).then(pl.lit(IN_CORSO)).when(value.is_null()).then(pl.lit(SENZA_ORE)).otherwise(pl.coalesce(first))
    rows = corsi.with_columns(absence().alias("_assenza")).with_columns(named.alias("fascia"))
    counts = rows.group_by("fascia").agg(pl.len().cast(pl.Int64).alias("partecipazioni"), pl.col("in_cigs").sum().cast(pl.Int64))
    order = pl.DataFrame({"fascia": [*tests, IN_CORSO, SENZA_ORE]}).join(
        bands.select("fascia", "conseguenza"), on="fascia", how="left", maintain_order="left"
    )
    found = order.join(counts, on="fascia", how="left", maintain_order="left").with_columns(
        pl.col("partecipazioni", "in_cigs").fill_null(0)
    )
    judged = pl.col("fascia").is_in(list(tests))
    base = pl.col("partecipazioni").filter(judged).sum()
    found = found.clear() if corsi.is_empty() else found
    return found.with_columns(pl.when(judged & (base > 0)).then(pl.col("partecipazioni") / base).alias("quota"))
