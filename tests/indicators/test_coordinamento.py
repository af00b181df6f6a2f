"""The tables of coordination, counted by hand; and how the annual report tells them."""

from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from analisi.indicators import coordinamento as tavoli
from analisi.indicators.fonti import Tavoli, read_tavoli
from analisi.presentation import casi_gestiti as annuale
from analisi.presentation import coordinamento as sezione
from analisi.presentation.contesto import contesto
from analisi.presentation.riservatezza import Riservatezza
from analisi.tables.catalogo import REGISTRO_TAVOLI, VOL_PROCEDURE
from tests.conftest import write_rows

DAY = date(2025, 6, 30)


def meetings(*rows: dict) -> pl.DataFrame:
    base = dict.fromkeys(REGISTRO_TAVOLI.names) | {"tipo": "BILATERALE", "nucleo": "LC", "data": date(2025, 3, 1)}
    return pl.DataFrame([base | {"id_tavolo": f"T{n}"} | row for n, row in enumerate(rows)], schema=REGISTRO_TAVOLI.schema)


def procedures(*rows: tuple) -> pl.DataFrame:
    """Units from (id_procedura, id_unita, provincia, lavoratori)."""
    base = dict.fromkeys(VOL_PROCEDURE.names) | {"progressivo_versione": 1, "stato": "IN_CORSO"}
    names = ("id_procedura", "id_unita", "sigla_provincia", "lavoratori_coinvolti")
    return pl.DataFrame([base | dict(zip(names, row, strict=True)) for row in rows], schema=VOL_PROCEDURE.schema)


VOL = procedures(("P", "P-01", "LC", 10), ("P", "P-02", "BG", 20), ("Q", "Q-01", "LC", 5))
HELD = meetings(
    {"tipo": "REGIONALE", "nucleo": None, "procedure_trattate": "P, X", "lavoratori_interessati": 30},
    {"procedure_trattate": "P,Q", "lavoratori_interessati": 15},
    {"data": DAY, "procedure_trattate": "P", "lavoratori_interessati": 10},
    {"nucleo": "BG", "procedure_trattate": "P"},  # the workers are not given
    {"data": date(2025, 7, 1), "procedure_trattate": "Q"},  # after the day
    {"data": date(2024, 12, 20), "procedure_trattate": "Z"},  # of another year
)


def test_tables_cases_and_workers_are_those_of_the_year_up_to_the_day():
    result = tavoli.by_type(HELD, VOL, DAY).select("tipo", *tavoli.CONTEGGI[:6])
    expected = pl.DataFrame(
        [
            # regional: P and X, of which only P is known, in all its units 10 + 20
            ("REGIONALE", 1, 2, 1, 30, 0, 30),
            # bilateral: P and Q; 15 + 10 over meetings; units P-01 and Q-01 for LC, P-02 for BG: 10 + 5 + 20
            ("BILATERALE", 3, 2, 2, 25, 1, 35),
            # together P, Q and X; each unità once
            ("TUTTI", 4, 3, 2, 55, 1, 35),
        ],
        schema=dict.fromkeys(["tipo"], pl.String) | dict.fromkeys(tavoli.CONTEGGI[:6], pl.Int64),
        orient="row",
    )
    assert_frame_equal(result, expected)


def test_a_nucleo_has_its_own_tables_and_the_regional_ones():
    result = tavoli.by_type(HELD, VOL, DAY, "LC").select("tipo", "tavoli", "procedure", "lavoratori_procedure").rows()
    # its own: P-01 and Q-01, 10 + 5; with the regional one P-02 too
    assert result == [("REGIONALE", 1, 2, 30), ("BILATERALE", 2, 2, 15), ("TUTTI", 3, 3, 35)]


def test_by_nucleo_has_zero_where_none_was_held_and_null_where_no_meeting_gives_the_workers():
    result = tavoli.by_nucleo(HELD, VOL, DAY, ["BG", "LC", "SO"]).select(
        "nucleo", "tavoli", "procedure_note", "lavoratori_incontri", "lavoratori_procedure"
    )
    assert result.rows() == [("BG", 1, 1, None, 20), ("LC", 2, 2, 25, 15), ("SO", 0, 0, 0, 0)]


