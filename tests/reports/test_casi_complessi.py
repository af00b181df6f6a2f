"""The dashboard of complex cases: its data files, its words, and that it is for the internal profile alone."""

import csv
import json
import re
import zipfile
from datetime import date

import altair as alt
import polars as pl
import pytest
from altair.utils.schemapi import validate_jsonschema

from analisi.indicators.complessita import is_alive
from analisi.presentation.blocks import MIME
from analisi.presentation.dati_complessi import DATI
from analisi.presentation.riservatezza import has_public
from analisi.tables.catalogo import VOL_PROCEDURE
from analisi.tables.delivery import in_force
from analisi.tables.reading import leggi
from tests.conftest import analisi, write_rows, write_territorio

DAY = date(2025, 7, 10)  # a day with open dismissals, pending exams and open actions


def run(folder, sample, *args: object):
    done = analisi("esegui", "casi_complessi", "--fonte", sample, *args, "--uscita", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def internal(sample, tmp_path_factory):
    return run(tmp_path_factory.mktemp("complessi") / "interno", sample, "--data_riferimento", DAY)


@pytest.fixture(scope="module")
def register(sample) -> pl.DataFrame:
    return leggi(sample / "vol_procedure.csv").dati


def rows(folder, name):
    with (folder / "dati" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def page(folder) -> str:
    return (folder / "casi_complessi.html").read_text(encoding="utf-8")


def contents(folder):
    """Every published file as text, workbooks unpacked."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                yield from ((f"{path.name}/{name}", book.read(name).decode("utf-8")) for name in book.namelist())
        else:
            yield path.name, path.read_text(encoding="utf-8")


def test_the_folder_holds_page_notebook_workbook_and_data(internal):
    found = {path.relative_to(internal).as_posix() for path in internal.rglob("*") if path.is_file()}
    assert found == {f"casi_complessi.{kind}" for kind in ("html", "ipynb", "xlsx")} | {f"dati/{name}.csv" for name in DATI}


def test_data_files_have_the_declared_columns(internal):
    for name, file in DATI.items():
        assert list(rows(internal, name)[0]) == list(file.columns), name


def test_contributions_add_up_to_each_score_and_classes_to_the_cases(internal):
    sums: dict[str, float] = {}
    for row in rows(internal, "contributi"):
        sums[row["id_procedura"]] = sums.get(row["id_procedura"], 0.0) + float(row["punti"] or 0)
    cases = {row["id_procedura"]: row for row in rows(internal, "casi")}
    assert sums.keys() == cases.keys()
    assert all(float(row["punteggio"]) == pytest.approx(sums[name]) for name, row in cases.items())
    assert all(float(row["minimo"]) <= float(row["punteggio"]) + 1e-9 for row in cases.values())
    total = [row for row in rows(internal, "riepilogo") if row["provincia"] == "TOT"]
    for aspect in ("casi", "classe", "criterio", "registro"):
        assert sum(int(row["casi"]) for row in total if row["aspetto"] == aspect) == len(cases), aspect


def test_cases_and_workers_are_those_alive_in_the_register(internal, register):
    alive = in_force(register).filter(is_alive(DAY))
    cases = rows(internal, "casi")
    assert {row["id_procedura"] for row in cases} == set(alive["id_procedura"])
    assert sum(int(row["lavoratori"]) for row in cases) == alive["lavoratori_coinvolti"].sum()
    assert {row["tipo_procedura"] for row in cases} == {"CIGS", "LIC"}


def test_changes_reconcile_the_cases_of_the_two_days(internal, register):
    before = in_force(register).filter(is_alive(date(2025, 5, 11)))["id_procedura"].n_unique()  # 60 days before
    moves = [row["movimento"] for row in rows(internal, "variazioni")]
    assert before - moves.count("uscito") + moves.count("entrato") == len(rows(internal, "casi"))


def test_decisions_are_within_the_window_and_sorted_with_a_role(internal):
    found = rows(internal, "decisioni")
    left = [int(row["giorni_mancanti"]) for row in found if row["giorno"]]
    assert left == sorted(left)
    assert max(left) <= 30
    assert min(left) < 0
    assert {row["tipo"] for row in found} >= {"scadenza", "esame_lic", "tavolo", "attivazione"}
    assert all(row["ruolo"] for row in found)


def test_every_number_of_the_tables_is_in_a_data_file(internal):
    def known(text: str) -> bool:
        return re.fullmatch(r"-?\d+(\.\d+)?(e-\d+)?", text) is not None

    held = {round(float(cell), 6) for name in DATI for row in rows(internal, name) for cell in row.values() if known(cell)}
    shown = {round(float(value), 6) for value in re.findall(r'data-v="([^"]+)"', page(internal)) if known(value)}
    assert shown - held - {0.0} == set()


def test_the_page_names_companies_but_no_file_of_data_does(internal, register):
    names, codes = set(register["ragione_sociale"]), set(register["codice_fiscale_azienda"])
    assert any(name in page(internal) for name in names)
    for name, text in contents(internal):
        assert not any(code in text for code in codes), name
        if name.endswith(".csv"):
            assert not any(company in text for company in names), name


def test_no_worker_is_in_any_file(internal, sample):
    workers = set(leggi(sample / "cigs_lavoratori.csv").dati["id_lavoratore"])
    for name, text in contents(internal):
        assert not workers & set(re.findall(r"[0-9a-f]{32}", text)), name


def test_there_is_no_page_for_other_readers(sample, tmp_path):
    done = analisi("esegui", "casi_complessi", "--fonte", sample, "--profilo", "pubblico", "--uscita", tmp_path / "r")
    assert (done.returncode != 0, "c'è solo nel profilo interno" in done.stderr, (tmp_path / "r").exists()) == (True, True, False)
    assert not has_public("casi_complessi")


def test_the_executed_notebook_shows_no_frame(internal):
    notebook = json.loads((internal / "casi_complessi.ipynb").read_text(encoding="utf-8"))
    kinds = {kind for cell in notebook["cells"] for output in cell.get("outputs", []) for kind in output.get("data", {})}
    assert kinds <= {MIME, "text/plain", "text/html"}


def test_every_spec_is_valid(internal):
    notebook = json.loads((internal / "casi_complessi.ipynb").read_text(encoding="utf-8"))
    blocks = [o["data"][MIME] for cell in notebook["cells"] for o in cell.get("outputs", []) if MIME in o.get("data", {})]
    specs = [panel["spec"] for block in blocks for panel in block.get("pannelli", [])]
    assert len(specs) == 5
    for spec in specs:
        validate_jsonschema(spec, alt.load_schema())


def test_the_page_is_the_same_byte_for_byte_from_elsewhere(internal, sample, tmp_path):
    env = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "7"}
    done = analisi(
        "esegui", "casi_complessi", "--fonte", sample, "--data_riferimento", DAY, "--uscita", tmp_path / "r", cwd=tmp_path, env=env
    )
    assert done.returncode == 0, done.stderr
    for name in ("casi_complessi.html", "casi_complessi.xlsx", *(f"dati/{name}.csv" for name in DATI)):
        assert (tmp_path / "r" / name).read_bytes() == (internal / name).read_bytes(), name


def test_a_provincia_tells_its_own_part_of_each_case(sample, tmp_path):
    folder = run(tmp_path / "r", sample, "--provincia", "Como", "--primi", 3)
    cases = rows(folder, "casi")
    assert all("CO" in row["territori"].split(", ") for row in cases)
    assert any(int(row["lavoratori_qui"]) < int(row["lavoratori"]) for row in cases)
    assert {row["provincia"] for row in rows(folder, "riepilogo")} == {"CO"}
    assert {row["id_procedura"] for row in rows(folder, "cronologia")} == {row["id_procedura"] for row in cases[:3]}


def test_a_day_without_cases_gets_sentences(sample, tmp_path):
    folder = run(tmp_path / "r", sample, "--data_riferimento", "2024-01-20", "--provincia", "Sondrio")
    assert "nessun caso in corso" in page(folder)
    assert rows(folder, "casi") == []


def test_a_day_before_the_register_is_refused(sample, tmp_path):
    done = analisi("esegui", "casi_complessi", "--fonte", sample, "--data_riferimento", "2020-01-01", "--uscita", tmp_path / "r")
    assert "il registro non dice nulla" in done.stderr
    assert not (tmp_path / "r").exists()


def test_a_day_after_the_extraction_is_told(sample, tmp_path):
    folder = run(tmp_path / "r", sample, "--data_riferimento", "2026-06-30")
    assert "è dopo l&#39;estrazione del 31/03/2026" in page(folder)


def test_another_territory_with_the_register_alone(tmp_path):
    write_territorio(tmp_path / "isola.toml", {"I1": "Alba", "I2": "Borgo"})
    base = {
        "id_procedura": "CIGS-1", "id_unita": "CIGS-1-1", "progressivo_versione": "1", "tipo_procedura": "CIGS", "competenza": "MINISTERIALE",
        "tipologia_linee_guida": "A", "causale": "CRISI", "obbligo_pal": "S", "codice_fiscale_azienda": "01234560975",
        "ragione_sociale": "Rossi Meccanica SpA", "comune_istat": "097042", "sigla_provincia": "I1", "lavoratori_coinvolti": "60",
        "data_apertura": "03/02/2025", "data_accordo": "25/02/2025", "esito_fase": "ACCORDO", "data_inizio": "01/03/2025",
        "data_fine": "28/02/2026", "anno_riferimento": "2025", "stato": "IN_CORSO", "data_estrazione": "30/06/2025",
    }  # fmt: skip
    other = base | {"id_unita": "CIGS-1-2", "sigla_provincia": "I2", "lavoratori_coinvolti": "40"}
    write_rows(tmp_path / "dati" / "vol_procedure.csv", list(VOL_PROCEDURE.names), [base, other])
    folder = run(tmp_path / "r", tmp_path / "dati", "--territorio", tmp_path / "isola.toml")
    # workers 100: (100 - 50) / 200 of 25; two counties: 1 / 2 of 10; two sites: 1 / 4 of 5; activation (15) unknown: 12.5 / 85 in all
    (case,) = rows(folder, "casi")
    assert float(case["punteggio"]) == pytest.approx(100 * (6.25 + 5 + 1.25) / 85)
    text = page(folder)
    assert "2 contee" in text
    assert "Manca il registro dei tavoli" in text
    assert "Mancano i fogli dei Nuclei" in text
    assert "Nessun foglio del Nucleo: 1 caso." in text


@pytest.mark.parametrize(("args", "said"), [
    (["--provincia", "Atlantide"], "non è del territorio"), (["--data_riferimento", "31/03/2026"], "aaaa-mm-gg"), (["--primi", "0"], "deve essere da 1 a"),
    (["--confronto_giorni", "0"], "deve essere da 1 a"),
])  # fmt: skip
def test_a_wrong_parameter_is_told_and_nothing_is_published(sample, tmp_path, args, said):
    done = analisi("esegui", "casi_complessi", "--fonte", sample, *args, "--uscita", tmp_path / "r")
    assert (done.returncode != 0, said in done.stderr, (tmp_path / "r" / "casi_complessi.html").exists()) == (True, True, False)
