"""Who works on which task? One loop for each: attempts that an edit ends, trouble that is waited out, reports."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

import structlog
from pydantic import ValidationError

from cliptask.errors import ClipTaskError, InvalidTask, OutputError, SetupError, TransientError
from cliptask.spec.loading import load_data
from cliptask.spec.status import PHASES, ClipTaskStatus
from cliptask.spec.task import GROUP
from cliptask_operator.campaign.publish import remove_all
from cliptask_operator.controller import ownership
from cliptask_operator.controller.admission import Refused
from cliptask_operator.controller.campaign_run import CampaignRun
from cliptask_operator.controller.context import Context
from cliptask_operator.controller.metrics import Census
from cliptask_operator.controller.status_snapshot import Attempt, StatusSnapshot, held_up, refused, status_of
from cliptask_operator.kubernetes.client import Cluster
from cliptask_operator.kubernetes.manifests import TaskRef
from cliptask_renderer.storage.open import open_store

RETRY = f"{GROUP}/retry"
STATUS_S = 1.0
"""Between two writes of one task's status."""
PROGRESS_PER_S = 20
"""Most writes of all tasks together that only tell of progress: with more tasks at once, each waits longer."""
_ENDS = frozenset({"Complete", "Failed"})
_FIRST_WAIT_S, _LONGEST_WAIT_S = 2.0, 30.0

log = structlog.get_logger("cliptask.campaigns")
Announce = Callable[[Mapping[str, Any], StatusSnapshot, StatusSnapshot | None], None]
"""Told of a task (its body), where it is and where it was when somebody was told last."""


def attempt_of(body: Mapping[str, Any]) -> Attempt:
    """What a task asks for now."""
    metadata = body["metadata"]
    return Attempt(
        metadata.get("generation", 0), str((metadata.get("annotations") or {}).get(RETRY, ""))[:256]
    )


def is_finished(body: Mapping[str, Any]) -> bool:
    """Whether the status says that nothing is left to do for what the task asks for now."""
    status = status_before(body)
    ended = {each.type for each in status.conditions if each.status == "True"}
    observed = Attempt(status.observed_generation, status.observed_retry)
    return observed == attempt_of(body) and "Accepted" in ended and bool(ended & {"Complete", "Failed"})


def status_before(body: Mapping[str, Any]) -> ClipTaskStatus:
    """The status as it was last written; an empty one where it cannot be read."""
    try:
        return ClipTaskStatus.model_validate(body.get("status") or {})
    except ValidationError:
        return ClipTaskStatus()


def ref_of(body: Mapping[str, Any]) -> TaskRef:
    """Which task this is."""
    metadata, output = body["metadata"], (body.get("spec") or {}).get("output") or {}
    return TaskRef(
        metadata["namespace"],
        metadata["name"],
        metadata["uid"],
        dict(metadata.get("labels") or {}),
        str(output.get("uri", "")),
    )


def census(bodies: Iterable[Mapping[str, Any]]) -> Census:
    """How many tasks are in which phase, what holds up how many, how many videos are missing."""
    phases, troubles, videos_pending = Counter[str](), Counter[str](), 0
    for body in bodies:
        status: Mapping[str, Any] = body.get("status") or {}
        phase = status.get("phase") or "Pending"
        phases[phase] += 1
        if phase in _ENDS:
            continue
        if phase != "Suspended":
            wanted, succeeded, failed = (
                status.get(name) or 0 for name in ("variants", "succeeded", "failed")
            )
            videos_pending += wanted - succeeded - failed
        reason = next(
            (each.get("reason") for each in status.get("conditions") or () if each.get("type") == "Complete"),
            "",
        )
        # Nothing holds up a task whose reason is its phase.
        if reason and reason not in PHASES:
            troubles[reason] += 1
    return Census(phases, troubles, videos_pending)


