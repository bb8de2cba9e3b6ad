"""How does what is said in clips become text? Each file once: loaded from the store, or heard, paid for and stored."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, Self, TypeAlias

from cliptask.errors import ClipTaskError
from cliptask.facts import SourceFacts, Transcript, Word
from cliptask.languages import primary
from cliptask.names import public_url, source_object
from cliptask.spec.captions import ClipVoice
from cliptask_operator.concurrency.single_flight import SingleFlight
from cliptask_operator.speech import transcripts
from cliptask_operator.speech.account import GRACE_S, Account, as_public
from cliptask_operator.speech.transcripts import TranscriptOrder
from cliptask_renderer.probe.limits import ProbeLimits
from cliptask_renderer.probe.process import Probes
from cliptask_renderer.probe.samples import RATE, SAMPLE_BYTES
from cliptask_renderer.recordings import needed
from cliptask_renderer.storage.base import Store

EventKind = Literal["found", "transcribing", "transcribed", "failed"]
Written: TypeAlias = Transcript | ClipTaskError | None
"""What became of a clip's voice: an error says why it is not written down, None that nobody was to."""
_LEAST: Final = RATE // 10 * SAMPLE_BYTES
"""Bytes of the shortest sound that the API takes, 100 ms; in less no word is said."""
_QUIETEST: Final = 32
"""Of 32,768: -60 dBFS, below which there is nothing but noise."""
_PROBES: Final = 2


@dataclass(frozen=True, slots=True)
class TranscriptEvent:
    """Progress of one file."""

    kind: EventKind
    shown: str
    """Its URL, for people."""
    seconds: float


class Transcriber:
    """Hears for a whole process, within the limit of its account. An asynchronous context, which ends before the account does."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._probes = Probes(_PROBES)
        self._written: SingleFlight[Transcript] = SingleFlight(must_finish=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let requests finish that are paid for, and start none any more."""
        self._account.stop()
        await self._written.close(GRACE_S)
        await self._probes.aclose()

    @property
    def lack(self) -> ClipTaskError | None:
        """Why nothing new can be written down, where it should be."""
        return self._account.lack if self._account.settings.by == "elevenlabs" else None

    async def resolve(
        self, voices: Mapping[ClipVoice, SourceFacts], store: Store
    ) -> dict[ClipVoice, Written]:
        """What is written down, and what is still to be. Pays nothing.

        Where robots speak, what is not there yet is left out; where nobody speaks, nothing is shown.
        """
        by = self._account.settings.by

        async def look_up(voice: ClipVoice, facts: SourceFacts) -> Written:
            if by == "none":
                return None
            try:
                found = await asyncio.to_thread(transcripts.load, store, self._order(voice, facts))
            except ClipTaskError as error:
                return error
            return found if found.is_written or by == "elevenlabs" else None

        found = await asyncio.gather(*(look_up(*each) for each in voices.items()))
        return dict(zip(voices, found, strict=True))

    async def write_all(
        self,
        found: Mapping[ClipVoice, Written],
        sources: Mapping[ClipVoice, SourceFacts],
        store: Store,
        on_event: Callable[[TranscriptEvent], None] = lambda _: None,
    ) -> dict[ClipVoice, Written]:
        """Have everything written down that is not yet, of what ``resolve`` has ``found``."""

        async def one(voice: ClipVoice, written: Written) -> Written:
            if not isinstance(written, Transcript):
                return written

            def tell(kind: EventKind) -> None:
                on_event(TranscriptEvent(kind, public_url(voice.url), written.seconds))

            if written.is_written:
                tell("found")
                return written
            tell("transcribing")
            order = self._order(voice, sources[voice])
            try:
                transcript, is_new = await self._written.run(
                    (store.uri, order.key), partial(self._make, order, store)
                )
            except ClipTaskError as error:
                tell("failed")
                return as_public(error, public_url(voice.url))
            tell("transcribed" if is_new else "found")
            return transcript

        made = await asyncio.gather(*(one(*each) for each in found.items()))
        return dict(zip(found, made, strict=True))

    def _order(self, voice: ClipVoice, facts: SourceFacts) -> TranscriptOrder:
        return TranscriptOrder(facts, self._account.settings.transcription_model, primary(voice.language))

    async def _make(self, order: TranscriptOrder, store: Store) -> Transcript:
        there = await asyncio.to_thread(transcripts.load, store, order)
        if there.is_written:
            return there
        self._account.client()  # before the work, where there is none
        sound = await self._sound(order.source, store)
        words: tuple[Word, ...] = ()
        if await asyncio.to_thread(_is_heard, sound):
            words = await self._account.pay(
                order.key,
                lambda client: client.transcribe(sound, order.source.duration_s, order.language),
            )
        return await asyncio.to_thread(transcripts.save, store, order, words)

    async def _sound(self, facts: SourceFacts, store: Store) -> bytes:
        """Raw samples, see ``write_voice``."""
        with store.scratch() as folder:
            name, target = source_object(facts.sha256), folder / "voice"
            with needed(store, name), store.local(name) as file:
                await self._probes.voice(file, target, facts, ProbeLimits())
            return target.read_bytes()


def _is_heard(sound: bytes) -> bool:
    """Whether there may be a word in it. What is not asked for is not paid for."""
    if len(sound) < _LEAST:
        return False
    samples = array("h", sound)
    return min(samples) <= -_QUIETEST or max(samples) >= _QUIETEST
