"""Whether a key comes twice in a file larger than memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl

from analisi.tables.schema import Table
from analisi.vintages.layout import SEED

_BUCKETS = 64  # files of hashes, by their first bits: one at a time is looked at in memory


class Keys:
    """The hashes of the keys seen so far, on disk."""

    def __init__(self, table: Table, folder: Path) -> None:
        """`folder` is where the hashes are kept."""
        self.table = table
        self.buckets = [folder / str(number) for number in range(_BUCKETS)]

    @classmethod
    @contextmanager
    def of(cls, table: Table) -> Iterator[Keys]:
        """No key yet, in a folder that is gone at the end."""
        with tempfile.TemporaryDirectory(prefix="analisi-chiavi-") as folder:
            yield cls(table, Path(folder))

    def add(self, frame: pl.DataFrame) -> None:
        """Note the keys of some rows."""
        hashes = _whole(frame.select(self.table.key), self.table).hash_rows(seed=SEED).to_numpy()
        numbers = (hashes >> np.uint64(58)).astype(np.uint8)
        parts = np.split(hashes[np.argsort(numbers, kind="stable")], np.bincount(numbers, minlength=_BUCKETS).cumsum()[:-1])
        for bucket, part in zip(self.buckets, parts, strict=True):
            with bucket.open("ab") as file:
                part.tofile(file)

    def repeated(self, path: Path, rows: int, step: int) -> pl.DataFrame:
        """One row per row of the file that repeats the key of an earlier one: `indice` (from 0) and `prima`, that of the first.

        The rows whose hashes are equal are read again, as two keys may have one hash.
        """
        seen = np.concatenate([_twice(np.fromfile(bucket, dtype=np.uint64)) for bucket in self.buckets])
        if not len(seen):
            return pl.DataFrame(schema={"indice": pl.Int64, "prima": pl.Int64})
        parts = []
        for first in range(0, rows, step):
            keys = pl.scan_parquet(path).slice(first, step).select(self.table.key).with_row_index("indice", offset=first).collect()
            keys = _whole(keys, self.table)
            parts.append(keys.filter(keys.drop("indice").hash_rows(seed=SEED).is_in(pl.Series(seen).implode())))
        keys = pl.concat(parts).with_columns(pl.col("indice").cast(pl.Int64))
        keys = keys.with_columns(pl.col("indice").min().over(list(self.table.key)).alias("prima"))
        return keys.filter(pl.col("indice") > pl.col("prima")).select("indice", "prima").sort("indice")


def _whole(keys: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The rows whose required parts of the key are there: the others are at fault for that."""
    return keys.drop_nulls([name for name in table.key if table.column(name).required])


def _twice(hashes: np.ndarray) -> np.ndarray:
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
