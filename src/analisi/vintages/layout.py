"""How the rows of a table lie in the archive: in the order that filters skip best, in even row groups, a large table in a folder a year."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from pathlib import Path

import numpy as np
import polars as pl

from analisi.tables.schema import Table
from analisi.tables.writing import SINTETICI

PERIOD = {  # the column that dates a row: what reports filter by most, and what gives the year of a large table's folder
    "vol_procedure": "data_apertura",
    "cigs_lavoratori": "data_inizio_sospensione",
    "monitoraggio_pal": "trimestre",
    "monitoraggio_pal_lavoratori": "trimestre",
    "misure": "data_presa_in_carico",
    "siul_cob": "data_inizio",
    "siuf_corsi": "data_avvio",
    "registro_tavoli": "data",
    "casi_gestiti": "anno",
}
LARGE = 500_000  # rows from which a file is archived in pieces, in a folder a year, and a typed Parquet is checked by columns
PIECE = 2_000_000  # rows in memory at a time
ROW_GROUP = 250_000  # rows at most; the groups of a file are even, so that none is a leftover
SEED = 7
METHOD = f"polars {pl.__version__}: hash_rows, seme {SEED}, somma modulo 2^64"


def ordered(frame: pl.DataFrame, table: Table, *, whole: bool) -> pl.DataFrame:
    """The rows by their period, those without one first; with `whole` also by key, which leaves one order only."""
    by = list(dict.fromkeys([PERIOD[table.name], *(table.key if whole else ())]))
    fixed = [name for name in frame.columns if name not in by and _constant(frame[name])]
    moved = frame.drop(fixed).rechunk()  # in one chunk, moving rows takes half the time
    days = len(by) == 1 and moved.schema[by[0]] == pl.Date
    moved = moved[_by_day(moved[by[0]])] if days else moved.sort(by, nulls_last=False, maintain_order=True)
    return moved.with_columns(pl.lit(frame[name].first(), dtype=frame.schema[name]).alias(name) for name in fixed).select(frame.columns)


def _by_day(days: pl.Series) -> np.ndarray:
    """Where the rows are by day, those without one first: small whole numbers are put in order in a quarter of the time."""
    numbers = days.to_physical()
    return np.argsort((numbers - numbers.min()).fill_null(-1).shrink_dtype().to_numpy(), kind="stable")


def _constant(values: pl.Series) -> bool:
    """Whether all rows have one value, or none has any: they need not be moved."""
    if values.is_empty() or values.null_count():
        return values.null_count() == len(values)
    return values.first() == values.last() and bool((values == values.first()).all())


def content(frame: pl.DataFrame) -> int:
    """A number that says which rows there are, and how many times, in whatever order: the sum of their hashes.

    >>> content(pl.DataFrame({"a": [1, 2]})) == content(pl.DataFrame({"a": [2, 1]}))
    True
    """
    return int(frame.hash_rows(seed=SEED).to_numpy().sum(dtype=np.uint64)) if frame.height else 0


def added(*contents: int) -> int:
    """The number of the rows of several frames together."""
    return sum(contents) % 2**64


def years(frame: pl.DataFrame, table: Table) -> Iterator[tuple[str, pl.DataFrame]]:
    """The rows of each year, by the name of its folder; the frame is in the order of `ordered`."""
    period = frame[PERIOD[table.name]]
    text = period.dt.year().cast(pl.String) if period.dtype == pl.Date else period.cast(pl.String).str.slice(0, 4)
    runs, first = text.fill_null("ignoto").rle().struct.unnest(), 0
    for length, year in runs.select("len", "value").iter_rows():
        yield f"anno={year}", frame.slice(first, length)
        first += length


def write(frame: pl.DataFrame, table: Table, path: Path, *, synthetic: bool = False) -> Path:
    """Write rows in even groups, with statistics, and the name of their table in the properties of the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = ceil(frame.height / ceil(max(frame.height, 1) / ROW_GROUP)) or None
    label = {"title": SINTETICI, "description": SINTETICI} if synthetic else {}
    frame.write_parquet(path, compression_level=1, row_group_size=size, metadata={"tabella": table.name, **label})
    return path
