"""Laws of re-employment on any communications: what is asked of few workers is what all the communications say of them."""

from datetime import date, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from analisi.indicators.esiti import BASI, followed, in_force, reemployed, windows
from analisi.tables.catalogo import SIUL_COB

START, RIF = date(2025, 1, 1), date(2025, 12, 31)
COMPANIES = ["CRISI", "ALTRA", "AGENZIA"]
DAY = st.integers(-20, 400).map(lambda n: START + timedelta(days=n))
ROW = st.fixed_dictionaries(
    {
        "tipo_comunicazione": st.sampled_from(["ASSUNZIONE", "ASSUNZIONE", "CESSAZIONE", "PROROGA"]),
        "id_lavoratore": st.sampled_from("abc"),
        "cf_datore": st.sampled_from(COMPANIES),
        "cf_utilizzatore": st.none() | st.sampled_from(COMPANIES),
        "data_inizio": DAY,
        "data_cessazione": st.none() | DAY,
        "data_invio": st.none() | DAY,
        "annullata": st.sampled_from([None, "N", "N", "S"]),
        "rettifica_di": st.none() | st.integers(0, 9).map("C{}".format),
    }
)
PEOPLE = pl.DataFrame(
    {
        "id_lavoratore": ["a", "a", "b"],
        "id_procedura": ["P1", "P2", "P1"],
        "cf_azienda": ["CRISI", "ALTRA", "CRISI"],
        "data_inizio_sospensione": [START, START + timedelta(days=90), START + timedelta(days=300)],
        "stato_rapporto": ["CESSATO", "SOSPESO", "CESSATO"],
        "sigla_prov_domicilio": ["BG", "BG", "CO"],
        "provincia": ["BG", "MI", "BG"],
    }
)
COB = st.lists(ROW, max_size=12).map(
    lambda rows: pl.DataFrame([{"id_comunicazione": f"C{n}"} | row for n, row in enumerate(rows)], schema=SIUL_COB.schema)
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(COB)
def test_communications_in_force_of_some_workers_are_those_of_all_less_the_others(cob):
    own = in_force(cob, RIF).filter(pl.col("id_lavoratore") != "c")
    assert_frame_equal(in_force(cob, RIF, PEOPLE), own, check_row_order=False)
    hired = own.filter(tipo_comunicazione="ASSUNZIONE")
    assert_frame_equal(in_force(cob, RIF, PEOPLE, ["ASSUNZIONE"]), hired, check_row_order=False)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(COB)
def test_reemployed_within_some_days_are_those_of_the_windows(cob):
    counts = windows(followed(PEOPLE, cob, RIF), RIF, ["base", "provincia"], [30, 180])
    for base in BASI:
        for days in (30, 180):
            whole = counts.filter(base=base, finestra=days).group_by("provincia").agg(pl.col("osservati", "rioccupati").sum())
            assert_frame_equal(reemployed(PEOPLE, cob, RIF, ["provincia"], days, base), whole.sort("provincia"), check_exact=True)
