"""How far are a task's sources, lines and transcripts? Counted for its status, for metrics and for the log."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from math import ceil

import structlog

from cliptask.errors import ClipTaskError
from cliptask_operator.campaign.inputs import ResolvedInputs
from cliptask_operator.controller.metrics import Metrics
from cliptask_operator.sources.fetcher import FetchEvent
from cliptask_operator.speech.speaker import SpeechEvent
from cliptask_operator.speech.transcriber import TranscriptEvent

log = structlog.get_logger("cliptask.inputs")
_OUTCOMES = {"finished": "downloaded", "cached": "unchanged", "failed": "failed"}


async def _free(**_: float) -> None:
    """Nobody limits it."""


@dataclass
class InputProgress:
    """An ``InputObserver``. ``report`` is told in words how far it is, how many characters are spoken and seconds transcribed."""

    metrics: Metrics
    report: Callable[[str, int, int], None]
    reserve: Callable[..., Awaitable[None]] = _free
    took: Callable[..., None] = lambda **_: None
    """As of a ``Ledger``, for one task."""
    _sources: int = 0
    _lines: int = 0
    _voices: int = 0
    _characters: int = 0
    _seconds: float = 0.0
    _began: dict[str, float] = field(default_factory=dict)

    def begin(self, sources: int, lines: int, voices: int = 0) -> None:
        """So many are to come."""
        self._sources, self._lines, self._voices = sources, lines, voices

    async def allow(self, characters: int, seconds: int) -> None:
        """Set that aside of what the namespace may have."""
        await self.reserve(speech_characters=characters, transcribed_seconds=seconds)

    def fetched(self, event: FetchEvent) -> None:
        """A source has got further."""
        if event.kind == "started":
            self._began[event.url] = time.monotonic()
        outcome = _OUTCOMES.get(event.kind)
        if outcome is None:
            return
        took_s = time.monotonic() - self._began.get(event.url, time.monotonic())
        self.metrics.fetches.labels(outcome).observe(took_s)
        if outcome == "downloaded":
            self.metrics.fetched_bytes.inc(event.size_bytes)
        log.info("source", url=event.shown, outcome=outcome, bytes=event.size_bytes, seconds=round(took_s, 3))
        self._sources -= 1
        self._tell()

    def spoke(self, event: SpeechEvent) -> None:
        """A line has got further."""
        if event.kind == "speaking":
            return
        if event.kind == "spoken":
            self.metrics.speech_lines.labels("spoken").inc()
            if event.is_paid:
                self.metrics.speech_characters.inc(event.characters)
                self.took(speech_characters=event.characters)
            log.info("line spoken", line=event.label, characters=event.characters)
        if event.kind == "found":
            self.metrics.speech_lines.labels("found").inc()
        if event.kind != "failed":
            self._characters += event.characters
        self._lines -= 1
        self._tell()

    def wrote(self, event: TranscriptEvent) -> None:
        """What is said in a clip has got further."""
        if event.kind == "transcribing":
            return
        if event.kind != "failed":
            self.metrics.transcripts.labels(event.kind).inc()
            self._seconds += event.seconds
        if event.kind == "transcribed":
            self.metrics.transcribed_seconds.inc(event.seconds)
            self.took(transcribed_seconds=event.seconds)
            log.info("clip transcribed", url=event.shown, seconds=round(event.seconds, 3))
        self._voices -= 1
        self._tell()

    def refused(self, lines: Sequence[ClipTaskError]) -> None:
        """Count why lines cannot be had."""
        for error in lines:
            self.metrics.speech_lines.labels(error.reason).inc()

    def end(self, inputs: ResolvedInputs) -> None:
        """As ``refused``, of what could be had or not."""
        self.refused([line for line in inputs.lines if isinstance(line, ClipTaskError)])
        for transcript in inputs.transcripts.values():
            if isinstance(transcript, ClipTaskError):
                self.metrics.transcripts.labels(transcript.reason).inc()

    def _tell(self) -> None:
        waiting = [f"{self._sources} sources", f"{self._lines} lines"]
        waiting += [f"{self._voices} transcripts"] if self._voices else []
        words = f"{', '.join(waiting[:-1])} and {waiting[-1]}"
        self.report(f"fetching: {words} to go", self._characters, ceil(self._seconds - 1e-6))
