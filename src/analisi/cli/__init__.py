"""The command line. Names, help and messages are Italian."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

import click

from analisi.cli.archivio import archivia
from analisi.cli.base import Gruppo
from analisi.cli.confronta import confronta
from analisi.cli.consegna import pacchetto, verifica
from analisi.cli.edizione import edizione
from analisi.cli.esplora import esplora, nuovo
from analisi.cli.estratti import chiave, controlla, esempio, mappa, modello, pseudonimi
from analisi.cli.rapporti import elenco, esegui
from analisi.errors import AnalisiError, suggest
from analisi.workspace import cache_folder


@click.group(cls=Gruppo, context_settings={"help_option_names": ["-h", "--help"]})
def app() -> None:
    """Rapporti dell'Osservatorio sulle crisi aziendali e sulle politiche attive del lavoro.

    Per cominciare: «analisi elenco» mostra i notebook e i loro parametri, «analisi esegui annuale» pubblica il
    rapporto annuale in reports/, «analisi controlla FILE» verifica un estratto, «analisi edizione trimestrale»
    esegue in una volta tutti i rapporti di un'edizione.
    """


DATI = (controlla, archivia, confronta, modello, mappa, esempio, chiave, pseudonimi)
for command in (elenco, esegui, nuovo, edizione, esplora, verifica, pacchetto, *DATI):
    app.add_command(command)


def _usage_text(error: click.UsageError) -> str:
    """The Italian text of a mistake in the words of the command."""
    if isinstance(error, click.NoSuchOption):
        known = [opt.removeprefix("--") for param in error.ctx.command.params for opt in param.opts if opt.startswith("--")]
        return f"opzione {error.option_name} sconosciuta; {suggest(error.option_name.lstrip('-'), known)}"
    if isinstance(error, click.BadOptionUsage):
        return f"opzione {error.option_name}: manca il valore"
    if isinstance(error, click.MissingParameter):
        return f"manca {error.param.human_readable_name if error.param else 'un argomento'}"
    command = error.ctx.command_path if error.ctx else "analisi"
    return f"argomenti non riconosciuti; «{command} --help» mostra come si scrive il comando"


def main(args: Sequence[str] | None = None) -> None:
    """Entry point. Exit status: 0 done, 1 a report failed or rows were rejected, 2 wrong words or data, 130 interrupted."""
    sys.modules.setdefault("rfc3987_syntax", None)  # see reports/child.py: a second saved at each start
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    sys.exit(_status(args))


def _status(args: Sequence[str] | None) -> int:
    try:
        status = app.main(args, prog_name="analisi", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        return _told("Interrotto: nulla è stato pubblicato.", 130)
    except click.exceptions.NoArgsIsHelpError as error:
        return _told(error.ctx.get_help(), 2)
    except click.UsageError as error:
        return _told(f"Errore: {_usage_text(error)}", 2)
    except AnalisiError as error:
        return _told(f"Errore: {error}", 1 if error.during_run else 2)
    except Exception as error:  # a fault of ours: the user gets one line, whoever mends it the trace
        log = cache_folder() / "errore.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc(), encoding="utf-8")
        return _told(
            f"Errore del programma ({type(error).__name__}): nulla è stato pubblicato; i dettagli, per chi lo corregge, in {log}", 1
        )
    return status if isinstance(status, int) else 0


def _told(text: str, status: int) -> int:
    click.echo(text, err=True)
    return status
