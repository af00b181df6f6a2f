import pytest

from analisi.errors import AnalisiError
from analisi.sources import read_sheets
from analisi.tables.catalogo import TABLES, VOL_PROCEDURE
from analisi.tables.mapping import draft, load_mapping
from analisi.tables.reading import leggi
from tests.conftest import write_rows

THEIRS = {
    "id_procedura": "Numero procedura",
    "id_unita": "Unità n.",
    "lavoratori_coinvolti": "Lav. coinvolti",
    "causale": "Causale",
    "data_apertura": "Dt. apertura",
}


@pytest.fixture
def foreign(tmp_path):
    """An extract with headings, codes and dates of its own."""
    row = VOL_PROCEDURE.example | {
        "causale": "Crisi az.",
        "data_apertura": "02/01/2025",
        "lavoratori_coinvolti": "-",
        "di_cui_donne": "",
        "esuberi_dichiarati": "",
    }
    names = [THEIRS.get(name, name) for name in VOL_PROCEDURE.names if name != "competenza"]
    return write_rows(
        tmp_path / "estratto.csv", names, [{THEIRS.get(name, name): value for name, value in row.items() if name != "competenza"}]
    )


def mapping(tmp_path, text: str):
    path = tmp_path / "m.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_headings_fixed_values_recodings_and_answers_are_applied(tmp_path, foreign):
    text = """
tabella = "vol_procedure"
date = "mm/gg"
[colonne]
id_procedura = "numero PROCEDURA"
id_unita = "=B"
lavoratori_coinvolti = "Lav. coinvolti"
data_apertura = "Dt. apertura"
[fissi]
competenza = "MINISTERIALE"
[ricodifiche.causale]
"Crisi az." = "CRISI"
[ricodifiche.lavoratori_coinvolti]
"-" = "0"
"""
    reading = leggi(foreign, mappatura=mapping(tmp_path, text))
    assert {fault["colonna"][:5] for fault in reading.scarti.to_dicts()} == {"data_"}  # 20/02/2025 has no month 20
    frame = leggi(foreign, mappatura=mapping(tmp_path, text.replace('date = "mm/gg"', 'date = "gg/mm"')))
    row = frame.dati.to_dicts()[0]
    assert (row["id_procedura"], row["competenza"], row["causale"], row["lavoratori_coinvolti"], row["data_apertura"].month) == (
        "CIGS-2025-000123",
        "MINISTERIALE",
        "CRISI",
        0,
        1,
    )


def test_a_fault_names_the_heading_of_the_file(tmp_path, foreign):
    text = (
        'tabella = "vol_procedure"\n[colonne]\n'
        + "".join(f'{ours} = "{theirs}"\n' for ours, theirs in THEIRS.items())
        + '[fissi]\ncompetenza = "MINISTERIALE"\n'
    )
    said = leggi(foreign, mappatura=mapping(tmp_path, text)).messages()
    assert any("colonna causale (intestazione «Causale»)" in line or "colonna causale, valore «Crisi az.»" in line for line in said)
    assert any("colonna lavoratori_coinvolti (intestazione «Lav. coinvolti»), valore «-»" in line for line in said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tabella = ", "non è un file TOML"),
        ('tabella = "vol_procedura"', "forse intendevi «vol_procedure»"),
        ('tabella = "misure"\n[colone]\n', "voce «colone» sconosciuta; forse intendevi «colonne»"),
        ('tabella = "misure"\n[colonne]\nbndo = "X"\n', "«bndo» non è una colonna di misure; forse intendevi «bando»"),
        ('tabella = "misure"\ndate = "gg-mm"\n', "scegliere fra gg/mm e mm/gg"),
        ('tabella = "misure"\n[fissi]\nbando = 3\n', "tipo sbagliato"),
        ('tabella = "misure"\n[scale]\nquota_pubblica_pct = "1-2"\n', "tipo sbagliato"),
        ('tabella = "misure"\n[ipotesi]\nbando = "Avviso"\n', "solo ipotesi"),
    ],
)
def test_a_wrong_mapping_says_what_to_mend(tmp_path, text, said):
    with pytest.raises(AnalisiError, match=said.replace("[", r"\[")):
        load_mapping(mapping(tmp_path, text), TABLES)


