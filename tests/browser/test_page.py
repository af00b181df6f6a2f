"""The published page in real Chromium: nothing leaves it, everybody can use it, it prints whole."""

import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

WIDTHS = [1280, 320]
NEW = ["bimestrale_report", "complessi_report", "misure_report", "scenario_report"]
REPORTS = ["report", "region_report", "single_report", "pal_report", *NEW]
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}


@pytest.fixture(params=REPORTS)
def any_report(request) -> Path:
    return next(request.getfixturevalue(request.param).glob("*.html"))


@pytest.fixture
def open_page(browser):
    """Open a page with the network watched; `.requests` and `.messages` hold what left it and what the console said."""
    contexts = []

    def opened(path: Path, width: int = 1280, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.requests, page.messages = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("console", lambda message: page.messages.append(message.text))
        page.on("pageerror", lambda error: page.messages.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_request_leaves_the_page_and_the_console_is_silent(open_page, any_report, width):
    page = open_page(any_report, width)
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    page.mouse.wheel(0, 20_000)
    assert ([url for url in page.requests if url != any_report.as_uri() and not url.startswith("data:")], page.messages) == ([], [])


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_against_wcag_21_aa(open_page, any_report, width):
    page = open_page(any_report, width)
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    found = Axe().run(page, options=WCAG).response["violations"]
    assert [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found] == []


def test_a_phone_needs_no_sideways_scroll(open_page, any_report):
    page = open_page(any_report, 320)
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_sorting_orders_by_value_keeps_totals_and_says_so(open_page, report):
    page = open_page(report / "annuale.html")
    table = page.locator("table", has=page.locator("caption", has_text="tutte le procedure"))
    heading = table.locator("thead th.ordina", has_text="Assoluta")

    def column() -> list[str]:
        return [row.locator("td").nth(2).inner_text() for row in table.locator("tbody tr").all()]

    original = column()
    values = [int(text.replace(".", "").replace("−", "-")) for text in original]
    heading.get_by_role("button").click()
    ascending = [int(text.replace(".", "").replace("−", "-")) for text in column()]
    assert (heading.get_attribute("aria-sort"), ascending) == ("ascending", sorted(values))
    heading.get_by_role("button").press("Enter")
    descending = [int(text.replace(".", "").replace("−", "-")) for text in column()]
    assert (heading.get_attribute("aria-sort"), descending) == ("descending", sorted(values, reverse=True))
    heading.get_by_role("button").press("Enter")
    assert (heading.get_attribute("aria-sort"), column()) == (None, original)
    assert table.locator("tfoot tr th").inner_text() == "Lombardia"


def test_every_sort_button_sorts_its_own_column(open_page, report):
    """The cells of the column under each heading are in order after a click, in every table of the page."""
    page = open_page(report / "annuale.html")
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    wrong = page.evaluate(
        """() => {
        const wrong = [];
        for (const table of document.querySelectorAll("table.tavola")) {
          if (table.tBodies[0].rows.length < 2) continue;
          for (const th of table.querySelectorAll("thead th.ordina")) {
            const place = th.getBoundingClientRect(), middle = (place.left + place.right) / 2;
            th.querySelector("button").click();
            const cells = [...table.tBodies[0].rows].map((row) => [...row.cells].find((c) => {
              const r = c.getBoundingClientRect(); return r.left <= middle && middle < r.right; }));
            const numbers = cells.filter((c) => c.dataset.v !== undefined && !isNaN(c.dataset.v)).map((c) => Number(c.dataset.v));
            const texts = cells.map((c) => c.textContent);
            const words = ["", "n.c.", "senza limite"];
            const ordered = cells[0].classList.contains("n")
              ? numbers.every((v, i) => !i || numbers[i - 1] <= v) && numbers.length + texts.filter((t) => words.includes(t)).length === cells.length
              : texts.every((v, i) => !i || texts[i - 1].localeCompare(v, "it") <= 0);
            if (!ordered || th.ariaSort !== "ascending") wrong.push(table.caption.textContent + ": " + th.textContent);
          }
        }
        return wrong; }"""
    )
    assert wrong == []


@pytest.mark.parametrize("width", WIDTHS)
def test_tooltips_say_the_label_stay_on_the_page_and_close(open_page, report, width):
    page = open_page(report / "annuale.html", width, has_touch=width == 320)
    bubble = page.locator(".fumetto")
    for mark in page.locator(".pannello svg [data-t]").all()[::40]:
        mark.scroll_into_view_if_needed()
        if width == 320:
            mark.tap(force=True)
        else:
            mark.hover(force=True)
        assert bubble.inner_text() == mark.get_attribute("data-t")
        box = bubble.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    page.keyboard.press("Escape")
    assert bubble.is_hidden()


def test_the_policy_stops_foreign_scripts_and_requests(open_page, report):
    page = open_page(report / "annuale.html")
    page.evaluate(
        """() => { const s = document.createElement("script"); s.textContent = "window.entrato = true"; document.body.append(s);
        const i = document.createElement("img"); i.src = "http://127.0.0.1:9/x.png"; document.body.append(i); }"""
    )
    page.wait_for_function("document.querySelector('img') !== null")
    assert page.evaluate("window.entrato") is None
    assert sum("Content Security Policy" in message or "violates" in message for message in page.messages) == 2


def test_without_scripts_the_page_is_whole_and_offers_no_dead_button(open_page, report):
    page = open_page(report / "annuale.html", java_script_enabled=False)
    assert page.locator("button").count() == 0
    assert page.locator("table.tavola").count() > 5
    assert page.locator(".pannello svg").count() == 22


def test_the_links_of_the_page_lead_to_files(open_page, report):
    page = open_page(report / "annuale.html")
    links = page.eval_on_selector_all("a[href]", "links => links.map((a) => a.getAttribute('href'))")
    ids = set(page.eval_on_selector_all("[id]", "all => all.map((e) => e.id)"))
    dead = [link for link in links if not (link[1:] in ids if link.startswith("#") else (report / link).is_file())]
    assert dead == []


def test_headings_descend_without_jumps(open_page, any_report):
    levels = [int(name[1]) for name in open_page(any_report).eval_on_selector_all("h1,h2,h3,h4", "all => all.map((e) => e.tagName)")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_nothing_is_cut_on_paper(open_page, any_report):
    page = open_page(any_report)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 695, "height": 1000})  # the width of the printed area of A4
    outside = "(e) => e.checkVisibility() && e.getBoundingClientRect().right > (e.closest('.larga') ? 1032 : 696)"
    assert page.eval_on_selector_all("table, .pannello svg", f"all => all.filter({outside}).map((e) => e.textContent.slice(0, 60))") == []


def test_the_print_is_complete_and_breaks_no_chart(open_page, report, tmp_path):
    """Every panel's title, every row of the tables and the end of the page are on paper; no figure spans two sheets."""
    page = open_page(report / "annuale.html")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 695, "height": 1000})  # the width of the printed area of A4
    outside = "(e) => e.checkVisibility() && e.getBoundingClientRect().right > (e.matches('.larga') ? 1032 : 696)"
    assert page.eval_on_selector_all("table, .pannello svg", f"all => all.filter({outside}).map((e) => e.textContent.slice(0, 60))") == []
    tall = page.eval_on_selector_all(".figura", "all => Math.max(...all.map((e) => e.getBoundingClientRect().height))")
    assert tall < 1010  # the height of the printed area: a figure that fits is never split (break-inside: avoid)
    page.pdf(path=tmp_path / "pagina.pdf", prefer_css_page_size=True)
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", "-layout", tmp_path / "pagina.pdf", "-"], capture_output=True, text=True, check=True).stdout
        assert text.count("11.800") >= 3
        for said in ("Metodo e limiti", "Provenienza", "revisione (git)", "Unità produttive 2025 rispetto al 2024"):
            assert said in text
        assert len(re.findall(r"^\s*VA\s+\d+\s+\d+,\d", text, re.M)) == 2
