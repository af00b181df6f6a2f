"""A file looks wrong though each row is fine: told with the evidence, and not told when it is right."""

import pytest

from analisi.tables.catalogo import MONITORAGGIO_PAL, VOL_PROCEDURE
from analisi.tables.reading import leggi
from tests.conftest import write_rows

PROVINCE = {"LC": ("097042", "Lecco"), "BG": ("016024", "Bergamo"), "MI": ("015146", "Milano")}
SIGLE = list(PROVINCE)


def vol(n: int, workers: int | None = None, *, sigla: str | None = None, day: int | None = None, prefix: str = "P") -> dict[str, str]:
    sigla = sigla or SIGLE[n % 3]
    comune, nome = PROVINCE[sigla]
    return VOL_PROCEDURE.example | {
        "id_procedura": f"{prefix}-{n}", "id_unita": f"{prefix}-{n}-01", "lavoratori_coinvolti": str(workers or 10 + 7 * n), "di_cui_donne": "", "esuberi_dichiarati": "",
        "organico_unita": "", "comune_istat": comune, "comune_nome": nome, "sigla_provincia": sigla, "data_apertura": f"{day or n % 27 + 1:02}/0{n % 9 + 1}/2025",
        "data_esame_congiunto": "", "data_accordo": "", "esito_fase": "IN_CORSO", "data_inizio": "", "data_fine": "", "data_decreto_concessione": "", "data_estrazione": "",
    }  # fmt: skip


@pytest.fixture
def read(tmp_path):
    def write_and_read(name, rows, precedenti=(), table=VOL_PROCEDURE):
        return leggi(write_rows(tmp_path / name, table.names, rows), precedenti=precedenti)

    return write_and_read


def test_a_right_file_raises_no_doubt(read):
    before = read("prima.csv", [vol(n) for n in range(30)])
    after = read("dopo.csv", [vol(n) for n in range(1, 34)], [before])
    assert (before.dubbi, after.dubbi, after.scarti.height) == ((), (), 0)


@pytest.mark.parametrize("change", [{}, {"progressivo_versione": "2"}], ids=["same key", "another version"])
def test_the_same_rows_loaded_twice(read, change):
    rows = [vol(n) for n in range(12)]
    reading = read("x.csv", rows + [row | change for row in rows])
    assert any("caricate due volte: 12 righe su 24" in text and "riga 14" in text for text in reading.dubbi)


def test_an_earlier_extract_loaded_as_new(read):
    rows = [vol(n) for n in range(12)]
    before = read("prima.csv", rows)
    assert any("byte per byte" in text for text in read("copia.csv", rows, [before]).dubbi)
    shuffled = read("rimescolato.csv", [row | {"data_estrazione": "01/02/2026"} for row in rows[::-1]], [before])
    assert any("ha le stesse 12 righe di prima.csv" in text for text in shuffled.dubbi)
    newer = read("nuovo.csv", [vol(n) | {"data_apertura": "01/12/2025"} for n in range(12)])
    assert any(
        "l'ultima data è" in text and "01/12/2025" in text for text in read("vecchio.csv", [vol(n) for n in range(20)], [newer]).dubbi
    )


def test_counts_all_multiples_of_ten_while_earlier_ones_were_not(read):
    before = read("prima.csv", [vol(n) for n in range(20)])
    tens = read("dopo.csv", [vol(n, 10 * (10 + 7 * n)) for n in range(20)], [before])
    assert any("multipli di dieci" in text and "20 valori" in text for text in tens.dubbi)
    always = read("poi.csv", [vol(n, 10 * (n + 1)) for n in range(25)], [tens])
    assert not any("multipli di dieci" in text for text in always.dubbi)


def test_days_and_months_swapped(read):
    rows = [vol(n) | {"data_apertura": f"{n % 12 + 1:02}/{n // 2 % 12 + 1:02}/2025"} for n in range(36)]
    assert any("data_apertura: giorno e mese possono essere scambiati: " in text for text in read("x.csv", rows).dubbi)


def test_a_provincia_that_disappeared(read):
    before = read("prima.csv", [vol(n) for n in range(12)])
    after = read("dopo.csv", [vol(n, sigla=["LC", "MI"][n % 2]) for n in range(12)], [before])
    assert any("manca BG (aveva 4 righe)" in text for text in after.dubbi)


def test_a_jump_far_beyond_what_changed_before(read):
    first = read("a.csv", [vol(n) for n in range(20)])
    second = read("b.csv", [vol(n) for n in range(22)], [first])
    third = read("c.csv", [vol(n, 5 * (10 + 7 * n)) for n in range(23)], [first, second])
    assert any("lavoratori_coinvolti: da " in text and "finora al più per 1,2" in text for text in third.dubbi)
    assert not any("moltiplicato" in text for text in second.dubbi)


def test_cumulative_steps_where_exclusive_ones_are_declared(read):
    rows = [MONITORAGGIO_PAL.example | {"id_procedura": f"P-{n}", "id_unita": f"P-{n}-01", "lavoratori_sospesi": str(40 + n), "step1_presa_in_carico": str(40 + n),
            "step2_strumenti": "30", "step3_incontri": "20", "step4_pal_attivate": str(10 + n), "no_pal": "0", "no_pal_rientro": "", "no_pal_pensione": ""}
            for n in range(6)]  # fmt: skip
    reading = read("x.csv", rows, table=MONITORAGGIO_PAL)
    assert any("cumulativi" in text and "6 righe su 6" in text for text in reading.dubbi)
    assert reading.conteggio["scartate"] == 6
    right = read("y.csv", [MONITORAGGIO_PAL.example | {"id_procedura": f"P-{n}"} for n in range(6)], table=MONITORAGGIO_PAL)
    assert not any("cumulativi" in text for text in right.dubbi)


def test_a_file_without_rows(read):
    assert read("x.csv", []).dubbi == ("il file ha l'intestazione ma nessuna riga di dati",)
