"""What may a file say of itself?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """What a file says of itself; nothing where it is silent."""

    size_bytes: int = 0
    """Of which it has at least as many where it is whole."""
    duration_s: float = 0.0
    missing: str | None = None
    """The part that is not there, although every whole file has it."""
    lock: str | None = None
    """What it is where its content is encrypted."""
    is_dolby_alone: bool = False
    """Its colours are Dolby Vision's own, with none beside them that others show."""
