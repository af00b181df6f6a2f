"""The workbench in real JupyterLab, cut off from the network: what an analyst does with it, and that the numbers are the indicators'."""

import json
import re
import shutil
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from analisi.indicators.casi_gestiti import compare_years, provincial_table
from analisi.indicators.fonti import read_fonte
from analisi.workspace import WORKSPACE
from tests.browser.lab import copy_workspace, errors, lab, lab_page, open_notebook, run_all
from tests.conftest import analisi

READY = ".esplora[data-versione]"


@pytest.fixture(scope="module")
def place(tmp_path_factory, sample) -> Path:
    """A workspace with published figures and synthetic extracts."""
    folder = copy_workspace(tmp_path_factory.mktemp("banco") / "lavoro")
    shutil.copytree(sample, folder / "data" / "esempio")
    return folder


@pytest.fixture(scope="module")
def opened(place, browser):
    """The notebook, opened once."""
    with lab(place) as url:
        page = lab_page(browser, url, height=1600)
        open_notebook(page, "esplora")
        yield page
        page.context.close()


@pytest.fixture
def banco(opened):
    """The notebook run anew; at the end nothing has left the machine, and neither cells nor console tell of errors."""
    opened.set_viewport_size({"width": 1280, "height": 1600})
    run_all(opened)
    opened.wait_for_selector(f"{READY}[data-versione='1']")
    yield opened
    assert (opened.attempts, opened.messages, errors(opened)) == ([], [], [])


def after(page: Page, act) -> None:
    """Do something, and wait until what it changes is drawn."""
    version = int(page.locator(READY).get_attribute("data-versione"))
    act()
    page.wait_for_function(f"Number(document.querySelector('{READY}')?.dataset.versione) > {version}")


def field(page: Page, name: str, kind: str = "select"):
    return page.locator(f".esplora-{name} {kind}")


def choose(page: Page, name: str, *labels: str) -> None:
    after(page, lambda: field(page, name).select_option(label=list(labels)))


def typed(page: Page, name: str, text: str) -> None:
    field(page, name, "input").fill(text)
    field(page, name, "input").press("Enter")


def mark(page: Page, view: str, code: str):
    return page.locator(f"figure[data-vista={view}] [data-chiave='{code}']")


def numbers(page: Page, view: str) -> dict[str, str]:
    """The number of each mark of a chart, as its label says it."""
    labels = page.eval_on_selector_all(
        f"figure[data-vista={view}] [data-chiave]", "all => all.map((e) => [e.dataset.chiave, e.getAttribute('aria-label')])"
    )
    return {code: label.split(": ", 1)[1].removesuffix(", non selezionato") for code, label in labels}


def italian(value: float, decimals: int = 0) -> str:
    return f"{value:,.{decimals}f}".translate(str.maketrans(",.", ".,"))


def counts(frame: pl.DataFrame, by: str, value: str = "lavoratori") -> dict[str, str]:
    """The sums of the indicator, written in Italian; no bar is drawn of a zero."""
    return {str(code): italian(n) for code, n in frame.group_by(by).agg(pl.col(value).sum()).iter_rows() if n}


def table(page: Page, selector: str = ".dati") -> list[list[str]]:
    return page.eval_on_selector_all(f"{selector} tbody tr", "all => all.map((r) => [...r.cells].map((c) => c.textContent))")


def test_it_opens_on_the_printed_figures_and_each_chart_shows_the_indicator(banco, published):
    casi = published.casi.filter(pl.col("anno") == published.anni[-1])
    assert banco.locator(".sintesi").inner_text() == f"Lavoratori, valori assoluti: {italian(casi['lavoratori'].sum())}"
    assert numbers(banco, "province") == numbers(banco, "mappa") == counts(casi, "provincia")
    assert numbers(banco, "andamento") == counts(published.casi, "anno")
    assert numbers(banco, "composizione") == counts(casi, "procedura")
    pairs = {code: re.findall(r"[\d.]+", text) for code, text in numbers(banco, "dispersione").items()}
    both = zip(counts(casi, "provincia", "unita_produttive").items(), counts(casi, "provincia").items(), strict=True)
    assert pairs.keys() == {code for (code, _), _ in both}
    assert pairs["BG"] == ["66", "2.064"]
    assert len(table(banco)) == casi.height


