"""What a workbook's archive holds, before a fast reader opens it: bounds on its size, error cells, formulas without a value."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np

from analisi.sources.foglio import MAX_COLUMNS, letter, refuse

MAX_EXPANDED = 1_500_000_000  # bytes of an archive once expanded
MAX_AREA = 60_000_000  # cells of the rectangle that a sheet spans, blanks included
BLOCK = 1 << 22
Handler = Callable[..., None]
DAMAGED = "l'archivio è danneggiato o incompleto; chiedere di nuovo il file a chi lo ha inviato"
UNREADABLE = "il foglio di calcolo è danneggiato; aprirlo con Excel o LibreOffice e salvarlo di nuovo"


@dataclass
class Traits:
    """What a fast reader does not tell of a sheet: cells (row, column) in error, formulas without a stored value, how far it reaches."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    uncomputed: list[tuple[int, int]] = field(default_factory=list)
    cells: int = 0
    rows: int = 0
    columns: int = 26


def members(path: Path) -> zipfile.ZipFile:
    """The archive of a workbook. Raises: AnalisiError when it is damaged."""
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise refuse(path, DAMAGED) from error


def expand(path: Path, member: zipfile.ZipInfo, budget: list[int]) -> Iterator[bytes]:
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
        raise refuse(path, DAMAGED) from error


def _tree(path: Path, archive: zipfile.ZipFile, name: str) -> list[ElementTree.Element]:
    """The elements of a small member; none when it is not there."""
    member = next((member for member in archive.infolist() if member.filename == name), None)
    if member is None:
        return []
    try:
        return list(ElementTree.fromstring(b"".join(expand(path, member, [1 << 24]))).iter())
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise refuse(path, UNREADABLE) from error


def _local(name: str) -> str:
    return name.rsplit("}", 1)[-1]


def guard_xlsx(path: Path) -> tuple[dict[str, Traits], dict[str, str]]:
    """Traits of each sheet by its name, and the properties of the workbook ("date1904" among them).

    Raises:
        AnalisiError: the archive is damaged, or expands or spans beyond what a table can be.
    """
    budget, found = [MAX_EXPANDED], {}
    with members(path) as archive:
        names, properties = _book(path, archive)
        for member in archive.infolist():
            if member.filename in names or member.filename.lower().startswith("xl/worksheets/"):
                traits = _scan(path, member, budget)
                _check_reach(path, traits)
                found[names.get(member.filename, member.filename)] = traits
            else:
                for _ in expand(path, member, budget):
                    pass
    return found, properties


