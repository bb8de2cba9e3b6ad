"""What are the pixels of a picture? Upright, in the colours of a screen, no more of them than are needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cliptask.orders import Profile

if TYPE_CHECKING:
    from PIL import Image

    from cliptask_renderer.media.pictures import Picture


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
    """How pixels are handed over. Only a blurred copy shows through what is transparent; elsewhere that is the background."""
    return "rgba" if profile.fit == "blur" else "rgb24"


def packed(picture: Image.Image, profile: Profile) -> bytes:
    """A picture of RGB or RGBA in the profile's ``pixel_format``."""
    if profile.fit == "blur":
        return picture.convert("RGBA").tobytes()
    return opaque(picture, profile.background).tobytes()


def opaque(picture: Image.Image, background: str) -> Image.Image:
    """A picture of RGB or RGBA as RGB, over a colour."""
    from PIL import Image  # noqa: PLC0415  as above

    if picture.mode == "RGB":
        return picture
    return Image.alpha_composite(Image.new("RGBA", picture.size, background), picture).convert("RGB")


def pixels(picture: Path, profile: Profile) -> tuple[bytes, int, int]:
    """A picture in the profile's ``pixel_format`` with its width and height, reduced if it is much larger than needed."""
    whole = opened(picture, 2 * profile.width, 2 * profile.height)
    return packed(whole, profile), whole.width, whole.height
