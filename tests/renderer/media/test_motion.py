"""A slow camera movement over a still picture: where it goes, and how evenly."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageDraw
import pytest

from cliptask.orders import Cut, Profile
from cliptask.spec.motion import Motion
from cliptask_renderer.media import motion
from support import frames as f

MOTIONS: tuple[Motion, ...] = get_args(Motion)
MIDDLE = (0.5, 0.5)
Picture = npt.NDArray[np.float64]


def _textured(path: Path, width: int = 480, height: int = 800, blur: int = 1) -> Path:
    """A picture that has something to see everywhere: noise, in dots of ``blur`` pixels."""
    grey = np.random.default_rng(7).integers(40, 215, (height // blur, width // blur), np.uint8)
    PIL.Image.fromarray(grey).resize((width, height), PIL.Image.Resampling.BICUBIC).convert("RGB").save(path)
    return path


def _frames(path: Path, cut: Cut) -> list[Picture]:
    """What is handed to the encoder, in grey, at 96x160."""
    canvas = motion.canvas(path, f.SMALL, cut)
    made = motion.frames(canvas, [canvas.picture.convert("L")], cut)
    return [np.frombuffer(each, np.uint8).reshape(160, 96).astype(float) for each in made]


def _shift(before: Picture, after: Picture) -> float:
    """By how many pixels what is seen has moved to the right: least squares over the slopes, again until it rests."""
    moved, rows = 0.0, np.fft.rfftfreq(before.shape[1])
    for _ in range(8):
        spectrum = np.fft.rfft(before, axis=1) * np.exp(-2j * np.pi * rows * moved)
        guess = np.fft.irfft(spectrum, before.shape[1], axis=1)[:, 8:-8]
        slope = -np.gradient(guess, axis=1)
        moved += float((slope * (after[:, 8:-8] - guess)).sum() / (slope * slope).sum())
    return moved


@pytest.mark.parametrize("of", MOTIONS)
@pytest.mark.parametrize("progress", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("focus", [MIDDLE, (0.0, 1.0), (0.9, 0.2)])
def test_the_view_stays_on_the_picture_and_in_its_shape(
    of: Motion, progress: float, focus: tuple[float, float]
) -> None:
    """The picture's edge would come into view, or the picture be distorted."""
    left, top, right, bottom = motion.window(of, progress, focus)

    assert -1e-12 <= left < right <= 1 + 1e-12
    assert -1e-12 <= top < bottom <= 1 + 1e-12
    assert right - left == pytest.approx(bottom - top)
    assert right - left >= 1 / motion.ZOOM - 1e-9


@pytest.mark.parametrize(
    ("there", "back"), [("zoomIn", "zoomOut"), ("panLeft", "panRight"), ("panUp", "panDown")]
)
def test_a_movement_ends_where_its_opposite_begins(there: Motion, back: Motion) -> None:
    """A picture that is used twice would jump."""
    assert motion.window(there, 0, MIDDLE) == pytest.approx(motion.window(back, 1, MIDDLE))
    assert motion.window(there, 1, MIDDLE) == pytest.approx(motion.window(back, 0, MIDDLE))


@pytest.mark.parametrize(
    ("of", "side", "sign"), [("panLeft", 0, -1), ("panRight", 0, 1), ("panUp", 1, -1), ("panDown", 1, 1)]
)
def test_a_pan_goes_where_it_says_and_runs_on_the_focus(of: Motion, side: int, sign: int) -> None:
    """Left and right, up and down would be mixed up, or a face above the middle be cut off."""
    focus = (0.55, 0.52)
    first, last = (motion.window(of, progress, focus) for progress in (0, 1))

    moved = [after - before for before, after in zip(first[:2], last[:2], strict=True)]
    other = 1 - side
    assert moved[side] * sign == pytest.approx(1 - 1 / motion.ZOOM)
    assert moved[other] == 0
    assert (first[other] + first[other + 2]) / 2 == pytest.approx(focus[other])


@pytest.mark.parametrize("focus", [MIDDLE, (0.0, 1.0), (0.3, 0.4)])
def test_a_zoom_leaves_its_focus_in_its_place(focus: tuple[float, float]) -> None:
    """What matters would wander off while the camera comes nearer."""
    for progress in (0.2, 0.7, 1):
        left, top, right, bottom = motion.window("zoomIn", progress, focus)

        assert (focus[0] - left) / (right - left) == pytest.approx(focus[0])
        assert (focus[1] - top) / (bottom - top) == pytest.approx(focus[1])


