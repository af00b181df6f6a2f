"""The papermill engine `analisi`: cells run in a process that was warm before it was needed, a new one for each notebook."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from multiprocessing.context import BaseContext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jupyter_client.jsonutil import extract_dates
from jupyter_client.session import Session
from nbclient.exceptions import CellExecutionComplete, CellExecutionError
from nbclient.util import run_sync
from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines

from analisi.reports import child as inside

NAME = "analisi"
FORK, SPAWN = "forkserver", "spawn"
_GRACE = 5.0  # seconds between the interruption of a cell and the end of its process
_SIGNALS = {"SIGKILL": "ucciso dal sistema, forse per memoria esaurita", "SIGSEGV": "accesso non valido alla memoria"}


def default_start() -> str:
    """How processes start here: by fork of a warm server on Linux, elsewhere anew."""
    return FORK if sys.platform == "linux" else SPAWN


def context(method: str | None = None) -> BaseContext:
    """The multiprocessing context whose processes have what reports need already imported, or import it as they start."""
    method = method or default_start()
    found = multiprocessing.get_context(method)
    if method == FORK:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its threads would not survive a fork
        found.set_forkserver_preload(["analisi.reports.warm"])
    return found


class Child:
    """A process that runs one notebook, and the pipe to it."""

    def __init__(self, method: str) -> None:
        """Start it; it is used when it says it is ready."""
        self.method, self.session = method, Session(key=b"")
        made = context(method)
        self._pipe, theirs = made.Pipe()
        self._process = made.Process(target=_start, args=(theirs, method == FORK), daemon=False)
        self._process.start()
        theirs.close()
        self.language: dict[str, Any] = {}

    def ready(self) -> list[str] | None:
        """Wait until it can work; the names of the server's threads when it must not. Raises: EOFError when it died."""
        kind, content = self._pipe.recv()
        if kind == inside.UNSAFE:
            return content
        self.language = content
        return None

    def settle(self, **settings: Any) -> None:
        self._pipe.send((inside.MESSAGE, settings))

    def send(self, message: dict[str, Any]) -> None:
        """Send a message of the Jupyter protocol."""
        self._pipe.send((inside.MESSAGE, self.session.serialize(message)))

    def receive(self, seconds: float | None) -> tuple[str, dict[str, Any]] | None:
        """The channel and the message that comes next; nothing when the time is over. Raises: EOFError when the process died."""
        if not self._pipe.poll(seconds):
            return None
        channel, frames = self._pipe.recv()
        header, parent, metadata, content = map(self.session.unpack, frames[2:6])
        header, parent = extract_dates(header), extract_dates(parent)
        return channel, {
            "header": header, "msg_id": header["msg_id"], "msg_type": header["msg_type"], "parent_header": parent,
            "metadata": metadata, "content": content, "buffers": [memoryview(frame) for frame in frames[6:]],
        }  # fmt: skip

    def interrupt(self) -> None:
        with contextlib.suppress(OSError):
            self._pipe.send((inside.INTERRUPT, None))

    def status(self) -> str:
        """How it ended, in words."""
        self._process.join(_GRACE)
        code = self._process.exitcode
        if code is None or code >= 0:
            return f"il processo del notebook è terminato (stato {code})"
        name = signal.Signals(-code).name
        return f"il processo del notebook è terminato ({name}: {_SIGNALS.get(name, 'segnale ricevuto')})"

    def end(self) -> None:
        """Let it close what cells left open, then end it and all that it started."""
        with contextlib.suppress(OSError):
            self._pipe.send((inside.END, None))
        self._process.join(_GRACE)
        self.kill()

    def kill(self) -> None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.join()
        self._process.close()
        self._pipe.close()


def _start(pipe: Any, forked: bool) -> None:
    inside.main(pipe, forked)


class _Nursery:
    """The next process, started while the present one works; only where one notebook follows another."""

    def __init__(self) -> None:
        self.keep, self._spare = False, None
        self.note = ""  # why the method asked for was not used

    def take(self, method: str) -> Child:
        """A process that is ready."""
        child, self._spare = self._spare, None
        if child is None or child.method != method:
            self.close(child)
            child = Child(method)
        try:
            threads = child.ready()
        except EOFError:
            child.kill()
            child = Child(method)
            threads = child.ready()
        if threads:
            child.kill()
            self.note = f"i processi non si possono copiare ({', '.join(threads)}): se ne avviano di nuovi, più lentamente"
            return self.take(SPAWN)
        if self.keep:
            self._spare = Child(method)
        return child

    def close(self, child: Child | None = None) -> None:
        child = child or self._spare
        if child is not None:
            child.kill()


