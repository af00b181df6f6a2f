"""The commands on extracts, as an analyst types them."""

import json
import shutil

import openpyxl
import pytest

from analisi.tables.catalogo import ESTRATTI, MONITORAGGIO_PAL, VOL_PROCEDURE
from tests.conftest import analisi, write_rows

GOOD = MONITORAGGIO_PAL.example
BAD = GOOD | {"id_unita": "U-2", "lavoratori_sospesi": "70"}


@pytest.fixture
def sheet(tmp_path):
    return write_rows(tmp_path / "LC.csv", MONITORAGGIO_PAL.names, [GOOD, BAD])


def test_a_clean_file_exits_0_and_says_so(tmp_path):
    done = analisi("controlla", write_rows(tmp_path / "LC.csv", MONITORAGGIO_PAL.names, [GOOD]))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Righe: 1 = 1 accettate + 0 scartate" in done.stdout
    assert "monitoraggio_pal, riconosciuta dalle intestazioni" in done.stdout
    assert "Errori: nessuno" in done.stdout


def test_rejects_exit_1_and_are_told_by_rule_with_examples(sheet):
    done = analisi("controlla", sheet, "--tabella", "monitoraggio_pal")
    assert done.returncode == 1
    assert "Righe: 2 = 1 accettate + 1 scartate" in done.stdout
    assert "lavoratori_sospesi [somma_dei_passi], 1 riga: non è la somma" in done.stdout
    assert "riga 3 «70»" in done.stdout


