import re
import xml.etree.ElementTree as ET

import pytest

from analisi.indicators.casi_gestiti import compare_years, decompose, mix, provincial_table
from analisi.indicators.uncertainty import ALPHA, firmness
from analisi.presentation import charts
from analisi.presentation.contesto import contesto, ordered
from analisi.presentation.svg import draw


@pytest.fixture(scope="module")
def panels(published):
    ctx, t = contesto(published, 2025, 2024), published.territorio
    table = ordered(provincial_table(published.casi), ctx)
    change = ordered(compare_years(table, 2025, 2024), ctx)
    firm = ordered(firmness(change), ctx)
    return {
        "contributi": charts.contributions(change, t),
        "manubri": charts.dumbbells(change, t, ctx.years),
        "mappa": charts.tiles(change, t),
        "effetti": charts.effects(ordered(decompose(change), ctx), t),
        "quote": charts.shares(ordered(mix(table), ctx), t, ctx.years),
        "solidita": charts.forest(firm, t, ALPHA),
    }


NAMES = ["contributi", "manubri", "mappa", "effetti", "quote", "solidita"]


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_draws_the_same_well_formed_picture_twice(panels, name):
    for _, spec in panels[name]:
        svg = draw(spec, "una prova", "f1")
        ET.fromstring(svg)
        assert svg == draw(spec, "una prova", "f1")


@pytest.mark.parametrize("name", NAMES)
def test_marks_carry_italian_labels_and_nothing_from_the_drawing_library(panels, name):
    svg = draw(panels[name][1][1], "una prova", "f1")
    assert re.search(r'data-t="[^"]+: [^"]*"', svg)
    assert not re.search(r"aria-roledescription|http://(?!www\.w3\.org)|class=|NaN|undefined|null", svg)


def test_labels_keep_their_thousands(panels):
    assert "1.291 lavoratori" in draw(panels["contributi"][0][1], "x", "f1")


def test_a_blank_is_drawn_as_unknown_not_as_zero(panels):
    lodi = re.findall(r'data-t="(Lodi[^"]*)"', draw(panels["contributi"][1][1], "x", "f1"))
    assert lodi == ["Lodi: n.d. punti, n.d. lavoratori"]


def test_no_spec_holds_more_rows_than_the_table(panels):
    for drawn in panels.values():
        for _, spec in drawn:
            assert all(len(layer.get("data", {}).get("values", [])) <= 3 * 13 for layer in spec["layer"])
