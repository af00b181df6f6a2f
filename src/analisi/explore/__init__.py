"""Interactive work in JupyterLab. `Esplora` is the workbench: `help(analisi.explore.Esplora)` teaches it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analisi.explore.workbench import Esplora

__all__ = ["Esplora"]


def __getattr__(name: str) -> Any:
    """The workbench, imported at its first use: reports and commands need no widgets."""
    if name == "Esplora":
        from analisi.explore.workbench import Esplora

        return Esplora
    msg = f"module 'analisi.explore' has no attribute {name!r}"
    raise AttributeError(msg)
