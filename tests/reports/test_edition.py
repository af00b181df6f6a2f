"""An edition's file: what it expands to, and every fault told before anything runs."""

from pathlib import Path

import pytest

from analisi.errors import AnalisiError
from analisi.reports.edition import available, read_edition
from tests.reports.conftest import FIGURES, HEADER, PARAMETERS, write_edition, write_notebook

HEAD = 'titolo = "Prova"\nperiodo = "2025"\n'
PAL = '[[rapporto]]\nnotebook = "attivazione_pal"\n'


def edition(tmp_path: Path, text: str, head: str = HEAD):
    file = tmp_path / "prova.toml"
    file.write_text(head + text, encoding="utf-8")
    return read_edition(str(file))


def names(tmp_path: Path, text: str, head: str = HEAD) -> list[str]:
    return [report.nome for report in edition(tmp_path, text, head).rapporti]


def test_every_edition_of_the_workspace_can_be_read():
    assert {path.stem: len(read_edition(path.stem).rapporti) for path in available()} == {
        "annuale": 18,
        "bimestrale": 14,
        "trimestrale": 26,
    }


def test_a_star_stands_for_each_provincia_in_the_order_of_the_tables(tmp_path):
    found = edition(tmp_path, PAL + 'parametri = { provincia = "*" }')
    assert [report.provincia for report in found.rapporti] == ["BG", "BS", "CO", "CR", "LC", "LO", "MN", "MI", "MB", "PV", "SO", "VA"]
    assert (found.rapporti[0].nome, found.rapporti[0].luogo, found.nome) == ("attivazione_pal-BG", "Bergamo", "edizione-prova-2025")


def test_a_star_follows_the_territory(tmp_path, region):
    found = names(tmp_path, PAL + f"parametri = {{ provincia = '*', territorio = '{region / 'isolana.toml'}' }}")
    assert found == [f"attivazione_pal-I{n}" for n in range(7)]


def test_lists_expand_to_each_combination_but_the_excluded(tmp_path):
    text = PAL + (
        'parametri = { provincia = ["BG", "SO", "MN"], trimestre = ["2025-T3", "2025-T4"] }\n'
        'escludi = [{ provincia = "MN" }, { provincia = "BG", trimestre = ["2025-T3"] }]'
    )
    expected = [f"attivazione_pal-{name}" for name in ("BG-2025-T4", "SO-2025-T3", "SO-2025-T4")]
    assert names(tmp_path, text) == expected


def test_common_parameters_reach_the_notebooks_that_have_them(tmp_path):
    text = f'[comuni]\nmaturita_giorni = 60\n{PAL}[[rapporto]]\nnotebook = "annuale"\n'
    first, second = edition(tmp_path, text).rapporti
    assert first.parametri["maturita_giorni"] == 60
    assert "maturita_giorni" not in second.parametri


