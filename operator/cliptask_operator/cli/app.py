"""What can a person type? The command line as a whole; exit codes are those of ``sysexits.h``."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

import cliptask
from cliptask.errors import ClipTaskError
from cliptask_operator.cli import campaign_commands, cluster_commands
from cliptask_operator.cli.console import errors, print_errors

USAGE = 64
INTERRUPTED = 130

_new = partial(typer.Typer, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
app = _new(
    help="Ad campaigns of short videos: every combination of clips, music and speech, each part encoded once.",
)
plugin = _new(no_args_is_help=True, help="Campaigns of short videos in this cluster.")

for command in (
    campaign_commands.render,
    campaign_commands.plan,
    campaign_commands.validate,
    campaign_commands.voices,
    campaign_commands.convert,
    cluster_commands.operator,
    cluster_commands.gateway,
    cluster_commands.status,
    cluster_commands.logs,
    cluster_commands.smoke_test,
    cluster_commands.let_go,
):
    app.command()(command)
for command in (cluster_commands.status, cluster_commands.logs):
    plugin.command()(command)


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(cliptask.__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(program: typer.Typer = app, name: str = "cliptask") -> None:
    """Run the command line. Exit codes are those of sysexits.h; errors are one message, never a traceback."""
    try:
        code = typer.main.get_command(program).main(prog_name=name, standalone_mode=False)
    except typer.TyperException as error:
        errors.print(f"error: {error.format_message()} Try {name} --help.", markup=False, highlight=False)
        code = USAGE
    except ClipTaskError as error:
        print_errors([error])
        code = error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    if code == INTERRUPTED:
        errors.print("interrupted: nothing is lost; the same command goes on from here")
    sys.exit(code if isinstance(code, int) else 0)
