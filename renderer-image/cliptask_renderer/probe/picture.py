"""Which picture is this, does it move, and is it whole? Read by the one reader of its format."""

from __future__ import annotations

import threading
import time
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any

from PIL.ImageFile import ImageFile

from cliptask.errors import ClipTaskError
from cliptask.facts import SourceFacts
from cliptask_renderer.media import boxes, jpeg
from cliptask_renderer.media.pictures import DAMAGE, Picture, opened
from cliptask_renderer.probe.limits import ProbeLimits, check_pixels, check_time, refuse
from cliptask_renderer.probe.rhythm import Rhythm

# A picture of 50 megapixels takes 200 MB decoded: one at a time.
_one_picture = threading.Lock()

_SEQUENCES = frozenset({"hevc", "hevx", "hevm", "hevs", "msf1"})
_CUT_SHORT = ("truncated", "cut short", "end of file", "ends within", "unexpected end", "not enough")
"""What readers say of a picture that ends too early."""


def refuse_moving_heic(head: bytes) -> None:
    """Raise ``SourceError`` for a sequence of pictures in HEIC, which only phones show as one."""
    main, every = boxes.brands(head)
    if main in _SEQUENCES and not every & {"avif", "avis"}:
        refuse("it is a HEIC that moves", "export it as an MP4")


def probe_picture(
    path: Path, reader: type[ImageFile], facts: SourceFacts, limits: ProbeLimits
) -> SourceFacts:
    """The facts of a picture. Raises ``SourceError`` for one that no task can use."""
    if facts.size_bytes > limits.picture_bytes:
        refuse(
            f"the picture has {facts.size_bytes} bytes, {limits.picture_bytes} are allowed", "make it smaller"
        )
    name = "HEIC" if reader.format == "HEIF" else str(reader.format)
    try:
        with _one_picture, opened(path) as picture:
            width, height = picture.size
            moves = picture.frames > 1
            check_pixels(width, height, limits.video_pixels if moves else limits.still_pixels, limits.side)
            if moves:
                own = _movement(picture, limits)
            else:
                own = {}
                _read_whole(picture, path)
    except ClipTaskError:
        raise
    except DAMAGE as error:
        said = " ".join(str(error).split())
        if isinstance(error, EOFError) or any(words in said.lower() for words in _CUT_SHORT):
            refuse(f"it is a picture that is cut short ({name}: {said})", "upload it again", error)
        refuse(f"it is a damaged picture ({name}: {said})", "export it again", error)
    return facts.model_copy(update={"container": name.lower(), "width": width, "height": height, **own})


def _movement(picture: Picture, limits: ProbeLimits) -> dict[str, Any]:
    """The facts of an animation. It is decoded once: nothing but that shows whether it can be."""
    width, height = picture.size
    if picture.frames > limits.frames or picture.frames * width * height > limits.animation_pixels:
        most = f"{limits.frames} and {limits.animation_pixels / 1e6:.0f} megapixels together are allowed"
        refuse(f"it has {picture.frames} pictures of {width}x{height}, {most}", "export it as an MP4")
    deadline, lengths = time.monotonic() + limits.seconds, []
    for _, us in picture.pictures():
        lengths.append(us)
        check_time(deadline, limits, "export it as an MP4")
    duration_s = sum(lengths) / 1_000_000
    if duration_s > limits.duration_s:
        refuse(f"it is {duration_s:.0f} s long, longer than {limits.duration_s:.0f} s", "export it shorter")
    *starts, _end = accumulate(lengths, initial=0)
    rhythm = Rhythm.of(starts, lengths[-1], Fraction(1, 1_000_000), None)
    return {"kind": "animation", "duration_s": duration_s, "fps": rhythm.fps}


def _read_whole(picture: Picture, path: Path) -> None:
    """Decode a still picture, as small as its format allows. Raises one of ``DAMAGE`` where that fails."""
    if picture.format == "JPEG":
        with path.open("rb") as file:
            if not jpeg.is_whole(file):
                message = "its end is missing"
                raise EOFError(message)
    else:
        picture.still(1, 1)
