"""Where in the picture may something stand? Apart from the task's models, which a Job's work order does not need."""

from __future__ import annotations

from typing import Literal

Position = Literal[
    "topLeft", "top", "topRight", "left", "center", "right", "bottomLeft", "bottom", "bottomRight"
]  # fmt: skip
