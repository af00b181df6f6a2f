"""The rule of the standard flow, case by case."""

from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from analisi.errors import AnalisiError
from analisi.indicators import flusso, tempi
from analisi.indicators.flusso import FASI, by_phase, phases, positions
from analisi.sample.extracts import extracts
from analisi.tables.delivery import in_force

END, ACCORDO, INIZIO = date(2025, 9, 30), date(2025, 2, 20), date(2025, 3, 1)
FINE = {"2025-T1": date(2025, 3, 31), "2025-T2": date(2025, 6, 30), "2025-T3": date(2025, 9, 30), "2025-T4": date(2025, 12, 31)}
COUNTS = ["nessuno", "step1", "step2", "step3", "step4", "no_pal"]
DATES = {"data_inizio": pl.Date, "fine_trimestre": pl.Date, "data_incontro_parti": pl.Date, "data_incontro_lavoratori": pl.Date}


def group(
    name: str = "P",
    quarter: str = "2025-T3",
    provincia: str = "CO",
    parti: date | None = None,
    lavoratori: date | None = None,
    **counts: int,
) -> dict:
    """One row of stock: procedura and unità are both called `name`."""
    numbers = dict.fromkeys(COUNTS, 0) | counts
    return {
        "trimestre": quarter, "provincia": provincia, "id_procedura": name, "id_unita": f"{name}-01", "cluster": "a", "tipologia": "A",
        "data_inizio": INIZIO, "fine_trimestre": FINE[quarter], "lavoratori": sum(numbers.values()), **numbers,
        "data_incontro_parti": parti, "data_incontro_lavoratori": lavoratori,
    }  # fmt: skip


def vol(*rows: tuple) -> pl.DataFrame:
    """Rows in force from (name, data_accordo, data_inizio, data_fine)."""
    schema = {"id_procedura": pl.String, "id_unita": pl.String, "data_accordo": pl.Date, "data_inizio": pl.Date, "data_fine": pl.Date}
    return pl.DataFrame([(name, f"{name}-01", *dates) for name, *dates in rows], schema=schema, orient="row")


def tavoli(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema={"nucleo": pl.String, "data": pl.Date, "procedure_trattate": pl.String}, orient="row")


def placed(*groups: dict, procedures: pl.DataFrame | None = None, tables: pl.DataFrame | None = None, end: date = END) -> pl.DataFrame:
    procedures = vol(("P", ACCORDO, INIZIO, date(2026, 2, 28))) if procedures is None else procedures
    return positions(pl.DataFrame(list(groups), schema_overrides=DATES), procedures, tavoli() if tables is None else tables, end)


def deadlines_of(monkeypatch, **days: int):
    blank = phases()
    filled = blank.with_columns(pl.col("fase").replace_strict(days, default=None, return_dtype=pl.Int64).alias("giorni_massimi"))
    monkeypatch.setattr(flusso, "phases", lambda: filled)


@pytest.mark.parametrize(
    ("counts", "parti", "fase", "in_attesa", "da"),
    [
        ({"nessuno": 5}, None, "informazione", 5, ACCORDO),
        ({"nessuno": 5}, date(2025, 4, 2), "presa_in_carico", 5, date(2025, 4, 2)),
        ({"nessuno": 5}, date(2025, 10, 1), "informazione", 5, ACCORDO),  # a meeting still to come
        ({"nessuno": 1, "step1": 4}, None, "presa_in_carico", 1, INIZIO),
        ({"nessuno": 1, "step4": 4}, date(2025, 4, 2), "presa_in_carico", 1, date(2025, 4, 2)),
        ({"nessuno": 4, "no_pal": 1}, None, "presa_in_carico", 4, INIZIO),
        ({"step1": 1, "step4": 4}, None, "attivazione", 1, END),
        ({"step2": 2, "step3": 1, "no_pal": 3}, None, "attivazione", 3, END),
        ({"step4": 5}, None, "monitoraggio", 0, END),
        ({"step4": 4, "no_pal": 1}, None, "monitoraggio", 0, END),
        ({"no_pal": 5}, None, "monitoraggio", 0, END),
    ],
)
def test_the_least_advanced_workers_not_exempt_decide_the_phase(counts, parti, fase, in_attesa, da):
    result = placed(group(**counts, parti=parti))
    assert result.select("fase", "in_attesa", "da", "giorni_attesa").row(0) == (fase, in_attesa, da, (END - da).days)


