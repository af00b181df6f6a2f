"""What a run reads: every file and folder that is opened or listed, so that a report is made again when one of them changes."""

from __future__ import annotations

import functools
import glob
import hashlib
import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from analisi.workspace import cache_folder

P, R = ParamSpec("P"), TypeVar("R")
FILE, FOLDER = "file", "cartella"
READINGS = "ANALISI_LETTURE"  # folder where the reports of one batch share what they have read
_WRITES = os.O_WRONLY | os.O_RDWR
_SYSTEM = ("/proc", "/sys", "/dev", "/etc", "/usr", "/lib", "/bin")

Seen = tuple[str, str, str]  # kind, absolute path, state when it was read (size and time of a file, names of a folder; "" when absent)


class _Trace:
    """The list of what was read, each item once, appended to a file as it comes."""

    def __init__(self, file: str, aside: tuple[str, ...]) -> None:
        self.handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        home = os.path.expanduser("~") + os.sep
        self.aside = (*tuple(os.path.normpath(path) + os.sep for path in (*aside, *_SYSTEM, sys.prefix, sys.base_prefix)), home + ".")
        self.known: set[tuple[str, str]] = set()
        self.order: list[Seen] = []

    def note(self, kind: str, path: object) -> None:
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if not isinstance(path, str | os.PathLike):
            return
        whole = os.path.abspath(path)
        if (kind, whole) in self.known or (whole + os.sep).startswith(self.aside) or "__pycache__" in whole:
            return
        self.known.add((kind, whole))
        self.add((kind, whole, state(kind, whole)))

    def add(self, seen: Seen) -> None:
        self.known.add(seen[:2])
        self.order.append(seen)
        os.write(self.handle, json.dumps(seen).encode() + b"\n")


_active: _Trace | None = None


def install(file: str) -> None:
    """Begin to note, in `file`, what this process reads; what lies beside that file, is thrown away or belongs to Python does not count.

    Python's own opening and listing are heard through its audit events; polars opens files by itself, so its functions are wrapped.
    """
    import polars

    global _active
    own = [os.path.dirname(os.path.abspath(path)) for path in (file, __file__)]
    _active = _Trace(file, (*own, str(cache_folder()), *filter(None, [os.environ.get(READINGS)])))
    sys.addaudithook(_hear)
    for name in dir(polars):
        if name.startswith(("read_", "scan_")):
            setattr(polars, name, _heard(getattr(polars, name)))


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if _active is None:
        return
    if event == "open":
        path, _, flags = args
        if not (isinstance(flags, int) and flags & _WRITES):
            _active.note(FILE, path)
    elif event in ("os.listdir", "os.scandir"):
        _active.note(FOLDER, "." if args[0] is None else args[0])


def _heard(function: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        sources = args[0] if args else kwargs.get("source")
        for source in sources if isinstance(sources, list | tuple) else [sources]:
            if isinstance(source, str | os.PathLike) and _active is not None:
                for path in _files(os.fspath(source)):
                    _active.note(FILE, path)
        return function(*args, **kwargs)

    return call


def _files(path: str) -> list[str]:
    """The files a polars source names: itself, those of a folder, those of a pattern (the folders listed are heard by themselves)."""
    if os.path.isdir(path):
        return [item for item in glob.glob(os.path.join(glob.escape(path), "**"), recursive=True) if os.path.isfile(item)]
    return [path] if os.path.exists(path) or not glob.has_magic(path) else glob.glob(path, recursive=True)


def state(kind: str, path: str) -> str:
    """How a file or folder looks from outside: what must be equal before and after a run."""
    try:
        if kind == FOLDER:
            return "|".join(sorted(entry.name for entry in os.scandir(path) if not entry.name.startswith((".", "~$"))))
        found = os.stat(path)
        return f"{found.st_size} {found.st_mtime_ns}"
    except OSError:
        return ""


def read(file: Path) -> list[Seen]:
    """What a run has noted; a line cut short by a killed process does not count."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return [tuple(json.loads(line)) for line in lines if line.endswith("]")]


def fingerprint(kind: str, path: str) -> str:
    """sha256 of a file's bytes or of a folder's names; "" when it is not there."""
    try:
        if kind == FOLDER:
            return hashlib.sha256(state(kind, path).encode()).hexdigest() if os.path.isdir(path) else ""
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """A reading that the reports of one batch do once: the first keeps its result aside, the others take it while the files stay the same.

    Outside of a batch it is the function itself. What was read is noted for each report, as if it had read by itself.
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        folder = os.environ.get(READINGS)
        if not folder or _active is None:
            return function(*args, **kwargs)
        words = json.dumps([function.__module__, function.__qualname__, os.getcwd(), args, sorted(kwargs.items())], default=str)
        place = os.path.join(folder, hashlib.sha256(words.encode()).hexdigest())
        kept = _kept(place)
        if kept is not None:
            for seen in kept[0]:
                if tuple(seen[:2]) not in _active.known:
                    _active.add(seen)
            return kept[1]
        before, _active.known, _active.order = (_active.known, _active.order), set(), []
        try:
            result = function(*args, **kwargs)
        finally:
            order = _active.order
            _active.known, _active.order = before[0] | _active.known, [*before[1], *order]
        _keep(place, (order, result))
        return result

    return call


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
