"""Which Jobs run for a campaign, until all of it is made? Looks, each of which decides (purely) and acts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from cliptask.errors import ClipTaskError
from cliptask.spec.task import Execution
from cliptask_operator.campaign.stores import Stores, keys_of, parts_of, videos_of
from cliptask_operator.controller.artifact_leases import ArtifactLeases
from cliptask_operator.controller.context import Context
from cliptask_operator.controller.reconcile import Decision, Desired, Observed, reconcile
from cliptask_operator.kubernetes.client import AlreadyThere
from cliptask_operator.kubernetes.manifests import (
    JobFacts,
    JobFailure,
    StoreUris,
    TaskRef,
    Unit,
    job,
    verdict,
)

T = TypeVar("T")
log = structlog.get_logger("cliptask.production")

LOOK_S = 15.0
"""Between looks when nothing happens; then the Jobs are listed, in case a watch has fallen silent."""
RELIST_S = 120.0
"""Between listings of the Jobs when much happens, for what a watch did not say."""
GATHER_S = 0.1
"""Events of this time are looked at together."""
_SHARE = 4
"""So many times as long as a look took, the next one waits: that of a campaign of ten thousand takes long."""
_MOST_LIES = 2
"""How often a Job may succeed without leaving what it was to make."""
_ADMINISTRATORS = frozenset({"Misconfigured", "StoreUnwritable"})
"""Reasons of failures that an administrator can mend, and that are therefore none of the variant's."""


@dataclass
class Memory:
    """What an attempt has seen that the cluster may forget. Without it, what failed is tried once more."""

    verdicts: dict[str, JobFailure] = field(default_factory=dict)
    """Why Jobs failed for good, by their names."""
    lies: Counter[str] = field(default_factory=Counter)
    """How often a Job's word was not true."""
    paused: dict[str, float] = field(default_factory=dict)
    """Until when a Job of this name is not created again."""


