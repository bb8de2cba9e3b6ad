"""What do readers of MP4 find that know nothing of our header? GPAC's mp4box.js, MediaInfo, which PyPI has, and of metadata ffmpeg."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import av
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


def xmp_by_ffmpeg(file: Path) -> dict[str, str] | None:
    """The properties of its XMP by ``{namespace}name``, as ffmpeg finds it and RDF has them; None where there is none."""
    with av.open(str(file), options={"export_xmp": "1"}) as container:
        packet = container.metadata.get("xmp")
    if packet is None:
        return None
    whole = ET.fromstring(packet)  # noqa: S314  of a file that the test has made
    (description,) = whole.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    return {each.tag: each.text or "" for each in description}


def by_mediainfo(file: Path) -> list[dict[str, Any]]:
    """Its tracks as MediaInfo counts them when it reads everything; the first is the file as a whole."""
    return [dict(track.to_data()) for track in MediaInfo.parse(file, full=True, parse_speed=1.0).tracks]
