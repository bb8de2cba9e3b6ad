"""How do tests have lines spoken? As a new process would."""

from __future__ import annotations

from cliptask.facts import Recording, SpokenLine
from cliptask.names import speech_object
from cliptask.spec.speech import Line
from cliptask_operator.speech.settings import SpeechSettings
from cliptask_operator.speech.speaker import Speaker, Spoken
from cliptask_renderer.storage.base import Store

SPRING = Line(voice="Rachel", text="Spring is here.")


async def speak(lines: list[Line], store: Store, settings: SpeechSettings) -> list[Spoken]:
    """What a new process does."""
    async with Speaker(settings) as speaker:
        return await speaker.speak_all(lines, store)


def spoken(results: list[Spoken]) -> list[SpokenLine]:
    """The results, of which each must be a line."""
    lines = [result for result in results if isinstance(result, SpokenLine)]
    assert len(lines) == len(results), results
    return lines


def recording(store: Store, line: SpokenLine) -> Recording:
    """What the store knows of a line."""
    return Recording.model_validate_json(store.read(speech_object(line.key, "json")))
