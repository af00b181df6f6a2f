"""One sheet of any file as it stands: cells as text, nothing inferred, row by row as the user sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from analisi.errors import AnalisiError
from analisi.workspace import shown

MAX_COLUMNS = 2_000
MAX_CELLS = 400_000_000  # beyond this a table is read in pieces, not in memory


@dataclass(frozen=True)
class Foglio:
    """The cells of one sheet as text (String columns c0, c1...; row i is row i + 1 of the file); blank cells are null.

    `ragged` has the number of fields of the rows of a CSV that do not match its width; `errors` the cells (row, column)
    that hold a spreadsheet error; `is_number` tells, for a column, which cells the file stores as numbers (None: all are text), and
    `number_of` their exact values.
    """

    file: Path
    name: str | None
    kind: str
    cells: pl.DataFrame
    ragged: dict[int, int] = field(default_factory=dict)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    uncomputed: tuple[tuple[int, int], ...] = ()
    is_number: Callable[[int], pl.Series] | None = None
    number_of: Callable[[int], pl.Series] | None = None
    dressing: str = ""
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def is_spreadsheet(self) -> bool:
        """Whether cells have a type and a format of their own, which a person may have changed without knowing."""
        return self.kind in ("xlsx", "xls", "ods")

    @property
    def place(self) -> str:
        """File and sheet, as error texts name them."""
        return shown(self.file) + (f", foglio «{self.name}»" if self.name is not None else "")

    def odd_rows(self, heading: int) -> Iterator[tuple[int, int, int]]:
        """Rows under a heading (number of its row) whose fields are not as many as the heading's: row, fields found, fields expected.

        Blank fields in excess at the end of a row are no fault.
        """
        width = self.cells.width
        expected = self.ragged.get(heading, width)
        rows = range(heading + 1, self.cells.height + 1) if expected != width else sorted(row for row in self.ragged if row > heading)
        for row in rows:
            found = self.ragged.get(row, width)
            cells = self.cells.row(row - 1)
            blank = not any(cells) and found <= width
            if found != expected and not blank and (found < expected or found > width or any(cells[expected:])):
                yield row, found, expected


def refuse(path: Path, words: str) -> AnalisiError:
    """The error that names the file and says why it cannot be read."""
    return AnalisiError(f"{shown(path)}: {words}")


def letter(column: int) -> str:
    """Name of a column as spreadsheets write it.

    >>> letter(0), letter(25), letter(26)
    ('A', 'Z', 'AA')
    """
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
