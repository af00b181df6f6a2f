"""One report: the notebook is run, its page and files are made aside, and only a good report takes its place."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import current_process
from pathlib import Path
from typing import Any

from analisi import trace
from analisi.errors import AnalisiError
from analisi.presentation.blocks import NO_PREVIEW
from analisi.presentation.riservatezza import PIANO, plan_of
from analisi.reports.contract import Contract
from analisi.reports.provenance import COMMIT
from analisi.vocabulary import INTERNO
from analisi.workspace import WORKSPACE, cache_folder, masked, move_to, root, shown

FAST, KERNEL = "veloce", "kernel"  # the engines: ours, and papermill's own
UNKNOWN = (trace.OTHER, "ignoti", "?")  # a fingerprint that nothing has: the report is always made again
OWN_ERRORS = ("AnalisiError", "TempoMassimo", "ProcessoTerminato")
STOPPED = "il calcolo si è interrotto per un errore del programma"
NOT_A_PAGE = "il notebook mostra qualcosa che una pagina non può avere"


class RunFailed(AnalisiError):
    """A cell of the notebook ended in an error; the executed notebook is kept for inspection. `reason` says it in plain words."""

    during_run = True

    def __init__(self, text: str, reason: str = STOPPED) -> None:
        """`reason` is for the readers of an edition, who see no cell and no class of error."""
        super().__init__(text)
        self.reason = reason


def default_output(contract: Contract, given: dict[str, Any]) -> Path:
    """reports/<notebook>-<year>, followed by whatever else makes the report another one: trimestre, provincia, territory, source..."""
    values = contract.complete(given)
    names = [contract.name] + ([str(values["anno"])] if "anno" in values else [])
    for name in ("trimestre", "bimestre", "data_riferimento", "provincia", "confronto", "territorio", "fonte", "profilo"):
        if name in values and values[name] != contract.parameter(name).default:
            names.append(Path(str(values[name])).stem)
    return root() / "reports" / "-".join(names)


@dataclass(frozen=True)
class Job:
    """One report to make: a notebook with its parameters, in an empty folder. It can be sent to another process or machine."""

    notebook: Path
    name: str  # of the page and of the files beside it
    parameters: dict[str, Any]
    folder: Path
    engine: str = FAST
    start: str | None = None  # how the process of the notebook starts: forkserver, spawn, or what suits the system
    time_limit: float | None = None  # seconds
    memory_limit: int | None = None  # bytes
    readings: Path | None = None  # folder where what is read is kept, for the other reports of a batch and for the publication
    edition: str = ""  # its name, where the notebook of a failed report is kept
    revision: str = ""  # the commit, when already known
    workspace: Path | None = None  # also where relative paths of the parameters are read from
    plan: str = ""  # the reports published together with it for other readers than the internal ones
    progress: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a job: an error in Italian, for analysts, with its reason for readers; or what the page says of itself."""

    error: str = ""
    reason: str = ""
    page: dict[str, Any] = field(default_factory=dict)  # titolo, sottotitolo, sintetici, cifre
    inputs: list[tuple[str, str, str]] = field(default_factory=list)  # kind, absolute path, sha256
    seconds: dict[str, float] = field(default_factory=dict)
    note: str = ""  # why it did not start as asked