def test_a_click_on_a_bar_a_tile_or_a_point_filters_the_other_charts(banco, published):
    casi, last = published.casi, published.anni[-1]
    after(banco, mark(banco, "province", "BG").click)
    mine = casi.filter(pl.col("provincia") == "BG")
    assert numbers(banco, "composizione") == counts(mine.filter(pl.col("anno") == last), "procedura")
    assert numbers(banco, "andamento") == counts(mine, "anno")
    assert numbers(banco, "province") == counts(casi.filter(pl.col("anno") == last), "provincia")
    assert (mark(banco, "province", "BG").get_attribute("aria-pressed"), mark(banco, "mappa", "MI").get_attribute("aria-pressed")) == (
        "true",
        "false",
    )
    assert banco.locator(".filtri li").all_inner_texts() == ["Provincia: Bergamo ✕"]

    after(banco, mark(banco, "mappa", "CO").click)
    two = casi.filter(pl.col("provincia").is_in(["BG", "CO"]))
    assert numbers(banco, "composizione") == counts(two.filter(pl.col("anno") == last), "procedura")
    after(banco, mark(banco, "andamento", str(published.anni[0])).click)
    first = two.filter(pl.col("anno") == published.anni[0])
    assert numbers(banco, "composizione") == counts(first, "procedura")
    after(banco, mark(banco, "composizione", "licenziamento_collettivo").click)
    assert {code: n for code, n in numbers(banco, "province").items() if code in ("BG", "CO")} == counts(
        first.filter(pl.col("procedura") == "licenziamento_collettivo"), "provincia"
    )
    assert [row[:3] for row in table(banco)] == [[str(published.anni[0]), name, "Licenziamenti collettivi"] for name in ("Bergamo", "Como")]
    after(banco, lambda: banco.get_by_role("button", name="Togli Provincia: Bergamo").click())
    assert len(table(banco)) == 1
    after(banco, lambda: banco.get_by_role("button", name="Togli i filtri").click())
    assert (numbers(banco, "province"), banco.locator(".filtri").count()) == (counts(casi.filter(pl.col("anno") == last), "provincia"), 0)


def test_each_choice_of_the_form_changes_the_figures(banco, place, published):
    before, last = published.anni[-2:]
    casi, totale = published.casi, published.territorio.totale
    tavola = provincial_table(casi, totale)
    whole = tavola.filter(pl.col("procedura") == "totale", pl.col("provincia") != totale)
    choose(banco, "misura", "Unità produttive")
    assert numbers(banco, "province") == counts(casi.filter(pl.col("anno") == last), "provincia", "unita_produttive")
    choose(banco, "misura", "Lavoratori")
    choose(banco, "modo", "Peso % sulla regione")
    weights = dict(whole.filter(pl.col("anno") == last).select("provincia", "peso_lavoratori").iter_rows())
    assert numbers(banco, "province")["BG"] == f"{italian(weights['BG'], 1)}%" == "17,5%"
    choose(banco, "modo", "Variazione sull'anno prima")
    changes = compare_years(tavola, last, before, totale).filter(pl.col("procedura") == "totale")
    found = {code: int(n.replace(".", "").replace("−", "-").replace("+", "")) for code, n in numbers(banco, "mappa").items()}
    assert found == dict(changes.filter(pl.col("provincia") != totale).select("provincia", "variazione_lavoratori").iter_rows())
    choose(banco, "modo", "Per unità produttiva")
    assert numbers(banco, "province")["BG"] == italian(2064 / 66, 1)
    choose(banco, "modo", "Valori assoluti")
    choose(banco, "periodi", str(before), str(last))
    assert numbers(banco, "province") == counts(casi, "provincia")
    choose(banco, "province", "Milano", "Lecco")
    assert numbers(banco, "province") == counts(casi.filter(pl.col("provincia").is_in(["MI", "LC"])), "provincia")
    choose(banco, "categorie", "CIGS ministeriali")
    chosen = casi.filter(pl.col("provincia").is_in(["MI", "LC"]), pl.col("procedura") == "cigs_ministeriale")
    assert numbers(banco, "province") == counts(chosen, "provincia")

    after(banco, lambda: typed(banco, "fonte", "data/esempio"))
    expect(banco.locator(".avvertenze")).to_contain_text("DATI SINTETICI")
    extracts = str(place / "data/esempio")
    choose(banco, "criterio_anno", "accordo")
    agreed = read_fonte(extracts, criterio_anno="accordo").casi
    assert numbers(banco, "andamento") == counts(
        agreed.filter(pl.col("provincia").is_in(["MI", "LC"]), pl.col("procedura") == "cigs_ministeriale"), "anno"
    )
    choose(banco, "tempo", "Trimestri")
    assert next(iter(numbers(banco, "andamento"))) == f"{agreed['anno'].min()}-T1"
    choose(banco, "tempo", "Anni")
    assert field(banco, "periodi").evaluate("(e) => [...e.selectedOptions].map((o) => o.textContent)") == [str(agreed["anno"].max())]
    choose(banco, "tabella", "Estratto di SIUL: comunicazioni obbligatorie (COB)")
    assert banco.locator(".sintesi").inner_text().startswith("Assunzioni, valori assoluti: ")