def _book(path: Path, archive: zipfile.ZipFile) -> tuple[dict[str, str], dict[str, str]]:
    """Name of each sheet by the member that holds it, and the properties of the workbook."""
    targets = {}
    for item in _tree(path, archive, "xl/_rels/workbook.xml.rels"):
        target = item.get("Target", "")
        targets[item.get("Id", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    names, properties = {}, {}
    for item in _tree(path, archive, "xl/workbook.xml"):
        marks = {_local(key): value for key, value in item.attrib.items()}
        if _local(item.tag) == "sheet" and marks.get("id") in targets:
            names[targets[marks["id"]]] = marks.get("name", "")
        if _local(item.tag) == "workbookPr" and marks.get("date1904", "0").lower() in ("1", "true"):
            properties["date1904"] = "sì"
    wanted = ("title", "subject", "keywords", "description")
    properties |= {_local(i.tag): i.text for i in _tree(path, archive, "docProps/core.xml") if _local(i.tag) in wanted and i.text}
    return names, properties


_CELL = rb'<c r="([A-Z]{1,3})([0-9]{1,9})"'
_STORED = rb"(?:<f[^>]*?(?:/>|>[^<]*</f>))?<v>([^<]{1,20})</v>"
_ERROR = re.compile(_CELL + rb'[^>]*? t="e"[^>]*>' + _STORED)
_UNCOMPUTED = re.compile(_CELL + rb'(?![^>]*t="str")[^>]*><f[^>]*?(?:/>|>[^<]*</f>)(?:<v></v>|<v */>)?</c>')


def _scan(path: Path, member: zipfile.ZipInfo, budget: list[int]) -> Traits:
    """Traits of a sheet: as spreadsheets write it, every cell begins with its reference; else by a parser, which is slower."""
    traits, tail = Traits(), b""
    for data in expand(path, member, budget):
        text = tail + data
        cut = max(text.rfind(b"<c"), text.rfind(b"<row "), 0)
        if not _look(text[:cut], traits) or len(text) - cut > 4 * BLOCK:  # or one cell of megabytes
            return _parse_sheet(path, expand(path, member, budget))
        tail = text[cut:]
    return traits if _look(tail, traits) else _parse_sheet(path, expand(path, member, budget))


def _look(text: bytes, traits: Traits) -> bool:
    """Add to the traits what the text of some cells says; false when a cell is not written in the usual way."""
    codes = np.frombuffer(text + b" " * 24, np.uint8)
    at = np.flatnonzero((codes[:-2] == ord("<")) & (codes[1:-1] == ord("c")) & (codes[2:] == ord(" ")))
    usual = all((codes[at + 3 + i] == mark).all() for i, mark in enumerate(b'r="'))
    if not usual or b"<c>" in text or b":sheetData" in text[:4000]:
        return False
    traits.cells += len(at)
    place, column, row = at + 6, np.zeros(len(at), np.int64), np.zeros(len(at), np.int64)
    for _ in range(3):
        mark = codes[place].astype(np.int64)
        letters = (mark >= ord("A")) & (mark <= ord("Z"))
        column, place = np.where(letters, column * 26 + mark - 64, column), place + letters
    for _ in range(9):
        mark = codes[place].astype(np.int64)
        digits = (mark >= ord("0")) & (mark <= ord("9"))
        if not digits.any():
            break
        row, place = np.where(digits, row * 10 + mark - 48, row), place + digits
    traits.rows, traits.columns = max(traits.rows, int(row.max(initial=0))), max(traits.columns, int(column.max(initial=0)))
    if b't="e"' in text:
        traits.errors |= {_place(column, row): value.decode("utf-8", "replace") for column, row, value in _ERROR.findall(text)}
    if b"<f" in text:
        traits.uncomputed += [_place(column, row) for column, row in _UNCOMPUTED.findall(text)]
    return True


def _place(column: bytes, row: bytes) -> tuple[int, int]:
    number = 0
    for mark in column:
        number = number * 26 + mark - 64
    return int(row) - 1, number - 1


def _parse_sheet(path: Path, blocks: Iterator[bytes]) -> Traits:
    """Traits of a sheet written in an unusual way: prefixes, single quotes, cells without a reference."""
    traits, at, cell = Traits(), [0, 0], {}

    def start(tag: str, marks: dict[str, str]) -> None:
        name = tag.rsplit(":", 1)[-1]
        if name == "row":
            at[:] = [int(marks.get("r", at[0] + 1)), 0]
        elif name == "c":
            reference = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,9})", marks.get("r", ""))
            row, column = _place(reference[1].encode(), reference[2].encode()) if reference else (at[0] - 1, at[1])
            at[1] = column + 1
            cell.clear()
            cell.update(place=(row, column), kind=marks.get("t", ""), text="", formula=False, value=False, inside="")
            traits.cells += 1
            traits.rows, traits.columns = max(traits.rows, row + 1), max(traits.columns, column + 1)
            _check_reach(path, traits)
        elif cell:
            cell["inside"] = name
            cell["formula"] |= name == "f"

    def text(data: str) -> None:
        if cell and cell["inside"] == "v":
            cell["text"] += data[:40]

    def end(tag: str) -> None:
        if cell:
            cell["inside"] = ""
        if tag.rsplit(":", 1)[-1] == "c" and cell:
            if cell["kind"] == "e":
                traits.errors[cell["place"]] = cell["text"][:20]
            elif cell["formula"] and not cell["text"] and cell["kind"] != "str":
                traits.uncomputed.append(cell["place"])
            cell.clear()

    _parse(path, blocks, start, end, text)
    return traits


