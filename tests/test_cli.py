import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from tests.conftest import analisi, write_casi

MODULES = (
    "import sys; sys.argv=['analisi', '--help']\nfrom analisi.cli import main\ntry: main()\nexcept SystemExit: print(sorted(sys.modules))"
)


def lines(text: str) -> list[str]:
    return [line for line in text.strip().splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["esegui", "annuale", "--ano", "2025"], "opzione --ano sconosciuta; forse intendevi «anno»?"),
        (["esegui", "annuale", "--anno", "venti"], "--anno venti: non è un numero intero"),
        (
            ["esegui", "annuale", "--anno", "2023"],
            "anno 2023: assente dai dati di data/pubblicati/casi_gestiti.csv; disponibili: 2024, 2025",
        ),
        (["esegui", "annuale", "--anno", "2024"], "confronto: la fonte non ha anni prima del 2024; disponibili: 2024, 2025"),
        (["esegui", "annuale", "--confronto", "1999"], "confronto 1999: assente"),
        (["esegui", "annuale", "--anno", "2025", "--confronto", "2025"], "confronto 2025: è lo stesso anno"),
        (["esegui", "annuale", "--data_edizione", "oggi"], "--data_edizione oggi: non è una data; scriverla nella forma aaaa-mm-gg"),
        (["esegui", "annuale", "--fonte", "~nessuno/x"], "non è un percorso"),
        (["esegui", "annuale", "--fonte", "x" * 300], "«xxxx"),
        (["esegui", "annuale", "--territorio", "lombardy"], "territorio «lombardy» assente; forse intendevi «lombardia»?"),
        (["esegui", "annuale", "--fonte", "non/c/e"], "fonte «non/c/e»: il file o la cartella non esiste"),
        (["esegui", "annuale", "--profilo", "segreto"], "--profilo segreto: non disponibile; disponibili: interno, pubblico"),
        (["esegui", "annuale", "--anno"], "opzione --anno: manca il valore"),
        (["esegui", "anuale"], "notebook «anuale» assente; forse intendevi «annuale»?"),
        (["esegui", "annuale", "2025"], "argomenti non riconosciuti; «analisi esegui annuale --help»"),
        (["elenca"], "comando «elenca» sconosciuto; forse intendevi «elenco»?"),
    ],
)
def test_a_mistake_is_one_clear_line_and_status_2(tmp_path, args, said):
    output = tmp_path / "uscita"
    done = analisi(*args, *(["--uscita", output] if args[:2] == ["esegui", "annuale"] and args[-1] != "--anno" else []))
    assert (done.returncode, done.stdout, len(lines(done.stderr))) == (2, "", 1)
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_faults_in_the_data_are_told_before_any_kernel_starts(tmp_path):
    write_casi(tmp_path / "casi_gestiti.csv", [(2025, "BG", "cigs_ministeriale", -1, 2), (2025, "XX", "cigs_ministeriale", 1, 2)])
    done = analisi("esegui", "annuale", "--fonte", tmp_path, "--uscita", tmp_path / "uscita")
    assert (done.returncode, len(lines(done.stderr))) == (2, 2)
    assert not (tmp_path / "uscita").exists()


def test_elenco_teaches_parameters_types_and_defaults():
    done = analisi("elenco")
    assert done.returncode == 0
    assert "--anno" in done.stdout
    assert "numero intero, predefinito 2025: anno di riferimento" in done.stdout


def test_elenco_as_json_is_read_from_the_notebooks():
    (annuale,) = [row for row in json.loads(analisi("elenco", "--json").stdout) if row["notebook"] == "annuale"]
    expected = {"nome": "anno", "tipo": "int", "predefinito": 2025, "aiuto": "anno di riferimento"}
    assert annuale["parametri"][0] == expected
    assert {"anno", "confronto", "fonte", "territorio", "profilo"} <= {p["nome"] for p in annuale["parametri"]}


@pytest.mark.parametrize("args", [["--help"], ["esegui", "--help"], ["esegui", "annuale", "--help"], ["elenco", "--help"]])
def test_help_is_italian(args):
    done = analisi(*args)
    assert done.returncode == 0
    assert done.stdout.startswith("Uso: analisi")
    assert not {"Usage", "Options", "Show", "Commands"} & set(done.stdout.replace(":", " ").split())


