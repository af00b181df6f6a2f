from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from analisi.errors import AnalisiError
from analisi.indicators import periodi
from analisi.indicators.attivazione_pal import changes, ever_reached, rates, reasons, steps, with_base
from analisi.indicators.uncertainty import cluster_share, funnel, intraclass, paired_difference
from analisi.tables.catalogo import MOTIVI_CONTO, MOTIVI_NO_PAL

ROWS = [  # trimestre, provincia, procedura, unità, cluster, start, then step1..4, no_pal, nessuno
    ("2025-T2", "AA", "p1", "u1", "a1", date(2025, 1, 1), 1, 0, 2, 3, 1, 3),
    ("2025-T2", "AA", "p2", "u1", "a2", date(2025, 6, 20), 0, 4, 0, 0, 0, 6),
    ("2025-T2", "BB", "p3", "u1", "a3", None, 0, 0, 0, 5, 0, 0),
    ("2025-T3", "AA", "p1", "u1", "a1", date(2025, 1, 1), 0, 0, 1, 6, 2, 1),
    ("2025-T3", "AA", "p1", "u2", "a1", date(2025, 9, 1), 2, 0, 0, 1, 0, 2),
    ("2025-T3", "AA", "p2", "u1", "a2", date(2025, 6, 20), 2, 3, 1, 4, 0, 0),
    ("2025-T3", "AA", "p4", "u1", "a2", date(2025, 8, 1), 10, 0, 0, 10, 0, 0),
    ("2025-T3", "BB", "p3", "u1", "a3", None, 0, 0, 0, 2, 3, 0),
    ("2025-T3", "CC", "p5", "u1", None, date(2025, 9, 1), 0, 0, 0, 0, 4, 0),
    ("2025-T3", "CC", "p6", "u1", None, date(2025, 9, 30), 0, 0, 0, 0, 2, 0),
]
STATI = ["step1", "step2", "step3", "step4", "no_pal", "nessuno"]
COLUMNS = ["trimestre", "provincia", "id_procedura", "id_unita", "cluster", "data_inizio", *STATI]
ENDS = {"2025-T2": date(2025, 6, 30), "2025-T3": date(2025, 9, 30)}


@pytest.fixture
def stock() -> pl.DataFrame:
    frame = pl.DataFrame(ROWS, COLUMNS, orient="row", infer_schema_length=None)
    return frame.with_columns(fine_trimestre=pl.col("trimestre").replace_strict(ENDS), lavoratori=pl.sum_horizontal(STATI))


def only(frame: pl.DataFrame, **where: object) -> dict[str, object]:
    found = frame.filter(**where)
    assert len(found) == 1
    return found.row(0, named=True)


def test_quarters_before():
    result = [periodi.previous(text) for text in ("2005-T1", "2005-T2", "2000-T1")] + [periodi.year_before("2005-T4")]
    assert result == ["2004-T4", "2005-T1", "1999-T4", "2004-T4"]


def test_steps_by_hand(stock):
    result = steps(stock, ["provincia"]).filter(trimestre="2025-T3", provincia="AA")
    rows = dict(zip(result["passo"], zip(result["lavoratori"], result["quota"], strict=True), strict=True))
    assert rows["STEP4"] == (21, pytest.approx(21 / 45))
    assert {passo: row[0] for passo, row in rows.items()} == {"STEP1": 14, "STEP2": 3, "STEP3": 2, "STEP4": 21, "NO_PAL": 2, "NESSUNO": 3}


@given(st.lists(st.tuples(st.sampled_from("AB"), *[st.integers(0, 50)] * 6), min_size=1, max_size=12))
def test_quotas_of_the_steps_add_up_to_one_or_are_all_null(rows):
    frame = pl.DataFrame(rows, ["provincia", *STATI], orient="row").with_columns(
        trimestre=pl.lit("2025-T3"), lavoratori=pl.sum_horizontal(STATI)
    )
    for part in steps(frame, ["provincia"]).partition_by("provincia"):
        base = frame.filter(provincia=part["provincia"][0])["lavoratori"].sum()
        assert part["lavoratori"].sum() == base
        assert part["quota"].sum() == pytest.approx(1) if base else part["quota"].is_null().all()


@pytest.mark.parametrize(
    ("base", "days", "rows", "denominators"), [("tutti", 0, 10, 81), ("netta", 0, 10, 69), ("matura", 30, 4, 50), ("matura", 0, 8, 71)]
)
def test_rows_and_denominator_of_each_base(stock, base, days, rows, denominators):
    result = with_base(stock, base, days)
    assert (result.height, result["denominatore"].sum()) == (rows, denominators)
    assert result["attivati"].equals(result["step4"])


