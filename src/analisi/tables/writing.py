"""Rows of a declared table as a file: CSV as Italian spreadsheets open it, XLSX, Parquet. A file is whole or not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from math import ceil
from pathlib import Path
from uuid import uuid4

import polars as pl
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from analisi.errors import AnalisiError, listing
from analisi.tables.schema import Column, Table
from analisi.workspace import shown

BLUE, INK, GREY = "#0066CC", "#0B3A75", "#5A6675"  # colours of workbooks
SINTETICI = "DATI SINTETICI, inventati per prova"
EXCEL_BEGINS = 1900  # no spreadsheet shows the dates before
SHEET_ROWS = 1_048_576  # of a worksheet
EPOCH = datetime(2000, 1, 1)  # a workbook must carry a date of creation; never the clock's, so that bytes repeat
# Texts stay texts: a cell that begins with = must never become a formula, nor an address a link, nor a code a number.
PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
UNPRINTABLE = r"[\x00-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]"  # what neither a worksheet nor our own reader of CSV takes
ITALIAN_DATE = "%d/%m/%Y"
NUMBER_FORMATS = {"data": "dd/mm/yyyy", "decimale": "#,##0.00", "percentuale": "0.0#"}


def write_table(frame: pl.DataFrame, table: Table, path: Path, *, natura_sintetica: bool = False) -> Path:
    """Write the rows of a table by the suffix of `path`: .csv, .xlsx or .parquet. Returns the path.

    With `natura_sintetica` the properties of the XLSX or Parquet file say so (a CSV has none: its column `natura` does).

    Raises:
        AnalisiError: the suffix is another, the columns are not the table's, the rows are too many for a sheet, the disk refuses.
    """
    writers = {".csv": _write_csv, ".xlsx": _write_xlsx, ".parquet": _write_parquet}
    write = writers.get(path.suffix.lower())
    if write is None:
        msg = f"{shown(path)}: formato «{path.suffix}» non previsto; dare al file un nome che finisca per {listing(writers)}"
        raise AnalisiError(msg)
    frame = _conform(frame, table, path)
    with replacing(path) as part:
        write(frame, table, part, SINTETICI if natura_sintetica else "")
    return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; what was written takes the place of `path` only when all went well.

    Raises:
        AnalisiError: the folder or the file cannot be written.
    """
    part = path.with_name(f".{uuid4().hex}.parziale")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except (OSError, FileCreateError) as error:
        msg = f"{shown(path)}: il file non si può scrivere; chiuderlo, se è aperto in un altro programma, o indicare un'altra cartella"
        raise AnalisiError(msg) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def number_format(column: Column) -> str:
    """How a spreadsheet shows the values of a column: texts and codes as they are written, years without thousands marks."""
    if column.type == "intero":
        return "#,##0" if column.maximum is None or column.maximum > 9_999 else "0"
    return NUMBER_FORMATS.get(column.type, "@")


def printable() -> pl.Expr:
    """Every text column, with a visible mark in place of the control characters that files of text cannot hold."""
    return pl.col(pl.String).str.replace_all(UNPRINTABLE, "\ufffd")


def _conform(frame: pl.DataFrame, table: Table, path: Path) -> pl.DataFrame:
    """The frame with the columns of the table, in their order and types."""
    faults = [
        (f"colonne che la tabella {table.name} non ha", [name for name in frame.columns if name not in table.schema]),
        (f"colonne mancanti della tabella {table.name}", [name for name in table.names if name not in frame.columns]),
    ]
    said = [f"{words}: {listing(f'«{name}»' for name in names)}" for words, names in faults if names]
    if said:
        msg = f"{shown(path)}: {'; '.join(said)}"
        raise AnalisiError(msg)
    wrong = [name for name, dtype in table.schema.items() if frame.schema[name] not in (dtype, pl.Null)]
    if wrong:
        types = listing(f"«{name}» ({frame.schema[name]} invece di {table.schema[name]})" for name in wrong)
        msg = f"{shown(path)}: colonne di un tipo diverso da quello della tabella {table.name}: {types}"
        raise AnalisiError(msg)
    return frame.select(table.names).cast(table.schema)


