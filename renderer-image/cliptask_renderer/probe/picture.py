"""Which still picture is this? Read whole by the one reader of its format."""

from __future__ import annotations

import threading
from pathlib import Path

from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from cliptask.facts import SourceFacts
from cliptask_renderer.media.formats import is_turned
from cliptask_renderer.probe.limits import ProbeLimits, check_pixels, refuse

# A picture of 50 megapixels takes 200 MB decoded: one at a time.
_one_picture = threading.Lock()


def reader_for(head: bytes) -> type[ImageFile] | None:
    """The one reader for a picture; None for what is none. Pillow's ``open`` would guess, and take a phone's JPEG for an album."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImageFile
    if head.startswith(b"\xff\xd8\xff"):
        return JpegImageFile
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GifImageFile
    return WebPImageFile if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def probe_picture(
    path: Path, reader: type[ImageFile], facts: SourceFacts, limits: ProbeLimits
) -> SourceFacts:
    """The facts of a picture. Raises ``SourceError`` for one that no task can use."""
    name = str(reader.format)
    try:
        with _one_picture, reader(path) as image:
            width, height = image.size
            check_pixels(width, height, limits.still_pixels, limits.side)
            if getattr(image, "is_animated", False):
                refuse(f"it is an animated {name}", "save one picture of it, or export it as an MP4")
            if is_turned(image):
                width, height = height, width
            image.draft("RGB", (1, 1))
            image.load()
    # Pillow's readers raise nearly anything on a broken file.
    except (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, MemoryError) as error:
        refuse(f"it is a damaged {name} picture ({error})", "export it again", error)
    return facts.model_copy(update={"container": name.lower(), "width": width, "height": height})
