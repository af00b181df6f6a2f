"""The commands on extracts: check, map, make forms, synthetic examples, keys and pseudonyms."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from analisi.cli.base import Comando, place
from analisi.errors import AnalisiError, suggest
from analisi.presentation.formats import number
from analisi.workspace import resolve, root, shown

MOST_ROWS = 10**10


def _new(path: Path, *, overwrite: bool = False) -> Path:
    """Absolute path of a file to write. Raises: AnalisiError when it exists, unless it may be written over."""
    path = path.expanduser().resolve()
    if path.exists() and not overwrite:
        msg = f"{shown(path)}: esiste già e non viene toccato; scegliere un altro nome, o aggiungere --sovrascrivi"
        raise AnalisiError(msg)
    return path


def _table(name: str):
    from analisi.tables.catalogo import TABLES

    if name not in TABLES:
        msg = f"tabella «{name}» sconosciuta; {suggest(name, TABLES)}"
        raise AnalisiError(msg)
    return TABLES[name]


CONTROLLA = """Esempi:
  analisi controlla data/ingresso/Nucleo-CO.xlsx
  analisi controlla estratto.csv --tabella vol_procedure --scarti scarti.xlsx
  analisi controlla data/ingresso --json
Esce con 0 se nulla è scartato, 1 se ci sono scarti, 2 se un file non si può usare."""

PRECEDENTE = "Estratto precedente della stessa tabella, per i dubbi sul file intero; ripetibile, dal più vecchio."


@click.command(cls=Comando, epilog=CONTROLLA, options_metavar="[OPZIONI]")
@click.argument("percorso", metavar="PERCORSO")
@click.option("--tabella", metavar="NOME", help="Tabella del file; se manca, si riconosce dalle intestazioni.")
@click.option("--mappatura", metavar="FILE", help="Mappatura .toml delle intestazioni (vedere «analisi mappa»).")
@click.option("--foglio", metavar="NOME", help="Foglio da leggere, se più fogli hanno l'intestazione di una tabella.")
@click.option("--territorio", metavar="NOME", default="lombardia", help="Territorio delle province (predefinito: lombardia).")
@click.option("--precedente", "precedenti", metavar="FILE", multiple=True, help=PRECEDENTE)
@click.option(
    "--scarti", metavar="FILE.xlsx", help="Scrive il file con le celle in difetto colorate e commentate, da rimandare a chi lo ha inviato."
)
@click.option("--sovrascrivi", is_flag=True, help="Permette di riscrivere il file degli scarti.")
@click.option("--json", "as_json", is_flag=True, help="Scrive l'esito in JSON, per altri programmi.")
def controlla(
    percorso: str, precedenti: tuple[str, ...], scarti: str | None, as_json: bool, sovrascrivi: bool, **options: str | None
) -> int:
    """Controlla un file, o tutti quelli di una cartella, contro le tabelle dichiarate.

    Dice quante righe sono accettate e scartate, perché, e che cosa fa dubitare del file intero. In una cartella
    controlla anche le regole fra tabelle: procedure che esistono, lavoratori che tornano.
    """
    from analisi.tables.annotating import annotate
    from analisi.tables.delivery import others_of, read_delivery, require_files
    from analisi.tables.reading import leggi
    from analisi.tables.summary import as_data, as_text

    path, wanted = resolve(percorso), options.pop("tabella")
    target = _new(Path(scarti), overwrite=sovrascrivi) if scarti else None
    if path.is_dir():
        if target or precedenti:
            msg = f"{percorso}: è una cartella; --scarti e --precedente valgono per un file alla volta"
            raise AnalisiError(msg)
        paths = require_files(path)
        readings, refused = read_delivery(paths, wanted, progress=_progress(len(paths)), **options)
    else:
        before = [leggi(name, wanted, **options) for name in precedenti]
        readings, refused = [leggi(path, wanted, precedenti=before, **options)], []
    if target is not None:
        annotate(readings[0].foglio, readings[0].difetti, target)
    if as_json:
        click.echo(
            json.dumps({"file": [as_data(r) for r in readings], "non_leggibili": refused}, ensure_ascii=False, indent=2, default=str)
        )
    else:
        click.echo("\n\n".join(as_text(reading, guessed=wanted is None, base=path if path.is_dir() else None) for reading in readings))
        if len(readings) > 1:
            click.echo("\n" + _together(readings))
        if path.is_dir() and (others := others_of(path)):
            click.echo(
                f"Non letti, perché non sono tabelle: {', '.join(other.name for other in others[:20])}{', ...' * (len(others) > 20)}"
            )
        if target is not None:
            click.echo(f"\nFile con le celle segnate: {place(target)}")
    for text in refused:
        click.echo(f"Errore: {text}", err=True)
    return 2 if refused else int(any(not reading.pulita for reading in readings))


def _progress(count: int):
    """Tell which file is being read, on a terminal."""
    seen = iter(range(1, count + 1))

    def tell(path: Path) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{next(seen)} di {count}: {path.name[:60]}\r", nl=False, err=True)

    return tell


def _together(readings: list) -> str:
    rows = {name: sum(reading.conteggio[name] for reading in readings) for name in ("righe", "accettate", "scartate")}
    clean = sum(reading.pulita for reading in readings)
    numbers = {name: f"{value:,}".replace(",", ".") for name, value in rows.items()}
    told = f"{numbers['righe']} righe, {numbers['accettate']} accettate, {numbers['scartate']} scartate"
    return f"In tutto: {len(readings)} file, {clean} senza scarti; {told}."


@click.command(cls=Comando, epilog="Esempio:\n  analisi modello monitoraggio_pal Nucleo-CO.xlsx", options_metavar="[OPZIONI]")
@click.argument("tabella", metavar="TABELLA")
@click.argument("file", metavar="FILE.xlsx")
@click.option("--sovrascrivi", is_flag=True, help="Permette di riscrivere un file che esiste già.")
def modello(tabella: str, file: str, sovrascrivi: bool) -> None:
    """Prepara un modulo Excel vuoto di una tabella: elenchi a discesa, controlli, istruzioni e una riga di esempio."""
    from analisi.tables.forms import write_form

    path = write_form(_table(tabella), _new(Path(file), overwrite=sovrascrivi))
    click.echo(f"Modulo scritto: {path}")
    click.echo(f"Compilato, si controlla con: analisi controlla {path.name} --tabella {tabella}")


@click.command(cls=Comando, epilog="Esempio:\n  analisi mappa estratto.xlsx --tabella vol_procedure", options_metavar="[OPZIONI]")
@click.argument("file", metavar="FILE")
@click.option("--tabella", metavar="NOME", required=True, help="Tabella su cui portare le intestazioni del file.")
@click.option("--foglio", metavar="NOME", help="Foglio da leggere (predefinito: il primo con righe).")
@click.option("--uscita", metavar="FILE.toml", help="Dove scrivere. Predefinito: data/mappature/ con il nome del file.")
@click.option("--sovrascrivi", is_flag=True, help="Permette di riscrivere una mappatura che esiste già.")
def mappa(file: str, tabella: str, foglio: str | None, uscita: str | None, sovrascrivi: bool) -> None:
    """Comincia la mappatura di un file: quali intestazioni corrispondono alle nostre colonne, e quali sono solo ipotesi."""
    from analisi.sources import read_sheets
    from analisi.tables.mapping import draft

    path, table = resolve(file), _table(tabella)
    sheets = [sheet for sheet in read_sheets(path) if foglio in (None, sheet.name) and sheet.cells.height]
    if not sheets:
        msg = f"{shown(path)}: nessun foglio{f' «{foglio}»' if foglio else ''} con righe"
        raise AnalisiError(msg)
    target = _new(Path(uscita) if uscita else root() / "data" / "mappature" / f"{path.stem}.toml", overwrite=sovrascrivi)
    text = draft(sheets[0], table)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    name = place(target)
    click.echo(f"Mappatura scritta: {name}")
    click.echo(f"Verificare le ipotesi, poi: analisi controlla {file} --mappatura {name}")


ESEMPIO = """Esempi:
  analisi esempio --uscita prova --sporco
  analisi esempio --scala 1000000 --uscita grande"""


class Righe(click.ParamType):
    """A number of rows, as people write large ones: 1000000, 1_000_000, 1e6."""

    name = "righe"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = float(str(value))
        except ValueError:
            number = -1
        if not 1 <= number <= MOST_ROWS or number != int(number):
            msg = f"--scala {value}: serve un numero intero di righe, da 1 a 1e10, come 1000000 o 1e6"
            raise AnalisiError(msg)
        return int(number)


@click.command(cls=Comando, epilog=ESEMPIO, options_metavar="[OPZIONI]")
@click.option("--uscita", metavar="CARTELLA", help="Dove scrivere (predefinito: data/esempio; con --scala, data/esempio-scala).")
@click.option(
    "--seme", metavar="N", type=click.IntRange(min=0), default=1, help="Seme del caso: lo stesso seme dà gli stessi file (predefinito: 1)."
)
@click.option(
    "--copie", metavar="N", type=click.IntRange(min=1, max=1000), default=1, help="Quante copie diverse del territorio (predefinito: 1)."
)
@click.option("--sporco", is_flag=True, help="Aggiunge righe con difetti documentati, uno per regola, elencati in difetti.csv.")
@click.option(
    "--scala",
    metavar="RIGHE",
    type=Righe(),
    help="Scrive invece estratti di persone in Parquet: tante comunicazioni obbligatorie (1000000, o 1e6), elenchi e registro.",
)
@click.option("--territorio", metavar="NOME", help="Con --scala, le province degli estratti (predefinito: italia).")
def esempio(uscita: str | None, seme: int, copie: int, sporco: bool, scala: int | None, territorio: str | None) -> None:
    """Scrive estratti SINTETICI di tutte le tabelle, inventati per prova.

    I totali per anno, provincia e procedura sono quelli delle tavole pubblicate; persone, aziende e date sono inventate. Con --scala
    anche i totali sono inventati.
    """
    target = uscita or ("data/esempio-scala" if scala else "data/esempio")
    folder = Path(target).expanduser().resolve() if uscita else root() / target
    if scala is None:
        if territorio:
            msg = "--territorio vale solo con --scala: gli altri estratti ripetono le tavole pubblicate"
            raise AnalisiError(msg)
        from analisi.sample.files import write_sample

        files = write_sample(folder, seed=seme, scale=copie, dirty=sporco)
        click.echo(f"Dati sintetici scritti: {len(files)} file in {place(folder)}")
        click.echo(f"Per provarli: analisi controlla {target}; analisi esegui annuale --fonte {target}")
        return
    if sporco or copie > 1:
        msg = "--scala non va insieme a --sporco e --copie"
        raise AnalisiError(msg)
    from tqdm import tqdm

    from analisi.sample.scala import write_scale

    where = territorio or "italia"
    with tqdm(total=scala, unit=" righe", unit_scale=True, desc="Comunicazioni", disable=not sys.stderr.isatty(), leave=False) as bar:
        files = write_scale(folder, scala, seed=seme, territorio=where, progress=bar.update)
    size = f"{number(len(files) - 1)} file, {number(sum(path.stat().st_size for path in files) / 1e6)} MB"
    click.echo(f"Dati sintetici scritti: {number(scala)} comunicazioni ({size}) in {place(folder)}")
    click.echo(f"Per provarli: analisi esegui rioccupazione --fonte {target} --territorio {where}")


@click.command(cls=Comando, epilog="Esempio:\n  analisi chiave ~/chiavi/osservatorio.key", options_metavar="")
@click.argument("file", metavar="FILE")
def chiave(file: str) -> None:
    """Crea una chiave per gli pseudonimi dei lavoratori, in un file fuori dalla cartella di lavoro."""
    from analisi.tables.pseudonimi import make_key

    path = make_key(Path(file))
    click.echo(f"Chiave scritta: {path}")
    click.echo(
        "Chi ha la chiave può ricondurre gli pseudonimi alle persone: conservarla a parte, con una copia, e non inviarla con i dati."
    )


PSEUDONIMI = """Esempio:
  analisi pseudonimi elenco.xlsx --colonna "Codice fiscale" --chiave ~/chiavi/osservatorio.key --uscita elenco.csv"""


@click.command(cls=Comando, epilog=PSEUDONIMI, options_metavar="[OPZIONI]")
@click.argument("file", metavar="FILE")
@click.option("--colonna", metavar="INTESTAZIONE", required=True, help="Colonna dei codici fiscali.")
@click.option(
    "--chiave",
    "key_file",
    metavar="FILE",
    required=True,
    envvar="ANALISI_CHIAVE",
    help="Chiave fatta da «analisi chiave» (anche in ANALISI_CHIAVE).",
)
@click.option("--uscita", metavar="FILE.csv", required=True, help="File da scrivere: lo stesso, con gli pseudonimi al posto dei codici.")
def pseudonimi(file: str, colonna: str, key_file: str, uscita: str) -> None:
    """Sostituisce i codici fiscali di un file con pseudonimi (HMAC-SHA256 con la chiave)."""
    from analisi.tables.pseudonimi import pseudonymise, read_key

    rows, omocodes = pseudonymise(resolve(file), colonna, read_key(Path(key_file)), _new(Path(uscita)))
    note = f"; {omocodes} codici da omocodia, lasciati come sono" if omocodes else ""
    click.echo(f"Scritte {rows} righe in {uscita}{note}")
