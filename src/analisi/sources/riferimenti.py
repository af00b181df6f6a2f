"""Reading of the reference tables that people edit by hand: columns that must be there, numbers and days as Italians write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from analisi.errors import AnalisiError, listing, suggest
from analisi.sources.cells import NOT_NUMBER, Problema, parse_date, parse_decimal
from analisi.sources.text import read_csv_text
from analisi.workspace import shown

NUMERO = "un numero in cifre, con il punto per le migliaia e la virgola per i decimali (al più due), o vuoto"
GIORNO = "un giorno, scritto aaaa-mm-gg o gg/mm/aaaa, o vuoto"


def read_reference(path: Path, columns: Sequence[str], numbers: Sequence[str] = (), days: Sequence[str] = ()) -> pl.DataFrame:
    """Rows of a reference table as text, its `numbers` and `days` parsed; other columns follow.

    Raises:
        AnalisiError: a column is missing; a cell is no number or no day, with file, row, column, value and rule.
    """
    rows = read_csv_text(path)
    needed = dict.fromkeys((*columns, *numbers, *days))
    if lost := [name for name in needed if name not in rows.columns]:
        hint = suggest(lost[0], [name for name in rows.columns if name not in needed])
        msg = f"{shown(path)}: {'manca la colonna' if len(lost) == 1 else 'mancano le colonne'} {listing(f'«{n}»' for n in lost)}; {hint}"
        raise AnalisiError(msg)
    made = [_parsed(rows[name], _number, pl.Float64, NUMERO, path) for name in numbers]
    return rows.with_columns(*made, *(_parsed(rows[name], _day, pl.Date, GIORNO, path) for name in days))


def _number(text: str) -> float | Problema:
    return NOT_NUMBER if re.search(r",\d{3,}", text) else parse_decimal(text, decimals="virgola")


def _day(text: str) -> object:
    return parse_date(text, serials=False)


def _parsed(cells: pl.Series, parse: Callable[[str], object], dtype: type[pl.DataType], rule: str, path: Path) -> pl.Series:
    values = [None if text is None else parse(text) for text in cells]
    for row, value in enumerate(values, start=2):
        if isinstance(value, Problema):
            msg = f"{shown(path)}, riga {row}, colonna «{cells.name}»: «{cells[row - 2]}» non è ammesso; serve {rule}"
            raise AnalisiError(msg)
    return pl.Series(cells.name, values, dtype=dtype)
