"""The analyst's own file given back: each faulty cell coloured, with a comment that says why, and the list of all faults."""

from __future__ import annotations

import re
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from analisi.errors import AnalisiError, listing
from analisi.sources.foglio import Foglio, letter
from analisi.tables.writing import BLUE, GREY, INK, SHEET_ROWS, counted, lines_of, printable, replacing, require_xlsx, thousands
from analisi.workspace import shown

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell
    from openpyxl.styles import PatternFill
    from openpyxl.worksheet.worksheet import Worksheet as OpenSheet

ERRORE, AVVISO = "F8D0D0", "FFF2CC"  # colours of cells
AUTHOR, FONT = "analisi", "Calibri"
MAX_STYLED = 20_000_000  # bytes: a larger workbook is not loaded with its styles
MAX_COMMENTS = 20_000  # more make a spreadsheet unusable
MAX_LISTED = 100_000  # lines of the sheet of faults
MAX_LINKS = 60_000  # a worksheet holds 65,530
MAX_TEXT = 32_767  # characters of a cell
_ERROR_TEXTS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")
_ELSEWHERE = re.compile(r"\[\d+\]")  # a reference to another workbook


class Mark(NamedTuple):
    """What is wrong in one cell; `text` is None beyond the comments a sheet can hold."""

    colour: str
    text: str | None


Marks = dict[int, dict[int, Mark]]  # by row (from 1) and position (from 0)


def annotate(sheet: Foglio, faults: pl.DataFrame, path: Path) -> Path:
    """Write a copy of the analyst's file with each faulty cell coloured and explained, and a first sheet that lists the faults.

    `faults` has riga (from 1), posizione (from 0; null: the whole row), colonna, regola, gravita, testo. Returns the path.

    Raises:
        AnalisiError: the name does not end in .xlsx, it is the file itself, or the disk refuses.
    """
    require_xlsx(path)
    if path.resolve() == sheet.file.resolve() or (path.exists() and sheet.file.exists() and path.samefile(sheet.file)):
        msg = f"{shown(path)}: il file degli scarti non può essere il file di partenza; indicare un altro nome"
        raise AnalisiError(msg)
    faults = faults.with_columns(printable()).sort("riga", "posizione", maintain_order=True)
    marks = _marks(faults)
    with replacing(path) as part:
        if not _annotate_own(sheet, faults, marks, part):
            _annotate_anew(sheet, faults, marks, part)
    return path


def _marks(faults: pl.DataFrame) -> Marks:
    """The marks of the cells, each with all its sentences; a fault of a whole row stands on its first cell."""
    whole = pl.when(pl.col("posizione").is_null()).then(pl.format("colonna «{}»: ", "colonna")).fill_null("")
    said = pl.format("{}: {}{}", pl.col("gravita").str.to_titlecase(), whole, "testo")
    cells_at_fault = (
        faults.filter(pl.col("riga").is_not_null())
        .with_columns(said.alias("detto"), pl.col("posizione").fill_null(0), (pl.col("gravita") == "errore").alias("grave"))
        .group_by("riga", "posizione", maintain_order=True)
        .agg(pl.col("grave").any(), pl.col("detto").unique(maintain_order=True).str.join("\n").str.head(2_000))
    )
    marks: Marks = {}
    for number, (riga, position, grave, text) in enumerate(cells_at_fault.iter_rows()):
        marks.setdefault(riga, {})[position] = Mark(ERRORE if grave else AVVISO, text if number < MAX_COMMENTS else None)
    return marks


def _annotate_own(sheet: Foglio, faults: pl.DataFrame, marks: Marks, part: Path) -> bool:
    """Whether the analyst's workbook could be loaded, marked and saved with its own formats, formulas and other sheets."""
    from openpyxl.worksheet.worksheet import Worksheet as OpenSheet

    if sheet.kind != "xlsx" or sheet.file.stat().st_size >= MAX_STYLED:
        return False
    with warnings.catch_warnings(action="ignore"):
        book, notes = _load(sheet.file)
        if book is None or sheet.name not in book.sheetnames or not isinstance(book[sheet.name], OpenSheet):
            return False
        _colour(book[sheet.name], marks)
        listed = _list_faults(book, sheet, book[sheet.name].title, faults, marks, notes)
        for other in book.worksheets:  # two selected sheets would be edited together
            other.sheet_view.tabSelected = other is listed
        book.active = book.index(listed)
        try:
            book.save(part)
        except OSError:
            raise
        except Exception:  # parts of the file that the library reads but cannot write
            return False
    return True


