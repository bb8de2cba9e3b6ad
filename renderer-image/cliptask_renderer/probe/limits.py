"""How much may a source ask of whoever reads it, and how is it refused?"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NoReturn

from cliptask.errors import SourceError


@dataclass(frozen=True)
class ProbeLimits:
    """How much a source may ask of whoever reads it."""

    size_bytes: int = 4 << 30
    duration_s: float = 600.0
    streams: int = 8
    video_pixels: int = 4096 * 4096
    still_pixels: int = 50_000_000
    picture_bytes: int = 256 << 20
    """Of a picture, which is read whole."""
    frames: int = 10_000
    """Of an animated picture."""
    animation_pixels: int = 4_000_000_000
    """Of all its frames together."""
    side: int = 16_000
    """Pixels along one edge, of any picture."""
    seconds: float = 60.0
    """To read the file in."""


def refuse(what: str, remedy: str, cause: Exception | None = None) -> NoReturn:
    """Raise ``SourceError``, whose message names neither the file nor its URL."""
    message = f"{what}; {remedy}"
    raise SourceError(message) from cause


def check_time(deadline: float, limits: ProbeLimits, remedy: str) -> None:
    """Raise ``SourceError`` once ``deadline``, a moment of ``time.monotonic``, has passed."""
    if time.monotonic() > deadline:
        refuse(f"it takes more than {limits.seconds:.0f} s to read", remedy)


def check_pixels(width: int, height: int, pixels: int, side: int) -> None:
    """Raise ``SourceError`` for a picture of no size, or of too large a one."""
    if width < 1 or height < 1:
        refuse(f"it claims to be {width}x{height} pixels", "export it again")
    if width * height > pixels or max(width, height) > side:
        limit = f"{pixels / 1e6:.3g} megapixels and {side} pixels along one edge are allowed"
        refuse(f"it has {width}x{height} pixels, {limit}", "scale it down")
