"""How does something that changes lie over the picture? As a film of its own, with transparency, that has only what changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True)
class Film:
    """A file with pictures, each of which stands until the next, and where their upper left corner lies in the video's."""

    file: Path
    """NUT, raw RGBA, times in frames."""
    x: int
    y: int


def write_film(
    pictures: Iterable[tuple[int, npt.NDArray[np.uint8]]], fps: int, file: Path, x: int, y: int
) -> Film:
    """Write pictures of one shape (height, width, 4), each with the frame from which on it stands, from 0 in order."""
    import av  # noqa: PLC0415  only where something is made

    with av.open(str(file), "w", format="nut") as container:
        stream = None
        for frame, rgba in pictures:
            if stream is None:
                height, width = rgba.shape[:2]
                stream = container.add_stream(
                    "rawvideo", rate=fps, width=width, height=height, pix_fmt="rgba"
                )
                stream.time_base = stream.codec_context.time_base = Fraction(1, fps)
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba), format="rgba")
            picture.pts, picture.time_base = frame, Fraction(1, fps)
            container.mux(stream.encode(picture))
    return Film(file, x, y)
