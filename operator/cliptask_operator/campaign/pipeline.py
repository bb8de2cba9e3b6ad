"""How does a task become a campaign's videos? Resolve inputs, plan, compare with the stores, make, publish, prune.

Said once, for ``cliptask render``, ``cliptask plan`` and the controller. They differ in the ``Executor`` alone: a pool of
processes, or Kubernetes Jobs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple, Protocol

from cliptask.errors import ClipTaskError
from cliptask.index import CampaignIndex
from cliptask.planning.plan import Campaign, plan
from cliptask.spec.task import ClipTask
from cliptask.spec.values import MAX_VARIANTS
from cliptask_operator.campaign.effort import check_bytes
from cliptask_operator.campaign.inputs import InputObserver, Inputs, ResolvedInputs
from cliptask_operator.campaign.inventory import (
    Inventory,
    Missing,
    folder_of,
    inventory_of,
    missing,
    parts_of,
)
from cliptask_operator.campaign.past import Part
from cliptask_operator.campaign.preflight import within_budget
from cliptask_operator.campaign.publish import prune, publish, published
from cliptask_operator.campaign.stores import Stores
from cliptask_operator.concurrency.single_flight import SingleFlight
from cliptask_operator.concurrency.whole_thread import whole_thread


class Executed(NamedTuple):
    """What became of what a campaign lacked."""

    failed: Mapping[str, ClipTaskError]
    """Why not, for each video that cannot be made."""
    lost: AbstractSet[str] = frozenset()
    """Keys of parts that were there and could not be used: they were to be made, too."""


class Executor(Protocol):
    """Who makes what one campaign lacks."""

    async def execute(self, there: Inventory) -> Executed:
        """Make all that is not ``there``.

        Raises ``TransientError`` and ``SetupError`` for what concerns all of it and may pass.
        """


@dataclass(frozen=True)
class Outcome:
    """What a campaign came to."""

    campaign: Campaign
    missing: Missing
    """What was not there at the beginning, or could not be used."""
    failed: Mapping[str, ClipTaskError]
    """Of each variant that should have been made and was not."""
    index: CampaignIndex
    removed: int = 0
    """Videos that the task no longer wants."""
    earlier: int = 0
    """Videos of earlier edits that are still there."""

    @property
    def errors(self) -> tuple[ClipTaskError, ...]:
        """Why the campaign is not complete; empty when it is."""
        return (*(skipped.error for skipped in self.campaign.skipped), *self.failed.values())


@dataclass(frozen=True)
class Pipeline:
    """The way from tasks to videos, for all tasks of a process."""

    inputs: Inputs
    max_variants: int = MAX_VARIANTS
    listings: SingleFlight[Mapping[str, Part]] = field(default_factory=SingleFlight)
    """Of caches by their URIs: tasks that share a cache ask for the same."""

    async def with_rows(self, task: ClipTask, stores: Stores) -> ClipTask:
        """The task with the rows of its table; what is checked of a task is then to be checked of this."""
        return await self.inputs.with_rows(task, stores.cache) if task.spec.table_url else task

    async def resolve(
        self, task: ClipTask, stores: Stores, observer: InputObserver, *, speak: bool
    ) -> ResolvedInputs:
        """Have everything fetched and, if wanted, spoken."""
        return await self.inputs.resolve(task.spec, stores.cache, observer, speak=speak)

    async def plan(self, task: ClipTask, inputs: ResolvedInputs, stores: Stores) -> Campaign:
        """What the task wants made, after what its index says was dealt before.

        Raises ``InputError`` where an input is bad, unless the task skips such, and where more is to be encoded than its budget
        gives.
        """
        before = await asyncio.to_thread(published, task.metadata.name, stores.output)
        campaign = await asyncio.to_thread(
            plan, task, inputs.sources, inputs.lines, self.max_variants, before, inputs.transcripts
        )
        seconds, most = campaign.encode_seconds, task.spec.budget.encode_seconds
        within_budget("encodeSeconds", seconds, most, "s of picture encoded", "use fewer or shorter clips")
        return campaign

    async def inventory(self, campaign: Campaign, stores: Stores) -> Inventory:
        """What is there."""
        folder, (parts, _) = await asyncio.gather(
            asyncio.to_thread(folder_of, campaign.task, stores.output),
            self.listings.run(stores.cache.uri, lambda: asyncio.to_thread(parts_of, stores.cache)),
        )
        return await asyncio.to_thread(inventory_of, campaign, folder.files, parts)

    async def make(
        self,
        task: ClipTask,
        campaign: Campaign,
        stores: Stores,
        executor: Executor,
        on_inventory: Callable[[Inventory], Awaitable[None]] | None = None,
    ) -> Outcome:
        """Have everything made that is missing, then write captions, pictures, index and gallery; see ``publish``.

        Once nothing is missing, what the task no longer wants is removed, if it says so (``spec.output.prune``).
        What fails is left out and named in the outcome; what was made stays, so that another run goes on from there.
        ``on_inventory`` is told what is there before anything is made. Raises ``OverBudget`` where the videos would be larger
        than the task's budget.
        """
        there = await self.inventory(campaign, stores)
        if on_inventory:
            await on_inventory(there)
        await asyncio.to_thread(check_bytes, task.spec, campaign, there)
        failed, lost = await executor.execute(there)
        there = replace(there, parts=there.parts - lost)
        prunes = task.spec.output.prune
        index = await whole_thread(partial(publish, prunes=prunes), campaign, failed, stores)
        removed = await whole_thread(prune, index, stores.output) if prunes else 0
        earlier = len(there.earlier) - removed
        return Outcome(campaign, missing(campaign, there), failed, index, removed, earlier)
