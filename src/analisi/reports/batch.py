"""An edition made in one go: what must run is decided, run, and published as one."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from analisi import trace
from analisi.errors import AnalisiError, suggest
from analisi.reports import provenance, records
from analisi.reports.edition import Edizione, Rapporto
from analisi.reports.gate import require_open
from analisi.reports.index import comparison, render_index
from analisi.reports.pool import Pool, WorkerDied
from analisi.reports.publishing import DISK, Workshop, place_file
from analisi.reports.run import FAST, Job, Outcome, environment, produce, stoppable
from analisi.reports.verify import MANIFEST, SCHEMA, read_manifest
from analisi.workspace import root, shown

DONE, FAILED, MISSING, STALE = "riuscito", "non riuscito", "mancante", "da aggiornare"
_PAGE_TIME = 120.0  # seconds beyond the notebook's own limit, for the page
_MEMORY = 0.8  # of the machine's, shared by the processes, when the edition sets no limit


Made = tuple[dict[str, Any], tuple[dict[str, Any], Path] | None]  # the manifest entry of a report; its record and the folder of its files


@dataclass(frozen=True)
class Choice:
    """What is done with a report: made (and why), or kept (from where)."""

    report: Rapporto
    why: str = ""  # not empty: it is made
    record: dict[str, Any] | None = None
    source: Path | None = None  # folder with the files of a kept report
    state: str = DONE  # of a kept report
    entry: dict[str, Any] | None = None  # of a report that failed before and is not made now
    resumed: bool = False

    @property
    def words(self) -> str:
        """The decision as people read it."""
        if self.why:
            return f"da eseguire: {self.why}"
        return {MISSING: "resta mancante", FAILED: "resta non riuscito", STALE: "conservato, da aggiornare"}.get(
            self.state, "già fatto nell'esecuzione interrotta" if self.resumed else "invariato"
        )


@dataclass
class Result:
    """What a run of an edition did: manifest entries by report, in order, and whether something new was published."""

    folder: Path
    entries: list[dict[str, Any]] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)  # for analysts, by report
    notes: list[str] = field(default_factory=list)
    published: bool = False


def default_output(edition: Edizione) -> Path:
    """reports/edizione-<file>-<periodo>."""
    return (root() / "reports" / edition.nome).resolve()


def select(edition: Edizione, names: Iterable[str]) -> set[str]:
    """The reports named, with * and ? as in file names; all of them when none is named. Raises: AnalisiError for an unknown name."""
    every = [report.nome for report in edition.rapporti]
    chosen: set[str] = set()
    for name in names:
        found = [nome for nome in every if fnmatchcase(nome, name)]
        if not found:
            msg = f"--solo {name}: l'edizione non ha questo rapporto; {suggest(name, every)}"
            raise AnalisiError(msg)
        chosen.update(found)
    return chosen or set(every)


def decide(edition: Edizione, workshop: Workshop, chosen: set[str], *, anew: bool = False) -> list[Choice]:
    """What to do with each report, in the order of the edition. Nothing is written."""
    published, inputs = _read_json(workshop.records), cache(trace.fingerprint)
    entries = {entry["nome"]: entry for entry in _manifest(workshop.output).get("rapporti", [])}
    choices = []
    for report in edition.rapporti:
        name = report.nome
        record = published.get(name)
        record = record if record and name in entries and entries[name].get("chiave") == record["chiave"] else None
        waiting = _read_json(workshop.done / name / "scheda.json") or None
        if waiting and not anew and not records.why(report, waiting, inputs) and _intact(waiting, workshop.done / name):
            choices.append(Choice(report, record=waiting, source=workshop.done / name, resumed=True))
            continue
        reason = records.why(report, record, inputs)
        if record and not _intact(record, workshop.output):
            reason, record = reason or "file mancanti o alterati", None
        failed = entries[name] if name in entries and entries[name]["esito"] == FAILED else None
        if failed:
            reason = "non riuscito l'ultima volta"
        if name in chosen and (reason or anew):
            choices.append(Choice(report, "richiesto con --da-capo" if anew else reason))
        elif record:
            choices.append(Choice(report, record=record, source=workshop.output, state=STALE if reason else DONE))
        else:
            choices.append(Choice(report, state=FAILED if failed else MISSING, entry=failed))
    return choices


def _intact(record: dict[str, Any], folder: Path) -> bool:
    return all(trace.fingerprint(trace.FILE, str(folder / item["file"])) == item["sha256"] for item in record["scheda"]["file"])


def _manifest(folder: Path) -> dict[str, Any]:
    """The manifest of the edition in place; nothing when there is none, or it is not of our form."""
    try:
        return read_manifest(folder)
    except AnalisiError:
        return {}


def _read_json(path: Path) -> dict[str, Any]:
    """Content of a file of ours; nothing when it is not there or was damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def run_edition(
    edition: Edizione,
    output: Path,
    *,
    processes: int,
    only: Iterable[str] = (),
    anew: bool = False,
    engine: str = FAST,
    start: str | None = None,
    executor: Executor | None = None,
    told: Callable[[str, Any], None] = lambda event, what: None,
) -> Result:
    """Make what must be made and publish the edition in `output`, whole, in one step.

    Args:
        processes: how many reports are made at once. only: names of the reports to make; the others stay as they are.
        anew: make them even if nothing changed. executor: anything like concurrent.futures; by default a pool of this machine.
        told: is told ("scelte", choices), then ("fatto", (manifest entry, error)) for each report as it ends.

    Raises:
        AnalisiError: nothing could start, or the disk refuses; reports made so far are kept for the next time.
        Closed: something in the edition may not leave.
        KeyboardInterrupt: the run was stopped; the same.
    """
    workshop = Workshop(output)
    with workshop.opened(shown(edition.file)), stoppable() as stopped:
        choices = decide(edition, workshop, select(edition, only), anew=anew)
        told = _harmless(told)
        told("scelte", choices)
        result = Result(output)
        result.kept = [choice.report.nome for choice in choices if not choice.why and choice.record]
        made = _make(edition, workshop, choices, processes, engine, start, executor, result, told, stopped)
        entries = [made.get(choice.report.nome) or _kept(choice) for choice in choices]
        if made:
            _mark_moved(entries, result)
        result.entries = [entry for entry, _ in entries]
        _assemble(edition, workshop, entries, result)
        return result


