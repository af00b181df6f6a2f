"""Cells, their totals, and what functions of them tell."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from analisi.disclosure.attacco import intervals
from analisi.disclosure.celle import at_least, cells, holding, together, with_functions
from analisi.disclosure.tavole import Tavola, cella, differenza, rapporto
from analisi.errors import AnalisiError
from tests.conftest import literal

DIMS = {"provincia": "TOT"}
FRAME = literal("""
provincia procedura sedi lavoratori
A         c         1    4
A         l         2    6
B         c         3    -
B         l         4    10
""")


def test_cells_has_every_total_with_its_contributors():
    result = cells(FRAME, "t", {"provincia": "TOT", "procedura": "tot"}, ["lavoratori"], lavoratori="lavoratori", sedi="sedi").celle
    expected = literal("""
cella                                valore lavoratori sedi totali
t.lavoratori                         20.0   20         7    2
t.lavoratori_procedura=c             4.0    4          1    1
t.lavoratori_procedura=c_provincia=A 4.0    4          1    0
t.lavoratori_procedura=l             16.0   16         6    1
t.lavoratori_procedura=l_provincia=A 6.0    6          2    0
t.lavoratori_procedura=l_provincia=B 10.0   10         4    0
t.lavoratori_provincia=A             10.0   10         3    1
t.lavoratori_provincia=B             10.0   10         4    1
""")  # the blank of B is no cell: neither it nor its three sites are in a total
    assert_frame_equal(result.select(pl.col("cella").str.replace_all(" ", "_"), *expected.columns[1:]), expected)


def test_a_tree_gives_the_totals_of_every_level():
    frame = pl.DataFrame({"luogo": ["a", "b", "c"], "n": [1, 2, 4]})
    tree = {"a": "nord", "b": "nord", "c": "sud", "nord": "tutto", "sud": "tutto"}
    sistema = cells(frame, "t", {"luogo": tree}, ["n"], sedi="n")
    assert dict(sistema.celle.select("cella", "valore").rows())["t.n luogo=nord"] == 3
    relations = sistema.vincoli.group_by("vincolo").agg(pl.col("cella").sort()).sort("vincolo").rows()
    assert relations == [
        ("luogo: t.n", ["t.n", "t.n luogo=nord", "t.n luogo=sud"]),
        ("luogo: t.n luogo=nord", ["t.n luogo=a", "t.n luogo=b", "t.n luogo=nord"]),
        ("luogo: t.n luogo=sud", ["t.n luogo=c", "t.n luogo=sud"]),
    ]


def test_companies_are_counted_once_in_a_total_and_not_named():
    frame = pl.DataFrame({"provincia": ["A", "A", "B"], "impresa": ["Rossi", "Verdi", "Rossi"], "n": [3, 1, 5]})
    celle = cells(frame, "t", DIMS, ["n"], impresa="impresa").celle
    assert celle.select("cella", "imprese", "quota_massima").rows() == [
        ("t.n", 2, 8 / 9),
        ("t.n provincia=A", 2, 0.75),
        ("t.n provincia=B", 1, 1.0),
    ]
    assert not celle["solo"].drop_nulls().str.contains("Rossi").any()


def test_a_margin_on_two_pages_is_one_cell():
    detail = cells(FRAME, "t", {"provincia": "TOT", "procedura": "tot"}, ["sedi"], sedi="sedi")
    margin = cells(FRAME.group_by("provincia").agg(pl.col("sedi").sum()), "t", DIMS, ["sedi"], sedi="sedi")
    assert together(detail, margin).celle.height == detail.celle.height == 9


def test_a_margin_with_another_value_is_refused():
    detail = cells(FRAME, "t", {"provincia": "TOT", "procedura": "tot"}, ["sedi"], sedi="sedi")
    with pytest.raises(AnalisiError, match="due tavole ne danno valori"):
        together(detail, cells(pl.DataFrame({"provincia": ["A"], "sedi": [9]}), "t", DIMS, ["sedi"], sedi="sedi"))


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ({"provincia": ["A", "TOT"], "n": [1, 1]}, "righe vuote o di totale"),
        ({"provincia": ["A", None], "n": [1, 1]}, "righe vuote o di totale"),
        ({"provincia": ["A"], "n": [-1]}, "valori negativi"),
        ({"provincia": ["A"], "m": [1]}, "mancano le colonne n"),
    ],
)
def test_rows_that_are_no_parts_are_refused(frame, words):
    with pytest.raises(AnalisiError, match=words):
        cells(pl.DataFrame(frame), "t", DIMS, ["n"])


def _bounds(sistema, hidden: str, *, below: float = 1.0) -> tuple[float, float]:
    """The attacker's interval of a cell, when it and the total of its table are hidden."""
    out = pl.col("cella").is_in([hidden, "t.n"])
    views = sistema.celle.select(
        "cella", inf=pl.when(out).then(below).otherwise("valore"), sup=pl.when(out).then(float("inf")).otherwise("valore")
    )
    return intervals(sistema, views).filter(pl.col("cella") == hidden).select("inf", "sup").row(0)


