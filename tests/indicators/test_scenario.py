"""What a sum of money reaches: sums by hand, and the laws that hold for any sum and any hypotheses."""

from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from analisi.errors import AnalisiError
from analisi.indicators import ipotesi
from analisi.indicators.ipotesi import CASI, FAVOREVOLE, case_values, read_ipotesi
from analisi.indicators.scenario import (
    Platea,
    adds_up,
    affordable,
    by_budget,
    by_take_up,
    cost,
    counted,
    divide,
    outcome,
    platea,
    results,
    territories,
    tornado,
)
from analisi.vocabulary import load_territorio

VALUES = {
    "budget_eur": 100_000, "quota_imprese_pct": 20, "gia_raggiunti_pct": 10, "adesione_lavoratori_pct": 50, "costo_lavoratore_eur": 1_000,
    "costo_gruppo_eur": 5_000, "lavoratori_gruppo": 15, "adesione_imprese_pct": 25, "costo_impresa_eur": 6_000,
}  # fmt: skip
DAY = date(2025, 6, 30)


def base(sospesi: int, imprese: int, weights: dict[str, tuple[int, int]] | None = None) -> Platea:
    """A population with these counted workers and companies by provincia."""
    rows = [(sigla, workers, workers, 0, 0, 0, firms) for sigla, (workers, firms) in (weights or {"CO": (sospesi, imprese)}).items()]
    frame = pl.DataFrame(
        rows, schema=["provincia", "coinvolti", "sospesi", "senza_elenco", "elenchi_corti", "fuori_elenco", "imprese"], orient="row"
    )
    return Platea(frame, sospesi, imprese, False, False)


def said(**values: str) -> pl.DataFrame:
    """The hypotheses, these ones given by the parameters."""
    return read_ipotesi({name: str(value) for name, value in VALUES.items()} | values)


# The sums


@pytest.mark.parametrize(
    ("fondi", "price", "expected"),
    [
        (50_000, (1_000, 5_000, 15), 35),  # two full groups, 40.000, then 5.000 and five workers
        (45_999, (1_000, 5_000, 15), 30),  # the 5.999 left open a group for nobody
        (46_000, (1_000, 5_000, 15), 31),
        (5_999, (1_000, 5_000, 15), 0),
        (0, (1_000, 5_000, 15), 0),
        (10_000, (0, 5_000, 15), 30),  # two groups, whole
        (9_999, (0, 5_000, 15), 15),
        (2_500, (1_000, 0, 15), 2),
        (0, (0, 0, 15), None),
    ],
)
def test_the_money_pays_whole_groups_and_then_part_of_one(fondi, price, expected):
    assert affordable(fondi, *price) == expected


def test_an_incomplete_group_costs_its_fixed_part_whole():
    assert [cost(n, 1_000, 5_000, 15) for n in (0, 1, 15, 16)] == [0, 6_000, 20_000, 26_000]


def test_an_outcome_by_hand():
    """100.000 euro, 80.000 for workers: 200 - 10% = 180, half join: 90 need 6 groups, 120.000; 80.000 pay 4 full groups, 60 workers."""
    result = outcome(200, 13, VALUES)
    assert result == {
        "sospesi": 200, "destinatari": 180, "aderenti": 90, "gruppi": 4, "raggiunti": 60, "non_raggiunti": 30,
        "fondi_lavoratori_eur": 80_000, "spesa_lavoratori_eur": 80_000, "residuo_lavoratori_eur": 0, "costo_medio_eur": 80_000 / 60,
        "finanziabili": 60, "adesione_pareggio": 1 / 3,
        "mese_esaurimento": 9,  # 90 m / 12 = 60 at the end of the eighth month: the ninth is the first beyond it
        "budget_sufficiente_eur": 150_000,  # 120.000 / 80%
        "imprese": 13, "imprese_aderenti": 3, "imprese_raggiunte": 3, "imprese_non_raggiunte": 0, "fondi_imprese_eur": 20_000,
        "spesa_imprese_eur": 18_000, "residuo_imprese_eur": 2_000,
        "budget_sufficiente_imprese_eur": 89_996,  # 20% of it is 17.999,2: the workers' floor leaves 18.000
    }  # fmt: skip


