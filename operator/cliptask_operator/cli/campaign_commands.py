"""What can a person type about a campaign on this machine? Each command calls one function elsewhere and shows what came of it."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cliptask.errors import MissingInput
from cliptask.planning.foreseen import foreseen
from cliptask.spec.loading import Script, load
from cliptask.spec.task import ClipTask
from cliptask_operator.campaign.preflight import preflight
from cliptask_operator.campaign.stores import open_stores
from cliptask_operator.cli.completion import nothing
from cliptask_operator.cli.console import (
    Format,
    OutputFormat,
    ReportFormat,
    errors,
    print_data,
    print_errors,
    print_table,
)
from cliptask_operator.local.here import here
from cliptask_operator.local.interruption import interruptible
from cliptask_operator.settings.environment import Settings, from_environment
from cliptask_operator.speech.settings import SpeechBy, SpeechSettings

if TYPE_CHECKING:
    from cliptask_operator.campaign.pipeline import Outcome

TaskFile = Annotated[
    str, typer.Argument(metavar="CLIPTASK.yaml", help="The campaign; - reads it from standard input.")
]
Folder = Annotated[
    str | None,
    typer.Option(
        "--folder",
        "-d",
        help="Where the videos go instead of spec.output.uri: a folder, gs://bucket/prefix, s3://bucket/prefix or az://container/prefix.",
    ),
]
Scratch = Annotated[
    Path | None,
    typer.Option(
        "--scratch",
        metavar="FOLDER",
        autocompletion=nothing,
        help="Where files lie that are there only while something is made, instead of CLIPTASK_SCRATCH; "
        "without either, in .store of the output and its cache, and for a bucket in TMPDIR.",
    ),
]
Speech = Annotated[
    SpeechBy | None,
    typer.Option(
        "--speech",
        help="Who speaks, instead of CLIPTASK_SPEECH: elevenlabs, each line by its own voice; espeak, every line by a robot's, "
        "a draft that costs nothing; none, nobody, and there are no captions.",
    ),
]


def render(
    file: TaskFile,
    folder: Folder = None,
    scratch: Scratch = None,
    speech: Speech = None,
    notify: Annotated[
        bool,
        typer.Option(
            "--notify", help="Tell those whom spec.notify names how it ended; without, nobody is told."
        ),
    ] = False,
) -> None:
    """Make the campaign here, without a cluster.

    Makes only what the folder lacks: run it again after an edit, an interruption or a failure. CLIPTASK_WORKERS sets
    the number of encodes side by side, CLIPTASK_OPEN_HOSTS and CLIPTASK_ALLOW_HTTP=true what may be fetched besides
    public https:// URLs, ELEVENLABS_API_KEY or ELEVENLABS_API_KEY_FILE the account that speaks.
    """
    with interruptible():
        from cliptask_operator.local.progress import report_on  # noqa: PLC0415  HTTP and speech clients only where they are used
        from cliptask_operator.local.render import processes as processes_of  # noqa: PLC0415  as above
        from cliptask_operator.local.render import render as render_here  # noqa: PLC0415  as above

        script, began = load_file(file), time.monotonic()
        task = script.task
        uri, settings = uri_of(folder, task), settings_with(scratch, speech)
        with script.locating(), processes_of(settings) as processes, report_on(errors) as progress:
            stores = open_stores(uri, scratch=settings.scratch)
            outcome = render_here(task, stores, settings, processes, progress, notify=notify)
        _print_outcome(outcome, script, uri, time.monotonic() - began)
    if outcome.errors:
        raise typer.Exit(outcome.errors[0].exit_code)


def plan(
    file: TaskFile,
    output: Annotated[
        ReportFormat, typer.Option("--output", "-o", help="How to print the result.")
    ] = ReportFormat.table,
    folder: Folder = None,
    scratch: Scratch = None,
    speech: Speech = None,
) -> None:
    """Show what would be made, what is there already, and what it takes: characters that are paid for, bytes and time.

    Fetches the sources, as only their content can tell; speaks, encodes and pays for nothing. Ends as render would, as
    far as can be known.
    """
    with interruptible():
        from cliptask_operator.local.progress import report_on  # noqa: PLC0415  as above
        from cliptask_operator.local.render import plan as plan_here  # noqa: PLC0415  as above

        script, settings = load_file(file), settings_with(scratch, speech)
        stores = open_stores(uri_of(folder, script.task), scratch=settings.scratch)
        with script.locating(), report_on(errors) as progress:
            forecast = plan_here(script.task, stores, settings, progress)
    if output is ReportFormat.table:
        print_table(
            forecast.heading,
            ("", "in all", "there", "to make"),
            [
                (what, f"{total:,}", f"{total - to_make:,}", f"{to_make:,}")
                for what, total, to_make in forecast.rows
            ],
        )
        for remark in forecast.remarks:
            typer.echo(remark)
    elif output is ReportFormat.markdown:
        typer.echo(forecast.as_markdown())
    else:
        print_data(forecast.as_dict(), output)
    print_errors(forecast.errors, script.located)
    if forecast.errors:
        raise typer.Exit(forecast.exit_code)


def validate(file: TaskFile) -> None:
    """Check a campaign's YAML and that its paths lead to files, and count its videos, without fetching anything.

    Tells also what its targets would refuse, and what of its titles they would cover, as far as the file says it.
    """
    script = load_file(file)
    with script.locating():
        count = preflight(script.task.spec, from_environment(Settings).policy).variants
        remarks = foreseen(script.task.spec)
    videos = f"{count:,} video{'s' * (count != 1)}"
    if script.task.spec.table_url:
        videos = (
            f"{videos} with one row: validate does not fetch its table, whose rows plan checks and counts"
        )
    typer.echo(f"{file}: ClipTask {script.task.metadata.name} is valid; {videos}")
    for remark in remarks:
        typer.echo(script.located(remark))


def voices(output: OutputFormat = Format.table) -> None:
    """List the voices that lines may name: the account's at ElevenLabs, and the local synthesizer's."""
    settings = from_environment(Settings).speaking
    if not settings.names_account:
        errors.print(
            "neither ELEVENLABS_API_KEY nor ELEVENLABS_API_KEY_FILE is set: of ElevenLabs no voice is listed"
        )
    rows = asyncio.run(_voices_of(settings))
    if output is Format.table:
        print_table("", _VOICE, rows)
    else:
        print_data([dict(zip(_VOICE, row, strict=True)) for row in rows], output)


_VOICE = ("name", "provider", "id", "about")


async def _voices_of(settings: SpeechSettings) -> list[tuple[str, str, str, str]]:
    """Each provider's, the account's first."""
    from cliptask_operator.speech import espeak  # noqa: PLC0415  as above
    from cliptask_operator.speech.speaker import Speaker  # noqa: PLC0415  as above
    from cliptask_renderer.storage.open import open_store  # noqa: PLC0415  as above

    about = "a robot's voice, made here for nothing" if espeak.is_installed() else "not installed here"
    local = (espeak.VOICE, "espeak-ng", espeak.VOICE, about)
    if not settings.names_account:
        return [local]
    with tempfile.TemporaryDirectory() as folder:
        async with Speaker(settings) as speaker:
            found = await speaker.voices(open_store(Path(folder).as_uri()))
    return [*((each.name, "elevenlabs", each.id, " ".join(each.labels.values())) for each in found), local]


def convert(
    file: Annotated[
        str,
        typer.Argument(
            metavar="REQUEST.json", help="Body of a process_media request; - reads standard input."
        ),
    ],
    output_uri: Annotated[
        str, typer.Option("--output-uri", help="Where the videos shall go, e.g. file:///srv/campaigns.")
    ],
) -> None:
    """Turn a request of the older HTTP service into a ClipTask, on standard output."""
    from cliptask.convert import convert as convert_request  # noqa: PLC0415  as above

    typer.echo(convert_request(read_file(file), output_uri), nl=False)


def settings_with(scratch: Path | None, speech: SpeechBy | None) -> Settings:
    """The environment's, but for what options say."""
    settings = from_environment(Settings)
    chosen = scratch or settings.scratch
    folder = chosen and chosen.absolute()
    return settings.model_copy(update={"scratch": folder, "speech": speech or settings.speech})