def produce(job: Job) -> Outcome:
    """Run the notebook and make its page, workbook and data in the job's folder. Errors of the report are told in the outcome.

    Raises:
        OSError: the folder cannot be written.
        KeyboardInterrupt: the run was stopped.
    """
    if job.workspace:
        move_to(job.workspace)
    if current_process().daemon:  # a worker of a cluster, which its keeper ends; it still needs a process for each notebook
        current_process()._config["daemon"] = False
    target, trace_file = job.folder / f"{job.name}.ipynb", job.folder / ".letti"
    begun = time.perf_counter()
    try:
        _execute(job, target, trace_file)
        executed = time.perf_counter()
        page = _export(job.name, target, job.edition)
    except RunFailed as error:
        return Outcome(error=str(error), reason=error.reason)
    notes = page.pop("analisi", {})
    traced, seen = trace_file.exists(), trace.read(trace_file)
    trace_file.unlink(missing_ok=True)
    changed = next((path for kind, path, state in seen if state and trace.state(kind, path) != state), None)
    if changed:
        words = f"{shown(Path(changed))} è cambiato mentre il rapporto lo leggeva"
        return Outcome(error=f"{job.name}: {words}; eseguire di nuovo", reason=words)
    inputs = sorted({(kind, path, _recorded(kind, path, state)) for kind, path, state in seen}) if traced else [UNKNOWN]
    seconds = {"calcolo": round(executed - begun, 3), "pagina": round(time.perf_counter() - executed, 3)}
    return Outcome(page=page, inputs=inputs, seconds=seconds, note=notes.get("nota", ""))


@cache  # by state: the reports of a worker share most of what they read
def _recorded(kind: str, path: str, state: str) -> str:
    """The fingerprint of an input as the run found it: absent, unknowable, or of its bytes."""
    return "" if not state else "?" if kind == trace.OTHER else trace.fingerprint(kind, path)