def test_nobody_is_counted_in_part():
    """7 suspended, 3 join (3,5 down), 99.999 euro."""
    result = outcome(
        7, 7, VALUES | {"gia_raggiunti_pct": 0, "budget_eur": 99_999, "quota_imprese_pct": 12.5, "adesione_imprese_pct": 33.33}
    )
    assert (result["aderenti"], result["imprese_aderenti"]) == (3, 2)
    assert (result["fondi_lavoratori_eur"], result["fondi_imprese_eur"]) == (87_499, 12_500)  # 87.499,125 down, the rest to companies


def test_the_money_ends_in_the_first_month_when_it_pays_nobody_and_in_the_last_when_one_is_missing():
    assert outcome(200, 0, VALUES | {"budget_eur": 0})["mese_esaurimento"] == 1
    assert outcome(200, 0, VALUES | {"gia_raggiunti_pct": 0, "adesione_lavoratori_pct": 30.5})["mese_esaurimento"] == 12  # 61 join, 60 paid
    assert outcome(200, 0, VALUES | {"gia_raggiunti_pct": 0, "adesione_lavoratori_pct": 30})["mese_esaurimento"] is None


def test_what_cannot_be_computed_is_null_and_not_zero():
    nobody, no_share = outcome(0, 0, VALUES), outcome(200, 13, VALUES | {"quota_imprese_pct": 100})
    assert (nobody["adesione_pareggio"], nobody["costo_medio_eur"], nobody["mese_esaurimento"], nobody["budget_sufficiente_eur"]) == (
        None,
        None,
        None,
        None,
    )
    assert (no_share["raggiunti"], no_share["budget_sufficiente_eur"]) == (0, None)
    assert outcome(200, 13, VALUES | {"quota_imprese_pct": 0})["budget_sufficiente_imprese_eur"] is None


def test_services_that_cost_nothing_reach_all_who_join():
    result = outcome(200, 13, VALUES | {"costo_lavoratore_eur": 0, "costo_gruppo_eur": 0, "costo_impresa_eur": 0, "budget_eur": 0})
    assert (result["raggiunti"], result["imprese_raggiunte"], result["finanziabili"], result["adesione_pareggio"]) == (90, 3, None, 1.0)


# The laws

PERCENT = st.integers(0, 10_000).map(lambda n: n / 100)
EURO = st.integers(0, 4_000)
ANY = st.fixed_dictionaries(
    {
        "budget_eur": st.integers(0, 400_000), "quota_imprese_pct": PERCENT, "gia_raggiunti_pct": PERCENT, "adesione_lavoratori_pct": PERCENT,
        "costo_lavoratore_eur": EURO, "costo_gruppo_eur": EURO, "lavoratori_gruppo": st.integers(1, 40), "adesione_imprese_pct": PERCENT,
        "costo_impresa_eur": EURO,
    }
)  # fmt: skip
SIZE = st.integers(0, 600)


@given(SIZE, SIZE, ANY)
def test_reached_joining_eligible_suspended_and_never_more_than_the_money(sospesi, imprese, values):
    r = outcome(sospesi, imprese, values)
    assert 0 <= r["raggiunti"] <= r["aderenti"] <= r["destinatari"] <= sospesi
    assert 0 <= r["imprese_raggiunte"] <= r["imprese_aderenti"] <= imprese
    assert r["spesa_lavoratori_eur"] + r["spesa_imprese_eur"] <= values["budget_eur"]
    assert (
        r["spesa_lavoratori_eur"] + r["residuo_lavoratori_eur"] + r["spesa_imprese_eur"] + r["residuo_imprese_eur"] == values["budget_eur"]
    )
    assert min(r["residuo_lavoratori_eur"], r["residuo_imprese_eur"]) >= 0
    assert (r["mese_esaurimento"] is None) == (r["non_raggiunti"] == 0)
    assert r["mese_esaurimento"] is None or 1 <= r["mese_esaurimento"] <= 12


@given(SIZE, ANY)
def test_one_more_worker_would_not_be_paid(sospesi, values):
    r, prices = outcome(sospesi, 0, values), [values[n] for n in ("costo_lavoratore_eur", "costo_gruppo_eur", "lavoratori_gruppo")]
    if r["non_raggiunti"]:
        assert cost(r["raggiunti"] + 1, *prices) > r["fondi_lavoratori_eur"]


