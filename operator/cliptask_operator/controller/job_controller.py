"""Which Jobs run for a campaign, until all of it is made? Each pass observes, decides (purely), acts and reports."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import NoReturn, TypeVar

import structlog

from cliptask.orders import VariantOrder
from cliptask.planning.plan import encoded_s
from cliptask.spec.execution import Execution
from cliptask_operator.campaign.effort import still_taken
from cliptask_operator.campaign.inventory import Inventory
from cliptask_operator.campaign.pipeline import Executed
from cliptask_operator.campaign.stores import Stores
from cliptask_operator.controller import status_snapshot
from cliptask_operator.controller.artifact_leases import ArtifactLeases
from cliptask_operator.controller.context import Context
from cliptask_operator.controller.desired import Desired, NamedOrder
from cliptask_operator.controller.failed_jobs import FailedJobs
from cliptask_operator.controller.job_starts import JobStarts
from cliptask_operator.controller.job_tuning import JobTuning
from cliptask_operator.controller.reconcile import Decision, Observed, reconcile
from cliptask_operator.controller.run_state import RunState
from cliptask_operator.controller.status_snapshot import Counts, StatusSnapshot
from cliptask_operator.kubernetes.cluster import AlreadyExists, QuotaFull
from cliptask_operator.kubernetes.job_status import JobFacts, JobFailure, facts
from cliptask_operator.kubernetes.manifests import job

T = TypeVar("T")
R = TypeVar("R")
log = structlog.get_logger("cliptask.jobs")

_SHARE = 4
"""So many times as long as a pass took, the next one waits: that of a campaign of ten thousand takes long."""
_MOST_FALSE_SUCCESSES = 2
"""How often a Job may succeed without leaving what it was to make."""


@dataclass
class JobController:
    """The Jobs of one attempt. It may be dropped at any time: another one finds out where it was."""

    context: Context
    execution: Execution
    desired: Desired
    stores: Stores
    state: RunState
    report: Callable[[StatusSnapshot], None]
    failed: Mapping[str, JobFailure] = field(default_factory=dict, init=False)
    """Why not, for each variant that could not be made in the end."""
    _pass_s: float = field(default=0.0, init=False)
    """How long the last pass took."""
    _unmakeable: frozenset[str] = field(default=frozenset(), init=False)
    """Names of videos that cannot be made, as of the last pass: their Jobs make others."""
    _listed: Mapping[str, JobFacts] = field(default_factory=dict, init=False)
    """Jobs as they were before the stores were listed."""
    _starts: JobStarts = field(init=False)
    _tuning: JobTuning = field(init=False)
    _failures: FailedJobs = field(init=False)

    def __post_init__(self) -> None:
        context, state = self.context, self.state
        self._starts = JobStarts(context, self.desired.task)
        self._tuning = JobTuning(self.execution, state, context.settings.renderer.most_memory)
        self._failures = FailedJobs(
            context, self.execution, state, self._tuning, self._leases, self._list_stores, self._delete
        )

    async def begin(self) -> None:
        """Find out which Jobs there are. Before the stores are listed: what these made is found there, or gone."""
        await self._list_jobs()
        self._listed = self._jobs()
        self.state.credited_jobs = _succeeded(self._listed)
        for name in self.state.credited_jobs:
            self.context.ledger.ended(self.desired.task, name)

    async def execute(self, there: Inventory) -> Executed:
        """See ``Executor``. A suspended task's Jobs end, and it waits for ever: an edit ends its attempt."""
        self._take_in(there)
        self.context.job_cache.at_work(self.desired.task.uid, begins=True)
        try:
            if self.execution.suspend:
                await self.context.ledger.settle(self.desired.task)
                await self._stay_suspended()
            needs = await asyncio.to_thread(still_taken, self.desired.campaign, there)
            await self.context.ledger.reserve(self.desired.task, **needs)
            self.desired = replace(self.desired, finished=there.videos)
            leased = self._leases.held_by_others(self.desired.task.uid, self.desired.parts)
            jobs = {**self._jobs(), **self._ended_meanwhile()}
            self.desired = await asyncio.to_thread(self._tuning.packed, self.desired, there, jobs, leased)
            failed = await self._run()
        finally:
            self._leases.release(self.desired.task.uid)
            self.context.job_cache.at_work(self.desired.task.uid, begins=False)
        self.failed = failed
        return Executed({name: failure.as_error() for name, failure in failed.items()})

    def _ended_meanwhile(self) -> Mapping[str, JobFacts]:
        """Jobs that were at work before the stores were listed, and have succeeded since: what they made may not be in the listing."""
        now = _succeeded(self._jobs())
        return {name: each for name, each in self._listed.items() if each.is_at_work and name in now}

    async def _run(self) -> Mapping[str, JobFailure]:
        """Reconcile until nothing is left to make; returns why not, for each variant that cannot be made."""
        timing = self.context.timing
        listed_at = heard_at = self._now()
        while True:
            if self._now() - heard_at >= timing.resync_s or self._now() - listed_at > timing.relist_s:
                await self._list_jobs()
                listed_at = heard_at = self._now()
            decision = await self.reconcile_once()
            if not decision.finished:
                if await self._changed(self._starts.due_at() - self._now(), self._pass_s * _SHARE):
                    heard_at = self._now()
            elif await self._is_confirmed():
                return decision.failed

    async def _stay_suspended(self) -> NoReturn:
        while True:
            running = [name for name, each in self._jobs().items() if each.is_at_work and not each.deleting]
            await self._delete(running)
            self.report(status_snapshot.suspended(self.state.snapshot, self.desired.campaign, self.counts()))
            await self._changed(self.context.timing.resync_s)

    async def reconcile_once(self) -> Decision:
        """One pass: observe, decide, act, report."""
        began = self._now()
        observed = await self._observe()
        decision = self._decide(observed)
        self._pass_s = self._now() - began
        self._unmakeable = frozenset(decision.failed)
        refused = await self._act(decision)
        if not decision.finished:
            self._report(replace(decision, active=decision.active - refused))
        return decision

    async def _changed(self, most_s: float, least_s: float = 0) -> bool:
        """Wait until something happens, or for so long; returns whether something did."""
        timing, changed = self.context.timing, self.context.job_cache.changed(self.desired.task.uid)
        try:
            async with asyncio.timeout(max(most_s, timing.debounce_s)):
                await changed.wait()
        except TimeoutError:
            return False
        await asyncio.sleep(max(timing.debounce_s, least_s))
        changed.clear()
        return True

    def counts(self, active: int = 0) -> Counts:
        """How far the campaign is. A finished video had all of its segments, whoever made them."""
        campaign, stored = self.desired.campaign, self._leases.stored
        finished = (each.order for each in campaign.variants if each.name in self.state.videos)
        used = {part.key for order in finished for part in order.segments}
        return replace(
            self.state.snapshot.counts,
            succeeded=len(self.state.videos),
            active=active,
            segments_ready=sum(each.key in used or each.key in stored for each in campaign.segments),
        )

    # Observe

    async def _observe(self) -> Observed:
        """Take in what has happened. One view for the whole pass: a Job that fails during it is judged by the next."""
        jobs, state, now = self._jobs(), self.state, self._now()
        self._credit(jobs)
        self.desired = await self._failures.take_in(self.desired, jobs, self._starts.stuck)
        await self._starts.observe(jobs)
        paused = {name for name, until in state.paused_until.items() if until > now}
        state.blocking_error = state.blocking_error if paused else None
        leased = self._leases.held_by_others(self.desired.task.uid, self.desired.parts)
        return Observed(
            state.videos,
            self._leases.stored,
            jobs,
            state.failures,
            paused,
            leased,
            self._starts.stuck,
            self._starts.window(jobs),
        )

    def _credit(self, jobs: Mapping[str, JobFacts]) -> None:
        """Believe Jobs that say they made everything."""
        succeeded, by_name = _succeeded(jobs), self.desired.by_name
        new = [by_name[name] for name in succeeded - self.state.credited_jobs if name in by_name]
        for name in succeeded - self.state.credited_jobs:
            if name in by_name:
                self.context.ledger.ended(self.desired.task, name)
        for order in new:
            # What a Job was not told of it has not made.
            left_out = self._unmakeable.intersection(each.name for each in order.variants)
            self._leases.made((order.without(left_out) if left_out else order).parts)
            self.context.metrics.jobs_succeeded.labels(order.step).inc()
        # Whoever stored the last part of a video that several Jobs carry has joined it.
        joined = (video for order in new for video in order.joins if self._is_complete(video.order))
        made = [video.name for order in new for video in order.variants if video.name not in self._unmakeable]
        made += {video.name for video in joined} - self.state.videos
        self.context.metrics.videos_made.inc(len(made))
        self.state.videos |= set(made)
        self.state.credited_jobs = succeeded

    def _is_complete(self, video: VariantOrder) -> bool:
        """Whether all of its parts are there."""
        return self._leases.stored >= {part.key for part in video.parts}

    # Decide

    def _decide(self, observed: Observed) -> Decision:
        began = self._now()
        decision = reconcile(self.desired, observed)
        self.context.metrics.reconciliations.observe(self._now() - began)
        self._leases.hold(self.desired.task.uid, decision.making)
        return decision

    # Act

    async def _act(self, decision: Decision) -> int:
        """Returns how many Jobs were not created, for want of room in a quota."""
        await self._delete(decision.delete)
        return (await _all(self._create, decision.create)).count(False)

    async def _create(self, named: NamedOrder) -> bool:
        """Returns whether the Job is there."""
        name, order = named
        context, desired = self.context, self.desired
        renderer, packed = context.settings.renderer, self.state.packed
        stored = self._leases.stored
        extra = self._unmakeable.intersection(each.name for each in order.variants)
        extra |= stored & {*order.own_parts}
        takes = self._tuning.takes(name, order, stored)
        manifest = job(
            order,
            desired.task,
            self.execution,
            desired.attempt,
            renderer,
            there=self.state.videos | extra if extra else self.state.videos,
            packed=packed,
            takes=takes,
        )
        try:
            async with context.job_creation.slot(desired.task.uid):
                if self._starts.is_refused:
                    return False
                await context.cluster.create_job(manifest)
        except QuotaFull as error:
            await self._starts.refused(error, self._jobs())
            return False
        except AlreadyExists:
            # Sent twice, or an old one is still going: either way the listing tells.
            await self._list_jobs()
        else:
            new = (each for each in order.encoded if each.key not in self._leases.stored)
            context.ledger.begins(desired.task, name, encoded_s(new))
            context.job_cache.created(desired.task.uid, facts(manifest))
            context.metrics.jobs_created.labels(order.step).inc()
            self._starts.created(name)
        return True

    async def _delete(self, names: Sequence[str]) -> None:
        await _all(self._delete_one, names)

    async def _delete_one(self, name: str) -> None:
        self.context.job_cache.deleted(self.desired.task.uid, name)
        await self.context.cluster.delete_job(self.desired.task.namespace, name)
        self._starts.deleted()

    # Report

    def _report(self, decision: Decision) -> None:
        state, counts = self.state, self.counts(decision.active)
        waiting, error = self._starts.trouble(decision)
        self.report(
            status_snapshot.rendering(
                state.snapshot,
                self.desired.campaign,
                decision,
                counts,
                state.blocking_error or error,
                window=self._starts.window_words,
                waiting=waiting,
            )
        )

    async def _is_confirmed(self) -> bool:
        """Whether exactly the videos that Jobs say they made are there.

        Those that are not are missing again; those that are although their Job failed have not failed.
        """
        claimed = self.state.videos
        await self._list_stores()
        lost = claimed - self.state.videos
        for name, order in self.desired.variant_orders:
            if not lost.isdisjoint(variant.name for variant in order.variants):
                self.state.false_successes[name] += 1
                if self.state.false_successes[name] > _MOST_FALSE_SUCCESSES:
                    remedy = (
                        "check the bucket's lifecycle rules, and that operator and renderer use the same one"
                    )
                    message = f"its Job succeeds but leaves nothing in the bucket: {remedy}"
                    self._failures.give_up(name, JobFailure("ObjectMissing", message))
        return self.state.videos == claimed

    async def _list_jobs(self) -> None:
        job_cache, task = self.context.job_cache, self.desired.task
        since = job_cache.mark()
        job_cache.listed(task.uid, await self.context.cluster.jobs(task), since)

    async def _list_stores(self) -> None:
        self._credit(self._jobs())  # what they made is listed, or is not there any more
        self._take_in(await self.context.pipeline.inventory(self.desired.campaign, self.stores))

    def _take_in(self, there: Inventory) -> None:
        self.state.videos = there.videos
        self.context.ledger.listed(self.desired.task, there.folder_bytes)
        self._tuning.past = there.past
        self._leases.listed(there.parts, self.desired.parts - there.parts)

    def _jobs(self) -> Mapping[str, JobFacts]:
        return self.context.job_cache.of(self.desired.task.uid)

    def _now(self) -> float:
        return self.context.clock()

    @property
    def _leases(self) -> ArtifactLeases:
        return self.context.leases.of(self.stores.cache.uri)


def _succeeded(jobs: Mapping[str, JobFacts]) -> AbstractSet[str]:
    return frozenset(each.name for each in jobs.values() if each.has_succeeded and not each.deleting)


async def _all(do: Callable[[T], Awaitable[R]], items: Sequence[T]) -> list[R]:
    """All of them side by side; the first error is raised when every one has ended."""
    results: list[R] = []
    for result in await asyncio.gather(*map(do, items), return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
        results.append(result)
    return results