def run(contract: Contract, given: dict[str, Any], output: Path, *, engine: str = FAST, progress: bool = False) -> Path:
    """Run a notebook with checked parameters and publish it in `output`; the path of the page.

    The page, the executed notebook, the workbook and dati/*.csv are made in a folder beside `output` and moved
    there at the end, the page last: whatever happens before, an older report stays as it was.

    Raises:
        RunFailed: a cell failed (which one, and its error), or the kernel died.
        Closed: something in the report may not leave.
        AnalisiError: the folder cannot be written.
        KeyboardInterrupt: the run was stopped, by Ctrl-C or by a request to end.
    """
    if output.exists() and not output.is_dir():
        msg = f"--uscita {output}: esiste già e non è una cartella; sceglierne un'altra"
        raise AnalisiError(msg)
    staging = staging_beside(output)
    values = contract.complete(given)
    profilo = values.get("profilo", INTERNO)
    plan = "" if profilo == INTERNO else plan_of([(contract.cifre, values)])
    readings = staging / ".letture" if plan else None  # what is decided for the page is what its files are compared with
    if readings:
        readings.mkdir()
    job = Job(contract.path, contract.name, given, staging, engine, "spawn", readings=readings, plan=plan, progress=progress)
    from analisi.presentation import svg  # here: two threads that import the same libraries at once may find them half made

    threading.Thread(target=svg.warm, daemon=True).start()
    try:
        with stoppable() as stopped:
            outcome = produce(job)
            if stopped:
                raise KeyboardInterrupt
            if outcome.error:
                raise RunFailed(outcome.error, outcome.reason)
            from analisi.reports.gate import require_open  # here: it brings what the start of a notebook need not wait for

            if readings:
                from analisi.reports.audit import Pubblicato, require_protected

                with environment({trace.READINGS: str(readings)}):
                    require_protected([Pubblicato(staging, contract.cifre, values)], plan)
                shutil.rmtree(readings, ignore_errors=True)
            require_open(staging, profilo, outcome.inputs)
            return publish_folder(staging, output, f"{contract.name}.html")
    except OSError as error:
        msg = f"{output}: la pubblicazione non è riuscita ({error.strerror}); il rapporto precedente, se c'era, è rimasto"
        raise RunFailed(msg) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def staging_beside(output: Path) -> Path:
    """A new hidden folder beside the one to publish in. Raises: AnalisiError when it cannot be written."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{output.name}-", dir=output.parent))
    except OSError as error:
        msg = f"{output.parent}: non si può scrivere ({error.strerror}); scegliere un'altra cartella con --uscita"
        raise AnalisiError(msg) from error


@contextmanager
def stoppable() -> Iterator[list[int]]:
    """Signals that ask to stop raise KeyboardInterrupt and are noted, as one raised inside a callback is lost (and, here, not printed)."""
    noted: list[int] = []

    def stop(number: int, _frame: object) -> None:
        noted.append(number)
        raise KeyboardInterrupt

    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), stop) for name in names} if _in_main_thread() else {}
    hook = sys.unraisablehook
    sys.unraisablehook = lambda lost: None if isinstance(lost.exc_value, KeyboardInterrupt) else hook(lost)
    try:
        yield noted
    finally:
        sys.unraisablehook = hook
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _in_main_thread() -> bool:
    """Whether signals can be handled here."""
    return threading.current_thread() is threading.main_thread()


def _execute(job: Job, target: Path, trace_file: Path) -> None:
    import papermill
    from jupyter_client.kernelspec import NATIVE_KERNEL_NAME

    from analisi.reports import engine
    from analisi.reports.kernel import TRACE

    variables = {NO_PREVIEW: "1", trace.READINGS: str(job.readings or ""), WORKSPACE: str(job.workspace or root())}
    variables |= {COMMIT: job.revision} if job.revision else {}
    variables |= {PIANO: job.plan}
    if job.engine == KERNEL:
        variables[TRACE] = str(trace_file)
        how = {"kernel_manager_class": "analisi.reports.kernel.QuietKernelManager", "execution_timeout": job.time_limit}
    else:
        limits = {"time_limit": job.time_limit, "memory_limit": job.memory_limit}
        how = {
            "engine_name": engine.NAME,
            "request_save_on_cell_execute": False,
            "start_method": job.start,
            "trace_file": str(trace_file),
            **limits,
        }
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what it would log is said below, in Italian
    shape = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} celle [{elapsed}, mancano {remaining}]"
    columns, lines = shutil.get_terminal_size()
    bar = {"desc": job.name, "bar_format": shape, "ncols": columns, "nrows": lines}
    try:
        with environment(variables):
            papermill.execute_notebook(
                job.notebook,
                target,
                job.parameters,
                kernel_name=NATIVE_KERNEL_NAME,
                cwd=job.workspace,
                progress_bar=bar if job.progress else False,
                **how,
            )
    except papermill.PapermillExecutionError as error:
        words = f"{error.ename}: {masked(error.evalue)}" if error.ename in (*OWN_ERRORS, "AssertionError") else error.ename
        msg = f"{job.name}: errore nella cella {_failed_cell(target)}: {words}\n{_keep(target, job.edition)}"
        raise RunFailed(msg, _reason(error.ename, error.evalue)) from error
    except (OSError, KeyboardInterrupt):
        raise
    except Exception as error:  # whatever the kernel or its start may raise: no page, one clear line
        first = next(iter(str(error).strip().splitlines()), "senza messaggio")
        msg = f"{job.name}: l'esecuzione si è interrotta ({type(error).__name__}: {masked(first)})\n{_keep(target, job.edition)}"
        raise RunFailed(msg) from error


@contextmanager
def environment(changes: dict[str, str]) -> Iterator[None]:
    """Variables of this process set for a while."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _reason(ename: str, evalue: str) -> str:
    """Why a report is missing, for its readers: our own errors are written for people, others are not."""
    if ename in OWN_ERRORS:
        return masked(next(iter(evalue.strip().splitlines()), STOPPED))
    return "la memoria non è bastata" if ename == "MemoryError" else STOPPED


def _keep(notebook: Path, edition: str) -> str:
    """Keep an executed notebook in the cache, for its owner's eyes only, and say where."""
    if not notebook.is_file():
        return "Nessuna pagina pubblicata."
    kept = cache_folder() / "falliti" / edition / notebook.name
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.parent.chmod(0o700)
    shutil.copyfile(notebook, kept)
    kept.chmod(0o600)
    return f"Nessuna pagina pubblicata. Notebook eseguito, da ispezionare: {kept}"


