"""The front page of an edition in real Chromium: nothing leaves it, everybody can use it, it is found in and printed."""

import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.test_page import WCAG, WIDTHS
from tests.browser.test_page import open_page as open_page
from tests.reports.edizioni import PROVINCE, manifest, page, province, report, seal, whole, write

LONG = "attivazione_delle_politiche_attive_del_lavoro_senza_alcuno_spazio"


@pytest.fixture(scope="module")
def edition(tmp_path_factory) -> Path:
    """Region and twelve provinces; workbook and data of Bergamo; a comparison of many columns, a word that does not break."""
    content = whole()
    folder = tmp_path_factory.mktemp("indice") / "edizione"
    write(folder, content)
    bergamo = content["rapporti"][1]
    for name in ("attivazione_pal-BG.xlsx", "dati/tassi.csv", "dati/attese.csv"):
        path = folder / bergamo["nome"] / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x", encoding="utf-8")
        bergamo["file"].append({"file": f"{bergamo['nome']}/{name}", "byte": 0, "sha256": ""})
    content["rapporti"].append(report("lungo", titolo=LONG, sottotitolo=LONG, gruppo="Regione"))
    (folder / "lungo").mkdir()
    (folder / "lungo" / "lungo.html").write_text(page(), encoding="utf-8")
    for item in content["rapporti"]:
        if item["provincia"] and item["cifre"]:
            item["cifre"] += [{"etichetta": f"Indicatore numero {n}", "valore": "1.000", "nota": ""} for n in range(9)]
    content["file"] = []
    return write(folder, content)


@pytest.fixture
def index(edition) -> Path:
    return edition / "index.html"


def leads(page) -> list[str]:
    """The cards one can see."""
    return [card.locator("h3,h4").inner_text() for card in page.locator(".scheda:visible").all()]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_request_leaves_the_index_and_the_console_is_silent(open_page, index, width):
    page = open_page(index, width)
    page.get_by_role("searchbox").fill("bergamo")
    page.get_by_text("Dati (2)").click()
    page.mouse.wheel(0, 20_000)
    assert ([url for url in page.requests if url != index.as_uri() and not url.startswith("data:")], page.messages) == ([], [])


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_against_wcag_21_aa_in_the_index(open_page, index, width):
    page = open_page(index, width)
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    found = Axe().run(page, options=WCAG).response["violations"]
    assert [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found] == []


def test_a_phone_scrolls_only_the_wide_table(open_page, index):
    page = open_page(index, 320)
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    area = page.locator(".scorri")
    assert area.evaluate("(e) => e.scrollWidth > e.clientWidth")
    assert page.locator(".suggerimento").is_visible()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("mònza", ["Monza e della Brianza"]),
        ("  BERG ", ["Bergamo"]),
        ("attivazione como", ["Como"]),
        ("annuale", ["Rapporto annuale"]),
        ("so", ["Sondrio"]),
    ],
)
def test_the_search_ignores_case_accents_and_order(open_page, index, words, found):
    page = open_page(index)
    page.get_by_role("searchbox", name="Cerca una provincia o un rapporto").press_sequentially(words)
    assert [lead for lead in leads(page) if lead in found] == found
    assert page.locator("[role=status]").inner_text() == f"{len(leads(page))} su 14 rapporti"


def test_groups_and_shelves_without_results_disappear_and_come_back(open_page, index):
    page = open_page(index)
    box = page.get_by_role("searchbox")
    assert page.locator("[role=status]").inner_text() == "14 rapporti"
    box.fill("varese")
    assert [heading.inner_text() for heading in page.locator("main h2:visible").all()] == ["Province", "Le province a confronto"]
    box.fill("xyz")
    assert (leads(page), page.locator("[role=status]").inner_text()) == ([], "Nessun risultato per «xyz»")
    box.press("Escape")
    assert (len(leads(page)), box.input_value()) == (14, "")


def test_what_is_found_is_told_to_screen_readers(open_page, index):
    status = open_page(index).locator("#trovati")
    assert (status.get_attribute("aria-live"), status.get_attribute("role")) == ("polite", "status")


