"""How is an MP4 built? Of boxes: a size, a kind of four letters, a content that may be boxes again (ISO/IEC 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import BinaryIO

_HEAD = 8
_WIDE_HEAD = 16


def box(kind: bytes, *content: bytes) -> bytes:
    """A box; raises ``OverflowError`` from 4 GiB on."""
    body = b"".join(content)
    return (len(body) + _HEAD).to_bytes(4) + kind + body


def full_box(kind: bytes, *content: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box whose content begins with a version and flags."""
    return box(kind, bytes([version]) + flags.to_bytes(3), *content)


def children(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each box in a row; ends where no further one is whole enough to have a head."""
    at = 0
    while at + _HEAD <= len(content):
        size, head = int.from_bytes(content[at : at + 4]), _HEAD
        if size == 1:
            size, head = int.from_bytes(content[at + _HEAD : at + _WIDE_HEAD]), _WIDE_HEAD
        size = size or len(content) - at
        if size < head:
            return
        yield content[at + 4 : at + _HEAD], content[at + head : at + size]
        at += size


def places(file: BinaryIO) -> Iterator[tuple[bytes, range]]:
    """The kind of each box of a file, and where its content is, be it there or not; ends where no further one is whole enough to have a head."""
    end, begin = file.seek(0, 2), 0
    while begin < end:
        file.seek(begin)
        start = file.read(_WIDE_HEAD)
        size, kind, head = int.from_bytes(start[:4]), start[4:_HEAD], _HEAD
        if size == 1:
            size, head = int.from_bytes(start[_HEAD:]), _WIDE_HEAD
        size = size or end - begin
        if len(start) < head or size < head:
            return
        yield kind, range(begin + head, begin + size)
        begin += size


def child(content: bytes, *path: bytes) -> bytes | None:
    """The content of the first box at a path of kinds; None where there is none."""
    for kind in path:
        found = next((inner for each, inner in children(content) if each == kind), None)
        if found is None:
            return None
        content = found
    return content


def words(numbers: Sequence[int]) -> bytes:
    """Numbers of 32 bits, one after the other. Raises ``struct.error`` for any that has more."""
    return struct.pack(f">{len(numbers)}I", *numbers)
