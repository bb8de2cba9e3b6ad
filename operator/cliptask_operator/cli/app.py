"""What can a person type? The command line; every command calls one function elsewhere and shows what came of it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import yaml
from rich.console import Console
from rich.live import Live
from rich.table import Table

import cliptask
from cliptask.convert import convert as convert_request
from cliptask.errors import ClipTaskError, MissingInput
from cliptask.planning.plan import count_variants
from cliptask.planning.plan import plan as plan_campaign
from cliptask.spec.loading import load
from cliptask.spec.task import ClipTask
from cliptask_operator.settings.environment import settings_from_environment
from cliptask_renderer.media.fonts import refuse_unwritable

if TYPE_CHECKING:
    from cliptask_operator.kubernetes.pod_logs import PodLog
    from cliptask_operator.local.render import Outcome
    from cliptask_operator.speech.settings import SpeechSettings
    from cliptask_operator.speech.voices import Voice

USAGE = 64
INTERRUPTED = 130
SHOWN_ERRORS = 20

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Ad campaigns of short videos: every combination of clips, music and speech, each part encoded once.",
)
plugin = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="TaskController of short videos in this cluster.",
)
errors = Console(stderr=True)


class Format(StrEnum):
    """How to print a result."""

    table = "table"
    json = "json"
    yaml = "yaml"


TaskFile = Annotated[
    str, typer.Argument(metavar="CLIPTASK.yaml", help="The campaign; - reads it from standard input.")
]
_FOLDER_HELP = "Where the videos go instead of spec.output.uri: a folder, or gs://bucket/prefix."
Folder = Annotated[str | None, typer.Option("--folder", help=_FOLDER_HELP)]
TaskName = Annotated[str, typer.Argument(metavar="NAME", help="The ClipTask.")]
Namespace = Annotated[
    str | None,
    typer.Option("--namespace", "-n", help="The ClipTask's namespace.", show_default="the kubeconfig's"),
]
Context = Annotated[
    str | None, typer.Option("--context", help="A context of the kubeconfig.", show_default="the current one")
]
OutputFormat = Annotated[Format, typer.Option("--output", "-o", help="How to print the result.")]


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


@app.command()
def render(
    file: TaskFile,
    folder: Annotated[str | None, typer.Option("--folder", "-o", help=_FOLDER_HELP)] = None,
) -> None:
    """Make the campaign here, without a cluster.

    Makes only what the folder lacks: run it again after an edit, an interruption or a failure. CLIPTASK_WORKERS sets
    the number of encodes side by side, CLIPTASK_OPEN_HOSTS and CLIPTASK_ALLOW_HTTP=true what may be fetched besides
    public https:// URLs, ELEVENLABS_API_KEY the account that speaks; without one, espeak-ng speaks.
    """
    from cliptask_operator.campaign.stores import place_at  # noqa: PLC0415  as above
    from cliptask_operator.local import render  # noqa: PLC0415  HTTP and speech clients only where they are used
    from cliptask_operator.local.progress import report_on  # noqa: PLC0415  as above

    task, began = _load(file), time.monotonic()
    uri = _uri(folder, task)
    with report_on(errors) as report:
        outcome = render.render(task, place_at(uri), settings_from_environment(), report)
    _say_outcome(outcome, uri, time.monotonic() - began)
    if outcome.errors:
        raise typer.Exit(outcome.errors[0].exit_code)


@app.command()
def plan(file: TaskFile, output: OutputFormat = Format.table, folder: Folder = None) -> None:
    """Show what would be made, what is there already, and what speech would cost.

    Fetches the sources, as only their content can tell; speaks, encodes and pays for nothing.
    """
    from cliptask_operator.campaign.forecast import forecast  # noqa: PLC0415  as above
    from cliptask_operator.campaign.stores import holdings, pending, place_at  # noqa: PLC0415  as above
    from cliptask_operator.local import render  # noqa: PLC0415  as above
    from cliptask_operator.local.progress import report_on  # noqa: PLC0415  as above

    task, settings = _load(file), settings_from_environment()
    place = place_at(_uri(folder, task))
    with report_on(errors) as report:
        material = render.gather(task, place, settings, report, speak=False)
    campaign = plan_campaign(task, material.sources, material.lines, settings.max_variants)
    report_ = forecast(campaign, material, pending(campaign, holdings(campaign, place)))
    if output is Format.table:
        _print_table(
            f"{campaign.task}: {campaign.profile.width}x{campaign.profile.height} at {campaign.profile.fps} fps",
            ("", "in all", "there", "to make"),
            [(row.what, f"{row.total:,}", f"{row.there:,}", f"{row.to_make:,}") for row in report_.rows],
        )
        _say_errors([skipped.error for skipped in campaign.skipped])
    else:
        _print(report_.as_dict(), output)


@app.command()
def validate(file: TaskFile) -> None:
    """Check a campaign's YAML and count its videos, without fetching anything."""
    task = _load(file)
    count = count_variants(task.spec, settings_from_environment().max_variants)
    refuse_unwritable(*task.spec.titles)
    typer.echo(f"{file}: ClipTask {task.metadata.name} is valid; {count:,} video{'s' * (count != 1)}")


