"""How a picture of another shape becomes one of the video's: what is kept in view, and what shows beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from cliptask.orders import Cut, Profile
from support import frames as f
from support import media


def _ramp(width: int, height: int, count: int = 1) -> f.Frames:
    """RGB frames whose red grows from 0 to 255 from left to right, and green from top to bottom."""
    frame = np.full((height, width, 3), 64, np.uint8)
    frame[..., 0] = np.linspace(0, 255, width)[None]
    frame[..., 1] = np.linspace(0, 255, height)[:, None]
    return np.repeat(frame[None], count, axis=0)


def _written(kind: str, folder: Path, width: int, height: int) -> Path:
    """A clip of ramps of this kind, shown in this size."""
    if kind == "animation":
        pictures = [
            PIL.Image.fromarray(each) for each in (_ramp(width, height)[0], _ramp(width, height)[0] // 2)
        ]
        pictures[0].save(
            folder / "a.webp", save_all=True, append_images=pictures[1:], duration=1000, lossless=True
        )
        return folder / "a.webp"
    if kind == "still":
        PIL.Image.fromarray(_ramp(width, height)[0]).save(folder / "a.png")
        return folder / "a.png"
    if kind == "anamorphic":
        return f.encode(folder / "a.mp4", _ramp(width // 2, height, 5), "-aspect", f"{width}:{height}")
    if kind == "turned":
        lying = f.encode(folder / "lying.mp4", np.rot90(_ramp(width, height, 5), -1, (1, 2)).copy())
        return f.remux(lying, folder / "a.mp4", before=("-display_rotation", "90"))
    return f.encode(folder / "a.mp4", _ramp(width, height, 5))


def _cut(kind: str, focus: tuple[float, float]) -> Cut:
    if kind == "still":
        return f.still(frames=3, focus=focus)
    return f.video(frames=3, focus=focus, kind="animation" if kind == "animation" else "video")


@pytest.mark.parametrize("kind", ["video", "anamorphic", "turned", "animation", "still"])
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("is_wide", [True, False])
def test_cover_keeps_the_focus_in_view(kind: str, share: float, tmp_path: Path, *, is_wide: bool) -> None:
    """A face beside the middle would be cut off: the view is around the focus, as far as the picture's edges allow."""
    size = (640, 160) if is_wide else (96, 640)
    path = _written(kind, tmp_path, *size)

    order = f.order_of(_cut(kind, (share, share)))
    picture = f.decoded(f.make(order, tmp_path, a=path), "rgb24")[1].astype(float)

    seen = 96 / 640 if is_wide else 160 / 640
    first = min(max(share - seen / 2, 0), 1 - seen)
    ramp = picture[70:90, :, 0].mean(axis=0) if is_wide else picture[:, 40:56, 1].mean(axis=1)
    wanted = 255 * (first + seen * (np.arange(ramp.size) + 0.5) / ramp.size)
    assert np.abs(ramp[4:-4] - wanted[4:-4]).max() < 6


LARGE = Profile(width=240, height=400, fps=30, fit="blur")
"""Large enough for an edge that fades: over 6 pixels."""


def _shown(path: Path, profile: Profile = LARGE) -> f.Frames:
    """The middle one of three frames of a still picture, in RGB."""
    order = f.order_of(f.still(frames=3), profile=profile)
    shown: f.Frames = f.decoded(f.make(order, path.parent, a=path), "rgb24", profile)[1]
    return shown


@pytest.mark.parametrize(("width", "height"), [(240, 240), (120, 400), (240, 360)])
def test_a_picture_fades_into_its_blurred_copy(width: int, height: int, tmp_path: Path) -> None:
    """A hard edge across the frame looks like a mistake; one that fades at the frame's own edge would, too."""
    PIL.Image.new("RGB", (width, height), (200, 200, 200)).save(tmp_path / "a.png")

    grey = _shown(tmp_path / "a.png")[..., 0].astype(int)

    line = grey[:, 120] if height < 400 else grey[200]
    size, edge = line.size, (line.size - min(width if height == 400 else height, line.size)) // 2
    assert np.abs(line[: edge - 3] - 140).max() <= 4  # darker
    assert np.abs(line[edge + 9 : size - edge - 9] - 200).max() <= 3
    fading = line[edge - 1 : edge + 8]
    assert (np.diff(fading) >= -2).all()
    assert np.diff(fading).max() < 30
    along = grey[200] if height < 400 else grey[:, 120]
    assert np.abs(along - 200).max() <= 3


@pytest.mark.parametrize(("width", "height"), [(240, 400), (480, 800)])
def test_a_picture_that_fills_the_frame_fades_nowhere(width: int, height: int, tmp_path: Path) -> None:
    """Its edges would be dark."""
    PIL.Image.new("RGB", (width, height), (200, 200, 200)).save(tmp_path / "a.png")

    grey = _shown(tmp_path / "a.png")[..., 0].astype(int)

    assert np.abs(grey - 200).max() <= 3


def test_the_blurred_copy_is_paler_and_the_picture_is_not(tmp_path: Path) -> None:
    """What is advertised would not stand out from what is behind it."""
    PIL.Image.new("RGB", (240, 240), (200, 60, 60)).save(tmp_path / "a.png")

    picture = _shown(tmp_path / "a.png").astype(int)

    copy, own = picture[20, 120], picture[200, 120]
    assert np.abs(own - (200, 60, 60)).max() <= 4
    assert copy[0] < 0.75 * own[0]
    assert 0.4 * (200 - 60) < copy[0] - copy[1] < 0.8 * (200 - 60)


