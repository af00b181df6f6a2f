"""From extracts to a snapshot: checked, converted, read back and compared, counted; then in its place, all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from analisi import trace
from analisi.errors import AnalisiError
from analisi.sources import sha256
from analisi.sources.snapshots import ADDED, WHOLE, Scatto, in_force, is_archive, tables
from analisi.tables.delivery import read_delivery
from analisi.tables.writing import counted, thousands
from analisi.vintages import typed
from analisi.vintages.extracts import STOPPED, Rejected, small
from analisi.vintages.large import Told, large
from analisi.vintages.store import ArchiveFailed, Store
from analisi.vocabulary import load_territorio
from analisi.workspace import shown

_SHRUNK = 0.5  # of the rows before: fewer look like a part of the table


@dataclass(frozen=True)
class Scritto:
    """What became of a run: the snapshot ("" when there was nothing new), its extracts, and those that were there already."""

    scatto: str
    estratti: list[dict[str, Any]]
    gia_presenti: list[tuple[str, str]] = field(default_factory=list)  # file, snapshot
    note: list[str] = field(default_factory=list)


def archivia(
    paths: Sequence[Path],
    archive: Path,
    day: date,
    *,
    modo: str = "",
    accept: bool = False,
    tabella: str | None = None,
    mappatura: str | None = None,
    territorio: str = "lombardia",
    told: Told = lambda what, done, rows: None,
) -> Scritto:
    """Archive extracts as one snapshot of `day`.

    Args:
        modo: WHOLE, the extracts take the place of the earlier ones of their table; ADDED, they are added; "", whole, unless much shorter.
        accept: archive the accepted rows even where others are rejected.
        told: is told how far the work is.

    Raises:
        Rejected: rows were rejected, and that was not accepted.
        AnalisiError: a file cannot be used, or seems a part of a table and the caller did not say.
        ArchiveFailed: the disk refuses.
    """
    where = load_territorio(territorio)
    states = {path: trace.state(trace.FILE, str(path)) for path in paths}
    digests = {path: sha256(path) for path in paths}
    there = _there(archive)
    if all((digest, modo == ADDED) in there for digest in digests.values()):
        return Scritto("", [], [(shown(path), there[digest, modo == ADDED]) for path, digest in digests.items()])
    big = {path: table for path in paths if (table := typed.table_of(path)) and tabella in (None, table.name) and not mappatura}
    options = {"mappatura": mappatura, "territorio": str(where.file or territorio)}
    readings, refused = read_delivery(
        [path for path in paths if path not in big], tabella, progress=lambda path: told(path.name, 0, 0), **options
    )
    if refused:
        raise AnalisiError("\n".join(refused))
    if not accept and any(not reading.pulita for reading in readings):
        lost = sum(reading.conteggio["scartate"] for reading in readings)
        msg = f"{counted(lost, 'riga scartata', 'righe scartate')}: {STOPPED}"
        raise Rejected(msg, readings)
    with Store(archive).workshop() as folder:
        names: set[Path] = set()
        extracts = [small(reading, folder, names) for reading in readings]
        extracts += [large(path, table, digests[path], folder, where, names, told, accept=accept) for path, table in big.items()]
        moved = next((path for path in paths if trace.state(trace.FILE, str(path)) != states[path]), None)
        if moved:
            msg = f"{shown(moved)}: è cambiato mentre lo si archiviava; ripetere il comando"
            raise ArchiveFailed(msg)
        return _keep(extracts, archive, folder, day, modo)


def _there(archive: Path) -> dict[tuple[str, bool], str]:
    """The snapshot of each source file in force, by its hash: of what would be added, and (where it is the only one) of what is whole."""
    if not is_archive(archive):
        return {}
    found = {}
    for table in tables(archive):
        kept = in_force(archive, table)
        for snapshot in kept:
            mine = [extract for extract in snapshot.estratti if extract["tabella"] == table]
            for extract in mine:
                found[extract["sha256"], True] = snapshot.nome
                if len(kept) == 1 and len(mine) == 1:
                    found[extract["sha256"], False] = snapshot.nome
    return found


def _keep(extracts: list[dict[str, Any]], archive: Path, folder: Path, day: date, modo: str) -> Scritto:
    """Publish what is new of the extracts made, table by table."""
    store = Store(archive)
    with store.alone():
        new, old, notes = [], [], []
        for name in dict.fromkeys(extract["tabella"] for extract in extracts):
            mine = [extract for extract in extracts if extract["tabella"] == name]
            kept = in_force(archive, name)
            before = {_same(e): s.nome for s in kept for e in s.estratti if e["tabella"] == name}
            again = [extract for extract in mine if _same(extract) in before]
            whole = modo != ADDED
            if len(again) == len(mine) and (not whole or len(before) == len(mine)):
                old += [(extract["file"], before[_same(extract)]) for extract in again]
                continue
            if not modo:
                _require_no_part(name, mine, kept)
            fresh = mine if whole else [extract for extract in mine if extract not in again]
            old += [] if whole else [(extract["file"], before[_same(extract)]) for extract in again]
            new += [extract | {"modo": WHOLE if whole or not kept else ADDED} for extract in fresh]
            if any(snapshot.giorno > day for snapshot in kept):
                notes.append(
                    f"{name}: c'è già uno scatto più recente ({kept[-1].nome}); questo vale per i rapporti --alla-data da oggi in poi, e "
                    "quelli già fatti con una data fra i due si rifarebbero diversi"
                )
        if not new:
            return Scritto("", [], old)
        for extract in (extract for extract in extracts if not any(extract["archiviati"] == kept["archiviati"] for kept in new)):
            for item in extract["archiviati"]:
                (folder / item["file"]).unlink()
        about = {"giorno": day.isoformat(), "archiviato": datetime.now().astimezone().isoformat(timespec="seconds")}
        name = store.publish(folder, day, about | {"versioni": {n: version(n) for n in ("analisi", "polars")}, "estratti": new})
    return Scritto(name, new, old, notes)


def _same(extract: dict[str, Any]) -> tuple[Any, ...]:
    """What two extracts with the same rows have in common."""
    return extract["metodo"], extract["impronta_righe"], extract["conteggio"]["accettate"]


def _require_no_part(name: str, mine: list[dict[str, Any]], kept: list[Scatto]) -> None:
    """Raises: AnalisiError when the new rows are far fewer than those in force: they may be a part of the table."""
    rows = sum(extract["conteggio"]["accettate"] for extract in mine)
    before = sum(e["conteggio"]["accettate"] for snapshot in kept for e in snapshot.estratti if e["tabella"] == name)
    if rows < _SHRUNK * before:
        msg = f"{name}: {counted(rows, 'riga', 'righe')}, mentre lo scatto in vigore ne ha {thousands(before)}. Se si aggiunge a quello, "
        msg += "ripetere con --aggiunge; se ne prende il posto, con --sostituisce"
        raise AnalisiError(msg)
