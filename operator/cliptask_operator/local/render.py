"""How is a campaign made without a cluster? The pipeline, over this machine's processes, while somebody watches."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import stamina

from cliptask.errors import ClipTaskError, DiskFull
from cliptask.planning.reception import told
from cliptask.spec.task import ClipTask
from cliptask_operator.campaign.effort import bytes_of_videos, check_bytes
from cliptask_operator.campaign.forecast import Forecast
from cliptask_operator.campaign.inputs import InputResolver, ResolvedInputs
from cliptask_operator.campaign.inventory import Inventory, missing
from cliptask_operator.campaign.pipeline import Outcome, Pipeline
from cliptask_operator.campaign.preflight import preflight
from cliptask_operator.campaign.stores import Stores
from cliptask_operator.campaign.targets import forecast_of_targets
from cliptask_operator.local import news
from cliptask_operator.local.interruption import interruptible
from cliptask_operator.local.pool_executor import PoolExecutor
from cliptask_operator.local.process_pool import Processes
from cliptask_operator.local.progress import Awaited, ProgressReporter
from cliptask_operator.local.room import Room
from cliptask_operator.settings.environment import Settings
from cliptask_operator.sources.fetcher import Fetcher, FetchEvent
from cliptask_operator.speech.settings import SpeechBy
from cliptask_operator.speech.speaker import Speaker, SpeechEvent
from cliptask_operator.speech.transcriber import Transcriber, TranscriptEvent

_DRAFTS: Mapping[SpeechBy, str] = {
    "espeak": "speech: a draft, espeak-ng speaks every line",
    "none": "speech: none, nobody speaks, and there are no captions",
}

_UNHEARD: Mapping[SpeechBy, str] = {
    "espeak": "transcripts: a draft, clips that were not transcribed before show no words",
    "none": "transcripts: none, no clip shows words",
}


def processes(settings: Settings) -> AbstractContextManager[Processes]:
    """What ``render`` makes parts with; see ``Processes.forked``."""
    return Processes.forked(_workers(settings))


def render(
    task: ClipTask,
    stores: Stores,
    settings: Settings,
    processes: Processes,
    progress: ProgressReporter,
    *,
    notify: bool = False,
) -> Outcome:
    """Make everything that the task wants and the stores lack; see ``Pipeline.make``. ``notify``: tell the task's receivers."""
    if not notify:
        if task.spec.notify:
            progress.note("notify: nobody is told; --notify tells them")
        return _render(task, stores, settings, processes, progress)
    uri = stores.output.uri
    try:
        outcome = _render(task, stores, settings, processes, progress)
    except ClipTaskError as error:
        news.tell(task, news.of_error(task, error, uri), settings, progress)
        raise
    news.tell(task, news.of_outcome(task, outcome, uri), settings, progress)
    return outcome


def _render(
    task: ClipTask, stores: Stores, settings: Settings, processes: Processes, progress: ProgressReporter
) -> Outcome:

    async def run() -> Outcome:
        async with pipeline_of(task, settings, progress) as pipeline:
            if task.spec.signer:
                from cliptask_renderer.signing.certificate import check  # noqa: PLC0415  of which most tasks have no need

                check(_secrets(settings), task.spec.signer)
            whole = await with_rows(pipeline, task, stores, settings)
            inputs = await resolve(
                pipeline, whole, stores, progress, speak=True, on_new_source=processes.get_ready
            )
            campaign = await pipeline.plan(whole, inputs, stores)
            for remark in filter(None, (campaign.remark, *campaign.remarks)):
                progress.note(remark)
            room = _room(stores, settings, inputs)

            async def on_inventory(there: Inventory) -> None:
                for sentence in told(campaign, forecast_of_targets(campaign, there)):
                    progress.note(sentence)

            executor = PoolExecutor(campaign, room, processes, progress, _secrets(settings))
            try:
                return await pipeline.make(whole, campaign, stores, executor, on_inventory)
            except DiskFull as error:
                there = await pipeline.inventory(campaign, stores)
                raise error.needing(room.effort(missing(campaign, there), there).lacking_bytes) from error

    with interruptible() as interruption:
        return interruption.run(run())


