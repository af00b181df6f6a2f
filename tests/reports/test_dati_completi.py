"""What is said of every page is true: each number of its tables, and of the sheets of its workbook, is in its data files."""

import shutil
from pathlib import Path

import pytest

from analisi.reports.audit import Pubblicato, elsewhere
from analisi.reports.contract import notebooks
from tests.conftest import REPORT, analisi

INTERNAL = [*(path.stem for path in notebooks()), "bimestrale-CO", "bimestrale-SO"]
SINGLE = ["report", "region_report", "single_report"]  # the annual report of other figures
PROVENANCE = {"«Dati letti»"}  # the files that were read, and their bytes: no figure of the report


def lost(folder: Path) -> list[str]:
    """Where a report shows a number that its data files have not."""
    return [place for place in elsewhere(Pubblicato(folder, "", {})) if not any(title in place for title in PROVENANCE)]


@pytest.mark.parametrize("name", INTERNAL)
def test_every_number_of_a_page_is_in_its_data_files(whole_edition, name):
    assert lost(whole_edition / name) == []


@pytest.mark.parametrize("name", SINGLE)
def test_every_number_of_a_report_made_alone_is_in_its_data_files(request, name):
    assert lost(request.getfixturevalue(name)) == []


@pytest.fixture(scope="module", params=["interno", "pubblico"])
def provinciali(request, sample, tmp_path_factory) -> Path:
    """The report on PAL of three provinces, in a profile."""
    folder = tmp_path_factory.mktemp("provinciali")
    report = REPORT.format(
        notebook="attivazione_pal", nome="pal-{provincia}", parametri=f'fonte = "{sample.as_posix()}", provincia = ["MI", "LO", "SO"]'
    )
    (folder / "pal.toml").write_text(f'titolo = "PAL"\nperiodo = "2025-T4"\n{report}', encoding="utf-8")
    done = analisi("edizione", folder / "pal.toml", "--profilo", request.param, "--uscita", folder / "e")
    assert done.returncode == 0, done.stderr
    return folder / "e"


@pytest.mark.parametrize("provincia", ["MI", "LO", "SO"])
def test_every_number_of_a_provincial_page_on_pal_is_in_its_data_files(provinciali, provincia):
    assert lost(provinciali / f"pal-{provincia}") == []


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("limiti", "attivazione_pal.html, «Province e limiti», colonna 3"),
        ("gruppi_fase", "attivazione_pal.html, «Gruppi per fase», colonna 4"),
        ("motivi_esonero", "attivazione_pal.xlsx, foglio «Esoneri», riga 4, colonna 3"),
        ("variazioni_tassi", "attivazione_pal.xlsx, foglio «Variazioni», riga 5, colonna 5"),
    ],
)
def test_without_a_data_file_its_numbers_are_missed(pal_report, tmp_path, file, place):
    folder = shutil.copytree(pal_report, tmp_path / "r")
    (folder / "dati" / f"{file}.csv").unlink()
    assert f"r/{place}" in lost(folder)
