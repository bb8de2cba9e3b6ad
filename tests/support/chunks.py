"""How are pictures and profiles made that no library here writes? Byte by byte."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Laid:
    """A part of an animation: indices (h, w) for a GIF, RGBA (h, w, 4) or indices for a PNG, and where it lies."""

    pixels: Pixels
    x: int = 0
    y: int = 0
    delay: int = 10
    """In hundredths of a second."""
    dispose: int = 0
    """As the format counts."""
    blend: int = 1
    """Of a PNG: 0 replaces what is there."""


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(
    size: tuple[int, int],
    depth: int,
    kind: int,
    rows: Sequence[bytes],
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """A PNG of packed rows, with chunks before and after its picture."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, kind, 0, 0, 0))
        + before
        + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
        + after
        + chunk(b"IEND", b"")
    )


def rgb_png(pixels: Pixels, before: bytes = b"", after: bytes = b"") -> bytes:
    """The same of (h, w, 3) in 8 bits."""
    return png((pixels.shape[1], pixels.shape[0]), 8, 2, [row.tobytes() for row in pixels], before, after)


def apng(
    parts: Sequence[Laid], palette: bytes = b"", alphas: bytes = b"", hidden: Pixels | None = None
) -> bytes:
    """An animated PNG as large as its first part; of indices with a palette. ``hidden`` is shown by those who show no movement."""
    first = parts[0].pixels if hidden is None else hidden
    number, body = 0, b""
    for place, part in enumerate(parts):
        control = struct.pack(
            ">IIIIIHHBB", number, part.pixels.shape[1], part.pixels.shape[0], part.x, part.y, part.delay, 100, part.dispose, part.blend
        )  # fmt: skip
        body += chunk(b"fcTL", control)
        number += 1
        data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in part.pixels))
        if place == 0 and hidden is None:
            body += chunk(b"IDAT", data)
        else:
            body += chunk(b"fdAT", struct.pack(">I", number) + data)
            number += 1
    before = chunk(b"acTL", struct.pack(">II", len(parts), 0))
    if palette:
        before += chunk(b"PLTE", palette) + chunk(b"tRNS", alphas)
    if hidden is not None:
        before += chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in hidden)))
    header = struct.pack(">IIBBBBB", first.shape[1], first.shape[0], 8, 3 if palette else 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + body + chunk(b"IEND", b"")


def gif(
    size: tuple[int, int], palette: bytes, parts: Sequence[Laid], transparent: int | None = None
) -> bytes:
    """A GIF of at most 128 colours, whose data are packed without packing anything."""
    body = b"GIF89a" + struct.pack("<HH", *size) + b"\xf6\0\0" + palette.ljust(384, b"\0")
    for part in parts:
        flags = part.dispose << 2 | (transparent is not None)
        body += b"!\xf9\4" + struct.pack("<BHB", flags, part.delay, transparent or 0) + b"\0"
        height, width = part.pixels.shape
        body += b"," + struct.pack("<HHHHB", part.x, part.y, width, height, 0) + b"\7"
        codes = part.pixels.tobytes()
        for at in range(0, len(codes), 100):
            run = b"\x80" + codes[at : at + 100]  # each begins a new table, so that codes stay bytes
            body += bytes([len(run)]) + run
        body += b"\1\x81\0"
    return body + b";"


def icc(space: bytes, kind: bytes, tags: dict[bytes, bytes], connection: bytes = b"XYZ ") -> bytes:
    """A profile of colours (version 2)."""
    at, index, content = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        padded = tag.ljust(-(-len(tag) // 4) * 4, b"\0")
        index += name + struct.pack(">II", at + len(content), len(tag))
        content += padded
    head = bytes(4) + b"none" + b"\2\x10\0\0" + kind + space + connection + bytes(12) + b"acsp" + bytes(28)
    head += struct.pack(">iii", *(round(value * 65536) for value in (0.9642, 1.0, 0.8249)))
    body = head.ljust(128, b"\0")[4:] + index + content
    return struct.pack(">I", len(body) + 4) + body


def xyz(*values: float) -> bytes:
    """A tag of a profile: one colour."""
    return b"XYZ " + bytes(4) + struct.pack(">iii", *(round(value * 65536) for value in values))


def gamma(exponent: float) -> bytes:
    """A tag of a profile: a curve."""
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(exponent * 256))


def grey_profile(exponent: float) -> bytes:
    """Of one channel."""
    return icc(b"GRAY", b"mntr", {b"wtpt": xyz(0.9642, 1, 0.8249), b"kTRC": gamma(exponent)})


def ink_profile() -> bytes:
    """Of four inks that are not those that a naive conversion takes them for: cyan is dull, and black is brown."""
    corners = b""
    for code in range(16):
        cyan, magenta, yellow, black = (code >> place & 1 for place in (3, 2, 1, 0))
        light = max(100 - 30 * cyan - 40 * magenta - 10 * yellow - 70 * black, 5)
        a = -20 * cyan + 60 * magenta + 8 * black
        b = -25 * cyan - 5 * magenta + 70 * yellow + 12 * black
        corners += bytes([round(light * 2.55), 128 + a, min(128 + b, 255)])
    line = bytes(range(256))
    matrix = struct.pack(">9i", *(65536 * (place % 4 == 0) for place in range(9)))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + line * 4 + corners + line * 3
    return icc(b"CMYK", b"prtr", {b"wtpt": xyz(0.9642, 1, 0.8249), b"A2B0": table}, b"Lab ")