def plan(
    task: ClipTask, stores: Stores, settings: Settings, progress: ProgressReporter, *, speak: bool = False
) -> Forecast:
    """What ``render`` would make. Sources are fetched, as only their content can tell; without ``speak`` nothing is paid for."""

    async def run() -> Forecast:
        async with pipeline_of(task, settings, progress) as pipeline:
            whole = await with_rows(pipeline, task, stores, settings)
            inputs = await resolve(pipeline, whole, stores, progress, speak=speak)
            campaign = await pipeline.plan(whole, inputs, stores)
            there = await pipeline.inventory(campaign, stores)
            check_bytes(whole.spec, campaign, there)
            lacking = missing(campaign, there)
            effort = _room(stores, settings, inputs).effort(lacking, there)
            return Forecast(
                campaign,
                inputs,
                lacking,
                effort,
                there.earlier,
                bytes_of_videos(campaign, there),
                prunes=task.spec.output.prune,
                targets=forecast_of_targets(campaign, there),
            )

    with interruptible() as interruption:
        return interruption.run(run())


@asynccontextmanager
async def pipeline_of(
    task: ClipTask, settings: Settings, progress: ProgressReporter
) -> AsyncIterator[Pipeline]:
    """The pipeline of this machine, for a task that is allowed here; raises as ``preflight`` where it is not."""
    preflight(task.spec, settings.policy)
    # What is tried again is no news; what fails in the end is an error.
    stamina.instrumentation.set_on_retry_hooks([])
    if task.spec.lines and (said := _DRAFTS.get(settings.speech)):
        progress.note(said)
    if task.spec.voices and (heard := _UNHEARD.get(settings.speech)):
        progress.note(heard)
    async with (
        Fetcher(settings.fetch) as fetcher,
        Speaker(settings.speaking) as speaker,
        Transcriber(speaker.account) as transcriber,
    ):
        yield Pipeline(InputResolver(fetcher, speaker, transcriber), settings.max_variants)


async def with_rows(pipeline: Pipeline, task: ClipTask, stores: Stores, settings: Settings) -> ClipTask:
    """The task with the rows of its table, checked as it is."""
    whole = await pipeline.with_rows(task, stores)
    if whole is not task:
        preflight(whole.spec, settings.policy)
    return whole


async def resolve(
    pipeline: Pipeline,
    task: ClipTask,
    stores: Stores,
    progress: ProgressReporter,
    *,
    speak: bool,
    on_new_source: Callable[[], None] = lambda: None,
) -> ResolvedInputs:
    """All inputs of a task, while it is shown how far they are; see ``Inputs.resolve``.

    ``on_new_source`` is called with the first source that was not known before: parts will have to be made.
    """
    try:
        return await pipeline.resolve(task, stores, _Observer(progress, on_new_source), speak=speak)
    except DiskFull as error:
        raise error.needing(_bytes_of_files(task)) from error


def _bytes_of_files(task: ClipTask) -> int:
    """Of the sources that lie on this machine."""
    paths = (Path(url2pathname(urlsplit(url).path)) for url in task.spec.urls if url.startswith("file:"))
    return sum(path.stat().st_size for path in paths if path.is_file())


def _secrets(settings: Settings) -> str:
    return str(settings.secrets.absolute()) if settings.secrets else ""


def _room(stores: Stores, settings: Settings, inputs: ResolvedInputs) -> Room:
    return Room.of(stores, _workers(settings), settings.scratch, inputs)


def _workers(settings: Settings) -> int:
    return settings.workers or os.cpu_count() or 1


class _Observer:
    """Shows how far the inputs are, as far as there is anything to do."""

    def __init__(self, progress: ProgressReporter, on_new_source: Callable[[], None]) -> None:
        self._on_new_source = on_new_source
        self._has_new_source = False
        self._sources = Awaited(progress, "sources")
        self._lines = Awaited(progress, "lines")
        self._voices = Awaited(progress, "transcripts")

    def begin(self, sources: int, lines: int, voices: int = 0) -> None:
        self._sources.total, self._lines.total, self._voices.total = sources, lines, voices

    async def allow(self, characters: int, seconds: int) -> None:
        """Who renders here pays for it."""

    def refused(self, lines: Sequence[ClipTaskError]) -> None:
        """The error that follows says it."""

    def fetched(self, event: FetchEvent) -> None:
        match event.kind:
            case "started":
                if not event.is_known:
                    self._sources.start()
                    if not self._has_new_source:
                        self._has_new_source = True
                        self._on_new_source()
            case "finished":
                self._sources.finish()
            case "cached":
                self._sources.skip()
            case "failed":
                self._sources.fail()

    def spoke(self, event: SpeechEvent) -> None:
        match event.kind:
            case "speaking":
                self._lines.start()
            case "spoken":
                self._lines.finish()
            case "found":
                self._lines.skip()
            case "failed":
                self._lines.fail()

    def wrote(self, event: TranscriptEvent) -> None:
        match event.kind:
            case "transcribing":
                self._voices.start()
            case "transcribed":
                self._voices.finish()
            case "found":
                self._voices.skip()
            case "failed":
                self._voices.fail()
