"""How texts are set: fitted, broken, coloured, and the same everywhere."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from cliptask.errors import InputError
from cliptask.layers import Style
from cliptask_renderer.lettering.typeset import CLEAR, SMALLEST, Look, Room, Text, typeset

ROOM = Room(700, 1600)
SHORTER = 1000
EM = 100
"""Of a style's usual size."""


def drawn(text: str, room: Room = ROOM, **style: object) -> NDArray[np.uint8]:
    """One text in one look."""
    return typeset(Text((text,)), Style.model_validate(style), SHORTER, room)[0]


def lines(rgba: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Where lines of letters without marks and outline begin and end, by the empty rows between them."""
    rows = np.flatnonzero(np.diff(np.pad(rgba[..., 3].any(axis=1).astype(int), 1)))
    return list(zip(rows[::2].tolist(), rows[1::2].tolist(), strict=True))


def widths(rgba: NDArray[np.uint8]) -> list[int]:
    """How wide each line is."""
    found = []
    for begin, end in lines(rgba):
        columns = np.flatnonzero(rgba[begin:end, :, 3].any(axis=0))
        found.append(int(columns[-1] - columns[0] + 1))
    return found


def test_a_text_that_fits_has_its_size() -> None:
    """Letters of one style would differ from title to title."""
    one, two = drawn("HH", outline=0.0), drawn("HHHH", outline=0.0)

    assert one.shape[0] == two.shape[0] == pytest.approx(0.7 * EM, abs=2)


@pytest.mark.parametrize(
    "text", ["Donaudampfschifffahrtsgesellschaft", "A" * 14, "ภาษาไทย" * 12, "word " * 60]
)
@pytest.mark.parametrize(
    "style", [{}, {"box_color": "#000000", "outline": 0.0}, {"outline": 0.2}, {"shadow": 0.1}]
)
def test_what_does_not_fit_is_written_smaller(text: str, style: dict[str, object]) -> None:
    """A long word would leave the picture on both sides, a long text above and below."""
    room = Room(700, 700)

    height, width, _ = drawn(text, room, **style).shape

    shadow = 0.2 * EM if "shadow" in style else 0
    assert width <= room.width + shadow + 1
    assert height <= room.height + shadow + 1


@pytest.mark.parametrize("text", ["A" * 60, "word " * 99])
def test_what_does_not_fit_at_all_is_refused(text: str) -> None:
    """Half a title would be shown, or one that nobody can read."""
    with pytest.raises(InputError, match=r"does not fit on the picture: shorten it, or give it more width"):
        drawn(text, Room(400, 200))


def test_nothing_is_smaller_than_it_may_be() -> None:
    """Nobody would read it on a phone."""
    smallest = min(drawn("H" * length, outline=0.0).shape[0] for length in range(8, 34))

    assert smallest >= 0.7 * EM * SMALLEST - 1


@pytest.mark.parametrize("text", ["Only this week for everybody here", "one two three four five six seven", "a b c d e f g h i j k l m n"])  # fmt: skip
def test_lines_are_of_about_one_length(text: str) -> None:
    """A word alone in the last line looks like a mistake."""
    found = widths(drawn(text.upper(), Room(450, 1600), outline=0.0))

    assert len(found) > 1
    assert min(found) > 0.4 * max(found)


def test_line_breaks_are_kept() -> None:
    """A title in two lines would become one."""
    assert len(lines(drawn("TODAY\nONLY", outline=0.0))) == 2


@pytest.mark.parametrize("width", [300, 340, 380, 420, 480, 560, 640])
@pytest.mark.parametrize("kept", ["100\u00a0€", "20\u202f%", "3\u00a0€", "20 %", "5 $"])
def test_no_line_breaks_where_it_must_not(kept: str, width: int) -> None:
    """A price would stand in one line, its currency in the next."""
    found = drawn(f"NOW {kept}", Room(width, 1600), outline=0.0)

    whole = drawn(kept, Room(width, 1600), outline=0.0)
    assert len(lines(found)) == 1 or widths(found) == [
        widths(found)[0],
        pytest.approx(widths(whole)[0], abs=2),
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("한국어 제목입니다 오늘만", ["한국어", "제목입니다", "오늘만"]),
        ("ภาษาไทยเป็นภาษา", ["ภาษา", "ไทย", "เป็น"]),
        ("今日は散歩に行きましょう", ["今日は", "散歩に", "行きましょう"]),
    ],
)
def test_lines_break_between_words_that_have_no_spaces(text: str, parts: list[str]) -> None:
    """A word would be cut in two."""
    widest = max(drawn(part, outline=0.0).shape[1] for part in parts)

    found = drawn(text, Room(widest + 30, 1600), outline=0.0)

    assert found.shape[1] <= widest + 30
    single = drawn(parts[0], outline=0.0)
    assert (found[: single.shape[0] // 2, :, 3].any(axis=0).sum()) > 0.5 * single.shape[1]


def test_colours_are_those_that_were_given() -> None:
    """A brand's colour would be another."""
    rgba = drawn("III", color="#ff8800", outline=0.1, outline_color="#0000ff")

    opaque = {tuple(pixel) for pixel in rgba[rgba[..., 3] == 255].tolist()}
    assert {(255, 136, 0, 255), (0, 0, 255, 255)} <= opaque
    edge = rgba[rgba[..., 3].any(axis=1)][0]
    assert edge[edge[:, 3] > 200][:, :3].tolist()[0] == [0, 0, 255]


def test_outlines_lie_behind_the_letters() -> None:
    """Letters would become thin: a stroke over a fill takes half of its width from them."""
    plain, outlined = drawn("HIM", outline=0.0), drawn("HIM", outline=0.15)

    white = [
        int(((each[..., :3] > 249).all(axis=2) & (each[..., 3] > 249)).sum()) for each in (plain, outlined)
    ]
    assert white[1] == pytest.approx(white[0], rel=0.02)


def test_a_box_has_its_padding_and_round_corners() -> None:
    """Letters would touch its edge."""
    rgba = drawn("HH", box_color="#ff0000", outline=0.0, box_padding=0.5, box_radius=0.4)

    assert rgba[0, 0, 3] == 0
    letters = np.flatnonzero((rgba[..., 1] > 128).any(axis=0))
    assert letters[0] == pytest.approx(0.5 * EM, abs=0.15 * EM)


def test_a_shadow_falls_below() -> None:
    """It would be a glow."""
    rgba = drawn("HH", outline=0.0, shadow=0.2, shadow_color="#000000")

    letters = np.flatnonzero(((rgba[..., :3] > 249).all(axis=2) & (rgba[..., 3] > 249)).any(axis=1))
    above, below = letters[0], rgba.shape[0] - letters[-1] - 1
    assert below > above + 0.3 * EM
    assert rgba[-3:, :, 3].max() < 64


@pytest.mark.parametrize(
    ("case", "same"), [("upper", "STRASSE"), ("lower", "straße"), ("asWritten", "Straße")]
)
def test_letters_have_the_case_that_is_wanted(case: str, same: str) -> None:
    """A headline would not look like the brand's."""
    assert (drawn("Straße", letter_case=case) == drawn(same)).all()


def test_a_word_that_is_not_seen_yet_leaves_its_place_free() -> None:
    """A text that is typed would move with each word, or show its outline before it."""
    words, seen = ("Only ", "today ", "here"), Style().color
    looks = [Look(tuple(seen if n <= last else CLEAR for n in range(3))) for last in range(3)]

    pages = typeset(Text(words), Style(), SHORTER, ROOM, looks)

    ink = [int((page[..., 3] > 0).sum()) for page in pages]
    assert ink[0] < ink[1] < ink[2]
    assert all(((pages[2] == page) | (page[..., 3:] == 0)).all() for page in pages)


def test_looks_differ_in_their_colours_alone() -> None:
    """Words would move while another of them is marked."""
    words, white, yellow = ["We ", "make ", "mornings"], "#ffffff", "#ffff00"
    looks = [Look(tuple(yellow if n == each else white for n in range(3))) for each in range(3)]

    pages = typeset(Text(tuple(words)), Style(), SHORTER, ROOM, looks)

    assert len({page.shape for page in pages}) == 1
    for one, other in pairwise(pages):
        assert (one[..., 3] == other[..., 3]).all()
        changed = np.flatnonzero((one != other).any(axis=2).any(axis=0))
        assert changed.size


def test_a_marked_word_has_a_plate_behind_it() -> None:
    """Nobody would see which word is spoken."""
    page = typeset(Text(("We ", "make")), Style(), SHORTER, ROOM, [Look(("#ffffff",) * 2, 1, "#ff0000")])[0]

    red = np.flatnonzero(((page == (255, 0, 0, 255)).all(axis=2)).any(axis=0))
    assert red[0] > page.shape[1] * 0.3


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("Cafe\u0301 Zu\u0308rich и\u0306", "Café Zürich й"),
        *[(f"Donau{each}dampf{each}", "Donaudampf") for each in "\u00ad\u034f\u200b\u200c\u200d\u200e\u200f\u2060\ufe0f\ufeff"],
        ("e\u2011mail, e\u2010mail", "e-mail, e-mail"),
        ("thin\u2009space\u3000wide", "thin space wide"),
    ],
)  # fmt: skip
def test_what_looks_the_same_is_the_same_picture(typed: str, same: str) -> None:
    """Accents stood beside their letters, and boxes where nothing is to be seen."""
    assert np.array_equal(drawn(typed), drawn(same))


@pytest.mark.parametrize("text", ["#panic(1)", "*bold* _it_ $x$ `raw` \\n @ref <label>", "= Heading", "// comment", '"quoted" -- ---'])  # fmt: skip
def test_a_text_is_no_markup(text: str) -> None:
    """What somebody writes would be read as a program."""
    assert drawn(text).shape[1] > drawn(text[:3]).shape[1]


# Where newer libraries or fonts draw other pixels, ``recipe.VERSION`` has to be raised before these are changed.
@pytest.mark.parametrize(
    ("text", "digest"),
    [
        ("AVATAR: Only today", "9df2548fa09d9414"),
        ("سلام", "83be0cb356d0fca4"),
        ("नमस्ते", "11ff149d9319cd2e"),
        ("日本", "9822d4c1fe610257"),
        ("🔥", "542e0ab96621071c"),
    ],
)
def test_a_text_has_the_same_pixels_everywhere(text: str, digest: str) -> None:
    """A laptop and a cluster would make other videos under the same key."""
    assert hashlib.sha256(drawn(text).tobytes()).hexdigest()[:16] == digest
