"""Is a part well made? The gate that every segment and every soundtrack passes before it counts.

It is decoded once, when it is made. What is put together from it afterwards is proven by arithmetic over its tables, see
``mux.proof``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

from cliptask import recipe
from cliptask.errors import MediaError
from cliptask.orders import SegmentOrder, SoundtrackOrder
from cliptask_renderer.media import ffmpeg


def check_segment(file: Path, order: SegmentOrder, what: str = "the segment") -> None:
    """Refuse a segment that is not exactly what was ordered. Raises ``MediaError`` with the evidence."""
    video = _read(file, what, "video")
    if len(video.packets) != order.frames:
        _refuse(what, f"has {len(video.packets)} frames where {order.frames} were ordered")
    _check_times(video.packets, order.profile.fps, what)
    if not video.packets[0].is_keyframe:
        _refuse(what, "does not begin with a keyframe")
    decode(file, what)


def check_soundtrack(file: Path, order: SoundtrackOrder, what: str = "the soundtrack") -> None:
    """Refuse a soundtrack whose length is off by a frame of AAC or more. Raises ``MediaError``."""
    audio = _read(file, what, "audio")
    if abs(audio.samples - order.samples) >= recipe.AAC_FRAME:
        _refuse(what, f"has {audio.samples} samples where {order.samples} were ordered")
    decode(file, what)


def decode(file: Path, what: str) -> None:
    """Decode a file from end to end. Raises ``MediaError`` with ffmpeg's words.

    Without the loop filter, which cannot fail and takes a quarter of the time.
    """
    log = ffmpeg.decode(ffmpeg.media(file, "-skip_loop_filter", "all"), what=f"{what}: check", limit_s=600)
    if "error" in log.lower():
        _refuse(what, f"does not decode cleanly: {log.strip()[-500:]}")


@dataclass(frozen=True)
class _Packet:
    pts: int
    dts: int
    is_keyframe: bool


@dataclass(frozen=True)
class _Stream:
    packets: Sequence[_Packet]
    samples: int
    """That a player plays: the edit list applied. 0 for pictures."""


def _read(file: Path, what: str, kind: str) -> _Stream:
    """The one stream of a file, which is of this kind. Raises ``MediaError`` for any other file."""
    import av  # noqa: PLC0415  only where something is made

    try:
        with av.open(f"file:{file.absolute()}", format="mp4") as container:
            types = sorted(stream.type for stream in container.streams)
            if types != [kind]:
                _refuse(what, f"has streams of {types} where {[kind]} belong")
            stream = container.streams[0]
            packets = [
                _Packet(packet.pts, packet.dts, packet.is_keyframe)
                for packet in container.demux(stream)
                if packet.size and packet.pts is not None and packet.dts is not None
            ]
            duration_s = (stream.duration or 0) * (stream.time_base or 0) if kind == "audio" else 0
            return _Stream(packets, round(duration_s * recipe.SAMPLE_RATE))
    except av.FFmpegError as error:
        message = f"{what} cannot be read: {error}"
        raise MediaError(message) from error


def _check_times(packets: Sequence[_Packet], fps: int, what: str) -> None:
    """Presentation and decoding times run in equal steps, and the first picture is shown at zero."""
    step = recipe.TIMESCALE // fps
    shown = sorted(packet.pts for packet in packets)
    if shown != list(range(0, len(shown) * step, step)):
        _refuse(what, "shows its pictures in unequal steps")
    if any(after.dts - before.dts != step for before, after in pairwise(packets)):
        _refuse(what, "decodes in unequal steps")


def _refuse(what: str, evidence: str) -> NoReturn:
    message = f"{what} {evidence}"
    raise MediaError(message)
