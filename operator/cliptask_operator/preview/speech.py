"""How is a line heard before anybody is paid to speak it? By its recording where there is one, else by a robot, else not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, Self

from cliptask.errors import ClipTaskError
from cliptask.facts import SourceFacts, SpokenLine
from cliptask.spec.captions import ClipVoice
from cliptask.spec.speech import Utterance
from cliptask_operator.preview.board import Heard
from cliptask_operator.speech.espeak import VOICE
from cliptask_operator.speech.settings import SpeechSettings
from cliptask_operator.speech.speaker import NoAccount, Speaker, Spoken
from cliptask_operator.speech.transcriber import Transcriber, Written
from cliptask_renderer.storage.base import Store

_DRAFT = "a robot reads it out (--speech espeak)"
_UNPAID = "not spoken yet: a robot reads it out"


class Rehearsal:
    """Lines for a process: pays for nothing, unless it is told to. An asynchronous context."""

    def __init__(self, settings: SpeechSettings) -> None:
        self._speaker = Speaker(settings)
        self._robot = Speaker(replace(settings, by="espeak"))
        self._transcriber = Transcriber(self._speaker.account)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._transcriber.__aexit__(*exc)
        await self._speaker.__aexit__(*exc)
        await self._robot.__aexit__(*exc)

    async def hear(self, lines: Sequence[Utterance], cache: Store) -> list[Heard]:
        """Each line as it can be heard for nothing."""
        found = await self._speaker.resolve(lines, cache)
        return [await self._heard(line, each, cache) for line, each in zip(lines, found, strict=True)]

    async def read(self, voices: Mapping[ClipVoice, SourceFacts], cache: Store) -> dict[ClipVoice, Written]:
        """What is said in clips, as far as it is written down."""
        return await self._transcriber.resolve(voices, cache)

    async def pay(self, line: Utterance, cache: Store) -> Heard:
        """Have a line spoken by its voice, which costs what its characters do. Raises why it cannot be spoken."""
        (spoken,) = await self._speaker.speak_all([line], cache)
        if isinstance(spoken, ClipTaskError):
            raise spoken
        return Heard(spoken, "voice")

    async def _heard(self, line: Utterance, found: Spoken, cache: Store) -> Heard:
        if found is None:
            return Heard(None, "nobody", "nobody is to speak (--speech none)")
        if isinstance(found, SpokenLine) and (found.is_spoken or found.provider == "espeak-ng"):
            if not found.is_spoken:
                (found,) = await self._speaker.speak_all([line], cache)
            is_own = (
                not isinstance(found, SpokenLine) or found.provider == "elevenlabs" or line.voice == VOICE
            )
            return _said(found, "voice" if is_own else "robot", "" if is_own else _DRAFT)
        is_refused = isinstance(found, ClipTaskError) and not isinstance(found, NoAccount)
        (said,) = await self._robot.speak_all([line], cache)
        heard = _said(said, "robot", str(found) if is_refused else _UNPAID)
        return replace(heard, is_settled=heard.is_settled and not is_refused)


def _said(spoken: Spoken, by: Literal["voice", "robot"], why: str) -> Heard:
    if isinstance(spoken, SpokenLine):
        return Heard(spoken, by, why)
    return Heard(None, "nobody", str(spoken), is_settled=False)
