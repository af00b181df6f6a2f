"""The annual report as published: its files, and that the same inputs give the same bytes."""

import base64
import csv
import hashlib
import html
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import openpyxl
import pytest

from analisi.indicators.casi_gestiti import provincial_table
from analisi.presentation.blocks import MIME
from analisi.presentation.dati_annuale import DATI

COLUMNS_FIXED = {
    "tavola_provinciale": "anno provincia procedura unita_produttive peso_unita lavoratori peso_lavoratori",
    "confronto_provinciale": "provincia procedura unita_produttive unita_produttive_confronto lavoratori lavoratori_confronto "
    "variazione_lavoratori variazione_lavoratori_pct contributo_pp peso_lavoratori variazione_peso_pp",
    "scomposizione": "provincia procedura effetto_numero effetto_dimensione",
    "solidita": "provincia procedura rapporto_unita inf95 sup95 p p_bh",
}


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "dati" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_folder_holds_page_notebook_workbook_and_data(report):
    found = {path.relative_to(report).as_posix() for path in report.rglob("*") if path.is_file()}
    assert found == {"annuale.html", "annuale.ipynb", "annuale.xlsx"} | {f"dati/{name}.csv" for name in DATI}


@pytest.mark.parametrize("name", COLUMNS_FIXED)
def test_data_files_keep_their_columns(report, name):
    columns = COLUMNS_FIXED[name].split()
    assert list(rows(report, name)[0])[: len(columns)] == columns


def test_data_are_unrounded_with_totals(report, published):
    expected = provincial_table(published.casi).row(by_predicate=_is(2025, "CO", "cigs_ministeriale"), named=True)
    result = {(r["anno"], r["provincia"], r["procedura"]): r for r in rows(report, "tavola_provinciale")}
    assert float(result["2025", "CO", "cigs_ministeriale"]["peso_lavoratori"]) == expected["peso_lavoratori"]
    assert result["2025", "TOT", "totale"]["lavoratori"] == "11800"
    assert len(result) == 2 * 13 * 4


def _is(anno: int, provincia: str, procedura: str):
    import polars as pl

    return (pl.col("anno") == anno) & (pl.col("provincia") == provincia) & (pl.col("procedura") == procedura)


def test_a_blank_is_empty_in_the_data_and_a_zero_is_zero(report):
    result = {(r["anno"], r["provincia"], r["procedura"]): r for r in rows(report, "tavola_provinciale")}
    assert result["2024", "CR", "cigs_regionale"]["lavoratori"] == ""
    assert result["2024", "LO", "cigs_ministeriale"]["lavoratori"] == "0"


def test_contributions_add_up_to_the_change_of_the_region(report):
    total = [r for r in rows(report, "confronto_provinciale") if r["procedura"] == "totale"]
    region = next(r for r in total if r["provincia"] == "TOT")
    assert sum(float(r["contributo_pp"]) for r in total if r["provincia"] != "TOT") == pytest.approx(
        float(region["variazione_lavoratori_pct"])
    )


@pytest.mark.parametrize("kind", ["html", "xlsx", "csv"])
def test_two_runs_give_the_same_bytes(report, report_again, kind):
    files = sorted(path.relative_to(report) for path in report.rglob(f"*.{kind}"))
    assert files
    assert [name for name in files if (report / name).read_bytes() != (report_again / name).read_bytes()] == []


