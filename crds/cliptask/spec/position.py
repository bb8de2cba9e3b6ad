"""Where may something stand, how are its lines set, and how does it come and go? Apart from the task's models, which a Job's work order does not need."""

from __future__ import annotations

import math
from typing import Final, Literal

Position = Literal[
    "topLeft", "top", "topRight", "left", "center", "right", "bottomLeft", "bottom", "bottomRight"
]  # fmt: skip
NumberForm = Literal["1234.5", "1,234.5", "1.234,5", "1 234,5", "1'234.5", "1,23,456.7"]
Align = Literal["left", "center", "right"]
CaptionStyle = Literal["plain", "highlightWord", "highlightBox", "karaoke", "pop", "oneWord"]
LetterCase = Literal["asWritten", "upper", "lower"]
PassageKind = Literal["fade", "slideUp", "slideDown", "slideLeft", "slideRight", "pop", "typewriter"]

LEAST_ROOM: Final = 0.02
"""Of the picture's side: in less nobody sees a text."""


def columns_of(position: Position) -> tuple[float, float]:
    """How far across and down of something a point lies: 0 at its left and upper edge, 0.5 in its middle, 1 at the other."""
    lower = position.lower()
    across = 0.0 if lower.endswith("left") else 1.0 if lower.endswith("right") else 0.5
    down = 0.0 if lower.startswith("top") else 1.0 if lower.startswith("bottom") else 0.5
    return across, down


def room_of(at: float, part: float) -> float:
    """How much of a side there is for what has its point ``part`` (as in ``columns_of``) at ``at``, and stays within: a share of the side, 0 where ``at`` is beside it."""
    if not 0 <= at <= 1:
        return 0.0
    before = at / part if part else math.inf
    after = (1 - at) / (1 - part) if part < 1 else math.inf
    return min(before, after)
