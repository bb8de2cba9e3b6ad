from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from cliptask_renderer.media.poster import poster
from support import frames as f


def test_the_poster_is_the_first_picture_in_its_colours(tmp_path: Path) -> None:
    """The gallery would show another picture, or one in the wrong colours: a JPEG is always coded by BT.601."""
    shown = np.concatenate([f.quadrants(96, 160), f.plain(f.BLACK, count=9)])
    source = f.encode(tmp_path / "a.mp4", shown)

    poster(f.make(f.order_of(f.video()), tmp_path, a=source), tmp_path / "a.jpg")

    with PIL.Image.open(tmp_path / "a.jpg") as picture:
        assert (picture.format, picture.size) == ("JPEG", (96, 160))
        corners = [picture.getpixel(place) for place in ((20, 30), (70, 30), (20, 120), (70, 120))]
    for corner, colour in zip(corners, (f.RED, f.GREEN, f.BLUE, f.WHITE), strict=True):
        assert corner == pytest.approx(colour, abs=8)


def test_a_large_video_s_poster_is_small(tmp_path: Path) -> None:
    """A gallery of a thousand variants would take minutes to load."""
    source = f.encode(tmp_path / "a.mp4", f.plain(f.RED, 1080, 200))

    poster(source, tmp_path / "a.jpg")

    with PIL.Image.open(tmp_path / "a.jpg") as picture:
        assert picture.size == (540, 100)
