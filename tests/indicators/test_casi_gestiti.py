import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analisi.indicators.casi_gestiti import compare_years, concentration, decompose, mix, provincial_table, unreconciled
from analisi.indicators.uncertainty import firmness
from tests.conftest import literal

CASI = """
anno  provincia procedura         unita_produttive lavoratori
2024  AA        cigs_ministeriale 2                20
2024  AA        cigs_regionale    0                0
2024  BB        cigs_ministeriale 2                60
2024  BB        cigs_regionale    1                -
2025  AA        cigs_ministeriale 3                90
2025  AA        cigs_regionale    1                10
2025  BB        cigs_ministeriale 1                10
2025  BB        cigs_regionale    2                40
"""


@pytest.fixture
def casi() -> pl.DataFrame:
    return literal(CASI)


def cell(frame: pl.DataFrame, name: str, **where: object):
    found = frame.filter(**where)
    assert len(found) == 1
    return found[name][0]


def test_weight_is_the_share_of_the_region(casi):
    table = provincial_table(casi)
    assert cell(table, "peso_lavoratori", anno=2025, provincia="AA", procedura="cigs_ministeriale") == 90.0


def test_totals_leave_blanks_out(casi):
    table = provincial_table(casi)
    assert cell(table, "lavoratori", anno=2024, provincia="TOT", procedura="totale") == 80


def test_a_blank_stays_blank_in_count_weight_and_change(casi):
    table = provincial_table(casi)
    change = compare_years(table, 2025, 2024)
    blank = {"provincia": "BB", "procedura": "cigs_regionale"}
    result = [cell(table, name, anno=2024, **blank) for name in ("lavoratori", "peso_lavoratori")]
    result += [cell(change, name, **blank) for name in ("variazione_lavoratori", "variazione_lavoratori_pct", "contributo_pp")]
    assert result == [None] * 5


def test_total_of_only_blanks_is_blank():
    table = provincial_table(
        literal("anno provincia procedura unita_produttive lavoratori\n2024 AA x - -").cast(
            {"unita_produttive": pl.Int64, "lavoratori": pl.Int64}
        )
    )
    assert table["lavoratori"].to_list() == [None] * 4


def test_percent_from_base_zero_is_null_and_the_difference_is_not(casi):
    change = compare_years(provincial_table(casi), 2025, 2024)
    where = {"provincia": "AA", "procedura": "cigs_regionale"}
    assert (cell(change, "variazione_lavoratori", **where), cell(change, "variazione_lavoratori_pct", **where)) == (10, None)


def test_contribution_and_weight_change_by_hand(casi):
    change = compare_years(provincial_table(casi), 2025, 2024)
    where = {"provincia": "AA", "procedura": "cigs_ministeriale"}
    # 20 of 80 workers become 90 of 100: +70 on the region's 80, and from 25 to 90 per cent of the region.
    result = [
        cell(change, name, **where) for name in ("contributo_pp", "variazione_peso_pp", "contributo_unita_pp", "variazione_peso_unita_pp")
    ]
    assert result == [87.5, 65.0, 25.0, 25.0]


def test_a_decrease_is_negative(casi):
    change = compare_years(provincial_table(casi), 2025, 2024)
    assert cell(change, "variazione_unita", provincia="BB", procedura="cigs_ministeriale") == -1


def test_a_row_of_one_year_only_is_kept_and_nothing_that_sums_it_is_compared(casi):
    change = compare_years(
        provincial_table(
            casi.filter(~((pl.col("anno") == 2024) & (pl.col("provincia") == "BB") & (pl.col("procedura") == "cigs_ministeriale")))
        ),
        2025,
        2024,
    )
    compared = {(r["provincia"], r["procedura"]): r["variazione_lavoratori"] for r in change.iter_rows(named=True)}
    lost = [("BB", "cigs_ministeriale"), ("TOT", "cigs_ministeriale"), ("BB", "totale"), ("TOT", "totale")]
    assert [compared[key] for key in lost] == [None] * 4
    assert (compared["AA", "cigs_ministeriale"], compared["AA", "totale"], compared["TOT", "cigs_regionale"]) == (70, 80, 50)
    same_base = [
        cell(change, name, provincia="AA", procedura="cigs_ministeriale") for name in ("contributo_pp", "variazione_peso_pp", "posizione")
    ]
    assert same_base == [None] * 3
    assert decompose(change).filter(provincia="TOT", procedura="totale")["effetto_numero"].to_list() == [None]
    assert firmness(change).filter(provincia="TOT", procedura="cigs_ministeriale")["p"].to_list() == [None]