def test_the_keyboard_reaches_skip_link_search_cards_and_sorting(open_page, index):
    page = open_page(index)
    focused = "(() => { const e = document.activeElement; const r = e.getBoundingClientRect(); return [e.textContent.trim() || e.id, r.width > 0 && r.left >= 0, getComputedStyle(e).outlineStyle]; })()"
    reached = []
    while not reached or page.evaluate("document.activeElement !== document.body"):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(focused))
    reached.pop()  # beyond the last
    names = [name for name, _, _ in reached]
    assert names[0] == "Vai al contenuto"
    wanted = ["cerca", "Rapporto annuale", "Bergamo", "Excel di Bergamo", "Dati (2) di Bergamo", "Provincia", "Lavoratori"]
    assert [name for name in wanted if name not in names] == []
    assert sorted(wanted, key=names.index) == wanted
    assert [name for name, visible, outline in reached if not visible or outline == "none"] == []


def column(page, place: int) -> list[str]:
    return [row.locator("th,td").nth(place).inner_text() for row in page.locator("table tbody tr").all()]


def test_the_comparison_sorts_italian_numbers_with_blanks_last(open_page, index):
    page = open_page(index)
    original = column(page, 0)
    assert original == [name + (" (da aggiornare)" if name == "Mantova" else "") for name in PROVINCE.values()]
    heading = page.locator("thead th", has_text="Quota")
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert column(page, 2)[:3] + column(page, 2)[-3:] == ["10,5%", "20,5%", "30,5%", "n.c.", "non disponibile", "non disponibile"]
    heading.get_by_role("button").press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert column(page, 2)[0] == "120,5%"
    assert column(page, 2)[-3:] == ["n.c.", "non disponibile", "non disponibile"]
    page.locator("thead th", has_text="Lavoratori").get_by_role("button").press(" ")
    assert column(page, 1)[:2] == ["1.201", "2.202"]
    assert heading.get_attribute("aria-sort") is None


def test_the_links_of_the_index_lead_to_files_from_a_folder_and_from_a_server(open_page, index, edition):
    links = open_page(index).eval_on_selector_all("a[href]:not([href^='#'])", "all => all.map((a) => a.getAttribute('href'))")
    assert [link for link in links if not (edition / link).is_file()] == []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=edition))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        page = open_page(index)
        page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
        page.get_by_role("listitem").get_by_role("link", name="Bergamo", exact=True).click()
        assert page.locator("h1").inner_text() == "attivazione_pal-BG"
    finally:
        server.shutdown()
        server.server_close()


def test_the_policy_of_the_index_stops_foreign_scripts_and_requests(open_page, index):
    page = open_page(index)
    page.evaluate(
        """() => { const s = document.createElement("script"); s.textContent = "window.entrato = true"; document.body.append(s);
        const i = document.createElement("img"); i.src = "http://127.0.0.1:9/x.png"; document.body.append(i); }"""
    )
    page.wait_for_function("document.querySelector('img') !== null")
    assert page.evaluate("window.entrato") is None
    assert sum("Content Security Policy" in message or "violates" in message for message in page.messages) == 2


def test_hostile_texts_of_the_manifest_stay_texts(open_page, tmp_path):
    text = '"><img src=x onerror="window.entrato=1"><script>window.entrato=1</script>'
    reports = [province(s, text, titolo=text, luogo=text + s, sottotitolo=text, gruppo=text, file=[]) for s in ("BG", "BS")]
    (tmp_path / "e").mkdir()
    folder = seal(tmp_path / "e", manifest([]))
    write(folder, manifest(reports, titolo=text, periodo=text))
    page = open_page(folder / "index.html")
    assert page.evaluate("window.entrato") is None
    assert (page.locator("img").count(), page.locator("h1").inner_text(), page.messages) == (0, text, [])


def test_without_scripts_the_index_is_whole_and_offers_no_dead_control(open_page, index):
    page = open_page(index, java_script_enabled=False)
    assert page.locator("button:visible, input:visible").count() == 0
    assert page.locator(".scheda:visible").count() == 14
    assert page.locator("table.tavola tbody tr").count() == 12


def test_headings_of_the_index_descend_without_jumps(open_page, index):
    levels = [int(name[1]) for name in open_page(index).eval_on_selector_all("h1,h2,h3,h4", "all => all.map((e) => e.tagName)")]
    assert (levels[0], levels.count(1)) == (1, 1)
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_printed_index_is_complete(open_page, index, tmp_path):
    page = open_page(index)
    page.emulate_media(media="print")
    assert page.locator(".cerca, .azioni").locator("visible=true").count() == 0
    page.pdf(path=tmp_path / "indice.pdf", prefer_css_page_size=True)
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", tmp_path / "indice.pdf", "-"], capture_output=True, text=True, check=True).stdout
        for said in ("DATI SINTETICI", "Che cosa manca", "Le province a confronto", "12.212", "manifest.json", *PROVINCE.values()):
            assert said in " ".join(text.split())
