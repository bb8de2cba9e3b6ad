"""Which recordings does the store hold, and which answers that are paid for? The store's side of speech.

A recording is complete when ``speech/<key>.json`` exists: it holds the words and is written last, after the audio. What
ElevenLabs answers, audio and times in one, is stored before either as ``speech/<key>.answer.json``, and removed at the
end: killed at any point between, the next run finds it there and pays nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Literal, TypeVar

from pydantic import ValidationError

from cliptask.errors import OutputError
from cliptask.facts import Fact, Recording, SpokenLine, Word
from cliptask.names import speech_object
from cliptask.word_timing import words_by_length, words_from_characters
from cliptask_renderer.storage.base import Store

Provider = Literal["elevenlabs", "espeak-ng"]
M = TypeVar("M", bound=Fact)


class Answer(Fact):
    """What ElevenLabs is paid for: audio and the times of its characters, which are empty where none came."""

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
        content = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()

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


def load_recording(store: Store, order: SpeechOrder) -> Recording | None:
    """The complete recording. Raises ``OutputError`` where it is damaged: paying again is for a person to decide."""
    if store.stat(speech_object(order.key, order.extension)) is None:
        return None
    return _load(Recording, store, speech_object(order.key, "json"))


def load_answer(store: Store, order: SpeechOrder) -> Answer | None:
    """What is paid for and is no recording yet. Raises ``OutputError`` where it is damaged."""
    return _load(Answer, store, _answer_object(order))


def save_answer(store: Store, order: SpeechOrder, answer: Answer) -> None:
    """Store an answer before anything else is done with it, since it is paid for."""
    store.put_bytes(_answer_object(order), answer.model_dump_json().encode())


def complete(store: Store, order: SpeechOrder, answer: Answer) -> Recording:
    """Make a recording of an answer, and remove the answer."""
    words = words_from_characters(answer.characters, answer.starts_s, answer.ends_s, answer.duration_s)
    recording = order.recording(answer.duration_s, words or words_by_length(order.text, answer.duration_s))
    saved = save_recording(store, order, base64.b64decode(answer.audio_base64), recording)
    store.delete(_answer_object(order))
    return saved


def save_recording(store: Store, order: SpeechOrder, audio: bytes, recording: Recording) -> Recording:
    """Store the audio, then what completes it. Returns the recording that another process completed first, if any."""
    audio_name, facts_name = speech_object(order.key, order.extension), speech_object(order.key, "json")
    # Facts without audio are those of a recording that somebody deleted: they do not fit the new audio.
    if store.stat(facts_name) is not None and store.stat(audio_name) is None:
        store.delete(facts_name)
    store.put_bytes(audio_name, audio)
    store.put_bytes(facts_name, recording.model_dump_json().encode())
    return load_recording(store, order) or recording


def _load(model: type[M], store: Store, name: str) -> M | None:
    try:
        return model.model_validate_json(store.read(name))
    except KeyError:
        return None
    except ValidationError as error:
        message = f"{name} in {store.uri} is damaged: delete it to have the line spoken (and charged) again"
        raise OutputError(message) from error


def _answer_object(order: SpeechOrder) -> str:
    return speech_object(order.key, "answer.json")
