"""What lies over the picture? Titles and logos, composed once into pixels with transparency."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cliptask.area import GAP, Spot, spot
from cliptask.errors import InputError
from cliptask.layers import Layer, OverlayOrder, Style
from cliptask.names import shown
from cliptask.orders import Profile
from cliptask.spec.position import LEAST_ROOM
from cliptask.text import phrases
from cliptask_renderer.lettering.typeset import CLEAR, Fonts, Look, Room, Text, typeset
from cliptask_renderer.media import animation, figures, stills

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL import Image

    from cliptask_renderer.media.pictures import Picture


@dataclass(frozen=True)
class Composed:
    """Pixels, and where their upper left corner lies in the picture."""

    steps: tuple[npt.NDArray[np.uint8], ...]
    """Of shape (height, width, 4); more than one where a text is typed: with one word, with two, and so on."""
    x: int
    y: int
    most: Room
    """What it could take before it was turned."""

    @property
    def rgba(self) -> npt.NDArray[np.uint8]:
        """All of it."""
        return self.steps[-1]


def compose(order: OverlayOrder, profile: Profile, sources: Mapping[str, Path], fonts: Fonts) -> Composed:
    """Lay out one overlay for a picture of the profile's size.

    ``sources`` has a file for each SHA-256 of a picture that the order names, ``fonts`` are for its texts. Raises ``InputError`` for text that no font here can write.
    """
    room = spot(order, profile)
    gap, beside = round(profile.height * GAP), round(profile.height * order.clear)
    for each in order.beside:
        beside += _steps(each, profile, room, room.height - beside, sources, fonts)[-1].shape[0] + gap
    if order.at is None and room.height - beside < profile.height * LEAST_ROOM:
        message = f"the overlay {shown(order.text or ('counter' if order.count else 'progress bar' if order.bar else 'image'))} has no room beside what stands in its place: give it another position"
        raise InputError(message)
    most = _most(order, profile, room, room.height - beside)
    is_typed = order.enter is not None and order.enter.kind == "typewriter"
    steps = _steps(order, profile, room, room.height - beside, sources, fonts, is_typed=is_typed)
    if order.at is None:
        steps = [_within(step, profile) for step in steps]
    height, width = steps[-1].shape[:2]
    x, y = room.place(order.position, width, height, beside)
    if order.at is not None:
        return Composed(tuple(steps), x, y, most)
    return Composed(
        tuple(steps),
        min(x, (profile.width - width) // 2 * 2),
        min(y, (profile.height - height) // 2 * 2),
        most,
    )


def _steps(
    layer: Layer,
    profile: Profile,
    room: Spot,
    height: int,
    sources: Mapping[str, Path],
    fonts: Fonts,
    *,
    is_typed: bool = False,
) -> list[npt.NDArray[np.uint8]]:
    most = _most(layer, profile, room, height)
    if layer.count is not None or layer.bar is not None:
        steps = figures.drawn(layer, profile, most, fonts)
    elif layer.image is None:
        style, shorter = layer.style or Style(), min(profile.width, profile.height)
        # By words also where all of them stand at once: a text that is typed ends as the same pixels.
        words = tuple(phrases(layer.text or ""))
        last = range(len(words)) if is_typed else [len(words) - 1]
        looks = [Look(tuple(style.color if n <= seen else CLEAR for n in range(len(words)))) for seen in last]
        steps = typeset(Text(words), style, shorter, most, looks, fonts)
    elif layer.video is not None:
        width, height = size(layer.video.width, layer.video.height, most)
        steps = [np.zeros((height, width, 4), np.uint8)]
    else:
        steps = [_picture(sources[layer.image], profile, most)]
    return [_turned(step, layer) for step in steps]


def _most(layer: Layer, profile: Profile, room: Spot, height: int) -> Room:
    width = profile.width * layer.width
    if layer.at is not None and not layer.is_written:
        return Room(max(round(width), 1), profile.height)
    return Room(round(min(width, room.width(layer.position))), max(height, 1))


def _turned(rgba: npt.NDArray[np.uint8], layer: Layer) -> npt.NDArray[np.uint8]:
    """Turned, and as opaque as it is to be."""
    from PIL import Image  # noqa: PLC0415  only where something is laid over

    if layer.rotation:
        # Weighed by its opacity meanwhile, so that no colour of what is invisible shines through.
        weighed = (
            Image.fromarray(rgba)
            .convert("RGBa")
            .rotate(-layer.rotation, Image.Resampling.BICUBIC, expand=True)
        )
        rgba = np.asarray(weighed.convert("RGBA"))
    if layer.opacity < 1:
        rgba = rgba.copy()
        rgba[..., 3] = np.rint(rgba[..., 3] * layer.opacity)
    return rgba


def animated(
    order: OverlayOrder, profile: Profile, picture: Path, most: Room
) -> Iterator[npt.NDArray[np.uint8]]:
    """What an animated picture shows in each frame of the cut in which it is seen, as large as ``compose`` has it, which says how large it may be at ``most``."""
    numbers = range(order.age, order.age + order.end_frame - order.start_frame)

    def made(file: Picture, stored: Image.Image) -> npt.NDArray[np.uint8]:
        seen = stills.seen(file, stored, 2 * profile.width, 2 * profile.height)
        return _finished(_fitted(seen, most), order, profile)

    return animation.each_frame(picture, profile.fps, numbers, made, is_held=order.is_held)


def finished(
    order: OverlayOrder, profile: Profile, frames: Iterable[npt.NDArray[np.uint8]]
) -> Iterator[npt.NDArray[np.uint8]]:
    """Frames of that size as ``compose`` has them; of one object several times it is one again."""
    last: npt.NDArray[np.uint8] | None = None
    for frame in frames:
        if frame is not last:
            last, made = frame, _finished(frame, order, profile)
        yield made


def _finished(rgba: npt.NDArray[np.uint8], order: OverlayOrder, profile: Profile) -> npt.NDArray[np.uint8]:
    turned = _turned(rgba, order)
    return turned if order.at is not None else _within(turned, profile)


def _within(rgba: npt.NDArray[np.uint8], profile: Profile) -> npt.NDArray[np.uint8]:
    """No larger than the picture, which what is turned can be: its middle."""
    top, left = (
        max(each - whole, 0) // 2
        for each, whole in zip(rgba.shape, (profile.height, profile.width), strict=False)
    )
    return rgba[top : top + profile.height, left : left + profile.width]


def size(width: int, height: int, most: Room) -> tuple[int, int]:
    """Width and height of a picture of this size that is as large as it may be."""
    scale = min(most.width / width, most.height / height)
    return max(round(width * scale), 1), max(round(height * scale), 1)


def _picture(image: Path, profile: Profile, most: Room) -> npt.NDArray[np.uint8]:
    return _fitted(stills.opened(image, 2 * profile.width, 2 * profile.height), most)


def _fitted(picture: Image.Image, most: Room) -> npt.NDArray[np.uint8]:
    from PIL import Image  # noqa: PLC0415  only where one is laid over

    width, height = size(picture.width, picture.height, most)
    # Pillow weighs colours by their opacity; others give logos a fringe of what is invisible.
    return np.asarray(picture.convert("RGBA").resize((width, height), Image.Resampling.LANCZOS))
