"""Which tasks are worked on? One loop for each that is not finished; an edit or a retry begins another attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from cliptask.errors import ClipTaskError, InvalidTask, OutputError, SetupError
from cliptask.spec.loading import load_data
from cliptask_operator.campaign.publish import remove_all
from cliptask_operator.controller import ownership, status_snapshot
from cliptask_operator.controller.campaign_run import CampaignRun
from cliptask_operator.controller.context import Context
from cliptask_operator.controller.status_snapshot import StatusSnapshot
from cliptask_operator.controller.status_writer import Announce, StatusWriter
from cliptask_operator.controller.task_counts import TaskCounts, count_tasks
from cliptask_operator.kubernetes.task_state import (
    FINALIZER,
    Attempt,
    attempt_of,
    finalizers_of,
    is_finished,
    let_go_of,
    prunes,
    ref_of,
    status_of,
)

PROGRESS_PER_S = 20
"""Most writes of all tasks together that only tell of progress: with more tasks at once, each waits longer."""
_LAST_REMOVALS_S = 12.0
"""For removing videos before the operator ends: Kubernetes gives it 30 s for everything."""

Body = Mapping[str, Any]
log = structlog.get_logger("cliptask.tasks")


@dataclass
class _Tracked:
    """A task that is there."""

    body: Body
    attempt: Attempt
    loop: asyncio.Task[None] | None = None
    """What works on the attempt; it ends with it."""
    let_go_before: str = ""
    """Its annotation when this operator first saw it, which was for another operator."""
    was_finished: bool = False
    """The status said so, of this attempt."""
    stopped: list[asyncio.Task[None]] = field(default_factory=list)
    """Loops of earlier attempts, some of which may still be ending."""


@dataclass
class TaskController:
    """Every task's loop."""

    context: Context
    announce: Announce
    _tasks: dict[str, _Tracked] = field(default_factory=dict, init=False)
    """By UID."""

    def observe(self, body: Body, *, gone: bool) -> None:
        """Take in an event of a watch on tasks: work begins, begins anew or ends.

        Events are of the past: one of before the last status was written says "unfinished" of a task that is finished.
        So that is believed only of an attempt that is new, or whose status has said "finished" before and was removed.
        """
        metadata, attempt = body["metadata"], attempt_of(body)
        uid = metadata["uid"]
        if gone:
            self._forget(uid)
            return
        self.context.notifier.observe(body)
        tracked = self._tasks.setdefault(uid, _Tracked(body, attempt, let_go_before=let_go_of(body)))
        is_new = tracked.loop is None or tracked.attempt != attempt
        tracked.body, tracked.attempt = body, attempt
        if metadata.get("deletionTimestamp"):
            self._stop(tracked)
        elif is_finished(body):
            tracked.was_finished = True
        elif is_new or tracked.was_finished:
            self._start(uid, tracked)

    def is_held(self, body: Body) -> bool:
        """Whether a task waits for its videos to be removed before it goes."""
        tracked, let_go = self._tasks.get(body["metadata"]["uid"]), let_go_of(body)
        return prunes(body) and (not let_go or tracked is None or tracked.let_go_before == let_go)

    async def remove(self, body: Body) -> None:
        """Remove all that was made of a task that is being deleted, if that is its own and it asked for it.

        Raises ``TransientError``: try again. What only an administrator could mend keeps no task from going.
        """
        ref, settings = ref_of(body), self.context.settings
        uri = str(body["spec"]["output"]["uri"])
        if not settings.policy_for(ref.namespace).may_use(uri):
            return
        if (tracked := self._tasks.get(ref.uid)) is not None:
            self._stop(tracked)
            await _ended(tracked)
        # What runs might upload once more.
        for job in await self.context.cluster.jobs(ref):
            await self.context.cluster.delete_job(ref.namespace, job["metadata"]["name"])
        try:
            output = (await asyncio.to_thread(self.context.open_stores, uri, settings.cache_uri)).output
            if await asyncio.to_thread(ownership.is_held, output, ref):
                removed = await asyncio.to_thread(remove_all, ref.name, output)
                log.info("removed", task=ref.name, namespace=ref.namespace, videos=removed)
        except (SetupError, OutputError) as error:
            log.warning("videos stay", task=ref.name, namespace=ref.namespace, message=str(error))

    async def let_go(self) -> None:
        """Remove what tasks that prune have made, and let them go, where their namespace takes this operator along.

        A namespace is deleted with its pods first: who sees to that later has no operator any more.
        """
        held = [each.body for each in self._tasks.values() if FINALIZER in finalizers_of(each.body)]
        for namespace in {body["metadata"]["namespace"] for body in held}:
            own = [body for body in held if body["metadata"]["namespace"] == namespace]
            try:
                if await self.context.cluster.is_going(namespace):
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_LAST_REMOVALS_S):
                            await asyncio.gather(*map(self.remove, own), return_exceptions=True)
                    await asyncio.gather(*map(self._release, own))
            except ClipTaskError as error:
                log.warning("tasks that prune stay", namespace=namespace, message=str(error))

    async def _release(self, body: Body) -> None:
        others = [each for each in finalizers_of(body) if each != FINALIZER]
        await self.context.cluster.release(ref_of(body), others)

    async def close(self) -> None:
        """End all work; what was begun is found again by the next operator."""
        for tracked in self._tasks.values():
            self._stop(tracked)
        for tracked in list(self._tasks.values()):
            await _ended(tracked)

    def count(self) -> TaskCounts:
        """Count all tasks, as their statuses tell of them. May be asked from any thread."""
        return count_tasks([tracked.body for tracked in list(self._tasks.values())])

    def _start(self, uid: str, tracked: _Tracked) -> None:
        self._stop(tracked)
        before = [each for each in (*tracked.stopped, tracked.loop) if each and not each.done()]
        tracked.was_finished, tracked.stopped = False, before
        tracked.loop = asyncio.create_task(self._work(tracked.body, before), name=f"task {uid}")

    def _stop(self, tracked: _Tracked) -> None:
        if tracked.loop is not None:
            tracked.loop.cancel()

    def _forget(self, uid: str) -> None:
        if (tracked := self._tasks.pop(uid, None)) is not None:
            self._stop(tracked)
            self.context.ledger.forget(ref_of(tracked.body))
        self.context.job_cache.forget(uid)
        self.context.notifier.forget(uid)

    async def _work(self, body: Body, before: Sequence[asyncio.Task[None]]) -> None:
        """One attempt to its end, once all ``before`` it have ended: what one writes or removes, the next one looks at."""
        if before:
            await asyncio.wait(before)
        metadata = body["metadata"]
        with structlog.contextvars.bound_contextvars(task=metadata["name"], namespace=metadata["namespace"]):
            while True:
                try:
                    await self._attempt(body)
                except Exception:  # a bug in what tells of the attempt: nobody else would begin it again
                    log.exception("bug")
                    await asyncio.sleep(self.context.settings.retry_seconds)
                else:
                    return

    async def _attempt(self, body: Body) -> None:
        ref, least_s = ref_of(body), self.context.timing.status_s

        def forget() -> None:
            """Its deletion fell into a gap of the watch: its Jobs would be created anew as fast as they are removed."""
            self._forget(ref.uid)

        writer = StatusWriter(
            self.context.cluster,
            body,
            self._tell,
            forget,
            least_s,
            self._between_reports,
            lambda: self.context.notifier.told(body),
        )
        self.context.ledger.open(ref, status_of(body).spent)
        async with asyncio.TaskGroup() as group:
            group.create_task(writer.run())
            try:
                task = load_data(body, ref.name)
            except InvalidTask as error:
                await self.context.ledger.give_up(ref)
                writer.put(status_snapshot.refused(error.reason, str(error)))
            else:
                await CampaignRun(self.context, ref, task, attempt_of(body), writer.put).run()
            writer.close()

    def _tell(self, body: Body, now: StatusSnapshot, before: StatusSnapshot | None) -> None:
        if now.is_final and (before is None or before.phase != now.phase):
            self.context.metrics.tasks_ended.labels(now.phase).inc()
        self.announce(body, now, before)

    def _between_reports(self) -> float:
        """Seconds from one report of a task's progress to the next."""
        at_work = sum(not each.loop.done() for each in self._tasks.values() if each.loop)
        return max(self.context.timing.status_s, at_work / PROGRESS_PER_S)


async def _ended(tracked: _Tracked) -> None:
    """Wait for loops that were told to stop; how they ended is nobody's concern any more."""
    if tracked.loop is not None:
        await asyncio.wait([*tracked.stopped, tracked.loop])
