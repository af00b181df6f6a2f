"""One report: the notebook is run, its page and files are made aside, and only a good report takes its place."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from analisi.errors import AnalisiError
from analisi.presentation.blocks import NO_PREVIEW
from analisi.reports.contract import Contract
from analisi.workspace import cache_folder, root


class RunFailed(AnalisiError):
    """A cell of the notebook ended in an error; the executed notebook is kept for inspection."""

    during_run = True


def default_output(contract: Contract, given: dict[str, Any]) -> Path:
    """reports/<notebook>-<year>, followed by whatever else makes the report another one: trimestre, provincia, territory, source..."""
    values = contract.complete(given)
    names = [contract.name] + ([str(values["anno"])] if "anno" in values else [])
    for name in ("trimestre", "provincia", "confronto", "territorio", "fonte"):
        if name in values and values[name] != contract.parameter(name).default:
            names.append(Path(str(values[name])).stem)
    return root() / "reports" / "-".join(names)


def run(contract: Contract, given: dict[str, Any], output: Path, *, progress: bool = False) -> Path:
    """Run a notebook with checked parameters and publish it in `output`; the path of the page.

    The page, the executed notebook, the workbook and dati/*.csv are made in a folder beside `output` and moved
    there at the end, the page last: whatever happens before, an older report stays as it was.

    Raises:
        RunFailed: a cell failed (which one, and its error), or the kernel died.
        AnalisiError: the folder cannot be written.
        KeyboardInterrupt: the run was stopped, by Ctrl-C or by a request to end.
    """
    if output.exists() and not output.is_dir():
        msg = f"--uscita {output}: esiste già e non è una cartella; sceglierne un'altra"
        raise AnalisiError(msg)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{output.name}-", dir=output.parent))
    except OSError as error:
        msg = f"{output.parent}: non si può scrivere ({error.strerror}); scegliere un'altra cartella con --uscita"
        raise AnalisiError(msg) from error
    try:
        with _stoppable() as stopped:
            _execute(contract, given, staging / f"{contract.name}.ipynb", progress)
            _export(contract.name, staging)
            if stopped:
                raise KeyboardInterrupt
            return _publish(staging, output, f"{contract.name}.html")
    except OSError as error:
        msg = f"{output}: la pubblicazione non è riuscita ({error.strerror}); il rapporto precedente, se c'era, è rimasto"
        raise RunFailed(msg) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def _stoppable() -> Iterator[list[int]]:
    """Signals that ask to stop raise KeyboardInterrupt and are noted, as an exception raised inside a callback may be lost."""
    noted: list[int] = []

    def stop(number: int, _frame: object) -> None:
        noted.append(number)
        raise KeyboardInterrupt

    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), stop) for name in names} if _in_main_thread() else {}
    try:
        yield noted
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _in_main_thread() -> bool:
    """Whether signals can be handled here."""
    return threading.current_thread() is threading.main_thread()


def _execute(contract: Contract, given: dict[str, Any], target: Path, progress: bool) -> None:
    import papermill
    from jupyter_client.kernelspec import NATIVE_KERNEL_NAME

    os.environ[NO_PREVIEW] = "1"
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what it would log is said below, in Italian
    shape = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} celle [{elapsed}, mancano {remaining}]"
    columns, lines = shutil.get_terminal_size()
    bar = {"desc": contract.name, "bar_format": shape, "ncols": columns, "nrows": lines}
    try:
        papermill.execute_notebook(
            contract.path,
            target,
            given,
            kernel_name=NATIVE_KERNEL_NAME,
            kernel_manager_class="analisi.reports.kernel.QuietKernelManager",
            progress_bar=bar if progress else False,
        )
    except papermill.PapermillExecutionError as error:
        cell = f"errore nella cella {_failed_cell(target)}: {error.ename}: {error.evalue}"
        msg = f"{contract.name}: {cell}\n{_keep(target)}"
        raise RunFailed(msg) from error
    except (OSError, KeyboardInterrupt):
        raise
    except Exception as error:  # whatever the kernel or its start may raise: no page, one clear line
        first = next(iter(str(error).strip().splitlines()), "senza messaggio")
        msg = f"{contract.name}: l'esecuzione si è interrotta ({type(error).__name__}: {first})\n{_keep(target)}"
        raise RunFailed(msg) from error
    finally:
        os.environ.pop(NO_PREVIEW, None)


def _keep(notebook: Path) -> str:
    """Keep an executed notebook in the cache, and say where."""
    if not notebook.is_file():
        return "Nessuna pagina pubblicata."
    kept = cache_folder() / "falliti" / notebook.name
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(notebook, kept)
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
            first = cell.source.strip().splitlines()[0] if cell.source.strip() else ""
            return f"{position - injected} («{first}»)"
    return "?"


def _export(name: str, staging: Path) -> None:
    import nbformat

    from analisi.reports.exporter import AnalisiExporter, add_previews

    notebook = nbformat.read(staging / f"{name}.ipynb", as_version=4)
    page, resources = AnalisiExporter().from_notebook_node(notebook, {"metadata": {"name": name}, "unique_key": name})
    (staging / f"{name}.html").write_text(page, encoding="utf-8", newline="\n")
    for file, data in resources["outputs"].items():
        path = staging / file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    add_previews(notebook)
    for key in ("input_path", "output_path"):  # papermill writes them whole, with the folders of this machine
        notebook.metadata.papermill[key] = Path(notebook.metadata.papermill[key]).name
    nbformat.write(notebook, staging / f"{name}.ipynb")


def _publish(staging: Path, output: Path, page: str) -> Path:
    """Move what was made to its place: the whole folder if there is none yet, else file by file, the page last."""
    if not output.exists():
        staging.chmod(0o755)
        staging.rename(output)
        return output / page
    made = sorted((path for path in staging.rglob("*") if path.is_file()), key=lambda path: path.name == page)
    for path in made:
        target = output / path.relative_to(staging)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
    return output / page
