"""How is the sound mixed?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cliptask.spec.part import Part


class Sound(Part):
    """How music, speech and the clips' own sound are mixed."""

    music_volume: float = Field(default=0.2, ge=0, le=2)
    """Gain of the music, 1 leaves it as it is."""
    clip_volume: float = Field(default=0, ge=0, le=2)
    """Gain of the clips' own sound; 0 drops it."""
    ducking: bool = False
    """Lower the music while somebody speaks."""
    loudness: Annotated[float, Field(ge=-36, le=-8)] | None = None
    """Integrated loudness to reach, in LUFS (ad platforms play at about -14). Default: the mix as it falls."""
    overflow: Literal["Fail", "Trim"] = "Fail"
    """What to do with speech longer than the picture. Fail: refuse the variant; Trim: cut the speech."""
