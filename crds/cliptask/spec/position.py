"""Where may something stand, and how are its lines set? Apart from the task's models, which a Job's work order does not need."""

from __future__ import annotations

from typing import Literal

Position = Literal[
    "topLeft", "top", "topRight", "left", "center", "right", "bottomLeft", "bottom", "bottomRight"
]  # fmt: skip
Align = Literal["left", "center", "right"]
CaptionStyle = Literal["plain", "highlightWord", "highlightBox", "karaoke", "pop", "oneWord"]
LetterCase = Literal["asWritten", "upper", "lower"]