@given(SIZE, SIZE, ANY, st.integers(1, 50_000))
def test_more_money_never_reaches_fewer(sospesi, imprese, values, more):
    before, after = outcome(sospesi, imprese, values), outcome(sospesi, imprese, values | {"budget_eur": values["budget_eur"] + more})
    assert after["raggiunti"] >= before["raggiunti"]
    assert after["imprese_raggiunte"] >= before["imprese_raggiunte"]


@given(SIZE, SIZE, ANY)
def test_the_sum_that_suffices_does_and_one_euro_less_does_not(sospesi, imprese, values):
    r = outcome(sospesi, imprese, values)
    for enough, missed in (("budget_sufficiente_eur", "non_raggiunti"), ("budget_sufficiente_imprese_eur", "imprese_non_raggiunte")):
        if r[enough]:
            assert outcome(sospesi, imprese, values | {"budget_eur": r[enough]})[missed] == 0
            assert outcome(sospesi, imprese, values | {"budget_eur": r[enough] - 1})[missed] > 0


@given(SIZE, SIZE, ANY, ANY)
@settings(max_examples=50)
def test_a_favourable_hypothesis_never_reaches_fewer(sospesi, imprese, one, other):
    for voce, good in FAVOREVOLE.items():
        if good:
            low, high = sorted((one[voce], other[voce]))
            bad, best = (high, low) if good == "basso" else (low, high)
            for name in ("raggiunti", "imprese_raggiunte"):
                assert outcome(sospesi, imprese, one | {voce: best})[name] >= outcome(sospesi, imprese, one | {voce: bad})[name], voce


@given(st.integers(0, 3_000), st.lists(st.integers(0, 400), min_size=1, max_size=12), st.integers(0, 50))
def test_parts_sum_to_the_total_and_grow_with_it(total, weights, more):
    parts, later = divide(total, weights), divide(total + more, weights)
    if not sum(weights):
        assert parts == [None if total else 0] * len(weights)
        return
    assert sum(parts) == total
    assert all(a <= b for a, b in zip(parts, later, strict=True))
    assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if not weight)


@pytest.mark.parametrize(
    ("total", "weights", "expected"),
    [
        (10, [6, 3, 1], [6, 3, 1]),
        (1, [1, 1], [1, 0]),
        (7, [53, 24, 23], [3, 2, 2]),
        (8, [530, 145, 125], [5, 2, 1]),
        (0, [0, 0], [0, 0]),
        (3, [0, 0], [None, None]),
    ],
)
def test_divide_by_hand(total, weights, expected):
    """53, 24, 23 of 7: 3,71, 1,68, 1,61 give 4, 2, 2, one too many: 53/7 < 23/3 < 24/3 loses it. 530, 145, 125 of 8: 5, 1, 1, and 145/3 > 530/11."""
    assert divide(total, weights) == expected


def test_largest_remainder_would_take_from_a_part_when_the_total_grows():
    """The Alabama paradox: from 25 to 26 the largest remainder would take one from each 500 (3 to 2)."""
    before, after = (divide(total, [1500, 1500, 900, 500, 500, 200]) for total in (25, 26))
    assert all(a <= b for a, b in zip(before, after, strict=True))


# The frames


def test_cases_take_the_end_that_reaches_less_and_more_but_what_is_chosen_stays():
    table = said(adesione_lavoratori_pct="20;40;60", costo_lavoratore_eur="600;1000;1400", quota_imprese_pct="10;20;30")
    picked = [
        tuple(case_values(table, caso)[n] for n in ("adesione_lavoratori_pct", "costo_lavoratore_eur", "quota_imprese_pct"))
        for caso in CASI
    ]
    assert picked == [(20, 1400, 20), (40, 1000, 20), (60, 600, 20)]


def test_results_have_one_row_for_each_case():
    found = results(base(200, 13), said(adesione_lavoratori_pct="25;50;75"))
    expected = pl.DataFrame({"caso": list(CASI), "aderenti": [45, 90, 135], "raggiunti": [45, 60, 60], "non_raggiunti": [0, 30, 75]})
    assert_frame_equal(found.select(expected.columns), expected)