def _parse(path: Path, blocks: Iterator[bytes], start: Handler, end: Handler, text: Handler) -> None:
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    try:
        for data in blocks:
            parser.Parse(data)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise refuse(path, UNREADABLE) from error


def _check_reach(path: Path, traits: Traits) -> None:
    """Raises: AnalisiError when the rectangle that a sheet spans is more than a table can be: readers make it whole in memory."""
    if traits.columns > MAX_COLUMNS:
        raise refuse(path, f"un foglio arriva alla colonna {letter(traits.columns - 1)}: non è una tabella che si possa leggere")
    if traits.rows * traits.columns > max(MAX_AREA, 4 * traits.cells):
        far = f"alla riga {traits.rows} e alla colonna {letter(traits.columns - 1)}"
        raise refuse(path, f"un foglio arriva {far}, quasi tutto vuoto; ripulirlo")


def guard_ods(path: Path) -> dict[str, Traits]:
    """Traits of each sheet of an ODS by its name: repeated rows and columns are counted as many times as they claim."""
    found: dict[str, Traits] = {}
    state = {"name": "", "row": 0, "repeat": 1, "column": 0, "filled": 0, "error": None, "text": ""}

    def start(tag: str, marks: dict[str, str]) -> None:
        if tag == "table:table":
            state.update(name=marks.get("table:name", ""), row=0)
            found[state["name"]] = Traits(columns=1)
        elif tag == "table:table-row":
            state.update(repeat=int(marks.get("table:number-rows-repeated", 1)), column=0, filled=0)
        elif tag in ("table:table-cell", "table:covered-table-cell"):
            place = (state["row"], state["column"])
            state["column"] += int(marks.get("table:number-columns-repeated", 1))
            if "office:value-type" in marks or "calcext:value-type" in marks or "table:formula" in marks:
                state["filled"] = state["column"]
            state.update(error=place if marks.get("calcext:value-type") == "error" else None, text="")

    def text(data: str) -> None:
        if state["error"] is not None:
            state["text"] += data[:20]

    def end(tag: str) -> None:
        traits = found.get(state["name"])
        if tag in ("table:table-cell", "table:covered-table-cell") and state["error"] is not None:
            traits.errors[state["error"]] = state["text"][:20] or "#N/D"
            state["error"] = None
        elif tag == "table:table-row" and traits is not None:
            state["row"] += state["repeat"]
            if state["filled"]:
                traits.rows, traits.columns = state["row"], max(traits.columns, state["filled"])
                if traits.columns > MAX_COLUMNS or traits.rows * traits.columns > MAX_AREA:
                    raise refuse(path, "un foglio ha righe o colonne ripetute oltre ciò che una tabella può avere; ripulirlo")

    with members(path) as archive:
        budget = [MAX_EXPANDED]
        for member in archive.infolist():
            blocks = expand(path, member, budget)
            if member.filename == "content.xml":
                _parse(path, blocks, start, end, text)
            else:
                for _ in blocks:
                    pass
    return found


def check_xls(path: Path) -> None:
    """Raises: AnalisiError when the header of an XLS claims more sectors than the file can have."""
    with path.open("rb") as file:
        head = file.read(512)
    size = path.stat().st_size
    shift = int.from_bytes(head[0x1E:0x20], "little")
    claimed = [int.from_bytes(head[at : at + 4], "little") for at in (0x2C, 0x40, 0x48)]
    if len(head) < 512 or shift not in (9, 12) or any(count * 2**shift > size for count in claimed):
        raise refuse(path, UNREADABLE)
