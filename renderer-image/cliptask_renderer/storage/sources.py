"""What is an object made of? Runs of bytes with their size and checksum, wherever they lie, to be copied or sent."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import google_crc32c

from cliptask_renderer.storage.bucket import Bucket, Known, download
from cliptask_renderer.storage.crc32c import Checksum, concatenated
from cliptask_renderer.storage.joining import Piece

_PIECE_BYTES = 1 << 18


@dataclass(frozen=True)
class Source:
    """Bytes that stay as they are, or are refused where they do not."""

    size_bytes: int
    crc32c: int
    read: Callable[[range], bytes]
    """A span of them. ``Gone``, ``Changed``: an object is no more what it was."""
    bucket: str = ""
    known: Known | None = None
    """The object of the bucket from which the storage copies; None: it cannot."""


def of_bytes(content: bytes) -> Source:
    """Of what is in memory."""
    return Source(len(content), google_crc32c.value(content), lambda span: content[span.start : span.stop])


def of_content(content: BinaryIO) -> Source:
    """Of an open file, read once for its checksum."""
    content.seek(0)
    checksum, size_bytes = Checksum(), 0
    while piece := content.read(_PIECE_BYTES):
        size_bytes += checksum.write(piece)

    def read(span: range) -> bytes:
        content.seek(span.start)
        return content.read(len(span))

    return Source(size_bytes, checksum.value, read)


def of_object(bucket: Bucket, known: Known) -> Source:
    """Of an object as it is now; one that other hands stored is read once for its checksum."""

    def read(span: range) -> bytes:
        content = io.BytesIO()
        download(bucket, known.path, content.write, span, known.etag)
        return content.getvalue()

    checksum = known.label.crc32c
    if checksum is None:
        through = Checksum()
        download(bucket, known.path, through.write, etag=known.etag)
        checksum = through.value
    return Source(known.size_bytes, checksum, read, bucket.name, known)


def whole_crc32c(sources: Sequence[Source]) -> int:
    """Of all of them one after another."""
    return concatenated((each.crc32c, each.size_bytes) for each in sources)


def gathered(sources: Sequence[Source], piece: Piece) -> bytes:
    """The content of a piece that is to be sent."""
    return b"".join(sources[each.source].read(each.span) for each in piece.stretches)
