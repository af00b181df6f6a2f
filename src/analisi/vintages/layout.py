"""How the rows of a table lie in the archive: in the order that filters skip best, in even row groups, a large table in a folder a year."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
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
PIECE = 2_000_000  # rows in memory at a time: the smaller, the more files, and the slower the queries on a few days
ROW_GROUP = 64_000  # rows at most; the groups of a file are even, so that none is a leftover
SEED = 7
METHOD = f"polars {pl.__version__}: hash_rows, seme {SEED}, somma modulo 2^64"


def ordered(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The rows by their period, those without one first, and by key: there is one order only."""
    return frame.sort(_order(table), nulls_last=False, maintain_order=True)


def years(frame: pl.DataFrame, table: Table, *, whole: bool) -> Iterator[tuple[str, Callable[[], pl.DataFrame]]]:
    """For each year the name of its folder and its rows, moved only when asked for; `whole`: `ordered`, else by their period alone."""
    by = _order(table) if whole else [PERIOD[table.name]]
    fixed = [name for name in frame.columns if name not in by and _constant(frame[name])]
    moved, period = frame.drop(fixed).rechunk(), frame[by[0]]  # in one chunk, moving rows takes half the time
    alike = [pl.lit(frame[name].first(), dtype=frame.schema[name]).alias(name) for name in fixed]
    order = _by_day(period) if len(by) == 1 and period.dtype == pl.Date else _by_values(frame.select(by))
    year = period.dt.year() if period.dtype == pl.Date else period.cast(pl.String).str.slice(0, 4)
    first = 0
    for length, value in year.gather(order).rle().struct.unnest().iter_rows():
        rows = order[first : first + length]
        yield f"anno={'ignoto' if value is None else value}", partial(_gathered, moved, rows, alike, frame.columns)
        first += length


def _order(table: Table) -> list[str]:
    return list(dict.fromkeys([PERIOD[table.name], *table.key]))


def _gathered(frame: pl.DataFrame, rows: np.ndarray, alike: list[pl.Expr], columns: list[str]) -> pl.DataFrame:
    return frame[rows].with_columns(alike).select(columns)


def _by_values(keys: pl.DataFrame) -> np.ndarray:
    """Where the rows are by their values, those without one first."""
    return keys.select(pl.arg_sort_by(keys.columns, nulls_last=False, maintain_order=True)).to_series().to_numpy()


def _by_day(days: pl.Series) -> np.ndarray:
    """Where the rows are by day, as `_by_values`: small whole numbers are put in order in a quarter of the time."""
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


def write(frame: pl.DataFrame, table: Table, path: Path, *, synthetic: bool = False) -> Path:
    """Write rows in even groups, with statistics, and the name of their table in the properties of the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = ceil(frame.height / ceil(max(frame.height, 1) / ROW_GROUP)) or None
    label = {"title": SINTETICI, "description": SINTETICI} if synthetic else {}
    frame.write_parquet(path, compression_level=1, row_group_size=size, metadata={"tabella": table.name, **label})
    return path
