"""The files beside a page: one CSV per dataset, and one workbook with a cover, the tables and the data."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from analisi.errors import AnalisiError
from analisi.presentation.formats import FORMATS

_EPOCH = datetime(2000, 1, 1)  # a workbook must carry a date of creation; never the clock's, so that bytes repeat
_MAX_WIDTH = 60
_CUT = r"[;\t\r\n]"  # where a spreadsheet that expects another separator begins a new cell
FORMULA = re.compile(  # a place where a spreadsheet would begin to run a text: one mark alone, or a number, is none
    rf"(?:^|(?<={_CUT}))(?=[\t\r]|[=@＝＠](?!\s*(?:$|{_CUT}))|[+＋－-](?!\s*(?:$|{_CUT})|\d[\d.,]*(?:[eE][+-]?\d+)?\s*%?(?:$|{_CUT})))"
)


def inert(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would run.

    >>> inert("=1+1"), inert("-3,5%"), inert("a;@b")
    ("'=1+1", '-3,5%', "a;'@b")
    """
    return FORMULA.sub("'", text)


def data_csv(payload: dict[str, Any]) -> bytes:
    """A dataset as CSV: UTF-8, comma, dot decimals, one header row, blanks empty, numbers unrounded."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(column["nome"] for column in payload["colonne"])
    writer.writerows([inert(value) if isinstance(value, str) else value for value in row] for row in payload["righe"])
    return out.getvalue().encode("utf-8")


def workbook(title: str, subtitle: str, blocks: Sequence[dict[str, Any]], notes: Sequence[str] = ()) -> bytes:
    """An XLSX workbook: a cover that lists the sheets, then each named table and each dataset on a sheet of its own.

    Raises:
        AnalisiError: two sheets would have one name.
    """
    named = [block for block in blocks if block["tipo"] in ("tavola", "dati") and block["nome"]]
    names = [_sheet_name(block["nome"]).casefold() for block in named]
    double = next((block["nome"] for block, name in zip(named, names, strict=True) if names.count(name) > 1), "")
    if double:
        msg = f"due fogli della cartella Excel si chiamano «{double}» (maiuscole e minuscole non contano): cambiare il nome a una tavola"
        raise AnalisiError(msg)
    out = io.BytesIO()
    # Texts stay texts: a cell that begins with = must never become a formula, nor an address a link.
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"title": title, "created": _EPOCH})
    styles = {
        "titolo": book.add_format({"bold": True, "font_size": 16, "font_color": "#0B3A75"}),
        "forte": book.add_format({"bold": True}),
        "testata": book.add_format(
            {"bold": True, "text_wrap": True, "valign": "vcenter", "bg_color": "#E8F0FA", "border": 1, "border_color": "#B8C7DB"}
        ),
        "nota": book.add_format({"text_wrap": True, "valign": "top", "font_color": "#44546A"}),
        "testo lungo": book.add_format({"text_wrap": True, "valign": "top"}),
        "": book.add_format({}),
    }
    styles |= {name: book.add_format({"num_format": form.excel}) for name, form in FORMATS.items() if form}
    styles |= {f"{name}!": book.add_format({"num_format": form.excel, "bold": True}) for name, form in FORMATS.items() if form}
    cover = book.add_worksheet("Copertina")
    _cover(cover, title, subtitle, named, notes, styles)
    for block in named:
        _sheet(book.add_worksheet(_sheet_name(block["nome"])), block, styles)
    book.close()
    return out.getvalue()


def _sheet_name(name: str) -> str:
    return name[:31]


def _cover(
    sheet: Worksheet, title: str, subtitle: str, named: Sequence[dict[str, Any]], notes: Sequence[str], styles: dict[str, Any]
) -> None:
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 95)
    sheet.write_string(0, 0, title, styles["titolo"])
    sheet.write_string(1, 0, subtitle, styles["forte"])
    line = 3
    for label, block in [("Foglio", None), *(("", block) for block in named)]:
        if block is None:
            sheet.write_row(line, 0, [label, "Contenuto"], styles["testata"])
        else:
            sheet.write_url(line, 0, f"internal:'{_sheet_name(block['nome'])}'!A1", string=_sheet_name(block["nome"]))
            sheet.write_string(line, 1, block["titolo"], styles["nota"])
        line += 1
    sources = dict.fromkeys(f"Fonte: {block['fonte']}." for block in named if block["fonte"])
    remarks = dict.fromkeys(note for block in named for note in block["note"])
    for text in [*notes, *sources, *remarks]:
        line += 1
        sheet.merge_range(line, 0, line, 1, text, styles["nota"])
        sheet.set_row(line, 15 * (1 + len(text) // 120))


def _sheet(sheet: Worksheet, block: dict[str, Any], styles: dict[str, Any]) -> None:
    columns, rows = block["colonne"], block["righe"]
    sheet.write_string(0, 0, block["titolo"], styles["titolo"])
    grouped = any(column["gruppo"] for column in columns)
    top = 2
    for position, column in enumerate(columns):
        label = column["etichetta"]
        if not grouped:
            sheet.write_string(top, position, label, styles["testata"])
        elif not column["gruppo"]:
            sheet.merge_range(top, position, top + 1, position, label, styles["testata"])
        else:
            span = [i for i, other in enumerate(columns) if other["gruppo"] == column["gruppo"]]
            if position == span[0]:
                sheet.merge_range(top, span[0], top, span[-1], column["gruppo"], styles["testata"])
            sheet.write_string(top + 1, position, label, styles["testata"])
        texts = [str(row[position] or "") for row in rows if isinstance(row[position], str)]
        words = max((len(word) for word in label.split()), default=0)
        sheet.set_column(position, position, min(max([12, words + 2, *(len(text) + 2 for text in texts)]), _MAX_WIDTH))
    first = top + (2 if grouped else 1)
    last = len(rows) - block.get("totali", 0)
    for number, row in enumerate(rows):
        bold = number >= last
        for position, (value, column) in enumerate(zip(row, columns, strict=True)):
            style = styles.get(column["formato"] + ("!" if bold else ""), styles["forte" if bold else ""])
            if isinstance(value, str):
                sheet.write_string(first + number, position, value, styles["testo lungo"] if len(value) > _MAX_WIDTH else style)
            elif value is not None:
                sheet.write_number(first + number, position, value, style)
    sheet.freeze_panes(first, 1)
    if not grouped and rows:
        sheet.autofilter(top, 0, first + len(rows) - 1, len(columns) - 1)
    line = first + len(rows) + 1
    for text in [*block["note"], *([f"Fonte: {block['fonte']}."] if block["fonte"] else [])]:
        sheet.write_string(line, 0, text)
        line += 1
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
