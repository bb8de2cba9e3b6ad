"""Where in the picture is there room, and where does a layer stand in it?"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, get_args

from cliptask.layers import Free, Layer
from cliptask.orders import Profile
from cliptask.spec.platforms import PLATFORMS, USUAL, ZONE_HEIGHT, ZONE_WIDTH, Target, Zone
from cliptask.spec.position import Position, columns_of, room_of

MARGIN = 0.05
"""Of the picture's shorter side: inside of what rounded corners cover."""

UPRIGHT = 1.6
"""From this height on, in widths, platforms show a picture full screen, with their buttons over it."""

SAME_SHAPE = 0.01
"""By which a side may be off, as Meta has it too: encoders round to even pixels, and to sixteens."""

GAP = 0.015
"""Between layers in one place, of the picture's height."""

_COLUMN = {name: round(2 * columns_of(name)[0]) for name in get_args(Position)}
_ROW = {name: round(2 * columns_of(name)[1]) for name in _COLUMN}


class Spot(Protocol):
    """Where a layer stands."""

    def width(self, position: Position) -> int:
        """How wide a layer may be."""

    @property
    def height(self) -> int:
        """How high a layer may be."""

    def place(self, position: Position, width: int, height: int, beside: int) -> tuple[int, int]:
        """The upper left corner of a layer of this size, ``beside`` pixels farther from the edge than it would be alone; even."""


@dataclass(frozen=True)
class Area:
    """Pixels of the picture in which something may stand; a layer in the middle column stands in the picture's middle."""

    left: int
    top: int
    right: int
    bottom: int
    middle: int
    is_upright: bool = False
    """Whether platforms show the picture full screen, and this is what they leave free of it."""

    def width(self, position: Position) -> int:
        """How wide a layer may be."""
        if _COLUMN[position] == 1:
            return 2 * min(self.middle - self.left, self.right - self.middle)
        return self.right - self.left

    @property
    def height(self) -> int:
        """How high a layer may be."""
        return self.bottom - self.top

    def place(self, position: Position, width: int, height: int, beside: int) -> tuple[int, int]:
        """The upper left corner of a layer of this size, ``beside`` pixels farther from the edge than it would be alone; even."""
        x = (self.left, self.middle - width // 2, self.right - width)[_COLUMN[position]]
        centre = (self.top + self.bottom - height) // 2
        y = (self.top + beside, centre + beside, self.bottom - height - beside)[_ROW[position]]
        return _even(x), _even(y)


@dataclass(frozen=True)
class Point:
    """A point of the picture, or beside it, at which a point of a layer lies."""

    x: float
    y: float
    """In pixels."""
    room: tuple[int, int]
    """Width and height that leave a layer with its point there within the picture."""

    def width(self, position: Position) -> int:  # noqa: ARG002  as of every spot
        """How wide a text may be."""
        return self.room[0]

    @property
    def height(self) -> int:
        """How high."""
        return self.room[1]

    def place(self, position: Position, width: int, height: int, beside: int) -> tuple[int, int]:  # noqa: ARG002  nothing stands beside it
        """The upper left corner of a layer of this size; even, and less than 0 beyond the edges."""
        across, down = columns_of(position)
        return 2 * round((self.x - across * width) / 2), 2 * round((self.y - down * height) / 2)


def _free(zones: Iterable[Zone]) -> Free:
    left, top, right, bottom = (
        max((edge.value for edge in edges if edge), default=0.0) for edges in zip(*zones, strict=True)
    )
    return (
        left / ZONE_WIDTH,
        top / ZONE_HEIGHT,
        (ZONE_WIDTH - right) / ZONE_WIDTH,
        (ZONE_HEIGHT - bottom) / ZONE_HEIGHT,
    )


_USUAL = _free(zone for each in USUAL if (zone := PLATFORMS[each].zone))


def free_of(targets: Iterable[Target], width: int, height: int) -> Free | None:
    """What all of these targets leave free of a picture of this size; None where none of them publishes what it covers of one."""
    zones = [zone for each in targets if (zone := PLATFORMS[each].zone)]
    has_zones = abs(math.log(width * ZONE_HEIGHT / (height * ZONE_WIDTH))) <= SAME_SHAPE
    return _free(zones) if zones and has_zones else None


def unusual(targets: Iterable[Target], width: int, height: int) -> Free | None:
    """The same for orders, which say nothing of what is usual."""
    free = free_of(targets, width, height)
    return None if free == _USUAL else free


def spot(layer: Layer, profile: Profile) -> Spot:
    """Where a layer stands in a picture."""
    if layer.at is None:
        return area(profile, is_safe=layer.is_safe, free=layer.free)
    sides = (profile.width, profile.height)
    shares = map(room_of, layer.at, columns_of(layer.position))
    width, height = (max(round(share * side), 1) for share, side in zip(shares, sides, strict=True))
    return Point(layer.at[0] * profile.width, layer.at[1] * profile.height, (width, height))


def area(profile: Profile, *, is_safe: bool, free: Free | None = None) -> Area:
    """Where layers may stand in a picture. ``free``: what its targets leave of it, where that is not the usual."""
    width, height = profile.width, profile.height
    margin = _even(min(width, height) * MARGIN)
    if is_safe and height >= width * UPRIGHT:
        left, top, right, bottom = free or _USUAL
        return Area(
            max(_even(width * left), margin),
            max(_even(height * top), margin),
            min(_even(width * right), width - margin),
            min(_even(height * bottom), height - margin),
            width // 2,
            is_upright=True,
        )
    return Area(margin, margin, width - margin, height - margin, width // 2)


def _even(pixels: float) -> int:
    """As 4:2:0 pictures have it."""
    return max(int(pixels) // 2 * 2, 0)
