"""What works only in a live notebook never reaches a published page: the analyst is told which cell, and nothing is published."""

import nbformat
import pytest

from analisi.reports.exporter import AnalisiExporter, ExportError
from tests.conftest import analisi
from tests.reports.conftest import HEADER, manifest_of, write_edition, write_notebook

PARAMETERS = 'anno: int = 2025  # anno\nprovincia: str = ""  # provincia'
WIDGET = "import ipywidgets\nipywidgets.IntSlider()"
CHART = "import altair as alt\nalt.Chart(alt.Data(values=[{'a': 1}])).mark_bar().encode(x='a:Q')"
INTERACT = "from ipywidgets import interact\ninteract(lambda n: n, n=3);"


@pytest.mark.parametrize(("cell", "said"), [(WIDGET, "un widget"), (CHART, "un grafico interattivo"), (INTERACT, "un widget")])
@pytest.mark.parametrize("engine", ["veloce", "kernel"])
def test_a_live_output_is_told_by_cell_and_nothing_is_published(desk, cell, said, engine):
    write_notebook(desk / "notebooks" / "vivo.ipynb", HEADER, cell, parameters=PARAMETERS)
    done = analisi("esegui", "vivo", "--anno", "2024", "--esecuzione", engine, "--uscita", desk / "r")
    assert (done.returncode, (desk / "r").exists()) == (1, False)
    assert f"vivo: cella 4 («{cell.splitlines()[0]}»): mostra {said}" in done.stderr  # the fourth of the analyst's, whatever papermill adds


def test_an_earlier_report_stays_when_the_new_one_shows_a_widget(desk):
    write_notebook(desk / "notebooks" / "vivo.ipynb", HEADER, parameters=PARAMETERS)
    assert analisi("esegui", "vivo", "--uscita", desk / "r").returncode == 0
    before = (desk / "r" / "vivo.html").read_bytes()
    write_notebook(desk / "notebooks" / "vivo.ipynb", HEADER, WIDGET, parameters=PARAMETERS)
    assert analisi("esegui", "vivo", "--uscita", desk / "r").returncode == 1
    assert (desk / "r" / "vivo.html").read_bytes() == before


def test_in_an_edition_the_report_fails_with_a_reason_for_its_readers_and_the_others_are_published(desk):
    write_notebook(desk / "notebooks" / "vivo.ipynb", HEADER, WIDGET, parameters=PARAMETERS)
    write_edition(desk, 'notebook = "vivo"', 'notebook = "prova"')
    done = analisi("edizione", "prova")
    assert done.returncode == 1
    assert "cella 4" in done.stderr
    entries = {entry["nome"]: entry for entry in manifest_of(desk / "reports" / "edizione-prova-1")["rapporti"]}
    assert (entries["vivo"]["esito"], entries["vivo"]["motivo"]) == (
        "non riuscito",
        "il notebook mostra qualcosa che una pagina non può avere",
    )
    assert entries["prova"]["esito"] == "riuscito"


@pytest.mark.parametrize("data", [{"text/plain": "12"}, {"text/html": "<table><tr><td>1</td></tr></table>", "text/plain": "t"}])
def test_an_output_that_stands_still_does_not_stop_the_page(data):
    cell = nbformat.v4.new_code_cell("x", execution_count=1, outputs=[nbformat.v4.new_output("execute_result", data, execution_count=1)])
    page, _ = AnalisiExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# T\n\nt"), cell]))
    assert "<h1>T</h1>" in page


def test_nbconvert_refuses_too():
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}, "text/plain": "IntSlider()"}
    cell = nbformat.v4.new_code_cell("x", execution_count=1, outputs=[nbformat.v4.new_output("display_data", view)])
    with pytest.raises(ExportError, match=r"cella 1 .*widget"):
        AnalisiExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
