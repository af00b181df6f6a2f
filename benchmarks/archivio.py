"""What archiving costs against plainly rewriting the file, and what queries gain: ratios in one run, medians of five.

Run: python benchmarks/archivio.py [ROWS [ROUNDS [FOLDER]]]. Synthetic communications (siul_cob), 22 typed columns, ten years in no order,
in one Parquet file; 1.000.000 rows unless told (20.000.000 and 100.000.000 are possible: about 30 bytes a row on disk, twice).

Archiving reads, checks every row, seeks repeated keys, sorts, writes by year, reads back what it wrote, compares it and hashes it; beside
it polars reads the same file and writes it again (`scan_parquet(...).sink_parquet(...)`), and does so sorted, which needs all of it in
memory (left out beyond 20.000.000 rows). Each in a process of its own, imports aside,
with its processor time and its peak memory. Then three queries, in polars and in DuckDB, on the unsorted file and on the archive.

What must hold, and exits 1 if it does not: archiving takes at most 1,3 times the plain rewriting; each query is at least 2 times faster.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from analisi.sources.snapshots import archived_files
from analisi.tables.catalogo import SIUL_COB
from analisi.vintages.reading import scan

STEP, IN_MEMORY = 2_000_000, 20_000_000
KINDS, SHARES = np.array(["ASSUNZIONE", "PROROGA", "TRASFORMAZIONE", "CESSAZIONE"]), (0.5, 0.15, 0.05, 0.3)
MOST, LEAST = 1.3, 2.0
MEASURED = """
import json, resource, sys, time
from datetime import date
from pathlib import Path
import polars as pl
from analisi.vintages.archiving import archivia
source, target = Path(sys.argv[1]), Path(sys.argv[2])
begun, spent = time.perf_counter(), time.process_time()
{what}
seconds, processor = time.perf_counter() - begun, time.process_time() - spent
print(json.dumps([seconds, processor, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
PLAIN = 'pl.scan_parquet(source).sink_parquet(target / "piano.parquet")'
SORTED = 'pl.scan_parquet(source).sort("data_inizio").sink_parquet(target / "ordinato.parquet", compression_level=1)'
OURS = 'archivia([source], target / "archivio", date(2026, 1, 1))'
QUARTER, YEAR = (date(2024, 4, 1), date(2024, 6, 30)), (date(2024, 1, 1), date(2024, 12, 31))
WINDOW = (date(2024, 4, 1), date(2024, 9, 28))
HIRED, HIRED_SQL = pl.col("tipo_comunicazione") == "ASSUNZIONE", "tipo_comunicazione = 'ASSUNZIONE'"
QUERIES = {  # days; in polars, of their rows and of some persons; in SQL
    "assunzioni di un trimestre per comune": (
        QUARTER,
        lambda rows, _: rows.filter(HIRED).group_by("comune_sede_lavoro").len(),
        f"select comune_sede_lavoro, count(*) from {{rows}} where {{days}} and {HIRED_SQL} group by 1",
    ),
    "lavoratori distinti di un anno": (
        YEAR,
        lambda rows, _: rows.select(pl.col("id_lavoratore").n_unique()),
        "select count(distinct id_lavoratore) from {rows} where {days}",
    ),
    "rioccupati di 20.000 persone in 180 giorni": (
        WINDOW,
        lambda rows, people: (
            rows.filter(HIRED).join(people.lazy(), on="id_lavoratore", how="semi").select(pl.col("id_lavoratore").n_unique())
        ),
        f"select count(distinct id_lavoratore) from {{rows}} where {{days}} and {HIRED_SQL} "
        "and id_lavoratore in (select id_lavoratore from {people})",
    ),
}


def rows(count: int, first: int, seed: int) -> pl.DataFrame:
    """Communications that break no rule, with numbers from `first`: ten years in no order, a person every 20 rows or so."""
    rng = np.random.default_rng(seed)

    def one_of(values: list[str] | np.ndarray, shares: tuple[float, ...] | None = None) -> pl.Series:
        codes = pl.Series(rng.choice(len(values), count, p=shares), dtype=pl.UInt32)
        return pl.Series(list(values)).gather(codes)

    begins = np.datetime64("2016-01-01") + rng.integers(0, 3652, count).astype("timedelta64[D]")
    ends = begins + rng.integers(1, 400, count).astype("timedelta64[D]")
    base = rng.integers(0, 200_000, count) * 1000 + 12_000_000_000 // 10 + 97  # seven digits, then the office 097
    digits = [base // 10**place % 10 for place in range(10)]
    total = sum(np.where(d > 4, 2 * d - 9, 2 * d) if place % 2 == 0 else d for place, d in enumerate(digits))
    person = pl.Series(rng.integers(0, 5_000_000, count))
    frame = pl.DataFrame(
        {
            "id_comunicazione": "COB-" + pl.Series(np.arange(first, first + count)).cast(pl.String).str.zfill(12),
            "tipo_comunicazione": one_of(KINDS, SHARES), "modello": one_of(["UNILAV", "UNIURG"], (0.97, 0.03)),
            "id_lavoratore": (person.hash(1).cast(pl.String).str.zfill(20) + person.cast(pl.String).str.zfill(12)),
            "cf_datore": pl.Series(base * 10 + (10 - total % 10) % 10).cast(pl.String).str.zfill(11),
            "ateco": one_of(["25.62", "10.71", "47.11", "49.41", "56.10"]),
            "comune_sede_lavoro": one_of([f"{letter}{number}" for letter in "ABCDEFGH" for number in range(100, 290)]),
            "tipo_contratto": one_of(["A.01.00", "A.02.00", "B.01.00"]), "qualifica_cp": one_of(["7.2.1", "6.1.2", "5.1.1", "8.1.3"]),
            "orario": one_of(["FT", "PT"]), "data_inizio": pl.Series(begins).cast(pl.Date), "fine": pl.Series(ends).cast(pl.Date),
            "data_invio": pl.Series(begins - rng.integers(0, 5, count).astype("timedelta64[D]")).cast(pl.Date),
        }
    )  # fmt: skip
    over = pl.col("tipo_comunicazione") == "CESSAZIONE"
    frame = frame.with_columns(
        pl.when(pl.col("tipo_contratto") != "A.01.00").then("fine").alias("data_fine_prevista"),
        pl.when(over).then("fine").alias("data_cessazione"), pl.when(over).then(pl.lit("DM")).alias("causa_cessazione"),
        annullata=pl.lit("N"), fonte=pl.lit("SIUL"), versione_tracciato=pl.lit("1.0"), natura=pl.lit("sintetici"),
    )  # fmt: skip
    here = frame.columns
    return frame.select(pl.col(n) if n in here else pl.lit(None, dtype=t).alias(n) for n, t in SIUL_COB.schema.items())


def generate(folder: Path, count: int) -> Path:
    """The unsorted file, made a piece at a time."""
    parts = []
    for number, first in enumerate(range(0, count, STEP)):
        parts.append(folder / f"parte-{number:04}.parquet")
        rows(min(STEP, count - first), first, number).write_parquet(parts[-1])
    source = folder / "siul_cob.parquet"
    pl.scan_parquet(parts).sink_parquet(source)
    for part in parts:
        part.unlink()
    return source


def measured(what: str, source: Path) -> tuple[list[float], Path]:
    """Seconds, seconds of processor and peak megabytes of one way; and where it wrote."""
    target = Path(tempfile.mkdtemp(dir=source.parent))
    done = subprocess.run([sys.executable, "-c", MEASURED.format(what=what), source, target], capture_output=True, text=True, check=True)
    return json.loads(done.stdout), target


def queried(source: Path, archive: Path, rounds: int) -> bool:
    """Print how much faster each query is on the archive; whether each is fast enough."""
    people = scan(archive, SIUL_COB.name).select(pl.col("id_lavoratore").unique()).head(20_000).collect()
    people.write_parquet(source.with_name("persone.parquet"))
    names = {"people": f"'{source.with_name('persone.parquet')}'"}
    files = {"file": [source], "archivio": list(archived_files(archive, SIUL_COB.name))}
    good = True
    for name, (days, query, sql) in QUERIES.items():
        names["days"] = "data_inizio between '{}' and '{}'".format(*days)
        for engine in ("polars", "duckdb"):
            times, answers = {where: [] for where in files}, []
            for _ in range(rounds):
                for where, listed in files.items():
                    begun = time.perf_counter()
                    if engine == "polars":
                        lazy = pl.scan_parquet(listed, hive_partitioning=False).filter(pl.col("data_inizio").is_between(*days))
                        answer = query(lazy, people).collect(engine="streaming").rows()
                    else:
                        answer = duckdb.sql(sql.format(rows=f"read_parquet({[str(file) for file in listed]})", **names)).fetchall()
                    times[where].append(time.perf_counter() - begun)
                    answers.append(sorted(answer))
            before, after = (statistics.median(values) for values in times.values())
            agree = all(answer == answers[0] for answer in answers)
            good &= agree and before / after >= LEAST
            said = f"{before:9.3f} s  {after:9.3f} s  {before / after:6.1f} volte{'' if agree else '  RISULTATI DIVERSI'}"
            print(f"{name:46}{engine:8}{said}", flush=True)
    return good


def compared(source: Path, count: int, rounds: int) -> tuple[float, Path]:
    """Print what archiving costs against rewriting; the ratio of their times, and an archive."""
    ways = {"piano": PLAIN, "ordinato": SORTED, "archivia": OURS}
    if count > IN_MEMORY:
        del ways["ordinato"]
    found: dict[str, list[list[float]]] = {name: [] for name in ways}
    target = None
    for _ in range(rounds):
        for name, what in ways.items():
            if target:
                shutil.rmtree(target)
            figures, target = measured(what, source)
            found[name].append(figures)
    for name, figures in found.items():
        seconds, processor, memory = (statistics.median(column) for column in zip(*figures, strict=True))
        speed = f"{count / seconds / 1e6:6.2f} milioni di righe al secondo"
        print(f"{name:10}{seconds:9.2f} s  processore {processor:9.2f} s  memoria {memory:7.0f} MB  {speed}")
    pairs = list(zip(found["piano"], found["archivia"], strict=True))
    spent, work = (statistics.median(ours[place] / plain[place] for plain, ours in pairs) for place in (0, 1))
    print(f"tempo {spent:.2f} volte (promesso: al più {MOST}), lavoro del processore {work:.2f} volte", flush=True)
    return spent, target / "archivio"


def main() -> None:
    """Run and print; exit 1 when a promise is not kept."""
    count, rounds, place = (*sys.argv[1:4], *("1000000", "5", "")[len(sys.argv) - 1 :])
    with tempfile.TemporaryDirectory(dir=place or None) as folder:
        source = generate(Path(folder), int(count))
        size, load = source.stat().st_size / 1e6, os.getloadavg()[0]
        print(f"{int(count):,} righe, {size:.0f} MB; {os.cpu_count()} processori, carico all'inizio {load:.1f}", flush=True)
        spent, archive = compared(source, int(count), int(rounds))
        fast = queried(source, archive, int(rounds))
    sys.exit(0 if spent <= MOST and fast else 1)


if __name__ == "__main__":
    main()
