"""What a cell of text means: Italian numbers, dates, blanks and what stands for them. One parser for each type."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl


@dataclass(frozen=True)
class Problema:
    """Why a cell cannot be taken as it is: the code of the rule and the Italian sentence. `missing`: it stands for no value."""

    regola: str
    testo: str
    missing: bool = False


MISSING_WORDS = frozenset({"nd", "n.d.", "n.d", "n/d", "nd.", "n.a.", "n/a", "na.", "n.p.", "n.c.", "non disponibile", "non disp.", "null"})
ERROR_CELLS = frozenset(
    {"#n/d", "#n/a", "#rif!", "#ref!", "#valore!", "#value!", "#div/0!", "#nome?", "#name?", "#num!", "#nullo!", "#null!"}
)
DASHES = frozenset({"-", "–", "—", "−", "--"})
SUPPRESSED = frozenset({"*", "**", "***"})
UNKNOWN_MARKS = frozenset({"..", "...", "....", "…"})
MARKS = sorted(MISSING_WORDS | ERROR_CELLS | DASHES | SUPPRESSED | UNKNOWN_MARKS)


def missing(text: str) -> Problema | None:
    """What a cell that stands for a missing value says; None when it may be a value.

    >>> missing("n.d.").missing, missing("-").missing, missing("0")
    (True, False, None)
    """
    low = text.lower()
    if low in MISSING_WORDS or low in UNKNOWN_MARKS:
        return Problema("non_disponibile", "dato dichiarato non disponibile: letto come mancante, non come zero", missing=True)
    if low in SUPPRESSED:
        return Problema("oscurato", "dato oscurato da chi lo ha fornito: letto come mancante, non come zero", missing=True)
    if low in ERROR_CELLS:
        return Problema("cella_in_errore", "la cella contiene un errore del foglio di calcolo; correggere la formula o scrivere il valore")
    if low in DASHES:
        return Problema("ambiguo", "un trattino può voler dire zero o dato mancante; scrivere 0, oppure lasciare vuoto")
    return None


_SPACES = re.compile("[\u0020\u00a0\u2007\u2009\u202f']", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*", re.ASCII)
_ITALIAN = re.compile(r"(\d+|\d{1,3}(?:\.\d{3})+)(?:,(\d+))?", re.ASCII)
_ENGLISH = re.compile(r"(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d+))?", re.ASCII)
NOT_NUMBER = Problema("tipo", "non è un numero")
NOT_INTEGER = Problema("tipo", "non è un numero intero; scrivere solo cifre, o lasciare vuoto se il dato manca")


def parse_number(text: str, *, decimals: str = "", own: bool = False) -> float | int | Problema:
    """A number as Italians write it; with `own` the cell is a number of a spreadsheet. `decimals` is "virgola", "punto" or not declared.

    >>> parse_number("1 673"), parse_number("(12)"), parse_number("1.234,5"), parse_number("12.8"), parse_number("1.615").regola
    (1673, -12, 1234.5, 12.8, 'ambiguo')
    """
    body = text.strip().replace("−", "-")
    if len(body) > 40:
        return NOT_NUMBER
    if own:
        return float(body) if re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", body, re.ASCII) else NOT_NUMBER
    negative = body.startswith("-") or (body.startswith("(") and body.endswith(")"))
    body = body[1:-1] if body.startswith("(") and body.endswith(")") else body[1:] if body[:1] in ("+", "-") else body
    body = body.strip()
    if _SPACES.search(body):
        if not re.fullmatch(r"\d{1,3}(?:[\u0020\u00a0\u2007\u2009\u202f']\d{3})+(?:[.,]\d+)?", body, re.ASCII):
            return NOT_NUMBER
        body = _SPACES.sub("", body)
    grouped = _GROUPED.fullmatch(body)
    if grouped and body.startswith("0") and len(body) > 1:  # 0.615 is no thousand
        decimals = "punto" if grouped[1] == "." else "virgola"
    if grouped and body.count(grouped[1]) == 1 and not body.startswith("0") and grouped[1] == "." and decimals == "":
        return Problema("ambiguo", 'può essere un migliaio o un decimale; dichiarare decimali = "virgola" o "punto" nella mappatura')
    match = _ENGLISH.fullmatch(body) if decimals == "punto" else _ITALIAN.fullmatch(body)
    if match is None and decimals == "":
        match = _ENGLISH.fullmatch(body)
    if match is None:
        return NOT_NUMBER
    whole = int(re.sub(r"[.,]", "", match[1]))
    if match[2] is None:
        return -whole if negative else whole
    value = float(f"{whole}.{match[2]}")
    return -value if negative else value


def parse_whole(text: str, *, decimals: str = "", own: bool = False) -> int | Problema:
    """A whole number, with or without Italian thousands points.

    >>> parse_whole("1.615"), parse_whole("12,0"), parse_whole("12,5").regola, parse_whole("-3")
    (1615, 12, 'tipo', -3)
    """
    point_zero = not own and re.fullmatch(r"-?\d{1,15}\.0{1,2}", text.strip(), re.ASCII)  # how programs write a whole number
    value = parse_number(text, decimals=decimals or ("punto" if point_zero else "virgola"), own=own)
    if isinstance(value, Problema):
        return NOT_INTEGER
    if value != int(value) or abs(value) >= 2**63:
        return NOT_INTEGER
    if isinstance(value, float) and re.search(r"[.,]\d{3,}$", text.strip()) and not own:
        return NOT_INTEGER
    return int(value)


def parse_decimal(text: str, *, decimals: str = "", own: bool = False) -> float | Problema:
    """A number with decimals; a euro sign beside it is dropped.

    >>> parse_decimal("1.250,00 €"), parse_decimal("12,8%").regola
    (1250.0, 'tipo')
    """
    body = re.sub(r"^(€|EUR)\s*|\s*(€|EUR)$", "", text.strip())
    value = parse_number(body, decimals=decimals, own=own)
    return value if isinstance(value, Problema) else float(value)


def parse_percent(text: str, *, decimals: str = "", own: bool = False, scale: str = "", shares: bool = False) -> float | Problema:
    """A percentage between 0 and 100. With `shares` (a spreadsheet) a plain number up to 1 may be a formatted share: it is asked.

    `scale`, "0-1" or "0-100", answers.

    >>> parse_percent("12,8%"), parse_percent("0.128", shares=True).regola, parse_percent("0.128", scale="0-1")
    (12.8, 'ambiguo', 12.8)
    """
    body = text.strip()
    value = parse_number(body.removesuffix("%").rstrip(), decimals=decimals, own=own)
    if isinstance(value, Problema) or body.endswith("%"):
        return value if isinstance(value, Problema) else float(value)
    if scale == "0-1":
        return round(float(value) * 100, 10)
    if shares and scale == "" and "," not in body and 0 < value <= 1:
        return Problema("ambiguo", "può essere una quota (0-1) o una percentuale (0-100); dichiararlo in [scale] nella mappatura")
    return float(value)


NOT_DATE = Problema("tipo", "non è una data; scriverla gg/mm/aaaa")
SWAPPED = Problema("ambiguo", 'in questo file alcune date sono scritte mese/giorno: dichiarare date = "gg/mm" o "mm/gg" nella mappatura')
OTHER_CALENDAR = Problema("ambiguo", "è un numero in una cartella che conta i giorni da un altro anno; dare alla cella il formato data")
_TIME = r"(?:[T ]\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:\.\d+)?)?)?"  # the hour of a date is dropped
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})" + _TIME, re.ASCII)
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})", re.ASCII)
_SLASHED = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})" + _TIME, re.ASCII)
_SERIAL = re.compile(r"(\d{5})(?:\.0+)?", re.ASCII)
EPOCH = date(1899, 12, 30)
FIRST_SERIAL, LAST_SERIAL = 18_264, 73_050  # half of the last century to the end of this one


def parse_date(text: str, *, order: str = "", swapped: bool = False, serials: bool = True) -> date | Problema:
    """A date: gg/mm/aaaa, ISO or the serial number of a spreadsheet. `order` is "gg/mm", "mm/gg" or not declared.

    With `swapped` (the file elsewhere proves to be month-first) a date that reads both ways is asked, also one that the spreadsheet
    itself made of such a text. Without `serials` (a workbook that counts days from another year) a number is asked.

    >>> parse_date("03/04/2005"), parse_date("38445"), parse_date("03/04/2005", swapped=True).regola
    (datetime.date(2005, 4, 3), datetime.date(2005, 4, 3), 'ambiguo')
    """
    if match := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        year, month, day = map(int, match.groups())
        both = swapped and order == "" and text.endswith("00:00:00") and day <= 12 and day != month
        return SWAPPED if both else _date(year, month, day)
    if match := _SERIAL.fullmatch(text):
        if not serials:
            return OTHER_CALENDAR
        serial = int(match[1])
        return EPOCH + timedelta(days=serial) if FIRST_SERIAL <= serial <= LAST_SERIAL else NOT_DATE
    if not (match := _SLASHED.fullmatch(text)):
        return NOT_DATE
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    if order == "mm/gg":
        return _date(year, first, second)
    if swapped and order == "" and (second > 12 or (first <= 12 and first != second)):
        return SWAPPED
    return _date(year, second, first)


def _date(year: int, month: int, day: int) -> date | Problema:
    try:
        return date(year, month, day)
    except ValueError:
        return NOT_DATE


def proves_month_first(text: str) -> bool:
    """Whether a date can be read only with the month before the day.

    >>> proves_month_first("12/25/2005"), proves_month_first("03/04/2005")
    (True, False)
    """
    match = _SLASHED.fullmatch(text)
    return bool(match) and int(match[1]) <= 12 < int(match[3]) <= 31


FEW = 1_000  # cells or rows under which plain Python takes less time than calls to the engine, or threads


def decode(texts: pl.Series, parse: Callable[[str], object], dtype: pl.DataType) -> tuple[pl.Series, dict[str, Problema]]:
    """Values of a column, each distinct text parsed once, and the problems by text; a text with a problem gives null."""
    few = len(texts) < FEW
    distinct = [text for text in dict.fromkeys(texts.to_list()) if text is not None] if few else texts.unique().drop_nulls().to_list()
    values, problems = [], {}
    for text in distinct:
        value = parse(text) if text.strip() else None
        if isinstance(value, Problema):
            problems[text] = value
            value = None
        values.append(value)
    if values == distinct:
        return texts.cast(dtype), problems  # every text is its own value, or there is none
    if few:
        known = dict(zip(distinct, values, strict=True))
        return pl.Series([known.get(text) for text in texts.to_list()], dtype=dtype), problems
    parsed = pl.Series(values, dtype=dtype)
    if len(distinct) > len(texts) // 2:
        return texts.replace_strict(distinct, parsed, default=None, return_dtype=dtype), problems
    codes = texts.cast(pl.Enum(distinct)).to_physical()
    return parsed.gather(codes), problems
