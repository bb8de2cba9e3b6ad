"""Which video would which platform refuse, and why? By what platforms publish, from a video's form, length and bytes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

from cliptask.area import SAME_SHAPE
from cliptask.errors import in_bytes
from cliptask.orders import Profile
from cliptask.spec.places import spelled
from cliptask.spec.platforms import PLATFORMS, Bounds, Platform, Shape, Target

Kind = Literal["length", "size", "bitrate", "rate", "pixels"]


class Video(NamedTuple):
    """What a platform looks at."""

    width: int
    height: int
    """In pixels."""
    fps: int
    """0 where nobody knows."""
    duration_s: float | None
    """None where nobody knows."""
    size_bytes: int | None = None
    """Likewise."""
    is_estimate: bool = False
    """Whether that is what it will have, about."""

    @classmethod
    def of(cls, profile: Profile, duration_s: float, size_bytes: int | None, *, is_estimate: bool) -> Video:
        """Of a form, a length and a size."""
        return cls(profile.width, profile.height, profile.fps, duration_s, size_bytes, is_estimate)


class Refusal(NamedTuple):
    """One thing for which a platform would refuse a video."""

    kind: Kind
    amount: float
    """How much the video has of it."""
    verb: str
    """What it does with that: ``lasts``."""
    said: str
    """The amount for people: ``4.2 s``."""
    takes: str
    """What the platform takes instead: ``5 s to 10 min``."""
    remedy: str

    def __str__(self) -> str:
        return f"{self.verb} {self.said}; it takes {self.takes}"


def shape_for(target: Target, width: int, height: int) -> Shape | None:
    """The shape of a platform's that a picture of this size has; None where it takes none such."""
    ratio = width / height
    return next(
        (
            shape
            for shape in PLATFORMS[target].shapes
            if math.log(ratio / shape.narrowest) >= -SAME_SHAPE
            and math.log(ratio / shape.widest) <= SAME_SHAPE
        ),
        None,
    )


def refusals(target: Target, video: Video) -> tuple[Refusal, ...]:
    """What a platform would refuse a video for whose shape it takes."""
    platform, has = PLATFORMS[target], "has about" if video.is_estimate else "has"
    size, seconds = video.size_bytes, video.duration_s
    bits = size * 8 / seconds if size is not None and seconds else None
    found = (
        _pixels(target, video),
        _beyond("rate", platform.fps, video.fps or None, "shows", _frames, "", "write fps: {most}"),
        _beyond("length", platform.seconds, seconds, "lasts", _time, "use longer clips", "use shorter clips, or trim them"),
        _beyond("size", platform.size_bytes, size, has, _bytes, "make it longer, or its picture larger", "make it shorter, or its picture smaller"),
        _beyond("bitrate", platform.bits_per_second, bits, has, _rate, "make its picture larger", "make its picture smaller"),
    )  # fmt: skip
    return tuple(filter(None, found))


def _beyond(
    kind: Kind,
    bounds: Bounds,
    amount: float | None,
    verb: str,
    said: Callable[[float], str],
    more: str,
    less: str,
) -> Refusal | None:
    """``more`` and ``less``: the remedy where it is too little, and too much. Nothing is said of what nobody knows."""
    if amount is None:
        return None
    least, most = (each and each.value for each in bounds)
    # What nobody would see of a length: a tenth of a millisecond.
    if least is not None and amount < least - 1e-4:
        remedy = more
    elif most is not None and amount > most + 1e-4:
        remedy = less.format(most=f"{most:g}")
    else:
        return None
    return Refusal(kind, amount, verb, said(amount), _span(least, most, said), remedy)


def _span(least: float | None, most: float | None, said: Callable[[float], str]) -> str:
    if least is not None and most is not None:
        return f"{said(least)} to {said(most)}"
    return f"{said(least)} or more" if least is not None else f"at most {said(most or 0)}"


def _pixels(target: Target, video: Video) -> Refusal | None:
    shape = shape_for(target, video.width, video.height)
    if shape is None:
        return None
    is_small = shape.least and (video.width < shape.least[0].value or video.height < shape.least[1].value)
    is_large = shape.most and (video.width > shape.most[0].value or video.height > shape.most[1].value)
    bound = shape.least if is_small else shape.most if is_large else None
    if bound is None:
        return None
    width, height = (f"{each.value:g}" for each in bound)
    size = f"a width of {width}" if height == "1" else f"{width}x{height}"
    takes = f"{size} or more" if is_small else f"at most {size}"
    pixels = video.width * video.height
    remedy = f"give the picture a {'larger' if is_small else 'smaller'} size"
    return Refusal("pixels", pixels, "is", f"{video.width}x{video.height}", takes, remedy)


def _time(seconds: float) -> str:
    if seconds >= 60 and seconds % 60 == 0:  # noqa: PLR2004  seconds of a minute
        return f"{seconds / 60:g} min"
    return f"{round(seconds, 3):g} s"


def _frames(fps: float) -> str:
    return f"{fps:g} fps"


def _bytes(size_bytes: float) -> str:
    return in_bytes(round(size_bytes))


def _rate(bits_per_second: float) -> str:
    if bits_per_second < 1e6:  # noqa: PLR2004  the next unit
        return f"{bits_per_second / 1000:.0f} kbit/s"
    return f"{bits_per_second / 1e6:.1f} Mbit/s"


def ratios(platform: Platform) -> str:
    """The shapes that a platform takes: ``9:16, 1:1 or 16:9``; ``4:5 to 1.91:1``."""
    *others, last = (_ratios(shape) for shape in platform.shapes)
    return f"{', '.join(others)} or {last}" if others else last


def _ratios(shape: Shape) -> str:
    return " to ".join(dict.fromkeys(map(ratio_of, (shape.narrowest, shape.widest))))


def ratio_of(ratio: Fraction) -> str:
    """As platforms write it: ``9:16``, ``1.91:1``."""
    return f"{float(ratio):g}:1" if ratio.denominator == 100 else f"{ratio.numerator}:{ratio.denominator}"  # noqa: PLR2004  of two decimals


def of_forms(
    targets: Sequence[Target], sizes: Mapping[str | None, tuple[int, int]], place: Callable[[int], str]
) -> tuple[str, ...]:
    """What is to be said of targets that no form suits, and of forms that suit no target, by their widths and heights.

    ``place``: what the spec calls the form of this number.
    """
    taken = {name: [each for each in targets if shape_for(each, *size)] for name, size in sizes.items()}
    there = ", ".join(
        f"{name} {width}x{height}" if name else f"{width}x{height}" for name, (width, height) in sizes.items()
    )
    lacking = (
        f"{spelled(('spec', 'targets', index))}: {target} takes {ratios(PLATFORMS[target])}, and no picture has that shape ({there}): "
        f"give the task one that has, or leave the target out"
        for index, target in enumerate(targets)
        if not any(target in each for each in taken.values())
    )
    needless = (
        f"{place(number)}: no target takes {sizes[name][0]}x{sizes[name][1]}: leave the picture out, or name a target for it"
        for number, (name, each) in enumerate(taken.items())
        if targets and not each and len(sizes) > 1
    )
    return (*lacking, *needless)
