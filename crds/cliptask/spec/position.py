"""Where may something stand, how are its lines set, and how does it come and go? Apart from the task's models, which a Job's work order does not need."""

from __future__ import annotations

from typing import Literal

Position = Literal[
    "topLeft", "top", "topRight", "left", "center", "right", "bottomLeft", "bottom", "bottomRight"
]  # fmt: skip
Align = Literal["left", "center", "right"]
CaptionStyle = Literal["plain", "highlightWord", "highlightBox", "karaoke", "pop", "oneWord"]
LetterCase = Literal["asWritten", "upper", "lower"]
PassageKind = Literal["fade", "slideUp", "slideDown", "slideLeft", "slideRight", "pop", "typewriter"]
