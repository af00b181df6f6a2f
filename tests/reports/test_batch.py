"""An edition run whole: what runs, what is kept, what is told, and what is in place at any moment."""

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from analisi.errors import AnalisiError
from analisi.reports.batch import decide, run_edition, select
from analisi.reports.edition import read_edition
from analisi.reports.pool import Pool
from analisi.reports.publishing import Workshop
from analisi.reports.verify import verify
from tests.conftest import analisi
from tests.reports.conftest import FIGURES, HEADER, manifest_of, pages_of, write_edition, write_notebook

THREE = 'notebook = "prova"\nparametri = { provincia = ["BG", "MI", "SO"] }'


@pytest.fixture(scope="module")
def pool():
    """Two warm workers for all these tests: what an edition is given as executor."""
    before = os.environ.copy()
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    with Pool(2, "forkserver" if sys.platform == "linux" else "spawn", 60) as executor:
        yield executor
    os.environ.clear()
    os.environ |= before


@pytest.fixture
def make(desk, pool):
    """Make the edition of the small desk."""

    def run(name="prova", **kwargs):
        return run_edition(read_edition(name), desk / "reports" / "uscita", processes=2, executor=pool, **kwargs)

    return run


def reasons(result) -> dict[str, str]:
    return {entry["nome"].removeprefix("prova-"): entry["perche"] for entry in result.entries if entry["nome"] in result.made}


def test_a_first_run_makes_every_report_and_passes_verification(make):
    result = make()
    assert sorted(result.made) == ["prova-BG", "prova-MI", "prova-SO"]
    assert verify(result.folder) == []
    entries = manifest_of(result.folder)["rapporti"]
    assert [entry["cifre"][0]["valore"] for entry in entries] == ["5", "5", "5"]
    assert next((entry["luogo"], entry["esito"], entry["sintetici"]) for entry in entries) == ("Bergamo", "riuscito", True)


def test_nothing_changed_runs_nothing_and_leaves_every_byte(make):
    first = make()
    before = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")}
    again = make()
    assert (again.made, again.published, len(again.kept)) == ([], False, 3)
    assert {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")} == before


def test_a_changed_input_runs_only_what_reads_it(make, desk):
    (desk / "data" / "altra.csv").write_text("a\n", encoding="utf-8")
    other = 'notebook = "prova"\nnome = "altra"\nparametri = { fonte = "data/altra.csv" }'
    write_edition(desk, THREE, other)
    make()
    (desk / "data" / "altra.csv").write_text("a\n1\n", encoding="utf-8")
    result = make()
    assert result.made == ["altra"]
    assert result.entries[-1]["perche"] == "dati cambiati: data/altra.csv"
    assert verify(result.folder) == []


def test_a_changed_notebook_parameter_or_damaged_file_runs_again_and_says_why(make, desk):
    make()
    write_notebook(desk / "notebooks" / "prova.ipynb", HEADER, FIGURES, title="Altro titolo")
    assert reasons(make()) == dict.fromkeys(["BG", "MI", "SO"], "notebook cambiato")
    write_edition(desk, THREE.replace("parametri = {", "parametri = { anno = 2024,"))
    assert reasons(make()) == dict.fromkeys(["BG", "MI", "SO"], "parametri cambiati: anno")
    (desk / "reports" / "uscita" / "prova-MI" / "prova-MI.html").unlink()
    assert reasons(make()) == {"MI": "file mancanti o alterati"}
    assert reasons(make(anew=True)) == dict.fromkeys(["BG", "MI", "SO"], "richiesto con --da-capo")


def test_an_input_that_was_absent_counts_when_it_comes(make, desk):
    code = "if Path('data/nota.txt').parent.joinpath('nota.txt') in set(Path('data').iterdir()): print('c’è')"
    write_notebook(desk / "notebooks" / "prova.ipynb", HEADER, FIGURES, code)
    make()
    (desk / "data" / "nota.txt").touch()
    assert reasons(make())["BG"] == "dati cambiati: data"


def test_a_failed_report_leaves_the_others_and_is_told_in_plain_words(make, desk):
    write_notebook(desk / "notebooks" / "prova.ipynb", HEADER, "assert provincia != 'MI', 'RSSMRA80A01' + 'F205X'", FIGURES)
    result = make()
    entries = {entry["nome"]: entry for entry in result.entries}
    assert {name: entry["esito"] for name, entry in entries.items()} == {
        "prova-BG": "riuscito",
        "prova-MI": "non riuscito",
        "prova-SO": "riuscito",
    }
    assert entries["prova-MI"]["motivo"] == "il calcolo si è interrotto per un errore del programma"
    assert "errore nella cella 4 («assert provincia != 'MI'" in result.errors["prova-MI"]
    published = "".join(path.read_text(encoding="utf-8") for path in result.folder.glob("*.*"))
    assert "RSSMRA80A01F205X" not in published
    assert verify(result.folder) == []
    assert reasons(make()) == {"MI": "non riuscito l'ultima volta"}


def test_our_own_errors_reach_the_readers_in_their_words(make, desk):
    code = "from analisi.errors import AnalisiError\nif provincia == 'MI':\n    raise AnalisiError('data/x.csv: manca la colonna anno')"
    write_notebook(desk / "notebooks" / "prova.ipynb", HEADER, code, FIGURES)
    assert make().entries[1]["motivo"] == "data/x.csv: manca la colonna anno"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os._exit(3)", "3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "memoria"),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("a = []\nwhile True: a.append(bytearray(50_000_000))", "memoria"),
        ("while True: pass", "tempo massimo"),
        ("import time; time.sleep(1000)", "tempo massimo"),
    ],
)
def test_a_report_that_dies_or_never_ends_harms_no_other(make, desk, code, words):
    body = "if provincia == 'MI':\n" + "\n".join(f"    {line}" for line in code.splitlines())
    write_notebook(desk / "notebooks" / "prova.ipynb", HEADER, body, FIGURES)
    write_edition(desk, THREE, head="tempo_massimo = 3\nmemoria_massima = 600")
    result = make()
    assert [entry["esito"] for entry in result.entries] == ["riuscito", "non riuscito", "riuscito"]
    assert words in result.entries[1]["motivo"]
    assert verify(result.folder) == []
    write_notebook(desk / "notebooks" / "prova.ipynb", HEADER, FIGURES)
    assert [entry["esito"] for entry in make().entries] == ["riuscito"] * 3


