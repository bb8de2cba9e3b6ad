"""How much of the picture does an overlay take, and do platforms cover any of it? Reckoned before anything is drawn: of pictures exactly, of texts about."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from cliptask.area import area, free_of, spot
from cliptask.facts import SourceFacts
from cliptask.layers import TALL_LINE_HEIGHT, Layer, Style
from cliptask.names import shown
from cliptask.orders import Profile
from cliptask.spec.platforms import Target
from cliptask.spec.position import columns_of

_ADVANCE, _WIDE_ADVANCE = 0.62, 1.0
"""In em, of a letter of a heavy Latin font, and of an ideograph."""
_NEARLY = 0.01
"""Of the picture's shorter side: by so much a text may be reckoned too large."""


class Box(NamedTuple):
    """Pixels of a picture, as edges; beyond the picture where they are negative or more than its sides."""

    left: float
    top: float
    right: float
    bottom: float

    def __str__(self) -> str:
        left, top, right, bottom = map(round, self)
        return f"{left} to {right} across and {top} to {bottom} down"

    def within(self, other: Box, slack: float = 0.5) -> bool:
        """Whether all of it lies in the other, but for so many pixels."""
        return (
            self.left >= other.left - slack
            and self.top >= other.top - slack
            and self.right <= other.right + slack
            and self.bottom <= other.bottom + slack
        )


def extent(layer: Layer, profile: Profile, image: SourceFacts | None = None) -> Box:
    """What an overlay takes where nothing stands beside it; ``image`` has what its picture is."""
    width, height = _size(layer, profile, image)
    turn = math.radians(layer.rotation)
    cos, sin = abs(math.cos(turn)), abs(math.sin(turn))
    width, height = width * cos + height * sin, width * sin + height * cos
    if layer.at is None:
        x, y = spot(layer, profile).place(layer.position, round(width), round(height), 0)
        return Box(x, y, x + width, y + height)
    across, down = columns_of(layer.position)
    left, top = layer.at[0] * profile.width - across * width, layer.at[1] * profile.height - down * height
    return Box(left, top, left + width, top + height)


def remark(place: str, layer: Layer, profile: Profile, image: SourceFacts | None) -> str | None:
    """What the author of an overlay should know that is placed where platforms lay their own buttons; None where it is clear of them."""
    free = area(profile, is_safe=True)
    if layer.at is None or not free.is_upright:
        return None
    taken, zone = extent(layer, profile, image), Box(free.left, free.top, free.right, free.bottom)
    slack = _NEARLY * min(profile.width, profile.height) if layer.is_written else 0.5
    if taken.within(zone, slack):
        return None
    about = "about " if layer.is_written else ""
    return f"{place}: takes {about}{taken} of {profile.width}x{profile.height}; platforms leave {zone} free of their own buttons and captions"


Edge = Literal["left", "top", "right", "bottom"]
_EDGES: tuple[Edge, ...] = ("left", "top", "right", "bottom")
_AWAY: Mapping[Edge, str] = {"left": "to the right", "top": "down", "right": "to the left", "bottom": "up"}


class Covered(NamedTuple):
    """An overlay that stands where platforms lay their own buttons, in one form."""

    place: str
    """Where the spec says so."""
    what: str
    """Its text; empty of what has none."""
    form: str
    """``reels (1080x1920)``."""
    by: Mapping[Target, Mapping[Edge, float]]
    """How many pixels of it each platform covers, from each edge."""
    is_placed: bool
    is_about: bool
    """Whether these are reckoned."""

    @property
    def most(self) -> float:
        """Of all platforms and edges, in pixels."""
        return max(pixels for edges in self.by.values() for pixels in edges.values())

    def sentence(self, more: int = 0) -> str:
        """With the remedy. ``more``: so many other texts stand there likewise."""
        about = "about " if self.is_about else ""
        covered = "; ".join(
            f"{target} by {about}{' and '.join(f'{math.ceil(pixels)} px at the {edge}' for edge, pixels in edges.items())}"
            for target, edges in self.by.items()
        )
        what = f" ({self.what}{f' and {more:,} more' if more else ''})" if self.what else ""
        return f"{self.place}{what}: leaves the safe zone in {self.form}, of {covered}: {self._remedy}"

    @property
    def _remedy(self) -> str:
        if not self.is_placed:
            return "leave safe out, and it stands within"
        worst: dict[Edge, float] = {}
        for edges in self.by.values():
            for edge, pixels in edges.items():
                worst[edge] = max(pixels, worst.get(edge, 0))
        if worst.keys() >= {"left", "right"} or worst.keys() >= {"top", "bottom"}:
            return "make it smaller, or give it a position instead of a place"
        moves = " and ".join(f"{_AWAY[edge]} by {math.ceil(pixels)} px" for edge, pixels in worst.items())
        return f"move it {moves}, or give it a position instead of a place"


