"""The workbench: the form, the page under it, and what they do together."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import Any

import ipywidgets as w
import polars as pl

from analisi.errors import AnalisiError
from analisi.explore import saving, views
from analisi.explore.cube import DIMENSIONI, Cubo, Dove, Scelte, described, records, table
from analisi.explore.form import Modulo
from analisi.explore.opening import open_cube
from analisi.explore.panel import own_keys, panel
from analisi.presentation.formats import number
from analisi.workspace import cache_folder, masked, resolve, root, shown

LIMIT = 200  # rows of a source shown at once


class Esplora:
    """Il banco di lavoro: si sceglie una fonte, si filtra con un clic, si salva ciò che si vede.

    In un notebook basta scrivere::

        from analisi.explore import Esplora

        banco = Esplora()                      # le tavole pubblicate; oppure Esplora("data/esempio")
        banco

    Nel modulo si scelgono fonte, tabella, misura, periodi, province e procedure. Sotto ci sono cinque grafici legati fra
    loro: un clic su una barra, una tessera o un punto filtra gli altri; «Togli i filtri» torna indietro. Da tastiera: Tab
    per entrare in un grafico, le frecce per muoversi, Invio per scegliere. «Quali record fanno questo numero?» e
    «Mostra», in ogni riga della tavola, aprono le righe della fonte.

    Si prosegue in Python con ciò che è mostrato::

        banco.tabella                          # polars: periodo, provincia, categoria, misure, valore, stato
        banco.tabella.filter(pl.col("provincia") == "BG")
        banco.pandas()                         # lo stesso in pandas
        banco.record(provincia="Bergamo")      # le righe della fonte dietro a un numero
        banco.cubo.celle                       # tutte le celle della fonte, senza filtri
        banco.scelte                           # che cosa è scelto adesso

    E si salva, dal modulo o da qui::

        banco.salva_tabella("csv")             # o "xlsx": in reports/esplora/, numeri non arrotondati nel CSV
        banco.salva_grafico("province", "svg") # o "png", o "json"
        banco.salva_notebook("Crisi a Bergamo")  # un notebook di rapporto in notebooks/, da «analisi esegui»

    Nessun salvataggio cancella un file che c'è: il nuovo prende un altro nome.

    Args:
        fonte: cartella, archivio o file, come nei notebook di rapporto.
        territorio: nome di un territorio di data/riferimento/territori, o un file .toml.
        tabella: casi_gestiti, vol_procedure o siul_cob; vuota, la prima che c'è.
        criterio_anno: anno di una procedura negli estratti: apertura, accordo, inizio, in_corso.
        scelte: misura, modo, tempo, periodi, province, categorie con cui aprire.

    Raises:
        AnalisiError: una scelta non è di questa fonte. Una fonte che non si può leggere si racconta nel modulo.
    """

    def __init__(  # noqa: D107
        self,
        fonte: str = "data/pubblicati",
        territorio: str = "lombardia",
        *,
        tabella: str = "",
        criterio_anno: str = "apertura",
        **scelte: Any,
    ) -> None:
        self._lock = RLock()
        self._mostrato: tuple[Cubo | None, Scelte] = (None, Scelte(""))  # replaced whole: cells run in another thread than clicks
        self._fonte: dict[str, str] = {}
        self._versione = 0
        self._modulo = Modulo(self._open, self._choose, self._lock)
        self._pagina = panel(self._answer)
        self.widget = w.VBox([self._modulo.widget, self._pagina]).add_class("esplora-banco")
        own_keys(self.widget)
        self._modulo.ask({"fonte": str(fonte), "territorio": territorio, "tabella": tabella, "criterio_anno": criterio_anno})
        self._load(self._modulo.source({}), scelte)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.widget)

    @property
    def cubo(self) -> Cubo | None:
        """Le celle della fonte aperta; None se nessuna si è potuta aprire."""
        return self._mostrato[0]

    @property
    def scelte(self) -> Scelte:
        """Che cosa è scelto adesso, nel modulo e con i clic."""
        return self._mostrato[1]

    @property
    def tabella(self) -> pl.DataFrame:
        """Ciò che è mostrato: una riga per periodo, provincia e categoria, filtrate e ordinate come nella tavola della pagina."""
        with self._lock:
            frame, seen, version = table(self._opened(), self.scelte), self._pagina.vista_tavola, self._versione
        rows = seen.get("righe") if seen.get("versione") == version else None
        return frame if rows is None else frame[[n for n in rows if n < frame.height]]

    def pandas(self) -> Any:
        """`tabella` in pandas: i conteggi interi anche accanto a celle vuote."""
        import pandas as pd

        kinds = {pl.Int64: "Int64", pl.Float64: "Float64", pl.String: "string"}
        frame = self.tabella
        return pd.DataFrame({c.name: pd.array(c.to_list(), dtype=kinds[c.dtype.base_type()]) for c in frame.iter_columns()})

    def record(self, *, periodo: str = "", provincia: str = "", categoria: str = "", limite: int = LIMIT) -> pl.DataFrame:
        """Le righe della fonte dietro a un numero, al più `limite`, senza codici fiscali; senza indicazioni, quelle di ciò che è scelto.

        Raises:
            AnalisiError: la provincia non è del territorio.
        """
        with self._lock:
            where = self._where(periodo=str(periodo), provincia=provincia, categoria=categoria)
            return records(self._opened(), self.scelte, where, limite)[0]

    def salva_tabella(self, formato: str = "csv") -> Path:
        """Scrive la tavola mostrata in reports/esplora; il percorso."""
        with self._lock:
            return saving.save_table(self._opened(), self.scelte, self.tabella, formato)

    def salva_grafico(self, nome: str = "province", formato: str = "svg") -> Path:
        """Scrive un grafico in reports/esplora: province, mappa, andamento, composizione o dispersione; il percorso."""
        with self._lock:
            cubo, scelte = self._opened(), self.scelte
        drawn = {view["nome"]: view for view in views.charts(cubo, scelte)}
        if nome not in drawn:
            msg = f"grafico «{nome}»: non c'è; disponibili: {', '.join(drawn)}"
            raise AnalisiError(msg)
        return saving.save_chart(cubo, scelte, drawn[nome], formato)

    def salva_notebook(self, titolo: str) -> Path:
        """Scrive in notebooks/ un notebook di rapporto con le scelte di adesso; il percorso."""
        with self._lock:
            return saving.save_notebook(titolo, self._opened(), self._fonte, self.scelte)

    def _opened(self) -> Cubo:
        if self.cubo is None:
            msg = "nessuna fonte aperta: sceglierne una nel modulo"
            raise AnalisiError(msg)
        return self.cubo

    def _where(self, **codes: str) -> Dove:
        """The cells of some codes, the rest as it is chosen."""
        if codes.get("provincia"):
            found = self._opened().territorio.find(codes["provincia"])
            if found is None:
                msg = f"provincia «{codes['provincia']}»: non è del territorio {self._opened().territorio.nome}"
                raise AnalisiError(msg)
            codes["provincia"] = found
        return self.scelte.where() | {name: (code,) for name, code in codes.items() if code}

    def _open(self, change: dict[str, Any]) -> None:
        """Another source is asked for in the form."""

        def reopen() -> None:
            self._modulo.ask(self._modulo.source(change))
            self._load(self._modulo.source({}), self._kept())

        self._guarded(reopen)

    def _load(self, source: dict[str, str], choices: dict[str, Any]) -> None:
        """Open a source, and show it with some choices; a fault of it is told in the page."""
        try:
            cubo = open_cube(**source)
        except AnalisiError as error:
            old = f"\nRestano mostrati i dati di «{self._fonte['fonte']}»." if self.cubo else ""
            self.say(f"{error}{old}", error=True)
            return
        scelte = cubo.checked(_defaults(cubo, choices))
        place = resolve(source["fonte"])
        self._fonte = source | {"fonte": shown(place) if place.is_relative_to(root()) else str(place)}
        self.say("")
        self._show(cubo, scelte)

    def _kept(self) -> dict[str, Any]:
        """The choices to carry to another source; those it has not got are left behind by `_defaults`."""
        return {name: value for name, value in self._modulo.scelte({}).items() if value and name != "periodi"}

    def _choose(self, change: dict[str, Any]) -> None:
        """Another choice is made in the form: it undoes the clicks on the same dimension."""

        def choose() -> None:
            given = self._modulo.scelte(change)
            if given["tempo"] != self.scelte.tempo:
                del given["periodi"]  # the last of the new ones
            fields = dict(zip(("periodi", "province", "categorie"), DIMENSIONI, strict=True))
            changed = {dimension for name, dimension in fields.items() if given.get(name) != getattr(self.scelte, name)}
            clicked = {name: codes for name, codes in self.scelte.filtri.items() if name not in changed}
            self.say("")
            self._show(self._opened(), _defaults(self._opened(), {**given, "filtri": clicked}))

        self._guarded(choose)

    def _show(self, cubo: Cubo, scelte: Scelte) -> None:
        """Show some choices: the form first, so that it agrees with the page when the page is drawn."""
        shown = views.shown(cubo, scelte)
        self._mostrato = (cubo, scelte)
        self._versione += 1
        self._modulo.offer(cubo, scelte)
        self._pagina.dettaglio = {}
        self._pagina.stato = shown | {"versione": self._versione}

    def _answer(self, message: dict[str, Any]) -> None:
        """What is clicked in the page."""
        kind = message.get("tipo")
        if kind == "scelta":
            self._guarded(lambda: self._show(self._opened(), self.scelte.toggled(message["dimensione"], message["chiave"])))
        elif kind == "togli":
            self._guarded(lambda: self._show(self._opened(), replace(self.scelte, filtri={})))
        elif kind == "record":
            self._guarded(lambda: self._show_records(self._where(**message["chiavi"])))
        elif kind == "chiudi":
            self._pagina.dettaglio = {}
        elif kind == "salva_tavola":
            self._guarded(lambda: self._saved(self._save_seen(message)))
        elif kind == "salva_grafico":
            self._guarded(lambda: self._saved(self.salva_grafico(message["nome"], message["formato"])))
        elif kind == "salva_notebook":
            self._guarded(lambda: self._saved(self.salva_notebook(message["titolo"])))

    def _save_seen(self, message: dict[str, Any]) -> Path:
        """Save the table with the rows that came with the click: what the page tells apart may come later."""
        self._pagina.vista_tavola = {"versione": message["versione"], "righe": message["righe"]}
        return self.salva_tabella(message["formato"])

    def _saved(self, path: Path) -> None:
        """Tell where a file is, and what to do with it."""
        run = f" Per pubblicarlo: analisi esegui {path.stem}" if path.suffix == ".ipynb" else ""
        self.say(f"Salvato: {shown(path)} ({number(path.stat().st_size)} byte).{run}")

    def _show_records(self, where: Dove) -> None:
        found, count = records(self._opened(), self.scelte, where, LIMIT)
        self._pagina.dettaglio = views.record_grid(found, count, described(self._opened(), where), LIMIT)

    def say(self, text: str, *, error: bool = False) -> None:
        """Tell something at the head of the page."""
        self._pagina.messaggio = {"testo": masked(text), "errore": error}

    def _guarded(self, act: Callable[[], None]) -> None:
        """Do what a click asks, one at a time; a fault is told in the page, never as a trace."""
        try:
            with self._lock:
                act()
        except AnalisiError as error:
            self.say(str(error), error=True)
        except Exception as error:  # a fault of ours: the analyst gets one line, whoever mends it the trace
            log = cache_folder() / "errore.txt"
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(traceback.format_exc(), encoding="utf-8")
            self.say(f"Errore del programma ({type(error).__name__}); i dettagli, per chi lo corregge, in {log}", error=True)


def _defaults(cubo: Cubo, given: dict[str, Any]) -> Scelte:
    """Choices that the source has: those given, without what it has not got; by default the workers of the last year."""
    misura = (
        given.get("misura") if given.get("misura") in cubo.misure else next(n for n in ("lavoratori", *cubo.misure) if n in cubo.misure)
    )
    modo = given.get("modo") if given.get("modo") in cubo.modi(misura) else "assoluto"
    tempo = given.get("tempo") if given.get("tempo") in cubo.tempi else cubo.tempi[0]
    known = {"periodi": cubo.periodi(tempo), "province": cubo.territorio.sigle, "categorie": list(cubo.categorie)}
    chosen = {name: tuple(code for code in map(str, given.get(name, ())) if code in codes) for name, codes in known.items()}
    if "periodi" not in given:
        chosen["periodi"] = (known["periodi"][-1],)
    return Scelte(misura, modo, tempo, **chosen, filtri=given.get("filtri", {}))