def _harmless(told: Callable[[str, Any], None]) -> Callable[[str, Any], None]:
    """Tell, if there still is who listens: a closed terminal must not stop the run."""

    def tell(event: str, what: Any) -> None:
        with suppress(OSError):
            told(event, what)

    return tell


def _mark_moved(entries: list[Made], result: Result) -> None:
    """Mark the reports whose data changed between their reading and now: one edition must not mix two versions of a file in silence."""
    now = cache(trace.fingerprint)
    for entry, source in entries:
        read = source[0]["ingressi"] if source else []
        moved = [shown(Path(path)) for kind, path, sha in read if kind != trace.OTHER and now(kind, path) != sha]
        if moved and entry["esito"] == DONE:
            entry |= {"esito": STALE, "motivo": "i dati sono cambiati mentre l'edizione si faceva"}
            result.errors[entry["nome"]] = f"{moved[0]} è cambiato mentre l'edizione si faceva; ripetere il comando"


def _kept(choice: Choice) -> Made:
    if choice.record is None:
        return choice.entry or _entry(choice.report), None
    old = choice.record["scheda"] | {"gruppo": choice.report.gruppo, "esito": choice.state}
    old["motivo"] = "i dati o il programma sono cambiati dopo questa pagina" if choice.state == STALE else ""
    return old, (choice.record, choice.source)


def _entry(report: Rapporto) -> dict[str, Any]:
    """The manifest entry of a report, before it is made."""
    return {
        "nome": report.nome, "titolo": report.notebook.title, "sottotitolo": "", "gruppo": report.gruppo, "notebook": report.notebook.name,
        "provincia": report.provincia, "luogo": report.luogo, "parametri": _shown_parameters(report.parametri), "esito": MISSING,
        "motivo": "", "perche": "", "chiave": "", "pagina": "", "sintetici": False, "cifre": [], "ingressi": [], "file": [], "durata": {},
    }  # fmt: skip


