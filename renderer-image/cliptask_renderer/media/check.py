"""Is a part well made? The gate that every segment and every soundtrack passes before it counts.

A segment's packets are compared with what the encoder gave, one by one, and its keyframes are decoded, which proves its
parameter sets; a soundtrack, which costs next to nothing, is decoded whole. What is put together from them afterwards is
proven by arithmetic over their tables, see ``mux.proof``.

No decoder looks at the pictures between: that took an eighth of what encoding takes, and finds no damage that the packets
do not show. What it alone would find is an encoder that writes what no decoder reads: tests decode every kind of segment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from cliptask import recipe
from cliptask.errors import MediaError
from cliptask.orders import SegmentOrder, SoundtrackOrder

if TYPE_CHECKING:
    from av.container import InputContainer

_STRICT = {"err_detect": "explode"}
"""Of a decoder: what is damaged is an error, and not guessed."""
_NOTE = 6
"""Kind of a unit (SEI) in which x264 says how it encodes, before the first picture."""


def check_segment(
    file: Path, packets: Path, order: SegmentOrder, what: str = "the segment", frames: int | None = None
) -> None:
    """Refuse a segment that is not exactly what was ordered and encoded. Raises ``MediaError`` with the evidence.

    ``packets`` is ffmpeg's list of what the encoder gave, see ``segment.Encoded``; ``frames`` are told where not all of them were ordered.
    """
    ordered = order.frames if frames is None else frames
    encoded, shown, decoded = _listed(packets), list[int](), list[int]()
    with _opened(file, what, "video") as container:
        stream = container.streams.video[0]
        decoder = stream.codec_context
        decoder.options, decoder.thread_count = _STRICT, 1
        keyframes = pictures = 0
        for packet in container.demux(stream):
            if packet.pts is None or packet.dts is None:
                continue  # the end
            if len(shown) < len(encoded) and _sha256(bytes(packet)) != encoded[len(shown)]:
                _refuse(what, f"holds another packet {len(shown) + 1} than the encoder gave")
            if packet.is_keyframe:
                keyframes += 1
                pictures += len(decoder.decode(packet))
            elif not shown:
                _refuse(what, "does not begin with a keyframe")
            shown.append(packet.pts)
            decoded.append(packet.dts)
        pictures += len(decoder.decode(None))
    if not len(shown) == len(encoded) == ordered:
        _refuse(what, f"has {len(shown)} frames where {ordered} were ordered and {len(encoded)} encoded")
    if pictures != keyframes:
        _refuse(what, f"has {keyframes} keyframes of which {pictures} can be decoded")
    _check_times(shown, decoded, order.profile.fps, what)


def check_soundtrack(file: Path, order: SoundtrackOrder, what: str = "the soundtrack") -> None:
    """Refuse a soundtrack whose length is off by a frame of AAC or more, or that does not decode. Raises ``MediaError``."""
    with _opened(file, what, "audio") as container:
        stream = container.streams.audio[0]
        # That a player plays: the edit list applied.
        samples = round((stream.duration or 0) * (stream.time_base or 0) * recipe.SAMPLE_RATE)
        if abs(samples - order.samples) >= recipe.AAC_FRAME:
            _refuse(what, f"has {samples} samples where {order.samples} were ordered")
        stream.codec_context.options = _STRICT
        for _ in container.decode(stream):
            pass


@contextmanager
def _opened(file: Path, what: str, kind: str) -> Iterator[InputContainer]:
    """A file of one stream, which is of this kind. Raises ``MediaError`` for any other file, and for what is damaged."""
    import av  # noqa: PLC0415  only where something is made

    try:
        with av.open(f"file:{file.absolute()}", format="mp4") as container:
            types = sorted(stream.type for stream in container.streams)
            if types != [kind]:
                _refuse(what, f"has streams of {types} where {[kind]} belong")
            yield container
    except av.FFmpegError as error:
        message = f"{what} cannot be read: {error}"
        raise MediaError(message) from error


def _listed(packets: Path) -> list[str]:
    """SHA-256 (hex) of each packet in ffmpeg's list."""
    lines = packets.read_text().splitlines()
    return [line.split(",")[5].strip() for line in lines if not line.startswith("#")]


def _sha256(packet: bytes) -> str:
    """Of a packet as x264 gives it: where MP4 has a unit's length, it has a start code, before its own note a shorter one."""
    digest, at = hashlib.sha256(), 0
    while at < len(packet):
        begin = at + 4
        at = begin + int.from_bytes(packet[at:begin])
        unit = packet[begin:at]
        digest.update(b"\0\0\1" if unit and unit[0] & 31 == _NOTE else b"\0\0\0\1")
        digest.update(unit)
    return digest.hexdigest()


def _check_times(shown: Sequence[int], decoded: Sequence[int], fps: int, what: str) -> None:
    """Presentation and decoding times run in equal steps, and the first picture is shown at zero."""
    step = recipe.TIMESCALE // fps
    if sorted(shown) != list(range(0, len(shown) * step, step)):
        _refuse(what, "shows its pictures in unequal steps")
    if any(after - before != step for before, after in pairwise(decoded)):
        _refuse(what, "decodes in unequal steps")


def _refuse(what: str, evidence: str) -> NoReturn:
    message = f"{what} {evidence}"
    raise MediaError(message)
