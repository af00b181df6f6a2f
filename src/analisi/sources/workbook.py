"""Sheets of XLSX, XLS and ODS workbooks as text, each cell by its own type; guarded against archives made to exhaust the machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Lock

import fastexcel
import polars as pl

from analisi.errors import AnalisiError
from analisi.sources.archive import Traits, check_xls, guard_ods, guard_xlsx
from analisi.sources.foglio import MAX_COLUMNS, Foglio, refuse


def read_workbook(path: Path, kind: str) -> Iterator[Foglio]:
    """The sheets of a workbook, in their order; `kind` is xlsx, xls or ods.

    Raises:
        AnalisiError: the file is damaged, protected by a password, or expands beyond what a table can be.
    """
    guards, properties = {}, {}
    if kind == "xlsx":
        guards, properties = guard_xlsx(path)
    elif kind == "ods":
        guards = guard_ods(path)
    else:
        check_xls(path)
    try:
        book = fastexcel.read_excel(str(path))
        names = list(book.sheet_names)
    except BaseException as error:
        raise _unreadable(path, error) from None
    for position, name in enumerate(names):
        cells, traits = _load(path, book, position, "string"), guards.get(name, Traits())
        errors = {place: text for place, text in traits.errors.items() if place[0] < cells.height and place[1] < cells.width}
        for (row, column), text in errors.items():
            cells[row, column] = text
        numbers = _Numbers(path, book, position)
        yield Foglio(
            path, name, kind, cells, errors=errors, uncomputed=tuple(traits.uncomputed), is_number=numbers, number_of=numbers.exact,
            dressing=kind.upper(), metadata=properties,
        )  # fmt: skip


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
        self.source, self.lock, self.frames = (path, book, position), Lock(), {}

    def _frame(self, dtype: str) -> pl.DataFrame:
        with self.lock:
            if dtype not in self.frames:
                self.frames[dtype] = _load(*self.source, dtype)
            return self.frames[dtype]

    def __call__(self, column: int) -> pl.Series:
        return self._frame("boolean").to_series(column).is_not_null()

    def exact(self, column: int) -> pl.Series:
        """The numbers themselves: as text the reader rounds them to nine decimals."""
        return self._frame("float").to_series(column)


def _unreadable(path: Path, error: BaseException) -> BaseException:
    """The error to raise for a fault of the reader, whose panics are no ordinary exceptions; an interruption stays one."""
    if isinstance(error, AnalisiError | KeyboardInterrupt | SystemExit | GeneratorExit):
        return error
    if "password" in str(error).lower():
        return refuse(path, "è protetto da una password; aprirlo con Excel e salvarlo senza protezione")
    return refuse(path, "il foglio di calcolo è danneggiato o incompleto; aprirlo con Excel e salvarlo di nuovo come .xlsx")
