"""The fast engine of papermill: each notebook runs in a process of its own, ready before it is needed and thrown away after."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import types
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import connection, parent_process, util
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

import psutil
from jupyter_core.utils import run_sync
from nbclient.client import timestamp
from nbclient.exceptions import CellExecutionComplete, CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
from papermill.log import logger

from analisi.reports import kernel

NAME = "analisi"
FORK, SPAWN = "forkserver", "spawn"
PRELOAD = ["analisi.reports.warm"]
START_LIMIT = 60.0  # seconds for a process to be ready, imports from a cold disk included
GRACE = 5.0  # seconds left to a notebook that is asked to stop
SAVE_EVERY = 2.0  # seconds
_MARK = "ANALISI_PROCESSO"  # variable by which the processes of a notebook are known
DEATHS = {
    "SIGKILL": "ucciso dal sistema (SIGKILL): forse memoria esaurita",
    "SIGSEGV": "errore di memoria in una libreria (SIGSEGV)",
    "SIGABRT": "una libreria ha rinunciato (SIGABRT): forse memoria esaurita",
}


def context(method: str | None = None) -> BaseContext:
    """How processes start: forked from one that has imported everything (Linux), or anew (elsewhere, or when asked)."""
    found = multiprocessing.get_context(FORK if method != SPAWN and sys.platform == "linux" else SPAWN)
    found.set_forkserver_preload(PRELOAD)
    return found


class NotStarted(Exception):
    """A process that cannot run a notebook, with the reason."""


class Unsafe(NotStarted):
    """A process forked from one with threads; it will not be better next time."""


class _Child:
    """A process that waits for a notebook, and the pipe to it."""

    def __init__(self, method: str, note: str = "") -> None:
        found = context(method)
        self.method, self.note, self.mark, self.expired = found.get_start_method(), note, uuid.uuid4().hex, False
        self.session = kernel.unsigned_session()
        self._sending, self._guard = threading.Lock(), None
        self._pipe, theirs = found.Pipe()
        self._process = found.Process(target=kernel.child, args=(theirs, self.method == FORK), name="notebook")
        try:
            with no_main_module():
                self._process.start()
        except (OSError, EOFError) as error:
            self._pipe.close()
            msg = f"il processo non parte ({type(error).__name__})"
            raise NotStarted(msg) from error
        finally:
            theirs.close()

    def ready(self) -> _Child:
        """The child itself, once it can run a notebook. Raises: NotStarted, when it never will."""
        word, what = "", "il processo non risponde"
        try:
            if self._pipe.poll(START_LIMIT):
                word, what = self._pipe.recv()
        except (OSError, EOFError):
            what = "il processo è terminato alla partenza"
        if word == kernel.READY and self._process.is_alive():
            self.language = what
            return self
        self.kill()
        if word == kernel.UNSAFE:
            msg = f"il processo da cui nascono gli altri ha altri thread ({what})"
            raise Unsafe(msg)
        raise NotStarted(what)

    def begin(self, time_limit: float | None, environment: dict[str, str], **job: Any) -> None:
        """Give it its job; from now on it is watched."""
        self.send({"environment": environment | {_MARK: self.mark}, **job})
        self._guard = threading.Thread(target=self._watch, args=(time_limit,), daemon=True)
        self._guard.start()

    def _watch(self, time_limit: float | None) -> None:
        """Interrupt the process past its time; when it ends, or will not, end its group: who reads the pipe never waits forever."""
        if not connection.wait([self._process.sentinel], time_limit):
            self.expired = True
            self.send(kernel.INTERRUPT)
            connection.wait([self._process.sentinel], GRACE)
        self._kill_group()

    def send(self, what: object) -> None:
        """Send an order; to a dead process, nothing: the reader learns of it."""
        with self._sending, suppress(OSError):
            self._pipe.send(what)

    def post(self, message: dict[str, Any]) -> None:
        self.send(self.session.serialize(message))

    def receive(self) -> tuple[str, dict[str, Any]]:
        """The next message and its channel. Raises: EOFError or OSError when the process is gone."""
        channel, frames = self._pipe.recv()
        return channel, self.session.deserialize(self.session.feed_identities(frames)[1])

    def death(self) -> str:
        """How the process died, in words."""
        self._process.join(GRACE)
        status = self._process.exitcode
        if status is None or status >= 0:
            return f"il processo del notebook è terminato da solo (stato {status})"
        name = signal.Signals(-status).name
        return f"il processo del notebook è terminato: {DEATHS.get(name, f'segnale {name}')}"

    def end(self) -> None:
        """Let what the notebook leaves at its end be closed, then kill whatever remains of it."""
        family = self._family()
        self.send(kernel.FINISH)
        connection.wait([self._process.sentinel], GRACE)
        self.kill(family)

    def kill(self, family: list[psutil.Process] | None = None) -> None:
        """Kill the process and all it has started, and wait for its end."""
        family = self._family() if family is None else family
        self._kill_group()
        for process in family:
            with suppress(psutil.Error):
                process.kill()
        self._process.join()
        if self._guard:
            self._guard.join()
        self._pipe.close()
        self._process.close()

    def _family(self) -> list[psutil.Process]:
        """What the notebook has started: the processes below its own or, when that is gone, those with its mark."""
        with suppress(psutil.Error):
            if self._process.is_alive():
                return psutil.Process(self._process.pid).children(recursive=True)
        return [process for process in psutil.process_iter() if _marked(process, self.mark)]

    def _kill_group(self) -> None:
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()


def _marked(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(_MARK) == mark
    except psutil.Error:
        return False


@contextmanager
def no_main_module() -> Iterator[None]:
    """Hide the caller's main module, which processes would run again for nothing (and scripts seldom expect it)."""
    main, sys.modules["__main__"] = sys.modules["__main__"], types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