def _load(path: Path) -> tuple[Workbook | None, list[str]]:
    """The workbook, None when the library cannot read it, and what of it is not kept."""
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(path) as archive:
            linked = any(name.startswith("xl/externalLinks/") for name in archive.namelist())
        with path.open("rb") as file:  # by name the library would refuse a suffix that is not its own
            book = load_workbook(file, keep_links=False, data_only=linked, rich_text=True)
    except Exception:  # of any kind: the library does not say which
        return None, []
    book.template = False
    for holder in (book, *book.worksheets):
        for name in [name for name, defined in holder.defined_names.items() if _ELSEWHERE.search(defined.attr_text or "")]:
            del holder.defined_names[name]
    return book, ["Il file aveva collegamenti ad altri file: qui le formule sono sostituite dai loro valori."] if linked else []


def _colour(target: OpenSheet, marks: Marks) -> None:
    """Colour the marked cells: warnings first, so that an error of the same merged area prevails."""
    for colour in (AVVISO, ERRORE):
        fill = _fill(colour)
        for riga, row in marks.items():
            for position, mark in row.items():
                if mark.colour == colour:
                    cell = _writable(target, riga, position + 1)
                    cell.fill = fill
                    _comment(cell, mark.text)


def _fill(colour: str) -> PatternFill:
    from openpyxl.styles import PatternFill

    return PatternFill("solid", start_color=colour, end_color=colour)


def _writable(target: OpenSheet, row: int, column: int) -> Cell:
    """The cell, or the first one of the merged area it is part of."""
    from openpyxl.cell import MergedCell

    cell = target.cell(row, column)
    if isinstance(cell, MergedCell):
        area = next(a for a in target.merged_cells.ranges if a.min_row <= row <= a.max_row and a.min_col <= column <= a.max_col)
        cell = target.cell(area.min_row, area.min_col)
    return cell


def _comment(cell: Cell, text: str | None) -> None:
    """Add a text to what the comment of a cell already says."""
    from openpyxl.comments import Comment

    if text is None:
        return
    if cell.comment is not None:
        text = f"{cell.comment.text}\n\n{text}"
    cell.comment = Comment(text, AUTHOR, width=320, height=min(18 * lines_of(text, 46) + 12, 400))


