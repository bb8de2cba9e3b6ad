"""What does an MP4 or MOV say of itself? Read from its boxes."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import BinaryIO, Final

from cliptask_renderer.mux.boxes import children, places
from cliptask_renderer.probe.word import Word

BOXES: Final = frozenset(
    {b"ftyp", b"moov", b"mdat", b"moof", b"sidx", b"styp", b"wide", b"free", b"skip", b"pnot"}
)
"""Those that a file begins with."""

_FILLED: Final = frozenset({b"moov", b"mdat", b"moof", b"mfra"})
"""Those whose end the file must have."""

_LONGEST_INDEX: Final = 256 << 20
_LONGEST_LIST: Final = 1 << 20
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
    word, kinds = Word(), set[bytes]()
    for kind, place in places(file):
        if place.stop > size and kind not in _FILLED:
            break  # it ends here, and something else follows
        kinds.add(kind)
        file.seek(place.start)
        if kind == b"sidx":
            word = replace(
                word, size_bytes=place.stop + _referenced(file.read(min(len(place), _LONGEST_LIST)))
            )
        if place.stop > size:
            return replace(word, size_bytes=max(word.size_bytes, place.stop))
        if kind == b"moov" and len(place) < _LONGEST_INDEX:
            word = _index(word, file.read(len(place)))
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
            for entry, described in children(box[8:]):
                word = replace(word, lock=word.lock or _LOCKED.get(entry))
                within = dict(children(described[_VIDEO_ENTRY - 8 :]))
                word = replace(word, is_dolby_alone=word.is_dolby_alone or _is_dolby_alone(within))
                if (seen := _aperture(within.get(b"clap", b""))) is not None:
                    word = replace(word, apertures={**word.apertures, track: seen})
            track += 1
    return word


def _boxes(content: bytes, depth: int = _DEEPEST) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each box, and of those within so many parents."""
    for kind, box in children(content):
        if depth and kind in _PARENTS:
            yield from _boxes(box, depth - 1)
        else:
            yield kind, box


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
