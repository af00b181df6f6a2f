"""Whether an edition is what its manifest says, every file there and unaltered, and whether it may leave (see `gate`)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from analisi import trace
from analisi.errors import AnalisiError
from analisi.reports.gate import Gate
from analisi.reports.known import Known
from analisi.reports.pagecheck import Page
from analisi.vocabulary import INTERNO
from analisi.workspace import masked, root

MANIFEST, RECORDS = "manifest.json", "schede.json"
SCHEMA = 1  # of the manifest and of what is recorded of each report; raising it makes every report anew
READY = ("riuscito", "da aggiornare")  # the states of a report that has its page
STATES = (*READY, "non riuscito", "mancante")

_KINDS = (".html", ".csv", ".json", ".ipynb", ".txt", ".xlsx", ".pdf")
_LEFTOVERS = re.compile(r"(?i)\.DS_Store|Thumbs\.db|desktop\.ini|\._.*")  # of the system, never packed: no reason to alarm
_UNFIT = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f-\x9f\ud800-\udfff]')


def verify(folder: Path) -> list[str]:
    """What is wrong with an edition, in Italian, one sentence a finding; empty when all is good. What may not leave is never repeated.

    The names and numbers of the extracts are sought where their files still are in this workspace, unchanged (see `compared`).
    Leftovers of the system (.DS_Store, Thumbs.db, desktop.ini, ._*) are passed over; any other file not in the manifest is told.
    """
    try:
        manifest = read_manifest(folder)
    except AnalisiError as error:
        return [_safe(str(error))]
    entries, findings, gate = _entries(manifest), [], _gate(manifest, folder)
    for name, entry in entries.items():
        path = folder / name
        if not is_inside(name) or not path.resolve().is_relative_to(folder.resolve()) or path.is_symlink():
            findings.append(f"{name}: il percorso non è ammesso: deve restare nella cartella dell'edizione, senza collegamenti")
            continue
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            findings.append(f"{name}: il file manca")
            continue
        except OSError as error:
            findings.append(f"{name}: il file non si può leggere ({error.strerror})")
            continue
        if len(data) != entry["byte"] or hashlib.sha256(data).hexdigest() != entry["sha256"]:
            findings.append(f"{name}: il file non è quello registrato (dimensione o impronta diverse)")
        if path.suffix.lower() in _KINDS:
            findings += gate.check(name, data)
        else:
            findings.append(f"{name}: un file di questo tipo non è previsto in un'edizione e non si può controllare")
    findings += _links(gate.pages, {*entries, MANIFEST})
    findings += _reports(manifest, entries, gate.pages)
    told = f"il file non è elencato in {MANIFEST}: toglierlo dalla cartella, oppure rifare l'edizione"
    findings += [f"{name}: {told}" for name in strangers(folder, {*entries, MANIFEST})]
    findings += gate.check(MANIFEST, (folder / MANIFEST).read_bytes())
    return [_safe(text) for text in dict.fromkeys(findings)]


def _gate(manifest: dict[str, Any], folder: Path) -> Gate:
    """The gate the edition has passed; its pages must have our script if this very program made them."""
    from analisi.reports.records import code  # here: it imports this module

    profile = manifest["edizione"].get("profilo") or INTERNO
    return Gate(profile, Known.of(_inputs(manifest, folder)[0], profile), scripts=manifest.get("codice") == code())


def _inputs(manifest: dict[str, Any], folder: Path) -> tuple[list[tuple[str, str, str]], int]:
    """The files the edition was made from that are in this workspace as they were, and how many there were in all.

    The digests of an edition for other readers are not published: they are where it was made, beside it.
    """
    listed = [item for report in manifest["rapporti"] for item in report.get("ingressi", []) if isinstance(item, dict)]
    read = {(str(item[trace.FILE]), str(item.get("sha256", ""))) for item in listed if trace.FILE in item}
    try:
        here = [(trace.FILE, str(root() / name), sha) for name, sha in sorted(read) if sha]
    except AnalisiError:
        here = []
    here += _recorded(folder) if not here else []
    return [item for item in here if trace.fingerprint(*item[:2]) == item[2]], len(read)


def _recorded(folder: Path) -> list[tuple[str, str, str]]:
    try:
        kept = json.loads((workroom(folder.resolve()) / RECORDS).read_text(encoding="ascii"))
        return sorted({tuple(item) for record in kept.values() for item in record["ingressi"] if item[0] == trace.FILE})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def workroom(output: Path) -> Path:
    """The hidden folder beside an edition where it is made."""
    return output.parent / f".{output.name}.lavoro"


def compared(folder: Path) -> str:
    """With how many of the files it was made from the edition can be compared here: "46 dei 51 file letti"."""
    found, count = _inputs(read_manifest(folder), folder)
    return f"{len(found)} {'del' if count == 1 else 'dei'} {count} file letti"


def summary(folder: Path) -> str:
    """How much was checked: "252 file (84 pagine), 80,1 MB"."""
    entries = _entries(read_manifest(folder))
    pages, size = sum(name.endswith(".html") for name in entries), sum(entry["byte"] for entry in entries.values())
    return f"{len(entries)} file ({pages} {'pagina' if pages == 1 else 'pagine'}), {size / 1e6:.1f} MB".replace(".", ",")


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of an edition, of the form we know.

    Raises:
        AnalisiError: it is missing, unreadable, of another schema, or lacks what we need.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        msg = f"{MANIFEST}: manca; «{folder.name}» non è la cartella di un'edizione, oppure la copia non è completa"
        raise AnalisiError(msg) from error
    except (OSError, ValueError, RecursionError) as error:
        msg = f"{MANIFEST}: non si può leggere; ripetere la copia, oppure rifare l'edizione"
        raise AnalisiError(msg) from error
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        msg = f"{MANIFEST}: schema sconosciuto (qui si legge lo schema {SCHEMA}); aggiornare il programma, o rifare l'edizione"
        raise AnalisiError(msg)
    fault = _malformed(manifest)
    if fault:
        msg = f"{MANIFEST}: {fault}; rifare l'edizione"
        raise AnalisiError(msg)
    return manifest


def listed(manifest: dict[str, Any]) -> list[str]:
    """Names of the files of the edition, the manifest aside."""
    return list(_entries(manifest))


def is_inside(name: str) -> bool:
    """Whether a name of the manifest is a plain relative path that Windows, macOS and Linux all keep inside the folder."""
    return not _UNFIT.search(name) and all(part.strip() == part and part.strip(".") and not part.endswith(".") for part in name.split("/"))


def _malformed(manifest: dict[str, Any]) -> str:
    """What the manifest lacks; the empty text when it has all."""
    edition, reports = manifest.get("edizione"), manifest.get("rapporti")
    if not isinstance(edition, dict) or not all(isinstance(edition.get(key), str) for key in ("nome", "titolo")):
        return "manca la descrizione dell'edizione (nome, titolo)"
    if not isinstance(reports, list):
        return "manca l'elenco dei rapporti"
    for position, report in enumerate(reports, start=1):
        if not isinstance(report, dict) or not all(isinstance(report.get(key), str) for key in ("nome", "notebook", "esito")):
            return f"il rapporto {position} non ha nome, notebook ed esito"
        if report["esito"] not in STATES:
            return f"il rapporto {position} ha un esito sconosciuto"
    seen: set[str] = set()
    for files in (manifest.get("file"), manifest.get("pdf", []), *(report.get("file", []) for report in reports)):
        if not isinstance(files, list):
            return "un elenco di file manca o non è un elenco"
        for entry in files:
            form = {"file": str, "byte": int, "sha256": str}
            if not isinstance(entry, dict) or not all(isinstance(entry.get(key), kind) for key, kind in form.items()):
                return "la voce di un file non ha nome, dimensione e impronta"
            if entry["file"].casefold() in seen:
                return f"«{entry['file']}» è elencato due volte (maiuscole e minuscole non contano)"
            seen.add(entry["file"].casefold())
    return ""


def _entries(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every listed file by name: of the edition, of its reports, and the PDFs of a package."""
    reports = [entry for report in manifest["rapporti"] for entry in report.get("file", [])]
    return {entry["file"]: entry for entry in [*manifest["file"], *reports, *manifest.get("pdf", [])]}


