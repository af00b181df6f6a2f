"""The rule file: what it says, and what it refuses."""

from datetime import date

import pytest

from analisi.disclosure.regole import SOGLIA_DI_LEGGE, read_rules
from analisi.errors import AnalisiError


@pytest.fixture
def text(workspace) -> str:
    return (workspace / "data/riferimento/riservatezza.toml").read_text(encoding="utf-8")


def changed(tmp_path, text: str, old: str, new: str) -> str:
    assert old in text
    path = tmp_path / "riservatezza.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return str(path)


def test_the_rules_have_a_day_a_source_and_no_threshold_below_the_law():
    rules = read_rules()
    assert isinstance(rules.dal, date)
    assert "art. 5" in rules.fonte
    assert min(rule.minimo_lavoratori for rule in rules.tavole.values()) >= SOGLIA_DI_LEGGE == 3


def test_a_table_rewrites_the_rules_it_has_of_its_own(tmp_path, text):
    rules = read_rules(changed(tmp_path, text, "[tavole.casi_gestiti]", "[tavole.casi_gestiti]\nminimo_sedi = 5"))
    assert (rules["casi_gestiti"].minimo_sedi, rules["misure_pal"].minimo_sedi) == (5, 3)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("minimo_lavoratori = 3", "minimo_lavoratori = 2", "«minimo_lavoratori» deve essere un numero intero, almeno 3, non 2"),
        ("minimo_sedi = 3", "minimo_sedi = true", "«minimo_sedi» deve essere un numero intero, almeno 1, non True"),
        ("quota_massima = 0.85", "quota_massima = 85", "«quota_massima» deve essere un numero maggiore di 0, fino a 1, non 85"),
        ("ampiezza_assoluta = 3 ", "ampiezza_assolut = 3 ", "campo «ampiezza_assolut» sconosciuto; forse intendevi «ampiezza_assoluta»?"),
        ("ampiezza_relativa = 0.2", "ampiezza_relativa = -1", "«ampiezza_relativa» deve essere un numero fra 0 e 1"),
        ("contributore_unico = true", 'contributore_unico = "sì"', "«contributore_unico» deve essere true o false"),
        ('metodo = "soppressione"', 'metodo = "rumore"', "«metodo» deve essere uno di: soppressione, arrotondamento, fasce"),
        ("fasce = [1, 5", "fasce = [5, 1", "«fasce» deve essere un elenco di numeri interi crescenti, il primo 1"),
        ("minimo_imprese = 3 ", "# minimo_imprese = 3 ", "manca «minimo_imprese»"),
        ("dal = 2026-01-01", 'dal = "2026"', "«dal» deve essere una data (aaaa-mm-gg)"),
        ('stato = "da confermare"', 'stato = "boh"', "«stato» deve essere «confermato» o «da confermare»"),
        ("[predefinite]", "[predefinite", "non è un file TOML"),
    ],
)
def test_a_wrong_field_is_refused_in_words(tmp_path, text, old, new, words):
    with pytest.raises(AnalisiError) as error:
        read_rules(changed(tmp_path, text, old, new))
    assert words in str(error.value)


def test_without_rules_nothing_is_published():
    with pytest.raises(AnalisiError, match="senza regole non si pubblica"):
        read_rules("non/esiste.toml")


def test_a_table_without_rule_is_named_with_the_nearest():
    with pytest.raises(AnalisiError, match="nessuna regola per la tavola «casi_gestit»; forse intendevi «casi_gestiti»"):
        read_rules()["casi_gestit"]
