import pytest
from hypothesis import given
from hypothesis import strategies as st

from analisi.errors import listing
from analisi.presentation.formats import FORMATS, number


@pytest.mark.parametrize(
    ("value", "style", "text"),
    [
        (1615, "intero", "1.615"), (11800, "intero", "11.800"), (1234567, "intero", "1.234.567"), (0, "intero", "0"),
        (-374, "intero_segno", "−374"), (0, "intero_segno", "0"), (2143, "intero_segno", "+2.143"), (-0.4, "intero_segno", "0"),
        (0.05, "decimale", "0,1"), (0.0457, "decimale", "0,0"), (12.25, "decimale", "12,3"), (12.35, "decimale", "12,4"), (-12.35, "decimale", "−12,4"),
        (100, "peso", "100,00"), (99.96, "peso", "100,0"), (47.1, "peso", "47,1"),
        (95.9265, "pct_segno", "+95,9%"), (None, "pct_segno", ""), ("n.c.", "pct_segno", "n.c."), (2025, "anno", "2025"), (1.0, "due_decimali", "1,00"),
    ],
)  # fmt: skip
def test_numbers_are_written_in_italian_and_rounded_half_up(value, style, text):
    assert number(value, style) == text


@given(st.integers(-(10**9), 10**9))
def test_a_written_integer_reads_back(value):
    assert int(number(value).replace(".", "").replace("−", "-")) == value


@pytest.mark.parametrize(("items", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a e b"), (["a", "b", "Erba"], "a, b ed Erba")])
def test_listing_joins_as_italian_does(items, text):
    assert listing(items) == text


def test_every_number_format_has_a_workbook_format():
    assert all(form is None or form.excel for form in FORMATS.values())
