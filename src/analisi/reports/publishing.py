"""How an edition takes its place: made aside, then exchanged with the earlier one in a single step."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

from analisi.errors import AnalisiError, listing
from analisi.reports.verify import MANIFEST, RECORDS, listed, read_manifest, strangers, workroom

_AT_FDCWD, _EXCHANGE, _SWAP = -100, 2, 2  # of renameat2 (Linux) and renamex_np (macOS)


class WriteFailed(AnalisiError):
    """The disk refused while an edition was made."""

    during_run = True


class Workshop:
    """The hidden folder beside an edition where it is made: what is done and not yet published, and the records of the reports."""

    def __init__(self, output: Path) -> None:
        """`output` is where the edition is, or will be."""
        self.output = output.resolve()
        self.folder = workroom(self.output)
        self.done = self.folder / "fatti"  # reports made and not yet published, one folder each
        self.making = self.folder / "in_corso"
        self.readings = self.folder / "letture"
        self.new = self.folder / "nuova"  # the edition being put together; after the exchange, the earlier one
        self.old = self.folder / "vecchia"  # the earlier one, where the system has no exchange
        self.records = self.folder / RECORDS

    @contextmanager
    def opened(self, file: str) -> Iterator[None]:
        """Keep others out, and clear what a killed run has left half done; `file` is the one the edition is declared in.

        Raises:
            AnalisiError: the folder cannot be written, the output is something else, or another run is making this edition.
        """
        self._check_output(file)
        kind: type[AnalisiError] = AnalisiError
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            with filelock.FileLock(self.folder / "in_uso", blocking=False):
                self._recover()
                try:
                    kind = WriteFailed
                    yield
                finally:
                    for folder in (self.making, self.readings):
                        shutil.rmtree(folder, ignore_errors=True)
        except filelock.Timeout as error:
            msg = f"{self.output.name}: un'altra esecuzione sta facendo questa edizione; attendere che finisca, o interromperla"
            raise AnalisiError(msg) from error
        except OSError as error:
            raise kind(cannot_write(self.output.parent, error)) from error

    def _check_output(self, file: str) -> None:
        """Raises: AnalisiError when making the edition there would replace something that is not this edition."""
        output = self.output
        around = next((str(folder) for folder in output.parents if (folder / MANIFEST).is_file()), "")
        fault = f"è dentro un'altra edizione ({around})" if around else "è il punto di montaggio di un disco" if output.is_mount() else ""
        if not fault and output.exists() and not output.is_dir():
            fault = "esiste e non è una cartella"
        if not fault and output.is_dir() and any(output.iterdir()):
            known = (output / MANIFEST).is_file()
            fault = self._foreign(file) if known else f"esiste e non è un'edizione (manca {MANIFEST})"
        if fault:
            msg = f"{output}: {fault}; indicare un'altra cartella con --uscita"
            raise AnalisiError(msg)

    def _foreign(self, file: str) -> str:
        """What in the edition in place is not of this edition: it would be lost."""
        try:
            manifest = read_manifest(self.output)
        except AnalisiError:
            return ""  # damaged: it is made again
        if manifest["edizione"].get("file", file) != file:
            return f"contiene un'altra edizione, quella di {manifest['edizione']['file']}"
        others = list(strangers(self.output, {*listed(manifest), MANIFEST}))
        return f"contiene file che non sono dell'edizione ({listing(others[:3])}): spostarli, poi ripetere" if others else ""

    def _recover(self) -> None:
        if not self.output.exists() and self.old.exists():
            self.old.rename(self.output)  # killed between the two steps, on a system without exchange
        for folder in (self.new, self.old, self.making, self.readings):
            remove(folder)
        for folder in (self.done, self.making, self.readings):
            folder.mkdir(exist_ok=True)

    def publish(self) -> None:
        """Put the new edition in the place of the earlier one, which is whole until then and removed after; nothing interrupts this."""
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name) and threading.current_thread() is threading.main_thread():
                signal.signal(getattr(signal, name), signal.SIG_IGN)
        if self.output.is_dir() and not any(self.output.iterdir()):
            self.output.rmdir()
        if not self.output.exists():
            self.new.rename(self.output)
        elif not _exchange(self.new, self.output):
            self.output.rename(self.old)
            self.new.rename(self.output)
        for folder in (self.new, self.old, self.done):
            remove(folder)


def remove(folder: Path) -> None:
    """Remove a folder and what is in it, if it is there; of a link, only the link. Raises: OSError."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step of the file system; whether it could."""
    libc = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None
    try:
        if sys.platform == "linux":
            done = libc.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE)
        elif sys.platform == "darwin":
            done = libc.renamex_np(os.fsencode(one), os.fsencode(other), _SWAP)
        else:
            return False
    except AttributeError:  # a libc without it
        return False
    if done == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP):  # a file system without it
        return False
    raise OSError(code, os.strerror(code), str(other))


def place_file(source: Path, target: Path) -> None:
    """Give a published file a second name, or copy it where the file system has no links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        with suppress(FileNotFoundError):
            target.unlink()
        shutil.copyfile(source, target)


DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)  # faults that no other report would escape


def cannot_write(place: Path, error: OSError) -> str:
    """What to tell when the disk refuses: nothing published is lost."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        words = "lo spazio sul disco è esaurito; liberarne e ripetere il comando, che riprende dai rapporti già fatti"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        words = (
            "non si può scrivere (permessi, disco in sola lettura, o file aperti in un altro programma); sistemare, o scegliere --uscita"
        )
    else:
        words = f"la scrittura non è riuscita ({error.strerror})"
    return f"{place}: {words}. L'edizione precedente, se c'era, è rimasta"