def test_help_imports_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", MODULES], capture_output=True, text=True, check=True)
    assert not {"polars", "altair", "papermill", "nbconvert", "scipy"} & set(done.stdout.split("'"))


@pytest.fixture
def broken(tmp_path, workspace) -> Path:
    """The annual notebook with an error in its seventh cell."""
    notebook = nbformat.read(workspace / "notebooks/annuale.ipynb", as_version=4)
    notebook.cells[6].source = "1 / 0  # cella rotta"
    path = tmp_path / "annuale.ipynb"
    nbformat.write(notebook, path)
    return path


def test_a_failed_cell_is_named_and_an_older_report_stays(tmp_path, broken):
    output = tmp_path / "uscita"
    output.mkdir()
    (output / "annuale.html").write_text("il rapporto di ieri")
    done = analisi("esegui", broken, "--anno", 2025, "--uscita", output, env={"ANALISI_CACHE": str(tmp_path / "cache")})
    assert done.returncode == 1
    assert "errore nella cella 7 («1 / 0  # cella rotta»): ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in output.iterdir()] == ["annuale.html"]
    assert (output / "annuale.html").read_text() == "il rapporto di ieri"
    assert (tmp_path / "cache/falliti/annuale.ipynb").is_file()
    assert {path.name for path in tmp_path.iterdir()} == {"annuale.ipynb", "uscita", "cache"}


@pytest.mark.parametrize(
    "end", ["raise SystemExit(3)", "import os; os._exit(3)", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"]
)
def test_a_kernel_that_dies_is_one_clear_line(tmp_path, broken, end):
    notebook = nbformat.read(broken, as_version=4)
    notebook.cells[6].source = end
    nbformat.write(notebook, broken)
    done = analisi("esegui", broken, "--uscita", tmp_path / "uscita", env={"ANALISI_CACHE": str(tmp_path / "cache")})
    assert (done.returncode, len(lines(done.stderr))) == (1, 2)
    assert "Traceback" not in done.stderr
    assert (tmp_path / "cache/falliti/annuale.ipynb").is_file()
    assert not (tmp_path / "uscita").exists()


def test_a_fault_of_the_program_leaves_its_trace_in_the_cache(tmp_path, monkeypatch, capsys):
    from analisi import cli
    from analisi.cli import rapporti

    monkeypatch.setenv("ANALISI_CACHE", str(tmp_path))
    monkeypatch.setattr(rapporti, "notebooks", lambda: 1 / 0)
    with pytest.raises(SystemExit) as ended:
        cli.main(["elenco"])
    assert ended.value.code == 1
    assert "Errore del programma (ZeroDivisionError)" in capsys.readouterr().err
    assert "ZeroDivisionError" in (tmp_path / "errore.txt").read_text()


@pytest.mark.parametrize("place", ["file", "file/dentro"])
def test_an_unwritable_place_is_said_with_status_2(tmp_path, place):
    (tmp_path / "file").write_text("")
    done = analisi("esegui", "annuale", "--uscita", tmp_path / place)
    assert (done.returncode, len(lines(done.stderr))) == (2, 1)
    assert "--uscita" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
def test_progress_shows_on_a_terminal_only(tmp_path, broken):
    import pty

    args = ["esegui", str(broken), "--uscita", str(tmp_path / "u")]
    above, below = pty.openpty()
    command = [sys.executable, "-c", "from analisi.cli import main; main()", *args]
    env = os.environ | {"ANALISI_CACHE": str(tmp_path)}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=below, env=env)
    os.close(below)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a pseudo-terminal is an error on Linux
        while piece := os.read(above, 4096):
            shown += piece
    process.wait()
    os.close(above)
    assert re.search(r"annuale:\s+\d+%.* [1-9]\d*/4\d celle", shown.decode())
    assert "celle [" not in analisi(*args, env={"ANALISI_CACHE": str(tmp_path)}).stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupting_leaves_nothing_behind(tmp_path, number):
    command = [sys.executable, "-c", "from analisi.cli import main; main()", "esegui", "annuale", "--uscita", str(tmp_path / "out" / "r")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "out").glob(".r-*/*.ipynb")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert lines(error) == ["Interrotto: nulla è stato pubblicato."]
    assert list((tmp_path / "out").iterdir()) == []
