"""How do lines become recordings? Each text once: loaded from the store, or spoken, paid for and stored."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, Self, TypeAlias

from cliptask.emoji import has_emoji, without_emoji
from cliptask.errors import ClipTaskError, SetupError
from cliptask.facts import Recording, SpokenLine
from cliptask.languages import primary
from cliptask.spec.speech import Utterance
from cliptask.text import heard_at
from cliptask.word_timing import words_from_events
from cliptask_operator.concurrency.single_flight import SingleFlight
from cliptask_operator.speech import espeak, recordings
from cliptask_operator.speech.account import GRACE_S, Account, as_public
from cliptask_operator.speech.recordings import Answer, SpeechOrder
from cliptask_operator.speech.settings import SpeechSettings
from cliptask_operator.speech.vetting import ask
from cliptask_operator.speech.voice_list import VoiceList
from cliptask_operator.speech.voices import Voice, VoiceBook, VoiceGone, is_voice_id
from cliptask_renderer.storage.base import Store

EventKind = Literal["found", "speaking", "spoken", "failed"]
Spoken: TypeAlias = SpokenLine | ClipTaskError | None
"""What became of a line: an error says why nothing did, None that nobody was to speak it."""
_Order: TypeAlias = SpeechOrder | ClipTaskError | None


@dataclass(frozen=True, slots=True)
class SpeechEvent:
    """Progress of one line."""

    kind: EventKind
    label: str
    characters: int
    is_paid: bool = True
    """Whether it is ElevenLabs that speaks."""


class NoAccount(SetupError):
    """A line that only an account can have spoken, and there is none."""

    def __init__(self, line: str, why: str, unspoken: SpokenLine) -> None:
        """``unspoken``: what an account would be paid for."""
        super().__init__(f"{line}: {why}")
        self.line, self.why, self.unspoken = line, why, unspoken


class Speaker:
    """Speaks for a whole process: one account, one limit, however many tasks ask. An asynchronous context.

    A line that cannot be spoken is an error at its place in the list; the task's ``failurePolicy`` decides what follows.
    """

    def __init__(
        self, settings: SpeechSettings, on_slot: Callable[[float], None] = lambda _waited_s: None
    ) -> None:
        """``on_slot`` is told how long each request to the account waited for its slot, in seconds."""
        self._settings = settings
        self.account = Account(settings, on_slot)
        self._processes = asyncio.Semaphore(os.cpu_count() or 1)
        self._voices = VoiceList(self.account.client)
        self._recordings: SingleFlight[Recording] = SingleFlight(must_finish=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let requests finish that are paid for, and start none any more."""
        self.account.stop()
        await self._recordings.close(GRACE_S)
        await self.account.close()

    async def voices(self, store: Store) -> tuple[Voice, ...]:
        """The account's voices, asked for anew and stored.

        Raises ``SetupError`` where there is no account, and ``TransientError`` where ElevenLabs does not answer.
        """
        return (await self._voices.refresh(store)).voices

    async def resolve(self, lines: Sequence[Utterance], store: Store) -> list[Spoken]:
        """The key of each line's recording, and its duration if it exists. Pays nothing.

        What is free to know of lines that are not spoken yet is found out: whether ElevenLabs has their voices, its model
        their length and language, and espeak-ng theirs. Without an account those of ElevenLabs are ``NoAccount``.
        """

        async def look_up(_line: Utterance, order: SpeechOrder) -> SpokenLine:
            recording = await asyncio.to_thread(recordings.load_recording, store, order)
            return recording.line if recording else order.spoken(None)

        orders = await self._orders(lines, store)
        found = await self._each(lines, orders, look_up)
        unspoken = [_unspoken(order, each) for order, each in zip(orders, found, strict=True)]
        lacks = self.account.lack
        answers = await ask(
            [order for order in unspoken if order],
            None if lacks else self.account.client,
            self._voices,
            store,
            self._processes,
        )

        async def vet(line: Utterance, order: SpeechOrder) -> SpokenLine:
            if lacks is not None and order.provider == "elevenlabs":
                raise NoAccount(_named(line), str(lacks), order.spoken(None))
            answers.refuse(order)
            return order.spoken(None)

        vetted = await self._each(lines, unspoken, vet)
        return [new or each for new, each in zip(vetted, found, strict=True)]

    async def speak_all(
        self,
        lines: Sequence[Utterance],
        store: Store,
        on_event: Callable[[SpeechEvent], None] = lambda _: None,
    ) -> list[Spoken]:
        """Have every line spoken that is not yet, each text with the same voice once."""

        def tell(kind: EventKind, line: Utterance) -> None:
            on_event(SpeechEvent(kind, line.label, len(line.said.strip()), self._is_paid(line)))

        async def speak(line: Utterance, order: SpeechOrder) -> SpokenLine:
            recording, is_new = await self._recorded(line, order, store, tell)
            tell("spoken" if is_new else "found", line)
            return recording.line

        orders = await self._orders(lines, store)
        return await self._each(lines, orders, speak, lambda line: tell("failed", line))

    async def _orders(self, lines: Sequence[Utterance], store: Store) -> list[_Order]:
        """What is to be spoken of each line; ElevenLabs is asked for its voices only if a name is not among those known."""
        names = {line.voice for line in lines if self._is_paid(line) and not is_voice_id(line.voice)}
        book, refusal = await self._voices.with_names(names, store) if names else (VoiceBook(), None)
        return [self._order(line, book, refusal) for line in lines]

    def _order(self, line: Utterance, book: VoiceBook, refusal: ClipTaskError | None) -> _Order:
        if self._settings.by == "none":
            return None
        try:
            if not self._is_paid(line):
                return _free_order(line)
            voice = None if is_voice_id(line.voice) else book.find(line.voice)
            if voice is None and not is_voice_id(line.voice) and self.account.lack is None:
                raise refusal or book.unknown(line.voice)
            # Nothing is spoken under a name: it stands here where there is no account to have its id from.
            return self._paid_order(line, voice.id if voice else line.voice)
        except ClipTaskError as error:
            return error

    async def _each(
        self,
        lines: Sequence[Utterance],
        orders: Sequence[_Order],
        do: Callable[[Utterance, SpeechOrder], Awaitable[SpokenLine]],
        on_failure: Callable[[Utterance], None] = lambda _line: None,
    ) -> list[Spoken]:
        """What is done for every line with its order, side by side, or the line's error."""

        async def one(line: Utterance, order: _Order) -> Spoken:
            if order is None:
                return None
            try:
                if isinstance(order, ClipTaskError):
                    raise order
                return await do(line, order)
            except NoAccount as error:
                return error
            except ClipTaskError as error:
                on_failure(line)
                return as_public(error, _named(line))

        return await asyncio.gather(*map(one, lines, orders))

    async def _recorded(
        self, line: Utterance, order: SpeechOrder, store: Store, tell: Callable[[EventKind, Utterance], None]
    ) -> tuple[Recording, bool]:
        """The recording and whether it was made now."""
        recording = await asyncio.to_thread(recordings.load_recording, store, order)
        if recording is not None:
            return recording, False
        tell("speaking", line)
        try:
            return await self._shared(order, store)
        except VoiceGone as gone:
            # The stored list may give the id of a voice that was deleted and made again since.
            if is_voice_id(line.voice):
                raise
            voice = await self._voices.successor(line.voice, order.voice, gone, store)
            if voice.id == order.voice:
                raise
            return await self._shared(self._paid_order(line, voice.id), store)

    async def _shared(self, order: SpeechOrder, store: Store) -> tuple[Recording, bool]:
        """The recording, made by this call or by one that runs already, and whether by this."""
        return await self._recordings.run((store.uri, order.key), partial(self._make, order, store))

    async def _make(self, order: SpeechOrder, store: Store) -> Recording:
        recording = await asyncio.to_thread(recordings.load_recording, store, order)
        if recording is not None:
            return recording
        if order.provider == "elevenlabs":
            answer = await self._answer(order, store)
            return await asyncio.to_thread(recordings.complete, store, order, answer)
        said = heard_at(order.text)[0].strip()
        async with self._processes:
            # It would read out what each is called.
            local = await espeak.speak(without_emoji(said), order.language)
        words = words_from_events(said, local.events, local.duration_s)
        recording = order.recording(local.duration_s, words)
        return await asyncio.to_thread(recordings.save_recording, store, order, local.audio, recording)

    async def _answer(self, order: SpeechOrder, store: Store) -> Answer:
        """The answer that a run paid for and did not complete, or a new one."""
        paid = await asyncio.to_thread(recordings.load_answer, store, order)
        if paid is not None:
            return paid
        answer = await self.account.pay(
            order.key, lambda client: client.speak(order.text, order.voice, order.language)
        )
        await asyncio.to_thread(recordings.save_answer, store, order, answer)
        # Where another process saved one first, that one counts: audio and words must be of one answer.
        return await asyncio.to_thread(recordings.load_answer, store, order) or answer

    def _is_paid(self, line: Utterance) -> bool:
        return self._settings.by == "elevenlabs" and line.voice != espeak.VOICE

    def _paid_order(self, line: Utterance, voice_id: str) -> SpeechOrder:
        own, language = self._settings, primary(line.language)
        return SpeechOrder(
            "elevenlabs", line.said.strip(), voice_id, language, own.model, own.output_format, own.content()
        )


def _free_order(line: Utterance) -> SpeechOrder:
    text, model = line.said.strip(), espeak.version()
    settings = {"reads_emoji": False} if has_emoji(text) else {}
    return SpeechOrder("espeak-ng", text, espeak.VOICE, line.language, model, "wav_22050", settings)


def _unspoken(order: _Order, found: Spoken) -> SpeechOrder | None:
    """The order if it has yet to be carried out."""
    is_open = isinstance(found, SpokenLine) and not found.is_spoken
    return order if isinstance(order, SpeechOrder) and is_open else None


def _named(line: Utterance) -> str:
    return f"line {line.label!r} (voice {line.voice!r})"
