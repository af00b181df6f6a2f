"""Periods of the reports: a bimestre ("2005-B3"), a trimestre ("2005-T2"), their days and their neighbours."""

from __future__ import annotations

import re
from datetime import date, timedelta

from analisi.errors import AnalisiError

FIRST_YEAR, LAST_YEAR = 1900, 2999
MONTHS = {"B": 2, "T": 3}  # months of each kind
_CODE = re.compile(r"([0-9]{4})-(?:(B)([1-6])|(T)([1-4]))")


def bounds(periodo: str) -> tuple[date, date]:
    """First and last day of a bimestre or trimestre.

    >>> bounds("2005-B1")
    (datetime.date(2005, 1, 1), datetime.date(2005, 2, 28))

    Raises:
        AnalisiError: the code is not of a period.
    """
    year, kind, number = _parts(periodo)
    months = MONTHS[kind]
    first = date(year, months * (number - 1) + 1, 1)
    after = date(year + 1, 1, 1) if months * number == 12 else date(year, months * number + 1, 1)
    return first, after - timedelta(days=1)


def _parts(periodo: str) -> tuple[int, str, int]:
    found = _CODE.fullmatch(periodo)
    if not found:
        msg = f"periodo «{periodo}»: non è un bimestre (anno e B1-B6) né un trimestre (anno e T1-T4), come {example('B')} o {example('T')}"
        raise AnalisiError(msg)
    year, *rest = (part for part in found.groups() if part)
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        msg = f"periodo «{periodo}»: l'anno va da {FIRST_YEAR} a {LAST_YEAR}"
        raise AnalisiError(msg)
    return int(year), rest[0], int(rest[1])


def example(kind: str) -> str:
    """A code of the kind, for messages."""
    return f"AAAA-{kind}3"


def last_day(periodo: str) -> date:
    """Last day of a period.

    >>> last_day("2005-T4")
    datetime.date(2005, 12, 31)
    """
    return bounds(periodo)[1]


def previous(periodo: str) -> str:
    """The period before.

    >>> previous("2005-T1"), previous("2005-B1"), previous("2005-B4")
    ('2004-T4', '2004-B6', '2005-B3')
    """
    year, kind, number = _parts(periodo)
    return f"{year}-{kind}{number - 1}" if number > 1 else f"{year - 1}-{kind}{12 // MONTHS[kind]}"


def year_before(periodo: str) -> str:
    """The same period of the year before.

    >>> year_before("2005-B3")
    '2004-B3'
    """
    year, kind, number = _parts(periodo)
    return f"{year - 1}-{kind}{number}"


def containing(day: date, kind: str) -> str:
    """The bimestre ("B") or trimestre ("T") of a day.

    >>> containing(date(2005, 6, 30), "B")
    '2005-B3'
    """
    return f"{day.year}-{kind}{(day.month - 1) // MONTHS[kind] + 1}"
