"""How does an overlay come and go? MoviePy composes the frames in which it moves; those in which it rests are one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cliptask.layers import OverlayOrder, Passage
from cliptask.orders import Profile
from cliptask_renderer.media.film import Film, write_film
from cliptask_renderer.media.overlays import Composed

if TYPE_CHECKING:
    import numpy.typing as npt
    from moviepy import CompositeVideoClip

    Pixels = npt.NDArray[np.uint8]

_TRAVEL = 0.06
"""Of the picture's shorter side: how far a layer slides, at least; its own extent is the other bound."""

_OVERSHOOT = 1.08
_SMALLEST = 0.4
"""The size at which a layer begins to pop."""
_PEAK = 2 / 3
"""The share of its way after which it is largest."""

_SIDES = {"slideUp": (0, 1), "slideDown": (0, -1), "slideLeft": (1, 0), "slideRight": (-1, 0)}
"""Where a layer comes from, in its own travel; it goes on in the same direction."""


def film(
    order: OverlayOrder,
    layer: Composed,
    profile: Profile,
    frames: int,
    file: Path,
    animated: Iterator[Pixels] | None = None,
) -> Film:
    """Write an overlay over the ``frames`` pictures of a cut, with all its moves.

    ``animated`` has what it shows in each frame in which it is seen, where that is not always the same.
    """
    canvas = _Canvas(order, layer, profile)
    return write_film(
        pictures(order, layer, profile, frames, animated), profile.fps, file, canvas.x, canvas.y
    )


class _Canvas:
    """The part of the picture in which a layer moves: even, and inside of it."""

    def __init__(self, order: OverlayOrder, layer: Composed, profile: Profile) -> None:
        height, width = layer.rgba.shape[:2]
        self.travel = max(round(min(profile.width, profile.height) * _TRAVEL), min(height, width) // 2)
        kinds = {each.kind for each in (order.enter, order.leave) if each}
        around = [round(side * (_OVERSHOOT - 1) / 2) + 2 if "pop" in kinds else 0 for side in (width, height)]
        across = self.travel if kinds & {"slideLeft", "slideRight"} else around[0]
        down = self.travel if kinds & {"slideUp", "slideDown"} else around[1]
        self.x, self.y = max(layer.x - across, 0) // 2 * 2, max(layer.y - down, 0) // 2 * 2
        self.width = min(layer.x + width + across, profile.width) - self.x
        self.height = min(layer.y + height + down, profile.height) - self.y
        self.left, self.top = layer.x - self.x, layer.y - self.y

    @property
    def empty(self) -> Pixels:
        return np.zeros((self.height, self.width, 4), np.uint8)

    def resting(self, rgba: Pixels) -> Pixels:
        """A layer where it stands."""
        whole, left, top = self.empty, max(self.left, 0), max(self.top, 0)
        # It may hang over the picture's edges.
        seen = rgba[top - self.top :, left - self.left :][: self.height - top, : self.width - left]
        whole[top : top + seen.shape[0], left : left + seen.shape[1]] = seen
        return whole


class _Shown:
    """What a layer shows at the moment."""

    def __init__(self, rgba: Pixels) -> None:
        self.rgba = rgba


def pictures(
    order: OverlayOrder,
    layer: Composed,
    profile: Profile,
    frames: int,
    animated: Iterator[Pixels] | None = None,
) -> Iterator[tuple[int, Pixels]]:
    """What stands from which frame on, as ``film`` writes it: RGBA, all of one shape."""
    canvas, fps = _Canvas(order, layer, profile), profile.fps
    if order.start_frame:
        yield 0, canvas.empty
    shown = _Shown(layer.rgba)
    entering = _moving(shown, canvas, order.enter, fps) if order.enter else None
    leaving = _moving(shown, canvas, order.leave, fps, leaves=True) if order.leave else None
    rests = False
    for frame in range(order.start_frame, order.end_frame):
        if animated is not None:
            now = next(animated)
            rests = rests and now is shown.rgba
            shown.rgba = now
        age, left = order.before + frame - order.start_frame, order.after + order.end_frame - 1 - frame
        if order.enter and entering and age < order.enter.frames:
            if order.enter.kind == "typewriter":
                yield frame, canvas.resting(layer.steps[age * len(layer.steps) // order.enter.frames])
            else:
                yield frame, _frame(entering, age / fps)
            rests = False
        elif order.leave and leaving and left < order.leave.frames:
            yield frame, _frame(leaving, (order.leave.frames - 1 - left) / fps)
            rests = False
        elif not rests:
            yield frame, canvas.resting(shown.rgba)
            rests = True
    if order.end_frame < frames:
        yield order.end_frame, canvas.empty


def _moving(
    shown: _Shown, canvas: _Canvas, passage: Passage, fps: int, *, leaves: bool = False
) -> CompositeVideoClip:
    """A layer's passage on its canvas, over time."""
    from moviepy import CompositeVideoClip, VideoClip  # noqa: PLC0415  costs half a second: only where something moves

    def settled(t: float) -> float:
        """From 0, where nothing is seen, to 1, where it rests: neither is reached, for both are seen beside it."""
        share = (round(t * fps) + 1) / (passage.frames + 1)
        return 1 - share if leaves else share

    def scale(t: float) -> float:
        return _popped(settled(t)) if passage.kind == "pop" else 1.0

    def position(t: float) -> tuple[int, int]:
        away = (1 - settled(t)) ** 3 * canvas.travel * (-1 if leaves else 1)
        across, down = (each * away for each in _SIDES.get(passage.kind, (0, 0)))
        centred = [(1 - scale(t)) * side / 2 for side in (shown.rgba.shape[1], shown.rgba.shape[0])]
        return round(canvas.left + across + centred[0]), round(canvas.top + down + centred[1])

    def strength(t: float) -> float:
        return settled(t) if passage.kind == "fade" else min(settled(t) * 2, 1.0)

    lasts_s = passage.frames / fps
    mask = VideoClip(lambda t: shown.rgba[..., 3] / 255 * strength(t), is_mask=True, duration=lasts_s)
    clip = VideoClip(lambda _: _bled(shown.rgba), duration=lasts_s).with_mask(mask)
    if passage.kind == "pop":
        clip = clip.resized(scale)
    return CompositeVideoClip([clip.with_position(position)], size=(canvas.width, canvas.height))


def _frame(clip: CompositeVideoClip, t: float) -> Pixels:
    alpha = np.rint(np.clip(clip.mask.get_frame(t), 0, 1) * 255)
    return np.dstack([np.clip(np.rint(clip.get_frame(t)), 0, 255), alpha]).astype(np.uint8)


def _popped(progress: float) -> float:
    """From small over its size to it."""
    if progress < _PEAK:
        return _SMALLEST + (_OVERSHOOT - _SMALLEST) * (1 - (1 - progress / _PEAK) ** 2)
    return _OVERSHOOT + (1 - _OVERSHOOT) * (progress - _PEAK) / (1 - _PEAK)


def _bled(rgba: Pixels) -> Pixels:
    """Colours that what is invisible shares with what is seen: MoviePy does not weigh them by opacity when it resizes."""
    seen = rgba[..., 3:] / 255
    total = seen.sum()
    if not total:
        return rgba[..., :3]
    mean = (rgba[..., :3] * seen).sum(axis=(0, 1)) / total
    return np.where(rgba[..., 3:] > 0, rgba[..., :3], np.rint(mean)).astype(np.uint8)
