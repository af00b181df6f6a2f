"""CSV files as frames of text, and Italian numbers written in text."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from analisi.errors import AnalisiError
from analisi.workspace import shown


def read_csv_text(path: Path) -> pl.DataFrame:
    """Rows of a CSV file as text, blanks as null: UTF-8 (with or without BOM) or cp1252; separated by comma, semicolon or tab.

    Raises:
        AnalisiError: the file is missing, empty, not text, or a row has more fields than the heading.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        msg = f"{shown(path)}: il file non si può leggere ({error.strerror})"
        raise AnalisiError(msg) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    if not text.strip() or "\0" in text:
        msg = f"{shown(path)}: il file è vuoto o non è un testo CSV"
        raise AnalisiError(msg)
    heading = text.lstrip().splitlines()[0]
    separator = max(",;\t", key=heading.count)
    try:
        frame = pl.read_csv(text.encode(), separator=separator, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        msg = f"{shown(path)}: non è una tabella CSV regolare (separatore «{separator}»): una riga ha più campi dell'intestazione o virgolette non chiuse"
        raise AnalisiError(msg) from error
    frame = frame.rename({name: name.strip() for name in frame.columns})
    stripped = pl.all().str.strip_chars()
    return frame.with_columns(pl.when(stripped != "").then(stripped).name.keep())


_INTEGER = re.compile(r"[+-]?([0-9]{1,15}|[0-9]{1,3}(\.[0-9]{3}){1,4})")  # what a 64-bit count can hold


def parse_integer(text: str | None) -> int | None:
    """Whole number written as text, with or without Italian thousands points; None when it is not one.

    >>> parse_integer("1.615"), parse_integer("12,5"), parse_integer("-3")
    (1615, None, -3)
    """
    if text is None or not _INTEGER.fullmatch(text):
        return None
    return int(text.replace(".", ""))