@dataclass
class JobController:
    """One attempt's Jobs. Everything that it knows it could find out again: it may be dropped at any time."""

    tools: Context
    ref: TaskRef
    execution: Execution
    desired: Desired
    place: Stores
    memory: Memory
    trouble: ClipTaskError | None = None
    """What an administrator has to mend."""
    _videos: AbstractSet[str] = frozenset()
    _believed: AbstractSet[str] = frozenset()
    """Names of Jobs that succeeded and whose word was taken for it."""

    async def begin(self) -> None:
        """Find out what there is."""
        await self._list_jobs()
        await self._list_store()

    async def run(self, tell: Callable[[Decision], None]) -> Mapping[str, JobFailure]:
        """Keep Jobs going until nothing is left to make; returns why not, for each variant that cannot be made.

        ``tell`` hears of each look. Raises ``TransientError`` and ``SetupError`` for what may pass.
        """
        listed_at, is_quiet = self._now(), False
        try:
            while True:
                if is_quiet or self._now() - listed_at > RELIST_S:
                    await self._list_jobs()
                    listed_at = self._now()
                began = self._now()
                decision = await self._look()
                took = self._now() - began
                await self._each(self._delete, decision.delete)
                await self._each(self._create, decision.create)
                if not decision.finished:
                    tell(decision)
                    is_quiet = not await self.rest(took * _SHARE)
                elif await self._is_confirmed():
                    return decision.failed
        finally:
            self._shelf.leave(self.ref.uid)

    async def halt(self) -> None:
        """Delete the Jobs that run."""
        running = [
            each.name for each in self._jobs().values() if each.state == "active" and not each.deleting
        ]
        await self._each(self._delete, running)

    async def rest(self, least_s: float = 0) -> bool:
        """Until something happens, or it is time to look anyway; returns whether something did."""
        bell = self.tools.book.bell(self.ref.uid)
        try:
            async with asyncio.timeout(LOOK_S):
                await bell.wait()
        except TimeoutError:
            return False
        await asyncio.sleep(max(GATHER_S, least_s))
        bell.clear()
        return True

    @property
    def succeeded(self) -> int:
        """How many videos are there."""
        return len(self._videos)

    @property
    def segments_ready(self) -> int:
        """How many segments there are. A finished video had all of its own, whoever made them."""
        campaign = self.desired.campaign
        finished = (each.order for each in campaign.variants if each.name in self._videos)
        made = {part.key for order in finished for part in order.segments}
        return sum(each.key in made or each.key in self._shelf.there for each in campaign.segments)

    async def _look(self) -> Decision:
        """Take in what has happened, and decide."""
        # One view for the whole look: a Job that fails during it is judged by the next.
        known = self._jobs()
        await self._learn(known)
        now = self._now()
        paused = {name for name, until in self.memory.paused.items() if until > now}
        self.trouble = self.trouble if paused else None
        uid, shelf = self.ref.uid, self._shelf
        elsewhere = shelf.made_elsewhere(uid, self.desired.parts)
        began = self._now()
        decision = reconcile(
            self.desired, Observed(self._videos, shelf.there, known, self.memory.verdicts, paused, elsewhere)
        )
        self.tools.metrics.looked(self._now() - began)
        shelf.makes(uid, decision.making)
        return decision

    async def _learn(self, known: Mapping[str, JobFacts]) -> None:
        """Take in what Jobs have come to since the last look."""
        units = self.desired.by_name
        succeeded = _succeeded(known)
        for name in succeeded - self._believed:
            if (unit := units.get(name)) is not None:
                self._videos |= {variant.name for variant in unit.variants}
                self._shelf.made(unit.parts)
                self.tools.metrics.job_succeeded(unit.step, len(unit.variants))
        self._believed = succeeded
        failed = [
            each
            for each in known.values()
            if each.state == "failed" and each.attempt == self.desired.attempt and not each.deleting
            and each.name in units and each.name not in self.memory.verdicts
        ]  # fmt: skip
        if failed:
            await self._judge(failed)
            if self.desired.variants_per_job > 1:
                await self._list_store()  # some of a Job's videos may have been made

    async def _judge(self, failed: list[JobFacts]) -> None:
        pods = await self.tools.cluster.failed_pods(self.ref)
        for each in failed:
            own = [
                pod
                for pod in pods
                if pod["metadata"].get("labels", {}).get("batch.kubernetes.io/job-name") == each.name
            ]
            found = verdict(each, own, self.execution)
            if found.reason in _ADMINISTRATORS:
                self.memory.paused[each.name] = self._now() + self.tools.settings.retry_seconds
                self.trouble = found.as_error()
                await self._delete(each.name)
            else:
                self.memory.verdicts[each.name] = found
                self.tools.metrics.job_failed(found.reason)
            variants = [variant.name for variant in self.desired.by_name[each.name].variants]
            log.warning(
                "job failed", job=each.name, variants=variants, reason=found.reason, message=found.message
            )

    async def _is_confirmed(self) -> bool:
        """Whether the videos that Jobs say they made are there; those that are not are missing again."""
        believed = self._videos
        await self._list_store()
        lost = believed - self._videos
        for name, unit in self.desired.units:
            if not lost.isdisjoint(each.name for each in unit.variants):
                self.memory.lies[name] += 1
                if self.memory.lies[name] > _MOST_LIES:
                    self.memory.verdicts[name] = JobFailure(
                        "ObjectMissing",
                        "its Job succeeds but leaves nothing in the bucket: check the bucket's lifecycle rules, and that "
                        "operator and renderer use the same one",
                    )
                    self.tools.metrics.job_failed("ObjectMissing")
        return not lost

    async def _create(self, named: tuple[str, Unit]) -> None:
        name, unit = named
        tools, attempt = self.tools, self.desired.attempt
        stores = StoreUris(self.place.cache.uri, self.place.output.uri)
        manifest = job(unit, self.ref, self.execution, attempt, stores, tools.settings.renderer)
        try:
            async with tools.turns.turn(self.ref.uid):
                await tools.creations.turn()
                await tools.cluster.create_job(manifest)
        except AlreadyThere:
            # Sent twice, or an old one is still going: either way the listing tells.
            await self._list_jobs()
        else:
            tools.book.created(self.ref.uid, name, attempt)
            tools.metrics.job_created(unit.step)

    async def _delete(self, name: str) -> None:
        self.tools.book.deleted(self.ref.uid, name)
        await self.tools.cluster.delete_job(self.ref.namespace, name)

    async def _list_jobs(self) -> None:
        since = self.tools.book.mark()
        self.tools.book.listed(self.ref.uid, await self.tools.cluster.jobs(self.ref), since)

    async def _list_store(self) -> None:
        succeeded, campaign, output, cache = (
            _succeeded(self._jobs()),
            self.desired.campaign,
            self.place.output,
            self.place.cache,
        )
        videos, parts = await asyncio.gather(
            asyncio.to_thread(videos_of, campaign, output),
            # Tasks that share a cache ask for the same.
            self.tools.listings.join(cache.uri, lambda: asyncio.to_thread(parts_of, cache)),
        )
        self._videos, there = frozenset(videos), keys_of(campaign, parts)
        self._shelf.listed(there, self.desired.parts - there)
        self._believed |= succeeded  # what they made is listed, or is not there any more

    async def _each(self, do: Callable[[T], Awaitable[None]], items: Sequence[T]) -> None:
        """All of them side by side; the first error is raised when every one has ended."""
        for result in await asyncio.gather(*map(do, items), return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    def _jobs(self) -> Mapping[str, JobFacts]:
        return self.tools.book.of(self.ref.uid)

    def _now(self) -> float:
        return self.tools.clock()

    @property
    def _shelf(self) -> ArtifactLeases:
        return self.tools.shelves.of(self.place.cache.uri)


def _succeeded(jobs: Mapping[str, JobFacts]) -> set[str]:
    return {each.name for each in jobs.values() if each.state == "succeeded" and not each.deleting}