def test_a_take_up_beyond_the_money_adds_only_workers_not_reached():
    found = by_take_up(base(200, 13), said())
    assert found["adesione_pct"].to_list() == list(range(10, 101, 10))
    assert found["raggiunti"].to_list() == [18, 36, 54, *[60] * 7]  # of 180: 18, 36, 54, 72, ...
    assert found["non_raggiunti"].to_list() == [0, 0, 0, 12, 30, 48, 66, 84, 102, 120]


def test_the_tornado_moves_one_hypothesis_and_puts_the_widest_first():
    """Central 60. Cost 500 or 2.000: groups of 12.500 or 35.000, 80.000 pay 6 and 5.000 for none, or 2 and 10.000 for two workers; 32."""
    found = tornado(base(200, 13), said(costo_lavoratore_eur="500;1000;2000", costo_impresa_eur="6000;6000;20000"))
    workers = found.filter(esito="raggiunti")
    assert workers.select("voce", "con_basso", "centrale", "con_alto", "ampiezza").row(0) == ("costo_lavoratore_eur", 90, 60, 32, 58)
    assert workers["ampiezza"].to_list() == [58, 0, 0, 0, 0, 0]
    assert found.filter(esito="imprese_raggiunte").select("voce", "con_basso", "con_alto").row(0) == ("costo_impresa_eur", 3, 1)


def test_the_curve_marks_the_multiples_and_where_the_money_suffices():
    found = by_budget(base(200, 13), said(), steps=4)
    centre = found.filter(caso="centrale")
    assert centre.filter(punto="multiplo")["fondi_eur"].to_list() == [50_000, 100_000, 150_000, 200_000, 300_000]
    assert centre.filter(punto="multiplo")["raggiunti"].to_list() == [30, 60, 90, 90, 90]
    assert centre.filter(punto="basta").select("fondi_eur", "raggiunti", "non_raggiunti").row(0) == (150_000, 90, 0)
    assert centre.filter(punto="griglia")["fondi_eur"].to_list() == [0, 41_250, 82_500, 123_750, 165_000]


def test_with_nothing_to_reach_the_curve_has_one_point_of_the_grid():
    found = by_budget(base(0, 0), said(budget_eur="0"))
    assert found.filter(punto="griglia")["fondi_eur"].to_list() == [0, 0, 0]


def test_territories_share_workers_by_workers_and_companies_by_companies():
    people = base(200, 13, {"BG": (150, 1), "CO": (50, 12)})
    found = territories(people, results(people, said()), "TOT").filter(caso="centrale")
    expected = pl.DataFrame({
        "provincia": ["BG", "CO", "TOT"], "sospesi": [150, 50, 200], "quota": [0.75, 0.25, 1.0], "fondi_eur": [75_000, 25_000, 100_000],
        "aderenti": [68, 22, 90],  # 67,5 and 22,5: the tie to the first
        "raggiunti": [45, 15, 60], "non_raggiunti": [23, 7, 30], "imprese": [1, 12, 13], "imprese_raggiunte": [0, 3, 3],
    })  # fmt: skip
    assert_frame_equal(found.select(expected.columns), expected)


def test_a_given_total_is_divided_as_those_counted_are_and_unknown_when_none_is():
    people = base(1000, 100, {"BG": (3, 0), "CO": (1, 0)})
    found = territories(people, results(people, said()), "TOT").filter(caso="centrale")
    assert found["sospesi"].to_list() == [750, 250, 1000]
    assert found["imprese"].to_list() == [None, None, 100]
    assert adds_up(found, "TOT")


def test_parts_that_do_not_sum_are_noticed():
    people = base(200, 13, {"BG": (150, 1), "CO": (50, 12)})
    found = territories(people, results(people, said()), "TOT")
    assert adds_up(found, "TOT")
    assert not adds_up(found.with_columns(pl.when(pl.col("provincia") == "BG").then(0).otherwise("raggiunti").alias("raggiunti")), "TOT")


# The counts


