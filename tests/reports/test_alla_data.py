"""A report made again as it was: the same bytes, whatever was archived since."""

import json
from datetime import date
from pathlib import Path

import pytest

from analisi.vintages.archiving import archivia
from tests.conftest import analisi
from tests.vintages.conftest import procedure, register

ANNUALE = ("--anno", "2025", "--confronto", "2024")


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def made(folder: Path, *args: object) -> dict[str, bytes]:
    done = analisi("esegui", *args, "--uscita", folder)
    assert done.returncode == 0, done.stderr
    return bytes_of(folder)


def old(number: int) -> dict[str, str]:
    return procedure(number, data_apertura="03/02/2024", data_esame_congiunto="", data_accordo="25/02/2024", anno_riferimento="2024",
                     data_inizio="01/03/2024", data_fine="28/02/2025", data_decreto_concessione="10/04/2024")  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alla_data")
    archivia(
        [register(folder / "vol.csv", *(old(n) for n in range(1, 5)), procedure(5), procedure(6))], folder / "archivio", date(2025, 12, 31)
    )
    return folder / "archivio"


def test_a_report_made_again_has_the_same_bytes_in_every_file(archive, tmp_path):
    """The page, the workbook, the data and the notebook; then a late procedure is archived, and the report of today differs."""
    day_one = made(tmp_path / "uno", "annuale", "--fonte", archive, *ANNUALE)
    archivia(
        [register(tmp_path / "vol.csv", *(old(n) for n in range(1, 5)), *(procedure(n) for n in (5, 6, 7)))], archive, date(2026, 1, 31)
    )
    again = made(tmp_path / "due", "annuale", "--fonte", archive, *ANNUALE, "--alla-data", "2025-12-31")
    today = made(tmp_path / "tre", "annuale", "--fonte", archive, *ANNUALE)
    assert set(day_one) >= {"annuale.html", "annuale.xlsx", "annuale.ipynb", "dati/tavola_provinciale.csv"}
    assert [name for name in day_one if day_one[name] != again.get(name)] == []
    assert day_one["dati/tavola_provinciale.csv"] != today["dati/tavola_provinciale.csv"]
    assert "archivio@2025-12-31-01" in day_one["annuale.html"].decode()


def test_an_edition_made_again_is_that_of_the_day(desk, archive, tmp_path):
    text = (
        f'titolo = "Prova"\nperiodo = "1"\n[comuni]\nfonte = "{archive.as_posix()}"\n[[rapporto]]\nnotebook = "prova"\n'
        'parametri = { provincia = ["BG", "MI"] }\n'
    )
    (desk / "reports" / "archivio.toml").write_text(text, encoding="utf-8")
    notebook = json.loads((desk / "notebooks" / "prova.ipynb").read_text(encoding="utf-8"))
    notebook["cells"][-1]["source"] = (
        "from analisi.tables.delivery import files_of\nfrom analisi.workspace import resolve\n"
        'blocks.cards([("File", ", ".join(path.parent.parent.name for path in files_of(resolve(fonte))), "")])'
    )
    (desk / "notebooks" / "prova.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    archivia([register(tmp_path / "nuovo.csv", *(procedure(n) for n in range(20, 26)))], archive, date(2026, 2, 28))
    done = analisi("edizione", "archivio", "--alla-data", "2025-12-31", "--uscita", tmp_path / "allora", cwd=desk)
    assert done.returncode == 0, done.stderr
    assert b"2025-12-31-01" in (tmp_path / "allora/prova-BG/prova-BG.html").read_bytes()
    again = analisi("edizione", "archivio", "--alla-data", "2025-12-31", "--uscita", tmp_path / "allora", cwd=desk)
    assert "0 da eseguire" in again.stdout
    now = analisi("edizione", "archivio", "--prova", "--uscita", tmp_path / "allora", cwd=desk)
    assert "parametri cambiati: fonte" in now.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [(("annuale", "--alla-data", "2025-12-31"), "non è un archivio"), (("annuale", "--fonte", "ARCHIVIO", "--alla-data", "2024-01-01"), "il primo è del 31/12/2025")],
)  # fmt: skip
def test_a_day_that_cannot_be_starts_nothing(archive, args, said):
    done = analisi("esegui", *(str(archive) if word == "ARCHIVIO" else word for word in args))
    assert (done.returncode, said in done.stderr) == (2, True)
