"""What a run reads: every file and folder that is opened or listed, so that a report is made again when one of them changes."""

from __future__ import annotations

import functools
import glob
import hashlib
import importlib.util
import json
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from analisi.workspace import cache_folder, root

P, R = ParamSpec("P"), TypeVar("R")
FILE, FOLDER, OTHER = "file", "cartella", "altri mezzi"  # OTHER: a reading that cannot be followed; it never counts as unchanged
READINGS = "ANALISI_LETTURE"  # folder where those who make reports together, or one, share what they have read
PATIENCE = 180  # seconds that a report waits for another that does the same reading; then it does it by itself
_SYSTEM = ("/proc", "/sys", "/dev/null", "/dev/urandom", "/dev/tty", "/dev/pts", "/etc", "/usr", "/lib", "/bin")
_NEW = os.O_WRONLY | os.O_EXCL | os.O_TRUNC  # who opens a file so does not read what was in it
_SETTINGS = (".ipython", ".jupyter", ".config", ".cache", ".local", ".dask")  # in the home folder: of programs, not data
_UNSEEN = dict.fromkeys(("subprocess.Popen", "os.system", "os.posix_spawn", "os.forkpty"), "un altro programma")

Seen = tuple[str, str, str]  # kind, absolute path, state when it was read (size and times of a file, names of a folder; "" when absent)


class _Trace:
    """The list of what was read, each item once, appended to a file as it comes."""

    def __init__(self, file: str, aside: tuple[str, ...]) -> None:
        self.handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        settings = [os.path.join(os.path.expanduser("~"), name) for name in _SETTINGS]
        self.aside = tuple(os.path.normpath(path) + os.sep for path in (*aside, *_SYSTEM, *settings, sys.prefix, sys.base_prefix))
        self.known: set[tuple[str, str]] = set()
        self.order: list[Seen] = []

    def note(self, kind: str, path: object) -> None:
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if not isinstance(path, str | os.PathLike):
            return
        whole = os.path.abspath(path)
        if "__pycache__" in whole:
            try:
                whole = importlib.util.source_from_cache(whole)
            except ValueError:
                return
        if (kind, whole) in self.known or (whole + os.sep).startswith(self.aside):
            return
        self.known.add((kind, whole))
        self.add((kind, whole, state(kind, whole)))

    def unseen(self, means: str) -> None:
        if (OTHER, means) not in self.known:
            self.add((OTHER, means, "?"))

    def add(self, seen: Seen) -> None:
        self.known.add(seen[:2])
        self.order.append(seen)
        os.write(self.handle, json.dumps(seen).encode() + b"\n")


_active: _Trace | None = None


def install(file: str) -> None:
    """Begin to note, in `file`, what this process reads; what lies beside that file, is thrown away or belongs to Python does not count.

    Python's own opening and listing are heard through its audit events; polars and fastexcel open files by themselves, so their functions
    are wrapped, and so is the asking for a file that is not there. What is read through other programs, databases or the network cannot be
    followed: it is noted as such, and the report is made again each time.
    """
    import fastexcel
    import polars

    global _active
    own = [os.path.dirname(os.path.abspath(path)) for path in (file, __file__)]
    own += [] if root().is_relative_to(cache_folder()) else [str(cache_folder())]
    _active = _Trace(file, (*own, *filter(None, [os.environ.get(READINGS)])))
    sys.addaudithook(_hear)
    for name in dir(polars):
        if name.startswith(("read_", "scan_")):
            setattr(polars, name, _heard(getattr(polars, name)))
    fastexcel.read_excel = _heard(fastexcel.read_excel)
    for place, name in ((Path, "exists"), (Path, "is_file"), (os.path, "exists"), (os.path, "isfile")):
        setattr(place, name, _asked(getattr(place, name)))


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if _active is None:
        return
    if event == "open":
        path, _, flags = args
        if not (isinstance(flags, int) and flags & _NEW):
            _active.note(FILE, path)
    elif event in ("os.listdir", "os.scandir"):
        if "importlib" not in sys._getframe(1).f_code.co_filename:  # who looks for a module reads no data
            _active.note(FOLDER, "." if args[0] is None else args[0])
    elif event in _UNSEEN:
        _active.unseen(_UNSEEN[event])
    elif event == "sqlite3.connect" and args[0] not in (":memory:", ""):
        _active.unseen("una base di dati")
    elif event == "socket.connect" and isinstance(args[1], tuple):
        _active.unseen("la rete")
    elif event == "import" and args[0] == "duckdb":
        _active.unseen("DuckDB")


