"""How do lines become recordings? Each text once: loaded from the store, or spoken, paid for and stored."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, Self

from pydantic import ValidationError

from cliptask.errors import ClipTaskError
from cliptask.facts import Recording, SpokenLine
from cliptask.languages import primary
from cliptask.spec.task import Line
from cliptask.text import heard_at
from cliptask_operator.concurrency.single_flight import SingleFlight
from cliptask_operator.speech import espeak, recordings, voices
from cliptask_operator.speech.recordings import Answer, SpeechOrder
from cliptask_operator.speech.settings import SpeechSettings
from cliptask_operator.speech.voices import Voice, VoiceBook, VoiceGone, is_voice_id
from cliptask_operator.speech.word_timing import words_from_events
from cliptask_renderer.storage.base import Store

if TYPE_CHECKING:
    from cliptask_operator.speech.elevenlabs import ElevenLabsClient

EventKind = Literal["found", "speaking", "spoken", "failed"]
GRACE_S = 10
"""How long closing waits for requests that are paid for already."""


@dataclass(frozen=True, slots=True)
class SpeechEvent:
    """Progress of one line."""

    kind: EventKind
    label: str
    characters: int


class Speaker:
    """Speaks for a whole process: one account, one limit, however many tasks ask. An asynchronous context.

    A line that cannot be spoken is an error at its place in the list; the task's ``failurePolicy`` decides what follows.
    Without a key espeak-ng speaks every line, which ``SpokenLine.provider`` tells.
    """

    def __init__(
        self, settings: SpeechSettings, on_slot: Callable[[float], None] = lambda _waited_s: None
    ) -> None:
        """``on_slot`` is told how long each request to the account waited for its slot, in seconds."""
        self._settings = settings
        self._on_slot = on_slot
        self._client: ElevenLabsClient | None = None
        self._processes = asyncio.Semaphore(os.cpu_count() or 1)
        self._voices_lock = asyncio.Lock()
        self._recordings: SingleFlight[Recording] = SingleFlight(must_finish=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let requests finish that are paid for, and start none any more."""
        if self._client is not None:
            self._client.stop()
        await self._recordings.close(GRACE_S)
        if self._client is not None:
            await self._client.close()

    def _account(self) -> ElevenLabsClient:
        if self._client is None:
            # 0.3 s and 25 MB that only those pay who speak.
            from cliptask_operator.speech.elevenlabs import ElevenLabsClient  # noqa: PLC0415

            self._client = ElevenLabsClient(self._settings, self._on_slot)
        return self._client

    async def voices(self, store: Store) -> tuple[Voice, ...]:
        """The account's voices, asked for anew and stored. Empty without a key.

        Raises ``SetupError`` or ``TransientError`` where ElevenLabs does not answer.
        """
        return (await self._refresh_voices(store)).voices if self._settings.api_key is not None else ()

    async def resolve(self, lines: Sequence[Line], store: Store) -> list[SpokenLine | ClipTaskError]:
        """The key of each line's recording, and its duration if it exists. Pays nothing.

        ElevenLabs is asked for its voices only if a name is not among those known; at most once.
        """

        async def look_up(_line: Line, order: SpeechOrder) -> SpokenLine:
            recording = await asyncio.to_thread(recordings.load_recording, store, order)
            return recording.line if recording else order.spoken(None)

        return await self._each(lines, store, look_up)

    async def speak_all(
        self, lines: Sequence[Line], store: Store, on_event: Callable[[SpeechEvent], None] = lambda _: None
    ) -> list[SpokenLine | ClipTaskError]:
        """Have every line spoken that is not yet, each text with the same voice once."""

        def tell(kind: EventKind, line: Line) -> None:
            on_event(SpeechEvent(kind, line.label, len(line.text.strip())))

        async def speak(line: Line, order: SpeechOrder) -> SpokenLine:
            recording, is_new = await self._recorded(line, order, store, tell)
            tell("spoken" if is_new else "found", line)
            return recording.line

        return await self._each(lines, store, speak, lambda line: tell("failed", line))

    async def _each(
        self,
        lines: Sequence[Line],
        store: Store,
        do: Callable[[Line, SpeechOrder], Awaitable[SpokenLine]],
        on_failure: Callable[[Line], None] = lambda _line: None,
    ) -> list[SpokenLine | ClipTaskError]:
        """What is done for every line with its order, side by side, or the line's error."""
        names = {line.voice for line in lines if self._is_named(line)}
        book, refusal = await self._voice_book(names, store) if names else (VoiceBook(), None)

        async def one(line: Line) -> SpokenLine | ClipTaskError:
            try:
                voice_id = line.voice
                if self._is_named(line):
                    voice = book.find(line.voice)
                    if voice is None:
                        raise refusal or book.unknown(line.voice)
                    voice_id = voice.id
                return await do(line, self._order(line, voice_id))
            except ClipTaskError as error:
                on_failure(line)
                return _of_line(error, line)

        return await asyncio.gather(*map(one, lines))

    async def _recorded(
        self, line: Line, order: SpeechOrder, store: Store, tell: Callable[[EventKind, Line], None]
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
            changed = await self._order_of_new_voice(gone, line, order, store)
            if changed is None:
                raise
            return await self._shared(changed, store)

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
            local = await espeak.speak(said, order.language)
        words = words_from_events(said, local.events, local.duration_s)
        recording = order.recording(local.duration_s, words)
        return await asyncio.to_thread(recordings.save_recording, store, order, local.audio, recording)

    async def _answer(self, order: SpeechOrder, store: Store) -> Answer:
        """The answer that a run paid for and did not complete, or a new one."""
        paid = await asyncio.to_thread(recordings.load_answer, store, order)
        if paid is not None:
            return paid
        answer = await self._account().speak(order.text, order.voice, order.language)
        await asyncio.to_thread(recordings.save_answer, store, order, answer)
        # Where another process saved one first, that one counts: audio and words must be of one answer.
        return await asyncio.to_thread(recordings.load_answer, store, order) or answer

    def _is_local(self, line: Line) -> bool:
        return self._settings.api_key is None or line.voice == espeak.VOICE

    def _is_named(self, line: Line) -> bool:
        """Whether the voice's id has to be looked up."""
        return not self._is_local(line) and not is_voice_id(line.voice)

    def _order(self, line: Line, voice_id: str) -> SpeechOrder:
        text = line.text.strip()
        if self._is_local(line):
            return SpeechOrder("espeak-ng", text, espeak.VOICE, line.language, espeak.version(), "wav_22050")
        own = self._settings
        language = primary(line.language)
        return SpeechOrder(
            "elevenlabs", text, voice_id, language, own.model, own.output_format, own.content()
        )

    async def _voice_book(self, names: set[str], store: Store) -> tuple[VoiceBook, ClipTaskError | None]:
        """A list of voices with these names, or the newest there is and why there is no newer one."""
        async with self._voices_lock:
            book = await asyncio.to_thread(_load_book, store)
            if book is not None and all(_knows(book, name) for name in names):
                return book, None
            try:
                return await self._refresh_voices(store), None
            except ClipTaskError as error:
                return book or VoiceBook(), error

    async def _refresh_voices(self, store: Store) -> VoiceBook:
        book = VoiceBook(voices=await self._account().voices())
        content = book.model_dump_json(indent=1).encode()
        await asyncio.to_thread(store.put_bytes, voices.OBJECT, content, replace=True)
        return book

    async def _order_of_new_voice(
        self, gone: VoiceGone, line: Line, order: SpeechOrder, store: Store
    ) -> SpeechOrder | None:
        """The order with the new id of the line's voice; None where the name has no new one, or the line no name."""
        if not self._is_named(line):
            return None
        async with self._voices_lock:
            book = await asyncio.to_thread(_load_book, store)
            # Another line may have refreshed the list already.
            if book is None or ((stored := book.find(line.voice)) is not None and stored.id == order.voice):
                book = await self._refresh_voices(store)
        voice = book.find(line.voice)
        if voice is None:
            raise book.unknown(line.voice) from gone
        return self._order(line, voice.id) if voice.id != order.voice else None


def _of_line(error: ClipTaskError, line: Line) -> ClipTaskError:
    """The error as one of the contract's classes, with the line named first."""
    public = next(kind for kind in type(error).__mro__ if kind.__module__ == ClipTaskError.__module__)
    explained: ClipTaskError = public(f"line {line.label!r} (voice {line.voice!r}): {error}")
    explained.__cause__ = error
    return explained


def _knows(book: VoiceBook, name: str) -> bool:
    try:
        return book.find(name) is not None
    except ClipTaskError:
        return True  # Several of the name: a newer list has them as well.


def _load_book(store: Store) -> VoiceBook | None:
    try:
        return VoiceBook.model_validate_json(store.read(voices.OBJECT))
    except (KeyError, ValidationError):
        return None
