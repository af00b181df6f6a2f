"""Names and notes that try to be something else are shown as text: nothing runs, nothing is asked, nothing breaks the page."""

import csv
import json

import openpyxl
import pytest

from analisi.reports.contract import notebooks
from analisi.reports.files import inert
from tests.browser.test_page import open_page as open_page
from tests.conftest import REPORT, analisi
from tests.reports.ostili import CLEANED, HOSTILE, LONG, hostile_desk, hostile_extracts, hostile_parquet, hostile_territory

NAMES = [path.stem for path in notebooks()]


def made(*args, **kwargs) -> None:
    done = analisi(*args, **kwargs)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def extracts(sample, tmp_path_factory):
    return hostile_extracts(sample, tmp_path_factory.mktemp("ostili") / "estratti")


@pytest.fixture(scope="module")
def real_pages(extracts, tmp_path_factory):
    """Every report of ours, made from the hostile extracts."""
    folder = tmp_path_factory.mktemp("pagine")
    own = {"rioccupazione": hostile_parquet(folder / "grandi")}
    sources = {name: own.get(name, extracts).as_posix() for name in NAMES}
    reports = [REPORT.format(notebook=name, nome=name, parametri=f'fonte = "{source}"') for name, source in sources.items()]
    (folder / "ostili.toml").write_text('titolo = "Nomi ostili"\nperiodo = "2025"\n' + "".join(reports), encoding="utf-8")
    made("edizione", folder / "ostili.toml", "--uscita", folder / "e")
    return folder / "e"


@pytest.fixture(scope="module")
def territory_page(tmp_path_factory):
    """The annual report of a territory whose provinces have hostile names."""
    source, folder = hostile_territory(tmp_path_factory.mktemp("territorio")), tmp_path_factory.mktemp("pagine") / "annuale"
    made("esegui", "annuale", "--fonte", source, "--territorio", source / "ostile.toml", "--anno", 2031, "--uscita", folder)
    return folder / "annuale.html"


@pytest.fixture(scope="module")
def edition(sample, tmp_path_factory):
    """An edition of pages that show the hostile names in every piece."""
    desk = hostile_desk(tmp_path_factory.mktemp("scrivania") / "lavoro", sample)
    made("edizione", "ostile", "--uscita", desk / "uscita", env={"ANALISI_CARTELLA": str(desk)}, cwd=desk)
    return desk / "uscita"


def shown_names() -> list[str]:
    return [*HOSTILE, *CLEANED.values()]


def check(open_page, path) -> None:
    """Nothing ran, nothing was asked, the page is there and fits a phone."""
    for width in (1280, 320):
        page = open_page(path, width)
        page.on("dialog", lambda dialog, told=page.messages: told.append(dialog.message))
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        page.mouse.wheel(0, 20_000)
        asked = [url for url in page.requests if url != path.as_uri() and not url.startswith("data:")]
        assert (asked, page.messages, page.title() == "preso") == ([], [], False)
        assert page.locator("h1").is_visible()
        assert page.evaluate("document.querySelectorAll('script').length") == 1
        assert (
            page.evaluate("[...document.querySelectorAll('*')].some((e) => e.getAttributeNames().some((n) => n.startsWith('on')))") is False
        )
        assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("name", NAMES)
def test_reports_on_hostile_extracts_run_nothing(open_page, real_pages, name):
    check(open_page, real_pages / name / f"{name}.html")


def test_hostile_names_of_provinces_are_text(open_page, territory_page):
    check(open_page, territory_page)
    words = open_page(territory_page).evaluate("document.querySelector('main').textContent")
    assert [
        name for name in ("<script>document.title='preso'</script>", "{{ 7*7 }}{% raw %}", "%s%n%(nome)s", LONG) if name not in words
    ] == []


def test_hostile_names_are_text_in_every_piece_of_a_page(open_page, edition):
    check(open_page, edition / "r0" / "r0.html")
    page = open_page(edition / "r0" / "r0.html")
    for place in (".schede", ".frasi", ".avvisi", "table.tavola", ".legenda"):
        words = page.locator(place).first.evaluate("e => e.textContent")
        assert [name for name in shown_names() if name.replace("**g**", "g") not in words.replace("**g**", "g")] == [], place
    labels = page.eval_on_selector_all("[data-t]", "all => all.map((e) => e.dataset.t)")
    assert sorted(set(labels)) == sorted(shown_names())
    for mark in page.locator("[data-t]").all()[:20]:
        mark.hover(force=True)
        assert page.locator(".fumetto").evaluate("e => e.textContent") == mark.get_attribute("data-t")


def test_hostile_names_are_text_on_the_front_page_and_its_search(open_page, edition):
    check(open_page, edition / "index.html")
    page = open_page(edition / "index.html", 320)
    page.get_by_role("searchbox").fill(HOSTILE[0])
    assert page.locator(".scheda:visible").count() == 1
    page.get_by_role("searchbox").fill(LONG + "<img src=x onerror=alert(1)>")
    assert "Nessun risultato per «" + LONG in page.locator("#trovati").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.messages == []


def test_hostile_names_are_text_in_data_workbook_and_notebook(edition):
    with (edition / "r0" / "dati" / "nomi.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["nome"] for row in rows] == [inert(name) for name in shown_names()]
    book = openpyxl.load_workbook(edition / "r0" / "r0.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert set(shown_names()) <= {cell.value for cell in cells}
    assert [cell.coordinate for cell in cells if cell.hyperlink and not cell.hyperlink.location] == []
    notebook = json.loads((edition / "r0" / "r0.ipynb").read_text(encoding="utf-8"))
    assert "<script>" not in "".join("".join(o["data"]["text/html"]) for c in notebook["cells"] for o in c.get("outputs", []))
