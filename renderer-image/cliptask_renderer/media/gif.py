"""Which pictures does a GIF hold, where do they lie, and how long is each shown?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO

from cliptask_renderer.media.composition import Part, Then
from cliptask_renderer.media.pieces import Piece

_EXTENSION, _IMAGE, _END = 0x21, 0x2C, 0x3B
_CONTROL = 0xF9
_HAS_PALETTE, _HAS_TRANSPARENCY, _INTERLACED = 0x80, 0x01, 0x40


@dataclass
class Gif:
    """What a GIF consists of."""

    width: int
    height: int
    frames: list[Part] = field(default_factory=list)
    """What each holds is a GIF of its own."""


def read(file: BinaryIO) -> Gif:
    """Look through a GIF. Raises ``EOFError`` for one that ends within a picture, ``SyntaxError`` for one of none."""
    file.seek(6)
    screen = _exactly(file, 7)
    gif = Gif(int.from_bytes(screen[0:2], "little"), int.from_bytes(screen[2:4], "little"))
    palette, control = _palette(file, screen[4]), b""
    while (kind := file.read(1)) and kind[0] != _END:
        if kind[0] == _EXTENSION:
            label = file.read(1)
            if label and label[0] == _CONTROL:
                control = file.read(6)[1:5]
            else:
                _skip(file, or_refuse=False)
        elif kind[0] == _IMAGE:
            _add(gif, file, palette, control)
            control = b""
        elif kind[0]:
            break  # what no viewer reads
    if not gif.frames:
        message = "it has no picture"
        raise SyntaxError(message)
    return gif


def _add(gif: Gif, file: BinaryIO, palette: bytes, control: bytes) -> None:
    where = _exactly(file, 9)
    x, y, width, height = (int.from_bytes(where[at : at + 2], "little") for at in (0, 2, 4, 6))
    palette = _palette(file, where[8]) or palette
    begin = file.tell()
    _exactly(file, 1)
    _skip(file)
    flags, delay, transparent = 0, 0, 0
    if len(control) == 4:  # noqa: PLR2004  bytes of a control
        flags, delay, transparent = control[0], int.from_bytes(control[1:3], "little"), control[3]
    if not gif.frames:  # the first may be larger than the screen
        gif.width, gif.height = max(gif.width, x + width), max(gif.height, y + height)
    if not width or not height:
        return
    has_transparency = flags & _HAS_TRANSPARENCY
    size = where[4:8]
    bits = max(len(palette) // 3, 2).bit_length() - 2
    head = b"GIF89a" + size + bytes([(_HAS_PALETTE if palette else 0) | bits, 0, 0]) + palette
    if has_transparency:
        head += bytes([_EXTENSION, _CONTROL, 4, _HAS_TRANSPARENCY, 0, 0, transparent, 0])
    head += bytes([_IMAGE]) + bytes(4) + size + bytes([where[8] & _INTERLACED])
    alone: list[Piece] = [head, range(begin, file.tell()), bytes([_END])]
    then: Then = "clear" if flags >> 2 & 7 == 2 else "restore" if flags >> 2 & 7 == 3 else "keep"  # noqa: PLR2004  its numbers
    gif.frames.append(Part(width, height, x, y, us=delay * 10_000, then=then, blends=True, data=alone))


def _palette(file: BinaryIO, flags: int) -> bytes:
    return _exactly(file, 3 << (flags & 7) + 1) if flags & _HAS_PALETTE else b""


def _skip(file: BinaryIO, *, or_refuse: bool = True) -> None:
    """Pass over blocks of data up to the empty one."""
    while length := _exactly(file, 1)[0] if or_refuse else (file.read(1) or b"\0")[0]:
        file.seek(length, 1)


def _exactly(file: BinaryIO, count: int) -> bytes:
    content = file.read(count)
    if len(content) < count:
        message = "it ends within a picture"
        raise EOFError(message)
    return content