def extracts(units: list[tuple], people: list[tuple]) -> SimpleNamespace:
    """Extracts of units (unità, provincia, company, workers, last day) and people (person, unità, first day, state)."""
    vol = pl.DataFrame(
        [("CIGS", unit[:2], unit, place, firm, workers, date(2025, 1, 1), end) for unit, place, firm, workers, end in units],
        schema=["tipo_procedura", "id_procedura", "id_unita", "sigla_provincia", "codice_fiscale_azienda", "lavoratori_coinvolti", "data_inizio", "data_fine"],
        orient="row",
    )  # fmt: skip
    schema = {"id_lavoratore": pl.String, "id_procedura": pl.String, "id_unita": pl.String, "data_inizio_sospensione": pl.Date, "data_fine_prevista": pl.Date, "stato_rapporto": pl.String}  # fmt: skip
    lists = pl.DataFrame(
        [(who, unit[:2], unit, first, date(2025, 12, 31), state) for who, unit, first, state in people], schema=schema, orient="row"
    )
    return SimpleNamespace(territorio=load_territorio(), vol=vol, tabelle={"cigs_lavoratori": lists})


END, EARLY, LATE = date(2025, 12, 31), date(2025, 2, 1), date(2025, 5, 1)
UNITS = [("P1-1", "BG", "a", 3, END), ("P1-2", "CO", "a", 9, END), ("P2-1", "CO", "b", 4, END), ("P3-1", "MI", "c", 7, date(2025, 6, 29)), ("P4-1", "FUORI_REGIONE", "d", 5, END)]  # fmt: skip
PEOPLE = [
    ("u", "P1-1", EARLY, "SOSPESO"), ("v", "P1-1", EARLY, "RIENTRATO"), ("u", "P1-2", LATE, "SOSPESO"), ("x", "P1-2", EARLY, "SOSPESO"),
    ("y", "P1-2", date(2025, 7, 1), "SOSPESO"), ("z", "P3-1", EARLY, "SOSPESO"), ("w", "P4-1", EARLY, "SOSPESO"),
]  # fmt: skip


def test_people_are_counted_once_where_they_are_still_suspended_on_the_day():
    """u counts in CO, suspended later there; v is back, y starts later, z's unità ended the day before, w is outside; P2-1 has no list."""
    found = counted(extracts(UNITS, PEOPLE), DAY).filter(pl.col("coinvolti") > 0)
    expected = pl.DataFrame({
        "provincia": ["BG", "CO"], "coinvolti": [3, 13], "sospesi": [0, 2 + 4], "senza_elenco": [0, 4],
        "elenchi_corti": [1, 1], "fuori_elenco": [3 - 2, 9 - 3],  # P1-1 has u, v of 3; P1-2 has u, x, y of 9
        "imprese": [0, 2],  # a has more workers in CO
    })  # fmt: skip
    assert_frame_equal(found, expected)


def test_without_lists_involvements_stand_for_people():
    found = counted(extracts(UNITS, []), DAY).filter(pl.col("coinvolti") > 0)
    assert found.select("provincia", "sospesi", "senza_elenco").rows() == [("BG", 3, 3), ("CO", 13, 13)]


def test_every_provincia_has_a_row_also_when_nothing_is_in_course():
    found = counted(extracts(UNITS, PEOPLE), date(2020, 1, 1))
    assert (found.height, found.drop("provincia").sum().row(0)) == (12, (0, 0, 0, 0, 0, 0))


def test_a_list_as_long_as_the_workers_involved_is_not_short_whatever_their_state():
    found = counted(extracts([("P1-1", "BG", "a", 2, END)], [("u", "P1-1", EARLY, "SOSPESO"), ("v", "P1-1", EARLY, "CESSATO")]), DAY)
    assert found.filter(provincia="BG").select("sospesi", "elenchi_corti", "fuori_elenco").row(0) == (1, 0, 0)


def test_given_totals_take_the_place_of_counted_ones():
    dati = extracts(UNITS, PEOPLE)
    assert (platea(dati, DAY).sospesi, platea(dati, DAY).imprese, platea(dati, DAY).sospesi_indicati) == (6, 2, False)
    chosen = platea(dati, DAY, 1000, 50)
    assert (chosen.sospesi, chosen.imprese, chosen.sospesi_indicati, chosen.imprese_indicate) == (1000, 50, True, True)


@pytest.mark.parametrize(
    ("workers", "firms", "name"), [(-1, 0, "--lavoratori_sospesi -1"), (0, -2, "--imprese -2"), (10**9, 0, "--lavoratori_sospesi")]
)
def test_a_total_that_is_not_one_is_refused(workers, firms, name):
    with pytest.raises(AnalisiError, match=name):
        platea(extracts(UNITS, PEOPLE), DAY, workers, firms)


