"""One faulty row for every rule of a table, made from the declaration: what tests break and what `analisi esempio --sporco` writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from analisi.tables.schema import TEXT_LIMIT, Column, Table

INVENTED_TAX_CODE = "RSSMRA80A01F205X"  # the textbook example: nobody's


@dataclass(frozen=True)
class Difetto:
    """Rows, as they would be typed, the last of which breaks one rule in one column."""

    regola: str
    gravita: str
    colonna: str
    righe: tuple[dict[str, str], ...]


def _number(column: Column) -> bool:
    return column.type in ("intero", "decimale", "percentuale")


CELLS: tuple[tuple[str, str, Callable[[Column], bool], Callable[[Column], str]], ...] = (
    ("obbligatorio", "errore", lambda c: c.required, lambda c: ""),
    ("tipo", "errore", lambda c: _number(c) or c.type == "data", lambda c: "3x"),
    ("ambiguo", "errore", lambda c: c.type == "intero", lambda c: "-"),
    ("cella_in_errore", "errore", lambda c: _number(c), lambda c: "#N/D"),
    ("minimo", "errore", lambda c: _number(c) and c.minimum is not None, lambda c: str(int(c.minimum) - 1)),
    ("massimo", "errore", lambda c: _number(c) and c.maximum is not None, lambda c: str(int(c.maximum) + 1)),
    ("massimo", "errore", lambda c: c.type == "testo" and not c.pattern, lambda c: "x" * (TEXT_LIMIT + 1)),
    ("codice", "errore", lambda c: c.type == "codice", lambda c: "ZZZ"),
    ("provincia", "errore", lambda c: c.type == "provincia", lambda c: "Atlantide"),
    ("formato", "errore", lambda c: bool(c.pattern), lambda c: "?"),
    ("identificativo_impresa", "errore", lambda c: c.type == "impresa", lambda c: "01234560970"),
    ("pseudonimo", "errore", lambda c: c.type == "pseudonimo", lambda c: "operaio 12"),
    ("cf_in_chiaro", "errore", lambda c: c.type in ("pseudonimo", "testo", "codice"), lambda c: INVENTED_TAX_CODE),
    ("invisibili", "avviso", lambda c: c.type == "testo" and not c.pattern, lambda c: f"{c.example}\u200b{c.example or 'x'}"),
    ("non_disponibile", "avviso", lambda c: not c.required and (_number(c) or c.type == "data"), lambda c: "n.d."),
    ("oscurato", "avviso", lambda c: not c.required and _number(c), lambda c: "*"),
)


def difetti(table: Table, *, every_column: bool = False) -> Iterator[Difetto]:
    """A fault for each rule that the table can break; with `every_column`, rules of cells in every column they concern."""
    for rule, severity, concerns, text in CELLS:
        columns = [column for column in table.columns if concerns(column)]
        for column in columns if every_column else columns[:1]:
            yield Difetto(rule, severity, column.name, ({**table.example, column.name: text(column)},))
    yield Difetto("chiave", "errore", table.key[0], (table.example, table.example))
    for rule in table.rules:
        yield Difetto(rule.code, rule.severity, rule.columns[0], tuple({**table.example, **change} for change in rule.example))