@pytest.mark.parametrize(("days", "kept"), [(60, 1), (61, 0)])
def test_a_suspension_matures_on_the_day(stock, days, kept):
    """From 1 August to 30 September there are 60 days."""
    assert with_base(stock, "matura", days).filter(id_procedura="p4").height == kept


def test_an_unknown_base_is_refused_with_the_nearest_known_one(stock):
    with pytest.raises(AnalisiError, match="base «nette»: sconosciuta; forse intendevi «netta»"):
        with_base(stock, "nette")


def test_rate_of_two_clusters_by_hand(stock):
    result = only(rates(stock, ["provincia"]), trimestre="2025-T3", provincia="AA")
    # a1: 6 + 1 of 10 + 5 workers; a2: 4 + 10 of 10 + 20
    share, low, high = cluster_share([7, 14], [15, 30])
    assert (result["attivati"], result["lavoratori"], result["procedure"], result["unita"]) == (21, 45, 2, 4)
    assert (result["tasso"], result["inf95"], result["sup95"]) == (share, low, high)
    assert (result["base"], result["motivo"], result["correlazione"]) == ("tutti", None, intraclass([7, 14], [15, 30]))
    assert result["dimensione"] == pytest.approx((15 * 15 + 30 * 30) / 45)


def test_the_net_base_leaves_the_exempt_out(stock):
    result = only(rates(stock, base="netta"), trimestre="2025-T2")
    assert (result["attivati"], result["lavoratori"]) == (8, 24)


def test_a_provincia_of_one_procedura_gets_no_interval_and_says_why(stock):
    result = only(rates(stock, ["provincia"]), trimestre="2025-T3", provincia="BB")
    assert (result["tasso"], result["inf95"], result["sup95"]) == (0.4, None, None)
    assert result["motivo"] == "una sola procedura: un intervallo non si può calcolare"


def test_a_provincia_where_all_are_exempt_has_no_net_rate_and_says_why(stock):
    result = only(rates(stock, ["provincia"], "netta"), trimestre="2025-T3", provincia="CC")
    assert (result["lavoratori"], result["tasso"], result["inf95"], result["procedure"], result["unita"]) == (0, None, None, 0, 0)
    assert result["motivo"] == "nessun lavoratore nella base: il tasso non si può calcolare"


def test_without_a_cluster_the_procedura_is_the_cluster(stock):
    assert only(rates(stock, ["provincia"]), trimestre="2025-T3", provincia="CC")["procedure"] == 2


def test_the_row_of_the_region_is_the_whole(stock):
    region = rates(stock, ["provincia"], totale="TOT").filter(provincia="TOT").drop("provincia").sort("trimestre")
    assert_frame_equal(region, rates(stock).sort("trimestre"))


def test_change_in_percentage_points_by_hand(stock):
    result = only(changes(stock, ["provincia"]), trimestre="2025-T3", provincia="AA")
    difference, low, high = paired_difference([7, 14], [15, 30], [3, 0], [10, 10])
    assert (result["confronto"], result["tasso"], result["tasso_confronto"]) == ("2025-T2", 21 / 45, 3 / 20)
    assert result["differenza_pp"] == pytest.approx(100 * difference)
    assert (result["inf95_pp"], result["sup95_pp"]) == (pytest.approx(100 * low), pytest.approx(100 * high))
    assert (result["procedure_comuni"], result["distinguibile"]) == (2, not low <= 0 <= high)


def test_change_with_one_procedura_has_no_interval_and_without_the_other_quarter_no_difference(stock):
    result = changes(stock, ["provincia"])
    one, missing = only(result, trimestre="2025-T3", provincia="BB"), only(result, trimestre="2025-T3", provincia="CC")
    assert (one["differenza_pp"], one["inf95_pp"], one["distinguibile"]) == (pytest.approx(-60), None, None)
    assert (missing["tasso"], missing["tasso_confronto"], missing["differenza_pp"], missing["distinguibile"]) == (0, None, None, None)
    assert changes(stock, previous=periodi.year_before)["differenza_pp"].to_list() == [None, None]


def many(shift: int) -> pl.DataFrame:
    """Two quarters of twelve companies in common, two only in the first and two only in the second, `shift` more active each."""
    rows = []
    for trimestre, numbers, more in (("2025-T2", range(14), 0), ("2025-T3", range(2, 16), shift)):
        rows += [(trimestre, f"p{i}", "u", f"a{i}", 4 + i + more, 36 - i - more) for i in numbers]
    frame = pl.DataFrame(rows, ["trimestre", "id_procedura", "id_unita", "cluster", "step4", "nessuno"], orient="row")
    return frame.with_columns(lavoratori=pl.lit(40), no_pal=pl.lit(0))


