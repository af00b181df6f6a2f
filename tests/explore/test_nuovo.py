"""`analisi nuovo`: a report notebook that runs as it is, in the house form, and its test; never over what is there."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import polars as pl
import pytest

from analisi.errors import AnalisiError
from analisi.explore.nuovo import make
from analisi.workspace import root
from tests.conftest import analisi
from tests.notebooks import test_form
from tests.reports.conftest import desk as desk
from tests.reports.conftest import manifest_of

NAME = "lavoratori_per_provincia"
RULES = [value for name, value in vars(test_form).items() if name.startswith("test_")]


def run(*args: object, place: Path):
    return analisi(*args, cwd=place, env={"ANALISI_CARTELLA": str(place)})


@pytest.fixture(scope="module")
def made(copy) -> Path:
    """A workspace with the test suite, where the command made a notebook and a copy of the annual report."""
    for name in ("tests", "src"):  # the package too: ruff looks there for the imports that are ours
        shutil.copytree(root() / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(root() / "pyproject.toml", copy / "pyproject.toml")
    done = run("nuovo", NAME, "--titolo", "Lavoratori & unità per provincia", place=copy)
    assert done.returncode == 0, done.stderr
    assert f"notebooks/{NAME}.ipynb" in done.stdout
    assert f"tests/notebooks/test_{NAME}.py" in done.stdout
    assert run("nuovo", "annuale_mio", "--da", "annuale", place=copy).returncode == 0
    return copy


@pytest.fixture(scope="module")
def published(made) -> Path:
    done = run("esegui", NAME, "--uscita", made / "r", place=made)
    assert done.returncode == 0, done.stderr
    return made / "r"


@pytest.mark.parametrize("name", [NAME, "annuale_mio"])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_it_keeps_the_house_form(made, name, rule):
    rule(made / "notebooks" / f"{name}.ipynb")


def test_style_and_format_are_those_of_the_repository(made):
    files = [str(made / "notebooks" / f"{NAME}.ipynb"), str(made / "tests" / "notebooks" / f"test_{NAME}.py")]
    for words in (["check"], ["format", "--check"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *words, *files], cwd=made, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_it_runs_as_it_is_and_has_what_a_report_has(published):
    page = (published / f"{NAME}.html").read_text(encoding="utf-8")
    assert "Lavoratori &amp; unità per provincia" in page
    for heading in ("In sintesi", "Dove", "Metodo e limiti", "Provenienza", "Dati e file"):
        assert f">{heading}<" in page
    assert page.count("<svg") == 1
    assert "<table" in page


def test_its_figures_are_the_printed_ones(published):
    rows = pl.read_csv(published / "dati" / "territori.csv")
    printed = pl.read_csv(root() / "data" / "pubblicati" / "casi_gestiti.csv")
    year = printed.filter(pl.col("anno") == printed["anno"].max())
    assert rows.filter(pl.col("provincia") == "TOT")["lavoratori"].to_list() == [year["lavoratori"].sum()]
    assert rows.filter(pl.col("provincia") != "TOT")["lavoratori"].sum() == year["lavoratori"].sum()


def test_it_runs_on_another_territory_and_on_synthetic_extracts(made, region, sample):
    for number, args in enumerate((["--fonte", region, "--territorio", region / "isolana.toml", "--anno", 2033], ["--fonte", sample])):
        done = run("esegui", NAME, *args, "--uscita", made / f"altro{number}", place=made)
        assert done.returncode == 0, done.stderr
        assert "[DATI SINTETICI]" in (made / f"altro{number}" / f"{NAME}.html").read_text(encoding="utf-8")


def test_its_own_test_passes(made):
    env = os.environ | {"ANALISI_CARTELLA": str(made), "PYTHONPATH": os.pathsep.join([str(made), *sys.path])}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/notebooks/test_{NAME}.py"]
    done = subprocess.run(words, cwd=made, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout or done.stdout.startswith(".")


def test_it_is_listed_and_enters_an_edition_at_once(made):
    listed = json.loads(run("elenco", "--json", place=made).stdout)
    assert {item["notebook"]: item["titolo"] for item in listed}[NAME] == "Lavoratori & unità per provincia"
    (made / "reports" / "mia.toml").write_text(f'titolo = "Mia"\nperiodo = "1"\n[[rapporto]]\nnotebook = "{NAME}"\n', encoding="utf-8")
    done = run("edizione", "mia", place=made)
    assert done.returncode == 0, done.stderr
    assert [entry["esito"] for entry in manifest_of(made / "reports" / "edizione-mia-1")["rapporti"]] == ["riuscito"]


def test_a_copy_has_the_cells_and_parameters_of_its_model_and_another_title(made):
    mine, model = (nbformat.read(made / "notebooks" / f"{name}.ipynb", as_version=4) for name in ("annuale_mio", "annuale"))
    assert [c.source for c in mine.cells[1:]] == [c.source for c in model.cells[1:]]
    assert mine.cells[0].source.splitlines()[0] == "# Annuale mio"
    assert mine.cells[0].source.splitlines()[1:] == model.cells[0].source.splitlines()[1:]


def test_it_is_marked_as_the_analysts_own_and_product_notebooks_are_not(made):
    def own(name: str) -> bool:
        return "analisi" in json.loads((made / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["metadata"]

    assert [own(name) for name in (NAME, "annuale_mio", "annuale")] == [True, True, False]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([NAME], "esiste già"),
        ([NAME.upper()], "esiste già"),
        (["annuale"], "esiste già"),
        (["con"], "riservato da Windows"),
        (["LPT1"], "riservato da Windows"),
        (["due parole"], "deve cominciare con una lettera"),
        (["../fuori"], "deve cominciare con una lettera"),
        (["è_nuovo"], "deve cominciare con una lettera"),
        (["_x"], "deve cominciare con una lettera"),
        (["1x"], "deve cominciare con una lettera"),
        (["x" * 61], "deve cominciare con una lettera"),
        (["x", "--titolo", "Piano 2030"], "senza cifre"),
        (["x", "--titolo", "due\nrighe"], "una riga di testo"),
        (["x", "--da", "anuale"], "forse intendevi «annuale»?"),
    ],
)
def test_what_cannot_be_made_is_told_and_nothing_is_written(made, args, said):
    before = sorted(made.glob("notebooks/*"))
    done = run("nuovo", *args, place=made)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert sorted(made.glob("notebooks/*")) == before


def test_a_test_that_is_there_is_not_touched(made):
    (made / "tests" / "notebooks" / "test_altro.py").write_text("", encoding="utf-8")
    done = run("nuovo", "altro", place=made)
    assert (done.returncode, "tests/notebooks/test_altro.py: esiste già" in done.stderr) == (2, True)
    assert not (made / "notebooks" / "altro.ipynb").exists()


def test_a_workspace_without_the_tests_gets_the_notebook_alone(desk):
    notebook, test = make("mio", "Il mio rapporto")
    assert (notebook.name, test) == ("mio.ipynb", None)
    with pytest.raises(AnalisiError, match="esiste già"):
        make("mio")


@pytest.mark.parametrize(("name", "title"), [("casi_2030_di_milano", "Casi di milano"), ("a2030", "A"), ("x_1", "X 1")])
def test_the_title_comes_from_the_name_without_its_figures(desk, name, title):
    notebook, _ = make(name)
    assert nbformat.read(notebook, as_version=4).cells[0].source.splitlines()[0] == f"# {title}"


def test_two_sheets_of_one_name_are_told_to_the_analyst(desk):
    from analisi.reports.files import workbook

    block = {"tipo": "dati", "titolo": "t", "colonne": [], "righe": [], "note": [], "fonte": ""}
    with pytest.raises(AnalisiError, match="due fogli della cartella Excel si chiamano «Casi»"):
        workbook("t", "s", [block | {"nome": "Casi"}, block | {"nome": "casi"}])


def test_the_template_is_in_the_package():
    settings = tomllib.loads((root() / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["src/analisi"]
    assert (root() / "src" / "analisi" / "explore" / "modello.ipynb").is_file()
