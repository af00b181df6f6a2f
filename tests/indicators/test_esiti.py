"""Re-employment from mandatory communications, case by case; `test_motori` compares the engines."""

from datetime import date, timedelta

import polars as pl
import pytest

from analisi.indicators import esiti
from analisi.indicators.esiti import bases, findings, followed, hirings, in_force, job_kinds, outcomes, rates, shares, tangled, windows
from analisi.indicators.misure_pal import known_until
from analisi.tables.catalogo import SIUL_COB

START, RIF = date(2025, 1, 31), date(2026, 3, 31)
CRISI, ALTRA, AGENZIA = "01234560975", "09876543210", "05555555555"
BASE = {"id_lavoratore": pl.String, "id_procedura": pl.String, "cf_azienda": pl.String, "inizio": pl.Date, "rientro_elenco": pl.String, "frontiera": pl.String}  # fmt: skip


def day(n: int) -> date:
    """The day n days after the start."""
    return START + timedelta(days=n)


def cob(*rows: dict) -> pl.DataFrame:
    """Communications: a hiring by another company of worker "a" on day 10, but for what the row says."""
    usual = {
        "tipo_comunicazione": "ASSUNZIONE",
        "modello": "UNILAV",
        "id_lavoratore": "a",
        "cf_datore": ALTRA,
        "tipo_contratto": "A.02.00",
        "data_inizio": day(10),
    }
    filled = [{"id_comunicazione": f"C{n}"} | usual | row for n, row in enumerate(rows, start=1)]
    return pl.DataFrame(filled, schema=SIUL_COB.schema)


def base(*workers: str, inizio: date = START, **columns: str) -> pl.DataFrame:
    values = {"rientro_elenco": "N", "frontiera": "N"} | columns
    return pl.DataFrame(
        [{"id_lavoratore": w, "id_procedura": "P", "cf_azienda": CRISI, "inizio": inizio, **values} for w in workers], schema=BASE
    )


def numbers(frame: pl.DataFrame) -> list[str]:
    return sorted(frame["id_comunicazione"])


def found(*rows: dict, durata: int = 1, rif: date = RIF) -> date | None:
    """The day of re-employment of worker "a"."""
    return outcomes(base("a"), cob(*rows), rif, durata)["data_rioccupazione"].item()


def test_of_a_chain_of_corrections_only_the_last_counts():
    rows = cob({}, {"rettifica_di": "C1"}, {"rettifica_di": "C2"}, {})
    assert numbers(in_force(rows)) == ["C3", "C4"]


def test_of_two_corrections_of_one_communication_the_last_sent_counts():
    rows = cob({}, {"rettifica_di": "C1", "data_invio": day(9)}, {"rettifica_di": "C1", "data_invio": day(5)})
    assert numbers(in_force(rows)) == ["C2"]


def test_of_two_corrections_sent_on_a_day_the_last_by_number_counts():
    rows = cob({}, {"rettifica_di": "C1", "data_invio": day(9)}, {"rettifica_di": "C1", "data_invio": day(9)})
    assert numbers(in_force(rows)) == ["C3"]


def test_a_cancelled_communication_is_out_and_a_blank_flag_is_not_cancelled():
    assert numbers(in_force(cob({"annullata": "S"}, {"annullata": "N"}, {}))) == ["C2", "C3"]


def test_a_cancelled_correction_cancels_the_chain():
    assert numbers(in_force(cob({}, {"rettifica_di": "C1", "annullata": "S"}))) == []


def test_a_correction_of_a_cancelled_communication_counts():
    assert numbers(in_force(cob({"annullata": "S"}, {"rettifica_di": "C1"}))) == ["C2"]


def test_a_communication_that_corrects_itself_or_one_not_there_counts():
    assert numbers(in_force(cob({"rettifica_di": "C1"}, {"rettifica_di": "X9"}))) == ["C1", "C2"]


@pytest.mark.parametrize(
    ("after", "counted"),
    [(0, []), (1, [30, 90, 180, 365]), (30, [30, 90, 180, 365]), (31, [90, 180, 365]), (90, [90, 180, 365]), (91, [180, 365]),
     (180, [180, 365]), (181, [365]), (365, [365]), (366, [])],
)  # fmt: skip
def test_a_job_counts_from_the_day_after_the_start_to_the_last_day_of_the_window(after, counted):
    result = windows(outcomes(base("a"), cob({"data_inizio": day(after)}), RIF), RIF)
    assert result.filter(pl.col("rioccupati") == 1)["finestra"].to_list() == counted


