"""The cockpit without a browser: what it says, and what becomes of an edition that is run, stopped, killed, run again."""

import signal
import time
from html import unescape

import psutil
import pytest

from analisi.explore.cockpit import Cabina
from analisi.explore.edizioni import Run, counted, duration, outcome, state_of, table, time_left
from analisi.workspace import root
from tests.reports.conftest import FIGURES, HEADER, manifest_of, write_edition, write_notebook
from tests.reports.conftest import desk as desk

WAITS = """\
import time
limit = time.monotonic() + 120
while Path(f"data/ferma-{provincia}").exists() and time.monotonic() < limit:
    time.sleep(0.02)
assert not Path(f"data/manca-{provincia}").exists(), "il foglio del Nucleo non è arrivato"
"""
ROW = {"nome": "r", "titolo": "Rapporto: sottotitolo", "luogo": "", "gruppo": "", "esito": "mancante", "motivo": "", "pagina": "",
       "da_eseguire": False, "ripreso": False, "decisione": "resta mancante"}  # fmt: skip


def row(**changes) -> dict:
    return ROW | changes


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (row(da_eseguire=True, decisione="da eseguire: nuovo"), ("da fare", "nuovo")),
        (row(esito="riuscito", decisione="invariato"), ("fatto", "")),
        (
            row(esito="riuscito", da_eseguire=True, decisione="da eseguire: dati cambiati: data/x.csv"),
            ("da aggiornare", "dati cambiati: data/x.csv"),
        ),
        (row(esito="non riuscito", motivo="la memoria non è bastata", da_eseguire=True), ("non riuscito", "la memoria non è bastata")),
        (
            row(esito="non riuscito", motivo="x", errore="r: errore nella cella 4", da_eseguire=True),
            ("non riuscito", "r: errore nella cella 4"),
        ),
        (row(ripreso=True), ("fatto", "nell'esecuzione fermata: da pubblicare con l'edizione")),
    ],
)
def test_the_state_of_a_report_is_said_with_its_reason(given, said):
    assert state_of(given) == said


def test_during_a_run_the_state_is_that_of_the_run():
    rows = [row(nome=name, da_eseguire=True) for name in "abc"]
    run = Run(waiting={"a", "b", "c"}, ended={"a": "", "b": "b: errore nella cella 2"})
    assert [state_of(item, run)[0] for item in rows] == ["fatto", "non riuscito", "in corso"]


def test_reports_are_counted_by_state():
    rows = [row(esito="riuscito"), row(esito="riuscito"), row(esito="non riuscito"), row(da_eseguire=True)]
    assert counted(rows) == "4 rapporti: 2 fatti, 1 da fare, 1 non riuscito"
    assert counted(rows[:1]) == "1 rapporto: 1 fatto"


@pytest.mark.parametrize(
    ("seconds", "said"), [(1, "1 secondo"), (59.4, "59 secondi"), (59.6, "1 minuto"), (100, "2 minuti"), (3600, "60 minuti")]
)
def test_durations_are_no_finer_than_one_counts(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("ended", "every", "elapsed", "said"),
    [
        (0, 14, 9, "tempo rimanente: si saprà dopo i primi rapporti"),
        (2, 14, 9, "tempo rimanente: si saprà dopo i primi rapporti"),
        (7, 14, 60, "tempo rimanente: circa 1 minuto"),  # seven in a minute: as many in another
        (4, 14, 60, "tempo rimanente: circa 2 minuti"),  # 15 seconds each, ten left: 150 seconds
        (13, 14, 26, "tempo rimanente: circa 5 secondi"),  # two seconds each: never less than five
        (1, 2, 30, "tempo rimanente: circa 30 secondi"),
        (14, 14, 60, "ora l'edizione si compone e si pubblica"),
    ],
)
def test_the_time_left_comes_from_the_reports_that_ended(ended, every, elapsed, said):
    assert time_left(ended, every, elapsed) == said


def test_the_table_escapes_what_it_is_given_and_hides_the_long_part_of_an_error(tmp_path):
    html = table([row(titolo="<b>", esito="non riuscito", motivo="r: <i>primo</i>\nsecondo")], tmp_path)
    assert "<b>" not in html
    assert "&lt;i&gt;primo&lt;/i&gt;<details>" in html
    assert html.count('scope="col"') == 3
    assert "<caption>" in html


def test_how_a_run_ended_is_said():
    whole = Run(
        ended={"a": "", "b": "x"}, summary={"fatti": ["a"], "non_riusciti": {"b": "x"}, "note": [], "pubblicata": True, "secondi": 3}
    )
    assert outcome(whole, 1, "", stopped=False)[0].startswith("1 rapporto fatto in 3 secondi. Edizione pubblicata. 1 non riuscito:")
    assert outcome(Run(ended={"a": ""}), 130, "Interrotto", stopped=True) == (
        "Esecuzione fermata. Rapporti: 1 già fatto e conservato. L'edizione pubblicata è rimasta com'era; «Esegui» riprende da qui.",
        False,
    )
    assert outcome(Run(), 2, "la fonte non c'è", stopped=False) == ("la fonte non c'è", True)
    assert "all'improvviso (stato -9)" in outcome(Run(), -9, "", stopped=False)[0]


@pytest.fixture
def cockpit(desk):
    """The cockpit of an edition of two reports that wait for, or lack, a file of their provincia."""
    write_notebook(desk / "notebooks" / "prova.ipynb", HEADER, WAITS, FIGURES)
    write_edition(desk, 'notebook = "prova"\nparametri = { provincia = ["BG", "SO"] }')
    made = Cabina()
    made.wait()
    yield made
    if made.process is not None:
        made.process.kill()
    made.wait()


