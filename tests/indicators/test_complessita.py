"""The score of complex cases, worked by hand: grades, unknown values, ranks, windows."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from analisi.errors import AnalisiError
from analisi.indicators import complessita
from analisi.indicators.complessita import (
    CRITERI,
    NON_NOTO,
    NON_SI_APPLICA,
    NOTO,
    assess,
    cases,
    contributions,
    criteria,
    decision_rules,
    measures,
    score_classes,
    scores,
    summary,
)
from analisi.indicators.complessita_confronti import changes, decisions, events, ranks, sensitivity
from analisi.tables.catalogo import MONITORAGGIO_PAL, REGISTRO_TAVOLI, VOL_PROCEDURE

DAY = date(2025, 6, 30)
SIGLE = ["BG", "BS", "CO", "MI"]


def days(number: int, start: date = DAY) -> date:
    return start + timedelta(days=number)


def unit(name: str, number: int = 1, sigla: str = "BG", lavoratori: int = 40, **own: object) -> dict:
    """One row of the register: by default a regional CIGS of a company of its own, in course for a year around the day."""
    base = dict.fromkeys(VOL_PROCEDURE.names)
    return base | {
        "id_procedura": name, "id_unita": f"{name}-{number:02}", "progressivo_versione": 1, "tipo_procedura": "CIGS",
        "competenza": "REGIONALE", "tipologia_linee_guida": "B", "causale": "CRISI", "obbligo_pal": "N",
        "codice_fiscale_azienda": f"cf {name}", "ragione_sociale": f"Azienda {name}", "sigla_provincia": sigla,
        "lavoratori_coinvolti": lavoratori, "data_apertura": days(-200), "data_esame_congiunto": days(-190), "data_accordo": days(-185),
        "esito_fase": "ACCORDO", "data_inizio": days(-180), "data_fine": days(185), "stato": "IN_CORSO", "complessita": "MEDIA",
    } | own  # fmt: skip


def lic(name: str, **own: object) -> dict:
    """A collective dismissal, opened and without outcome."""
    row = unit(name, tipo_procedura="LIC", tipologia_linee_guida="D", causale="RID_PERSONALE", obbligo_pal=None)
    return (
        row | {"data_esame_congiunto": None, "data_accordo": None, "esito_fase": "IN_CORSO", "data_inizio": None, "data_fine": None} | own
    )


def vol(*rows: dict) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=VOL_PROCEDURE.schema)


def sheets(*rows: tuple) -> pl.DataFrame:
    """Sheets from (id_procedura, trimestre, suspended, activated, exempt)."""
    named = [
        dict.fromkeys(MONITORAGGIO_PAL.names)
        | {
            "nucleo": "BG",
            "trimestre": quarter,
            "id_procedura": name,
            "lavoratori_sospesi": suspended,
            "step4_pal_attivate": active,
            "no_pal": exempt,
        }
        for name, quarter, suspended, active, exempt in rows
    ]
    return pl.DataFrame(named, schema=MONITORAGGIO_PAL.schema)


def tavoli(*rows: dict) -> pl.DataFrame:
    return pl.DataFrame([dict.fromkeys(REGISTRO_TAVOLI.names) | row for row in rows], schema=REGISTRO_TAVOLI.schema)


def criteri(**weights: float) -> pl.DataFrame:
    """The declared criteria, thresholds of the tests, weight 0 where none is given."""
    limits = {
        "lavoratori": (50, 250), "cessazione": (0, 1), "scadenza": (-120, -30), "attivazione": (60, 180), "province": (1, 3),
        "precedenti": (0, 2), "sedi": (1, 5),
    }  # fmt: skip
    rows = [(name, name, float(low), float(high), float(weights.get(name, 0))) for name, (low, high) in limits.items()]
    return pl.DataFrame(rows, schema=["criterio", "etichetta", "soglia_minima", "soglia_massima", "peso"], orient="row")


CLASSI = pl.DataFrame({"classe": ["ALTA", "MEDIA", "BASSA"], "punteggio_minimo": [40.0, 20.0, 0.0]})


def assessed(register: pl.DataFrame, fogli: pl.DataFrame | None = None, day: date = DAY, sigle: list[str] = SIGLE, **weights: float):
    return assess(register, sheets() if fogli is None else fogli, day, sigle, criteri(**weights or {"lavoratori": 1}), CLASSI)


def value_of(criterio: str, *rows: dict, fogli: pl.DataFrame | None = None, day: date = DAY) -> tuple:
    """Value, knowledge and reason of a criterion for the case "P"."""
    register = vol(*rows)
    found = measures(cases(register, day, SIGLE), sheets() if fogli is None else fogli, day)
    return found.filter(id_procedura="P", criterio=criterio).select("valore", "conoscenza", "motivo").row(0)


# --- grades and score


@pytest.mark.parametrize(("workers", "grado"), [(10, 0.0), (50, 0.0), (100, 0.25), (150, 0.5), (250, 1.0), (900, 1.0)])
def test_the_grade_is_straight_between_the_thresholds_and_flat_beyond(workers, grado):
    v = assessed(vol(unit("P", lavoratori=workers)))  # (100 - 50) / (250 - 50) = 0.25
    assert v.contributi.filter(criterio="lavoratori")["grado"].item() == grado


def test_a_negative_threshold_counts_the_days_left():
    v = assessed(vol(unit("P", data_fine=days(75))), scadenza=1)  # 75 days left: (-75 + 120) / 90 = 0.5
    assert v.contributi.filter(criterio="scadenza").select("valore", "grado", "punti").row(0) == (-75.0, 0.5, 50.0)


def test_a_null_grade_leaves_the_mean_and_its_weight():
    values = pl.DataFrame({
        "id_procedura": ["P"] * 3, "criterio": ["lavoratori", "scadenza", "attivazione"], "valore": [150.0, None, None],
        "conoscenza": [NOTO, NON_SI_APPLICA, NON_NOTO], "motivo": [None, "x", "y"],
    })  # fmt: skip
    parts = contributions(values, criteri(lavoratori=25, scadenza=15, attivazione=10))
    # workers 0.5, expiry does not apply: 0, activation unknown: 100 * (25 * 0.5 + 15 * 0) / (25 + 15) = 31.25
    assert parts.select("criterio", "grado", "punti").rows() == [
        ("lavoratori", 0.5, 31.25),
        ("scadenza", 0.0, 0.0),
        ("attivazione", None, None),
    ]
    expected = pl.DataFrame(
        {
            "id_procedura": ["P"],
            "punteggio": [31.25],
            "minimo": [25.0],
            "massimo": [45.0],
            "peso_noto": [0.8],
            "prevalente": ["lavoratori"],
        }
    )  # bounds over all 50: 100 * 12.5 / 50, and 100 * (12.5 + 10) / 50
    assert_frame_equal(scores(parts), expected)


def test_a_score_is_null_when_nothing_that_weighs_is_known():
    v = assessed(vol(unit("P", obbligo_pal="S")), attivazione=1)
    assert v.casi.select("punteggio", "minimo", "massimo", "posizione", "classe").row(0) == (None, 0.0, 100.0, None, None)


grade = st.one_of(st.none(), st.floats(0, 1))


@given(st.lists(st.lists(grade, min_size=7, max_size=7), min_size=1, max_size=5), st.lists(st.integers(1, 100), min_size=7, max_size=7))
def test_contributions_add_up_to_a_score_within_its_bounds(grades, weights):
    declared = criteri(**dict(zip(CRITERI, weights, strict=True))).with_columns(soglia_minima=0.0, soglia_massima=1.0)
    rows = [
        (f"P{n}", name, value, NON_NOTO if value is None else NOTO, None)
        for n, row in enumerate(grades) for name, value in zip(CRITERI, row, strict=True)
    ]  # fmt: skip
    schema = {"id_procedura": pl.String, "criterio": pl.String, "valore": pl.Float64, "conoscenza": pl.String, "motivo": pl.String}
    parts = contributions(pl.DataFrame(rows, schema=schema, orient="row"), declared)
    for n, row in enumerate(grades):
        known = [
            (weight, value)
            for weight, value in zip(
                dict(declared.select("criterio", "peso").iter_rows()).values(),
                [dict(zip(CRITERI, row, strict=True))[c] for c in declared["criterio"]],
                strict=True,
            )
            if value is not None
        ]
        found = scores(parts).row(by_predicate=pl.col("id_procedura") == f"P{n}", named=True)
        if not known:
            assert found["punteggio"] is None
            continue
        mean = 100 * sum(w * g for w, g in known) / sum(w for w, _ in known)
        assert found["punteggio"] == pytest.approx(mean)
        assert parts.filter(id_procedura=f"P{n}")["punti"].sum() == pytest.approx(mean)
        assert found["minimo"] - 1e-9 <= found["punteggio"] <= found["massimo"] + 1e-9


# --- which procedures are cases, and what is measured of them


@pytest.mark.parametrize(
    ("row", "there"),
    [
        (unit("P", data_inizio=DAY), True),
        (unit("P", data_fine=DAY), True),
        (unit("P", data_fine=days(-1)), False),
        (unit("P", data_apertura=DAY, data_inizio=days(1)), True),  # opened, to begin
        (unit("P", data_apertura=days(1), data_inizio=days(2)), False),
        (unit("P", data_inizio=None, data_fine=None, esito_fase="IN_CORSO"), True),
        (unit("P", data_inizio=None, data_fine=None, stato="CONCLUSA"), False),  # never began
        (lic("P"), True),
        (lic("P", data_apertura=days(1)), False),
        (lic("P", stato="CONCLUSA", data_accordo=DAY), False),
        (lic("P", stato="CONCLUSA", data_accordo=days(1)), True),
        (lic("P", stato="CONCLUSA", data_esame_congiunto=days(1)), True),  # no agreement: until the last known day
        (lic("P", stato="CONCLUSA", data_esame_congiunto=DAY), False),
    ],
)
def test_a_case_is_a_procedura_in_course_or_pending_at_the_day(row, there):
    assert (cases(vol(row), DAY, SIGLE).height == 1) is there


def test_a_case_adds_its_living_units_and_tells_the_part_of_the_provincia():
    rows = [unit("P", 1, "BG", 30), unit("P", 2, "MI", 50), unit("P", 3, "MI", 5, data_fine=days(-1)), unit("Q", 1, "CO", 7)]
    found = cases(vol(*rows), DAY, ["BG"]).select("id_procedura", "unita", "lavoratori", "unita_qui", "lavoratori_qui")
    assert found.rows() == [("P", 2, 80, 1, 30)]
    assert cases(vol(*rows), DAY, ["BG"])["province"].to_list() == [["BG", "MI"]]


@pytest.mark.parametrize(("sigle", "count"), [(["BG", "BG"], 1.0), (["BG", "MI"], 2.0), (["BG", "FUORI_REGIONE"], 2.0)])
def test_provinces_are_counted_once_and_outside_the_region_is_one(sigle, count):
    assert value_of("province", *(unit("P", n, sigla) for n, sigla in enumerate(sigle))) == (count, NOTO, None)


def test_the_register_degree_is_the_highest_of_the_units():
    rows = [unit("P", 1, complessita="BASSA"), unit("P", 2, complessita="ALTA"), unit("Q", complessita=None)]
    assert cases(vol(*rows), DAY, SIGLE).select("id_procedura", "registro").rows() == [("P", "ALTA"), ("Q", None)]


def test_earlier_procedures_of_the_same_company_count_once_each_and_only_when_earlier():
    rows = [
        unit("P", codice_fiscale_azienda="x"),
        unit("A", 1, codice_fiscale_azienda="x", data_apertura=days(-201), data_fine=days(-100)),
        unit("A", 2, codice_fiscale_azienda="x", data_apertura=days(-201), data_fine=days(-100)),
        unit("B", codice_fiscale_azienda="x", data_apertura=days(-200)),  # the same day: not earlier
        unit("C", codice_fiscale_azienda="x", data_apertura=days(-100)),
        unit("D", codice_fiscale_azienda="y", data_apertura=days(-300)),
    ]
    assert value_of("precedenti", *rows) == (1.0, NOTO, None)


@pytest.mark.parametrize(("causale", "value"), [("CESSAZIONE_ART44", 1.0), ("CRISI", 0.0), ("CESSAZIONE_ATT", 1.0)])
def test_cessation_is_told_by_the_causale(causale, value):
    assert value_of("cessazione", unit("P", causale=causale))[0] == value


def test_expiry_is_the_first_of_the_units_in_course_and_unknown_without_a_day():
    rows = [unit("P", 1, data_fine=days(50)), unit("P", 2, data_fine=days(20)), unit("P", 3, data_inizio=days(5), data_fine=days(9))]
    assert value_of("scadenza", *rows) == (-20.0, NOTO, None)
    assert value_of("scadenza", unit("P", data_fine=None)) == (None, NON_NOTO, "manca la data di fine")
    assert value_of("scadenza", lic("P"))[:2] == (None, NON_SI_APPLICA)
    assert value_of("scadenza", unit("P", data_inizio=days(1)))[:2] == (None, NON_SI_APPLICA)


@pytest.mark.parametrize(
    ("row", "fogli", "expected"),
    [
        # from 1 January (180 days before 30 June) to the end of the quarter, 31 March: 89 days; the sheet of the quarter after is not yet there
        (unit("P", obbligo_pal="S"), [("P", "2025-T1", 40, 0, 0), ("P", "2025-T3", 40, 40, 0)], (89.0, NOTO, None)),
        (unit("P", obbligo_pal="S"), [("P", "2025-T1", 40, 9, 0), ("P", "2025-T2", 40, 0, 0)], (180.0, NOTO, None)),  # the last sheet decides
        (unit("P", obbligo_pal="S"), [("P", "2025-T2", 40, 1, 0)], (0.0, NOTO, None)),
        (unit("P", obbligo_pal="S"), [("P", "2025-T2", 40, 0, 40)], (0.0, NOTO, None)),  # all exempt
        (unit("P", obbligo_pal="S"), [("Q", "2025-T2", 40, 0, 0)], (None, NON_NOTO, "nessun foglio del Nucleo")),
        (unit("P", obbligo_pal="ND"), [("P", "2025-T2", 40, 0, 0)], (None, NON_NOTO, "obbligo di PAL non indicato")),
        (unit("P", obbligo_pal=None), [("P", "2025-T2", 40, 0, 0)], (None, NON_NOTO, "obbligo di PAL non indicato")),
        (unit("P", obbligo_pal="N"), [], (None, NON_SI_APPLICA, "nessun obbligo di PAL")),
        (unit("P", obbligo_pal="S", data_inizio=days(1)), [], (None, NON_SI_APPLICA, "sospensione non iniziata")),
        (lic("P"), [], (None, NON_SI_APPLICA, "è un licenziamento collettivo")),
    ],
)  # fmt: skip
def test_days_without_any_pal_run_to_the_end_of_the_last_sheet(row, fogli, expected):
    assert value_of("attivazione", row, fogli=sheets(*fogli)) == expected


# --- ranks


def test_ties_go_to_more_workers_then_the_earlier_opening_then_the_number():
    rows = [
        unit("D", lavoratori=300), unit("C", lavoratori=400), unit("B", lavoratori=300),
        unit("A", lavoratori=300, data_apertura=days(-199)), unit("E", lavoratori=10),
    ]  # fmt: skip
    v = assessed(vol(*rows))  # the first four have the full score
    assert v.casi.select("posizione", "id_procedura").rows() == [(1, "C"), (2, "B"), (3, "D"), (4, "A"), (5, "E")]


def test_ranks_of_several_sets_of_weights_by_hand():
    grades = np.array([[1.0, 0.0], [0.0, 1.0], [np.nan, 0.6]])
    weights = np.array([[2.0, 1.0], [1.0, 2.0], [1.0, 1.0]])
    # scores: (67, 33, 50), (33, 67, 50)... the third is always 60: its first grade is unknown
    assert ranks(grades, weights).tolist() == [[1, 3, 2], [3, 1, 3], [2, 2, 1]]


def test_halved_and_doubled_weights_move_ranks_as_by_hand():
    rows = [unit("P", lavoratori=150), unit("Q", causale="CESSAZIONE_ART44", lavoratori=50)]
    v = assessed(vol(*rows), lavoratori=30, cessazione=20)
    # P: 0.5 of 30 = 15; Q: 1 of 20 = 20, so Q is first. Halved cessation, 15 against 10; doubled workers, 30 against 20
    _, found = sensitivity(v, criteri(lavoratori=30, cessazione=20), 1)
    moved = {
        (case, name): (half, double)
        for case, _, name, half, double in found.select("id_procedura", "posizione", "criterio", "dimezzato", "raddoppiato").iter_rows()
    }
    assert v.casi["id_procedura"].to_list() == ["Q", "P"]
    assert moved["P", "cessazione"] == (1, 2)
    assert moved["P", "lavoratori"] == (2, 1)
    assert moved["Q", "cessazione"] == (2, 1)
    assert moved["Q", "sedi"] == (1, 1)  # weighs nothing: it moves nothing


def test_who_leads_on_every_criterion_is_firm_and_draws_are_the_same_each_time():
    rows = [
        unit("P", lavoratori=400, causale="CESSAZIONE_ART44"),
        unit("Q", lavoratori=150),
        unit("R", lavoratori=60, causale="CESSAZIONE_ART44"),
    ]
    v, declared = assessed(vol(*rows), lavoratori=30, cessazione=20), criteri(lavoratori=30, cessazione=20)
    firm, _ = sensitivity(v, declared, 1)
    assert firm.row(0) == ("P", 1, 1, 1, 1.0, 1, 1, "solido")
    assert firm.filter(pl.col("id_procedura") != "P")["tenuta"].to_list() == ["fuori", "fuori"]
    assert_frame_equal(firm, sensitivity(v, declared, 1)[0])


def test_who_is_first_by_the_declared_weights_alone_is_told_so():
    rows = [
        unit("P", lavoratori=250),
        unit("Q", lavoratori=50, causale="CESSAZIONE_ART44"),
        unit("R", 1, "BG", 20),
        unit("R", 2, "MI", 20),
        unit("R", 3, "CO", 10),
    ]
    weights = {"lavoratori": 34, "cessazione": 33, "province": 33}
    firm, _ = sensitivity(assessed(vol(*rows), **weights), criteri(**weights), 1)
    assert firm.select("id_procedura", "tenuta").row(0) == ("P", "legato ai pesi dichiarati")  # first in a third of the draws
    assert firm["quota_primi"].sum() == pytest.approx(1)
    assert firm["tenuta"].to_list()[1:] == ["vicino ai primi", "vicino ai primi"]


def test_no_case_at_all_gives_empty_frames():
    v = assessed(vol(unit("P", data_fine=days(-1))))
    firm, weights = sensitivity(v, criteri(lavoratori=1), 5)
    assert (v.casi.height, v.contributi.height, firm.height, weights.height) == (0, 0, 0, 0)


# --- what changed


def test_cases_enter_leave_rise_and_fall():
    register = vol(
        unit("A", data_fine=days(-5), lavoratori=200),  # ended in between
        unit("B", lavoratori=100),
        unit("C", lavoratori=90, data_apertura=days(-3), data_inizio=days(-1)),
        lic("D", stato="CONCLUSA", data_accordo=days(-2)),
        unit("E", lavoratori=95, data_fine=days(-3)),
    )
    found = changes(assessed(register, day=days(-10)), assessed(register), register)
    assert found.select("id_procedura", "movimento", "posizione", "posizione_prima", "giorno").rows() == [
        ("C", "entrato", 2, None, days(-3)),
        ("A", "uscito", None, 1, days(-5)),
        ("E", "uscito", None, 3, days(-3)),
        ("D", "uscito", None, 4, days(-2)),
        ("B", "salito", 1, 2, None),
    ]


def test_the_criterion_that_moved_most_is_told():
    register = vol(unit("B", data_fine=days(75)))
    before, now = (assessed(register, day=day, scadenza=1, lavoratori=1) for day in (days(-45), DAY))
    # 120 days left then, grade 0; 75 now, grade 0.5, half of the weight: 25 points
    assert changes(before, now, register).select("movimento", "criterio", "punti_differenza").row(0) == ("invariato", "scadenza", 25.0)


def test_a_contribution_that_falls_counts_as_one_that_rises():
    register = vol(unit("P", 1, lavoratori=150, data_fine=days(-5)), unit("P", 2, "MI", data_fine=days(111)), unit("Q"))
    before, now = (assessed(register, day=day, lavoratori=1, scadenza=1) for day in (days(-10), DAY))
    # then 190 workers, grade 0.7, and 5 days left, grade 1; now 40 workers, grade 0, and 111 days left, grade 0.1: -35 and -45 points
    found = changes(before, now, register).filter(id_procedura="P").select("criterio", pl.col("punti_differenza").round(6))
    assert found.row(0) == ("scadenza", -45.0)


def test_a_case_that_goes_on_elsewhere_left_the_provincia_without_a_day():
    register = vol(unit("P", 1, "BG", data_fine=days(-5)), unit("P", 2, "MI"))
    found = changes(assessed(register, day=days(-10), sigle=["BG"]), assessed(register, sigle=["BG"]), register)
    assert found.select("movimento", "giorno").rows() == [("uscito", None)]


# --- what needs a decision


RULES = decision_rules().with_columns(
    giorni=pl.col("tipo").replace_strict({"esame_cigs": 25, "accordo_cigs": 25}, default=None, return_dtype=pl.Int64)
)


def due(
    *rows: dict, within: int = 30, tables: pl.DataFrame | None = None, fogli: pl.DataFrame | None = None, sigle: list[str] = SIGLE
) -> list[tuple]:
    v = assessed(vol(*rows), fogli, sigle=sigle, lavoratori=1, attivazione=1)
    found = decisions(v, tavoli() if tables is None else tables, sigle, within, criteri(lavoratori=1, attivazione=1), RULES)
    return found.select("tipo", "casi", "giorno", "giorni_mancanti").rows()


@pytest.mark.parametrize(("left", "told"), [(0, True), (30, True), (31, False)])
def test_expiries_are_told_from_the_day_to_the_last_of_the_window(left, told):
    assert due(unit("P", data_fine=days(left))) == ([("scadenza", "P", days(left), left)] if told else [])


def test_units_of_a_case_that_expire_together_are_one_decision():
    assert [row[:2] for row in due(unit("P", 1, data_fine=days(9)), unit("P", 2, data_fine=days(9)), unit("P", 3, data_fine=days(12)))] == [
        ("scadenza", "P"), ("scadenza", "P"),
    ]  # fmt: skip


def test_a_pending_exam_is_due_on_its_day_or_by_the_term_and_told_last_without_one():
    pending = {"data_accordo": None, "esito_fase": "IN_CORSO", "data_inizio": None, "data_fine": None}
    booked = unit("A", data_esame_congiunto=days(4), **pending)
    term = unit("B", data_esame_congiunto=None, data_apertura=days(-20), **pending)
    held = unit("C", data_esame_congiunto=DAY, data_apertura=days(-26), **pending)
    late = unit("D", data_esame_congiunto=None, data_apertura=days(6 - 31), **pending)
    assert due(booked, term, held, late, lic("E")) == [
        ("accordo_cigs", "C", days(-1), -1), ("esame_cigs", "D", DAY, 0), ("esame_cigs", "A", days(4), 4), ("esame_cigs", "B", days(5), 5),
        ("esame_lic", "E", None, None),
    ]  # fmt: skip


def test_an_agreement_reached_by_the_day_asks_nothing_one_still_to_come_does():
    assert due(unit("P", data_accordo=DAY)) == []
    assert due(unit("P", data_accordo=DAY, esito_fase="IN_CORSO")) == []
    assert [row[0] for row in due(unit("P", data_accordo=days(1), data_apertura=days(-20)))] == ["accordo_cigs"]
    assert due(unit("P", data_accordo=None, esito_fase="MANCATO_ACCORDO")) == []


def test_open_actions_of_tavoli_are_told_once_with_their_cases():
    row = {
        "id_tavolo": "T1",
        "data": days(-50),
        "procedure_trattate": "Q, P,X",
        "azione": "Convocare",
        "azione_scadenza": days(-10),
        "azione_responsabile": "nucleo",
    }
    tables = tavoli(row, row | {"id_tavolo": "T2", "azione_conclusa": DAY}, row | {"id_tavolo": "T3", "azione_scadenza": days(31)}, row | {"id_tavolo": "T4", "azione": None},
                    row | {"id_tavolo": "T5", "data": days(1)}, row | {"id_tavolo": "T6", "nucleo": "MI"})  # fmt: skip
    assert due(unit("P"), unit("Q"), tables=tables, sigle=["BG"]) == [("tavolo", "P, Q", days(-10), -10)]


def test_who_acts_is_a_known_role_and_never_a_name():
    row = {"id_tavolo": "T1", "data": days(-50), "procedure_trattate": "P", "azione": "x", "azione_scadenza": DAY}
    tables = tavoli(row | {"azione_responsabile": "NUCLEO"}, row | {"id_tavolo": "T2", "azione_responsabile": "Mario Rossi"})
    v = assessed(vol(unit("P"), unit("Q", competenza="MINISTERIALE", data_fine=DAY)))
    found = decisions(v, tables, SIGLE, 30, criteri(lavoratori=1), RULES)
    rules = {row["tipo"]: row for row in RULES.to_dicts()}
    assert found.select("casi", "ruolo").rows() == [
        ("Q", rules["scadenza"]["ruolo_ministeriale"]), ("P", "Nucleo"), ("P", rules["tavolo"]["ruolo"]),
    ]  # fmt: skip


@pytest.mark.parametrize(("began", "told"), [(-59, True), (-31, True), (-30, True), (-29, False)])
def test_no_pal_is_told_when_the_threshold_falls_within_the_window(began, told):
    row = unit("P", obbligo_pal="S", data_inizio=days(began), data_fine=days(300))
    found = due(row, fogli=sheets(("P", "2025-T2", 40, 0, 0)))  # threshold 60 days after the start
    assert found == ([("attivazione", "P", days(began + 60), began + 60)] if told else [])


def test_a_pal_activated_asks_no_decision():
    row = unit("P", obbligo_pal="S", data_inizio=days(-90), data_fine=days(300))
    assert due(row, fogli=sheets(("P", "2025-T2", 40, 1, 0))) == []


# --- events, summary


def test_events_are_the_dates_of_register_sheets_and_tavoli():
    fogli = sheets(("P", "2025-T1", 40, 0, 0), ("P", "2025-T3", 40, 0, 0)).with_columns(
        data_incontro_parti=pl.Series([days(-100), days(20)]), data_incontro_lavoratori=pl.Series([None, None], dtype=pl.Date)
    )
    tables = tavoli({"id_tavolo": "T1", "data": days(-50), "procedure_trattate": "P"})
    casi = cases(vol(unit("P", data_accordo=None)), DAY, SIGLE).with_columns(posizione=1)
    found = events(casi, fogli, tables, SIGLE, DAY).select("evento", "giorno").rows()
    assert found == [
        ("apertura", days(-200)), ("esame congiunto", days(-190)), ("inizio", days(-180)), ("incontro con le parti", days(-100)),
        ("tavolo", days(-50)), ("scadenza", days(185)),
    ]  # fmt: skip


def test_a_case_of_two_provinces_counts_in_each_and_once_in_the_total():
    v = assessed(vol(unit("P", 1, "BG", 100), unit("P", 2, "MI", 50), unit("Q", 1, "MI", 10)))
    found = summary(v, "TOT", SIGLE).filter(pl.col("aspetto").is_in(["casi", "classe", "criterio"]))
    assert found.rows() == [
        ("BG", "casi", "tutti", 1, 100), ("BG", "classe", "ALTA", 1, 100), ("BG", "criterio", "lavoratori", 1, 100),
        ("MI", "casi", "tutti", 2, 60), ("MI", "classe", "ALTA", 1, 50), ("MI", "classe", "BASSA", 1, 10),
        ("MI", "criterio", "lavoratori", 1, 50), ("MI", "criterio", "nessuno", 1, 10),
        ("TOT", "casi", "tutti", 2, 160), ("TOT", "classe", "ALTA", 1, 150), ("TOT", "classe", "BASSA", 1, 10),
        ("TOT", "criterio", "lavoratori", 1, 150), ("TOT", "criterio", "nessuno", 1, 10),
    ]  # fmt: skip


# --- the reference tables


def test_the_declared_tables_are_in_order_and_to_be_confirmed():
    assert set(criteria()["criterio"]) == set(CRITERI)
    assert score_classes()["classe"].to_list() == ["ALTA", "MEDIA", "BASSA"]
    for table in (criteria(), score_classes(), decision_rules()):
        assert (table["stato"] == "da confermare").all()
        assert table["fonte"].null_count() == 0


HEAD = "criterio,etichetta,definizione,unita_misura,soglia_minima,soglia_massima,peso,stato,fonte"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sedi": "1,5,-5"}, r"riga 8, colonna peso, valore «-5»: il peso non può essere negativo"),
        ({"sedi": "5,5,1"}, r"riga 8, colonna soglia_minima, valore «5»: deve essere minore di soglia_massima \(5\)"),
        ({"sedi": "1,5,tanto"}, r"riga 8, colonna peso, valore «tanto»: serve un numero in cifre"),
        ({"sedi": "1,5,"}, r"riga 8, colonna peso, valore «»: serve un numero"),
        ({"sedi": "1.000,5,5"}, r"riga 8, colonna soglia_minima, valore «1.000»: serve un numero"),
        ({"sedi": "1,nan,5"}, r"riga 8, colonna soglia_massima, valore «nan»"),
        ({"sedi": None}, r"manca la riga di «sedi»; per non contare un criterio scrivere peso 0"),
        ({"sede": "1,5,5"}, r"riga 9, colonna criterio, valore «sede»: codice sconosciuto; forse intendevi «sedi»\?"),
        (dict.fromkeys(CRITERI, "0,1,0"), r"colonna peso, valore «0»: tutti i pesi sono zero"),
    ],
)
def test_a_wrong_reference_table_is_told_by_file_row_column_value_and_rule(tmp_path, monkeypatch, change, said):
    rows = dict.fromkeys(CRITERI, "1,5,10") | change
    lines = [HEAD, *(f"{name},{name},d,u,{numbers},da confermare,nostra" for name, numbers in rows.items() if numbers is not None)]
    (tmp_path / "complessita.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setattr(complessita, "reference", lambda name: tmp_path / name)
    with pytest.raises(AnalisiError, match=f"complessita.csv.*{said}"):
        criteria()


def test_a_column_or_a_repeated_criterion_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(complessita, "reference", lambda name: tmp_path / name)
    lines = [f"{name},{name},d,u,1,5,1,da confermare,nostra" for name in (*CRITERI, "sedi")]
    (tmp_path / "complessita.csv").write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    with pytest.raises(AnalisiError, match="riga 9, colonna criterio, valore «sedi»: il codice compare più volte"):
        criteria()
    (tmp_path / "complessita.csv").write_text("criterio,etichetta,peso,stato,fonte\n" + "sedi,x,1,y,z\n", encoding="utf-8")
    with pytest.raises(AnalisiError, match="manca la colonna «soglia_minima»"):
        criteria()


def test_weights_may_be_written_with_a_comma(tmp_path, monkeypatch):
    lines = [f'{name},{name},d,u,1,5,"2,5",da confermare,nostra' for name in CRITERI]
    (tmp_path / "complessita.csv").write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    monkeypatch.setattr(complessita, "reference", lambda name: tmp_path / name)
    assert criteria()["peso"].to_list() == [2.5] * len(CRITERI)
