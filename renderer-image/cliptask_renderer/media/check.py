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

from cliptask import recipe
from cliptask.errors import MediaError
from cliptask.orders import SegmentOrder, SoundtrackOrder, VariantOrder
from cliptask_renderer.media import ffmpeg


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


def check_segment(file: Path, order: SegmentOrder) -> StreamFacts:
    """Refuse a segment that is not exactly what was ordered. Raises ``MediaError`` with the evidence."""
    what = f"segment {order.key[:8]}"
    video = _read(file, what)["video"]
    _refuse(
        len(video.packets) != order.frames,
        what,
        f"has {len(video.packets)} frames where {order.frames} were ordered",
    )
    _steady(video.packets, order.profile.fps, what)
    _refuse(not video.packets[0].is_keyframe, what, "does not begin with a keyframe")
    decode(file, what)
    return video.facts


def check_soundtrack(file: Path, order: SoundtrackOrder) -> StreamFacts:
    """Refuse a soundtrack whose length is off by a frame of AAC or more. Raises ``MediaError``."""
    what = f"soundtrack {order.key[:8]}"
    audio = _read(file, what, kinds=("audio",))["audio"]
    _refuse(
        abs(audio.samples - order.samples) >= recipe.AAC_FRAME,
        what,
        f"has {audio.samples} samples where {order.samples} were ordered",
    )
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
    _refuse(
        len({each.extradata for each in segments}) != 1, what, "joins segments whose parameter sets differ"
    )
    found = _read(file, what, kinds=("video",) if soundtrack is None else ("video", "audio"))
    video = found["video"]
    _refuse(
        len(video.packets) != order.frames,
        what,
        f"has {len(video.packets)} frames where its segments have {order.frames}",
    )
    _refuse(
        video.facts.extradata != segments[0].extradata, what, "has other parameter sets than its segments"
    )
    _steady(video.packets, order.profile.fps, what)
    begin = 0
    for number, each in enumerate(segments, 1):
        part = video.packets[begin : begin + each.packets]
        _refuse(_digest(part) != each.digest, what, f"differs from its segment number {number}")
        _refuse(not part[0].is_keyframe, what, f"has no keyframe where segment number {number} begins")
        begin += each.packets
    if soundtrack is None:
        return
    audio = found["audio"]
    _refuse(audio.facts.digest != soundtrack.digest, what, "differs from its soundtrack")
    expected = order.frames * recipe.SAMPLE_RATE // order.profile.fps
    _refuse(
        abs(audio.samples - expected) >= recipe.AAC_FRAME,
        what,
        f"has sound of {audio.samples / recipe.SAMPLE_RATE:.3f} s over pictures of {expected / recipe.SAMPLE_RATE:.3f} s",
    )


def decode(file: Path, what: str) -> None:
    """Decode everything, refusing the first error. Raises ``MediaError`` with ffmpeg's words.

    Without the loop filter, which cannot fail and takes a quarter of the time.
    """
    said = ffmpeg.run(
        [ffmpeg.media(file, "-skip_loop_filter", "all")],
        ["-f", "null", "-"],
        what=f"{what}: check",
        limit_s=600,
    )
    _refuse("error" in said.lower(), what, f"does not decode cleanly: {said.strip()[-500:]}")


@dataclass(frozen=True)
class _Packet:
    pts: int
    dts: int
    is_keyframe: bool
    digest: bytes


@dataclass(frozen=True)
class _Stream:
    packets: tuple[_Packet, ...]
    facts: StreamFacts
    samples: int
    """That a player plays: the edit list applied. 0 for pictures."""


def _read(file: Path, what: str, kinds: tuple[str, ...] = ("video",)) -> dict[str, _Stream]:
    """The streams of these kinds, one of each, and no other of pictures or sound. Raises ``MediaError`` otherwise."""
    import av  # noqa: PLC0415  only where something is made

    try:
        with av.open(f"file:{file.absolute()}", format="mp4") as container:
            streams = {
                stream.index: stream for stream in container.streams if stream.type in ("video", "audio")
            }
            _refuse(
                sorted(stream.type for stream in streams.values()) != sorted(kinds),
                what,
                f"has streams of {sorted(stream.type for stream in streams.values())} where {sorted(kinds)} belong",
            )
            packets: dict[int, list[_Packet]] = {index: [] for index in streams}
            for packet in container.demux(*streams.values()):
                if packet.size and packet.pts is not None and packet.dts is not None:
                    digest = hashlib.sha256(packet).digest()
                    packets[packet.stream_index].append(
                        _Packet(packet.pts, packet.dts, packet.is_keyframe, digest)
                    )
            return {
                stream.type: _Stream(
                    packets=tuple(packets[index]),
                    facts=StreamFacts(
                        len(packets[index]),
                        hashlib.sha256(stream.codec_context.extradata or b"").hexdigest(),
                        _digest(packets[index]),
                    ),
                    samples=round((stream.duration or 0) * (stream.time_base or 0) * recipe.SAMPLE_RATE)
                    if stream.type == "audio"
                    else 0,
                )
                for index, stream in streams.items()
            }
    except av.FFmpegError as error:
        message = f"{what} cannot be read: {error}"
        raise MediaError(message) from error


def _digest(packets: Iterable[_Packet]) -> str:
    return hashlib.sha256(b"".join(packet.digest for packet in packets)).hexdigest()


def _steady(packets: Sequence[_Packet], fps: int, what: str) -> None:
    """Presentation and decoding times run in equal steps, and the first picture is shown at zero."""
    step = recipe.TIMESCALE // fps
    shown = sorted(packet.pts for packet in packets)
    _refuse(shown != list(range(0, len(shown) * step, step)), what, "shows its pictures in unequal steps")
    _refuse(
        any(after.dts - before.dts != step for before, after in pairwise(packets)),
        what,
        "decodes in unequal steps",
    )


def _refuse(bad: bool, what: str, evidence: str) -> None:
    if bad:
        message = f"{what} {evidence}"
        raise MediaError(message)
