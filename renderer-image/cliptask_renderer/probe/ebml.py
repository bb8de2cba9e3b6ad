"""What does a Matroska or WebM say of itself? Read from the elements before its first cluster."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, Final

from cliptask_renderer.probe.boxes import is_dolby_alone
from cliptask_renderer.probe.word import Word

_SEGMENT: Final = 0x18538067
_CLUSTER: Final = 0x1F43B675
_SCALE: Final = 0x2AD7B1
_DURATION: Final = 0x4489
_ENCRYPTION: Final = 0x5035
_EXTRA: Final = 0x41ED
_PARENTS: Final = frozenset({0x1549A966, 0x1654AE6B, 0xAE, 0x6D80, 0x6240, 0x41E4})
"""Info, Tracks, TrackEntry, ContentEncodings, ContentEncoding, BlockAdditionMapping."""

_DOLBY_RECORD: Final = 24
"""Bytes of a DOVIDecoderConfigurationRecord."""
_LONGEST: Final = 16
"""Bytes of an element that is read here."""


def matroska_word(file: BinaryIO, size: int) -> Word:
    """What the elements of a file of ``size`` bytes say."""
    for kind, at, length in _elements(file, 0, size):
        if kind == _SEGMENT:
            end = size if length is None else at + length
            word = _segment(file, at, min(end, size))
            return word if length is None else replace(word, size_bytes=end)
    return Word()


def _segment(file: BinaryIO, at: int, end: int) -> Word:
    word, scale, duration = Word(), 1_000_000, 0.0
    for kind, begin, length in _within(file, at, end):
        file.seek(begin)
        content = file.read(min(length, _DOLBY_RECORD))
        if kind == _SCALE:
            scale = int.from_bytes(content)
        elif kind == _DURATION and length in (4, 8):
            (duration,) = struct.unpack(">f" if length == 4 else ">d", content)  # noqa: PLR2004  of a float
        elif kind == _ENCRYPTION:
            word = replace(word, lock="an encrypted Matroska or WebM")
        elif kind == _EXTRA and length == _DOLBY_RECORD:
            word = replace(word, is_dolby_alone=is_dolby_alone(content))
    return replace(word, duration_s=duration * scale / 1e9)


def _within(file: BinaryIO, at: int, end: int, depth: int = 5) -> Iterator[tuple[int, int, int]]:
    """The elements that hold no others, up to the first cluster."""
    for kind, begin, length in _elements(file, at, end):
        if kind == _CLUSTER or length is None:
            return
        if depth and kind in _PARENTS:
            yield from _within(file, begin, min(begin + length, end), depth - 1)
        else:
            yield kind, begin, length


def _elements(file: BinaryIO, at: int, end: int) -> Iterator[tuple[int, int, int | None]]:
    """Id, begin of the content and length (None: not stated) of each."""
    while at < end:
        file.seek(at)
        head = file.read(_LONGEST)
        if not head or not head[0]:
            return
        wide = 9 - head[0].bit_length()
        kind, rest = int.from_bytes(head[:wide]), head[wide:]
        if not rest or not rest[0]:
            return
        long = 9 - rest[0].bit_length()
        length = int.from_bytes(rest[:long]) & (1 << 7 * long) - 1
        at += wide + long
        if length == (1 << 7 * long) - 1:
            yield kind, at, None
            return
        yield kind, at, length
        at += length
