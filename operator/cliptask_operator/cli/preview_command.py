"""What can a person type to see and hear a campaign before it is made? ``preview`` serves a page that follows the file."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated

import typer

from cliptask_operator.cli.campaign_commands import Folder, Scratch, Speech, settings_with, uri_of
from cliptask_operator.local.interruption import interruptible


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        message = f"{text!r} is no address: give one of this machine's, e.g. 192.168.1.20, or 0.0.0.0 for all of them."
        raise typer.BadParameter(message) from None


def preview(
    file: Annotated[Path, typer.Argument(metavar="CLIPTASK.yaml", help="The campaign.")],
    folder: Folder = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0, the default: any that is free.")
    ] = 0,
    listen: Annotated[
        str,
        typer.Option(
            "--listen",
            metavar="ADDRESS",
            parser=_address,
            help="An address of this machine that others reach, e.g. for a phone; the URL then holds a token.",
        ),
    ] = "127.0.0.1",
    scratch: Scratch = None,
    speech: Speech = None,
) -> None:
    """Play every combination in the browser before any video is made, and follow the file as it is edited.

    Makes parts alone, first as small drafts, and leaves them where render finds them. Pays for nothing: a line without a
    recording is read out by a robot, until somebody asks on the page to have it spoken.
    """
    with interruptible():
        from cliptask_operator.preview.serving import Listening, run  # noqa: PLC0415  a server only where it is used

        listening = Listening(listen, port)

        def say(url: str) -> None:
            typer.echo(f"{file}: {url}")
            if listening.is_open:
                typer.echo(
                    "open to others: whoever has this URL sees the videos and the task's texts, and may have lines spoken"
                )

        run(file, lambda task: uri_of(folder, task), settings_with(scratch, speech), listening, say)