def test_positions_has_its_columns_and_no_names():
    result = placed(group(nessuno=5))
    expected = ["trimestre", "provincia", "id_procedura", "id_unita", "lavoratori", "in_attesa", "fase", "da", "giorni_attesa", "ruolo"]
    assert result.columns == [*expected, "prossima_azione", "scadenza", "in_ritardo"]


def test_a_group_stands_where_its_last_sheet_up_to_the_day_of_reference_says():
    sheets = [group(quarter="2025-T1", nessuno=5), group(quarter="2025-T2", step1=5), group(quarter="2025-T4", step4=5)]
    assert placed(*sheets).select("trimestre", "fase").rows() == [("2025-T2", "attivazione")]


def test_activation_lasts_since_the_first_quarter_of_the_present_run():
    sheets = [group(quarter="2025-T1", step1=5), group(quarter="2025-T2", step1=5, nessuno=1), group(quarter="2025-T3", step1=6)]
    assert placed(*sheets)["da"].item() == FINE["2025-T3"]
    sheets = [group(quarter="2025-T1", nessuno=5), group(quarter="2025-T2", step1=5), group(quarter="2025-T3", step3=5)]
    assert placed(*sheets).select("da", "giorni_attesa").row(0) == (FINE["2025-T2"], 92)


def test_monitoring_waits_since_the_last_sheet():
    sheets = [group(quarter="2025-T1", step4=5), group(quarter="2025-T2", step4=5)]
    assert placed(*sheets)["da"].item() == FINE["2025-T2"]


def test_a_meeting_written_in_an_earlier_sheet_still_counts():
    sheets = [group(quarter="2025-T1", nessuno=5, lavoratori=date(2025, 3, 20)), group(quarter="2025-T2", nessuno=5)]
    assert placed(*sheets).select("fase", "da").row(0) == ("presa_in_carico", date(2025, 3, 20))


def test_a_tavolo_counts_for_the_procedures_it_dealt_with_and_its_own_nucleo():
    groups = [
        group("P", nessuno=5),
        group("Q", nessuno=5),
        group("R", nessuno=5),
        group("S", nessuno=5, provincia="LC"),
        group("T", nessuno=5),
    ]
    tables = tavoli(
        ("CO", date(2025, 5, 9), "P, Q,S"), (None, date(2025, 7, 8), "Q, R"), (None, date(2025, 12, 1), "T"), ("CO", date(2025, 5, 2), None)
    )
    result = placed(*groups, tables=tables).sort("id_procedura").select("id_procedura", "fase", "da").rows()
    assert result == [
        ("P", "presa_in_carico", date(2025, 5, 9)), ("Q", "presa_in_carico", date(2025, 5, 9)),
        ("R", "presa_in_carico", date(2025, 7, 8)), ("S", "informazione", INIZIO), ("T", "informazione", INIZIO),
    ]  # fmt: skip


def test_without_an_agreement_information_waits_since_the_start():
    result = placed(group(nessuno=5), procedures=vol(("P", None, date(2025, 3, 10), None)))
    assert result["da"].item() == date(2025, 3, 10)


def test_groups_without_workers_and_ended_ones_are_left_out():
    procedures = vol(("P", ACCORDO, INIZIO, date(2025, 9, 29)), ("Q", ACCORDO, INIZIO, END))
    assert placed(group("P", step1=5), group("Q", step1=5), group("R"), procedures=procedures)["id_procedura"].to_list() == ["Q"]


def test_without_deadlines_there_is_no_verdict():
    result = placed(group("P", nessuno=5), group("Q", step1=5), group("R", step4=5))
    assert (result["scadenza"].null_count(), result["in_ritardo"].null_count()) == (3, 3)


def test_with_a_deadline_a_group_is_late_the_day_after_it(monkeypatch):
    deadlines_of(monkeypatch, informazione=(END - ACCORDO).days)
    assert placed(group(nessuno=5)).select("scadenza", "in_ritardo").row(0) == (END, False)
    deadlines_of(monkeypatch, informazione=(END - ACCORDO).days - 1)
    assert placed(group(nessuno=5))["in_ritardo"].item() is True


