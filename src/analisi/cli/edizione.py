"""`analisi edizione`: many reports in one go."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analisi.cli.base import Comando, place, place_of
from analisi.errors import AnalisiError, listing
from analisi.vocabulary import PROFILI, PUBBLICO

if TYPE_CHECKING:
    from analisi.reports.edition import Edizione

TUTTI = "tutti"  # both profiles, the internal one first
_STOPPED = 130
_FIELDS = """\
I campi del file, con un esempio:
  titolo = "Monitoraggio trimestrale, AAAA-T4"   # in testa all'indice
  periodo = "AAAA-T4"                            # parte del nome della cartella
  profilo = "interno"                            # --profilo vince
  gruppi = ["Regione", "Province"]               # ordine nell'indice
  tempo_massimo = 300                            # secondi per rapporto (600)
  memoria_massima = 2000                         # MB per rapporto
  [comuni]                                       # parametri di tutti
  fonte = "data/ingresso"
  [[rapporto]]
  notebook = "attivazione_pal"
  gruppo = "Province"
  nome = "pal-{provincia}"                       # facoltativo
  parametri = { provincia = "*", trimestre = ["AAAA-T3", "AAAA-T4"] }
  escludi = [{ provincia = "MN", trimestre = "AAAA-T3" }]
«*» sta per ogni provincia del territorio; un elenco sta per ciascuno dei
suoi valori. Esempi: reports/annuale.toml, reports/trimestrale.toml.

