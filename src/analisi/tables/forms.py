"""Workbooks for people: the blank form of a table, made from its declaration, and the analyst's own file with its faults in place."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from itertools import accumulate
from math import ceil
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from analisi.errors import AnalisiError, listing
from analisi.sources import cells
from analisi.sources.foglio import Foglio, letter
from analisi.tables.schema import Column, Table
from analisi.tables.validation import OUTSIDE
from analisi.tables.writing import EPOCH, PLAIN, SHEET_ROWS, number_format, printable, replacing
from analisi.vocabulary import Territorio, load_territorio
from analisi.workspace import shown

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet as OpenSheet

TITLE, WORDS, EXAMPLE, HEADING, FIRST, LAST = 0, 1, 2, 3, 4, 4_999  # rows of the form, from 0
BLUE, PALE, INK, GREY, LINE = "#0066CC", "#DCE9F7", "#0B3A75", "#5A6675", "#D5DCE4"
_HEAD = {"bold": True, "text_wrap": True, "valign": "vcenter", "border": 1, "border_color": "#FFFFFF"}
_BODY = {"text_wrap": True, "valign": "top", "num_format": "@", "bottom": 1, "bottom_color": LINE}
STYLES: dict[str, dict[str, Any]] = {
    "titolo": {"bold": True, "font_size": 14, "font_color": INK},
    "guida": {"font_size": 10, "font_color": GREY},
    "cappello": {"text_wrap": True, "valign": "vcenter"},
    "parole": {"text_wrap": True, "valign": "top", "font_size": 9, "font_color": GREY},
    "esempio": {"italic": True, "font_size": 9, "font_color": GREY, "bg_color": "#F2F2F2", "num_format": "@"},
    "obbligatorio": {**_HEAD, "font_color": "#FFFFFF", "bg_color": BLUE},
    "facoltativo": {**_HEAD, "font_color": INK, "bg_color": PALE},
    "testo": _BODY,
    "forte": {**_BODY, "bold": True},
    "capitolo": {"bold": True, "font_size": 12, "font_color": INK},
    "comando": {"font_name": "Consolas", "bg_color": "#F2F2F2"},
}
TYPES = {
    "testo": "testo",
    "codice": "codice dell'elenco",
    "provincia": "sigla dell'elenco",
    "intero": "numero intero",
    "decimale": "numero, con la virgola prima dei decimali",
    "percentuale": "percentuale, senza il segno %: 12,8 e non 12,8% né 0,128",
    "data": "data gg/mm/aaaa",
    "impresa": "codice fiscale o partita IVA dell'impresa: 11 cifre o 16 caratteri, zeri iniziali compresi",
    "pseudonimo": "pseudonimo di 32 cifre esadecimali minuscole, mai il codice fiscale",
}


def write_form(table: Table, path: Path, *, territorio: Territorio | None = None) -> Path:
    """Write the blank Excel form of a table: Dati, to fill from row 5 on, Istruzioni and Elenchi. Returns the path.

    Raises:
        AnalisiError: the name does not end in .xlsx, or the disk refuses.
    """
    _require_xlsx(path)
    codes = {column.name: _admitted(column, territorio or load_territorio()) for column in table.columns}
    with replacing(path) as part:
        book = xlsxwriter.Workbook(part, PLAIN)
        book.set_properties({"title": f"Modulo {table.name}", "created": EPOCH})
        styles = {name: book.add_format(marks) for name, marks in STYLES.items()}
        data, guide, lists = (book.add_worksheet(name) for name in ("Dati", "Istruzioni", "Elenchi"))
        ranges = _fill_lists(lists, codes, styles)
        _fill_head(data, table, codes, styles)
        for position, column in enumerate(table.columns):
            data.set_column(position, position, _width(column), book.add_format({"num_format": number_format(column)}))
            data.data_validation(FIRST, position, LAST, position, _validation(column, ranges.get(column.name, "")))
        _fill_guide(guide, table, codes, styles)
        for sheet in (data, guide, lists):
            _set_page(sheet, table)
        data.repeat_rows(HEADING)
        book.close()
    return path


def _require_xlsx(path: Path) -> None:
    if path.suffix.lower() != ".xlsx":
        msg = f"{shown(path)}: il file si scrive solo in formato Excel; dargli un nome che finisca per .xlsx"
        raise AnalisiError(msg)


def _set_page(sheet: Worksheet, table: Table) -> None:
    sheet.hide_gridlines(0 if sheet.name == "Dati" else 2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(0.4, 0.4, 0.5, 0.6)
    sheet.set_footer(f"&L{table.name}&C&A&R&P / &N")


def _admitted(column: Column, territorio: Territorio) -> dict[str, str]:
    """The codes a cell may hold, each with the clearest of the words that say it; empty for what is not a code."""
    if column.type == "provincia":
        return {p.sigla: p.nome for p in territorio.province} | ({OUTSIDE: "fuori regione"} if column.outside else {})
    return {code: max([*([] if code.isupper() else [code]), *words.split("|")], key=len) for code, words in column.codes.items()}


def _number(value: float) -> str:
    """A number as Italians write it; years without points.

    >>> _number(2999), _number(99_999_999), _number(0.5)
    ('2999', '99.999.999', '0,5')
    """
    if value != int(value):
        return f"{value:g}".replace(".", ",")
    return f"{int(value):,}".replace(",", ".") if abs(value) > 9_999 else str(int(value))


def _obligation(column: Column) -> str:
    return "obbligatorio" if column.required else "facoltativo"


def _rule(column: Column) -> str:
    """What a cell of the column may hold, as a sentence without its codes."""
    low, high = column.minimum, column.maximum
    bounds = [words for bound, words in ((low, "da"), (high, "a")) if bound is not None]
    said = " ".join(f"{words} {_number(bound)}" for words, bound in zip(bounds, (b for b in (low, high) if b is not None), strict=True))
    return ", ".join(filter(None, [TYPES[column.type], said, column.form]))


def _width(column: Column) -> int:
    return min(max(len(column.name) + 2, len(column.example) + 1, 13), 34)


def _lines(text: str, width: float) -> int:
    """How many lines a text takes in a cell that holds `width` characters."""
    return sum(ceil((len(line) or 1) / width) for line in text.split("\n"))


def _fill_head(sheet: Worksheet, table: Table, codes: Mapping[str, dict[str, str]], styles: Mapping[str, Format]) -> None:
    """The four rows above the data: title, words, example, headings with a comment each."""
    widths = [_width(column) for column in table.columns]
    last = next((i for i, reach in enumerate(accumulate(widths)) if reach >= 110), len(widths) - 1)
    title = f"Modulo {table.name}: {table.row}"
    steps = "Compilare dalla riga 5 in giù, senza cambiare la riga 4 delle intestazioni. La riga 3 è un esempio e non viene letta. "
    steps += "In blu le colonne obbligatorie, in celeste le facoltative. Dove il dato manca lasciare vuoto: lo zero è un dato."
    if last:
        sheet.merge_range(TITLE, 0, TITLE, last, "", styles["cappello"])
    sheet.write_rich_string(TITLE, 0, styles["titolo"], title, styles["guida"], f"\n{steps}", styles["cappello"])
    reach = sum(widths[: last + 1])
    sheet.set_row(TITLE, 20 * _lines(title, reach / 1.35) + 14 * _lines(steps, reach) + 6)
    words = [f"{column.description[0].upper()}{column.description[1:]} ({_obligation(column)})" for column in table.columns]
    sheet.set_row(WORDS, 12 * max(_lines(text, width * 0.95) for text, width in zip(words, widths, strict=True)) + 6)
    sheet.set_row(HEADING, 30)
    for position, (column, text) in enumerate(zip(table.columns, words, strict=True)):
        sheet.write_string(WORDS, position, text, styles["parole"])
        sheet.write_string(EXAMPLE, position, column.example, styles["esempio"]) if column.example else sheet.write_blank(
            EXAMPLE, position, None, styles["esempio"]
        )
        sheet.write_string(HEADING, position, column.name, styles[_obligation(column)])
        note = "\n".join(filter(None, [text, f"Valori: {_rule(column)}.", shorten(", ".join(codes[column.name]), 400, placeholder=" …")]))
        sheet.write_comment(HEADING, position, note, {"author": "analisi", "width": 300, "height": 18 * _lines(note, 46) + 10})
    sheet.freeze_panes(FIRST, 0)
    sheet.set_selection(FIRST, 0, FIRST, 0)
    sheet.ignore_errors({"number_stored_as_text": f"A1:{letter(len(widths) - 1)}{LAST + 1}"})


def _fill_lists(sheet: Worksheet, codes: Mapping[str, dict[str, str]], styles: Mapping[str, Format]) -> dict[str, str]:
    """The lists of codes side by side, one for all the columns that share it; returns where the list of each column is."""
    sheet.set_row(0, 48)
    shared: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for name, words in codes.items():
        if words:
            shared.setdefault(tuple(words.items()), []).append(name)
    places = {}
    for number, (items, names) in enumerate(shared.items()):
        left, right = 3 * number, 3 * number + 1
        title = f"Per {listing(names)}"
        sheet.set_column(left, left, max(10, *(len(code) + 2 for code, _ in items)))
        sheet.set_column(right, right, min(max(22, *(len(words) + 2 for _, words in items)), 50))
        sheet.set_column(right + 1, right + 1, 3)
        sheet.merge_range(0, left, 0, right, title, styles["cappello"])
        sheet.write_string(1, left, "Codice", styles["obbligatorio"])
        sheet.write_string(1, right, "Significato", styles["obbligatorio"])
        for row, (code, words) in enumerate(items, start=2):
            sheet.write_string(row, left, code, styles["forte"])
            sheet.write_string(row, right, words, styles["testo"])
        places |= dict.fromkeys(names, f"=Elenchi!${letter(left)}$3:${letter(left)}${len(items) + 2}")
    if not places:
        sheet.write_string(0, 0, "Nessuna colonna di questa tabella ha un elenco di codici.", styles["guida"])
    sheet.freeze_panes(2, 0)
    return places


def _validation(column: Column, source: str) -> dict[str, Any]:
    """What Excel checks in the cells of a column. Outside of lists, an optional cell may still say that the datum is not available."""
    rule = _rule(column)
    gap = "" if column.required else " Se il dato manca lasciare vuoto; se chi lo ha lo dichiara non disponibile scrivere n.d."
    firm = {"error_type": "stop", "error_message": shorten(f"{column.name}: il valore non va bene. Serve: {rule}.", 255)}
    soft = {"error_type": "warning", "error_message": shorten(f"{column.name}: serve {rule}.{gap}", 255)}
    told = f"{_obligation(column).capitalize()}. {rule[0].upper()}{rule[1:]}."
    common = {
        "input_title": column.name[:32],
        "input_message": shorten(told, 255, placeholder="…"),
        "error_title": f"Valore di {column.name}"[:32],
        **(firm if column.required or source else soft),
    }
    if source:
        return common | {"validate": "list", "source": source}
    if column.type == "data":
        first, last = (cells.EPOCH + timedelta(days=day) for day in (cells.FIRST_SERIAL, cells.LAST_SERIAL))
        return common | {"validate": "date", "criteria": "between", "minimum": first, "maximum": last}
    if column.type in ("intero", "decimale", "percentuale"):
        low = -(10**12) if column.minimum is None else column.minimum
        high = 10**12 if column.maximum is None else column.maximum
        kind = "integer" if column.type == "intero" else "decimal"
        return common | {"validate": kind, "criteria": "between", "minimum": low, "maximum": high}
    return common | {"validate": "any"}


def _fill_guide(sheet: Worksheet, table: Table, codes: Mapping[str, dict[str, str]], styles: Mapping[str, Format]) -> None:
    """What each column means and may hold, the rules across columns, the key, and how to send the form back."""
    for position, width in enumerate((30, 52, 14, 62, 30)):
        sheet.set_column(position, position, width)
    sheet.write_string(0, 0, f"Come compilare {table.name}", styles["titolo"])
    sheet.write_string(1, 0, f"Una riga è {table.row}. Fonte: {table.source}.", styles["guida"])
    line = 3

    def write(texts: tuple[str, ...], style: str = "testo") -> None:
        nonlocal line
        for position, text in enumerate(texts):
            sheet.write_string(line, position, text, styles["forte" if style == "testo" and position == 0 else style])
        line += 1

    def chapter(title: str, *headings: str) -> None:
        nonlocal line
        line += line > 3
        write((title,), "capitolo")
        if headings:
            write(headings, "obbligatorio")

    chapter("Colonne", "Colonna", "Significato", "Obbligo", "Tipo e valori ammessi", "Esempio")
    for column in table.columns:
        known = "; ".join(f"{code} ({words})" if words.lower() != code.lower() else code for code, words in codes[column.name].items())
        write((column.name, column.description, _obligation(column), ": ".join(filter(None, [_rule(column), known])), column.example))
    chapter("Chiave")
    write((f"Non possono esserci due righe con gli stessi valori di {listing(table.key)}.",), "guida")
    if table.rules:
        chapter("Regole fra colonne", "Colonne", "Che cosa viene segnalato", "Gravità")
        for rule in table.rules:
            write((", ".join(rule.columns), rule.text, rule.severity))
    if table.links:
        chapter("Regole con altre tabelle", "Colonne", "Che cosa viene segnalato", "Gravità", "Tabella")
        for link in table.links:
            write((", ".join(link.columns), link.text, link.severity, link.other))
    chapter("Prima di inviare")
    write(
        ("Un errore fa scartare la riga; un avviso la lascia passare e chiede una verifica. Per controllare il modulo compilato:",), "guida"
    )
    write((f"analisi controlla FILE --tabella {table.name}",), "comando")


ERRORE, AVVISO = "F8D0D0", "FFF2CC"
AUTHOR = "analisi"
MAX_STYLED = 20_000_000  # bytes: a larger workbook is not loaded with its styles
MAX_COMMENTS = 20_000  # more make a spreadsheet unusable
MAX_LISTED = 100_000  # lines of the sheet of faults
MAX_LINKS = 60_000  # a worksheet holds 65,530
MAX_TEXT = 32_767  # characters of a cell
_ERROR_TEXTS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")
_ELSEWHERE = re.compile(r"\[\d+\]")  # a reference to another workbook


class Mark(NamedTuple):
    """What is wrong in one cell; `text` is None beyond the comments a sheet can hold."""

    worst: str
    text: str | None


def annotate(sheet: Foglio, faults: pl.DataFrame, path: Path) -> Path:
    """Write a copy of the analyst's file with each faulty cell coloured and explained, and a first sheet that lists the faults.

    `faults` has riga (from 1), posizione (from 0; null: the whole row), colonna, regola, gravita, testo. Returns the path.

    Raises:
        AnalisiError: the name does not end in .xlsx, it is the file itself, or the disk refuses.
    """
    _require_xlsx(path)
    if path.resolve() == sheet.file.resolve() or (path.exists() and sheet.file.exists() and path.samefile(sheet.file)):
        msg = f"{shown(path)}: il file degli scarti non può essere il file di partenza; indicare un altro nome"
        raise AnalisiError(msg)
    faults = faults.with_columns(printable()).sort("riga", "posizione", maintain_order=True)
    marks = _marks(faults)
    with replacing(path) as part:
        if not _annotate_own(sheet, faults, marks, part):
            _annotate_anew(sheet, faults, marks, part)
    return path


def _marks(faults: pl.DataFrame) -> dict[int, dict[int, Mark]]:
    """The marks by row and position, both as in the file: row from 1, position from 0."""
    whole = pl.when(pl.col("posizione").is_null()).then(pl.format("colonna «{}»: ", pl.col("colonna").fill_null(""))).otherwise(pl.lit(""))
    said = pl.format("{}: {}{}", pl.col("gravita").str.to_titlecase(), whole, pl.col("testo").fill_null(""))
    grouped = (
        faults.filter(pl.col("riga").is_not_null())
        .with_columns(said.alias("detto"), pl.col("posizione").fill_null(0))
        .group_by("riga", "posizione", maintain_order=True)
        .agg(
            (pl.col("gravita") == "errore").any().alias("grave"), pl.col("detto").unique(maintain_order=True).str.join("\n").str.head(2_000)
        )
    )
    marks: dict[int, dict[int, Mark]] = {}
    for number, (riga, position, grave, text) in enumerate(grouped.iter_rows()):
        marks.setdefault(riga, {})[position] = Mark(ERRORE if grave else AVVISO, text if number < MAX_COMMENTS else None)
    return marks


def _annotate_own(sheet: Foglio, faults: pl.DataFrame, marks: dict[int, dict[int, Mark]], part: Path) -> bool:
    """Whether the analyst's workbook could be loaded, marked and saved with its own formats, formulas and other sheets."""
    from openpyxl import load_workbook
    from openpyxl.worksheet.worksheet import Worksheet as OpenSheet

    if sheet.kind != "xlsx" or sheet.file.stat().st_size >= MAX_STYLED:
        return False
    try:
        with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(sheet.file) as archive:
            linked = any(name.startswith("xl/externalLinks/") for name in archive.namelist())
            book = load_workbook(sheet.file, keep_links=False, data_only=linked)
    except Exception:  # whatever the library cannot read is written anew from its cells
        return False
    if sheet.name not in book.sheetnames or not isinstance(book[sheet.name], OpenSheet):
        return False
    book.template = False
    _drop_names_elsewhere(book)
    _colour(book[sheet.name], marks)
    notes = ["Il file aveva collegamenti ad altri file: qui le formule sono sostituite dai loro valori."] if linked else []
    _list_faults(book, sheet, book[sheet.name].title, faults, notes)
    for other in book.worksheets:
        other.sheet_view.tabSelected = other is book.worksheets[0]
    book.active = 0
    try:
        with warnings.catch_warnings(action="ignore"):
            book.save(part)
    except OSError:
        raise
    except Exception:
        return False
    return True