_spare: _Child | None = None
_refusal = ""  # why processes are not forked here, once it is known
_runs = 0


def _ready_child(method: str | None) -> _Child:
    """The spare if it will do, else a new one: started anew when forking fails. Raises: NotStarted."""
    global _spare, _refusal
    wanted = SPAWN if _refusal else context(method).get_start_method()
    spare, _spare = _spare, None
    if spare and spare.method != wanted:
        spare.kill()
    elif spare:
        with suppress(NotStarted):
            return spare.ready()
    try:
        return _Child(wanted, _refusal if method != SPAWN else "").ready()
    except NotStarted as error:
        if wanted == SPAWN:
            raise
        note = f"avvio «{SPAWN}» invece di «{FORK}»: {error}"
        _refusal = note if isinstance(error, Unsafe) else ""
        return _Child(SPAWN, note).ready()


def _keep_spare(like: _Child) -> None:
    """Start the process of the next notebook, where one is to be expected: in workers, and from the second run on."""
    global _spare, _runs
    if _runs == 0:
        util.Finalize(None, close, exitpriority=100)  # before multiprocessing joins its processes
    _runs += 1
    if parent_process() or _runs > 1:
        with suppress(NotStarted):
            _spare = _Child(like.method, like.note)


def close() -> None:
    """End the spare process, if there is one."""
    global _spare
    spare, _spare = _spare, None
    if spare:
        spare.kill()


