"""Changes between two versions of a table, by hand."""

from datetime import date

import polars as pl

from analisi.indicators.revisioni import CONTI, HIDDEN, compare
from tests.conftest import literal

BEFORE = literal("""
    id versione lavoratori nome
    A  1        10         Rossi
    B  1        20         Bianchi
    C  1        -          Verdi
    D  1        40         Neri""")
AFTER = literal("""
    id versione lavoratori nome
    A  1        12         Rossi
    B  1        20         Gialli
    C  1        30         Verdi
    E  1        50         Blu
    F  1        60         Viola""")


def changes(before=BEFORE, after=AFTER, key=("id",), **options):
    return compare("vol", before.lazy(), after.lazy(), key, **options)


def test_rows_and_cells_are_counted():
    assert changes().conti == dict(zip(CONTI, (4, 5, 2, 0, 0, 1, 3, 3), strict=True))


def test_cells_say_what_was_there_and_what_is_now():
    result = changes(reserved=["nome"]).celle.select("chiave", "colonna", "tipo", "prima", "dopo", "scarto").rows()
    assert result == [
        ("id A", "lavoratori", "corretta", "10", "12", 2.0), ("id B", "nome", "corretta", HIDDEN, HIDDEN, None),
        ("id C", "lavoratori", "completata", None, "30", None),
    ]  # fmt: skip


def test_columns_say_by_how_much():
    lavoratori = changes(additive=["lavoratori"]).colonne.row(0, named=True)
    assert (lavoratori["somma_prima"], lavoratori["somma_dopo"], lavoratori["scarto"], lavoratori["completate"]) == (70, 172, 102, 1)


def test_a_row_of_a_period_already_over_came_late():
    days = {"inizio": [date(2025, 12, 1), date(2026, 1, 20)]}
    after = pl.concat(
        [BEFORE.with_columns(inizio=date(2025, 1, 1)), AFTER.tail(2).with_columns(**{n: pl.Series(v) for n, v in days.items()})]
    )
    found = changes(BEFORE.with_columns(inizio=date(2025, 1, 1)), after, periodo="inizio", giorno=date(2025, 12, 31))
    assert found.righe.select("chiave", "tipo").rows() == [("id E", "arrivata in ritardo"), ("id F", "nuova")]
    assert (found.conti["aggiunte"], found.conti["in_ritardo"]) == (2, 1)


def test_a_quarter_that_was_over_came_late():
    before = pl.DataFrame({"trimestre": ["2025-T2"], "n": [1]})
    after = pl.DataFrame({"trimestre": ["2025-T2", "2025-T3", "2025-T4"], "n": [1, 2, 3]})
    found = changes(before, after, key=("trimestre",), periodo="trimestre", giorno=date(2025, 10, 31))
    assert found.righe.select("chiave", "tipo").rows() == [("trimestre 2025-T3", "arrivata in ritardo"), ("trimestre 2025-T4", "nuova")]


def test_a_later_version_of_a_row_is_a_revision():
    frame = BEFORE.rename({"versione": "progressivo_versione"})
    after = pl.concat([frame, frame.head(1).with_columns(pl.lit(2, dtype=pl.Int64).alias("progressivo_versione"))])
    found = changes(frame, after, key=("id", "progressivo_versione"))
    assert found.righe.select("chiave", "tipo").rows() == [("id A, progressivo_versione 2", "revisione")]


def test_of_persons_only_counts_are_told():
    found = changes(persone=True, additive=["lavoratori"])
    assert (found.conti["celle"], found.righe.height, found.celle.height) == (3, 0, 0)
    assert found.colonne["colonna"].to_list() == ["lavoratori", "nome"]


def test_rows_that_repeat_a_key_are_told_apart_by_their_order():
    twice = pl.concat([BEFORE.head(1), BEFORE.head(1)])
    assert changes(twice, twice).cambiata is False
    assert changes(twice, BEFORE.head(1)).conti["rimosse"] == 1


def test_a_sum_of_floats_in_another_order_is_no_change():
    frames = [pl.DataFrame({"id": ["A"], "quota": [value]}) for value in (0.1 + 0.2, 0.3)]
    assert changes(*frames).cambiata is False


def test_the_day_of_extraction_is_no_change_but_a_new_column_is():
    found = changes(
        BEFORE.with_columns(data_estrazione=date(2025, 1, 1)), BEFORE.with_columns(data_estrazione=date(2026, 1, 1), sede=pl.lit("x"))
    )
    assert (found.conti["celle"], found.colonne_nuove, found.cambiata) == (0, ("sede",), True)
