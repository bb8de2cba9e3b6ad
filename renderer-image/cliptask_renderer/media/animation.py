"""Which picture of an animation is shown in which frame? By its own clock, over and over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cliptask.orders import Cut, Profile
from cliptask_renderer.media import stills

if TYPE_CHECKING:
    from PIL import Image

    from cliptask_renderer.media.pictures import Picture

_LEAN = 5
"""A frame shows what is due a fifth of a frame later: files round their times to milliseconds, some of them up."""


def size(picture: Path, profile: Profile) -> tuple[int, int]:
    """Width and height of ``frames``: much larger pictures than needed are reduced by a whole number."""
    from cliptask_renderer.media import pictures  # noqa: PLC0415  only where something is made

    with pictures.opened(picture) as file:
        factor = stills.reduction(*file.size, 2 * profile.width, 2 * profile.height)
        width, height = (-(-side // factor) for side in file.size)
        return width, height


def frames(picture: Path, profile: Profile, cut: Cut) -> Iterator[bytes]:
    """Each frame of the cut in the profile's ``stills.pixel_format``. One picture at a time is in memory."""
    from cliptask_renderer.media import pictures  # noqa: PLC0415  as above

    number, last, per_second = cut.first_frame, cut.first_frame + cut.frames, _LEAN * profile.fps
    with pictures.opened(picture) as file:
        begin = 0
        while True:
            start = begin
            for stored, us in file.pictures():
                begin += us * per_second
                content = b""
                while number < last and _due(number) < begin:
                    content = content or _pixels(file, stored, profile)
                    yield content
                    number += 1
                if number == last:
                    return
            # A cut that begins late is not decoded round by round.
            begin += (_due(number) - begin) // (begin - start) * (begin - start)


def _pixels(file: Picture, stored: Image.Image, profile: Profile) -> bytes:
    return stills.packed(stills.seen(file, stored, 2 * profile.width, 2 * profile.height), profile)


def _due(number: int) -> int:
    """In microseconds times ``_LEAN`` times the rate, so that whole numbers are compared."""
    return (_LEAN * number + 1) * 1_000_000
