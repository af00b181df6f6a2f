"""What reading refuses or cleans in hostile extracts, in the words of the dictionary; and what a spreadsheet would run."""

import csv
import io

import pytest

from analisi.errors import AnalisiError
from analisi.reports.files import data_csv, inert
from analisi.tables.catalogo import TABLES
from analisi.tables.reading import leggi
from analisi.tables.schema import CELL_RULES, CELL_WARNINGS
from analisi.vocabulary import load_territorio
from tests.conftest import analisi, write_rows, write_territorio

VOL = TABLES["vol_procedure"]


def register(folder, **changes):
    return write_rows(folder / "vol_procedure.csv", VOL.names, [VOL.example | changes])


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("A\u202ebaba\u202c Srl", "Ababa Srl"),  # marks that turn the direction of writing
        ("Zero\u200blargo\u2060 SpA", "Zerolargo SpA"),
        ("\ufeffAlba\u00ad\u2028 Srl", "Alba Srl"),
        ("Suona\x1b[31m Srl", "Suona[31m Srl"),
    ],
)
def test_characters_that_cannot_be_seen_are_taken_out_and_told(tmp_path, typed, read):
    reading = leggi(register(tmp_path, ragione_sociale=typed))
    assert reading.dati["ragione_sociale"].to_list() == [read]
    assert reading.avvisi.select("colonna", "regola", "gravita").rows() == [("ragione_sociale", "invisibili", "avviso")]
    assert "invisibili" in CELL_WARNINGS
    assert typed[:4] not in reading.messages(reading.avvisi)[0]


@pytest.mark.parametrize("text", ["Rossi\n& figli", "Società «Àlfa» – 1°", "Ditta\u00a0Uno", "日本 Srl", "🏭 Srl"])
def test_every_other_text_stays_as_it_is(tmp_path, text):
    reading = leggi(register(tmp_path, ragione_sociale=text))
    assert (reading.dati["ragione_sociale"].to_list(), reading.avvisi.height) == ([text], 0)


def test_a_cell_of_ten_megabytes_is_rejected_by_its_rule(tmp_path):
    reading = leggi(register(tmp_path, ragione_sociale="x" * 10_000_000))
    assert reading.scarti.select("colonna", "regola").rows() == [("ragione_sociale", "massimo")]
    assert reading.messages() == [
        "vol_procedure.csv, riga 2, colonna ragione_sociale, valore (non riportato: 10000000 caratteri): è un testo di più di 2000 caratteri"
    ]
    assert "massimo" in CELL_RULES


def test_a_report_on_such_a_cell_fails_in_plain_words(tmp_path):
    folder = register(tmp_path / "e", ragione_sociale="x" * 10_000_000).parent
    done = analisi("esegui", "annuale", "--anno", 2025, "--fonte", folder, "--uscita", tmp_path / "r")
    assert done.returncode in (1, 2)
    assert "è un testo di più di 2000 caratteri" in done.stderr
    assert len(done.stderr) < 2_000


def test_null_bytes_are_refused(tmp_path):
    path = register(tmp_path, ragione_sociale="A\x00B")
    with pytest.raises(AnalisiError, match="contiene byte nulli o altri caratteri di controllo: non è un testo CSV; esportarlo di nuovo"):
        leggi(path)


def test_names_of_a_territory_with_such_characters_are_refused(tmp_path):
    with pytest.raises(AnalisiError, match=r"provincia 1: «nome» contiene caratteri che non si vedono"):
        load_territorio(str(write_territorio(tmp_path / "t.toml", {"SO": "Sond\u202erio"})))
    assert load_territorio(str(write_territorio(tmp_path / "u.toml", {"SO": "Sond\u00a0rio"}))).sigle == ["SO"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"), ("+39 02", "'+39 02"), ("- no", "'- no"), ("@A1", "'@A1"), ("\t=1", "'\t'=1"), ("-1+cmd|x!A0", "'-1+cmd|x!A0"), ("a;=1", "a;'=1"),
        ("-3,5%", "-3,5%"), ("+1.234", "+1.234"), ("-", "-"), ("n.c.", "n.c."), ("-1e-05", "-1e-05"), ("a=b", "a=b"), ("", ""),
    ],
)  # fmt: skip
def test_no_text_of_a_data_file_can_run(text, written):
    assert inert(text) == written
    column = {"nome": "a", "etichetta": "A", "formato": "testo", "gruppo": ""}
    assert inert(inert(text)) == inert(text)
    rows = data_csv({"colonne": [column] * 3, "righe": [["x", text, -5.5], ["y", None, 3]]}).decode()
    assert list(csv.reader(io.StringIO(rows, newline=""))) == [["a"] * 3, ["x", written, "-5.5"], ["y", "", "3"]]