def test_a_row_that_both_years_lack_does_not_stop_the_comparison(casi):
    change = compare_years(
        provincial_table(casi.filter(~((pl.col("provincia") == "BB") & (pl.col("procedura") == "cigs_regionale")))), 2025, 2024
    )
    assert cell(change, "variazione_lavoratori", provincia="TOT", procedura="totale") == 30


def test_equal_counts_share_the_better_rank():
    casi = literal(
        "anno provincia procedura unita_produttive lavoratori\n1 AA x 1 5\n1 BB x 1 5\n1 CC x 1 3\n2 AA x 1 1\n2 BB x 1 2\n2 CC x 1 3"
    )
    change = compare_years(provincial_table(casi), 1, 2).filter(procedura="x").sort("provincia")
    assert change["posizione"].to_list() == [1, 1, 3, None]


def test_decomposition_by_hand(casi):
    parts = decompose(compare_years(provincial_table(casi), 2025, 2024))
    where = {"provincia": "AA", "procedura": "cigs_ministeriale"}
    # 2 units of 10 become 3 of 30: (3-2)*(10+30)/2 = 20 from number, (30-10)*(2+3)/2 = 50 from size.
    assert (cell(parts, "effetto_numero", **where), cell(parts, "effetto_dimensione", **where)) == (20.0, 50.0)


def test_where_a_year_has_no_units_the_change_is_all_number(casi):
    parts = decompose(compare_years(provincial_table(casi), 2025, 2024))
    where = {"provincia": "AA", "procedura": "cigs_regionale"}
    assert [cell(parts, name, **where) for name in ("effetto_numero", "effetto_dimensione", "dimensione_confronto")] == [10.0, 0.0, None]


def test_workers_without_units_are_not_decomposed():
    casi = literal("anno provincia procedura unita_produttive lavoratori\n1 AA x 0 5\n2 AA x 1 8")
    assert cell(decompose(compare_years(provincial_table(casi), 2, 1)), "effetto_numero", provincia="AA", procedura="x") is None


def test_concentration_by_hand(casi):
    row = concentration(provincial_table(casi)).row(
        by_predicate=(pl.col("anno") == 2025) & (pl.col("procedura") == "cigs_ministeriale"), named=True
    )
    assert (row["province"], row["quota_prime"], round(row["herfindahl"], 12)) == (2, 100.0, 0.82)


def test_share_of_the_first_three_counts_three_even_in_a_tie():
    casi = literal("anno provincia procedura unita_produttive lavoratori\n1 AA x 1 40\n1 BB x 1 20\n1 CC x 1 20\n1 DD x 1 15\n1 EE x 1 5")
    row = concentration(provincial_table(casi)).row(by_predicate=pl.col("procedura") == "x", named=True)
    assert (row["province"], row["quota_prime"], round(row["herfindahl"], 12)) == (5, 80.0, 0.265)


def test_mix_adds_up_to_a_hundred(casi):
    shares = mix(provincial_table(casi)).filter(anno=2025, provincia="TOT")
    assert shares["quota_lavoratori"].sum() == 100.0


def test_unreconciled_finds_a_wrong_total(casi):
    table = provincial_table(casi)
    wrong = table.with_columns(pl.when(provincia="TOT", procedura="totale", anno=2025).then(1).otherwise("lavoratori").alias("lavoratori"))
    assert (len(unreconciled(table)), len(unreconciled(wrong))) == (0, 1)


counts = st.one_of(st.none(), st.integers(0, 10**6))
grids = st.lists(st.tuples(counts, counts), min_size=12, max_size=12)


@given(grids)
def test_laws_hold_on_any_figures(cells):
    keys = [(anno, provincia, procedura) for anno in (1, 2) for provincia in ("AA", "BB", "CC") for procedura in ("x", "y")]
    casi = pl.DataFrame(
        [key + pair for key, pair in zip(keys, cells, strict=True)],
        schema={"anno": pl.Int64, "provincia": pl.String, "procedura": pl.String, "unita_produttive": pl.Int64, "lavoratori": pl.Int64},
        orient="row",
    )
    table = provincial_table(casi)
    change = compare_years(table, 2, 1)
    assert unreconciled(table).is_empty()
    floats = pl.concat(
        [frame.select(pl.selectors.float()).unpivot() for frame in (table, change, decompose(change), concentration(table))]
    )["value"].drop_nulls()
    assert floats.is_finite().all()
    parts = decompose(change).join(change, on=["provincia", "procedura"]).drop_nulls(["effetto_numero", "variazione_lavoratori"])
    assert ((parts["effetto_numero"] + parts["effetto_dimensione"] - parts["variazione_lavoratori"]).abs() < 1e-3).all()
