"""Applications, people, money, times and operators of the measures, on rows worked by hand."""

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from analisi.errors import AnalisiError
from analisi.indicators import misure_pal as mp
from analisi.indicators.estratti import read_estratti
from analisi.tables.catalogo import MISURE_TABELLA, SIUF_CORSI

GIORNO = date(2025, 12, 31)


def domande(*rows: dict) -> pl.DataFrame:
    """Applications of the table: DUL of worker "a", presented, but for what the row says."""
    usual = {
        "bando": "DUL_V",
        "id_lavoratore": "a",
        "operatore_id": "OP-1",
        "operatore_sede_prov": "MI",
        "percorso": "2",
        "stato": "PRESENTATA",
    }
    filled = [{"id_domanda": f"D{n}"} | usual | row for n, row in enumerate(rows, start=1)]
    return pl.DataFrame(filled, schema=MISURE_TABELLA.schema)


def persone(*rows: dict) -> pl.DataFrame:
    """Workers in CIGS: "a" of procedura P of Bergamo, suspended for the year 2025, but for what the row says."""
    usual = {
        "id_lavoratore": "a", "id_procedura": "P", "causale": "CRISI", "tipo": "A", "obbligo_pal": "S", "provincia": "BG", "cf_azienda": "1",
        "data_inizio_sospensione": date(2025, 1, 1), "data_fine_prevista": date(2025, 12, 31), "stato_rapporto": "SOSPESO",
    }  # fmt: skip
    return pl.DataFrame([usual | row for row in rows], infer_schema_length=None) if rows else pl.DataFrame([usual]).clear()


def taken(day: date, **more: object) -> dict:
    return {"data_presa_in_carico": day, "stato": "AMMESSA", **more}


def test_the_provincia_is_of_the_unita_where_linked_else_of_the_seat():
    result = mp.linked(domande({}, {"id_lavoratore": "z"}), persone({}))
    assert result.select("provincia", "collegata").rows() == [("BG", True), ("MI", False)]


def test_of_several_procedures_the_last_begun_by_the_application_is_linked():
    people = persone(
        {},
        {"id_procedura": "Q", "data_inizio_sospensione": date(2025, 6, 1)},
        {"id_procedura": "R", "data_inizio_sospensione": date(2025, 9, 1)},
    )
    rows = mp.linked(domande(taken(date(2025, 6, 1)), taken(date(2025, 5, 31)), taken(date(2024, 1, 1)), {}), people)
    # on the first day of Q; a day before it; before all of them the first that comes; without any day the first by number
    assert rows["id_procedura"].to_list() == ["Q", "P", "P", "P"]
    assert rows.height == 4


def test_the_year_is_of_the_taking_in_charge_else_of_the_start():
    rows = mp.linked(
        domande(
            taken(date(2024, 12, 31), data_avvio=date(2025, 1, 2)), {"data_avvio": date(2025, 1, 2)}, {"data_assessment": date(2025, 1, 2)}
        ),
        persone(),
    )
    assert rows["anno"].to_list() == [2024, 2025, None]


def test_misura_edizione_and_voce_come_from_bando_and_path():
    rows = mp.linked(domande({}, {"bando": "GOL", "percorso": "1"}, {"bando": "FC_III", "percorso": None}), persone())
    assert rows.select("misura", "edizione", "voce").rows() == [
        ("DUL", "V", "DUL, upskilling"),
        ("GOL", None, "GOL, reinserimento"),
        ("FC", "III", "FC"),
    ]


def test_at_a_day_later_dates_are_blank_and_the_state_goes_back_with_them():
    row = {
        "data_assessment": date(2025, 1, 1),
        "data_presa_in_carico": date(2025, 2, 1),
        "data_avvio": date(2025, 3, 1),
        "data_conclusione": date(2025, 4, 1),
    }
    rows = domande(row | {"stato": "CONCLUSA"})
    told = [
        mp.known_at(rows, day).select("stato", "data_avvio", "data_conclusione").rows()
        for day in (date(2024, 12, 31), date(2025, 2, 28), date(2025, 3, 1), date(2025, 4, 1))
    ]
    start, end = date(2025, 3, 1), date(2025, 4, 1)
    assert told == [[], [("AMMESSA", None, None)], [("AVVIATA", start, None)], [("CONCLUSA", start, end)]]


