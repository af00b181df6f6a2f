import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from analisi.indicators.uncertainty import firmness, rate_ratio


@pytest.mark.parametrize(("after", "before"), [(None, 3), (3, None), (0, 0)])
def test_nothing_to_judge_gives_nulls(after, before):
    assert set(rate_ratio(after, before).values()) == {None}


def test_from_zero_the_ratio_and_its_upper_bound_are_null():
    result = rate_ratio(4, 0)
    assert (result["rapporto_unita"], result["sup95"], result["inf95"] > 0) == (None, None, True)


def test_to_zero_the_ratio_is_zero_and_the_upper_bound_finite():
    result = rate_ratio(0, 4)
    assert (result["rapporto_unita"], result["inf95"], 0 < result["sup95"] < math.inf) == (0.0, 0.0, True)


@given(st.integers(1, 60), st.integers(1, 60))
def test_bounds_solve_the_defining_equations(after, before):
    """At each bound the observed count is exactly as extreme as 2.5% allows (Clopper and Pearson)."""
    result, total = rate_ratio(after, before), after + before
    low, high = (result[name] / (1 + result[name]) for name in ("inf95", "sup95"))
    assert binom.sf(after - 1, total, low) == pytest.approx(0.025, abs=1e-6)
    assert binom.cdf(after, total, high) == pytest.approx(0.025, abs=1e-6)


@given(st.integers(0, 60), st.integers(0, 60))
def test_swapping_the_years_keeps_p(after, before):
    assert rate_ratio(after, before)["p"] == rate_ratio(before, after)["p"]


def test_p_is_adjusted_over_the_provinces_of_each_procedura_by_hand():
    frame = pl.DataFrame(
        {
            "provincia": ["AA", "BB", "TOT"],
            "procedura": ["x"] * 3,
            "unita_produttive": [10, 5, 15],
            "unita_produttive_confronto": [0, 4, 4],
            "confrontabile": [True] * 3,
        }
    )
    result = firmness(frame)
    first, second = rate_ratio(10, 0)["p"], rate_ratio(5, 4)["p"]
    assert result["p_bh"].to_list() == [pytest.approx(min(2 * first, second)), pytest.approx(second), None]
