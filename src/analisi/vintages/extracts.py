"""One extract in a snapshot: its rows written, read back, compared and described."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from analisi.errors import AnalisiError
from analisi.sources import sha256
from analisi.tables.reading import Lettura
from analisi.tables.schema import Table
from analisi.tables.summary import by_rule
from analisi.tables.writing import thousands
from analisi.vintages import layout
from analisi.vintages.layout import METHOD, PERIOD, added, content, ordered, write, years
from analisi.vintages.store import ArchiveFailed
from analisi.workspace import shown

FULL, BY_COLUMNS = "completo", "per colonne"  # how an extract was checked: as `analisi controlla` does, or see `vintages.typed`
STOPPED = "nulla è archiviato. Correggere e ripetere; oppure archiviare le sole righe accettate con --anche-con-scarti, che annota le altre"


class Rejected(AnalisiError):
    """Rows that the declared validation rejects: nothing is archived. `readings` tell which."""

    during_run = True

    def __init__(self, text: str, readings: Sequence[Lettura] = ()) -> None:
        """`readings`: of the small files, to be told as `analisi controlla` does."""
        super().__init__(text)
        self.readings = readings


def small(reading: Lettura, folder: Path, names: set[Path]) -> dict[str, Any]:
    """Archive what a reading accepted."""
    table, facts = reading.tabella, reading.provenienza
    frame, stem = reading.dati, stem_of(reading.foglio.file, table, names)
    name = f"{stem.name}.parquet"
    if frame.height < layout.LARGE:
        pieces = [(stem.with_name(name), partial(ordered, frame, table))]
    else:
        pieces = [(stem / year / name, rows) for year, rows in years(frame, table, whole=True)]
    files = [written(rows(), table, folder, place, synthetic=facts["sintetica"]) for place, rows in pieces]
    return describe(
        table,
        reading.foglio.file,
        facts["sha256"],
        reading.conteggio,
        content(reading.dati),
        files,
        sintetica=facts["sintetica"],
        estrazione=facts["data_estrazione"],
        errors=tally(reading.scarti),
        warned=tally(reading.avvisi),
        doubts=list(reading.dubbi),
        how=FULL,
    )


def tally(faults: pl.DataFrame) -> dict[str, int]:
    """Rows at fault, by rule."""
    return {row["regola"]: row["righe"] for row in by_rule(faults).group_by("regola").agg(pl.col("righe").sum()).sort("regola").to_dicts()}


def stem_of(source: Path, table: Table, names: set[Path]) -> Path:
    """A folder and a name for the files of one extract, which no other of the snapshot has: table/name."""
    bare = "".join(mark if mark.isalnum() and mark.isascii() else "_" for mark in source.stem) or table.name
    number, stem = 1, Path(table.name) / bare
    while stem in names:
        number += 1
        stem = Path(table.name) / f"{bare}-{number}"
    names.add(stem)
    return stem


def written(part: pl.DataFrame, table: Table, folder: Path, name: Path, *, synthetic: bool) -> dict[str, Any]:
    """Write rows, read them back, and tell what is in the file. Raises: ArchiveFailed when it is not what was to be written."""
    path = write(part, table, folder / name, synthetic=synthetic)
    back = pl.read_parquet(path, hive_partitioning=False)
    described = {"file": name.as_posix(), "righe": back.height, "byte": path.stat().st_size, "sha256": sha256(path)}
    return described | {"contenuto": content(back)}


def describe(
    table: Table,
    source: Path,
    digest: str,
    counts: dict[str, int],
    rows: int,
    files: list[dict[str, Any]],
    *,
    sintetica: bool,
    estrazione: str | None,
    errors: dict[str, int],
    warned: dict[str, int],
    doubts: list[str],
    how: str,
    unchecked: Iterable[str] = (),
) -> dict[str, Any]:
    """The manifest entry of one extract. Raises: ArchiveFailed when a row was lost, or changed, between reading and writing."""
    read = counts["righe"] - counts["scartate"] - counts["totali"] - counts["vuote"]
    if sum(item["righe"] for item in files) != read or added(*(item["contenuto"] for item in files)) != rows:
        msg = f"{shown(source)}: le righe rilette dall'archivio non sono quelle lette ({thousands(read)}); nulla è archiviato: segnalarlo"
        raise ArchiveFailed(msg)
    return {
        "tabella": table.name, "file": shown(source), "sha256": digest, "byte": source.stat().st_size, "data_estrazione": estrazione,
        "sintetica": sintetica, "controllo": how, "regole_non_controllate": list(unchecked), "conteggio": counts, "scarti": errors,
        "avvisi": warned, "dubbi": doubts, "metodo": METHOD, "impronta_righe": f"{rows:016x}", "ordine": PERIOD[table.name],
        "archiviati": [{key: item[key] for key in ("file", "righe", "byte", "sha256")} for item in files],
    }  # fmt: skip