def _annotate_anew(sheet: Foglio, faults: pl.DataFrame, marks: Marks, part: Path) -> None:
    """Write a workbook of the cells as text, marked, row by row."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    title = re.sub(r"[\[\]:*?/\\]", " ", sheet.name or "Dati").strip("' ")[:31] or "Dati"
    notes = ["Le celle sono trascritte come testo, senza formati né formule."]
    if sheet.cells.height > SHEET_ROWS:
        notes.append(f"Un foglio Excel ha {thousands(SHEET_ROWS)} righe: le successive non sono trascritte.")
    _list_faults(book, sheet, title, faults, marks, notes)
    target = book.create_sheet(title)
    texts = sheet.cells.head(SHEET_ROWS).with_columns(printable()).with_columns(pl.col(pl.String).str.head(MAX_TEXT))
    for position, name in enumerate(texts.columns):
        longest = texts[name].head(1_000).str.len_chars().max() or 0
        target.column_dimensions[letter(position)].width = min(max(longest + 2, 10), 50)
    fills = {colour: _fill(colour) for colour in (AVVISO, ERRORE)}
    for riga, values in enumerate(texts.iter_rows(), start=1):
        row: list[Any] = [_text(target, riga, i + 1, v) if v and (v[0] == "=" or v in _ERROR_TEXTS) else v for i, v in enumerate(values)]
        for position, mark in marks.get(riga, {}).items():
            row += [None] * (position + 1 - len(row))
            row[position] = cell = _text(target, riga, position + 1, values[position] if position < len(values) else None)
            cell.fill = fills[mark.colour]
            _comment(cell, mark.text)
        target.append(row)
    book.save(part)


def _text(target: OpenSheet, row: int, column: int, value: str | None) -> Cell:
    """A cell that holds a text, whatever the text looks like."""
    from openpyxl.cell import Cell

    cell = Cell(target, row=row, column=column, value=value)
    if value is not None:
        cell.data_type = "s"
    return cell


def _list_faults(book: Workbook, sheet: Foglio, title: str, faults: pl.DataFrame, marks: Marks, notes: list[str]) -> OpenSheet:
    """A first sheet with one line per fault: where it is, with a link to the cell of the sheet `title`, and why."""
    from openpyxl.styles import Font
    from openpyxl.worksheet.properties import PageSetupProperties

    taken = {name.lower() for name in (*book.sheetnames, title)}
    names = ["Scarti", *(f"Scarti {number}" for number in range(2, len(taken) + 3))]
    target = book.create_sheet(next(name for name in names if name.lower() not in taken), 0)
    for position, width in enumerate((9, 11, 30, 11, 28, 90)):
        target.column_dimensions[letter(position)].width = width
    head = _summary(sheet, faults, marks, notes)
    heading = len(head) + 2
    target.freeze_panes = f"A{heading + 1}"
    target.page_setup.orientation, target.page_setup.paperSize, target.page_setup.fitToHeight = "landscape", 9, 0
    target.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    fonts = [Font(name=FONT, bold=True, size=14, color=INK[1:]), Font(name=FONT, bold=True), *[Font(name=FONT, color=GREY[1:])] * len(head)]
    for row, text in enumerate(head, start=1):
        cell = _text(target, row, 1, text)
        cell.font = fonts[row - 1]
        target.append([cell])
    target.append([])
    names = [_text(target, heading, i, text) for i, text in enumerate(("Riga", "Cella", "Colonna", "Gravità", "Regola", "Motivo"), start=1)]
    for cell in names:
        cell.font, cell.fill = Font(name=FONT, bold=True, color="FFFFFF"), _fill(BLUE[1:])
    target.append(names)
    _append_faults(target, heading + 1, faults.head(MAX_LISTED), title.replace("'", "''"))
    target.auto_filter.ref = f"A{heading}:F{heading + max(min(faults.height, MAX_LISTED), 1)}"
    return target


def _append_faults(target: OpenSheet, first: int, faults: pl.DataFrame, title: str) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.worksheet.hyperlink import Hyperlink

    link, top, wrap = (
        Font(name=FONT, color="0563C1", underline="single"),
        Alignment(vertical="top"),
        Alignment(vertical="top", wrap_text=True),
    )
    fills = {"errore": _fill(ERRORE), "avviso": _fill(AVVISO)}
    columns = ("riga", "posizione", "colonna", "gravita", "regola", "testo")
    for row, (riga, position, column, severity, rule, text) in enumerate(faults.select(columns).iter_rows(), start=first):
        where = None if riga is None else f"{letter(position or 0)}{riga}"
        line = [_text(target, row, i, value) for i, value in enumerate((None, where, column, severity, rule, text), start=1)]
        line[0].value = riga
        for cell in line:
            cell.alignment = wrap if cell is line[5] else top
        line[3].fill = fills[severity]
        if where and riga <= SHEET_ROWS and row - first < MAX_LINKS:
            line[1].hyperlink = Hyperlink(ref=line[1].coordinate, location=f"'{title}'!{where}")
            line[1].font = link
        target.append(line)


def _summary(sheet: Foglio, faults: pl.DataFrame, marks: Marks, notes: list[str]) -> list[str]:
    """The lines above the list: the file, how many faults, what the colours mean, what is left out."""
    errors, marked = int((faults["gravita"] == "errore").sum()), sum(map(len, marks.values()))
    counts = listing([counted(errors, "errore", "errori"), counted(faults.height - errors, "avviso", "avvisi")])
    place = sheet.file.name + (f", foglio «{sheet.name}»" if sheet.name else "")
    lines = [f"Scarti di {place}", f"{counts}, in {counted(len(marks), 'riga', 'righe')}." if faults.height else "Nessun difetto."]
    lines.append(
        "Errori in rosa, avvisi in giallo: il motivo è nel commento della cella. Ciò che riguarda tutta la riga è sulla sua prima cella."
    )
    if marked > MAX_COMMENTS:
        bare = thousands(marked - MAX_COMMENTS)
        lines.append(f"I commenti si fermano alle prime {thousands(MAX_COMMENTS)} celle: le altre {bare} hanno solo il colore.")
    if faults.height > MAX_LISTED:
        lines.append(f"L'elenco riporta i primi {thousands(MAX_LISTED)} difetti.")
    return lines + notes
