"""How lines are heard before anybody is paid to speak them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cliptask.errors import SpeechError
from cliptask.spec.speech import Line
from cliptask_operator.preview.speech import Rehearsal
from cliptask_operator.speech.settings import SpeechBy, SpeechSettings
from cliptask_renderer.storage.base import Store
from support.elevenlabs_stub import ElevenLabsStub
from support.speaking import SPRING, speak


async def test_a_line_that_nobody_has_spoken_is_read_out_by_a_robot_for_nothing(
    stub: ElevenLabsStub, settings: SpeechSettings, store: Store
) -> None:
    """Each edit of a text would be paid for."""
    async with Rehearsal(settings) as rehearsal:
        (heard,) = await rehearsal.hear([SPRING], store)

    assert (heard.by, heard.is_settled) == ("robot", True)
    assert heard.line is not None
    assert heard.line.is_spoken
    assert not stub.speech_calls


async def test_a_recording_that_is_there_is_heard(
    stub: ElevenLabsStub, settings: SpeechSettings, store: Store
) -> None:
    """What was paid for would sound like a robot."""
    spoken = await speak([SPRING], store, settings)

    async with Rehearsal(settings) as rehearsal:
        (heard,) = await rehearsal.hear([SPRING], store)

    assert (heard.by, [heard.line]) == ("voice", spoken)
    assert stub.speech_calls == 1


async def test_a_line_is_paid_for_once_somebody_asks(
    stub: ElevenLabsStub, settings: SpeechSettings, store: Store
) -> None:
    """Nobody could hear the voice that the videos get."""
    async with Rehearsal(settings) as rehearsal:
        paid = await rehearsal.pay(SPRING, store)
        (heard,) = await rehearsal.hear([SPRING], store)

    assert paid == heard
    assert stub.speech_calls == 1


async def test_without_an_account_a_robot_speaks(store: Store) -> None:
    """Who has none would hear nothing."""
    async with Rehearsal(SpeechSettings()) as rehearsal:
        (heard,) = await rehearsal.hear([SPRING], store)

    assert heard.by == "robot"


@pytest.mark.parametrize(
    ("voice", "by", "who"),
    [("espeak-ng", "elevenlabs", "voice"), ("espeak-ng", "espeak", "voice"), ("Rachel", "espeak", "robot"), ("Rachel", "none", "nobody")],
)  # fmt: skip
async def test_a_robot_is_told_apart_from_the_voice_that_the_task_wants(
    store: Store, voice: str, by: SpeechBy, who: str
) -> None:
    """A draft would be taken for the real thing."""
    async with Rehearsal(SpeechSettings(by=by)) as rehearsal:
        (heard,) = await rehearsal.hear([Line(voice=voice, text="Go outside!")], store)

    assert heard.by == who
    assert (heard.why == "") == (who == "voice")


async def test_a_mistyped_voice_is_named_and_asked_for_again(
    settings: SpeechSettings, store: Store, stub: ElevenLabsStub
) -> None:
    """Somebody who has mended the account would have to start anew."""
    line = Line(voice="Rahcel", text="Go outside!")
    async with Rehearsal(settings) as rehearsal:
        (heard,) = await rehearsal.hear([line], store)

        with pytest.raises(SpeechError, match="Rachel"):
            await rehearsal.pay(line, store)

    assert (heard.by, heard.is_settled) == ("robot", False)
    assert "Rachel" in heard.why
    assert not stub.speech_calls


async def test_an_account_that_is_refused_is_said(settings: SpeechSettings, store: Store) -> None:
    """A robot would speak on without anybody knowing why."""
    async with Rehearsal(replace(settings, api_key="wrong")) as rehearsal:
        (heard,) = await rehearsal.hear([SPRING], store)

    assert (heard.by, heard.is_settled) == ("robot", False)
    assert "key" in heard.why
