import re
import xml.etree.ElementTree as ET

import polars as pl
import pytest

from analisi.indicators.uncertainty import funnel
from analisi.presentation import charts_pal as charts
from analisi.presentation.svg import draw
from analisi.vocabulary import load_territorio

PASSI = ["STEP1", "STEP2", "STEP3", "STEP4", "NO_PAL", "NESSUNO"]
COUNTS = {"BG": (1000, 200, 100, 500, 150, 50), "BS": (0, 0, 0, 0, 0, 0), "TOT": (1100, 250, 150, 900, 150, 50)}
FIRST, NEXT, AFTER, LAST = "2004-T4", "2005-T1", "2005-T2", "2005-T3"


@pytest.fixture(scope="module")
def t():
    return load_territorio("lombardia")


@pytest.fixture(scope="module")
def passi():
    rows = [
        (sigla, passo, count, count / sum(counts) if sum(counts) else None)
        for sigla, counts in COUNTS.items()
        for passo, count in zip(PASSI, counts, strict=True)
    ]
    return pl.DataFrame(rows, ["provincia", "passo", "lavoratori", "quota"], orient="row")


@pytest.fixture(scope="module")
def tassi():
    """BG is unknown in the third quarter, which the region lacks altogether; BS has no workers in the last."""
    rows = [
        (FIRST, "BG", 0.1, None, None), (FIRST, "BS", 0.3, 0.1, 0.5), (FIRST, "SO", 0.2, 0.1, 0.4), (FIRST, "TOT", 0.25, 0.2, 0.3),
        (NEXT, "BG", 0.2, 0.1, 0.4), (NEXT, "BS", 0.4, 0.2, 0.5), (NEXT, "SO", 0.3, 0.1, 0.4), (NEXT, "TOT", 0.3, 0.2, 0.4),
        (LAST, "BG", 0.3, 0.2, 0.4), (LAST, "BS", None, None, None), (LAST, "SO", 0.85, 0.5, 0.9), (LAST, "MI", 0.5, 0.4, 0.6),
        (LAST, "TOT", 0.4, 0.3, 0.5),
    ]  # fmt: skip
    return pl.DataFrame(rows, ["trimestre", "provincia", "tasso", "inf95", "sup95"], orient="row", infer_schema_length=None)


@pytest.fixture(scope="module")
def imbuto():
    rows = [("BG", 10, 100, 8.0), ("BS", 180, 400, 10.0), ("MI", 470, 500, 2.0), ("SO", 30, 60, 6.0)]
    frame = pl.DataFrame(rows, ["provincia", "attivati", "lavoratori", "dimensione"], orient="row")
    frame = frame.with_columns(tasso=pl.col("attivati") / pl.col("lavoratori"))
    return funnel(frame, 0.6, 0.5).with_columns(fuori=pl.col("provincia") == "MI")


@pytest.fixture(scope="module")
def curva():
    rows = [("STEP1", 0, 0.2, 0.1, 0.4), ("STEP1", 40, 0.6, 0.4, 0.8), ("STEP1", 90, 1.0, None, None), ("STEP4", 120, 0.25, None, None)]
    return pl.DataFrame(rows, ["passo", "giorni", "quota_raggiunta", "inf95", "sup95"], orient="row")


@pytest.fixture(scope="module")
def fasi():
    rows = [("BG", "informazione", 1, 30, 12.0), ("BG", "monitoraggio", 4, 1200, 0.0), ("SO", "attivazione", 2, 50, 90.5)]
    return pl.DataFrame(rows, ["provincia", "fase", "gruppi", "lavoratori", "attesa_mediana"], orient="row")


@pytest.fixture(scope="module")
def panels(t, passi, tassi, imbuto, curva, fasi):
    return {
        "passi": charts.step_bars(passi, t),
        "cascata": charts.cascade(passi, t),
        "imbuto": charts.funnel_plot(imbuto, t, 0.6),
        "curve": charts.waiting_curves(curva),
        "trimestri": charts.quarter_lines(tassi, t),
        "mappa": charts.rate_tiles(tassi.filter(trimestre=LAST), t),
        "fasi": charts.phase_bars(fasi, t),
    }


NUMBER = {"passi": 1, "cascata": 1, "imbuto": 1, "curve": 2, "trimestri": 2, "mappa": 1, "fasi": 1}


def labels(svg: str) -> list[str]:
    return re.findall(r'data-t="([^"]*)"', svg)


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def drawn(panels, name: str, number: int = 0) -> str:
    return draw(panels[name][number][1], "una prova", "f1")


@pytest.mark.parametrize("name", NUMBER)
def test_panels_are_as_many_as_expected_well_formed_and_labelled_in_italian(panels, name):
    assert len(panels[name]) == NUMBER[name]
    for title, spec in panels[name]:
        svg = draw(spec, "una prova", "f1")
        ET.fromstring(svg)
        assert svg == draw(spec, "una prova", "f1")
        assert title
        assert labels(svg)
        assert all(re.match(r"[A-Z].*[:,] .*", label) for label in labels(svg)), labels(svg)


def test_nothing_in_no_panel_out(t, passi, tassi, imbuto, curva, fasi):
    assert charts.step_bars(passi.clear(), t) == charts.cascade(passi.clear(), t) == charts.funnel_plot(imbuto.clear(), t) == []
    assert charts.waiting_curves(curva.clear()) == charts.quarter_lines(tassi.clear(), t) == charts.rate_tiles(tassi.clear(), t) == []
    assert charts.phase_bars(fasi.clear(), t) == []


def test_one_quarter_or_several_provinces_without_their_region_have_no_panel(t, tassi, passi):
    assert charts.quarter_lines(tassi.filter(trimestre=LAST), t) == []
    assert charts.cascade(passi.filter(pl.col("provincia") != "TOT"), t) == []


