"""The attack on what is about to be published for other readers, read back from the bytes of its files.

The data files are what everything else is compared with: the attacker's linear programs run over all of them together, and a number of a
workbook or of a table on a page must be one of its data file's, rounded or not.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from analisi.disclosure.protezione import require_safe
from analisi.disclosure.pubblicato import audit_published
from analisi.errors import AnalisiError
from analisi.presentation.formats import round_half_up
from analisi.presentation.riservatezza import data_files, decided, tables
from analisi.sources.cells import Problema, parse_number

Written = tuple[int, Decimal]  # a number as it is written: decimals, value

_BOOK, _PAGE = ".xlsx", ".html"
_DECIMALS, _SHOWN = 4, 5


@dataclass(frozen=True)
class Pubblicato:
    """A report to be published: the folder of its files, the report whose figures it shows, every parameter."""

    cartella: Path
    cifre: str
    parametri: dict[str, Any]

    @cached_property
    def dati(self) -> dict[str, pl.DataFrame]:
        return data_files(self.cartella)


def require_protected(reports: list[Pubblicato], piano: str) -> None:
    """Let reports be published together for other readers.

    Raises:
        AnalisiError: something hidden can be computed back; a number that nobody declared, or that is not in the data files.
    """
    frames = {(number, name): frame for number, report in enumerate(reports) for name, frame in report.dati.items()}
    told = [tables(report.cifre, report.parametri) if report.dati else {} for report in reports]
    if lost := next((f"{reports[number].cartella.name}: dati/{name}.csv" for number, name in frames if name not in told[number]), ""):
        msg = f"{lost}: nessuno ha dichiarato come proteggere questo file; nel profilo pubblico non si pubblica"
        raise AnalisiError(msg)
    names = {key: f"{reports[key[0]].cartella.name}: {key[1]}" for key in frames}
    tavole = {names[number, name]: told[number][name] for number, name in frames}
    if frames:
        require_safe(audit_published({names[key]: frame for key, frame in frames.items()}, tavole, decided(piano)))
    found = [text for report in reports for text in elsewhere(report)]
    if found:
        msg = f"cifre che i file di dati non hanno, e che nessuno ha protetto: {'; '.join(found[:_SHOWN])}"
        raise AnalisiError(msg)


def elsewhere(report: Pubblicato) -> Iterator[str]:
    """Where the page or the workbook shows a number that the data files have not, by place and never by value.

    A column of a table on the page that is not one of its data file's by name must be within one column of one file.
    """
    for path in sorted(report.cartella.iterdir()):
        label = f"{report.cartella.name}/{path.name}"
        if path.suffix == _BOOK:
            yield from (f"{label}, {place}" for place in _of_book(path.read_bytes(), report.dati))
        elif path.suffix == _PAGE:
            yield from (f"{label}, {place}" for place in _of_page(path.read_text(encoding="utf-8"), report.dati))


def _numbers(frame: pl.DataFrame, columns: Sequence[str]) -> list[float]:
    read = (parse_number(text, decimals="punto") for name in columns for text in frame[name] if text)
    return [float(value) for value in read if not isinstance(value, Problema)]


def _rounded(values: Iterable[float]) -> Counter[Written]:
    """How often each number is there, written with each number of decimals; zeros are what blanks are printed as, and tell nothing."""
    return Counter((decimals, round_half_up(value, decimals)) for value in values for decimals in range(_DECIMALS) if value)


def _every(dati: Mapping[str, pl.DataFrame]) -> set[float]:
    return {value for frame in dati.values() for value in _numbers(frame, frame.columns)}


def _of_page(html: str, dati: Mapping[str, pl.DataFrame]) -> Iterator[str]:
    """The columns of a page's tables that show a number their data file has not, or not so often; of no file, no column of any."""
    from bs4 import BeautifulSoup

    columns = {(file, name): _rounded(_numbers(frame, [name])) for file, frame in dati.items() for name in frame.columns}
    for table in BeautifulSoup(html, "html.parser").select("table.tavola"):
        title, file = table.caption.get_text(" ", strip=True), table.get("data-file", "")
        names = {int(head["data-c"]): head["data-n"].rpartition(".")[2] for head in table.select("th[data-c]")}
        rows = [row.find_all(["th", "td"], recursive=False) for row in table.select("tbody tr, tfoot tr")]
        for place, name in sorted(names.items()):
            cells = [row[place] for row in rows if "n" in row[place].get("class", [])]
            shown = Counter(filter(None, (_italian(cell.get_text(strip=True)) for cell in cells)))
            own = columns.get((file, name))
            if all(shown - known for known in ([own] if own is not None else columns.values())) and shown:
                yield f"«{title}», colonna {place + 1}"


def _italian(text: str) -> Written | None:
    """Decimals and value of a number as pages write it; None for a text, or zero."""
    plain = text.replace("\N{MINUS SIGN}", "-").removeprefix("+").removesuffix("%")
    value = parse_number(plain, decimals="virgola") if plain else 0
    if isinstance(value, Problema) or not value:
        return None
    decimals = len(plain.partition(",")[2])
    return decimals, round_half_up(float(value), decimals)


def _stored(value: float) -> str:
    """A number as far as a workbook keeps it."""
    return f"{value:.12g}"


def _of_book(data: bytes, dati: Mapping[str, pl.DataFrame]) -> Iterator[str]:
    """The cells of a workbook whose number is in no data file; in the sheet of a data file, not in that."""
    import openpyxl

    every = _every(dati)
    for sheet in openpyxl.load_workbook(io.BytesIO(data), read_only=True).worksheets[1:]:
        own = next((frame for name, frame in dati.items() if name[:31] == sheet.title), None)
        known = {_stored(value) for value in (every if own is None else _numbers(own, own.columns))}
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            for place, value in enumerate(row, start=1):
                if isinstance(value, int | float) and value and _stored(value) not in known:
                    yield f"foglio «{sheet.title}», riga {number}, colonna {place}"
