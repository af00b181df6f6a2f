"""How long reading and validating takes, against reading alone: ratios in one run, medians of five, and the peak memory of each.

Run: python benchmarks/lettura.py [ROWS_OF_CSV ROWS_OF_XLSX]. Synthetic rows of cigs_lavoratori, 15 columns, none with a fault.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
import xlsxwriter

from analisi.tables.catalogo import CIGS_LAVORATORI as TABLE
from analisi.tables.reading import leggi

COLUMNS = [
    "id_lavoratore", "id_procedura", "id_unita", "genere", "classe_eta", "cittadinanza_area", "qualifica", "professione_cp2021",
    "part_time_pct", "sigla_prov_domicilio", "data_inizio_sospensione", "data_fine_prevista", "ore_sospensione_pct",
    "stato_rapporto", "fonte",
]  # fmt: skip
WAYS = {
    "csv": ("polars, as text", "pl.read_csv(PATH, separator=';', infer_schema=False)", 3.0),
    "xlsx": ("polars.read_excel", "pl.read_excel(PATH)", 2.0),
}
OURS = "leggi(PATH, 'cigs_lavoratori')"


def rows(count: int) -> pl.DataFrame:
    """Worker rows that break no rule: every worker once, in 20.000 procedures."""
    rng = np.random.default_rng(1)

    def any_of(values: list[str]) -> pl.Series:
        return pl.Series(np.array(values)[rng.integers(0, len(values), count)])

    procedure = pl.Series(rng.integers(0, 20_000, count)).cast(pl.String).str.zfill(6)
    begins = np.datetime64("2025-01-01") + rng.integers(0, 365, count).astype("timedelta64[D]")
    made = {
        "id_lavoratore": pl.Series([f"{n:032x}" for n in rng.permutation(count)]),
        "id_procedura": "CIGS-2025-" + procedure,
        "id_unita": "CIGS-2025-" + procedure + "-01",
        "sigla_prov_domicilio": any_of(["BG", "BS", "CO", "CR", "LC", "LO", "MN", "MI", "MB", "PV", "SO", "VA"]),
        "professione_cp2021": any_of(["7.2.1", "6.1.2", "5.1.1"]),
        "part_time_pct": pl.Series(rng.integers(50, 101, count) * 1.0),
        "data_inizio_sospensione": pl.Series(begins).cast(pl.Date),
        "data_fine_prevista": pl.Series(begins + np.timedelta64(300, "D")).cast(pl.Date),
        "ore_sospensione_pct": pl.Series(rng.integers(20, 1001, count) / 10),
        "fonte": any_of(["Società dell'elenco", "Domanda di CIGS"]),
    }
    made |= {column.name: any_of(list(column.codes)) for column in TABLE.columns if column.codes}
    return pl.DataFrame({name: made[name] for name in COLUMNS})


def write(folder: Path, count: int, kind: str) -> Path:
    """The rows as an office would send them: Italian dates and decimals in the CSV, real dates and numbers in the workbook."""
    frame, path = rows(count), folder / f"elenco.{kind}"
    if kind == "csv":
        text = pl.col(pl.Float64).cast(pl.String).str.replace(".", ",", literal=True)
        frame.with_columns(text, pl.col(pl.Date).dt.to_string("%d/%m/%Y")).write_csv(path, separator=";")
        return path
    with xlsxwriter.Workbook(path, {"constant_memory": True, "default_date_format": "dd/mm/yyyy"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, COLUMNS)
        for number, row in enumerate(frame.iter_rows(), start=1):
            sheet.write_row(number, 0, row)
    return path


def seconds(path: Path, way: str) -> float:
    """Seconds of one reading in this process."""
    begin = time.perf_counter()
    eval(way, {"pl": pl, "leggi": leggi, "PATH": path})  # one of the three expressions above
    return time.perf_counter() - begin


def peak(path: Path, way: str) -> str:
    """Peak memory of a fresh process that reads the file once."""
    mark = "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"  # ru_maxrss would count the parent's
    lines = ["import re, polars as pl", "from analisi.tables.reading import leggi", f"PATH = {str(path)!r}", way, mark]
    if not Path("/proc/self/status").exists():
        return "not measured here"
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    return f"{int(done.stdout) / 1024:,.0f} MB"


def main() -> None:
    """Print one line for each way of reading, and the ratio."""
    counts = dict(zip(WAYS, map(int, sys.argv[1:] or (1_000_000, 100_000)), strict=True))
    with tempfile.TemporaryDirectory() as folder:
        for kind, (name, way, limit) in WAYS.items():
            path = write(Path(folder), counts[kind], kind)
            assert leggi(path).conteggio["accettate"] == counts[kind]  # also warms up
            times = {label: [] for label in (way, OURS)}
            for _ in range(5):
                for label, found in times.items():
                    found.append(seconds(path, label))
            alone, ours = (statistics.median(found) for found in times.values())
            print(f"{kind}, {counts[kind]:,} rows, 15 columns, {path.stat().st_size / 1e6:.0f} MB")
            print(f"  {name:<18} {alone:6.2f} s  peak {peak(path, way)}")
            print(f"  {'analisi':<18} {ours:6.2f} s  peak {peak(path, OURS)}")
            print(f"  ratio {ours / alone:.2f} (at most {limit})")


if __name__ == "__main__":
    main()