@app.command()
def voices(output: OutputFormat = Format.table) -> None:
    """List the voices that lines may name: the account's at ElevenLabs, and the local synthesizer's."""
    settings = settings_from_environment().speech
    found = asyncio.run(_voices_of(settings))
    if settings.api_key is None:
        errors.print("ELEVENLABS_API_KEY is not set: only the local synthesizer is listed")
    rows = [(each.name, each.id, " ".join(each.labels.values())) for each in found]
    rows.append(("espeak-ng", "espeak-ng", "local synthesizer, speaks every line where no key is set"))
    if output is Format.table:
        _print_table("", ("voice", "id", "about"), rows)
    else:
        _print([dict(zip(("name", "id", "about"), row, strict=True)) for row in rows], output)


async def _voices_of(settings: SpeechSettings) -> tuple[Voice, ...]:
    from cliptask_operator.speech.speaker import Speaker  # noqa: PLC0415  as above
    from cliptask_renderer.storage.open import open_store  # noqa: PLC0415  as above

    with tempfile.TemporaryDirectory() as folder:
        async with Speaker(settings) as speaker:
            return await speaker.voices(open_store(Path(folder).as_uri()))


@app.command()
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
    typer.echo(convert_request(_read(file), output_uri), nl=False)


@app.command()
def operator() -> None:
    """Serve a Kubernetes cluster: make every ClipTask in it by Jobs.

    Runs in a pod, or here with a kubeconfig. CLIPTASK_RENDERER_IMAGE names the image of the Jobs, CLIPTASK_BUCKETS the
    buckets that tasks may use, ELEVENLABS_API_KEY the account that speaks; docs/operations.md has all settings.
    """
    from cliptask_operator.controller.main import operate  # noqa: PLC0415  as above
    from cliptask_operator.settings.operator import operator_settings_from_environment  # noqa: PLC0415  as above

    operate(operator_settings_from_environment())


@app.command()
def trial(
    uri: Annotated[
        str,
        typer.Argument(
            metavar="gs://BUCKET/PREFIX",
            help="Where to try; a folder of its own below it is made, and removed.",
        ),
    ],
    namespace: Namespace = None,
    context: Context = None,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Seconds until it has failed.")] = 300,
) -> None:
    """Try an installation: make a campaign of two tiny videos in the cluster, and remove it again. Nothing is spoken."""
    from cliptask_operator.cli import smoke_test as trial_  # noqa: PLC0415  as above

    # A pod is ended by this signal: it leaves nothing behind either.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    began = time.monotonic()
    wanted = trial_.SmokeTest(uri, namespace, context, timeout)
    videos = asyncio.run(trial_.run(wanted, typer.echo))
    typer.echo(f"{videos} videos in {time.monotonic() - began:.1f} s: the installation works")


@app.command()
def gateway() -> None:
    """Answer the older HTTP service's API: its requests become ClipTasks of this cluster.

    CLIPTASK_GATEWAY_TOKEN is what requests must carry, CLIPTASK_GATEWAY_NAMESPACE where the ClipTasks are created,
    CLIPTASK_GATEWAY_OUTPUT_URI where their videos go; docs/clipsapi.md has all settings.
    """
    from cliptask_operator.gateway.server import serve  # noqa: PLC0415  as above
    from cliptask_operator.settings.gateway import gateway_settings_from_environment  # noqa: PLC0415  as above

    serve(gateway_settings_from_environment())