def _failed_cell(notebook: Path) -> str:
    """Number of the failed cell as in the notebook of the analyst, and its first line."""
    import nbformat

    cells = [
        cell for cell in nbformat.read(notebook, as_version=4).cells if "papermill-error-cell-tag" not in cell.metadata.get("tags", [])
    ]
    injected = False
    for position, cell in enumerate(cells, start=1):
        injected |= "injected-parameters" in cell.metadata.get("tags", [])
        if cell.cell_type == "code" and any(output.output_type == "error" for output in cell.outputs):
            first = masked(cell.source.strip().splitlines()[0]) if cell.source.strip() else ""
            return f"{position - injected} («{first}»)"
    return "?"


@cache
def exporter_of_pages() -> Any:
    """The exporter, made once: its templates are read and compiled only then."""
    from analisi.reports.exporter import AnalisiExporter

    return AnalisiExporter()


def _export(name: str, executed: Path, edition: str = "") -> dict[str, Any]:
    """Make the page and the files beside the executed notebook; what the page says of itself, and papermill's notes on the run.

    Raises:
        RunFailed: what the notebook shows cannot be a page.
    """
    import nbformat

    from analisi.reports.exporter import add_previews

    notebook = nbformat.read(executed, as_version=4)
    try:
        page, resources = exporter_of_pages().from_notebook_node(notebook, {"metadata": {"name": name}, "unique_key": name})
    except AnalisiError as error:
        msg = f"{name}: {error}\n{_keep(executed, edition)}"
        raise RunFailed(msg, NOT_A_PAGE) from error
    executed.with_suffix(".html").write_text(page, encoding="utf-8", newline="\n")
    for file, data in resources["outputs"].items():
        path = executed.parent / file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    add_previews(notebook)
    _hide_folders(notebook)
    _stop_clocks(notebook)
    notes = notebook.metadata.papermill.get("analisi", {})
    nbformat.write(notebook, executed)
    return {key: resources["pagina"][key] for key in ("titolo", "sottotitolo", "sintetici", "cifre")} | {"analisi": notes}


def _hide_folders(notebook: Any) -> None:
    """Leave out of an executed notebook the folders of this machine: papermill writes them where it tells paths and parameters."""
    notes = notebook.metadata.papermill
    for key in ("input_path", "output_path"):
        notes[key] = Path(notes[key]).name
    for name, value in notes.parameters.items():
        if isinstance(value, str) and Path(value).is_absolute():
            notes.parameters[name] = shown(Path(value))
            for cell in (cell for cell in notebook.cells if "injected-parameters" in cell.metadata.get("tags", [])):
                cell.source = cell.source.replace(json.dumps(value)[1:-1], notes.parameters[name]).replace(value, notes.parameters[name])


def _stop_clocks(notebook: Any) -> None:
    """Leave out of an executed notebook when it ran and for how long: the same report has the same bytes."""
    for notes in (notebook.metadata.papermill, *(cell.metadata.get("papermill", {}) for cell in notebook.cells)):
        for key in ("start_time", "end_time", "duration"):
            notes.pop(key, None)
    for position, cell in enumerate(notebook.cells):
        cell.metadata.pop("execution", None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.id = f"parametri-{position}"  # papermill draws it


def publish_folder(staging: Path, output: Path, page: str) -> Path:
    """Move what was made to its place: the whole folder if there is none yet, else file by file, the page last.

    Data files of an earlier run that this one did not make (of another profile, say) go first.
    """
    if not output.exists():
        staging.chmod(0o755)
        staging.rename(output)
        return output / page
    made = sorted((path for path in staging.rglob("*") if path.is_file()), key=lambda path: path.name == page)
    if (output / page).is_file():
        for old in {path.name for path in (output / "dati").glob("*.csv")} - {path.name for path in made}:
            (output / "dati" / old).unlink()
    for path in made:
        target = output / path.relative_to(staging)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
    return output / page