def test_groups_are_in_the_declared_order_then_as_they_come(tmp_path):
    text = f'{PAL}gruppo = "B"\nnome = "b"\n{PAL}gruppo = "A"\nnome = "a"\n{PAL}nome = "c"\n'
    assert edition(tmp_path, text, HEAD + 'gruppi = ["A"]\n').gruppi == ("A", "B", "Rapporti")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[rapporto]]\nnotebook = "anuale"', "forse intendevi «annuale»?"),
        (PAL + "parametri = { anno = 2025 }", "parametro «anno» sconosciuto"),
        (PAL + 'parametri = { maturita_giorni = "90" }', "maturita_giorni = '90': non è un numero intero"),
        (PAL + "parametri = { maturita_giorni = true }", "maturita_giorni = True: non è un numero intero"),
        (PAL + "parametri = { provincia = 3 }", "provincia = 3: non è un testo"),
        (PAL + "parametri = { provincia = [] }", "provincia = []: nessun valore"),
        (PAL + 'parametri = { provincia = ["BG", "BG"] }', "il valore 'BG' è ripetuto"),
        (PAL + 'parametri = { provincia = ["BG", "Berghem"] }', "--provincia Berghem: non è del territorio"),
        (PAL + 'parametri = { trimestre = "*" }', "trimestre = «*» non si può espandere"),
        (PAL + 'parametri = { provincia = "BG" }\nescludi = [{ provincia = "BG" }]', "le esclusioni non lasciano alcun rapporto"),
        (PAL + 'parametri = { provincia = "BG" }\nescludi = [{ anno = 3 }]', "escludi vuole tabelle"),
        (PAL + PAL, "due rapporti con lo stesso nome «attivazione_pal»"),
        (PAL + 'nome = "a"\n' + PAL + 'nome = "A"', "due rapporti con lo stesso nome «A»"),
        (PAL + 'nome = "../fuori"', "nome «../fuori»: è il nome di una cartella"),
        (PAL + 'nome = "pal-{anno}"', "fra graffe vanno i parametri del notebook"),
        (PAL + 'nome = "pal-{"', "nome «pal-{»"),
        (PAL + 'nome = "CON"', "nome «CON»"),
        (PAL + 'nome = "aux.2025"', "nome «aux.2025»"),
        (PAL + 'nome = "index.html"', "nome «index.html»"),
        (PAL + 'nome = "pal."', "nome «pal.»"),
        (PAL + f'nome = "{"a" * 101}"', "fino a 100"),
        (
            PAL + f"parametri = {{ maturita_giorni = {list(range(60))}, trimestre = {[str(n) for n in range(60)]} }}",
            "3600 rapporti; il massimo",
        ),
        (PAL + "tempo_massimo = -1", "«tempo_massimo» non può essere negativo"),
        (PAL + 'colore = "blu"', "campo «colore» sconosciuto"),
        (PAL + 'parametri = { data_edizione = "31/3/2026" }', "non è una data"),
        (PAL + 'parametri = { profilo = "segreto" }', "--profilo segreto: non disponibile"),
        ("rapporto = []", "nessun [[rapporto]]"),
        ("", "manca «rapporto»"),
        ("[comuni]\nanni = 3\n" + PAL, "[comuni]: nessun notebook ha il parametro «anni»"),
    ],
)
def test_a_fault_is_told_before_anything_starts(tmp_path, text, words):
    with pytest.raises(AnalisiError) as caught:
        edition(tmp_path, text)
    assert words in str(caught.value)
    assert "prova.toml: " in str(caught.value)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ('titolo = "Prova"\nperiodo = "2025"\ngruppi = ["Regone"]\n', "gruppi: «Regone» non è il gruppo di alcun rapporto"),
        ('titolo = "Prova"\nperiodo = "../2025"\n', "periodo «../2025»"),
        ('periodo = "2025"\n', "manca «titolo»"),
        ("titolo = 3\nperiodo = 2025\n", "«periodo» deve essere un testo fra virgolette, non 2025"),
        ("titolo = \n", "non è un file TOML in UTF-8"),
    ],
)
def test_a_fault_of_the_heading_is_told(tmp_path, head, words):
    with pytest.raises(AnalisiError) as caught:
        edition(tmp_path, PAL, head)
    assert words in str(caught.value)


def test_every_fault_of_a_file_is_told_at_once(tmp_path):
    with pytest.raises(AnalisiError) as caught:
        edition(tmp_path, PAL + 'parametri = { anno = 1 }\n[[rapporto]]\nnotebook = "x"\n')
    assert len(str(caught.value).splitlines()) == 2


def test_an_unknown_edition_is_told_with_the_known_ones():
    with pytest.raises(AnalisiError, match="forse intendevi «annuale»"):
        read_edition("anuale")


def test_another_profile_reaches_every_report_and_names_the_edition(desk):
    write_edition(desk, 'notebook = "prova"\nparametri = { provincia = ["BG"] }', head='profilo = "interno"')
    parameters = PARAMETERS + '\nprofilo: str = "interno"  # profilo'
    write_notebook(desk / "notebooks" / "prova.ipynb", HEADER, FIGURES, parameters=parameters, cifre="annuale")
    internal, public = read_edition("prova"), read_edition("prova", "pubblico")
    assert ([r.parametri["profilo"] for r in internal.rapporti], internal.nome) == (["interno"], "edizione-prova-1")
    assert ([r.parametri["profilo"] for r in public.rapporti], public.nome) == (["pubblico"], "edizione-prova-1-pubblico")
