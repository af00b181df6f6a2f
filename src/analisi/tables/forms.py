"""The blank Excel form of a table, made from its declaration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import accumulate
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from analisi.errors import listing
from analisi.sources import cells
from analisi.sources.foglio import letter
from analisi.tables.schema import Column, Table
from analisi.tables.writing import BLUE, EPOCH, GREY, INK, PLAIN, lines_of, number_format, replacing, require_xlsx, thousands
from analisi.vocabulary import FUORI_REGIONE, Territorio, load_territorio

if TYPE_CHECKING:
    pass

TITLE, WORDS, EXAMPLE, HEADING, FIRST, LAST = 0, 1, 2, 3, 4, 4_999  # rows of the form, from 0
PALE, LINE = "#DCE9F7", "#D5DCE4"
_HEAD = {"bold": True, "text_wrap": True, "valign": "vcenter", "border": 1, "border_color": "#FFFFFF"}
_BODY = {"text_wrap": True, "valign": "top", "num_format": "@", "bottom": 1, "bottom_color": LINE}
STYLES: dict[str, dict[str, Any]] = {
    "titolo": {"bold": True, "font_size": 14, "font_color": INK},
    "guida": {"font_size": 10, "font_color": GREY},
    "cappello": {"text_wrap": True, "valign": "vcenter"},
    "parole": {"text_wrap": True, "valign": "bottom", "font_size": 9, "font_color": GREY},
    "esempio": {"italic": True, "font_size": 9, "font_color": GREY, "bg_color": "#F2F2F2", "num_format": "@"},
    "obbligatorio": {**_HEAD, "font_color": "#FFFFFF", "bg_color": BLUE},
    "facoltativo": {**_HEAD, "font_color": INK, "bg_color": PALE},
    "testo": _BODY,
    "forte": {**_BODY, "bold": True},
    "capitolo": {"bold": True, "font_size": 12, "font_color": INK},
    "comando": {"font_name": "Consolas"},
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
    require_xlsx(path)
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


def _set_page(sheet: Worksheet, table: Table) -> None:
    sheet.hide_gridlines(1 if sheet.name == "Dati" else 2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(0.4, 0.4, 0.5, 0.6)
    sheet.set_footer(f"&L{table.name}&C&A&R&P / &N")


def _admitted(column: Column, territorio: Territorio) -> dict[str, str]:
    """The codes a cell may hold, each with the clearest of the words that say it; empty for what is not a code."""
    if column.type == "provincia":
        return {p.sigla: p.nome for p in territorio.province} | ({FUORI_REGIONE: "fuori regione"} if column.outside else {})
    return {code: max([*([] if code.isupper() else [code]), *words.split("|")], key=len) for code, words in column.codes.items()}


def _obligation(column: Column) -> str:
    return "obbligatorio" if column.required else "facoltativo"


def _rule(column: Column) -> str:
    """What a cell of the column may hold, as a sentence without its codes."""
    bounds = [f"{word} {thousands(bound)}" for word, bound in (("da", column.minimum), ("a", column.maximum)) if bound is not None]
    kind = column.form if column.form and column.type == "testo" else TYPES[column.type]
    return ", ".join(filter(None, [kind, " ".join(bounds)]))


def _width(column: Column) -> int:
    return min(max(len(column.name) + 2, len(column.example) + 1, 13), 34)


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
    sheet.set_row(TITLE, 20 * lines_of(title, reach / 1.25) + 14 * lines_of(steps, reach) + 6)
    words = [f"{column.description[0].upper()}{column.description[1:]} ({_obligation(column)})" for column in table.columns]
    sheet.set_row(WORDS, 12 * max(lines_of(text, 1.1 * width) for text, width in zip(words, widths, strict=True)) + 6)
    sheet.set_row(HEADING, 30)
    for position, (column, text) in enumerate(zip(table.columns, words, strict=True)):
        sheet.write_string(WORDS, position, text, styles["parole"])
        if column.example:
            sheet.write_string(EXAMPLE, position, column.example, styles["esempio"])
        else:
            sheet.write_blank(EXAMPLE, position, None, styles["esempio"])
        sheet.write_string(HEADING, position, column.name, styles[_obligation(column)])
        note = "\n".join(filter(None, [text, f"Valori: {_rule(column)}.", shorten(", ".join(codes[column.name]), 400, placeholder=" …")]))
        sheet.write_comment(HEADING, position, note, {"author": "analisi", "width": 300, "height": 18 * lines_of(note, 46) + 10})
    sheet.freeze_panes(FIRST, 0)
    sheet.set_selection(FIRST, 0, FIRST, 0)
    sheet.ignore_errors({"number_stored_as_text": f"A1:{letter(len(widths) - 1)}{LAST + 1}"})


def _fill_lists(sheet: Worksheet, codes: Mapping[str, dict[str, str]], styles: Mapping[str, Format]) -> dict[str, str]:
    """The lists of codes, one for all the columns that share it; returns where the list of each column is."""
    shared: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for name, words in codes.items():
        if words:
            shared.setdefault(tuple(words.items()), []).append(name)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 60)
    places, line = {}, 0
    for items, names in shared.items():
        sheet.write_string(line, 0, f"Per {listing(names)}", styles["capitolo"])
        sheet.write_string(line + 1, 0, "Codice", styles["obbligatorio"])
        sheet.write_string(line + 1, 1, "Significato", styles["obbligatorio"])
        for row, (code, words) in enumerate(items, start=line + 2):
            sheet.write_string(row, 0, code, styles["forte"])
            sheet.write_string(row, 1, words, styles["testo"])
        places |= dict.fromkeys(names, f"=Elenchi!$A${line + 3}:$A${line + 2 + len(items)}")
        line += len(items) + 3
    if not places:
        sheet.write_string(0, 0, "Nessuna colonna di questa tabella ha un elenco di codici.", styles["guida"])
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
    widths = (30, 52, 14, 62, 34)
    for position, width in enumerate(widths):
        sheet.set_column(position, position, width)
    sheet.write_string(0, 0, f"Come compilare {table.name}", styles["titolo"])
    sheet.write_string(1, 0, f"Una riga è {table.row}. Fonte: {table.source}.", styles["guida"])
    line = 3

    def write(texts: tuple[str, ...], style: str = "testo") -> None:
        nonlocal line
        if style == "testo":
            sheet.set_row(line, 15 * max(lines_of(text, 1.12 * width) for text, width in zip(texts, widths, strict=False)) + 3)
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
        known = "; ".join(f"{code} = {words}" for code, words in codes[column.name].items())
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
    write(("Un errore fa scartare la riga, un avviso chiede una verifica. Per controllare il modulo compilato:",), "guida")
    write((f"analisi controlla FILE --tabella {table.name}",), "comando")
