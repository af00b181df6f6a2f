"""Waits, curves and deadlines, checked by hand, by a plain Python Kaplan-Meier and by brute-force variances."""

import math
import random
from datetime import date, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy.stats import t as student

from analisi.errors import AnalisiError
from analisi.indicators import tempi
from analisi.indicators.tempi import STEP, against_deadlines, anomalies, curve, deadlines, quantiles, waits
from analisi.sample.extracts import extracts
from analisi.tables.delivery import in_force

START, END = date(2025, 1, 1), date(2025, 12, 31)
TEXT = {"id_lavoratore": pl.String, "id_procedura": pl.String, "trimestre": pl.String, "step": pl.String, "data_step": pl.Date}


def day(number: int) -> date:
    return START + timedelta(days=number)


def workers(names: str, start: date = START) -> pl.DataFrame:
    rows = [(name, "P", "U", "CO", f"azienda {name}", start) for name in names]
    return pl.DataFrame(
        rows, schema=["id_lavoratore", "id_procedura", "id_unita", "provincia", "cluster", "data_inizio_sospensione"], orient="row"
    )


def steps(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame([(worker, "P", quarter, step, when) for worker, quarter, step, when in rows], schema=TEXT, orient="row")


def told(frame: pl.DataFrame) -> dict[tuple[str, str], tuple]:
    """(giorni, what became of it) by worker and passo."""
    state = pl.when("raggiunto").then(pl.lit("raggiunto")).when("uscito").then(pl.lit("uscito")).otherwise(pl.lit("attesa"))
    return {row[:2]: row[2:] for row in frame.select("id_lavoratore", "passo", "giorni", state).iter_rows()}


def observed(rows: list[tuple], passo: str = "STEP4") -> pl.DataFrame:
    """A frame of waits from (cluster, giorni, raggiunto)."""
    frame = pl.DataFrame(rows, schema={"cluster": pl.String, "giorni": pl.Int64, "raggiunto": pl.Boolean}, orient="row")
    return frame.with_columns(pl.lit(passo).alias("passo"), pl.lit("CO").alias("provincia"), pl.lit(value=False).alias("uscito"))


def drawn(seed: int, companies: int = 12, largest: int = 9) -> list[tuple]:
    """Waits of workers whose company makes all of them quick or slow, with ties and censoring."""
    rng, rows = random.Random(seed), []
    for company in range(companies):
        pace = rng.uniform(3, 40)
        for _ in range(rng.randint(1, largest)):
            wait, end = int(rng.expovariate(1 / pace)), rng.randint(5, 60)
            rows.append((f"a{company}", min(wait, end), wait <= end))
    return rows


def survival(rows: list[tuple], weights: dict[str, float] | None = None) -> dict[int, float]:
    """Weighted Kaplan-Meier S at each event day, in plain Python."""
    weight = (lambda cluster: 1.0) if weights is None else weights.__getitem__
    s, found = 1.0, {}
    for t in sorted({wait for _, wait, event in rows if event}):
        at_risk = sum(weight(cluster) for cluster, wait, _ in rows if wait >= t)
        events = sum(weight(cluster) for cluster, wait, event in rows if event and wait == t)
        s *= 1 - events / at_risk
        found[t] = s
    return found


def greenwood(rows: list[tuple]) -> dict[int, float]:
    total, found = 0.0, {}
    for t in sorted({wait for _, wait, event in rows if event}):
        at_risk = sum(wait >= t for _, wait, _ in rows)
        events = sum(event and wait == t for _, wait, event in rows)
        total += events / (at_risk * (at_risk - events)) if at_risk > events else math.inf
        found[t] = total
    return found


def bounds(s: float, variance: float, clusters: int) -> tuple[float, float]:
    spread = student.ppf(0.975, clusters - 1) * math.sqrt(variance) / -math.log(s)
    return 1 - s ** math.exp(-spread), 1 - s ** math.exp(spread)


# Waits


def test_a_step_is_reached_by_the_day_of_the_first_later_one():
    passi = steps(("a", "2025-T1", "STEP2", day(40)), ("a", "2025-T2", "STEP4", day(100)))
    assert told(waits(workers("a"), passi, END)) == {
        ("a", "STEP1"): (40, "raggiunto"), ("a", "STEP2"): (40, "raggiunto"), ("a", "STEP3"): (100, "raggiunto"), ("a", "STEP4"): (100, "raggiunto"),
    }  # fmt: skip


def test_a_worker_without_steps_waits_to_the_day_of_reference():
    found = told(waits(workers("a"), steps(), day(90)))
    assert found == {("a", passo): (90, "attesa") for passo in STEP}


def test_an_exempt_worker_leaves_at_the_day_of_no_pal_and_keeps_the_steps_made():
    passi = steps(("a", "2025-T1", "STEP1", day(20)), ("a", "2025-T2", "NO_PAL", day(120)), ("a", "2025-T3", "NO_PAL", day(120)))
    found = told(waits(workers("a"), passi, END))
    assert found == {("a", "STEP1"): (20, "raggiunto")} | {("a", passo): (120, "uscito") for passo in STEP[1:]}


def test_an_exemption_followed_by_a_step_does_not_count():
    passi = steps(("a", "2025-T1", "NO_PAL", day(50)), ("a", "2025-T2", "STEP1", day(130)))
    found = told(waits(workers("a"), passi, END))
    assert (found["a", "STEP1"], found["a", "STEP2"]) == ((130, "raggiunto"), (364, "attesa"))


def test_what_happened_after_the_day_of_reference_is_not_known_yet():
    passi = steps(("a", "2025-T1", "STEP1", day(20)), ("a", "2025-T2", "NO_PAL", day(120)), ("b", "2025-T2", "STEP4", day(101)))
    found = told(waits(workers("ab"), passi, day(100)))
    assert (found["a", "STEP2"], found["b", "STEP1"]) == ((100, "attesa"), (100, "attesa"))


def test_a_step_without_date_counts_at_the_end_of_its_quarter():
    passi = steps(("a", "2025-T1", "STEP1", None), ("a", "2025-T2", "STEP1", None), ("a", "2025-T4", "NO_PAL", None))
    found = told(waits(workers("a"), passi, END))
    assert (found["a", "STEP1"], found["a", "STEP2"]) == ((89, "raggiunto"), (364, "uscito"))


def test_a_step_back_does_not_undo_the_step_reached():
    passi = steps(("a", "2025-T1", "STEP4", day(30)), ("a", "2025-T2", "STEP2", day(120)))
    assert told(waits(workers("a"), passi, END))["a", "STEP4"] == (30, "raggiunto")


def test_the_same_worker_in_two_procedures_waits_twice():
    two = pl.concat([workers("a"), workers("a").with_columns(id_procedura=pl.lit("Q"))])
    found = waits(two, steps(("a", "2025-T1", "STEP1", day(9))), END).filter(passo="STEP1").sort("id_procedura")
    assert found["raggiunto"].to_list() == [True, False]


def test_waits_has_its_columns_and_carries_the_others():
    found = waits(workers("a").with_columns(tipologia=pl.lit("A")), steps(), END)
    assert found.columns == [
        "provincia",
        "cluster",
        "id_lavoratore",
        "id_procedura",
        "passo",
        "giorni",
        "raggiunto",
        "uscito",
        "id_unita",
        "tipologia",
    ]
    assert (found["giorni"].dtype, found["raggiunto"].dtype) == (pl.Int64, pl.Boolean)


def test_what_is_odd_is_counted():
    people = pl.concat([workers("abc"), workers("d", day(400))])
    passi = steps(
        ("a", "2025-T1", "STEP2", day(-5)), ("b", "2025-T1", "NO_PAL", day(5)), ("b", "2025-T2", "STEP1", None), ("x", "2025-T1", "STEP1", day(8)),
    )  # fmt: skip
    expected = [
        ("lavoratore con passi ma non in elenco: escluso", None, 1),
        ("sospensione che inizia dopo la data di riferimento: attesa contata zero", None, 1),
        ("esonero seguito da un passo: l'esonero non conta", None, 1),
        ("passo prima dell'inizio della sospensione: attesa contata zero", "STEP1", 1),
        ("passo datato da un passo successivo: attesa al più", "STEP1", 1),
        ("passo senza data, contato alla fine del trimestre: attesa al più", "STEP1", 1),
        ("passo prima dell'inizio della sospensione: attesa contata zero", "STEP2", 1),
    ]
    assert anomalies(people, passi, END).rows() == expected
    assert told(waits(people, passi, END))["a", "STEP2"] == (0, "raggiunto")
    assert anomalies(workers("a"), steps(("a", "2025-T1", "STEP1", START)), END).is_empty()


# Curves


def test_curve_is_the_one_worked_out_on_paper():
    """Waits 5, 5, 8+, 10, 10+, 14 (+ censored): S = 1 - 2/6 = 2/3; then 3 at risk, 1 event, 2/3 x 2/3 = 4/9; then 1 at risk, 1 event, 0."""
    rows = [("a", 5, True), ("b", 5, True), ("c", 8, False), ("d", 10, True), ("e", 10, False), ("f", 14, True)]
    result = curve(observed(rows)).select("giorni", "a_rischio", "eventi", "quota_raggiunta")
    expected = pl.DataFrame({"giorni": [5, 10, 14], "a_rischio": [6, 3, 1], "eventi": [2, 1, 1], "quota_raggiunta": [1 / 3, 5 / 9, 1.0]})
    assert_frame_equal(result, expected)


def test_curve_has_no_rows_where_nobody_arrives():
    assert curve(observed([("a", 5, False), ("b", 7, False)])).is_empty()


@pytest.mark.parametrize("seed", range(20))
def test_curve_equals_a_plain_kaplan_meier(seed):
    rows = drawn(seed)
    result = curve(observed(rows))
    expected = survival(rows)
    assert result["giorni"].to_list() == list(expected)
    assert result["quota_raggiunta"].to_list() == pytest.approx([1 - s for s in expected.values()], abs=1e-12)
    assert result["a_rischio"].to_list() == [sum(wait >= t for _, wait, _ in rows) for t in expected]


@pytest.mark.parametrize("seed", range(20))
def test_bounds_equal_a_brute_force_infinitesimal_jackknife(seed):
    """The derivative of log S by the weight of each company, by central differences; Greenwood's where that is larger."""
    rows, h = drawn(seed), 1e-5
    companies = sorted({company for company, _, _ in rows})
    influence = []
    for company in companies:
        up, down = (survival(rows, dict.fromkeys(companies, 1.0) | {company: 1 + sign * h}) for sign in (1, -1))
        influence.append({t: (math.log(up[t]) - math.log(down[t])) / (2 * h) for t in up if up[t] > 0 and down[t] > 0})
    many, least = len(companies), greenwood(rows)
    for t, low, high in curve(observed(rows)).select("giorni", "inf95", "sup95").iter_rows():
        s = survival(rows)[t]
        if s <= 1e-12:
            assert (low, high) == (None, None)
            continue
        robust = sum(one[t] ** 2 for one in influence) * many / (many - 1)
        assert (low, high) == pytest.approx(bounds(s, max(robust, least[t]), many), abs=1e-6)


def test_with_one_worker_a_company_the_variance_is_greenwood():
    rows = [(f"a{n}", wait, event) for n, (_, wait, event) in enumerate(drawn(3))]
    s, variance, many = survival(rows), greenwood(rows), len(rows)
    for t, low, high in curve(observed(rows)).filter(pl.col("quota_raggiunta") < 1).select("giorni", "inf95", "sup95").iter_rows():
        assert (low, high) == pytest.approx(bounds(s[t], variance[t] * many / (many - 1), many), abs=1e-9)


def test_variance_is_near_the_delete_one_company_jackknife():
    rows = drawn(8, companies=150)
    companies = sorted({company for company, _, _ in rows})
    s, shown = survival(rows), {t: (low, high) for t, low, high in curve(observed(rows)).select("giorni", "inf95", "sup95").iter_rows()}
    for t in (5, 10, 20):
        without = [max((one, value) for one, value in survival([r for r in rows if r[0] != c]).items() if one <= t)[1] for c in companies]
        logs = [math.log(value) for value in without]
        mean = sum(logs) / len(logs)
        jackknife = sum((value - mean) ** 2 for value in logs) * (len(logs) - 1) / len(logs)
        assert shown[t] == pytest.approx(bounds(s[t], jackknife, len(companies)), abs=0.01)


def test_workers_of_one_company_moving_together_widen_the_interval():
    together = [(f"a{n}", 5 + 7 * n, True) for n in range(8) for _ in range(20)]
    apart = [(f"a{n}", wait, event) for n, (_, wait, event) in enumerate(together)]
    width = [(found["sup95"] - found["inf95"])[3] for found in (curve(observed(together)), curve(observed(apart)))]
    assert width[0] > 3 * width[1]


def test_one_company_alone_has_no_interval():
    assert curve(observed([("a", 5, True), ("a", 8, False), ("a", 9, True)]))["inf95"].to_list() == [None, None]


def test_companies_all_alike_are_no_certainty():
    rows = [(company, wait, wait < 9) for company in "abc" for wait in (3, 6, 9)]
    low, high = curve(observed(rows)).select("inf95", "sup95").row(0)
    assert (low, high) == pytest.approx(bounds(2 / 3, greenwood(rows)[3], 3))


def test_each_group_has_its_own_curve():
    here, there = drawn(1), drawn(2)
    both = pl.concat([observed(here), observed(there).with_columns(provincia=pl.lit("LC"))])
    result = curve(both, ["provincia"])
    assert_frame_equal(result.filter(provincia="CO").drop("provincia"), curve(observed(here)))
    assert_frame_equal(result.filter(provincia="LC").drop("provincia"), curve(observed(there)))


def test_a_group_without_a_name_is_a_group():
    nameless = observed(drawn(1)).with_columns(provincia=pl.lit(None, pl.String))
    for function in (quantiles, curve):
        assert_frame_equal(function(nameless, ["provincia"]).drop("provincia"), function(observed(drawn(1))))


def test_the_order_of_the_rows_does_not_matter():
    frame = observed(drawn(5))
    assert curve(frame).equals(curve(frame.sample(fraction=1, shuffle=True, seed=1)))


# Quantiles


@pytest.mark.parametrize("many", [1, 7, 15, 101])
def test_median_without_censoring_is_the_plain_median(many):
    rng = random.Random(many)
    frame = observed([(f"a{n}", rng.randint(0, 90), True) for n in range(many)])
    assert quantiles(frame)["mediana"].item() == frame["giorni"].median()


@pytest.mark.parametrize("many", range(10, 201, 10))
def test_p90_without_censoring_is_the_day_of_the_nine_tenths_worker(many):
    frame = observed([(f"a{n}", n, True) for n in range(1, many + 1)])
    assert quantiles(frame).select("mediana", "p90").row(0) == (many // 2, many * 9 // 10)


def test_a_quantile_the_curve_does_not_reach_is_null():
    frame = observed([("a", 5, True), ("b", 6, True), ("c", 9, False), ("d", 9, False), ("e", 9, False)])
    frame = frame.with_columns((pl.col("cluster") == "e").alias("uscito"))
    expected = pl.DataFrame({"passo": ["STEP4"], "lavoratori": [5], "raggiunti": [2], "in_attesa": [2], "usciti": [1]})
    assert_frame_equal(
        quantiles(frame), expected.with_columns(pl.lit(None, pl.Int64).alias("mediana"), pl.lit(None, pl.Int64).alias("p90"))
    )


# Deadlines


def limits(**days: int | None) -> pl.DataFrame:
    return pl.DataFrame(
        {"passo": list(days), "giorni_massimi": list(days.values()), "stato": ["da confermare"] * len(days)},
        schema_overrides={"giorni_massimi": pl.Int64},
    )


def test_the_published_deadlines_are_blank_and_give_no_verdict():
    assert deadlines()["giorni_massimi"].null_count() == len(STEP)
    assert against_deadlines(observed(drawn(1))).is_empty()


def test_with_a_deadline_workers_are_counted_on_both_sides_of_it(monkeypatch):
    monkeypatch.setattr(tempi, "deadlines", lambda: limits(STEP1=30, STEP4=None))
    frame = observed([("a", 30, True), ("b", 31, True), ("c", 30, False), ("d", 31, False), ("e", 40, False), ("f", 10, True)], "STEP1")
    frame = pl.concat([frame.with_columns((pl.col("cluster") == "e").alias("uscito")), observed([("a", 99, False)])])
    expected = {"passo": "STEP1", "giorni_massimi": 30, "stato": "da confermare"}
    expected |= {"in_tempo": 2, "oltre": 1, "in_attesa_entro": 1, "in_attesa_oltre": 1, "usciti": 1}
    assert against_deadlines(frame).to_dicts() == [expected]
    assert against_deadlines(frame, ["provincia"]).to_dicts() == [{"provincia": "CO"} | expected]


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("STEP9,,inizio_sospensione", "STEP9"),
        ("STEP1,30 gg,inizio_sospensione", "30 gg"),
        ("STEP1,1,inizio_sospensione\nSTEP1,2,inizio_sospensione", "una volta sola"),
        ("STEP2,30,presa_in_carico", "presa_in_carico"),
    ],
)
def test_a_deadline_that_cannot_be_read_is_refused(tmp_path, monkeypatch, rows, fault):
    (tmp_path / "scadenze_pal.csv").write_text(f"passo,giorni_massimi,da\n{rows}\n", encoding="utf-8")
    monkeypatch.setattr(tempi, "reference", lambda name: tmp_path / name)
    with pytest.raises(AnalisiError, match=fault):
        deadlines()


