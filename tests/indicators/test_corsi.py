"""Courses and classes of absence: borders exactly, ended courses only."""

from datetime import date

import polars as pl
import pytest

from analisi.errors import AnalisiError
from analisi.indicators import corsi
from analisi.sources.text import read_csv_text
from analisi.tables.catalogo import SIUF_CORSI

GIORNO = date(2025, 12, 31)
FIRST, SECOND, THIRD, LAST = "meno del 25%", "dal 25% al 50%", "oltre il 50% fino all'80%", "oltre l'80%"


def rows(*given: dict) -> pl.DataFrame:
    """Participations of worker "a" in one ended edition of 40 hours, all attended, but for what is given."""
    usual = {
        "id_corso": "C",
        "id_edizione": "C-1",
        "id_lavoratore": "a",
        "ore_previste": 40.0,
        "ore_frequentate": 40.0,
        "data_fine": GIORNO,
        "livello_eqf": 4,
        "esito": "ATTESTATO",
    }
    return pl.DataFrame([usual | row for row in given], schema=SIUF_CORSI.schema).with_columns(in_cigs=pl.col("id_lavoratore") == "a")


@pytest.mark.parametrize(
    ("planned", "attended", "fascia"),
    [(40, 40, FIRST), (40, 30.1, FIRST), (40, 30, SECOND), (24, 18, SECOND), (40, 20, SECOND), (40, 19.9, THIRD), (40, 8, THIRD), (24, 4.8, THIRD),
     (4.2, 0.84, THIRD), (0.6, 0.45, SECOND), (40, 7.9, LAST), (40, 0, LAST)],
)  # fmt: skip
def test_the_class_of_absence_at_its_borders(planned, attended, fascia):
    result = corsi.attendance(rows({"ore_previste": float(planned), "ore_frequentate": float(attended)}), GIORNO)
    assert result.filter(pl.col("partecipazioni") == 1)["fascia"].to_list() == [fascia]


def test_the_quota_is_of_ended_courses_with_known_hours():
    given = [
        {},
        {"id_lavoratore": "b", "ore_frequentate": 10.0},
        {"ore_frequentate": None},
        {"data_fine": date(2026, 1, 1)},
        {"data_fine": None},
        {"ore_previste": 0.0, "ore_frequentate": 0.0},
    ]
    result = {row["fascia"]: row for row in corsi.attendance(rows(*given), GIORNO).iter_rows(named=True)}
    assert {name: row["partecipazioni"] for name, row in result.items()} == {
        FIRST: 1,
        SECOND: 0,
        THIRD: 1,
        LAST: 0,
        corsi.IN_CORSO: 2,
        corsi.SENZA_ORE: 2,
    }
    assert (result[FIRST]["quota"], result[THIRD]["quota"], result[corsi.IN_CORSO]["quota"]) == (0.5, 0.5, None)
    assert (result[FIRST]["in_cigs"], result[THIRD]["in_cigs"]) == (1, 0)


def test_without_participations_there_is_no_row():
    assert corsi.attendance(rows(), GIORNO).is_empty()
    assert corsi.courses(rows(), ["livello_eqf"]).is_empty()


def test_courses_count_editions_people_hours_and_results():
    given = [
        {},
        {"id_lavoratore": "b", "ore_frequentate": 20.0, "esito": "RITIRATO"},
        {"id_edizione": "C-2", "ore_frequentate": None, "esito": None, "livello_eqf": None},
    ]
    result = corsi.courses(rows(*given), ["livello_eqf"])
    assert result.columns[:2] == ["dimensione", "voce"]
    # editions, participations, people, hours planned of those known, attended, results
    assert result.filter(dimensione="TOT").row(0)[2:] == (2, 3, 2, 80.0, 60.0, 1, 0, 1, 1)
    assert result.filter(dimensione="livello_eqf").select("voce", "partecipazioni").rows() == [("4", 2), ("non indicato", 1)]


def written(rows: pl.DataFrame, tmp_path, monkeypatch) -> None:
    """Puts the rows in the place of the reference table."""
    rows.write_csv(tmp_path / "fasce.csv")
    monkeypatch.setattr(corsi, "reference", lambda _: tmp_path / "fasce.csv")


def test_borders_that_leave_a_gap_or_overlap_are_refused(tmp_path, monkeypatch):
    good = read_csv_text(corsi.reference("fasce_assenza.csv"))
    both = good.with_columns(
        pl.when(fascia=FIRST).then(pl.lit("S")).otherwise("a_compreso").alias("a_compreso")
    )  # 25 would be in two classes
    for wrong in (both, good.filter(pl.col("fascia") != SECOND), good.head(3), good.clear()):
        written(wrong, tmp_path, monkeypatch)
        with pytest.raises(AnalisiError, match="ogni confine sta in una sola fascia"):
            corsi.absence_bands()


def test_a_border_in_letters_is_told(tmp_path, monkeypatch):
    good = read_csv_text(corsi.reference("fasce_assenza.csv"))
    written(good.with_columns(pl.col("da_pct").replace("25", "venticinque")), tmp_path, monkeypatch)
    with pytest.raises(AnalisiError, match="colonna «da_pct»: «venticinque» non è ammesso"):
        corsi.absence_bands()


def test_the_borders_are_those_of_the_reference_table(tmp_path, monkeypatch):
    moved = read_csv_text(corsi.reference("fasce_assenza.csv")).with_columns(
        pl.when(fascia=FIRST).then(pl.lit("S")).otherwise("a_compreso").alias("a_compreso"),
        pl.when(fascia=SECOND).then(pl.lit("N")).otherwise("da_compreso").alias("da_compreso"),
    )
    written(moved, tmp_path, monkeypatch)
    result = corsi.attendance(rows({"ore_frequentate": 30.0}), GIORNO)
    assert result.filter(pl.col("partecipazioni") == 1)["fascia"].to_list() == [FIRST]
