"""The sentences are true for any pair of years: each case is a pair the published tables do not show."""

import polars as pl
import pytest

from analisi.indicators.casi_gestiti import compare_years, decompose, provincial_table
from analisi.indicators.uncertainty import ALPHA, firmness
from analisi.presentation import prose
from analisi.tables.pubblicati import read_fonte
from tests.conftest import PROCEDURE, write_casi, write_territorio


def sentences(tmp_path, before: dict[str, tuple], after: dict[str, tuple]) -> dict[str, object]:
    """What is said of two counties where every procedura but the first is steady at 5 units of 50 workers."""
    territorio = write_territorio(tmp_path / "due.toml", {"AA": "Alba", "BB": "Borgo"})
    rows = [
        (year, sigla, code, *(cells[sigla] if code == PROCEDURE[0] else (5, 50)))
        for year, cells in ((2030, before), (2031, after))
        for sigla in ("AA", "BB")
        for code in PROCEDURE
    ]
    fonte = read_fonte(str(write_casi(tmp_path / "d" / "casi_gestiti.csv", rows).parent), str(territorio))
    change = compare_years(provincial_table(fonte.casi), 2031, 2030)
    firm = firmness(change.filter(pl.col("procedura") != "totale"))
    brief = prose.in_brief(change, decompose(change), firm, fonte.territorio, (2030, 2031), ALPHA)
    return {"brief": " ".join(filter(None, brief)), "extremes": prose.extremes(change, fonte.territorio), "change": change}


@pytest.mark.parametrize(
    ("before", "after", "said", "unsaid"),
    [
        ({"AA": (5, 50), "BB": (5, 50)}, {"AA": (5, 50), "BB": (5, 50)}, ["quanti nel 2030", "senza variazioni"], ["in aumento", "in calo", "spingono"]),
        ({"AA": (5, 50), "BB": (5, 50)}, {"AA": (5, 90), "BB": (5, 50)}, ["perché le crisi sono più grandi"], ["in calo", "in basso", "il caso può spiegare)"]),
        ({"AA": (9, 90), "BB": (5, 50)}, {"AA": (5, 50), "BB": (5, 50)}, ["meno lavoratori", "perché le unità coinvolte sono di meno", "il caso può spiegare)"], ["in aumento", "in alto"]),
        ({"AA": (2, 20), "BB": (2, 20)}, {"AA": (60, 600), "BB": (2, 20)}, ["si distingue Alba", "più di quanto il caso spieghi per le CIGS ministeriali"], ["il caso può spiegare)"]),
        ({"AA": (0, 0), "BB": (0, 0)}, {"AA": (3, 30), "BB": (0, 0)}, ["in aumento le CIGS ministeriali (+30, n.c.)"], ["inf", "nan", "None"]),
        ({"AA": (1, 3), "BB": (0, 0)}, {"AA": (1, 6), "BB": (0, 0)}, ["base piccola"], ["None"]),
        ({"AA": (None, None), "BB": (None, None)}, {"AA": (3, 30), "BB": (3, 30)}, ["CIGS regionali"], ["None", "CIGS ministeriali ("]),
    ],
    ids=["steady", "bigger", "fewer", "firm", "from zero", "small base", "unknown"],
)  # fmt: skip
def test_the_summary_says_what_the_figures_say(tmp_path, before, after, said, unsaid):
    brief = sentences(tmp_path, before, after)["brief"]
    assert [text for text in said if text not in brief] == []
    assert [text for text in unsaid if text in brief] == []


def test_extremes_name_no_rise_when_nothing_rises(tmp_path):
    result = sentences(tmp_path, {"AA": (5, 50), "BB": (5, 50)}, {"AA": (5, 40), "BB": (5, 50)})["extremes"]
    assert "aumento" not in result
    assert "Alba" in result


def test_the_published_summary(published):
    change = compare_years(provincial_table(published.casi), 2025, 2024)
    firm = firmness(change.filter(pl.col("procedura") != "totale"))
    brief = " ".join(prose.in_brief(change, decompose(change), firm, published.territorio, (2024, 2025), ALPHA))
    for said in (
        "**11.800**",
        "contro **9.557**",
        "più grandi (da **25,7** a **46,1**",
        "+287",
        "+1.856",
        "nessuna provincia si distingue",
    ):
        assert said in brief


def test_activation_is_never_shown_without_its_base(published):
    said = prose.activation_sentences(published.attivazione, provincial_table(published.casi), published.territorio, 2025)
    assert "51% circa" in said[0]
    assert "4.377" in said[0]


def test_a_year_without_activation_figures_says_so(published):
    said = prose.activation_sentences(published.attivazione, provincial_table(published.casi), published.territorio, 2024)
    assert said == ["La fonte non contiene dati sull'attivazione delle PAL per il 2024: nessun tasso è calcolato né stimato."]
