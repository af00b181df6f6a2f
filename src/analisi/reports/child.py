"""The process of one notebook: ipykernel's own kernel, whose messages go to the engine through a pipe instead of sockets."""

from __future__ import annotations

import atexit
import ctypes
import importlib
import json
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing import connection, parent_process
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import zmq
from ipykernel.iostream import IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.utils import _async_in_context
from jupyter_client.session import DELIM
from tornado.ioloop import IOLoop
from traitlets import Any as AnyTrait
from traitlets.config import Config

from analisi.reports.kernel import FINISH, INTERRUPT, READY, UNSAFE, unsigned_session

_HARMLESS = {"polars-ooc-clea"}  # polars starts it when imported; it waits for files to delete and holds nothing
_PR_SET_CHILD_SUBREAPER = 36
# jsonschema (Altair, nbformat) would read the grammar of international addresses at its import: a second, for formats no notebook has.
sys.modules.setdefault("rfc3987_syntax", None)
_no_debugger = ModuleType("ipykernel.debugger")  # the real one imports debugpy, of no use here
_no_debugger._is_debugpy_available = False
sys.modules.setdefault(_no_debugger.__name__, _no_debugger)


class _Outbox(IOPubThread):
    """ipykernel's publishing thread: what it sends goes down the pipe, whole even if a signal reaches the main thread."""

    def __init__(self, pipe: connection.Connection) -> None:  # not super's, which opens sockets
        self._pipe, self._pid = pipe, os.getpid()
        self._jobs: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._later: deque[tuple[float, Callable[[], object]]] = deque()
        self.io_loop = self  # streams ask it for call_later only
        self.thread = threading.Thread(target=self._work, name="IOPub", daemon=True)
        self.thread.start()

    def schedule(self, f: Callable[[], object]) -> None:
        self._jobs.put(f) if self.thread.is_alive() else f()

    def call_later(self, delay: float, callback: Callable[[], object]) -> None:
        self._later.append((time.monotonic() + delay, callback))  # every delay is the same: they stay in order

    def _work(self) -> None:
        while True:
            left = self._later[0][0] - time.monotonic() if self._later else None
            with suppress(Exception):  # nothing due yet; or one message that failed, which must not stop the others
                (self._later.popleft()[1] if left is not None and left <= 0 else self._jobs.get(timeout=left))()

    def send_multipart(self, msg: list[Any], *args: Any, channel: str = "iopub", **kwargs: Any) -> None:
        if os.getpid() == self._pid:
            self.schedule(partial(self._pipe.send, (channel, [bytes(frame) for frame in msg])))
        else:  # a process forked by the notebook: what it prints goes through the watched descriptors
            content = json.loads(msg[msg.index(DELIM) + 5])
            if "text" in content:
                os.write(1 + (content["name"] == "stderr"), content["text"].encode())

    def wait(self) -> None:
        """Wait until what was sent is down the pipe: it stays in the notebook even if the process dies at once."""
        sent = threading.Event()
        self.schedule(sent.set)
        sent.wait(OutStream.flush_timeout)

    def send_and_wait(self, msg: list[Any], *args: Any, **kwargs: Any) -> None:
        self.send_multipart(msg)
        self.wait()


class _Stream(OutStream):
    """A stream whose text takes its place among the messages when it is flushed."""

    def flush(self) -> None:
        pending = self._flush_pending
        self._flush()
        if pending:
            self.pub_thread.wait()

    def _flush(self) -> None:
        with self._buffer_lock:
            super()._flush()


class _Kernel(IPythonKernel):
    shell_stream, debugger_class = AnyTrait(), AnyTrait()
    _supports_kernel_subshells = False

    def _abort_queues(self, subshell_id: str | None = None) -> None:
        """Do nothing: the engine sends one request at a time."""


def main(pipe: connection.Connection, forked: bool) -> None:
    """Run the cells that come down the pipe, until it says to finish or the parent dies."""
    if forked and (names := _threads(os.getppid())):
        pipe.send((UNSAFE, names))
        return
    _stand_alone()
    app = _start_kernel(_Outbox(pipe))
    pipe.send((READY, app.kernel.language_info))
    if not forked:
        for name in ("polars", "altair", "scipy.stats"):  # what every report imports, while whoever started this process does its part
            importlib.import_module(name)
    _configure(app, **_receive(pipe))
    loop = app.kernel.io_loop = IOLoop.current()
    threading.Thread(target=_listen, args=(pipe, loop, app.kernel), name="engine", daemon=True).start()
    with suppress(KeyboardInterrupt):
        loop.start()
    atexit._run_exitfuncs()  # what the notebook leaves open is closed as at the end of any Python program
    app.shell.user_ns.clear()
    _end()