Esempio:
  analisi edizione trimestrale --prova"""


@click.command(cls=Comando, epilog=_FIELDS, options_metavar="[OPZIONI]")
@click.argument("file", metavar="FILE.toml")
@click.option(
    "--profilo",
    metavar="PROFILO",
    default="",
    help="Chi leggerà: interno; pubblico (né nomi, né singoli casi, né cifre che li tradiscono); tutti (prima l'uno, poi l'altro).",
)
@click.option(
    "--alla-data",
    "alla_data",
    metavar="AAAA-MM-GG",
    help="L'edizione com'era quel giorno; le fonti devono essere archivi («analisi archivia»).",
)
@click.option("--uscita", metavar="CARTELLA", help="Dove pubblicare (predefinita: reports/edizione-NOME-PERIODO).")
@click.option("--processi", metavar="N", type=click.IntRange(1, 512), help="Rapporti eseguiti insieme (predefinito: uno per processore).")
@click.option("--solo", metavar="NOME", multiple=True, help="Esegue solo questo rapporto (anche con * e ?; si può ripetere).")
@click.option("--da-capo", "da_capo", is_flag=True, help="Esegue anche i rapporti invariati.")
@click.option("--prova", is_flag=True, help="Mostra che cosa verrebbe eseguito e perché, senza eseguire.")
@click.option("--json", "as_json", is_flag=True, help="Scrive l'andamento in JSON, una riga per ogni evento, per altri programmi.")
@click.option(
    "--motore",
    type=click.Choice(["veloce", "kernel"]),
    default="veloce",
    help="Come si eseguono i notebook: veloce, o kernel (quello di Jupyter; stesse pagine, più lento).",
)
@click.option("--dask", metavar="INDIRIZZO", help="Esegue su un cluster Dask, come tcp://10.0.0.1:8786, con le cartelle in comune.")
def edizione(
    file: str,
    profilo: str,
    alla_data: str | None,
    uscita: str | None,
    processi: int | None,
    solo: tuple[str, ...],
    da_capo: bool,
    prova: bool,
    as_json: bool,
    motore: str,
    dask: str | None,
) -> int:
    """Esegue i rapporti di un'edizione e la pubblica, tutta insieme.

    FILE è il nome di un file di reports/ (annuale, trimestrale...) o il percorso di un altro. Solo i rapporti i cui
    dati, parametri, notebook o programmi sono cambiati si eseguono di nuovo. Se l'esecuzione si interrompe, l'edizione
    precedente resta com'era e lo stesso comando riprende dai rapporti già fatti.

    Stato di uscita: 0 tutto fatto, 1 qualche rapporto non riuscito (gli altri sono pubblicati), 2 niente è potuto
    partire, 130 interrotto.
    """
    from analisi.reports.edition import read_edition

    readers = PROFILI if profilo == TUTTI else (profilo,)
    editions = [read_edition(file, name, alla_data or "") for name in readers]
    outputs = [place_of(uscita) if uscita else None for _ in editions]
    if uscita and profilo == TUTTI:
        outputs[1] = outputs[1].with_name(f"{outputs[1].name}-{PUBBLICO}")
    how = {"only": solo, "anew": da_capo, "engine": motore, "processes": processi or _processors()}
    statuses = []
    with _cluster(dask) as executor:
        for edition, output in zip(editions, outputs, strict=True):
            statuses.append(_make(edition, output, prova, as_json, how | {"executor": executor, "start": "spawn" if dask else None}))
            if statuses[-1] == _STOPPED:
                break
    return max(statuses)


def _make(edition: Edizione, output: Path | None, trial: bool, as_json: bool, how: dict[str, Any]) -> int:
    """One edition for one kind of readers."""
    from analisi.reports import batch

    output = output or batch.default_output(edition)
    if edition.esclusi and not as_json:
        click.echo(f"Profilo {edition.profilo}: senza {listing(edition.esclusi)}, che c'è solo nel profilo interno.")
    if trial:
        choices = batch.decide(edition, batch.Workshop(output), batch.select(edition, how["only"]), anew=how["anew"])
        _Lines(edition.titolo, output).told("scelte", choices) if as_json else _trial(choices, output)
        return 0
    begun = time.monotonic()
    shown = _Lines(edition.titolo, output) if as_json else _Progress(edition.titolo)
    try:
        result = batch.run_edition(edition, output, told=shown.told, **how)
    except KeyboardInterrupt:
        shown.close()
        click.echo(
            f"Interrotto: l'edizione precedente, se c'era, è rimasta. Rapporti già fatti e conservati: {shown.good}; "
            "lo stesso comando riprende da qui.",
            err=True,
        )
        return _STOPPED
    shown.close()
    with suppress(BrokenPipeError):
        shown.end(result, time.monotonic() - begun)
        sys.stdout.flush()
    return 1 if result.errors else 0


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _trial(choices: list[Any], output: Path) -> None:
    width = max(len(choice.report.nome) for choice in choices)
    for choice in choices:
        click.echo(f"{choice.report.nome:<{width}}  {choice.words}")
    todo = sum(bool(choice.why) for choice in choices)
    click.echo(f"{_count(len(choices), 'rapporto', 'rapporti')}, {todo} da eseguire. Destinazione: {place(output)}")


def _cluster(address: str | None) -> Any:
    """The executor of a Dask cluster. Raises: AnalisiError when Dask is not installed or does not answer."""
    if not address:
        return nullcontext()
    try:
        from distributed import Client
    except ImportError as error:
        msg = "--dask: serve il pacchetto distributed (pip install 'analisi[dask]')"
        raise AnalisiError(msg) from error
    try:
        return Client(address, timeout=10).get_executor(pure=False)
    except (OSError, ValueError) as error:
        msg = f"--dask {address}: il cluster non risponde; controllare l'indirizzo (tcp://MACCHINA:8786)"
        raise AnalisiError(msg) from error


class _Progress:
    """One line per report as it ends and, on a terminal, a bar with the time left."""

    def __init__(self, title: str) -> None:
        """Nothing is shown before the decisions."""
        self.title, self.bar, self.width, self.good = title, None, 0, 0

    def told(self, event: str, what: Any) -> None:
        if event == "scelte":
            todo = [choice for choice in what if choice.why]
            self.width = max((len(choice.report.nome) for choice in todo), default=0)
            kept = len(what) - len(todo)
            click.echo(f"{self.title}: {_count(len(what), 'rapporto', 'rapporti')}, {len(todo)} da eseguire, {kept} senza cambiamenti")
            if todo and sys.stderr.isatty():
                from tqdm import tqdm

                shape = "{n_fmt}/{total_fmt} |{bar}| trascorsi {elapsed}, mancano {remaining}"
                self.bar = tqdm(total=len(todo), bar_format=shape, leave=False)
        elif event == "fatto":
            entry, error = what
            seconds = sum(entry["durata"].values())
            words = error.splitlines()[0].removeprefix(f"{entry['nome']}: ") if error else f"{seconds:.1f} s".replace(".", ",")
            self.good += not error
            line = f"{'NON RIUSCITO' if error else 'fatto':<12}  {entry['nome']:<{self.width}}  {words}  ({entry['perche']})"
            if self.bar is None:
                click.echo(line)
            else:
                self.bar.write(line)
                self.bar.update()

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()

    def end(self, result: Any, seconds: float) -> None:
        _summary(result, seconds)


class _Lines:
    """One JSON object per line: "scelte" (every report, what is published of it and what is decided), "fatto" (each as it ends), "fine"."""

    def __init__(self, title: str, output: Path) -> None:
        self.title, self.output, self.good = title, output, 0

    def told(self, event: str, what: Any) -> None:
        if event == "scelte":
            reports = _reports(what, self.output)
            self._say(event, edizione=self.title, cartella=str(self.output), rapporti=reports)
        elif event == "fatto":
            entry, error = what
            self.good += not error
            self._say(event, nome=entry["nome"], esito=entry["esito"], errore=error, secondi=round(sum(entry["durata"].values()), 1))

    def close(self) -> None:
        """Nothing is open."""

    def end(self, result: Any, seconds: float) -> None:
        made = [name for name in result.made if name not in result.errors]
        self._say(
            "fine", fatti=made, conservati=result.kept, non_riusciti=result.errors, note=result.notes, pubblicata=result.published,
            secondi=round(seconds, 1),
        )  # fmt: skip

    def _say(self, event: str, **what: Any) -> None:
        click.echo(json.dumps({"evento": event, **what}, ensure_ascii=False))


def _reports(choices: list[Any], output: Path) -> list[dict[str, Any]]:
    """Each report of the edition: what is published of it, and what is decided."""
    from analisi.reports.verify import read_manifest

    try:
        published = {entry["nome"]: entry for entry in read_manifest(output)["rapporti"]}
    except AnalisiError:
        published = {}
    rows = []
    for choice in choices:
        report, entry = choice.report, published.get(choice.report.nome, {})
        rows.append(
            {
                "nome": report.nome, "titolo": report.notebook.title, "luogo": report.luogo, "gruppo": report.gruppo,
                "esito": entry.get("esito", "mancante"), "motivo": entry.get("motivo", ""), "pagina": entry.get("pagina", ""),
                "da_eseguire": bool(choice.why), "ripreso": choice.resumed, "decisione": choice.words,
            }
        )  # fmt: skip
    return rows


def _summary(result: Any, seconds: float) -> None:
    for note in result.notes:
        click.echo(f"Nota: {note}", err=True)
    for name, error in result.errors.items():
        click.echo(f"\n{name}: non riuscito\n{error}", err=True)
    made, failed = len(result.made) - len(result.errors), len(result.errors)
    words = [_count(made, "rapporto fatto", "rapporti fatti"), f"{len(result.kept)} conservati"]
    words += [_count(failed, "non riuscito", "non riusciti")] if failed else []
    click.echo(f"{', '.join(words)} in {seconds:.1f} s".replace(".", ","))
    verb = "Edizione pubblicata" if result.published else "Edizione invariata"
    click.echo(f"{verb}: {place(result.folder / 'index.html')}")


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
