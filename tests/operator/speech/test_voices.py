from __future__ import annotations

import pytest

from cliptask.errors import SetupError, SpeechError, TransientError
from cliptask.facts import SpokenLine
from cliptask.spec.speech import Line
from cliptask_operator.speech.settings import SpeechSettings
from cliptask_operator.speech.speaker import Speaker
from cliptask_renderer.storage.base import Store
from support.elevenlabs_stub import RACHEL, ElevenLabsStub
from support.speaking import SPRING, recording, speak, spoken


async def test_name_id_and_case_mean_one_voice(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """Who writes the id, or another case, must not pay for the same voice again."""
    lines = [Line(voice=voice, text="Hello.") for voice in ("Rachel", "rachel", RACHEL)]

    results = spoken(await speak(lines, store, settings))

    assert len({line.key for line in results}) == 1
    assert stub.speech_calls == 1


async def test_a_shared_voice_needs_no_place_in_the_list(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """Those that others share are spoken by their ids, and are in no account's list."""
    stub.shared_voices.add("S" * 20)

    async with Speaker(settings) as speaker:
        (planned,) = await speaker.resolve([Line(voice="S" * 20, text="Hello.")], store)
        spoken(await speaker.speak_all([Line(voice="S" * 20, text="Hello.")], store))

    assert isinstance(planned, SpokenLine)


@pytest.mark.parametrize(
    "mistyped",
    [
        RACHEL[:-1] + "N",
        RACHEL[:-1],
        RACHEL[1:3] + RACHEL[2:],
        RACHEL[:5] + RACHEL[6] + RACHEL[5] + RACHEL[7:],
    ],
)
async def test_a_mistyped_id_is_found_for_nothing(
    mistyped: str, stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """Nobody sees a wrong letter among twenty; the other lines would be paid for first."""
    async with Speaker(settings) as speaker:
        (error,) = await speaker.resolve([Line(voice=mistyped, text="Hello.")], store)

    assert type(error) is SpeechError
    assert f"did you mean {RACHEL!r} (Rachel)?" in str(error)
    assert stub.speech_calls == 0


async def test_the_short_form_of_a_name_finds_it(store: Store, settings: SpeechSettings) -> None:
    """ElevenLabs calls its voices by name and character: nobody writes all of that."""
    short, whole = spoken(
        await speak(
            [
                Line(voice="Sarah", text="Hello."),
                Line(voice="Sarah - Mature, Reassuring, Confident", text="Hello."),
            ],
            store,
            settings,
        )
    )

    assert short.key == whole.key


async def test_the_list_is_read_to_its_last_page(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """The hundred-and-first voice of an account must be found as well."""
    stub.voices_per_page = 1

    spoken(await speak([Line(voice="Sarah", text="Hello.")], store, settings))

    assert stub.voice_calls == 3


async def test_a_new_voice_is_found_by_one_refresh(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """A voice made after the list was kept must work at once, and the list be kept again."""
    await speak([SPRING], store, settings)
    stub.voices["N" * 20] = "Newcomer"
    lines = [Line(voice="Newcomer", text=text) for text in ("One.", "Two.")]

    spoken(await speak(lines, store, settings))
    spoken(await speak(lines, store, settings))

    assert stub.voice_calls == 2


async def test_an_unknown_voice_is_named_with_close_ones(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """A typing error in a name must lead to the name, and must not stop the other lines."""
    async with Speaker(settings) as speaker:
        unknown, fine = await speaker.speak_all([Line(voice="Rachell", text="Hello."), SPRING], store)

    assert isinstance(unknown, SpeechError)
    assert "line 'hello'" in str(unknown)
    assert "'Rachell': did you mean 'Rachel'?" in str(unknown)
    assert "cliptask voices" in str(unknown)
    assert isinstance(fine, SpokenLine)
    assert stub.voice_calls == 1


async def test_two_voices_of_one_name_are_told_apart_by_id(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """Silently taking either makes the campaign's voice a matter of chance."""
    stub.voices["N" * 20] = "Rachel"

    (error,) = await speak([SPRING], store, settings)

    assert isinstance(error, SpeechError)
    assert RACHEL in str(error)
    assert "N" * 20 in str(error)


async def test_a_voice_made_again_is_found_again(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """The kept list may name an id that is gone while the name lives on."""
    await speak([SPRING], store, settings)
    del stub.voices[RACHEL]
    stub.voices["N" * 20] = "Rachel"

    (line,) = spoken(await speak([Line(voice="Rachel", text="New words.")], store, settings))

    assert recording(store, line).voice == "N" * 20
    assert stub.voice_calls == 2


async def test_a_voice_that_is_gone_is_named(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """The id that ElevenLabs complains about is not what the task's author wrote."""
    await speak([SPRING], store, settings)
    del stub.voices[RACHEL]
    lines = [Line(voice="Rachel", text="New words."), Line(voice=RACHEL, text="Other words.")]

    by_name, by_id = await speak(lines, store, settings)

    assert isinstance(by_name, SpeechError)
    assert isinstance(by_id, SpeechError)
    assert "no voice 'Rachel'" in str(by_name)
    assert RACHEL in str(by_id)


async def test_the_account_lists_its_voices(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """`cliptask voices` shows what can be written."""
    async with Speaker(settings) as speaker:
        listed = await speaker.voices(store)

    assert [(voice.id, voice.name) for voice in listed] == list(stub.voices.items())
    assert listed[0].labels == {"language": "en"}


async def test_no_account_lists_nothing(store: Store) -> None:
    """The gateway would answer that the account has no voices."""
    async with Speaker(SpeechSettings()) as speaker:
        with pytest.raises(SetupError, match="there is no account at ElevenLabs"):
            await speaker.voices(store)


@pytest.mark.parametrize("nonsense", ["a list", "null", "html", "bytes", "nothing"])
async def test_a_list_of_voices_that_is_none_is_refused(
    nonsense: str, stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """Taken for an empty account, it would blame the author's spelling."""
    stub.next(nonsense)

    (error,) = await speak([SPRING], store, settings)

    assert type(error) is TransientError
    assert store.stat("voices.json") is None