def _threads(pid: int) -> str:
    """Names of the other threads of a process: whoever is forked from it may wait forever for a lock that one of them held."""
    names: list[str] = []
    with suppress(OSError):
        names += [(task / "comm").read_text().strip() for task in Path(f"/proc/{pid}/task").iterdir() if task.name != str(pid)]
    return ", ".join(name for name in names if name not in _HARMLESS)


def _stand_alone() -> None:
    """Become a group of processes that dies with the parent, the first to go when memory is short, and that writes on no terminal."""
    os.chdir(os.sep)  # while it waits, it keeps no folder busy
    watched = parent_process().sentinel
    threading.Thread(target=lambda: (connection.wait([watched]), _end()), name="parent", daemon=True).start()
    if hasattr(os, "setsid"):
        os.setsid()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1), os.dup2(null, 2), os.close(null)
    if sys.platform == "linux":
        import fcntl

        # The system itself kills the group when the parent is gone, even if a cell never lets other threads run.
        fcntl.fcntl(watched, fcntl.F_SETOWN, -os.getpid())
        fcntl.fcntl(watched, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(watched, fcntl.F_SETFL, fcntl.fcntl(watched, fcntl.F_GETFL) | os.O_ASYNC)
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)  # processes that detach themselves stay below this one, to be found
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")


def _end() -> None:
    """End this process and those of its group, at once."""
    if hasattr(os, "killpg"):
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


def _start_kernel(outbox: _Outbox) -> IPKernelApp:
    """The kernel as ipykernel's application makes it, without sockets, history on disk, debugger or the user's own start-up files."""
    session = unsigned_session()
    app = IPKernelApp.instance(session=session, iopub_thread=outbox, iopub_socket=outbox, outstream_class=f"{__name__}._Stream")
    log = app.log  # made before the streams, or it would write in the notebook
    app.init_pdb()
    app.init_io()
    app.init_signal()
    app.kernel = _Kernel.instance(
        parent=app,
        config=Config(HistoryManager={"enabled": False}),
        session=session,
        iopub_thread=outbox,
        iopub_socket=outbox,
        shell_stream=SimpleNamespace(send_multipart=partial(outbox.send_multipart, channel="shell")),
        shell_channel_thread=SimpleNamespace(parent_thread=threading.main_thread()),
        log=log,
        _execute_sleep=0,
    )
    app.displayhook.get_execution_count = lambda: app.kernel.execution_count
    shell = app.kernel.shell
    shell.display_pub.pub_socket = shell.displayhook.pub_socket = SimpleNamespace(send_multipart=outbox.send_and_wait)
    app.init_path()
    app.init_shell()
    app.init_extensions()
    return app


def _receive(pipe: connection.Connection) -> Any:
    try:
        return pipe.recv()
    except (EOFError, OSError):
        _end()


def _configure(app: IPKernelApp, cwd: str, environment: dict[str, str], memory_limit: int | None, trace_file: str | None) -> None:
    """Become the process of one job, as if started now from where the engine is."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    if hasattr(time, "tzset"):
        time.tzset()
    app.shell.init_environment()
    app.init_gui_pylab()
    multiprocessing.set_start_method(None, force=True)  # the system's own, not the one this process was started with
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if memory_limit:
        with suppress(ImportError):
            import resource

            resource.setrlimit(resource.RLIMIT_DATA, (memory_limit, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    if trace_file:
        from analisi import trace

        trace.install(trace_file)


def _listen(pipe: connection.Connection, loop: IOLoop, kernel: _Kernel) -> None:
    handle = _async_in_context(partial(kernel.shell_main, None))
    while True:
        order = _receive(pipe)
        if order == INTERRUPT:
            if hasattr(os, "killpg"):
                os.killpg(os.getpid(), signal.SIGINT)
            else:
                signal.raise_signal(signal.SIGINT)
        elif order == FINISH:
            loop.add_callback(loop.stop)
        else:
            loop.add_callback(handle, [zmq.Frame(frame) for frame in order])