class AnalisiEngine(Engine):
    """Runs Python notebooks as papermill's own engine does, in a process of ours."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        start_method: str | None = None,
        time_limit: float | None = None,
        memory_limit: int | None = None,
        trace_file: str | None = None,
        environment: dict[str, str] | None = None,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        **_: Any,
    ) -> None:
        """Run the cells from the current folder, with the current environment and its changes.

        Args:
            time_limit: seconds for the whole notebook. memory_limit: bytes of data the process may have.
            trace_file: where what the notebook reads is noted. start_method: forkserver, spawn, or what suits the system.
        """
        child = _ready_child(start_method)
        try:
            variables = {**os.environ, **(environment or {})}
            child.begin(time_limit, cwd=str(Path.cwd()), environment=variables, memory_limit=memory_limit, trace_file=trace_file)
            _keep_spare(child)
            nb_man.nb.metadata.papermill["analisi"] = {"avvio": child.method, "nota": child.note}
            with _rare_saves(nb_man):
                files = {"stdout_file": stdout_file, "stderr_file": stderr_file}
                _Client(nb_man, child, time_limit, log=logger, log_output=log_output, **files).execute()
            child.end()
        except BaseException:
            child.kill()
            raise


@contextmanager
def _rare_saves(nb_man: NotebookExecutionManager) -> Iterator[None]:
    """Save the notebook every few seconds instead of twice a cell; papermill saves it at the end, whatever happens."""
    save = nb_man.save

    def save_if_due(**kwargs: Any) -> None:
        if (nb_man.now() - nb_man.last_save_time).total_seconds() >= SAVE_EVERY:
            save(**kwargs)

    nb_man.save = save_if_due
    try:
        yield
    finally:
        del nb_man.save


class _Client(PapermillNotebookClient):
    """papermill's client, its cells run one message after the other by a child."""

    def __init__(self, nb_man: NotebookExecutionManager, child: _Child, time_limit: float | None, **kw: Any) -> None:
        super().__init__(nb_man, **kw)
        self._child, self._time_limit = child, time_limit
        self.kc = types.SimpleNamespace(session=child.session, shell_channel=types.SimpleNamespace(send=child.post))  # for Output widgets

    def execute(self, **kwargs: Any) -> NotebookNode:
        self.papermill_execute_cells()
        self.nb.metadata["language_info"] = self._child.language
        self.set_widgets_metadata()
        return self.nb

    def execute_cell(self, cell: NotebookNode, cell_index: int, **kwargs: Any) -> NotebookNode:
        """Run a cell as nbclient does. Raises: CellExecutionError."""
        if cell.cell_type != "code" or not cell.source.strip() or self.skip_cells_with_tag in cell.metadata.get("tags", []):
            return cell
        cell.metadata["execution"], cell.outputs = {}, []
        self.code_cells_executed += 1
        self.clear_before_next_output = False
        try:
            reply = None if self._child.expired else self._run(cell, cell_index)
        except (OSError, EOFError):
            reply = None
        if self._child.expired:
            self._stop(cell, "TempoMassimo", f"superato il tempo massimo di {self._time_limit:g} s")
        if reply is None:
            self._stop(cell, "ProcessoTerminato", self._child.death())
        if reply["content"]["status"] == "error":
            run_sync(self._check_raise_for_error)(cell, cell_index, reply)
        return cell

    def _run(self, cell: NotebookNode, cell_index: int) -> dict[str, Any]:
        """Run a cell and take in all it says; the reply."""
        content = {"code": cell.source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        request = self._child.session.msg("execute_request", content | {"stop_on_error": True})
        self._child.post(request)
        reply, idle = None, False
        while reply is None or not idle:
            channel, message = self._child.receive()
            if message["parent_header"].get("msg_id") != request["msg_id"]:
                continue
            if channel == "shell":
                reply = message
                cell.metadata["execution"]["shell.execute_reply"] = timestamp(message)
                continue
            try:
                self.process_message(message, cell, cell_index)
            except CellExecutionComplete:
                idle = True
        return reply

    def _stop(self, cell: NotebookNode, ename: str, evalue: str) -> None:
        """End the cell, and the notebook, with an error of ours; the traceback of an interrupted cell is kept."""
        interrupted = cell.outputs and cell.outputs[-1].output_type == "error"
        traceback = [*(cell.outputs.pop().traceback if interrupted else []), f"{ename}: {evalue}"]
        error = {"ename": ename, "evalue": evalue, "traceback": traceback}
        cell.outputs.append(new_output("error", **error))
        raise CellExecutionError.from_cell_and_msg(cell, error)


papermill_engines.register(NAME, AnalisiEngine)