def test_a_notebook_saved_while_it_runs_fails_and_is_made_again(make, desk):
    path = desk / "notebooks" / "prova.ipynb"
    write_notebook(path, HEADER, FIGURES, f"open({str(path)!r}, 'a').write(' ')")
    result = make(only=["prova-BG"])
    assert "il notebook è cambiato mentre era eseguito" in result.errors["prova-BG"]


def test_data_that_change_before_publication_mark_the_report(make, desk):
    later = "if provincia == 'SO':\n    import time; time.sleep(1.5); open('data/prova.csv', 'a').write('9\\n')"
    write_notebook(desk / "notebooks" / "prova.ipynb", HEADER, later, FIGURES)
    result = make()
    assert [entry["esito"] for entry in result.entries] == ["da aggiornare", "da aggiornare", "riuscito"]
    assert "è cambiato mentre l'edizione si faceva" in result.errors["prova-BG"]


def test_a_reading_that_cannot_be_followed_runs_each_time_and_says_so(make, desk):
    write_notebook(desk / "notebooks" / "prova.ipynb", HEADER, FIGURES, "!cat {fonte}")
    make()
    assert reasons(make())["BG"] == "legge con mezzi che non si possono seguire: un altro programma"


def test_only_anew_tells_the_others_that_are_old(make, desk):
    make()
    (desk / "data" / "prova.csv").write_text("a\n", encoding="utf-8")
    assert [entry["esito"] for entry in make(only=["prova-BG"], anew=True).entries] == ["riuscito", "da aggiornare", "da aggiornare"]


def test_only_drops_an_old_page_that_was_damaged(make, desk):
    output = make().folder
    (desk / "data" / "prova.csv").write_text("a\n", encoding="utf-8")
    (output / "prova-SO" / "prova-SO.html").write_text("altro", encoding="utf-8")
    assert [entry["esito"] for entry in make(only=["prova-BG"]).entries] == ["riuscito", "da aggiornare", "mancante"]
    assert verify(output) == []


def test_only_keeps_the_reason_of_a_report_that_failed(make, desk):
    write_notebook(desk / "notebooks" / "prova.ipynb", HEADER, "assert provincia != 'MI'", FIGURES)
    make()
    entry = make(only=["prova-BG"], anew=True).entries[1]
    assert (entry["esito"], entry["motivo"]) == ("non riuscito", "il calcolo si è interrotto per un errore del programma")


def test_only_runs_what_is_named_and_tells_what_is_old(make, desk):
    make()
    (desk / "data" / "prova.csv").write_text("a\n", encoding="utf-8")
    result = make(only=["prova-M*"])
    assert result.made == ["prova-MI"]
    assert [entry["esito"] for entry in result.entries] == ["da aggiornare", "riuscito", "da aggiornare"]
    assert verify(result.folder) == []
    assert sorted(make().made) == ["prova-BG", "prova-SO"]


def test_only_on_a_new_edition_leaves_the_others_missing(make):
    assert [entry["esito"] for entry in make(only=["prova-BG"]).entries] == ["riuscito", "mancante", "mancante"]
    with pytest.raises(AnalisiError, match="forse intendevi «prova-BG»"):
        make(only=["prova-BB"])


