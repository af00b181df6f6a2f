"""How kernels come to be: the stock one without a terminal, the process of ours, and the engine as papermill finds it."""

from __future__ import annotations

import os
import subprocess
from multiprocessing.connection import Connection
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from jupyter_client.session import Session

READY, UNSAFE, INTERRUPT, FINISH = "pronto", "insicuro", "interrompi", "fine"  # words of the pipe, beside the messages
TRACE = "ANALISI_TRACCIA"  # the file where a kernel of the stock engine notes what it reads


class QuietKernelManager(AsyncKernelManager):
    """Starts kernels without a terminal: what cells print still goes to the notebook."""

    async def start_kernel(self, **kw: Any) -> None:
        """Start the kernel, its process writing nowhere; with ANALISI_TRACCIA, what it reads is noted in that file."""
        if file := os.environ.get(TRACE):
            line = f"from analisi import trace as _; _.install({file!r}); del _"
            kw["extra_arguments"] = [*kw.get("extra_arguments", ()), f"--IPKernelApp.exec_lines={line}"]
        await super().start_kernel(**{"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | kw)


def child(pipe: Connection, forked: bool) -> None:
    """What a process of the engine runs; here, so that the engine imports no IPython and the child no papermill."""
    from analisi.reports.child import main

    main(pipe, forked)


def unsigned_session() -> Session:
    """A session whose messages need no signature: the pipe is private (an empty key from the start would warn of it)."""
    session = Session()
    session.key = b""
    return session


class _Engine:
    """The fast engine for papermill's entry points: imported at its first use, as papermill loads every engine while it loads itself."""

    def __getattr__(self, name: str) -> Any:
        from analisi.reports.engine import AnalisiEngine

        return getattr(AnalisiEngine, name)


papermill_engine = _Engine()
