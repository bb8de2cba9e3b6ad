"""Who tells others of tasks? One for all of them: whatever a status says, and does not say was told, is told.

What was told stands in the status. An operator that dies between telling and writing tells once more, with the same id.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Protocol

import structlog

from cliptask.errors import ClipTaskError, SetupError
from cliptask.spec.notify import Receiver
from cliptask_operator.controller.metrics import Metrics
from cliptask_operator.controller.notices import Told, event_of, receivers_of, told_by
from cliptask_operator.kubernetes.cluster import Cluster
from cliptask_operator.kubernetes.task_state import Attempt, attempt_of, ref_of, status_of
from cliptask_operator.notify.courier import NotDelivered, OnRetry, Secrets
from cliptask_operator.notify.event import Event

Body = Mapping[str, Any]
Post = Callable[[Body, Literal["Normal", "Warning"], str, str], None]
"""Posts an Event about a task: its body, the Event's type, reason and message."""

_MOST_WRITES = 100
"""Attempts at writing what was told: a task whose deletion no watch has told of takes none."""

log = structlog.get_logger("cliptask.notify")


class Delivers(Protocol):
    """How an event comes to a receiver; see ``Courier``."""

    async def deliver(self, event: Event, receiver: Receiver, secrets: Secrets, on_retry: OnRetry) -> None:
        """Return once it has. Raises ``NotDelivered``."""


@dataclass
class _Tracked:
    """A task that has somebody to tell."""

    body: Body
    told: Told
    begun: set[str] = field(default_factory=set)
    """Ids of what is told, or was, since this operator began."""
    turns: defaultdict[int, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    """One for each receiver, which is told of one thing after another."""
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_gone: bool = False


class Notifier:
    """Tells of all tasks. Nothing waits for it, and nothing of a campaign fails by it."""

    def __init__(
        self, cluster: Cluster, courier: Delivers, metrics: Metrics, post: Post, least_s: float
    ) -> None:
        """``least_s``: between two attempts at writing a status."""
        self._cluster = cluster
        self._courier = courier
        self._metrics = metrics
        self._post = post
        self._least_s = least_s
        self._tasks: dict[str, _Tracked] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    def forget(self, uid: str) -> None:
        """Take in that a task is gone. What is under way goes on."""
        if (tracked := self._tasks.pop(uid, None)) is not None:
            tracked.is_gone = True

    def observe(self, body: Body) -> None:
        """Take in an event of a watch on tasks, and tell of what is new."""
        uid, receivers = body["metadata"]["uid"], receivers_of(body)
        tracked = self._tasks.get(uid)
        if tracked is None:
            if not receivers:
                return
            tracked = self._tasks.setdefault(uid, _Tracked(body, told_by(body)))
        tracked.body = body
        if tracked.told.attempt != attempt_of(body):
            tracked.told = Told(attempt_of(body), condition=tracked.told.condition if receivers else None)
        event = event_of(body)
        if event is None or event.id in {*tracked.begun, *tracked.told.ids}:
            return
        tracked.begun.add(event.id)
        concerned = {at: each for at, each in enumerate(receivers) if event.news.phase in each.phases}
        if concerned:
            self._begin(self._tell(tracked, event, concerned))

    def told(self, body: Body) -> Told:
        """What is known of a task's events, newer than what its status says."""
        tracked = self._tasks.get(body["metadata"]["uid"])
        return tracked.told if tracked else Told(attempt_of(body))

    async def close(self) -> None:
        """End all of it; the next operator tells what was not told."""
        for each in self._under_way:
            each.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _begin(self, work: Any) -> None:  # noqa: ANN401  a coroutine
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _tell(self, tracked: _Tracked, event: Event, receivers: Mapping[int, Receiver]) -> None:
        attempt, phase = attempt_of(tracked.body), event.news.phase
        failures = await asyncio.gather(
            *(self._deliver(tracked, attempt, event, at, each) for at, each in receivers.items())
        )
        bad = [each for each in failures if each]
        told = tracked.told.settling(attempt, event.id)
        if bad:
            tracked.told = told.about(
                attempt, "False", "NotDelivered", f"{phase} was not told: {'; '.join(bad)}"
            )
            for each in bad:
                self._post(tracked.body, "Warning", "NotDelivered", f"{phase} was not told: {each}")
        else:
            words = f"{phase} was told to {len(receivers)} receiver{'s' if len(receivers) > 1 else ''}"
            tracked.told = told.about(attempt, "True", "Delivered", words)
            self._post(tracked.body, "Normal", "Notified", words)
        await self._write(tracked)

    async def _deliver(
        self, tracked: _Tracked, attempt: Attempt, event: Event, at: int, receiver: Receiver
    ) -> str:
        """Returns why it could not be delivered; nothing where it was."""
        place, outcomes = f"spec.notify[{at}]", self._metrics.notifications

        def on_retry(why: str) -> None:
            outcomes.labels("retried").inc()
            log.info(
                "notify again", task=event.news.task, namespace=event.news.namespace, receiver=place, why=why
            )
            if tracked.told.condition is None or tracked.told.condition.reason != "Retrying":
                tracked.told = tracked.told.about(
                    attempt,
                    "Unknown",
                    "Retrying",
                    f"{event.news.phase} is told again and again: {place}: {why}",
                )
                self._begin(self._write(tracked))

        secrets = partial(self._secret, event.news.namespace)
        try:
            async with tracked.turns[at]:
                await self._courier.deliver(event, receiver, secrets, on_retry)
        except NotDelivered as error:
            log.warning(
                "not notified",
                task=event.news.task,
                namespace=event.news.namespace,
                receiver=place,
                why=str(error),
            )
            outcomes.labels("failed").inc()
            return f"{place}: {error}"
        except Exception as error:  # a bug: it must not end the others' deliveries
            log.exception("bug")
            outcomes.labels("failed").inc()
            return f"{place}: {type(error).__name__}: this is a bug, see the operator's log"
        outcomes.labels("delivered").inc()
        return ""

    async def _secret(self, namespace: str, name: str) -> Mapping[str, str]:
        try:
            found = await self._cluster.secret(namespace, name)
        except SetupError as error:
            message = f"the operator may not read the Secret {name}: have it named in notify.secretNames of the chart"
            raise SetupError(message) from error
        if found is None:
            message = f"there is no Secret {name} in the namespace {namespace}: make it"
            raise SetupError(message)
        return found

    async def _write(self, tracked: _Tracked) -> None:
        """Have the status say what was told; whoever writes the status for another reason says it too."""
        async with tracked.writing:
            for _ in range(_MOST_WRITES):
                body, before = tracked.body, status_of(tracked.body)
                status = tracked.told.within(before)
                if tracked.is_gone or status == before:
                    return
                said = status.model_dump(mode="json", by_alias=True, include={"conditions", "notified"})
                try:
                    # Of this very version: the conditions are written together, and another's are not undone.
                    if await self._cluster.patch_status(
                        ref_of(body), said, body["metadata"]["resourceVersion"]
                    ):
                        return
                except ClipTaskError as error:
                    log.warning("the status cannot be written", error=str(error))
                await asyncio.sleep(self._least_s)