def load_file(file: str) -> Script:
    """The task of a file, ``-`` is standard input. Raises ``MissingInput`` and ``InvalidTask``."""
    return load(read_file(file), file, here(file))


def read_file(file: str) -> bytes:
    """A file's bytes, those of standard input for ``-``. Raises ``MissingInput``."""
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        message = f"{file}: {error.strerror}: give the path of a file that can be read"
        raise MissingInput(message) from error


def uri_of(folder: str | None, task: ClipTask) -> str:
    """Where a task's videos go: its own output, unless an option says."""
    if folder is None:
        return task.spec.output.uri
    return folder if "://" in folder else Path(folder).absolute().as_uri()


def _print_outcome(outcome: Outcome, script: Script, uri: str, took_s: float) -> None:
    from cliptask_operator.campaign.forecast import earlier_remark  # noqa: PLC0415  as above

    task, campaign, made = script.task, outcome.campaign, outcome.missing
    complete = len(campaign.variants) - len(outcome.failed)
    seams = sum(segment.is_seam for segment in made.segments)
    typer.echo(
        f"{campaign.task}: {complete} of {complete + len(outcome.errors)} videos, {len(made.variants) - len(outcome.failed)} of them new "
        f"({len(made.segments) - seams} pieces, {seams} seams and {len(made.soundtracks)} soundtracks encoded) in {took_s:.1f} s"
    )
    if outcome.removed:
        typer.echo(f"removed: {outcome.removed:,} video{'s' * (outcome.removed != 1)} no longer wanted")
    if outcome.earlier:
        there = outcome.earlier + len(outcome.index.variants)
        typer.echo(earlier_remark(outcome.earlier, there, prunes=task.spec.output.prune))
    stays = " (still of the run before)" if outcome.earlier and not outcome.index.variants else ""
    typer.echo(f"gallery: {uri.rstrip('/')}/{campaign.task}/gallery.html{stays}")
    print_errors(outcome.errors, script.located)
