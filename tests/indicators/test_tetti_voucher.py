"""Caps on the vouchers: by year, by edition with its dates, by EQF level; sums and verdicts worked by hand."""

from datetime import date

import polars as pl
import pytest

from analisi.indicators import tetti_voucher as tv
from analisi.indicators.misure_pal import linked
from analisi.tables.catalogo import MISURE_TABELLA, SIUF_CORSI, VOL_PROCEDURE
from analisi.vocabulary import load_territorio
from tests.indicators.test_misure_pal import domande, persone

III, BEFORE, AFTER = date(2025, 9, 25), date(2025, 9, 24), date(2026, 12, 31)
LAST = date(2026, 12, 30)
EXACT = (37.16, 1170.89, 791.95)  # 2.000 euro; as floats, more than 2.000 in either order


def fc(day: date | None, value: float | None, **more: object) -> dict:
    """A voucher of the second edition of worker "a" of company 1."""
    usual = {
        "bando": "FC_II",
        "percorso": None,
        "cf_azienda": "1",
        "stato": "AMMESSA",
        "data_presa_in_carico": day,
        "valore_voucher": value,
    }
    return usual | more


def corsi(**levels: int | None) -> pl.DataFrame:
    return pl.DataFrame([{"id_corso": name, "livello_eqf": level} for name, level in levels.items()], schema=SIUF_CORSI.schema)


def editions(*rows: tuple[str, int]) -> pl.DataFrame:
    """Rows of one course: worker and level."""
    return pl.DataFrame([{"id_corso": "C", "id_lavoratore": who, "livello_eqf": level} for who, level in rows], schema=SIUF_CORSI.schema)


def vouchers(*rows: dict, courses: pl.DataFrame | None = None) -> pl.DataFrame:
    return tv.vouchers(linked(domande(*rows), persone()), corsi() if courses is None else courses)


def told(rows: pl.DataFrame, tetto: str, *names: str, **where: object) -> list[tuple]:
    return tv.verdicts(rows).filter(tetto=tetto, **where).select(names or ("anno", "soggetti", "oltre", "eccedenza_eur")).rows()


def test_the_cap_of_a_worker_is_by_calendar_year():
    rows = vouchers(fc(date(2024, 12, 31), 1500.0), fc(date(2025, 1, 1), 1500.0))
    assert told(rows, "lavoratore") == [(2024, 1, 0, 0.0), (2025, 1, 0, 0.0)]


def test_vouchers_of_a_worker_in_one_year_add_up():
    rows = vouchers(fc(date(2025, 1, 1), 1500.0), fc(date(2025, 12, 31), 750.0), fc(date(2025, 5, 5), 2000.0, id_lavoratore="b"))
    # a: 2.250 of 2.000, over by 250; b: at the cap, not over it but near
    assert told(rows, "lavoratore", "soggetti", "oltre", "eccedenza_eur", "vicini") == [(2, 1, 250.0, 1)]


@pytest.mark.parametrize(("value", "near"), [(1799.99, 0), (1800.0, 1), (2000.0, 1)])
def test_near_is_from_ninety_per_cent_to_the_cap(value, near):
    assert told(vouchers(fc(date(2025, 5, 5), value)), "lavoratore", "oltre", "vicini") == [(0, near)]


def test_the_day_is_the_start_where_the_taking_in_charge_is_blank_and_nothing_counts_without_a_day():
    rows = vouchers(fc(None, 1500.0, data_avvio=date(2024, 3, 1)), fc(None, 1500.0))
    assert told(rows, "lavoratore") == [(2024, 1, 0, 0.0)]


def test_editions_are_summed_apart():
    rows = vouchers(fc(III, 1500.0), fc(III, 1500.0, bando="FC_III"))
    assert told(rows, "lavoratore", "bando", "oltre") == [("FC_II", 0), ("FC_III", 0)]


