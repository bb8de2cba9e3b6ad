"""What can a person type about a cluster? Its services, and how campaigns in it are followed and tried."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.live import Live

from cliptask.errors import SetupError
from cliptask_operator.cli.completion import task_names
from cliptask_operator.cli.console import Format, OutputFormat, errors, print_data, print_plain
from cliptask_operator.settings.environment import from_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cliptask_operator.kubernetes.pod_logs import PodLog

TaskName = Annotated[str, typer.Argument(metavar="NAME", help="The ClipTask.", autocompletion=task_names)]
Namespace = Annotated[
    str | None,
    typer.Option("--namespace", "-n", help="The ClipTask's namespace.", show_default="the kubeconfig's"),
]
Context = Annotated[
    str | None, typer.Option("--context", help="A context of the kubeconfig.", show_default="the current one")
]


def operator() -> None:
    """Serve a Kubernetes cluster: make every ClipTask in it by Jobs.

    Runs in a pod, or here with a kubeconfig. CLIPTASK_RENDERER_IMAGE names the image of the Jobs, CLIPTASK_BUCKETS the
    buckets that tasks may use, ELEVENLABS_API_KEY the account that speaks; docs/operations.md has all settings.
    """
    with _installed("operator"):
        from cliptask_operator.controller.main import operate  # noqa: PLC0415  clients only where they are used
        from cliptask_operator.settings.operator import OperatorSettings  # noqa: PLC0415  as above

    operate(from_environment(OperatorSettings))


@contextmanager
def _installed(extra: str) -> Iterator[None]:
    """Imports of what a laptop has no use for. Raises ``SetupError`` that names the extra which brings it."""
    try:
        yield
    except ModuleNotFoundError as error:
        message = f"{error.name} is not installed: what serves a cluster comes with pip install 'cliptask-video[{extra}]'"
        raise SetupError(message) from error


def smoke_test(
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
    from cliptask_operator.cli.smoke_test import run  # noqa: PLC0415  as above

    # A pod is ended by this signal: it leaves nothing behind either.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    began = time.monotonic()
    videos = asyncio.run(run(uri, namespace, context, timeout, typer.echo))
    typer.echo(f"{videos} videos in {time.monotonic() - began:.1f} s: the installation works")


def let_go(
    namespaces: Annotated[
        list[str] | None,
        typer.Option("--namespace", "-n", help="Of the ClipTasks; may be repeated.", show_default="all"),
    ] = None,
    context: Context = None,
) -> None:
    """Take the operator's finalizer away from every ClipTask that prunes: it can be deleted without an operator.

    Its videos stay then. An operator that runs does not put the finalizer back, the next one does. The chart does this
    before it is uninstalled.
    """
    released = asyncio.run(_let_go(namespaces or [None], context))
    typer.echo(f"{released} ClipTask{'s' * (released != 1)} let go")


async def _let_go(namespaces: Sequence[str | None], context: str | None) -> int:
    from cliptask_operator.kubernetes.client import KubernetesClient  # noqa: PLC0415  as above
    from cliptask_operator.kubernetes.task_state import FINALIZER, LET_GO, finalizers_of, ref_of  # noqa: PLC0415  as above

    async with KubernetesClient(context=context) as cluster:
        found = [body for namespace in namespaces for body in await cluster.tasks(namespace)]
        held = [body for body in found if FINALIZER in finalizers_of(body)]
        for body in held:
            others = [each for each in finalizers_of(body) if each != FINALIZER]
            await cluster.release(ref_of(body), others, **{LET_GO: datetime.now(UTC).isoformat()})
    return len(held)


def gateway() -> None:
    """Answer the older HTTP service's API: its requests become ClipTasks of this cluster.

    CLIPTASK_GATEWAY_TOKEN is what requests must carry, CLIPTASK_GATEWAY_NAMESPACE where the ClipTasks are created,
    CLIPTASK_GATEWAY_OUTPUT_URI where their videos go; docs/clipsapi.md has all settings.
    """
    with _installed("gateway"):
        from cliptask_operator.gateway.server import serve  # noqa: PLC0415  as above
        from cliptask_operator.settings.gateway import GatewaySettings  # noqa: PLC0415  as above

    serve(from_environment(GatewaySettings))


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
        print_data(asyncio.run(watch.look(whose)).get("status") or {}, output)
    elif once or not console.is_terminal:
        console.print(status_view.view(asyncio.run(watch.look(whose)), datetime.now(UTC)))
    else:
        with Live(console=console, auto_refresh=False) as live:
            asyncio.run(
                watch.follow(
                    whose, lambda body: live.update(status_view.view(body, datetime.now(UTC)), refresh=True)
                )
            )


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
    from cliptask_operator.cli import watch  # noqa: PLC0415  as above
    from cliptask_operator.kubernetes.task_state import status_of  # noqa: PLC0415  as above

    said = 0

    def say(pod_log: PodLog, log: str) -> None:
        nonlocal said
        said += 1
        print_plain(heading, pod_log.title, "bold")
        typer.echo(log)

    heading = Console()
    body = asyncio.run(watch.read(watch.TaskQuery(name, namespace, context), say, failed=failed, lines=tail))
    if not said:
        errors.print(f"no pod of {name} {'has failed' if failed else 'is there'}, or it is gone with its Job")
        for each in status_of(body).failures:
            print_plain(heading, f"{each.variant}: {each.reason}: {each.message}")
