from __future__ import annotations

import html
import math
import re
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.captions import Cue, cues, last_ms, moved, one_after_another, sooner, webvtt, within, without
from cliptask.facts import Word
from cliptask.pieces import LINE_WIDTH, is_spaced, word_spans
from cliptask.text import captioned, letters

FAMILY = "👩\u200d👩\u200d👧"
WORD_TEXTS = st.one_of(
    st.sampled_from(
        [
            "Spring",
            "is",
            "here.",
            "Buy,",
            "now!",
            "R&D",
            "<b>",
            "-->",
            "10%",
            "x" * 90,
            "今日",
            "é",
            "100\u00a0€",
            "ไทย",
            "x\u0302" * 60,
            FAMILY * 12,
            "a\u00adb",
        ]
    ),
    st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="\ufeff"),
        min_size=1,
        max_size=60,
    ),
)


@st.composite
def spoken(draw: st.DrawFn) -> list[Word]:
    """Words as a provider gives them: in order, each at least 100 ms long, now and then a pause."""
    words, at_s = [], draw(st.floats(0, 1))
    for text in draw(st.lists(WORD_TEXTS, max_size=30)):
        end_s = at_s + draw(st.floats(0.1, 3))
        words.append(Word(text=text, start_s=at_s, end_s=end_s))
        at_s = end_s + draw(st.sampled_from([0.0, 0.0, 0.05, 0.8, 3.0]))
    return words


def parsed(text: str) -> list[Cue]:
    """A small reader of WebVTT that refuses what the standard's grammar does not allow."""
    head, *blocks = text.removesuffix("\n").split("\n\n")
    assert head == "WEBVTT"
    found = []
    for block in blocks:
        timing, *lines = block.split("\n")
        match = re.fullmatch(
            r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})", timing
        )
        assert match, timing
        start, end = (
            (((int(h) * 60 + int(m)) * 60 + int(s)) * 1000 + int(ms)) / 1000
            for h, m, s, ms in (match.groups()[:4], match.groups()[4:])
        )
        assert lines
        assert not any("-->" in line or "<" in line for line in lines)
        found.append(Cue(start, end, tuple(html.unescape(line) for line in lines)))
    return found


def _width(line: str) -> int:
    """Letters, with their accents, as a reader counts them."""
    return sum(unicodedata.category(character) not in {"Mn", "Me", "Cf"} for character in line)


def _spoken(text: str, second: float = 0.1) -> list[Word]:
    """A text whose every character takes a tenth of a second, as an alignment by characters gives its words."""
    return [
        Word(text=text[begin:end], start_s=begin * second, end_s=end * second, spaced=is_spaced(text, begin))
        for begin, end in word_spans(text)
    ]


def in_a_row(text: str, seconds: float = 0.3) -> list[Word]:
    """Each word of a text, one after the other."""
    return [
        Word(text=word, start_s=index * seconds, end_s=(index + 1) * seconds)
        for index, word in enumerate(text.split(" "))
        if word
    ]


@given(words=spoken(), share=st.floats(0, 1.2))
def test_cues_are_in_order_and_in_bounds(words: list[Word], share: float) -> None:
    """Players drop or stack cues that overlap, run backwards or outlast the video."""
    end_s = words[-1].end_s * share if words else 1.0

    made = cues(words, end_s)

    assert all(cue.start_s < cue.end_s <= end_s + 1e-9 for cue in made)
    assert all(cue.end_s - cue.start_s <= 7.0005 for cue in made)
    assert all(earlier.end_s <= later.start_s for earlier, later in pairwise(made))
    assert all(1 <= len(cue.lines) <= 2 for cue in made)
    assert all(0 < _width(line) <= LINE_WIDTH for cue in made for line in cue.lines)


