from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import wave
from array import array
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.errors import SpeechError
from cliptask.pieces import word_spans
from cliptask.word_timing import words_by_length, words_from_characters, words_from_events
from cliptask_operator.speech.espeak import speak
from support.imports import among, imported


async def test_it_speaks_a_wav_of_the_length_it_says() -> None:
    """Soundtracks are cut by this length: a wrong one loses words."""
    answer = await speak("Spring is here.", "en")

    with wave.open(io.BytesIO(answer.audio)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 22_050)
        assert file.getnframes() / 22_050 == answer.duration_s
        assert any(file.readframes(file.getnframes()))
    assert 0.5 < answer.duration_s < 3


async def test_the_same_line_gives_the_same_bytes() -> None:
    """Content keys promise it, and so does a campaign rendered in two places."""
    first = await speak("Twenty percent off until Sunday!", "en")

    await speak("Something else.", "en")
    second = await speak("Twenty percent off until Sunday!", "en")

    assert first == second


async def test_languages_sound_different() -> None:
    """A language that is ignored reads German as English."""
    english, german, norwegian = await asyncio.gather(
        speak("Guten Tag", "en"), speak("Guten Tag", "de"), speak("Guten Tag", "no")
    )

    assert len({english.audio, german.audio, norwegian.audio}) == 3


async def test_a_variety_has_its_voice_and_falls_back_to_the_language() -> None:
    """Portuguese of Brazil would sound like that of Portugal, or a language with a script not be spoken at all."""
    text = "dia de leite"
    brazil, portugal, angola = await asyncio.gather(*(speak(text, tag) for tag in ("pt-BR", "pt", "pt-AO")))
    chinese, simplified = await asyncio.gather(*(speak("\u4f60\u597d", tag) for tag in ("zh", "zh-Hans-CN")))

    assert brazil.audio != portugal.audio == angola.audio
    assert chinese.audio == simplified.audio


async def test_an_unknown_language_is_named_with_those_there_are() -> None:
    """Who mistypes a language must learn what to write instead."""
    with pytest.raises(SpeechError, match=r"'xx'.*\bcmn, .*\bde, .*\ben, .*\bzh$"):
        await speak("Hello", "xx")


@pytest.mark.parametrize(
    "text",
    [
        "Hello world, it's 2024 and 1,234.5 % of the people.",
        "24/7 for $9.99: call 0800-123456 or see https://example.com/a?b!",
        "😀 First “things” — of the first… 🎉 end",
        "- 3 . 4 -",
        "Line\nbreaks\tand\x00NUL",
    ],
)
async def test_words_cover_the_text_in_order(text: str) -> None:
    """Numbers, addresses and pictures make more events than words, or none: captions must still show all of them."""
    answer = await speak(text, "en")

    words = words_from_events(text, answer.events, answer.duration_s)

    assert [word.text for word in words] == [text[slice(*span)] for span in word_spans(text)]
    assert "".join(word.text for word in words) == "".join(text.split())
    assert all(0 <= word.start_s <= word.end_s <= answer.duration_s + 0.001 for word in words)
    assert all(earlier.start_s <= later.start_s for earlier, later in pairwise(words))
    assert words[-1].end_s == pytest.approx(answer.duration_s, abs=0.001)


async def test_a_word_is_timed_where_it_sounds() -> None:
    """A caption that is late by a word is worse than none."""
    text = "One. Two. Three."
    answer = await speak(text, "en")

    words = words_from_events(text, answer.events, answer.duration_s)

    with wave.open(io.BytesIO(answer.audio)) as file:
        samples = array("h", file.readframes(file.getnframes()))
    for word in words[1:]:
        at = int(word.start_s * 22_050)
        silent, loud = (max(map(abs, samples[slice(*ends)])) for ends in ((at - 2000, at), (at, at + 8000)))
        assert silent < 300
        assert loud > 3000


@given(
    text=st.text(max_size=60),
    events=st.lists(st.tuples(st.integers(-3, 70), st.floats(-1, 12)), max_size=20),
    duration_s=st.floats(0.1, 10),
)
def test_any_events_give_words_in_order(
    text: str, events: list[tuple[int, float]], duration_s: float
) -> None:
    """An odd event must not make a recording useless."""
    words = words_from_events(text, events, duration_s)

    assert [word.text for word in words] == [text[slice(*span)] for span in word_spans(text)]
    assert all(0 <= word.start_s <= word.end_s <= duration_s + 0.001 for word in words)
    assert all(earlier.start_s <= later.start_s for earlier, later in pairwise(words))


