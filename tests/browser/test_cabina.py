"""The cockpit in a real JupyterLab, opened by `analisi esplora`: run, see progress, stop, run again, open the pages. Nothing leaves the machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from analisi.workspace import root
from tests.browser.lab import DEAD, LOCAL, errors, lab_page, open_notebook, run_all
from tests.browser.test_page import WCAG
from tests.reports.conftest import FIGURES, HEADER, manifest_of, write_edition, write_notebook
from tests.reports.conftest import desk as desk

expect.set_options(timeout=60_000)  # a busy machine: what is waited for is a state, never a time
WAITS = """\
import time
limit = time.monotonic() + 120
while Path(f"data/ferma-{provincia}").exists() and time.monotonic() < limit:
    time.sleep(0.02)
assert not Path(f"data/manca-{provincia}").exists(), "il foglio del Nucleo non è arrivato"
"""
DATA = """\
import polars as pl
blocks.dataset(pl.DataFrame({"a": [1]}), [blocks.Col("a", "A", "intero")], name="prova_dati", title="Dati")"""


@pytest.fixture
def served(desk, browser):
    """The cockpit's notebook, open in the JupyterLab of a small workspace with an edition of two reports."""
    source = Path(__file__).parents[2] / "notebooks" / "cabina.ipynb"
    (desk / "notebooks" / "cabina.ipynb").write_bytes(source.read_bytes())
    write_notebook(desk / "notebooks" / "prova.ipynb", HEADER, WAITS, FIGURES, DATA)
    write_edition(desk, 'notebook = "prova"\nparametri = { provincia = ["BG", "SO"] }')
    write_edition(desk, 'notebook = "prova"\nparametri = { provincia = "MI" }', name="seconda")
    cache = desk.parent / "cache"
    (cache / "lab").mkdir(parents=True)
    (cache / "lab" / "jupyter_lab_config.json").write_text(json.dumps({"LabApp": {"expose_app_in_browser": True}}), encoding="utf-8")
    package = str(Path(sys.modules["analisi"].__file__).parents[1])
    env = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    env |= {"PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")])), "ANALISI_CARTELLA": str(root())}
    env |= dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"), DEAD)
    env |= {"no_proxy": ",".join(LOCAL), "NO_PROXY": ",".join(LOCAL), "HOME": str(desk.parent), "ANALISI_CACHE": str(cache)}
    words = [sys.executable, "-m", "analisi.cli", "esplora", "cabina", "--senza-browser"]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, env=env, text=True, cwd=desk)
    page = None
    try:
        page = lab_page(browser, server.stdout.readline().removeprefix("JupyterLab: ").strip())
        open_notebook(page, "cabina")
        run_all(page)
        expect(page.get_by_text("2 rapporti: 2 da fare.")).to_be_visible()
        yield page
    finally:
        if page is not None:
            page.context.close()
        server.terminate()
        server.communicate()


def button(page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def state(page, place: str):
    """The row of a report."""
    return page.locator(".cabina tr", has_text=place)


def test_an_edition_is_run_stopped_taken_up_made_whole_and_opened(served, desk):
    page, slow, lacking = served, desk / "data" / "ferma-SO", desk / "data" / "manca-SO"
    slow.write_text("")
    button(page, "Esegui (2)").click()
    expect(page.get_by_text("1 di 2 finiti")).to_be_visible()
    expect(page.get_by_role("progressbar", name="Rapporti finiti: 1 di 2")).to_have_js_property("value", 1)
    expect(state(page, "Bergamo")).to_contain_text("fatto")
    expect(state(page, "Sondrio")).to_contain_text("in corso")
    expect(button(page, "Esegui (2)")).to_be_disabled()
    assert page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status") == "idle"  # free for other work
    button(page, "Ferma").click()
    expect(page.get_by_text("Esecuzione fermata. Rapporti: 1 già fatto e conservato.")).to_be_visible()
    assert not (desk / "reports" / "edizione-prova-1").exists()
    slow.unlink()
    lacking.write_text("")
    button(page, "Esegui (2)").click()
    expect(page.get_by_text("2 rapporti: 1 fatto, 1 non riuscito.")).to_be_visible()
    expect(state(page, "Sondrio")).to_contain_text("il foglio del Nucleo non è arrivato")
    lacking.unlink()
    button(page, "Riesegui i non riusciti (1)").click()
    expect(page.get_by_text("2 rapporti: 2 fatti.")).to_be_visible()
    expect(page.get_by_text("1 rapporto fatto")).to_be_visible()
    assert [entry["esito"] for entry in manifest_of(desk / "reports" / "edizione-prova-1")["rapporti"]] == ["riuscito", "riuscito"]
    assert errors(page) == []
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Apri l'edizione").click()
    index = opened.value
    expect(index.locator("h1")).to_have_text("Edizione di prova")
    index.get_by_role("link", name="Bergamo", exact=True).first.click()
    expect(index.locator("h1")).to_have_text("Rapporto di prova")
    with index.expect_download() as taken:
        index.locator("a[href='dati/prova_dati.csv']").first.click()
    assert Path(taken.value.path()).read_text(encoding="utf-8") == "a\n1\n"
    assert index.evaluate("window.origin") == "null"  # away from the server: the page can ask nothing of it
    with page.context.expect_page() as opened:
        state(page, "Sondrio").get_by_role("link").click()
    expect(opened.value.locator("h1")).to_have_text("Rapporto di prova")
    assert (page.attempts, page.messages) == ([], [])


def test_the_keyboard_is_enough(served, desk):
    page = served
    (desk / "data" / "ferma-SO").write_text("")
    page.get_by_role("combobox", name="Edizione").focus()
    reached = []
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.slice(0, 30)"))
        if reached[-1] == "Esegui (2)":
            break
    assert reached == ["Aggiorna lo stato", "Esegui (2)"]
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 di 2 finiti")).to_be_visible()
    button(page, "Ferma").focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("Esecuzione fermata.")).to_be_visible()
    page.get_by_role("region", name="Rapporti dell'edizione").focus()
    assert page.evaluate("document.activeElement.className") == "elenco"
    assert (page.attempts, page.messages) == ([], [])


def test_arrows_choose_an_edition_and_move_no_cell(served):
    page, choice = served, served.get_by_role("combobox", name="Edizione")
    place = "window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    choice.focus()
    before = page.evaluate(place)
    page.keyboard.press("ArrowDown")
    expect(choice).to_have_value("seconda")
    expect(page.get_by_text("1 rapporto: 1 da fare.")).to_be_visible()
    assert page.evaluate(place) == before
    assert (page.attempts, page.messages) == ([], [])


def test_at_twice_the_size_nothing_is_cut_and_axe_is_content(served):
    page = served
    page.set_viewport_size({"width": 640, "height": 450})
    area = page.locator(".jp-OutputArea-output:has(.cabina)").first
    for part in [*area.locator("button").all(), *area.locator(".cabina").all()]:
        part.scroll_into_view_if_needed()
        box, place = part.bounding_box(), area.bounding_box()
        assert box["x"] + box["width"] <= place["x"] + place["width"] + 1, part.evaluate("e => e.outerHTML.slice(0, 200)")
    found = Axe().run(page, context=".jp-OutputArea-output:has(.cabina)", options=WCAG).response["violations"]
    assert [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found] == []
