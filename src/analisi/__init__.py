"""Analysis workspace of a labour-market observatory. The command line is `analisi`; in a notebook:

`analisi.leggi` reads one extract, `analisi.controlla` a file or a folder; `analisi.mostra` shows any frame with Italian numbers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analisi.presentation.rich import mostra
    from analisi.tables.delivery import Consegna, controlla
    from analisi.tables.reading import Lettura, leggi

__all__ = ["Consegna", "Lettura", "controlla", "leggi", "mostra"]
_HOMES = {
    "Consegna": "tables.delivery",
    "Lettura": "tables.reading",
    "controlla": "tables.delivery",
    "leggi": "tables.reading",
    "mostra": "presentation.rich",
}


def __getattr__(name: str) -> Any:
    """What notebooks use, imported at its first use: the command line starts at once."""
    if name in _HOMES:
        return getattr(import_module(f"analisi.{_HOMES[name]}"), name)
    msg = f"module 'analisi' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    """What the Tab key offers."""
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
