from __future__ import annotations

import asyncio
import io
import sys
import wave
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from cliptask.errors import SetupError, SpeechError
from cliptask.facts import SpokenLine
from cliptask.names import speech_object
from cliptask.pieces import word_spans
from cliptask.spec.speech import Line
from cliptask_operator.speech.settings import SpeechSettings
from cliptask_operator.speech.speaker import NoAccount, Speaker, SpeechEvent
from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.open import open_store
from support.elevenlabs_stub import ADAM, KEY, RACHEL, ElevenLabsStub
from support.speaking import SPRING, recording, speak, spoken


async def test_a_line_becomes_a_recording_with_words(store: Store, settings: SpeechSettings) -> None:
    """Audio, its length and the words' times are what videos and captions are made of."""
    (line,) = spoken(await speak([SPRING], store, settings))

    facts = recording(store, line)
    assert (line.provider, line.extension, line.characters) == ("elevenlabs", "mp3", 15)
    assert facts.line == line
    assert (facts.text, facts.voice) == ("Spring is here.", RACHEL)
    assert [word.text for word in facts.words] == ["Spring", "is", "here."]
    with av.open(io.BytesIO(store.read(speech_object(line.key, "mp3"))), "r") as container:
        assert container.format.name == "mp3"
        assert container.duration is not None
        assert line.duration_s == pytest.approx(container.duration / 1e6, abs=0.1)
    assert [found.name.rpartition(".")[2] for found in store.list("speech/")] == ["json", "mp3"]


