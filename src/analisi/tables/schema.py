"""How a table is declared, and the validation of a frame of text against its declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from analisi.errors import AnalisiError, suggest
from analisi.sources.text import parse_integer


@dataclass(frozen=True)
class Column:
    """One column: its type decides how the text of a cell is read; `values` are the only codes admitted."""

    name: str
    type: Literal["testo", "intero"]
    description: str
    required: bool = True
    minimum: int | None = None
    maximum: int | None = None
    values: Callable[[], Iterable[str]] | None = None


@dataclass(frozen=True)
class Table:
    """A canonical table: `row` says what one row is, `key` the columns that make it unique."""

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


@dataclass(frozen=True)
class Fault:
    """One cell that breaks a rule. `str()` is the line an analyst reads."""

    file: str
    riga: int
    colonna: str
    valore: str | None
    regola: str

    def __str__(self) -> str:
        value = "vuoto" if self.valore is None else f"«{self.valore}»"
        return f"{self.file}, riga {self.riga}, colonna {self.colonna}, valore {value}: {self.regola}"


@dataclass
class Faults:
    """Faults found in one file; `raise_if_any` reports them all in one error."""

    file: str
    items: list[Fault] = field(default_factory=list)

    def add(self, rows: pl.DataFrame, column: str, rule: str) -> None:
        """Add a fault for each row of `rows`, a frame with `riga` and the offending column as text."""
        for riga, value in rows.select("riga", pl.col(column).cast(pl.String)).iter_rows():
            self.items.append(Fault(self.file, riga, column, value, rule))

    def raise_if_any(self) -> None:
        """Raises: AnalisiError with one line per fault, the first twenty in full."""
        if not self.items:
            return
        lines = [str(fault) for fault in sorted(self.items, key=lambda fault: fault.riga)]
        more = [f"... e altri {len(lines) - 20} errori"] if len(lines) > 20 else []
        raise AnalisiError("\n".join(lines[:20] + more))


ROW = "riga"  # number of the row in the file, the heading being row 1


def check_heading(text: pl.DataFrame, table: Table, file: str) -> None:
    """Raises: AnalisiError when a declared column is missing from the heading."""
    for name in table.names:
        if name not in text.columns:
            others = [column for column in text.columns if column not in table.names]
            msg = f"{file}, riga 1: manca la colonna «{name}» della tabella {table.name}; {suggest(name, others)}"
            raise AnalisiError(msg)


def read_cells(text: pl.DataFrame, table: Table, faults: Faults) -> pl.DataFrame:
    """The declared columns with their types and `riga`; cells that cannot be read become null and a fault."""
    numbered = text.select(table.names).with_row_index(ROW, offset=2).filter(~pl.all_horizontal(pl.col(table.names).is_null()))
    for column in table.columns:
        cell = pl.col(column.name)
        if column.required:
            faults.add(numbered.filter(cell.is_null()), column.name, "è obbligatorio")
        if column.type == "intero":
            read = cell.map_elements(parse_integer, return_dtype=pl.Int64)
            wrong = numbered.filter(cell.is_not_null() & read.is_null())
            faults.add(wrong, column.name, "non è un numero intero; scrivere solo cifre, o lasciare vuoto se il dato manca")
            numbered = numbered.with_columns(read)
        if column.minimum is not None:
            faults.add(numbered.filter(cell < column.minimum), column.name, f"è minore di {column.minimum}")
        if column.maximum is not None:
            faults.add(numbered.filter(cell > column.maximum), column.name, f"è maggiore di {column.maximum}")
        if column.values is not None:
            known = list(column.values())
            for value in numbered.filter(~cell.is_in(known))[column.name].unique(maintain_order=True):
                faults.add(numbered.filter(cell == value), column.name, f"codice sconosciuto; {suggest(value, known)}")
    return numbered


def check_key(rows: pl.DataFrame, table: Table, faults: Faults) -> None:
    """Add a fault for each row whose key stands in an earlier row."""
    first = rows.with_columns(pl.col(ROW).min().over(table.key).alias("prima"))
    for riga, prima in first.filter(pl.col(ROW) != pl.col("prima")).select(ROW, "prima").iter_rows():
        again = rows.filter(pl.col(ROW) == riga)
        key = ", ".join(f"{name} {again[name][0]}" for name in table.key)
        faults.add(again, table.key[0], f"riga ripetuta: {key} è già alla riga {prima}; lasciarne una sola")
