"""`analisi esplora` and `analisi nuovo`: the analyst's own work in JupyterLab."""

from __future__ import annotations

import sys

import click

from analisi.cli.base import Comando, place

_ESPLORA = """\
Esempi:
  analisi esplora
  analisi esplora cabina
  analisi esplora notebooks/annuale.ipynb --porta 9000 --senza-browser

Notebook per lavorare, oltre a quelli di rapporto:
  esplora       confronti, filtri e grafici interattivi
  cabina        le edizioni: stato, esecuzione, pagine
  primi_passi   il giro guidato, in dieci minuti"""


@click.command(cls=Comando, epilog=_ESPLORA, options_metavar="[OPZIONI]")
@click.argument("notebook", metavar="[NOTEBOOK]", required=False, default="")
@click.option("--porta", metavar="N", type=click.IntRange(1, 65535), help="Porta (predefinita: la prima libera da 8888).")
@click.option("--senza-browser", "senza_browser", is_flag=True, help="Non apre il browser: l'indirizzo si copia da qui.")
def esplora(notebook: str, porta: int | None, senza_browser: bool) -> None:
    """Apre JupyterLab sulla cartella di lavoro.

    NOTEBOOK è il nome di un notebook di notebooks/, o il suo percorso. JupyterLab risponde solo a questo computer, con
    un codice di accesso nuovo a ogni avvio, e non chiede nulla alla rete. Le impostazioni sono quelle della cartella di
    lavoro: quelle personali (~/.jupyter) non si leggono e non cambiano. Si chiude con Ctrl-C.
    """
    from analisi.explore.lab import find_notebook, free_port, open_lab

    path, port = find_notebook(notebook), free_port(porta or 0)

    def ready(address: str) -> None:
        click.echo(f"JupyterLab: {address}")
        click.echo(f"Notebook aperto: {place(path)}" if path else "Nessun notebook aperto: sceglierne uno in notebooks/")
        click.echo("Per chiudere: Ctrl-C in questa finestra. Gli ultimi cambiamenti si salvano prima con Ctrl-S.")
        sys.stdout.flush()

    open_lab(path, port, browser=not senza_browser, ready=ready)
    click.echo("JupyterLab chiuso.")


_NUOVO = """\
Esempi:
  analisi nuovo lavoratori_per_provincia --titolo "Lavoratori per provincia"
  analisi nuovo annuale_sintetico --da annuale"""


@click.command(cls=Comando, epilog=_NUOVO, options_metavar="[OPZIONI]")
@click.argument("nome", metavar="NOME")
@click.option("--titolo", metavar="TESTO", default="", help="Titolo del rapporto (predefinito: dal nome).")
@click.option(
    "--da", "model", metavar="NOTEBOOK", default="", help="Comincia da una copia di questo rapporto: stessi parametri, stesse celle."
)
def nuovo(nome: str, titolo: str, model: str) -> None:
    """Comincia un rapporto nuovo: notebooks/NOME.ipynb, che si esegue così com'è, e la sua prova.

    Il notebook ha già la forma dei rapporti: parametri, intestazione, un primo indicatore, un grafico, una tavola, i
    file di dati, metodo e provenienza. Si cambia cella per cella («analisi esplora NOME»). Nessun file è mai riscritto.
    """
    from analisi.explore.nuovo import make

    notebook, test = make(nome, titolo, model)
    click.echo(f"Notebook scritto: {place(notebook)}")
    if test:
        click.echo(f"Prova scritta: {place(test)}")
    click.echo(f"Per pubblicarlo: analisi esegui {nome}. Per cambiarlo: analisi esplora {nome}")
    click.echo(f'In un\'edizione: aggiungere a un file di reports/*.toml le righe [[rapporto]] e notebook = "{nome}"')
    click.echo(
        "È un notebook proprio: nel README e nel dizionario dei dati, che descrivono i rapporti del prodotto, non c'è nulla da aggiungere."
    )
