import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, norm, t

from analisi.indicators.uncertainty import cluster_share, firmness, funnel, intraclass, paired_difference, rate_ratio


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


SIZES = [5, 10, 20, 40, 120, 7, 33, 60]
ACTIVE = [5, 0, 11, 36, 30, 7, 20, 18]


def anova(y, m):
    """The intra-cluster correlation from the worker rows themselves, one 0/1 each (Ridout, Demetrio and Firth)."""
    groups = [np.r_[np.ones(a), np.zeros(n - a)] for a, n in zip(y, m, strict=True)]
    every, count = np.concatenate(groups), len(groups)
    between = sum(len(g) * (g.mean() - every.mean()) ** 2 for g in groups) / (count - 1)
    within = sum(((g - g.mean()) ** 2).sum() for g in groups) / (len(every) - count)
    size = (len(every) - sum(len(g) ** 2 for g in groups) / len(every)) / (count - 1)
    return (between - within) / (between + (size - 1) * within)


def test_intraclass_is_the_analysis_of_variance_of_the_single_workers():
    assert intraclass(ACTIVE, SIZES) == pytest.approx(anova(ACTIVE, SIZES))


@pytest.mark.parametrize(
    ("y", "m", "rho"), [([0, 8, 0], [4, 8, 2], 1.0), ([2, 4, 1], [4, 8, 2], 0.0), ([3], [4], None), ([0, 0], [4, 8], None)]
)
def test_intraclass_at_its_ends(y, m, rho):
    assert intraclass(y, m) == rho


def test_bounds_of_a_share_solve_the_score_equation():
    """At each bound p, (share - p)^2 = q^2 p (1 - p) / n, with the variance of the share summed pair by pair of workers."""
    share, low, high = cluster_share(ACTIVE, SIZES)
    rho, total = anova(ACTIVE, SIZES), sum(SIZES)
    pairs = sum(n * 1 + n * (n - 1) * rho for n in SIZES)  # sum of the correlations of all pairs of workers
    q = t.ppf(0.975, (len(SIZES) - 1) / (1 - rho**2))
    assert share == sum(ACTIVE) / total
    for bound in (low, high):
        assert (share - bound) ** 2 == pytest.approx(q**2 * bound * (1 - bound) * pairs / total**2)
    assert low < share < high


def test_with_single_workers_the_interval_is_wilson():
    share, low, high = cluster_share([1] * 7 + [0] * 13, [1] * 20)
    expected = binomtest(7, 20).proportion_ci(0.95, "wilson")
    assert (share, low, high) == (0.35, pytest.approx(expected.low), pytest.approx(expected.high))


def test_all_inactive_reads_as_zero_of_the_effective_number_of_clusters():
    _, low, high = cluster_share([0, 0, 0], [10, 30, 60])
    n = 100**2 / (10**2 + 30**2 + 60**2)  # 2,17 clusters of equal size would say as much
    assert (low, high) == (0.0, pytest.approx(norm.ppf(0.975) ** 2 / (n + norm.ppf(0.975) ** 2)))
    assert cluster_share([10, 30, 60], [10, 30, 60])[1:] == (pytest.approx(1 - high), 1.0)


@pytest.mark.parametrize(
    ("y", "m", "expected"),
    [([], [], (None,) * 3), ([0], [0], (None,) * 3), ([3], [4], (0.75, None, None)), ([3, 0], [4, 0], (0.75, None, None))],
)
def test_under_two_clusters_there_is_no_interval(y, m, expected):
    assert cluster_share(y, m) == expected


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=2, max_size=30))
def test_bounds_hold_the_share_and_stay_between_zero_and_one(clusters):
    m = [max(pair) for pair in clusters]
    share, low, high = cluster_share([min(pair) for pair in clusters], m)
    if sum(n > 0 for n in m) > 1:
        assert 0 <= low <= share <= high <= 1


@given(st.lists(st.integers(0, 40), min_size=4, max_size=12))
def test_counting_the_others_mirrors_the_interval(y):
    share, low, high = cluster_share(y, [40] * len(y))
    mirror = cluster_share([40 - a for a in y], [40] * len(y))
    assert mirror == pytest.approx((1 - share, 1 - high, 1 - low))


def test_a_cluster_counted_in_halves_says_less_than_two_clusters():
    """The interval is of clusters, not workers: ten times the workers in the same clusters hardly narrow it."""
    _, low, high = cluster_share(ACTIVE, SIZES)
    _, low10, high10 = cluster_share([10 * a for a in ACTIVE], [10 * n for n in SIZES])
    assert (high10 - low10) / (high - low) == pytest.approx(1, abs=0.05)


def test_without_common_clusters_the_squares_of_the_two_half_widths_add_up():
    y, m, y0, m0 = [5, 9, 3], [10, 20, 8], [1, 7, 2, 9], [10, 20, 30, 10]
    difference, low, high = paired_difference(y + [0] * 4, m + [0] * 4, [0] * 3 + y0, [0] * 3 + m0)
    share, share0 = cluster_share(y, m), cluster_share(y0, m0)
    assert difference == pytest.approx(17 / 38 - 19 / 70)
    assert (difference - low) ** 2 == pytest.approx((share[0] - share[1]) ** 2 + (share0[2] - share0[0]) ** 2)
    assert (high - difference) ** 2 == pytest.approx((share[2] - share[0]) ** 2 + (share0[0] - share0[1]) ** 2)