TWO_YEARS = pl.DataFrame({"provincia": ["A", "B"], "n": [40, 60], "prima": [30, 60]})


def _sistema():
    return cells(TWO_YEARS, "t", DIMS, ["n", "prima"])


def test_a_printed_difference_gives_a_cell_back():
    shown = TWO_YEARS.with_columns(variazione=pl.col("n") - pl.col("prima"))
    table = Tavola("t", DIMS, {"variazione": differenza(cella("n"), cella("prima"))})
    assert _bounds(_sistema(), "t.n provincia=A") == (1, float("inf"))
    assert _bounds(with_functions(_sistema(), shown, table, "pagina", sempre=False), "t.n provincia=A") == (40, 40)


def test_a_percentage_to_one_decimal_gives_an_interval():
    """40 / 100 = 40,0 per cent: between 39,95 and 40,05 of a total n + 60, so n is between 39,92 and 40,09: 40."""
    shown = pl.DataFrame({"provincia": ["A", "B"], "peso": [40.0, None]})
    peso = rapporto(cella("n"), cella("n", provincia="TOT"), scala=100, decimali=1)
    told = with_functions(_sistema(), shown, Tavola("t", DIMS, {"peso": peso}), "pagina", sempre=False)
    assert _bounds(told, "t.n provincia=A") == (40, 40)
    rough = Tavola("t", DIMS, {"peso": rapporto(cella("n"), cella("n", provincia="TOT"), scala=1, decimali=1)})
    told = with_functions(_sistema(), shown.with_columns(pl.col("peso") / 100), rough, "pagina", sempre=False)
    assert _bounds(told, "t.n provincia=A") == (33, 49)  # 0,35 x (n + 60) <= n <= 0,45 x (n + 60): 32,3 to 49,1


def test_a_column_of_which_nothing_is_promised_is_known_only_when_it_is_shown_in_any_case():
    shown = TWO_YEARS.with_columns(rapporto=pl.col("n") / pl.col("prima"))
    follows = Tavola("t", DIMS, {"rapporto": rapporto(cella("n"), cella("prima"))})
    always = Tavola("t", DIMS, {"rapporto": rapporto(cella("n"), cella("prima"), sempre=True)})
    assert _bounds(with_functions(_sistema(), shown, follows, "pagina"), "t.n provincia=A") == (1, float("inf"))
    assert _bounds(with_functions(_sistema(), shown, always, "pagina"), "t.n provincia=A") == (40, 40)


def test_the_order_of_rows_bounds_a_hidden_cell():
    shown = pl.DataFrame({"provincia": ["B", "A"]})
    told = with_functions(_sistema(), shown, Tavola("t", DIMS, {"n": cella("n")}, ordine="n"), "pagina")
    assert _bounds(told, "t.n provincia=A") == (1, 60)


def test_workers_are_at_least_as_many_as_sites():
    sistema = at_least(
        cells(FRAME, "t", {"provincia": "TOT", "procedura": "tot"}, ["sedi", "lavoratori"], sedi="sedi"), "lavoratori", "sedi"
    )
    terms = sistema.vincoli.filter(pl.col("vincolo").str.starts_with("almeno sedi: t.lavoratori procedura=l provincia=A"))
    assert terms.select("cella", "coefficiente").rows() == [
        ("t.lavoratori procedura=l provincia=A", 1.0),
        ("t.sedi procedura=l provincia=A", -1.0),
    ]
    assert holding(sistema.celle, sistema.vincoli).all()
