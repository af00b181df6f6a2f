"""The one error of the package, whose text an analyst can act on, and the words its texts are made of."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class AnalisiError(Exception):
    """A fault the user can mend. The Italian text names the place, the value, the rule and the next step."""

    during_run = False  # true in the faults that show only while a report is made


def suggest(word: str, known: Iterable[str]) -> str:
    """Italian hint that names the known word nearest to a mistyped one, or lists the known words.

    >>> suggest("ano", ["anno", "fonte"])
    'forse intendevi «anno»?'
    """
    known = [str(item) for item in known]
    near = get_close_matches(str(word), known, n=1, cutoff=0.6)
    return f"forse intendevi «{near[0]}»?" if near else f"disponibili: {', '.join(known) or 'nessuno'}"


def listing(items: Iterable[str]) -> str:
    """Items as an Italian list: "a, b e c" ("ed" before an e)."""
    items = list(items)
    if len(items) < 2:
        return "".join(items)
    joint = "ed" if items[-1][:1].lower() == "e" else "e"
    return f"{', '.join(items[:-1])} {joint} {items[-1]}"
