"""Counting cases from the register: versions, revocations, the year of a procedure; and the printed tables from the synthetic extracts."""

from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from analisi.errors import AnalisiError
from analisi.indicators.fonti import read_fonte
from analisi.indicators.procedure import CRITERI, by_year, count_cases
from analisi.sample.extracts import extracts
from analisi.sample.files import write_sample
from analisi.tables.catalogo import VOL_PROCEDURE
from analisi.tables.delivery import in_force
from analisi.vocabulary import load_territorio
from tests.conftest import write_rows


def register(*rows: dict) -> pl.DataFrame:
    base = {"id_procedura": "P", "id_unita": "U", "progressivo_versione": 1, "tipo_procedura": "CIGS", "tipologia_linee_guida": "A", "sigla_provincia": "LC",
            "lavoratori_coinvolti": 10, "stato": "IN_CORSO", "data_apertura": date(2025, 11, 3), "data_accordo": date(2025, 12, 1), "data_inizio": date(2026, 1, 7),
            "data_fine": date(2027, 1, 6)}  # fmt: skip
    return pl.DataFrame([base | row for row in rows], schema=VOL_PROCEDURE.schema).select(VOL_PROCEDURE.names)


def test_the_last_version_of_a_unit_counts_unless_it_is_revoked():
    vol = register(
        {},
        {"progressivo_versione": 2, "lavoratori_coinvolti": 7},
        {"id_unita": "V"},
        {"id_unita": "V", "progressivo_versione": 2, "stato": "REVOCATA"},
        {"id_unita": "W"},
    )
    assert in_force(vol).select("id_unita", "lavoratori_coinvolti").rows() == [("U", 7), ("W", 10)]


@pytest.mark.parametrize(
    ("criterio", "cigs", "lic"),
    [("apertura", [2025], [2025]), ("accordo", [2025], [2026]), ("inizio", [2026], [2026]), ("in_corso", [2026, 2027], [2025, 2026])],
)
def test_the_year_follows_the_declared_criterion(criterio, cigs, lic):
    collective = {
        "id_procedura": "D",
        "tipo_procedura": "LIC",
        "tipologia_linee_guida": "D",
        "data_accordo": date(2026, 1, 9),
        "data_inizio": None,
        "data_fine": None,
    }
    found = by_year(register({}, collective), criterio)
    assert [found.filter(id_procedura=name)["anno"].to_list() for name in ("P", "D")] == [cigs, lic]


def test_a_unit_without_the_date_of_the_criterion_has_no_year():
    assert by_year(register({"data_accordo": None}), "accordo").is_empty()
    assert by_year(register({"data_inizio": None, "data_fine": None}), "in_corso").is_empty()


def test_an_unknown_criterion_is_refused():
    with pytest.raises(AnalisiError, match="forse intendevi «apertura»"):
        read_fonte(criterio_anno="aperture")


def test_cases_are_distinct_units_and_the_sum_of_their_workers():
    vol = register(
        {},
        {"id_unita": "V", "lavoratori_coinvolti": 5},
        {"id_procedura": "Q", "id_unita": "Z", "tipologia_linee_guida": "C"},
        {"id_unita": "X", "sigla_provincia": "FUORI_REGIONE"},
    )
    rows = count_cases(vol, load_territorio()).filter(provincia="LC")
    assert rows.select("procedura", "unita_produttive", "lavoratori").rows() == [
        ("cigs_ministeriale", 2, 15),
        ("cigs_regionale", 1, 10),
        ("licenziamento_collettivo", 0, 0),
    ]


def test_the_synthetic_register_gives_the_printed_tables(tmp_path, published):
    write_sample(tmp_path / "e")
    fonte = read_fonte(str(tmp_path / "e"))
    printed = published.casi.with_columns(pl.col("unita_produttive", "lavoratori").fill_null(0))
    assert_frame_equal(fonte.casi, printed, check_row_order=False)
    assert fonte.sintetica
    assert any(CRITERI["apertura"] in text for text in fonte.conteggio)


@pytest.mark.parametrize("criterio", list(CRITERI))
def test_cases_counted_by_hand_agree(criterio):
    """The same count in plain Python, row by row."""
    vol, territorio = extracts()["vol_procedure"], load_territorio()
    last: dict[tuple[str, str], dict] = {}
    for row in vol.iter_rows(named=True):
        key = (row["id_procedura"], row["id_unita"])
        if key not in last or row["progressivo_versione"] > last[key]["progressivo_versione"]:
            last[key] = row
    groups = {"A": "cigs_ministeriale", "B": "cigs_regionale", "C": "cigs_regionale", "D": "licenziamento_collettivo"}
    found: dict[tuple[int, str, str], list[int]] = {}
    for row in last.values():
        if row["stato"] == "REVOCATA":
            continue
        opened, agreed, begun, ended = (
            row[name] and row[name].year for name in ("data_apertura", "data_accordo", "data_inizio", "data_fine")
        )
        collective = row["tipo_procedura"] == "LIC"
        first, final = (opened, agreed or opened) if collective else (begun, ended or begun)
        years = {
            "apertura": [opened],
            "accordo": [agreed],
            "inizio": [agreed if collective else begun],
            "in_corso": range(first, final + 1) if first else [],
        }[criterio]
        for year in years:
            if year:
                cell = found.setdefault((year, row["sigla_provincia"], groups[row["tipologia_linee_guida"]]), [0, 0])
                cell[0] += 1
                cell[1] += row["lavoratori_coinvolti"]
    counted = count_cases(vol, territorio, criterio).filter(pl.col("unita_produttive") > 0)
    assert {row[:3]: list(row[3:]) for row in counted.iter_rows()} == found


def test_of_a_version_in_several_extracts_the_latest_extract_counts(tmp_path):
    row = VOL_PROCEDURE.example
    write_rows(
        tmp_path / "vol_procedure_2.csv", VOL_PROCEDURE.names, [row | {"lavoratori_coinvolti": "65", "data_estrazione": "28/02/2026"}]
    )
    write_rows(
        tmp_path / "vol_procedure_1.csv", VOL_PROCEDURE.names, [row | {"lavoratori_coinvolti": "60", "data_estrazione": "31/12/2025"}]
    )
    assert read_fonte(str(tmp_path)).casi["lavoratori"].sum() == 65


def test_a_version_that_two_extracts_of_one_day_tell_differently_is_asked(tmp_path):
    for number, workers in enumerate(("60", "65")):
        write_rows(
            tmp_path / f"vol_procedure_{number}.csv", VOL_PROCEDURE.names, [VOL_PROCEDURE.example | {"lavoratori_coinvolti": workers}]
        )
    with pytest.raises(AnalisiError, match="compilare data_estrazione"):
        read_fonte(str(tmp_path))


def test_a_folder_with_both_kinds_of_source_is_asked(tmp_path, workspace):
    write_rows(tmp_path / "vol_procedure.csv", VOL_PROCEDURE.names, [VOL_PROCEDURE.example])
    (tmp_path / "casi_gestiti.csv").write_bytes((workspace / "data/pubblicati/casi_gestiti.csv").read_bytes())
    with pytest.raises(AnalisiError, match="sia casi_gestiti"):
        read_fonte(str(tmp_path))
    assert read_fonte(str(tmp_path / "vol_procedure.csv")).casi["lavoratori"].sum() == 65
