"""Every declared rule is broken by a row, and told; every example row is clean."""

import re

import pytest

from analisi.tables.catalogo import ESTRATTI, TABLES
from analisi.tables.difetti import INVENTED_TAX_CODE, difetti
from analisi.tables.reading import leggi
from tests.conftest import write_rows

ALL = [(table, fault) for table in TABLES.values() for fault in difetti(table, every_column=True)]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_the_example_row_of_a_table_breaks_no_rule(tmp_path, table):
    reading = leggi(write_rows(tmp_path / "x.csv", table.names, [table.example]), table.name)
    assert reading.messages(reading.difetti) == []
    assert reading.conteggio == {"righe": 1, "accettate": 1, "scartate": 0, "totali": 0, "vuote": 0}


@pytest.mark.parametrize(("table", "fault"), ALL, ids=[f"{t.name}-{f.regola}-{f.colonna}" for t, f in ALL])
def test_a_row_that_breaks_a_rule_is_told_with_its_place(tmp_path, table, fault):
    reading = leggi(write_rows(tmp_path / "guasto.csv", table.names, fault.righe), table.name)
    found = [row for row in reading.difetti.iter_rows(named=True) if (row["regola"], row["colonna"]) == (fault.regola, fault.colonna)]
    assert found, reading.messages(reading.difetti)
    assert found[-1]["gravita"] == fault.gravita
    place = rf"guasto\.csv, riga {len(fault.righe) + 1}, colonna {fault.colonna}, valore .+: .+"
    assert any(re.match(place, text) for text in reading.messages(reading.difetti, 100))
    assert (reading.conteggio["scartate"] > 0) == bool(len(reading.scarti))
    assert INVENTED_TAX_CODE not in str(reading.difetti.to_dicts())


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_the_declaration_of_a_table_is_whole(table):
    for column in table.columns:
        assert column.description
        assert bool(column.codes) == (column.type == "codice")
        assert bool(column.pattern) == bool(column.form)
        assert column.example or not column.required
    for rule in table.rules:
        assert set(rule.columns) <= set(table.names)
        assert rule.example
    for link in table.links:
        assert link.other in TABLES
        assert set(link.columns) <= set(table.names) & set(TABLES[link.other].names) or link.code == "corso_esiste"
    assert set(table.key) <= set(table.names)
    assert len({rule.code for rule in table.rules}) == len(table.rules)


def test_no_value_that_may_name_a_person_is_repeated(tmp_path):
    table = TABLES["cigs_lavoratori"]
    rows = [
        {
            **table.example,
            "id_lavoratore": "Mario Rossi",
            "qualifica": "Mario Rossi",
            "genere": "mario.rossi@posta.it",
            "classe_eta": "40-48",
        }
    ]
    said = str(leggi(write_rows(tmp_path / "x.csv", table.names, rows), table.name).difetti.to_dicts())
    assert "ossi" not in said
    assert "«40-48»" in said


def test_the_tables_of_extracts_are_told_apart_by_their_headings(tmp_path):
    for table in ESTRATTI:
        assert leggi(write_rows(tmp_path / "x.csv", table.names, [table.example])).tabella is table
