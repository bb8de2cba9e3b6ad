"""What does a video show that is laid over the picture? Its frames with their transparency, in the size that they are seen in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cliptask.errors import MediaError, SourceError
from cliptask.layers import OverlayOrder, VideoPicture
from cliptask.names import called
from cliptask.orders import Cut, Profile
from cliptask_renderer.media.fit import over
from cliptask_renderer.media.graph import SECONDS_PER_FRAME_LIMIT, Graph, wanted

if TYPE_CHECKING:
    import numpy.typing as npt

_LOSSLESS = ("-c:v", "utvideo", "-pix_fmt", "gbrap", "-threads", "1", "-f", "nut")


def frames(
    whole: Graph, order: OverlayOrder, video: VideoPicture, width: int, height: int
) -> Iterator[npt.NDArray[np.uint8]]:
    """What it shows in each frame of the cut in which it is seen: RGBA of shape (height, width, 4); while it rests, one object.

    ``whole`` is the command of the segment. Raises ``SourceError`` for what cannot be decoded.
    """
    ages = range(order.age, order.age + order.end_frame - order.start_frame)
    last = video.frames - 1
    numbers = [min(age, last) if order.is_held else age % video.frames for age in ages]
    first = min(numbers)
    file = whole.work / f"video{whole.number}.nut"
    _decode(whole, order, video, range(first, max(numbers) + 1), width, height, file)
    return _in_order(file, [number - first for number in numbers])


def _decode(
    whole: Graph,
    order: OverlayOrder,
    video: VideoPicture,
    numbers: range,
    width: int,
    height: int,
    file: Path,
) -> None:
    profile = Profile(width=width, height=height, fps=whole.order.profile.fps, fit="stretch")
    cut = Cut(
        source=order.image or "",
        kind="video",
        look=video.look,
        first_frame=numbers.start,
        frames=len(numbers),
    )
    graph = Graph(whole.order, whole.sources, whole.work, whole.places)
    graph.chains.append(
        f"{wanted(graph, cut, profile)},{over(has_alpha=video.look.has_alpha, width=width, height=height)}[out]"
    )
    limit_s = 60 + len(numbers) * SECONDS_PER_FRAME_LIMIT
    try:
        graph.run("-frames:v", str(len(numbers)), *_LOSSLESS, f"file:{file}", limit_s=limit_s)
    except MediaError as error:
        message = f"{called('picture', cut.source, whole.places)} cannot be decoded: export it again: {error}"
        raise SourceError(message) from error


def _in_order(file: Path, numbers: list[int]) -> Iterator[npt.NDArray[np.uint8]]:
    """Pictures of a file by their numbers, which rise, and begin anew."""
    import av  # noqa: PLC0415  only where something is made

    place = 0
    while place < len(numbers):
        with av.open(str(file), format="nut") as container:
            for number, picture in enumerate(container.decode(video=0)):
                if number != numbers[place]:
                    continue
                rgba = picture.to_ndarray(format="rgba").astype(np.uint8, copy=False)
                while place < len(numbers) and numbers[place] == number:
                    yield rgba
                    place += 1
                if place == len(numbers) or numbers[place] < number:
                    break
