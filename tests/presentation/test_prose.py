"""The sentences are true for any pair of years: each case is a pair the published tables do not show."""

import polars as pl
import pytest

from analisi.indicators.casi_gestiti import compare_years, decompose, provincial_table
from analisi.indicators.fonti import read_fonte
from analisi.indicators.uncertainty import ALPHA, firmness
from analisi.presentation import prose
from tests.conftest import PROCEDURE, write_casi, write_territorio


def sentences(tmp_path, before: dict[str, tuple], after: dict[str, tuple]) -> dict[str, object]:
    """What is said of two counties where every procedura but the first is steady at 5 units of 50 workers."""
    territorio = write_territorio(tmp_path / "due.toml", {"AA": "Alba", "BB": "Borgo"})
    rows = [
        (year, sigla, code, *((cells[sigla] or ()) if code == PROCEDURE[0] else (5, 50)))
        for year, cells in ((2030, before), (2031, after))
        for sigla in ("AA", "BB")
        for code in PROCEDURE
        if not (code == PROCEDURE[0] and cells[sigla] is None)
    ]
    fonte = read_fonte(str(write_casi(tmp_path / "d" / "casi_gestiti.csv", rows).parent), str(territorio))
    change = compare_years(provincial_table(fonte.casi), 2031, 2030)
    firm = firmness(change.filter(pl.col("procedura") != "totale"))
    brief = prose.in_brief(change, decompose(change), firm, fonte.territorio, (2030, 2031), ALPHA)
    return {"brief": " ".join(filter(None, brief)), "extremes": prose.extremes(change, fonte.territorio), "change": change}


CHANCE = "il caso da solo può spiegare)"


@pytest.mark.parametrize(
    ("before", "after", "said", "unsaid"),
    [
        ({"AA": (5, 50), "BB": (5, 50)}, {"AA": (5, 50), "BB": (5, 50)}, ["quanti nel 2030", "senza variazioni"], ["in aumento", "in calo", "contributi"]),
        ({"AA": (5, 50), "BB": (5, 50)}, {"AA": (5, 90), "BB": (5, 50)}, ["La differenza viene da crisi più grandi", "il numero delle unità resta 10"], ["in calo", CHANCE, "soprattutto"]),
        ({"AA": (9, 90), "BB": (5, 50)}, {"AA": (5, 50), "BB": (5, 50)}, ["meno lavoratori", "da meno unità produttive (da 14 a 10", CHANCE], ["in aumento", "crisi"]),
        ({"AA": (2, 20), "BB": (2, 20)}, {"AA": (60, 600), "BB": (2, 20)}, ["si distingue Alba (CIGS ministeriali)", "spiegare per le CIGS ministeriali"], [CHANCE]),
        ({"AA": (4, 40), "BB": (4, 40)}, {"AA": (8, 60), "BB": (4, 40)}, ["soprattutto da più unità", "; in senso opposto va l'effetto che viene da crisi più piccole"], ["in calo"]),
        ({"AA": (0, 0), "BB": (0, 0)}, {"AA": (3, 30), "BB": (0, 0)}, ["in aumento le CIGS ministeriali (+30, n.c.)", "passano da 0 a 3"], ["inf", "nan", "None"]),
        ({"AA": (1, 3), "BB": (0, 0)}, {"AA": (1, 6), "BB": (0, 0)}, ["base piccola"], ["None"]),
        ({"AA": (None, None), "BB": (None, None)}, {"AA": (3, 30), "BB": (3, 30)}, ["Non sono confrontabili fra i due anni le CIGS ministeriali", "Non si può giudicare per le CIGS ministeriali", "giudicabili (CIGS regionali e licenziamenti collettivi)"], ["None"]),
        ({"AA": (5, 50), "BB": None}, {"AA": (5, 60), "BB": (9, 90)}, ["il confronto con il 2030 non si calcola", "Non sono confrontabili fra i due anni le CIGS ministeriali"], ["Borgo (", "aumento"]),
    ],
    ids=["steady", "bigger", "fewer", "firm", "more but smaller", "from zero", "small base", "unknown", "a row of one year"],
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
        "soprattutto da crisi più grandi (da **25,7** a **46,1**",
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


def test_provinces_that_stand_out_by_themselves_are_no_caution_of_the_sum(published):
    change = compare_years(provincial_table(published.casi), 2025, 2024)
    total, firm = firmness(change.filter(procedura="totale")), firmness(change.filter(pl.col("procedura") != "totale"))
    alone = firm.with_columns(p_bh=pl.when(pl.col("provincia") == "CO").then(0.01).otherwise("p_bh"))
    said = [prose.pooled_caution(total, part, change, published.territorio, ALPHA) for part in (firm, alone)]
    assert ["Como (da 16 a 46 unità)" in said[0], said[1]] == [True, ""]


def test_a_total_that_lacks_a_blank_cell_says_so(published):
    change = compare_years(provincial_table(published.casi), 2025, 2024)
    assert "**Cremona** (−374, −83,7%; totale senza una cella vuota nella fonte)" in prose.extremes(change, published.territorio)


def test_provinces_are_judged_even_where_the_region_cannot_be(published):
    firm = firmness(compare_years(provincial_table(published.casi), 2025, 2024)).filter(pl.col("procedura") != "totale")
    judged = [name for name in firm.columns if name not in ("provincia", "procedura")]
    no_region = firm.with_columns(pl.when(pl.col("provincia") != "TOT").then(pl.col(name)).alias(name) for name in judged)
    nothing = firm.with_columns(pl.lit(None, pl.Float64).alias(name) for name in judged)
    said = [prose.firm_sentence(frame, published.territorio, ALPHA) for frame in (no_region, nothing)]
    assert said[0].startswith("Per la regione i dati non permettono di giudicare")
    assert said[0].endswith("e nessuna provincia si distingue.")
    assert said[1].endswith("più di quanto il caso spieghi.")