def test_the_stock_engine_gives_the_same_pages(make):
    fast = pages_of(make().folder)
    stock = make(engine="kernel", anew=True)
    assert sorted(stock.made) == ["prova-BG", "prova-MI", "prova-SO"]
    assert pages_of(stock.folder) == fast
    assert make().made == []  # what the stock kernel reads is noted too


def test_spawned_processes_give_the_same_pages(make):
    fast = pages_of(make().folder)
    assert pages_of(make(start="spawn", anew=True).folder) == fast


def test_an_input_that_changes_while_it_is_read_fails_the_report(make, desk):
    code = "Path(fonte).write_text(Path(fonte).read_text() + provincia)"
    write_notebook(desk / "notebooks" / "prova.ipynb", HEADER, FIGURES, code)
    result = make(only=["prova-BG"])
    assert "data/prova.csv è cambiato mentre il rapporto lo leggeva" in result.errors["prova-BG"]


def test_what_is_not_an_edition_is_never_replaced(make, desk):
    (desk / "reports" / "uscita").mkdir()
    (desk / "reports" / "uscita" / "tesi.docx").touch()
    with pytest.raises(AnalisiError, match="esiste e non è un'edizione"):
        make()
    assert (desk / "reports" / "uscita" / "tesi.docx").exists()


def test_another_edition_or_what_is_inside_one_is_never_replaced(make, desk):
    output = make().folder
    write_edition(desk, THREE, name="altra")
    with pytest.raises(AnalisiError, match=r"contiene un'altra edizione, quella di reports/prova\.toml"):
        make("altra")
    (output / "nota.txt").touch()
    with pytest.raises(AnalisiError, match=r"file che non sono dell'edizione \(nota.txt\)"):
        make()
    (output / "nota.txt").unlink()
    with pytest.raises(AnalisiError, match="dentro un'altra edizione"):
        run_edition(read_edition("prova"), output / "dentro", processes=1)


def test_who_listens_no_more_does_not_stop_a_run(make):
    def closed(event, what):
        raise BrokenPipeError

    assert len(make(told=closed).made) == 3


def test_two_runs_of_one_edition_at_once_are_refused(make, desk):
    workshop = Workshop(desk / "reports" / "uscita")
    with workshop.opened("reports/prova.toml"), pytest.raises(AnalisiError, match="un'altra esecuzione sta facendo questa edizione"):
        make()


def test_a_report_taken_out_of_the_file_leaves_the_edition(make, desk):
    make()
    write_edition(desk, THREE.replace(', "SO"', ""))
    result = make()
    assert (result.made, result.published) == ([], True)
    assert not (result.folder / "prova-SO").exists()
    assert verify(result.folder) == []


def test_a_trial_writes_nothing(desk):
    edition = read_edition("prova")
    choices = decide(edition, Workshop(desk / "reports" / "uscita"), select(edition, []))
    assert [choice.words for choice in choices] == ["da eseguire: nuovo"] * 3
    assert list((desk / "reports").iterdir()) == [desk / "reports" / "prova.toml"]


# From here on, the command itself: whole processes, killed for real.