def test_renounced_and_lost_vouchers_and_other_measures_do_not_count():
    day = date(2025, 5, 5)
    rows = vouchers(
        fc(day, 1500.0),
        fc(day, 1500.0, stato="RINUNCIA"),
        fc(day, 1500.0, stato="DECADUTA"),
        fc(day, 1500.0, bando="DUL_V", percorso="1"),
        fc(day, None),
    )
    assert told(rows, "lavoratore") == [(2025, 1, 0, 0.0)]


@pytest.mark.parametrize(("day", "bando", "cap"), [(BEFORE, "FC_III", None), (III, "FC_III", 800.0), (LAST, "FC_III", 800.0), (AFTER, "FC_III", None), (III, "FC_II", None)])  # fmt: skip
def test_the_caps_by_level_hold_within_their_dates_for_their_edition(day, bando, cap):
    rows = vouchers(fc(day, 100.0, bando=bando, id_corso_siuf="C"), courses=corsi(C=3))
    assert rows["tetto_eqf"].to_list() == [cap]
    assert rows["tetto_lavoratore_eur"].to_list() == [2000.0]  # the edition's within its dates, the general one outside


@pytest.mark.parametrize(("level", "cap"), [(2, None), (3, 800.0), (4, 1500.0), (5, 1500.0), (6, 2000.0), (8, 2000.0), (None, None)])
def test_the_cap_of_the_third_edition_depends_on_the_level_of_the_course(level, cap):
    assert vouchers(fc(III, 100.0, bando="FC_III", id_corso_siuf="C"), courses=corsi(C=level))["tetto_eqf"].to_list() == [cap]


def test_each_voucher_is_checked_against_the_cap_of_its_own_level():
    row = {"bando": "FC_III"}
    rows = vouchers(fc(III, 801.0, id_corso_siuf="C3", **row), fc(III, 800.0, id_corso_siuf="C3", **row), fc(III, 1600.0, id_corso_siuf="C4", **row), fc(III, 500.0, **row), courses=corsi(C3=3, C4=4))  # fmt: skip
    assert told(rows, "voucher", "livelli", "tetto_eur", "soggetti", "oltre", "eccedenza_eur") == [
        ("EQF 3", 800.0, 2, 1, 1.0),
        ("EQF 4-5", 1500.0, 1, 1, 100.0),
    ]
    assert tv.findings(rows).rows()[-1][1:] == (1, 1)  # the voucher without a course is told


def test_the_cap_of_a_company_adds_up_its_workers():
    many = [fc(date(2025, 5, 5), 2000.0, id_lavoratore=f"w{n}") for n in range(26)]
    rows = vouchers(*many, fc(date(2025, 5, 5), 2000.0, id_lavoratore="x", cf_azienda="2"))
    assert told(rows, "impresa") == [(2025, 2, 1, 2000.0)]  # 26 x 2.000 = 52.000
    vol = pl.DataFrame(
        [{"codice_fiscale_azienda": "1", "ragione_sociale": "Rossi", "id_procedura": "P", "data_apertura": date(2025, 1, 1)}],
        schema=VOL_PROCEDURE.schema,
    )
    assert tv.companies(rows, vol).rows() == [("FC_II", 2025, "Rossi", 26, 52000.0, 50000.0, 1.04, 2000.0)]
    assert tv.companies(rows, vol.clear())["ragione_sociale"].to_list() == ["azienda non nel registro"]


@pytest.mark.parametrize(
    ("rows", "level"),
    [
        ([("b", 3), ("a", 6)], 6),  # the worker's own
        ([("a", 3), ("a", 6)], None),  # its two editions disagree
        ([("b", 3), ("c", 6)], None),  # none of its own, and the others disagree
        ([("b", 3), ("c", 3)], 3),
    ],
)
def test_the_level_is_of_the_workers_own_edition_and_unknown_where_levels_disagree(rows, level):
    result = vouchers(fc(III, 100.0, bando="FC_III", id_corso_siuf="C"), courses=editions(*rows))
    assert result["livello_eqf"].to_list() == [level]
    assert tv.findings(result).filter(rilievo=tv.NON_CONTROLLATI)["casi"].to_list() == ([] if level else [1])


