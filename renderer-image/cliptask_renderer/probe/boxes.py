"""What does an MP4 or MOV say of itself? Read from its boxes."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import BinaryIO, Final

from cliptask_renderer.probe.word import Word

BOXES: Final = frozenset(
    {b"ftyp", b"moov", b"mdat", b"moof", b"sidx", b"styp", b"wide", b"free", b"skip", b"pnot"}
)
"""Those that a file begins with."""

_FILLED: Final = frozenset({b"moov", b"mdat", b"moof", b"mfra"})
"""Those whose end the file must have."""

_HEADER: Final = 8
_LONGEST_INDEX: Final = 256 << 20
_PARENTS: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"mvex", b"edts"})
_DEEPEST: Final = 5
"""Parents around a description of samples."""
_LOCKED: Final = {
    b"encv": "a DRM-protected MP4",
    b"enca": "a DRM-protected MP4",
    b"drms": "a DRM-protected MP4 of Apple's (FairPlay)",
    b"drmi": "a DRM-protected MP4 of Apple's (FairPlay)",
    b"aavd": "a DRM-protected audiobook of Audible's",
}
_VIDEO_ENTRY: Final = 86
"""Bytes before the boxes within a description of pictures, its own header included."""


def mp4_word(file: BinaryIO, size: int) -> Word:
    """What the boxes of a file of ``size`` bytes say."""
    word, at, kinds = Word(), 0, set[bytes]()
    while at + 8 <= size:
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        header = 8
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8))
            header = 16
        if length == 0:
            length = size - at
        if length < header or (at + length > size and kind not in _FILLED):
            break  # it ends here, and something else follows
        kinds.add(kind)
        if kind == b"sidx":
            word = replace(word, size_bytes=at + length + _referenced(file.read(min(length, 1 << 20))))
        if at + length > size:
            return replace(word, size_bytes=max(word.size_bytes, at + length))
        if kind == b"moov" and length < _LONGEST_INDEX:
            word = _index(word, file.read(length - header))
        at += length
    if not kinds & {b"moov", b"moof"}:
        word = replace(word, missing="its index (moov)")
    return word


def _referenced(content: bytes) -> int:
    """How many bytes a segment index promises after itself."""
    at = 20 if content[0] == 0 else 28
    first = int.from_bytes(content[at - (4 if content[0] == 0 else 8) : at])
    count = int.from_bytes(content[at + 2 : at + 4])
    sizes: tuple[int, ...] = struct.unpack_from(">" + "I8x" * count, content, at + 4)
    return first + sum(size & 0x7FFF_FFFF for size in sizes)


def _index(word: Word, content: bytes) -> Word:
    scale, track = 0, 0
    for kind, box in _boxes(content):
        if kind == b"mvhd":
            (scale,) = struct.unpack_from(">I", box, 20 if box[0] else 12)
        elif kind == b"mehd" and scale:
            (ticks,) = struct.unpack_from(">Q" if box[0] else ">I", box, 4)
            word = replace(word, duration_s=ticks / scale)
        elif kind == b"stsd":
            for entry, described in _boxes(box[8:], depth=0):
                word = replace(word, lock=word.lock or _LOCKED.get(entry))
                within = dict(_boxes(described[_VIDEO_ENTRY - 8 :], depth=0))
                word = replace(word, is_dolby_alone=word.is_dolby_alone or _is_dolby_alone(within))
                if (seen := _aperture(within.get(b"clap", b""))) is not None:
                    word = replace(word, apertures={**word.apertures, track: seen})
            track += 1
    return word


def _boxes(content: bytes, depth: int = _DEEPEST) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each box, and of those within so many parents."""
    at = 0
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        if length < _HEADER:
            return
        box = content[at + 8 : at + length]
        if depth and kind in _PARENTS:
            yield from _boxes(box, depth - 1)
        else:
            yield kind, box
        at += length


def _is_dolby_alone(within: Mapping[bytes, bytes]) -> bool:
    return any(is_dolby_alone(within[kind]) for kind in (b"dvcC", b"dvvC", b"dvwC") if kind in within)


def is_dolby_alone(configuration: bytes) -> bool:
    """Whether a DOVIDecoderConfigurationRecord says that no other colours lie beneath."""
    profile, compatible = configuration[2] >> 1, configuration[4] >> 4
    return profile == 5 or (profile > 7 and compatible == 0)  # noqa: PLR2004  numbers of Dolby's


def _aperture(clap: bytes) -> tuple[int, int] | None:
    """Width and height of a clean aperture, whose terms may be fractions."""
    if len(clap) < 16:  # noqa: PLR2004  four numbers
        return None
    width, width_of, height, height_of = struct.unpack_from(">4I", clap)
    if not (width and width_of and height and height_of):
        return None
    return round(width / width_of), round(height / height_of)