def test_a_person_with_several_applications_is_counted_once_in_every_row():
    rows = mp.linked(domande({}, {"bando": "FC_III"}, {"stato": "AMMESSA"}, {"id_lavoratore": "b"}), persone({}))
    result = mp.applications(rows)
    whole = result.filter(provincia="TOT", bando="TOT", stato="TOT").row(0, named=True)
    assert (whole["domande"], whole["persone"]) == (4, 2)
    dul = result.filter(provincia="TOT", bando="DUL_V", stato="TOT").row(0, named=True)
    assert (dul["domande"], dul["persone"]) == (3, 2)
    assert result.filter(provincia="BG", bando="TOT", stato="TOT")["persone"].item() == 1
    assert result.schema["domande"] == result.schema["persone"] == pl.Int64


def test_two_vouchers_of_one_application_are_two_rows_of_two_people():
    rows = mp.linked(domande({"id_domanda": "D"}, {"id_domanda": "D", "id_lavoratore": "b"}), persone({}))
    assert mp.applications(rows).filter(provincia="TOT", bando="TOT", stato="TOT").select("domande", "persone").row(0) == (2, 2)


def test_amounts_leave_blanks_out_and_a_sum_of_blanks_is_blank():
    money = {"importo_dote_prenotato": 1000.0, "importo_liquidato": 400.0}
    rows = mp.linked(domande(money, {"importo_dote_prenotato": 600.0}, {"bando": "GOL"}), persone())
    result = {row["bando"]: row for row in mp.amounts(rows).filter(provincia="TOT").iter_rows(named=True)}
    assert [result["DUL_V"][name] for name in ("con_prenotato", "prenotato", "con_liquidato", "liquidato", "quota")] == [
        2,
        1600,
        1,
        400,
        0.25,
    ]
    assert [result["GOL"][name] for name in ("con_prenotato", "prenotato", "liquidato", "quota")] == [0, None, None, None]


def test_times_count_who_waits_and_leave_out_who_left_or_has_no_day():
    first = date(2025, 12, 1)  # thirty days before the day of reference
    rows = mp.linked(
        domande(
            taken(first, data_avvio=date(2025, 12, 11), stato="AVVIATA"),  # 10 days
            taken(first, data_avvio=date(2025, 12, 21), stato="AVVIATA"),  # 20 days
            taken(first),  # waits since 30 days
            taken(first, stato="RINUNCIA"),
            taken(first, stato="CONCLUSA"),  # begun, without its day
            {},  # not in the passage
        ),
        persone(),
    )
    row = mp.times(rows, GIORNO).filter(passo="data_presa_in_carico>data_avvio", voce="TOT").row(0, named=True)
    counts = [row[name] for name in ("domande", "raggiunti", "in_attesa", "usciti", "senza_data")]
    assert counts == [5, 2, 1, 1, 1]
    # of three at risk one goes at 10 (1/3), one at 20 (2/3); the third waits: nine in ten never get there
    assert (row["mediana"], row["p90"]) == (20, None)


def test_who_waits_makes_the_half_come_later_than_among_the_begun_alone():
    rows = [taken(date(2025, 12, 1), data_avvio=date(2025, 12, 6), stato="AVVIATA"), *[taken(date(2025, 12, 1))] * 2]
    row = (
        mp.times(mp.linked(domande(*rows), persone()), GIORNO)
        .filter(passo="data_presa_in_carico>data_avvio", voce="TOT")
        .row(0, named=True)
    )
    assert (row["raggiunti"], row["mediana"]) == (1, None)


def test_times_are_told_by_measure_and_path():
    rows = mp.linked(
        domande(
            taken(date(2025, 12, 1), data_assessment=date(2025, 11, 1)),
            taken(date(2025, 12, 1), data_assessment=date(2025, 11, 11), percorso="1"),
        ),
        persone(),
    )
    result = mp.times(rows, GIORNO).filter(passo="data_assessment>data_presa_in_carico")
    assert dict(result.select("voce", "mediana").iter_rows()) == {"DUL, upskilling": 30, "DUL, reinserimento": 20, "TOT": 20}


