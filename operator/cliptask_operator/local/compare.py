"""How are two tasks compared on this machine? Both are planned, the second as if all of the first had been made."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from cliptask.errors import InputError
from cliptask.planning.history import NOTHING, History
from cliptask.planning.plan import plan
from cliptask.spec.loading import Script
from cliptask.spec.task import ClipTask
from cliptask_operator.campaign.comparison import Comparison, Side, before
from cliptask_operator.campaign.price import Price
from cliptask_operator.campaign.publish import published
from cliptask_operator.campaign.stores import Stores
from cliptask_operator.local.given import Given
from cliptask_operator.local.interruption import interruptible
from cliptask_operator.local.progress import ProgressReporter
from cliptask_operator.local.render import pipeline_of, resolve, with_rows
from cliptask_operator.settings.environment import Settings


def compare(
    old: Given,
    new: Given,
    stores: Stores,
    settings: Settings,
    progress: ProgressReporter,
    *,
    price: Price | None = None,
    as_published: bool = False,
) -> Comparison:
    """What becomes of ``old`` with ``new``. Sources are fetched into the cache, recordings looked for there; nothing is paid for.

    ``as_published``: the old task's deal is what the index in the stores tells, and not that of a task never made before.
    What of the old task's sources cannot be had counts as never made; anything else that is wrong is raised.
    """

    async def planned(given: Given, history: History) -> Side | None:
        if given.script is None:
            return None
        task = given.script.task
        async with pipeline_of(task, settings, progress) as pipeline:
            task = await with_rows(pipeline, task, stores, settings)
            inputs = await resolve(pipeline, task, stores, progress, speak=False)
            campaign = await asyncio.to_thread(
                plan, task, inputs.sources, inputs.lines, settings.max_variants, history
            )
        return Side(given.title, task, given.output, campaign, inputs)

    async def run() -> Comparison:
        dealt = NOTHING
        if as_published and old.script is not None:
            dealt = await asyncio.to_thread(published, old.script.task.metadata.name, stores.output)
        with _of(old, remedy=": or compare with /dev/null, which shows all as new"):
            made = await planned(_lenient(old), dealt)
        name = new.script.task.metadata.name if new.script else ""
        with _of(new):
            wanted = await planned(new, before(made, name, new.output))
        return Comparison((old.title, new.title), made, wanted, price)

    with interruptible() as interruption:
        return interruption.run(run())


@contextmanager
def _of(given: Given, remedy: str = "") -> Iterator[None]:
    """Errors say where in the text that is which they name, and what else there is to do."""
    if given.script is None:
        yield
        return
    try:
        with given.script.locating():
            yield
    except InputError as error:
        message = f"{error}{remedy}"
        raise type(error)(message) from error


def _lenient(given: Given) -> Given:
    """A source that is gone since is none of this edit's."""
    if given.script is None:
        return given
    script = given.script
    policy = script.task.spec.failure_policy.model_copy(update={"on_source_error": "Skip"})
    spec = script.task.spec.model_copy(update={"failure_policy": policy})
    task: ClipTask = script.task.model_copy(update={"spec": spec})
    return Given(given.title, Script(task, script.filename, script.marks), given.output)
