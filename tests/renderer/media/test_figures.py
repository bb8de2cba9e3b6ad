"""Counters and bars, frame by frame."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from cliptask.counting import Count
from cliptask.layers import Bar, OverlayOrder, Passage, Style
from cliptask.orders import Profile
from cliptask.spec.position import Align
from cliptask_renderer.lettering.typeset import NO_FONTS, Room
from cliptask_renderer.media import figures, overlays
from support import frames as f

PROFILE = Profile(width=270, height=480, fps=30, fit="cover")
COUNT = Count(start=0, end=120, frames=16, suffix="%")
BAR = Bar(height=0.05, color="#ff0000", background="#0000ff", radius=0.0)


def counter(**rest: Any) -> OverlayOrder:  # noqa: ANN401  fields
    """A counter over 20 frames."""
    return f.overlay(**{"count": COUNT, "style": Style(), "end_frame": 20, **rest})


def bar(**rest: Any) -> OverlayOrder:  # noqa: ANN401  fields
    """A bar as wide as the picture over 20 frames, in which it fills."""
    own = {"bar": BAR, "end_frame": 20, "lasts": 20, "width": 1.0, "at": (0.5, 0.5)}
    return f.overlay(**{**own, **rest})


def shown(of: OverlayOrder) -> list[npt.NDArray[np.uint8]]:
    """What a counter shows in each frame."""
    assert of.count is not None
    return [*figures.counted(of.count, of, overlays.compose(of, PROFILE, {}, NO_FONTS).steps)]


def filled(pictures: npt.NDArray[np.uint8]) -> list[int]:
    """How many columns are red in the middle row of each picture."""
    row = pictures[:, pictures.shape[1] // 2].astype(int)
    return [int((each[:, 0] > each[:, 2]).sum()) for each in row]


def made(folder: Path, of: OverlayOrder, frames: int = 30) -> npt.NDArray[np.uint8]:
    """The pictures of a segment over black."""
    clip = folder / "black.mp4"
    if not clip.exists():
        f.encode(clip, f.plain(f.BLACK, count=60))
    order = f.order_of(f.video(frames=frames, overlays=(of,)), profile=PROFILE)
    return f.decoded(f.make(order, folder, a=clip), "rgb24", PROFILE)


@pytest.mark.parametrize("align", ["left", "center", "right"])
def test_each_number_is_another_picture_of_one_form(align: Align) -> None:
    """The film that is laid over would end at the first number with a digit more."""
    found = shown(counter(style=Style(align=align)))

    assert len({each.shape for each in found}) == 1
    assert len({each.tobytes() for each in found}) == 16
    assert all(found[15] is each for each in found[15:])


def test_a_part_of_it_is_the_part_of_the_whole() -> None:
    """Where a piece of a clip ends it would jump, or change its size."""
    whole, part = shown(counter()), shown(counter(age=7, end_frame=6))

    assert all(np.array_equal(one, other) for one, other in zip(whole[7:13], part, strict=True))


def test_figures_do_not_tremble() -> None:
    """What stands after them would move to and fro with each digit."""
    count = Count(start=111, end=999, frames=20, suffix="%")
    found = shown(counter(count=count, style=Style(outline=0.0, align="left")))

    # The sign at the end begins in one column.
    ends = {int(np.flatnonzero(each[..., 3].any(axis=0))[-1]) for each in found}
    assert len(ends) == 1


def test_one_that_has_counted_is_no_longer_composed_and_looks_the_same() -> None:
    """Every piece after it would be encoded anew, or it would jump at its end."""
    rests = counter(age=15)

    assert not rests.changes
    assert np.array_equal(overlays.compose(rests, PROFILE, {}, NO_FONTS).rgba, shown(counter())[-1])


def test_a_counter_is_seen_in_the_video(tmp_path: Path) -> None:
    """It would stand still, or outlast its time."""
    found = made(tmp_path, counter(start_frame=4, end_frame=24, enter=Passage(kind="pop", frames=4)))

    lit = [int(each.max(axis=2).sum()) for each in found]
    assert max(lit[:4]) < 40 * 1000
    assert max(lit[25:]) < 40 * 1000
    changes = [np.abs(one.astype(int) - other).max() > 60 for one, other in pairwise(found[8:19])]
    assert all(changes)
    assert np.abs(found[20].astype(int) - found[22]).max() < 30


def test_a_bar_fills_in_its_time(tmp_path: Path) -> None:
    """It would be full too early, or never."""
    found = filled(made(tmp_path, bar(end_frame=20), 20))

    assert found[-1] == 270
    assert all(abs(columns - 270 * (frame + 1) / 20) <= 2 for frame, columns in enumerate(found))


@pytest.mark.parametrize("cut", [1, 7, 19])
def test_parts_of_a_bar_are_those_of_the_whole(cut: int) -> None:
    """At each cut it would jump back."""
    most = Room(270, 480)
    whole = [*figures.filling(BAR, bar(), PROFILE, most)]

    first = [*figures.filling(BAR, bar(end_frame=cut), PROFILE, most)]
    second = [*figures.filling(BAR, bar(age=cut, end_frame=20 - cut), PROFILE, most)]

    assert all(np.array_equal(one, other) for one, other in zip(whole, [*first, *second], strict=True))


def test_a_bar_stays_full_beyond_its_time() -> None:
    """Where a video's last picture is held it would begin anew, or end the run."""
    held = [*figures.filling(BAR, bar(age=20, end_frame=5), PROFILE, Room(270, 480))]

    assert all(each is held[0] for each in held)
    assert (held[0][..., :3] == (255, 0, 0)).all()


def test_corners_and_colours_of_a_bar_are_its_own() -> None:
    """Half a pixel of colour would show as a dark line, and round ends as square ones."""
    soft = Bar(height=0.05, color="#ff0000", background="#ff000000", radius=0.5)

    (rgba, *_) = figures.filling(soft, bar(bar=soft, lasts=3), PROFILE, Room(271, 480))

    assert (rgba[..., :3][rgba[..., 3] > 0] == (255, 0, 0)).all()
    assert rgba[0, 0, 3] < 60
    assert rgba[12, 80, 3] == 255
    assert rgba[12, 100, 3] == 0
