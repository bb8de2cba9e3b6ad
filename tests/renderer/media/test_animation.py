from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest

from cliptask.orders import Profile
from cliptask_renderer.media import animation
from support import chunks
from support import frames as f
from support.chunks import Laid

RED, GREEN, BLUE = 1, 2, 3
PALETTE = bytes([9, 9, 9, 255, 0, 0, 0, 255, 0, 0, 0, 255])
"""What lies behind is dark grey, which no viewer shows."""
COLOURS = np.array([f.BLACK, f.RED, f.GREEN, f.BLUE], np.uint8)
STRETCHED = Profile(width=64, height=64, fps=30, fit="stretch")
FORMATS = ["gif", "webp", "png", "avif"]


def counting(path: Path, durations: int | list[int] = 100, count: int = 12) -> Path:
    """An animation whose pictures spell their numbers; the suffix chooses the format. Times in milliseconds."""
    images = [PIL.Image.fromarray(frame).convert("RGB") for frame in f.numbered(count)]
    options: dict[str, dict[str, Any]] = {".webp": {"lossless": True}, ".avif": {"quality": 95}}
    own = options.get(path.suffix, {})
    images[0].save(path, save_all=True, append_images=images[1:], duration=durations, loop=1, **own)
    return path


def shown(path: Path, first: int, frames: int) -> list[int]:
    """Which pictures a cut shows."""
    cut = f.animation(first=first, frames=frames)
    return f.numbers(f.decoded(f.make(f.order_of(cut), path.parent, a=path), "gray"))


