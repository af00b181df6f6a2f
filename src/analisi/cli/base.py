"""How commands look: Italian help, options and hints."""

from __future__ import annotations

from pathlib import Path

import click

from analisi.errors import AnalisiError, suggest
from analisi.workspace import root, shown


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


def place_of(name: str) -> Path:
    """The place a user names for what will be written. Raises: AnalisiError when it cannot be one."""
    try:
        return Path(name).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        msg = f"--uscita {name}: non è un percorso che si possa usare"
        raise AnalisiError(msg) from error


def place(path: Path) -> str:
    """Where a written file is, as the user finds it: from the workspace, or in full when outside of it."""
    return shown(path) if path.is_relative_to(root()) else str(path)
