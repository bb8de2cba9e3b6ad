"""Where is a recording, and what was paid for already? The store's side of speech.

A recording is complete when ``speech/<key>.json`` exists: it holds the words and is written last, after the audio. What
ElevenLabs answers, audio and times in one, is stored before either as ``speech/<key>.answer.json``, and removed at the
end: killed at any point between, the next run finds it there and pays nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from cliptask.errors import OutputError
from cliptask.facts import Recording, SpokenLine, Word
from cliptask.names import speech_object
from cliptask_operator.speech.word_timing import words_by_length, words_from_characters
from cliptask_renderer.storage.base import Store

Provider = Literal["elevenlabs", "espeak-ng"]


class Answer(BaseModel):
    """What was paid for: a recording with the times of its characters, which are empty where none came."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    audio_base64: str
    duration_s: float
    characters: tuple[str, ...] = ()
    starts_s: tuple[float, ...] = ()
    ends_s: tuple[float, ...] = ()


@dataclass(frozen=True)
class SpeechOrder:
    """All that decides how a recording sounds."""

    provider: Provider
    text: str
    voice: str
    """Id of the voice; of espeak-ng its name."""
    language: str
    model: str
    format: str
    settings: Mapping[str, float | bool] = field(default_factory=dict)

    @cached_property
    def key(self) -> str:
        """SHA-256 (hex) of the order: the recording's name."""
        content = {
            "provider": self.provider, "text": self.text, "voice": self.voice, "language": self.language,
            "model": self.model, "format": self.format, "settings": dict(self.settings),
        }  # fmt: skip
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @property
    def extension(self) -> Literal["mp3", "wav"]:
        """Of the recording's file."""
        return "mp3" if self.format.startswith("mp3_") else "wav"

    def spoken(self, duration_s: float | None) -> SpokenLine:
        """The line, spoken or not yet."""
        return SpokenLine(
            key=self.key,
            extension=self.extension,
            provider=self.provider,
            characters=len(self.text),
            duration_s=duration_s,
        )

    def recording(self, duration_s: float, words: tuple[Word, ...]) -> Recording:
        """What is known once it is spoken."""
        return Recording(line=self.spoken(duration_s), voice=self.voice, text=self.text, words=words)


def found(store: Store, order: SpeechOrder) -> Recording | None:
    """The complete recording. Raises ``OutputError`` where it is damaged: paying again is for a person to decide."""
    name = speech_object(order.key, "json")
    try:
        content = store.read(name)
    except KeyError:
        return None
    if store.stat(speech_object(order.key, order.extension)) is None:
        return None
    try:
        return Recording.model_validate_json(content)
    except ValidationError as error:
        raise _damaged(store, name) from error


def paid(store: Store, order: SpeechOrder) -> Answer | None:
    """What was paid for and did not become a recording yet. Raises ``OutputError`` where it is damaged."""
    name = _answer_object(order)
    try:
        return Answer.model_validate_json(store.read(name))
    except KeyError:
        return None
    except ValidationError as error:
        raise _damaged(store, name) from error


def pay_in(store: Store, order: SpeechOrder, answer: Answer) -> None:
    """Make sure of what was just paid for, before anything else is done with it."""
    store.put_bytes(_answer_object(order), answer.model_dump_json().encode())


def keep(store: Store, order: SpeechOrder, answer: Answer) -> Recording:
    """Make what was paid for a recording."""
    words = words_from_characters(answer.characters, answer.starts_s, answer.ends_s, answer.duration_s)
    recording = order.recording(answer.duration_s, words or words_by_length(order.text, answer.duration_s))
    kept = write(store, order, base64.b64decode(answer.audio_base64), recording)
    store.delete(_answer_object(order))
    return kept


def write(store: Store, order: SpeechOrder, audio: bytes, recording: Recording) -> Recording:
    """Write the audio, then what completes it; what another process completed first stays, and is the answer."""
    audio_name, facts_name = speech_object(order.key, order.extension), speech_object(order.key, "json")
    # In this order: facts without audio mean that somebody deleted the audio, and are those of another recording.
    if store.stat(facts_name) is not None and store.stat(audio_name) is None:
        store.delete(facts_name)
    store.put_bytes(audio_name, audio)
    store.put_bytes(facts_name, recording.model_dump_json().encode())
    return found(store, order) or recording


def _answer_object(order: SpeechOrder) -> str:
    return speech_object(order.key, "answer.json")


def _damaged(store: Store, name: str) -> OutputError:
    return OutputError(
        f"{name} in {store.uri} is damaged: delete it to have the line spoken (and charged) again"
    )
