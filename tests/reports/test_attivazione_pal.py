"""The report on PAL activation: its data files, its words, what must never be in it."""

import csv
import json
import re

import openpyxl
import pytest

from analisi.presentation.dati_pal import DATI
from analisi.tables.reading import leggi
from tests.conftest import analisi

COLUMNS_FIXED = {
    "passi": "trimestre provincia passo lavoratori quota",
    "tassi": "trimestre provincia base attivati lavoratori tasso inf95 sup95 unita procedure",
}


def rows(folder, name):
    with (folder / "dati" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_folder_holds_page_notebook_workbook_and_data(pal_report):
    found = {path.relative_to(pal_report).as_posix() for path in pal_report.rglob("*") if path.is_file()}
    assert found == {f"attivazione_pal.{kind}" for kind in ("html", "ipynb", "xlsx")} | {f"dati/{name}.csv" for name in DATI}


@pytest.mark.parametrize("name", COLUMNS_FIXED)
def test_data_files_keep_their_columns(pal_report, name):
    assert list(rows(pal_report, name)[0]) == COLUMNS_FIXED[name].split()


def test_exclusive_steps_add_up_to_the_base_in_every_territory(pal_report):
    totals = {
        row["provincia"]: int(row["lavoratori"])
        for row in rows(pal_report, "tassi")
        if (row["trimestre"], row["base"]) == ("2025-T4", "tutti")
    }
    sums: dict[str, int] = {}
    for row in rows(pal_report, "passi"):
        sums[row["provincia"]] = sums.get(row["provincia"], 0) + int(row["lavoratori"])
    assert sums == totals
    assert totals["TOT"] == 4377


def test_the_rate_of_the_region_is_the_printed_one_with_its_base(pal_report, published):
    printed = published.attivazione.row(0, named=True)
    row = next(r for r in rows(pal_report, "tassi") if (r["trimestre"], r["provincia"], r["base"]) == ("2025-T4", "TOT", "tutti"))
    assert int(row["lavoratori"]) == printed["lavoratori_base"]
    assert round(float(row["tasso"])) == printed["quota_attivati_pct"]
    assert float(row["inf95"]) < float(row["tasso"]) < float(row["sup95"])


def test_the_page_says_synthetic_in_its_title_its_header_and_its_workbook(pal_report):
    page = (pal_report / "attivazione_pal.html").read_text(encoding="utf-8")
    assert "<title>[DATI SINTETICI]" in page
    assert "non descrivono persone" in page
    assert (
        "SINTETIC"
        in str(
            [[c.value for c in r] for r in openpyxl.load_workbook(pal_report / "attivazione_pal.xlsx").worksheets[0].iter_rows()]
        ).upper()
    )


def test_no_person_and_no_company_is_in_any_file(pal_report, sample):
    companies = set(leggi(sample / "vol_procedure.csv").dati["ragione_sociale"])
    codes = set(leggi(sample / "vol_procedure.csv").dati["codice_fiscale_azienda"])
    workers = set(leggi(sample / "cigs_lavoratori.csv").dati["id_lavoratore"].head(3000))
    for path in pal_report.rglob("*"):
        if path.suffix in (".html", ".csv", ".ipynb"):
            text = path.read_text(encoding="utf-8")
            assert not any(name in text for name in companies | codes)
            assert not workers & set(re.findall(r"[0-9a-f]{32}", text))


def test_the_page_is_the_same_byte_for_byte_from_elsewhere(pal_report, sample, tmp_path):
    env = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "7"}
    done = analisi("esegui", "attivazione_pal", "--fonte", sample, "--uscita", tmp_path / "r", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    for name in ("attivazione_pal.html", "attivazione_pal.xlsx", *(f"dati/{name}.csv" for name in DATI)):
        assert (tmp_path / "r" / name).read_bytes() == (pal_report / name).read_bytes(), name


@pytest.mark.parametrize(("args", "said"), [
    (["--trimestre", "2025-T9"], "forse intendevi"), (["--provincia", "Atlantide"], "non è del territorio"), (["--fonte", "data/pubblicati"], "non c'è alcun file della tabella vol_procedure"),
])  # fmt: skip
def test_a_wrong_parameter_is_told_before_anything_starts(sample, tmp_path, args, said):
    done = analisi("esegui", "attivazione_pal", *(["--fonte", sample] if "--fonte" not in args else []), *args, "--uscita", tmp_path / "r")
    assert (done.returncode, said in done.stderr, (tmp_path / "r").exists()) == (2, True, False)


def test_a_provincia_of_one_procedure_gets_no_interval_and_says_why(sample, tmp_path):
    done = analisi("esegui", "attivazione_pal", "--fonte", sample, "--provincia", "Cremona", "--uscita", tmp_path / "r")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "r" / "attivazione_pal.html").read_text(encoding="utf-8")
    assert "una sola procedura: un intervallo non si può calcolare" in page
    assert {row["provincia"] for row in rows(tmp_path / "r", "flusso")} <= {"CR"}


def test_the_executed_notebook_shows_no_frame_of_workers(pal_report):
    notebook = json.loads((pal_report / "attivazione_pal.ipynb").read_text(encoding="utf-8"))
    kinds = {kind for cell in notebook["cells"] for output in cell.get("outputs", []) for kind in output.get("data", {})}
    assert kinds <= {"application/vnd.analisi+json", "text/plain", "text/html"}
