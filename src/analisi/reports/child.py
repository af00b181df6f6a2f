"""The process in which a notebook runs: a real IPython kernel that talks over a pipe, without network sockets."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import os
import random
import select
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import traitlets
import zmq
from ipykernel.iostream import IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from jupyter_client.session import Session
from tornado.ioloop import IOLoop
from traitlets.config import Config

_HARMLESS = (
    "jemalloc_bg_thd",
    "polars-ooc-clea",
)  # they come with the import of polars: one has its own care for forks, one awaits spilled files
_SILENT = logging.getLogger("analisi.kernel")
_SILENT.setLevel(logging.CRITICAL)
if "debugpy" not in sys.modules:  # no debugger here: its import costs 0.2 s, and it complains
    sys.modules["debugpy"] = None
    import ipykernel.debugger

    ipykernel.debugger._is_debugpy_available = False
    del sys.modules["debugpy"]
IOPUB, SHELL, READY, UNSAFE = "iopub", "shell", "pronto", "insicuro"
MESSAGE, INTERRUPT, END = "messaggio", "interrompi", "fine"


class _Session(Session):
    """Makes and serialises messages as any Jupyter session, and sends them over the pipe."""

    def __init__(self, pipe: Connection) -> None:
        super().__init__(key=b"", check_pid=False)
        self._pipe, self._lock = pipe, threading.Lock()

    def send(
        self, stream: Any, msg_or_type: Any, content: Any = None, parent: Any = None, ident: Any = None,
        buffers: Any = None, track: bool = False, header: Any = None, metadata: Any = None,
    ) -> Any:  # fmt: skip
        message = msg_or_type
        if not isinstance(message, dict):
            message = self.msg(msg_or_type, content=content, parent=parent, header=header, metadata=metadata)
        frames = [*self.serialize(message), *map(bytes, buffers or message.get("buffers") or [])]
        with self._lock, contextlib.suppress(OSError):
            self._pipe.send((SHELL if stream == SHELL else IOPUB, frames))
        return message


class _Now(IOPubThread):
    """Stands for the thread that publishes outputs: here each is sent at once, and delayed flushes come from a timer."""

    def __init__(self) -> None:
        self.thread = self.io_loop = self

    def schedule(self, f: Any) -> None:
        f()

    def is_alive(self) -> bool:
        return False

    def call_later(self, delay: float, f: Any) -> None:
        timer = threading.Timer(delay, f)
        timer.daemon = True
        timer.start()


class _Stream(OutStream):
    """stdout or stderr of cells; a flush first waits for what subprocesses have written to the file descriptor."""

    def flush(self) -> None:
        if self._fid is not None and threading.current_thread() is not self.watch_fd_thread:
            while select.select([self._fid], [], [], 0)[0]:
                time.sleep(0.0005)
        super().flush()


class _Kernel(IPythonKernel):
    """A kernel without sockets, which need not throw away requests after an error: there is one request at a time."""

    shell_stream = traitlets.Any()

    def _abort_queues(self, subshell_id: str | None = None) -> None:
        pass


def main(pipe: Connection, forked: bool) -> None:
    """The life of the process: say it is ready, take the job's settings, run the cells that come, end when told or when the pipe closes."""
    if hasattr(os, "setsid"):
        os.setsid()
    others = _threads_of_server() if forked else []
    if others:
        pipe.send((UNSAFE, others))
        return
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")  # if memory runs out, this process and not its maker
    random.seed()
    np.random.seed()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # but while a cell runs
    with contextlib.suppress(RuntimeError):  # exit() in a cell stops the loop, as it stops a kernel
        asyncio.run(_serve(pipe))
    with contextlib.suppress(Exception):
        atexit._run_exitfuncs()


def _threads_of_server() -> list[str]:
    """Names of the threads of the fork server that this process, a copy without them, might wait for; idle ones of polars are harmless."""
    server = psutil.Process(os.getppid())
    tasks = Path(f"/proc/{server.pid}/task")
    if not tasks.is_dir():
        return [] if server.num_threads() == 1 else [f"{server.num_threads()} thread"]
    names = {int(task.name): (task / "comm").read_text(encoding="utf-8").strip() for task in tasks.iterdir()}
    return sorted(name for number, name in names.items() if number != server.pid and name not in _HARMLESS)


async def _serve(pipe: Connection) -> None:
    loop, requests = asyncio.get_running_loop(), asyncio.Queue[Any]()
    kernel = _kernel(pipe)
    pipe.send((READY, kernel.language_info))
    threading.Thread(target=_listen, args=(pipe, loop, requests), daemon=True).start()
    _settle(**await requests.get())
    while (frames := await requests.get()) is not None:
        await kernel.dispatch_shell([zmq.Message(frame) for frame in frames])
    kernel.shell.user_ns.clear()  # files that cells left open are written out
    sys.stdout.flush()
    sys.stderr.flush()


def _kernel(pipe: Connection) -> _Kernel:
    """A kernel whose outputs go to the pipe: what cells print, and what their subprocesses do."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (1, 2):
        os.dup2(nowhere, number)
    session, publisher = _Session(pipe), _Now()
    for name in ("stdout", "stderr"):
        setattr(sys, name, _Stream(session, publisher, name, watchfd="force" if os.name == "posix" else False))
    kernel = _Kernel(
        session=session,
        iopub_socket=IOPUB,
        iopub_thread=publisher,
        shell_stream=SHELL,
        log=_SILENT,
        config=Config({"HistoryManager": {"enabled": False}}),
    )
    kernel._execute_sleep = 0.0  # a pause of a millisecond a cell, against a fault of sockets
    kernel.io_loop = IOLoop.current()
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    sys.argv = [sys.argv[0] if sys.argv else ""]
    if "" not in sys.path:
        sys.path.insert(0, "")
    return kernel


def _settle(cwd: str, environment: dict[str, str], memory: int | None, trace_file: str | None) -> None:
    """Take the settings of one job."""
    os.environ.update(environment)
    os.chdir(cwd)
    if memory and os.name == "posix":
        import resource

        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    if trace_file:
        from analisi import trace

        trace.install(trace_file)


def _listen(pipe: Connection, loop: asyncio.AbstractEventLoop, requests: asyncio.Queue[Any]) -> None:
    """Pass on what comes; an interruption goes to the running cell at once; a closed pipe means that nobody waits any more."""
    while True:
        try:
            kind, content = pipe.recv()
        except (EOFError, OSError):
            _die()
        if kind == INTERRUPT:
            _interrupt()
            continue
        loop.call_soon_threadsafe(requests.put_nowait, content)
        if kind == END:
            return


def _interrupt() -> None:
    if os.name == "posix":
        os.kill(os.getpid(), signal.SIGINT)
    else:
        import _thread

        _thread.interrupt_main()


def _die() -> None:
    """End at once, with every process that the cells have started."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)
