"""CSV files as sheets of text: UTF-8, UTF-16 or cp1252; separated by semicolon, comma or tab."""

from __future__ import annotations

import csv
import io
import mmap
import re
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl

from analisi.errors import AnalisiError
from analisi.sources.foglio import MAX_CELLS, MAX_COLUMNS, Foglio, refuse
from analisi.workspace import shown

MAX_BYTES = 2_000_000_000
BLOCK = 1 << 20
CHUNK = 100_000  # rows of an irregular file held as Python lists at a time


def read_text_sheet(path: Path) -> Foglio:
    """The cells of a CSV file. Rows with more or fewer fields than the widest of the first fifty are kept, and told in `ragged`.

    Raises:
        AnalisiError: the file cannot be opened, is empty, too large or not text; quotes are not closed.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise refuse(path, f"supera {MAX_BYTES // 10**9} GB; convertirlo in Parquet o dividerlo")
        quick = _quick(path) if size else None
    except OSError as error:
        raise refuse(path, f"il file non si può leggere ({error.strerror})") from error
    if quick is not None:
        return quick
    data, encoding = _utf8(path)
    separator = _separator(data)
    cells, ragged = _irregular(path, data, separator, _width(path, data, separator))
    return Foglio(path, None, "csv", cells, ragged=ragged, dressing=_dressing(encoding, separator))


def _dressing(encoding: str, separator: str) -> str:
    return f"CSV, {encoding}, separatore {'tabulazione' if separator == chr(9) else f'«{separator}»'}"


def _quick(path: Path) -> Foglio | None:
    """The sheet by the fast reader, when the file is UTF-8 and arithmetic proves that every row has as many fields; else None."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        head = data[:2_000_000]
        codes = np.frombuffer(data, np.uint8)
        try:
            if codes.min() < ord("\t") or head[:2] in (b"\xff\xfe", b"\xfe\xff") or head.isspace():
                return None
        finally:
            del codes
        separator = _separator(head)
        width = _width(path, data, separator)
        if not _regular(data, separator.encode(), width):
            return None
    schema = {f"c{i}": pl.String for i in range(width)}
    try:
        cells = pl.read_csv(path, separator=separator, has_header=False, schema=schema, infer_schema=False, glob=False)
    except (pl.exceptions.PolarsError, OverflowError):
        return None
    if head.count(b'"'):
        cells = cells.select(pl.all().replace("", None))
    return Foglio(path, None, "csv", cells, dressing=_dressing("UTF-8", separator))


def _utf8(path: Path) -> tuple[bytes, str]:
    """The bytes of the file as UTF-8 without BOM, with plain line ends, and the name of the encoding they had."""
    data = path.read_bytes()
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            data, encoding = data.decode("utf-16").encode(), "UTF-16"
        else:
            data, encoding = data.decode("utf-8-sig").encode(), "UTF-8"
    except UnicodeError:
        try:
            data, encoding = data.decode("cp1252").encode(), "cp1252"
        except UnicodeDecodeError:
            raise refuse(path, "il file non è un testo CSV né un foglio di calcolo riconosciuto") from None
    if not data or data.isspace():
        raise refuse(path, "il file è vuoto o non è un testo CSV")
    if np.frombuffer(data, np.uint8).min() < ord("\t"):
        raise refuse(path, "contiene byte nulli o altri caratteri di controllo: non è un testo CSV; esportarlo di nuovo")
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n") + b"\n", encoding


def _separator(data: bytes) -> str:
    """The mark that divides most of the first lines in the same number of fields, the most fields winning."""
    lines = [line for line in data[:100_000].decode("utf-8", "ignore").split("\n")[:30] if line.strip()]

    def weight(mark: str) -> tuple[int, int]:
        counts = [line.count(mark) for line in lines]
        usual = max((count for count in counts if count), key=lambda count: (counts.count(count), count), default=0)
        return counts.count(usual) if usual else 0, usual

    best = max(";\t,", key=weight)
    return best if weight(best)[1] else ";"


