"""`analisi elenco` and `analisi esegui`: the report notebooks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from analisi.cli.base import Comando, Gruppo, place, place_of
from analisi.errors import AnalisiError
from analisi.reports.contract import TYPES, Contract, at_date, check, find, notebooks, read_contract
from analisi.workspace import shown


class Notebook(Gruppo):
    """`esegui`: one command per report notebook, whose options are the notebook's parameters."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [path.stem for path in notebooks()]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Notebook"):
            formatter.write_dl([(path.stem, _title(path)) for path in notebooks()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        return args[0], self.get_command(ctx, args[0]), args[1:]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        contract = find(cmd_name)
        options = [_option(contract, parameter.name) for parameter in contract.parameters]
        options.append(
            click.Option(
                ["--uscita"],
                metavar="CARTELLA",
                help="Dove pubblicare il rapporto. Predefinita: reports/ con il nome del notebook e l'anno.",
            )
        )
        options.append(
            click.Option(
                ["--alla-data", "alla_data"],
                metavar="AAAA-MM-GG",
                help="Con una fonte che è un archivio: il rapporto com'era quel giorno, dagli scatti in vigore allora.",
            )
        )
        options.append(
            click.Option(
                ["--motore"],
                type=click.Choice(["veloce", "kernel"]),
                default="veloce",
                help="Come si esegue il notebook: veloce, o kernel (quello di Jupyter; stessa pagina, più lento).",
            )
        )
        return Comando(
            contract.name,
            params=options,
            callback=lambda **given: _run(contract, given),
            help=f"{contract.title}.",
            options_metavar="[OPZIONI]",
            epilog=f"Esempio:\n  {_example(contract)}",
        )

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return ["NOTEBOOK", "[--PARAMETRO VALORE]...", "[--uscita CARTELLA]"]


def _title(path: Path) -> str:
    try:
        return read_contract(path).title
    except AnalisiError:
        return "non si può leggere: vedere «analisi elenco»"


def _option(contract: Contract, name: str) -> click.Option:
    parameter = contract.parameter(name)
    text = f"{parameter.help[:1].upper()}{parameter.help[1:]} ({TYPES[parameter.type]}; predefinito: {parameter.shown_default})."
    return click.Option(
        [f"--{name}"], metavar=parameter.type.upper().replace("INT", "NUMERO").replace("STR", "TESTO").replace("BOOL", "SÌ|NO"), help=text
    )


def _example(contract: Contract) -> str:
    shown_first = [f"--{p.name} {p.default}" for p in contract.parameters if p.default not in (None, "")][:1]
    return " ".join(["analisi esegui", contract.name, *shown_first])


def _run(contract: Contract, given: dict[str, Any]) -> None:
    output, engine, alla_data = given.pop("uscita"), given.pop("motore"), given.pop("alla_data")
    values = {name: contract.parameter(name).parse(text) for name, text in given.items() if text is not None}
    values = check(contract, at_date(contract, values, alla_data or ""))
    from analisi.reports.run import default_output, run

    target = place_of(output) if output else default_output(contract, values)
    page = run(contract, values, target, engine=engine, progress=sys.stderr.isatty())
    data = sorted((page.parent / "dati").glob("*.csv"))
    click.echo(f"Rapporto pubblicato: {place(page)} ({page.stat().st_size / 1000:.0f} kB)")
    if sys.stdout.isatty():
        click.echo(f"Accanto alla pagina: {contract.name}.xlsx, {contract.name}.ipynb, dati/ ({len(data)} file CSV)")


@click.command(cls=Comando, options_metavar="[--json]")
@click.option("--json", "as_json", is_flag=True, help="Scrive l'elenco in JSON, per altri programmi.")
def elenco(as_json: bool) -> None:
    """Notebook di rapporto, con parametri, tipi, valori predefiniti e spiegazioni."""
    contracts = []
    for path in notebooks():
        try:
            contracts.append(read_contract(path))
        except AnalisiError as error:
            click.echo(f"Attenzione: {error}", err=True)
    if as_json:
        rows = [
            {"notebook": c.name, "titolo": c.title, "file": shown(c.path),
             "parametri": [{"nome": p.name, "tipo": p.type, "predefinito": p.default, "aiuto": p.help} for p in c.parameters]}
            for c in contracts
        ]  # fmt: skip
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for contract in contracts:
        click.echo(f"{contract.name}: {contract.title}")
        width = max((len(p.name) for p in contract.parameters), default=0) + 2
        for p in contract.parameters:
            click.echo(f"  --{p.name:<{width}}{TYPES[p.type]}, predefinito {p.shown_default}: {p.help}")
        click.echo("")
    click.echo("Per pubblicare un rapporto: analisi esegui NOTEBOOK [--PARAMETRO VALORE]...")


@click.group(cls=Notebook)
def esegui() -> None:
    """Esegue un notebook di rapporto e ne pubblica la pagina, i dati e la cartella Excel.

    «analisi esegui NOTEBOOK --help» spiega i parametri di ciascun notebook.
    """
