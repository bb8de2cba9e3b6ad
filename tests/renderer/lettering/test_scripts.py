"""Titles in twelve scripts beside a browser's, and beside what HarfBuzz says of their letters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from cliptask.layers import Style
from cliptask_renderer.lettering.typeset import Room, Text, typeset
from support.browsing import chromium, needs_chromium, quiet_page
from support.lettering import EM_PX, Ink, Sample, browsers, cropped, overlap, shaped_width

ALIKE = 0.75
"""Overlap of ink. A word has 0.91 or more: edges are smoothed otherwise, and strokes are 8 pixels wide. Two words have 0.86 or
more, as a browser sets the space between them up to two pixels otherwise. Letters in another order, or that are not joined,
have at most 0.53."""

SAMPLES = [
    *map(Sample, ["AVATAR", "office fjord", "Größe", "Łódź, naïve", "Việt Nam"]),
    *[Sample(text, language="el") for text in ("Καλημέρα", "Ελλάδα", "ψυχή")],
    *[Sample(text, language="uk") for text in ("Привіт", "Ґанок, їжак", "Знижка")],
    *[Sample(text, "Noto Sans Arabic", "ar") for text in ("مرحبا", "السلام عليكم", "لا إله", "بِسْمِ")],
    *[Sample(text, "Noto Sans Hebrew", "he") for text in ("שלום עולם", "מבצע", "שָׁלוֹם")],
    *[Sample(text, "Noto Sans Devanagari", "hi") for text in ("नमस्ते", "क्षत्रिय", "हिन्दी", "शक्ति")],
    *[Sample(text, "Noto Sans Bengali", "bn") for text in ("বাংলা", "ক্ষমা", "স্বাগতম")],
    *[Sample(text, "Noto Sans Tamil", "ta") for text in ("தமிழ்", "வணக்கம்", "மொழி")],
    *[Sample(text, "Noto Sans Thai", "th") for text in ("ภาษาไทย", "น้ำใจ", "ที่นี่")],
    *[Sample(text, "Noto Sans CJK SC", "zh") for text in ("中文标题", "限时优惠", "直接")],
    *[Sample(text, "Noto Sans CJK JP", "ja") for text in ("今日は", "ロボット", "直接")],
    *[Sample(text, "Noto Sans CJK KR", "ko") for text in ("한국어", "오늘만 할인", "안녕하세요")],
]
JOINED = [each for each in SAMPLES if each.family.endswith(("Arabic", "Devanagari", "Bengali"))]
LONG = [
    Sample("Only this week for everybody who reads it: half the price of everything"),
    Sample("Только на этой неделе для всех: половина цены", language="ru"),
    Sample("Μόνο αυτή την εβδομάδα όλοι πληρώνουν τη μισή τιμή", language="el"),
    Sample("هذا الأسبوع فقط نصف السعر للجميع في كل مكان", "Noto Sans Arabic", "ar"),
    Sample("רק השבוע הזה חצי מחיר לכולם בכל מקום", "Noto Sans Hebrew", "he"),
    Sample("केवल इस सप्ताह सभी के लिए आधी कीमत", "Noto Sans Devanagari", "hi"),
]
BEARING_PX = 30
"""What letters take beyond their ink, at both ends of a line, at most. Titles are as narrow as they can be without a line more."""
pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser without a window."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """One page for all."""
    with quiet_page(browser, viewport={"width": 2400, "height": 1600}) as looked_at:
        yield looked_at


def ours(sample: Sample, width_px: int = 4000) -> Ink:
    """What a title's letters cover."""
    style = Style(font="Noto Sans", weight=400, size=0.1, outline=0.0, line_height=1.8)
    rgba = typeset(Text((sample.text,), sample.language), style, EM_PX * 10, Room(width_px, 4000))[0]
    return cropped(rgba[..., 3] > 127)


def lines(ink: Ink) -> list[int]:
    """How wide each line is, from above; rows without ink part them."""
    edges = np.flatnonzero(np.diff(np.pad(ink.any(axis=1).astype(int), 1)))
    return [
        cropped(ink[begin:end]).shape[1] for begin, end in edges.reshape(-1, 2) if end - begin > EM_PX / 3
    ]


def test_there_are_forty_of_twelve_scripts() -> None:
    """A script might go unproven."""
    assert len(SAMPLES) == 40


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_words_look_as_in_a_browser(page: Page, sample: Sample) -> None:
    """Letters would be boxes, or stand apart, in another order, or without their marks."""
    assert overlap(ours(sample), browsers(page, sample)) > ALIKE


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_words_are_as_wide_as_their_shaped_letters(sample: Sample) -> None:
    """A ligature, a joined form or a kerned pair would be missing."""
    assert ours(sample).shape[1] == pytest.approx(shaped_width(sample), abs=2)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_words_from_behind_do_not_pass(page: Page, sample: Sample) -> None:
    """The comparison would let anything through."""
    turned = replace(sample, text=sample.text[::-1])

    assert overlap(ours(sample), browsers(page, turned)) < ALIKE


@pytest.mark.parametrize("sample", JOINED, ids=str)
def test_letters_that_are_not_joined_do_not_pass(page: Page, sample: Sample) -> None:
    """The comparison would let letters through that stand alone."""
    apart = replace(sample, text="\u200c".join(sample.text))

    assert overlap(ours(sample), browsers(page, apart)) < ALIKE


@pytest.mark.parametrize("width_px", [700, 900])
@pytest.mark.parametrize("sample", LONG, ids=str)
def test_lines_break_where_a_browser_breaks_them(page: Page, sample: Sample, width_px: int) -> None:
    """A line would end within a word, or a title take a line more."""
    found = lines(ours(sample, width_px))

    assert len(found) == len(lines(browsers(page, sample, width_px)))
    narrower = (lines(browsers(page, sample, max(found) + px)) for px in range(0, BEARING_PX, 2))
    assert found == pytest.approx(next(each for each in narrower if len(each) == len(found)), abs=3)
