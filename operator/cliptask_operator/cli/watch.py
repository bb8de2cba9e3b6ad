"""How does somebody follow a campaign of the cluster from a terminal? Reads the cluster, and changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from cliptask_operator.kubernetes.client import KubernetesClient
from cliptask_operator.kubernetes.manifests import Manifest
from cliptask_operator.kubernetes.pod_logs import PodLog, pod_logs
from cliptask_operator.kubernetes.task_state import is_at_rest

_LOOK_S = 1.0


@dataclass(frozen=True)
class TaskQuery:
    """Which ClipTask is meant; without a namespace, the one of that name where the account is at home."""

    name: str
    namespace: str | None = None
    context: str | None = None
    """Of the kubeconfig; None: the current one."""


async def look(whose: TaskQuery) -> Manifest:
    """The ClipTask as it is. Raises ``MissingInput``."""
    async with KubernetesClient(context=whose.context) as cluster:
        return await cluster.task(whose.namespace or cluster.namespace, whose.name)


async def follow(whose: TaskQuery, show: Callable[[Manifest], None]) -> None:
    """Show the ClipTask every second, until nothing more happens. Raises ``MissingInput``, also when it is deleted."""
    async with KubernetesClient(context=whose.context) as cluster:
        while True:
            body = await cluster.task(whose.namespace or cluster.namespace, whose.name)
            show(body)
            if is_at_rest(body):
                return
            await asyncio.sleep(_LOOK_S)


async def read(whose: TaskQuery, say: Callable[[PodLog, str], None], *, failed: bool, lines: int) -> Manifest:
    """Give out what the ClipTask's pods have printed, the last ``lines`` of each; returns it. Raises ``MissingInput``."""
    async with KubernetesClient(context=whose.context) as cluster:
        namespace = whose.namespace or cluster.namespace
        body = await cluster.task(namespace, whose.name)
        async for pod_log, log in heard(cluster, namespace, whose.name, failed=failed, lines=lines):
            say(pod_log, log)
        return body


async def heard(
    cluster: KubernetesClient, namespace: str, task: str, *, failed: bool, lines: int
) -> AsyncIterator[tuple[PodLog, str]]:
    """A task's pods, or only those that ``failed`` or cannot start, with the last ``lines`` of each."""
    for each in pod_logs(await cluster.pods(namespace, task), failed=failed):
        yield each, await cluster.log(namespace, each.pod, lines) if each.has_log else ""
