"""Shared pieces: the published source, a made-up region, reports made once per session, and the browser."""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from filelock import FileLock
from hypothesis import settings

from analisi.indicators.fonti import read_fonte
from analisi.reports.contract import notebooks
from analisi.tables.pubblicati import Fonte
from analisi.workspace import root

settings.register_profile("same", deadline=None, derandomize=True)  # the same examples at each run, however slow the machine
settings.load_profile("same")
PROCEDURE = ["cigs_ministeriale", "cigs_regionale", "licenziamento_collettivo"]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One process more than there are cores: tests often wait, for one another or for a program that they start."""
    return min(4, (os.cpu_count() or 1) + 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files first: the short ones fill the end, when processes would wait for one another."""
    order = ["reports", "browser", "explore"]
    items.sort(key=lambda item: order.index(item.path.parent.name) if item.path.parent.name in order else len(order))


@pytest.fixture(scope="session", autouse=True)
def _cache_folder(tmp_path_factory):
    """Nothing that tests throw away lands in the workspace."""
    os.environ["ANALISI_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def once(tmp_path_factory) -> Callable[[str, Callable[[Path], object]], Path]:
    """A folder that one of the processes of a run makes, and all read: `once(name, make)`."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        place, done = shared / name, shared / f"{name}.fatto"
        with FileLock(shared / f"{name}.blocco"):
            if not done.exists():
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
                make(place)
                done.touch()
        return place

    return folder


@pytest.fixture(scope="session")
def published() -> Fonte:
    return read_fonte()


def write_casi(path: Path, rows: list[tuple]) -> Path:
    """A casi_gestiti CSV of (anno, provincia, procedura, unita_produttive, lavoratori); None is a blank."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["anno,provincia,procedura,unita_produttive,lavoratori"]
    lines += [",".join("" if value is None else str(value) for value in row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_rows(path: Path, heading: list[str], rows: list[dict[str, str]]) -> Path:
    """A CSV file of text, as an analyst would save it: semicolons, the cells as they are given, a missing one blank."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, heading, delimiter=";", restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_territorio(path: Path, names: dict[str, str], *, tiles: bool = True, nome: str = "Isolana") -> Path:
    """A territory file with the provinces of `names` (sigla: name), in two columns of tiles."""
    parts = [
        f'nome = "{nome}"\nlocativo = "in {nome}"\nente = "Regione {nome}"\nsingolare = "contea"\nplurale = "contee"\nintestazione = "Contea"\n'
    ]
    for position, (sigla, name) in enumerate(names.items()):
        place = f"colonna = {position % 2}\nriga = {position // 2}\n" if tiles else ""
        parts.append(f'[[province]]\nsigla = "{sigla}"\nnome = "{name}"\n{place}')
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def region(once) -> Path:
    """A made-up region of seven counties and three years, with its territory file: SYNTHETIC figures."""
    return once("isolana", _write_region)


def _write_region(folder: Path) -> None:
    names = {f"I{n}": name for n, name in enumerate(["Alba", "Borgo & Rocca", "Colle d'Oro", "Dosso", "Erto", "Fosso <b>", "Grotta"])}
    write_territorio(folder / "isolana.toml", names)
    rows = [
        (year, sigla, code, (3 * n + 2 * k + year) % 7, ((3 * n + 2 * k + year) % 7) * (10 + 5 * n))
        for year in (2030, 2031, 2033)
        for n, sigla in enumerate(names)
        for k, code in enumerate(PROCEDURE)
    ]
    write_casi(folder / "casi_gestiti.csv", rows)
    fonti = "file,natura,titolo,ente,nota\ncasi_gestiti.csv,sintetici,Regione inventata per prova,,\n"
    (folder / "fonti.csv").write_text(fonti, encoding="utf-8")


@pytest.fixture(scope="session")
def single(once) -> Path:
    """A made-up region of one county, without tile positions."""
    return once("sola", _write_single)


def _write_single(folder: Path) -> None:
    write_territorio(folder / "sola.toml", {"SO": "Sola"}, tiles=False, nome="Solitaria")
    write_casi(folder / "casi_gestiti.csv", [(year, "Sola", code, 2, year - 2000) for year in (2020, 2021) for code in PROCEDURE])


def analisi(*args: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, in a process of its own."""
    command = [sys.executable, "-c", "from analisi.cli import main; main()", *map(str, args)]
    merged = os.environ | {"PYTHONUTF8": "1"} | (env or {})
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=merged, encoding="utf-8", timeout=600, check=False)


def _report(folder: Path, *args: object, notebook: str = "annuale", **kwargs) -> Path:
    done = analisi("esegui", notebook, *args, "--uscita", folder, **kwargs)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def report(once) -> Path:
    """The annual report of the published figures."""
    return once("rapporto", lambda folder: _report(folder / "annuale")) / "annuale"


@pytest.fixture(scope="session")
def report_again(tmp_path_factory) -> Path:
    """The same report from another folder, time zone, locale and hash seed."""
    elsewhere = tmp_path_factory.mktemp("altrove")
    env = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "7"}
    return _report(elsewhere / "di nuovo", cwd=elsewhere, env=env)


@pytest.fixture(scope="session")
def region_report(region, once) -> Path:
    """The annual report of the made-up region: its latest year against the one before."""
    given = ("--fonte", region, "--territorio", region / "isolana.toml", "--anno", 2033)
    return once("regione", lambda folder: _report(folder / "annuale", *given)) / "annuale"


@pytest.fixture(scope="session")
def single_report(single, once) -> Path:
    """The annual report of the region with one county."""
    given = ("--fonte", single, "--territorio", single / "sola.toml", "--anno", 2021)
    return once("sola-rapporto", lambda folder: _report(folder / "annuale", *given)) / "annuale"


@cache
def extracts_once() -> dict[str, pl.DataFrame]:
    """The synthetic extracts as frames, made once."""
    from analisi.sample.extracts import extracts

    return extracts()


@pytest.fixture(scope="session")
def sample(once) -> Path:
    """The synthetic extracts of every table."""
    from analisi.sample.files import write_sample

    return once("esempio", lambda folder: write_sample(folder / "e")) / "e"


@pytest.fixture(scope="session")
def pal_report(sample, once) -> Path:
    """The report on PAL activation of the synthetic extracts."""
    made = once("pal", lambda folder: _report(folder / "rapporto", "--fonte", sample, notebook="attivazione_pal"))
    return made / "rapporto"


WHOLE = """\
titolo = "Tutti i rapporti"
periodo = "2025"
[comuni]
fonte = "{fonte}"
bimestre = "2025-B6"
trimestre = "2025-T4"
data_riferimento = "2025-12-31"
anno = 2025
"""
REPORT = '[[rapporto]]\nnotebook = "{notebook}"\nnome = "{nome}"\nparametri = {{ {parametri} }}\n'


def run_whole_edition(sample: Path, folder: Path, provinces: str, *options: str) -> None:
    """An edition of every notebook for the region, and of the bimonthly for some provinces; that on all provinces reads its own extracts."""
    from analisi.sample.scala import write_scale

    write_scale(folder / "scala", 20_000)
    own = {"rioccupazione": f'fonte = "{(folder / "scala").as_posix()}"'}
    parts = [REPORT.format(notebook=path.stem, nome=path.stem, parametri=own.get(path.stem, "")) for path in notebooks()]
    parts.append(REPORT.format(notebook="bimestrale", nome="bimestrale-{provincia}", parametri=f"provincia = {provinces}"))
    file = folder / "tutti.toml"
    file.write_text(WHOLE.format(fonte=sample.as_posix()) + "".join(parts), encoding="utf-8")
    done = analisi("edizione", file, "--uscita", folder / "e", *options)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="session")
