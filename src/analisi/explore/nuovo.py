"""A new report notebook, in the house form, with the test that runs it: ready to run, to be changed cell by cell."""

from __future__ import annotations

import json
import re
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

from analisi.errors import AnalisiError
from analisi.indicators.fonti import read_fonte
from analisi.reports.contract import find
from analisi.workspace import root, shown

OWN = {"analisi": {"proprio": True}}  # metadata of a notebook that is the analyst's: documents and tests of the product leave it alone
PRINTED = "data/pubblicati"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
_RESERVED = re.compile(r"(?i)con|prn|aux|nul|com\d|lpt\d")  # by Windows
_FIGURES = re.compile(r"\d{2,}")
_TEST = '''"""The report «{name}», made by `analisi nuovo`: it runs, and its data are beside the page."""

import csv

from tests.conftest import analisi


def test_{name}_is_published_with_its_data({fixtures}tmp_path):
    done = analisi("esegui", "{name}", {source}"--uscita", tmp_path / "r")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "r" / "{name}.html").is_file()
    for path in (tmp_path / "r" / "dati").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            assert list(csv.DictReader(file)), path.name
'''


def make(name: str, title: str = "", model: str = "") -> tuple[Path, Path | None]:
    """Write notebooks/<name>.ipynb and, where the workspace has the tests, the one that runs it; their paths.

    The notebook is a small report on the printed tables or, with `model`, a copy of that report: same parameters, same cells.

    Raises:
        AnalisiError: the name or the title cannot be used, a file of that name is there, no such model, or the disk refuses.
    """
    notebook, test = root() / "notebooks" / f"{name}.ipynb", root() / "tests" / "notebooks" / f"test_{name}.py"
    _check(name, title, notebook, test)
    contract = find(model) if model else None
    content = json.loads(contract.path.read_text(encoding="utf-8") if contract else _template())
    _entitle(content["cells"], title or _title(name))
    content["metadata"] |= OWN
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    source = contract.complete({}).get("fonte", PRINTED) if contract else PRINTED
    words = {"fixtures": "", "source": ""} if source == PRINTED else {"fixtures": "sample, ", "source": '"--fonte", sample, '}
    _write(notebook, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    if not (root() / "tests" / "conftest.py").is_file():
        return notebook, None
    _write(test, _TEST.format(name=name, **words))
    return notebook, test


def _check(name: str, title: str, *files: Path) -> None:
    """Raises: AnalisiError when the name or the title cannot be used."""
    if not _NAME.fullmatch(name):
        msg = f"nome «{name}»: deve cominciare con una lettera e avere solo lettere senza accenti, cifre e trattini bassi, al più 60"
        raise AnalisiError(msg)
    if _RESERVED.fullmatch(name):
        msg = f"nome «{name}»: è riservato da Windows, dove il notebook non si potrebbe aprire; sceglierne un altro"
        raise AnalisiError(msg)
    for file in files:
        same = [other for other in file.parent.glob(f"*{file.suffix}") if other.name.casefold() == file.name.casefold()]
        if same:
            msg = f"{shown(same[0])}: esiste già e non viene toccato; scegliere un altro nome"
            raise AnalisiError(msg)
    if title and (not title.isprintable() or not title.strip()):
        msg = "--titolo: serve una riga di testo"
        raise AnalisiError(msg)
    if _FIGURES.search(title):
        msg = f"--titolo «{title}»: senza cifre, che con altri parametri sarebbero false: l'anno è già sotto il titolo"
        raise AnalisiError(msg)


def _title(name: str) -> str:
    """A title made of the name: "casi_di_milano" is "Casi di milano"."""
    words = " ".join(_FIGURES.sub("", name).replace("_", " ").split())
    return words[:1].upper() + words[1:] if words else "Nuovo rapporto"


def _template() -> str:
    """The template, for the last year of the printed tables."""
    text = resources.files("analisi.explore").joinpath("modello.ipynb").read_text(encoding="utf-8")
    try:
        year = max(read_fonte(PRINTED).casi["anno"])
    except AnalisiError:  # no printed tables here: a source must be given anyhow
        year = date.today().year
    return text.replace("anno: int = 0 ", f"anno: int = {year} ")


def _entitle(cells: list[dict[str, Any]], title: str) -> None:
    """Put the title in place of the notebook's own."""
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and re.search(r"(?m)^# ", source):
            text = re.sub(r"(?m)^# .*$", lambda _: f"# {title}", source, count=1)
            cell["source"] = text.splitlines(keepends=True)
            return


def _write(path: Path, text: str) -> None:
    """Write a file that is not there yet."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        msg = f"{shown(path)}: non si può scrivere ({error.strerror})"
        raise AnalisiError(msg) from error
