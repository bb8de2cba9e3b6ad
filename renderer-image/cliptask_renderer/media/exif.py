"""What of all that cameras note changes what is seen? How the camera was held, and which colours its numbers mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

_ORIENTATION = 0x0112
_EXIF_IFD, _COLOUR_SPACE, _INTEROPERABILITY_IFD, _INDEX = 0x8769, 0xA001, 0xA005, 0x0001
_UNCALIBRATED, _ADOBE_RGB = 0xFFFF, b"R03"
_ENTRY_BYTES = 12
_ORDERS: Final[dict[bytes, Literal["little", "big"]]] = {b"II": "little", b"MM": "big"}


@dataclass(frozen=True)
class Notes:
    """What matters of them."""

    orientation: int = 1
    """1 (upright) to 8."""
    is_adobe_rgb: bool = False
    """Whether its colours are Adobe RGB's, as the rules of camera makers (DCF 2.0) say it; a profile in the file goes before."""


def notes(exif: bytes) -> Notes:
    """What EXIF says; what is missing or broken in it says nothing."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = _ORDERS.get(tiff[:2])
    if order is None:
        return Notes()

    def entries(offset: bytes | None) -> Mapping[int, bytes]:
        """The values, or where they are, of a directory's entries: the first of each."""
        if offset is None:
            return {}
        begin = int.from_bytes(offset, order) + 2
        count = int.from_bytes(tiff[begin - 2 : begin], order)
        end = min(begin + count * _ENTRY_BYTES, len(tiff))
        found: dict[int, bytes] = {}
        for at in range(begin, end, _ENTRY_BYTES):
            found.setdefault(int.from_bytes(tiff[at : at + 2], order), tiff[at + 8 : at + _ENTRY_BYTES])
        return found

    main = entries(tiff[4:8])
    turned = int.from_bytes(main.get(_ORIENTATION, b"")[:2], order)
    own = entries(main.get(_EXIF_IFD))
    space = int.from_bytes(own.get(_COLOUR_SPACE, b"")[:2], order)
    index = entries(own.get(_INTEROPERABILITY_IFD)).get(_INDEX, b"")
    is_adobe = space == _UNCALIBRATED and index[: len(_ADOBE_RGB)] == _ADOBE_RGB
    return Notes(turned if turned in range(1, 9) else 1, is_adobe)
