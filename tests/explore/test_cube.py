"""The cube and what is rolled up from it: literal cells, values by hand."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from analisi.errors import AnalisiError
from analisi.explore.cube import CELLA, Cubo, Scelte, grid, periodo, records, table, values
from analisi.vocabulary import Provincia, Territorio

ISOLE = Territorio("Isolana", "in Isolana", (Provincia("AA", "Alba"), Provincia("BB", "Borgo")))
CELLS = {
    "anno": [2030, 2030, 2030, 2030, 2031, 2031, 2031, 2031],
    "mese": [None] * 8,
    "provincia": ["AA", "AA", "BB", "BB"] * 2,
    "categoria": ["cigs", "lic"] * 4,
    "unita_produttive": [1, 2, 0, 4, 3, None, 1, 1],
    "lavoratori": [10, 20, 0, 70, 60, None, 30, 10],
}


def cubo(cells: dict | None = None, incidenze: dict | None = None) -> Cubo:
    frame = pl.DataFrame(cells or CELLS, schema_overrides={"mese": pl.Int64})
    rows = frame.with_columns(pl.lit("riga di RSSMRA80A01F205X").alias("nota")).lazy()
    measures = {"unita_produttive": ("Unità produttive", ""), "lavoratori": ("Lavoratori", "")}
    empty = pl.DataFrame(schema={"file": pl.String, "titolo": pl.String})
    return Cubo(
        "casi_gestiti", ISOLE, frame, measures | dict.fromkeys(incidenze or {}, ("Procedure", "")), {"cigs": "CIGS", "lic": "Licenziamenti"},
        "Procedura", rows, ("provincia", "lavoratori", "nota"), ("unita_produttive", "lavoratori"), "prova", empty, (Path("prova.csv"),),
        incidenze=incidenze or {},
    )  # fmt: skip


def rolled(scelte: Scelte, by: list[str], **options) -> list[tuple]:
    return values(cubo(**options), scelte, by).sort(by).rows() if by else values(cubo(**options), scelte, by).rows()


def test_blank_cells_stay_out_of_sums_and_a_group_of_blanks_is_unknown():
    assert rolled(Scelte("lavoratori", periodi=("2031",)), ["provincia"]) == [("AA", 60, None), ("BB", 40, None)]
    assert rolled(Scelte("lavoratori", periodi=("2031",), province=("AA",)), ["categoria"]) == [("cigs", 60, None), ("lic", None, "n.d.")]


def test_weights_are_on_the_region_of_the_same_periods_and_categories():
    # 2030: AA 30 of 100, BB 70 of 100; of the lic alone: 20 and 70 of 90
    assert rolled(Scelte("lavoratori", "peso", periodi=("2030",)), ["provincia"]) == [("AA", 30.0, None), ("BB", 70.0, None)]
    found = rolled(Scelte("lavoratori", "peso", periodi=("2030",), categorie=("lic",)), ["provincia"])
    assert found == [("AA", pytest.approx(100 * 20 / 90), None), ("BB", pytest.approx(100 * 70 / 90), None)]


def test_the_weight_of_some_provinces_is_on_the_whole_region_over_time_and_by_category():
    chosen = Scelte("lavoratori", "peso", province=("AA",))
    assert rolled(chosen, ["periodo"]) == [("2030", 30.0, None), ("2031", 60.0, None)]  # 30 of 100, 60 of 100
    assert rolled(replace(chosen, periodi=("2030",)), ["categoria"]) == [("cigs", 100.0, None), ("lic", pytest.approx(100 * 20 / 90), None)]
    assert rolled(replace(chosen, periodi=("2030",)), []) == [(30.0, None)]


def test_a_weight_on_a_region_of_zero_is_not_computable():
    zeros = CELLS | {"lavoratori": [0] * 8}
    assert rolled(Scelte("lavoratori", "peso"), [], cells=zeros) == [(None, "n.c.")]


def test_changes_are_on_the_same_periods_of_the_year_before():
    # AA 60 - 30 = +30 (100%); BB 40 - 70 = -30 (-42,86%)
    now = Scelte("lavoratori", "variazione", periodi=("2031",))
    assert rolled(now, ["provincia"]) == [("AA", 30, None), ("BB", -30, None)]
    found = rolled(replace(now, modo="variazione_pct"), ["provincia"])
    assert found == [("AA", 100.0, None), ("BB", pytest.approx(-100 * 30 / 70), None)]


def test_the_first_year_has_no_change_and_a_base_of_zero_is_not_computable():
    assert rolled(Scelte("lavoratori", "variazione", periodi=("2030",)), []) == [(None, "n.d.")]
    from_zero = Scelte("lavoratori", "variazione_pct", periodi=("2031",), province=("BB",), categorie=("cigs",))
    assert rolled(from_zero, []) == [(None, "n.c.")]
    assert rolled(replace(from_zero, modo="variazione"), []) == [(30, None)]


def test_a_year_that_lacks_a_row_is_compared_with_none():
    lacking = {name: column[:3] + column[4:] for name, column in CELLS.items()}  # without BB, lic of 2030
    now = Scelte("lavoratori", "variazione", periodi=("2031",))
    assert rolled(now, ["provincia"], cells=lacking) == [("AA", 30, None), ("BB", None, "n.d.")]
    assert rolled(now, ["categoria"], cells=lacking) == [("cigs", 80, None), ("lic", None, "n.d.")]
    assert rolled(now, [], cells=lacking) == [(None, "n.d.")]


def test_workers_for_each_unit_have_no_value_without_units():
    assert rolled(Scelte("lavoratori", "per_unita", periodi=("2030",)), ["provincia"]) == [("AA", 10.0, None), ("BB", 17.5, None)]
    assert rolled(Scelte("lavoratori", "per_unita", periodi=("2030",), province=("BB",), categorie=("cigs",)), []) == [(None, "n.c.")]


def test_a_procedure_of_two_provinces_counts_once_in_each_and_once_in_the_region():
    things = pl.DataFrame(
        {"anno": [2030] * 3, "mese": [None] * 3, "provincia": ["AA", "BB", "BB"], "categoria": ["cigs"] * 3, "chiave": ["P1", "P1", "P2"]},
        schema_overrides={"mese": pl.Int64},
    )
    chosen = Scelte("procedure", periodi=("2030",))
    assert rolled(chosen, ["provincia"], incidenze={"procedure": things}) == [("AA", 1, None), ("BB", 2, None)]
    assert rolled(chosen, [], incidenze={"procedure": things}) == [(2, None)]
    assert rolled(chosen, ["categoria"], incidenze={"procedure": things}) == [("cigs", 2, None), ("lic", 0, None)]


def test_a_click_overrides_the_form_and_a_second_one_undoes_it():
    form = Scelte("lavoratori", periodi=("2031",), province=("AA",))
    clicked = form.toggled("periodo", "2030").toggled("categoria", "lic").toggled("categoria", "cigs")
    assert clicked.where() == {"periodo": ("2030",), "provincia": ("AA",), "categoria": ("lic", "cigs")}
    assert clicked.where("periodo") == {"periodo": ("2031",), "provincia": ("AA",), "categoria": ("lic", "cigs")}
    assert clicked.toggled("periodo", "2030").toggled("categoria", "lic").toggled("categoria", "cigs") == form


def test_months_make_quarters_and_bimonths():
    months = pl.DataFrame({"anno": [2030] * 4, "mese": [1, 3, 4, 12]})
    codes = {tempo: months.select(periodo(tempo)).to_series().to_list() for tempo in ("anno", "trimestre", "bimestre")}
    assert codes["trimestre"] == ["2030-T1", "2030-T1", "2030-T2", "2030-T4"]
    assert codes["bimestre"] == ["2030-B1", "2030-B2", "2030-B2", "2030-B6"]
    assert codes["anno"] == ["2030"] * 4


def test_the_grid_ends_with_the_month_of_the_last_day():
    from datetime import date

    cells = grid([2030, 2031], ISOLE, ["cigs"], date(2031, 2, 28))
    assert cells.columns == CELLA
    assert (cells.height, cells.row(-1)) == (28, (2031, 2, "BB", "cigs"))  # 14 months of 2 provinces


def test_a_year_not_over_is_not_compared_with_a_whole_one():
    from datetime import date

    cells = grid([2030, 2031], ISOLE, ["cigs"], date(2031, 2, 28)).with_columns(unita_produttive=1, lavoratori=1).to_dict(as_series=False)
    now = Scelte("lavoratori", "variazione", periodi=("2031",))
    assert rolled(now, [], cells=cells) == [(None, "n.d.")]
    quarter = replace(now, tempo="bimestre", periodi=("2031-B1",))
    assert rolled(quarter, [], cells=cells) == [(0, None)]


def test_the_table_has_the_cells_in_the_order_of_the_territory_with_all_measures():
    expected = pl.DataFrame(
        {"periodo": ["2031"] * 2, "provincia": ["AA", "BB"], "categoria": ["lic"] * 2, "unita_produttive": [None, 1],
         "lavoratori": [None, 10], "valore": [None, 100.0], "stato": ["n.d.", None]}
    )  # fmt: skip
    assert_frame_equal(table(cubo(), Scelte("lavoratori", "peso", periodi=("2031",), categorie=("lic",))), expected)


def test_records_are_limited_counted_and_without_tax_codes():
    found, count = records(cubo(), Scelte("lavoratori"), {"provincia": ("AA",)}, limit=3)
    assert (found.height, count, found.columns) == (3, 4, ["provincia", "lavoratori", "nota"])
    assert found["nota"].unique().to_list() == ["riga di (non riportato)"]


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (Scelte("lavoratrici"), "misura «lavoratrici»: non disponibile in questa fonte; forse intendevi «lavoratori»?"),
        (Scelte("unita_produttive", "per_unita"), "modo «per_unita»: non disponibile"),
        (Scelte("lavoratori", tempo="trimestre"), "tempo «trimestre»: non disponibile in questa fonte; disponibili: anno"),
        (Scelte("lavoratori", periodi=("2029",)), "periodi «2029»"),
        (Scelte("lavoratori", province=("ZZ",)), "province «ZZ»"),
        (Scelte("lavoratori", categorie=("x",)), "categorie «x»"),
    ],
)
def test_choices_that_the_source_has_not_got_are_named(choices, said):
    with pytest.raises(AnalisiError, match=said.replace("?", r"\?")):
        cubo().checked(choices)
