"""Which words are stressed, and what becomes of asterisks otherwise."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cliptask.emphasis import literal, read
from cliptask.facts import Word
from cliptask.pages import stressed
from cliptask.text import directions, heard
from cliptask.word_timing import words_by_length


@pytest.mark.parametrize(
    ("written", "said", "of"),
    [
        ("Only *today*!", "Only today!", ["today!"]),
        ("*Twenty percent* off", "Twenty percent off", ["Twenty", "percent"]),
        ("un*believ*able", "unbelievable", ["unbelievable"]),
        (r"A 5\* hotel", "A 5* hotel", []),
        (r"*5\**", "5*", ["5*"]),
        ("5 * 3 * 2", "5 * 3 * 2", []),
        ("[sighs *deeply*] *Go*!", "[sighs *deeply*] Go!", ["Go!"]),
        ('<phoneme ph="a*b">x</phoneme> *y*', '<phoneme ph="a*b">x</phoneme> y', ["y"]),
        ("عرض *اليوم* فقط", "عرض اليوم فقط", ["اليوم"]),
        ("今日*だけ*です", "今日だけです", ["だ", "け"]),
    ],
)
def test_words_between_asterisks_are_stressed(written: str, said: str, of: list[str]) -> None:
    """Other words would be, or the voice would say asterisks."""
    marked = read(written)

    assert marked.text == said
    words = words_by_length(said, 4.0)
    assert [word.text for word in stressed(words, marked.letters) if word.stressed] == of


@given(st.text("ab *\\[]\u00a0", max_size=20))
@example("\\*")
@example("[a\\*]")  # within a direction for the voice it is the direction's
def test_what_has_no_marks_stays_as_it_is(text: str) -> None:
    """A converted request would be refused, or lose its asterisks."""
    kept = read(literal(text)).text

    directed = {place for span in directions(text) for place in span}
    assert kept == re.sub(r"\\\*", lambda each: each[0] if each.start() in directed else "*", text)
    assert not read(literal(text)).spans


@given(st.lists(st.tuples(st.text("abc", min_size=1, max_size=3), st.booleans()), min_size=1, max_size=6))
def test_each_word_is_stressed_or_not(parts: list[tuple[str, bool]]) -> None:
    """A word beside it would be, too."""
    written = " ".join(f"*{word}*" if is_stressed else word for word, is_stressed in parts)

    words = stressed(words_by_length(heard(read(written).text), 3.0), read(written).letters)

    assert [(word.text, word.stressed) for word in words] == parts


def test_recordings_know_nothing_of_it() -> None:
    """A line would be spoken, and paid for, once more."""
    assert "stressed" not in Word(text="a", start_s=0, end_s=1).model_dump()
