"""How does what lies over the picture look, and what stands beside what? From the task's words to orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

from cliptask.layers import Style
from cliptask.spec.overlays import Overlay
from cliptask.spec.style import TextStyle

_SHORT = len("rgb")


def style_of(style: TextStyle | None) -> Style:
    """A style with all that the task leaves open."""
    if style is None:
        return Style()
    plain = Style(outline=0.0) if style.box else Style()
    outline, shadow, box = style.outline, style.shadow, style.box
    return Style(
        font=style.font,
        weight=style.weight,
        size=_share(style.size, plain.size),
        color=_full(style.color),
        outline=_share(outline.width, 0.08) if outline else plain.outline,
        outline_color=_full(outline.color) if outline else plain.outline_color,
        shadow=_share(shadow.distance, 0.08) if shadow else plain.shadow,
        shadow_color=_full(shadow.color) if shadow else plain.shadow_color,
        box_color=_full(box.color) if box else None,
        box_padding=_share(box.padding, plain.box_padding) if box else plain.box_padding,
        box_radius=_share(box.radius, plain.box_radius) if box else plain.box_radius,
        align=style.align,
        line_height=style.line_height,
        letter_case=style.letter_case,
    )


def neighbours(overlays: Sequence[Overlay]) -> list[tuple[int, ...]]:
    """For each overlay those that are in its place before it, nearest to the edge first, by their numbers.

    What lies over the whole video comes before what lies over a block, so that it never moves; else the task's order
    counts. Those whose times never meet have the same place.
    """
    order = sorted(range(len(overlays)), key=lambda index: (overlays[index].block is not None, index))
    return [
        tuple(each for each in order[: order.index(index)] if _meet(overlays[each], overlays[index]))
        for index in range(len(overlays))
    ]


def _meet(one: Overlay, other: Overlay) -> bool:
    """Whether both may be seen in one place at one time; where a block lies in a video, each video tells."""
    if (one.position, one.safe) != (other.position, other.safe):
        return False
    if one.block != other.block:
        return one.block is None or other.block is None
    ends = [each.to if each.to is not None else timedelta.max for each in (one, other)]
    return one.from_ < ends[1] and other.from_ < ends[0]


def _share(given: Fraction | None, default: float) -> float:
    return default if given is None else float(given)


def _full(color: str) -> str:
    """In lower case, each channel in two digits."""
    digits = color[1:].lower()
    return "#" + ("".join(digit * 2 for digit in digits) if len(digits) == _SHORT else digits)
