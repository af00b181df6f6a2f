"""Every indicator gives the same figures on polars, pandas, DuckDB and Spark, from the same synthetic extracts."""

import os
import shutil
from collections.abc import Callable
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import narwhals as nw
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from analisi.errors import AnalisiError
from analisi.indicators import attivazione_pal, comunicazioni, esiti, procedure, tempi
from analisi.indicators.casi_gestiti import compare_years, concentration, decompose, mix, provincial_table, unreconciled
from analisi.indicators.misure_pal import known_until, workers
from analisi.indicators.monitoraggio import read_monitoraggio
from analisi.indicators.uncertainty import firmness
from analisi.sources import motori
from analisi.sources.motori import collect, open_parquet, settled
from analisi.tables.delivery import in_force
from analisi.vocabulary import load_territorio
from tests.conftest import extracts_once

RIF = date(2026, 3, 31)
MISSING = "" if find_spec("pyspark") and shutil.which("java") else "pyspark e Java 17 non ci sono: pip install '.[spark]'"
SPARK = pytest.mark.skipif(bool(MISSING) and not os.environ.get("ANALISI_SPARK"), reason=MISSING)  # set where Spark must be there (CI)


@pytest.fixture(scope="session")
def tables(sample) -> dict[str, pl.DataFrame]:
    """The synthetic extracts, and what the indicators read of the sheets of the Nuclei."""
    frames = extracts_once()
    dati = read_monitoraggio(str(sample), "lombardia")
    base = frames["cigs_lavoratori"].select("id_lavoratore", "id_procedura").with_columns(pl.lit("2025-T4").alias("trimestre"))
    own = {"stock": dati.stock, "conteggi": dati.conteggi, "passi": dati.passi, "persone": dati.lavoratori, "base": base}
    return {name: frames[name] for name in ("vol_procedure", "cigs_lavoratori", "siul_cob", "casi_gestiti")} | own


@pytest.fixture(scope="session")
def parquet(tables, tmp_path_factory):
    """The same tables as Parquet files, as each lazy engine opens them."""
    folder = tmp_path_factory.mktemp("motori")
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return folder


@pytest.fixture(scope="session")
def session(request, tmp_path_factory):
    """A Spark session of this machine, plain or through a server of Spark Connect with a folder for what it keeps: one at a time, offline."""
    from pyspark.sql import SparkSession

    motori.spark.cache_clear()
    quick = {
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.log.level": "ERROR",
    }
    quick |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.sql.adaptive.enabled": "false"}
    if request.param:
        quick["spark.checkpoint.dir"] = str(tmp_path_factory.mktemp("kept"))
    builder = SparkSession.builder.remote("local[2]") if request.param else SparkSession.builder.master("local[2]")
    for name, value in quick.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()
    motori.spark.cache_clear()


def _pandas(frame: pl.DataFrame) -> pd.DataFrame:
    made = pd.DataFrame(frame.to_dict(as_series=False))
    return made.astype({name: "datetime64[us]" for name, dtype in frame.schema.items() if dtype == pl.Date})


def _given(engine, tables, parquet) -> Callable[[str], object]:
    """A table as the engine has it."""
    if engine == "pandas":
        return lambda name: _pandas(tables[name])
    return lambda name: open_parquet([parquet / f"{name}.parquet"], engine.removesuffix(" lazy"))


def _followed(t, durata=1):
    people = workers(t("cigs_lavoratori"), in_force(t("vol_procedure")))
    return esiti.followed(people, t("siul_cob"), RIF, durata)


def _reemployed(t, base, giorni=180):
    people = workers(t("cigs_lavoratori"), in_force(t("vol_procedure")))
    return esiti.reemployed(people, t("siul_cob"), RIF, ["provincia", "genere"], giorni, base)


def _table(t):
    return settled(provincial_table(t("casi_gestiti")))


def _change(t):
    return settled(compare_years(_table(t), 2025, 2024))