@pytest.mark.parametrize("fit", ["contain", "blur"])
@pytest.mark.parametrize("kind", ["video", "animation", "still"])
@pytest.mark.parametrize(("width", "height"), [(96, 96), (320, 160), (128, 320)])
def test_clips_of_every_shape_are_cropped_to_one(
    fit: str, kind: str, width: int, height: int, tmp_path: Path
) -> None:
    """The picture would jump from band to band at each cut."""
    profile = f.SMALL.model_copy(update={"fit": fit, "crop": (4, 5)})
    path = _written(kind, tmp_path, width, height)

    order = f.order_of(_cut(kind, (1.0, 1.0)), profile=profile)
    picture = f.decoded(f.make(order, tmp_path, a=path), "rgb24", profile)[1].astype(int)

    # 96x120 of 96x160 pixels; of the ramps the end, around the focus.
    wide, high = min(1, height * 0.8 / width), min(1, width / 0.8 / height)
    red, green = picture[80, :, 0], picture[20:140, 48, 1]
    for ramp, seen in ((red, wide), (green, high)):
        wanted = 255 * (1 - seen + seen * (np.arange(ramp.size) + 0.5) / ramp.size)
        assert np.abs(ramp - wanted)[6:-6].max() <= 10
    beside = picture[[*range(16), *range(144, 160)]]
    assert beside.max() < (20 if fit == "contain" else 200)


@pytest.mark.parametrize("motion", ["zoomIn", "panUp"])
def test_a_cropped_picture_moves_within_its_shape(motion: str, tmp_path: Path) -> None:
    """Its band would grow and shrink."""
    PIL.Image.new("RGB", (400, 200), "white").save(tmp_path / "a.png")
    profile = f.SMALL.model_copy(update={"fit": "contain", "crop": (1, 1)})

    order = f.order_of(f.still(frames=5, motion=motion), profile=profile)
    shown = f.decoded(f.make(order, tmp_path, a=tmp_path / "a.png"), "gray", profile).astype(int)

    assert np.abs(shown[:, 34:126] - 235).max() < 4
    assert np.abs(shown[:, [*range(30), *range(130, 160)]] - 16).max() < 4


def _cut_out(kind: str, folder: Path, alpha: int) -> Path:
    """A red square in what is otherwise blue and transparent; 96x96."""
    frame = np.full((96, 96, 4), (0, 0, 255, 0), np.uint8)
    frame[20:76, 20:76] = (255, 0, 0, alpha)
    picture = PIL.Image.fromarray(frame)
    if kind == "video":
        raw = folder / "a.rgba"
        raw.write_bytes(frame.tobytes() * 5)
        form = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", "96x96", "-r", "30", "-i", str(raw)]
        return media.ffmpeg([*form, "-c:v", "png", "-pix_fmt", "rgba"], folder / "a.mov")
    other = PIL.Image.fromarray(np.roll(frame, 1, axis=0))
    more = [other] if kind == "animation" else []
    picture.save(folder / "a.webp", lossless=True, save_all=True, append_images=more, duration=1000)
    return folder / "a.webp"


@pytest.mark.parametrize("fit", ["contain", "cover", "stretch"])
@pytest.mark.parametrize("kind", ["video", "animation", "still", "moving"])
@pytest.mark.parametrize("alpha", [255, 128])
def test_bars_and_what_is_transparent_have_the_task_s_colour(
    fit: str, kind: str, alpha: int, tmp_path: Path
) -> None:
    """A packshot for a white page would lie on black, or have a fringe of what is hidden in it."""
    profile = f.SMALL.model_copy(update={"fit": fit, "background": "#ffe0a0"})
    path = _cut_out("still" if kind == "moving" else kind, tmp_path, alpha)
    cut = f.still(frames=3, motion="zoomIn") if kind == "moving" else _cut(kind, (0.5, 0.5))

    picture = f.decoded(f.make(f.order_of(cut, profile=profile), tmp_path, a=path), "rgb24", profile)[1]

    colour = np.array((255, 224, 160))
    assert np.abs(picture[[4, 155], [48, 48]].astype(int) - colour).max() <= 5
    mixed = np.array(f.RED) * alpha / 255 + colour * (1 - alpha / 255)
    assert np.abs(picture[80, 48] - mixed).max() <= 6
    assert picture[..., 2].max() <= 195  # of what is hidden nothing shines through
    if fit == "contain":
        assert np.abs(picture[:26].astype(int) - colour).max() <= 5


@pytest.mark.parametrize("background", ["#000000", "#ffffff"])
@pytest.mark.parametrize("kind", ["video", "animation", "still"])
def test_the_copy_of_a_cut_out_lies_on_the_task_s_colour(background: str, kind: str, tmp_path: Path) -> None:
    """Beside a product that is to lie on white there would be black."""
    profile = f.SMALL.model_copy(update={"fit": "blur", "background": background})
    path = _cut_out(kind, tmp_path, 255)

    order = f.order_of(_cut(kind, (0.5, 0.5)), profile=profile)
    picture = f.decoded(f.make(order, tmp_path, a=path), "rgb24", profile)[1].astype(int)

    assert np.abs(picture[80, 48] - f.RED).max() <= 4
    blue = picture[2, 48, 2]
    assert blue > 120 if background == "#ffffff" else blue < 10


@pytest.mark.parametrize("fit", ["contain", "blur"])
@pytest.mark.parametrize(("width", "height"), [(240, 397), (239, 400), (1080, 1808)])
def test_nearly_the_frame_s_shape_fills_it(fit: str, width: int, height: int, tmp_path: Path) -> None:
    """Encoders round sides to sixteens: a line of another colour would stand at the frame's edge."""
    PIL.Image.new("RGB", (width, height), (200, 200, 200)).save(tmp_path / "a.png")

    grey = _shown(tmp_path / "a.png", LARGE.model_copy(update={"fit": fit})).astype(int)

    assert np.abs(grey - 200).max() <= 3
