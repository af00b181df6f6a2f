"""The guided tour runs whole, from a workspace without extracts, and teaches what it says."""

import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from analisi.workspace import root


@pytest.fixture(scope="module")
def tour(copy):
    """The tour executed in a copy of the workspace."""
    book = nbformat.read(copy / "notebooks" / "primi_passi.ipynb", as_version=4)
    package = str(Path(sys.modules["analisi"].__file__).parents[1])
    path = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    client = NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(copy)}})
    client.execute(env=os.environ | {"ANALISI_CARTELLA": str(copy), "PYTHONPATH": path})
    return book


def text(book, kind: str = "text/html") -> str:
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    return " ".join(output.data[kind] for output in outputs if kind in output.get("data", {}))


def test_every_cell_runs_and_complains_of_nothing(tour):
    outputs = [output for cell in tour.cells for output in cell.get("outputs", [])]
    assert [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"] == []


def test_it_makes_the_synthetic_extracts_it_needs(tour, copy):
    assert (copy / "data" / "esempio" / "vol_procedure.csv").is_file()
    assert "DATI SINTETICI" in text(tour)


def test_it_shows_rejects_an_indicator_a_table_a_chart_and_publishes(tour, copy):
    html = text(tour)
    for said in (
        "Errori: 25 in 25 righe",
        "Scarti, riga per riga",
        "Lavoratori coinvolti per provincia",
        "<svg",
        "Apri il rapporto annuale",
    ):
        assert said in html
    assert [path.name for path in copy.glob("reports/*/annuale.html")] == ["annuale.html"]


def test_it_names_no_company(tour, copy):
    import analisi

    names = set(analisi.leggi(copy / "data" / "esempio" / "vol_procedure.csv").dati["ragione_sociale"].drop_nulls())
    assert [name for name in names if name in text(tour) + text(tour, "text/plain")] == []


@pytest.mark.parametrize("name", ["primi_passi", "cabina"])
def test_the_notebooks_to_work_with_are_stored_without_outputs(name):
    cells = nbformat.read(root() / "notebooks" / f"{name}.ipynb", as_version=4).cells
    assert [c.id for c in cells if c.get("outputs") or c.get("execution_count")] == []
    assert [c.id for c in cells if "parameters" in c.metadata.get("tags", [])] == []
