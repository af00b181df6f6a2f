"""Where a report comes from: its inputs with their hash, the versions that made it, its parameters, the commit."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from analisi.presentation.blocks import Block, Col, table
from analisi.presentation.formats import many
from analisi.sources import sha256
from analisi.tables.pubblicati import Fonte
from analisi.vocabulary import INTERNO, Territorio
from analisi.workspace import reference, resolve, root, shown

PACKAGES = ("analisi", "altair", "narwhals", "nbconvert", "papermill", "polars", "scipy", "vl-convert-python")
COMMIT = "ANALISI_REVISIONE"


def commit() -> str:
    """The commit of the workspace, marked when files differ from it; says so when there is none. A batch asks git once, for all."""
    if os.environ.get(COMMIT):
        return os.environ[COMMIT]

    def git(*args: str) -> str:
        return subprocess.run(["git", "-C", str(root()), *args], capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "src", "notebooks", "data")
        return git("rev-parse", "HEAD") + (" con modifiche non registrate" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return "non disponibile"


def inputs(fonte: Fonte, profilo: str = INTERNO) -> Block:
    """The files that were read, data and reference tables, each with its document and its sha256, as `files_read`."""
    titles = {"fonti.csv": "elenco delle fonti"} | dict(fonte.documenti.select("file", "titolo").iter_rows())
    return _files(
        fonte.files, [reference("procedure.csv"), fonte.territorio.file], lambda path: titles.get(path.name, "non dichiarato"), profilo
    )


def files_read(files: Sequence[Path], territorio: Territorio, *riferimenti: str, profilo: str = INTERNO) -> Block:
    """The extracts that were read, and the reference tables (by name, and the territory's), each with its sha256.

    Only the internal profile has that of the data: whoever guesses the few numbers that a page hides could try them against it.
    """
    tables = [reference(name) for name in riferimenti]
    return _files(files, [*tables, territorio.file], lambda path: f"estratto, cartella {path.parent.name}", profilo)


def tables_read(tabelle: Mapping[str, Sequence[Path]], territorio: Territorio, *riferimenti: str) -> Block:
    """The tables that were read, each of one or many files: how many, their bytes, and the sha256 of the list of their sha256, in order."""
    rows = []
    for name, paths in tabelle.items():
        hashes = "".join(f"{sha256(path)}  {path.name}\n" for path in paths)
        size, digest = sum(path.stat().st_size for path in paths), hashlib.sha256(hashes.encode()).hexdigest()
        rows.append((f"{name} ({many(len(paths), 'file', 'file')})", size, digest))
    rows += [(shown(path), path.stat().st_size, sha256(path)) for path in (*map(reference, riferimenti), territorio.file)]
    frame = pl.DataFrame(rows, schema=["file", "byte", "sha256"], orient="row")
    note = "Di una tabella in più file, l'impronta è quella dell'elenco delle impronte dei file."
    shown_columns = [Col("file", "File"), Col("byte", "Byte", "intero"), Col("sha256", "sha256", "codice")]
    return table(frame, shown_columns, title="Dati letti", notes=[note])


def _files(files: Sequence[Path], tables: Sequence[Path], document: Callable[[Path], str], profilo: str) -> Block:
    read = [*files, *tables]
    rows = pl.DataFrame(
        {
            "file": [shown(path) for path in read],
            "documento": [document(path) if path in files else "tabella di riferimento" for path in read],
            "sha256": [sha256(path) if path in tables or profilo == INTERNO else "solo nel profilo interno" for path in read],
        }
    )
    return table(rows, [Col("file", "File"), Col("documento", "Documento"), Col("sha256", "sha256", "codice")], title="Dati letti")


def versions(parameters: dict[str, Any]) -> Block:
    """The parameters of this edition, the versions of the programs, and the commit; paths outside the workspace by name only."""
    texts = {name: str(value) for name, value in parameters.items()}
    texts |= {name: shown(resolve(text)) for name, text in texts.items() if "/" in text or "\\" in text}
    rows = [("Parametro: " + name, text or "(vuoto)") for name, text in texts.items()]
    rows += [("Python", platform.python_version()), *((name, version(name)) for name in PACKAGES), ("revisione (git)", commit())]
    frame = pl.DataFrame(rows, schema=["voce", "valore"], orient="row")
    return table(frame, [Col("voce", "Voce"), Col("valore", "Valore", "codice")], title="Parametri e versioni")
