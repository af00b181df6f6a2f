"""`analisi confronta`: what changed, and two years at equal delay."""

from __future__ import annotations

from pathlib import Path

import click

from analisi.cli.archivio import ARCHIVIO
from analisi.cli.base import Comando, place, place_of
from analisi.errors import AnalisiError

CONFRONTA = """Esempi:
  analisi confronta reports/edizione-trimestrale-T3 reports/edizione-trimestrale-T4
  analisi confronta data/archivio@AAAA-MM-GG data/archivio            # da quel giorno a oggi
  analisi confronta data/archivio/AAAA-MM-GG-01 data/archivio/AAAA-MM-GG-01 --uscita cambiamenti
  analisi confronta vecchio.csv nuovo.csv
  analisi confronta --ritardo 60 --periodo AAAA-T4                    # a pari ritardo, dagli scatti dell'archivio

Il periodo è un anno (AAAA), un trimestre (AAAA-T1...T4) o un bimestre (AAAA-B1...B6).
Esce con 0 se il confronto è fatto, 2 se non si può fare."""


@click.command(cls=Comando, epilog=CONFRONTA, options_metavar="[OPZIONI]")
@click.argument("parti", metavar="[PRIMA DOPO]", nargs=-1)
@click.option("--uscita", metavar="CARTELLA", help="Scrive anche la pagina HTML, i CSV e la cartella Excel.")
@click.option("--ritardo", metavar="GIORNI", type=click.IntRange(0, 3650), help="Confronta a pari ritardo, questi giorni dopo il periodo.")
@click.option("--periodo", metavar="PERIODO", help="Con --ritardo: il periodo, da confrontare con lo stesso dell'anno prima.")
@click.option("--archivio", metavar="CARTELLA", default=ARCHIVIO, help=f"Con --ritardo: l'archivio (predefinito: {ARCHIVIO}).")
@click.option(
    "--territorio", metavar="NOME", default="lombardia", help="Con --ritardo: territorio delle province (predefinito: lombardia)."
)
def confronta(parti: tuple[str, ...], uscita: str | None, ritardo: int | None, periodo: str | None, archivio: str, territorio: str) -> None:
    """Dice che cosa è cambiato da PRIMA a DOPO, cella per cella.

    PRIMA e DOPO sono due edizioni o due rapporti pubblicati (dai loro dati), due stati di un archivio, due scatti o
    due estratti. Righe aggiunte, e fra esse quelle arrivate in ritardo e le revisioni; righe rimosse; celle corrette,
    completate o svuotate, con gli scarti; rapporti pubblicati che ne sono toccati. Le colonne riservate non si
    ripetono; delle tavole di singole persone si danno solo i conti.

    Con --ritardo e --periodo, invece, confronta due anni a pari ritardo: ciò che si sapeva tanti giorni dopo la fine
    del periodo con ciò che si sapeva altrettanti giorni dopo quello dell'anno prima.
    """
    target = place_of(uscita) if uscita else None
    if target and target.exists() and not target.is_dir():
        msg = f"--uscita {uscita}: esiste già e non è una cartella; sceglierne un'altra"
        raise AnalisiError(msg)
    if ritardo is not None or periodo:
        if ritardo is None or not periodo or parti:
            msg = "il confronto a pari ritardo vuole --ritardo e --periodo insieme, senza PRIMA e DOPO; vedere «analisi confronta --help»"
            raise AnalisiError(msg)
        _at_equal_delay(archivio, ritardo, periodo, territorio, target)
        return
    if len(parti) != 2:
        msg = "servono due parti da confrontare, PRIMA e DOPO; vedere «analisi confronta --help»"
        raise AnalisiError(msg)
    _what_changed(*parti, target)


def _what_changed(prima: str, dopo: str, target: Path | None) -> None:
    from analisi.presentation import revisioni
    from analisi.reports.changes import compare_sides

    found = compare_sides(prima, dopo)
    click.echo(f"Da {found.prima.nome} a {found.dopo.nome}")
    _say(revisioni.in_sintesi(found.revisioni, found.solo_prima, found.solo_dopo))
    for row in found.toccati.iter_rows(named=True):
        click.echo(f"Rapporto toccato: {row['rapporto']} ({row['edizione']}): {row['tavole']}")
    if target:
        from analisi.reports.changes_page import publish_changes

        click.echo(f"Pagina scritta: {place(publish_changes(found, target))}")


def _at_equal_delay(archivio: str, ritardo: int, periodo: str, territorio: str, target: Path | None) -> None:
    from analisi.indicators.pari_ritardo import Registri, equal_delay
    from analisi.presentation import revisioni
    from analisi.sources.snapshots import is_archive
    from analisi.vocabulary import load_territorio
    from analisi.workspace import resolve

    path, where = resolve(archivio), load_territorio(territorio)
    if not is_archive(path):
        msg = f"--archivio {archivio}: non è un archivio fatto da «analisi archivia»"
        raise AnalisiError(msg)
    registri = Registri(path, where)
    found = equal_delay(registri, periodo, ritardo, where)
    _say(revisioni.pari_ritardo(found))
    if target:
        from analisi.reports.changes_page import publish_delay

        click.echo(f"Pagina scritta: {place(publish_delay(found, registri, ritardo, target))}")


def _say(sentences: list[str]) -> None:
    for sentence in sentences:
        click.echo(sentence.replace("**", ""))
