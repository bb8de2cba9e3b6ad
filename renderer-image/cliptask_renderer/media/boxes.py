"""What do the boxes of a HEIC or an AVIF say of it? Its brands, and the numbers of its colours."""

from __future__ import annotations

from typing import BinaryIO

from cliptask_renderer.mux.boxes import children, places

_META_BYTES = 16 << 20
_FULL = 4
"""Bytes of a version and flags, which some boxes begin with."""


def brands(head: bytes) -> tuple[str, frozenset[str]]:
    """The main brand of a file, and all that it is said to be compatible with; empty for what has none."""
    if head[4:8] != b"ftyp":
        return "", frozenset()
    end = min(int.from_bytes(head[:4]), len(head))
    every = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    main, *_ = names = [brand.decode("latin-1") for brand in every]
    return main, frozenset(names)


def ends_early(file: BinaryIO) -> bool:
    """Whether the file ends within what it needs."""
    end = file.seek(0, 2)
    return any(kind in {b"meta", b"mdat", b"moov"} and place.stop > end for kind, place in places(file))


def colour_codes(file: BinaryIO) -> tuple[int, int] | None:
    """Primaries and transfer by ITU-T H.273; None where the file gives no numbers."""
    for kind, place in places(file):
        if kind == b"meta":
            file.seek(place.start)
            return _codes_within(file.read(min(len(place), _META_BYTES))[_FULL:])
    return None


def _codes_within(meta: bytes) -> tuple[int, int] | None:
    for properties in (content for kind, content in children(meta) if kind == b"iprp"):
        for container in (content for kind, content in children(properties) if kind == b"ipco"):
            for kind, content in children(container):
                if kind == b"colr" and content[:4] == b"nclx":
                    return int.from_bytes(content[4:6]), int.from_bytes(content[6:8])
    return None
