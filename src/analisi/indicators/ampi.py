"""Person-level extracts of any size, archived or a folder of typed Parquet, on the engine of each task; only labels are read here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from analisi.errors import AnalisiError, listing
from analisi.sources.motori import collect, open_parquet, parquet_files, require_motore
from analisi.sources.riferimenti import read_reference
from analisi.sources.snapshots import is_archive
from analisi.tables.catalogo import CIGS_LAVORATORI, PROVENIENZA, SIUL_COB, TABLES, VOL_PROCEDURE
from analisi.vocabulary import Territorio, load_territorio
from analisi.workspace import reference, resolve, shown

# Communications up to which polars is the better for a task, or as good in less than 2 GB, by benchmarks/scala.py; beyond, DuckDB is.
COMPITI = {"tavola": 50_000_000, "distinti": 10_000_000, "rioccupazione": 10_000_000}
AMPIE = (VOL_PROCEDURE.name, CIGS_LAVORATORI.name, SIUL_COB.name)
_OPTIONAL = {column.name for column in PROVENIENZA}


@dataclass(frozen=True)
class Ampi:
    """The tables of a folder, not read yet. `motore`: the one chosen for every task, "" for the one measured better (`engine_for`).

    `righe`: how many communications. `estrazione`: the last day that they know of (None: they do not say). `sintetica`: some row is
    labelled so. `divise`: the folders named `anno=...` are years of sending (those of an archive are years of beginning).
    """

    territorio: Territorio
    motore: str
    files: dict[str, list[Path]]
    righe: int
    estrazione: date | None
    sintetica: bool
    divise: bool

    def tables(self, compito: str) -> dict[str, Any]:
        """A lazy frame for each table, on the engine of the task; siul_cob has the column `anno`, the year of sending."""
        engine = self.motore or engine_for(compito, self.righe)
        frames = {name: open_parquet(paths, engine, divided=self.divise) for name, paths in self.files.items()}
        cob = nw.from_native(frames[SIUL_COB.name])
        year = cob.with_columns(nw.col("data_invio").dt.year().alias("anno"))
        return frames | ({} if "anno" in cob.collect_schema().names() else {SIUL_COB.name: year.to_native()})

    @property
    def engines(self) -> str:
        """The engines, in words."""
        return self.motore or ", ".join(f"{engine_for(compito, self.righe)} ({compito})" for compito in COMPITI)


def engine_for(compito: str, righe: int) -> str:
    """The engine measured better for a task on so many communications."""
    return "polars" if righe <= COMPITI[compito] else "duckdb"


def open_extracts(fonte: str, motore: str = "", territorio: str = "italia") -> Ampi:
    """The register, the lists and the communications of an archive, or of a folder with vol_procedure, cigs_lavoratori and siul_cob.

    In a folder each is a file of that name, or a folder of files.

    Raises:
        AnalisiError: no such folder or archive; an archived file was altered; a table without files; an unknown engine; a column that is
            missing or of another type.
    """
    folder, territory = resolve(fonte), load_territorio(territorio)
    if motore:
        require_motore(motore)
    archive = is_archive(folder)
    if not (archive or folder.is_dir()):
        msg = f"fonte «{fonte}»: serve un archivio di «analisi archivia», o una cartella Parquet come quella di «analisi esempio --scala»"
        raise AnalisiError(msg)
    files = {name: parquet_files(folder, name) for name in AMPIE}
    if lost := [name for name, paths in files.items() if not paths]:
        where = "nell'archivio" if archive else "nella cartella"
        msg = f"{fonte}: {where} non c'è alcun file Parquet di {listing(lost)}; "
        msg += "si aggiunge con «analisi archivia»" if archive else f"serve {lost[0]}.parquet, o una cartella {lost[0]}"
        raise AnalisiError(msg)
    for name, paths in files.items():
        for path in paths:
            _check(path, name)
    labels = {name: _labels(paths) for name, paths in files.items()}
    rows, _, day = labels[SIUL_COB.name]
    return Ampi(territory, motore, files, rows, day, any(synthetic for _, synthetic, _ in labels.values()), divise=not archive)


def _labels(paths: list[Path]) -> tuple[int, bool, date | None]:
    """How many rows the files of a table have, whether some is labelled synthetic, and the last data_estrazione."""
    rows, blank = pl.scan_parquet(paths, hive_partitioning=False), pl.lit(None)
    known = rows.collect_schema().names()
    nature, day = (pl.col(name) if name in known else blank for name in ("natura", "data_estrazione"))
    return collect(rows.select(pl.len(), (nature == "sintetici").any().alias("s"), day.max().alias("d"))).row(0)


def _check(path: Path, name: str) -> None:
    """Raises: AnalisiError when a column of the table is missing, or of another type; the file is named."""
    try:
        schema = pl.read_parquet_schema(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        msg = f"{shown(path)}: il file Parquet è danneggiato o incompleto"
        raise AnalisiError(msg) from error
    for column, dtype in TABLES[name].schema.items():
        found = schema.get(column)
        if found is None and column not in _OPTIONAL:
            msg = f"{shown(path)}: manca la colonna «{column}» della tabella {name}; vedere docs/dizionario.md"
            raise AnalisiError(msg)
        if found is not None and found != dtype and not (found.is_integer() and dtype.is_integer()):
            msg = f"{shown(path)}: la colonna «{column}» è di tipo {found}, serve {dtype}; convertire prima l'estratto in Parquet tipizzato"
            raise AnalisiError(msg)


def capoluoghi(tabella: str = "comuni_capoluogo.csv") -> dict[str, str]:
    """Sigla of the provincia by cadastral code, from a table of data/riferimento; the one provided has the main town of each provincia."""
    columns = ["comune_catastale", "sigla"]
    return dict(read_reference(reference(tabella), columns).select(columns).iter_rows())