@pytest.mark.parametrize(("seen", "observed"), [(29, 0), (30, 1)])
def test_only_who_is_observable_for_the_whole_window_is_in_its_base(seen, observed):
    # a job on day 5 does not bring into the base of 30 days who is observed for 29 only
    rif = day(seen)
    row = windows(outcomes(base("a"), cob({"data_inizio": day(5)}), rif), rif).filter(finestra=30).row(0, named=True)
    assert (row["osservati"], row["rioccupati"], row["non_osservabili"]) == (observed, observed, 1 - observed)


def test_the_same_employer_is_a_return_and_not_a_reemployment():
    result = outcomes(base("a"), cob({"cf_datore": CRISI}), RIF)
    assert result.select("data_rioccupazione", "data_rientro").row(0) == (None, day(10))
    row = windows(result, RIF).filter(finestra=30).row(0, named=True)
    assert (row["rioccupati"], row["rientrati"], row["non_trovati"]) == (0, 1, 0)


def test_who_returns_and_is_then_hired_elsewhere_counts_as_reemployed():
    row = windows(outcomes(base("a"), cob({"cf_datore": CRISI}, {"data_inizio": day(20)}), RIF), RIF).filter(finestra=30).row(0, named=True)
    assert (row["rioccupati"], row["rientrati"]) == (1, 0)


def test_agency_work_for_the_company_of_the_crisis_is_no_reemployment():
    agency = {"modello": "UNISOMM", "cf_datore": AGENZIA}
    assert found(agency | {"cf_utilizzatore": CRISI}) is None
    assert found(agency | {"cf_utilizzatore": ALTRA}) == day(10)
    assert found(agency) == day(10)  # the user company is not told


def test_a_job_before_the_start_a_future_one_and_other_communications_do_not_count():
    assert found({"data_inizio": day(-5)}) is None
    assert found({}, rif=day(9)) is None
    assert found({"tipo_comunicazione": "PROROGA"}) is None


def test_of_two_jobs_the_first_counts_with_its_own_contract():
    rows = ({"data_inizio": day(40), "tipo_contratto": "A.01.00"}, {"data_inizio": day(20), "comune_sede_lavoro": "E507"})
    result = outcomes(base("a"), cob(*rows), RIF).row(0, named=True)
    assert (result["data_rioccupazione"], result["contratto"], result["comune_lavoro"]) == (day(20), "A.02.00", "E507")


def test_of_two_jobs_on_a_day_the_first_by_number_is_told_and_the_worker_stays_one_row():
    result = outcomes(base("a"), cob({"tipo_contratto": "A.01.00"}, {}), RIF)
    assert result["contratto"].to_list() == ["A.01.00"]


@pytest.mark.parametrize(("lasted", "counted"), [(28, None), (29, day(10)), (30, day(10))])
def test_a_job_that_ended_before_the_threshold_does_not_count(lasted, counted):
    # first and last day count: from day 10 to day 10 + 29 are thirty days
    end = {"tipo_comunicazione": "CESSAZIONE", "data_cessazione": day(10 + lasted)}
    assert found({}, end, durata=30) == counted


def test_a_fixed_term_ends_on_its_planned_day_unless_extended_or_made_permanent():
    short = {"data_fine_prevista": day(20)}
    assert found(short, durata=30) is None
    assert found(short, {"tipo_comunicazione": "PROROGA", "data_fine_prevista": day(60)}, durata=30) == day(10)
    assert found(short, {"tipo_comunicazione": "TRASFORMAZIONE", "tipo_contratto": "A.01.00"}, durata=30) == day(10)


def test_the_cessation_of_an_earlier_job_with_the_employer_does_not_end_this_one():
    # the job of day 10 is ended by the first cessation from its start on, not by that of day 5
    early = {"tipo_comunicazione": "CESSAZIONE", "data_inizio": day(-90), "data_cessazione": day(5)}
    assert numbers(hirings(cob({}, early), 30)) == ["C1"]


def test_the_cessation_of_a_later_job_with_the_employer_does_not_end_the_earlier_one():
    # the job of day 10 has no cessation of its own: that of day 45 is of the job of day 40
    rows = cob({}, {"data_inizio": day(40)}, {"tipo_comunicazione": "CESSAZIONE", "data_inizio": day(40), "data_cessazione": day(45)})
    assert numbers(hirings(rows, 60)) == ["C1"]
    assert numbers(hirings(rows, 6)) == ["C1", "C2"]  # from day 40 to day 45 are six days


def test_what_is_sent_after_the_day_is_not_known_yet():
    late = cob({"data_invio": day(9)}, {"rettifica_di": "C1", "data_inizio": day(20), "data_invio": day(50)}, {"data_invio": None})
    assert numbers(in_force(late, day(49))) == ["C1", "C3"]
    assert numbers(in_force(late, day(50))) == ["C2", "C3"]
    assert found({"data_invio": day(9)}, {"rettifica_di": "C1", "annullata": "S", "data_invio": day(50)}, rif=day(49)) == day(10)


