"""How a canonical table is declared: columns, rules across columns and rows, links to other tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import polars as pl

from analisi.vocabulary import Territorio, normalized

ROW = "riga"  # number of the row in the file, as the user sees it
Gravita = Literal["errore", "avviso"]
Tipo = Literal["testo", "codice", "intero", "decimale", "percentuale", "data", "provincia", "impresa", "pseudonimo"]
DTYPES: dict[str, pl.DataType] = {"intero": pl.Int64(), "decimale": pl.Float64(), "percentuale": pl.Float64(), "data": pl.Date()}
COUNT_LIMIT = 99_999_999  # more than the workers of any country: a longer number is a slip of the pen
TEXT_LIMIT = 2_000  # characters


def plain(text: str) -> str:
    """A text as codes are compared: normalized, but a plus sign counts ("60+" is not "60")."""
    return normalized(text) + "+" * ("+" in text)


@dataclass(frozen=True)
class Column:
    """One column. `values` are the codes admitted, with the words that say the same; `pattern` (told by `form`) what a text must look like.

    `minimum` and `maximum` bound numbers. `reserved` values are never repeated in messages. `additive` counts are checked against totals.
    `outside` admits FUORI_REGIONE in a column of provinces.
    """

    name: str
    type: Tipo
    description: str
    required: bool = False
    example: str = ""
    minimum: float | None = None
    maximum: float | None = None
    values: Mapping[str, str] | Callable[[], Mapping[str, str]] | None = None
    pattern: str = ""
    form: str = ""
    reserved: bool = False
    additive: bool = False
    outside: bool = False

    @property
    def dtype(self) -> pl.DataType:
        return DTYPES.get(self.type, pl.String())

    @property
    def codes(self) -> Mapping[str, str]:
        """The codes admitted, with their Italian words."""
        return (self.values() if callable(self.values) else self.values) or {}

    @cached_property
    def known(self) -> dict[str, str]:
        """Code by every normalized text that says it: the code itself, and its words."""
        return {plain(text): code for code, words in self.codes.items() for text in (*words.split("|"), code) if normalized(text)}


@dataclass(frozen=True)
class Rule:
    """A rule across columns or rows. `broken` is true in the rows that break it; `example` breaks it, put over the example row.

    The fault is attached to the first of `columns`; `text` is the Italian sentence that follows the value.
    """

    code: str
    severity: Gravita
    columns: tuple[str, ...]
    text: str
    broken: pl.Expr | Callable[[Territorio], pl.Expr]
    example: tuple[Mapping[str, str], ...]

    def expression(self, territorio: Territorio) -> pl.Expr:
        """Whether a row breaks the rule; a comparison with a missing value does not."""
        return (self.broken(territorio) if callable(self.broken) else self.broken).fill_null(False)


@dataclass(frozen=True)
class Link:
    """A rule between two tables of one delivery, on the rows whose `columns` are filled.

    Without more, their values must stand in `other` (in its column `key`, if the name differs there). With `total`, the rows of each group
    of `columns` (or the sum of their `counted`) must be as many as `total` says in the other table. With `same`, the first column
    must equal the second, of the other table.
    """

    code: str
    severity: Gravita
    columns: tuple[str, ...]
    other: str
    text: str
    total: str = ""
    counted: str = ""
    same: tuple[str, str] | tuple[()] = ()
    key: str = ""


@dataclass(frozen=True, eq=False)
class Table:
    """A canonical table: `row` says what one row is, `key` what makes it unique. `form_of` names the table it is a second form of.

    `person` marks rows about single workers, whose texts are never repeated in messages.
    """

    name: str
    row: str
    source: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rules: tuple[Rule, ...] = ()
    links: tuple[Link, ...] = ()
    person: bool = False
    form_of: str = ""

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def required(self) -> list[str]:
        return [column.name for column in self.columns if column.required]

    @cached_property
    def headings(self) -> dict[str, str]:
        """Column by its normalized name."""
        return {normalized(name): name for name in self.names}

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def schema(self) -> dict[str, pl.DataType]:
        return {column.name: column.dtype for column in self.columns}

    @property
    def example(self) -> dict[str, str]:
        """A row that breaks no rule, as it would be typed."""
        return {column.name: column.example for column in self.columns}


CELL_RULES: dict[str, str] = {
    "campi": "la riga ha più o meno campi dell'intestazione",
    "obbligatorio": "il valore manca in una colonna obbligatoria",
    "tipo": "il testo non è del tipo della colonna",
    "ambiguo": "il testo si può leggere in due modi: si chiede, non si indovina",
    "cella_in_errore": "la cella contiene un errore del foglio di calcolo, o una formula senza valore salvato",
    "minimo": "il valore è sotto il minimo",
    "massimo": "il valore è sopra il massimo, o il testo è troppo lungo",
    "codice": "il codice non è fra quelli ammessi",
    "provincia": "la provincia non è del territorio",
    "formato": "il testo non ha la forma prevista",
    "identificativo_impresa": "il codice fiscale o la partita IVA dell'impresa non supera la cifra di controllo",
    "pseudonimo": "l'identificativo del lavoratore non è uno pseudonimo",
    "cf_in_chiaro": "un codice fiscale in chiaro dove non deve stare",
    "chiave": "la riga ripete la chiave di una riga precedente",
    "totale": "una riga di totale non coincide con la somma delle sue righe",
}
CELL_WARNINGS: dict[str, str] = {
    "non_disponibile": "il dato è dichiarato non disponibile: letto come mancante, non come zero",
    "oscurato": "il dato è oscurato da chi lo ha fornito: letto come mancante, non come zero",
    "invisibili": "il testo contiene caratteri di controllo, a larghezza zero o che cambiano il verso della scrittura: sono tolti",
    "totale_incerto": "una riga di totale supera la somma, ma alcune sue celle sono vuote",
}