_nursery = _Nursery()


def keep_spare() -> None:
    """From now on, keep a process ready for the next notebook; `close` ends it."""
    _nursery.keep = True


def close() -> None:
    """End the process kept ready, if there is one."""
    _nursery.close()
    _nursery._spare = None


class AnalisiEngine(Engine):
    """Runs a notebook in a warm process of its own."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
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
        **others: Any,
    ) -> None:
        """Run every cell, as papermill's own engine does.

        Args:
            start_method: "forkserver" or "spawn"; by default what suits the system.
            time_limit: seconds for the whole notebook. memory_limit: bytes of data, where the system can limit them.
            trace_file: where to note what the notebook reads. environment: variables of its process.
        """
        started = _nursery.take(start_method or default_start())
        nb_man.nb.metadata.papermill["analisi"] = {"avvio": started.method, "nota": _nursery.note}
        ended = False
        try:
            started.settle(cwd=str(Path.cwd()), environment=environment or {}, memory=memory_limit, trace_file=trace_file)
            limit = time_limit or others.get("execution_timeout")
            client = _Client(nb_man, started, limit, log_output=log_output, stdout_file=stdout_file, stderr_file=stderr_file)
            client.execute()
            ended = True
        finally:
            started.end() if ended else started.kill()


class _Client(PapermillNotebookClient):
    """papermill's client, over a pipe: outputs, displays and widgets are nbclient's own work."""

    def __init__(self, nb_man: Any, started: Child, time_limit: float | None, **traits: Any) -> None:
        super().__init__(nb_man, **traits)
        self.child, self.time_limit = started, time_limit
        self.deadline = time.monotonic() + time_limit if time_limit else None

    def execute(self, **kwargs: Any) -> Any:
        self.reset_execution_trackers()
        self.kc = SimpleNamespace(session=self.child.session, shell_channel=self.child)  # for the Output widget
        self.papermill_execute_cells()
        self.nb.metadata["language_info"] = self.child.language
        self.set_widgets_metadata()
        return self.nb

    def execute_cell(self, cell: Any, cell_index: int, execution_count: int | None = None, store_history: bool = True) -> Any:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type != "code" or not cell.source.strip() or self.skip_cells_with_tag in tags:
            return cell
        if self.record_timing:
            cell["metadata"]["execution"] = {}
        request = self.child.session.msg(
            "execute_request",
            {
                "code": cell.source, "silent": False, "store_history": store_history, "user_expressions": {},
                "allow_stdin": False, "stop_on_error": "raises-exception" not in tags,
            },
        )  # fmt: skip
        cell.outputs, self.clear_before_next_output = [], False
        self.code_cells_executed += 1
        try:
            self.child.send(request)
            reply = self._reply(request["header"]["msg_id"], cell, cell_index)
        except (EOFError, OSError):
            self._failed(cell, "ProcessoTerminato", self.child.status())
        if reply is None:
            self._failed(cell, "TempoMassimo", f"superato il tempo massimo di {self.time_limit:g} secondi")
        if self.record_timing:
            from nbclient.client import timestamp

            cell["metadata"]["execution"]["shell.execute_reply"] = timestamp(reply)
        if reply["content"]["status"] == "error":
            run_sync(self._check_raise_for_error)(cell, cell_index, reply)
        return cell

    def _reply(self, request: str, cell: Any, cell_index: int) -> dict[str, Any] | None:
        """The reply to a request, once the kernel is idle again; none past the time limit. Raises: EOFError when the process died."""
        reply, idle, late, deadline = None, False, False, self.deadline
        while reply is None or not idle:
            found = self.child.receive(None if deadline is None else max(0.0, deadline - time.monotonic()))
            if found is None:
                if late:
                    self.child.kill()
                    return None
                late, deadline = True, time.monotonic() + _GRACE
                self.child.interrupt()
                continue
            channel, message = found
            if message["parent_header"].get("msg_id") != request:
                continue
            if channel == inside.SHELL:
                reply = message
                continue
            try:
                self.process_message(message, cell, cell_index)
            except CellExecutionComplete:
                idle = True
        return None if late else reply

    def _failed(self, cell: Any, ename: str, evalue: str) -> None:
        """End the cell with an error that no kernel could tell; what it has shown before is kept."""
        content = {"ename": ename, "evalue": evalue, "traceback": [f"{ename}: {evalue}"], "status": "error"}
        cell.outputs.insert(0, new_output("error", ename=ename, evalue=evalue, traceback=content["traceback"]))
        raise CellExecutionError.from_cell_and_msg(cell, content)


papermill_engines.register(NAME, AnalisiEngine)
