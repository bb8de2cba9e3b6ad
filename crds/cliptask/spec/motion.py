"""How may the view of a still picture move? Apart from the task's models, which a Job's work order does not need."""

from __future__ import annotations

from typing import Literal

Motion = Literal["zoomIn", "zoomOut", "panLeft", "panRight", "panUp", "panDown"]
