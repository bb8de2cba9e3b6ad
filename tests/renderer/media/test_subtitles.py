"""What spoken words look like on the picture, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from cliptask.facts import Word
from cliptask.layers import BurnedCaptions, CaptionLook, SpokenAt, Style
from cliptask.orders import Profile
from cliptask.spec.position import CaptionStyle, Position
from cliptask_renderer.lettering.typeset import NO_FONTS
from cliptask_renderer.media.subtitles import compose
from support import frames as f

UPRIGHT = Profile(width=360, height=640, fps=30, fit="cover")
WORDS = [
    Word(text=text, start_s=start, end_s=start + 0.25)
    for text, start in [("Spring", 0.2), ("is", 0.5), ("here.", 0.8), ("Go", 1.4), ("outside!", 1.7)]
]
KINDS: tuple[CaptionStyle, ...] = get_args(CaptionStyle)
YELLOW, WHITE = (255, 213, 0), (255, 255, 255)


def captions(kind: CaptionStyle = "highlightWord", frame: int = 0, **look: Any) -> BurnedCaptions:  # noqa: ANN401  fields
    """Of one recording that begins at a frame."""
    fields = {"letters": Style(size=0.08), "accent": "#ffd500", "words": 1 if kind == "oneWord" else 4, "lines": 2, "position": "bottom"}  # fmt: skip
    spoken = SpokenAt(words="a" * 64, language="en", frame=frame, end_ms=2000)
    return BurnedCaptions(look=CaptionLook.model_validate({"kind": kind, **fields, **look}), spoken=(spoken,))


def shown(
    folder: Path,
    order: BurnedCaptions,
    frames: int = 90,
    profile: Profile = UPRIGHT,
    words: Sequence[Word] = WORDS,
) -> list[NDArray[np.uint8]]:
    """What stands at each frame."""
    film = compose(order, {"a" * 64: words}, profile, frames, folder / "film.nut", NO_FONTS)
    if film is None:
        return []
    found: list[NDArray[np.uint8]] = []
    with av.open(str(film.file)) as container:
        for picture in container.decode(video=0):
            assert picture.pts is not None
            assert picture.time_base is not None
            frame = round(picture.pts * picture.time_base * profile.fps)
            found += [found[-1]] * (frame - len(found)) if found else []
            found.append(picture.to_ndarray(format="rgba").astype(np.uint8))
    return found + [found[-1]] * (frames - len(found))


def has(rgba: NDArray[np.uint8], color: tuple[int, int, int]) -> bool:
    """Whether letters of this colour are seen."""
    return bool(
        ((np.abs(rgba[..., :3].astype(int) - color) < 8).all(axis=2) & (rgba[..., 3] > 240)).sum() > 20
    )


def centre(rgba: NDArray[np.uint8], color: tuple[int, int, int]) -> float:
    """Where what has this colour stands, across."""
    found = (np.abs(rgba[..., :3].astype(int) - color) < 8).all(axis=2) & (rgba[..., 3] > 240)
    return float(np.flatnonzero(found.any(axis=0)).mean())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fps", [24, 25, 30, 48, 50, 60])
def test_every_word_is_seen_within_a_frame_of_its_time(kind: CaptionStyle, fps: int, tmp_path: Path) -> None:
    """Lips would move without words."""
    profile = UPRIGHT.model_copy(update={"fps": fps})

    found = shown(tmp_path, captions(kind), 3 * fps, profile)

    changes = [n for n, (one, other) in enumerate(pairwise(found), 1) if not np.array_equal(one, other)]  # fmt: skip
    begins = (
        [WORDS[0].start_s, WORDS[3].start_s] if kind in {"plain", "pop"} else [word.start_s for word in WORDS]
    )
    for start_s in begins:
        assert min(abs(change - start_s * fps) for change in changes) <= 1
    assert not found[0].any()
    assert not found[-1].any()


def test_the_word_that_is_said_is_coloured(tmp_path: Path) -> None:
    """Nobody could read along."""
    found = shown(tmp_path, captions())

    first, second, third = (centre(found[frame], YELLOW) for frame in (10, 18, 28))
    assert first < second < third
    assert has(found[10], WHITE)


def test_the_word_that_is_said_is_coloured_where_one_reads_from_the_right(tmp_path: Path) -> None:
    """In Arabic the first word is the one on the right."""
    words = [
        word.model_copy(update={"text": text})
        for word, text in zip(WORDS, ["مرحبا", "بكم", "هنا."], strict=False)
    ]

    found = shown(tmp_path, captions(), words=words)

    first, second, third = (centre(found[frame], YELLOW) for frame in (10, 18, 28))
    assert first > second > third


def test_words_stay_coloured_in_karaoke(tmp_path: Path) -> None:
    """It would look like another style."""
    found = shown(tmp_path, captions("karaoke"))

    assert not has(found[28], WHITE)
    assert has(found[10], WHITE)
    assert has(found[10], YELLOW)


def test_a_plate_lies_behind_the_word_that_is_said(tmp_path: Path) -> None:
    """As above."""
    found = shown(tmp_path, captions("highlightBox", accent="#e5007d"))

    assert centre(found[10], (229, 0, 125)) < centre(found[28], (229, 0, 125))


@pytest.mark.parametrize("kind", ["pop", "oneWord"])
def test_words_jump_in_and_rest(kind: CaptionStyle, tmp_path: Path) -> None:
    """They would stand there at once, or never be still."""
    found = shown(tmp_path, captions(kind))

    heights = [np.flatnonzero(each[..., 3].any(axis=1)).size for each in found[6:15]]
    assert heights[0] < heights[1] < heights[2]
    assert heights[4] == heights[5] == heights[6]


def test_letters_that_reach_down_do_not_lift_the_others(tmp_path: Path) -> None:
    """Words would dance from page to page."""
    words = [Word(text="non", start_s=0.2, end_s=0.4), Word(text="pgq", start_s=0.6, end_s=0.8)]

    found = shown(tmp_path, captions("oneWord", letters=Style(size=0.1)), words=words)

    tops = [int(np.flatnonzero((each[..., 3] > 0).any(axis=1))[0]) for each in (found[14], found[26])]
    assert abs(tops[0] - tops[1]) <= 2


@pytest.mark.parametrize("frame", [-20, -7, 0, 12, 45])
def test_a_segment_shows_its_part_of_what_is_said(frame: int, tmp_path: Path) -> None:
    """Words would begin anew at every seam, or be missing after it."""
    whole = shown(tmp_path, captions(), 120)

    found = shown(tmp_path, captions(frame=frame), 60)

    if frame <= 0:
        assert all(np.array_equal(one, other) for one, other in zip(found, whole[-frame:], strict=False))
    else:
        assert all(np.array_equal(one, other) for one, other in zip(found[frame:], whole, strict=False))
        assert not found[frame].any()


def test_nothing_lies_over_frames_in_which_nothing_is_said(tmp_path: Path) -> None:
    """They would be another segment than without captions, for nothing."""
    assert shown(tmp_path, captions(frame=-100), 30) == []
    assert shown(tmp_path, captions(frame=31), 30) == []


@pytest.mark.parametrize("position", get_args(Position))
@pytest.mark.parametrize("profile", [UPRIGHT, f.SMALL, Profile(width=640, height=360, fps=30, fit="cover")])
def test_words_stand_in_the_picture(profile: Profile, position: Position, tmp_path: Path) -> None:
    """They would be cut at its edge."""
    order = captions(position=position, letters=Style(size=0.1))

    film = compose(order, {"a" * 64: WORDS}, profile, 60, tmp_path / "film.nut", NO_FONTS)

    assert film is not None
    height, width = shown(tmp_path, order, 60, profile)[0].shape[:2]
    assert film.x >= 0
    assert film.y >= 0
    assert film.x + width <= profile.width
    assert film.y + height <= profile.height
    assert film.x % 2 == film.y % 2 == 0


def test_long_words_are_written_smaller(tmp_path: Path) -> None:
    """They would leave the picture."""
    words = [Word(text="Donaudampfschifffahrtsgesellschaftskapitän", start_s=0.1, end_s=1.0)]

    assert has(shown(tmp_path, captions("plain"), words=words)[10], WHITE)


LONG = "Fortunately everybody somewhere understands"


def lines(
    folder: Path, size: float, most: int, kind: CaptionStyle, stressed: str = "", *, is_held: bool
) -> int:
    """In how many lines long words stand, of which one may be stressed."""
    words = [Word(text=text, start_s=0.2, end_s=1.0, stressed=text == stressed) for text in LONG.split()]
    order = captions(kind, letters=Style(size=size, outline=0.0), words=4, lines=most)
    picture = shown(folder, order.model_copy(update={"is_held": is_held}), words=words)[20]
    # Of letters that reach neither up nor down there is something in every line, and nothing between two.
    ink = np.convolve((picture[..., 3] > 200).sum(axis=1), np.ones(3) / 3, "same")
    return int((np.diff(np.pad((ink > 0.35 * ink.max()).astype(int), 1)) == 1).sum())


@pytest.mark.parametrize("stressed", ["", "everybody"])
@pytest.mark.parametrize("most", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [0.05, 0.07, 0.08])
def test_words_take_no_more_lines_than_they_may(
    most: int, size: float, stressed: str, tmp_path: Path
) -> None:
    """Letters without accents would take one more, as there is room for those that have some."""
    assert lines(tmp_path, size, most, "plain", stressed, is_held=True) <= most


def test_words_of_earlier_orders_may_take_more(tmp_path: Path) -> None:
    """The test above would let anything through; and what was made under its key would be other bytes."""
    assert lines(tmp_path, 0.08, 2, "plain", is_held=False) > 2


def test_words_come_sooner_where_a_line_is_played_faster(tmp_path: Path) -> None:
    """Words would stand after they were said."""
    slow = captions("oneWord")
    fast = slow.model_copy(
        update={"spoken": (slow.spoken[0].model_copy(update={"speed": 2.0, "end_ms": 1000}),)}
    )

    found = shown(tmp_path, fast, 60)

    assert not found[2].any()
    assert found[4].any()
    assert has(found[28], YELLOW)
    assert not found[45].any()


@pytest.mark.parametrize("kind", KINDS)
def test_a_stressed_word_is_larger(kind: CaptionStyle, tmp_path: Path) -> None:
    """It would look like all others."""
    words = [Word(text="no", start_s=0.1, end_s=0.4), Word(text="on", start_s=0.5, end_s=0.9)]
    plain = captions(kind, letters=Style(size=0.08, outline=0.0))
    (spoken,) = plain.spoken
    marked = plain.model_copy(update={"spoken": (spoken.model_copy(update={"stressed": ((2, 4),)}),)})

    before, after = (shown(tmp_path, order, words=words)[22] for order in (plain, marked))

    def size(rgba: NDArray[np.uint8]) -> int:
        return int((rgba[..., 3] > 128).any(axis=1).sum())

    assert size(before) < size(after) <= round(size(before) * 1.35)
    if kind in {"plain", "pop"}:
        assert not has(before, YELLOW)
        assert has(after, YELLOW)
        assert has(after, WHITE)


def test_the_word_that_is_stressed_is_so_where_one_reads_from_the_right(tmp_path: Path) -> None:
    """Another word would be, at the other end of the line."""
    words = [Word(text="مرحبا", start_s=0.1, end_s=0.4), Word(text="بكم", start_s=0.5, end_s=0.9)]
    order = captions("plain")
    (spoken,) = order.spoken
    first = order.model_copy(update={"spoken": (spoken.model_copy(update={"stressed": ((0, 5),)}),)})

    found = shown(tmp_path, first, words=words)[10]

    assert centre(found, YELLOW) > centre(found, WHITE)


def test_words_stand_in_what_targets_leave_free(tmp_path: Path) -> None:
    """A platform's own caption would cover what is said."""
    usual, lower = (
        compose(order, {"a" * 64: WORDS}, UPRIGHT, 90, tmp_path / f"{number}.nut", NO_FONTS)
        for number, order in enumerate((captions(), captions(free=(0.0, 0.1, 1.0, 0.9))))
    )

    assert usual is not None
    assert lower is not None
    assert lower.y - usual.y == pytest.approx(640 * (0.9 - 1248 / 1920), abs=4)