def test_filled_deadlines_are_numbers(tmp_path, monkeypatch):
    (tmp_path / "scadenze_pal.csv").write_text(
        "passo,giorni_massimi,da\nSTEP1,30,inizio_sospensione\nSTEP2,,inizio_sospensione\n", encoding="utf-8"
    )
    monkeypatch.setattr(tempi, "reference", lambda name: tmp_path / name)
    assert deadlines()["giorni_massimi"].to_list() == [30, None]


# The synthetic extracts


@pytest.fixture(scope="module")
def sample() -> tuple[pl.DataFrame, pl.DataFrame]:
    frames = extracts()
    vol = in_force(frames["vol_procedure"]).filter(tipologia_linee_guida="A", anno_riferimento=2025)
    units = vol.select("id_procedura", "id_unita", provincia="sigla_provincia", cluster="codice_fiscale_azienda")
    lavoratori = frames["cigs_lavoratori"].join(units, on=["id_procedura", "id_unita"])
    return lavoratori.select(workers("a").columns), frames["monitoraggio_pal_lavoratori"]


def test_every_worker_of_the_lists_is_in_the_waits_once_a_step(sample):
    found = waits(*sample, END)
    assert found.height == 4 * sample[0].height == found.select("id_lavoratore", "id_procedura", "passo").n_unique()
    assert quantiles(found)["lavoratori"].to_list() == [sample[0].height] * 4
    assert (found["raggiunto"] & found["uscito"]).sum() == 0


def test_workers_reaching_a_step_are_those_whose_last_sheet_says_so(sample):
    last = sample[1].sort("trimestre").unique(["id_lavoratore", "id_procedura"], keep="last")
    counts = dict(last["step"].value_counts().iter_rows())
    found = quantiles(waits(*sample, END))
    assert found["raggiunti"][3] == counts["STEP4"]
    assert found["raggiunti"][2] == counts["STEP4"] + counts["STEP3"]
    assert found["usciti"][3] == counts["NO_PAL"]


def test_the_curve_of_each_step_lies_below_that_of_the_one_before(sample):
    found = quantiles(waits(*sample, END))
    assert found["mediana"].to_list() == sorted(found["mediana"].to_list())
