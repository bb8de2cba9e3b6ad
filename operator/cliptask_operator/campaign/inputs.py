"""How does the operator come by a task's sources and speech? All tasks together stay within one account's limits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from cliptask.errors import ClipTaskError, SetupError, TransientError
from cliptask.spec.task import ClipTaskSpec
from cliptask_operator.campaign.resolved_inputs import ResolvedInputs
from cliptask_operator.controller.metrics import Metrics
from cliptask_operator.sources.fetcher import Fetcher, FetchEvent
from cliptask_operator.speech.speaker import Speaker, SpeechEvent
from cliptask_renderer.media.fonts import refuse_unwritable
from cliptask_renderer.storage.base import Store

log = structlog.get_logger("cliptask.sources")
_OUTCOMES = {"finished": "downloaded", "cached": "unchanged", "failed": "failed"}

Progress = Callable[[str, int], None]
"""Told in words how far it is, and how many characters are spoken."""


class InputResolver:
    """Fetches and speaks for every task."""

    def __init__(self, fetcher: Fetcher, speaker: Speaker, metrics: Metrics) -> None:
        self._fetcher = fetcher
        self._speaker = speaker
        self._metrics = metrics

    async def gather(
        self, spec: ClipTaskSpec, cache: Store, progress: Progress, *, speak: bool
    ) -> ResolvedInputs:
        """Fetch every source and have every line spoken, side by side; without ``speak`` nothing is paid for.

        Raises ``InputError`` for a title that cannot be written, ``TransientError`` or ``SetupError`` where something
        may be had later.
        """
        await asyncio.to_thread(refuse_unwritable, *spec.titles)
        tally = _Tally(len(spec.urls), len(spec.speech) if speak else 0, progress, self._metrics)
        lines = (
            self._speaker.speak_all(spec.speech, cache, tally.spoke)
            if speak
            else self._speaker.resolve(spec.speech, cache)
        )
        try:
            async with asyncio.TaskGroup() as group:
                fetching = group.create_task(self._fetcher.fetch_all(spec.urls, cache, tally.fetched))
                speaking = group.create_task(lines)
        except ExceptionGroup as several:
            # One is enough to say what is wrong with the store; the other has ended, and tells nothing more.
            raise several.exceptions[0] from several
        found, spoken = fetching.result(), speaking.result()
        for each in spoken:
            if isinstance(each, ClipTaskError):
                self._metrics.line_had(each.reason)
        later = [each for each in (*found.values(), *spoken) if isinstance(each, TransientError | SetupError)]
        if later:
            raise later[0]
        return ResolvedInputs(found, spoken)


class _Tally:
    """What is still to come, told to whoever waits, counts and reads logs."""

    def __init__(self, sources: int, lines: int, progress: Progress, metrics: Metrics) -> None:
        self._sources, self._lines, self._paid = sources, lines, 0
        self._progress = progress
        self._metrics = metrics
        self._began: dict[str, float] = {}

    def fetched(self, event: FetchEvent) -> None:
        if event.kind == "started":
            self._began[event.url] = time.monotonic()
        outcome = _OUTCOMES.get(event.kind)
        if outcome is None:
            return
        took_s = time.monotonic() - self._began.get(event.url, time.monotonic())
        self._metrics.fetched(outcome, event.size_bytes, took_s)
        log.info("source", url=event.shown, outcome=outcome, bytes=event.size_bytes, seconds=round(took_s, 3))
        self._sources -= 1
        self._tell()

    def spoke(self, event: SpeechEvent) -> None:
        if event.kind == "speaking":
            return
        if event.kind == "spoken":
            self._metrics.spoken(event.characters)
            log.info("line spoken", line=event.label, characters=event.characters)
        if event.kind == "found":
            self._metrics.line_had("found")
        if event.kind != "failed":
            self._paid += event.characters
        self._lines -= 1
        self._tell()

    def _tell(self) -> None:
        self._progress(f"fetching: {self._sources} sources and {self._lines} lines to go", self._paid)
