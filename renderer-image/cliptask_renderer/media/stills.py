"""How does a still picture become a clip? Its pixels, and frames of a slow camera movement over it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cliptask.orders import Cut, Profile

if TYPE_CHECKING:
    from PIL import Image

    from cliptask_renderer.media.pictures import Picture

ZOOM = 1.15
"""How much closer the closest view is: a movement that is seen in 3 s and not felt."""


def canvas(profile: Profile) -> Profile:
    """The size at which a moving picture is prepared: at the closest view its pixels are the video's."""
    width, height = (2 * math.ceil(side * ZOOM / 2 - 1e-6) for side in (profile.width, profile.height))
    return Profile(width=width, height=height, fps=profile.fps, fit=profile.fit)


def opened(picture: Path, width: int, height: int) -> Image.Image:
    """A picture of somebody else's as RGB or RGBA, as ``seen``.

    Much larger ones than ``width`` x ``height`` are reduced by a whole number, so that memory stays bounded.
    """
    from cliptask_renderer.media import pictures  # noqa: PLC0415  only where something is made

    with pictures.opened(picture) as file:
        return seen(file, file.still(*file.shown(width, height)), width, height)


def seen(file: Picture, stored: Image.Image, width: int, height: int) -> Image.Image:
    """A decoded picture of a file as RGB or RGBA: reduced as in ``opened``, its colours in sRGB, upright."""
    factor = reduction(stored.width, stored.height, *file.shown(width, height))
    reduced = stored.reduce(factor) if factor > 1 else stored
    return file.upright(file.colours.srgb(reduced))


def reduction(width: int, height: int, wanted_width: int, wanted_height: int) -> int:
    """By which whole number a picture is reduced that need not be larger than wanted."""
    return max(min(width // wanted_width, height // wanted_height), 1)


def pixel_format(profile: Profile) -> Literal["rgba", "rgb24"]:
    """How pixels are handed over. Only a blurred copy shows through what is transparent; elsewhere that is black."""
    return "rgba" if profile.fit == "blur" else "rgb24"


def packed(picture: Image.Image, profile: Profile) -> bytes:
    """A picture of RGB or RGBA in the profile's ``pixel_format``."""
    from PIL import Image  # noqa: PLC0415  as above

    if profile.fit == "blur":
        return picture.convert("RGBA").tobytes()
    if picture.mode == "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "black"), picture).convert("RGB")
    return picture.tobytes()


def pixels(picture: Path, profile: Profile) -> tuple[bytes, int, int]:
    """A picture in the profile's ``pixel_format`` with its width and height, reduced if it is much larger than needed."""
    whole = opened(picture, 2 * profile.width, 2 * profile.height)
    return packed(whole, profile), whole.width, whole.height


def moving_frames(prepared: Path, profile: Profile, cut: Cut) -> Iterator[bytes]:
    """Each frame of the cut as yuv420p, from ``prepared``: one yuv420p frame of ``canvas(profile)``'s size.

    Pillow resamples from a window with fractional edges, so the movement is smooth where a filter that moves by
    whole pixels trembles; plane by plane, which costs a third of doing it in RGB.
    """
    from PIL import Image  # noqa: PLC0415  only where something is made

    whole = canvas(profile)
    planes, offset, content = [], 0, prepared.read_bytes()
    for halved in (1, 2, 2):
        width, height = whole.width // halved, whole.height // halved
        planes.append(Image.frombytes("L", (width, height), content[offset : offset + width * height]))
        offset += width * height
    for number in range(cut.first_frame, cut.first_frame + cut.frames):
        left, top, right, bottom = window(cut.motion, number / max(cut.motion_frames - 1, 1))
        yield b"".join(
            plane.resize(
                (profile.width // halved, profile.height // halved),
                Image.Resampling.BICUBIC,
                box=(left * plane.width, top * plane.height, right * plane.width, bottom * plane.height),
            ).tobytes()
            for plane, halved in zip(planes, (1, 2, 2), strict=True)
        )


def window(motion: str | None, progress: float) -> tuple[float, float, float, float]:
    """The part of the canvas that is seen: left, top, right, bottom as shares of it. ``progress`` runs from 0 to 1."""
    near = 1 / ZOOM
    if motion in ("zoomIn", "zoomOut"):
        scale = 1 / (1 + (ZOOM - 1) * (progress if motion == "zoomIn" else 1 - progress))
        edge = (1 - scale) / 2
        return edge, edge, edge + scale, edge + scale
    left = (1 - near) * (progress if motion == "panRight" else 1 - progress)
    return left, (1 - near) / 2, left + near, (1 + near) / 2
