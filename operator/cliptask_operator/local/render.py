"""How is a campaign made without a cluster? Fetch and speak, plan, make what is missing, write the index."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import stamina

from cliptask.errors import ClipTaskError
from cliptask.facts import SpokenLine
from cliptask.planning.plan import Campaign, count_variants, plan
from cliptask.spec.task import ClipTask, ClipTaskSpec
from cliptask_operator.campaign.publish import prune, publish
from cliptask_operator.campaign.resolved_inputs import ResolvedInputs
from cliptask_operator.campaign.stores import Pending, Stores, holdings, pending
from cliptask_operator.local.process_pool import Task, work
from cliptask_operator.local.progress import ProgressReporter
from cliptask_operator.settings.environment import Settings
from cliptask_operator.sources.fetcher import FetchEvent, fetch_all
from cliptask_operator.speech.speaker import Speaker, SpeechEvent
from cliptask_renderer import pool_worker
from cliptask_renderer.media.fonts import refuse_unwritable
from cliptask_renderer.storage.base import Store

if TYPE_CHECKING:
    from cliptask.index import CampaignIndex


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    campaign: Campaign
    made: Pending
    """What this run set out to make; everything else was there."""
    failed: Mapping[str, ClipTaskError]
    """Of each variant that should have been made and was not."""
    index: CampaignIndex
    removed: int = 0
    """Videos that the task no longer wants."""

    @property
    def errors(self) -> tuple[ClipTaskError, ...]:
        """Why the campaign is not complete; empty when it is."""
        return (*(skipped.error for skipped in self.campaign.skipped), *self.failed.values())


def gather(
    task: ClipTask, place: Stores, settings: Settings, report: ProgressReporter, *, speak: bool
) -> ResolvedInputs:
    """Fetch every source and, if wanted, speak every line, side by side. Without ``speak`` nothing is paid for."""
    count_variants(
        task.spec, settings.max_variants
    )  # too many are refused before anything is fetched or paid for
    refuse_unwritable(*task.spec.titles)
    return asyncio.run(_gather(task.spec, place.cache, settings, report, speak=speak))


async def _gather(
    spec: ClipTaskSpec, cache: Store, settings: Settings, report: ProgressReporter, *, speak: bool
) -> ResolvedInputs:
    # What is tried again is no news; what fails in the end is an error.
    stamina.instrumentation.set_on_retry_hooks([])
    report.begin("sources", len(spec.urls))

    def fetched(event: FetchEvent) -> None:
        if event.kind in {"finished", "cached", "failed"}:
            report.advance("sources")

    if spec.speech and settings.speech.api_key is None:
        report.note("speech: espeak-ng speaks every line, because ELEVENLABS_API_KEY is not set")
    async with Speaker(settings.speech) as speaker:
        speaking = _speak(speaker, spec, cache, report) if speak else speaker.resolve(spec.speech, cache)
        sources, lines = await asyncio.gather(fetch_all(spec.urls, cache, settings.fetch, fetched), speaking)
    return ResolvedInputs(sources, lines)


async def _speak(
    speaker: Speaker, spec: ClipTaskSpec, cache: Store, report: ProgressReporter
) -> list[SpokenLine | ClipTaskError]:
    report.begin("lines", len(spec.speech))

    def told(event: SpeechEvent) -> None:
        if event.kind != "speaking":
            report.advance("lines")

    return await speaker.speak_all(spec.speech, cache, told)


def render(task: ClipTask, place: Stores, settings: Settings, report: ProgressReporter) -> Outcome:
    """Make everything that the task wants and the place lacks, then write the campaign's index and gallery.

    Once nothing is missing, videos that it no longer wants are removed, if it says so (``spec.output.prune``). What fails is left out and named in the outcome; what was made stays, so that another run goes on from there.
    """
    material = gather(task, place, settings, report, speak=True)
    campaign = plan(task, material.sources, material.lines, settings.max_variants)
    wanted = pending(campaign, holdings(campaign, place))
    failed = make(campaign.task, wanted, place, settings.workers or os.cpu_count() or 1, report)
    index = publish(campaign, failed, place.output)
    removed = prune(index, place.output) if task.spec.output.prune else 0
    return Outcome(campaign, wanted, failed, index, removed)


def make(
    task: str, wanted: Pending, place: Stores, workers: int, report: ProgressReporter
) -> dict[str, ClipTaskError]:
    """Make what is wanted in a pool of processes; returns why for each variant that could not be made."""
    report.begin("segments", len(wanted.segments))
    report.begin("soundtracks", len(wanted.soundtracks))
    report.begin("videos", len(wanted.variants))
    failed = {}
    for done, error in work(_tasks(task, wanted, place), workers):
        kind, _, name = done.name.partition(" ")
        report.advance(kind)
        if error is not None and kind == "videos":
            failed[name] = error
            report.note(f"{name}: {error}")
    return failed


def _tasks(task: str, wanted: Pending, place: Stores) -> list[Task]:
    """Videos first whenever they can be made; segments in the order in which videos need them."""
    cache, output = place.cache.uri, place.output.uri
    tasks = [
        Task(f"segments {order.key}", rank, partial(pool_worker.make_segment, cache, order))
        for rank, order in enumerate(wanted.segments, 1)
    ]
    tasks += [
        Task(f"soundtracks {order.key}", 1, partial(pool_worker.make_soundtrack, cache, order))
        for order in wanted.soundtracks
    ]
    for variant in wanted.variants:
        order = variant.order
        needs = [f"segments {part.key}" for part in order.segments]
        needs += [f"soundtracks {order.soundtrack.key}"] if order.soundtrack else []
        do = partial(pool_worker.make_variant, cache, output, task, variant.name, order)
        tasks.append(Task(f"videos {variant.name}", 0, do, tuple(needs)))
    return tasks
