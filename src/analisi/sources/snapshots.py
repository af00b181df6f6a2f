"""An archive of extracts as it is read: dated snapshots that are never rewritten, and the files that were in force on a day.

An archive is a folder with a mark (`archivio.json`) and a folder a snapshot, named by its day and its number in the day
("AAAA-MM-GG-01"). A snapshot has a manifest and a folder a table. "data/archivio@AAAA-MM-GG" names the archive as it was at the end of
that day, "data/archivio@AAAA-MM-GG-01" as it was after that snapshot: either may be a `fonte` wherever a folder may.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from analisi.errors import AnalisiError
from analisi.sources import sha256
from analisi.workspace import resolve, shown

MARK, MANIFEST, SEAL = "archivio.json", "manifest.json", "manifest.sha256"
SCHEMA = 1  # of the manifest
WHOLE, ADDED = "completo", "aggiunta"  # an extract that takes the place of the earlier ones of its table, or one that is added to them
_AT = re.compile(r"(?P<archivio>.+)@(?P<stato>\d{4}-\d\d-\d\d(-\d\d+)?)")
_NAME = re.compile(r"(\d{4}-\d\d-\d\d)-\d\d+")


class Alterato(AnalisiError):
    """A file of a snapshot is not the one that was archived: no report may go on without it."""


@dataclass(frozen=True)
class Scatto:
    """One snapshot: what one run of `analisi archivia` kept."""

    folder: Path

    @property
    def nome(self) -> str:
        return self.folder.name

    @property
    def giorno(self) -> date:
        return date.fromisoformat(self.nome[:10])

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the snapshot says of itself. Raises: AnalisiError when it cannot be read."""
        path = self.folder / MANIFEST
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            msg = f"{shown(path)}: il manifest dello scatto manca o non si legge; «analisi verifica» dice che cosa è alterato"
            raise AnalisiError(msg) from error
        if content.get("schema") != SCHEMA:
            msg = f"{shown(path)}: è di un'altra versione del programma (schema {content.get('schema')}); aggiornare il programma"
            raise AnalisiError(msg)
        return content

    @property
    def estratti(self) -> list[dict[str, Any]]:
        """The extracts kept, as the manifest tells them."""
        return self.manifest["estratti"]

    def files(self, tabella: str | None = None) -> dict[Path, str]:
        """The archived files (of a table), with their sha256."""
        kept = [item for extract in self.estratti if tabella in (None, extract["tabella"]) for item in extract["archiviati"]]
        return {self.folder / item["file"]: item["sha256"] for item in kept}


def parts(path: Path) -> tuple[Path, str]:
    """The archive and the state that a path names; the path itself and "" when it names none."""
    found = _AT.fullmatch(str(path))
    return (Path(found["archivio"]), found["stato"]) if found and not path.exists() else (path, "")


def is_archive(path: Path) -> bool:
    """Whether a path is an archive, or one as it was on a day."""
    return (parts(path)[0] / MARK).is_file()


def snapshots(path: Path) -> list[Scatto]:
    """The snapshots of an archive up to the state the path names, the oldest first. Folders left half made are no snapshots."""
    archive, at = parts(path)
    names = sorted((entry.name for entry in archive.iterdir() if _NAME.fullmatch(entry.name)), key=_order)
    return [Scatto(archive / name) for name in names if not at or _order(name) <= _order(at)]


def _order(name: str) -> tuple[str, int]:
    """Snapshots by day and number; a day alone stands for its end."""
    return name[:10], int(name[11:] or 10**9)


def in_force(path: Path, tabella: str) -> list[Scatto]:
    """The snapshots of a table that count: the last whole one, and what was added after it. The oldest first."""
    found: list[Scatto] = []
    for snapshot in snapshots(path):
        modes = {extract["modo"] for extract in snapshot.estratti if extract["tabella"] == tabella}
        if modes:
            found = [snapshot] if WHOLE in modes else [*found, snapshot]
    return found


