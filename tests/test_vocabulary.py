import csv

import pytest

from analisi.errors import AnalisiError
from analisi.vocabulary import load_territorio, normalized, procedure
from tests.conftest import write_territorio


@pytest.mark.parametrize(
    ("text", "sigla"),
    [("Città Metr.na Milano", "MI"), ("CITTA' METROPOLITANA DI MILANO", "MI"), ("monza-brianza", "MB"), ("016", "BG"), ("ITC4A", "CR"), ("Vallecamonica", "BS"), ("Napoli", None)],
)  # fmt: skip
def test_a_provincia_is_found_in_any_spelling(text, sigla):
    assert load_territorio().find(text) == sigla


def test_provinces_have_codes_names_and_a_tile_of_their_own():
    province = load_territorio().province
    assert (
        len(province)
        == len({p.istat for p in province})
        == len({p.nuts for p in province})
        == len({(p.colonna, p.riga) for p in province})
        == 12
    )


def test_order_of_provinces_is_the_one_of_the_printed_tables():
    assert load_territorio().sigle == ["BG", "BS", "CO", "CR", "LC", "LO", "MN", "MI", "MB", "PV", "SO", "VA"]


def test_an_unknown_territory_suggests_the_nearest():
    with pytest.raises(AnalisiError, match="forse intendevi «lombardia»"):
        load_territorio("lombarda")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('nome = "Isolana"', "", "manca «nome»"),
        ('sigla = "BB"', 'sigla = "AA"', "indica sia"),
        ('sigla = "BB"', 'sigla = "TOT"', "indica sia"),
        ('nome = "Borgo"', 'nome = "Borgo"\ncolore = 1', "campo «colore» sconosciuto"),
        ('nome = "Borgo"', "nome = 3", "«nome» deve essere un testo"),
        ('nome = "Borgo"', 'nome = "Borgo"\nvarianti = "B"', "«varianti» deve essere un elenco di testi"),
        ('nome = "Borgo"', "", "provincia 2: manca «nome»"),
        ("[[province]]", "[[province", "TOML"),
    ],
)
def test_a_wrong_territory_file_is_explained(tmp_path, old, new, said):
    path = write_territorio(tmp_path / "isolana.toml", {"AA": "Alba", "BB": "Borgo"})
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(AnalisiError, match=rf"isolana\.toml.*{said}"):
        load_territorio(str(path))


def test_procedures_cover_the_types_of_the_guidelines(workspace):
    with (workspace / "data/riferimento/tipi_linee_guida.csv").open(encoding="utf-8", newline="") as file:
        types = list(csv.DictReader(file))
    assert [row["tipo"] for row in types] == ["A", "B", "C", "D"]
    assert {row["procedura"] for row in types} == {p.procedura for p in procedure()}


def test_what_is_not_public_is_marked_to_be_confirmed(workspace):
    with (workspace / "data/riferimento/tipi_linee_guida.csv").open(encoding="utf-8", newline="") as file:
        assert {row["tipo"] for row in csv.DictReader(file) if row["stato"] == "da confermare"} == {"B", "C"}


def test_normalized_ignores_case_accents_and_punctuation():
    assert normalized("  Città  Metr.na ") == normalized("CITTA' METR NA") == "citta metr na"


def test_a_territory_may_be_written_in_another_script(tmp_path):
    path = write_territorio(tmp_path / "ellada.toml", {"ΑΤ": "Αττική", "ΚΡ": "Κρήτη"})
    territorio = load_territorio(str(path))
    assert (territorio.find("ΚΡΗΤΗ"), territorio.find("???")) == ("ΚΡ", None)