def _heard(function: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        sources = args[0] if args else kwargs.get("source")
        for source in sources if isinstance(sources, list | tuple) else [sources]:
            if isinstance(source, str | os.PathLike) and _active is not None:
                name = os.path.expanduser(os.fspath(source).removeprefix("file://"))
                if "://" in name:
                    _active.unseen("la rete")
                for path in _files(name):
                    _active.note(FILE, path)
        return function(*args, **kwargs)

    return call


def _asked(function: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        answer = function(*args, **kwargs)
        if not answer and _active is not None and args and not os.path.lexists(args[0]):
            _active.note(FILE, args[0])
        return answer

    return call


def _files(path: str) -> list[str]:
    """The files a polars source names: itself, those of a folder, those of a pattern (the folders listed are heard by themselves)."""
    if os.path.isdir(path):
        return [item for item in glob.glob(os.path.join(glob.escape(path), "**"), recursive=True) if os.path.isfile(item)]
    return [path] if os.path.lexists(path) or not glob.has_magic(path) else glob.glob(path, recursive=True)


def state(kind: str, path: str) -> str:
    """How a file or folder looks from outside: what must be equal before and after a run."""
    if kind == OTHER:
        return "?"
    try:
        if kind == FOLDER:
            names = (entry.name for entry in os.scandir(path) if not entry.name.startswith((".", "~$", "__pycache__")))
            return "|".join(sorted(names))
        found = os.stat(path)
        return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"
    except OSError:
        return ""


def read(file: Path) -> list[Seen]:
    """What a run has noted; a line cut short by a killed process does not count."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return [tuple(json.loads(line)) for line in lines if line.endswith("]")]


def fingerprint(kind: str, path: str) -> str:
    """sha256 of a file's bytes or of a folder's names; "" when it is not there."""
    if kind == OTHER:
        return ""
    try:
        if kind == FOLDER:
            return hashlib.sha256(os.fsencode(state(kind, path))).hexdigest() if os.path.isdir(path) else ""
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """A reading that the reports of one batch do once: the first keeps its result aside, the others take it while the files stay the same.

    Outside of a batch it is the function itself. What was read is noted for each report, as if it had read by itself. Who notes nothing,
    as the publication, takes what the reports have kept and keeps nothing.
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        folder = os.environ.get(READINGS)
        if not folder:
            return function(*args, **kwargs)
        words = json.dumps([function.__module__, function.__qualname__, os.getcwd(), args, sorted(kwargs.items())], default=str)
        place = os.path.join(folder, hashlib.sha256(words.encode()).hexdigest())
        kept = _kept(place)
        if _active is None:
            return kept[1] if kept else function(*args, **kwargs)
        if kept is None:
            with _alone(place):
                kept = _kept(place)  # another may have made it meanwhile
                if kept is None:
                    return _first(place, lambda: function(*args, **kwargs))
        for seen in kept[0]:
            if tuple(seen[:2]) not in _active.known:
                _active.add(seen)
        return kept[1]

    return call


def _first(place: str, reading: Callable[[], R]) -> R:
    """Read, note what was read as if nothing had been known before, and keep it aside."""
    before, _active.known, _active.order = (_active.known, _active.order), set(), []
    try:
        result = reading()
    finally:
        order = _active.order
        _active.known, _active.order = before[0] | _active.known, [*before[1], *order]
    _keep(place, (order, result))
    return result


@contextmanager
def _alone(place: str) -> Iterator[None]:
    """Wait while another report does the same reading; not for ever: one that was stopped half way only costs the work done twice."""
    import filelock

    lock = filelock.FileLock(f"{place}.blocco", timeout=PATIENCE)
    with suppress(filelock.Timeout, OSError):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _kept(place: str) -> tuple[list[Seen], Any] | None:
    """What another report has read, if each of its files still is as it was."""
    try:
        with open(place, "rb") as file:
            order, result = pickle.load(file)
    except (OSError, EOFError, pickle.UnpicklingError):
        return None
    return (order, result) if all(state(kind, path) == seen for kind, path, seen in order) else None


def _keep(place: str, content: object) -> None:
    """Keep a result for the others; one that cannot be kept (no room, no pickle) is only not shared."""
    aside = f"{place}.{os.getpid()}"
    try:
        with open(aside, "wb") as file:
            pickle.dump(content, file, protocol=5)
        os.replace(aside, place)
    except (OSError, pickle.PicklingError, AttributeError, TypeError):
        if os.path.exists(aside):
            os.unlink(aside)
