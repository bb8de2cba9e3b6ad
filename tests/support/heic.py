"""How is a HEIC made? From pictures that x265 has encoded alone, and boxes around them: no library here writes one."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import PIL.Image

from support.media import ffmpeg

P3 = (12, 13)
"""Display P3 and sRGB's curve, by ITU-T H.273."""


@dataclass(frozen=True)
class Item:
    """One part of a HEIC: a coded picture, a grid of others, or what belongs to one."""

    kind: bytes
    content: bytes
    properties: tuple[bytes, ...] = ()
    refers: tuple[bytes, tuple[int, ...]] | None = None
    """How, and to which other items (counted from 1)."""


@dataclass(frozen=True)
class HeicLook:
    """Everything in which one test picture differs from another."""

    turn: int = 0
    """Quarter turns against the clock, by the file's own transformation (``irot``)."""
    mirror: int | None = None
    """Top and bottom change places (0), or left and right (1), by the file's own transformation (``imir``)."""
    exif: bytes = b""
    icc: bytes = b""
    codes: tuple[int, int] | None = None
    """Primaries and transfer."""
    pixels: str = "yuv444p"
    tile: int = 0
    """Side of the tiles that the picture is cut into; 0: in one piece."""
    brand: bytes = b"heic"
    others: Sequence[PIL.Image.Image] = field(default_factory=tuple)
    """More pictures, of which the file shows none."""


def write(path: Path, picture: PIL.Image.Image, look: HeicLook | None = None) -> Path:
    """Write an RGB picture, or RGBA with its alpha as an item of its own, all but without loss."""
    look = look or HeicLook()
    colour = picture.convert("RGB")
    own = [_box(b"ispe", bytes(4) + struct.pack(">II", *picture.size))]
    if look.icc:
        own.append(_box(b"colr", b"prof" + look.icc))
    if look.codes:
        own.append(_box(b"colr", b"nclx" + struct.pack(">HHHB", *look.codes, 1, 0x80)))
    if look.turn:
        own.append(_box(b"irot", bytes([look.turn])))
    if look.mirror is not None:
        own.append(_box(b"imir", bytes([look.mirror])))
    items: list[Item] = []
    if look.tile:
        columns, rows = -(-picture.width // look.tile), -(-picture.height // look.tile)
        tiles = [
            colour.crop((x * look.tile, y * look.tile, (x + 1) * look.tile, (y + 1) * look.tile))
            for y in range(rows)
            for x in range(columns)
        ]
        numbers = tuple(range(2, len(tiles) + 2))
        grid = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, *picture.size)
        items += [Item(b"grid", grid, tuple(own), (b"dimg", numbers))]
        items += [_coded(tile, path, look.pixels) for tile in tiles]
    else:
        items += [_coded(colour, path, look.pixels, own[1:])]
    if picture.mode == "RGBA":
        alpha = _coded(
            picture.getchannel("A").convert("RGB"),
            path,
            "gray",
            [_box(b"auxC", bytes(4) + b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")],
        )
        items.append(Item(alpha.kind, alpha.content, alpha.properties, (b"auxl", (1,))))
    if look.exif:
        items.append(Item(b"Exif", bytes(4) + look.exif.removeprefix(b"Exif\0\0"), (), (b"cdsc", (1,))))
    items += [_coded(other, path, look.pixels) for other in look.others]
    path.write_bytes(_file(items, look.brand))
    return path


def _coded(picture: PIL.Image.Image, path: Path, pixels: str, more: Sequence[bytes] = ()) -> Item:
    """A picture as HEVC holds it, with the record that its decoder needs."""
    png, mp4 = path.with_suffix(".item.png"), path.with_suffix(".item.mp4")
    picture.save(png)
    # The matrix of BT.709 at full range, and nothing that is lost but by rounding.
    ffmpeg(
        [
            *("-i", str(png), "-frames:v", "1", "-c:v", "libx265", "-tag:v", "hvc1", "-pix_fmt", pixels),
            *("-vf", "scale=out_color_matrix=bt709:out_range=pc:flags=accurate_rnd+full_chroma_int"),
            *("-color_range", "pc", "-colorspace", "bt709"),
            *("-x265-params", "log-level=none:qp=4:range=full:colormatrix=bt709:info=0"),
        ],
        mp4,
    )
    content = mp4.read_bytes()
    at = content.index(b"hvcC") - 4
    record = content[at : at + int.from_bytes(content[at : at + 4])]
    begin = content.index(b"mdat") - 4
    sample = content[begin + 8 : begin + int.from_bytes(content[begin : begin + 4])]
    size = _box(b"ispe", bytes(4) + struct.pack(">II", *picture.size))
    return Item(b"hvc1", sample, (size, record, *more))


def _file(items: Sequence[Item], brand: bytes) -> bytes:
    head = _box(b"ftyp", brand + bytes(4) + b"mif1heic")
    length = len(_meta(items, 0))
    meta = _meta(items, len(head) + length + 8)
    return head + meta + _box(b"mdat", b"".join(item.content for item in items))


def _meta(items: Sequence[Item], begin: int) -> bytes:
    """The box that describes the items, whose contents follow each other from ``begin`` on."""
    every = list(dict.fromkeys(prop for item in items for prop in item.properties))
    numbered = list(enumerate(items, 1))
    infos = b"".join(
        _box(b"infe", b"\2\0\0\0" + struct.pack(">HH", number, 0) + item.kind + b"\0")
        for number, item in numbered
    )
    places, at = b"", begin
    for number, item in numbered:
        places += struct.pack(">HHHII", number, 0, 1, at, len(item.content))
        at += len(item.content)
    associations = b""
    for number, item in numbered:
        associations += struct.pack(">HB", number, len(item.properties))
        associations += bytes(0x80 | every.index(prop) + 1 for prop in item.properties)
    references = b"".join(
        _box(
            item.refers[0],
            struct.pack(f">HH{len(item.refers[1])}H", number, len(item.refers[1]), *item.refers[1]),
        )
        for number, item in numbered
        if item.refers
    )
    return _box(
        b"meta",
        bytes(4)
        + _box(b"hdlr", bytes(8) + b"pict" + bytes(13))
        + _box(b"pitm", bytes(4) + struct.pack(">H", 1))
        + _box(b"iinf", bytes(4) + struct.pack(">H", len(items)) + infos)
        + (_box(b"iref", bytes(4) + references) if references else b"")
        + _box(b"iprp", _box(b"ipco", b"".join(every)) + _box(b"ipma", bytes(4) + struct.pack(">I", len(items)) + associations))
        + _box(b"iloc", bytes(4) + b"\x44\0" + struct.pack(">H", len(items)) + places),
    )  # fmt: skip


def _box(kind: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4) + kind + content
