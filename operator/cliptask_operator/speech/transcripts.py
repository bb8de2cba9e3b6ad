"""Which transcripts does the store hold, and what of an answer are its words? One object for each, written as soon as it is paid for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Protocol

from pydantic import ValidationError

from cliptask.errors import OutputError
from cliptask.facts import SourceFacts, TimedWords, Transcript, Word
from cliptask.names import words_object
from cliptask.order import digest
from cliptask.word_timing import words_from_characters
from cliptask_renderer.storage.base import Store


@dataclass(frozen=True)
class TranscriptOrder:
    """All that decides what is written down: whose sound, of which language, by which model. No trim and no speed is among it."""

    source: SourceFacts
    model: str
    language: str
    """Without region and script."""

    @cached_property
    def key(self) -> str:
        """The transcript's name."""
        facts = self.source
        heard = {
            "file": facts.sha256,
            "stream": facts.sound_stream,
            "start_us": facts.look.start_us if facts.look else 0,
        }
        return digest(
            {"kind": "transcript of a clip", **heard, "model": self.model, "language": self.language}
        )

    def transcript(self, words: tuple[Word, ...] | None) -> Transcript:
        """As it is, or will be."""
        return Transcript(key=self.key, seconds=self.source.duration_s, words=words)


def load(store: Store, order: TranscriptOrder) -> Transcript:
    """What there is. Raises ``OutputError`` where that is damaged: paying again is for a person to decide."""
    name = words_object(order.key)
    try:
        return order.transcript(TimedWords.model_validate_json(store.read(name)).words)
    except KeyError:
        return order.transcript(None)
    except ValidationError as error:
        message = (
            f"{name} in {store.uri} is damaged: delete it to have the clip transcribed (and charged) again"
        )
        raise OutputError(message) from error


def save(store: Store, order: TranscriptOrder, words: tuple[Word, ...]) -> Transcript:
    """Store what was paid for. Returns what another process stored first, if any."""
    store.put_bytes(words_object(order.key), TimedWords(words=words).model_dump_json().encode())
    return load(store, order)


class HeardPart(Protocol):
    """A part of an answer, as the SDK, which validates nothing, passes it on."""

    text: str
    start: float | None
    end: float | None
    type: str


def words_of(parts: Sequence[HeardPart], duration_s: float) -> tuple[Word, ...]:
    """The words among the parts of an answer; sounds that are none, such as laughter, are left out.

    Raises ``ValueError`` for a word that has no times. A word is what captions take for one: of scripts without spaces a
    part may be a letter, or a whole sentence, whose letters share its time.
    """
    characters: list[str] = []
    starts_s: list[float] = []
    ends_s: list[float] = []
    for part in parts:
        if part.type == "audio_event" or not part.text:
            continue
        begin_s, end_s = _times(part, ends_s[-1] if ends_s else 0.0)
        step = (end_s - begin_s) / len(part.text)
        for number, letter in enumerate(part.text):
            characters.append(letter)
            starts_s.append(begin_s + number * step)
            ends_s.append(begin_s + (number + 1) * step)
    return words_from_characters(characters, starts_s, ends_s, duration_s)


def _times(part: HeardPart, before_s: float) -> tuple[float, float]:
    """What stands between words takes no time where none is told."""
    if part.start is None or part.end is None:
        if part.type == "word":
            message = "a word has no times"
            raise ValueError(message)
        return before_s, before_s
    begin_s, end_s = float(part.start), float(part.end)
    if not (isfinite(begin_s) and isfinite(end_s)):
        message = "a time is none"
        raise ValueError(message)
    return begin_s, max(begin_s, end_s)
