"""Is it well made? The gate that every segment, soundtrack and video passes before it counts.

A segment is decoded once, when it is made. A video is then proven packet by packet: its packets are those of its
segments, byte for byte and in order, under the same parameter sets, each segment beginning with a closed GOP; so it
decodes to exactly the pictures that were decoded without error before, at a hundredth of the cost of decoding again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from cliptask import recipe
from cliptask.errors import MediaError
from cliptask.orders import SegmentOrder, SoundtrackOrder, VariantOrder
from cliptask_renderer.media import ffmpeg

if TYPE_CHECKING:
    from av.stream import Stream


@dataclass(frozen=True)
class StreamFacts:
    """What a stream's packets say, without decoding them."""

    packets: int
    extradata: str
    """SHA-256 of the decoder's configuration (SPS and PPS)."""
    digest: str
    """SHA-256 of the SHA-256 of each packet in order."""

    def metadata(self) -> dict[str, str]:
        """As an object's metadata."""
        return {"packets": str(self.packets), "extradata": self.extradata, "digest": self.digest}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> StreamFacts:
        """The reverse of ``metadata``. Raises ``KeyError`` or ``ValueError`` where it is not complete."""
        return cls(int(metadata["packets"]), metadata["extradata"], metadata["digest"])


def check_segment(file: Path, order: SegmentOrder, what: str = "the segment") -> StreamFacts:
    """Refuse a segment that is not exactly what was ordered. Raises ``MediaError`` with the evidence."""
    video = _read(file, what, "video")["video"]
    if len(video.packets) != order.frames:
        _refuse(what, f"has {len(video.packets)} frames where {order.frames} were ordered")
    _check_times(video.packets, order.profile.fps, what)
    if not video.packets[0].is_keyframe:
        _refuse(what, "does not begin with a keyframe")
    decode(file, what)
    return video.facts


def check_soundtrack(file: Path, order: SoundtrackOrder, what: str = "the soundtrack") -> StreamFacts:
    """Refuse a soundtrack whose length is off by a frame of AAC or more. Raises ``MediaError``."""
    audio = _read(file, what, "audio")["audio"]
    if abs(audio.samples - order.samples) >= recipe.AAC_FRAME:
        _refuse(what, f"has {audio.samples} samples where {order.samples} were ordered")
    decode(file, what)
    return audio.facts


def check_variant(
    file: Path,
    order: VariantOrder,
    segments: Sequence[StreamFacts],
    soundtrack: StreamFacts | None,
    what: str,
) -> None:
    """Refuse a video whose packets are not its segments' and its soundtrack's. Raises ``MediaError``."""
    if len({segment.extradata for segment in segments}) != 1:
        _refuse(what, "joins segments whose parameter sets differ")
    streams = _read(file, what, "video", *(["audio"] if soundtrack else []))
    video = streams["video"]
    if len(video.packets) != order.frames:
        _refuse(what, f"has {len(video.packets)} frames where its segments have {order.frames}")
    if video.facts.extradata != segments[0].extradata:
        _refuse(what, "has other parameter sets than its segments")
    _check_times(video.packets, order.profile.fps, what)
    begin = 0
    for number, segment in enumerate(segments, 1):
        packets = video.packets[begin : begin + segment.packets]
        if _digest(packets) != segment.digest:
            _refuse(what, f"differs from its segment number {number}")
        if not packets[0].is_keyframe:
            _refuse(what, f"has no keyframe where segment number {number} begins")
        begin += segment.packets
    if soundtrack is not None:
        _check_sound(streams["audio"], soundtrack, order, what)


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
    digest: bytes


@dataclass(frozen=True)
class _Stream:
    packets: Sequence[_Packet]
    facts: StreamFacts
    samples: int
    """That a player plays: the edit list applied. 0 for pictures."""


def _read(file: Path, what: str, *kinds: str) -> dict[str, _Stream]:
    """The streams of these kinds, one of each, and no other of pictures or sound. Raises ``MediaError`` otherwise."""
    import av  # noqa: PLC0415  only where something is made

    try:
        with av.open(f"file:{file.absolute()}", format="mp4") as container:
            streams = [stream for stream in container.streams if stream.type in ("video", "audio")]
            types = sorted(stream.type for stream in streams)
            if types != sorted(kinds):
                _refuse(what, f"has streams of {types} where {sorted(kinds)} belong")
            packets: dict[int, list[_Packet]] = {stream.index: [] for stream in streams}
            for packet in container.demux(*streams):
                if packet.size and packet.pts is not None and packet.dts is not None:
                    digest = hashlib.sha256(packet).digest()
                    read = _Packet(packet.pts, packet.dts, packet.is_keyframe, digest)
                    packets[packet.stream_index].append(read)
            return {stream.type: _stream(stream, packets[stream.index]) for stream in streams}
    except av.FFmpegError as error:
        message = f"{what} cannot be read: {error}"
        raise MediaError(message) from error


def _stream(stream: Stream, packets: Sequence[_Packet]) -> _Stream:
    duration_s = (stream.duration or 0) * (stream.time_base or 0) if stream.type == "audio" else 0
    extradata = hashlib.sha256(stream.codec_context.extradata or b"").hexdigest()
    facts = StreamFacts(len(packets), extradata, _digest(packets))
    return _Stream(packets, facts, round(duration_s * recipe.SAMPLE_RATE))


def _digest(packets: Iterable[_Packet]) -> str:
    return hashlib.sha256(b"".join(packet.digest for packet in packets)).hexdigest()


def _check_times(packets: Sequence[_Packet], fps: int, what: str) -> None:
    """Presentation and decoding times run in equal steps, and the first picture is shown at zero."""
    step = recipe.TIMESCALE // fps
    shown = sorted(packet.pts for packet in packets)
    if shown != list(range(0, len(shown) * step, step)):
        _refuse(what, "shows its pictures in unequal steps")
    if any(after.dts - before.dts != step for before, after in pairwise(packets)):
        _refuse(what, "decodes in unequal steps")


def _check_sound(audio: _Stream, soundtrack: StreamFacts, order: VariantOrder, what: str) -> None:
    """The sound is the soundtrack, packet by packet, and as long as the pictures."""
    if audio.facts.digest != soundtrack.digest:
        _refuse(what, "differs from its soundtrack")
    rate, samples = recipe.SAMPLE_RATE, order.frames * recipe.SAMPLE_RATE // order.profile.fps
    if abs(audio.samples - samples) >= recipe.AAC_FRAME:
        _refuse(what, f"has sound of {audio.samples / rate:.3f} s over pictures of {samples / rate:.3f} s")


def _refuse(what: str, evidence: str) -> NoReturn:
    message = f"{what} {evidence}"
    raise MediaError(message)
