"""Equal delay, worked by hand.

The first quarter of 2024, as known on 30 May 2024 (60 days after): 2 units, 30 workers. Two more procedures of it came later: today it
has 4 units and 100 workers. The first quarter of 2025, on 30 May 2025: 3 units, 45 workers. Naive: 45 against 100, minus 55. At equal
delay: 45 against 30, plus 15. The naive comparison has even the sign wrong.
"""

from datetime import date

import polars as pl
import pytest

from analisi.errors import AnalisiError
from analisi.indicators.pari_ritardo import equal_delay
from analisi.tables.catalogo import VOL_PROCEDURE
from analisi.vocabulary import load_territorio


def known(*rows):
    """A vintage of (number, provincia, opening, workers[, version, state])."""
    made = []
    for number, sigla, opened, workers, *rest in rows:
        version, state = rest or (1, "IN_CORSO")
        made.append({"id_procedura": f"P{number}", "id_unita": f"P{number}-1", "progressivo_versione": version, "sigla_provincia": sigla,
                     "data_apertura": opened, "lavoratori_coinvolti": workers, "stato": state})  # fmt: skip
    return pl.DataFrame(made, schema=VOL_PROCEDURE.schema)


Q24, Q25 = date(2024, 2, 1), date(2025, 2, 1)
FIRST = [(1, "LC", Q24, 10), (2, "CO", Q24, 20)]
LATE = [(3, "LC", Q24, 30), (4, "CO", Q24, 40)]
NOW = [(5, "LC", Q25, 15), (6, "CO", Q25, 10), (7, "CO", Q25, 20)]
VINTAGES = {
    date(2024, 4, 15): known(FIRST[0]),
    date(2024, 5, 30): known(*FIRST),
    date(2024, 12, 31): known(*FIRST, *LATE),
    date(2025, 5, 30): known(*FIRST, *LATE, *NOW),
}
LOMBARDIA = load_territorio("lombardia")


def row(found, provincia="TOT"):
    return found.righe.filter(provincia=provincia).row(0, named=True)


def test_the_naive_comparison_has_the_wrong_sign():
    total = row(equal_delay(VINTAGES, "2025-T1", 60, LOMBARDIA))
    assert (total["lavoratori"], total["lavoratori_allora"], total["lavoratori_oggi"]) == (45, 30, 100)
    assert (total["var_lavoratori"], total["var_lavoratori_ingenua"]) == (15, -55)
    assert (total["var_unita"], total["var_unita_ingenua"]) == (1, -1)


def test_provinces_add_up():
    found = equal_delay(VINTAGES, "2025-T1", 60, LOMBARDIA)
    assert (row(found, "LC")["var_lavoratori"], row(found, "CO")["var_lavoratori"]) == (5, 10)
    assert found.righe.filter(pl.col("provincia") != "TOT")["lavoratori"].sum() == 45


def test_the_days_of_the_snapshots_and_their_delays_are_told():
    found = equal_delay(VINTAGES, "2025-T1", 60, LOMBARDIA)
    assert [(o.periodo, o.giorno, o.ritardo) for o in (found.ora, found.allora)] == [
        ("2025-T1", date(2025, 5, 30), 60), ("2024-T1", date(2024, 5, 30), 60),
    ]  # fmt: skip
    assert found.alike and found.oggi.giorno == date(2025, 5, 30)


def test_delays_that_differ_are_not_called_equal():
    assert not equal_delay({day: VINTAGES[day] for day in (date(2024, 4, 15), date(2025, 5, 30))}, "2025-T1", 60, LOMBARDIA).alike


def test_without_late_arrivals_the_two_comparisons_agree():
    total = row(equal_delay({date(2024, 5, 30): known(*FIRST), date(2025, 5, 30): known(*FIRST, *NOW)}, "2025-T1", 60, LOMBARDIA))
    assert total["var_lavoratori"] == total["var_lavoratori_ingenua"] == 15


def test_a_later_version_and_a_revocation_count_from_the_day_they_are_known():
    later = [(1, "LC", Q24, 12, 2, "IN_CORSO"), (2, "CO", Q24, 20, 2, "REVOCATA")]
    total = row(equal_delay(VINTAGES | {date(2025, 5, 30): known(*FIRST, *later, *NOW)}, "2025-T1", 60, LOMBARDIA))
    assert (total["lavoratori_allora"], total["lavoratori_oggi"]) == (30, 12)


def test_a_whole_year_can_be_compared():
    vintages = {date(2025, 1, 30): known(*FIRST), date(2026, 1, 30): known(*FIRST, *LATE, *NOW)}
    assert row(equal_delay(vintages, "2025", 60, LOMBARDIA))["var_lavoratori"] == 15


def test_a_period_that_no_snapshot_saw_in_time_is_told_with_those_there_are():
    with pytest.raises(
        AnalisiError, match=r"periodo 2024-T1: nessuno scatto fra la sua fine \(31/03/2024\) e 60 giorni dopo \(30/05/2024\)"
    ):
        equal_delay({day: rows for day, rows in VINTAGES.items() if day > date(2024, 6, 1)}, "2025-T1", 60, LOMBARDIA)