async def test_the_settings_reach_the_provider(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """The replaced service's sound is a promise."""
    await speak([Line(voice="Rachel", text="Guten Tag", language="de")], store, settings)

    request = stub.last_request
    assert request.pop("voice_settings") == {
        "stability": 0.0, "similarity_boost": 1.0, "style": 0.0, "use_speaker_boost": False, "speed": 1.0,
    }  # fmt: skip
    assert request == {
        "voice_id": RACHEL, "output_format": "mp3_44100_128", "text": "Guten Tag", "model_id": "eleven_multilingual_v2",
        "language_code": "de",
    }  # fmt: skip


DIRECTED = '[whispers] Wait <break time="0.5s"/> for <phoneme alphabet="ipa" ph="mei">May</phoneme>!'


async def test_directions_reach_the_voice_and_no_caption(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """A viewer would read "break time 0.5s"; a voice that is not told would not whisper."""
    (line,) = spoken(await speak([Line(voice="Rachel", text=DIRECTED)], store, settings))

    facts = recording(store, line)
    assert stub.last_request["text"] == DIRECTED
    assert line.characters == len(DIRECTED)
    assert [word.text for word in facts.words] == ["Wait", "for", "May!"]
    assert all(before.end_s <= after.start_s + 0.001 for before, after in pairwise(facts.words))
    assert facts.words[-1].end_s == pytest.approx(line.duration_s, abs=0.1)


async def test_the_local_voice_reads_no_emoji_out(store: Store) -> None:
    """It would say "fire" where one is seen, while captions show it."""
    signed, plain = (
        Line(voice="espeak-ng", text=text) for text in ("Hot 🔥 deals 👩🏽\u200d🚒", "Hot deals")
    )

    first, second = spoken(await speak([signed, plain], store, SpeechSettings()))

    assert [word.text for word in recording(store, first).words] == ["Hot", "🔥", "deals", "👩🏽\u200d🚒"]
    assert first.duration_s == pytest.approx(second.duration_s, abs=0.2)


async def test_the_local_voice_reads_no_directions_out(store: Store) -> None:
    """A draft without an account would say "whispers", and take longer than the video that is paid for."""
    directed, plain = (Line(voice="espeak-ng", text=text) for text in (DIRECTED, "Wait for May!"))

    first, second = spoken(await speak([directed, plain], store, SpeechSettings()))

    assert [word.text for word in recording(store, first).words] == ["Wait", "for", "May!"]
    assert first.duration_s == pytest.approx(second.duration_s, abs=0.2)


@pytest.mark.parametrize(("language", "code"), [("pt-BR", "pt"), ("zh-Hans", "zh"), ("es-419", "es")])
async def test_the_provider_is_told_the_language_alone(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings, language: str, code: str
) -> None:
    """It knows ISO 639-1 and refuses all else."""
    await speak([Line(voice="Rachel", text="Ola", language=language)], store, settings)

    assert stub.last_request["language_code"] == code


async def test_a_line_is_one_however_its_accents_are_typed(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """The same words would be paid for twice."""
    lines = [Line(voice="Rachel", text=text) for text in ("Caf\u00e9", "Cafe\u0301")]

    first, second = spoken(await speak(lines, store, settings))

    assert first == second
    assert stub.speech_calls == 1


async def test_a_second_run_makes_no_call(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """Nothing is ever paid for twice, and a run without news needs no network."""
    lines = [SPRING, Line(voice="Adam", text="Buy now.")]
    first = await speak(lines, store, settings)
    before = (stub.speech_calls, stub.voice_calls)

    second = await speak(lines, open_store(store.uri), settings)

    assert second == first
    assert before == (2, 1)
    assert (stub.speech_calls, stub.voice_calls) == before


async def test_another_process_makes_no_call(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """What is known must lie in the store and not in a process."""
    first = spoken(await speak([SPRING], store, settings))
    program = """
import asyncio, sys
from cliptask.spec.speech import Line
from cliptask_operator.speech.speaker import Speaker
from cliptask_operator.speech.settings import SpeechSettings
from cliptask_renderer.storage.open import open_store
async def main(uri, url, key):
    async with Speaker(SpeechSettings(api_key=key, base_url=url)) as speaker:
        print((await speaker.speak_all([Line(voice="Rachel", text="Spring is here.")], open_store(uri)))[0].key)
asyncio.run(main(*sys.argv[1:]))
"""

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, store.uri, stub.url, KEY, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()

    assert output.decode().strip() == first[0].key
    assert (stub.speech_calls, stub.voice_calls) == (1, 1)


async def test_resolving_pays_nothing(stub: ElevenLabsStub, store: Store, settings: SpeechSettings) -> None:
    """A plan shows what a campaign would cost before it costs anything."""
    async with Speaker(settings) as speaker:
        (planned,) = spoken(await speaker.resolve([SPRING], store))
        calls = stub.speech_calls
        (made,) = spoken(await speaker.speak_all([SPRING], store))
        (known,) = spoken(await speaker.resolve([SPRING], store))

    assert calls == 0
    assert planned.duration_s is None
    assert planned.model_copy(update={"duration_s": made.duration_s}) == made == known
    assert stub.voice_calls == 1


async def test_many_lines_keep_to_the_limit(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """The account refuses the third request; one after the other wastes what it allows."""
    stub.company = 2
    stores = [store, open_store(store.uri + "-other")]
    lines = [Line(voice="Rachel", text=f"Line {index}.") for index in range(20)]

    async with Speaker(settings) as speaker:
        halves = await asyncio.gather(
            speaker.speak_all(lines[:10], stores[0]), speaker.speak_all(lines[10:], stores[1])
        )

    assert len({line.key for half in halves for line in spoken(half)}) == 20
    assert (stub.most_at_once, stub.refused, stub.speech_calls) == (2, 0, 20)


async def test_equal_lines_are_paid_for_once(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """Two lines, or two tasks, with the same text at the same time share one recording."""
    async with Speaker(settings) as speaker:
        results = await asyncio.gather(*(speaker.speak_all([SPRING, SPRING], store) for _ in range(3)))

    assert len({line.key for result in results for line in spoken(result)}) == 1
    assert stub.speech_calls == 1


async def test_whoever_gives_up_stops_nobody(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """A task that is deleted must not fail another one that waits for the same line."""
    stub.company = 2
    async with Speaker(settings) as speaker:
        leaving = asyncio.create_task(speaker.speak_all([SPRING], store))
        await asyncio.to_thread(stub.wait_for_speech)
        staying = asyncio.create_task(speaker.speak_all([SPRING, Line(voice="Adam", text="Second.")], store))
        leaving.cancel()

        results = await staying

    assert len(spoken(results)) == 2
    assert stub.speech_calls == 2


async def test_leaving_keeps_what_is_being_paid_for(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """Ctrl-C while a line is spoken must not cost that line, nor begin another one."""
    stub.concurrency = 1
    stub.pause()
    async with Speaker(replace(settings, concurrency=1)) as speaker:
        lines = [SPRING, *(Line(voice="Adam", text=f"Line {index}.") for index in range(5))]
        speaking = asyncio.create_task(speaker.speak_all(lines, store))
        await asyncio.to_thread(stub.wait_for_speech)
        speaking.cancel()
        # Later than the end of this context begins: else the next line might begin before it.
        asyncio.get_running_loop().call_soon(stub.resume)

    assert stub.speech_calls == 1
    assert sum(found.name.endswith(".mp3") for found in store.list("speech/")) == 1


@pytest.mark.parametrize("change", ["text", "voice", "language", "model", "setting", "format"])
async def test_all_that_changes_the_sound_changes_the_key(
    change: str, store: Store, settings: SpeechSettings
) -> None:
    """A key that forgets something serves an old recording for a new order."""
    line, other = SPRING, settings
    match change:
        case "text":
            line = Line(voice="Rachel", text="Spring is there.")
        case "voice":
            line = Line(voice="Adam", text=SPRING.text)
        case "language":
            line = Line(voice="Rachel", text=SPRING.text, language="de")
        case "model":
            other = replace(settings, model="eleven_turbo_v2_5")
        case "setting":
            other = replace(settings, speed=1.1)
        case "format":
            other = replace(settings, output_format="mp3_44100_64")

    async with Speaker(settings) as before, Speaker(other) as after:
        keys = [spoken(await before.resolve([SPRING], store)), spoken(await after.resolve([line], store))]

    assert keys[0][0].key != keys[1][0].key


async def test_speech_without_times_is_kept(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """It is paid for: estimated words are better than none."""
    stub.alignment = False

    (line,) = spoken(await speak([SPRING], store, settings))

    words = recording(store, line).words
    assert [word.text for word in words] == ["Spring", "is", "here."]
    assert words[-1].end_s == pytest.approx(line.duration_s, abs=0.01)


async def test_a_draft_is_spoken_by_espeak_alone(
    store: Store, stub: ElevenLabsStub, settings: SpeechSettings
) -> None:
    """It is to cost nothing, also where there is an account."""
    draft = replace(settings, by="espeak")

    first = spoken(await speak([SPRING, Line(voice="espeak-ng", text="Spring is here.")], store, draft))
    again = spoken(await speak([SPRING], store, replace(draft, api_key=None)))

    assert first[0] == first[1] == again[0]
    assert (first[0].provider, first[0].extension) == ("espeak-ng", "wav")
    assert stub.speech_calls + stub.voice_calls == 0
    facts = recording(store, first[0])
    assert [word.text for word in facts.words] == [
        SPRING.text[slice(*span)] for span in word_spans(SPRING.text)
    ]
    with wave.open(io.BytesIO(store.read(speech_object(first[0].key, "wav")))) as file:
        assert file.getnframes() / file.getframerate() == first[0].duration_s


async def test_a_draft_is_never_taken_for_the_real_recording(
    store: Store, stub: ElevenLabsStub, settings: SpeechSettings
) -> None:
    """A robot would speak in a campaign that goes out."""
    (draft,) = spoken(await speak([SPRING], store, replace(settings, by="espeak")))

    (real,) = spoken(await speak([SPRING], store, settings))

    assert draft.key != real.key
    assert (real.provider, stub.speech_calls) == ("elevenlabs", 1)


async def test_nobody_speaks_where_nobody_is_to(
    store: Store, stub: ElevenLabsStub, settings: SpeechSettings
) -> None:
    """Pictures can be looked at without a voice."""
    async with Speaker(replace(settings, by="none")) as speaker:
        known = await speaker.resolve([SPRING, Line(voice="espeak-ng", text="Hm.")], store)
        found = await speaker.speak_all([SPRING, Line(voice="espeak-ng", text="Hm.")], store)

    assert known == found == [None, None]
    assert stub.speech_calls + stub.voice_calls == 0


async def test_without_an_account_a_named_voice_is_nobodys(store: Store) -> None:
    """A robot in its place would be noticed when the campaign is out, or never."""
    lines = [SPRING, Line(voice=ADAM, text="Buy!"), Line(voice="espeak-ng", text="Hm.")]

    async with Speaker(SpeechSettings()) as speaker:
        by_name, by_id, local = await speaker.resolve(lines, store)
        again, *_ = await speaker.speak_all(lines, store)

    assert isinstance(by_name, NoAccount)
    assert isinstance(by_id, NoAccount)
    assert (by_name.unspoken.characters, by_id.unspoken.characters) == (15, 4)
    for remedy in ("ELEVENLABS_API_KEY or ELEVENLABS_API_KEY_FILE", "--speech espeak", "--speech none"):
        assert remedy in str(by_name)
    assert "line 'spring-is-here' (voice 'Rachel')" in str(by_name)
    assert isinstance(local, SpokenLine)
    assert isinstance(again, SetupError)


async def test_what_was_spoken_needs_no_account(store: Store, settings: SpeechSettings) -> None:
    """It is paid for: whoever has the folder, or the bucket, can use it."""
    real = spoken(await speak([SPRING], store, settings))
    alone = SpeechSettings()

    async with Speaker(alone) as speaker:
        known = await speaker.resolve([SPRING], store)
        found = await speaker.speak_all([SPRING], store)

    assert known == found == real


async def test_an_account_may_come_and_go(store: Store, settings: SpeechSettings, tmp_path: Path) -> None:
    """Whoever mounts the Secret later would have to restart the operator."""
    file = tmp_path / "api-key"
    async with Speaker(replace(settings, api_key=None, api_key_file=file)) as speaker:
        (before,) = await speaker.resolve([SPRING], store)
        file.write_text(f"{KEY}\n")
        (then,) = await speaker.speak_all([SPRING], store)
        file.unlink()
        (after,) = await speaker.resolve([Line(voice="Rachel", text="Another.")], store)

    assert isinstance(before, NoAccount)
    assert str(file) in str(before)
    assert isinstance(then, SpokenLine)
    assert isinstance(after, NoAccount)


@pytest.mark.parametrize(
    ("change", "line", "kind", "words"),
    [
        ({"model": "eleven_multilingual_v3"}, SPRING, SetupError, "did you mean 'eleven_multilingual_v2'?"),
        ({}, Line(voice="Rachel", text="x" * 61), SpeechError, "61 characters are more than the 60"),
        ({}, Line(voice=ADAM, text="Tere!", language="et"), SpeechError, "does not speak the language 'et'"),
    ],
)
async def test_what_the_model_cannot_speak_is_found_for_nothing(
    stub: ElevenLabsStub,
    store: Store,
    settings: SpeechSettings,
    change: dict[str, Any],
    line: Line,
    kind: type,
    words: str,
) -> None:
    """The first line would be paid for before the second is refused."""
    stub.longest_text = 60

    async with Speaker(replace(settings, **change)) as speaker:
        (error,) = await speaker.resolve([line], store)

    assert type(error) is kind
    assert words in str(error)
    assert f"line {line.label!r}" in str(error)
    assert stub.speech_calls == 0


async def test_what_espeak_cannot_speak_is_found_before_others_are_paid(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """A plan would promise what the run cannot make."""
    lines = [Line(voice="espeak-ng", text="Hm.", language=tag) for tag in ("qqq", "de-CH")]

    async with Speaker(settings) as speaker:
        bad, good = await speaker.resolve(lines, store)

    assert type(bad) is SpeechError
    assert "no voice for the language 'qqq'" in str(bad)
    assert isinstance(good, SpokenLine)
    assert not good.is_spoken
    assert stub.speech_calls == 0


async def test_a_key_that_may_only_speak_speaks(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """Who gives a key no more than it needs would be punished; what is not known beforehand, speaking tells."""
    stub.may_read = False
    lines = [Line(voice=RACHEL, text="Hello."), SPRING]

    async with Speaker(settings) as speaker:
        by_id, by_name = await speaker.resolve(lines, store)
        (made,) = spoken(await speaker.speak_all(lines[:1], store))

    assert isinstance(by_id, SpokenLine)
    assert made.is_spoken
    assert type(by_name) is SetupError
    assert "permissions" in str(by_name)


async def test_the_local_voice_is_had_by_name(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """With a key, a line may still be a draft that costs nothing."""
    local, paid = spoken(await speak([Line(voice="espeak-ng", text="Draft."), SPRING], store, settings))

    assert (local.provider, paid.provider) == ("espeak-ng", "elevenlabs")
    assert stub.speech_calls == 1


async def test_a_local_line_that_cannot_be_spoken_is_named(store: Store) -> None:
    """The message must lead to the line in the task."""
    line = Line(voice="espeak-ng", text="Hello.", language="xxx", name="greeting")

    (error,) = await speak([line], store, SpeechSettings())

    assert type(error) is SpeechError
    assert "line 'greeting' (voice 'espeak-ng')" in str(error)


async def test_events_tell_what_happens(stub: ElevenLabsStub, store: Store, settings: SpeechSettings) -> None:
    """A progress bar and the count of characters paid for are made of them."""
    events: list[SpeechEvent] = []
    await speak([SPRING], store, settings)

    async with Speaker(settings) as speaker:
        lines = [SPRING, Line(voice="Adam", text=" Buy now. \n"), Line(voice="Nobody", text="Hm.")]
        await speaker.speak_all(lines, store, events.append)

    assert {(event.kind, event.label, event.characters) for event in events} == {
        ("found", "spring-is-here", 15),
        ("speaking", "buy-now", 8),
        ("spoken", "buy-now", 8),
        ("failed", "hm", 3),
    }
    assert stub.last_request["voice_id"] == ADAM
