"""Which engine a task gets, and what the counts of communications say, by hand."""

import shutil
from datetime import date

import polars as pl
import pytest

from analisi.errors import AnalisiError
from analisi.indicators.ampi import COMPITI, capoluoghi, engine_for, open_extracts
from analisi.indicators.comunicazioni import NON_RICONOSCIUTA, distinct_people, flows
from analisi.sample.scala import write_scale
from analisi.sources.motori import collect
from analisi.tables.catalogo import SIUL_COB
from analisi.vintages.archiving import archivia
from analisi.vocabulary import load_territorio
from tests.indicators.test_motori import SPARK

RIF = date(2026, 3, 31)


def cob(*rows: dict) -> pl.DataFrame:
    usual = {
        "tipo_comunicazione": "ASSUNZIONE",
        "id_lavoratore": "a",
        "cf_datore": "X",
        "comune_sede_lavoro": "F205",
        "data_inizio": date(2025, 5, 1),
    }
    return pl.DataFrame([{"id_comunicazione": f"C{n}"} | usual | row for n, row in enumerate(rows)], schema=SIUL_COB.schema)


def test_hirings_and_ends_stand_in_the_year_of_their_day_and_the_provincia_of_the_workplace():
    end = {"tipo_comunicazione": "CESSAZIONE", "data_inizio": date(2020, 1, 1), "data_cessazione": date(2026, 1, 2)}
    result = flows(cob({}, {"comune_sede_lavoro": "A794"}, {}, end, {"comune_sede_lavoro": "Z999"}), capoluoghi(), RIF)
    expected = [(2025, "BG", 1, 0), (2025, "MI", 2, 0), (2025, NON_RICONOSCIUTA, 1, 0), (2026, "MI", 0, 1)]
    assert result.select("anno", "provincia", "assunzioni", "cessazioni").sort("anno", "provincia").rows() == expected


def test_what_is_cancelled_corrected_or_later_than_the_day_is_not_counted():
    rows = cob(
        {"annullata": "S"},
        {},
        {"rettifica_di": "C1"},
        {"data_invio": date(2026, 4, 1)},
        {"data_inizio": date(2026, 4, 1)},
        {"tipo_comunicazione": "PROROGA"},
    )
    assert flows(rows, capoluoghi(), RIF)["assunzioni"].sum() == 1


def test_a_person_counts_once_in_each_year():
    rows = cob({}, {}, {"id_lavoratore": "b"}).with_columns(anno=pl.Series([2025, 2026, 2025]))
    assert distinct_people(rows, "anno").rows() == [(2025, 2), (2026, 1)]


@pytest.mark.parametrize("task", COMPITI)
def test_few_rows_go_to_polars_and_many_to_duckdb(task):
    assert [engine_for(task, rows) for rows in (0, COMPITI[task], COMPITI[task] + 1)] == ["polars", "polars", "duckdb"]


def test_the_year_of_sending_is_made_where_the_files_are_not_divided_by_it(tmp_path):
    write_scale(tmp_path / "e", 2_000)
    whole = pl.read_parquet(tmp_path / "e/siul_cob/**/*.parquet", hive_partitioning=False)
    flat = tmp_path / "f"
    flat.mkdir()
    whole.write_parquet(flat / "siul_cob.parquet")
    for name in ("vol_procedure", "cigs_lavoratori"):
        (tmp_path / "e" / name / "parte-0001.parquet").rename(flat / f"{name}.parquet")
    dati = open_extracts(str(flat), "duckdb")
    counted = distinct_people(dati.tables("distinti")["siul_cob"], "anno")
    assert (
        counted["persone"].to_list()
        == whole.group_by(pl.col("data_invio").dt.year().alias("anno"))
        .agg(pl.col("id_lavoratore").n_unique())
        .sort("anno")["id_lavoratore"]
        .to_list()
    )
    assert (dati.righe, dati.sintetica, dati.estrazione) == (2_000, True, whole["data_estrazione"][0])
    assert collect(dati.tables("tavola")["vol_procedure"]).height > 0


def test_extracts_that_do_not_say_their_origin_are_not_synthetic_and_have_no_day(tmp_path):
    write_scale(tmp_path / "e", 2_000)
    for path in (tmp_path / "e").rglob("*.parquet"):
        pl.read_parquet(path, hive_partitioning=False).drop("natura", "data_estrazione").write_parquet(path)
    dati = open_extracts(str(tmp_path / "e"))
    assert (dati.righe, dati.sintetica, dati.estrazione) == (2_000, False, None)


def test_the_territory_of_italy_has_107_provinces_each_with_its_main_town():
    assert (len(load_territorio("italia").sigle), set(capoluoghi().values())) == (107, set(load_territorio("italia").sigle))


@pytest.fixture(scope="module")
def archived(tmp_path_factory):
    """Synthetic extracts in a folder, and archived: communications by year of beginning, some sent in another year."""
    folder = tmp_path_factory.mktemp("archiviati")
    write_scale(folder / "e", 2_000)
    archivia(sorted((folder / "e").rglob("*.parquet")), folder / "archivio", date(2026, 1, 31), territorio="italia")
    return folder


@pytest.mark.parametrize("engine", ["polars", "duckdb", pytest.param("spark", marks=SPARK)])
def test_an_archive_gives_the_figures_of_its_extracts(archived, engine):
    plain, kept = open_extracts(str(archived / "e"), "polars"), open_extracts(str(archived / "archivio@2026-01-31"), engine)
    assert (kept.righe, kept.estrazione, kept.sintetica, kept.divise) == (plain.righe, plain.estrazione, plain.sintetica, False)
    found, expected = (distinct_people(extracts.tables("distinti")["siul_cob"], "anno") for extracts in (kept, plain))
    assert found.equals(expected)


def test_a_damaged_file_of_an_archive_is_named(archived, tmp_path):
    shutil.copytree(archived / "archivio", tmp_path / "archivio")
    file = next((tmp_path / "archivio").rglob("siul_cob/**/*.parquet"))
    file.write_bytes(file.read_bytes()[:-1] + b"X")
    with pytest.raises(AnalisiError, match=rf"{file.name}: il file non è quello archiviato"):
        open_extracts(str(tmp_path / "archivio"))


def test_an_archive_without_a_table_says_which(tmp_path):
    write_scale(tmp_path / "e", 2_000)
    archivia(sorted((tmp_path / "e" / "siul_cob").rglob("*.parquet")), tmp_path / "archivio", date(2026, 1, 31), territorio="italia")
    with pytest.raises(AnalisiError, match=r"nell'archivio non c'è alcun file Parquet di vol_procedure.*analisi archivia"):
        open_extracts(str(tmp_path / "archivio"))
