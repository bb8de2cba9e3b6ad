"""How does one attempt at one task go? Check it, fetch and speak, plan, keep Jobs going until all is made, publish."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NoReturn, TypeVar

import structlog

from cliptask.errors import ClipTaskError, InputError
from cliptask.plan import Campaign, plan
from cliptask.task import ClipTask
from cliptask_operator import admission, ownership
from cliptask_operator.admission import Refused
from cliptask_operator.cluster import AlreadyThere, Cluster
from cliptask_operator.job_book import JobBook
from cliptask_operator.jobs import JobFacts, Stores, TaskRef, Unit, Verdict, job, verdict
from cliptask_operator.local import Place, pending
from cliptask_operator.metrics import Metrics
from cliptask_operator.operator_settings import OperatorSettings
from cliptask_operator.publish import prune, publish
from cliptask_operator.reconcile import Decision, Desired, Observed, reconcile
from cliptask_operator.sources import Gatherer
from cliptask_operator.standing import Attempt, Counts, Standing, ending, failures_of, refused
from cliptask_renderer.store import open_store

if TYPE_CHECKING:
    from cliptask_operator.limiter import Limiter

T = TypeVar("T")
log = structlog.get_logger("cliptask.pursuit")

LOOK_S = 15.0
"""Between looks when nothing happens; then the Jobs are listed, in case a watch has fallen silent."""
RELIST_S = 120.0
"""Between listings of the Jobs when much happens, for what a watch did not say."""
GATHER_S = 0.1
"""Events of this time are looked at together."""
_MOST_LIES = 2
"""How often a Job may succeed without leaving what it was to make."""

_ADMINISTRATORS = frozenset({"Misconfigured", "StoreUnwritable"})
Report = Callable[[Standing], None]


@dataclass
class Tools:
    """What every task's pursuit works with."""

    cluster: Cluster
    book: JobBook
    gatherer: Gatherer
    settings: OperatorSettings
    metrics: Metrics
    creations: Limiter
    clock: Callable[[], float]
    """Seconds, monotonic."""


