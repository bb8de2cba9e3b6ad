"""Which parts of a text are pictures in colour, and which are letters that could be."""

from __future__ import annotations

import pytest

from cliptask.emoji import EMOJI, has_emoji, without_emoji

WHOLE = [
    "🔥", "❤\ufe0f", "☝🏽", "👩\u200d👩\u200d👧", "👩🏽\u200d🚒", "❤\u200d🔥", "👁\ufe0f\u200d🗨\ufe0f", "🏳\ufe0f\u200d🌈", "🇺🇦",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "1\ufe0f\u20e3", "#\u20e3", "©\ufe0f", "㊗\ufe0f",
]  # fmt: skip
LETTERS = [
    "❤",
    "❤\ufe0e",
    "🔥\ufe0e",
    "☀",
    "©",
    "™",
    "→",
    "★",
    "1",
    "#",
    "あ",
    "。",
    "한",
    "\u200d",
    "\ufe0f",
    "№",
]


@pytest.mark.parametrize("sign", WHOLE, ids=ascii)
def test_a_sign_is_one_whatever_it_is_made_of(sign: str) -> None:
    """A family would be three people, a flag two letters; two signs side by side would be drawn as one."""
    assert [match[0] for match in EMOJI.finditer(f"a{sign}{sign} {sign}b")] == [sign] * 3


@pytest.mark.parametrize("text", LETTERS, ids=ascii)
def test_what_can_be_a_picture_and_is_not_told_so_is_a_letter(text: str) -> None:
    """A title's arrow or its trade mark would be a coloured button, and its video made anew."""
    assert not has_emoji(text, f"a{text}a")


def test_all_else_stands_where_it_did() -> None:
    """Words would be shown at other words' times."""
    text = "Hot 🔥 deals 👩🏽\u200d🚒!"

    assert without_emoji(text) == "Hot   deals     !"
