"""How does one machine make what a campaign lacks? By work orders for a pool of processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from cliptask.errors import ClipTaskError, OutputError
from cliptask.orders import NamedVariant, WorkOrder
from cliptask.planning.plan import Campaign, Variant
from cliptask_operator.campaign.inventory import Inventory, Missing, missing
from cliptask_operator.local.process_pool import Task, run_tasks
from cliptask_operator.local.progress import ProgressReporter
from cliptask_operator.local.room import Room
from cliptask_renderer import pool_worker


@dataclass(frozen=True)
class PoolExecutor:
    """An ``Executor`` of so many processes."""

    campaign: Campaign
    room: Room
    progress: ProgressReporter

    async def execute(self, there: Inventory) -> Mapping[str, ClipTaskError]:
        """See ``Executor``. Raises ``OutputError`` as soon as anything cannot be written, before the start where that is certain."""
        wanted = missing(self.campaign, there)
        effort = self.room.effort(wanted, there)
        if effort.refusal:
            raise effort.refusal
        for disk in effort.disks:
            self.progress.note(str(disk))
        self.progress.begin("segments", len(wanted.segments))
        self.progress.begin("soundtracks", len(wanted.soundtracks))
        self.progress.begin("videos", len(wanted.variants))
        failed: dict[str, ClipTaskError] = {}

        def on_done(task: Task, error: ClipTaskError | None) -> None:
            kind, _, name = task.name.partition(" ")
            self.progress.advance(kind)
            if isinstance(error, OutputError):
                raise error  # the next would meet it too
            if error is not None and kind == "videos":
                failed[name] = error
                self.progress.note(f"{name}: {error}")

        await run_tasks(_tasks(self.campaign, wanted, self.room), self.room.workers, on_done)
        return failed


def _tasks(campaign: Campaign, wanted: Missing, room: Room) -> list[Task]:
    """Videos first whenever they can be made; segments in the order in which videos need them."""
    blank = WorkOrder(cache=room.stores.cache.uri, output=room.stores.output.uri, task=campaign.task)

    def task(kind: str, name: str, rank: int, needs: tuple[str, ...] = (), **work: object) -> Task:
        order = blank.model_copy(update=work).naming(campaign.places)
        return Task(f"{kind} {name}", rank, partial(pool_worker.execute, order, room.scratch), needs)

    return [
        *(task("segments", each.key, rank, segments=(each,)) for rank, each in enumerate(wanted.segments, 1)),
        *(task("soundtracks", each.key, 1, soundtracks=(each,)) for each in wanted.soundtracks),
        *(
            task("videos", each.name, 0, _needs(each), variants=(NamedVariant(name=each.name, order=each.order),))
            for each in wanted.variants
        ),
    ]  # fmt: skip


def _needs(variant: Variant) -> tuple[str, ...]:
    order = variant.order
    segments = (f"segments {part.key}" for part in order.segments)
    return (*segments, *([f"soundtracks {order.soundtrack.key}"] if order.soundtrack else []))