def test_without_the_register_of_procedures_what_needs_it_is_unknown():
    result = tavoli.by_type(HELD, None, DAY).select("procedure", "procedure_note", "lavoratori_procedure").rows()
    assert result == [(2, None, None), (2, None, None), (3, None, None)]


def test_procedures_that_the_register_does_not_know_give_unknown_workers_not_zero():
    result = tavoli.by_type(meetings({"procedure_trattate": "X"}), VOL, DAY).row(1, named=True)
    assert [result[name] for name in ("procedure", "procedure_note", "lavoratori_procedure")] == [1, 0, None]


def test_a_procedura_named_twice_at_a_table_is_one():
    assert tavoli.treated(meetings({"procedure_trattate": "P, P,, Q"}))["id_procedura"].to_list() == ["P", "Q"]
    assert tavoli.treated(meetings({"procedure_trattate": None})).is_empty()


ACTIONS = meetings(
    {"azione": "Convocare", "azione_scadenza": DAY},  # T0: the term is the day: open, not overdue
    {"azione": "Inviare", "azione_scadenza": date(2025, 6, 29)},  # T1: overdue by one day
    {
        "azione": "Inviare",
        "azione_scadenza": date(2025, 5, 1),
        "azione_conclusa": date(2025, 7, 2),
    },  # T2: done later: open and overdue then
    {"azione": "Inviare", "azione_scadenza": date(2025, 5, 1), "azione_conclusa": DAY},  # T3: done on the day
    {"azione": "Scrivere"},  # T4: no term
    {"azione_responsabile": "Nucleo"},  # T5: no action
    {"azione": "Vecchia", "data": date(2024, 12, 1), "azione_scadenza": date(2025, 1, 31)},  # T6: of the year before, still open
    {"azione": "Futura", "data": date(2025, 7, 3)},  # T7
    {"azione": "Altrui", "nucleo": "BG"},  # T8
)


def test_an_action_is_open_until_it_is_done_and_overdue_after_its_term():
    row = tavoli.by_type(ACTIONS, VOL, DAY).filter(tipo="TUTTI").row(0, named=True)
    # open: T0 T1 T2 T4 T6 T8; overdue: T1 T2 T6; of the year: all but T6 and T7
    assert (row["tavoli"], row["azioni_aperte"], row["azioni_scadute"]) == (7, 6, 3)


def test_open_actions_come_by_their_term_with_the_days_of_delay():
    result = tavoli.open_actions(ACTIONS, DAY, "LC").select("id_tavolo", "giorni_ritardo").rows()
    # from 31 January to 30 June 150 days, from 1 May 60
    assert result == [("T6", 150), ("T2", 60), ("T1", 1), ("T0", None), ("T4", None)]


def test_the_register_is_compared_with_the_printed_number():
    printed = pl.DataFrame({"tipo": ["regionale", "bilaterale"], "tavoli": [1, 5]})
    result = tavoli.against_printed(tavoli.by_type(HELD, VOL, DAY), printed)
    assert result.rows() == [("REGIONALE", 1, 1, 0), ("BILATERALE", 3, 5, -2)]
    assert sezione.difference_sentence(result) == (
        "Il registro e la fonte stampata non coincidono: tavoli bilaterali, 3 nel registro e 5 stampati (−2). Va chiarito quale dei due manchi di incontri."
    )


def test_sentences_agree_in_number():
    said = sezione.in_words(tavoli.by_type(meetings({"azione": "Convocare", "procedure_trattate": "Q"}), VOL, DAY), DAY)
    assert said == [
        "Nel 2025, fino al 30/06/2025, è stato tenuto **1 tavolo**: 1 bilaterale.",
        "Procedure trattate, contate una volta: **1**, nel registro delle procedure; vi sono coinvolti 5 lavoratori, contando ogni unità una volta.",
        "Azioni ancora aperte al 30/06/2025: **1**; nessuna è oltre il termine.",
    ]
    assert sezione.in_words(tavoli.by_type(meetings().clear(), VOL, DAY), DAY) == [
        "Nel 2025, fino al 30/06/2025, il registro non riporta alcun tavolo."
    ]


