"""Warm processes that make reports one after the other; one that dies takes only its own report with it."""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import connection, parent_process
from typing import Any

import psutil

_GRACE = 20.0  # seconds after which an idle worker asked to end is killed


class WorkerDied(Exception):
    """The process died while it worked; `status` is its exit status, negative for a signal."""

    def __init__(self, status: int | None) -> None:
        """`status` is None when the pool was closed before the work began."""
        super().__init__(f"exit status {status}")
        self.status = status


class Pool(Executor):
    """An executor of `processes` workers, each a process of its own, replaced when it dies.

    Unlike ProcessPoolExecutor a death fails one future only; unlike both, `shutdown(wait=False)` kills what is running.
    """

    def __init__(self, processes: int, method: str, time_limit: float | None = None) -> None:
        """Nothing starts before the first `submit`; past `time_limit` seconds a worker is killed, as if it had died."""
        from analisi.reports.engine import context

        self._context, self._time_limit = context(method), time_limit
        if self._context.get_start_method() == "forkserver":
            _start_server()
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="analisi")
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._all: set[_Worker] = set()
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return self._threads.submit(self._on_worker, fn, args, kwargs)

    def _on_worker(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            worker = self._idle.get_nowait()
        except queue.Empty:
            worker = None
        with self._lock:
            if self._closed:
                raise WorkerDied(None)
            worker = worker or _Worker(self._context)
            self._all.add(worker)
        try:
            done, result = worker.call(fn, args, kwargs, self._time_limit)
        except WorkerDied:
            with self._lock:
                self._all.discard(worker)
            raise
        self._idle.put(worker)
        if done:
            return result
        raise result

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers: after their work if `wait`, else by killing them now."""
        if not wait:
            with self._lock:
                self._closed = True
                family = [process for worker in self._all for process in _descendants(worker.process.pid)] + _served()
                for process in [*(worker.process for worker in self._all), *family]:  # whoever waits for a worker sees it die
                    with suppress(psutil.Error):
                        process.kill()
        self._threads.shutdown(cancel_futures=cancel_futures or not wait)
        for worker in self._all:
            worker.end()


class _Worker:
    """One warm process and the pipe to it."""

    def __init__(self, process_context: Any) -> None:
        from analisi.reports.engine import no_main_module

        self.pipe, theirs = process_context.Pipe()
        self.process = process_context.Process(target=_work, args=(theirs,), daemon=False)
        with no_main_module():
            self.process.start()
        theirs.close()

    def call(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], time_limit: float | None) -> tuple[bool, Any]:
        """Whether the function returned, and its result or its exception. Raises: WorkerDied, also past the limit."""
        with suppress(EOFError, OSError):
            self.pipe.send((fn, args, kwargs))
            connection.wait([self.pipe, self.process.sentinel], time_limit)
            if self.pipe.poll():
                return self.pipe.recv()
        self.kill()
        raise WorkerDied(self.process.exitcode)

    def end(self) -> None:
        """Ask it to end, then make sure."""
        with suppress(OSError):
            self.pipe.send(None)
        self.process.join(_GRACE)
        self.kill()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _work(pipe: connection.Connection) -> None:
    """The life of a worker: what it is given, one thing at a time, until it is told to end or its parent is gone."""
    if hasattr(os, "setsid"):
        os.setsid()  # Ctrl-C in the terminal is for who gave the work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _same_fork_server()
    from analisi.presentation.svg import warm
    from analisi.reports import engine

    for task in (_end_with_parent, warm):
        threading.Thread(target=task, daemon=True).start()
    while (work := pipe.recv()) is not None:
        fn, args, kwargs = work
        try:
            answer = (True, fn(*args, **kwargs))
        except Exception as error:
            answer = (False, error)
        pipe.send(answer)
    engine.close()


def _start_server() -> None:
    """Start the fork server with Ctrl-C ignored: until its imports are done it would print a trace."""
    from multiprocessing import forkserver

    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    try:
        forkserver.ensure_running()
    finally:
        if main:
            signal.signal(signal.SIGINT, before)


def _served() -> list[psutil.Process]:
    """What the fork server of this process has started, and what that has started."""
    from multiprocessing import forkserver

    server = getattr(forkserver._forkserver, "_forkserver_pid", None)
    return _descendants(server) if server else []


def _descendants(pid: int) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


def _same_fork_server() -> None:
    """Let this process ask the fork server it comes from for its own children, instead of starting (and warming) another.

    The standard library means to do so but looks at the server's pid, which only its starter knows. Without it all works, later.
    """
    from multiprocessing import forkserver

    server = forkserver._forkserver
    if getattr(server, "_forkserver_address", None) and getattr(server, "_forkserver_pid", 0) is None:
        server.ensure_running = lambda: None


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