@dataclass
class Pursuit:
    """One attempt. Everything that it knows it could find out again: it may be dropped at any time."""

    tools: Tools
    ref: TaskRef
    task: ClipTask
    attempt: Attempt
    report: Report
    standing: Standing = field(default_factory=lambda: Standing("Pending", "Pending", "not looked at yet"))
    _videos: set[str] = field(default_factory=set)
    _segments: set[str] = field(default_factory=set)
    _verdicts: dict[str, Verdict] = field(default_factory=dict)
    _believed: set[str] = field(default_factory=set)
    """Names of Jobs that succeeded and whose word was taken for it."""
    _lies: Counter[str] = field(default_factory=Counter)
    _paused: dict[str, float] = field(default_factory=dict)
    """Until when a Job of this name is not created again."""
    _trouble: ClipTaskError | None = None
    """Why."""

    async def run(self) -> None:
        """Go on until the attempt has ended or, if the task is suspended, for ever.

        Raises ``TransientError`` and ``SetupError`` for what may pass, and ``Refused``: run it again later.
        """
        spec, settings = self.task.spec, self.tools.settings
        try:
            admitted = admission.admit(spec, self.ref.namespace, settings)
            where = Stores(settings.cache_of(spec.output.uri), spec.output.uri)
            place = await asyncio.to_thread(lambda: Place(open_store(where.output), open_store(where.cache)))
            await asyncio.to_thread(ownership.claim, place.output, self.ref)
            self._say(admitted)
            campaign = await self._plan(place)
        except Refused as error:
            self._say(refused(error.reason, str(error)))
            raise
        except InputError as error:
            self._say(
                replace(
                    self.standing, phase="Failed", reason=error.reason, message=str(error), sources="False"
                )
            )
            return
        desired = Desired(
            self.ref, campaign, self.attempt.name, spec.execution.parallelism, spec.execution.variants_per_job
        )
        await self._relist_jobs()
        await self._relist_store(desired, place)
        if spec.execution.suspend:
            await self._suspended(desired)
        failed = await self._make(desired, place, where)
        await self._publish(desired, place, failed)

    async def _plan(self, place: Place) -> Campaign:
        """Have everything fetched and spoken, and find out what that makes."""
        spec = self.task.spec

        def progress(message: str, paid: int) -> None:
            counts = replace(self.standing.counts, speech_characters_paid=paid)
            self._say(replace(self.standing, message=message, counts=counts))

        material = await self.tools.gatherer.gather(
            spec, place.cache, progress, speak=not spec.execution.suspend
        )
        campaign = await asyncio.to_thread(
            plan, self.task, material.sources, material.lines, self.tools.settings.max_variants
        )
        self._say(
            replace(
                self.standing,
                phase="Rendering",
                reason="Rendering",
                message="rendering",
                sources="True",
                counts=replace(
                    self.standing.counts,
                    variants=len(campaign.variants) + len(campaign.skipped),
                    segments=len(campaign.segments),
                    speech_characters=material.characters,
                    speech_characters_paid=material.characters_paid,
                ),
                failures=failures_of(campaign, {}),
            )
        )
        return campaign

    async def _suspended(self, desired: Desired) -> NoReturn:
        """End what runs, show what there is, and wait: only an edit changes it, and ends this attempt."""
        while True:
            running = [
                each.name for each in self._jobs().values() if each.state == "active" and not each.deleting
            ]
            await self._each(self._delete, running)
            counts = self._counts(desired, active=0)
            left = counts.variants - counts.succeeded - len(desired.campaign.skipped)
            unpaid = counts.speech_characters - counts.speech_characters_paid
            message = (
                f"suspended: {left} videos and {counts.segments - counts.segments_ready} segments would be made, "
                f"{unpaid} characters of speech paid for"
            )
            self._say(
                replace(self.standing, phase="Suspended", reason="Suspended", message=message, counts=counts)
            )
            await self._rest()

    async def _make(self, desired: Desired, place: Place, where: Stores) -> dict[str, Verdict]:
        """Keep Jobs going until nothing is left to make; returns why not, for each variant that cannot be made."""
        listed_at, is_quiet = self.tools.clock(), False
        while True:
            if is_quiet or self.tools.clock() - listed_at > RELIST_S:
                await self._relist_jobs()
                listed_at = self.tools.clock()
            known = (
                self._jobs()
            )  # one view for the whole look: a Job that fails during it is judged by the next
            await self._learn(desired, place, known)
            now = self.tools.clock()
            paused = {name for name, until in self._paused.items() if until > now}
            self._trouble = self._trouble if paused else None
            decision = reconcile(
                desired, Observed(self._videos, self._segments, known, self._verdicts, paused)
            )
            self.tools.metrics.looked(self.tools.clock() - now)
            if decision.finished:
                believed = self._videos
                await self._relist_store(desired, place)
                if believed <= self._videos:
                    return dict(decision.failed)
                self._count_lies(desired, believed - self._videos)
                continue
            await self._act(desired, where, decision)
            self._tell(desired, decision)
            is_quiet = not await self._rest()

    async def _learn(self, desired: Desired, place: Place, known: Mapping[str, JobFacts]) -> None:
        """Take in what Jobs have come to since the last look."""
        units = desired.by_name
        succeeded = _succeeded(known)
        for name in succeeded - self._believed:
            if (unit := units.get(name)) is not None:
                self._videos |= {variant.name for variant in unit.variants}
                self._segments |= {part.key for part in unit.segments}
        self._believed = succeeded
        failed = [
            each
            for each in known.values()
            if each.state == "failed" and each.attempt == desired.attempt and not each.deleting
            and each.name in units and each.name not in self._verdicts
        ]  # fmt: skip
        if failed:
            await self._judge(failed)
            if desired.variants_per_job > 1:
                await self._relist_store(desired, place)

    async def _judge(self, failed: list[JobFacts]) -> None:
        pods = await self.tools.cluster.failed_pods(self.ref)
        for each in failed:
            own = [
                pod
                for pod in pods
                if pod["metadata"].get("labels", {}).get("batch.kubernetes.io/job-name") == each.name
            ]
            found = verdict(each, own, self.task.spec.execution)
            if found.reason in _ADMINISTRATORS:
                self._paused[each.name] = self.tools.clock() + self.tools.settings.retry_seconds
                self._trouble = found.as_error()
                await self._delete(each.name)
            else:
                self._verdicts[each.name] = found
                self.tools.metrics.job_failed(found.reason)
            log.warning("job failed", job=each.name, reason=found.reason, message=found.message)

    async def _act(self, desired: Desired, where: Stores, decision: Decision) -> None:
        await self._each(self._delete, decision.delete)
        await self._each(partial(self._create, desired, where), decision.create)

    def _count_lies(self, desired: Desired, missing: set[str]) -> None:
        """Jobs said that they made these videos, and they are not there: try again, but not for ever."""
        for name, unit in desired.units:
            if not missing.isdisjoint(each.name for each in unit.variants):
                self._lies[name] += 1
                if self._lies[name] > _MOST_LIES:
                    self._verdicts[name] = Verdict(
                        "ObjectMissing",
                        "its Job succeeds but leaves nothing in the bucket: check the bucket's lifecycle rules, and that "
                        "operator and renderer use the same one",
                    )

    async def _create(self, desired: Desired, where: Stores, named: tuple[str, Unit]) -> None:
        name, unit = named
        await self.tools.creations.turn()
        manifest = job(
            unit, self.ref, self.task.spec.execution, desired.attempt, where, self.tools.settings.renderer
        )
        try:
            await self.tools.cluster.create_job(manifest)
        except AlreadyThere:
            # Sent twice, or an old one is still going: either way the listing tells.
            await self._relist_jobs()
        else:
            self.tools.book.created(self.ref.uid, name, desired.attempt)
            self.tools.metrics.job_created(unit.step)

    async def _delete(self, name: str) -> None:
        self.tools.book.deleted(self.ref.uid, name)
        await self.tools.cluster.delete_job(self.ref.namespace, name)

    async def _publish(self, desired: Desired, place: Place, failed: dict[str, Verdict]) -> None:
        campaign, spec = desired.campaign, self.task.spec
        errors: dict[str, ClipTaskError] = {name: each.as_error() for name, each in failed.items()}
        index = await asyncio.to_thread(publish, campaign, errors, place.output)
        skips = spec.failure_policy.on_source_error == "Skip"
        phase, reason, message = ending(campaign, failed, skips=skips)
        if spec.output.prune and phase == "Complete":
            await asyncio.to_thread(prune, index, place.output)
        self._say(
            replace(
                self.standing,
                phase=phase,
                reason=reason,
                message=message,
                counts=replace(self._counts(desired, active=0), bytes=index.counts.size_bytes),
                failures=failures_of(campaign, failed),
                trouble=None,
                index=f"{place.output.uri}/{PurePosixPath(campaign.task, 'index.json')}",
            )
        )

    def _tell(self, desired: Desired, decision: Decision) -> None:
        counts = self._counts(desired, decision.active)
        trouble = self._trouble
        message = f"{counts.succeeded} of {counts.variants} videos, {counts.segments_ready} of {counts.segments} segments"
        failures = failures_of(desired.campaign, decision.failed)
        self._say(
            replace(
                self.standing,
                reason=trouble.reason if trouble else "Rendering",
                message=f"{message}; {trouble}" if trouble else message,
                counts=counts,
                failures=failures,
                trouble=trouble,
            )
        )

    def _counts(self, desired: Desired, active: int) -> Counts:
        campaign = desired.campaign
        # A finished video had all its segments, whoever made them.
        made = {
            part.key
            for each in campaign.variants
            if each.name in self._videos
            for part in each.order.segments
        }
        ready = len(self._segments | made)
        return replace(self.standing.counts, succeeded=len(self._videos), active=active, segments_ready=ready)

    async def _relist_jobs(self) -> None:
        since = self.tools.book.mark()
        self.tools.book.listed(self.ref.uid, await self.tools.cluster.jobs(self.ref), since)

    async def _relist_store(self, desired: Desired, place: Place) -> None:
        campaign, succeeded = desired.campaign, _succeeded(self._jobs())
        missing = await asyncio.to_thread(pending, campaign, place)
        self._videos = {each.name for each in campaign.variants} - {each.name for each in missing.variants}
        self._segments = {each.key for each in campaign.segments} - {each.key for each in missing.segments}
        self._believed |= succeeded  # what they made is listed, or is not there any more

    def _jobs(self) -> Mapping[str, JobFacts]:
        return self.tools.book.of(self.ref.uid)

    async def _rest(self) -> bool:
        """Until something happens, or it is time to look anyway; returns whether something did."""
        bell = self.tools.book.bell(self.ref.uid)
        try:
            async with asyncio.timeout(LOOK_S):
                await bell.wait()
        except TimeoutError:
            return False
        await asyncio.sleep(GATHER_S)
        bell.clear()
        return True

    async def _each(self, do: Callable[[T], Awaitable[None]], items: Sequence[T]) -> None:
        """All of them side by side; the first error is raised when every one has ended."""
        for result in await asyncio.gather(*map(do, items), return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    def _say(self, standing: Standing) -> None:
        self.standing = standing
        self.report(standing)


def _succeeded(jobs: Mapping[str, JobFacts]) -> set[str]:
    return {each.name for each in jobs.values() if each.state == "succeeded" and not each.deleting}
