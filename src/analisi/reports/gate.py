"""The publication gate: before anything becomes visible every file is read, and what may not leave is told without repeating it."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from pathlib import Path, PurePosixPath

from analisi.errors import AnalisiError
from analisi.presentation.blocks import MIME
from analisi.presentation.html import asset
from analisi.reports.files import FORMULA
from analisi.reports.known import Known
from analisi.reports.pagecheck import Page, digest
from analisi.reports.rules import RULES, Rule, Text
from analisi.vocabulary import INTERNO
from analisi.workspace import masked

TEXTS = (".html", ".csv", ".toml", ".txt", ".json", ".ipynb", ".xml", ".rels", ".vml")
_MOST, _DEEPEST, _SHOWN = 500_000_000, 3, 20  # bytes an archive may hold; archives one in the other; findings told
_ACTIVE = re.compile(r"externalLinks|vbaProject|activeX|embeddings|connections|queryTables|customUI|oleObject|ctrlProps")
_POLICY = (
    """<html><head><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">"""
)


_FORMULA = "c'è una formula che un foglio di calcolo eseguirebbe"
_LIVE = "c'è un collegamento esterno o una parte attiva"


class Closed(AnalisiError):
    """Something in what was to be published may not leave; nothing was published, and what was there before still is."""

    during_run = True


@cache
def _scripts() -> frozenset[str]:
    """The digests of the scripts of our pages, and of the front page."""
    page = asset("pagina.js")
    front = resources.files("analisi.reports").joinpath("templates", "edizione", "indice.js").read_text(encoding="utf-8")
    return frozenset(map(digest, (page, page + front)))


