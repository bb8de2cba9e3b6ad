"""How large are the campaigns, and which of their videos stand for all of them?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from benchmarks.footage import Size, Source


@dataclass(frozen=True)
class Material:
    """Everything that a run renders from."""

    size: Size
    blocks: tuple[tuple[Source, ...], ...]
    tracks: tuple[Path, ...]
    recordings: tuple[Path, ...]


@dataclass(frozen=True)
class Video:
    """One variant: a clip of each block, music and speech."""

    clips: tuple[Source, ...]
    places: tuple[int, ...]
    """Of the clips in their blocks."""
    track: Path
    recording: Path
    seconds: float

    @property
    def files(self) -> tuple[Path, ...]:
        """The clips."""
        return tuple(clip.file for clip in self.clips)


@dataclass(frozen=True)
class Campaign:
    """All combinations of the first ``clips`` clips of the first ``blocks`` blocks."""

    blocks: int
    clips: int

    @property
    def variants(self) -> int:
        """How many videos it has."""
        return math.pow(self.clips, self.blocks).__trunc__()

    @property
    def name(self) -> str:
        """E.g. ``3x3x3``."""
        return "x".join([str(self.clips)] * self.blocks)

    def sample(self, number: int, material: Material) -> tuple[Video, ...]:
        """The videos that stand for all in the round ``number``: two, or the only one.

        Each shows the clips of one place in every block, so that the samples of two rounds show every clip, and what
        a video takes on average is what the campaign's videos take.
        """
        places = dict.fromkeys((number * 2 + step) % self.clips for step in range(2))
        return tuple(self._video(place, material) for place in places)

    def _video(self, place: int, material: Material) -> Video:
        clips = tuple(block[place] for block in material.blocks[: self.blocks])
        return Video(
            clips=clips,
            places=(place,) * self.blocks,
            track=material.tracks[place % len(material.tracks)],
            recording=material.recordings[place % len(material.recordings)],
            seconds=len(clips) * material.size.seconds,
        )


FULL = (Campaign(3, 1), Campaign(3, 3), Campaign(4, 4))
QUICK = (Campaign(3, 1), Campaign(3, 2), Campaign(4, 2))
