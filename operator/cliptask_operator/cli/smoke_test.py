"""Does an installation make videos? A tiny campaign through all of it: bucket, operator, Jobs, and back."""

from __future__ import annotations

import asyncio
import io
import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

from PIL import Image

from cliptask.errors import MissingInput, SetupError
from cliptask.names import VIDEO
from cliptask.spec.task import GROUP, KIND, VERSION
from cliptask_operator.campaign.stores import Stores, open_stores
from cliptask_operator.cli.watch import heard
from cliptask_operator.kubernetes.client import KubernetesClient
from cliptask_operator.kubernetes.task_state import is_at_rest, status_of
from cliptask_renderer.storage.base import Store

_WIDTH, _HEIGHT = 180, 320
_COLOURS = {"hook-a": "#d33682", "hook-b": "#268bd2", "offer": "#859900"}
_VIDEOS = 2
_LOOK_S = 0.5
_GOING_S = 30.0
"""The longest that is waited for a deleted task: without an operator it would stay."""
_LOG_LINES = 20

Say = Callable[[str], None]


class SmokeTestFailed(SetupError):
    """The installation did not make the campaign; the message says how far it came."""


async def run(uri: str, namespace: str | None, context: str | None, timeout_s: float, say: Say) -> int:
    """Make the campaign and remove every trace of it, also after a failure; returns the number of its videos.

    All of it lies in a folder of its own below ``uri``. ``namespace``: where the account is at home, unless given. Raises
    ``SmokeTestFailed`` where it is not complete in time, after what its failed pods have said is given out.
    """
    name = f"smoke-test-{uuid.uuid4().hex[:8]}"
    place = await asyncio.to_thread(open_stores, f"{uri.rstrip('/')}/{name}")
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(KubernetesClient(context=context))
        which = namespace or cluster.namespace, name
        stack.push_async_callback(asyncio.to_thread, _empty, place)
        await asyncio.to_thread(_draw, place.output)
        say(f"{'/'.join(which)}: {len(_COLOURS)} pictures are in {place.output.uri}")
        await cluster.create_task(_task(*which, place.output.uri))
        stack.push_async_callback(_delete, cluster, which)
        await _watched(cluster, which, timeout_s, say)
        videos = await asyncio.to_thread(_videos, place.output, name)
        if videos != _VIDEOS:
            message = f"the campaign is said to be complete, and {videos} of {_VIDEOS} videos are in {place.output.uri}"
            raise SmokeTestFailed(message)
        return videos


async def _watched(cluster: KubernetesClient, which: tuple[str, str], timeout_s: float, say: Say) -> None:
    """Until the campaign is complete; each new message is given out."""
    said, body = "", await cluster.task(*which)
    try:
        async with asyncio.timeout(timeout_s):
            while not is_at_rest(body):
                message = f"{status_of(body).phase}: {status_of(body).message}"
                if message != said and status_of(body).message:
                    say(message)
                    said = message
                await asyncio.sleep(_LOOK_S)
                body = await cluster.task(*which)
    except TimeoutError:
        unseen = "no operator has looked at it: does one run, and serve this namespace?"
        stands = f"it stands at: {said}" if said else unseen
        await _tell_logs(cluster, which, say)
        message = f"the campaign is not complete after {timeout_s:g} s; {stands}"
        raise SmokeTestFailed(message) from None
    if status_of(body).phase != "Complete":
        await _tell_logs(cluster, which, say)
        failed = next(each for each in status_of(body).conditions if each.type == "Failed")
        message = f"the campaign is not made: {failed.reason}: {failed.message}"
        raise SmokeTestFailed(message)
    say(f"{status_of(body).phase}: {status_of(body).message}")


async def _tell_logs(cluster: KubernetesClient, which: tuple[str, str], say: Say) -> None:
    async for pod_log, log in heard(cluster, *which, failed=True, lines=_LOG_LINES):
        say(pod_log.title)
        if log:
            say(log)


async def _delete(cluster: KubernetesClient, which: tuple[str, str]) -> None:
    """Return when it is gone, so that nothing of it writes to the bucket any more."""
    await cluster.delete_task(*which)
    with suppress(TimeoutError, MissingInput):
        async with asyncio.timeout(_GOING_S):
            while await cluster.task(*which):  # noqa: ASYNC110  the API is asked
                await asyncio.sleep(_LOOK_S)


def _task(namespace: str, name: str, uri: str) -> dict[str, Any]:
    """Two hooks before one offer: two videos of three segments."""

    def clip(picture: str) -> dict[str, str]:
        return {"url": f"{uri}/pictures/{picture}.png", "name": picture, "duration": "1s", "motion": "zoomIn"}

    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": KIND,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "videoBlocks": [
                {"name": "hook", "clips": [clip("hook-a"), clip("hook-b")]},
                {"name": "offer", "clips": [clip("offer")]},
            ],
            "picture": {"width": _WIDTH, "height": _HEIGHT, "fps": 25},
            "output": {"uri": uri},
        },
    }


def _draw(output: Store) -> None:
    for name, colour in _COLOURS.items():
        file = io.BytesIO()
        Image.new("RGB", (_WIDTH, _HEIGHT), colour).save(file, "PNG")
        output.put_bytes(f"pictures/{name}.png", file.getvalue())


def _videos(output: Store, name: str) -> int:
    """How many there are, each with something in it."""
    return sum(each.size_bytes > 0 for each in output.list(f"{name}/") if each.name.endswith(VIDEO))


def _empty(place: Stores) -> None:
    """The cache first: its names are none that the output's store would delete."""
    for store in (place.cache, place.output):
        for each in list(store.list()):
            store.delete(each.name)
