"""How do counters and progress bars look? Drawn for each moment; what does not change is one object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, repeat
from typing import TYPE_CHECKING

import numpy as np

from cliptask.counting import Count
from cliptask.layers import Bar, Layer, OverlayOrder, Style
from cliptask.orders import Profile
from cliptask_renderer.lettering.typeset import Fonts, Room, typeset_row

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

_FINE = 8
"""Times as finely corners are drawn."""


def drawn(layer: Layer, profile: Profile, most: Room, fonts: Fonts) -> list[Pixels]:
    """A counter with each text that it shows in the order's frames, of a mere layer with its last one; a full bar."""
    if layer.count is None:
        return [*_bars(layer.bar, profile, most.width, [1.0])] if layer.bar else []
    ages = (
        _ages(layer) if isinstance(layer, OverlayOrder) else range(layer.count.frames, layer.count.frames + 1)
    )
    texts = list(dict.fromkeys(map(layer.count.text, ages)))
    shorter = min(profile.width, profile.height)
    return typeset_row(texts, layer.count.shapes, layer.style or Style(), shorter, most, fonts)


def counted(count: Count, order: OverlayOrder, steps: Sequence[Pixels]) -> Iterator[Pixels]:
    """What a counter shows in each frame of the cut, of what ``drawn`` has made of the same order."""
    texts = [count.text(age) for age in _ages(order)]
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    return (steps[numbers[text]] for text in texts)


def filling(bar: Bar, order: OverlayOrder, profile: Profile, most: Room) -> Iterator[Pixels]:
    """What a bar shows in each frame of the cut: in the last one of its time it is full."""
    lasts = order.lasts or 1
    return _bars(bar, profile, most.width, (min(age + 1, lasts) / lasts for age in _ages(order)))


def _ages(order: OverlayOrder) -> range:
    return range(order.age, order.age + order.end_frame - order.start_frame)


def _bars(bar: Bar, profile: Profile, width: int, shares: Iterable[float]) -> Iterator[Pixels]:
    """A bar filled to shares of its width, to parts of a pixel; in a row of one share it is one object."""
    from PIL import Image, ImageColor, ImageDraw  # noqa: PLC0415  only where one is drawn

    height = max(round(profile.height * bar.height), 2)
    mask = Image.new("L", (width * _FINE, height * _FINE), 0)
    box = (0, 0, width * _FINE - 1, height * _FINE - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, round(bar.radius * height * _FINE), fill=255)
    shape = np.asarray(mask.reduce(_FINE))[..., None] / 255
    gone, coming = (
        np.array((*ImageColor.getrgb(each), 255)[:4], np.float64) for each in (bar.color, bar.background)
    )
    for share, row in groupby(shares):
        part = np.clip(share * width - np.arange(width), 0, 1)[None, :, None]
        weights = gone[3] * part + coming[3] * (1 - part)
        # Weighed by their opacity, where both share a pixel.
        colours = (gone[:3] * gone[3] * part + coming[:3] * coming[3] * (1 - part)) / np.maximum(weights, 1)
        rgba = np.empty((height, width, 4))
        rgba[..., :3], rgba[..., 3:] = colours, weights * shape
        yield from repeat(np.rint(rgba).astype(np.uint8), len([*row]))
