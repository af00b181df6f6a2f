"""The kernel of a report run: the stock one, whose own log stays off the terminal of whoever runs the report."""

from __future__ import annotations

import subprocess
from typing import Any

from jupyter_client.manager import AsyncKernelManager


class QuietKernelManager(AsyncKernelManager):
    """Starts kernels without a terminal: what cells print still goes to the notebook."""

    async def start_kernel(self, **kw: Any) -> None:
        """Start the kernel, its process writing nowhere."""
        await super().start_kernel(**{"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | kw)
