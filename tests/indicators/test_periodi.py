"""Bimestri and trimestri: their days and neighbours, leap years and turns of the year included."""

from datetime import date

import pytest

from analisi.errors import AnalisiError
from analisi.indicators.periodi import bounds, containing, last_day, previous, year_before


@pytest.mark.parametrize(
    ("code", "first", "last"),
    [
        ("2024-B1", date(2024, 1, 1), date(2024, 2, 29)),
        ("2025-B1", date(2025, 1, 1), date(2025, 2, 28)),
        ("2025-B6", date(2025, 11, 1), date(2025, 12, 31)),
        ("2025-T1", date(2025, 1, 1), date(2025, 3, 31)),
        ("2025-T4", date(2025, 10, 1), date(2025, 12, 31)),
    ],
)
def test_a_period_goes_from_its_first_to_its_last_day(code, first, last):
    assert (*bounds(code), last_day(code)) == (first, last, last)


@pytest.mark.parametrize(("code", "before"), [("2025-B1", "2024-B6"), ("2025-B4", "2025-B3"), ("2025-T1", "2024-T4")])
def test_the_period_before_ends_on_the_eve(code, before):
    assert previous(code) == before
    assert (bounds(code)[0] - last_day(before)).days == 1


def test_the_year_before_keeps_the_number():
    assert [year_before(code) for code in ("2025-B3", "2025-T4")] == ["2024-B3", "2024-T4"]


@pytest.mark.parametrize("day", [date(2025, 6, 30), date(2025, 5, 1), date(2024, 2, 29), date(2025, 12, 31)])
@pytest.mark.parametrize("kind", ["B", "T"])
def test_the_period_of_a_day_contains_it(day, kind):
    first, last = bounds(containing(day, kind))
    assert first <= day <= last


@pytest.mark.parametrize("code", ["2025-B7", "2025-B0", "2025-T5", "2025", "2025-3", "25-B1", ""])
def test_what_is_no_period_is_told(code):
    with pytest.raises(AnalisiError, match="non è un bimestre"):
        bounds(code)
