"""How does one machine make what a campaign lacks? Parts by work orders for a pool of processes, videos of them by threads."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from cliptask.decoding import decoded_together
from cliptask.errors import ClipTaskError, OutputError, PartLost
from cliptask.orders import PartOrder, SegmentOrder, SoundtrackOrder, WorkOrder
from cliptask.planning.plan import Campaign, Variant
from cliptask_operator.campaign.inventory import Inventory, Missing, keys_of, missing, parts_of
from cliptask_operator.campaign.pipeline import Executed
from cliptask_operator.local.process_pool import GoesOn, Processes, Task, Together, run_tasks
from cliptask_operator.local.progress import ProgressReporter
from cliptask_operator.local.room import Room
from cliptask_renderer import pool_worker

_TOGETHER = "together"
"""Kind of the tasks that make several forms of the same pictures at once."""
_LATE = 4
"""For each process: so many parts from the end on, it matters more that all end together than which video is there first."""


@dataclass(frozen=True)
class PoolExecutor:
    """An ``Executor`` of processes, and threads."""

    campaign: Campaign
    room: Room
    processes: Processes
    progress: ProgressReporter
    secrets: str = ""
    """As of a ``WorkOrder``."""

    async def execute(self, there: Inventory) -> Executed:
        """See ``Executor``. Raises ``OutputError`` as soon as anything cannot be written, before the start where that is certain.

        Parts that turn out to be lost are made once more, and then the videos that need them.
        """
        wanted = missing(self.campaign, there)
        effort = self.room.effort(wanted, there)
        if effort.refusal:
            raise effort.refusal
        for disk in effort.disks:
            self.progress.note(str(disk))
        self._begin_parts(wanted)
        self.progress.begin("videos", len(wanted.variants))
        failed, lacking = await self._tried(wanted)
        if not lacking:
            return Executed(failed)
        again = await asyncio.to_thread(self._missing_of, lacking)
        lost = there.parts & {part.key for part in again.parts}
        if lost:
            self.progress.note(
                f"made again: {len(lost):,} part{'s' * (len(lost) != 1)} of the cache, damaged or lost"
            )
        self._begin_parts(again)
        failed_again, lacking = await self._tried(again)
        for name, error in lacking.items():
            self.progress.advance("videos")
            self.progress.note(f"{name}: {error}")
        return Executed({**failed, **failed_again, **lacking}, lost)

    def _begin_parts(self, wanted: Missing) -> None:
        self.progress.begin("segments", len(wanted.segments))
        self.progress.begin("soundtracks", len(wanted.soundtracks))

    def _missing_of(self, videos: Collection[str]) -> Missing:
        """These videos, and which of their parts the cache lacks now."""
        variants = tuple(each for each in self.campaign.variants if each.name in videos)
        parts = keys_of(self.campaign, parts_of(self.room.stores.cache).keys())
        return missing(replace(self.campaign, variants=variants), Inventory(parts=parts))

    async def _tried(self, wanted: Missing) -> tuple[dict[str, ClipTaskError], dict[str, ClipTaskError]]:
        """Videos that failed, and apart from them, and not counted yet, those that lack a part which can be made again."""
        failed: dict[str, ClipTaskError] = {}
        lacking: dict[str, ClipTaskError] = {}

        def on_done(task: Task, error: ClipTaskError | None) -> None:
            kind, _, name = task.name.partition(" ")
            if kind == "videos" and isinstance(error, PartLost):
                lacking[name] = error
                return
            if kind != _TOGETHER:
                self.progress.advance(kind)
            if isinstance(error, OutputError):
                raise error  # the next would meet it too
            if error is not None and kind == "videos":
                failed[name] = error
                self.progress.note(f"{name}: {error}")

        await run_tasks(_tasks(self.campaign, wanted, self.room, self.secrets), self.processes, on_done)
        return failed, lacking


def _tasks(campaign: Campaign, wanted: Missing, room: Room, secrets: str) -> list[Task]:
    """Videos first whenever they can be made; their parts in the order in which they need them."""
    blank = WorkOrder(
        cache=room.stores.cache.uri,
        output=room.stores.output.uri,
        task=campaign.task,
        places=campaign.places,
        signer=campaign.signer,
        secrets=secrets,
    )
    ranks = {part.key: rank for rank, part in enumerate(in_order(wanted, room.workers), 1)}

    variants = {each.name: each.order for each in wanted.variants}

    def order(**work: object) -> WorkOrder:
        return blank.model_copy(update=work).naming(campaign.places)

    groups = [group for group in decoded_together(wanted.segments) if len(group) > 1]
    together_with = {part.key: f"{_TOGETHER} {group[0].key}" for group in groups for part in group}

    def part(kind: str, key: str, needs: tuple[str, ...] = (), **work: object) -> Task:
        do, after = partial(pool_worker.execute, order(**work), room.scratch), together_with.get(key)
        return Task(_part(kind, key), ranks[key], do, needs, (after,) if after else ())

    def group(parts: Sequence[SegmentOrder]) -> Task:
        do = partial(pool_worker.execute, order(segments=tuple(parts)), room.scratch)
        return Task(f"{_TOGETHER} {parts[0].key}", min(ranks[each.key] for each in parts), do)

    def videos(tasks: Sequence[str], goes_on: GoesOn) -> Sequence[ClipTaskError | None]:
        named = {name: variants[name] for task in tasks for name in (task.partition(" ")[2],)}
        return pool_worker.make_videos(room.stores.cache, room.stores.output, blank, named, goes_on)

    together = Together(videos)
    return [
        # Each part is there then, or tells itself why not.
        *map(group, groups),
        *(part("segments", each.key, _base(each), segments=(each,)) for each in wanted.segments),
        *(part("soundtracks", each.key, soundtracks=(each,)) for each in wanted.soundtracks),
        *(Task(f"videos {each.name}", 0, together, _needs(each)) for each in wanted.variants),
    ]


def in_order(wanted: Missing, workers: int) -> list[PartOrder]:
    """What is missing of parts, as videos need them; of the last the largest first, so that no process is left with one alone."""
    missing: dict[str, PartOrder] = {each.key: each for each in wanted.segments}
    missing |= {each.key: each for each in wanted.soundtracks}
    needed = (need.partition(" ")[2] for variant in wanted.variants for need in _needs(variant))
    # What pictures are taken of comes before what takes them.
    wanting = (
        (*_base(part), key) if isinstance(part := missing.get(key), SegmentOrder) else (key,)
        for key in needed
    )
    keys = (need.rpartition(" ")[2] for needs in wanting for need in needs)
    ordered = [missing[key] for key in dict.fromkeys(keys) if key in missing]
    late = max(len(ordered) - _LATE * workers, 0)
    return [*ordered[:late], *sorted(ordered[late:], key=_pixels, reverse=True)]


def _pixels(part: PartOrder) -> int:
    """What a part costs; a soundtrack costs next to nothing."""
    if isinstance(part, SoundtrackOrder):
        return 0
    return part.frames * part.profile.width * part.profile.height


def _base(segment: SegmentOrder) -> tuple[str, ...]:
    return (_part("segments", segment.base.key),) if segment.base else ()


def _needs(variant: Variant) -> tuple[str, ...]:
    order = variant.order
    soundtrack = [_part("soundtracks", order.soundtrack.key)] if order.soundtrack else []
    return (*(_part("segments", part.key) for part in order.segments), *soundtrack)


@lru_cache(maxsize=4096)
def _part(kind: str, key: str) -> str:
    """The task of a part: one text for all videos that need it."""
    return f"{kind} {key}"