def test_cents_that_add_up_exactly_to_the_cap_are_not_over_it():
    result = vouchers(*(fc(date(2025, 5, 5), value) for value in EXACT))
    assert told(result, "lavoratore", "oltre", "eccedenza_eur", "vicini", "oltre_pubblico") == [(0, 0.0, 1, 0)]


def test_the_vouchers_of_a_worker_are_also_added_over_all_editions():
    rows = vouchers(fc(III, 1500.0), fc(III, 1500.0, bando="FC_III"), fc(AFTER, 1500.0))
    assert [name for name, *_ in told(rows, "lavoratore", "bando", "oltre") if name == "TOT"] == []
    assert told(rows, tv.TUTTI_I_BANDI, "bando", "anno", "oltre", "eccedenza_eur") == [("TOT", 2025, 1, 1000.0), ("TOT", 2026, 0, 0.0)]


def test_without_the_general_row_vouchers_outside_an_edition_have_no_cap(tmp_path, monkeypatch):
    for name in ("misure_pal.csv", "tetti_voucher.csv"):
        text = tv.reference(name).read_text(encoding="utf-8")
        (tmp_path / name).write_text("\n".join(line for line in text.splitlines() if not line.startswith("FC,,")), encoding="utf-8")
    monkeypatch.setattr(tv, "reference", lambda name: tmp_path / name)
    assert vouchers(fc(III, 1500.0), fc(III, 1500.0, bando="FC_III"))["tetto_lavoratore_eur"].to_list() == [None, 2000.0]


def test_a_cap_with_thousands_points_is_read_whole(tmp_path, monkeypatch):
    for name in ("misure_pal.csv", "tetti_voucher.csv"):
        (tmp_path / name).write_text(tv.reference(name).read_text(encoding="utf-8").replace(",2000,", ",2.000,"), encoding="utf-8")
    monkeypatch.setattr(tv, "reference", lambda name: tmp_path / name)
    assert vouchers(fc(III, 1500.0))["tetto_lavoratore_eur"].to_list() == [2000.0]


def test_the_validation_leaves_out_renounced_vouchers_and_adds_cents_exactly():
    day, rule = date(2025, 5, 5), next(rule for rule in MISURE_TABELLA.rules if rule.code == "tetto_lavoratore")
    for rows in ([fc(day, 1500.0), fc(day, 1500.0, stato="RINUNCIA")], [fc(day, value) for value in EXACT]):
        assert domande(*rows).select(rule.expression(load_territorio())).to_series().to_list() == [False] * len(rows)
    assert domande(fc(day, 1500.0), fc(day, 1500.0, bando="FC_III")).select(rule.expression(load_territorio())).to_series().to_list() == [
        True,
        True,
    ]


def test_the_cap_is_on_the_whole_voucher_and_the_public_share_is_told_apart():
    rows = vouchers(fc(date(2025, 5, 5), 2500.0, quota_pubblica_pct=70.0))  # public: 1.750
    assert told(rows, "lavoratore", "oltre", "oltre_pubblico") == [(1, 0)]


def test_of_a_provincia_the_subjects_keep_their_sum_of_the_region():
    day = date(2025, 5, 5)
    people = persone({"id_lavoratore": "a", "provincia": "BG"}, {"id_lavoratore": "b", "provincia": "LC"})
    rows = tv.vouchers(linked(domande(*[fc(day, 1500.0)] * 20, *[fc(day, 1500.0, id_lavoratore="b")] * 20), people), corsi())
    told_ = tv.verdicts(rows, "LC", 2025).filter(tetto="impresa").select("soggetti", "oltre", "eccedenza_eur").rows()
    assert told_ == [(1, 1, 10000.0)]  # 40 x 1.500 = 60.000, of which half in LC
    assert tv.verdicts(rows, "LC", 2025).filter(tetto="lavoratore")["soggetti"].to_list() == [1]
    assert tv.verdicts(rows, "LC", 2024).is_empty()