def start(desk, *args: object) -> subprocess.Popen:
    command = [sys.executable, "-c", "from analisi.cli import main; main()", "edizione", *map(str, args)]
    return subprocess.Popen(command, cwd=desk, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def left_behind(desk) -> list[psutil.Process]:
    """Processes of this desk still alive."""
    found = []
    for process in psutil.process_iter(["cwd"]):
        if process.info["cwd"] == str(desk) and process.pid != os.getpid():
            found.append(process)
    return found


def at_work_on(process: psutil.Process, name: str) -> bool:
    """Whether a process holds a file of a report open."""
    try:
        return any(name in file.path for file in process.open_files())
    except psutil.Error:
        return False


def wait_until(condition, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_command_tells_its_work_and_its_status(desk):
    done = analisi("edizione", "prova", cwd=desk)
    assert done.returncode == 0, done.stderr
    assert "Edizione di prova: 3 rapporti, 3 da eseguire" in done.stdout
    assert "Edizione pubblicata: reports/edizione-prova-1/index.html" in done.stdout
    again = analisi("edizione", "prova", cwd=desk)
    assert "0 rapporti fatti, 3 conservati" in again.stdout
    trial = analisi("edizione", "prova", "--prova", "--da-capo", cwd=desk)
    assert "prova-BG  da eseguire: richiesto con --da-capo" in trial.stdout
    write_notebook(desk / "notebooks" / "prova.ipynb", HEADER, "1 / (provincia != 'MI')", FIGURES)
    failed = analisi("edizione", "prova", cwd=desk)
    assert failed.returncode == 1
    assert "NON RIUSCITO  prova-MI  errore nella cella 4" in failed.stdout
    assert analisi("edizione", "prva", cwd=desk).returncode == 2


def test_an_interrupted_run_keeps_what_is_done_and_goes_on(desk):
    write_notebook(desk / "notebooks" / "prova.ipynb", HEADER, "import time; time.sleep(60 * (provincia == 'SO'))", FIGURES)
    running = start(desk, "prova", "--processi", 2)
    done = desk / "reports" / ".edizione-prova-1.lavoro" / "fatti"
    wait_until(lambda: done.is_dir() and len(list(done.iterdir())) == 2)
    running.send_signal(2)
    _, error = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "Rapporti già fatti e conservati: 2" in error
    wait_until(lambda: not left_behind(desk))
    assert not (desk / "reports" / "edizione-prova-1").exists()
    trial = analisi("edizione", "prova", "--prova", cwd=desk).stdout
    assert trial.count("già fatto nell'esecuzione interrotta") == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_killed_at_any_moment_the_edition_in_place_is_whole_and_the_next_run_completes(desk):
    output = desk / "reports" / "edizione-prova-1"
    assert analisi("edizione", "prova", cwd=desk).returncode == 0
    begun = time.monotonic()
    assert analisi("edizione", "prova", "--da-capo", cwd=desk).returncode == 0
    whole = time.monotonic() - begun
    for number in range(20):
        (desk / "data" / "prova.csv").write_text("a\n" * (number + 5), encoding="utf-8")
        before = (output / "manifest.json").read_bytes()
        running = start(desk, "prova")
        time.sleep(whole * (number + 0.5) / 20)
        if number % 2:  # a worker (or the fork server, or a notebook), then the run itself
            family = psutil.Process(running.pid).children(recursive=True)
            if family:
                family[number % len(family)].kill()
                time.sleep(0.05)
        running.kill()
        running.communicate()
        assert verify(output) == []
        if (output / "manifest.json").read_bytes() != before:
            assert manifest_of(output)["rapporti"][0]["cifre"][0]["valore"] == str(number + 7)
        wait_until(lambda: not left_behind(desk))
    done = analisi("edizione", "prova", cwd=desk)
    assert done.returncode == 0, done.stderr
    assert verify(output) == []
    assert [entry["cifre"][0]["valore"] for entry in manifest_of(output)["rapporti"]] == ["26"] * 3


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_worker_killed_takes_only_its_own_report(desk):
    write_notebook(desk / "notebooks" / "prova.ipynb", HEADER, "import time; time.sleep(3 * (provincia == 'MI'))", FIGURES)
    running = start(desk, "prova", "--processi", 2)
    making = desk / "reports" / ".edizione-prova-1.lavoro" / "in_corso"
    wait_until(lambda: (making / "prova-MI" / "prova-MI" / ".letti").exists())
    time.sleep(0.3)
    sleeping = [child for child in psutil.Process(running.pid).children(recursive=True) if at_work_on(child, "prova-MI")]
    sleeping[0].kill()
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "2 rapporti fatti" in out
    assert verify(desk / "reports" / "edizione-prova-1") == []


@contextmanager
def small_disk(place: Path, options: str):
    """A disk of a megabyte and a half, where mounting is allowed."""
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=1500k,{options}", "tmpfs", place], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs to mount a small disk")
def test_a_read_only_disk_is_told_before_anything_starts(desk):
    with small_disk(desk / "piccolo", "ro") as disk:
        done = analisi("edizione", "prova", "--uscita", disk / "e", cwd=desk)
    assert done.returncode == 2
    assert "non si può scrivere" in done.stderr


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs to mount a small disk")
def test_a_full_disk_is_told_and_the_edition_in_place_stays(desk):
    with small_disk(desk / "piccolo", "rw") as disk:
        assert analisi("edizione", "prova", "--uscita", disk / "e", cwd=desk).returncode == 0
        before = pages_of(disk / "e")
        (disk / "zavorra").write_bytes(b"0" * (shutil.disk_usage(disk).free - 60_000))
        full = analisi("edizione", "prova", "--uscita", disk / "e", "--da-capo", cwd=desk)
        assert full.returncode == 1
        assert "lo spazio sul disco è esaurito" in full.stderr
        assert pages_of(disk / "e") == before
        assert verify(disk / "e") == []
        (disk / "zavorra").unlink()
        assert analisi("edizione", "prova", "--uscita", disk / "e", "--da-capo", cwd=desk).returncode == 0
        assert verify(disk / "e") == []


def test_a_manifest_damaged_by_hand_is_made_again(make, desk):
    output = make().folder
    (output / "manifest.json").write_text("{", encoding="utf-8")
    assert len(make().made) == 3
    assert verify(output) == []


def test_manifest_holds_no_path_of_this_machine(make, desk):
    text = json.dumps(manifest_of(make().folder))
    assert str(desk) not in text
