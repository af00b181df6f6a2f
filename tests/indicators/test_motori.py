"""Every indicator gives the same figures on polars, pandas, DuckDB and Spark, from the same synthetic extracts."""

import os
import shutil
from collections.abc import Callable
from datetime import date
from importlib.util import find_spec

import narwhals as nw
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from analisi.indicators import attivazione_pal, comunicazioni, esiti, procedure, tempi
from analisi.indicators.casi_gestiti import compare_years, concentration, decompose, mix, provincial_table, unreconciled
from analisi.indicators.misure_pal import known_until, workers
from analisi.indicators.monitoraggio import read_monitoraggio
from analisi.indicators.uncertainty import firmness
from analisi.sources.motori import MOTORI, collect, open_parquet, settled
from analisi.tables.delivery import in_force
from analisi.vocabulary import load_territorio
from tests.conftest import extracts_once

RIF = date(2026, 3, 31)
MISSING = "" if find_spec("pyspark") and shutil.which("java") else "pyspark e Java 17 non ci sono: pip install '.[spark]'"
SPARK = pytest.mark.skipif(bool(MISSING) and not os.environ.get("ANALISI_SPARK"), reason=MISSING)
ENGINES = ["polars lazy", "pandas", "duckdb", pytest.param("spark", marks=SPARK), pytest.param("spark connect", marks=SPARK)]


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
def remote(tmp_path_factory):
    """A session of Spark Connect with a server on this machine, after the plain ones are done."""
    from pyspark.sql import SparkSession

    SparkSession.getActiveSession() and SparkSession.getActiveSession().stop()
    session = SparkSession.builder.remote("local[2]").config("spark.sql.shuffle.partitions", "2").getOrCreate()
    yield session
    session.stop()


def _pandas(frame: pl.DataFrame) -> pd.DataFrame:
    made = pd.DataFrame(frame.to_dict(as_series=False))
    return made.astype({name: "datetime64[us]" for name, dtype in frame.schema.items() if dtype == pl.Date})


@pytest.fixture
def given(request, tables, parquet) -> Callable[[str], object]:
    """A table as the engine of the test has it."""
    engine = request.param
    if engine == "pandas":
        return lambda name: _pandas(tables[name])
    if engine == "spark connect":
        session = request.getfixturevalue("remote")
        return lambda name: session.read.parquet(str(parquet / f"{name}.parquet"))
    return lambda name: open_parquet([parquet / f"{name}.parquet"], engine.removesuffix(" lazy"))


def _followed(t, durata=1):
    people = workers(t("cigs_lavoratori"), in_force(t("vol_procedure")))
    return esiti.followed(people, t("siul_cob"), RIF, durata)


def _table(t):
    return provincial_table(t("casi_gestiti"))


def _change(t):
    return compare_years(_table(t), 2025, 2024)


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
    "nuovi lavori": lambda t: esiti.job_kinds(_followed(t), esiti.comuni()),
    "flussi": lambda t: comunicazioni.flows(t("siul_cob"), esiti.comuni(), RIF),
    "persone distinte": lambda t: comunicazioni.distinct_people(t("cigs_lavoratori"), "genere"),
    "limite": lambda t: pl.DataFrame({"giorno": [known_until(t("siul_cob"), RIF)]}),
}  # fmt: skip


@pytest.fixture(scope="session")
def expected(tables):
    """The figures of polars in memory, each computed once."""
    known: dict[str, pl.DataFrame] = {}
    return lambda name: known.setdefault(name, collect(INDICATORS[name](tables.__getitem__))) if name not in known else known[name]


def _as(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """Rows in one order, days as days, so that frames of two engines compare."""
    names = list(schema)
    return frame.select(names).cast(dict(schema)).sort(names)


@pytest.mark.parametrize("given", ENGINES, indirect=True)
@pytest.mark.parametrize("indicator", INDICATORS)
def test_every_engine_gives_the_same_figures(given, expected, indicator):
    right = expected(indicator)
    result = collect(INDICATORS[indicator](given))
    assert_frame_equal(_as(result, right.schema), _as(right, right.schema), check_exact=True)
    assert indicator == "totali" or right.height


@pytest.mark.parametrize("given", ENGINES, indirect=True)
def test_what_is_computed_once_is_the_same_rows(given, tables):
    result = collect(settled(given("siul_cob")))
    assert_frame_equal(_as(result, tables["siul_cob"].schema), _as(tables["siul_cob"], tables["siul_cob"].schema))


