"""How a picture of another shape becomes one of the video's: what is kept in view, and what shows beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from cliptask.orders import Cut
from support import frames as f


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
