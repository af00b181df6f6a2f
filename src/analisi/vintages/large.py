"""A large typed Parquet in a snapshot: a piece at a time, so that memory does not grow with the file."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

import polars as pl

from analisi.errors import listing
from analisi.tables.schema import Table
from analisi.tables.summary import by_rule
from analisi.tables.validation import FAULTS
from analisi.tables.writing import counted
from analisi.vintages import layout, typed
from analisi.vintages.extracts import BY_COLUMNS, STOPPED, Rejected, describe, stem_of, written
from analisi.vintages.keys import Keys
from analisi.vintages.layout import added, content, years
from analisi.vocabulary import Territorio
from analisi.workspace import shown

MOST = 10_000  # rejected rows after which a file is not worth reading on
Told = Callable[[str, int, int], None]  # what is being done, how many rows of how many


def large(
    path: Path, table: Table, digest: str, folder: Path, where: Territorio, names: set[Path], told: Told, *, accept: bool
) -> dict[str, Any]:
    """Archive a typed Parquet a piece at a time: while one is written, the next is read and checked.

    Raises:
        Rejected: rows were rejected, and that was not accepted.
    """
    rows, stem = typed.height(path), stem_of(path, table, names)
    step = ceil(rows / ceil(rows / layout.PIECE))
    facts = _Gathered(table, path, where, accept)
    files: list[dict[str, Any]] = []
    hashes: list[Future[int]] = []
    waiting: Future[list[dict[str, Any]]] | None = None
    with Keys.of(table) as keys, ThreadPoolExecutor(3) as pool:
        if accept:  # what repeats a key must be known before it is written
            for first in range(0, rows, step):
                keys.add(pl.scan_parquet(path).slice(first, step).select(table.key).collect())
            facts.repeated = keys.repeated(path, rows, step)
        for number, first in enumerate(range(0, rows, step), start=1):
            frame = typed.piece(path, table, first, step)
            noted = None if accept else pool.submit(keys.add, frame)
            good = facts.accepted(frame, first)
            hashes.append(pool.submit(content, good))
            if noted:
                noted.result()
            if waiting:
                files += waiting.result()
            waiting = pool.submit(_pieces, good, table, folder, stem, number, synthetic=facts.synthetic)
            told(path.name, min(first + step, rows), rows)
        files += waiting.result() if waiting else []
        rows_hash = added(*(done.result() for done in hashes))
        if not accept:
            facts.reject(keys.repeated(path, rows, step))
    facts.require_clean()
    counts = {"righe": rows, "accettate": rows - facts.rejected, "scartate": facts.rejected, "totali": 0, "vuote": 0}
    unchecked = [*typed.single_row_rules(table, where)[1], *(link.code for link in table.links)]
    return describe(
        table, path, digest, counts, rows_hash, files, sintetica=facts.synthetic, estrazione=facts.extracted, errors=facts.errors,
        warned=facts.warned, doubts=[], how=BY_COLUMNS, unchecked=unchecked,
    )  # fmt: skip


def _pieces(frame: pl.DataFrame, table: Table, folder: Path, stem: Path, number: int, *, synthetic: bool) -> list[dict[str, Any]]:
    def one(part: tuple[str, Callable[[], pl.DataFrame]]) -> dict[str, Any]:
        year, rows = part
        return written(rows(), table, folder, stem / year / f"{stem.name}-{number:04}.parquet", synthetic=synthetic)

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # the engine frees the interpreter, and uses one core a file
        return list(pool.map(one, years(frame, table, whole=False)))


@dataclass
class _Gathered:
    """What is gathered of a large file while its pieces go by."""

    table: Table
    path: Path
    where: Territorio
    accept: bool
    repeated: pl.DataFrame | None = None
    rejected: int = 0
    synthetic: bool = False
    extracted: str | None = None
    errors: dict[str, int] = field(default_factory=dict)
    warned: dict[str, int] = field(default_factory=dict)
    told: list[pl.DataFrame] = field(default_factory=list)

    def accepted(self, frame: pl.DataFrame, first: int) -> pl.DataFrame:
        """The accepted rows of a piece that begins at row `first`. Raises: Rejected, after many faults that nobody accepts."""
        wrong, faults, errors, warned = typed.check(frame, self.table, self.where, first + 2)
        if self.repeated is not None:
            again = self.repeated.filter(pl.col("indice").is_between(first, first + frame.height, closed="left"))
            self.reject(again, count=False)
            wrong = wrong.scatter((again["indice"] - first).to_list(), True)
        self.told += [faults] if faults.height else []
        for tally, found in ((self.errors, errors), (self.warned, warned)):
            tally.update({rule: tally.get(rule, 0) + count for rule, count in found.items()})
        good = frame.filter(~wrong) if wrong.any() else frame
        self.rejected += frame.height - good.height
        if not self.accept and self.rejected > MOST:
            self.require_clean()
        if "natura" in good.columns:
            self.synthetic |= bool((good["natura"] == "sintetici").any())
            days = [day for day in (self.extracted, str(good["data_estrazione"].max() or "")) if day]
            self.extracted = max(days, default=None)
        return good

    def reject(self, again: pl.DataFrame, *, count: bool = True) -> None:
        """Note the rows that repeat a key; with `count` they were taken as accepted until now."""
        if again.is_empty():
            return
        self.rejected += again.height if count else 0
        self.errors["chiave"] = self.errors.get("chiave", 0) + again.height
        name = self.table.key[0]
        faults = again.head(typed.TOLD).select(
            (pl.col("indice") + 2).alias("riga"), pl.lit(self.table.names.index(name), dtype=pl.Int64).alias("posizione"),
            pl.lit(name).alias("colonna"), pl.lit(name).alias("intestazione"), pl.lit("ripetuto").alias("valore"),
            pl.lit("chiave").alias("regola"), pl.lit("errore").alias("gravita"),
            pl.format("ripete la chiave della riga {}; lasciarne una sola", pl.col("prima") + 2).alias("testo"),
        ).cast(FAULTS)  # fmt: skip
        self.told.append(faults)

    def require_clean(self) -> None:
        """Raises: Rejected when rows were rejected and that was not accepted: one line per rule, with the first rows."""
        if self.accept or not self.rejected:
            return
        lines = []
        for row in by_rule(pl.concat(self.told)).iter_rows(named=True):
            first = listing(f"riga {riga} {value}" for riga, value in zip(row["esempi"], row["valori"], strict=True))
            lines.append(f"{shown(self.path)}: {row['colonna']} [{row['regola']}]: {row['testo']}; {first}{', ...' * (row['righe'] > 3)}")
        msg = "\n".join([*lines, f"{counted(self.rejected, 'riga scartata', 'righe scartate')}: {STOPPED}"])
        raise Rejected(msg)
