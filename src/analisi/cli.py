"""The command line: `analisi elenco` and `analisi esegui`. Names, help and messages are Italian."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from analisi.errors import AnalisiError, suggest
from analisi.reports.contract import TYPES, Contract, check, find, notebooks, read_contract
from analisi.workspace import cache_folder, shown


class Comando(click.Command):
    """A command whose help is Italian."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), prefix="Uso: ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = [record for param in self.get_params(ctx) if (record := param.get_help_record(ctx)) is not None]
        with formatter.section("Opzioni"):
            formatter.write_dl(records)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "Mostra questo aiuto."
        return option

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.epilog:
            formatter.write_paragraph()
            formatter.write(self.epilog + "\n")


class Gruppo(Comando, click.Group):
    """A group of commands whose help is Italian."""

    command_class = Comando

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        Comando.format_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return ["[OPZIONI]", "COMANDO", "[ARGOMENTI]..."]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Comandi"):
            formatter.write_dl([(name, self.get_command(ctx, name).get_short_help_str(80)) for name in self.list_commands(ctx)])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None:
            msg = f"comando «{args[0]}» sconosciuto; {suggest(args[0], self.list_commands(ctx))}"
            raise AnalisiError(msg)
        return super().resolve_command(ctx, args)


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
    output = given.pop("uscita")
    values = check(contract, {name: contract.parameter(name).parse(text) for name, text in given.items() if text is not None})
    from analisi.reports.run import default_output, run

    target = Path(output).expanduser().resolve() if output else default_output(contract, values)
    page = run(contract, values, target, progress=sys.stderr.isatty())
    data = sorted((page.parent / "dati").glob("*.csv"))
    click.echo(f"Rapporto pubblicato: {_place(page)} ({page.stat().st_size / 1000:.0f} kB)")
    if sys.stdout.isatty():
        click.echo(f"Accanto alla pagina: {contract.name}.xlsx, {contract.name}.ipynb, dati/ ({len(data)} file CSV)")


def _place(path: Path) -> str:
    name = shown(path)
    return name if "/" in name else str(path)


@click.group(cls=Gruppo, context_settings={"help_option_names": ["-h", "--help"]})
def app() -> None:
    """Rapporti dell'Osservatorio sulle crisi aziendali e sulle politiche attive del lavoro.

    Per cominciare: «analisi elenco» mostra i notebook e i loro parametri, «analisi esegui annuale» pubblica il
    rapporto annuale in reports/.
    """


@app.command(options_metavar="[--json]")
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


@app.group(cls=Notebook)
def esegui() -> None:
    """Esegue un notebook di rapporto e ne pubblica la pagina, i dati e la cartella Excel.

    «analisi esegui NOTEBOOK --help» spiega i parametri di ciascun notebook.
    """


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
    """Entry point. Exit status: 0 done, 1 a report failed, 2 wrong words or data, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    sys.exit(_status(args))


def _status(args: Sequence[str] | None) -> int:
    try:
        app.main(args, prog_name="analisi", standalone_mode=False)
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
    return 0


def _told(text: str, status: int) -> int:
    click.echo(text, err=True)
    return status
