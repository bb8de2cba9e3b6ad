"""What lies over the picture? Titles and logos, composed once into pixels with transparency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cliptask.layers import Layer, OverlayOrder, Style
from cliptask.orders import Profile
from cliptask_renderer.lettering.typeset import Room, Text, typeset
from cliptask_renderer.media import stills
from cliptask_renderer.media.places import GAP, Area, area

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True)
class Composed:
    """Pixels, and where their upper left corner lies in the picture."""

    rgba: npt.NDArray[np.uint8]
    """Shape (height, width, 4)."""
    x: int
    y: int


def compose(order: OverlayOrder, profile: Profile, sources: Mapping[str, Path]) -> Composed:
    """Lay out one overlay for a picture of the profile's size.

    ``sources`` has a file for each SHA-256 that the order names. Raises ``InputError`` for text that no font here can write.
    """
    room = area(profile, is_safe=order.is_safe)
    gap, beside = round(profile.height * GAP), round(profile.height * order.clear)
    for each in order.beside:
        beside += _pixels(each, profile, room, room.height - beside, sources).shape[0] + gap
    rgba = _pixels(order, profile, room, room.height - beside, sources)
    height, width = rgba.shape[:2]
    return Composed(rgba, *room.place(order.position, width, height, beside))


def _pixels(
    layer: Layer, profile: Profile, room: Area, height: int, sources: Mapping[str, Path]
) -> npt.NDArray[np.uint8]:
    most = Room(round(min(profile.width * layer.width, room.width(layer.position))), max(height, 1))
    if layer.image is None:
        shorter = min(profile.width, profile.height)
        return typeset(Text((layer.text or "",)), layer.style or Style(), shorter, most)[0]
    return _picture(sources[layer.image], profile, most)


def _picture(image: Path, profile: Profile, most: Room) -> npt.NDArray[np.uint8]:
    from PIL import Image  # noqa: PLC0415  only where one is laid over

    picture = stills.opened(image, 2 * profile.width, 2 * profile.height).convert("RGBA")
    scale = min(most.width / picture.width, most.height / picture.height)
    width, height = max(round(picture.width * scale), 1), max(round(picture.height * scale), 1)
    # Pillow weighs colours by their opacity; others give logos a fringe of what is invisible.
    return np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS))