def said(cockpit: Cabina) -> str:
    """All that the cockpit says."""
    return unescape(cockpit.progress.value + cockpit.told.value + cockpit.listed.value)


def until(cockpit: Cabina, words: str) -> None:
    """Wait until the cockpit says so."""
    limit = time.monotonic() + 60
    while words not in said(cockpit):
        assert time.monotonic() < limit, said(cockpit)
        time.sleep(0.02)


def test_the_state_is_read_at_once_and_nothing_runs(cockpit, desk):
    assert "2 rapporti: 2 da fare" in said(cockpit)
    assert "Non ancora pubblicata" in said(cockpit)
    assert (cockpit.start.description, cockpit.start.disabled, cockpit.again.disabled, cockpit.halt.disabled) == (
        "Esegui (2)",
        False,
        True,
        True,
    )
    assert not (desk / "reports" / "edizione-prova-1").exists()


def test_a_failed_report_is_told_and_made_again_alone(cockpit, desk):
    flag = desk / "data" / "manca-SO"
    flag.write_text("")
    cockpit.start.click()
    cockpit.wait()
    assert "1 rapporto fatto" in said(cockpit)
    assert "2 rapporti: 1 fatto, 1 non riuscito" in said(cockpit)
    assert "il foglio del Nucleo non è arrivato" in said(cockpit)
    assert "Traceback" not in said(cockpit)
    before = (desk / "reports" / "edizione-prova-1" / "prova-BG" / "prova-BG.html").stat().st_mtime_ns
    flag.unlink()
    assert cockpit.again.description == "Riesegui i non riusciti (1)"
    cockpit.again.click()
    cockpit.wait()
    assert "2 rapporti: 2 fatti" in said(cockpit)
    assert cockpit.again.disabled and cockpit.start.disabled
    assert (desk / "reports" / "edizione-prova-1" / "prova-BG" / "prova-BG.html").stat().st_mtime_ns == before
    assert {entry["esito"] for entry in manifest_of(desk / "reports" / "edizione-prova-1")["rapporti"]} == {"riuscito"}


@pytest.mark.parametrize("end", ["ferma", "uccidi"])
def test_a_run_stopped_or_killed_leaves_what_is_published_and_is_taken_up_again(cockpit, desk, end):
    cockpit.start.click()
    cockpit.wait()
    published = (desk / "reports" / "edizione-prova-1" / "manifest.json").read_bytes()
    (desk / "data" / "prova.csv").write_text("a\n1\n", encoding="utf-8")
    (desk / "data" / "ferma-SO").write_text("")
    cockpit.refresh.click()
    cockpit.wait()
    assert "2 rapporti: 2 da aggiornare" in said(cockpit)
    cockpit.start.click()
    until(cockpit, "1 di 2 finiti")
    process = psutil.Process(cockpit.process.pid)
    assert not cockpit.halt.disabled
    cockpit.halt.click() if end == "ferma" else process.send_signal(signal.SIGKILL)
    cockpit.wait()
    assert ("Esecuzione fermata" if end == "ferma" else "terminata all'improvviso (stato -9)") in said(cockpit)
    assert (desk / "reports" / "edizione-prova-1" / "manifest.json").read_bytes() == published
    assert "2 rapporti: 1 fatto, 1 da aggiornare" in said(cockpit)  # the first is kept aside
    (desk / "data" / "ferma-SO").unlink()
    cockpit.start.click()
    cockpit.wait()
    assert "Edizione pubblicata" in said(cockpit)
    assert "2 rapporti: 2 fatti" in said(cockpit)


def test_a_second_click_while_it_works_does_nothing(cockpit, desk):
    (desk / "data" / "ferma-SO").write_text("")
    cockpit.start.click()
    until(cockpit, "1 di 2 finiti")
    process = cockpit.process
    cockpit.start.click()
    cockpit.refresh.click()
    assert cockpit.process is process
    (desk / "data" / "ferma-SO").unlink()
    cockpit.wait()
    assert "2 rapporti: 2 fatti" in said(cockpit)


def test_a_faulty_edition_is_told_in_italian(cockpit, desk):
    write_edition(desk, 'notebook = "altro"')
    cockpit.refresh.click()
    cockpit.wait()
    assert "notebook «altro» assente" in said(cockpit)
    assert (cockpit.start.disabled, cockpit.refresh.disabled, cockpit.listed.value) == (True, False, "")


def test_another_run_of_the_same_edition_is_told(cockpit, desk):
    (desk / "data" / "ferma-SO").write_text("")
    cockpit.start.click()
    until(cockpit, "1 di 2 finiti")
    other = Cabina()
    other.wait()
    other.start.click()
    other.wait()
    assert "un'altra esecuzione sta facendo questa edizione" in said(other)
    (desk / "data" / "ferma-SO").unlink()
    cockpit.wait()
    assert "Edizione pubblicata" in said(cockpit)


def test_a_workspace_without_editions_says_how_to_make_one(desk):
    (desk / "reports" / "prova.toml").unlink()
    empty = Cabina()
    assert "Nessuna edizione" in said(empty)
    assert empty.start.disabled


def test_the_notebook_of_the_cockpit_is_not_a_report():
    from analisi.reports.contract import notebooks

    assert {"cabina", "primi_passi", "esplora"} & {path.stem for path in notebooks()} == set()
    assert (root() / "notebooks" / "cabina.ipynb").is_file()
