"""Which font writes what, and what none can write."""

from __future__ import annotations

import pytest

from cliptask_renderer.lettering.faces import installed, runs, unwritable

SCRIPTS = {
    "latin": "Größe, naïve café, Łódź, Việt Nam €", "greek": "Καλημέρα", "cyrillic": "Привіт, ґанок", "arabic": "مرحبا بالعالم",
    "hebrew": "שלום עולם", "devanagari": "नमस्ते क्षत्रिय", "bengali": "বাংলা ভাষা", "tamil": "தமிழ் மொழி", "thai": "ภาษาไทย",
    "chinese": "中文标题", "japanese": "今日は、ロボット", "korean": "한국어 제목", "emoji": "🔥👩\u200d👩\u200d👧🇺🇦1\ufe0f\u20e3❤\ufe0f",
    "georgian": "ქართული", "armenian": "Հայերեն", "telugu": "తెలుగు", "khmer": "ភាសាខ្មែរ", "burmese": "မြန်မာ", "amharic": "አማርኛ",
}  # fmt: skip


@pytest.mark.parametrize("family", ["Montserrat", "Poppins", "Anton", "Noto Sans"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_can_be_written(script: str, family: str) -> None:
    """Boxes would stand in place of letters."""
    assert unwritable(SCRIPTS[script], family, [installed(family)]) is None


@pytest.mark.parametrize("script", SCRIPTS)
def test_runs_are_the_text(script: str) -> None:
    """Something would be lost, or written twice."""
    text = f"{SCRIPTS[script]} and {SCRIPTS[script]}, 20 %"

    assert "".join(run.text for run in runs(text, installed("Montserrat"))) == text


def test_no_word_is_written_in_two_hands() -> None:
    """Montserrat has the Greek mu alone, from physics: it would stand out."""
    assert [run.families[0] for run in runs("κόσμε and µ", installed("Montserrat"))] == [
        "Noto Sans",
        "Montserrat",
    ]


@pytest.mark.parametrize(
    ("sign", "around"),
    [("👩\u200d👩\u200d👧", "a "), ("1\ufe0f\u20e3", "No "), ("🇺🇦", ""), ("❤\ufe0f", "We ")],
)
def test_signs_of_several_characters_stay_whole(sign: str, around: str) -> None:
    """A family would become three people, a keycap a number with a box over it."""
    found = [
        run for run in runs(f"{around}{sign}", installed("Montserrat")) if run.families[0] == "Noto Emoji"
    ]

    assert [run.text.strip() for run in found] == [sign]


def test_plain_numbers_are_no_signs() -> None:
    """They can begin one, and would be drawn as emoji are."""
    assert len(runs("1 2 3 # *", installed("Montserrat"))) == 1


@pytest.mark.parametrize(
    ("text", "language", "country"),
    [("直", None, "SC"), ("直す", None, "JP"), ("直 한", None, "KR"), ("直", "ja", "JP"), ("直", "zh-Hant", "TC"), ("直", "zh-TW", "TC"), ("直", "zh", "SC")],
)  # fmt: skip
def test_han_has_the_forms_of_its_readers(text: str, language: str | None, country: str) -> None:
    """A Japanese reader would find a Chinese character in the text."""
    assert f"Noto Sans CJK {country}" in runs(text, installed("Montserrat"), language)[0].families


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("nothing\ue000", "write: U+E000;"),
        ("cuneiform 𒀀", "𒀀 (U+12000 CUNEIFORM SIGN A)"),
        ("\U0010fffd", "U+10FFFD"),
    ],
)
def test_what_no_font_can_write_is_named(text: str, named: str) -> None:
    """A thousand videos would show boxes."""
    words = unwritable(text, "Anton", [installed("Anton")])

    assert words is not None
    assert named in words
    assert "Anton" in words
    assert "give a title as an image" in words
