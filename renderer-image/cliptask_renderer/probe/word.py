"""What may a file say of itself?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Word:
    """What a file says of itself; nothing where it is silent."""

    size_bytes: int = 0
    """Of which it has at least as many where it is whole."""
    duration_s: float = 0.0
    is_exact: bool = False
    """Whether it is that long to the frame."""
    missing: str | None = None
    """The part that is not there, although every whole file has it."""
    lock: str | None = None
    """What it is where its content is encrypted."""
    is_dolby_alone: bool = False
    """Its colours are Dolby Vision's own, with none beside them that others show."""
    apertures: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    """Width and height, in coded pixels, of the part of a track's pictures that is meant to be seen, by the track's place.
    ffmpeg cuts off the rest by itself; PyAV does not say by how much."""
