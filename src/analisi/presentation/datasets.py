"""Data files of a report: what each holds, declared once, for the files, the workbook and the dictionary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from analisi.disclosure.segni import SEGNO
from analisi.presentation.blocks import Block, Col, dataset
from analisi.vocabulary import INTERNO

Campo = tuple[str, str, str]  # heading in the workbook, format (see `formats.FORMATS`), what it means


@dataclass(frozen=True)
class DataFile:
    """A data file: title, what one row is, its columns in order. Shares of 0-1 with format "quota" are written from 0 to 100.

    `cases`: its rows tell single cases, so that only the internal profile has the file.
    """

    title: str
    row: str
    columns: Mapping[str, Campo]
    cases: bool = False


def data_blocks(
    files: Mapping[str, DataFile], frames: Mapping[str, pl.DataFrame], *, source: str, profilo: str = INTERNO, notes: Sequence[str] = ()
) -> list[Block]:
    """The data files of a report, unrounded: one for each frame, by name, with the declared columns; days as aaaa-mm-gg, yes and no in words."""
    blocks = []
    for name, frame in frames.items():
        file = files[name]
        if file.cases and profilo != INTERNO:
            continue
        signs = [column + SEGNO for column in file.columns if column + SEGNO in frame.columns]
        rows = frame.select(*file.columns, *signs).with_columns(pl.col(pl.Date).dt.to_string("%Y-%m-%d"), _in_words(pl.col(pl.Boolean)))
        columns = [Col(column, label, style) for column, (label, style, _) in file.columns.items()]
        blocks.append(dataset(rows, columns, name=name, title=file.title, notes=notes, source=source))
    return blocks


def _in_words(flag: pl.Expr) -> pl.Expr:
    return pl.when(flag).then(pl.lit("sì")).when(~flag).then(pl.lit("no")).name.keep()
