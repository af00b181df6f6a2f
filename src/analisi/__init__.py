"""Analysis workspace of a labour-market observatory. `analisi.leggi` reads an extract; the command line is `analisi`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analisi.tables.reading import Lettura, leggi

__all__ = ["Lettura", "leggi"]


def __getattr__(name: str) -> Any:
    """The readers, imported at their first use: the command line starts at once."""
    if name in __all__:
        from analisi.tables import reading

        return getattr(reading, name)
    msg = f"module 'analisi' has no attribute {name!r}"
    raise AttributeError(msg)