@given(words=spoken(), share=st.floats(0, 1.2))
def test_every_word_that_is_heard_is_shown(words: list[Word], share: float) -> None:
    """A viewer without sound would miss what a dropped word says."""
    end_s = words[-1].end_s * share if words else 1.0
    heard = [word for word in words if int(word.start_s * 1000 + 1e-6) < int(end_s * 1000 + 1e-6)]
    # Of a word as long as two lines, the cut may take the later part.
    sure = [word.text for word in heard if word.end_s <= end_s or len(word.text) <= LINE_WIDTH // 2]

    shown = "".join(line for cue in cues(words, end_s) for line in cue.lines).replace(" ", "")

    everything = "".join(captioned(word.text) for word in heard)
    assert everything.startswith(shown)
    assert len(shown) >= sum(len(captioned(text)) for text in sure)


@given(words=spoken(), more_s=st.floats(0, 60))
def test_videos_that_are_longer_than_what_is_said_have_the_same_cues(
    words: list[Word], more_s: float
) -> None:
    """They share one file: it would be wrong for all but the first of them."""
    spoken_s = words[-1].end_s if words else 0.0
    video_s = spoken_s + more_s

    video_ms = math.ceil(video_s * 1000)

    shared = cues(words, last_ms(video_ms, spoken_s) / 1000)

    assert shared == cues(words, video_ms / 1000)
    assert last_ms(video_ms, spoken_s) <= last_ms(video_ms, None)


@given(words=spoken(), speed=st.floats(1, 1.25))
def test_words_that_are_spoken_faster_are_read_sooner(words: list[Word], speed: float) -> None:
    """Captions would lag behind the voice, more with each word."""
    faster = sooner(words, speed)

    assert [each.text for each in faster] == [each.text for each in words]
    assert all(
        (after.start_s, after.end_s) == pytest.approx((before.start_s / speed, before.end_s / speed))
        for before, after in zip(words, faster, strict=True)
    )


@given(words=spoken(), by_ms=st.integers(0, 600_000))
def test_a_line_that_begins_later_has_the_same_cues_later(words: list[Word], by_ms: int) -> None:
    """Its words would stand there before they are said, or overlap."""
    plain = cues(words, 60)

    later = moved(plain, by_ms)

    assert [each.lines for each in later] == [each.lines for each in plain]
    for before, after in zip(plain, later, strict=True):
        assert after.start_s == pytest.approx(before.start_s + by_ms / 1000)
        assert after.end_s - after.start_s == pytest.approx(before.end_s - before.start_s)


@given(words=spoken())
def test_webvtt_reads_back_as_it_was(words: list[Word]) -> None:
    """A player must read the very cues: escaped markup, no arrow inside the text, times to the millisecond."""
    made = cues(words, words[-1].end_s if words else 1.0)

    again = parsed(webvtt(made))

    assert again == list(made)


def test_a_sentence_is_a_cue() -> None:
    """A cue that runs over the end of a sentence gives away what is said next."""
    words = in_a_row("Spring is here at last. Come and see the garden.")

    texts = [" ".join(cue.lines) for cue in cues(words, 10)]

    assert texts == ["Spring is here at last.", "Come and see the garden."]


def test_a_long_sentence_breaks_at_its_comma() -> None:
    """A line that ends in the middle of a phrase, just after a comma, reads badly."""
    words = in_a_row(
        "When the snow is gone, we open the garden for everybody who wants to plant something new, or to look."
    )

    made = cues(words, 10)

    assert [cue.lines for cue in made] == [
        ("When the snow is gone,", "we open the garden for"),
        ("everybody who wants to plant", "something new, or to look."),
    ]


def test_a_short_sentence_shares_its_cue() -> None:
    """A cue of a third of a second is gone before anybody reads it."""
    words = in_a_row("Hi! Spring is here at last.")

    made = cues(words, 10)

    assert [cue.lines for cue in made] == [("Hi! Spring is here at last.",)]


def test_a_cue_stays_until_it_is_read_or_the_next_comes() -> None:
    """Short gaps between cues flicker; a cue over a long silence seems to be spoken still."""
    words = [
        Word(text="One", start_s=0.0, end_s=0.2),
        Word(text="two", start_s=1.5, end_s=1.7),
        Word(text="three", start_s=6.0, end_s=6.2),
    ]

    made = cues(words, 6.5)

    assert [(cue.start_s, cue.end_s) for cue in made] == [(0.0, 1.5), (1.5, 2.5), (6.0, 6.5)]


def test_text_without_spaces_gets_none() -> None:
    """Japanese captions with a space after each character look broken."""
    text = "今日はiPhoneを買った。"
    words = [
        Word(text=text[start:end], start_s=index * 0.2, end_s=index * 0.2 + 0.2)
        for index, (start, end) in enumerate(word_spans(text))
    ]

    made = cues(words, 5)

    assert [cue.lines for cue in made] == [(text,)]
    assert len(words) == 7


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "今日はとても良い天気ですから東京タワーに行きましょう。",
            [("今日はとても良い天気ですから", "東京タワーに行きましょう。")],
        ),
        (
            "今天我们去北京天安门广场看升旗仪式大家都非常高兴。",
            [("今天我们去北京天安门广场", "看升旗仪式大家都非常高兴。")],
        ),
        (
            "วันนี้อากาศดีมากเลยนะ เราไปเที่ยวทะเลด้วยกันเถอะเพื่อน",
            [("วันนี้อากาศดีมากเลยนะ", "เราไปเที่ยวทะเลด้วยกันเถอะเพื่อน")],
        ),
        ("ພາສາລາວເປັນພາສາທາງການຂອງປະເທດລາວແລະມີຜູ້ໃຊ້ຫຼາຍຄົນ", None),
        ("ថ្ងៃនេះអាកាសធាតុល្អណាស់យើងទៅលេងសមុទ្រជាមួយគ្នា", None),
        ("ဒီနေ့ရာသီဥတုကောင်းတယ်ကျွန်တော်တို့ပင်လယ်သွားကြမယ်", None),
    ],
    ids=["Japanese", "Chinese", "Thai", "Lao", "Khmer", "Burmese"],
)
def test_words_without_spaces_are_not_parted(text: str, lines: list[tuple[str, str]] | None) -> None:
    """Half a word at the end of a line is read as another word."""
    made = cues(_spoken(text), len(text) * 0.1)

    ends = {end for _, end in word_spans(text)} | {0}
    broken = "".join("".join(cue.lines) for cue in made).replace(" ", "")
    assert broken == text.replace(" ", "")
    if lines:
        assert [cue.lines for cue in made] == lines
    for cue in made:
        for line in cue.lines:
            assert text.index(line) in ends | {end + 1 for end in ends}


