"""Italian numbers: rounded once, here, half up; blank stays blank and what cannot be computed is "n.c."."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from analisi.disclosure.segni import SEGNO

NOT_COMPUTABLE, UNKNOWN = "n.c.", "n.d."
_ITALIAN = str.maketrans(",.", ".,")  # thousands and decimals as Italians write them
Value = float | int | str | None


@dataclass(frozen=True)
class Format:
    """How one kind of value is written: decimals, a sign always, a suffix; `excel` is the same as a workbook's format.

    `whole` writes 100 with two decimals, as the printed tables do in their row of totals.
    """

    decimals: int = 0
    signed: bool = False
    suffix: str = ""
    whole: bool = False

    @property
    def excel(self) -> str:
        digits = "#,##0" + ("." + "0" * self.decimals if self.decimals else "")
        if self.whole:
            return f"[=100]0.00;{digits}"
        return f"+{digits};-{digits};{digits}" if self.signed else digits


FORMATS: dict[str, Format | None] = {
    "testo": None,
    "codice": None,
    "anno": None,
    "intero": Format(),
    "intero_segno": Format(signed=True),
    "decimale": Format(1),
    "decimale_segno": Format(1, signed=True),
    "peso": Format(1, whole=True),
    "pct": Format(1, suffix="%"),
    "pct_segno": Format(1, signed=True, suffix="%"),
    "due_decimali": Format(2),
    "tre_decimali": Format(3),
}


def round_half_up(value: float, decimals: int) -> Decimal:
    """The value to that many decimals, halves away from zero, as official tables round.

    >>> round_half_up(0.25, 1), round_half_up(-1.05, 1)
    (Decimal('0.3'), Decimal('-1.1'))
    """
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def number(value: Value, style: str = "intero") -> str:
    """The value as Italian text; a text (such as "n.c.") is left as it is, None is the empty text.

    >>> number(1615), number(-374, "intero_segno"), number(95.92, "pct_segno"), number(None)
    ('1.615', '−374', '+95,9%', '')
    """
    form = FORMATS[style]
    if value is None:
        return ""
    if isinstance(value, str) or form is None:
        return str(value)
    decimals = 2 if form.whole and value == 100 else form.decimals
    rounded = round_half_up(value, decimals)
    if not rounded:
        rounded = abs(rounded)  # no minus zero
    sign = "−" if rounded < 0 else "+" if form.signed and rounded else ""
    return sign + f"{abs(rounded):,f}".translate(_ITALIAN) + form.suffix


def told(row: Mapping[str, Any], name: str, style: str = "intero", unknown: str = UNKNOWN) -> str:
    """The value of a field as Italian text; in its place the sign of what is hidden, or `unknown` where it is blank.

    >>> told({"lavoratori": 1615}, "lavoratori"), told({"lavoratori": None, "lavoratori_segno": "*"}, "lavoratori")
    ('1.615', '*')
    """
    return number(row[name], style) or row.get(name + SEGNO) or unknown


def many(count: int, one: str, several: str, none: str = "") -> str:
    """A count with its noun.

    >>> many(1, "procedura", "procedure"), many(1200, "procedura", "procedure"), many(0, "tavolo", "tavoli", "nessun tavolo")
    ('1 procedura', '1.200 procedure', 'nessun tavolo')
    """
    return none if none and not count else f"{number(count)} {one if count == 1 else several}"


def whole_parts(first: float, second: float) -> tuple[int, int]:
    """Two addends as whole numbers that add up to their rounded sum: the second takes up the rounding.

    >>> whole_parts(17.5, 22.5)
    (18, 22)
    """
    rounded = int(round_half_up(first, 0))
    return rounded, int(round_half_up(first + second, 0)) - rounded
