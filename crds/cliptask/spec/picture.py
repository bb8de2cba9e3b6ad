"""What form has the picture, or what forms?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from cliptask.spec import remedies
from cliptask.spec.colour import Colour
from cliptask.spec.part import Part
from cliptask.spec.rules import Breach, rule, when
from cliptask.spec.values import LARGEST_SIDE, SMALLEST_SIDE, Fps, Name

SHAPE_PATTERN = "^([1-9][0-9]{0,3}):([1-9][0-9]{0,3})$"


def _parse_shape(value: object) -> Fraction:
    if isinstance(value, Fraction):
        return value
    match = re.fullmatch(SHAPE_PATTERN, value) if isinstance(value, str) else None
    if match is None:
        meant = remedies.ratio(value)
        what = 'is not a shape: write width:height in quotes, e.g. "4:5"'
        raise ValueError(f'{what}; here "{meant}"' if meant else what)
    return Fraction(int(match[1]), int(match[2]))


Shape = Annotated[
    Fraction,
    BeforeValidator(_parse_shape),
    PlainSerializer(lambda shape: f"{shape.numerator}:{shape.denominator}"),
    WithJsonSchema({"type": "string", "pattern": SHAPE_PATTERN, "maxLength": 9}),
]
"""A ratio of width to height such as ``4:5``."""


class Picture(Part):
    """The form of every video's picture."""

    width: Annotated[int, Field(ge=SMALLEST_SIDE, le=LARGEST_SIDE, multiple_of=2)] | None = None
    """Pixels, even. Default: that of the widest clip that moves; of the widest still picture where none does."""
    height: Annotated[int, Field(ge=SMALLEST_SIDE, le=LARGEST_SIDE, multiple_of=2)] | None = None
    """Pixels, even. Default: that of the highest clip, as for width."""
    fps: Fps | None = None
    """Frames per second. Default: the lowest of these that the fastest clip needs."""
    fit: Literal["contain", "cover", "blur", "stretch"] = "contain"
    """How a clip of another shape fits. contain: with bars; cover: cropped; blur: over a blurred copy of itself; stretch: distorted."""
    crop: Shape | None = None
    """The shape that every clip is cropped to, around its focus, before it is fitted, so that clips of different shapes stand in the same place; for contain and blur. Default: each keeps its own."""
    background: Colour = "#000000"
    """The colour of the bars of contain, and of what is transparent in a clip; with blur the copy shows instead. In quotes: # begins a comment."""

    @rule("give both width and height, or neither", cel="has(self.width) == has(self.height)")
    def _both(self) -> Iterable[Breach]:
        return when((self.width is None) != (self.height is None))

    @rule(
        "is for contain and blur: cover and stretch fill the whole picture",
        cel="!has(self.crop) || !has(self.fit) || self.fit in ['contain', 'blur']",
        field="crop",
    )
    def _cropped_once(self) -> Iterable[Breach]:
        return when(self.crop is not None and self.fit not in {"contain", "blur"})

    @rule(
        "must be from 1:4 to 4:1",
        cel="!has(self.crop) || int(self.crop.split(':')[0]) <= 4 * int(self.crop.split(':')[1])"
        " && int(self.crop.split(':')[1]) <= 4 * int(self.crop.split(':')[0])",
        field="crop",
    )
    def _shaped(self) -> Iterable[Breach]:
        return when(self.crop is not None and not Fraction(1, 4) <= self.crop <= 4)  # noqa: PLR2004


class NamedPicture(Picture):
    """One of several forms in which every combination becomes a video."""

    name: Name
    """What the form is called: the names of its videos have it, the index and the gallery."""


_GIVEN = "!has(self.pictures) || self.pictures"


@rule("is for one form, pictures for several: give one of them", cel="!has(self.picture) || !has(self.pictures) || self.pictures.size() == 0", field="picture")  # fmt: skip
def one_or_several(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  the spec, whose module imports this one
    """Of a spec: its form stands in one place."""
    return when(spec.picture is not None and bool(spec.pictures))


@rule(
    "has the size of another picture",
    cel=f"{_GIVEN}.all(a, !has(a.width) || {_GIVEN.partition('|| ')[2]}.exists_one(b, has(b.width) && a.width == b.width && a.height == b.height))",
    field="pictures",
)
def distinct_sizes(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  as above
    """Of a spec: no two of its forms have one size."""
    sizes = [(each.width, each.height) for each in spec.pictures]
    for index, size in enumerate(sizes):
        if None not in size and size in sizes[:index]:
            first = sizes.index(size)
            yield Breach(
                (index,),
                f"spec.pictures[{first}] is as large: leave one out, or give it another width or height",
            )


@rule(
    "is not the only one without width and height: one form may be as large as the clips are, give the others a size",
    cel=f"{_GIVEN}.filter(a, !has(a.width)).size() <= 1",
    field="pictures",
)
def one_as_its_clips(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  as above
    """Of a spec: the size of one form alone follows from its clips."""
    unsized = [index for index, each in enumerate(spec.pictures) if each.width is None]
    return [Breach((index,)) for index in unsized[1:]]


@rule(
    "is another rate than that of another picture",
    cel=f"{_GIVEN}.all(a, !has(a.fps) || {_GIVEN.partition('|| ')[2]}.all(b, !has(b.fps) || a.fps == b.fps))",
    field="pictures",
)
def one_rate(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  as above
    """Of a spec: its forms have one rate, so that they share their soundtracks."""
    rates = [each.fps for each in spec.pictures]
    first = next(filter(None, rates), None)
    for index, rate in enumerate(rates):
        if rate not in {None, first}:
            yield Breach(
                (index, "fps"),
                f"all forms have one, as they share their soundtracks: write {first}, or leave it out",
            )