def test_bars_of_steps_write_wide_parts_and_tell_missing_from_not_computable(panels, t):
    svg = drawn(panels, "passi")
    found = texts(svg)
    assert "Bergamo, STEP 1: 50,0% (1.000 lavoratori)" in labels(svg)
    assert "Lombardia, nessun passo: 1,9% (50 lavoratori)" in labels(svg)
    assert {"50", "25", "10"} <= set(found)  # of Bergamo
    assert "8" not in found  # 7,5% is too narrow
    assert {"STEP 1", "STEP 4", "NO PAL", "nessun passo"} <= set(found)
    assert (found.count("n.d."), found.count("n.c.")) == (len(t.sigle) - 2, 1)
    assert not any("Sondrio" in label for label in labels(svg))


def test_a_single_provincia_stands_alone(passi, t):
    part = passi.filter(provincia="BG")
    assert "n.d." not in texts(draw(charts.step_bars(part, t)[0][1], "una prova", "f1"))
    assert charts.cascade(part, t)[0][0] == "Bergamo"


def test_cascade_counts_those_who_went_on_and_sets_the_exempt_apart(panels):
    assert labels(drawn(panels, "cascata")) == [
        "Lombardia, Sospesi: 2.600",
        "Lombardia, Almeno STEP 1: 2.400 lavoratori, 92,3% dei sospesi",
        "Lombardia, Almeno STEP 2: 1.300 lavoratori, 50,0% dei sospesi",
        "Lombardia, Almeno STEP 3: 1.050 lavoratori, 40,4% dei sospesi",
        "Lombardia, STEP 4: PAL attivate: 900 lavoratori, 34,6% dei sospesi",
        "Lombardia, NO PAL: 150 lavoratori, 5,8% dei sospesi",
    ]


def test_cascade_of_unknown_counts_draws_no_zero(passi, t):
    unknown = passi.with_columns(lavoratori=pl.when(pl.col("passo") != "STEP3").then("lavoratori"))
    svg = draw(charts.cascade(unknown, t)[0][1], "una prova", "f1")
    written = [("STEP 4: PAL attivate", 900), ("NO PAL", 150)]
    assert labels(svg) == [f"Lombardia, {name}: {workers} lavoratori, n.c. dei sospesi" for name, workers in written]
    assert texts(svg).count("n.d.") == 4


def test_funnel_names_the_provinces_and_colours_those_outside(panels):
    svg = drawn(panels, "imbuto")
    assert {"BG", "BS", "MI", "SO", "95%", "99,8%", "60,0%"} <= set(texts(svg))
    outside = [label for label in labels(svg) if label.endswith(", fuori")]
    assert [label[:14] for label in outside] == ["Milano: 94,0%,"]
    assert svg.count(charts.theme.ORANGE) + svg.count(charts.theme.ORANGE.lower()) == 1


def test_funnel_takes_the_share_of_all_rows_when_none_is_given(imbuto, t):
    assert "Lombardia: 65,1%" in labels(draw(charts.funnel_plot(imbuto, t)[0][1], "una prova", "f1"))


def test_curves_have_a_panel_for_each_step_reached_and_end_with_the_last_share(panels):
    assert [title[:6] for title, _ in panels["curve"]] == ["STEP 1", "STEP 4"]
    assert "100,0%" in texts(drawn(panels, "curve"))
    assert "STEP 1, entro 40 giorni: 60,0% (intervallo 95%: da 40,0% a 80,0%)" in labels(drawn(panels, "curve"))
    assert labels(drawn(panels, "curve", 1)) == ["STEP 4, entro 120 giorni: 25,0%"]


def test_quarters_stand_in_order_with_the_year_under_its_first_and_a_gap_where_nothing_is_known(panels):
    region, provinces = drawn(panels, "trimestri"), drawn(panels, "trimestri", 1)
    axis = [text for text in texts(region) if re.match(r"T\d", text)]
    assert axis == ["T4" + FIRST[:4], "T1" + NEXT[:4], "T2", "T3"]
    assert len(labels(region)) == 3
    assert not any(AFTER in label for label in labels(region) + labels(provinces))
    assert not any(LAST in label and "Brescia" in label for label in labels(provinces))
    assert [text for text in texts(provinces) if re.match(r"[A-Z]{2} ", text)] == ["BG 30%", "SO 85%"]


def test_tiles_leave_empty_what_is_missing_or_cannot_be_computed(panels, t):
    found = labels(drawn(panels, "mappa"))
    assert len(found) == len(t.sigle)
    assert {"Sondrio: 85,0% di PAL attivate", "Brescia: n.c.", "Lodi: n.d."} <= set(found)


def test_no_tiles_without_places(tassi, t):
    flat = type(t)(t.nome, t.locativo, tuple(type(p)(**{**vars(p), "colonna": None}) for p in t.province))
    assert charts.rate_tiles(tassi.filter(trimestre=LAST), flat) == []


def test_phases_name_their_groups_and_a_provincia_without_any_is_not_zero(panels, t):
    svg = drawn(panels, "fasi")
    assert labels(svg) == [
        "Bergamo, Informazione: 30 lavoratori in 1 gruppo; attesa mediana 12 giorni",
        "Bergamo, Monitoraggio: 1.200 lavoratori in 4 gruppi; attesa mediana 0 giorni",
        "Sondrio, Attivazione: 50 lavoratori in 2 gruppi; attesa mediana 91 giorni",
    ]
    assert texts(svg).count("n.d.") == len(t.sigle) - 2
    assert {"1.230", "50"} <= set(texts(svg))