def test_the_page_is_light_italian_and_self_contained(report):
    page = (report / "annuale.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 400_000
    assert '<html lang="it">' in page
    assert re.findall(r"""(?:src|href)=["'](?!#|dati/|annuale\.|data:)[^"']*""", page) == []
    assert re.findall(r"url\((?!#)", page) == []
    assert page.count("<script>") == 1


def test_the_policy_forbids_all_but_the_page_itself(report):
    page = (report / "annuale.html").read_text(encoding="utf-8")
    script = re.search(r"<script>(.*?)</script>", page, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    meta = re.search(r"<meta [^>]*Content-Security-Policy[^>]*>", page)[0]
    policy = html.unescape(re.search(r'content="([^"]*)"', meta)[1])
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_the_page_shows_no_code(report):
    page = (report / "annuale.html").read_text(encoding="utf-8")
    assert not re.search(r"import polars|read_fonte|pagina\.|In \[\d", page)


@pytest.mark.parametrize("name", ["annuale.html", "annuale.ipynb", "annuale.xlsx"])
def test_nothing_tells_the_machine_it_was_made_on(report, workspace, name):
    path = report / name
    data = path.read_bytes()
    if name.endswith("xlsx"):
        with zipfile.ZipFile(path) as book:
            data = b"".join(map(book.read, book.namelist()))
    for secret in (str(Path.home()), str(workspace), str(report)):
        assert secret.encode() not in data


def test_the_workbook_has_a_cover_and_a_sheet_per_table(report):
    book = openpyxl.load_workbook(report / "annuale.xlsx")
    assert book.sheetnames == ["Copertina", "Tavola 2024", "Tavola 2025", "Confronto", *DATI]
    sheet = book["Tavola 2025"]
    total = [cell for cell in sheet[sheet.max_row] if cell.value is not None]
    found = next(row for row in sheet.iter_rows() if row[0].value == "TOT")
    assert (found[3].value, found[3].number_format) == (4377, "#,##0")
    assert total
    listed = {cell.value for cell in book["Copertina"]["A"]}
    assert set(book.sheetnames[1:]) <= listed


def test_no_cell_of_the_workbook_is_a_formula(report):
    book = openpyxl.load_workbook(report / "annuale.xlsx")
    assert [cell.coordinate for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"] == []


def test_the_executed_notebook_keeps_parameters_and_shows_its_pictures(report):
    notebook = nbformat.read(report / "annuale.ipynb", as_version=4)
    nbformat.validate(notebook)
    shown = [output["data"] for cell in notebook.cells for output in cell.get("outputs", []) if MIME in output.get("data", {})]
    assert sum("<svg" in data["text/html"] for data in shown) == 6
    assert "papermill" in notebook.metadata


def test_another_region_and_other_years_need_no_change_of_code(region_report):
    page = (region_report / "annuale.html").read_text(encoding="utf-8")
    assert "Anno 2033 a confronto con il 2031 · Isolana" in page
    assert "Colle d&#39;Oro" in page
    assert "Fosso &lt;b&gt;" in page
    assert "Fosso <b>" not in page
    assert "Lombardia" not in page
    shown = re.sub(r"<(style|script)>.*?</\1>|<table.*?Dati letti.*?</table>|[a-z_/]+\.csv|<[^>]*>", " ", page, flags=re.S)
    assert re.findall(r"(?i).{20}\bprovinc\w+", shown) == []
    assert not re.search(r"202[45]", re.sub(r"<style>.*?</style>|sha256.*?</table>", "", page, flags=re.S))
    assert {r["anno"] for r in rows(region_report, "tavola_provinciale")} == {"2030", "2031", "2033"}


def test_synthetic_figures_are_labelled_wherever_they_show(region_report):
    page = (region_report / "annuale.html").read_text(encoding="utf-8")
    assert "DATI SINTETICI" in re.search(r"<title>.*?</title>", page)[0]
    assert page.count("DATI SINTETICI") >= 2
    cover = openpyxl.load_workbook(region_report / "annuale.xlsx")["Copertina"]
    assert any("DATI SINTETICI" in str(cell.value) for row in cover.iter_rows() for cell in row)


def test_a_region_of_one_county_has_its_report_without_map(single_report):
    page = (single_report / "annuale.html").read_text(encoding="utf-8")
    assert "Mappa schematica" not in page
    assert rows(single_report, "concentrazione")[0]["herfindahl"] == "1.0"
    assert not re.search(r"\b(nan|inf|None|null|undefined)\b", re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.S))


def test_papermill_and_nbconvert_alone_give_the_same_page(report, workspace, tmp_path):
    python = [sys.executable, "-m"]
    papermill = [
        *python,
        "papermill",
        str(workspace / "notebooks/annuale.ipynb"),
        "annuale.ipynb",
        "-p",
        "anno",
        "2025",
        "--no-progress-bar",
    ]
    subprocess.run(papermill, cwd=tmp_path, check=True, capture_output=True)
    subprocess.run([*python, "nbconvert", "--to", "analisi", "annuale.ipynb"], cwd=tmp_path, check=True, capture_output=True)
    for name in ("annuale.html", "annuale.xlsx", *(f"dati/{name}.csv" for name in DATI)):
        assert (tmp_path / name).read_bytes() == (report / name).read_bytes(), name


def test_a_notebook_that_was_not_run_is_not_published(workspace, tmp_path):
    command = [
        sys.executable,
        "-m",
        "nbconvert",
        "--to",
        "analisi",
        "--output-dir",
        str(tmp_path),
        str(workspace / "notebooks/annuale.ipynb"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")
    assert done.returncode != 0
    assert "cella 2: non eseguita" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_page_names_inputs_hashes_and_parameters(report, workspace):
    page = (report / "annuale.html").read_text(encoding="utf-8")
    from analisi.reports.provenance import sha256

    assert sha256(workspace / "data/pubblicati/casi_gestiti.csv") in page
    assert "Parametro: confronto" in page


def test_the_executed_notebook_is_json_that_names_its_kernel(report):
    assert json.loads((report / "annuale.ipynb").read_text(encoding="utf-8"))["metadata"]["kernelspec"]["name"] == "python3"