INDICATORS = {
    "tavola": _table,
    "confronto": _change,
    "scomposizione": lambda t: decompose(_change(t)),
    "composizione": lambda t: mix(_table(t)),
    "concentrazione": lambda t: concentration(_table(t)),
    "solidita": lambda t: firmness(_change(t)),
    "totali": lambda t: unreconciled(_table(t)),
    **{f"casi, {name}": lambda t, name=name: procedure.count_cases(t("vol_procedure"), load_territorio(), name) for name in procedure.CRITERI},
    "passi": lambda t: attivazione_pal.steps(t("stock"), ["provincia"]),
    "variazioni": lambda t: attivazione_pal.changes(t("stock"), ["provincia"], totale="TOT"),
    **{f"tassi, {base}": lambda t, base=base: attivazione_pal.rates(t("stock"), ["provincia"], base, 30, "TOT") for base in attivazione_pal.BASI},
    "passi raggiunti": lambda t: attivazione_pal.ever_reached(t("passi"), workers=t("base")),
    "motivi": lambda t: attivazione_pal.reasons(t("conteggi"), ["nucleo"]),
    "attese": lambda t: tempi.waits(t("persone"), t("passi"), RIF),
    "curve": lambda t: tempi.curve(tempi.waits(t("persone"), t("passi"), RIF), ["provincia"]),
    "giorni": lambda t: tempi.quantiles(tempi.waits(t("persone"), t("passi"), RIF), ["provincia"]),
    "scadenze": lambda t: tempi.against_deadlines(tempi.waits(t("persone"), t("passi"), RIF)),
    "comunicazioni valide": lambda t: nw.from_native(esiti.in_force(t("siul_cob"), RIF)).select(esiti.USATE),
    "esiti": _followed,
    "esiti, 30 giorni": lambda t: _followed(t, 30),
    "rioccupati": lambda t: esiti.rates(_followed(t), RIF, ["provincia", "genere"]),
    **{f"rioccupati, {base}": lambda t, base=base: _reemployed(t, base) for base in esiti.BASI},
    "nuovi lavori": lambda t: esiti.job_kinds(_followed(t), esiti.comuni()),
    "flussi": lambda t: comunicazioni.flows(t("siul_cob"), esiti.comuni(), RIF),
    "persone distinte": lambda t: comunicazioni.distinct_people(t("cigs_lavoratori"), "genere"),
    "limite": lambda t: pl.DataFrame({"giorno": [known_until(t("siul_cob"), RIF)]}),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _deadlines(monkeypatch):
    """Days that no source gives yet, so that something is in time and something late."""
    limits = pl.DataFrame({"passo": tempi.STEP, "giorni_massimi": [30, 60, 90, 120], "stato": ["prova"] * 4})
    monkeypatch.setattr(tempi, "deadlines", lambda: limits)


@pytest.fixture(scope="session")
def expected(tables):
    """The figures of polars in memory, each computed once."""
    known: dict[str, pl.DataFrame] = {}
    return lambda name: known.setdefault(name, collect(INDICATORS[name](tables.__getitem__))) if name not in known else known[name]


def _as(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """Rows in one order, days as days, so that frames of two engines compare."""
    names = list(schema)
    return frame.select(names).cast(dict(schema)).sort(names)


def _agree(indicator, given, expected):
    right = expected(indicator)
    result = collect(INDICATORS[indicator](given))
    assert_frame_equal(_as(result, right.schema), _as(right, right.schema), check_exact=True)
    assert indicator == "totali" or right.height


@pytest.mark.parametrize("engine", ["polars lazy", "pandas", "duckdb"])
@pytest.mark.parametrize("indicator", INDICATORS)
def test_every_engine_gives_the_same_figures(engine, indicator, tables, parquet, expected):
    _agree(indicator, _given(engine, tables, parquet), expected)


@SPARK
@pytest.mark.parametrize("session", [False], indirect=True, ids=["spark"], scope="session")
@pytest.mark.parametrize("indicator", INDICATORS)
def test_spark_gives_the_same_figures(session, indicator, tables, parquet, expected):
    _agree(indicator, _given("spark", tables, parquet), expected)


@SPARK
@pytest.mark.parametrize("session", [False], indirect=True, ids=["spark"], scope="session")
def test_spark_keeps_rows_without_how_they_were_made(session, parquet):
    rows = session.read.parquet(str(parquet / "siul_cob.parquet")).filter("annullata = 'N'")
    kept = settled(rows)
    assert kept.count() == rows.count() > 0
    assert ["Filter" in frame._jdf.queryExecution().optimizedPlan().toString() for frame in (rows, kept)] == [True, False]


@SPARK
@pytest.mark.parametrize("session", [True], indirect=True, ids=["connect"], scope="session")
@pytest.mark.parametrize("indicator", ["tavola", "casi, apertura", "giorni", "rioccupati", "flussi", "persone distinte"])
def test_spark_connect_gives_the_same_figures(session, indicator, parquet, expected):
    _agree(indicator, lambda name: session.read.parquet(str(parquet / f"{name}.parquet")), expected)


@SPARK
@pytest.mark.parametrize("session", [True], indirect=True, ids=["connect"], scope="session")
def test_spark_keeps_rows_in_the_folder_that_it_is_given(session, parquet):
    folder = Path(session.conf.get("spark.checkpoint.dir").removeprefix("file:"))
    before = set(folder.rglob("part-*"))
    assert settled(session.read.parquet(str(parquet / "siul_cob.parquet"))).count()
    assert set(folder.rglob("part-*")) > before


@pytest.mark.parametrize("base", esiti.BASI)
@pytest.mark.parametrize("engine", ["polars", "polars lazy", "pandas", "duckdb"])
def test_reemployed_alone_are_those_of_the_windows(engine, base, tables, parquet):
    given, by = tables.__getitem__ if engine == "polars" else _given(engine, tables, parquet), ["provincia", "genere"]
    counts = esiti.windows(_followed(given), RIF, ["base", *by]).filter(base=base)
    for days in esiti.FINESTRE:
        whole = counts.filter(finestra=days).group_by(by).agg(pl.col("osservati", "rioccupati").sum())
        assert_frame_equal(_reemployed(given, base, days), whole.sort(by), check_exact=True)
    assert counts["rioccupati"].sum()


@pytest.mark.parametrize("engine", ["polars lazy", "pandas", "duckdb"])
def test_what_is_computed_once_is_the_same_rows(engine, tables, parquet):
    result, schema = collect(settled(_given(engine, tables, parquet)("siul_cob"))), tables["siul_cob"].schema
    assert_frame_equal(_as(result, schema), _as(tables["siul_cob"], schema))


def test_an_engine_that_is_none_is_refused_with_a_hint(parquet):
    with pytest.raises(AnalisiError, match="forse intendevi «duckdb»"):
        open_parquet([parquet / "stock.parquet"], "dukdb")


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_a_damaged_file_is_told(engine, tmp_path):
    (tmp_path / "siul_cob.parquet").write_bytes(b"PAR1 non finito")
    with pytest.raises(AnalisiError, match="non si possono leggere con il motore"):
        open_parquet([tmp_path / "siul_cob.parquet"], engine)


def test_duckdb_shows_no_bar_in_a_notebook():
    assert motori._duckdb().execute("select current_setting('enable_progress_bar')").fetchone() == (False,)
