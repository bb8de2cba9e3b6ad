"""How does one clip give way to the next? A chain of ffmpeg's filters for each kind, over two links of as many frames.

Of n frames, frame k (from 0) is (k + 1) / (n + 1) of the way: the picture before a seam is at 0, the one after it at 1, and
neither is shown twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from random import Random
from typing import Final

from cliptask.orders import Profile, SegmentOrder, TransitionOrder
from cliptask.spec.transitions import OverlapKind

Ease = Callable[[float], float]
"""How far the picture is, from 0 to 1, when so much of the time has gone."""


def _linear(time: float) -> float:
    return time


def _gentle(time: float) -> float:
    """Slow at both ends."""
    return time * time * (3 - 2 * time)


def _fast(time: float) -> float:
    """Slow at both ends, and most of the way in the middle."""
    near = min(time, 1 - time)
    # Products alone: what a library makes of a power may differ in its last digit.
    return 4 * near * near * near if near == time else 1 - 4 * near * near * near


_XFADE: Final[Mapping[OverlapKind, tuple[str, Ease]]] = {
    "crossfade": ("fade", _linear),
    "dissolve": ("dissolve", _linear),
    "wipeLeft": ("wipeleft", _gentle), "wipeRight": ("wiperight", _gentle),
    "wipeUp": ("wipeup", _gentle), "wipeDown": ("wipedown", _gentle),
    "slideLeft": ("coverleft", _gentle), "slideRight": ("coverright", _gentle),
    "slideUp": ("coverup", _gentle), "slideDown": ("coverdown", _gentle),
    # What ffmpeg calls a slide moves both clips.
    "pushLeft": ("slideleft", _gentle), "pushRight": ("slideright", _gentle),
    "pushUp": ("slideup", _gentle), "pushDown": ("slidedown", _gentle),
    "whipLeft": ("slideleft", _fast), "whipRight": ("slideright", _fast),
    "whipUp": ("slideup", _fast), "whipDown": ("slidedown", _fast),
    # Their soft edges come and go slowly as they are.
    "circleOpen": ("circleopen", _linear), "circleClose": ("circleclose", _linear),
    "radial": ("radial", _linear),
    "pixelize": ("pixelize", _linear),
}  # fmt: skip
"""What ``xfade`` has, and its way through time."""

_TICKS = 1_000_000
"""Of a whole transition, on the clock by which ``xfade`` is told how far it is: it knows no easing."""

_CLOSEST = 3
"""How many times as large a zoom shows its clip at most."""

_MIX = 0.65
"""The part of a zoom's time in which the two clips are mixed: where the one that moves is large."""

_BLURS = 5
"""Widths that a whip's blur has at most: each is a filter of its own, and takes 25 MB at 1080x1920."""

_PATTERNS_PER_S = 15
"""A disturbance rests for some frames, as in a broken stream."""

_WIDEST = 127
"""Pixels by which ``displace`` moves anything."""


def helper(order: SegmentOrder) -> tuple[bytes, int, int] | None:
    """What a transition needs beside the two clips: yuv420p, its width and height; one frame, or as many as the seam has."""
    transition, profile = _of(order), order.profile
    if transition.kind == "fade":
        y, u, v = _yuv(transition.color or "#000000")
        return bytes([y, y, y, y, u, v]), 2, 2
    if transition.kind == "glitch":
        return b"".join(_shifts(profile, order.frames)), 2, profile.height
    return None


def chain(order: SegmentOrder, first: str, second: str, helping: str = "") -> str:
    """From the links of two clips, and of what ``helper`` gave, to the frames of the seam, at the profile's rate from zero."""
    kind, frames, profile = _of(order).kind, order.frames, order.profile
    if kind == "fade":
        made = _fade(order, first, second, helping)
    elif kind == "glitch":
        made = _glitch(order, first, second, helping)
    elif kind in ("zoomIn", "zoomOut"):
        made = _zoom(kind == "zoomIn", frames, first, second)
    else:
        name, ease = _XFADE[kind]
        made = _crossed(name, [ease(time) for time in _times(frames)], first, second)
        made += _blur(kind, profile, frames) if kind.startswith("whip") else ""
    return f"{made},settb=1/{profile.fps},setpts=N,fps={profile.fps},trim=end_frame={frames}"


def _of(order: SegmentOrder) -> TransitionOrder:
    if order.transition is None:
        message = "a segment of one cut has no transition"
        raise ValueError(message)
    return order.transition


def _times(frames: int) -> list[float]:
    return [(number + 1) / (frames + 1) for number in range(frames)]


def _crossed(name: str, progress: list[float], first: str, second: str) -> str:
    """``xfade`` with so much of its way done at each frame, by clocks that run as unevenly."""
    ticks = [round(each * _TICKS) for each in progress]
    clock = f"settb=1/{_TICKS},setpts='{_table(ticks)}'"
    links = f"[on{first[1:]}", f"[on{second[1:]}"
    timed = "".join(f"{link}{clock}{to};" for link, to in zip((first, second), links, strict=True))
    # It counts from its first frame, which is some way along.
    return f"{timed}{''.join(links)}xfade=transition={name}:duration=1:offset={-ticks[0] / _TICKS:.6f}"


