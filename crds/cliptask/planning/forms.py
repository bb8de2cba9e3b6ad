"""Which forms of picture do ad platforms show whole, and does a campaign's have one of them?"""

from __future__ import annotations

import math
from typing import NamedTuple

_SAME_SHAPE = 0.01
"""By which a side may be off: encoders round to even pixels, and to sixteens."""


class Form(NamedTuple):
    """Width and height in pixels, and their ratio as platforms write it."""

    width: int
    height: int
    ratio: str


FORMS = (Form(1080, 1920, "9:16"), Form(1080, 1350, "4:5"), Form(1080, 1080, "1:1"), Form(1920, 1080, "16:9"))


def nearest(width: int, height: int) -> tuple[Form, ...]:
    """All forms, those first whose shape is most like that of a picture."""
    return tuple(sorted(FORMS, key=lambda form: _distance(form, width, height)))


def has_form(width: int, height: int) -> bool:
    """Whether a picture has the shape of a form, whatever its size."""
    return _distance(nearest(width, height)[0], width, height) <= _SAME_SHAPE


def remark(width: int, height: int, place: str = "spec.picture") -> str | None:
    """What the author of a task should know whose clips make a picture of this size; None where its shape is a form's.

    ``place``: where the task speaks of it.
    """
    if has_form(width, height):
        return None
    first, second, *_ = (f"{form.width}x{form.height} ({form.ratio})" for form in nearest(width, height))
    best = nearest(width, height)[0]
    return (
        f"{place.removeprefix('spec.')}: {width}x{height}, as its clips are, has the shape of no ad platform's form; the nearest are {first} and "
        f"{second}: write e.g. {place}: {{width: {best.width}, height: {best.height}, fit: blur}}"
    )


def _distance(form: Form, width: int, height: int) -> float:
    """Between two shapes: 0 for the same, 0.01 where one is a hundredth wider."""
    return round(abs(math.log(form.width * height / (form.height * width))), 6)