def test_characters_become_words() -> None:
    """ElevenLabs times characters; captions need words with their punctuation."""
    characters = list("Hi, you!")
    starts = [index / 10 for index in range(8)]
    ends = [index / 10 + 0.1 for index in range(8)]

    words = words_from_characters(characters, starts, ends, 0.75)

    assert [(word.text, word.start_s, word.end_s) for word in words] == [("Hi,", 0, 0.3), ("you!", 0.4, 0.75)]


def test_a_character_may_be_several_code_points() -> None:
    """A flag or an accent apart from its letter would shift every word after it."""
    words = words_from_characters(["🇬🇧", " ", "e\u0301"], [0.0, 0.5, 0.6], [0.5, 0.6, 1.0], 1.0)

    assert [(word.text, word.start_s, word.end_s) for word in words] == [("🇬🇧", 0, 0.5), ("e\u0301", 0.6, 1)]


def test_directions_take_their_times_with_them() -> None:
    """Every word after a direction would be shown too early."""
    text = 'Hi<break time="1s"/>you [laughs] all'
    times = [index / 10 for index in range(len(text) + 1)]

    words = words_from_characters(list(text), times[:-1], times[1:], 9)

    assert [(word.text, word.start_s) for word in words] == [
        ("Hi", 0),
        ("you", text.index("you") / 10),
        ("all", text.index("all") / 10),
    ]
    assert [word.text for word in words_by_length(text, 3)] == ["Hi", "you", "all"]


def test_words_without_spaces_have_times_of_their_own() -> None:
    """A whole sentence of Thai would be one word."""
    text = "\u0e27\u0e31\u0e19\u0e19\u0e35\u0e49 \u0e2d\u0e32\u0e01\u0e32\u0e28\u0e14\u0e35"
    times = [index / 10 for index in range(len(text) + 1)]

    words = words_from_characters(list(text), times[:-1], times[1:], 9)

    assert [(word.start_s, word.spaced) for word in words] == [
        (0, False),
        (0.3, False),
        (0.7, True),
        (1.2, False),
    ]


def test_without_times_words_share_the_recording() -> None:
    """A recording that is paid for serves even when its alignment is missing."""
    words = words_by_length("ab cdef", 3.0)

    assert [(word.text, word.start_s, word.end_s) for word in words] == [("ab", 0, 1), ("cdef", 1, 3)]


def test_where_it_is_missing_it_says_what_to_install(tmp_path: Path) -> None:
    """A missing package as a traceback tells nobody that an image has the voice only where it was asked for."""
    # A package that cannot be imported stands before the installed one, in the environment of a process of its own.
    (tmp_path / "espeakng_loader.py").write_text("raise ImportError")
    program = """
import asyncio, cliptask.errors, cliptask_operator.speech.espeak as espeak
try:
    asyncio.run(espeak.speak("Hello", "en"))
except cliptask.errors.SetupError as error:
    print(error)
"""

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert "pip install espeakng-loader" in done.stdout


def test_its_process_imports_little() -> None:
    """One is begun for each line: models and an event loop would take longer than the line."""
    question = json.dumps({"text": "Hello", "language": "en"})

    modules = imported(["cliptask_operator.speech.espeak_process"], os.environ, question)

    assert "espeakng_loader" in modules
    # The renderer's package alone says one thing to pydantic; what is in it touches media.
    heavy = {each for each in modules if each.startswith("cliptask_renderer.")}
    assert heavy | among(modules, ("asyncio", "pydantic", "cliptask.spec")) == set()


def synthesizers() -> list[int]:
    """Ids of this process's children that speak."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if "cliptask_operator.speech.espeak_process" in child.cmdline():
                found.append(child.pid)
    return found


async def test_a_cancelled_line_leaves_no_process() -> None:
    """Ctrl-C must not leave synthesizers running."""
    speaking = asyncio.create_task(speak("word " * 1000, "en"))
    while not synthesizers():  # noqa: ASYNC110 - a process that starts sets no event
        await asyncio.sleep(0.001)

    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaking

    assert synthesizers() == []
