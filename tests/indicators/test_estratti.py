"""A folder of extracts read whole: what is there, what is missing, what was rejected; no pseudonym in an error."""

import shutil
from datetime import date

import polars as pl
import pytest

from analisi.errors import AnalisiError
from analisi.indicators.estratti import read_estratti
from analisi.tables.catalogo import ESTRATTI, TABLES
from tests.conftest import write_rows


def one(name: str, **cells: str) -> dict[str, str]:
    return TABLES[name].example | cells


@pytest.fixture
def folder(tmp_path):
    write_rows(tmp_path / "vol_procedure.csv", list(TABLES["vol_procedure"].names), [one("vol_procedure")])
    return tmp_path


def test_every_table_of_the_sample_is_there(sample):
    found = read_estratti(str(sample))
    assert found.presenti == {table.name for table in ESTRATTI}
    assert (found.sintetica, found.rilievi, found.estrazione) == (True, (), date(2026, 3, 31))
    assert found.monitoraggio.trimestri[-1] == "2025-T4"


def test_a_table_without_a_file_has_its_columns_and_no_rows(folder):
    found = read_estratti(str(folder))
    assert found.tabelle["misure"].is_empty()
    assert found.tabelle["misure"].schema == TABLES["misure"].schema
    assert found.monitoraggio is None
    with pytest.raises(AnalisiError, match="alcun file di misure e siul_cob"):
        found.require("vol_procedure", "misure", "siul_cob")


def test_a_folder_without_the_register_is_refused(tmp_path):
    write_rows(tmp_path / "misure.csv", list(TABLES["misure"].names), [one("misure")])
    with pytest.raises(AnalisiError, match="tabella vol_procedure"):
        read_estratti(str(tmp_path))


def test_a_rejected_row_of_the_register_stops_the_report(folder):
    write_rows(folder / "vol_procedure.csv", list(TABLES["vol_procedure"].names), [one("vol_procedure", lavoratori_coinvolti="molti")])
    with pytest.raises(AnalisiError, match="lavoratori_coinvolti"):
        read_estratti(str(folder))


def test_a_rejected_row_of_another_table_is_a_finding(folder):
    rows = [one("misure"), one("misure", id_domanda="2", stato="BOH")]
    write_rows(folder / "misure.csv", list(TABLES["misure"].names), rows)
    found = read_estratti(str(folder))
    assert found.tabelle["misure"].height == 1
    assert [text for text in found.rilievi if "1 riga scartata su 2" in text] == list(found.rilievi)


def test_of_two_extracts_the_latest_counts(folder, tmp_path):
    rows = [one("vol_procedure", lavoratori_coinvolti="50", data_estrazione="31/01/2026")]
    write_rows(folder / "vol_procedure-gennaio.csv", list(TABLES["vol_procedure"].names), rows)
    later = [one("vol_procedure", data_estrazione="28/02/2026")]
    write_rows(folder / "vol_procedure.csv", list(TABLES["vol_procedure"].names), later)
    found = read_estratti(str(folder))
    assert found.vol["lavoratori_coinvolti"].to_list() == [65]
    assert found.estrazione == date(2026, 2, 28)


def test_two_undated_extracts_that_disagree_name_no_worker(folder):
    worker = one("misure")["id_lavoratore"]
    for n, stato in enumerate(("AVVIATA", "CONCLUSA")):
        write_rows(folder / f"misure-{n}.csv", list(TABLES["misure"].names), [one("misure", stato=stato, data_estrazione="")])
    with pytest.raises(AnalisiError, match="contenuti diversi") as error:
        read_estratti(str(folder))
    assert worker not in str(error.value)
    assert one("misure")["id_domanda"] in str(error.value)


def test_sheets_that_cannot_be_used_are_told_and_the_rest_goes_on(sample, tmp_path):
    shutil.copy(sample / "vol_procedure.csv", tmp_path)
    shutil.copytree(sample / "monitoraggio_pal" / "2025-T1", tmp_path / "2024-T1")
    found = read_estratti(str(tmp_path))
    assert found.monitoraggio is None
    assert any("nessuna riga" in text for text in found.rilievi)
    assert isinstance(found.vol, pl.DataFrame)