def _shown_parameters(values: dict[str, Any]) -> dict[str, Any]:
    """Parameters as a published file may show them: paths outside of the workspace by name only."""
    return {name: shown(Path(value)) if isinstance(value, str) and Path(value).is_absolute() else value for name, value in values.items()}


def _make(
    edition: Edizione,
    workshop: Workshop,
    choices: list[Choice],
    processes: int,
    engine: str,
    start: str | None,
    executor: Executor | None,
    result: Result,
    told: Callable[[str, Any], None],
    stopped: list[int],
) -> dict[str, Made]:
    """Make the reports chosen, the longest of last time first; their entries by name."""
    todo = [choice for choice in choices if choice.why]
    if not todo:
        return {}
    before = {name: record["scheda"].get("durata", {}).get("calcolo", 0.0) for name, record in _read_json(workshop.records).items()}
    todo.sort(key=lambda choice: -before.get(choice.report.nome, float("inf")))
    own = executor is None
    processes = max(1, min(processes, len(todo)))
    memory = edition.memoria_massima * 1_000_000 or int(psutil.virtual_memory().total * _MEMORY / processes)
    commit = provenance.commit()
    if executor is None:
        longest = max(choice.report.tempo_massimo for choice in todo)
        _prepare(processes)
        executor = Pool(processes, start or "forkserver", longest + _PAGE_TIME)
    made: dict[str, Made] = {}
    waiting: dict[Future[Outcome], tuple[Choice, dict[str, Any]]] = {}
    finished = False
    try:
        for choice in todo:
            report, folder = choice.report, workshop.making / choice.report.nome / choice.report.nome
            folder.mkdir(parents=True)
            job = Job(
                report.notebook.path, report.nome, report.parametri, folder, engine, start, report.tempo_massimo, memory,
                workshop.readings, result.folder.name, commit, root(), report.piano,
            )  # fmt: skip
            waiting[executor.submit(produce, job)] = (choice, records.parts(report))
        for future in as_completed(waiting):
            if stopped:
                raise KeyboardInterrupt
            choice, made_from = waiting[future]
            outcome = _outcome(future)
            if not outcome.error and records.parts(choice.report) != made_from:
                words = "il notebook è cambiato mentre era eseguito"
                outcome = Outcome(error=f"{words}; ripetere il comando", reason=words)
            if outcome.note and outcome.note not in result.notes:
                result.notes.append(outcome.note)
            made[choice.report.nome] = _finish(choice, made_from, outcome, workshop)
            result.made.append(choice.report.nome)
            if outcome.error:
                result.errors[choice.report.nome] = outcome.error
            told("fatto", (made[choice.report.nome][0], outcome.error))
        finished = True
    finally:
        if own:
            executor.shutdown(wait=finished, cancel_futures=True)
        elif not finished:
            for future in waiting:
                future.cancel()
    return made


