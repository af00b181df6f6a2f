"""What our writers write is read back as it was, whatever the rows."""

import re
from datetime import date

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from analisi.sources.cells import MARKS, missing
from analisi.tables.catalogo import TABLES
from analisi.tables.reading import leggi
from analisi.tables.schema import Column, Table
from analisi.tables.writing import write_table
from analisi.vocabulary import load_territorio
from analisi.workspace import CODICE_FISCALE

TEXT = (
    st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda t: t and not missing(t) and t.lower() not in MARKS)
)


def cell(column: Column):
    """Any value the column admits."""
    if column.codes:
        return st.sampled_from(list(column.codes))
    if column.type == "provincia":
        return st.sampled_from(load_territorio().sigle)
    if column.type == "data":
        return st.dates(date(1950, 1, 1), date(2098, 12, 31))
    if column.type == "intero":
        return st.integers(int(column.minimum or 0), int(column.maximum or 10**6))
    if column.type in ("decimale", "percentuale"):
        return st.integers(int(column.minimum or 0) * 100, int(column.maximum or 10**4) * 100).map(lambda n: n / 100)
    if column.type == "pseudonimo":
        return st.integers(0, 16**32 - 1).map(lambda n: f"{n:032x}")
    if column.type == "impresa":
        return st.just("01234560975")
    if not column.pattern:
        return TEXT
    texts = st.from_regex(f"\\A(?:{column.pattern})\\Z", alphabet=st.characters(min_codepoint=33, max_codepoint=126))
    return texts.filter(lambda text: not re.search(CODICE_FISCALE, text))  # refused wherever it stands


def frames(table: Table):
    rows = st.fixed_dictionaries({c.name: cell(c) if c.required else st.none() | cell(c) for c in table.columns})
    return st.lists(rows, min_size=1, max_size=4).map(lambda items: pl.DataFrame(items, schema=table.schema, orient="row"))


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_cell_comes_back_as_it_was_written(tmp_path, table, suffix, data):
    """Rows may break rules between columns: what is compared is every cell, before rows are rejected."""
    from analisi.sources import read_sheets
    from analisi.tables.heading import find_heading
    from analisi.tables.mapping import Mappatura
    from analisi.tables.validation import Sheet, validate

    frame = data.draw(frames(table))
    path = write_table(frame, table, tmp_path / f"x.{suffix}")
    sheet = next(iter(read_sheets(path)))
    read, total, blank = validate(
        Sheet(sheet, table, find_heading(sheet, table, {}), Mappatura(scale=_percentages(table)), load_territorio(), [])
    )
    assert not total.any()
    assert not blank.any()
    assert_frame_equal(read.drop("riga"), frame)


def _percentages(table: Table) -> dict[str, str]:
    """The answer to what a spreadsheet leaves open: these columns hold percentages, not shares."""
    return {column.name: "0-100" for column in table.columns if column.type == "percentuale"}


def test_a_clean_table_is_accepted_whole(tmp_path):
    from analisi.sample.extracts import extracts

    for name, frame in extracts().items():
        for suffix in ("csv", "parquet"):
            assert_frame_equal(leggi(write_table(frame, TABLES[name], tmp_path / f"{name}.{suffix}"), name).dati, frame)
