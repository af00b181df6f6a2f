import pytest

from analisi.errors import AnalisiError
from analisi.indicators.fonti import read_fonte
from tests.conftest import PROCEDURE, write_casi, write_territorio

CASI = [(year, sigla, code, 1, 10) for year in (2024, 2025) for sigla in ("AA", "BB") for code in PROCEDURE]


@pytest.fixture
def read(tmp_path):
    """Read rows as a source of a region with the counties AA Alba and BB Borgo."""
    territorio = write_territorio(tmp_path / "due.toml", {"AA": "Alba", "BB": "Borgo"})

    def read_rows(rows: list[tuple]):
        return read_fonte(str(write_casi(tmp_path / "dati" / "casi_gestiti.csv", rows).parent), str(territorio))

    return read_rows


def test_clean_rows_give_no_warning(read):
    fonte = read(CASI)
    assert (len(fonte.casi), fonte.avvisi, fonte.anni) == (12, (), [2024, 2025])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((2025, "AA", PROCEDURE[0], 1, 10), r"riga 14, colonna anno, valore «2025»: riga ripetuta: .* è già alla riga 8"),
        ((2025, "Alba", PROCEDURE[0], 1, 10), "riga ripetuta"),
        ((2026, "AA", PROCEDURE[0], -1, 10), "riga 14, colonna unita_produttive, valore «-1»: è minore di 0"),
        ((2026, "AA", PROCEDURE[0], 1, "dieci"), "riga 14, colonna lavoratori, valore «dieci»: non è un numero intero"),
        ((2026, "AA", PROCEDURE[0], 1, '"12,5"'), "riga 14, colonna lavoratori, valore «12,5»: non è un numero intero"),
        ((2026, "CC", PROCEDURE[0], 1, 1), "riga 14, colonna provincia, valore «CC»: non è del territorio Isolana"),
        ((2026, "Albe", PROCEDURE[0], 1, 1), "forse intendevi «Alba»"),
        ((2026, "AA", "cigs_ministerial", 1, 1), "riga 14, colonna procedura, .*forse intendevi «cigs_ministeriale»"),
        ((2026, "AA", PROCEDURE[0], 1, 10**9), "riga 14, colonna lavoratori, .*è maggiore di 99999999"),
        ((None, "AA", PROCEDURE[0], 1, 1), "riga 14, colonna anno, valore vuoto: è obbligatorio"),
        (("20x5", "AA", PROCEDURE[0], 1, 1), "riga 14, colonna anno, valore «20x5»"),
        (
            (2025, "TOT", PROCEDURE[0], 2, 21),
            "riga 14, colonna lavoratori, valore «21»: il totale non coincide con la somma delle sue righe, 20",
        ),
        ((2025, "AA", "totale", 4, 30), "riga 14, colonna unita_produttive, valore «4»: il totale .* 3"),
    ],
)
def test_every_fault_names_file_row_column_value_and_rule(read, row, said):
    with pytest.raises(AnalisiError, match=rf"casi_gestiti\.csv, {said}" if said.startswith("riga 14") else said):
        read([*CASI, row])


def test_all_faults_are_told_at_once(read):
    with pytest.raises(AnalisiError) as caught:
        read([*CASI, (2026, "AA", PROCEDURE[0], -1, "x"), (2026, "ZZ", PROCEDURE[0], 1, 1)])
    assert len(str(caught.value).splitlines()) == 3


def test_totals_that_agree_are_recognized_and_left_out(read):
    fonte = read([*CASI, (2025, "TOT", PROCEDURE[0], 2, 20), (2025, "Totale", "totale", 6, 60), (2025, "AA", "totale", 3, 30)])
    assert len(fonte.casi) == 12


def test_a_missing_provincia_is_a_warning(read):
    fonte = read([row for row in CASI if row[:2] != (2025, "BB")])
    assert len(fonte.avvisi) == 1
    assert fonte.avvisi[0][0] == 2025
    assert fonte.avvisi[0][1].startswith("Borgo manca: ")


def test_a_missing_procedura_is_a_warning_that_names_it(read):
    one = read([row for row in CASI if row[:3] != (2025, "BB", PROCEDURE[1])]).avvisi
    all_ = read([row for row in CASI if (row[0], row[2]) != (2025, PROCEDURE[1])]).avvisi
    assert [len(one), len(all_)] == [1, 1]
    assert "Borgo manca per le CIGS regionali" in one[0][1]
    assert "la fonte non ha righe per le CIGS regionali" in all_[0][1]


def test_blanks_and_workers_without_units_are_warnings(read):
    fonte = read([*CASI[:-2], (2025, "BB", PROCEDURE[1], None, 3), (2025, "BB", PROCEDURE[2], 0, 3)])
    said = " ".join(text for _, text in fonte.avvisi)
    assert ["vuote le celle (unità produttive) di Borgo" in said, "zero unità" in said, len(fonte.avvisi)] == [True, True, 2]


def test_a_printed_total_may_hold_what_a_blank_cell_does_not(read):
    fonte = read([*CASI[:-1], (2025, "BB", PROCEDURE[2], 1, None), (2025, "TOT", PROCEDURE[2], 2, 25)])
    assert any("supera la somma delle celle note (10)" in text for _, text in fonte.avvisi)


def test_a_missing_column_suggests_the_one_that_looks_like_it(tmp_path):
    (tmp_path / "casi_gestiti.csv").write_text("anno,provincia,procedura,unita_produttiva,lavoratori\n")
    with pytest.raises(AnalisiError, match=r"unita_produttive.*forse intendevi"):
        read_fonte(str(tmp_path))


def test_a_folder_without_figures_says_what_is_needed(tmp_path):
    with pytest.raises(AnalisiError, match=r"manca casi_gestiti\.csv"):
        read_fonte(str(tmp_path))


def test_the_years_that_are_there_are_listed(published):
    with pytest.raises(AnalisiError, match="disponibili: 2024, 2025"):
        published.require_year(2023)


def test_errors_name_files_without_the_path_of_the_machine(read, tmp_path):
    with pytest.raises(AnalisiError) as caught:
        read([*CASI, CASI[0]])
    assert str(tmp_path) not in str(caught.value)
