"""Where the table begins in a sheet: the row (or two rows) of headings, under titles and beside columns nobody asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analisi.errors import AnalisiError, listing, suggest
from analisi.sources.foglio import Foglio, letter
from analisi.tables.schema import Table
from analisi.vocabulary import normalized

if TYPE_CHECKING:
    from analisi.tables.mapping import Mappatura

LONGEST = 200  # characters of a cell that may be a heading
SEARCHED = 40  # rows at the top of a sheet in which a heading is looked for


@dataclass(frozen=True)
class Heading:
    """The heading of a sheet: `first` and `last` row (from 0), our columns by position, and the text of every position."""

    first: int
    last: int
    columns: dict[str, int]
    names: list[str]
    twice: dict[str, list[int]]
    other: int | None = None  # another row with every required column, if any

    @property
    def words(self) -> str:
        return f"riga {self.first + 1}" if self.first == self.last else f"righe {self.first + 1}-{self.last + 1}"


@dataclass(frozen=True)
class _Top:
    """The first rows of a sheet: their texts, the same normalized, and the last word of each cell."""

    texts: list[list[str]]
    plain: list[list[str]]
    words: list[set[str]]


def _read_top(sheet: Foglio) -> _Top:
    texts = [[(cell or "")[:LONGEST].strip() for cell in row] for row in sheet.cells.head(SEARCHED + 1).rows()]
    plain = [[normalized(cell) if cell else "" for cell in row] for row in texts]
    return _Top(texts, plain, [{cell.rpartition(" ")[-1] for cell in row if cell} for row in plain])


def find_headings(sheet: Foglio, tables: Iterable[Table], mapped: dict[str, str]) -> list[tuple[Table, Heading]]:
    """The tables that have a heading in the sheet, each with it (see `find_heading`)."""
    top = _read_top(sheet)
    return [(table, found) for table in tables if (found := _find(sheet, top, table, mapped))]


def find_heading(sheet: Foglio, table: Table, mapped: dict[str, str]) -> Heading | None:
    """The row, or pair of rows, with the most headings of the table, by our names or by the mapping's; None when no row has two."""
    return _find(sheet, _read_top(sheet), table, mapped)


def _find(sheet: Foglio, top: _Top, table: Table, mapped: dict[str, str]) -> Heading | None:
    wanted = {word for name in (*table.headings, *mapped) for word in name.split()}
    best: Heading | None = None
    whole: list[Heading] = []
    lettered = any(name.startswith("=") for name in mapped)
    likely = [lettered or not wanted.isdisjoint(words) for words in top.words]
    rows = range(min(SEARCHED, len(likely)))
    for first, last in [
        *((row, row) for row in rows),
        *((row, row + 1) for row in rows if row + 1 < len(likely)),
    ]:  # a pair only if it says more
        if likely[first] or likely[last]:
            found = _match(top, first, last, table, mapped)
            if first == last and not lettered and set(table.required) <= set(found.columns):
                whole.append(found)
            if len(found.columns) >= 2 and (best is None or len(found.columns) > len(best.columns)):
                best = found
    if best is not None and lettered and all(f"={letter(place)}" in mapped for place in best.columns.values()):
        guess = likely_heading(sheet)  # letters say nothing of the row
        best = _match(top, guess.first, guess.first, table, mapped) if guess else best
    if best is None:
        return None
    return replace(best, other=next((h.first for h in whole if h.last < best.first or h.first > best.last), None))


def likely_heading(sheet: Foglio) -> Heading | None:
    """The first of the top rows with the most texts: a heading none of whose names is ours."""
    top = [[(cell or "")[:LONGEST].strip() for cell in row] for row in sheet.cells.head(SEARCHED).rows()]
    filled = [sum(any(mark.isalpha() for mark in cell) for cell in row) for row in top]
    if max(filled, default=0) < 2:
        return None
    first = filled.index(max(filled))
    return Heading(first, first, {}, top[first], {})


def _match(top: _Top, first: int, last: int, table: Table, mapped: dict[str, str]) -> Heading:
    texts, plain = top.texts, top.plain
    columns: dict[str, int] = {}
    names, twice, group = [], {}, 0
    for position, own in enumerate(texts[first]):
        group = position if own else group  # a merged cell keeps its text in the first of its columns
        lower = texts[last][position] if first != last else ""
        names.append(f"{texts[first][group]} {lower}".strip() if lower else own)
        tried = [f"{plain[first][group]} {plain[last][position]}".strip(), plain[last][position]] if lower else [plain[first][position]]
        keys = [f"={letter(position)}", *tried] if mapped else []
        name = next((found for key in keys if key and (found := mapped.get(key))), None)
        if name is None:
            name = next((found for key in tried if (found := table.headings.get(key)) and found not in mapped.values()), None)
        if name in columns:
            twice.setdefault(name, [columns[name]]).append(position)
        elif name is not None:
            columns[name] = position
    return Heading(first, last, columns, names, twice)


def require_columns(sheet: Foglio, table: Table, heading: Heading | None, mapping: Mappatura) -> Heading:
    """The heading, when it has every required column (or the mapping gives a fixed value).

    Raises:
        AnalisiError: no heading, or two; a required column is missing; a column stands twice, or is both in the file and fixed; the mapping
            names a heading that is not there.
    """
    given = set(mapping.fissi)
    help_line = f"per far corrispondere altre intestazioni: analisi mappa {sheet.file.name} --tabella {table.name}"
    if heading is None:
        names = listing(table.required)
        msg = f"{sheet.place}: nelle prime {SEARCHED} righe non c'è l'intestazione della tabella {table.name} ({names}); {help_line}"
        raise AnalisiError(msg)
    if heading.twice:
        name, places = next(iter(heading.twice.items()))
        where = listing(letter(place) for place in places)
        msg = f"{sheet.place}, {heading.words}: la colonna «{name}» compare più volte (colonne {where}); lasciarne una sola"
        raise AnalisiError(msg)
    for name, theirs in mapping.colonne.items():
        if name not in heading.columns:
            hint = suggest(theirs, [text for text in heading.names if text])
            msg = f"{sheet.place}, {heading.words}: l'intestazione «{theirs}», che la mappatura dà a {name}, non c'è; {hint}"
            raise AnalisiError(msg)
    for name in sorted(given & set(heading.columns)):
        msg = f"{sheet.place}, {heading.words}: «{name}» è nel file e ha anche un valore fisso nella mappatura; tenerne uno"
        raise AnalisiError(msg)
    if heading.other is not None:
        msg = f"{sheet.place}: due intestazioni (righe {heading.first + 1} e {heading.other + 1}): lasciare una tabella per foglio"
        raise AnalisiError(msg)
    lost = [name for name in table.required if name not in heading.columns and name not in given]
    if lost:
        others = [name for i, name in enumerate(heading.names) if name and i not in heading.columns.values()]
        words = f"manca la colonna «{lost[0]}»" if len(lost) == 1 else f"mancano le colonne {listing(f'«{name}»' for name in lost)}"
        msg = f"{sheet.place}, {heading.words}: {words} della tabella {table.name}; {suggest(lost[0], others)}; {help_line}"
        raise AnalisiError(msg)
    return heading
