"""What lies over the picture? Titles (by MoviePy) and logos, composed once into pixels with transparency."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np

from cliptask.errors import InputError
from cliptask.names import shown
from cliptask.orders import OverlayOrder, Profile
from cliptask.spec.position import Position
from cliptask.text import SPACES, drawn, line_parts
from cliptask_renderer.media import stills
from cliptask_renderer.media.fonts import basic_layout, face, font, unwritable, writable

if TYPE_CHECKING:
    import numpy.typing as npt
    from moviepy import TextClip
    from PIL import ImageFont

MARGIN = 0.05
"""Of the picture's shorter side: inside what players' buttons and rounded corners cover."""

TEXT_SIZE = 0.06
"""Height of the letters' em, as a share of the picture's shorter side."""

OUTLINE = 0.07
"""Width of the dark outline, as a share of the em, so that text stays legible on any picture."""

SMALLEST = 0.4
"""Of the usual size, for text that is too long: below it nobody reads it on a phone."""

_LINE_HEIGHT = 1.35
"""Of the font with the outline and the space between lines, in em."""


@dataclass(frozen=True)
class Layer:
    """Pixels, and where their upper left corner lies in the picture."""

    rgba: npt.NDArray[np.uint8]
    """Shape (height, width, 4)."""
    x: int
    y: int


def compose(order: OverlayOrder, profile: Profile, image: Path | None) -> Layer:
    """Lay out one overlay for a picture of the profile's size.

    ``image`` is the file of ``order.image``, None for a text. Raises ``InputError`` for text that no font here can write.
    """
    rgba = _text(order, profile) if image is None else _picture(order, profile, image)
    height, width = rgba.shape[:2]
    margin = round(min(profile.width, profile.height) * MARGIN)
    x = _place(profile.width, width, margin, _COLUMN[order.position])
    y = _place(profile.height, height, margin, _ROW[order.position])
    return Layer(rgba, x, y)


_COLUMN = {
    name: 0 if name.lower().endswith("left") else 2 if name.lower().endswith("right") else 1
    for name in get_args(Position)
}
_ROW = {name: 0 if name.startswith("top") else 2 if name.startswith("bottom") else 1 for name in _COLUMN}


def _place(whole: int, part: int, margin: int, third: int) -> int:
    offset = (margin, (whole - part + 2) // 4 * 2, whole - part - margin)[third]
    return min(max(offset, 0), max(whole - part, 0)) // 2 * 2  # even, as 4:2:0 pictures have it


def _text(order: OverlayOrder, profile: Profile) -> npt.NDArray[np.uint8]:
    from moviepy import TextClip  # noqa: PLC0415  costs half a second: only where a title is composed

    text = drawn(order.text or "")
    if words := unwritable(text):
        message = f"the overlay's text {words}"
        raise InputError(message)
    em, lines = laid_out(text, order, profile)
    with basic_layout():
        clip = TextClip(
            font=font(), text=writable("\n".join(lines)), font_size=em, method="label", color="white", stroke_color="black",
            stroke_width=_stroke(em), text_align="center", margin=(em, em), interline=em // 6,
        )  # fmt: skip
    return _pixels(clip)


def laid_out(text: str, order: OverlayOrder, profile: Profile) -> tuple[int, list[str]]:
    """The em in pixels, and lines broken as Unicode has it (MoviePy breaks inside words from the third line on).

    What does not fit is written smaller, down to ``SMALLEST``. Raises ``InputError`` where even that is too large.
    """
    full = max(round(min(profile.width, profile.height) * TEXT_SIZE), 8)
    room = 1 - 2 * MARGIN
    most_width, most_height = profile.width * min(order.width, room), profile.height * room
    for em in range(full, max(round(full * SMALLEST), 4) - 1, -1):
        letters = face(em)
        lines = _lines(text, most_width - 2 * _stroke(em), letters)
        widest = max(letters.getlength(writable(line)) for line in lines)
        if widest <= most_width - 2 * _stroke(em) and len(lines) * em * _LINE_HEIGHT <= most_height:
            return em, lines
    message = f"the overlay text {shown(text)} does not fit on the picture: shorten it, or give it more width"
    raise InputError(message)


def _lines(text: str, width: float, letters: ImageFont.FreeTypeFont) -> list[str]:
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for part in line_parts(SPACES.sub(" ", paragraph).strip(" ")):
            longer = line + part
            if line and letters.getlength(writable(longer.rstrip(" "))) > width:
                lines.append(line.rstrip(" "))
                line = part
            else:
                line = longer
        lines.append(line.rstrip(" "))
    return lines


def _stroke(em: int) -> int:
    return max(round(em * OUTLINE), 1)


def _picture(order: OverlayOrder, profile: Profile, image: Path) -> npt.NDArray[np.uint8]:
    from PIL import Image  # noqa: PLC0415  as above

    picture = stills.opened(image, 2 * profile.width, 2 * profile.height).convert("RGBA")
    room = 1 - 2 * MARGIN
    across = profile.width * min(order.width, room) / picture.width
    scale = min(across, profile.height * room / picture.height)
    width, height = max(round(picture.width * scale), 1), max(round(picture.height * scale), 1)
    # Pillow weighs colours by their opacity; MoviePy does not, and gives logos a fringe of what is invisible.
    return np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS))


def _pixels(clip: TextClip) -> npt.NDArray[np.uint8]:
    """Shape (height, width, 4): a still MoviePy clip with its mask.

    Without the empty rows and columns around, so that positions mean what is seen.
    """
    alpha = np.clip(np.rint(clip.mask.get_frame(0) * 255), 0, 255)
    rgba = np.dstack([np.clip(np.rint(clip.get_frame(0)), 0, 255), alpha]).astype(np.uint8)
    rows, columns = np.flatnonzero(rgba[..., 3].any(axis=1)), np.flatnonzero(rgba[..., 3].any(axis=0))
    if not len(rows):
        return rgba[:1, :1]
    return rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
