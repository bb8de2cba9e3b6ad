"""What do readers of MP4 find that know nothing of ffmpeg? GPAC's mp4box.js, and MediaInfo, which PyPI has.

mp4box.js comes from the npm registry when a test first asks for it, once on a machine, into the cache of ``cluster.binaries``;
the Node that runs it is Playwright's own.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import tarfile
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import playwright
from pymediainfo import MediaInfo

from cluster.binaries import Toolbox

_VERSION = "2.4.1"
_SHA512 = (
    "d07197ee75e80c85fa14a2d59786b7c2d623065c2ab0ddf1b900b7197ccdb4aa"
    "7df055d43a10d2abadb76b3b33f031b9a6d77d657717a1d0e481b74c64e8d6bf"
)
_URL = f"mp4box/-/mp4box-{_VERSION}.tgz"
_LIBRARY = "package/dist/mp4box.all.cjs"


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
    node = Path(playwright.__file__).with_name("driver") / "node"
    script = Path(__file__).with_name("mp4box_samples.cjs")
    ran = subprocess.run([node, script, _mp4box(), file], capture_output=True, check=True, timeout=60)
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


def _mp4box() -> Path:
    """The library, which Node requires. Raises ``httpx.HTTPError``, ``ValueError`` for another content."""
    folder = Toolbox().folder / f"mp4box.js-{_VERSION}"
    if folder.is_dir():
        return folder / _LIBRARY
    registry = os.environ.get("NPM_CONFIG_REGISTRY", "https://registry.npmjs.org").rstrip("/")
    content = httpx.get(f"{registry}/{_URL}", follow_redirects=True, timeout=60).raise_for_status().content
    if (digest := hashlib.sha512(content).hexdigest()) != _SHA512:
        message = f"{registry}/{_URL} has the SHA-512 {digest}, which is not that of the pinned version"
        raise ValueError(message)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder.parent) as place:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(whole := Path(place, "whole"), filter="data")
        with suppress(OSError):  # another process was first
            whole.rename(folder)
    return folder / _LIBRARY