def test_forked_and_circular_chains_of_corrections_are_told():
    # B and C correct A, D corrects B: both C and D are in force; E and F correct each other and neither is
    fork = cob({}, {"rettifica_di": "C1", "data_invio": day(1)}, {"rettifica_di": "C1", "data_invio": day(2)}, {"rettifica_di": "C2"})
    loop = cob({"rettifica_di": "C2"}, {"rettifica_di": "C1"})
    simple = cob(
        {}, {"rettifica_di": "C1"}, {"rettifica_di": "C2"}, {}, {"rettifica_di": "C4"}, {"rettifica_di": "C4"}, {"rettifica_di": "C7"}
    )
    assert numbers(tangled(fork)) == ["C1", "C2", "C3", "C4"]
    assert numbers(tangled(loop)) == ["C1", "C2"]
    assert numbers(tangled(simple)) == []  # chains, and a correction followed by another of the same, have one end


def test_days_that_the_communications_do_not_reach_are_not_observed_and_it_is_told():
    calls = cob({"data_inizio": day(-100)}).with_columns(data_estrazione=pl.lit(day(100)))
    limit = known_until(calls, RIF)
    rows = rates(followed(listed({}), calls, limit), limit).filter(base="sospesi", dimensione="TOT").sort("finestra")
    assert rows.select("finestra", "osservati", "non_osservabili", "non_trovati").rows() == [
        (30, 1, 0, 1),
        (90, 1, 0, 1),
        (180, 0, 1, 0),
        (365, 0, 1, 0),
    ]
    assert any(f"arrivano al {day(100):%d/%m/%Y}" in words for words in findings(listed({}), calls, RIF)["rilievo"])


def listed(*rows: dict) -> pl.DataFrame:
    """Workers of the lists: suspended on the first day by the company of the crisis, ended, but for what the row says."""
    usual = {"id_lavoratore": "a", "id_procedura": "P", "cf_azienda": CRISI, "data_inizio_sospensione": START, "stato_rapporto": "CESSATO",
             "sigla_prov_domicilio": "BG", "provincia": "BG", "genere": "F"}  # fmt: skip
    return pl.DataFrame([usual | row for row in rows], infer_schema_length=None)


def ended(after: int, worker: str = "a", company: str = CRISI) -> dict:
    return {
        "id_lavoratore": worker,
        "tipo_comunicazione": "CESSAZIONE",
        "cf_datore": company,
        "data_inizio": day(-900),
        "data_cessazione": day(after),
    }


def test_who_lost_the_job_is_followed_from_its_cessation_and_all_from_the_suspension():
    rows = listed({}, {"id_lavoratore": "b", "stato_rapporto": "SOSPESO"}, {"id_lavoratore": "c"}, {"id_lavoratore": "d"})
    result = bases(rows, cob(ended(60), ended(70, "b"), ended(50, "d", ALTRA)), RIF)
    told = result.select("base", "id_lavoratore", "inizio").sort("base", "id_lavoratore").rows()
    assert told == [("cessati", "a", day(60)), *(("sospesi", worker, START) for worker in "abcd")]


def test_a_cessation_before_the_suspension_or_after_the_day_makes_no_base():
    assert bases(listed({}), cob(ended(-1)), RIF).filter(base="cessati").is_empty()
    assert bases(listed({}), cob(ended(10)), day(9)).filter(base="cessati").is_empty()
    assert bases(listed({}), cob(ended(0)), RIF).filter(base="cessati").height == 1


def test_a_worker_of_two_procedures_is_one_person_in_each_base():
    rows = listed({}, {"id_procedura": "Q", "data_inizio_sospensione": day(20)})
    result = bases(rows, cob(ended(60)), RIF)
    assert result.select("base", "id_procedura").sort("base").rows() == [("cessati", "P"), ("sospesi", "P")]


def test_not_found_are_told_apart_by_frontier_home_and_return_by_the_lists():
    rows = listed({"sigla_prov_domicilio": "VA", "stato_rapporto": "SOSPESO"}, {"id_lavoratore": "b", "stato_rapporto": "RIENTRATO"}, {"id_lavoratore": "c", "sigla_prov_domicilio": None})  # fmt: skip
    result = rates(followed(rows, cob(), RIF), RIF).filter(base="sospesi", finestra=180).row(0, named=True)
    counted = [result[name] for name in ("osservati", "rioccupati", "rientrati", "non_trovati", "di_frontiera")]
    assert counted == [3, 0, 1, 2, 1]


