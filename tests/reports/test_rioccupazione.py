"""The report on all provinces: the same figures on every engine, nothing single in it, and what it says when the extracts are wrong."""

import csv
import json
import re
import shutil

import polars as pl
import pytest

from analisi.presentation.rioccupazione import DATI
from analisi.sample.scala import write_scale
from tests.conftest import analisi
from tests.indicators.test_motori import SPARK


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Synthetic extracts of 60.000 communications over the 107 provinces."""
    folder = tmp_path_factory.mktemp("scala") / "e"
    write_scale(folder, 60_000)
    return folder


def made(folder, source, *args):
    done = analisi("esegui", "rioccupazione", "--fonte", source, *args, "--uscita", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def page(source, tmp_path_factory):
    """The report with the engine chosen for each task."""
    return made(tmp_path_factory.mktemp("rioccupazione") / "r", source)


def rows(folder, name):
    with (folder / "dati" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_folder_holds_page_notebook_workbook_and_data(page):
    found = {path.relative_to(page).as_posix() for path in page.rglob("*") if path.is_file()}
    assert found == {f"rioccupazione.{kind}" for kind in ("html", "ipynb", "xlsx")} | {f"dati/{name}.csv" for name in DATI}


@pytest.mark.parametrize("engine", ["polars", "duckdb", pytest.param("spark", marks=SPARK)])
def test_every_engine_gives_the_same_data_files(page, source, tmp_path, engine):
    other = made(tmp_path / "r", source, "--motore", engine)
    for name in DATI:
        assert (other / "dati" / f"{name}.csv").read_bytes() == (page / "dati" / f"{name}.csv").read_bytes(), name
    text = (other / "rioccupazione.html").read_text(encoding="utf-8")
    assert re.search(rf"motore</th>\s*<td[^>]*>{engine}<", text), "la provenienza non dice il motore"
    book = json.loads((other / "rioccupazione.ipynb").read_text(encoding="utf-8"))
    assert [out for cell in book["cells"] for out in cell.get("outputs", []) if out["output_type"] in ("stream", "error")] == []


def test_the_figures_reconcile_with_the_extracts(page, source):
    cob = pl.read_parquet(source / "siul_cob/**/*.parquet", hive_partitioning=True)
    told = {int(row["anno"]): int(row["persone"]) for row in rows(page, "persone")}
    assert told == dict(cob.group_by("anno").agg(pl.col("id_lavoratore").n_unique()).iter_rows())
    listed = pl.read_parquet(source / "cigs_lavoratori/*.parquet")
    whole = {row["finestra"]: row for row in rows(page, "esiti") if (row["base"], row["dimensione"]) == ("sospesi", "TOT")}
    assert {int(row["osservati"]) + int(row["non_osservabili"]) for row in whole.values()} == {listed["id_lavoratore"].n_unique()}
    units = pl.read_parquet(source / "vol_procedure/*.parquet")
    assert sum(int(row["unita_produttive"]) for row in rows(page, "casi") if row["provincia"] == "TOT") == units.height


def test_no_person_company_or_procedure_is_in_any_file(page, source):
    codes = set()
    for table, names in {
        "siul_cob": ["id_lavoratore", "cf_datore", "id_comunicazione"],
        "vol_procedure": ["id_procedura", "codice_fiscale_azienda"],
    }.items():
        frame = pl.read_parquet(source / table / "**/*.parquet")
        codes |= {value for name in names for value in frame[name]}
    for path in page.rglob("*"):
        if path.suffix in (".html", ".csv", ".ipynb"):
            assert not codes & set(re.findall(r"[0-9A-Za-z-]+", path.read_text(encoding="utf-8"))), path
    outputs = [o for c in json.loads((page / "rioccupazione.ipynb").read_text(encoding="utf-8"))["cells"] for o in c.get("outputs", [])]
    assert {kind for o in outputs for kind in o.get("data", {})} <= {"application/vnd.analisi+json", "text/plain", "text/html"}


def test_the_page_says_that_the_data_are_synthetic(page):
    assert "<title>[DATI SINTETICI]" in (page / "rioccupazione.html").read_text(encoding="utf-8")


def test_there_is_no_public_profile(source, tmp_path):
    """Nobody has declared how its small cells are protected: nothing is made, not even aside."""
    done = analisi("esegui", "rioccupazione", "--fonte", source, "--profilo", "pubblico", "--uscita", tmp_path / "r")
    assert (done.returncode, "c'è solo nel profilo interno" in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_a_table_that_is_missing_is_named_before_anything_runs(source, tmp_path):
    shutil.copytree(source, tmp_path / "e")
    shutil.rmtree(tmp_path / "e/cigs_lavoratori")
    done = analisi("esegui", "rioccupazione", "--fonte", tmp_path / "e", "--uscita", tmp_path / "r")
    assert (done.returncode, "non c'è alcun file Parquet di cigs_lavoratori" in done.stderr) == (2, True)


def test_a_column_of_another_type_is_named_with_its_file(source, tmp_path):
    shutil.copytree(source, tmp_path / "e")
    path = next((tmp_path / "e/siul_cob").rglob("*.parquet"))
    pl.read_parquet(path, hive_partitioning=False).with_columns(pl.col("data_inizio").cast(pl.String)).write_parquet(path)
    done = analisi("esegui", "rioccupazione", "--fonte", tmp_path / "e", "--uscita", tmp_path / "r")
    assert (done.returncode, "«data_inizio» è di tipo String, serve Date" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [("--motore", "dukdb", "forse intendevi «duckdb»"), ("--fonte", "mai", "serve un archivio di «analisi archivia», o una cartella Parquet"), ("--data_riferimento", "ieri", "non è una data")],
)  # fmt: skip
def test_a_wrong_value_is_told_before_anything_runs(source, tmp_path, option, value, words):
    given = {"--fonte": source} | {option: value}
    done = analisi("esegui", "rioccupazione", *(word for pair in given.items() for word in pair), "--uscita", tmp_path / "r")
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
