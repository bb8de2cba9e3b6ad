"""What is said in clips, written down by the real client: how often it is paid for, and what becomes of what cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cliptask.errors import ClipTaskError, OutputError, SetupError, SourceError, TransientError
from cliptask.facts import SourceFacts, Transcript, Word
from cliptask.names import source_object, words_object
from cliptask.spec.captions import ClipVoice
from cliptask_operator.speech.settings import SpeechBy, SpeechSettings
from cliptask_operator.speech.speaker import Speaker
from cliptask_operator.speech.transcriber import Transcriber, TranscriptEvent, Written
from cliptask_operator.speech.transcripts import words_of
from cliptask_renderer.probe.file import probe
from cliptask_renderer.storage.base import Store
from support.elevenlabs_stub import ElevenLabsStub
from support.speaking import SPRING
from support.talking import Span, talking

SAYS: Sequence[Span] = ((0.4, 0.7), (1.2, 1.5))
ANNA = ClipVoice("https://cdn.example.com/anna.mp4?token=secret", "en")
Sources = Mapping[ClipVoice, SourceFacts]


@pytest.fixture
def sources(store: Store, tmp_path: Path) -> Sources:
    """A clip that the store has."""
    return {ANNA: brought(talking(tmp_path / "anna.mp4", SAYS, 2.0), store, "a")}


def brought(file: Path, store: Store, digit: str) -> SourceFacts:
    """The facts of a file that is put into the store."""
    facts = probe(file, digit * 64)
    store.put(source_object(facts.sha256), file)
    return facts


async def write(
    sources: Sources, store: Store, settings: SpeechSettings, told: list[TranscriptEvent] | None = None
) -> list[Written]:
    """What a new process does."""
    async with Speaker(settings) as speaker, Transcriber(speaker.account) as transcriber:
        found = await transcriber.resolve(sources, store)
        tell = (lambda _: None) if told is None else told.append
        return list((await transcriber.write_all(found, sources, store, tell)).values())


def words(written: Written) -> list[Word]:
    """Of a transcript that must be there."""
    assert isinstance(written, Transcript), written
    assert written.words is not None
    return list(written.words)


async def test_words_come_with_the_times_at_which_they_are_said(
    stub: ElevenLabsStub, store: Store, sources: Sources, settings: SpeechSettings
) -> None:
    """Captions would stand over other moments than those in which lips move."""
    (written,) = await write(sources, store, settings)

    found = words(written)
    assert [word.text for word in found] == ["Hello", "there"]
    for word, (begin_s, end_s) in zip(found, SAYS, strict=True):
        assert (word.start_s, word.end_s) == pytest.approx((begin_s, end_s), abs=1 / 60)
    assert {"model_id": "scribe_v2", "language_code": "en", "timestamps_granularity": "word"}.items() <= (
        stub.last_sound.items()
    )
    assert stub.seconds == pytest.approx(2.0, abs=0.05)


async def test_a_file_is_paid_for_once(
    stub: ElevenLabsStub, store: Store, sources: Sources, settings: SpeechSettings
) -> None:
    """Each restart, each other cut and each other region of the language would cost again; another language is another text."""
    other = sources[ANNA]
    several = {ANNA: other, ClipVoice("https://elsewhere.example.com/same.mp4", "en-GB"): other}
    told: list[TranscriptEvent] = []

    one, same = await write(several, store, settings, told)
    again = await write(several, store, settings, told)
    await write({ClipVoice(ANNA.url, "de"): other}, store, settings)

    assert one == same == again[0] == again[1]
    assert stub.transcriptions == 2
    assert [each.kind for each in told].count("transcribed") == 1
    assert {each.shown for each in told} == {
        "https://cdn.example.com/anna.mp4", "https://elsewhere.example.com/same.mp4",
    }  # fmt: skip


async def test_another_model_writes_anew(
    stub: ElevenLabsStub, store: Store, sources: Sources, settings: SpeechSettings
) -> None:
    """Whoever changes it would keep what the old one has misheard."""
    await write(sources, store, settings)
    await write(sources, store, replace(settings, transcription_model="scribe_v1"))

    assert stub.transcriptions == 2


async def test_lines_and_clips_share_the_limit_of_the_account(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings, tmp_path: Path
) -> None:
    """The account would refuse what is above it, and in the end all of it."""
    clips = {
        ClipVoice(f"https://x.example.com/{digit}.mp4", "en"): brought(
            talking(tmp_path / f"{digit}.mp4", SAYS, 2.0 + int(digit) / 10), store, digit
        )
        for digit in "1234"
    }
    lines = [SPRING.model_copy(update={"text": f"Line {number}."}) for number in range(4)]
    stub.company = 2
    async with Speaker(settings) as speaker, Transcriber(speaker.account) as transcriber:
        found = await transcriber.resolve(clips, store)

        spoken, written = await asyncio.gather(
            speaker.speak_all(lines, store), transcriber.write_all(found, clips, store)
        )

    assert not [each for each in (*spoken, *written.values()) if isinstance(each, ClipTaskError)]
    assert (stub.most_at_once, stub.refused) == (2, 0)


async def test_looking_pays_nothing(
    stub: ElevenLabsStub, store: Store, sources: Sources, settings: SpeechSettings
) -> None:
    """A plan would cost what it is to tell."""
    async with Speaker(settings) as speaker, Transcriber(speaker.account) as transcriber:
        (before,) = (await transcriber.resolve(sources, store)).values()
    (written,) = await write(sources, store, settings)

    assert isinstance(before, Transcript)
    assert isinstance(written, Transcript)
    assert not before.is_written
    assert (before.key, before.seconds) == (written.key, written.seconds)
    assert stub.transcriptions == 1


@pytest.mark.parametrize(("by", "is_shown"), [("espeak", True), ("none", False)])
async def test_a_draft_shows_what_is_there_and_pays_nothing(
    by: SpeechBy, is_shown: bool, stub: ElevenLabsStub, store: Store, sources: Sources, settings: SpeechSettings
) -> None:  # fmt: skip
    """Drafts are made again and again."""
    draft = replace(settings, by=by)

    assert await write(sources, store, draft) == [None]
    await write(sources, store, settings)
    (later,) = await write(sources, store, draft)

    assert (later is not None) == is_shown
    assert stub.transcriptions == 1


@pytest.mark.parametrize(
    ("says", "vocabulary", "asked"),
    [((), ("Hello",), 0), (SAYS, ("",), 1)],
    ids=["silence", "music"],
)
async def test_where_nothing_is_said_there_are_no_words(
    says: Sequence[Span], vocabulary: tuple[str, ...], asked: int, stub: ElevenLabsStub, store: Store,
    settings: SpeechSettings, tmp_path: Path,
) -> None:  # fmt: skip
    """Silence is known for nothing, a piece of music for once: neither is asked for again."""
    stub.vocabulary = vocabulary
    sources = {ANNA: brought(talking(tmp_path / "mute.mp4", says, 2.0), store, "b")}

    (first,) = await write(sources, store, settings)
    (again,) = await write(sources, store, settings)

    assert words(first) == words(again) == []
    assert stub.transcriptions == asked


async def test_what_was_paid_for_when_everybody_left_is_kept(
    stub: ElevenLabsStub, store: Store, sources: Sources, settings: SpeechSettings
) -> None:
    """An operator that is told to end while a clip is heard would have it heard, and charged, again."""
    stub.pause()
    async with Speaker(settings) as speaker, Transcriber(speaker.account) as transcriber:
        found = await transcriber.resolve(sources, store)
        writing = asyncio.create_task(transcriber.write_all(found, sources, store))
        await asyncio.to_thread(stub.wait_for_speech)
        writing.cancel()
        await asyncio.wait([writing])
        stub.resume()
    (written,) = await write(sources, store, settings)

    assert len(words(written)) == 2
    assert stub.transcriptions == 1


async def test_a_busy_service_is_asked_again(
    stub: ElevenLabsStub, store: Store, sources: Sources, settings: SpeechSettings
) -> None:
    """A campaign would fail for a moment's load."""
    stub.next(429, 500, "drop")

    (written,) = await write(sources, store, settings)

    assert len(words(written)) == 2
    assert stub.transcriptions == 4


