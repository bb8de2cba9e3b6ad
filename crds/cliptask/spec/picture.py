"""What form has the picture?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from cliptask.spec.part import Part
from cliptask.spec.rules import Breach, rule, when
from cliptask.spec.values import LARGEST_SIDE, SMALLEST_SIDE, Fps


class Picture(Part):
    """The form of every video's picture."""

    width: Annotated[int, Field(ge=SMALLEST_SIDE, le=LARGEST_SIDE, multiple_of=2)] | None = None
    """Pixels, even. Default: that of the widest clip that moves; of the widest still picture where none does."""
    height: Annotated[int, Field(ge=SMALLEST_SIDE, le=LARGEST_SIDE, multiple_of=2)] | None = None
    """Pixels, even. Default: that of the highest clip, as for width."""
    fps: Fps | None = None
    """Frames per second. Default: the lowest of these that the fastest clip needs."""
    fit: Literal["contain", "cover", "blur", "stretch"] = "contain"
    """How a clip of another shape fits. contain: black bars; cover: cropped; blur: over a blurred copy of itself; stretch: distorted."""

    @rule("give both width and height, or neither", cel="has(self.width) == has(self.height)")
    def _both(self) -> Iterable[Breach]:
        return when((self.width is None) != (self.height is None))
