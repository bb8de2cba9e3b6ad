from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask import text

INVISIBLE = ["\u00ad", "\u034f", "\u061c", "\u180e", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u202a", "\u2060", "\u2066", "\ufe00", "\ufe0f", "\ufeff", "\U000e0001", "\U000e0041", "\U000e0100"]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Spring is here.", "Spring is here."),
        ('Wait <break time="1s"/> for it', "Wait for it"),
        ("Wait<break time='1s' />for it", "Wait for it"),
        ("Wait <break time=1s/> for it", "Wait for it"),
        ('a <phoneme alphabet="ipa" ph="toma:to">tomato</phoneme>!', "a tomato!"),
        ('tom<phoneme alphabet="ipa" ph="a">a</phoneme>to', "tomato"),
        ("<speak><p>One.</p><p>Two.</p></speak>", "One. Two."),
        ("[whispers] Hi. [laughs softly]Bye", "Hi. Bye"),
        ("Stop[sighs].", "Stop."),
        ("[шёпотом] Привет", "Привет"),
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
        ("I <3 you", "I <3 you"),
        ("Write to <me@example.org>", "Write to <me@example.org>"),
        ("See [1], [2024] and [...]", "See [1], [2024] and [...]"),
        ("Half [of it", "Half [of it"),
        ('AT&amp;T <break time="300ms"/> now', "AT&T now"),
        ("A &amp; B", "A &amp; B"),
        ("[very [softly] spoken] hi", "hi"),
    ],
)
def test_directions_are_not_heard(written: str, said: str) -> None:
    """A caption or a file's name would read "break time 1s"; or a viewer would miss what is said."""
    assert text.heard(written) == said


@given(
    st.lists(
        st.sampled_from(
            ["Hi", " ", "5 < 6", "[1]", "[whispers]", '<break time="1s"/>', "<b>", "</b>", "é", "🚀"]
        )
    )
)
def test_what_is_heard_stands_in_the_text(parts: list[str]) -> None:
    """Words would get the times of other characters."""
    written = "".join(parts)

    said, places = text.heard_at(written)

    assert len(said) == len(places)
    assert places == sorted(places)
    assert all(letter in {written[place], " "} for letter, place in zip(said, places, strict=True))
    assert not re.search(r"whispers|break|<b>", said)


@given(st.text(), st.sampled_from(INVISIBLE), st.text())
def test_nothing_invisible_is_drawn(before: str, invisible: str, after: str) -> None:
    """Fonts draw a box, a hyphen or an accent in its place."""
    assert text.drawn(before + invisible + after) == text.drawn(text.drawn(before) + text.drawn(after))


@given(st.text())
def test_however_it_was_typed_it_is_one_text(written: str) -> None:
    """The same title would be made twice, or the same line paid for twice."""
    for form in (text.normal, text.drawn, text.captioned):
        assert form(unicodedata.normalize("NFD", written)) == form(written) == form(form(written))


@pytest.mark.parametrize("invisible", INVISIBLE)
def test_captions_leave_invisible_characters_out(invisible: str) -> None:
    """Players show some of them, and a search finds no word with one inside."""
    assert text.captioned(f"Spr{invisible}ing{invisible} is") == "Spring is"


@pytest.mark.parametrize(
    "shown", ["\u0645\u06cc\u200c\u062e\u0648", "क्\u200dष", "👩\u200d🚀", "❤\ufe0f", "1\ufe0f\u20e3", "🏴\U000e0067\U000e0062\U000e007f", "葛\U000e0100", "\u0d28\u0d4d\u200d", "\u1820\u180b"]
)  # fmt: skip
def test_captions_keep_what_shapes_a_letter(shown: str) -> None:
    """Persian words would run together, a family would become three people."""
    assert text.captioned(shown) == unicodedata.normalize("NFC", shown)


def test_a_character_is_named() -> None:
    """A message that shows an invisible character shows nothing."""
    assert text.named("\u0e01") == "U+0E01 THAI CHARACTER KO KAI"
    assert text.named("\x07") == "U+0007"


@given(st.text(alphabet="今日は買った東京 Thaiไทย🚀👩\u200d\u0301🇺🇦"))
def test_places_count_as_python_does(written: str) -> None:
    """ICU counts in UTF-16: after an emoji every break would lie beside the word."""
    assert "".join(text.line_parts(written)) == "".join(text.letters(written)) == written
    assert all(0 < end <= len(written) for end in text.phrase_ends(written))


@pytest.mark.parametrize(
    ("written", "phrases"),
    [
        ("今日は東京に行きましょう。", ["今日は", "東京に", "行きましょう。"]),
        ("🚀我们今天去北京", ["🚀", "我们", "今天", "去", "北京"]),
        ("วันนี้อากาศดี", ["วัน", "นี้", "อากาศ", "ดี"]),
        ("ພາສາລາວ", ["ພາສາ", "ລາວ"]),
        ("ភាសាខ្មែរគឺជាភាសា", ["ភាសាខ្មែរ", "គឺជា", "ភាសា"]),
    ],
)
def test_words_without_spaces_are_known(written: str, phrases: list[str]) -> None:
    """A line would break inside a word."""
    ends = sorted(text.phrase_ends(written))

    assert [written[start:end] for start, end in zip([0, *ends], ends, strict=False)] == phrases


@given(st.text(st.characters()), st.integers(3, 40))
def test_a_text_is_abridged_at_a_word(written: str, length: int) -> None:
    """A message would show half a word, or half of what people take for a character; or say more than has room."""
    short = text.abridged(written, length)

    assert len(short) <= length
    assert short == written or (short.endswith("...") and written.startswith(short[:-3]))
    assert len(written) > length or short == written


@pytest.mark.parametrize(
    ("written", "length", "short"),
    [
        ("spring is here already", 16, "spring is..."),
        ("ฤดูใบไม้ผลิมาถึงแล้ว มาดูกันเถอะ", 20, "ฤดูใบไม้ผลิมาถึง..."),
        ("春天来了\uff0c快出去走走吧\uff01今天开始打八折", 12, "春天来了\uff0c快出去..."),
        ("ربيع جميل هنا، تعال وشاهد", 20, "ربيع جميل هنا،..."),
        ("👩\u200d👩\u200d👧" * 3, 10, "👩\u200d👩\u200d👧..."),
        ("a https://example.com/a-very-long-address", 20, "a https://..."),
    ],
)
def test_words_of_any_script_are_left_whole(written: str, length: int, short: str) -> None:
    """A reader would take half a word for another one."""
    assert text.abridged(written, length) == short
