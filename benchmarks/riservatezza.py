"""What protecting a table costs and what it protects: ours against hiding what the rule names and no more, and against pytauargus.

Run: python benchmarks/riservatezza.py. Workers of the printed tables (12 provinces x 3 procedures, each year), then four synthetic tables
of 107 x 3, seeded. Of each way: cells hidden beyond those the rule names, and totals among them; cells the rule protects that our audit
finds exposed (interval not as wide as the rule asks), known exactly, or computed by who alone contributes to another; seconds of
processor, our audit included in ours. Then the alternatives, on units and workers of both years together as pages publish them.

pytauargus is asked for the same thresholds (at least 3 sites, protection of 20 per cent, OPT); where it is not installed the run says so.
It promises neither 3 units at least nor anything on who contributes alone: what it leaves exposed is so by our rule, not by its own.

What must hold, and exits 1 if it does not: ours leaves no cell exposed or computed, but for those that hiding everything would leave too.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import polars as pl

from analisi.disclosure.celle import Sistema, cells
from analisi.disclosure.protezione import attacked, protect
from analisi.disclosure.regole import ARROTONDAMENTO, FASCE, SOPPRESSIONE, read_rules
from analisi.disclosure.soppressione import least, primary
from analisi.indicators.fonti import read_fonte

DIMS = {"provincia": "TOT", "procedura": "totale"}
RULES = read_rules()
HEADING = ("tavola", "modo", "celle", "protette", "secondarie", "totali", "esposte", "esatte", "dedotte", "secondi")


def synthetic(seed: int, provinces: int = 107) -> pl.DataFrame:
    """Sites and workers by provincia and procedura: few sites in most, some with none; workers of a site lognormal, median 20."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(provinces):
        size = rng.lognormal(1.0, 1.0)
        for code, part in (("a", 0.5), ("b", 0.4), ("d", 1.5)):
            sites = int(rng.poisson(size * part))
            rows.append((f"P{number:03}", code, sites, int(np.maximum(1, rng.lognormal(3, 1, sites)).astype(int).sum())))
    return pl.DataFrame(rows, schema=["provincia", "procedura", "unita_produttive", "lavoratori"], orient="row")


def system(frame: pl.DataFrame) -> Sistema:
    """Workers with both totals; sites tell who contributes."""
    return cells(frame, "casi_gestiti", DIMS, ["lavoratori"], lavoratori="lavoratori", sedi="unita_produttive")


def views(celle: pl.DataFrame, hidden: np.ndarray) -> pl.DataFrame:
    """What a publication says that hides those cells."""
    value = celle["valore"].to_numpy()
    ends = {"inf": np.where(hidden, least(celle), value), "sup": np.where(hidden, np.inf, value)}
    return celle.select("cella").with_columns(**{name: pl.Series(end) for name, end in ends.items()})


def judged(sistema: Sistema, hidden: np.ndarray) -> pl.DataFrame:
    """The cells as our audit finds them, when `hidden` are hidden and the others printed."""
    celle = primary(sistema.celle, RULES)
    return attacked(Sistema(celle, sistema.vincoli), views(celle, hidden), SOPPRESSIONE)


def line(name: str, way: str, celle: pl.DataFrame, hidden: np.ndarray, seconds: float | None) -> dict[str, object]:
    """One line of the table of results."""
    named, more = celle["motivo"].is_not_null(), pl.Series(hidden) & celle["motivo"].is_null()
    exact = named & (celle["da"] == celle["a"])
    counts = (
        len(celle),
        named.sum(),
        more.sum(),
        (more & (celle["totali"] > 0)).sum(),
        celle["esposta"].sum(),
        exact.sum(),
        celle["dedotta"].sum(),
    )
    return dict(zip(HEADING, (name, way, *counts, seconds), strict=True))