def tables(path: Path) -> list[str]:
    """The tables an archive has, in order."""
    return sorted({extract["tabella"] for snapshot in snapshots(path) for extract in snapshot.estratti})


def archived_files(path: Path, tabella: str | None = None) -> dict[Path, str]:
    """The files in force in an archive (of a table), with the sha256 they must have.

    Raises:
        AnalisiError: the archive had no snapshot yet, or a manifest cannot be read.
    """
    if not snapshots(path):
        msg = f"{shown(path)}: l'archivio non ha ancora scatti a quella data; {_first(path)}"
        raise AnalisiError(msg)
    names = tables(path) if tabella is None else [tabella]
    return {file: sha for name in names for snapshot in in_force(path, name) for file, sha in snapshot.files(name).items()}


def _first(path: Path) -> str:
    every = snapshots(parts(path)[0])
    return f"il primo è del {every[0].giorno:%d/%m/%Y}" if every else "si aggiungono con «analisi archivia»"


def require_unaltered(file: Path, digest: str) -> None:
    """Raises: Alterato when a file of a snapshot has not the hash its manifest says; of other files nothing is known."""
    for folder in file.parents:
        if _NAME.fullmatch(folder.name) and (folder.parent / MARK).is_file():
            wanted = Scatto(folder).files().get(file, digest)
            if digest != wanted:
                msg = f"{shown(file)}: il file non è quello archiviato (impronta {digest[:12]} invece di {wanted[:12]}); "
                msg += "riprenderlo da una copia: uno scatto non si riscrive"
                raise Alterato(msg)
            return


def pinned(fonte: str, alla_data: str = "") -> str:
    """The `fonte` with the state of its archive written out: that of the last snapshot (on or before a day); a plain folder as it is.

    A page made from it tells which snapshots it was made from, and can be made again.

    Raises:
        AnalisiError: a day is asked of what is no archive, is no day, or comes before the first snapshot.
    """
    path = resolve(fonte)
    archive = is_archive(path)
    if alla_data and not archive:
        msg = f"--alla-data {alla_data}: la fonte «{fonte}» non è un archivio fatto da «analisi archivia»; indicarlo in fonte"
        raise AnalisiError(msg)
    if not archive:
        return fonte
    base, at = parts(Path(fonte))
    if alla_data:
        try:
            at = date.fromisoformat(alla_data).isoformat()
        except ValueError as error:
            msg = f"--alla-data {alla_data}: non è una data; scriverla nella forma aaaa-mm-gg"
            raise AnalisiError(msg) from error
    state = f"{base}@{at}" if at else str(base)
    archived_files(resolve(state))
    return f"{base.as_posix()}@{snapshots(resolve(state))[-1].nome}"


def altered(path: Path) -> Iterator[str]:
    """What in an archive is not as its manifests say, one sentence a finding, naming the file."""
    for snapshot in snapshots(path):
        try:
            sealed = (snapshot.folder / SEAL).read_text(encoding="ascii").strip()
            if sealed != sha256(snapshot.folder / MANIFEST):
                yield f"{shown(snapshot.folder / MANIFEST)}: il manifest è stato cambiato dopo l'archiviazione"
            files = snapshot.files()
        except (OSError, UnicodeError, AnalisiError) as error:
            yield str(error) if isinstance(error, AnalisiError) else f"{shown(snapshot.folder)}: manca il sigillo del manifest ({SEAL})"
            continue
        for file, wanted in files.items():
            try:
                found = sha256(file)
            except OSError as error:
                yield f"{shown(file)}: il file manca o non si legge ({error.strerror})"
                continue
            if found != wanted:
                yield f"{shown(file)}: il file non è quello archiviato (impronta {found[:12]} invece di {wanted[:12]})"
        known = {*files, snapshot.folder / MANIFEST, snapshot.folder / SEAL}
        for other in sorted(item for item in snapshot.folder.rglob("*") if item.is_file() and item not in known):
            yield f"{shown(other)}: il file non è elencato nel manifest dello scatto"