def _drop_names_elsewhere(book: Workbook) -> None:
    """Take away the defined names that refer to other workbooks, whose links are not kept."""
    for holder in (book, *book.worksheets):
        for name in [name for name, defined in holder.defined_names.items() if _ELSEWHERE.search(defined.attr_text or "")]:
            del holder.defined_names[name]


def _colour(target: OpenSheet, marks: dict[int, dict[int, Mark]]) -> None:
    """Colour the marked cells, warnings first, so that an error of the same merged area prevails."""
    from openpyxl.styles import PatternFill

    fills = {colour: PatternFill("solid", start_color=colour, end_color=colour) for colour in (AVVISO, ERRORE)}
    for colour, fill in fills.items():
        for riga, row in marks.items():
            for position, mark in row.items():
                if mark.worst == colour:
                    cell = _writable(target, riga, position + 1)
                    cell.fill = fill
                    _comment(cell, mark.text)


def _writable(target: OpenSheet, row: int, column: int) -> Cell:
    """The cell, or the first one of the merged area it is part of."""
    from openpyxl.cell import MergedCell

    cell = target.cell(row, column)
    if isinstance(cell, MergedCell):
        area = next(a for a in target.merged_cells.ranges if a.min_row <= row <= a.max_row and a.min_col <= column <= a.max_col)
        cell = target.cell(area.min_row, area.min_col)
    return cell


