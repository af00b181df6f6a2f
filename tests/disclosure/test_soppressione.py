"""What is hidden protects against an attacker written in another way, and no more is hidden than is needed."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analisi.disclosure.attacco import network, same_columns
from analisi.disclosure.celle import cells, with_editions, with_functions
from analisi.disclosure.protezione import protect
from analisi.disclosure.regole import Regole, read_rules
from analisi.disclosure.soppressione import loss
from analisi.disclosure.tavole import Tavola, cella, differenza
from tests.disclosure.attaccante import NAMES, Attacker, long


def rules(**changes) -> Regole:
    """The rules of the workspace for a table called prova, with some fields changed."""
    base = read_rules()
    return replace(base, tavole={"prova": replace(base["casi_gestiti"], **changes)})


def protected(table: np.ndarray, sites: np.ndarray, **changes):
    dims = dict.fromkeys(NAMES[-table.ndim :], "-1")
    return protect(cells(long(table, sites), "prova", dims, ["lavoratori"], lavoratori="lavoratori", sedi="sedi"), rules(**changes))


@st.composite
def tables(draw, shapes):
    """Values, and the sites that contribute: none where the value is zero."""
    shape = draw(st.sampled_from(shapes))
    size = int(np.prod(shape))
    values = np.array(draw(st.lists(st.sampled_from([0, 1, 2, 3, 5, 8, 13, 40]), min_size=size, max_size=size)))
    sites = np.array(draw(st.lists(st.integers(1, 6), min_size=size, max_size=size)))
    return values.reshape(shape), np.where(values == 0, 0, np.minimum(values, sites)).reshape(shape)


def wanted(row: dict) -> tuple[float, float]:
    """How low and how high an attacker must be able to put a protected cell."""
    return max(row["valore"] - row["serve"], row["minimo"]), row["valore"] + row["serve"]


def faults(table: np.ndarray, celle: pl.DataFrame, hidden: set[str]) -> set[tuple[str, str]]:
    """The protected cells an attacker finds: (cell, "tutti"), or (cell, who alone contributes to another) that can compute it."""
    attacker, found = Attacker(table, hidden), set()
    protected_rows = celle.filter(pl.col("motivo").is_not_null()).to_dicts()
    alone = {}
    for row in protected_rows:
        alone.setdefault(row["solo"], []).append(row["cella"])
    for row in protected_rows:
        (low, high), (must_low, must_high) = attacker.interval(row["cella"]), wanted(row)
        if low > must_low + 1e-6 or high < must_high - 1e-6:
            found.add((row["cella"], "tutti"))
        for company, known in alone.items():
            mine = row["cella"] in known
            if company and not mine and not attacker.computes(row["cella"], []) and attacker.computes(row["cella"], known):
                found.add((row["cella"], company))
    return found


def hideable(celle: pl.DataFrame) -> set[str]:
    return set(celle.filter(pl.col("motivo").is_not_null() | (pl.col("valore") > 0))["cella"])


@settings(max_examples=20, deadline=None, derandomize=True)
@given(tables([(2, 2), (3, 2), (3, 3), (4, 3), (5, 3), (2, 2, 2), (3, 2, 2)]))
def test_no_protected_cell_is_found_by_another_attacker(case):
    table, sites = case
    protezione = protected(table, sites)
    hidden = set(protezione.celle.filter(pl.col("segno") == "*")["cella"])
    left = faults(table, protezione.celle, hidden)
    assert left <= faults(table, protezione.celle, hideable(protezione.celle))  # what even hiding everything would not protect
    exposed = set(protezione.celle.filter("esposta")["cella"])
    assert exposed == {cell for cell, who in left if who == "tutti"}


@settings(max_examples=20, deadline=None, derandomize=True)
@given(tables([(2, 2), (3, 2), (3, 3), (2, 2, 2)]))
def test_the_least_that_everyone_knows_is_known_even_when_all_is_hidden(case):
    """No more is excused than what follows from zeros being shown: 1, or of a total whose parts are not zero, as many as they are."""
    celle = protected(*case).celle
    attacker = Attacker(case[0], hideable(celle))
    for row in celle.filter(pl.col("valore") > 0).iter_rows(named=True):
        assert min(row["valore"], 1) <= row["minimo"] <= attacker.interval(row["cella"])[0] + 1e-6


@settings(max_examples=20, deadline=None, derandomize=True)
@given(tables([(2, 2), (3, 2), (3, 3), (4, 3)]))
def test_the_intervals_are_those_of_whole_numbers_in_tables_of_two_dimensions(case):
    table, sites = case
    celle = protected(table, sites).celle
    hidden = celle.filter(pl.col("segno") == "*")
    attacker = Attacker(table, set(hidden["cella"]))
    for row in hidden.iter_rows(named=True):
        low, high = attacker.interval(row["cella"])
        assert (row["da"], min(row["a"], high)) == (low, high), row["cella"]


@settings(max_examples=12, deadline=None, derandomize=True)
@given(tables([(2, 2), (3, 2), (2, 3)]))
def test_no_cheaper_choice_protects_as_well(case):
    """Every set of cells that loses less is tried."""
    table, sites = case
    protezione = protected(table, sites)
    celle, cost = protezione.celle, loss(protezione.celle)
    assert protezione.ottima
    must = set(celle.filter(pl.col("motivo").is_not_null())["cella"])
    price = dict(zip(celle["cella"], cost, strict=True))
    hidden = set(celle.filter(pl.col("segno") == "*")["cella"])
    paid = sum(price[cell] for cell in hidden - must)
    accepted = faults(table, celle, hideable(celle))
    others = sorted(hideable(celle) - must)
    for count in range(len(hidden - must) + 1):
        for more in combinations(others, count):
            if sum(price[cell] for cell in more) < paid - 1e-9:
                assert not faults(table, celle, must | set(more)) <= accepted, (more, hidden - must)


def test_two_by_two_hides_the_cells_of_a_rectangle():
    """The 2 must be thought to be 1 to 5: 10, 20 and 30 can give and take as much, and totals cost ten times."""
    protezione = protected(np.array([[2, 10], [20, 30]]), np.array([[1, 5], [5, 5]]))
    hidden = protezione.celle.filter(pl.col("segno") == "*").select("cella", "da", "a").rows()
    assert hidden == [
        ("prova.lavoratori procedura=0 provincia=0", 1.0, 11.0),  # 2 + 10 = 12, of which at least 1 is elsewhere
        ("prova.lavoratori procedura=0 provincia=1", 11.0, 21.0),
        ("prova.lavoratori procedura=1 provincia=0", 1.0, 11.0),
        ("prova.lavoratori procedura=1 provincia=1", 29.0, 39.0),
    ]


def test_three_sites_of_one_worker_each_need_their_total_hidden():
    """1 + 1 + 1 = 3, and no hidden cell is zero: the total would tell all."""
    protezione = protected(np.array([[1, 1, 1], [9, 9, 9], [9, 9, 9]]), np.array([[1, 1, 1], [5, 5, 5], [5, 5, 5]]))
    assert "prova.lavoratori provincia=0" in protezione.celle.filter(pl.col("segno") == "*")["cella"]


def test_who_contributes_alone_cannot_compute_another_cell():
    """20 + 20 + 90 = 130, of one, one and nine sites: with two cells hidden everyone knows they add up to 40, and each of the two the other."""
    table, sites = np.array([[20, 20, 90], [90, 90, 90], [90, 90, 90]]), np.array([[1, 1, 9], [9, 9, 9], [9, 9, 9]])
    row = [f"prova.lavoratori{dim} provincia=0" for dim in (" procedura=0", " procedura=1", " procedura=2", "")]
    hidden = {
        unico: protected(table, sites, contributore_unico=unico).celle.filter(pl.col("segno") == "*", pl.col("cella").is_in(row)).height
        for unico in (False, True)
    }
    assert hidden == {False: 2, True: 3}


def test_a_zero_is_shown_and_a_zero_with_contributors_is_not():
    protezione = protected(np.array([[0, 0, 9], [9, 9, 9], [9, 9, 9]]), np.array([[0, 1, 5], [5, 5, 5], [5, 5, 5]]))
    signs = dict(protezione.celle.select("cella", "segno").rows())
    assert signs["prova.lavoratori procedura=0 provincia=0"] is None
    assert signs["prova.lavoratori procedura=1 provincia=0"] == "*"


def test_what_an_earlier_edition_published_is_not_hidden_and_does_not_protect():
    table, sites = np.array([[2, 10, 30], [20, 30, 30], [30, 30, 30]]), np.array([[1, 5, 5], [5, 5, 5], [5, 5, 5]])
    sistema = cells(
        long(table, sites), "prova", {"provincia": "-1", "procedura": "-1"}, ["lavoratori"], lavoratori="lavoratori", sedi="sedi"
    )
    before = pl.DataFrame({"cella": ["prova.lavoratori procedura=1 provincia=0"], "valore": [10]})
    protezione = protect(with_editions(sistema, before), rules())
    signs = dict(protezione.celle.select("cella", "segno").rows())
    assert signs["prova.lavoratori procedura=1 provincia=0"] is None
    assert signs["prova.lavoratori procedura=2 provincia=0"] == "*"
    assert not protezione.celle["esposta"].any()


@pytest.mark.parametrize(("printed", "exposed"), [(2, True), (4, False)])
def test_a_small_cell_published_before_is_out_for_ever_unless_revised(printed, exposed):
    table, sites = np.array([[2, 10], [20, 30]]), np.array([[1, 5], [5, 5]])
    sistema = cells(
        long(table, sites), "prova", {"provincia": "-1", "procedura": "-1"}, ["lavoratori"], lavoratori="lavoratori", sedi="sedi"
    )
    before = pl.DataFrame({"cella": ["prova.lavoratori procedura=0 provincia=0"], "valore": [printed]})
    protezione = protect(with_editions(sistema, before), rules())
    assert protezione.celle["esposta"].any() == exposed


def test_public_measures_are_not_protected_and_known_to_all():
    table, sites = np.array([[2, 10], [20, 30]]), np.array([[1, 5], [5, 5]])
    assert protected(table, sites, variabili_pubbliche=("lavoratori",)).celle["segno"].null_count() == 9


@pytest.mark.parametrize(
    ("rows", "motivo"),
    [
        ([("a", 90), ("b", 5), ("c", 5)], "un'impresa prevale"),
        ([("a", 80), ("b", 10), ("c", 10)], None),
        ([("a", 40), ("a", 30), ("b", 30)], "meno di 3 imprese"),
        ([("a", 1), ("b", 1)], "meno di 3 unità produttive"),
    ],
)
def test_the_rule_looks_at_sites_companies_and_the_largest_of_them(rows, motivo):
    frame = pl.DataFrame([("0", *row) for row in rows], schema=["provincia", "impresa", "lavoratori"], orient="row")
    celle = protect(cells(frame, "prova", {"provincia": ""}, ["lavoratori"], lavoratori="lavoratori", impresa="impresa"), rules()).celle
    assert celle["motivo"].item() == motivo


def test_the_order_of_the_rows_changes_nothing():
    rng = np.random.default_rng(1)
    table = rng.integers(1, 30, (6, 3))
    rows = long(table, np.minimum(table, 4))
    first, second = (
        protect(
            cells(frame, "prova", {"provincia": "-1", "procedura": "-1"}, ["lavoratori"], lavoratori="lavoratori", sedi="sedi"), rules()
        )
        for frame in (rows, rows.reverse())
    )
    assert first.celle.equals(second.celle)


def test_a_difference_shown_in_any_case_hides_the_year_before_too():
    """The 2 of this year could be computed from last year's cell and the printed difference, so that last year's is hidden as well."""
    frame = pl.DataFrame({"provincia": ["A", "B", "C"], "n": [2, 30, 40], "prima": [20, 31, 42], "sedi": [1, 9, 9]})
    dims = {"provincia": "TOT"}
    table = Tavola("prova", dims, {"variazione": replace(differenza(cella("n"), cella("prima")), sempre=True)})
    sistema = cells(frame, "prova", dims, ["n", "prima"], sedi="sedi")
    sistema = replace(sistema, celle=sistema.celle.with_columns(sedi=pl.when(pl.col("misura") == "prima").then(9).otherwise("sedi")))
    shown = with_functions(sistema, frame.with_columns(variazione=pl.col("n") - pl.col("prima")), table, "pagina")
    hidden = [protect(each, rules()).celle.filter(pl.col("segno") == "*")["cella"].to_list() for each in (sistema, shown)]
    assert hidden[0] == ["prova.n provincia=A", "prova.n provincia=B"]
    assert hidden[1] == [*hidden[0], "prova.prima provincia=A", "prova.prima provincia=B"]


def test_cells_that_a_relation_makes_equal_are_one():
    """a has only x, and y is only of b: their totals are their parts."""
    rows = pl.DataFrame({"provincia": ["a", "b", "b"], "procedura": ["x", "x", "y"], "sedi": [4, 4, 4], "lavoratori": [10, 20, 30]})
    sistema = cells(rows, "prova", {"provincia": "TOT", "procedura": "totale"}, ["lavoratori"], sedi="sedi")
    group = dict(zip(sistema.celle["cella"].str.strip_prefix("prova.lavoratori"), same_columns(network(sistema)), strict=True))
    assert group[" procedura=x provincia=a"] == group[" provincia=a"]
    assert group[" procedura=y provincia=b"] == group[" procedura=y"]
    assert len(set(group.values())) == len(group) - 2