def tauargus(frame: pl.DataFrame, celle: pl.DataFrame) -> tuple[np.ndarray, float]:
    """What pytauargus hides, from one row for each site with the workers of its cell shared out, and its seconds."""
    from pytauargus import protect as tau_protect

    sites = frame.filter(pl.col("unita_produttive") > 0).select(
        "provincia", "procedura", pl.int_ranges(pl.col("unita_produttive")).alias("sede"), "unita_produttive", "lavoratori"
    )
    share = pl.col("lavoratori") // pl.col("unita_produttive") + (pl.col("sede") < pl.col("lavoratori") % pl.col("unita_produttive"))
    micro = sites.explode("sede").select("provincia", "procedura", share.alias("lavoratori"))
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        result = tau_protect(
            micro, ["provincia", "procedura"], response="lavoratori", safety_rules="FREQ(3,20)", suppress="OPT(1)", workdir=folder
        )
        seconds = time.process_time() - start
        rows = [(r["provincia"], r["procedura"], r["status"]) for r in result.tables[0].rows]
    parts = pl.DataFrame(rows, schema=["provincia", "procedura", "stato"], orient="row").filter(pl.col("stato").is_in(["U", "M"]))
    text = pl.lit("casi_gestiti.lavoratori")
    for dim in ("procedura", "provincia"):
        text += pl.when(pl.col(dim).is_in(["", "Total"])).then(pl.lit("")).otherwise(pl.lit(f" {dim}=") + pl.col(dim))
    return celle["cella"].is_in(parts.select(text).to_series().implode()).to_numpy(), seconds


def compared(name: str, frame: pl.DataFrame) -> Iterator[dict[str, object]]:
    """The ways on one table."""
    sistema = system(frame)
    named = primary(sistema.celle, RULES)["motivo"].is_not_null().to_numpy()
    yield line(name, "solo primarie", judged(sistema, named), named, 0.0)
    if find_spec("pytauargus"):
        hidden, seconds = tauargus(frame, sistema.celle)
        yield line(name, "pytauargus", judged(sistema, hidden | named), hidden | named, seconds)
    start = time.process_time()
    ours = protect(sistema, RULES)
    hidden = (ours.celle["segno"] == "*").fill_null(False).to_numpy()
    yield line(name, "nostro", ours.celle, hidden, time.process_time() - start)
    everything = (ours.celle["valore"] > 0).to_numpy() | named
    yield line(name, "tutto nascosto", judged(sistema, everything), everything, None)


def alternatives(casi: pl.DataFrame) -> None:
    """Units and workers of both years, as pages publish them, by each method."""
    sistema = cells(
        casi, "casi_gestiti", {"anno": "", **DIMS}, ["unita_produttive", "lavoratori"], lavoratori="lavoratori", sedi="unita_produttive"
    )
    for method, base in ((SOPPRESSIONE, 3), (ARROTONDAMENTO, 3), (ARROTONDAMENTO, 5), (FASCE, 3)):
        rules = replace(RULES, tavole={name: replace(rule, metodo=method, base=base) for name, rule in RULES.tavole.items()})
        start = time.process_time()
        summary = protect(sistema, rules).summary
        print(f"{method} {base if method == ARROTONDAMENTO else ''} {time.process_time() - start:.1f} s")
        print(summary)


def main() -> int:
    """Print the tables of results; 1 if ours leaves a cell that it could have protected."""
    casi = read_fonte().casi
    if not find_spec("pytauargus"):
        print("pytauargus non è installato (pip install pytauargus): confronto senza di esso")
    tables = {f"tavola {anno}": casi.filter(pl.col("anno") == anno).drop("anno") for anno in sorted(casi["anno"].unique())}
    tables |= {f"107 x 3, seme {seed}": synthetic(seed) for seed in range(4)}
    rows = pl.DataFrame([row for name, frame in tables.items() for row in compared(name, frame)])
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=200, float_precision=2, tbl_hide_dataframe_shape=True):
        print(rows)
        alternatives(casi)
    ours, never = (rows.filter(pl.col("modo") == way).select("esposte", "dedotte") for way in ("nostro", "tutto nascosto"))
    return 0 if ours.equals(never) else 1


if __name__ == "__main__":
    sys.exit(main())