def _width(path: Path, data: bytes | mmap.mmap, separator: str) -> int:
    first = data[:2_000_000].decode("utf-8", "ignore")
    if max(line.count(separator) for line in first.split("\n", 50)[:50]) >= MAX_COLUMNS:
        raise refuse(path, f"più di {MAX_COLUMNS} colonne: non è una tabella che si possa leggere")
    try:
        width = max((len(row) for row in islice(csv.reader(io.StringIO(first), delimiter=separator), 50)), default=1)
    except csv.Error:
        width = max(line.count(separator) for line in first.split("\n", 50)[:50]) + 1
    if width * _count(data, b"\n") > MAX_CELLS:
        raise refuse(path, f"più di {MAX_CELLS // 10**6} milioni di celle; convertirlo in Parquet o dividerlo")
    return width


def _regular(data: mmap.mmap, mark: bytes, width: int) -> bool:
    """Whether every row has `width` fields: the separators outside quotes are as many as they should be, and no line is blank."""
    bare: bytes | mmap.mmap = data
    if data.find(b'"') >= 0:
        bare = re.sub(rb'(?<![^%b\n])"(?:[^"]|"")*"(?![^%b\r\n])' % (mark, mark), b"", data)
        if b'"' in bare:
            return False
    if data.find(b"\r") >= 0 and _count(bare, b"\r") != len(re.findall(rb"\r\n", bare)):
        return False
    lines = _count(bare, b"\n") + (bare[-1:] != b"\n")
    return _count(bare, mark) == (width - 1) * lines and (width > 1 or re.search(rb"\n\r?\n", bare) is None)


def _count(data: bytes | mmap.mmap, mark: bytes) -> int:
    """How many times a byte occurs: bytes.count, five times faster on large files."""
    codes = np.frombuffer(data, np.uint8)
    return sum(int(np.count_nonzero(codes[i : i + BLOCK] == mark[0])) for i in range(0, len(codes), BLOCK))


def _irregular(path: Path, data: bytes, separator: str, width: int) -> tuple[pl.DataFrame, dict[int, int]]:
    """The cells by the patient reader, and the rows whose number of fields is not `width`."""
    reader = csv.reader(io.StringIO(data.decode(), newline=""), delimiter=separator, strict=True)
    parts, ragged, start = [], {}, 1
    try:
        while rows := list(islice(reader, CHUNK)):
            ragged |= {start + i: len(row) for i, row in enumerate(rows) if len(row) != width and any(cell.strip() for cell in row)}
            columns = [[(row[i] or None) if i < len(row) else None for row in rows] for i in range(width)]
            parts.append(pl.DataFrame({f"c{i}": pl.Series(column, dtype=pl.String) for i, column in enumerate(columns)}))
            start += len(rows)
    except csv.Error as error:
        msg = f"non è una tabella CSV regolare (separatore «{separator}»): virgolette non chiuse o cella troppo lunga dopo la riga {start}"
        raise refuse(path, msg) from error
    return pl.concat(parts), ragged


def read_csv_text(path: Path) -> pl.DataFrame:
    """Rows of a small, regular CSV file as text, stripped, blanks as null; the first row is the heading.

    Raises:
        AnalisiError: the file is missing, empty or not text; a heading stands twice; a row has more or fewer fields than the heading.
    """
    sheet = read_text_sheet(path)
    heading = [(name or "").strip() for name in sheet.cells.row(0)]
    heading = heading[: sheet.ragged.get(1, len(heading))]
    twice = next((name for name in heading if heading.count(name) > 1), None)
    if twice is not None:
        msg = f"{shown(path)}, riga 1: la colonna «{twice}» compare più volte; lasciarne una sola"
        raise AnalisiError(msg)
    for riga, found, expected in sheet.odd_rows(1):
        msg = f"{shown(path)}, riga {riga}: {found} campi invece di {expected}; completare o correggere la riga"
        raise AnalisiError(msg)
    cells = sheet.cells.slice(1).select(pl.col(f"c{i}").str.strip_chars().replace("", None).alias(name) for i, name in enumerate(heading))
    return cells.filter(pl.any_horizontal(pl.all().is_not_null()))
