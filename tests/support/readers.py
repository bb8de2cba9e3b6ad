"""What do readers of MP4 find that know nothing of ffmpeg? GPAC's mp4box.js, and MediaInfo, which PyPI has."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pymediainfo import MediaInfo

from support.node import NODE, package


class Sample(NamedTuple):
    """One of a track, in decoding order; times in the track's ticks."""

    decoded: int
    shown: int
    duration: int
    is_key: bool
    md5: str
    """Of its bytes."""


@dataclass(frozen=True)
class Track:
    """As mp4box.js reads it."""

    kind: str
    codec: str
    """As a browser asks for it, e.g. ``avc1.64002a``."""
    language: str
    timescale: int
    count: int
    """Of samples that are announced."""
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Reading:
    """A whole file."""

    boxes: tuple[str, ...]
    tracks: tuple[Track, ...]
    complaints: frozenset[str]


def by_mp4box(file: Path) -> Reading:
    """A file as mp4box.js reads it. Raises ``CalledProcessError`` where it cannot."""
    script = Path(__file__).with_name("mp4box_samples.cjs")
    ran = subprocess.run(
        [NODE, script, package("mp4box") / "dist" / "mp4box.all.cjs", file],
        capture_output=True,
        check=True,
        timeout=60,
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    tracks = (
        Track(
            each["type"],
            each["codec"],
            each["language"],
            each["timescale"],
            each["count"],
            tuple(Sample(*sample) for sample in each["samples"]),
        )
        for each in found["tracks"]
    )
    return Reading(tuple(found["boxes"]), tuple(tracks), frozenset(found["complaints"]))


def by_mediainfo(file: Path) -> list[dict[str, Any]]:
    """Its tracks as MediaInfo counts them when it reads everything; the first is the file as a whole."""
    return [dict(track.to_data()) for track in MediaInfo.parse(file, full=True, parse_speed=1.0).tracks]
