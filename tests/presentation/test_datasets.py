"""Data files: declared columns in order, shares from 0 to 100, days as ISO, single cases for the internal profile only."""

from datetime import date

import polars as pl
import pytest

from analisi.errors import AnalisiError
from analisi.presentation.blocks import Col, reserved, table, tags
from analisi.presentation.datasets import DataFile, data_blocks

FILES = {
    "tassi": DataFile("Tassi", "una provincia", {"provincia": ("Territorio", "testo", "sigla"), "tasso": ("Tasso %", "quota", "quota")}),
    "casi": DataFile("Casi", "una procedura", {"id": ("Procedura", "testo", "numero"), "dal": ("Dal", "testo", "giorno")}, cases=True),
}
FRAMES = {
    "tassi": pl.DataFrame({"tasso": [0.125, None], "altro": [1, 2], "provincia": ["CO", "LC"]}),
    "casi": pl.DataFrame({"id": ["P1"], "dal": [date(2025, 1, 31)]}),
}


def test_columns_are_the_declared_ones_and_shares_go_to_100():
    payload = data_blocks(FILES, FRAMES, source="prova")[0].payload
    assert [column["nome"] for column in payload["colonne"]] == ["provincia", "tasso"]
    assert [column["formato"] for column in payload["colonne"]] == ["testo", "decimale"]
    assert payload["righe"] == [["CO", 12.5], ["LC", None]]


def test_days_are_iso():
    assert data_blocks(FILES, FRAMES, source="prova")[1].payload["righe"] == [["P1", "2025-01-31"]]


def test_only_the_internal_profile_has_files_on_single_cases():
    found = {
        profilo: [b.payload["nome"] for b in data_blocks(FILES, FRAMES, source="", profilo=profilo)] for profilo in ("interno", "pubblico")
    }
    assert found == {"interno": ["tassi", "casi"], "pubblico": ["tassi"]}


def test_a_missing_column_is_told():
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        data_blocks(FILES, {"tassi": FRAMES["tassi"].drop("tasso")}, source="")


def test_a_share_in_a_table_goes_to_100_too():
    assert table(FRAMES["tassi"], [Col("tasso", "Tasso %", "quota")], title="T").payload["righe"] == [[12.5], [None]]


def test_an_unknown_format_is_told():
    with pytest.raises(AnalisiError, match="sconosciuto"):
        Col("tasso", "Tasso", "quote")


def test_a_page_says_for_whom_it_is():
    assert (tags("interno"), tags("pubblico")) == (["Profilo interno"], ["Profilo pubblico"])
    assert "solo nel profilo interno" in reserved("L'elenco").payload["frasi"][0]
