"""The cockpit of the editions in a notebook: the state of each report, run, rerun, stop. The work is done by the command line, apart.

An edition is a process of its own: whatever becomes of it, the notebook's kernel goes on, and what is published stays whole.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from analisi.explore.edizioni import Row, Run, counted, duration, link, outcome, state_of, table, time_left
from analisi.explore.panel import own_keys
from analisi.reports.edition import available
from analisi.workspace import root

_TICK = 1.0  # seconds between two looks at the clock


def command(edition: str, *options: str) -> list[str]:
    """The command line that works on an edition, of this same Python."""
    return [sys.executable, "-m", "analisi.cli", "edizione", edition, "--json", *options]


class Cabina(widgets.VBox):
    """The editions of the workspace: choose one, see the state of its reports, run them, stop, open the pages."""

    def __init__(self) -> None:
        """The state of the first edition is read at once."""
        editions = [path.stem for path in available()]
        self.rows: list[Row] = []
        self.folder = root()
        self.title = ""
        self.run: Run | None = None
        self.errors: dict[str, str] = {}  # of the runs of this session, by report: more than the edition says to its readers
        self.process: subprocess.Popen[str] | None = None
        self.worker: threading.Thread | None = None
        self._turn = threading.Lock()
        self._stopping = False
        self.choice = widgets.Dropdown(options=editions, description="Edizione", layout={"width": "auto"})
        self.refresh = self._button("Aggiorna lo stato", lambda: self._begin(self._read))
        self.start = self._button("Esegui", lambda: self._begin(self._make), "primary")
        self.again = self._button("Riesegui i non riusciti", lambda: self._begin(self._make, *self._failed()))
        self.halt = self._button("Ferma", self._stop, "danger")
        self.told, self.progress, self.listed = (widgets.HTML(layout={"width": "100%", "margin": "0"}) for _ in range(3))
        self.choice.observe(lambda _: self._begin(self._read), "value")
        bar = {"display": "flex", "flex_flow": "row wrap", "align_items": "center"}
        buttons = [widgets.Box(items, layout=bar) for items in ((self.choice, self.refresh), (self.start, self.again, self.halt))]
        style = Path(__file__).with_name("cabina.css").read_text(encoding="utf-8")
        super().__init__([widgets.HTML(f"<style>{style}</style>"), *buttons, self.progress, self.told, self.listed])
        own_keys(self)
        if editions:
            self._begin(self._read)
        else:
            self._say("Nessuna edizione: descriverne una in reports/NOME.toml («analisi edizione --help» spiega i campi).")
            self._show()

    def _button(self, text: str, action: Callable[[], None], style: str = "") -> widgets.Button:
        button = widgets.Button(description=text, button_style=style, layout={"width": "auto"})
        button.on_click(lambda _: action())
        return button

    @property
    def busy(self) -> bool:
        return self.worker is not None and self.worker.is_alive()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until what is under way has ended."""
        if self.worker is not None:
            self.worker.join(seconds)

    def _begin(self, work: Callable[..., None], *names: str) -> None:
        """Do something apart, so that the notebook stays free; one thing at a time."""
        with self._turn:
            if self.busy:
                return
            self._stopping = False
            self.worker = threading.Thread(target=self._work, args=(work, self.choice.value, names), daemon=True)
            self.worker.start()

    def _work(self, work: Callable[..., None], edition: str, names: Sequence[str]) -> None:
        try:
            work(edition, *names)
        except Exception as error:  # of ours: said in a line, never as a trace
            self._say(f"Errore del programma ({type(error).__name__}): nulla di pubblicato è cambiato.", bad=True)
        finally:
            self.process = self.run = None
            self._show()

    def _read(self, edition: str) -> None:
        """Read the state of the reports, as the command line would decide now."""
        self._say("")
        self.progress.value = _box("<p>Lettura dello stato…</p>")
        self._show()
        status, error = self._follow(command(edition, "--prova"))
        if status:
            self.rows = []
            self._say(error, bad=True)

    def _make(self, edition: str, *names: str) -> None:
        """Run what must be run (or the reports named), then read the state again."""
        self.run = Run()
        self._say("")
        self._show()
        status, error = self._follow(command(edition, *(f"--solo={name}" for name in names)))
        run, self.run = self.run, None
        self.errors |= run.ended
        self._read(edition)
        self._say(*outcome(run, status, error, stopped=self._stopping))

    def _stop(self) -> None:
        """Ask the run to stop; asked again, end it at once. What is published is whole in both cases."""
        if self.process is not None and self.run is not None:
            (self.process.kill if self._stopping else self.process.terminate)()
            self._stopping = True
            self._show()

    def _follow(self, words: list[str]) -> tuple[int, str]:
        """Run a command and hear its events until it ends: its status, and what it complains of."""
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
            self.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints, cwd=root(), encoding="utf-8", errors="replace"
            )
            self._show()
            ended = threading.Event()
            threading.Thread(target=self._tick, args=(ended,), daemon=True).start()
            try:
                with self.process.stdout as lines:
                    for line in lines:
                        self._hear(json.loads(line))
                status = self.process.wait()
            finally:
                ended.set()
            complaints.seek(0)
            return status, complaints.read().strip().removeprefix("Errore: ")

    def _tick(self, ended: threading.Event) -> None:
        while not ended.wait(_TICK):
            self._show_progress()

    def _hear(self, event: dict[str, Any]) -> None:
        kind = event.pop("evento")
        if kind == "scelte":
            self.title, self.folder, self.rows = event["edizione"], Path(event["cartella"]), event["rapporti"]
            for row in self.rows:
                row["errore"] = self.errors.get(row["nome"], "")
            if self.run is not None:
                self.run.waiting = {row["nome"] for row in self.rows if row["da_eseguire"]}
        elif kind == "fatto" and self.run:
            self.run.ended[event["nome"]] = event["errore"]
        elif kind == "fine" and self.run:
            self.run.summary = event
        self._show()

    def _failed(self) -> list[str]:
        return [row["nome"] for row in self.rows if state_of(row)[0] == "non riuscito"]

    def _say(self, text: str, bad: bool = False) -> None:
        self.told.value = _box(f'<p class="detto{" male" * bad}" role="{"alert" if bad else "status"}">{escape(text)}</p>') if text else ""

    def _show(self) -> None:
        """Draw what is known now."""
        running, failed = self.run is not None, len(self._failed())
        idle = not running and not self.process and bool(self.choice.options)
        todo = sum(row["da_eseguire"] or row["ripreso"] for row in self.rows)
        self.start.description = f"Esegui ({todo})" if todo else "Esegui"
        self.again.description = f"Riesegui i non riusciti ({failed})" if failed else "Riesegui i non riusciti"
        self.start.disabled, self.again.disabled, self.refresh.disabled = not (idle and todo), not (idle and failed), not idle
        self.choice.disabled, self.halt.disabled = not idle, not (running and self.process)
        self.halt.description = "Ferma subito" if running and self._stopping else "Ferma"
        self.listed.value = _box(table(self.rows, self.folder, self.run)) if self.rows else ""
        self._show_progress()

    def _show_progress(self) -> None:
        run = self.run
        if run is None:
            if self.rows and not self.process:
                index = self.folder / "index.html"
                lead = link(index, "Apri l'edizione") if index.is_file() else "Non ancora pubblicata."
                words = f'<p class="titolo">{escape(self.title)}</p><p>{counted(self.rows)}.</p><p>{lead}</p>'
                self.progress.value = _box(words)
            return
        every, ended, elapsed = len(run.waiting), len(run.ended), time.monotonic() - run.begun
        if self._stopping:
            words = "Mi fermo: i rapporti già fatti restano per la prossima volta…"
        elif not every:
            words = "Preparazione: si guarda che cosa è cambiato…"
        else:
            failed = ended - run.good
            said = f"{ended} di {every} finiti" + (f" ({failed} non {'riuscito' if failed == 1 else 'riusciti'})" if failed else "")
            words = f"{said} · tempo trascorso: {duration(elapsed)} · {time_left(ended, every, elapsed)}"
        bar = f'<progress max="{max(every, 1)}" value="{ended}" aria-label="Rapporti finiti: {ended} di {every}"></progress>'
        self.progress.value = _box(f'<p class="titolo">{escape(self.title)}</p><p>{bar}</p><p>{words}</p>')


def _box(content: str) -> str:
    return f'<div class="cabina">{content}</div>'


def cabina() -> Cabina:
    """The cockpit, to be shown by the last line of a cell."""
    return Cabina()