def _comment(cell: Cell, text: str | None) -> None:
    """Add a text to the comment of a cell."""
    from openpyxl.comments import Comment

    if text is None:
        return
    if cell.comment is not None:
        text = f"{cell.comment.text}\n\n{text}"
    cell.comment = Comment(text, AUTHOR, width=320, height=min(18 * _lines(text, 46) + 12, 400))


def _annotate_anew(sheet: Foglio, faults: pl.DataFrame, marks: dict[int, dict[int, Mark]], part: Path) -> None:
    """Write a workbook of the cells as text, marked, row by row."""
    from openpyxl import Workbook
    from openpyxl.styles import PatternFill

    book = Workbook(write_only=True)
    title = re.sub(r"[\[\]:*?/\\]", " ", sheet.name or "Dati").strip("' ")[:31] or "Dati"
    if title.lower() == "scarti":
        title = "Dati"
    fills = {colour: PatternFill("solid", start_color=colour, end_color=colour) for colour in (AVVISO, ERRORE)}
    notes = ["Le celle sono trascritte come testo: il file di partenza resta il riferimento."]
    if sheet.cells.height > SHEET_ROWS:
        notes.append(f"Il foglio Excel contiene {_number(SHEET_ROWS)} righe: le successive non sono trascritte.")
    _list_faults(book, sheet, title, faults, notes)
    target = book.create_sheet(title)
    texts = sheet.cells.head(SHEET_ROWS).with_columns(printable()).with_columns(pl.col(pl.String).str.head(MAX_TEXT))
    for position, name in enumerate(texts.columns):
        longest = texts[name].head(1_000).str.len_chars().max() or 0
        target.column_dimensions[letter(position)].width = min(max(longest + 2, 10), 50)
    for riga, values in enumerate(texts.iter_rows(), start=1):
        row: list[Any] = [_text(target, riga, i + 1, v) if v and (v[0] == "=" or v in _ERROR_TEXTS) else v for i, v in enumerate(values)]
        for position, mark in marks.get(riga, {}).items():
            row += [None] * (position + 1 - len(row))
            cell = _text(target, riga, position + 1, values[position] if position < len(values) else None)
            cell.fill = fills[mark.worst]
            _comment(cell, mark.text)
            row[position] = cell
        target.append(row)
    book.save(part)


