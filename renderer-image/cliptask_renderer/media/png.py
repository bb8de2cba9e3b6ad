"""Which chunks of a PNG make its pictures, and what do they say of colours and time? All others are passed over."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from cliptask_renderer.media.composition import Part, Then, add
from cliptask_renderer.media.pieces import Piece

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_NOTED = frozenset({b"tRNS", b"eXIf", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"acTL"})
"""What a viewer heeds of the rest. Texts, which can be bombs, are not among them."""
_NOTED_BYTES = 16 << 20
_CHUNKS = 500_000
_HEADER_BYTES, _CONTROL_BYTES = 13, 26
_UNPACKED_BYTES = 16 << 20
"""Of a profile of colours; those of printers have two million."""


@dataclass
class Png:
    """What a PNG consists of."""

    header: bytes = b""
    palette: list[Piece] = field(default_factory=list)
    noted: dict[bytes, bytes] = field(default_factory=dict)
    data: list[Piece] = field(default_factory=list)
    frames: list[Part] = field(default_factory=list)
    """Of an animated one. What each holds is data without what a PNG begins with."""

    @property
    def depth(self) -> int:
        """Bits of a sample."""
        return self.header[8]

    @property
    def moving(self) -> list[Part]:
        """The pictures of one that says that it moves. Raises ``EOFError`` where there are fewer than it says."""
        if b"acTL" not in self.noted:
            return []
        if len(self.frames) < int.from_bytes(self.noted[b"acTL"][:4]):
            message = "its animation is cut short"
            raise EOFError(message)
        return self.frames

    @property
    def still(self) -> list[Piece]:
        """The PNG that shows no more than the picture."""
        exif = self.noted.get(b"eXIf")
        own = [] if exif is None else [_chunk(b"eXIf", exif)]
        return [*self._before(self.header), *own, *self.data]

    def alone(self, frame: Part) -> list[Piece]:
        """One picture of the animation as a PNG of its own."""
        header = frame.width.to_bytes(4) + frame.height.to_bytes(4) + self.header[8:]
        return [*self._before(header), *frame.data, _chunk(b"IEND", b"")]

    def profile(self) -> bytes | None:
        """The ICC profile, if there is one that can be unpacked."""
        _, _, packed = self.noted.get(b"iCCP", b"").partition(b"\0")
        unpacker = zlib.decompressobj()
        try:
            profile = unpacker.decompress(packed[1:], _UNPACKED_BYTES)
        except zlib.error:
            return None
        return profile if unpacker.eof else None

    def _before(self, header: bytes) -> list[Piece]:
        transparency = self.noted.get(b"tRNS")
        own = [] if transparency is None else [_chunk(b"tRNS", transparency)]
        return [SIGNATURE, _chunk(b"IHDR", header), *self.palette, *own]


def read(file: BinaryIO) -> Png:
    """Look through a PNG. Raises ``SyntaxError`` or ``EOFError`` for one that no viewer shows."""
    png = Png()
    for kind, begin, length in _chunks(file):
        place = range(begin, begin + 12 + length)
        if kind == b"IHDR":
            png.header = file.read(_HEADER_BYTES)
        elif kind == b"PLTE":
            png.palette.append(place)
        elif kind == b"IDAT":
            _add(png.data, place)
            if png.frames:
                _add(png.frames[0].data, place)
        elif kind == b"fcTL":
            add(png.frames, _frame(file.read(_CONTROL_BYTES)))
        elif kind == b"fdAT" and png.frames:
            png.frames[-1].data.extend(_as_data(file, begin, length))
        elif kind in _NOTED and length <= _NOTED_BYTES:
            _note(png, file, kind, length)
    if len(png.header) < _HEADER_BYTES:
        message = "it has no header"
        raise SyntaxError(message)
    return png


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place and length of each up to the last, whose content comes next in ``file``."""
    begin = len(SIGNATURE)
    for _ in range(_CHUNKS):
        file.seek(begin)
        head = file.read(8)
        length, kind = int.from_bytes(head[:4]), head[4:]
        if len(kind) < len(b"IEND") or kind == b"IEND":
            return
        yield kind, begin, length
        begin += 12 + length
    message = f"it has more than {_CHUNKS} chunks"
    raise SyntaxError(message)


def _note(png: Png, file: BinaryIO, kind: bytes, length: int) -> None:
    content = file.read(length)
    # A viewer passes over what is broken and not needed.
    if int.from_bytes(file.read(4)) == zlib.crc32(kind + content):
        png.noted.setdefault(kind, content)


def _as_data(file: BinaryIO, begin: int, length: int) -> list[Piece]:
    """The chunk of a still picture that holds what one of an animation does."""
    content = file.read(length)
    if int.from_bytes(file.read(4)) != zlib.crc32(b"fdAT" + content):
        message = "a picture of its animation is cut short or has another checksum"
        raise SyntaxError(message)
    checksum = zlib.crc32(b"IDAT" + content[4:]).to_bytes(4)
    return [(length - 4).to_bytes(4) + b"IDAT", range(begin + 12, begin + 8 + length), checksum]


def _add(data: list[Piece], place: range) -> None:
    """Keep one piece where two meet: large pictures have thousands."""
    last = data[-1] if data else b""
    if isinstance(last, range) and last.stop == place.start:
        data[-1] = range(last.start, place.stop)
    else:
        data.append(place)


def _frame(control: bytes) -> Part:
    if len(control) < _CONTROL_BYTES:
        message = "its animation is cut short"
        raise EOFError(message)
    width, height, x, y = (int.from_bytes(control[at : at + 4]) for at in (4, 8, 12, 16))
    numerator, denominator = int.from_bytes(control[20:22]), int.from_bytes(control[22:24]) or 100
    then: Then = "clear" if control[24] == 1 else "restore" if control[24] == 2 else "keep"  # noqa: PLR2004  its numbers
    us = round(numerator * 1_000_000 / denominator)
    return Part(width, height, x, y, us=us, then=then, blends=control[25] == 1)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)
