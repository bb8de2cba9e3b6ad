from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from cliptask.errors import MediaError
from cliptask_renderer.media.storyboard import picture
from support import frames as f


def test_the_picture_has_the_colours_of_its_clip(tmp_path: Path) -> None:
    """The gallery would show it in the wrong ones: a JPEG is always coded by BT.601."""
    shown = np.concatenate([f.quadrants(96, 160), f.plain(f.BLACK, count=9)])
    source = f.encode(tmp_path / "a.mp4", shown)

    picture(f.make(f.order_of(f.video()), tmp_path, a=source), tmp_path / "a.jpg")

    with PIL.Image.open(tmp_path / "a.jpg") as image:
        assert (image.format, image.size) == ("JPEG", (96, 160))
        corners = [image.getpixel(place) for place in ((20, 30), (70, 30), (20, 120), (70, 120))]
    for corner, colour in zip(corners, (f.RED, f.GREEN, f.BLUE, f.WHITE), strict=True):
        assert corner == pytest.approx(colour, abs=8)


@pytest.mark.parametrize(("frames", "nearest"), [(1, 0), (59, 0), (60, 0), (61, 60), (150, 60), (181, 120)])
def test_the_picture_is_the_keyframe_nearest_the_middle(frames: int, nearest: int, tmp_path: Path) -> None:
    """A clip that fades in, or a title that comes later, would be shown by a black or an empty picture."""
    source = f.encode(tmp_path / "a.mp4", f.numbered(frames))
    made = f.make(f.order_of(f.video(frames=frames)), tmp_path, a=source)

    picture(made, tmp_path / "a.jpg")

    with PIL.Image.open(tmp_path / "a.jpg") as image:
        assert f.numbers(np.asarray(image.convert("L"))[np.newaxis]) == [nearest]


def test_a_large_clip_s_picture_is_small(tmp_path: Path) -> None:
    """A gallery of a thousand variants would take minutes to load."""
    source = f.encode(tmp_path / "a.mp4", f.plain(f.RED, 1080, 200))

    picture(source, tmp_path / "a.jpg")

    with PIL.Image.open(tmp_path / "a.jpg") as image:
        assert image.size == (540, 100)


@pytest.mark.parametrize("content", [b"", b"no video"])
def test_what_is_no_segment_is_told(content: bytes, tmp_path: Path) -> None:
    """A damaged disk would end in a traceback."""
    (tmp_path / "a.mp4").write_bytes(content)

    with pytest.raises(MediaError, match=r"the picture of a\.mp4 cannot be made"):
        picture(tmp_path / "a.mp4", tmp_path / "a.jpg")
