"""Which files may be opened, and how does a picture say that it lies on its side?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
"""The names of one demuxer: what cameras and editors write, and all that is made here."""

DEMUXERS = f"{MP4},matroska,webm,mp3,wav,ogg,flac,aac,mpegts,avi"
"""They read one file and nothing beside it. Playlists, concat lists and network formats are not among them: such a file
could have another opened. Nor are drawings and subtitles, whose readers are many and little used."""

PICTURES = ("JPEG", "PNG", "WEBP", "GIF")
"""Pillow's other readers start programs (EPS) or read what no probe has seen."""

_ORIENTATION = 0x0112
_QUARTER_TURNS = frozenset({5, 6, 7, 8})
"""EXIF's orientations 1 to 4 leave a picture's sides as they are."""


def is_turned(picture: Image.Image) -> bool:
    """Whether EXIF has the picture shown with its width as its height."""
    return picture.getexif().get(_ORIENTATION) in _QUARTER_TURNS