def test_a_wrong_source_is_told_in_the_page_and_the_next_one_opens(banco):
    for name, text, said in (
        ("fonte", "data/nessuna", "fonte «data/nessuna»: il file o la cartella non esiste"),
        ("fonte", "data/ingresso", "nella cartella manca casi_gestiti.csv"),
        ("territorio", "atlantide", "territorio «atlantide» assente"),
    ):
        typed(banco, "fonte", "data/pubblicati") if name == "territorio" else None
        typed(banco, name, text)
        expect(banco.locator(".messaggio [role=alert]")).to_contain_text(said)
    after(banco, lambda: typed(banco, "territorio", "lombardia"))
    assert banco.locator(".messaggio").inner_text() == ""
    assert "Traceback" not in banco.locator(".jp-Notebook").inner_text()


def test_the_table_sorts_finds_and_leads_to_the_rows_of_the_source(banco):
    heading = banco.locator(".dati thead th", has_text="Lavoratori")
    heading.get_by_role("button").press("Enter")
    workers = [int(row[4].replace(".", "")) for row in table(banco) if row[4] != "n.d."]
    assert (heading.get_attribute("aria-sort"), workers) == ("ascending", sorted(workers))
    assert [row[4] for row in table(banco)][len(workers) :] == ["n.d."] * (36 - len(workers))
    heading.get_by_role("button").press("Enter")
    assert [int(row[4].replace(".", "")) for row in table(banco)[: len(workers)]] == sorted(workers, reverse=True)
    banco.get_by_role("searchbox").fill("bergamo")
    assert ([row[1] for row in table(banco)], banco.locator(".quante").inner_text()) == (["Bergamo"] * 3, "3 di 36 righe")
    banco.get_by_role("button", name="Righe della fonte: 2025, Bergamo, CIGS regionali").click()
    expect(banco.locator(".dettaglio caption")).to_have_text("Record della fonte: 2025 · Bergamo · CIGS regionali (1 riga)")
    assert table(banco, ".dettaglio") == [["data/pubblicati/casi_gestiti.csv", "39", "2025", "BG", "cigs_regionale", "10", "905"]]
    banco.get_by_role("button", name="Chiudi le righe della fonte").click()
    expect(banco.locator(".dettaglio table")).to_have_count(0)


def test_the_rows_of_an_extract_show_no_tax_code(banco, place):
    after(banco, lambda: typed(banco, "fonte", "data/esempio"))
    after(banco, mark(banco, "province", "LO").click)
    banco.get_by_role("button", name="Quali record fanno questo numero?").click()
    expect(banco.locator(".dettaglio caption")).to_contain_text("Lodi")
    heads = banco.locator(".dettaglio thead th").all_inner_texts()
    rows = table(banco, ".dettaglio")
    shown = sum(int(row[heads.index("lavoratori_coinvolti")]) for row in rows)
    assert banco.locator(".sintesi").inner_text().endswith(f": {shown}")
    assert {row[heads.index("codice_fiscale_azienda")][:8] for row in rows} == {"********"}
    assert all(row[heads.index("ragione_sociale")] for row in rows)


