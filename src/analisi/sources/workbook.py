"""Sheets of XLSX, XLS and ODS workbooks as text, each cell by its own type; guarded against archives made to exhaust the machine."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from xml.parsers import expat

import fastexcel
import polars as pl

from analisi.errors import AnalisiError
from analisi.sources.foglio import MAX_COLUMNS, Foglio, letter, refuse

MAX_EXPANDED = 1_500_000_000  # bytes of an archive once expanded
MAX_AREA = 60_000_000  # cells of the rectangle that a sheet spans, blanks included
BLOCK = 1 << 22


def read_workbook(path: Path, kind: str) -> Iterator[Foglio]:
    """The sheets of a workbook, in their order; `kind` is xlsx, xls or ods.

    Raises:
        AnalisiError: the file is damaged, protected by a password, or expands beyond what a table can be.
    """
    guards = {}
    if kind == "xlsx":
        guards = _guard_xlsx(path)
    elif kind == "ods":
        _guard_ods(path)
    try:
        book = fastexcel.read_excel(str(path))
        names = list(book.sheet_names)
    except BaseException as error:
        raise _unreadable(path, error) from None
    for position, name in enumerate(names):
        cells = _load(path, book, position, "string")
        errors, uncomputed = guards.get(name, ({}, ()))
        errors = {place: text for place, text in errors.items() if place[0] < cells.height and place[1] < cells.width}
        for (row, column), text in errors.items():
            cells[row, column] = text
        number = _Numbers(path, book, position)
        metadata = _metadata(path) if kind == "xlsx" else {}
        yield Foglio(
            path, name, kind, cells, errors=errors, uncomputed=uncomputed, is_number=number, dressing=kind.upper(), metadata=metadata
        )


def _load(path: Path, book: fastexcel.ExcelReader, position: int, dtype: str) -> pl.DataFrame:
    try:
        sheet = book.load_sheet(position, header_row=None, skip_rows=0, dtypes=dtype)
        frame, before = sheet.to_polars(), min((c.absolute_index for c in sheet.available_columns()), default=0)
    except BaseException as error:
        raise _unreadable(path, error) from None
    if frame.width > MAX_COLUMNS:
        raise refuse(path, f"più di {MAX_COLUMNS} colonne: non è una tabella che si possa leggere")
    named = frame.select(pl.col(name).alias(f"c{i}") for i, name in enumerate(frame.columns, start=before))
    blank = [pl.lit(None, dtype=named.dtypes[0]).alias(f"c{i}") for i in range(before)]  # the reader begins at the first column used
    return named.select(*blank, pl.all()) if before else named


class _Numbers:
    """Which cells of a sheet the file stores as numbers, by column: a number converts to a truth value, a text or a date does not.

    The sheet is read once more, when first asked; columns are validated side by side, and the reader serves one at a time.
    """

    def __init__(self, path: Path, book: fastexcel.ExcelReader, position: int) -> None:
        self.source, self.lock, self.frame = (path, book, position), Lock(), None

    def __call__(self, column: int) -> pl.Series:
        with self.lock:
            if self.frame is None:
                self.frame = _load(*self.source, "boolean")
        return self.frame.to_series(column).is_not_null()


def _unreadable(path: Path, error: BaseException) -> BaseException:
    """The error to raise for a fault of the reader, whose panics are no ordinary exceptions; an interruption stays one."""
    if isinstance(error, AnalisiError | KeyboardInterrupt | SystemExit | GeneratorExit):
        return error
    if "password" in str(error).lower():
        return refuse(path, "è protetto da una password; aprirlo con Excel e salvarlo senza protezione")
    return refuse(path, "il foglio di calcolo è danneggiato o incompleto; aprirlo con Excel e salvarlo di nuovo come .xlsx")


def _members(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise refuse(path, "l'archivio è danneggiato o incompleto; chiedere di nuovo il file a chi lo ha inviato") from error


def _expand(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: list[int]) -> Iterator[bytes]:
    """What a member expands to, block by block, whatever size it declares; `budget` is what the whole archive may still expand to."""
    if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refuse(path, "l'archivio è cifrato o compresso in un modo non previsto")
    engine = zlib.decompressobj(-15) if member.compress_type == zipfile.ZIP_DEFLATED else None
    try:
        with path.open("rb") as file:
            file.seek(member.header_offset)
            head = file.read(30)
            file.seek(member.header_offset + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little"))
            left = member.compress_size
            while left > 0 and (block := file.read(min(left, BLOCK))):
                left -= len(block)
                while block:
                    data = engine.decompress(block, BLOCK * 4) if engine else block
                    block = engine.unconsumed_tail if engine else b""
                    budget[0] -= len(data)
                    if budget[0] < 0:
                        raise refuse(path, f"una volta aperto supera {MAX_EXPANDED // 10**6} MB: non è un foglio che si possa leggere")
                    yield data
    except (OSError, ValueError, zlib.error) as error:
        raise refuse(path, "l'archivio è danneggiato o incompleto; chiedere di nuovo il file a chi lo ha inviato") from error


_CELL = rb'<c (?:[^>]*? )?r="([A-Z]{1,3})([0-9]{1,7})"'
_ERROR = re.compile(_CELL + rb'[^>]*? t="e"[^>]*>(?:<f[^>]*?(?:/>|>[^<]*</f>))?<v>([^<]{1,20})</v>')
_ERROR_FIRST = re.compile(rb'<c (?=[^>]*t="e")[^>]*?r="([A-Z]{1,3})([0-9]{1,7})"[^>]*>(?:<f[^>]*?(?:/>|>[^<]*</f>))?<v>([^<]{1,20})</v>')
_UNCOMPUTED = re.compile(_CELL + rb"[^>]*><f[^>]*?(?:/>|>[^<]*</f>)(?:<v></v>|<v */>)?</c>")
_ROW = re.compile(rb'<row [^>]*?r="([0-9]{1,8})"')
_WIDE = re.compile(rb'r="([A-Z]{2,3})[0-9]')


def _place(column: bytes, row: bytes) -> tuple[int, int]:
    number = 0
    for mark in column:
        number = number * 26 + mark - 64
    return int(row) - 1, number - 1


def _guard_xlsx(path: Path) -> dict[str, tuple[dict[tuple[int, int], str], tuple[tuple[int, int], ...]]]:
    """Error cells and formulas without a stored value of each sheet, by its name; refuses what expands beyond measure.

    The fast reader cannot tell an error cell from a blank one: they are looked for in the sheet's own text.
    """
    archive, budget, found = _members(path), [MAX_EXPANDED], {}
    with archive:
        names = _sheet_names(path, archive, budget)
        for member in archive.infolist():
            if member.filename not in names:
                for _ in _expand(path, archive, member, budget):
                    pass
                continue
            errors, uncomputed, last_row, columns, tail = {}, [], 0, set(), b""
            cells = 0
            for data in _expand(path, archive, member, budget):
                text = tail + data
                cut = text.rfind(b"<c ")
                tail = text[cut:][-200_000:] if cut >= 0 else text[-200_000:]
                done = text[:cut] if cut >= 0 else b""
                cells += done.count(b"<c ")
                _look(done, errors, uncomputed)
                last_row = max(last_row, *map(int, _ROW.findall(done)), 0)
                columns |= set(_WIDE.findall(done))
            _look(tail, errors, uncomputed)
            last_row = max(last_row, *map(int, _ROW.findall(tail)), 0)
            columns |= set(_WIDE.findall(tail))
            width = max((_place(name, b"1")[1] + 1 for name in columns), default=26)
            if width > MAX_COLUMNS:
                raise refuse(path, f"un foglio arriva alla colonna {letter(width - 1)}: non è una tabella che si possa leggere")
            if last_row * width > max(MAX_AREA, 4 * cells):
                raise refuse(
                    path, f"un foglio arriva alla riga {last_row} e alla colonna {letter(width - 1)}, quasi tutto vuoto; ripulirlo"
                )
            found[names[member.filename]] = (errors, tuple(uncomputed))
    return found


def _look(text: bytes, errors: dict, uncomputed: list) -> None:
    if b't="e"' in text:
        for pattern in (_ERROR, _ERROR_FIRST):
            errors |= {_place(column, row): value.decode("utf-8", "replace") for column, row, value in pattern.findall(text)}
    if b"<f" in text:
        uncomputed += [_place(column, row) for column, row in _UNCOMPUTED.findall(text)]


def _sheet_names(path: Path, archive: zipfile.ZipFile, budget: list[int]) -> dict[str, str]:
    """Name of each sheet by the archive's member that holds it."""

    def text(name: str) -> str:
        member = next((member for member in archive.infolist() if member.filename == name), None)
        return b"".join(_expand(path, archive, member, budget))[: 1 << 22].decode("utf-8", "replace") if member else ""

    targets = {}
    for tag in re.findall(r"<(?:\w+:)?Relationship [^>]*>", text("xl/_rels/workbook.xml.rels")):
        marks = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        target = marks.get("Target", "")
        targets[marks.get("Id", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    names = {}
    for tag in re.findall(r"<(?:\w+:)?sheet [^>]*>", text("xl/workbook.xml")):
        marks = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if marks.get("id") in targets:
            names[targets[marks["id"]]] = _unescape(marks.get("name", ""))
    return names


def _unescape(text: str) -> str:
    from html import unescape

    return unescape(text)


def _metadata(path: Path) -> dict[str, str]:
    """Title, subject, keywords and description of the workbook's properties."""
    with _members(path) as archive:
        member = next((member for member in archive.infolist() if member.filename == "docProps/core.xml"), None)
        text = b"".join(_expand(path, archive, member, [1 << 22])).decode("utf-8", "replace") if member else ""
    return {name: _unescape(value) for name, value in re.findall(r"<(?:dc|cp):(title|subject|keywords|description)>([^<]*)<", text)}


def _guard_ods(path: Path) -> None:
    """Refuses a sheet whose repeated rows and columns span more cells than a table can have."""
    with _members(path) as archive:
        budget = [MAX_EXPANDED]
        widest, rows, row_repeat, width, filled = 0, 0, 1, 0, 0
        table = "table:table-"

        def start(tag: str, marks: dict[str, str]) -> None:
            nonlocal row_repeat, width, filled, rows, widest
            if tag == f"{table[:-1]}":
                rows = widest = 0
            elif tag == f"{table}row":
                row_repeat, width, filled = int(marks.get("table:number-rows-repeated", 1)), 0, 0
            elif tag in (f"{table}cell", "table:covered-table-cell"):
                width += int(marks.get("table:number-columns-repeated", 1))
                if "office:value-type" in marks or "table:formula" in marks:
                    filled = width

        def end(tag: str) -> None:
            nonlocal rows, widest
            if tag == f"{table}row":
                rows += row_repeat if filled else min(row_repeat, 1)
                widest = max(widest, filled)
                if widest > MAX_COLUMNS or rows * max(widest, 1) > MAX_AREA:
                    raise refuse(path, "un foglio ha righe o colonne ripetute oltre ciò che una tabella può avere; ripulirlo")

        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = start, end
        try:
            for member in archive.infolist():
                for data in _expand(path, archive, member, budget):
                    if member.filename == "content.xml":
                        parser.Parse(data)
        except (expat.ExpatError, ValueError) as error:
            raise refuse(path, "il foglio di calcolo è danneggiato; aprirlo con LibreOffice e salvarlo di nuovo") from error
