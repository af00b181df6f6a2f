"""The commands on the archive: keep extracts for good."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from analisi.cli.base import Comando, place
from analisi.errors import AnalisiError

ARCHIVIO = "data/archivio"

ARCHIVIA = """Esempi:
  analisi archivia data/ingresso                       # tutti gli estratti di una consegna: uno scatto solo
  analisi archivia siul_cob.parquet --aggiunge         # l'anno nuovo delle comunicazioni, accanto ai precedenti
  analisi archivia vecchio.csv --data AAAA-MM-GG       # un estratto disponibile da quel giorno
  analisi esegui annuale --fonte data/archivio         # un rapporto dagli scatti in vigore oggi
  analisi esegui annuale --fonte data/archivio --alla-data AAAA-MM-GG   # lo stesso rapporto com'era quel giorno
  analisi verifica data/archivio                       # ogni file è quello archiviato?

Esce con 0 se tutto è archiviato o c'era già, 1 se ci sono righe scartate o il disco rifiuta, 2 se un file non si può usare."""


@click.command(cls=Comando, epilog=ARCHIVIA, options_metavar="[OPZIONI]")
@click.argument("percorso", metavar="FILE_O_CARTELLA")
@click.option("--archivio", metavar="CARTELLA", default=ARCHIVIO, help=f"Dove archiviare (predefinito: {ARCHIVIO}); può essere condivisa.")
@click.option("--data", "giorno", metavar="AAAA-MM-GG", help="Giorno da cui l'estratto era disponibile (predefinito: oggi).")
@click.option("--aggiunge", is_flag=True, help="L'estratto si aggiunge a quelli già archiviati della sua tabella.")
@click.option("--sostituisce", is_flag=True, help="L'estratto prende il posto dei precedenti, anche se ha molte meno righe.")
@click.option("--anche-con-scarti", "accetta", is_flag=True, help="Archivia le righe accettate anche se altre sono scartate; le annota.")
@click.option("--tabella", metavar="NOME", help="Tabella dei file; se manca, si riconosce dalle intestazioni.")
@click.option("--mappatura", metavar="FILE", help="Mappatura .toml delle intestazioni (vedere «analisi mappa»).")
@click.option("--territorio", metavar="NOME", default="lombardia", help="Territorio delle province (predefinito: lombardia).")
def archivia(
    percorso: str, archivio: str, giorno: str | None, aggiunge: bool, sostituisce: bool, accetta: bool, **options: str | None
) -> int:
    """Conserva per sempre gli estratti: controllati, convertiti in Parquet, in uno scatto datato che nulla riscrive.

    Ogni esecuzione fa uno scatto, con un manifest: righe lette, accettate e scartate, impronte di ogni file. Le righe
    scartate si dicono come in «analisi controlla» e fermano tutto. Un estratto prende il posto dei precedenti della
    sua tabella, che restano per i rapporti --alla-data; con --aggiunge si somma a essi. Un estratto uguale a quello
    in vigore non si archivia due volte. Interrotto o ucciso, non resta mezzo scatto; due persone possono archiviare
    insieme nella stessa cartella. I Parquet grandi con i tipi giusti si leggono a pezzi, in memoria limitata.
    """
    from analisi.sources.snapshots import ADDED, WHOLE
    from analisi.tables.delivery import require_files
    from analisi.tables.summary import as_text
    from analisi.vintages.archiving import archivia as run
    from analisi.vintages.extracts import Rejected
    from analisi.workspace import resolve, root

    if aggiunge and sostituisce:
        msg = "--aggiunge e --sostituisce dicono il contrario: indicarne una"
        raise AnalisiError(msg)
    path = resolve(percorso)
    target = root() / ARCHIVIO if archivio == ARCHIVIO else Path(archivio).expanduser().resolve()  # a new one is made where one is
    paths = require_files(path) if path.is_dir() else [path]
    bar = _Bar(len(paths))
    try:
        done = run(
            paths, target, _day(giorno), modo=ADDED if aggiunge else WHOLE if sostituisce else "", accept=accetta, told=bar.told, **options
        )
    except Rejected as error:
        bar.close()
        faulty = [reading for reading in error.readings if not reading.pulita]
        click.echo("\n\n".join(as_text(reading, base=path if path.is_dir() else None) for reading in faulty))
        raise
    bar.close()
    _tell(done, target)
    return 0


def _day(text: str | None) -> date:
    today = datetime.now().astimezone().date()
    try:
        day = date.fromisoformat(text) if text else today
    except ValueError as error:
        msg = f"--data {text}: non è una data; scriverla nella forma aaaa-mm-gg"
        raise AnalisiError(msg) from error
    if day > today:
        msg = f"--data {text}: è nel futuro; uno scatto vale dal giorno in cui l'estratto era disponibile"
        raise AnalisiError(msg)
    return day


def _tell(done: Any, target: Path) -> None:
    from analisi.tables.writing import counted, thousands

    for file, name in done.gia_presenti:
        click.echo(f"{file}: già archiviato nello scatto {name}, con le stesse righe; non ripetuto")
    for extract in done.estratti:
        counts, files = extract["conteggio"], extract["archiviati"]
        rows = f"{counted(counts['righe'], 'riga letta', 'righe lette')} = {thousands(counts['accettate'])} archiviate"
        rows += f" + {thousands(counts['scartate'])} scartate"
        rest = {name: counts[name] for name in ("totali", "vuote") if counts[name]}
        rows += "".join(f" + {thousands(number)} {'di totale' if name == 'totali' else name}" for name, number in rest.items())
        size = f"{sum(item['byte'] for item in files) / 1e6:.1f} MB".replace(".", ",")
        click.echo(f"{extract['file']}: {extract['tabella']} ({extract['modo']}), {rows}; {counted(len(files), 'file', 'file')}, {size}")
        for words, tally in (("scarti", extract["scarti"]), ("avvisi", extract["avvisi"])):
            if tally:
                click.echo(f"  {words}: {', '.join(f'{rule} {thousands(number)}' for rule, number in tally.items())}")
        if extract["regole_non_controllate"]:
            click.echo(f"  regole non controllate su un file di queste dimensioni: {', '.join(extract['regole_non_controllate'])}")
    for note in done.note:
        click.echo(f"Nota: {note}", err=True)
    click.echo(f"Scatto archiviato: {place(target / done.scatto)}" if done.scatto else "Niente di nuovo da archiviare.")


class _Bar:
    """How far the work is, on a terminal: the file being read, or the rows of a large one."""

    def __init__(self, files: int) -> None:
        self.files, self.seen, self.bar, self.name = files, 0, None, ""

    def told(self, what: str, done: int, rows: int) -> None:
        if not sys.stderr.isatty():
            return
        if not rows:
            self.seen += 1
            click.echo(f"\r\x1b[K{self.seen} di {self.files}: {what[:60]}\r", nl=False, err=True)
            return
        if self.name != what:
            from tqdm import tqdm

            self.close()
            shape = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} righe [{elapsed}, mancano {remaining}]"
            self.name, self.bar = what, tqdm(total=rows, desc=what[:40], bar_format=shape, unit_scale=True, leave=False)
        self.bar.update(done - self.bar.n)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
