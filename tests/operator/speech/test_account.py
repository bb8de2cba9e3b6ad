"""How much can be paid for nothing?"""

from __future__ import annotations

import pytest

from cliptask.errors import SetupError, TransientError
from cliptask.facts import SpokenLine
from cliptask.spec.speech import Line
from cliptask_operator.speech.account import MOST_UNUSABLE, PAUSE_S, Account
from cliptask_operator.speech.elevenlabs import ElevenLabsClient
from cliptask_operator.speech.elevenlabs_errors import UnusableAnswer
from cliptask_operator.speech.settings import SpeechSettings
from cliptask_operator.speech.speaker import Speaker
from cliptask_renderer.storage.base import Store
from support.elevenlabs_stub import RACHEL, ElevenLabsStub

HELLO, BYE = Line(voice=RACHEL, text="Hello."), Line(voice=RACHEL, text="Bye.")


async def test_answers_that_cannot_be_used_are_paid_for_three_times_at_most(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """A task is tried again every half minute: an account would be empty in the morning."""
    async with Speaker(settings) as speaker:
        for _ in range(MOST_UNUSABLE):
            stub.next("null audio")
            assert type((await speaker.speak_all([HELLO], store))[0]) is TransientError
        (stopped,) = await speaker.speak_all([HELLO], store)
        (other,) = await speaker.speak_all([BYE], store)

    assert type(stopped) is SetupError
    assert "has sent 3 answers that cannot be used, and may have charged each" in str(stopped)
    assert "asked once an hour" in str(stopped)
    assert isinstance(other, SpokenLine)
    assert stub.speech_calls == MOST_UNUSABLE + 1


async def test_what_was_given_up_is_asked_for_again_each_hour(settings: SpeechSettings) -> None:
    """A fault of an hour would keep a campaign from ever being made."""
    now, asked = [0.0], [0]
    account = Account(settings, clock=lambda: now[0])

    async def broken(_client: ElevenLabsClient) -> str:
        asked[0] += 1
        message = "ElevenLabs sent an answer that cannot be used (it is no JSON): run again"
        raise UnusableAnswer(message)

    async def mended(_client: ElevenLabsClient) -> str:
        return "answer"

    for minute in range(6 * 60):
        now[0] = minute * 60.0
        with pytest.raises((UnusableAnswer, SetupError)):
            await account.pay("key", broken)
    assert asked[0] == MOST_UNUSABLE + 5

    now[0] += PAUSE_S
    assert await account.pay("key", mended) == "answer"
    for _ in range(MOST_UNUSABLE):
        with pytest.raises(UnusableAnswer):
            await account.pay("key", broken)
    await account.close()
