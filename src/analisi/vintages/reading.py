"""The archived rows of a table, read as they are needed: for what does not fit in memory."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from analisi.errors import AnalisiError
from analisi.sources.snapshots import archived_files, tables
from analisi.workspace import shown


def scan(archive: Path, tabella: str) -> pl.LazyFrame:
    """The rows of a table in force in an archive (or as it was on a day); its files are not compared with their hashes.

    Raises:
        AnalisiError: the archive has no such table on that day.
    """
    files = list(archived_files(archive, tabella))
    if not files:
        msg = f"{shown(archive)}: l'archivio non ha la tabella {tabella}; ha {', '.join(tables(archive))}"
        raise AnalisiError(msg)
    return pl.scan_parquet(files, hive_partitioning=False)
