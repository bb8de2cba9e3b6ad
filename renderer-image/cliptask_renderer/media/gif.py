"""Which pictures does a GIF hold, where do they lie, and how long is each shown?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from cliptask_renderer.media.composition import Part, Then, add
from cliptask_renderer.media.pieces import Piece

_EXTENSION, _IMAGE, _END = 0x21, 0x2C, 0x3B
_CONTROL, _CONTROL_BYTES = 0xF9, 4
_THEN: Final[Mapping[int, Then]] = {2: "clear", 3: "restore"}
_BLOCKS = 3_000_000
"""Three times as many as the largest file has whose blocks are full."""
_HAS_PALETTE, _HAS_TRANSPARENCY, _INTERLACED = 0x80, 0x01, 0x40


@dataclass
class Gif:
    """What a GIF consists of."""

    width: int
    height: int
    frames: list[Part] = field(default_factory=list)
    """What each holds is a GIF of its own."""


def read(file: BinaryIO) -> Gif:
    """Look through a GIF. Raises ``EOFError`` for one that ends within a picture, ``SyntaxError`` for one that no viewer shows."""
    return _Reader(file).read()


class _Reader:
    def __init__(self, file: BinaryIO) -> None:
        self._file, self._blocks = file, 0
        file.seek(6)
        screen = self._exactly(7)
        self._gif = Gif(int.from_bytes(screen[0:2], "little"), int.from_bytes(screen[2:4], "little"))
        self._palette = self._palette_of(screen[4])

    def read(self) -> Gif:
        control = b""
        while (kind := self._next()) and kind[0] != _END:
            if kind[0] == _EXTENSION:
                label = self._next()
                if label and label[0] == _CONTROL:
                    control = self._file.read(6)[1:5]
                else:
                    self._skip(self._next)
            elif kind[0] == _IMAGE:
                self._add(control)
                control = b""
            elif kind[0]:
                break  # what no viewer reads
        if not self._gif.frames:
            message = "it has no picture"
            raise SyntaxError(message)
        return self._gif

    def _add(self, control: bytes) -> None:
        where = self._exactly(9)
        x, y, width, height = (int.from_bytes(where[at : at + 2], "little") for at in (0, 2, 4, 6))
        palette = self._palette_of(where[8]) or self._palette
        begin = self._file.tell()
        self._exactly(1)
        self._skip(lambda: self._exactly(1))
        flags, delay, transparent = 0, 0, 0
        if len(control) == _CONTROL_BYTES:
            flags, delay, transparent = control[0], int.from_bytes(control[1:3], "little"), control[3]
        gif = self._gif
        if not gif.frames:  # the first may be larger than the screen
            gif.width, gif.height = max(gif.width, x + width), max(gif.height, y + height)
        if not width or not height:
            return
        bits = max(len(palette) // 3, 2).bit_length() - 2
        head = b"GIF89a" + where[4:8] + bytes([(_HAS_PALETTE if palette else 0) | bits, 0, 0]) + palette
        if flags & _HAS_TRANSPARENCY:
            head += bytes([_EXTENSION, _CONTROL, _CONTROL_BYTES, _HAS_TRANSPARENCY, 0, 0, transparent, 0])
        head += bytes([_IMAGE]) + bytes(4) + where[4:8] + bytes([where[8] & _INTERLACED])
        alone: list[Piece] = [head, range(begin, self._file.tell()), bytes([_END])]
        then = _THEN.get(flags >> 2 & 7, "keep")
        add(gif.frames, Part(width, height, x, y, us=delay * 10_000, then=then, blends=True, data=alone))

    def _palette_of(self, flags: int) -> bytes:
        return self._exactly(3 << (flags & 7) + 1) if flags & _HAS_PALETTE else b""

    def _skip(self, length: Callable[[], bytes]) -> None:
        """Pass over blocks of data up to the empty one."""
        while (count := length()) and count[0]:
            self._file.seek(count[0], 1)

    def _exactly(self, count: int) -> bytes:
        content = self._next(count)
        if len(content) < count:
            message = "it ends within a picture"
            raise EOFError(message)
        return content

    def _next(self, count: int = 1) -> bytes:
        self._blocks += 1
        if self._blocks > _BLOCKS:
            message = f"it has more than {_BLOCKS} blocks"
            raise SyntaxError(message)
        return self._file.read(count)