class Gate:
    """Reads the files of one edition or report, for who reads `profilo`; `pages` holds the pages read so far, by name."""

    def __init__(self, profilo: str, known: Known | None = None, *, scripts: bool = True) -> None:
        """`scripts`: whether a page must have the script of this program; else the one that its own policy admits will do."""
        self.internal, self.known, self.own_scripts = profilo == INTERNO, known or Known(), scripts
        self.rules = [rule for rule in RULES if rule.always or not self.internal]
        self.pages: dict[str, Page] = {}

    def check(self, name: str, data: bytes) -> list[str]:
        """What may not leave in one file, one sentence a finding, with file and place and never the value."""
        label, found = self._named(name)
        return [f"{label}: {words}" for words in dict.fromkeys([*found, *self._inside(name, data)])]

    def _named(self, name: str) -> tuple[str, list[str]]:
        """How a file, part or sheet may be named in a finding, and the findings on its name."""
        broken = self._broken(Text(name))
        return "(nome non riportato)" if masked(name) == name and broken else masked(name), [f"{rule.words} nel nome" for rule in broken]

    def _broken(self, text: Text, rules: Iterable[Rule] | None = None) -> list[Rule]:
        return [rule for rule in (self.rules if rules is None else rules) if rule.found(text, self.known)]

    def _inside(self, name: str, data: bytes, depth: int = 0) -> Iterator[str]:
        kind = PurePosixPath(name).suffix.lower()
        if kind in (".xlsx", ".zip") or data[:4] == b"PK\x03\x04":
            yield from self._archive(kind, data, depth)
        elif kind in TEXTS:
            yield from self._text(name, kind, data)
        elif kind != ".pdf":  # made from a checked page
            yield "un file di questo tipo non è previsto in un'edizione e non si può controllare"

    def _text(self, name: str, kind: str, data: bytes) -> Iterator[str]:
        try:
            raw = data.decode("utf-8")
        except UnicodeDecodeError:
            yield "non è un testo UTF-8 e non si può controllare"
            return
        if "\x00" in raw:
            yield "contiene byte nulli e non si può controllare"
        if kind == ".html":
            page = self.pages[name] = Page(raw)
            yield from page.faults
            if self.own_scripts and page.scripts - _scripts():
                yield "c'è uno script che non è di questo programma"
        elif kind == ".csv":
            yield from _formulas(raw)
        elif kind == ".ipynb":
            yield from self._notebook(raw)
        broken = self._broken(Text(raw, kind))
        lines = enumerate(raw.split("\n"), start=1) if broken else ()
        told = [(number, rule) for number, line in lines for rule in self._broken(Text(line, kind), broken)]
        yield from (f"riga {number}: {rule.words}" for number, rule in told)
        yield from (f"su più righe: {rule.words}" for rule in broken if rule not in [found for _, found in told])

    def _notebook(self, raw: str) -> Iterator[str]:
        """A notebook shows what its page shows: in the outputs only our blocks, with the words and the HTML that go with them."""
        try:
            cells = json.loads(raw)["cells"]
            outputs = [(n, output) for n, cell in enumerate(cells, start=1) for output in cell.get("outputs", ())]
            attached = [n for n, cell in enumerate(cells, start=1) if cell.get("attachments")]
            shown = [(n, output.get("data", {})) for n, output in outputs]
            previews = [(n, "".join(data["text/html"])) for n, data in shown if "text/html" in data]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            yield from () if self.internal else ["non è un notebook leggibile"]
            return
        if not self.internal:
            strange = [n for n, data in shown if MIME not in data or set(data) - {MIME, "text/plain", "text/html"}]
            yield from (f"cella {n}: c'è un risultato che la pagina non mostra" for n in sorted({*strange, *attached}))
        for n, preview in previews:
            yield from (f"cella {n}: {re.sub(r'^riga [0-9]+: ', '', fault)}" for fault in Page(f"{_POLICY}</head><body>{preview}").faults)

    def _archive(self, kind: str, data: bytes, depth: int) -> Iterator[str]:
        """What is in the parts of a workbook or of another archive; in a workbook, by cell where it can be told."""
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                whole = sum(info.file_size for info in archive.infolist()) <= _MOST and depth < _DEEPEST
                parts = [(info.filename, archive.read(info)) for info in archive.infolist() if not info.is_dir()] if whole else []
        except Exception:  # whatever a damaged archive may raise
            yield "non è una cartella di lavoro leggibile" if kind == ".xlsx" else "non è un archivio leggibile"
            return
        if not whole:
            yield "è un archivio troppo grande, o dentro troppi altri, e non si può controllare"
        for name, content in parts:
            label, found = self._named(name)
            inside = self._inside(name, content, depth + 1) if kind != ".xlsx" else ()
            yield from (f"{label}: {words}" for words in (*found, *inside))
        if kind == ".xlsx":
            yield from self._workbook(data, parts)

    def _workbook(self, data: bytes, parts: list[tuple[str, bytes]]) -> Iterator[str]:
        guilty: dict[str, list[str]] = {}
        rules: dict[str, Rule] = {}
        for name, content in parts:
            raw = content.decode("utf-8", "replace")
            found = self._broken(Text(raw))
            rules |= {rule.words: rule for rule in found}
            formula = name.startswith("xl/worksheets/") and re.search(r"<(?:\w+:)?f[\s>/]", raw)
            active = _ACTIVE.search(name) or (name.endswith(".rels") and re.search(r"TargetMode\s*=\s*[\"']External", raw))
            guilty[name] = [rule.words for rule in found] + [_FORMULA] * bool(formula) + [_LIVE] * bool(active)
        if not any(guilty.values()):
            return
        cells = dict.fromkeys(self._cells(data, list(rules.values()), formulas=any(_FORMULA in words for words in guilty.values())))
        yield from (f"{place}: {words}" for place, words in cells)
        told = {words for _, words in cells}
        for name, found in guilty.items():
            by_cell = told if name.startswith(("xl/worksheets/", "xl/sharedStrings", "xl/comments")) else ()
            yield from (f"nella parte {self._named(name)[0]} {words}" for words in found if words not in by_cell)

    def _cells(self, data: bytes, rules: list[Rule], *, formulas: bool) -> Iterator[tuple[str, str]]:
        import openpyxl

        try:
            book = openpyxl.load_workbook(io.BytesIO(data))
            for number, sheet in enumerate(book.worksheets, start=1):
                title = f"foglio {number}" if self._broken(Text(sheet.title)) else f"foglio «{sheet.title}»"
                for cell in (cell for row in sheet.iter_rows() for cell in row if cell.value is not None or cell.comment):
                    said = Text(f"{'' if cell.value is None else cell.value} {cell.comment.text if cell.comment else ''}")
                    yield from ((f"{title}, cella {cell.coordinate}", rule.words) for rule in self._broken(said, rules))
                    if formulas and cell.data_type == "f":
                        yield f"{title}, cella {cell.coordinate}", _FORMULA
        except Exception:  # a workbook that openpyxl cannot open is told by its parts
            return


def _formulas(raw: str) -> Iterator[str]:
    """The cells of a CSV that a spreadsheet would run."""
    try:
        for number, row in enumerate(csv.reader(io.StringIO(raw, newline=""), strict=True), start=1):
            yield from (f"riga {number}, colonna {place}: {_FORMULA}" for place, cell in enumerate(row, start=1) if FORMULA.search(cell))
    except csv.Error:
        yield "non è un CSV che si possa leggere"


def require_open(folder: Path, profilo: str, inputs: Iterable[Iterable[str]]) -> None:
    """Let a folder be published for the readers of `profilo`; `inputs` are the records of what was read for it.

    Raises:
        Closed: something in it may not leave.
    """
    gate = Gate(profilo, Known.of(inputs, profilo))
    files = sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    found = [words for path in files for words in gate.check(path.relative_to(folder).as_posix(), path.read_bytes())]
    if found:
        raise Closed(refusal(profilo, found))


def refusal(profilo: str, found: list[str]) -> str:
    """Why nothing is published, the first findings in full."""
    rest = [f"... e altri {len(found) - _SHOWN}"] if len(found) > _SHOWN else []
    head = f"profilo {profilo}: il cancello di pubblicazione è chiuso, nulla è stato pubblicato; ciò che c'era prima è rimasto"
    return "\n  ".join([head, *found[:_SHOWN], *rest])