@pytest.mark.parametrize("of", MOTIONS)
def test_a_movement_begins_and_ends_gently_and_hurries_nowhere(of: Motion) -> None:
    """It would start with a jerk, stop as if it had hit something, or race in between."""
    views = [motion.window(of, progress, MIDDLE) for progress in np.linspace(0, 1, 101)]
    steps = [abs(b[0] - a[0]) + abs(b[1] - a[1]) for a, b in pairwise(views)]
    mean = sum(steps) / len(steps)

    assert max(steps[0], steps[-1]) < mean / 20
    assert max(steps) < 1.6 * mean
    assert max(abs(b - a) for a, b in pairwise(steps)) < mean / 10


@pytest.mark.parametrize("blur", [4, 8, 16])
def test_a_pan_is_even_to_a_fraction_of_a_pixel(blur: int, tmp_path: Path) -> None:
    """The picture would tremble: sharp ones, and small ones that are enlarged."""
    frames = _frames(_textured(tmp_path / "a.png", blur=blur), f.still(frames=40, motion="panRight"))

    lefts = [motion.window("panRight", number / 39, MIDDLE)[0] for number in range(40)]
    wanted = -np.diff(lefts) * 96 * motion.ZOOM
    moved = np.array([_shift(before, after) for before, after in pairwise(frames)])
    assert np.abs(moved - wanted).max() < 0.02


@pytest.mark.parametrize("of", MOTIONS)
def test_a_picture_in_motion_stays_as_sharp_as_it_is(of: Motion, tmp_path: Path) -> None:
    """It would flicker: sharp where the view falls on the canvas's pixels, soft where it falls between them."""
    frames = _frames(_textured(tmp_path / "a.png", blur=2), f.still(frames=40, motion=of))

    sharpness = np.array([np.abs(np.diff(each, 2, axis=1)).mean() for each in frames])
    assert (np.abs(np.diff(sharpness)) / sharpness.mean()).max() < 0.015


@pytest.mark.parametrize("of", MOTIONS)
def test_parts_of_a_movement_are_those_of_the_whole(of: Motion, tmp_path: Path) -> None:
    """A picture's body and its seam would not meet: each part knows where in the movement it is."""
    path = _textured(tmp_path / "a.png")
    part = f.still(frames=4, motion=of, first_frame=8, motion_frames=12)

    whole, end = _frames(path, f.still(frames=12, motion=of)), _frames(path, part)

    assert np.array_equal(whole[8:], end)
    assert not np.array_equal(whole[:4], end)


def test_one_frame_of_a_movement_is_its_beginning(tmp_path: Path) -> None:
    """A clip of one frame would divide by zero."""
    assert len(_frames(_textured(tmp_path / "a.png"), f.still(frames=1, motion="zoomIn"))) == 1


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("of", MOTIONS)
def test_the_blurred_copy_stands_still_while_the_picture_moves(of: Motion, mode: str, tmp_path: Path) -> None:
    """Larger than the picture before it, it would go by faster than that."""
    picture = PIL.Image.open(_textured(tmp_path / "a.png", 400, 400, blur=40)).convert(mode)
    if mode == "RGBA":
        picture.putpixel((0, 0), (0, 0, 0, 0))
    picture.save(tmp_path / "a.png")
    profile = f.SMALL.model_copy(update={"fit": "blur"})
    order = f.order_of(f.still(frames=12, motion=of, backdrop="still"), profile=profile)

    shown = f.decoded(f.make(order, tmp_path, a=tmp_path / "a.png"), "gray", profile).astype(int)

    changes = np.abs(shown - shown[0]).max(axis=0)
    # The picture is square, in an upright frame.
    assert changes[[*range(26), *range(134, 160)]].max() < 4
    assert changes[40:120].max() > 20
    assert shown[0, [*range(26), *range(134, 160)]].std() > 2


@pytest.mark.parametrize("of", MOTIONS)
def test_the_bars_stand_still_while_the_picture_moves(of: Motion, tmp_path: Path) -> None:
    """The edge between the picture and its bars would wander over the screen."""
    PIL.Image.new("RGB", (400, 400), "white").save(tmp_path / "a.png")
    profile = f.SMALL.model_copy(update={"fit": "contain"})
    order = f.order_of(f.still(frames=6, motion=of), profile=profile)

    shown = f.decoded(f.make(order, tmp_path, a=tmp_path / "a.png"), "gray", profile).astype(int)

    assert np.abs(shown[:, 34:126] - 235).max() < 4
    assert np.abs(shown[:, [*range(30), *range(130, 160)]] - 16).max() < 4


