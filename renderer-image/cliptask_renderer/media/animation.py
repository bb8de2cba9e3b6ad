"""Which picture of an animation is shown in which frame? By its own clock, over and over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cliptask.orders import Cut, Profile
from cliptask_renderer.media import stills

if TYPE_CHECKING:
    from PIL import Image

    from cliptask_renderer.media.pictures import Picture

T = TypeVar("T")

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

    def made(file: Picture, stored: Image.Image) -> bytes:
        return stills.packed(stills.seen(file, stored, 2 * profile.width, 2 * profile.height), profile)

    return each_frame(picture, profile.fps, range(cut.first_frame, cut.first_frame + cut.frames), made)


def each_frame(
    picture: Path,
    fps: int,
    numbers: range,
    made: Callable[[Picture, Image.Image], T],
    *,
    is_held: bool = False,
) -> Iterator[T]:
    """What is ``made`` of the picture that each of these frames shows, counted from the animation's begin; once of each.

    After its last picture an animation begins anew, or stands where it ``is_held``.
    """
    from cliptask_renderer.media import pictures  # noqa: PLC0415  as above

    number, last, per_second = numbers.start, numbers.stop, _LEAN * fps
    with pictures.opened(picture) as file:
        begin = 0
        content: T | None = None
        while True:
            start = begin
            for stored, us in file.pictures():
                begin += us * per_second
                content = None
                while number < last and _due(number) < begin:
                    content = made(file, stored) if content is None else content
                    yield content
                    number += 1
                if number == last:
                    return
            if is_held:
                yield from repeat(made(file, stored) if content is None else content, last - number)
                return
            # A cut that begins late is not decoded round by round.
            begin += (_due(number) - begin) // (begin - start) * (begin - start)


def _due(number: int) -> int:
    """In microseconds times ``_LEAN`` times the rate, so that whole numbers are compared."""
    return (_LEAN * number + 1) * 1_000_000