def test_the_text_of_an_action_is_for_the_internal_profile_only(published):
    actions = tavoli.open_actions(ACTIONS, DAY, "LC")
    public = sezione.actions_table(actions, published.territorio, DAY, interno=False)
    assert public.payload["frasi"] == ["L'elenco delle azioni aperte: solo nel profilo interno."]
    assert "Convocare" in str(sezione.actions_table(actions, published.territorio, DAY, interno=True).payload)


def test_the_year_of_the_sample_has_the_printed_number_of_tables(sample, published):
    found = read_tavoli(str(sample))
    counted = tavoli.by_type(found.registro, found.vol, found.day(2025))
    assert tavoli.against_printed(counted, published.coordinamento)["differenza"].to_list() == [0, 0]


def test_the_day_of_a_year_is_its_last_or_that_of_the_extraction():
    assert Tavoli().day(2025) == date(2025, 12, 31)
    assert Tavoli(meetings({"data_estrazione": DAY})).day(2025) == DAY
    assert Tavoli(meetings({"data_estrazione": date(2026, 2, 1)})).day(2025) == date(2025, 12, 31)


def test_a_folder_without_the_register_has_none():
    assert read_tavoli("data/pubblicati") == Tavoli()


def test_rejected_rows_of_the_register_are_told_and_the_others_counted(tmp_path):
    row = {"id_tavolo": "TB-1", "tipo": "BILATERALE", "nucleo": "LC", "data": "12/06/2025"}
    write_rows(tmp_path / "registro_tavoli.csv", REGISTRO_TAVOLI.names, [row, row | {"id_tavolo": "TB-2", "nucleo": ""}])
    found = read_tavoli(str(tmp_path))
    assert (found.registro["id_tavolo"].to_list(), found.vol) == (["TB-1"], None)
    assert "1 riga scartata" in found.rilievi[0]


def words(blocks: list) -> str:
    return " ".join(str(block.payload) for block in blocks)


def test_the_annual_report_of_the_printed_source_says_what_it_does_not_know(published):
    ctx = contesto(published, 2025)
    blocks = annuale.coordination(ctx, Tavoli(), Riservatezza())
    assert "non vi sono, e qui non si ricostruiscono" in words(blocks)
    assert blocks[1].payload["righe"] == [["Regionale", 4], ["Bilaterale", 21]]
    assert annuale.coordination_rows(ctx, Tavoli()).select("tipo", "tavoli", "procedure").rows() == [
        ("regionale", 4, None),
        ("bilaterale", 21, None),
    ]


def test_the_annual_report_with_both_sources_tells_where_they_differ(published):
    ctx = contesto(published, 2025)
    found = Tavoli(HELD, VOL)
    said = words(annuale.coordination(ctx, found, Riservatezza()))
    # by 31 December the meeting of 1 July counts too: 1 regional against 4, 4 bilateral against 21
    assert "tavoli regionali, 1 nel registro e 4 stampati (−3); bilaterali, 4 nel registro e 21 stampati (−17)" in said
    rows = annuale.coordination_rows(ctx, found).filter(pl.col("tipo").is_not_null()).select("tipo", "tavoli").rows()
    assert rows == [("regionale", 4), ("bilaterale", 21), ("regionale", 1), ("bilaterale", 4), ("tutti", 5)]


@pytest.mark.parametrize(("count", "said"), [(0, "nessun tavolo"), (1, "1 tavolo"), (2100, "2.100 tavoli")])
def test_a_count_has_its_noun(count, said):
    assert sezione.many(count, "tavolo", "tavoli", "nessun tavolo") == said


def test_procedures_may_be_separated_by_semicolons_and_new_lines():
    named = tavoli.treated(meetings({"procedure_trattate": "A; B\nC,D ,A"}))
    assert named["id_procedura"].to_list() == ["A", "B", "C", "D"]


def test_an_open_action_shows_no_person():
    rows = tavoli.open_actions(
        meetings(
            {"azione": "Sentire il sig. Rossi", "azione_responsabile": "Mario Rossi"},
            {"id_tavolo": "T2", "azione": "Convocare le parti", "azione_responsabile": "nucleo"},
        ),
        DAY,
    )
    assert rows.select("azione", "azione_responsabile").sort("azione", nulls_last=True).rows() == [
        ("Convocare le parti", "Nucleo"),
        (None, None),
    ]
