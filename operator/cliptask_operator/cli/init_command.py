"""What can a person type to begin? ``init`` writes a first task from a folder of media."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from cliptask.errors import InputError, MissingInput, OutputError
from cliptask.names import slug
from cliptask.planning.choices import count_variants
from cliptask.spec.loading import load
from cliptask_operator.cli.console import errors, print_plain
from cliptask_operator.local.contents import Unused
from cliptask_operator.local.draft import Draft, draft
from cliptask_operator.local.draft_text import described, text_of
from cliptask_operator.local.here import here
from cliptask_operator.local.interruption import interruptible

TASK = "cliptask.yaml"


def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Clips, pictures, music and logos.")],
    name: Annotated[
        str | None, typer.Option("--name", help="The campaign's name; default: the folder's.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help=f"Where to write; default: {TASK} in the folder.")
    ] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a first campaign from a folder of media, ready to be rendered and edited.

    Subfolders are the blocks of the video, 01-hook before 02-product; without subfolders, names that begin alike
    (hook-a.mp4, hook-b.mp4) are. What a file is, its content tells: sound becomes music, a small picture with
    transparency a logo.
    """
    target = file or folder / TASK
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "there is no such folder"
        message = f"{folder}: {what}: name a folder with clips, pictures and music"
        raise MissingInput(message)
    if not force and os.path.lexists(target):
        message = f"{target} is there already: --force replaces it, --file names another"
        raise OutputError(message)
    from cliptask_operator.local.found import find  # noqa: PLC0415  readers of pictures only where they are used
    from cliptask_operator.local.progress import report_on  # noqa: PLC0415  as above

    with interruptible() as interruption, report_on(errors) as progress:
        found = interruption.run(find(folder.resolve(), target.resolve(), os.cpu_count() or 1, progress))
    try:
        drafted = draft(found, str(folder))
    except InputError:
        _name_unused(found.unused)
        raise
    _name_unused(drafted.unused)
    where = here(str(target))
    prefix = os.path.relpath(folder.resolve(), where.folder)
    text = text_of(drafted, name or slug(folder.resolve().name), "" if prefix == "." else prefix)
    task = load(text, str(target), where).task
    _write(target, text)
    _report(drafted, target, count_variants(task.spec))


def _name_unused(unused: tuple[Unused, ...]) -> None:
    for line in described(unused):
        print_plain(errors, f"not used: {line}")


def _write(target: Path, text: str) -> None:
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{target} cannot be written ({error.strerror}): --file names another place"
        raise OutputError(message) from error


def _report(drafted: Draft, target: Path, videos: int) -> None:
    """What was found, what it makes, and what to type next."""
    blocks = ", ".join(f"{len(block.clips)} in {block.name}" for block in drafted.blocks)
    clips = sum(len(block.clips) for block in drafted.blocks)
    parts = [
        (clips, "clip", f" ({blocks})"),
        (len(drafted.tracks), "track", ""),
        (len(drafted.logos), "logo", ""),
    ]
    counted = ", ".join(
        f"{number} {what}{'s' * (number != 1)}{more}" for number, what, more in parts if number
    )
    limited = f" of {drafted.combinations:,} combinations" if drafted.limit else ""
    program, shown = _program(), shlex.quote(str(target))
    typer.echo(
        f"{target}: {counted}: {videos} video{'s' * (videos != 1)}{limited}\n"
        f"picture: {drafted.picture.why}\n"
        f"next: {program} plan {shown}      # what would be made\n"
        f"      {program} render {shown}    # makes it, into {shlex.quote(str(target.parent / 'out'))}"
    )


def _program() -> str:
    """This program, as it can be typed here."""
    typed = sys.argv[0]
    return "cliptask" if typed in {"cliptask", shutil.which("cliptask")} else shlex.quote(typed)
