"""CSV files as frames of text, and Italian numbers written in text."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import polars as pl

from analisi.errors import AnalisiError
from analisi.workspace import shown


def read_csv_text(path: Path) -> pl.DataFrame:
    """Rows of a CSV file as text, blanks as null: UTF-8 (with or without BOM) or cp1252; separated by comma, semicolon or tab.

    Raises:
        AnalisiError: the file is missing, empty or not text; a heading stands twice; a row has more or fewer fields than the heading.
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
    separator = max(",;\t", key=text.lstrip().splitlines()[0].count)
    try:
        heading, *rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=separator, strict=True) if row]
    except csv.Error as error:
        msg = f"{shown(path)}: non è una tabella CSV regolare (separatore «{separator}»): virgolette non chiuse o cella troppo lunga"
        raise AnalisiError(msg) from error
    twice = next((name for name in heading if heading.count(name) > 1), None)
    if twice is not None:
        msg = f"{shown(path)}, riga 1: la colonna «{twice}» compare più volte; lasciarne una sola"
        raise AnalisiError(msg)
    for number, row in enumerate(rows, start=2):
        if len(row) != len(heading) and any(row):
            fields = f"{len(row)} campi invece di {len(heading)} (separatore «{separator}»)"
            msg = f"{shown(path)}, riga {number}: {fields}; completare o correggere la riga"
            raise AnalisiError(msg)
    cells = [row if any(row) else [""] * len(heading) for row in rows]
    return pl.DataFrame(
        {name: [row[i] or None for row in cells] for i, name in enumerate(heading)}, schema=dict.fromkeys(heading, pl.String)
    )


_INTEGER = re.compile(r"[+-]?([0-9]{1,15}|[1-9][0-9]{0,2}(\.[0-9]{3}){1,4})")  # what a 64-bit count can hold


def parse_integer(text: str | None) -> int | None:
    """Whole number written as text, with or without Italian thousands points; None when it is not one.

    >>> parse_integer("1.615"), parse_integer("12,5"), parse_integer("-3")
    (1615, None, -3)
    """
    if text is None or not _INTEGER.fullmatch(text):
        return None
    return int(text.replace(".", ""))
