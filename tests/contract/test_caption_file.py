"""What is read of caption files, as people and programs write them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.caption_file import LONGEST_CUE, MOST_BYTES, MOST_CUES, cues_of, is_captions, words_of
from cliptask.errors import SourceError

SRT = "1\n00:00:01,000 --> 00:00:02,500\nHello you\n\n2\n00:00:03,000 --> 00:00:04,000\nthere.\n"
VTT = "WEBVTT\n\n00:01.000 --> 00:02.500\nHello you\n\n00:03.000 --> 00:04.000\nthere.\n"
BOTH = [(1.0, 2.5, "Hello you"), (3.0, 4.0, "there.")]


def read(text: str) -> list[tuple[float, float, str]]:
    """Its cues."""
    return [(cue.begin_s, cue.end_s, cue.text) for cue in cues_of(text.encode())]


def said(text: str) -> str:
    """Its words in a row."""
    return " ".join(word.text for word in words_of(text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        SRT, VTT, "\ufeff" + SRT, "\ufeff" + VTT, SRT.replace("\n", "\r\n"), VTT.replace("\n", "\r"), "\n\n" + SRT,
        SRT.replace(",", "."), VTT.replace("00:0", "00:00:0"), SRT.replace("1\n00", "00").replace("2\n00", "00"),
        SRT.replace("\n\n2", "\n2"), SRT.replace(" --> ", "-->"), SRT.replace("500\n", "500 X1:10 Y1:20\n"),
        SRT.replace(",000", ""), SRT.removesuffix("\n"), SRT.replace("\n\n", "\n \n\n"),
        VTT.replace("WEBVTT", "WEBVTT - Anna\nKind: captions"), VTT.replace("500\n", "500 align:start line:0%\n"),
        VTT.replace("\n\n", "\n\nNOTE of a --> b\nmore\n\nSTYLE\n::cue(b) {}\n\nintro\n", 1),
        "00:00:03,000 --> 00:00:04,000\nthere.\n\n00:00:01,000 --> 00:00:02,500\nHello you",
        SRT + "\n3\n00:00:05,000 --> 00:00:06,000\n<i> </i>\n\n4\n00:00:06,000 --> 00:00:06,000\nx\n",
    ],
)  # fmt: skip
def test_the_same_captions_are_read_however_they_are_written(text: str) -> None:
    """Each program writes them otherwise, and none of their authors would know why theirs are refused."""
    assert is_captions(text)
    assert read(text) == BOTH


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("<i>Hello</i> <font color='#ff0000'>you</font>", "Hello you"),
        ("{\\an8}Hello {b}you{/b}", "Hello you"),
        ("<v.loud Anna Bell>Hello <c.yellow>you</c>", "Hello you"),
        ("Q &amp; A &lt;3&nbsp;you", "Q & A <3\u00a0you"),
        ("1 < 2 and AT&T; {x}", "1 < 2 and AT&T; {x}"),
        ("one\ntwo", "one two"),
        ("<ruby>漢<rt>kan</rt></ruby>", "漢"),
        ("1984", "1984"),
    ],
)
def test_markup_is_no_word(written: str, heard: str) -> None:
    """Tags would stand in the picture, or what people wrote would be lost as if it were one."""
    assert said(SRT.replace("Hello you", written)) == f"{heard} there."


def test_words_share_the_time_of_their_cue_by_their_lengths() -> None:
    """All of them would be marked at once."""
    hello, you, there = words_of(SRT.encode())

    assert (hello.text, hello.start_s, hello.end_s) == ("Hello", 1.0, 1.938)
    assert (you.start_s, you.end_s) == (1.938, 2.5)
    assert (there.start_s, there.end_s) == (3.0, 4.0)


def test_words_that_have_times_keep_them() -> None:
    """What a program has measured would be guessed instead."""
    words = words_of(VTT.replace("Hello you", "Hello <00:00:01.200>you").encode())

    assert [(word.text, word.start_s) for word in words] == [("Hello", 1.0), ("you", 1.2), ("there.", 3.0)]


def test_cues_that_overlap_follow_each_other() -> None:
    """Two texts would stand in one place, or the words would run backwards."""
    late = SRT.replace("02,500", "03,700")
    together = SRT.replace("00:00:03,000", "00:00:01,000")

    assert read(late) == [(1.0, 3.0, "Hello you"), (3.0, 4.0, "there.")]
    assert read(together) == [(1.0, 4.0, "Hello you\nthere.")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (SRT.encode("utf-16"), "line 1 is not UTF-8; save the captions as UTF-8"),
        (SRT.replace("Hello", "Größe").encode("cp1252"), "line 3 is not UTF-8"),
        (SRT.replace("Hello", "Gr\ufffdße").encode(), "line 3 has a U+FFFD, where a letter was lost"),
        (b"WEBVTT\n", "it has no captions; write some"),
        (SRT.replace("02,500", "00,500").encode(), "line 2: its caption ends before it begins"),
        (SRT.replace("04,000", "four").encode(), "line 6 has no two times such as"),
        (SRT.replace("00:00:03", "00:61:03").encode(), "line 6 has no two times such as"),
        (SRT.replace("there.", "a" * (LONGEST_CUE + 1)).encode(), "line 6: its caption has 2,001 characters"),
        (SRT.encode() + b" " * MOST_BYTES, "it is larger than the 1 MiB that a caption file may have"),
        (b"00:01-->00:02\na\n" * (MOST_CUES + 1), "it has 10,001 captions, 10,000 are allowed"),
        (b"".join(b"00:01.%03d-->00:02\n%s\n" % (n, b"a " * 900) for n in range(60)), "more than 50,000 words"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_line(content: bytes, words: str) -> None:
    """Words would be lost, or letters garbled, and nobody would see it before the video is out."""
    with pytest.raises(SourceError, match=r".+; .+") as refused:
        words_of(content)

    assert words in str(refused.value)


@pytest.mark.parametrize("text", ["hello", "1\n2\n3", "#EXTM3U\n", "<html>", "[Script Info]", "WEBVTTX", ""])
def test_another_text_is_no_caption_file(text: str) -> None:
    """A page of an error would be read out in the video."""
    assert not is_captions(text)


@given(st.text(st.sampled_from("0123:,.->< \n\ta<v{}\\&;nbspWEBVTT漢")).map(lambda text: f"{SRT}\n{text}"))
def test_whatever_follows_words_are_in_order_or_it_is_refused(text: str) -> None:
    """A hostile file would have renderers fail for every video that shows its clip."""
    try:
        words = words_of(text.encode())
    except SourceError:
        return

    assert words
    assert all(word.start_s <= word.end_s for word in words)
    assert all(one.start_s <= other.start_s for one, other in pairwise(words))


@pytest.mark.parametrize(
    "unit", ["<rt>", "<v ", "&amp", "{\\", "<00:", "-->", "00:00 -->\n", "漢 ", "\n", "<c"]
)
def test_a_hostile_file_takes_no_time(unit: str) -> None:
    """One file would hold up every task of the operator; pytest's own limit ends this."""
    text = "00:01 --> 00:02\n" + unit * (MOST_BYTES // 2 // len(unit.encode()))

    with pytest.raises(SourceError):
        words_of(text.encode())