REFUSALS: dict[str, tuple[dict[str, Any], dict[str, Any], type[ClipTaskError], str]] = {
    "key": ({}, {"api_key": "wrong"}, SetupError, "ELEVENLABS_API_KEY"),
    "no key": ({}, {"api_key": None}, SetupError, "there is no account"),
    "quota": ({"seconds_left": 1.0}, {}, SetupError, "or give a caption file"),
    "model": ({}, {"transcription_model": "none"}, SetupError, "CLIPTASK_ELEVENLABS_TRANSCRIPTION_MODEL"),
    "nobody": ({}, {"base_url": "http://127.0.0.1:9", "attempts": 2}, TransientError, "base URL"),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_each_refusal_says_who_must_act(
    case: str, stub: ElevenLabsStub, store: Store, sources: Sources, settings: SpeechSettings
) -> None:
    """An author cannot mend a quota; nothing is kept of what was not heard."""
    of_stub, of_settings, kind, says = REFUSALS[case]
    vars(stub).update(of_stub)

    (error,) = await write(sources, store, replace(settings, **of_settings))

    assert type(error) is kind
    assert says in str(error)
    assert str(error).startswith("https://cdn.example.com/anna.mp4: ")
    assert list(store.list("words/")) == []


async def test_a_language_that_nobody_knows_is_the_authors(
    stub: ElevenLabsStub, store: Store, sources: Sources, settings: SpeechSettings
) -> None:
    """An administrator would look for the fault in the account."""
    (error,) = await write({ClipVoice(ANNA.url, "haw"): sources[ANNA]}, store, settings)

    assert type(error) is SourceError
    assert "write a language that the model knows" in str(error)
    assert stub.transcriptions == 1


@pytest.mark.parametrize("nonsense", ["a list", "null", "html", "bytes", "nothing", "null audio"])
async def test_nonsense_is_refused_and_not_paid_for_again(
    nonsense: str, stub: ElevenLabsStub, store: Store, sources: Sources, settings: SpeechSettings
) -> None:
    """The SDK validates nothing; asking again at once might cost again."""
    stub.next(nonsense)

    (error,) = await write(sources, store, settings)

    assert type(error) is TransientError
    assert "cannot be used" in str(error)
    assert stub.transcriptions == 1


async def test_a_damaged_transcript_is_told_and_not_paid_for_again(
    stub: ElevenLabsStub, store: Store, sources: Sources, settings: SpeechSettings
) -> None:
    """A disk's fault would be paid for silently."""
    (written,) = await write(sources, store, settings)
    assert isinstance(written, Transcript)
    store.put_bytes(words_object(written.key), b"{", replace=True)

    (error,) = await write(sources, store, settings)

    assert type(error) is OutputError
    assert "delete it" in str(error)
    assert stub.transcriptions == 1


def part(text: str, begin_s: float | None, end_s: float | None, kind: str = "word") -> Any:  # noqa: ANN401  as of the SDK
    """A part of an answer."""
    return SimpleNamespace(text=text, start=begin_s, end=end_s, type=kind)


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ([part("Hi", 0.1, 0.3), part(" ", None, None, "spacing"), part("you.", 0.4, 0.8)], [("Hi", 0.1, 0.3), ("you.", 0.4, 0.8)]),
        ([part("(laughs)", 0.0, 1.0, "audio_event"), part("Hi", 1.0, 1.5)], [("Hi", 1.0, 1.5)]),
        # A sentence of a script without spaces: its letters share its time.
        ([part("今日は東京", 0.0, 1.0)], [(each, 0.2 * n, 0.2 * n + 0.2) for n, each in enumerate("今日は東京")]),
        ([part("今", 0.0, 0.2), part("日", 0.2, 0.4), part("は", 0.5, 0.6)], [("今", 0.0, 0.2), ("日", 0.2, 0.4), ("は", 0.5, 0.6)]),
        # Beyond the end of the sound, and backwards.
        ([part("late", 1.5, 9.0), part(" ", 9.0, 9.0, "spacing"), part("back", 1.0, 0.5)], [("late", 1.5, 2.0), ("back", 1.5, 1.5)]),
    ],
    ids=["spaced", "sounds", "a sentence", "letters", "odd times"],
)  # fmt: skip
def test_words_are_those_of_captions(parts: list[Any], found: list[tuple[str, float, float]]) -> None:
    """A caption would break within a word, or name a laugh."""
    made = words_of(parts, 2.0)

    assert [word.text for word in made] == [text for text, _, _ in found]
    times = [(word.start_s, word.end_s) for word in made]
    assert times == [pytest.approx(each[1:], abs=0.002) for each in found]


@pytest.mark.parametrize("times", [(None, 1.0), (0.0, None), (float("nan"), 1.0)])
def test_a_word_without_times_is_none(times: tuple[float | None, float | None]) -> None:
    """It would be shown at the wrong moment."""
    with pytest.raises(ValueError, match="time"):
        words_of([part("Hi", *times)], 2.0)
