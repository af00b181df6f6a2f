"""The commands on editions: check a folder, and pack it for delivery."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from analisi.cli.base import Comando, place
from analisi.errors import AnalisiError


def _folder(name: str) -> Path:
    """Absolute path of an edition's folder: from the current folder, or else from reports/ of the workspace."""
    from analisi.workspace import resolve, root

    path = resolve(name)
    if not path.is_dir() and (root() / "reports" / name).is_dir():
        path = root() / "reports" / name
    if not path.is_dir():
        msg = f"{name}: cartella inesistente; indicare la cartella di un'edizione, quella che contiene manifest.json"
        raise AnalisiError(msg)
    return path.resolve()


VERIFICA = """Esempi:
  analisi verifica reports/edizione-annuale
  analisi verifica /media/chiavetta/edizione-annuale
  analisi verifica data/archivio
Esce con 0 se tutto è in ordine, 1 se qualcosa non lo è, 2 se la cartella non c'è."""


@click.command(cls=Comando, epilog=VERIFICA, options_metavar="")
@click.argument("cartella", metavar="CARTELLA")
def verifica(cartella: str) -> int:
    """Controlla che un'edizione sia intera, inalterata e adatta a uscire dall'ufficio; o che un archivio sia com'era.

    Confronta ogni file con manifest.json (presenza, dimensione, impronta), controlla che le pagine non chiedano nulla
    alla rete e che i collegamenti portino a file presenti, e cerca in ogni file ciò che non può uscire: codici fiscali,
    pseudonimi, formule, cartelle di questo computer; nel profilo pubblico anche imprese, procedure, recapiti e indirizzi.
    Dice dove sono, senza ripeterli. Nomi e numeri degli estratti si cercano se gli estratti sono qui, com'erano.
    Non modifica nulla. Vale anche per una copia, per esempio su chiavetta.

    Di un archivio («analisi archivia») confronta ogni file di ogni scatto con la sua impronta.
    """
    from analisi.reports.verify import compared, summary, verify
    from analisi.sources.snapshots import is_archive
    from analisi.workspace import resolve

    if is_archive(resolve(cartella)):
        return _verify_archive(resolve(cartella))
    folder = _folder(cartella)
    findings = verify(folder)
    for finding in findings:
        click.echo(f"- {finding}")
    if findings:
        click.echo(f"{folder.name}: {'1 difetto' if len(findings) == 1 else f'{len(findings)} difetti'}.")
        return 1
    click.echo(f"{folder.name}: tutto in ordine. Controllati {summary(folder)}. Testi riservati confrontati: {compared(folder)}.")
    return 0


def _verify_archive(path: Path) -> int:
    from analisi.sources.snapshots import altered, snapshots
    from analisi.tables.writing import counted

    findings = list(altered(path))
    for finding in findings:
        click.echo(f"- {finding}")
    if findings:
        click.echo(f"{path.name}: {counted(len(findings), 'difetto', 'difetti')}.")
        return 1
    for snapshot in snapshots(path):
        click.echo(f"{snapshot.nome}: {', '.join(dict.fromkeys(extract['tabella'] for extract in snapshot.estratti))}")
    files = sum(len(snapshot.files()) for snapshot in snapshots(path))
    click.echo(f"{path.name}: tutto in ordine. {counted(len(snapshots(path)), 'scatto', 'scatti')}, {counted(files, 'file', 'file')}.")
    return 0


PACCHETTO = """Esempi:
  analisi pacchetto reports/edizione-annuale edizione-annuale.zip
  analisi pacchetto reports/edizione-annuale edizione-annuale.zip --pdf
Esce con 0 se il pacchetto è scritto, 1 se la verifica o la stampa non riesce, 2 se il comando non si può eseguire."""


@click.command(cls=Comando, epilog=PACCHETTO, options_metavar="[OPZIONI]")
@click.argument("cartella", metavar="CARTELLA")
@click.argument("file", metavar="FILE.zip")
@click.option("--pdf", is_flag=True, help="Aggiunge il PDF di ogni pagina, stampato con Chromium, Chrome o Edge già installato.")
@click.option("--sovrascrivi", is_flag=True, help="Permette di riscrivere un pacchetto che esiste già.")
def pacchetto(cartella: str, file: str, pdf: bool, sovrascrivi: bool) -> None:
    """Prepara l'archivio zip di un'edizione, da consegnare.

    Prima la verifica come «analisi verifica»: se c'è un difetto, il pacchetto non si fa. La stessa edizione dà sempre
    lo stesso archivio, byte per byte; la cartella dell'edizione resta com'è.
    """
    from analisi.reports.package import pack

    folder, target = _folder(cartella), Path(file).expanduser().resolve()
    if target.suffix.lower() != ".zip":
        msg = f"{file}: il nome del pacchetto deve finire in .zip"
        raise AnalisiError(msg)
    if target.exists() and not sovrascrivi:
        msg = f"{file}: esiste già e non viene toccato; scegliere un altro nome, o aggiungere --sovrascrivi"
        raise AnalisiError(msg)
    done = pack(folder, target, pdf=pdf, progress=_progress)
    pdfs = f", di cui {done.pdfs} PDF" if done.pdfs else ""
    size = f"{done.size / 1e6:.1f}".replace(".", ",")
    click.echo(f"Pacchetto scritto: {place(done.path)} ({done.files} file{pdfs}; {size} MB)")
    click.echo(f"sha256 {done.sha256}")


def _progress(count: int, total: int, page: str) -> None:
    """Tell how many pages are printed, on a terminal."""
    if sys.stderr.isatty():
        end = "\r\x1b[K" if count == total else ""
        click.echo(f"\r\x1b[K{count} di {total} PDF: {page[:60]}{end}", nl=False, err=True)