def covered(
    place: str, layer: Layer, profile: Profile, image: SourceFacts | None, targets: Iterable[Target], form: str | None
) -> Covered | None:  # fmt: skip
    """What platforms would cover of an overlay; None where all that publish what they cover leave it free, or nobody knows how large it is.

    ``place`` and ``form``: what the spec calls it, and the form.
    """
    is_free = layer.at is None and layer.is_safe
    if is_free or (layer.image is not None and image is None):
        return None
    width, height = profile.width, profile.height
    taken = extent(layer, profile, image)
    if Box(0, 0, width, height).within(taken):
        return None  # a frame, or what colours the whole picture
    slack = _NEARLY * min(width, height) if layer.is_written else 0.5
    by: dict[Target, Mapping[Edge, float]] = {}
    for target in targets:
        if (free := free_of([target], width, height)) is None:
            continue
        zone = Box(free[0] * width, free[1] * height, free[2] * width, free[3] * height)
        beyond = (
            zone.left - taken.left,
            zone.top - taken.top,
            taken.right - zone.right,
            taken.bottom - zone.bottom,
        )
        edges = {edge: pixels for edge, pixels in zip(_EDGES, beyond, strict=True) if pixels > slack}
        if edges:
            by[target] = edges
    if not by:
        return None
    size = f"{width}x{height}"
    named = f"{form} ({size})" if form else size
    what = shown(layer.text) if layer.text else ""
    return Covered(
        f"{place}.{'place' if layer.at else 'safe'}", what, named, by, layer.at is not None, layer.is_written
    )


def sentences(found: Iterable[Covered]) -> tuple[str, ...]:
    """One for each place and form, of what is covered most there."""
    places: dict[tuple[str, str], list[Covered]] = {}
    for each in found:
        places.setdefault((each.place, each.form), []).append(each)
    return tuple(
        max(some, key=lambda each: each.most).sentence(len({each.what for each in some}) - 1)
        for some in places.values()
    )


def _size(layer: Layer, profile: Profile, image: SourceFacts | None) -> tuple[float, float]:
    """Width and height before it is turned."""
    room = spot(layer, profile)
    wide = profile.width * layer.width
    if layer.bar is not None:
        return (
            wide if layer.at else min(wide, room.width(layer.position))
        ), profile.height * layer.bar.height
    if layer.image is not None:
        if image is None:
            return 0.0, 0.0
        most = (wide, profile.height) if layer.at else (min(wide, room.width(layer.position)), room.height)
        scale = min(most[0] / image.width, most[1] / image.height)
        return image.width * scale, image.height * scale
    style = layer.style or Style()
    text = max(layer.count.shapes, key=len) if layer.count else layer.text or ""
    em = style.size * min(profile.width, profile.height)
    around = 2 * em * (style.outline + (style.box_padding if style.box_color else 0.0))
    lines = [max(_advance(line) * em, 1) for line in text.splitlines() or [""]]
    most_wide = max(min(wide, room.width(layer.position)) - around, em)
    count = sum(math.ceil(line / most_wide) for line in lines)
    width = min(max(lines), most_wide) + around
    height = count * (style.line_height or TALL_LINE_HEIGHT - 0.3) * em + around
    # Letters that do not fit are made smaller.
    return width, min(height, room.height)


def _advance(line: str) -> float:
    return sum(_WIDE_ADVANCE if unicodedata.east_asian_width(each) in "WF" else _ADVANCE for each in line)
