"""Every number that Regione Lombardia printed comes out again, cell by cell."""

import csv
import re
from pathlib import Path

import polars as pl
import pytest

from analisi.indicators.casi_gestiti import compare_years, decompose, provincial_table
from analisi.indicators.uncertainty import ALPHA, firmness
from analisi.presentation.casi_gestiti import printed_table
from analisi.presentation.contesto import contesto, ordered
from analisi.presentation.formats import number
from analisi.vocabulary import TOTALE


def printed(anno: int) -> list[list[str]]:
    """The cells of the source document, as printed."""
    with (Path(__file__).parent / f"tavola_{anno}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("anno", [2024, 2025])
def test_printed_table_equals_the_source_in_every_cell(published, anno):
    ctx = contesto(published, 2025)
    payload = printed_table(provincial_table(published.casi), ctx, anno).payload
    heading, *expected = printed(anno)
    result = [[number(value, column["formato"]) for value, column in zip(row, payload["colonne"], strict=True)] for row in payload["righe"]]
    different = [
        f"{anno} {row[0]} {name}: {got!r} invece di {want!r}"
        for row, shown in zip(expected, result, strict=True)
        for name, want, got in zip(heading, row, shown, strict=True)
        if got != want
    ]
    assert not different


@pytest.mark.parametrize("anno", [2024, 2025])
def test_printed_table_stands_on_the_published_page(report, anno):
    page = (report / "annuale.html").read_text(encoding="utf-8")
    table = re.search(rf"<table[^>]*>\s*<caption[^>]*><span>Casi gestiti[^<]*anno {anno}</span>.*?</table>", page, re.S)[0]
    rows = re.findall(r"<tr>((?:(?!</tr>).)*?<th scope=\"row\">.*?)</tr>", table, re.S)
    result = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
    assert result == printed(anno)[1:]


def test_ministerial_cigs_grew_by_287_from_number_and_1856_from_size(published):
    parts = decompose(compare_years(provincial_table(published.casi), 2025, 2024))
    row = parts.row(by_predicate=(pl.col("provincia") == "TOT") & (pl.col("procedura") == "cigs_ministeriale"), named=True)
    result = [number(row[name], style) for name, style in (("effetto_numero", "intero"), ("effetto_dimensione", "intero"))]
    sizes = [number(row[name], "decimale") for name in ("dimensione_confronto", "dimensione")]
    assert result + sizes == ["287", "1.856", "25,7", "46,1"]


def test_rate_ratios_of_the_printed_tables(published):
    solidita = firmness(compare_years(provincial_table(published.casi), 2025, 2024))
    region = solidita.filter((solidita["provincia"] == "TOT") & (solidita["procedura"] != TOTALE)).sort("procedura")
    result = [[number(value, "due_decimali") for value in row] for row in region.select("rapporto_unita", "inf95", "sup95").iter_rows()]
    assert result == [["1,09", "0,81", "1,48"], ["0,94", "0,61", "1,44"], ["1,16", "0,97", "1,40"]]


def test_no_provincia_is_distinguishable_in_any_procedura(published):
    solidita = firmness(compare_years(provincial_table(published.casi), 2025, 2024))
    assert (solidita.filter(solidita["procedura"] != TOTALE)["p_bh"].drop_nulls() > ALPHA).all()


def test_published_activation_and_coordination_figures(published):
    activation = published.attivazione.select("lavoratori_base", "quota_attivati_pct", "approssimata").rows()
    tables = published.coordinamento.select("tipo", "tavoli").rows()
    assert (activation, tables) == ([(4377, 51, "sì")], [("regionale", 4), ("bilaterale", 21)])


def test_ordered_rows_follow_the_printed_tables(published):
    table = ordered(provincial_table(published.casi), contesto(published, 2025, 2024))
    sigle = [row[0] for row in printed(2024)[1:]]
    assert table["provincia"].unique(maintain_order=True).to_list() == sigle
