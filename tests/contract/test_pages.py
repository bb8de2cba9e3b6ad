"""Which words stand together, and when."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.facts import Word
from cliptask.pages import SHORT_GAP_MS, STAY_MS, pages


def said(text: str, *, word_ms: int = 300, pauses: dict[int, int] | None = None) -> list[Word]:
    """A text, each word as long as every other; ``pauses`` before the nth, in milliseconds."""
    words, now = [], 0
    for number, word in enumerate(text.split()):
        now += (pauses or {}).get(number, 0)
        words.append(Word(text=word, start_s=now / 1000, end_s=(now + word_ms) / 1000))
        now += word_ms
    return words


def texts(words: list[Word], most: int, end_s: float = 60) -> list[str]:
    """What stands on each page."""
    return ["".join(page.words) for page in pages(words, most, end_s)]


@pytest.mark.parametrize(
    ("text", "most", "found"),
    [
        ("Spring is here. Go outside!", 4, ["Spring is here.", "Go outside!"]),
        ("One two three four five six", 4, ["One two three", "four five six"]),
        ("One two, three four five", 4, ["One two,", "three four five"]),
        ("Only today", 1, ["Only", "today"]),
        ("Yes", 4, ["Yes"]),
        ("", 4, []),
    ],
)
def test_pages_end_where_sentences_do_and_divide_evenly(text: str, most: int, found: list[str]) -> None:
    """A word alone, or the end of one sentence with the begin of the next, is hard to read."""
    assert texts(said(text), most) == found


def test_a_pause_ends_a_page() -> None:
    """What is said later would be read before."""
    assert texts(said("and now this", pauses={2: 900}), 4) == ["and now", "this"]


def test_words_stay_over_a_short_gap_and_go_in_a_long_one() -> None:
    """They would flicker, or stand while nobody speaks."""
    short, long = (
        pages(said("One. Two.", pauses={1: gap}), 4, 60) for gap in (STAY_MS + SHORT_GAP_MS - 1, 3000)
    )

    assert short[0].end_ms == short[1].starts_ms[0]
    assert long[0].end_ms == 300 + STAY_MS


def test_the_end_of_the_video_ends_the_last_page() -> None:
    """It would say what was cut off."""
    found = pages(said("One two three four"), 4, 0.7)

    assert found[0].words == ("One ", "two ", "three")
    assert found[0].end_ms == 700


def test_scripts_without_spaces_are_divided_by_phrases() -> None:
    """A page of four letters says nothing."""
    words = [
        Word(text=each, start_s=n / 5, end_s=(n + 1) / 5)
        for n, each in enumerate("今日は天気がいいので散歩に行きましょう")
    ]

    assert texts(words, 2) == ["今日は天気がいいので", "散歩に行きましょう"]


_WORDS = st.lists(
    st.tuples(st.sampled_from(["a", "long,", "end.", "Ready?", "ok", "สวัสดี", "中"]), st.integers(20, 900), st.integers(0, 2000)),
    max_size=20,
).map(
    lambda parts: [
        Word(text=text, start_s=start / 1000, end_s=(start + length) / 1000)
        for (text, length, _), start in zip(parts, [sum(p[1] + p[2] for p in parts[:n]) for n in range(len(parts))], strict=True)
    ]
)  # fmt: skip


@given(words=_WORDS, most=st.integers(1, 6), end_s=st.floats(0.1, 40))
def test_every_word_is_there_when_it_is_said(words: list[Word], most: int, end_s: float) -> None:
    """A word would be heard and not seen, or seen twice."""
    found = pages(words, most, end_s)

    starts = [start for page in found for start in page.starts_ms]
    assert starts == sorted(starts)
    assert all(len(page.words) <= most for page in found)
    assert all(page.starts_ms[-1] < page.end_ms for page in found)
    assert all(one.end_ms <= other.starts_ms[0] for one, other in pairwise(found))
    heard = "".join(word.text for word in words if word.start_s < end_s - 0.001)
    assert "".join("".join(page.words).replace(" ", "") for page in found).startswith(heard)