def test_common_clusters_correlate_as_their_residuals_do_by_hand():
    """Around 0,5 the residuals are (10, 0, -10) and (10, -10, 0) workers, of which those of the small clusters weigh four times in the square."""
    y, y0, m = [110, 25, 15], [110, 15, 25], [200, 50, 50]
    share, share0 = cluster_share(y, m), cluster_share(y0, m)
    square = 100 / 200 + 100 / 50  # each residual squared, per worker of its cluster
    a, b, r = share[0] - share[1], share0[2] - share0[0], (100 / 200) / square
    assert paired_difference(y, m, y0, m)[1] == pytest.approx(-math.sqrt(a * a + b * b - 2 * r * a * b))


def test_a_step_common_to_all_clusters_stands_out_only_in_pairs():
    m, y0 = [40] * 8, [4, 8, 12, 16, 20, 24, 28, 32]
    y = [a + 4 for a in y0]
    paired = paired_difference(y, m, y0, m)
    apart = paired_difference(y + [0] * 8, m + [0] * 8, [0] * 8 + y0, [0] * 8 + m)
    assert (paired[0], paired[1] > 0, apart[1] < 0) == (pytest.approx(0.1), True, True)


def test_nothing_changed_is_never_a_change():
    difference, low, high = paired_difference(ACTIVE, SIZES, ACTIVE, SIZES)
    assert difference == 0 and low <= 0 <= high


@pytest.mark.parametrize(("m0", "expected"), [([0, 0], (None,) * 3), ([8, 0], (0.25, None, None))])
def test_a_difference_needs_both_shares_and_both_intervals(m0, expected):
    assert paired_difference([2, 4], [4, 8], [2 if n else 0 for n in m0], m0) == expected


def province(tassi, lavoratori, dimensione=1.0):
    return pl.DataFrame({"provincia": [f"P{i}" for i in range(len(tassi))], "tasso": tassi, "lavoratori": lavoratori}).with_columns(
        dimensione=pl.lit(dimensione)
    )


def test_equal_provinces_have_the_plain_limits_of_the_arcsine_scale():
    result = funnel(province([0.4, 0.42, 0.38, 0.41], [100, 50, 80, 400]), 0.4, 0.0)
    assert (result["tau2"][0], result["fuori"].any()) == (0.0, False)
    for row in result.to_dicts():
        for name, level, sign in (("inf95", 0.975, -1), ("sup95", 0.975, 1), ("inf998", 0.999, -1), ("sup998", 0.999, 1)):
            angle = math.asin(math.sqrt(0.4)) + sign * norm.ppf(level) / (2 * math.sqrt(row["lavoratori"]))
            assert row[name] == pytest.approx(math.sin(angle) ** 2)
            assert binom.sf(round(row["sup998"] * row["lavoratori"]), row["lavoratori"], 0.4) < 0.003


def test_over_dispersion_widens_the_limits_as_spiegelhalter_writes():
    shares, sizes = [0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.8], [60, 80, 100, 120, 150, 90, 70, 200, 50, 110]
    result = funnel(province(shares, sizes), 0.5, 0.0)
    s = [1 / (2 * math.sqrt(n)) for n in sizes]
    z = [(math.asin(math.sqrt(p)) - math.asin(math.sqrt(0.5))) / e for p, e in zip(shares, s, strict=True)]
    ordered = sorted(z)
    ends = ordered[0] + 0.9 * (ordered[1] - ordered[0]), ordered[8] + 0.1 * (ordered[9] - ordered[8])  # centiles of ten values
    phi = sum(min(max(v, ends[0]), ends[1]) ** 2 for v in z) / 10
    w = [1 / e**2 for e in s]
    tau2 = (10 * phi - 9) / (sum(w) - sum(v**2 for v in w) / sum(w))
    assert phi > 1
    assert (result["phi"][0], result["tau2"][0]) == (pytest.approx(phi), pytest.approx(tau2))
    assert result["z"].to_list() == pytest.approx([v * e / math.sqrt(e**2 + tau2) for v, e in zip(z, s, strict=True)])
    assert result["sup95"][0] == pytest.approx(math.sin(math.asin(math.sqrt(0.5)) + norm.ppf(0.975) * math.sqrt(s[0] ** 2 + tau2)) ** 2)


def test_a_province_is_out_by_its_effective_size_not_its_workers():
    rows = province([0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.8], [100] * 12, 34.0)
    alone, blocks, unknown = (funnel(rows, 0.5, rho) for rho in (0.0, 0.5, None))
    assert alone["fuori"].to_list() == [False] * 11 + [True]
    assert not blocks["fuori"].any()
    assert (blocks["equivalenti"][0], unknown["equivalenti"][0]) == (pytest.approx(100 / 17.5), pytest.approx(100 / 34))


def test_limits_of_few_workers_stay_between_zero_and_one_and_unknown_shares_are_left_out():
    result = funnel(province([0.0, None, 1.0], [2, 0, 3]), 0.1, 0.3)
    assert result["provincia"].to_list() == ["P0", "P2"]
    assert (result["inf998"].min(), result["sup998"].max() <= 1) == (0.0, True)
    assert funnel(province([None], [0]).cast({"tasso": pl.Float64}), 0.1, 0.3).height == 0


def test_many_clusters_of_one_size_give_the_interval_of_leaving_one_out_at_a_time():
    rng = np.random.default_rng(3)
    y, m = rng.binomial(30, rng.beta(2, 2, 400)), np.full(400, 30)
    _, low, high = cluster_share(y, m)
    without = np.array([np.delete(y, i).sum() / np.delete(m, i).sum() for i in range(400)])
    jackknife = math.sqrt(399 / 400 * ((without - without.mean()) ** 2).sum())
    assert (high - low) / 2 == pytest.approx(1.96 * jackknife, rel=0.02)
