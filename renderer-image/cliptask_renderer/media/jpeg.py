"""Is all of a JPEG's picture there? Its end mark may be missing: no viewer needs it."""

from __future__ import annotations

import zlib
from typing import BinaryIO

from PIL.JpegImagePlugin import JpegImageFile

from cliptask_renderer.media.pieces import joined

END = b"\xff\xd9"
_NOISE = b"\x55\xaa" * 512 + b"".join(
    bytes([0xFF, 0xD0 + number % 8]) + b"\x55\xaa" * 32 for number in range(16)
)
"""With marks after which a decoder begins anew, so that it is read whatever is missing."""


def is_whole(file: BinaryIO) -> bool:
    """Whether nothing is missing but the end mark. Raises an error of Pillow's for a damaged one."""
    try:
        image = _opened(file, b"")
        image.draft("RGB", (1, 1))  # all of the file is read for it, and little memory taken
        image.load()
    except OSError:
        # What is missing is made up from what follows.
        with_end, with_noise = (zlib.crc32(_opened(file, tail).tobytes()) for tail in (END, _NOISE + END))
        return with_end == with_noise
    return True


def _opened(file: BinaryIO, tail: bytes) -> JpegImageFile:
    return JpegImageFile(joined(file, [range(file.seek(0, 2)), tail]))