@pytest.mark.parametrize(
    ("content", "args", "said"),
    [(b"PK\x03\x04", [], "danneggiato"), (b"a;b\n1;2\n", [], "nessuna tabella"), (b"a;b\n1;2\n", ["--tabella", "misur"], "forse intendevi «misure»"),
     (b"a;b\n1;2\n", ["--tabella", "misure"], "analisi mappa"), (b"a;b\n", ["--mappatura", "manca.toml"], "non c'è"), (b"a;b\n", ["--scarti", "x.csv"], ".xlsx")],
)  # fmt: skip
def test_what_cannot_be_used_exits_2_with_one_line(tmp_path, content, args, said):
    path = tmp_path / "x.csv"
    path.write_bytes(content if b".csv" not in b"".join(a.encode() for a in args) else b"")
    done = analisi("controlla", path, *args, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    if args[:1] != ["--scarti"]:
        assert said in done.stderr


def test_the_json_has_counts_rules_and_every_fault(sheet):
    data = json.loads(analisi("controlla", sheet, "--json").stdout)["file"][0]
    assert data["conteggio"] == {"righe": 2, "accettate": 1, "scartate": 1, "totali": 0, "vuote": 0}
    assert [(fault["regola"], fault["righe"]) for fault in data["errori"]] == [("somma_dei_passi", 1)]
    assert [(fault["riga"], fault["colonna"]) for fault in data["difetti"]] == [(3, "lavoratori_sospesi")]


def test_the_workbook_of_rejects_marks_the_faulty_cells(sheet, tmp_path):
    before = sheet.read_bytes()
    done = analisi("controlla", sheet, "--scarti", tmp_path / "scarti.xlsx")
    assert done.returncode == 1
    book = openpyxl.load_workbook(tmp_path / "scarti.xlsx")
    marked = [cell.coordinate for sheet in book.worksheets[1:] for row in sheet.iter_rows() for cell in row if cell.comment]
    assert marked == ["F3"]
    assert sheet.read_bytes() == before
    again = analisi("controlla", sheet, "--scarti", tmp_path / "scarti.xlsx")
    assert (again.returncode, "--sovrascrivi" in again.stderr) == (2, True)


def test_a_folder_is_checked_with_the_rules_between_its_tables(tmp_path):
    write_rows(tmp_path / "d" / "vol_procedure.csv", VOL_PROCEDURE.names, [VOL_PROCEDURE.example])
    write_rows(tmp_path / "d" / "LC" / "foglio.csv", MONITORAGGIO_PAL.names, [GOOD | {"id_procedura": "IGNOTA"}])
    done = analisi("controlla", tmp_path / "d")
    assert done.returncode == 1
    assert "LC/foglio.csv" in done.stdout
    assert "procedura_esiste" in done.stdout
    assert "In tutto: 2 file, 1 senza scarti; 2 righe, 1 accettate, 1 scartate." in done.stdout
    assert analisi("controlla", tmp_path / "d", "--scarti", tmp_path / "s.xlsx").returncode == 2


def test_earlier_extracts_raise_doubts(tmp_path, sheet):
    shutil.copy(sheet, tmp_path / "nuovo.csv")
    done = analisi("controlla", tmp_path / "nuovo.csv", "--precedente", sheet)
    assert "byte per byte" in done.stdout


@pytest.mark.parametrize("table", ESTRATTI, ids=[table.name for table in ESTRATTI])
def test_a_form_filled_with_the_example_is_read_back_clean(tmp_path, table):
    path = tmp_path / "modulo.xlsx"
    assert analisi("modello", table.name, path).returncode == 0
    book = openpyxl.load_workbook(path)
    for position, column in enumerate(table.columns, start=1):
        if column.example:
            book["Dati"].cell(5, position).value = column.example
    book.save(path)
    done = analisi("controlla", path, "--tabella", table.name)
    assert (done.returncode, "Righe: 1 = 1 accettate + 0 scartate" in done.stdout) == (0, True), done.stdout + done.stderr


def test_a_form_is_never_written_over(tmp_path):
    path = tmp_path / "m.xlsx"
    path.write_bytes(b"compilato")
    done = analisi("modello", "misure", path)
    assert (done.returncode, path.read_bytes()) == (2, b"compilato")
    assert analisi("modello", "misre", tmp_path / "n.xlsx").stderr.count("forse intendevi «misure»") == 1


def test_a_mapping_is_started_and_not_written_over(tmp_path):
    source = write_rows(tmp_path / "estratto.csv", ["Num. procedura", *VOL_PROCEDURE.names[1:]], [VOL_PROCEDURE.example])
    args = ("mappa", source, "--tabella", "vol_procedure", "--uscita", tmp_path / "m.toml")
    assert analisi(*args).returncode == 0
    assert "[ipotesi]" in (tmp_path / "m.toml").read_text(encoding="utf-8")
    assert analisi(*args).returncode == 2


def test_key_and_pseudonyms_from_the_command_line(tmp_path):
    from stdnum.it.codicefiscale import calc_check_digit

    code = "RSSMRA80A01F205" + calc_check_digit("RSSMRA80A01F205")
    source = write_rows(tmp_path / "elenco.csv", ["Codice fiscale", "x"], [{"Codice fiscale": code, "x": "1"}])
    assert analisi("chiave", tmp_path / "k.key").returncode == 0
    done = analisi("pseudonimi", source, "--colonna", "Codice fiscale", "--chiave", tmp_path / "k.key", "--uscita", tmp_path / "f.csv")
    assert done.returncode == 0
    assert code not in (tmp_path / "f.csv").read_text(encoding="utf-8") + done.stdout + done.stderr


@pytest.mark.parametrize("command", ["controlla", "modello", "mappa", "esempio", "chiave", "pseudonimi"])
def test_help_teaches_in_italian(command):
    text = analisi(command, "--help").stdout
    assert text.startswith(f"Uso: analisi {command}")
    assert "Esemp" in text
    assert "Show this" not in text


def test_synthetic_extracts_make_the_annual_report_with_the_criterion_stated(tmp_path):
    assert analisi("esempio", "--uscita", tmp_path / "e").returncode == 0
    done = analisi("esegui", "annuale", "--fonte", tmp_path / "e", "--criterio_anno", "accordo", "--uscita", tmp_path / "r")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "r" / "annuale.html").read_text(encoding="utf-8")
    assert "DATI SINTETICI" in page
    assert "Criterio dell&#39;anno «accordo»" in page
    assert analisi("esegui", "annuale", "--fonte", tmp_path / "e", "--criterio_anno", "acordo").returncode == 2
