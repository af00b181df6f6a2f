"""What each report of an edition was made from: the key that tells whether it must be made again, and why."""

from __future__ import annotations

import hashlib
import json
import platform
import sysconfig
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from analisi import trace
from analisi.errors import listing
from analisi.reports.edition import Rapporto
from analisi.reports.verify import SCHEMA
from analisi.workspace import shown

_SHOWN = 3  # changed inputs that a reason names


@cache
def code() -> str:
    """sha256 of the package: its modules, templates, stylesheets and scripts."""
    package = Path(__file__).resolve().parents[1]
    files = sorted(path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc")
    whole = hashlib.sha256()
    for path in files:
        whole.update(f"{path.relative_to(package).as_posix()}\0{trace.fingerprint(trace.FILE, str(path))}\n".encode())
    return whole.hexdigest()


@cache
def installed() -> dict[str, str]:
    """Version of Python and of each installed package, by name."""
    folders = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    names = sorted(path.name.removesuffix(".dist-info") for folder in folders for path in folder.glob("*.dist-info"))
    return {"Python": platform.python_version()} | dict(name.rsplit("-", 1) for name in names if "-" in name)


def parts(report: Rapporto) -> dict[str, Any]:
    """All that makes a report but its data: notebook, parameters, package, versions."""
    return {
        "schema": SCHEMA,
        "nome": report.nome,
        "notebook": trace.fingerprint(trace.FILE, str(report.notebook.path)),
        "parametri": report.parametri,
        "codice": code(),
        "versioni": installed(),
        "piano": hashlib.sha256(report.piano.encode()).hexdigest(),
    }


def key(made_from: dict[str, Any], inputs: Iterable[Iterable[str]]) -> str:
    """The key of a report: two runs with the same key give the same page."""
    text = json.dumps([made_from, sorted(map(list, inputs))], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def why(report: Rapporto, record: dict[str, Any] | None, now_at: Callable[[str, str], str]) -> str:
    """Why a report must be made, in a few words; nothing when it is as it was. `now_at` gives the fingerprint of a file or folder."""
    if record is None:
        return "nuovo"
    before, now = record["parti"], parts(report)
    if before.get("schema") != SCHEMA:
        return "formato delle edizioni cambiato"
    reasons = [words for name, words in (("notebook", "notebook cambiato"), ("codice", "programma cambiato")) if before[name] != now[name]]
    changed = [name for name, value in now["parametri"].items() if before["parametri"].get(name) != value]
    reasons += [f"parametri cambiati: {listing(changed or ['elenco'])}"] if before["parametri"] != now["parametri"] else []
    reasons += ["insieme dei rapporti pubblicati cambiato"] if before.get("piano") != now["piano"] else []
    versions = sorted({name for name, _ in before["versioni"].items() ^ now["versioni"].items()})
    reasons += [f"versioni cambiate: {_some(versions)}"] if versions else []
    read = record["ingressi"]
    moved = [shown(Path(path)) for kind, path, sha in read if kind != trace.OTHER and now_at(kind, path) != sha]
    reasons += [f"dati cambiati: {_some(moved)}"] if moved else []
    others = [path for kind, path, _ in read if kind == trace.OTHER]
    reasons += [f"legge con mezzi che non si possono seguire: {listing(others)}"] if others else []
    return "; ".join(reasons)


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" e altri {more}" if more > 0 else "")