def middles(path: Path, count: int) -> list[list[tuple[int, ...]]]:
    """The colours of each picture of 10/100 s, in four columns and rows, nearest of black, red, green and blue."""
    made = f.make(f.order_of(f.animation(frames=3 * count), profile=STRETCHED), path.parent, a=path)
    frames = f.decoded(made, "rgb24", STRETCHED)[1::3, 8::16, 8::16].astype(int)
    nearest = np.abs(frames[:, :, :, None] - COLOURS.astype(int)).sum(-1).argmin(-1)
    return [[tuple(int(index) for index in row) for row in frame] for frame in nearest]


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("first", [0, 33, 1000])
def test_an_animation_keeps_its_own_clock_and_begins_anew(suffix: str, first: int, tmp_path: Path) -> None:
    """It would run too fast, or end before its clip does; a part of it would not be the part of the whole."""
    path = counting(tmp_path / f"a.{suffix}")

    assert shown(path, first, 50) == [number // 3 % 12 for number in range(first, first + 50)]


@pytest.mark.parametrize("suffix", FORMATS)
def test_each_picture_is_shown_as_long_as_it_says(suffix: str, tmp_path: Path) -> None:
    """A pause between two movements would be lost."""
    path = counting(tmp_path / f"a.{suffix}", [100, 500, 30, 200], 4)

    assert shown(path, 0, 28) == [0] * 3 + [1] * 15 + [2] + [3] * 6 + [0] * 3


def test_milliseconds_that_are_rounded_do_not_let_a_movement_judder(tmp_path: Path) -> None:
    """Thirty pictures a second are 33 ms apart by what an AVIF tells: one would be shown twice and one left out."""
    path = counting(tmp_path / "a.avif", [33, 34, 33] * 4)

    assert shown(path, 0, 12) == list(range(12))


@pytest.mark.parametrize("delay", [0, 1])
def test_what_is_shown_for_no_time_is_shown_as_browsers_do(delay: int, tmp_path: Path) -> None:
    """Old GIFs that say nothing of their speed would race."""
    pictures = [Laid(np.full((8, 8), colour, np.uint8), delay=delay) for colour in (RED, GREEN)]
    path = tmp_path / "a.gif"
    path.write_bytes(chunks.gif((8, 8), PALETTE, pictures))

    assert [frame[0][0] for frame in middles(path, 4)] == [RED, GREEN, RED, GREEN]


def part(colour: int, x: int, y: int, side: int, dispose: int) -> Laid:
    """A square of a GIF."""
    return Laid(np.full((side, side), colour, np.uint8), x, y, dispose=dispose)


def test_parts_of_a_gif_stay_vanish_or_give_back_what_was_there(tmp_path: Path) -> None:
    """What has moved on would leave a trail, or the whole picture vanish with it. What is cleared is transparent, so black."""
    path = tmp_path / "a.gif"
    parts = [
        part(RED, 0, 0, 4, 1),
        part(GREEN, 0, 0, 2, 3),
        part(BLUE, 2, 0, 2, 2),
        part(GREEN, 0, 2, 1, 0),
    ]
    path.write_bytes(chunks.gif((4, 4), PALETTE, parts))

    red = [(1, 1, 1, 1)] * 4
    assert middles(path, 5) == [
        red,
        [(2, 2, 1, 1), (2, 2, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1)],
        [(1, 1, 3, 3), (1, 1, 3, 3), (1, 1, 1, 1), (1, 1, 1, 1)],
        [(1, 1, 0, 0), (1, 1, 0, 0), (2, 1, 1, 1), (1, 1, 1, 1)],
        red,
    ]


def test_a_gif_s_parts_may_be_small_transparent_and_beyond_the_edge(tmp_path: Path) -> None:
    """What is transparent would cover what lies below; a part that reaches out of the picture would fail."""
    path = tmp_path / "a.gif"
    half = np.array([[RED, RED, 0, 0]] * 4, np.uint8)
    over = np.array([[0, 0, 0, GREEN]] * 4, np.uint8)
    parts = [Laid(half[:2], 0, 1), Laid(over), Laid(np.full((4, 4), BLUE, np.uint8), 3, 3)]
    path.write_bytes(chunks.gif((4, 4), PALETTE, parts, transparent=0))

    assert middles(path, 3) == [
        [(0, 0, 0, 0), (1, 1, 0, 0), (1, 1, 0, 0), (0, 0, 0, 0)],
        [(0, 0, 0, 2), (1, 1, 0, 2), (1, 1, 0, 2), (0, 0, 0, 2)],
        [(0, 0, 0, 2), (1, 1, 0, 2), (1, 1, 0, 2), (0, 0, 0, 3)],
    ]


def square(colour: tuple[int, int, int, int], side: int) -> npt.NDArray[np.uint8]:
    """RGBA of one colour."""
    return np.full((side, side, 4), colour, np.uint8)


@pytest.mark.parametrize("has_palette", [False, True])
def test_parts_of_a_png_blend_or_replace_stay_or_vanish(tmp_path: Path, has_palette: bool) -> None:
    """As for a GIF. What replaces brings its own transparency, of which what blends keeps what lies below."""
    path = tmp_path / "a.png"
    colours = {0: (9, 9, 9, 0), RED: (255, 0, 0, 255), GREEN: (0, 255, 0, 255), BLUE: (0, 0, 255, 255)}

    def laid(colour: int, x: int, y: int, side: int, dispose: int, blend: int = 1) -> Laid:
        pixels = np.full((side, side), colour, np.uint8) if has_palette else square(colours[colour], side)
        return Laid(pixels, x, y, dispose=dispose, blend=blend)

    parts = [
        laid(RED, 0, 0, 4, 0),
        laid(0, 0, 0, 2, 0),
        laid(0, 2, 0, 2, 0, 0),
        laid(BLUE, 0, 2, 2, 1),
        laid(GREEN, 2, 2, 2, 2),
        laid(GREEN, 0, 0, 1, 0),
    ]
    path.write_bytes(chunks.apng(parts, PALETTE if has_palette else b"", b"\0\xff\xff\xff"))

    top, bottom = (1, 1, 0, 0), (1, 1, 1, 1)
    assert middles(path, 6) == [
        [bottom] * 4,
        [bottom] * 4,
        [top, top, bottom, bottom],
        [top, top, (3, 3, 1, 1), (3, 3, 1, 1)],
        [top, top, (0, 0, 2, 2), (0, 0, 2, 2)],
        [(2, 1, 0, 0), top, (0, 0, 1, 1), (0, 0, 1, 1)],
    ]


def test_what_is_half_transparent_lets_half_through(tmp_path: Path) -> None:
    """A shadow that moves would be black, or be none."""
    path = tmp_path / "a.png"
    path.write_bytes(
        chunks.apng([Laid(square((200, 200, 200, 255), 8)), Laid(square((0, 0, 0, 128), 8), blend=1)])
    )

    made = f.make(f.order_of(f.animation(frames=6), profile=STRETCHED), tmp_path, a=path)

    assert f.decoded(made, "rgb24", STRETCHED)[4, 32, 32] == pytest.approx((100, 100, 100), abs=3)


def test_a_picture_for_those_who_show_no_movement_is_not_part_of_it(tmp_path: Path) -> None:
    """An animated PNG would flash its placeholder at each round."""
    path = tmp_path / "a.png"
    parts = [Laid(square((255, 0, 0, 255), 8)), Laid(square((0, 255, 0, 255), 8))]
    path.write_bytes(chunks.apng(parts, hidden=square((0, 0, 255, 255), 8)))

    assert [frame[0][0] for frame in middles(path, 4)] == [RED, GREEN, RED, GREEN]


def test_two_animations_cross_over(tmp_path: Path) -> None:
    """A transition between two of them would need two standard inputs."""
    for name, shade in (("a", 0), ("b", 200)):
        images = [PIL.Image.new("RGB", (64, 64), (level, level, level)) for level in (shade, shade + 40)]
        images[0].save(tmp_path / f"{name}.png", save_all=True, append_images=images[1:], duration=1000)
    cuts = (f.animation("a", 30, 10), f.animation("b", 0, 10))

    made = f.make(f.order_of(*cuts), tmp_path, a=tmp_path / "a.png", b=tmp_path / "b.png")

    levels = f.decoded(made, "rgb24").mean(axis=(1, 2, 3))
    fitted = levels[levels.argmin()]
    assert len(levels) == 10
    assert (np.diff(levels) > 0).all()
    assert fitted == levels[0]


def test_the_same_order_gives_the_same_bytes(tmp_path: Path) -> None:
    """A clip of an animation would be made anew under another content each time."""
    path = counting(tmp_path / "a.webp")
    order = f.order_of(f.animation(first=20, frames=20))

    one, two = (f.make(order, tmp_path, a=path).read_bytes() for _ in range(2))

    assert one == two


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_animation_is_upright_and_no_larger_than_it_will_be_seen(
    orientation: int, tmp_path: Path
) -> None:
    """Thirty pictures a second of eight megapixels would take minutes of a clip that is small."""
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    images = [PIL.Image.fromarray(f.quadrants(1000, 1500)[0]), PIL.Image.new("RGB", (1000, 1500))]
    images[0].save(tmp_path / "a.webp", save_all=True, append_images=images[1:], duration=100, exif=exif)

    width, height = animation.size(tmp_path / "a.webp", STRETCHED)
    (frame, *_) = animation.frames(tmp_path / "a.webp", STRETCHED, f.animation(frames=2))

    assert (width, height) == ((143, 215) if orientation == 1 else (215, 143))
    pixels = np.frombuffer(frame, np.uint8).reshape(height, width, 3).astype(int)
    wanted = f.RED if orientation == 1 else f.BLUE
    assert np.abs(pixels[height // 4, width // 4] - wanted).max() < 20


def test_a_picture_that_rests_is_composed_once(tmp_path: Path) -> None:
    """Ten minutes of a picture that changes every second would cost ten minutes of composing."""
    path = counting(tmp_path / "a.gif", 1000, 2)

    frames = list(animation.frames(path, f.SMALL, f.animation(frames=60)))

    assert len(frames) == 60
    assert len({id(frame) for frame in frames}) == 2


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("first", [0, 30, 100])
def test_the_last_picture_of_one_that_is_held_stands(suffix: str, first: int, tmp_path: Path) -> None:
    """A sticker that draws itself would vanish and begin anew."""
    path = counting(tmp_path / f"a.{suffix}")

    found = list(
        animation.each_frame(
            path,
            30,
            range(first, first + 50),
            lambda _, stored: np.asarray(stored.convert("L")),
            is_held=True,
        )
    )

    assert f.numbers(np.stack(found)) == [min(number // 3, 11) for number in range(first, first + 50)]
    assert len({id(each) for each in found}) == len({min(n // 3, 11) for n in range(first, first + 50)})
