from datetime import date

import polars as pl
import pytest

from analisi.sources.cells import Problema, decode, missing, parse_date, parse_decimal, parse_percent, parse_whole, proves_month_first


def told(value):
    """The value, or the code of the rule that refuses it."""
    return value.regola if isinstance(value, Problema) else value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0), ("1.615", 1615), ("-3", -3), ("1 673", 1673), ("1\u00a0673", 1673), ("1\u202f673", 1673), ("1'673", 1673), ("(12)", -12), ("−7", -7),
        ("12,0", 12), ("12,00", 12), ("1.234.567", 1234567), ("+4", 4),
        ("1.61", "tipo"), ("0.615", "tipo"), ("12,5", "tipo"), ("1e3", "tipo"), ("due", "tipo"), ("١", "tipo"), ("12,000", "tipo"), ("1.6155", "tipo"),
        ("12 34", "tipo"), ("nan", "tipo"), ("inf", "tipo"), ("9" * 50, "tipo"), ("1.615,5", "tipo"), ("(12", "tipo"), ("12%", "tipo"), ("0x10", "tipo"),
    ],
)  # fmt: skip
def test_whole_numbers_are_read_as_italians_write_them(text, value):
    assert told(parse_whole(text)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12,8", 12.8), ("12.8", 12.8), ("1.234,56", 1234.56), ("1,234.56", 1234.56), ("1.250,00 €", 1250.0), ("€ 3", 3.0), ("1.234.567", 1234567.0), ("0.615", 0.615),
        ("-0,5", -0.5), ("1.615", "ambiguo"), ("123.456", "ambiguo"), ("12,8,1", "tipo"), ("1.23.456", "tipo"), ("12,8%", "tipo"),
    ],
)  # fmt: skip
def test_decimals_are_read_and_what_reads_two_ways_is_asked(text, value):
    assert told(parse_decimal(text)) == value


def test_what_reads_two_ways_is_read_as_the_mapping_says():
    assert [parse_decimal("1.615", decimals=how) for how in ("virgola", "punto")] == [1615.0, 1.615]


def test_a_number_of_the_spreadsheet_stays_what_it_is():
    assert (parse_decimal("1.615", own=True), told(parse_whole("1.615", own=True)), parse_whole("1615", own=True)) == (1.615, "tipo", 1615)


@pytest.mark.parametrize(
    ("text", "value"), [("12,8%", 12.8), ("62,5", 62.5), ("100", 100.0), ("0,5", 0.5), ("0.625", "ambiguo"), ("1", "ambiguo")]
)
def test_a_share_of_a_spreadsheet_is_asked_in_a_column_of_percentages(text, value):
    assert told(parse_percent(text, shares=True)) == value


def test_the_scale_of_the_mapping_answers():
    assert (parse_percent("0.625", shares=True, scale="0-1"), parse_percent("0.625", shares=True, scale="0-100")) == (62.5, 0.625)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("03/04/2025", date(2025, 4, 3)), ("3/4/2025", date(2025, 4, 3)), ("03-04-2025", date(2025, 4, 3)), ("03.04.2025", date(2025, 4, 3)),
        ("2025-04-03", date(2025, 4, 3)), ("2025-04-03 00:00:00", date(2025, 4, 3)), ("2025-04-03T10:30:00", date(2025, 4, 3)),
        ("20250403", date(2025, 4, 3)), ("45750", date(2025, 4, 3)), ("29/02/2024", date(2024, 2, 29)),
        ("29/02/2025", "tipo"), ("31/04/2025", "tipo"), ("03/04/25", "tipo"), ("12/25/2025", "tipo"), ("1", "tipo"), ("99999", "tipo"), ("aprile", "tipo"), ("03/04-2025", "tipo"),
    ],
)  # fmt: skip
def test_dates_are_read_day_first_iso_or_as_serials(text, value):
    assert told(parse_date(text)) == value


def test_a_date_that_reads_both_ways_is_asked_where_the_file_proves_to_be_month_first():
    assert proves_month_first("04/13/2025")
    assert [told(parse_date(text, swapped=True)) for text in ("03/04/2025", "04/13/2025", "13/04/2025", "04/04/2025", "2025-04-03")] == [
        "ambiguo", "ambiguo", date(2025, 4, 13), date(2025, 4, 4), date(2025, 4, 3)]  # fmt: skip
    assert parse_date("03/04/2025", order="mm/gg", swapped=True) == date(2025, 3, 4)


@pytest.mark.parametrize(
    ("text", "rule", "gap"),
    [("n.d.", "non_disponibile", True), ("ND", "non_disponibile", True), ("....", "non_disponibile", True), ("*", "oscurato", True),
     ("#N/D", "cella_in_errore", False), ("#DIV/0!", "cella_in_errore", False), ("-", "ambiguo", False)],
)  # fmt: skip
def test_a_blank_a_zero_and_what_stands_for_no_value_are_different_things(text, rule, gap):
    assert (missing(text).regola, missing(text).missing) == (rule, gap)
    assert missing("0") is None
    assert missing("NA") is None  # Napoli


def test_each_distinct_text_is_parsed_once():
    seen = []
    values, problems = decode(pl.Series(["a", "b", None, "a", "a"]), lambda text: seen.append(text) or text.upper(), pl.String())
    assert (values.to_list(), problems, sorted(seen)) == (["A", "B", None, "A", "A"], {}, ["a", "b"])
