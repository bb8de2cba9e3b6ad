"""What can a person type? The command line as a whole; exit codes are those of ``sysexits.h``."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer
from pydantic import ValidationError

import cliptask
from cliptask.errors import ClipTaskError, OutputError
from cliptask.spec.complaints import complaint
from cliptask_operator.cli import (
    campaign_commands,
    cluster_commands,
    completion,
    diff_command,
    init_command,
    preview_command,
)
from cliptask_operator.cli.console import errors, print_errors, print_plain
from cliptask_operator.local.interruption import GO_ON, SIGNALS, Interrupted

USAGE = 64
INTERRUPTED = 130
ENDED = {128 + number for number in SIGNALS}

_new = partial(
    typer.Typer,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app = _new(
    help="Ad campaigns of short videos: every combination of clips, music and speech, each part encoded once.",
)
plugin = _new(no_args_is_help=True, help="Campaigns of short videos in this cluster.")

for command in (
    init_command.init,
    preview_command.preview,
    campaign_commands.render,
    campaign_commands.plan,
    diff_command.diff,
    campaign_commands.validate,
    campaign_commands.voices,
    campaign_commands.convert,
    cluster_commands.operator,
    cluster_commands.gateway,
    cluster_commands.status,
    cluster_commands.logs,
    cluster_commands.smoke_test,
    cluster_commands.let_go,
    completion.completion,
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
    if completion.ASKED in os.environ:
        completion.know_shells()
    try:
        code = typer.main.get_command(program).main(prog_name=name, standalone_mode=False)
    except typer.TyperException as error:
        print_plain(errors, _misuse(error, name))
        code = USAGE
    except ClipTaskError as error:
        print_errors([error])
        code = error.exit_code
    except Interrupted as interrupted:
        code = interrupted.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except OSError as error:
        print_errors([_unwritable(error)])
        code = OutputError.exit_code
    if code in ENDED:
        errors.print(GO_ON)
    sys.exit(code if isinstance(code, int) else 0)


def complete_for_kubectl(words: Sequence[str]) -> None:
    """What kubectl asks of a program named kubectl_complete-clip: what could stand for the last of these words."""
    completion.answer_kubectl(plugin, words)


def _misuse(error: typer.TyperException, name: str) -> str:
    """What is wrong with a command line, and where to read on."""
    if isinstance(error, typer.BadParameter) and isinstance(error.__cause__, ValidationError):
        error.message = "; ".join(complaint(each) for each in error.__cause__.errors())
    context = getattr(error, "ctx", None)
    words = " ".join(error.format_message().split())
    return f"error: {words}{'' if words[-1] in '.?' else '.'} Try {context.command_path if context else name} -h."


def _unwritable(error: OSError) -> OutputError:
    """What this program prints, or keeps meanwhile, has no place. Raises any other error again: it is a bug."""
    if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
        raise error
    where = f" at {error.filename}" if error.filename else ", perhaps what this command prints"
    return OutputError(
        f"something cannot be written{where}: {error.strerror}: free some space, or write it elsewhere"
    )