def test_a_cut_out_moves_over_the_blurred_copy(tmp_path: Path) -> None:
    """A product's picture would move in a black box."""
    picture = PIL.Image.new("RGBA", (400, 400), (0, 255, 0, 0))
    PIL.ImageDraw.Draw(picture).rectangle((100, 100, 299, 299), fill=(255, 0, 0, 255))
    picture.save(tmp_path / "a.png")
    profile = f.SMALL.model_copy(update={"fit": "blur"})
    order = f.order_of(f.still(frames=5, motion="zoomIn"), profile=profile)

    shown = f.decoded(f.make(order, tmp_path, a=tmp_path / "a.png"), "rgb24", profile).astype(int)

    assert np.abs(shown[:, 80, 48] - f.RED).max() <= 6
    assert shown[:, 48, 48, 0].min() > 60  # the copy, within the picture's transparent edge
    assert shown[..., 1].max() < 40
    red = (shown[..., 0] > 200).sum(axis=(1, 2))
    assert red[-1] / red[0] == pytest.approx(motion.ZOOM**2, rel=0.12)


@pytest.mark.parametrize("fit", ["contain", "blur"])
@pytest.mark.parametrize("of", MOTIONS)
def test_a_cut_out_is_whole_wherever_the_view_is(of: Motion, fit: str, tmp_path: Path) -> None:
    """A product's edge or shadow would be cut off along a line in the middle of the screen."""
    picture = PIL.Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    PIL.ImageDraw.Draw(picture).ellipse((8, 8, 391, 391), fill=(255, 0, 0, 255))
    picture.save(tmp_path / "a.png")
    profile = f.SMALL.model_copy(update={"fit": fit, "background": "#ffffff"})
    order = f.order_of(f.still(frames=5, motion=of), profile=profile)

    shown = f.decoded(f.make(order, tmp_path, a=tmp_path / "a.png"), "rgb24", profile).astype(int)

    is_red = (shown[..., 0] - shown[..., 1] > 150) & (shown[..., 0] > 215)
    for each in is_red:
        rows, columns = np.flatnonzero(each.any(axis=1)), np.flatnonzero(each.any(axis=0))
        wide, high = columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
        assert wide == pytest.approx(high, abs=3)  # still a disc
        assert each.sum() == pytest.approx(np.pi / 4 * wide * high, rel=0.05)
        assert wide > 70


@pytest.mark.parametrize("focus", [(0.1, 0.5), (0.3, 0.5), (1.0, 0.0)])
def test_a_zoom_goes_to_what_was_cropped_around(focus: tuple[float, float], tmp_path: Path) -> None:
    """The crop would keep a face in view, and the camera leave it."""
    picture = PIL.Image.new("RGB", (1600, 800), "white")
    x, y = focus[0] * 1600, focus[1] * 800
    PIL.ImageDraw.Draw(picture).rectangle((x - 60, y - 60, x + 60, y + 60), fill="black")
    picture.save(tmp_path / "a.png")

    frames = _frames(tmp_path / "a.png", f.still(frames=10, motion="zoomIn", focus=focus))

    dark = [np.argwhere(each < 128) for each in (frames[0], frames[-1])]
    assert len(dark[1]) > 1.2 * len(dark[0])
    canvas = motion.canvas(tmp_path / "a.png", f.SMALL, f.still(motion="zoomIn", focus=focus))
    at = canvas.focus[1] * 160, canvas.focus[0] * 96
    for places in dark:
        low, high = places.min(axis=0), places.max(axis=0) + 1
        assert all(a - 1.5 <= each <= b + 1.5 for a, each, b in zip(low, at, high, strict=True))


@pytest.mark.parametrize(("width", "height"), [(96, 160), (64, 64), (1080, 1920)])
@pytest.mark.parametrize("fit", ["cover", "contain", "blur", "stretch"])
def test_the_canvas_is_even_and_finer_than_the_closest_view(
    width: int, height: int, fit: str, tmp_path: Path
) -> None:
    """A canvas of odd size has no planes of half the size; a coarser one would flicker."""
    PIL.Image.new("RGB", (90, 61)).save(tmp_path / "a.png")
    profile = Profile.model_validate({"width": width, "height": height, "fps": 30, "fit": fit})

    canvas = motion.canvas(tmp_path / "a.png", profile, f.still(motion="zoomIn"))

    wide, high = canvas.picture.size
    assert wide % 2 == high % 2 == canvas.width % 2 == canvas.height % 2 == 0
    assert 0 <= wide - canvas.width * motion.ZOOM * motion.DETAIL < 2
    assert 0 <= high - canvas.height * motion.ZOOM * motion.DETAIL < 2
