"""A frame as analysts look at it in a notebook: Italian headings and numbers, a caption, no personal data. It never enters a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from analisi.presentation.blocks import Col, table
from analisi.presentation.datasets import Campo
from analisi.presentation.html import preview
from analisi.tables.catalogo import TABLES
from analisi.tables.reading import in_polars
from analisi.workspace import masked

ROWS_SHOWN = 20
HIDDEN = "(non riportato)"
_RESERVED = {column.name for declared in TABLES.values() for column in declared.columns if column.reserved}


@dataclass(frozen=True, repr=False)
class Mostra:
    """A frame to look at."""

    payload: dict[str, Any]
    righe: int

    def __repr__(self) -> str:
        return f"{self.payload['titolo']} ({self.righe} righe)"

    def _repr_html_(self) -> str:
        return preview(self.payload)


def mostra(frame: Any, titolo: str = "", righe: int = ROWS_SHOWN) -> Mostra:
    """A frame (polars or pandas) as a table with Italian numbers, of which the first `righe` rows are shown.

    Headings and formats are those of the data file most like the frame, among those that the reports declare; other columns are shown by
    their type, whole numbers as such, the rest with two decimals. Values that may name a person or a company are not repeated.

    >>> import polars as pl
    >>> mostra(pl.DataFrame({"provincia": ["BG", "SO"], "lavoratori": [1615, 59]}), "Lavoratori coinvolti")
    Lavoratori coinvolti (2 righe)
    """
    rows = in_polars(frame)
    known = _declared(rows.columns)
    columns = [Col(name, *_heading(name, dtype, known, first=not place)) for place, (name, dtype) in enumerate(rows.schema.items())]
    shown = rows.head(righe).with_columns(_plain(name, dtype) for name, dtype in rows.schema.items())
    notes = [f"Prime {righe} righe di {rows.height}."] if rows.height > righe else []
    return Mostra(table(shown, columns, title=titolo or "Tabella", notes=notes).payload, rows.height)


def _declared(names: list[str]) -> Mapping[str, Campo]:
    """The columns of the declared data file that has most of these; none, when even that is about something else."""
    from analisi.presentation.dizionario import REPORTS  # it imports every report

    files = [file.columns for report in REPORTS.values() for file in report.values()]
    nearest = max(files, key=lambda columns: len({*columns} & {*names}))
    return nearest if 2 * len({*nearest} & {*names}) >= len(names) else {}


def _heading(name: str, dtype: pl.DataType, known: Mapping[str, Campo], *, first: bool) -> tuple[str, str]:
    """Heading and format of a column; the first heads the rows, as a number of row or a year."""
    if name in known and (dtype.is_numeric() or known[name][1] in ("testo", "codice")):
        return known[name][:2]
    year = dtype.is_integer() and (first or name.startswith("anno"))
    return name, "anno" if year else "intero" if dtype.is_integer() else "due_decimali" if dtype.is_numeric() else "testo"


def _plain(name: str, dtype: pl.DataType) -> pl.Expr:
    """A column as a table can show it: numbers as they are, all else as text that names nobody."""
    column = pl.col(name)
    if name in _RESERVED:
        return pl.when(column.is_not_null()).then(pl.lit(HIDDEN)).alias(name)
    if dtype.is_numeric():
        return column
    if dtype == pl.Boolean:
        return pl.when(column).then(pl.lit("sì")).when(~column).then(pl.lit("no")).alias(name)
    if dtype == pl.Date:
        return column.dt.to_string("%d/%m/%Y")
    return column.map_elements(lambda value: masked(str(value)), return_dtype=pl.String)
