import stat
import sys

import pytest

from analisi.errors import AnalisiError
from analisi.tables.pseudonimi import is_omocode, make_key, pseudonym, pseudonymise, read_key
from analisi.tables.reading import leggi
from tests.conftest import write_rows

CODES = ["RSSMRA80A01F205X", "vrd gpp 75 h50 d612 y"]  # invented, one with spaces and small letters


def check_digit(body: str) -> str:
    from stdnum.it.codicefiscale import calc_check_digit

    return body + calc_check_digit(body)


@pytest.fixture
def key(tmp_path):
    return read_key(make_key(tmp_path / "chiavi" / "k.key"))


def people(tmp_path, codes, **more):
    heading = ["Codice fiscale", "Note", *more]
    return write_rows(tmp_path / "elenco.csv", heading, [{"Codice fiscale": code, "Note": "x", **more} for code in codes])


def test_a_key_is_new_long_and_its_owners_only(tmp_path):
    first, second = make_key(tmp_path / "a.key"), make_key(tmp_path / "b.key")
    assert len(read_key(first)) == 32
    assert read_key(first) != read_key(second)
    if sys.platform != "win32":
        assert stat.S_IMODE(first.stat().st_mode) == 0o600


def test_a_key_is_never_written_over_nor_kept_in_the_workspace(tmp_path, workspace):
    path = make_key(tmp_path / "a.key")
    before = path.read_bytes()
    with pytest.raises(AnalisiError, match="esiste già"):
        make_key(path)
    assert path.read_bytes() == before
    with pytest.raises(AnalisiError, match="non può stare nella cartella di lavoro"):
        make_key(workspace / "data" / "k.key")
    assert not (workspace / "data" / "k.key").exists()


@pytest.mark.parametrize("content", ["", "abc", "z" * 64])
def test_what_is_no_key_is_refused(tmp_path, content):
    (tmp_path / "k").write_text(content)
    with pytest.raises(AnalisiError, match="non è una chiave"):
        read_key(tmp_path / "k")
    with pytest.raises(AnalisiError, match="analisi chiave"):
        read_key(tmp_path / "manca")


def test_the_same_person_has_one_pseudonym_and_another_key_gives_another():
    assert pseudonym(CODES[0], b"k") == pseudonym(" rssmra80a01f205x ", b"k")
    assert pseudonym(CODES[0], b"k") != pseudonym(CODES[0], b"j")
    assert pseudonym(CODES[0], b"k").isalnum()
    assert len(pseudonym(CODES[0], b"k")) == 32


def test_tax_codes_become_pseudonyms_and_nothing_else_changes(tmp_path, key):
    codes = [check_digit("RSSMRA80A01F205"), check_digit("VRDGPP75H50D612"), check_digit("RSSMRA80A01F20R"), ""]
    source = people(tmp_path, codes)
    assert pseudonymise(source, "codice FISCALE", key, tmp_path / "fuori.csv") == (4, 1)
    lines = (tmp_path / "fuori.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines == ["id_lavoratore;Note", *(f"{pseudonym(code, key) if code else ''};x" for code in codes)]


def test_a_wrong_code_stops_everything_and_is_not_repeated(tmp_path, key):
    source = people(tmp_path, [check_digit("RSSMRA80A01F205"), "RSSMRA80A01F205A"])
    with pytest.raises(AnalisiError, match="righe 3") as caught:
        pseudonymise(source, "Codice fiscale", key, tmp_path / "fuori.csv")
    assert "RSSMRA" not in str(caught.value)
    assert not (tmp_path / "fuori.csv").exists()


def test_tax_codes_in_another_column_stop_everything(tmp_path, key):
    source = people(tmp_path, [check_digit("RSSMRA80A01F205")], Coniuge=check_digit("VRDGPP75H50D612"))
    with pytest.raises(AnalisiError, match="anche la colonna 3"):
        pseudonymise(source, "Codice fiscale", key, tmp_path / "fuori.csv")


def test_a_missing_column_is_suggested(tmp_path, key):
    with pytest.raises(AnalisiError, match="forse intendevi «Codice fiscale»"):
        pseudonymise(people(tmp_path, [""]), "Codce fiscale", key, tmp_path / "fuori.csv")


def test_omocodes_are_told():
    assert [is_omocode(code) for code in ("RSSMRA80A01F205X", "RSSMRA80A01F20RX")] == [False, True]


def test_a_tax_code_where_a_pseudonym_belongs_is_refused_and_not_repeated(tmp_path):
    from analisi.tables.catalogo import CIGS_LAVORATORI

    rows = [CIGS_LAVORATORI.example | {"id_lavoratore": CODES[0]}, CIGS_LAVORATORI.example | {"titolo_studio": f"EQF {CODES[0]}"}]
    reading = leggi(write_rows(tmp_path / "x.csv", CIGS_LAVORATORI.names, rows))
    assert [(f["riga"], f["colonna"], f["regola"]) for f in reading.scarti.to_dicts()] == [
        (2, "id_lavoratore", "cf_in_chiaro"),
        (3, "titolo_studio", "cf_in_chiaro"),
    ]
    assert CODES[0] not in str(reading.difetti.to_dicts())