# The hypotheses


def test_every_value_of_the_table_is_a_placeholder_and_says_so():
    table = read_ipotesi({})
    mine = table.filter(pl.col("voce").is_in(list(FAVOREVOLE)))
    assert set(mine["stato"]) == {"ipotesi"}
    assert mine["fonte"].str.starts_with("Segnaposto").all()
    known = {500, 800, 1500, 2000, 50_000, 100_000, 2_000_000}  # caps and sums of real measures
    assert not known & {value for level in ("basso", "centrale", "alto") for value in mine[level]}


def test_a_parameter_replaces_the_table_and_is_still_called_a_hypothesis():
    rows = read_ipotesi({"budget_eur": "2.500.000", "adesione_lavoratori_pct": "12,5; 40 ;60%", "costo_gruppo_eur": ""}).rows_by_key(
        "voce", named=True, unique=True
    )
    assert (rows["budget_eur"]["centrale"], rows["budget_eur"]["stato"]) == (2_500_000, "ipotesi indicata nei parametri")
    assert [rows["adesione_lavoratori_pct"][level] for level in ("basso", "centrale", "alto")] == [12.5, 40, 60]
    assert rows["costo_gruppo_eur"]["stato"] == "ipotesi"


@pytest.mark.parametrize(
    ("voce", "text", "rule"),
    [
        ("adesione_lavoratori_pct", "20;40;120", "«120» non è ammesso; serve una percentuale fra 0 e 100"),
        ("adesione_lavoratori_pct", "-1", "«-1» non è ammesso"),
        ("adesione_lavoratori_pct", "33,333", "al più due decimali"),
        ("adesione_lavoratori_pct", "molti", "«molti» non è ammesso"),
        ("adesione_imprese_pct", "30;20;10", "dal più basso al più alto"),
        ("adesione_imprese_pct", "10;20", "i valori scritti sono 2; servono tre valori"),
        ("costo_impresa_eur", "-5", "una cifra in euro interi, fra 0 e 1.000.000"),
        ("costo_impresa_eur", "10,5", "una cifra in euro interi"),
        ("costo_lavoratore_eur", "1000001", "«1000001» non è ammesso"),
        ("lavoratori_gruppo", "0", "un numero intero, da 1 in su"),
        ("budget_eur", "1;2;3", "serve un valore solo"),
        ("budget_eur", "1;;3", "serve un valore solo"),
        ("quota_imprese_pct", "10;;30", "«» non è ammesso"),
    ],
)
def test_a_value_that_is_not_admitted_is_told_with_parameter_value_and_rule(voce, text, rule):
    with pytest.raises(AnalisiError) as error:
        read_ipotesi({voce: text})
    assert str(error.value).startswith(f"--{voce} {text}: ")
    assert rule in str(error.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("voce,etichetta,unita,basso", "voce,etichetta,unita,minimo"), "scenario.csv: manca la colonna «basso»"),
        (lambda text: text.replace("costo_gruppo_eur", "costo_grupo_eur"), "serve una riga, e una sola, per costo_gruppo_eur"),
        (lambda text: text + text.splitlines()[1] + "\n", "serve una riga, e una sola, per budget_eur"),
        (lambda text: text.replace("%,20,40,60,ipotesi", "%,20,40,60,ufficiale"), "stato «ufficiale» non ammesso"),
        (lambda text: text + "costo_grupo_eur,x,euro,1,2,3,ipotesi,y\n", "forse intendevi «costo_gruppo_eur»"),
        (
            lambda text: text.replace("%,20,40,60,ipotesi", "%,20,40,600,ipotesi"),
            "scenario.csv, «adesione_lavoratori_pct» 20;40;600: «600» non è ammesso",
        ),
    ],
)
def test_a_table_that_is_not_in_order_is_refused(tmp_path, monkeypatch, change, words):
    text = ipotesi.reference("scenario.csv").read_text(encoding="utf-8")
    (tmp_path / "scenario.csv").write_text(change(text), encoding="utf-8")
    monkeypatch.setattr(ipotesi, "reference", lambda name: tmp_path / name)
    with pytest.raises(AnalisiError) as error:
        read_ipotesi({})
    assert words in str(error.value)
