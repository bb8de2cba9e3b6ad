"""Which layer does an overlay become, and is any of it seen? From the task's words and its picture's facts."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

from cliptask.counting import Count
from cliptask.errors import InvalidTask
from cliptask.facts import Look, SourceFacts
from cliptask.layers import Bar, Free, Layer, VideoPicture
from cliptask.planning.looks import style_of
from cliptask.spec.overlays import Anchoring, Counter, Overlay, ProgressBar
from cliptask.spec.position import LEAST_ROOM, columns_of, room_of
from cliptask.spec.quantities import frames_of, share_of

IMAGE_WIDTH, BAR_HEIGHT = 0.2, 0.01

Size: TypeAlias = tuple[int, int]
"""Width and height of the finished video: what pixels in a task count in, in drafts too."""


def layer_of(
    overlay: Overlay,
    image: SourceFacts | None,
    font: Callable[[str], str],
    size: Size,
    fps: int,
    free: Free | None = None,
) -> Layer:
    """An overlay with all that it leaves open, in a video of this size and rate; ``font`` as for ``style_of``, ``free`` as of a layer."""
    return Layer(
        text=overlay.text,
        style=style_of(overlay.style, font, _written(overlay)) if overlay.text or overlay.counter else None,
        count=_count(overlay.counter, fps) if overlay.counter else None,
        bar=_bar(overlay.progress) if overlay.progress else None,
        image=image.sha256 if image else None,
        is_animated=image is not None and image.kind != "still",
        video=_video(image, fps) if image and image.kind == "video" else None,
        is_held=overlay.image is not None and not overlay.image.loop,
        position=overlay.stands or (overlay.place.anchor if overlay.place else "bottom"),
        at=_at(overlay.place, size) if overlay.place else None,
        is_safe=overlay.safe,
        free=free if overlay.safe and overlay.place is None else None,
        width=_width(overlay),
        rotation=float(overlay.rotation),
        opacity=float(overlay.opacity) if overlay.opacity is not None else 1.0,
    )


def _written(overlay: Overlay) -> str:
    counter = overlay.counter
    return f"{counter.prefix} {counter.suffix}" if counter else overlay.text or ""


def _count(counter: Counter, fps: int) -> Count:
    return Count(
        start=counter.from_,
        end=counter.to,
        frames=max(frames_of(counter.duration, fps), 2),
        decimals=counter.decimals,
        form=counter.form,
        prefix=counter.prefix,
        suffix=counter.suffix,
    )


def _bar(progress: ProgressBar) -> Bar:
    return Bar(
        height=BAR_HEIGHT if progress.height is None else float(progress.height),
        color=progress.color,
        background=progress.background,
        radius=float(progress.radius or 0),
    )


def _video(facts: SourceFacts, fps: int) -> VideoPicture:
    frames = max(frames_of(timedelta(seconds=facts.duration_s), fps), 1)
    return VideoPicture(look=facts.look or Look(), width=facts.width, height=facts.height, frames=frames)


def age_of(layer: Layer, before: int, lasts: int) -> int:
    """Which of its frames a layer that moves shows first that appeared so many frames before; the same one by one number.

    ``lasts`` is in how many frames a bar fills.
    """
    if layer.count is not None:
        return min(before, layer.count.frames - 1)
    if layer.bar is not None:
        return min(before, lasts)
    if not layer.is_animated:
        return 0
    if layer.video is None:
        return before
    return min(before, layer.video.frames - 1) if layer.is_held else before % layer.video.frames


def refuse_hidden(where: str, overlay: Overlay, image: SourceFacts | None, size: Size) -> None:
    """Raise ``InvalidTask`` for an overlay that a place puts where nobody sees it, named by ``where`` it stands in the task. Of a picture that could not be had nothing is known."""
    if overlay.place is None:
        return
    at = _at(overlay.place, size)
    begin = f"{where}.place"
    picture = f"the video's picture of {size[0]}x{size[1]}"
    if overlay.image is None and overlay.progress is None:
        rooms = [
            room_of(share, part) for share, part in zip(at, columns_of(overlay.place.anchor), strict=True)
        ]
        for name, room in zip("xy", rooms, strict=True):
            if room < LEAST_ROOM:
                message = f"{begin}.{name}: leaves a text no room within {picture}: move it inwards, or name another anchor"
                raise InvalidTask(message)
    elif image is not None or overlay.progress is not None:
        for share, part, extent, side in zip(
            at, columns_of(overlay.place.anchor), _extent(overlay, image, size), size, strict=True
        ):
            begins = share * side - extent * part
            if begins + extent < 1 or begins > side - 1:
                message = f"{begin}: puts the picture beside {picture}, so nobody would see it: move it inwards, or name another anchor"
                raise InvalidTask(message)


def _at(place: Anchoring, size: Size) -> tuple[float, float]:
    return share_of(place.x, size[0]), share_of(place.y, size[1])


def _width(overlay: Overlay) -> float:
    if overlay.width is not None:
        return float(overlay.width)
    return 1.0 if overlay.image is None else IMAGE_WIDTH


def _extent(overlay: Overlay, image: SourceFacts | None, size: Size) -> tuple[float, float]:
    """Width and height in pixels that a placed picture takes, turned as it is."""
    if image is None:
        height = BAR_HEIGHT if overlay.progress is None else _bar(overlay.progress).height
        return _turned(size[0] * _width(overlay), size[1] * height, overlay.rotation)
    scale = min(size[0] * _width(overlay) / image.width, size[1] / image.height)
    return _turned(image.width * scale, image.height * scale, overlay.rotation)


def _turned(width: float, height: float, degrees: int) -> tuple[float, float]:
    turn = math.radians(degrees)
    across, down = abs(math.cos(turn)), abs(math.sin(turn))
    return width * across + height * down, width * down + height * across
