"""How was the camera held? The one thing of all that cameras note which changes what is seen."""

from __future__ import annotations

from typing import Final, Literal

_ORIENTATION = 0x0112
_ENTRY_BYTES = 12
_ORDERS: Final[dict[bytes, Literal["little", "big"]]] = {b"II": "little", b"MM": "big"}


def orientation(exif: bytes) -> int:
    """EXIF's orientation, 1 (upright) to 8; 1 where it is missing or broken."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = _ORDERS.get(tiff[:2])
    if order is None:
        return 1
    begin = int.from_bytes(tiff[4:8], order) + 2
    count = int.from_bytes(tiff[begin - 2 : begin], order)
    for at in range(begin, begin + count * _ENTRY_BYTES, _ENTRY_BYTES):
        entry = tiff[at : at + _ENTRY_BYTES]
        if int.from_bytes(entry[:2], order) == _ORIENTATION:
            value = int.from_bytes(entry[8:10], order)
            return value if value in range(1, 9) else 1
    return 1
