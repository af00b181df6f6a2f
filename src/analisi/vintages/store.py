"""The folder of an archive as it is written: a snapshot is made aside, and is there in one step or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import filelock

from analisi.errors import AnalisiError
from analisi.sources.snapshots import MANIFEST, MARK, SCHEMA, SEAL, snapshots
from analisi.workspace import shown

_MAKING = ".in_corso"  # a folder and a lock for each snapshot being made; the lock dies with its process
_LOCK = ".blocco"  # held while a name is taken, and while leftovers are removed
_PATIENCE = 120.0  # seconds
_ABOUT = {
    "schema": SCHEMA,
    "che_cosa": "Archivio di estratti, scritto da «analisi archivia». Gli scatti non si modificano: «analisi verifica» li controlla.",
}


class ArchiveFailed(AnalisiError):
    """The disk refused while a snapshot was made."""

    during_run = True


class Store:
    """An archive to write to."""

    def __init__(self, archive: Path) -> None:
        """`archive` is where the archive is, or will be."""
        self.archive = archive
        self.making = archive / _MAKING

    @contextmanager
    def workshop(self) -> Iterator[Path]:
        """An empty hidden folder to make a snapshot in. It is gone at the end, whatever happens; after a kill, the next run removes it.

        Raises:
            AnalisiError: the place holds something else, or the disk refuses.
        """
        if self.archive.exists() and not (self.archive / MARK).is_file() and (not self.archive.is_dir() or self._visible()):
            msg = f"{shown(self.archive)}: esiste e non è un archivio (manca {MARK}); indicare un'altra cartella con --archivio"
            raise AnalisiError(msg)
        try:
            self.making.mkdir(parents=True, exist_ok=True)
            folder = self.making / uuid4().hex
            with self._taken(_LOCK):
                self._clean()
                self._mark()
                folder.mkdir()
                own = filelock.FileLock(self._lock_of(folder))
                own.acquire()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
                own.release()
                with suppress(OSError):
                    self._lock_of(folder).unlink(missing_ok=True)
        except OSError as error:
            msg = f"{shown(self.archive)}: non si può scrivere ({error.strerror}); gli scatti che c'erano sono rimasti come prima"
            raise ArchiveFailed(msg) from error

    def publish(self, folder: Path, day: date, manifest: dict[str, Any]) -> str:
        """Give a finished folder its name among the snapshots: the next number of its day. The caller holds `alone`."""
        same = [item.nome for item in snapshots(self.archive) if item.giorno == day]
        number = 1 + max((int(name[11:]) for name in same), default=0)
        _settle(folder)
        while True:
            name = f"{day.isoformat()}-{number:02}"
            text = json.dumps({"schema": SCHEMA, "scatto": name, **manifest}, ensure_ascii=False, indent=1) + "\n"
            for file, words in ((MANIFEST, text), (SEAL, hashlib.sha256(text.encode()).hexdigest() + "\n")):
                (folder / file).write_text(words, encoding="utf-8", newline="\n")
                _sync(folder / file)
            _sync(folder)
            try:
                folder.rename(self.archive / name)
            except OSError:
                if not (self.archive / name).exists():
                    raise
                number += 1  # taken meanwhile, where locks do not hold
                continue
            _sync(self.archive)
            for file in (MANIFEST, SEAL):
                (self.archive / name / file).chmod(0o444)
            return name

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While no other run takes a name. Raises: AnalisiError when another one holds it for minutes."""
        with self._taken(_LOCK):
            yield

    @contextmanager
    def _taken(self, name: str) -> Iterator[None]:
        try:
            with filelock.FileLock(self.archive / name, timeout=_PATIENCE):
                yield
        except filelock.Timeout as error:
            msg = f"{shown(self.archive)}: un'altra esecuzione occupa l'archivio da più di {_PATIENCE / 60:.0f} minuti; riprovare più tardi"
            raise AnalisiError(msg) from error

    def _lock_of(self, folder: Path) -> Path:
        return folder.with_suffix(".blocco")

    def _clean(self) -> None:
        """Remove what killed runs have left: the folders whose lock nobody holds."""
        for folder in [item for item in self.making.iterdir() if item.is_dir()]:
            lock = self._lock_of(folder)
            with suppress(filelock.Timeout, OSError), filelock.FileLock(lock, timeout=0):
                shutil.rmtree(folder)
                lock.unlink(missing_ok=True)
        for lock in self.making.glob("*.blocco"):
            with suppress(filelock.Timeout, OSError), filelock.FileLock(lock, timeout=0):
                if not lock.with_suffix("").exists():
                    lock.unlink(missing_ok=True)

    def _mark(self) -> None:
        if not (self.archive / MARK).is_file():
            aside = self.making / f"{uuid4().hex}.json"
            aside.write_text(json.dumps(_ABOUT, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
            aside.replace(self.archive / MARK)

    def _visible(self) -> list[Path]:
        return [item for item in self.archive.iterdir() if not item.name.startswith(".")]


def _settle(folder: Path) -> None:
    """Have every byte of a folder on disk, and its files read-only."""
    for path in sorted(folder.rglob("*"), reverse=True):
        _sync(path)
        if path.is_file():
            path.chmod(0o444)
    _sync(folder)


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on disk; Windows does not do so for folders."""
    if os.name == "posix" or path.is_file():
        handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