def test_a_mapping_that_is_not_there_is_said():
    with pytest.raises(AnalisiError, match="non c'è"):
        load_mapping("nessuna", TABLES)


def test_a_draft_marks_guesses_as_such_and_is_valid_once_confirmed(tmp_path, foreign):
    text = draft(next(iter(read_sheets(foreign))), VOL_PROCEDURE)
    sure, guesses = text.split("[ipotesi]")
    assert 'id_procedura = "Numero procedura"  # somiglianza' in guesses
    assert "id_procedura" not in sure
    assert 'causale = "Causale"' in sure
    assert "# competenza: non trovata (obbligatoria)" in text
    assert '# "Crisi az." = ""' in text
    with pytest.raises(AnalisiError, match="solo ipotesi"):
        load_mapping(mapping(tmp_path, text), TABLES)
    confirmed = (
        text.replace("[ipotesi]  # da", "# da")
        .replace('# "Crisi az." = ""', '"Crisi az." = "CRISI"')
        .replace("[fissi]", '[fissi]\ncompetenza = "MINISTERIALE"\n#')
    )
    assert leggi(foreign, mappatura=mapping(tmp_path, confirmed)).provenienza["mappatura"] == "m.toml"


def test_a_share_is_read_as_the_mapping_says(tmp_path):
    path = write_rows(tmp_path / "x.csv", VOL_PROCEDURE.names, [VOL_PROCEDURE.example | {"perc_riduzione_media": "0,625"}])
    frame = leggi(path, mappatura=mapping(tmp_path, 'tabella = "vol_procedure"\n[scale]\nperc_riduzione_media = "0-1"\n')).dati
    assert frame["perc_riduzione_media"].to_list() == [62.5]


def test_a_heading_or_a_fixed_value_that_does_not_fit_the_file_is_said(tmp_path):
    path = write_rows(tmp_path / "x.csv", VOL_PROCEDURE.names, [VOL_PROCEDURE.example])
    with pytest.raises(AnalisiError, match="«Numero decr», che la mappatura dà a numero_decreto, non c'è"):
        leggi(path, mappatura=mapping(tmp_path, 'tabella = "vol_procedure"\n[colonne]\nnumero_decreto = "Numero decr"\n'))
    with pytest.raises(AnalisiError, match="ha anche un valore fisso"):
        leggi(path, mappatura=mapping(tmp_path, 'tabella = "vol_procedure"\n[fissi]\ncompetenza = "REGIONALE"\n'))


def test_letters_find_the_heading_under_a_title(tmp_path):
    from analisi.sources.foglio import letter

    path = tmp_path / "x.csv"
    path.write_text(
        "Estrazione di prova;\n"
        + ";".join(f"Campo {n}" for n in range(len(VOL_PROCEDURE.names)))
        + "\n"
        + ";".join(VOL_PROCEDURE.example.values())
        + "\n",
        encoding="utf-8",
    )
    text = 'tabella = "vol_procedure"\n[colonne]\n' + "".join(f'{name} = "={letter(n)}"\n' for n, name in enumerate(VOL_PROCEDURE.names))
    assert leggi(path, mappatura=mapping(tmp_path, text)).conteggio["accettate"] == 1


def test_a_draft_survives_headings_on_two_lines(tmp_path):
    names = ['"Colonna\ndi troppo"', *VOL_PROCEDURE.names]
    path = tmp_path / "x.csv"
    path.write_text(";".join(names) + "\nx;" + ";".join(VOL_PROCEDURE.example.values()) + "\n", encoding="utf-8")
    assert load_mapping(mapping(tmp_path, draft(next(iter(read_sheets(path))), VOL_PROCEDURE)), TABLES).tabella == "vol_procedure"
