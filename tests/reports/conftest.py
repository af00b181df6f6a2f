"""A small workspace of its own, whose notebooks do what reports do, fast."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest

from analisi.workspace import root

HEADER = """\
from pathlib import Path
from analisi.presentation import blocks
blocks.header(subtitle=f"{provincia or 'Tutte'}, {anno}", owner="Ente di prova", tags=["Profilo interno"], synthetic=True)"""
PARAMETERS = """\
anno: int = 2025  # anno
provincia: str = ""  # provincia
fonte: str = "data/prova.csv"  # un file
territorio: str = "lombardia"  # territorio"""
FIGURES = """\
righe = Path(fonte).read_text().splitlines()
blocks.cards([("Lavoratori", str(len(righe) + len(provincia)), "nota"), ("Anno", str(anno), "")])"""


def write_notebook(path: Path, *cells: str, title: str = "Rapporto di prova", parameters: str = PARAMETERS, cifre: str = "") -> Path:
    """A report notebook with these code cells after its parameters; `cifre`: the report whose figures it says it shows."""
    book = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}})
    book.metadata |= {"analisi": {"riservatezza": cifre}} if cifre else {}
    book.cells = [nbformat.v4.new_markdown_cell(f"# {title}\n\nPer prova.")]
    book.cells += [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})]
    book.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
    for number, cell in enumerate(book.cells):
        cell["id"] = f"c{number}"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, path)
    return path


def write_edition(desk: Path, *reports: str, name: str = "prova", head: str = "") -> Path:
    """reports/<name>.toml with these [[rapporto]]."""
    text = f'titolo = "Edizione di prova"\nperiodo = "1"\n{head}\n' + "\n".join(f"[[rapporto]]\n{report}" for report in reports)
    path = desk / "reports" / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def desk(tmp_path, monkeypatch) -> Path:
    """A workspace with one report notebook and one data file, and an edition of three provinces."""
    place = tmp_path / "lavoro"
    shutil.copytree(root() / "data" / "riferimento", place / "data" / "riferimento")
    (place / "reports").mkdir()
    (place / "data" / "prova.csv").write_text("a\n1\n2\n", encoding="utf-8")
    write_notebook(place / "notebooks" / "prova.ipynb", HEADER, FIGURES)
    write_edition(place, 'notebook = "prova"\nparametri = { provincia = ["BG", "MI", "SO"] }')
    monkeypatch.setenv("ANALISI_CARTELLA", str(place))
    monkeypatch.chdir(place)
    root.cache_clear()
    yield place
    root.cache_clear()


def manifest_of(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def pages_of(folder: Path) -> dict[str, bytes]:
    """The bytes of what an edition shows, by file: pages and data, not the notes on how it was run."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".html", ".csv", ".xlsx") and path.name != "index.html"
    }