@dataclass
class TaskController:
    """Every task's loop."""

    tools: Context
    announce: Announce

    def __post_init__(self) -> None:
        self._bodies: dict[str, Mapping[str, Any]] = {}
        self._edits: dict[str, asyncio.Event] = {}
        self._at_work = 0

    def changed(self, body: Mapping[str, Any], *, gone: bool) -> None:
        """Note an event of a watch on tasks."""
        uid = body["metadata"]["uid"]
        before = self._bodies.pop(uid, None)
        if gone:
            self.tools.book.forget(uid)
            self._edits.pop(uid, None)
            return
        self._bodies[uid] = body
        if before is not None and attempt_of(before) != attempt_of(body):
            self._edits.setdefault(uid, asyncio.Event()).set()

    async def remove(self, body: Mapping[str, Any]) -> None:
        """Remove all that was made of a task that is being deleted, if that is its own and it asked for it.

        Raises ``TransientError``: try again. What only an administrator could mend keeps no task from going.
        """
        ref, settings = ref_of(body), self.tools.settings
        uri = str(body["spec"]["output"]["uri"])
        if not settings.may_use(ref.namespace, uri):
            return
        # What runs might upload once more.
        for each in await self.tools.cluster.jobs(ref):
            await self.tools.cluster.delete_job(ref.namespace, each["metadata"]["name"])
        try:
            output = await asyncio.to_thread(open_store, uri)
            if await asyncio.to_thread(ownership.is_held, output, ref):
                await asyncio.to_thread(remove_all, ref.name, output)
        except (SetupError, OutputError) as error:
            log.warning(
                "videos of a deleted task stay", task=ref.name, reason=error.reason, message=str(error)
            )

    def census(self) -> Census:
        """Count all tasks, as their statuses tell of them. May be asked from any thread."""
        return census(list(self._bodies.values()))

    async def keep(self, body: Mapping[str, Any]) -> None:
        """Keep one task going until this is cancelled: by its deletion, by its end, or with the operator."""
        uid = body["metadata"]["uid"]
        self._bodies.setdefault(uid, body)
        with structlog.contextvars.bound_contextvars(
            task=body["metadata"]["name"], namespace=body["metadata"]["namespace"]
        ):
            while True:
                current = self._bodies.get(uid, body)
                edit = self._edits.setdefault(uid, asyncio.Event())
                edit.clear()
                await first(self._attempt(current), edit.wait())

    async def _attempt(self, body: Mapping[str, Any]) -> None:
        """One attempt to its end; an ended one waits to be replaced."""
        attempt, ref = attempt_of(body), ref_of(body)
        writer = _Writer(self.tools.cluster, body, attempt, self._tell, self._between_reports)
        self._at_work += 1
        try:
            await first(writer.run(), self._persist(body, ref, attempt, writer))
        finally:
            self._at_work -= 1

    def _tell(self, body: Mapping[str, Any], now: StatusSnapshot, before: StatusSnapshot | None) -> None:
        if now.phase in _ENDS and (before is None or before.phase != now.phase):
            self.tools.metrics.task_ended(now.phase)
        self.announce(body, now, before)

    def _between_reports(self) -> float:
        """Seconds from one report of a task's progress to the next."""
        return max(STATUS_S, self._at_work / PROGRESS_PER_S)

    async def _persist(
        self, body: Mapping[str, Any], ref: TaskRef, attempt: Attempt, writer: _Writer
    ) -> NoReturn:
        """Pursue a task, through whatever trouble passes; in the end wait to be cancelled."""
        try:
            task = load_data(body, ref.name)
        except InvalidTask as error:
            writer.say(refused(error.reason, str(error)))
            await asyncio.Event().wait()
        wait_s, retry_s = _FIRST_WAIT_S, self.tools.settings.retry_seconds
        pursuit = CampaignRun(self.tools, ref, task, attempt, writer.say)
        while True:
            try:
                await pursuit.run()
            except Refused:
                await asyncio.sleep(retry_s)  # somebody may give up the folder
            except ClipTaskError as error:
                log.warning("held up", reason=error.reason, message=str(error))
                writer.say(held_up(pursuit.standing, error))
                await asyncio.sleep(wait_s if isinstance(error, TransientError) else retry_s)
                wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
            except Exception as error:  # a bug: it must not look like work that goes on
                log.exception("bug")
                message = f"{type(error).__name__}: {error}: this is a bug, see the operator's log; it is tried again"
                writer.say(held_up(pursuit.standing, ClipTaskError(message)))
                await asyncio.sleep(retry_s)
            else:
                await asyncio.Event().wait()


class _Writer:
    """Writes the newest standing, at most once a second, and only what is new. An end is told sooner than progress."""

    def __init__(
        self,
        cluster: Cluster,
        body: Mapping[str, Any],
        attempt: Attempt,
        announce: Announce,
        interval_s: Callable[[], float],
    ) -> None:
        self._cluster = cluster
        self._body = body
        self._ref = ref_of(body)
        self._attempt = attempt
        self._announce = announce
        self._interval_s = interval_s
        self._written = status_before(body)
        self._announced: StatusSnapshot | None = None
        self._next: StatusSnapshot | None = None
        self._news = asyncio.Event()
        self._end = asyncio.Event()
        self._writing: asyncio.Task[bool] | None = None

    def say(self, standing: StatusSnapshot) -> None:
        """Have it written soon."""
        self._next = standing
        self._news.set()
        if standing.phase in _ENDS:
            self._end.set()

    async def run(self) -> NoReturn:
        """Write, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            standing = self._next
            if standing is None:
                continue
            status = status_of(standing, self._attempt, self._written, datetime.now(UTC))
            if status == self._written:
                continue
            # The status of an ended task ends this, perhaps before the API's answer is here: it is told all the same.
            self._writing = asyncio.create_task(self._write(standing, status))
            if not await asyncio.shield(self._writing):
                self._news.set()
                await asyncio.sleep(STATUS_S)
            elif standing.phase not in _ENDS:
                await asyncio.sleep(STATUS_S)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._interval_s() - STATUS_S):
                        await self._end.wait()

    async def _write(self, standing: StatusSnapshot, status: ClipTaskStatus) -> bool:
        """Write one status and tell of it; returns whether that worked."""
        try:
            await self._cluster.patch_status(self._ref, _patch(status))
        except ClipTaskError as error:
            log.warning("the status cannot be written", error=str(error))
            return False
        self._written = status
        if self._announced is None or self._announced.phase != standing.phase:
            log.info("phase", phase=standing.phase, reason=standing.reason, message=standing.message)
        self._announce(self._body, standing, self._announced)
        self._announced = standing
        return True


def _patch(status: ClipTaskStatus) -> dict[str, Any]:
    """The whole status for a merge: what has no value is removed."""
    return status.model_dump(mode="json", by_alias=True)


async def first(*awaitables: Any) -> None:  # noqa: ANN401  coroutines of many kinds
    """Return when the first has ended, with the others cancelled and gone; raise what it raised."""
    tasks = [asyncio.ensure_future(each) for each in awaitables]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
