"""The state of an edition's reports as analysts read it: in a word, in a sentence, as a table."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from analisi.explore.lab import page_address
from analisi.workspace import shown

Row = dict[str, Any]  # a report, as `analisi edizione --json` tells it
TOLD, INTERRUPTED = (1, 2), 130  # exit statuses: the command has said why; stopped
_SOME = 3  # reports that must have ended before the time left is told
_COLOURS = {"fatto": "#1B5E20", "non riuscito": "#A31515", "in corso": "#0B4FA0"}  # at least 7:1 on white; the word says it all the same


@dataclass
class Run:
    """What is known of a run under way: what it makes, what has ended, how it went."""

    waiting: set[str] = field(default_factory=set)
    ended: dict[str, str] = field(default_factory=dict)  # report: its error, empty when it is good
    begun: float = field(default_factory=time.monotonic)
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> int:
        return sum(not error for error in self.ended.values())


def state_of(row: Row, run: Run | None = None) -> tuple[str, str]:
    """The state of a report in a word or two, and why."""
    name = row["nome"]
    if run and name in run.ended:
        return ("non riuscito", run.ended[name]) if run.ended[name] else ("fatto", "da pubblicare con l'edizione")
    if run and name in run.waiting:
        return "in corso", "in attesa o in esecuzione"
    if row["ripreso"]:
        return "fatto", "nell'esecuzione fermata: da pubblicare con l'edizione"
    why = row["decisione"].removeprefix("da eseguire: ")
    if row["esito"] == "non riuscito":
        return "non riuscito", row.get("errore") or row["motivo"]
    if row["esito"] == "mancante":
        return "da fare", why
    return ("da aggiornare", why) if row["da_eseguire"] else ("fatto", "")


def counted(rows: Sequence[Row]) -> str:
    """The reports by state, in words: "14 rapporti: 12 fatti, 1 da fare, 1 non riuscito"."""
    several = {"fatto": "fatti", "non riuscito": "non riusciti"}
    states = [state_of(row)[0] for row in rows]
    parts = [
        f"{states.count(state)} {several.get(state, state) if states.count(state) > 1 else state}"
        for state in ("fatto", "da fare", "da aggiornare", "non riuscito")
        if state in states
    ]
    return f"{len(rows)} {'rapporto' if len(rows) == 1 else 'rapporti'}: {', '.join(parts)}"


def duration(seconds: float) -> str:
    """A length of time in words, no finer than one would count: "40 secondi", "3 minuti"."""
    whole = round(seconds)
    if whole < 60:
        return "1 secondo" if whole == 1 else f"{whole} secondi"
    minutes = round(seconds / 60)
    return "1 minuto" if minutes == 1 else f"{minutes} minuti"


def _reason(why: str, name: str) -> str:
    """Why, in a line; what else is known, for who mends it, on request."""
    first, _, rest = why.removeprefix(f"{name}: ").partition("\n")
    return escape(first) + (f"<details><summary>Per chi lo corregge</summary>{escape(rest)}</details>" if rest else "")


def time_left(ended: int, every: int, elapsed: float) -> str:
    """How long the reports left will take at the pace of those that ended; nothing is foretold from too few."""
    if ended >= every:
        return "ora l'edizione si compone e si pubblica"
    if ended < min(_SOME, every - 1) or ended == 0:
        return "tempo rimanente: si saprà dopo i primi rapporti"
    left = elapsed / ended * (every - ended)
    return f"tempo rimanente: circa {duration(max(5.0, 5 * round(left / 5)) if left < 60 else left)}"


def table(rows: Sequence[Row], folder: Path, run: Run | None = None) -> str:
    """The reports as an accessible table; a published one leads to its page."""
    lines = []
    for row in rows:
        state, why = state_of(row, run)
        name = row["titolo"].split(": ")[0] + (f", {row['luogo']}" if row["luogo"] else "")
        lead = link(folder / row["pagina"], name) if row["pagina"] else escape(name)
        colour = _COLOURS.get(state, "#1a1a2e")
        lines.append(
            f'<tr><th scope="row">{lead}<br><small>{escape(row["nome"])}</small></th>'
            f'<td class="stato" style="color:{colour}">{state}</td><td>{_reason(why, row["nome"])}</td></tr>'
        )
    heading = "".join(f'<th scope="col">{text}</th>' for text in ("Rapporto", "Stato", "Perché"))
    return (
        '<div class="elenco" role="region" tabindex="0" aria-label="Rapporti dell\'edizione"><table>'
        f"<caption>Rapporti dell'edizione</caption><thead><tr>{heading}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def link(path: Path, text: str) -> str:
    """A link that opens a published page in a new tab; where no JupyterLab serves it, the text and the path."""
    address = page_address(path)
    if not address:
        return f"{escape(text)} <small>{escape(shown(path))}</small>"
    words = f'{escape(text)}<span aria-hidden="true">&nbsp;↗</span>'
    return (
        f'<a href="{escape(address)}" target="_blank" rel="noopener" aria-label="{escape(text)} (si apre in un\'altra scheda)">{words}</a>'
    )


def outcome(run: Run, status: int, error: str, *, stopped: bool) -> tuple[str, bool]:
    """How a run ended, in words, and whether it is bad news."""
    if status in (0, 1) and run.summary:
        failed, made = len(run.summary["non_riusciti"]), len(run.summary["fatti"])
        words = f"{made} {'rapporto fatto' if made == 1 else 'rapporti fatti'} in {duration(run.summary['secondi'])}. "
        words += "Edizione pubblicata." if run.summary["pubblicata"] else "Edizione invariata."
        if failed:
            words += (
                f" {failed} non {'riuscito' if failed == 1 else 'riusciti'}: il motivo è nell'elenco; gli altri rapporti ci sono tutti."
            )
        return "\n".join([words, *(f"Nota: {note}" for note in run.summary["note"])]), bool(failed)
    kept = "L'edizione pubblicata è rimasta com'era; «Esegui» riprende da qui."
    if stopped or status == INTERRUPTED:
        done = (
            f"{run.good} già {'fatto e conservato' if run.good == 1 else 'fatti e conservati'}" if run.good else "nessuno era ancora finito"
        )
        return f"Esecuzione fermata. Rapporti: {done}. {kept}", False
    if error and status in TOLD:
        return error, True
    words = f"L'esecuzione è terminata all'improvviso (stato {status}). {kept}"
    return "\n".join(filter(None, [words, error])), True