def test_shares_add_up_procedures_and_have_an_interval_from_two_on():
    one = {
        "finestra": 30,
        "id_procedura": "P",
        "osservati": 4,
        "non_osservabili": 1,
        "rioccupati": 1,
        "rientrati": 0,
        "non_trovati": 3,
        "di_frontiera": 2,
    }
    alone = shares(pl.DataFrame([one])).row(0, named=True)
    assert (alone["quota"], alone["inf95"], alone["procedure"]) == (0.25, None, 1)
    both = shares(pl.DataFrame([one, one | {"id_procedura": "Q", "rioccupati": 3, "non_trovati": 1}])).row(0, named=True)
    assert (both["osservati"], both["rioccupati"], both["quota"], both["procedure"]) == (8, 4, 0.5, 2)
    assert both["inf95"] < 0.5 < both["sup95"]


def test_a_share_of_nobody_is_null():
    rows = rates(followed(listed({}), cob(), day(3)), day(3)).filter(base="sospesi", finestra=30).row(0, named=True)
    assert (rows["osservati"], rows["non_osservabili"], rows["quota"]) == (0, 1, None)


def test_agency_work_is_its_own_kind_and_an_unknown_comune_is_told():
    rows = listed({}, {"id_lavoratore": "b"}, {"id_lavoratore": "c"})
    jobs = cob({"modello": "UNISOMM", "comune_sede_lavoro": "A794"}, {"id_lavoratore": "b", "comune_sede_lavoro": "E507", "tipo_contratto": "A.01.00"}, {"id_lavoratore": "c", "comune_sede_lavoro": "Z999", "tipo_contratto": "C.01.00"})  # fmt: skip
    result = job_kinds(followed(rows, jobs, RIF), {"A794": "BG", "E507": "LC"}).filter(base="sospesi")
    assert dict(result.filter(dimensione="contratto").select("voce", "rioccupati").iter_rows()) == {"somministrazione": 1, "tempo indeterminato": 1, "altro contratto": 1}  # fmt: skip
    assert dict(result.filter(dimensione="territorio").select("voce", "rioccupati").iter_rows()) == {"nello stesso territorio": 1, "in un altro": 1, "comune non riconosciuto": 1}  # fmt: skip
    assert result["quota"].to_list() == pytest.approx([1 / 3] * 6)


def test_oddities_of_the_communications_are_counted():
    rows = listed({}, {"id_lavoratore": "b", "stato_rapporto": "SOSPESO"})
    told = cob(
        {}, {"rettifica_di": "C1", "annullata": "S"}, {"rettifica_di": "X9"}, ended(9, "b"), {"id_lavoratore": "z", "annullata": "S"}
    )
    result = {
        row["rilievo"].split(":")[0]: row["casi"]
        for row in findings(rows, told.with_columns(data_estrazione=RIF), RIF).iter_rows(named=True)
    }
    assert result == {
        "comunicazioni corrette da un'altra": 1, "comunicazioni annullate": 1, "rettifiche annullate": 1, "rettifiche di comunicazioni che l'estratto non ha": 1,
        "cessati per gli elenchi, senza cessazione nelle comunicazioni": 1, "cessati per le comunicazioni, sospesi o rientrati per gli elenchi": 1,
    }  # fmt: skip


def test_the_frontier_provinces_are_a_reference_table():
    assert esiti.border_provinces() == {"CO", "SO", "VA"}


MANY = [
    {"rettifica_di": "C2"}, {}, {"id_lavoratore": "b", "data_inizio": day(5), "data_fine_prevista": day(12)}, {"id_lavoratore": "c", "cf_datore": CRISI, "data_inizio": day(90)},
    {"id_lavoratore": "d", "modello": "UNISOMM", "cf_datore": AGENZIA, "cf_utilizzatore": CRISI}, {"id_lavoratore": "d", "data_inizio": day(31), "tipo_contratto": "A.01.00"},
    {"id_lavoratore": "e", "annullata": "S"}, {"id_lavoratore": "b", "tipo_comunicazione": "PROROGA", "data_inizio": day(5), "data_fine_prevista": day(80)},
    {"id_lavoratore": "e", "data_inizio": day(200), "annullata": "N"}, {"id_lavoratore": "e", "tipo_comunicazione": "CESSAZIONE", "data_inizio": day(200), "data_cessazione": day(210)},
]  # fmt: skip


def test_outcomes_of_many_workers_by_hand():
    result = outcomes(base("a", "b", "c", "d", "e", "f"), cob(*MANY), RIF, 1).sort("id_lavoratore")
    assert result["data_rioccupazione"].to_list() == [day(10), day(5), None, day(31), day(200), None]
    assert result["data_rientro"].to_list() == [None, None, day(90), day(10), None, None]
    longer = outcomes(base("a", "b", "c", "d", "e", "f"), cob(*MANY), RIF, 30).sort("id_lavoratore")
    assert longer["data_rioccupazione"].to_list() == [day(10), day(5), None, day(31), None, None]  # e left after eleven days