def _table(values: list[int]) -> str:
    """An expression of N, the frame's number: a tree of halves, 7 deep for the longest transition."""

    def tree(begin: int, end: int) -> str:
        if end - begin == 1:
            return str(values[begin])
        middle = (begin + end) // 2
        return f"if(lt(N,{middle}),{tree(begin, middle)},{tree(middle, end)})"

    return tree(0, len(values))


def _fade(order: SegmentOrder, first: str, second: str, color: str) -> str:
    """Two crossfades: into the color, and out of it."""
    frames, half = order.frames, order.frames // 2
    times = _times(frames)
    into = _crossed("fade", [2 * time for time in times[:half]], "[ending]", "[color0]")
    out_of = _crossed("fade", [2 * time - 1 for time in times[half:]], "[color1]", "[beginning]")
    return (
        f"{color}{_enlarged(order.profile)},loop=loop=-1:size=1,split[color0_][color1_];"
        f"[color0_]trim=end_frame={half}[color0];[color1_]trim=end_frame={frames - half}[color1];"
        f"{first}trim=end_frame={half}[ending];{second}trim=start_frame={half}[beginning];"
        f"{into}[half0];{out_of}[half1];[half0][half1]concat"
    )


def _zoom(is_in: bool, frames: int, first: str, second: str) -> str:
    """One clip comes close, or draws back, while the two are mixed."""
    time = f"((on+1)/{frames + 1})" if is_in else f"(1-(on+1)/{frames + 1})"
    edge = f"(0.5-0.5/(1+{_CLOSEST - 1}*{time}*{time}))"
    window = f"x0=W*{edge}:y0=H*{edge}:x1=W-W*{edge}:y1=H*{edge}:x2=W*{edge}:y2=H-H*{edge}:x3=W-W*{edge}:y3=H-H*{edge}"
    moved = f"{first if is_in else second}perspective={window}:eval=frame[near];"
    begin = 1 - _MIX if is_in else 0
    mixed = [_gentle(min(max((each - begin) / _MIX, 0), 1)) for each in _times(frames)]
    links = ("[near]", second) if is_in else (first, "[near]")
    return moved + _crossed("fade", mixed, *links)


def _blur(kind: OverlapKind, profile: Profile, frames: int) -> str:
    """What a shutter makes of the speed of each frame: in a few widths, each for its frames."""
    is_sideways = kind in ("whipLeft", "whipRight")
    length = profile.width if is_sideways else profile.height
    half_steps = [(number + 0.5) / (frames + 1) for number in range(frames + 1)]
    speeds = [length * (_fast(after) - _fast(before)) for before, after in pairwise(half_steps)]
    step = max(speeds) / _BLURS
    blurs = ""
    for number in range(1, _BLURS + 1):
        radius = min(round(number * step / 2), length // 4)
        shown = [at for at, speed in enumerate(speeds) if round(speed / step) == number]
        if shown and radius:
            sizes = (radius, 1) if is_sideways else (1, radius)
            enabled = "+".join(f"eq(n,{at})" for at in shown)
            blurs += f",avgblur=sizeX={sizes[0]}:sizeY={sizes[1]}:enable='{enabled}'"
    return blurs


def _glitch(order: SegmentOrder, first: str, second: str, shifts: str) -> str:
    """A cut in the middle of what ``_shifts`` moves."""
    half, profile = order.frames // 2, order.profile
    return (
        f"{first}trim=end_frame={half}[ending];{second}trim=start_frame={half},setpts=PTS-STARTPTS[beginning];"
        f"[ending][beginning]concat,settb=1/{profile.fps},setpts=N,fps={profile.fps}[whole];"
        f"{shifts}{_enlarged(profile)},split[sideways][still];"
        "[still]lutyuv=y=128:u=128:v=128[upright];[whole][sideways][upright]displace=edge=wrap"
    )


def _enlarged(profile: Profile) -> str:
    return f"scale={profile.width}:{profile.height}:flags=neighbor"


def _shifts(profile: Profile, frames: int) -> Iterator[bytes]:
    """For each frame, yuv420p two pixels wide: by how much each row moves sideways, 128 for none, and its colors besides."""
    rest = max(round(profile.fps / _PATTERNS_PER_S), 1)
    rows = profile.height // 2
    for number in range(frames):
        # Only random() is promised to give the same for ever.
        chance = Random(number // rest).random  # noqa: S311  nothing secret
        strength = (min(number, frames - 1 - number) + 0.5) / (frames / 2)
        most = min(_WIDEST, profile.width * 0.12) * strength
        fringe = min(_WIDEST / 4, profile.width * 0.012) * strength
        moved: list[float] = []
        while len(moved) < rows:
            band = max(round(rows * (0.01 + 0.09 * chance())), 1)
            shift = (2 * chance() - 1) * most
            moved += [shift if chance() < 0.3 + 0.5 * strength else 0.0] * band
        luma = b"".join(bytes([128 + round(shift)]) * 4 for shift in moved[:rows])
        blue, red = (
            bytes(128 + round(shift / 2 + side) for shift in moved[:rows]) for side in (-fringe, fringe)
        )
        yield luma + blue + red


def _yuv(color: str) -> tuple[int, int, int]:
    """``#rrggbb`` in BT.709 of limited range."""
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (
        round(16 + 219 * luma),
        round(128 + 224 * (blue - luma) / 1.8556),
        round(128 + 224 * (red - luma) / 1.5748),
    )
