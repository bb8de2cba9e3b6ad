"""How do the parts of an animation become whole pictures? Each is laid over what the ones before have left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from PIL import Image

from cliptask_renderer.media.pieces import Piece

Then: TypeAlias = Literal["keep", "clear", "restore"]

_PARTS = 20_000
"""More than any probe allows."""


@dataclass(frozen=True)
class Part:
    """A picture that is laid over the one before, and may be smaller."""

    width: int
    height: int
    x: int
    y: int
    us: int
    """How long it is shown, in microseconds, as the file says."""
    then: Then
    """What happens to it before the next: nothing, it is cleared, or what was there before comes back."""
    blends: bool
    """Whether it is laid over, and does not replace, what is there."""
    data: list[Piece] = field(default_factory=list)


def add(parts: list[Part], part: Part) -> None:
    """Append a part. Raises ``SyntaxError`` where there are so many that to know them all would take the memory."""
    if len(parts) == _PARTS:
        message = f"it has more than {_PARTS} pictures"
        raise SyntaxError(message)
    parts.append(part)


def composed(
    width: int, height: int, parts: Iterable[Part], decoded: Callable[[Part], Image.Image]
) -> Iterator[tuple[Image.Image, int]]:
    """Each whole picture as RGBA, good until the next, and for how many microseconds the file has it shown.

    Raises ``SyntaxError`` for a part larger than the whole, whose size nobody has checked.
    """
    canvas = Image.new("RGBA", (width, height))
    for part in parts:
        if part.width > width or part.height > height:
            message = f"a part of it has {part.width}x{part.height} pixels, the whole {width}x{height}"
            raise SyntaxError(message)
        box = (part.x, part.y, part.x + part.width, part.y + part.height)
        before = canvas.crop(box) if part.then == "restore" else None
        own = decoded(part)
        if part.blends and own.mode in {"LA", "RGBA"}:
            canvas.alpha_composite(own.convert("RGBA"), box[:2])
        else:
            canvas.paste(own.convert("RGBA"), box[:2])
        yield canvas, part.us
        if part.then == "clear":
            canvas.paste((0, 0, 0, 0), box)
        elif before is not None:
            canvas.paste(before, box)
