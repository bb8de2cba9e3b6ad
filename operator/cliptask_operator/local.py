"""How is a campaign made without a cluster? Fetch and speak, plan, make what is missing, write the index."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import stamina

from cliptask import names
from cliptask.errors import ClipTaskError
from cliptask.facts import SourceFacts, SpokenLine
from cliptask.orders import SegmentOrder, SoundtrackOrder
from cliptask.plan import Campaign, Variant, count_variants, plan
from cliptask.task import ClipTask, ClipTaskSpec
from cliptask_operator.crew import Job, work
from cliptask_operator.fetch import FetchEvent, fetch_all
from cliptask_operator.progress import Report
from cliptask_operator.publish import prune, publish
from cliptask_operator.settings import Settings
from cliptask_operator.speech import Speaker, SpeechEvent
from cliptask_renderer import worker
from cliptask_renderer.store import Store, open_store

if TYPE_CHECKING:
    from cliptask.index import CampaignIndex

CACHE = ".cliptask"
"""Folder of the cache below the output."""


@dataclass(frozen=True)
class Place:
    """Where a campaign is made: the store of the videos, and the one of everything that they share."""

    output: Store
    cache: Store


@dataclass(frozen=True)
class Material:
    """What came of a task's URLs and lines; an error stands for what cannot be had."""

    sources: Mapping[str, SourceFacts | ClipTaskError]
    lines: Sequence[SpokenLine | ClipTaskError]


@dataclass(frozen=True)
class Pending:
    """What is still to be made for a campaign."""

    segments: tuple[SegmentOrder, ...]
    soundtracks: tuple[SoundtrackOrder, ...]
    variants: tuple[Variant, ...]


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


def place_at(uri: str) -> Place:
    """The stores below an output URI."""
    return Place(open_store(uri), open_store(f"{uri.rstrip('/')}/{CACHE}"))


def urls_of(spec: ClipTaskSpec) -> tuple[str, ...]:
    """Every URL that a task names, each once, in order."""
    clips = (clip.url for block in spec.video_blocks for clip in block.clips)
    images = (overlay.image.url for overlay in spec.overlays if overlay.image)
    return tuple(dict.fromkeys([*clips, *(track.url for track in spec.tracks), *images]))


def gather(task: ClipTask, place: Place, settings: Settings, report: Report, *, speak: bool) -> Material:
    """Fetch every source and, if wanted, speak every line, side by side. Without ``speak`` nothing is paid for."""
    count_variants(
        task.spec, settings.max_variants
    )  # too many are refused before anything is fetched or paid for
    _refuse_unwritable(task.spec)
    return asyncio.run(_gather(task.spec, place.cache, settings, report, speak=speak))


async def _gather(
    spec: ClipTaskSpec, cache: Store, settings: Settings, report: Report, *, speak: bool
) -> Material:
    # What is tried again is no news; what fails in the end is an error.
    stamina.instrumentation.set_on_retry_hooks([])
    urls = urls_of(spec)
    report.begin("sources", len(urls))

    def fetched(event: FetchEvent) -> None:
        if event.kind in {"finished", "cached", "failed"}:
            report.advance("sources")

    if spec.speech and settings.speech.api_key is None:
        report.note("speech: espeak-ng speaks every line, because ELEVENLABS_API_KEY is not set")
    async with Speaker(settings.speech) as speaker:
        speaking = _speak(speaker, spec, cache, report) if speak else speaker.resolve(spec.speech, cache)
        sources, lines = await asyncio.gather(fetch_all(urls, cache, settings.fetch, fetched), speaking)
    return Material(sources, lines)


async def _speak(
    speaker: Speaker, spec: ClipTaskSpec, cache: Store, report: Report
) -> list[SpokenLine | ClipTaskError]:
    report.begin("lines", len(spec.speech))

    def told(event: SpeechEvent) -> None:
        if event.kind != "speaking":
            report.advance("lines")

    return await speaker.speak_all(spec.speech, cache, told)


def pending(campaign: Campaign, place: Place) -> Pending:
    """What the stores do not hold yet, found by listing them."""
    videos = {each.name for each in place.output.list(f"{campaign.task}/")}
    parts = {each.name for folder in ("segments/", "soundtracks/") for each in place.cache.list(folder)}
    variants = tuple(each for each in campaign.variants if f"{campaign.task}/{each.name}.mp4" not in videos)
    missing = Campaign(campaign.task, campaign.blocks, campaign.profile, variants, ())
    return Pending(
        tuple(order for order in missing.segments if names.segment_object(order.key) not in parts),
        tuple(order for order in missing.soundtracks if names.soundtrack_object(order.key) not in parts),
        variants,
    )


def render(task: ClipTask, place: Place, settings: Settings, report: Report) -> Outcome:
    """Make everything that the task wants and the place lacks, then write the campaign's index and gallery.

    Once nothing is missing, videos that it no longer wants are removed, if it says so (``spec.output.prune``). What fails is left out and named in the outcome; what was made stays, so that another run goes on from there.
    """
    material = gather(task, place, settings, report, speak=True)
    campaign = plan(task, material.sources, material.lines, settings.max_variants)
    wanted = pending(campaign, place)
    failed = make(campaign.task, wanted, place, settings.workers or os.cpu_count() or 1, report)
    index = publish(campaign, failed, place.output)
    removed = prune(index, place.output) if task.spec.output.prune else 0
    return Outcome(campaign, wanted, failed, index, removed)


def make(task: str, wanted: Pending, place: Place, workers: int, report: Report) -> dict[str, ClipTaskError]:
    """Make what is wanted in a pool of processes; returns why for each variant that could not be made."""
    report.begin("segments", len(wanted.segments))
    report.begin("soundtracks", len(wanted.soundtracks))
    report.begin("videos", len(wanted.variants))
    failed = {}
    for job, error in work(_jobs(task, wanted, place), workers):
        kind, _, name = job.name.partition(" ")
        report.advance(kind)
        if error is not None and kind == "videos":
            failed[name] = error
            report.note(f"{name}: {error}")
    return failed


def _jobs(task: str, wanted: Pending, place: Place) -> list[Job]:
    """Videos first whenever they can be made; segments in the order in which videos need them."""
    cache, output = place.cache.uri, place.output.uri
    jobs = [
        Job(f"segments {order.key}", rank, partial(worker.make_segment, cache, order))
        for rank, order in enumerate(wanted.segments, 1)
    ]
    jobs += [
        Job(f"soundtracks {order.key}", 1, partial(worker.make_soundtrack, cache, order))
        for order in wanted.soundtracks
    ]
    for variant in wanted.variants:
        order = variant.order
        needs = [f"segments {part.key}" for part in order.segments]
        needs += [f"soundtracks {order.soundtrack.key}"] if order.soundtrack else []
        do = partial(worker.make_variant, cache, output, task, variant.name, order)
        jobs.append(Job(f"videos {variant.name}", 0, do, tuple(needs)))
    return jobs


def _refuse_unwritable(spec: ClipTaskSpec) -> None:
    texts = [overlay.text for overlay in spec.overlays if overlay.text is not None]
    if texts:
        from cliptask_renderer.fonts import refuse_unwritable  # noqa: PLC0415  reads a font, where there is a title

        for text in texts:
            refuse_unwritable(text)
