"""CIGS procedures in course: days at their edges, versions, several provinces, and the identity over a period."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from analisi.errors import AnalisiError
from analisi.indicators import contraddizioni
from analisi.indicators import procedure_in_corso as in_corso
from analisi.indicators.periodi import bounds
from analisi.tables.catalogo import MONITORAGGIO_PAL, VOL_PROCEDURE
from analisi.tables.delivery import in_force

DAY = date(2025, 6, 30)  # last day of 2025-B3


def register(*rows: dict) -> pl.DataFrame:
    """Versions of units, from what differs; procedura P, unità P-01 unless told."""
    base = {"id_procedura": "P", "progressivo_versione": 1, "tipo_procedura": "CIGS", "tipologia_linee_guida": "A", "sigla_provincia": "LC", "causale": "CRISI",
            "lavoratori_coinvolti": 10, "stato": "IN_CORSO", "data_apertura": date(2025, 1, 8), "data_inizio": date(2025, 2, 1), "data_fine": date(2026, 1, 31),
            "ateco_codice": "25.62", "ateco_versione": "2007", "classe_dimensionale": "50-99", "obbligo_pal": "S"}  # fmt: skip
    whole = [base | row for row in rows]
    return pl.DataFrame([{"id_unita": f"{row['id_procedura']}-01"} | row for row in whole], schema=VOL_PROCEDURE.schema).select(
        VOL_PROCEDURE.names
    )


def units(*rows: dict) -> pl.DataFrame:
    return in_corso.cigs(in_force(register(*rows)))


def count(found: pl.DataFrame, voce: str, provincia: str = "LC", tipo: str = "tutte") -> tuple[int, int, int]:
    return found.filter(provincia=provincia, tipo=tipo, voce=voce).select("procedure", "unita", "lavoratori").row(0)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (DAY, date(2025, 7, 31), True),  # the first day counts
        (DAY + timedelta(days=1), date(2025, 7, 31), False),
        (date(2025, 2, 1), DAY, True),  # the last day counts
        (date(2025, 2, 1), DAY - timedelta(days=1), False),
        (date(2025, 2, 1), None, True),  # an open end goes on
        (None, None, False),
    ],
)
def test_first_and_last_day_of_a_suspension_are_in_course(start, end, expected):
    found = units({"data_inizio": start, "data_fine": end}).select(in_corso.is_in_course(DAY)).item()
    assert found is expected


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (DAY - timedelta(days=1), False),  # already over
        (DAY, True),
        (DAY + timedelta(days=60), True),
        (DAY + timedelta(days=61), False),
        (None, False),
    ],
)
def test_the_window_of_expiry_holds_both_its_edges(end, expected):
    assert units({"data_fine": end}).select(in_corso.is_expiring(DAY, 60)).item() is expected


def test_what_has_not_begun_is_pending_and_does_not_expire():
    coming = units({"data_inizio": DAY + timedelta(days=5), "data_fine": DAY + timedelta(days=30)})
    assert coming.select(in_corso.is_pending(DAY), in_corso.is_expiring(DAY).alias("e")).row(0) == (True, False)
    assert units({"data_apertura": DAY + timedelta(days=1), "data_inizio": None}).select(in_corso.is_pending(DAY)).item() is False


def test_revoked_units_and_earlier_versions_do_not_count():
    rows = [
        {"lavoratori_coinvolti": 30},
        {"progressivo_versione": 2, "lavoratori_coinvolti": 7},  # the amended version: 7 workers, not 30
        {"id_unita": "P-02"},
        {"id_unita": "P-02", "progressivo_versione": 2, "stato": "REVOCATA"},
        {"id_unita": "P-03", "data_fine": DAY + timedelta(days=300)},
        {"id_unita": "P-03", "progressivo_versione": 2, "data_fine": DAY - timedelta(days=1)},  # brought forward: over by the day
        {"id_procedura": "D", "tipo_procedura": "LIC", "tipologia_linee_guida": "D"},
    ]
    assert count(in_corso.situation(units(*rows), "2025-B3", ["LC"]), "in_corso") == (1, 1, 7)


def test_the_situation_tells_what_started_ended_expires_and_waits():
    rows = [
        {"id_procedura": "A1"},  # in course before and now
        {"id_procedura": "A2", "data_inizio": date(2025, 5, 1), "data_fine": date(2025, 8, 29)},  # first day of the bimestre; 60 days left
        {"id_procedura": "A3", "data_fine": date(2025, 4, 30), "lavoratori_coinvolti": 4},  # last day the day before: ends on 1 May
        {"id_procedura": "B1", "tipologia_linee_guida": "B", "data_inizio": DAY, "data_fine": None, "lavoratori_coinvolti": 3},
        {"id_procedura": "B2", "tipologia_linee_guida": "C", "data_inizio": None, "data_fine": None, "lavoratori_coinvolti": 2},
        {
            "id_procedura": "A4",
            "data_inizio": date(2025, 5, 9),
            "data_fine": date(2025, 6, 29),
            "lavoratori_coinvolti": 5,
        },  # comes and goes
    ]
    found = in_corso.situation(units(*rows), "2025-B3", ["LC"])
    expected = {  # procedure, unità, lavoratori
        "in_corso_prima": (2, 2, 14),  # A1 10, A3 4
        "avviate": (3, 3, 18),  # A2 10, B1 3, A4 5
        "concluse": (2, 2, 9),  # A3 4, A4 5
        "in_corso": (3, 3, 23),  # 14 + 18 - 9: A1 10, A2 10, B1 3
        "in_scadenza": (1, 1, 10),  # A2
        "in_attesa": (1, 1, 2),  # B2
    }
    assert {voce: count(found, voce) for voce in in_corso.VOCI} == expected
    assert [count(found, "in_corso", tipo=tipo) for tipo in ("ministeriale", "regionale")] == [(2, 2, 20), (1, 1, 3)]
    assert in_corso.identity_gaps(found).is_empty()


def test_a_wrong_identity_is_found():
    found = in_corso.situation(units({}), "2025-B3", ["LC"])
    spoilt = found.with_columns(
        pl.when(pl.col("voce") == "avviate").then(pl.col("lavoratori") + 1).otherwise("lavoratori").alias("lavoratori")
    )
    assert in_corso.identity_gaps(found).is_empty()
    assert in_corso.identity_gaps(spoilt)["tipo"].to_list() == ["ministeriale", "regionale", "tutte"]


days = st.dates(date(2024, 11, 1), date(2026, 2, 28))


@given(
    st.lists(st.tuples(days, st.one_of(st.none(), st.integers(0, 500)), st.integers(0, 90), st.sampled_from("ABC")), max_size=12),
    st.sampled_from(["2024-B6", "2025-B1", "2025-B3", "2026-B1"]),
)
def test_in_course_at_the_end_is_before_plus_started_minus_ended(found, bimestre):
    rows = [
        {"id_procedura": f"P{n}", "data_inizio": start, "data_fine": None if last is None else start + timedelta(days=last), "lavoratori_coinvolti": many, "tipologia_linee_guida": kind}
        for n, (start, last, many, kind) in enumerate(found)
    ]  # fmt: skip
    assert in_corso.identity_gaps(in_corso.situation(units(*rows) if rows else units({}).clear(), bimestre, ["LC"])).is_empty()


def test_changes_are_against_two_months_and_a_year_before():
    rows = [
        {"id_procedura": "P1", "data_inizio": date(2024, 3, 1), "data_fine": date(2025, 4, 30)},  # a year before and two months before
        {"id_procedura": "P2", "data_inizio": date(2025, 3, 1), "lavoratori_coinvolti": 30},  # two months before and now
        {"id_procedura": "P3", "data_inizio": date(2025, 6, 1), "lavoratori_coinvolti": 15},  # now
    ]
    row = in_corso.compared(units(*rows), "2025-B3", ["LC"]).row(
        by_predicate=(pl.col("tipo") == "tutte") & (pl.col("voce") == "in_corso"), named=True
    )
    # now 45; on 30 April 10 + 30 = 40; on 30 June 2024 10
    assert [row[name] for name in ("lavoratori", "lavoratori_prec", "lavoratori_anno")] == [45, 40, 10]
    assert [row[name] for name in ("var_lavoratori_prec", "pct_lavoratori_prec", "var_unita_anno", "pct_unita_anno")] == [5, 12.5, 1, 100.0]


def test_a_change_from_zero_has_no_per_cent():
    row = in_corso.compared(units({"data_inizio": DAY}), "2025-B3", ["LC"]).filter(tipo="tutte", voce="in_corso").row(0, named=True)
    assert (row["var_unita_prec"], row["pct_unita_prec"]) == (1, None)


SEVERAL = (
    {"id_unita": "P-01", "sigla_provincia": "LC", "lavoratori_coinvolti": 10},
    {"id_unita": "P-02", "sigla_provincia": "BG", "lavoratori_coinvolti": 20},
    {"id_unita": "P-03", "sigla_provincia": "FUORI_REGIONE", "lavoratori_coinvolti": 40},
    {"id_procedura": "Q", "sigla_provincia": "BG", "lavoratori_coinvolti": 5},
)


def test_units_and_workers_of_the_provinces_add_up_to_the_region_and_procedures_do_not():
    inside = units(*SEVERAL).filter(pl.col("provincia") != "FUORI_REGIONE")
    found = in_corso.situation(in_corso.with_region(inside, "TOT"), "2025-B3", ["BG", "LC", "TOT"])
    assert [count(found, "in_corso", place) for place in ("BG", "LC", "TOT")] == [(2, 2, 25), (1, 1, 10), (2, 3, 35)]


def test_a_procedura_in_several_provinces_is_told_with_its_own_part_and_the_whole():
    everywhere = units(*SEVERAL)
    inside = everywhere.filter(pl.col("provincia") != "FUORI_REGIONE")
    result = in_corso.shared(in_corso.with_region(inside, "TOT"), everywhere, ["BG", "LC", "SO", "TOT"])
    expected = pl.DataFrame(
        {"provincia": ["BG", "LC", "SO", "TOT"], "procedure": [2, 1, 0, 2], "condivise": [1, 1, 0, 1], "lavoratori_qui": [20, 10, 0, 30],
         "lavoratori_in_tutto": [70, 70, 0, 70]}
    )  # fmt: skip
    assert_frame_equal(result, expected)
    cases = in_corso.cases(inside, everywhere, "2025-B3").select("id_unita", "altre_province", "lavoratori_procedura").rows()
    assert cases == [("P-01", ["BG", "FUORI_REGIONE"], 70), ("P-02", ["FUORI_REGIONE", "LC"], 70), ("Q-01", [], 5)]


def test_two_provinces_are_several_and_two_sites_of_one_are_not():
    rows = [
        {"id_procedura": "A"},
        {"id_procedura": "A", "id_unita": "A-02", "sigla_provincia": "BG"},
        {"id_procedura": "B"},
        {"id_procedura": "B", "id_unita": "B-02"},
    ]
    found = units(*rows)
    assert in_corso.shared(found, found, ["LC"]).row(0) == ("LC", 2, 1, 10, 20)


def test_cases_come_by_urgency_with_the_days_left():
    rows = [
        {"id_procedura": "A", "data_inizio": DAY + timedelta(days=1), "data_fine": DAY + timedelta(days=9)},
        {"id_procedura": "B", "data_fine": None},
        {"id_procedura": "C", "data_fine": DAY + timedelta(days=61)},
        {"id_procedura": "D", "data_fine": DAY + timedelta(days=60)},
        {"id_procedura": "E", "data_fine": DAY},
        {"id_procedura": "F", "data_fine": DAY - timedelta(days=1)},
        {"id_procedura": "G", "data_fine": date(2025, 4, 29)},  # over before the bimestre: in no list
    ]
    result = in_corso.cases(units(*rows), units(*rows), "2025-B3").select("id_procedura", "situazione", "giorni").rows()
    assert result == [
        ("E", "in scadenza", 0),
        ("D", "in scadenza", 60),
        ("C", "in corso", 61),
        ("B", "in corso", None),
        ("A", "in attesa", None),
        ("F", "conclusa", None),
    ]


def test_the_default_bimestre_is_the_last_whole_one_that_the_register_reaches():
    def default(extraction: date, opening: date) -> str:
        return in_corso.require_bimestre("", register({"data_apertura": opening}), extraction)

    assert default(date(2025, 8, 31), date(2025, 8, 30)) == "2025-B4"  # its last day is the extraction
    assert default(date(2025, 8, 30), date(2025, 8, 30)) == "2025-B3"
    assert default(date(2026, 3, 31), date(2025, 12, 29)) == "2025-B6"  # nothing was opened later
    assert in_corso.require_bimestre("2025-B2", register({}), None) == "2025-B2"


@pytest.mark.parametrize(("asked", "said"), [("2025-T2", "è un trimestre"), ("2025-B7", "non è un bimestre"), ("", "indicare --bimestre")])
def test_a_bimestre_that_cannot_be_used_is_refused(asked, said):
    with pytest.raises(AnalisiError, match=said):
        in_corso.require_bimestre(asked, register({}), None)


def test_the_register_is_complete_after_the_longest_duration():
    # 36 months, the longest admitted, from the first opening
    assert in_corso.complete_since(register({}, {"id_procedura": "Q", "data_apertura": date(2024, 12, 3)})) == date(2027, 12, 3)


def test_an_old_row_alone_does_not_begin_the_register():
    # 180 days without an opening are admitted between the 12th of July and the 8th of January, 181 are not
    within = register({}, {"id_procedura": "Q", "data_apertura": date(2024, 7, 12)})
    beyond = register({}, {"id_procedura": "Q", "data_apertura": date(2024, 7, 11)})
    assert (in_corso.begins(within), in_corso.begins(beyond)) == (date(2024, 7, 12), date(2025, 1, 8))
    dismissal = {"id_procedura": "Q", "tipo_procedura": "LIC", "data_apertura": date(2024, 12, 1)}
    assert in_corso.begins(register({}, dismissal)) == date(2025, 1, 8)


def test_before_the_register_nothing_is_told():
    with pytest.raises(AnalisiError, match="il registro non dice nulla"):
        in_corso.require_bimestre("2024-B6", register({}), None)
    assert in_corso.require_bimestre("2025-B1", register({}), None) == "2025-B1"


def test_what_is_concluded_without_a_start_is_not_pending():
    rows = register(
        {"data_inizio": None, "data_fine": None}, {"id_procedura": "Q", "data_inizio": None, "data_fine": None, "stato": "CONCLUSA"}
    )
    assert rows.filter(in_corso.is_pending(date(2025, 12, 31)))["id_procedura"].to_list() == [rows["id_procedura"][0]]
    assert in_corso.complete_since(register({}).clear()) is None


def test_sectors_of_two_ateco_versions_are_never_added_up():
    rows = [
        {"id_procedura": "A", "lavoratori_coinvolti": 30},
        {"id_procedura": "B", "ateco_codice": "25.53", "ateco_versione": "2025"},
        {"id_procedura": "C", "ateco_codice": "25.11", "ateco_versione": None},
        {
            "id_procedura": "D",
            "ateco_codice": None,
            "ateco_versione": None,
            "classe_dimensionale": None,
            "data_fine": None,
            "lavoratori_coinvolti": 50,
        },
    ]
    found = in_corso.distribution(units(*rows))
    sectors = found.filter(dimensione="settore").select("versione_ateco", "voce", "unita", "lavoratori", "quota").rows()
    assert sectors == [
        ("2007", "25", 1, 30, 0.3),
        ("2025", "25", 1, 10, 0.1),
        ("non indicato", "non indicato", 1, 50, 0.5),
        ("non indicato", "25", 1, 10, 0.1),
    ]
    assert found.filter(dimensione="classe_dimensionale")["voce"].to_list() == ["50-99", "non indicato"]
    assert found.filter(dimensione="mese_fine").select("voce", "unita").rows() == [("2026-01", 3), ("non indicato", 1)]


def test_sizes_are_in_their_own_order():
    rows = [{"id_procedura": size, "classe_dimensionale": size} for size in ("250+", "100-249", "16-49", "50-99")]
    assert in_corso.distribution(units(*rows)).filter(dimensione="classe_dimensionale")["voce"].to_list() == [
        "16-49",
        "50-99",
        "100-249",
        "250+",
    ]


def test_the_calendar_has_every_month_and_only_what_is_known_by_the_day():
    rows = [
        {"id_procedura": "A", "data_inizio": date(2025, 5, 20), "data_fine": date(2025, 6, 30)},
        {"id_procedura": "B", "data_inizio": date(2025, 7, 1), "data_fine": date(2026, 6, 30)},
        {"id_procedura": "C", "data_apertura": date(2025, 7, 1), "data_inizio": date(2025, 7, 8)},  # opened after the day
        {"id_procedura": "D", "data_inizio": date(2024, 6, 30), "data_fine": None},  # before the window
    ]
    result = in_corso.calendar(units(*rows), DAY)
    assert (result.height, result["mese"][0], result["mese"][-1]) == (24, date(2024, 7, 1), date(2026, 6, 1))
    some = result.filter(pl.sum_horizontal(pl.exclude("mese")) > 0).select(
        "mese", "unita_inizio", "lavoratori_inizio", "unita_fine", "lavoratori_fine"
    )
    assert some.rows() == [
        (date(2025, 5, 1), 1, 10, 0, 0),
        (date(2025, 6, 1), 0, 0, 1, 10),
        (date(2025, 7, 1), 1, 10, 0, 0),
        (date(2026, 6, 1), 0, 0, 1, 10),
    ]


def test_the_quarter_of_the_sheets_holds_the_day_or_precedes_it():
    assert in_corso.sheet_quarter(["2025-T1", "2025-T2", "2025-T3"], DAY) == "2025-T2"
    assert in_corso.sheet_quarter(["2025-T1", "2025-T4"], bounds("2025-B5")[1]) == "2025-T4"  # October is in the fourth
    assert in_corso.sheet_quarter(["2024-T4", "2025-T3"], DAY) == "2024-T4"
    assert in_corso.sheet_quarter(["2025-T3"], DAY) is None


def test_the_steps_of_a_unit_are_those_of_its_last_sheet_up_to_the_quarter():
    base = dict.fromkeys(MONITORAGGIO_PAL.names) | {"id_procedura": "P", "id_unita": "P-01", "nucleo": "LC"}
    counts = ("step1_presa_in_carico", "step2_strumenti", "step3_incontri", "step4_pal_attivate", "no_pal", "non_ancora_presi")
    sheets = [("2025-T1", (9, 0, 0, 0, 0, 1)), ("2025-T2", (1, 2, 3, 4, 0, None)), ("2025-T3", (0, 0, 0, 10, 0, 0))]
    rows = pl.DataFrame(
        [base | {"trimestre": quarter} | dict(zip(counts, found, strict=True)) for quarter, found in sheets], schema=MONITORAGGIO_PAL.schema
    )
    result = in_corso.last_steps(rows, "2025-T2").drop("id_procedura", "id_unita").rows()
    assert result == [("2025-T2", 1, 2, 3, 4, 0, 0)]


CLEAN = {"data_inizio": date(2025, 5, 2), "data_fine": date(2026, 5, 1)}


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({"stato": "CONCLUSA"}, "corso_ma_conclusa"),
        ({"data_fine": date(2025, 7, 31)}, "finita_ma_in_corso"),
        ({"data_inizio": None, "data_fine": None, "stato": "CONCLUSA"}, "conclusa_senza_inizio"),
        ({"data_fine": None}, "inizio_senza_fine"),
        ({"data_inizio": None}, "fine_senza_inizio"),
        ({"data_apertura": date(2025, 5, 3)}, "inizio_prima_di_apertura"),
        ({"ateco_codice": None}, "senza_settore"),
        ({"ateco_versione": None}, "senza_versione"),
        ({"classe_dimensionale": None}, "senza_classe"),
        ({"tipologia_linee_guida": "B", "obbligo_pal": None}, "senza_obbligo"),
    ],
)
def test_each_contradiction_is_found_alone(row, rule):
    vol = register(CLEAN | row)
    found = contraddizioni.contradictions(in_corso.cigs(in_force(vol)), vol, "2025-B3", date(2025, 9, 30))
    assert found["regola"].to_list() == [rule]
    assert contraddizioni.by_rule(found).select("regola", "unita", "lavoratori").rows() == [(rule, 1, 10)]


def test_a_last_version_that_brings_the_end_forward_is_told():
    vol = register(CLEAN, CLEAN | {"progressivo_versione": 2, "data_fine": date(2026, 3, 1)})
    found = contraddizioni.contradictions(in_corso.cigs(in_force(vol)), vol, "2025-B3", date(2025, 9, 30))
    assert found.select("regola", "id_unita").rows() == [("fine_anticipata", "P-01")]


def test_what_ended_since_the_bimestre_is_no_contradiction():
    # in course on 30 June, over by the extraction, and so told "conclusa"
    vol = register(CLEAN | {"data_fine": date(2025, 7, 31), "stato": "CONCLUSA"})
    assert contraddizioni.contradictions(in_corso.cigs(in_force(vol)), vol, "2025-B3", date(2025, 9, 30)).is_empty()


def test_units_that_the_report_does_not_tell_are_not_judged():
    vol = register({"data_fine": date(2025, 3, 1), "classe_dimensionale": None})
    assert contraddizioni.contradictions(in_corso.cigs(in_force(vol)), vol, "2025-B3", None).is_empty()
