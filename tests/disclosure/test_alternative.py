"""Rounding that keeps totals, and bands."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analisi.disclosure.alternative import banded, rounded
from analisi.disclosure.celle import cells
from analisi.disclosure.protezione import protect
from analisi.disclosure.regole import read_rules
from tests.disclosure.attaccante import long

DIMS = {"provincia": "-1", "procedura": "-1"}


def system(values: list[list[int]]):
    table = np.array(values)
    return cells(long(table, np.minimum(table, 2)), "prova", DIMS, ["lavoratori"], lavoratori="lavoratori", sedi="sedi")


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=2, max_size=5), st.sampled_from([3, 5]))
def test_rounding_keeps_totals_and_stays_within_a_base(values, base):
    sistema = system(values)
    result = rounded(sistema, base)
    assert (result["mostrato"] % base == 0).all()
    assert ((result["mostrato"] - sistema.celle["valore"]).abs() < base).all()  # in two dimensions it can always be done
    assert ((result["inf"] <= sistema.celle["valore"]) & (sistema.celle["valore"] <= result["sup"])).all()
    sums = (
        sistema.vincoli.join(result, on="cella").group_by("vincolo").agg((pl.col("coefficiente") * pl.col("mostrato")).sum().alias("somma"))
    )
    assert (sums["somma"] == 0).all()


def test_rounding_is_as_near_as_can_be():
    """1 + 1 + 1 = 3: one of the three becomes 3, at a loss of 2 + 1 + 1; all to 0 would lose 3 + 3 in the two totals of each row."""
    result = dict(rounded(system([[1, 1, 1]]), 3).select("cella", "mostrato").rows())
    assert (result["prova.lavoratori"], sum(result[f"prova.lavoratori procedura={n} provincia=0"] for n in range(3))) == (3, 3)


@pytest.mark.parametrize(
    ("value", "segno", "inf", "sup"), [(0, "0", 0, 0), (1, "1-4", 1, 4), (4, "1-4", 1, 4), (5, "5-9", 5, 9), (70, "10 e oltre", 10, np.inf)]
)
def test_bands(value, segno, inf, sup):
    result = banded(system([[value]]), (1, 5, 10))
    assert set(result.select("segno", "inf", "sup").rows()) == {(segno, inf, sup)}


def test_a_rounded_cell_is_exposed_when_totals_narrow_it():
    """1 + 1 = 2: shown 0 + 3 = 3 in base 3, the first is 0, 1 or 2: an interval of 2, where 3 are asked; in base 5 all may be 0 to 4."""
    base = read_rules()
    found = {}
    for step in (3, 5):
        rule = replace(base["casi_gestiti"], metodo="arrotondamento", base=step)
        found[step] = protect(system([[1, 1]]), replace(base, tavole={"prova": rule})).celle["esposta"].any()
    assert found == {3: True, 5: False}