def test_a_part_of_a_run_has_its_own_time() -> None:
    """All of a Thai sentence would stand on the screen from its first word on, or run ahead of the voice."""
    text = "วันนี้อากาศดีมากเราไปเที่ยวทะเลกันเถอะ" * 3

    made = cues(_spoken(text), len(text) * 0.1)

    assert len(made) > 1
    for cue in made:
        assert cue.start_s == pytest.approx(text.index(cue.lines[0], round(cue.start_s * 10)) * 0.1)


@given(
    st.lists(
        st.sampled_from(["x\u0302", FAMILY, "🇺🇦", "e\u0301", "ก\u0e33", "한", "-", "a"]),
        min_size=20,
        max_size=90,
    )
)
def test_no_letter_loses_its_accent(written: list[str]) -> None:
    """An accent, or a member of a family, would stand alone at the head of the next line."""
    text = "".join(written)

    made = cues([Word(text=text, start_s=0, end_s=9)], 9)

    shown = [letter for cue in made for line in cue.lines for letter in letters(line)]
    assert shown == letters(captioned(text))


def test_no_line_breaks_at_a_no_break_space() -> None:
    """A price would stand in one line, its currency in the next: in the file, and in a player that breaks lines itself."""
    text = "It costs 100\u00a0€ today, for everybody 20\u202f% less"

    for length in range(20):
        made = cues(in_a_row("so " * length + text), 60)
        lines = [line for cue in made for line in cue.lines]
        assert sum("100\u00a0€" in line for line in lines) == 1
        assert sum("20\u202f%" in line for line in lines) == 1


def test_what_is_invisible_leaves_no_trace() -> None:
    """Players show some of it as boxes, and a search finds no word with it inside."""
    made = cues(
        [*in_a_row("So\u00adft \u200bhy\u200dphen\u2060s"), Word(text="\u200b", start_s=1, end_s=2)], 5
    )

    assert [cue.lines for cue in made] == [("Soft hyphens",)]


def test_markup_is_shown_as_written() -> None:
    """Unescaped, ``<b>`` vanishes from the screen and ``-->`` ends the cue."""
    made = cues(in_a_row("R&D <b> --> 5"), 5)

    text = webvtt(made)

    assert text == "WEBVTT\n\n00:00:00.000 --> 00:00:01.200\nR&amp;D &lt;b&gt; --&gt; 5\n"


def test_nothing_said_is_an_empty_file() -> None:
    """A player refuses a file without the signature."""
    made = cues([], 5)

    assert webvtt(made) == "WEBVTT\n"


def test_words_are_shown_where_most_of_them_is_said() -> None:
    """What was trimmed away would be read, or the first word be lost by a rounding."""
    words = [
        Word(text=text, start_s=start, end_s=start + 0.4) for text, start in (("a", 0), ("b", 0.9), ("c", 2))
    ]

    assert [(word.text, word.start_s) for word in within(words, 1000)] == [("b", 1.0), ("c", 2.0)]
    assert [word.text for word in within(words, 1101)] == ["c"]


@pytest.mark.parametrize(
    ("taken", "left"),
    [
        ([], [range(10, 20)]),
        ([range(5, 12), range(14, 16)], [range(12, 14), range(16, 20)]),
        ([range(10, 20)], []),
        ([range(10), range(20, 30)], [range(10, 20)]),
        ([range(18, 40)], [range(10, 18)]),
    ],
)
def test_what_is_taken_of_a_time_leaves_the_rest(taken: list[range], left: list[range]) -> None:
    """A clip's words would lie over a line's, or be lost after it."""
    assert list(without(range(10, 20), taken)) == left


def test_a_cue_is_gone_when_the_next_one_comes() -> None:
    """Two texts would stand in one place."""
    late, early = Cue(2.0, 3.0, ("b",)), Cue(1.0, 2.5, ("a",))

    assert one_after_another([late, early]) == (Cue(1.0, 2.0, ("a",)), late)
    assert one_after_another([]) == ()