def _links(pages: dict[str, Page], files: set[str]) -> Iterator[str]:
    for name, page in pages.items():
        for link in page.links:
            target = _joined(name, unquote(re.split(r"[?#]", link)[0]))
            if target not in files:
                yield f"{name}: il collegamento «{link}» non porta a un file dell'edizione"


def _joined(page: str, link: str) -> str:
    """The file a link leads to, from the folder of the page; the empty text when it leaves the edition."""
    parts = list(PurePosixPath(page).parent.parts)
    for part in link.split("/"):
        if part == ".." and not parts:
            return ""
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _reports(manifest: dict[str, Any], entries: dict[str, Any], pages: dict[str, Page]) -> Iterator[str]:
    """A report that is ready has its page; the edition has its front page; what is synthetic says so, on the page as in the manifest."""
    if "index.html" not in entries:
        yield "index.html: la pagina iniziale non è elencata"
    for report in manifest["rapporti"]:
        if report["esito"] in READY:
            page = report.get("pagina")
            if page not in [entry["file"] for entry in report.get("file", [])] or not str(page).endswith(".html"):
                yield f"{report['nome']}: il rapporto risulta {report['esito']}, ma la sua pagina non è fra i file elencati"
            elif page in pages and pages[page].synthetic != bool(report.get("sintetici")):
                yield f"{page}: la pagina e {MANIFEST} non concordano sull'essere sintetici dei dati"


def strangers(folder: Path, listed_files: set[str]) -> Iterator[str]:
    """Files and links in the folder that are not among the listed ones; leftovers of the system aside."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if (path.is_symlink() or not path.is_dir()) and name not in listed_files and not _LEFTOVERS.fullmatch(path.name):
            yield name


def _safe(text: str) -> str:
    """A finding fit for a terminal and for everybody: no tax code in the name of a file, no control characters."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", "?", masked(text))