def whole_edition(sample, once) -> Path:
    """Every report of the synthetic extracts for the region, and the bimonthly for each provincia: the internal profile."""
    return once("interno", lambda folder: run_whole_edition(sample, folder, '"*"')) / "e"


@pytest.fixture(scope="session")
def whole_public_edition(sample, once) -> Path:
    """The reports that have a public profile, of the same extracts."""
    return once("pubblico", lambda folder: run_whole_edition(sample, folder, '["SO", "MI"]', "--profilo", "pubblico")) / "e"


@pytest.fixture(scope="session")
def bimestrale_report(whole_edition) -> Path:
    return whole_edition / "bimestrale-CO"


@pytest.fixture(scope="session")
def complessi_report(whole_edition) -> Path:
    return whole_edition / "casi_complessi"


@pytest.fixture(scope="session")
def misure_report(whole_edition) -> Path:
    return whole_edition / "misure_pal"


@pytest.fixture(scope="session")
def scenario_report(whole_edition) -> Path:
    return whole_edition / "scenario"


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium; without one the test is skipped, unless ANALISI_BROWSER says it must be there (as in CI)."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    mac = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    found = next(filter(None, map(shutil.which, names)), str(mac) if mac.exists() else None)
    if found is None:
        if os.environ.get("ANALISI_BROWSER") == "obbligatorio":
            pytest.fail("Chromium is missing and ANALISI_BROWSER asks for it")
        pytest.skip("no Chromium on this machine: the browser tests need one")
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def workspace() -> Path:
    return root()


def literal(text: str) -> pl.DataFrame:
    """A small frame written as a table: first line the names, blanks as "-", numbers as numbers."""
    lines = [line.split() for line in text.strip().splitlines()]
    columns = {name: [_cell(row[position]) for row in lines[1:]] for position, name in enumerate(lines[0])}
    return pl.DataFrame(columns, strict=False)


def _cell(text: str) -> object:
    if text == "-":
        return None
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text