@app.command()
@plugin.command()
def status(
    name: TaskName,
    namespace: Namespace = None,
    context: Context = None,
    output: OutputFormat = Format.table,
    *,
    once: Annotated[bool, typer.Option("--once", help="Show it as it is now, and end.")] = False,
) -> None:
    """Show how far a campaign of the cluster is: its blocks, what is made, what has failed and why.

    In a terminal it follows the campaign until nothing more happens; elsewhere, and as JSON or YAML, it is shown once.
    """
    from cliptask_operator.cli import status_view, watch  # noqa: PLC0415  as above

    whose, console = watch.TaskQuery(name, namespace, context), Console()
    if output is not Format.table:
        _print(asyncio.run(watch.look(whose)).get("status") or {}, output)
    elif once or not console.is_terminal:
        console.print(status_view.view(asyncio.run(watch.look(whose)), datetime.now(UTC)))
    else:
        with Live(console=console, auto_refresh=False) as live:
            asyncio.run(
                watch.follow(
                    whose, lambda body: live.update(status_view.view(body, datetime.now(UTC)), refresh=True)
                )
            )


@app.command()
@plugin.command()
def logs(
    name: TaskName,
    namespace: Namespace = None,
    context: Context = None,
    tail: Annotated[int, typer.Option("--tail", min=1, help="Lines of each pod, from its end.")] = 100,
    *,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only of pods that failed or cannot start.")
    ] = False,
) -> None:
    """Print what the Jobs of a campaign have said, pod by pod, each below why it ended."""
    from cliptask_operator.cli import status_view, watch  # noqa: PLC0415  as above

    said = 0

    def say(speaker: PodLog, log: str) -> None:
        nonlocal said
        said += 1
        heading.print(speaker.title, style="bold", markup=False, highlight=False, soft_wrap=True)
        typer.echo(log)

    heading = Console()
    body = asyncio.run(watch.read(watch.TaskQuery(name, namespace, context), say, failed=failed, lines=tail))
    if not said:
        errors.print(f"no pod of {name} {'has failed' if failed else 'is there'}, or it is gone with its Job")
        for each in status_view.status(body).failures:
            heading.print(
                f"{each.variant}: {each.reason}: {each.message}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )


def main(program: typer.Typer = app, name: str = "cliptask") -> None:
    """Run the command line. Exit codes are those of sysexits.h; errors are one message, never a traceback."""
    try:
        code = typer.main.get_command(program).main(prog_name=name, standalone_mode=False)
    except typer.TyperException as error:
        errors.print(f"error: {error.format_message()} Try {name} --help.", markup=False, highlight=False)
        code = USAGE
    except ClipTaskError as error:
        _say_errors([error])
        code = error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    if code == INTERRUPTED:
        errors.print("interrupted: nothing is lost; the same command goes on from here")
    sys.exit(code if isinstance(code, int) else 0)


def _load(file: str) -> ClipTask:
    return load(_read(file), file)


def _read(file: str) -> str:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        message = f"{file}: {error.strerror}: give the path of a file that can be read"
        raise MissingInput(message) from error
    return content.decode("utf-8", errors="replace")


def _uri(folder: str | None, task: ClipTask) -> str:
    if folder is None:
        return task.spec.output.uri
    return folder if "://" in folder else Path(folder).absolute().as_uri()


def _say_outcome(outcome: Outcome, uri: str, took_s: float) -> None:
    campaign, made = outcome.campaign, outcome.made
    complete = len(campaign.variants) - len(outcome.failed)
    seams = sum(segment.is_seam for segment in made.segments)
    typer.echo(
        f"{campaign.task}: {complete} of {complete + len(outcome.errors)} videos, {len(made.variants) - len(outcome.failed)} of them new "
        f"({len(made.segments) - seams} clips, {seams} seams and {len(made.soundtracks)} soundtracks encoded) in {took_s:.1f} s"
    )
    if outcome.removed:
        typer.echo(f"removed: {outcome.removed:,} video{'s' * (outcome.removed != 1)} no longer wanted")
    typer.echo(f"gallery: {uri.rstrip('/')}/{campaign.task}/gallery.html")
    _say_errors(outcome.errors)


def _say_errors(found: Sequence[ClipTaskError]) -> None:
    """Each message once with how often it came, on standard error."""
    counts: dict[str, int] = {}
    for error in found:
        counts[str(error)] = counts.get(str(error), 0) + 1
    for message, count in list(counts.items())[:SHOWN_ERRORS]:
        errors.print(
            f"error: {message}" + (f" ({count} videos)" if count > 1 else ""),
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    if len(counts) > SHOWN_ERRORS:
        errors.print(f"and {len(counts) - SHOWN_ERRORS} more, all of them in index.json")


def _print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for index, name in enumerate(header):
        table.add_column(name, justify="left" if index == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _print(value: object, output: Format) -> None:
    text = (
        json.dumps(value, indent=2, ensure_ascii=False)
        if output is Format.json
        else yaml.safe_dump(value, sort_keys=False)
    )
    typer.echo(text)