def _text(target: OpenSheet, row: int, column: int, value: str | None) -> Cell:
    """A cell that holds a text whatever it looks like."""
    from openpyxl.cell import Cell

    cell = Cell(target, row=row, column=column, value=value)
    cell.data_type = "s" if value is not None else "n"
    return cell


def _list_faults(book: Workbook, sheet: Foglio, title: str, faults: pl.DataFrame, notes: list[str]) -> None:
    """Put first a sheet with one line per fault: where it is, with a link to the cell, and why."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.worksheet.hyperlink import Hyperlink

    taken = {name.lower() for name in (*book.sheetnames, title)}
    name = next(name for n in range(1, len(taken) + 2) if (name := f"Scarti {n}" if n > 1 else "Scarti").lower() not in taken)
    target = book.create_sheet(name, 0)
    for position, width in enumerate((9, 11, 30, 11, 26, 90)):
        target.column_dimensions[letter(position)].width = width
    head = _summary(sheet, faults, notes)
    heading = len(head) + 2
    target.freeze_panes = f"A{heading + 1}"
    shown_faults = faults.head(MAX_LISTED)
    for row, text in enumerate(head, start=1):
        cell = _text(target, row, 1, text)
        cell.font = Font(bold=True, size=14, color="0B3A75") if row == 1 else Font(bold=row == 2, color="44546A" if row > 2 else "000000")
        target.append([cell])
    target.append([])
    titles = [
        _text(target, heading, i, text) for i, text in enumerate(("Riga", "Cella", "Colonna", "Gravità", "Regola", "Motivo"), start=1)
    ]
    for cell in titles:
        cell.font, cell.fill = Font(bold=True, color="FFFFFF"), PatternFill("solid", start_color="0066CC", end_color="0066CC")
    target.append(titles)
    fills = {
        "errore": PatternFill("solid", start_color=ERRORE, end_color=ERRORE),
        "avviso": PatternFill("solid", start_color=AVVISO, end_color=AVVISO),
    }
    link, wrap, quoted = Font(color="0563C1", underline="single"), Alignment(wrap_text=True, vertical="top"), title.replace("'", "''")
    columns = ("riga", "posizione", "colonna", "gravita", "regola", "testo")
    for row, (riga, position, column, severity, rule, text) in enumerate(shown_faults.select(columns).iter_rows(), start=heading + 1):
        where = "" if riga is None else f"{letter(position or 0)}{riga}"
        line = [_text(target, row, i, value) for i, value in enumerate(("", where, column, severity, rule, text), start=1)]
        line[0].value = riga
        line[3].fill = fills.get(severity, fills["avviso"])
        line[5].alignment = wrap
        if where and row - heading <= MAX_LINKS:
            line[1].hyperlink = Hyperlink(ref=line[1].coordinate, location=f"'{quoted}'!{where}")
            line[1].font = link
        target.append(line)
    target.auto_filter.ref = f"A{heading}:F{heading + max(shown_faults.height, 1)}"


def _summary(sheet: Foglio, faults: pl.DataFrame, notes: list[str]) -> list[str]:
    """The lines above the list: the file, how many faults, what the colours mean, what is left out."""
    errors = int((faults["gravita"] == "errore").sum())
    counts = listing([_counted(errors, "errore", "errori"), _counted(faults.height - errors, "avviso", "avvisi")])
    rows = _counted(faults["riga"].drop_nulls().n_unique(), "riga", "righe")
    where = f"{sheet.file.name}" + (f", foglio «{sheet.name}»" if sheet.name else "")
    lines = [f"Scarti di {where}", f"{counts}, in {rows}" if faults.height else "Nessun difetto"]
    lines.append(
        "Errori in rosa, avvisi in giallo; il motivo è nel commento della cella. Un difetto di tutta la riga è segnato sulla prima cella."
    )
    marked = faults.filter(pl.col("riga").is_not_null()).select(pl.struct("riga", pl.col("posizione").fill_null(0)).n_unique()).item()
    if marked > MAX_COMMENTS:
        lines.append(
            f"I commenti sono scritti solo nelle prime {_number(MAX_COMMENTS)} celle: le altre {_number(marked - MAX_COMMENTS)} hanno il solo colore."
        )
    if faults.height > MAX_LISTED:
        lines.append(f"L'elenco riporta i primi {_number(MAX_LISTED)} difetti.")
    return lines + notes


def _counted(number: int, one: str, many: str) -> str:
    """How many, in words.

    >>> _counted(1, "errore", "errori"), _counted(12_000, "riga", "righe")
    ('1 errore', '12.000 righe')
    """
    return f"{_number(number)} {one if number == 1 else many}"
