"""The stock kernel of a report run, whose own log stays off the terminal, and which notes what the report reads."""

from __future__ import annotations

import os
import subprocess
from typing import Any

from jupyter_client.manager import AsyncKernelManager

TRACE = "ANALISI_TRACCIA"  # names the file where a kernel notes what it reads


class QuietKernelManager(AsyncKernelManager):
    """Starts kernels without a terminal: what cells print still goes to the notebook."""

    async def start_kernel(self, **kw: Any) -> None:
        """Start the kernel, its process writing nowhere but the notes asked for."""
        if os.environ.get(TRACE):
            line = f"__import__('analisi.trace').trace.install({os.environ[TRACE]!r})"
            kw["extra_arguments"] = [*kw.get("extra_arguments", []), f"--IPKernelApp.exec_lines={line}"]
        await super().start_kernel(**{"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | kw)