def test_the_keyboard_alone_does_all(banco):
    banco.locator("figure[data-vista=province] [data-chiave][tabindex='0']").focus()
    banco.keyboard.press("ArrowDown")
    assert banco.evaluate("document.activeElement.dataset.chiave") == "BG"
    after(banco, lambda: banco.keyboard.press("Enter"))
    assert banco.locator(".filtri li").all_inner_texts() == ["Provincia: Bergamo ✕"]
    assert banco.evaluate("[document.activeElement.dataset.chiave, document.activeElement.closest('figure').dataset.vista]") == [
        "BG",
        "province",
    ]
    after(banco, lambda: banco.keyboard.press(" "))
    assert banco.locator(".filtri").count() == 0
    for name in ("SVG", "PNG", "JSON"):  # one stop for the marks of a chart, then its buttons
        banco.keyboard.press("Tab")
        assert banco.evaluate("document.activeElement.textContent") == name
    banco.keyboard.press("Tab")
    assert banco.evaluate("document.activeElement.closest('figure').dataset.vista") == "mappa"
    field(banco, "misura").focus()
    after(banco, lambda: banco.keyboard.press("ArrowUp"))
    assert banco.locator(".sintesi").inner_text().startswith("Unità produttive")
    banco.get_by_role("button", name="Quali record fanno questo numero?").press("Enter")
    expect(banco.locator(".dettaglio table")).to_have_count(1)
    assert banco.evaluate("document.activeElement.closest('.esplora') !== null")  # Enter does not fall through to the notebook
    outline = banco.locator("figure[data-vista=mappa] [data-chiave='CO']").evaluate(
        "(e) => { e.focus(); return getComputedStyle(e).strokeWidth; }"
    )
    assert outline == "3px"


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_at_twice_the_size_nothing_is_cut_and_axe_finds_no_fault(banco, theme):
    banco.evaluate(f"async () => {{ await window.jupyterapp.commands.execute('apputils:change-theme', {{ theme: '{theme}' }}); }}")
    banco.wait_for_selector(f"body[data-jp-theme-name='{theme}']", state="attached")
    banco.set_viewport_size({"width": 640, "height": 800})
    banco.wait_for_function("document.querySelector('.esplora').clientWidth < 500")
    wide = "(e) => e.scrollWidth > e.clientWidth + 1 && !e.closest('.scorri') && !e.closest('svg')"
    assert banco.eval_on_selector_all(".esplora, .esplora *", f"all => all.filter({wide}).map((e) => e.outerHTML.slice(0, 80))") == []
    found = Axe().run(banco, context=".esplora", options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).response["violations"]
    assert [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found] == []


def saved(page: Page, label: str, place: Path, kind: str) -> Path:
    """The file of a kind that a button wrote, as the message names it."""
    page.get_by_role("button", name=label, exact=True).click()
    expect(page.locator(".messaggio")).to_contain_text(f".{kind} (")
    return place / page.locator(".messaggio").inner_text().split("Salvato: ")[1].split(" (")[0]


def test_what_is_seen_is_saved_as_table_and_chart(banco, place):
    banco.get_by_role("searchbox").fill("bergamo")
    csv = saved(banco, "Salva la tavola in CSV", place, "csv")
    assert pl.read_csv(csv).select("provincia", "lavoratori").rows() == [("BG", 474), ("BG", 905), ("BG", 685)]
    xlsx = saved(banco, "Salva la tavola in Excel", place, "xlsx")
    assert openpyxl.load_workbook(xlsx)["tavola"]["B4"].value == "Bergamo"
    for kind, begins in {"svg": b"<svg", "png": b"\x89PNG", "json": b"{\n"}.items():
        path = saved(banco, f"Salva «Mappa a tessere» in {kind.upper()}", place, kind)
        assert (path.parent, path.read_bytes()[: len(begins)]) == (place / "reports/esplora", begins)


def test_the_choices_become_a_report_notebook_that_is_published(banco, place, tmp_path):
    after(banco, mark(banco, "province", "BG").click)
    banco.get_by_label("Titolo del nuovo notebook di rapporto").fill("Crisi aziendali a Bergamo")
    path = saved(banco, "Crea il notebook", place, "ipynb")
    assert path == place / "notebooks" / "crisi_aziendali_a_bergamo.ipynb"
    done = analisi("esegui", path.stem, "--uscita", tmp_path / "r", cwd=place, env={WORKSPACE: str(place)})
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "r" / f"{path.stem}.html").read_text(encoding="utf-8")
    assert "Crisi aziendali a Bergamo" in page
    assert "2.064" in page
    assert pl.read_csv(tmp_path / "r/dati/totale.csv")["valore"].to_list() == [2064]


def test_a_notebook_saved_in_lab_keeps_no_state_of_widgets(banco, place):
    banco.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save'); }")
    notebook = json.loads((place / "notebooks/esplora.ipynb").read_text(encoding="utf-8"))
    assert "widgets" not in notebook["metadata"]
    assert (place / "notebooks/esplora.ipynb").stat().st_size < 200_000
