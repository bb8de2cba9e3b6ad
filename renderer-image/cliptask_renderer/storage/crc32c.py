"""What is the CRC32C of a file, and of several one after another? The latter is reckoned from theirs, without reading them.

A checksum is the remainder of a polynomial over GF(2), its lowest power in the highest bit. Bytes that follow multiply
it by a power of x, and their own checksum is added: zlib's ``crc32_combine``, for the polynomial of Castagnoli.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from pathlib import Path

import google_crc32c

_POLYNOMIAL = 0x82F63B78
_ONE = 1 << 31
_BYTE = _ONE >> 8
"""x^8, by which a byte that follows multiplies."""
_PIECE_BYTES = 1 << 18
_BYTES = 4


def _reduced(overflow: int) -> int:
    """What the four powers that a multiplication by x^4 pushes beyond the 31st are, reduced."""
    for _ in range(4):
        overflow = overflow >> 1 ^ (_POLYNOMIAL if overflow & 1 else 0)
    return overflow


_REDUCED = tuple(_reduced(overflow) for overflow in range(16))


class Checksum:
    """The checksum of what passes; as text the way Google Cloud Storage writes it."""

    def __init__(self, write: Callable[[bytes], object] = lambda _piece: None) -> None:
        self._write = write
        self.value = 0

    def write(self, piece: bytes) -> int:
        """Pass a piece on."""
        self._write(piece)
        self.value = google_crc32c.extend(self.value, piece)
        return len(piece)

    def __str__(self) -> str:
        return as_text(self.value)


def as_text(crc32c: int) -> str:
    """In base64, big-endian."""
    return base64.b64encode(crc32c.to_bytes(4, "big")).decode()


def from_text(text: str) -> int:
    """The reverse. Raises ``ValueError`` for a text that is none."""
    checksum = base64.b64decode(text, validate=True)
    if len(checksum) != _BYTES:
        message = f"{text!r} is no checksum of {_BYTES} bytes"
        raise ValueError(message)
    return int.from_bytes(checksum)


def of_file(file: Path) -> int:
    """Of a file's content, at the speed at which it is read."""
    crc32c = 0
    with file.open("rb", buffering=0) as content:
        while piece := content.read(_PIECE_BYTES):
            crc32c = google_crc32c.extend(crc32c, piece)
    return crc32c


def concatenated(parts: Iterable[tuple[int, int]]) -> int:
    """Of the parts in their order, each by its checksum and its size in bytes; of none, 0."""
    total = 0
    for crc32c, size_bytes in parts:
        total = _times(total, _shift(size_bytes)) ^ crc32c
    return total


@lru_cache(maxsize=4096)
def _shift(size_bytes: int) -> int:
    """x^(8 size), by the digits of the size in base 256: three multiplications for a part of any usual size."""
    power, digit = _ONE, 0
    while size_bytes:
        power = _times(power, _powers(digit)[size_bytes & 0xFF])
        size_bytes, digit = size_bytes >> 8, digit + 1
    return power


@cache
def _powers(digit: int) -> tuple[int, ...]:
    """x^(8 n 256^digit) for each n below 256."""
    step = _times(_powers(digit - 1)[-1], _powers(digit - 1)[1]) if digit else _BYTE
    powers = [_ONE]
    for _ in range(255):
        powers.append(_times(powers[-1], step))
    return tuple(powers)


def _times(one: int, other: int) -> int:
    """The product of two polynomials below the 32nd degree, reduced: four powers of ``one`` at a time, the highest first."""
    x0 = other
    x1 = x0 >> 1 ^ _REDUCED[(x0 & 1) << 3]
    x2 = x1 >> 1 ^ _REDUCED[(x1 & 1) << 3]
    x3 = x2 >> 1 ^ _REDUCED[(x2 & 1) << 3]
    x01, x23 = x0 ^ x1, x2 ^ x3
    multiples = (
        0, x3, x2, x23, x1, x1 ^ x3, x1 ^ x2, x1 ^ x23, x0, x0 ^ x3, x0 ^ x2, x0 ^ x23, x01, x01 ^ x3, x01 ^ x2, x01 ^ x23,
    )  # fmt: skip
    product = 0
    for digit in range(0, 32, 4):
        product = product >> 4 ^ _REDUCED[product & 15] ^ multiples[one >> digit & 15]
    return product
