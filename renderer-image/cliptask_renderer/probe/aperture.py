"""Which part of an MP4's pictures is meant to be seen? Its clean aperture (ISO/IEC 14496-12, ``clap``).

ffmpeg cuts off the rest by itself; PyAV does not say by how much.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

_TO_ENTRIES: Final = ("mdia", "minf", "stbl", "stsd")
_ENTRIES_AT = 8
"""In ``stsd``, after its version and the number of entries."""
_BOXES_AT = 78
"""In a video's entry: fields that all have."""
_MOST_BOXES = 10_000
"""More than any file has: a hostile one could go on for ever."""


def clean_aperture(path: Path, track: int) -> tuple[int, int] | None:
    """Width and height in coded pixels of what is seen of the MP4's ``track`` (from 0); None where it is all."""
    with path.open("rb") as file:
        size = path.stat().st_size
        for movie in _boxes(file, 0, size, "moov"):
            tracks = list(_boxes(file, *movie, "trak"))
            spans = tracks[track : track + 1]
            for name in _TO_ENTRIES:
                spans = [below for span in spans for below in _boxes(file, *span, name)]
            for start, end in spans:
                for entry in _boxes(file, start + _ENTRIES_AT, end):
                    for at, _ in _boxes(file, entry[0] + _BOXES_AT, entry[1], "clap"):
                        return _size(file, at)
    return None


def _boxes(file: BinaryIO, start: int, end: int, name: str | None = None) -> Iterator[tuple[int, int]]:
    """Begin and end of the content of each box between two places, those of one name if it is given."""
    for _ in range(_MOST_BOXES):
        file.seek(start)
        head = file.read(8)
        if start + 8 > end or len(head) < 8:  # noqa: PLR2004  a size and a name
            return
        size, kind = struct.unpack(">I4s", head)
        begin = start + 8
        if size == 1:
            size, begin = int.from_bytes(file.read(8)), start + 16
        size = end - start if size == 0 else size
        if begin - start > size or start + size > end:
            return
        if name is None or kind == name.encode():
            yield begin, start + size
        start += size


def _size(file: BinaryIO, at: int) -> tuple[int, int] | None:
    file.seek(at)
    content = file.read(16)
    if len(content) < 16:  # noqa: PLR2004  four numbers
        return None
    width, width_of, height, height_of = struct.unpack(">4I", content)
    if not (width and width_of and height and height_of):
        return None
    return round(width / width_of), round(height / height_of)