@pytest.mark.parametrize(("shift", "clear"), [(0, False), (8, True)])
def test_a_change_is_distinguishable_when_its_interval_leaves_zero_out(shift, clear):
    result = only(changes(many(shift)), trimestre="2025-T3")
    assert (result["distinguibile"], result["procedure_comuni"]) == (clear, 12)
    assert result["differenza_pp"] == pytest.approx(100 * (2 + shift) / 40)


PASSI_ROWS = [
    ("2025-T1", "w1", "p", "STEP4"),
    ("2025-T2", "w1", "p", "STEP2"),  # gone back: it has ever reached the fourth
    ("2025-T1", "w2", "p", "STEP1"),
    ("2025-T2", "w2", "p", "NO_PAL"),
    ("2025-T2", "w3", "p", "STEP3"),
    ("2025-T2", "w1", "q", "STEP1"),  # the same person in another procedura
    ("2025-T3", "w2", "p", "STEP4"),  # later than the quarter that is looked at
]


def passi() -> pl.DataFrame:
    return pl.DataFrame(PASSI_ROWS, ["trimestre", "id_lavoratore", "id_procedura", "step"], orient="row")


def test_ever_reached_by_hand():
    result = ever_reached(passi()).filter(trimestre="2025-T2")
    found = {row["passo"]: (row["raggiunto"], row["attuale"]) for row in result.to_dicts()}
    assert found == {"STEP1": (4, 1), "STEP2": (2, 1), "STEP3": (2, 1), "STEP4": (1, 0), "NO_PAL": (1, 1)}
    assert result["lavoratori"].to_list() == [4] * 5
    assert only(result, passo="STEP4")["quota_raggiunto"] == 0.25


def test_the_base_may_count_workers_who_reached_nothing():
    workers = pl.DataFrame(
        {"trimestre": ["2025-T2"] * 3, "id_lavoratore": ["w1", "w2", "w9"], "id_procedura": ["p"] * 3, "provincia": ["AA", "AA", "BB"]}
    )
    result = ever_reached(passi(), ["provincia"], workers)
    first = only(result, provincia="AA", passo="STEP1")
    assert (first["lavoratori"], first["raggiunto"], first["quota_raggiunto"], first["attuale"]) == (2, 2, 1.0, 0)
    assert only(result, provincia="BB", passo="STEP1")["quota_raggiunto"] == 0.0


def conteggi() -> pl.DataFrame:
    empty = dict.fromkeys(MOTIVI_CONTO)
    rows = [
        {"trimestre": "2025-T3", "nucleo": "AA", "no_pal": 5, **empty, "no_pal_rientro": 3, "no_pal_pensione": 2},
        {"trimestre": "2025-T3", "nucleo": "AA", "no_pal": 3, **empty},
        {"trimestre": "2025-T3", "nucleo": "BB", "no_pal": 0, **empty},
    ]
    return pl.DataFrame(rows, schema={"trimestre": pl.String, "nucleo": pl.String} | dict.fromkeys(("no_pal", *MOTIVI_CONTO), pl.Int64))


def test_reasons_add_up_to_the_exempt_with_those_not_given():
    result = reasons(conteggi(), ["nucleo"])
    found = {row["motivo"]: (row["lavoratori"], row["quota"]) for row in result.filter(nucleo="AA").to_dicts()}
    zero = dict.fromkeys(MOTIVI_NO_PAL.values(), (0, 0.0))
    assert found == zero | {"rientro al lavoro": (3, 0.375), "pensione": (2, 0.25), "non indicato": (3, 0.375)}
    assert result.filter(nucleo="BB")["quota"].is_null().all()


def test_the_rates_of_a_trimestre_go_into_the_funnel_plot(stock):
    tassi = rates(stock, ["provincia"], totale="TOT").filter(trimestre="2025-T3")
    region = only(tassi, provincia="TOT")
    result = funnel(tassi.filter(pl.col("provincia") != "TOT"), region["tasso"], region["correlazione"]).sort("provincia")
    assert result["provincia"].to_list() == ["AA", "BB", "CC"]
    effective = [n / (1 + region["correlazione"] * (size - 1)) for n, size in ((45, 25), (5, 5), (6, 20 / 6))]
    assert result["equivalenti"].to_list() == pytest.approx(effective)
    assert result["z"].to_list()[2] < 0 < result["z"].to_list()[0]
