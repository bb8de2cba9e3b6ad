"""How is the sound mixed?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import Field

from cliptask.spec.part import Part
from cliptask.spec.quantities import Duration
from cliptask.spec.rules import Breach, rule, when

USUAL_LUFS: Final = -14.0
"""What ad platforms play at: Meta, YouTube and TikTok turn down what is louder, and nothing up."""
_LONGEST_FADE = timedelta(seconds=30)


class Sound(Part):
    """How music, speech and the clips' own sound are mixed."""

    balance: bool = True
    """Bring every track, every voice and every clip's own sound to one loudness before its volume, so that a quiet file is heard as well as a loud one. false: as they were recorded."""
    music_volume: float = Field(default=0.4, ge=0, le=2)
    """Gain of the music: 1 is as loud as a voice, 0.4 is 8 dB below it. Without balance 1 leaves it as it is."""
    music_fade_in: Duration = timedelta(0)
    """How long the music takes to come, 0ms to 30s."""
    music_fade_out: Duration = timedelta(milliseconds=500)
    """How long the music takes to go before the video ends, 0ms to 30s."""
    clip_volume: float = Field(default=0, ge=0, le=2)
    """Gain of the clips' own sound: 1 is as loud as a voice, 0 drops it."""
    ducking: bool = True
    """Lower the music while somebody speaks: the line's voice, and the clips' own sound where that is in the mix."""
    loudness: Annotated[float, Field(ge=-36, le=-8)] | None = None
    """Integrated loudness of the video, in LUFS; ad platforms play at about -14. Default: -14; without `balance` the mix as it falls."""
    overflow: Literal["Fail", "Trim", "Freeze", "Loop", "Speed"] = "Fail"
    """What to do with speech longer than the picture. Fail: refuse the variant; Trim: cut the speech; Freeze: the last picture stands until it ends; Loop: the last clip begins anew until then; Speed: it is spoken faster, up to 1.25 times, else the variant is refused."""

    @rule(
        "must be at most 30s",
        cel="!has(self.musicFadeIn) || duration(self.musicFadeIn) <= duration('30s')",
        field="musicFadeIn",
    )
    def _brief_begin(self) -> Iterable[Breach]:
        return when(self.music_fade_in > _LONGEST_FADE)

    @rule(
        "must be at most 30s",
        cel="!has(self.musicFadeOut) || duration(self.musicFadeOut) <= duration('30s')",
        field="musicFadeOut",
    )
    def _brief_end(self) -> Iterable[Breach]:
        return when(self.music_fade_out > _LONGEST_FADE)

    @property
    def lufs(self) -> float | None:
        """The loudness to reach; None where the mix stays as it falls."""
        return USUAL_LUFS if self.loudness is None and self.balance else self.loudness
