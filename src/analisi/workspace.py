"""Where things are: the workspace is the folder that holds notebooks/ and data/riferimento/."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

from analisi.errors import AnalisiError

CODICE_FISCALE = r"(?i)[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]"  # of a person: in no message


WORKSPACE = "ANALISI_CARTELLA"


@cache
def root() -> Path:
    """Folder of the workspace: ANALISI_CARTELLA, else the nearest above the current folder, else the clone of the package.

    Raises:
        AnalisiError: none of the three holds a workspace.
    """
    chosen = os.environ.get(WORKSPACE)
    here = Path.cwd().resolve()
    candidates = [Path(chosen).resolve()] if chosen else [here, *here.parents, Path(__file__).resolve().parents[2]]
    for folder in candidates:
        if (folder / "notebooks").is_dir() and (folder / "data" / "riferimento").is_dir():
            return folder
    msg = (
        f"{chosen or here}: non è una cartella di lavoro (mancano notebooks/ e data/riferimento/); "
        "spostarsi nella copia del progetto o indicarla in ANALISI_CARTELLA"
    )
    raise AnalisiError(msg)


def move_to(folder: Path) -> None:
    """Make a folder the workspace of this process: a worker serves whoever gives it work."""
    if os.environ.get(WORKSPACE) != str(folder):
        os.environ[WORKSPACE] = str(folder)
        root.cache_clear()


def reference(*parts: str) -> Path:
    """Path of a reference table of the workspace."""
    return root().joinpath("data", "riferimento", *parts)


def cache_folder() -> Path:
    """Folder for what may be thrown away, such as the notebooks of runs that failed."""
    return Path(os.environ.get("ANALISI_CACHE") or root() / ".cache" / "analisi")


def resolve(path: str | Path) -> Path:
    """Absolute path of a file named by the user: relative to the current folder if it is there, else to the workspace.

    An archive as it was on a day (name@day, see `sources.snapshots`) is there when the archive is.
    """
    try:
        path = Path(path).expanduser()
        there = path.exists() or ("@" in path.name and path.with_name(path.name.split("@")[0]).exists())
        return path.resolve() if path.is_absolute() or there else root() / path
    except (OSError, RuntimeError) as error:
        msg = f"«{str(path)[:80]}»: non è un percorso che si possa aprire"
        raise AnalisiError(msg) from error


def shown(path: Path) -> str:
    """The path as people and published pages see it: relative to the workspace, or only the name when outside of it; without tax codes."""
    try:
        name = path.resolve().relative_to(root()).as_posix()
    except ValueError:
        name = path.name
    return masked(name)


def masked(text: str) -> str:
    """A text without the tax codes of persons in it."""
    return re.sub(CODICE_FISCALE, "(non riportato)", text)