def _write_csv(frame: pl.DataFrame, table: Table, path: Path, label: str) -> None:
    frame.with_columns(printable()).write_csv(
        path, separator=";", include_bom=True, date_format=ITALIAN_DATE, decimal_comma=True, float_scientific=False
    )


def _write_parquet(frame: pl.DataFrame, table: Table, path: Path, label: str) -> None:
    frame.write_parquet(path, metadata={"tabella": table.name, **({"title": label, "description": label} if label else {})})


def _write_xlsx(frame: pl.DataFrame, table: Table, path: Path, label: str) -> None:
    if frame.height >= SHEET_ROWS:
        msg = f"{table.name}: {frame.height} righe non stanno in un foglio di calcolo ({SHEET_ROWS - 1} al più); usare .csv o .parquet"
        raise AnalisiError(msg)
    book = xlsxwriter.Workbook(path, {"constant_memory": True, **PLAIN})
    book.set_properties({"created": EPOCH, **({"title": label, "comments": label} if label else {})})
    sheet, bold = book.add_worksheet("Dati"), book.add_format({"bold": True})
    styles = [book.add_format({"num_format": number_format(column)}) for column in table.columns]
    for position, (column, style) in enumerate(zip(table.columns, styles, strict=True)):
        texts = frame[column.name].head(1_000).cast(pl.String).str.len_chars().max() or 0
        sheet.set_column(position, position, min(max(len(column.name), texts, 8) + 2, 60), style)
        sheet.write_string(0, position, column.name, bold)
    for number, row in enumerate(frame.with_columns(printable()).iter_rows(), start=1):
        for position, value in enumerate(row):
            _write_cell(sheet, number, position, value, styles[position], share=table.columns[position].type == "percentuale")
    sheet.freeze_panes(1, 0)
    book.close()


def _write_cell(sheet: Worksheet, row: int, position: int, value: str | float | date | None, style: Format, *, share: bool) -> None:
    if isinstance(value, str):
        sheet.write_string(row, position, value, style)
    elif isinstance(value, date):
        if value.year >= EXCEL_BEGINS:
            sheet.write_datetime(row, position, value, style)
        else:
            sheet.write_string(row, position, f"{value:%d/%m}/{value.year:04}", style)
    elif value is not None and share and 0 < value <= 1:
        sheet.write_string(row, position, f"{value!r}%".replace(".", ","), style)  # a plain number would read as a share
    elif value is not None:
        sheet.write_number(row, position, value, style)


def require_xlsx(path: Path) -> None:
    """Raises: AnalisiError when the name does not end in .xlsx."""
    if path.suffix.lower() != ".xlsx":
        msg = f"{shown(path)}: il file si scrive solo in formato Excel; dargli un nome che finisca per .xlsx"
        raise AnalisiError(msg)


def thousands(value: float) -> str:
    """A number as Italians write it; years without points.

    >>> thousands(2999), thousands(99_999_999), thousands(0.5)
    ('2999', '99.999.999', '0,5')
    """
    if value != int(value):
        return f"{value:g}".replace(".", ",")
    return f"{int(value):,}".replace(",", ".") if abs(value) > 9_999 else str(int(value))


def lines_of(text: str, width: float) -> int:
    """How many lines a text takes in a cell that holds `width` characters."""
    return sum(ceil((len(line) or 1) / width) for line in text.split("\n"))


def counted(number: int, one: str, many: str) -> str:
    """How many, in words.

    >>> counted(1, "errore", "errori"), counted(12_000, "riga", "righe")
    ('1 errore', '12.000 righe')
    """
    return f"{thousands(number)} {one if number == 1 else many}"
