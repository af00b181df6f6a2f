"""Whom the measures reach, and how much is linked: people, not involvements; not linked is not "not reached"."""

from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest

from analisi.indicators import copertura_misure as cm
from analisi.indicators.misure_pal import Perimetro, linked
from analisi.tables.catalogo import SIUF_CORSI, SIUL_COB
from tests.indicators.test_misure_pal import GIORNO, domande, persone, taken

FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)
ALL = frozenset({"misure", "cigs_lavoratori", "siul_cob", "siuf_corsi"})


@pytest.mark.parametrize(
    ("begun", "flags"),
    [
        (date(2024, 12, 31), (False, False)),
        (FIRST, (True, True)),
        (LAST, (True, True)),
        (date(2026, 1, 1), (True, False)),
        (None, (False, False)),
    ],
)
def test_a_measure_reaches_from_the_first_day_of_the_suspension_on(begun, flags):
    rows = linked(domande({"data_avvio": begun, "stato": "AVVIATA"}), persone({}))
    assert cm.reached(persone({}), rows).select("raggiunto", "durante").row(0) == flags


def test_taken_in_charge_without_a_start_is_not_reached():
    result = cm.reached(persone({}), linked(domande(taken(FIRST)), persone({})))
    assert result.select("raggiunto", "in_carico", "misura").row(0) == (False, True, cm.SENZA_MISURA)


def test_any_of_several_applications_reaches_and_the_worker_stays_one_row():
    rows = linked(domande({}, {"data_avvio": FIRST}, {"data_avvio": LAST}), persone({}))
    assert cm.reached(persone({}), rows)["raggiunto"].to_list() == [True]


def test_a_person_of_two_procedures_counts_once_in_the_total_and_in_each_voce():
    people = persone({}, {"id_procedura": "Q", "provincia": "LC", "data_inizio_sospensione": date(2025, 6, 1)}, {"id_lavoratore": "b"})
    rows = linked(domande({"data_avvio": date(2025, 7, 1)}), people)
    result = cm.reach(cm.reached(people, rows), ["provincia"])
    told = result.select("dimensione", "voce", "lavoratori", "raggiunto", "quota", "procedure").rows()
    # a and b are two people: a counts with procedura P, her first
    assert told == [("TOT", "TOT", 2, 1, 0.5, 1), ("provincia", "BG", 2, 1, 0.5, 1), ("provincia", "LC", 1, 1, 1.0, 1)]
    assert result["inf95"].null_count() == 3  # one procedure each: no interval


def test_the_interval_takes_procedures_as_the_units():
    people = persone(*({"id_lavoratore": f"{p}{n}", "id_procedura": p} for p in "PQRS" for n in range(5)))
    rows = linked(domande(*({"id_lavoratore": f"{p}{n}", "data_avvio": FIRST} for p in "PQ" for n in range(5))), people)
    result = cm.reach(cm.reached(people, rows)).row(0, named=True)
    assert (result["quota"], result["procedure"]) == (0.5, 4)
    # all or nothing in each procedure: four units, not twenty workers, so the interval is as wide as of two of four
    assert result["inf95"] < 0.16
    assert result["sup95"] > 0.84


def perimetro(rows: pl.DataFrame, people: pl.DataFrame, presenti: frozenset[str] = ALL, cob: tuple = (), siuf: tuple = ()) -> Perimetro:
    calls = pl.DataFrame([{"id_lavoratore": worker} for worker in cob], schema=SIUL_COB.schema)
    courses = pl.DataFrame([{"id_corso": name, "id_lavoratore": worker} for name, worker in siuf], schema=SIUF_CORSI.schema)
    return Perimetro(GIORNO, rows, rows, people, people, courses, calls, presenti)


def test_the_linkage_tells_how_many_are_found_of_each():
    people = persone({}, {"id_lavoratore": "b"}, {"id_lavoratore": "c"})
    rows = linked(
        domande({"cf_azienda": "1", "id_corso_siuf": "C1"}, {"id_corso_siuf": "C2"}, {"id_lavoratore": "z", "cf_azienda": "9"}), people
    )
    p = perimetro(rows, people, cob=("a", "a", "y"), siuf=(("C1", "a"), ("C7", "y")))
    dati = SimpleNamespace(vol=pl.DataFrame({"codice_fiscale_azienda": ["1"]}), tabelle={"siuf_corsi": p.corsi})
    told = {row["legame"]: (row["trovati"], row["totale"]) for row in cm.linkage(p, dati).iter_rows(named=True)}
    # people of the measures a and z: a is listed; of the communications a and y; of the lists a, b, c only a has one
    assert told == {
        "misure_cigs": (1, 2),
        "imprese_vol": (1, 2),
        "cob_cigs": (1, 2),
        "cigs_cob": (1, 3),
        "corsi_siuf": (1, 2),
        "siuf_misure": (1, 2),
    }


def test_a_link_to_a_table_without_a_file_is_null_and_not_zero():
    p = perimetro(linked(domande({}), persone()), persone(), frozenset({"misure"}))
    result = cm.linkage(p, SimpleNamespace(vol=pl.DataFrame({"codice_fiscale_azienda": ["1"]}), tabelle={"siuf_corsi": p.corsi}))
    assert result.filter(pl.col("legame") != "imprese_vol").select("totale", "trovati", "quota").null_count().row(0) == (5, 5, 5)
    assert cm.followable(p).is_empty()


def test_gol_outside_the_transition_is_told_with_its_people():
    people = persone({}, {"id_lavoratore": "b", "causale": cm.CAUSALE_GOL})
    gol = {"bando": "GOL", "data_presa_in_carico": FIRST}
    rows = linked(domande(gol, gol, gol | {"id_lavoratore": "b"}, gol | {"id_lavoratore": "z"}), people)
    told = {row["rilievo"]: (row["casi"], row["persone"]) for row in cm.findings(perimetro(rows, people)).iter_rows(named=True)}
    assert told[cm.FUORI_22TER] == (2, 1)
    assert [value for name, value in told.items() if "non trovato" in name] == [(1, 1)]


def test_without_the_lists_nobody_is_told_as_not_found():
    p = perimetro(linked(domande(taken(FIRST)), persone()), persone(), frozenset({"misure"}))
    assert cm.findings(p).is_empty()


def test_who_cannot_be_followed_is_not_followed_as_without_a_job():
    people = persone({})
    assert cm.followable(perimetro(linked(domande({}), people), people, cob=("y",))).height == 1
    assert cm.followable(perimetro(linked(domande({}), people), people)).is_empty()  # a file without communications tells of nobody
    assert cm.followable(perimetro(linked(domande({}), people), people, ALL - {"siul_cob"}, cob=("y",))).is_empty()