def test_overdue_groups_come_first_then_the_longest_waiting(monkeypatch):
    deadlines_of(monkeypatch, attivazione=30, informazione=300)
    procedures = vol(*((name, ACCORDO, INIZIO, None) for name in "PQRS"))
    early = [group("R", "2025-T2", step1=5), group("S", "2025-T2", step2=5)]
    result = placed(group("P", nessuno=5), group("Q", nessuno=5, parti=date(2025, 2, 1)), *early, procedures=procedures)
    assert result.select("id_procedura", "in_ritardo").rows() == [("R", True), ("S", True), ("Q", None), ("P", False)]


def test_a_group_whose_dates_are_unknown_is_shown_last():
    unknown = group("Q", nessuno=5) | {"data_inizio": None}
    result = placed(unknown, group("P", nessuno=5)).select("id_procedura", "da", "giorni_attesa").rows()
    assert result == [("P", ACCORDO, 222), ("Q", None, None)]


def test_roles_and_actions_are_those_of_the_reference_table():
    rules = {row["fase"]: row for row in phases().to_dicts()}
    result = placed(group("P", nessuno=5), group("Q", step1=5), group("R", step4=5), group("S", nessuno=1, step1=1))
    assert set(result["fase"]) == set(FASI)
    for row in result.to_dicts():
        assert (row["ruolo"], row["prossima_azione"]) == (rules[row["fase"]]["ruolo"], rules[row["fase"]]["azione"])


def test_the_reference_table_is_in_order_to_be_confirmed_and_sourced():
    table = phases()
    assert tuple(table["fase"]) == FASI
    assert table["giorni_massimi"].null_count() == 4
    assert (table["stato"] == "da confermare").all()
    assert table["fonte"].str.contains("Presentazione").all()


def test_an_unknown_phase_is_refused(tmp_path, monkeypatch):
    (tmp_path / "fasi_flusso.csv").write_text("fase,ordine,giorni_massimi\nattesa,1,\n", encoding="utf-8")
    monkeypatch.setattr(tempi, "reference", lambda name: tmp_path / name)
    with pytest.raises(AnalisiError, match="attesa"):
        phases()


def test_by_phase_counts_groups_and_workers_in_the_order_of_the_flow():
    found = placed(group("P", nessuno=5), group("Q", "2025-T2", step1=5), group("R", step1=3), group("S", step4=5, provincia="BG"))
    expected = pl.DataFrame({
        "provincia": ["BG", "CO", "CO"], "fase": ["monitoraggio", "informazione", "attivazione"],
        "gruppi": [1, 1, 2], "lavoratori": [5, 5, 8], "attesa_mediana": [0.0, 222.0, 46.0],
    })  # fmt: skip
    assert_frame_equal(by_phase(found), expected)


def test_every_group_in_course_of_the_synthetic_sheets_has_one_place():
    frames, end = extracts(), date(2025, 12, 31)
    sheets = frames["monitoraggio_pal"].sort("progressivo_invio").unique(["trimestre", "id_procedura", "id_unita"], keep="last")
    stock = sheets.with_columns(
        provincia="nucleo", lavoratori="lavoratori_sospesi", step1="step1_presa_in_carico", step2="step2_strumenti", step3="step3_incontri",
        step4="step4_pal_attivate", nessuno="non_ancora_presi", data_inizio=pl.lit(None, pl.Date),
        fine_trimestre=pl.col("trimestre").replace_strict(FINE, return_dtype=pl.Date),
    )  # fmt: skip
    procedures = in_force(frames["vol_procedure"])
    found = positions(stock, procedures, frames["registro_tavoli"], end)
    running = stock.join(procedures.filter(pl.col("data_fine") >= end), on=["id_procedura", "id_unita"], how="semi")
    assert found.height == running["id_unita"].n_unique() == found["id_unita"].n_unique()
    assert found.select(pl.col("ruolo", "prossima_azione", "da").null_count()).row(0) == (0, 0, 0)
    assert by_phase(found)["lavoratori"].sum() == running.filter(trimestre="2025-T4")["lavoratori"].sum()