def test_the_first_operators_and_their_share():
    rows = mp.operators(mp.linked(domande({}, {}, {}, {"operatore_id": "OP-2", "id_lavoratore": "b"}), persone()))
    assert rows.select("operatore_id", "domande", "persone").rows() == [("OP-1", 3, 1), ("OP-2", 1, 1)]
    assert mp.concentration(rows).rows() == [(1, 3, 0.75), (2, 4, 1.0)]
    assert mp.shown_operators(rows).select("operatore_id", "domande", "persone").rows() == [("OP-1", 3, 1), ("altri", 1, None)]
    assert mp.concentration(rows.clear()).is_empty()


def test_an_application_counts_once_for_each_of_its_services():
    rows = mp.services(mp.linked(domande({"servizi": "A01, B02,A01"}, {"servizi": "A01"}, {}), persone()))
    assert rows.rows() == [("DUL", "A01", 2), ("DUL", "B02", 1), ("DUL", "non indicato", 1)]


def test_a_course_is_of_the_provincia_of_its_application_else_of_the_worker():
    siuf = pl.DataFrame(
        [{"id_corso": c, "id_edizione": f"{c}-1", "id_lavoratore": w} for c, w in (("C1", "a"), ("C2", "a"), ("C2", "z"))],
        schema=SIUF_CORSI.schema,
    )
    rows = mp.linked(domande({"id_lavoratore": "z"}, {"id_corso_siuf": "C1"}), persone({"provincia": "LC"}))
    result = mp.placed(siuf, rows, persone({}))
    assert result.select("id_corso", "id_lavoratore", "provincia", "in_cigs").rows() == [
        ("C1", "a", "LC", True),
        ("C2", "a", "BG", True),
        ("C2", "z", None, False),
    ]


def test_without_a_file_of_the_measures_the_error_says_so(sample, tmp_path):
    (tmp_path / "vol_procedure.csv").write_bytes((sample / "vol_procedure.csv").read_bytes())
    with pytest.raises(AnalisiError, match="non c'è alcun file di misure"):
        mp.perimeter(read_estratti(str(tmp_path)), GIORNO)


def test_the_perimeter_of_a_provincia_and_a_year(sample):
    dati = read_estratti(str(sample))
    whole, part = mp.perimeter(dati, dati.estrazione), mp.perimeter(dati, dati.estrazione, "CO", 2025)
    assert set(part.domande["provincia"]) == set(part.persone["provincia"]) == set(part.corsi["provincia"]) == {"CO"}
    assert set(part.domande["anno"]) == {2025}
    assert whole.tutte.height == part.tutte.height == whole.domande.height > part.domande.height > 0
    assert whole.persone.height == dati.tabelle["cigs_lavoratori"].height


@pytest.mark.parametrize(("extracted", "sent", "expected"), [(10, 5, 10), (None, 5, 5), (None, None, 31), (40, 50, 31)])
def test_a_table_tells_up_to_its_extraction_else_its_last_sending_and_never_beyond_the_day(extracted, sent, expected):
    days = [None if n is None else date(2025, 11, 30) + timedelta(days=n) for n in (extracted, sent, expected)]
    table = pl.DataFrame(
        {"data_estrazione": [None, days[0]], "data_invio": [days[1], None]}, schema={"data_estrazione": pl.Date, "data_invio": pl.Date}
    )
    assert mp.known_until(table, GIORNO) == days[2]


def test_what_an_extract_says_of_days_after_it_has_not_happened_yet(sample):
    dati, last = read_estratti(str(sample)), date(2025, 6, 30)
    early = dati.tabelle["misure"].with_columns(data_estrazione=pl.lit(last))
    told = mp.perimeter(replace(dati, tabelle=dati.tabelle | {"misure": early}), dati.estrazione).tutte
    assert told["data_avvio"].max() <= last


def test_workers_of_revoked_units_are_left_out(sample):
    dati = read_estratti(str(sample))
    one = dati.vol.filter(tipo_procedura="CIGS").head(1)
    people = mp.workers(dati.tabelle["cigs_lavoratori"], dati.vol.join(one, on=["id_procedura", "id_unita"], how="anti"))
    gone = dati.tabelle["cigs_lavoratori"].join(one, on=["id_procedura", "id_unita"], how="semi").height
    assert people.height == dati.tabelle["cigs_lavoratori"].height - gone
    assert gone > 0
