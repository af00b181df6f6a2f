"""Engines for tables larger than memory: a folder of Parquet files opened as a lazy frame, of which only small results come back.

`polars` and `duckdb` work on this machine, `spark` here or on a cluster (SPARK_REMOTE: an address of Spark Connect). The indicators are
written once for all of them, in Narwhals.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from analisi.errors import AnalisiError, suggest
from analisi.silence import unheard
from analisi.sources import sha256
from analisi.sources.snapshots import archived_files, is_archive, require_unaltered
from analisi.workspace import cache_folder, shown

MOTORI = ("polars", "duckdb", "spark")
MEMORIA = "ANALISI_MEMORIA"  # of DuckDB, as "1500MB": beyond it, what is being computed goes to a temporary folder
_MEMORIA = "1200MB"
_INSTALL = {"duckdb": "duckdb", "pyspark": "'.[spark]' (e Java 17)"}


def require_motore(motore: str) -> None:
    """Raises: AnalisiError when the engine is unknown."""
    if motore not in MOTORI:
        msg = f"motore «{motore}»: sconosciuto; {suggest(motore, MOTORI)}"
        raise AnalisiError(msg)


def parquet_files(folder: Path, name: str) -> list[Path]:
    """The Parquet files of a table in a folder: name.parquet, or all those in the folder `name`, at any depth; in order.

    Of an archive, those in force, each compared with its hash. Raises: Alterato when one is not as it was archived.
    """
    if is_archive(folder):
        files = list(archived_files(folder, name))
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda file: require_unaltered(file, sha256(file)), files))
        return files
    alone = folder / f"{name}.parquet"
    return sorted([*([alone] if alone.is_file() else []), *(folder / name).rglob("*.parquet")])


def open_parquet(files: list[Path], motore: str, *, divided: bool = True) -> Any:
    """A lazy frame of the engine on Parquet files of one table; with `divided`, folders named `anno=...` give the column anno.

    Raises:
        AnalisiError: the engine is unknown or not installed; a file is damaged, or not like the others.
    """
    require_motore(motore)
    names = [str(path) for path in files]
    try:
        if motore == "polars":
            frame = pl.scan_parquet(names, hive_partitioning=divided)
            frame.collect_schema()
            return frame
        if motore == "duckdb":
            return _duckdb().read_parquet(names, hive_partitioning=divided)
        roots = {str(path.parent).split("/anno=")[0] for path in files}
        reader = spark().read.option("recursiveFileLookup", str(not divided).lower())  # which leaves the names of the folders alone
        return (reader.option("basePath", roots.pop()) if divided and len(roots) == 1 else reader).parquet(*names)
    except ImportError as error:
        msg = f"motore «{motore}»: manca il pacchetto; installarlo con pip install {_INSTALL.get(str(error.name), error.name)}"
        raise AnalisiError(msg) from error
    except AnalisiError:
        raise
    except Exception as error:
        msg = f"{shown(files[0].parent)}: i file Parquet non si possono leggere con il motore {motore} ({str(error).splitlines()[0][:200]})"
        raise AnalisiError(msg) from error


@cache
def _duckdb() -> Any:
    """The connection of this process: in memory, bounded, without network, and without the bar that it would show in a notebook."""
    import duckdb

    settings = {"memory_limit": os.environ.get(MEMORIA, _MEMORIA), "preserve_insertion_order": "false", "TimeZone": "UTC"}
    connection = duckdb.connect(config=settings | {"temp_directory": _folder().name, "autoinstall_known_extensions": "false"})
    connection.execute("set enable_progress_bar = false")  # of a session: it is no option of the database
    return connection


@cache
def spark() -> Any:
    """The Spark session: that of SPARK_REMOTE, the one already active, or a local one without network.

    Raises:
        AnalisiError: Spark cannot start, as without Java.
    """
    with warnings.catch_warnings(action="ignore"):
        from pyspark.sql import SparkSession
    if not os.environ.get("SPARK_REMOTE") and (active := SparkSession.getActiveSession()):
        return active
    builder = SparkSession.builder.appName("analisi").config("spark.sql.session.timeZone", "UTC")
    if not os.environ.get("SPARK_REMOTE"):
        builder = builder.master(os.environ.get("SPARK_MASTER", "local[*]")).config("spark.ui.enabled", "false")
        if "SPARK_MASTER" not in os.environ:
            builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
            builder = builder.config("spark.sql.shuffle.partitions", str(os.cpu_count() or 2)).config("spark.log.level", "ERROR")
        builder = builder.config("spark.local.dir", _folder().name).config("spark.sql.warehouse.dir", f"{_folder().name}/warehouse")
    before, tempfile.tempdir = tempfile.tempdir, _folder().name  # what Spark's start leaves in a temporary folder is no input of a report
    try:
        with unheard(2), warnings.catch_warnings(action="ignore"):  # logs and progress bars are no output of a notebook, and name folders
            return builder.getOrCreate()
    except Exception as error:
        msg = "Spark non si avvia: serve Java 17 (JAVA_HOME), o un server Spark Connect raggiungibile in SPARK_REMOTE"
        raise AnalisiError(msg) from error
    finally:
        tempfile.tempdir = before


def collect(frame: Any) -> pl.DataFrame:
    """The rows of a frame of any engine, in memory, as polars: only for small results. Whole numbers become Int64, decimals Float64."""
    native = nw.to_native(frame, pass_through=True)
    kind = nw.from_native(native).implementation
    if isinstance(native, pl.LazyFrame):
        rows = native.collect(engine="streaming")
    elif isinstance(native, pl.DataFrame):
        rows = native
    elif kind.is_pandas():
        columns = {name: [None if blank else v for v, blank in zip(native[name], native[name].isna(), strict=True)] for name in native}
        rows = pl.DataFrame(columns, strict=False)
    else:
        rows = pl.DataFrame(native.toArrow() if kind.is_spark_like() else native)
    whole = [name for name, dtype in rows.schema.items() if dtype.is_integer() or (isinstance(dtype, pl.Decimal) and dtype.scale == 0)]
    return rows.cast(dict.fromkeys(whole, pl.Int64) | {n: pl.Float64 for n, t in rows.schema.items() if t.is_decimal() and n not in whole})


def settled(frame: Any) -> Any:
    """The same rows, computed once: for what later steps read several times.

    Lazy frames of this machine are kept in a temporary file; Spark keeps the rows without their plan, in spark.checkpoint.dir if it is
    set, else on its executors (what is only persisted keeps its plan: the driver slows down, and its memory fills).
    """
    native = nw.to_native(frame, pass_through=True)
    kind = nw.from_native(native).implementation
    if kind.is_spark_like():
        kept = native.sparkSession.conf.get("spark.checkpoint.dir", None)
        return native.checkpoint() if kept else native.localCheckpoint()
    path = Path(_folder().name, f"{os.urandom(8).hex()}.parquet")
    if isinstance(native, pl.LazyFrame):
        native.sink_parquet(path, compression="lz4", maintain_order=False, engine="streaming")
        return pl.scan_parquet(path)
    if kind.is_duckdb():
        native.write_parquet(str(path), compression="snappy")
        return native.query("origine", f"from read_parquet('{path}')")  # on the connection of the relation, whoever made it
    return native


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """The folder of this process for what is kept on disk, in the cache of the workspace; removed at its end."""
    place = cache_folder() / "motori"
    place.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=place)