def _prepare(processes: int) -> None:
    """Set what the warm processes inherit: threads that fit beside each other."""
    threads = max(1, (os.cpu_count() or 1) // processes)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("POLARS_MAX_THREADS", str(threads))


def _outcome(future: Future[Outcome]) -> Outcome:
    """What became of a report. Raises: OSError, when the disk refuses: the whole run ends."""
    try:
        return future.result()
    except WorkerDied as error:
        words = "il processo che faceva la pagina è terminato"
        return Outcome(error=f"{words} (stato {error.status})", reason=words)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in DISK:
            raise
        words = f"errore del programma ({type(error).__name__})"
        return Outcome(error=words, reason=words)


def _finish(choice: Choice, made_from: dict[str, Any], outcome: Outcome, workshop: Workshop) -> Made:
    """Keep a good report among the done, with its record; a failed one leaves only its entry."""
    report, making = choice.report, workshop.making / choice.report.nome
    entry = _entry(report) | {"perche": choice.why}
    if outcome.error:
        shutil.rmtree(making)
        return entry | {"esito": FAILED, "motivo": outcome.reason}, None
    files = sorted(path for path in making.rglob("*") if path.is_file())
    entry |= {
        "titolo": outcome.page["titolo"], "sottotitolo": outcome.page["sottotitolo"], "esito": DONE,
        "chiave": "" if report.piano else records.key(made_from, outcome.inputs), "pagina": f"{report.nome}/{report.nome}.html",
        "sintetici": outcome.page["sintetici"], "cifre": outcome.page["cifre"],
        "ingressi": [_input(report, *read) for read in outcome.inputs],
        "file": [_described(path, making) for path in files], "durata": outcome.seconds,
    }  # fmt: skip
    record = {"parti": made_from, "ingressi": outcome.inputs, "chiave": entry["chiave"], "scheda": entry}
    (making / "scheda.json").write_text(json.dumps(record), encoding="ascii")
    place = workshop.done / report.nome
    shutil.rmtree(place, ignore_errors=True)
    making.rename(place)
    return entry, (record, place)


def _input(report: Rapporto, kind: str, path: str, sha: str) -> dict[str, str]:
    """An input as the manifest tells it. Other readers than the internal ones have no digest: they could try guesses of what is hidden."""
    return {kind: _legible(path) if kind != trace.OTHER else path} | ({} if report.piano else {"sha256": sha})


def _legible(path: str) -> str:
    """A path as a published file may show it, even where its name is not UTF-8."""
    return shown(Path(path)).encode("utf-8", "replace").decode("utf-8")


def _described(path: Path, folder: Path) -> dict[str, Any]:
    return {
        "file": path.relative_to(folder).as_posix(),
        "byte": path.stat().st_size,
        "sha256": trace.fingerprint(trace.FILE, str(path)),
    }


def _assemble(
    edition: Edizione,
    workshop: Workshop,
    entries: list[Made],
    result: Result,
) -> None:
    """Put the edition together and, past the gate, in its place; nothing is touched when it would be the same."""
    manifest = {
        "schema": SCHEMA,
        "edizione": {
            "nome": result.folder.name, "titolo": edition.titolo, "periodo": edition.periodo, "profilo": edition.profilo,
            "file": shown(edition.file), "sintetici": any(entry["sintetici"] for entry, _ in entries), "gruppi": list(edition.gruppi),
        },
        "creata": datetime.now().astimezone().isoformat(timespec="seconds"),
        "rapporti": [entry for entry, _ in entries],
        "versioni": {"Python": records.installed()["Python"], **{name: version(name) for name in provenance.PACKAGES}},
        "codice": records.code(),
    }  # fmt: skip
    if _same(manifest, workshop.output):
        return
    workshop.new.mkdir()
    for _, source in entries:
        if source:
            for item in source[0]["scheda"]["file"]:
                place_file(source[1] / item["file"], workshop.new / item["file"])
    table = comparison(manifest)
    if table is not None:
        (workshop.new / "confronto.csv").write_bytes(table)
    (workshop.new / "index.html").write_text(render_index(manifest), encoding="utf-8", newline="\n")
    manifest["file"] = [
        _described(workshop.new / name, workshop.new) for name in ("confronto.csv", "index.html") if (workshop.new / name).exists()
    ]
    (workshop.new / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
    kept = {entry["nome"]: source[0] for entry, source in entries if source}
    with environment({trace.READINGS: str(workshop.readings)}):
        _require_protected(edition, workshop.new, kept)
    require_open(workshop.new, edition.profilo, (read for record in kept.values() for read in record["ingressi"]))
    aside = workshop.records.with_suffix(".nuovo")
    aside.write_text(json.dumps(kept), encoding="ascii")
    aside.replace(workshop.records)
    workshop.publish()
    result.published = True


def _require_protected(edition: Edizione, folder: Path, kept: Iterable[str]) -> None:
    """Raises: AnalisiError when what is put together for other readers than the internal ones betrays what is hidden."""
    reports = [report for report in edition.rapporti if report.piano and report.nome in kept]
    if reports:
        from analisi.reports.audit import Pubblicato, require_protected

        published = [Pubblicato(folder / report.nome, report.notebook.cifre, report.parametri) for report in reports]
        require_protected(published, reports[0].piano)


def _same(manifest: dict[str, Any], published: Path) -> bool:
    """Whether the edition in place says the same, and its own files are as they were."""
    old = _manifest(published)
    files = old.pop("file", [])
    whole = bool(files) and all(trace.fingerprint(trace.FILE, str(published / item["file"])) == item["sha256"] for item in files)
    return whole and old | {"creata": ""} == manifest | {"creata": ""}
