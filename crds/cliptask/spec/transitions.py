"""What happens between two clips?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Literal

from pydantic import Field

from cliptask.spec.colour import Colour
from cliptask.spec.part import Part, lasting
from cliptask.spec.quantities import Duration, format_duration
from cliptask.spec.rules import Breach, rule, when
from cliptask.spec.values import Name

OverlapKind = Literal[
    "crossfade", "fade", "dissolve",
    "wipeLeft", "wipeRight", "wipeUp", "wipeDown",
    "slideLeft", "slideRight", "slideUp", "slideDown",
    "pushLeft", "pushRight", "pushUp", "pushDown",
    "whipLeft", "whipRight", "whipUp", "whipDown",
    "zoomIn", "zoomOut", "circleOpen", "circleClose", "radial", "pixelize", "glitch",
]  # fmt: skip
"""Those that show two clips at once, or one after the other while both run."""

TransitionKind = Literal[OverlapKind, "cut"]


class Transition(Part):
    """What happens between two clips."""

    kind: TransitionKind = "crossfade"
    """crossfade: one clip fades into the next; fade: into a color, and out of it; dissolve: grain by grain; wipe: an edge
    uncovers the next clip; slide: the next clip moves over the one before; push: it pushes that out; whip: the same, fast
    and blurred; zoomIn: the clip before comes close and gives way; zoomOut: the next one draws back to its place;
    circleOpen, circleClose: a circle grows or shrinks; radial: like a clock's hand; pixelize: through large squares;
    glitch: a disturbed picture; cut: nothing, for a pair that is to have none. Left, Right, Up and Down are where it moves to."""
    duration: Duration | None = None
    """How long the two clips overlap, 100ms to 2s; a cut has none. Each overlap shortens the video by as much."""
    color: Colour | None = None
    """What a fade goes through, in quotes: "#000000" is black."""
    between: tuple[Name, ...] | None = Field(default=None, min_length=2, max_length=2)
    """Names of two blocks, of which one follows the other. Default: all pairs for which no other transition is given."""

    @rule(
        "is missing: give how long the two clips overlap, e.g. 500ms",
        cel="has(self.duration) || self.kind == 'cut'",
        field="duration",
    )
    def _timed(self) -> Iterable[Breach]:
        return when(self.duration is None and self.kind != "cut")

    @rule(
        "is for what takes time: a cut has none, leave it out",
        cel="!has(self.duration) || self.kind != 'cut'",
        field="duration",
    )
    def _cut_takes_no_time(self) -> Iterable[Breach]:
        return when(self.duration is not None and self.kind == "cut")

    _bounded = lasting("100ms", "2s")

    @rule(
        'is missing: write e.g. color: "#000000"; to fade from one clip into the next, write kind: crossfade',
        cel="self.kind != 'fade' || has(self.color)",
        field="color",
    )
    def _fades_through_something(self) -> Iterable[Breach]:
        return when(self.kind == "fade" and self.color is None)

    @rule("is for kind: fade, leave it out", cel="self.kind == 'fade' || !has(self.color)", field="color")
    def _colored(self) -> Iterable[Breach]:
        return when(self.kind != "fade" and self.color is not None)


def transition_between(transitions: Sequence[Transition], first: str, second: str) -> Transition | None:
    """What happens from one block to the next, by their names: what is said of the pair, else of all. None for a hard cut."""
    of_pair = (each for each in transitions if each.between == (first, second))
    of_all = (each for each in transitions if each.between is None)
    found = next(of_pair, None) or next(of_all, None)
    return None if found is None or found.kind == "cut" else found


def described(transition: Transition | None) -> str:
    """A transition in a few words, e.g. ``fade through #ffffff of 500ms``."""
    if transition is None or transition.duration is None:
        return "cut"
    through = f" through {transition.color}" if transition.color else ""
    return f"{transition.kind}{through} of {format_duration(transition.duration)}"


_EACH = "!has(self.transitions) || self.transitions.all(t, "
_PLACES = list(range(19))
"""Of all blocks but the last: CEL knows no places of a list's elements but those that it is told."""
_GIVEN = f"{_EACH}!has(t.between) || "


@rule(
    "names a block that does not exist",
    cel=f"{_GIVEN}t.between.all(n, self.videoBlocks.exists(b, b.name == n)))",
    field="transitions",
)
def between_known_blocks(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  the spec, whose module imports this one
    """Of a spec: its transitions are between blocks that there are."""
    names = [block.name for block in spec.video_blocks]
    for index, each in enumerate(spec.transitions):
        for place, name in enumerate(each.between or ()):
            if name not in names:
                yield Breach((index, "between", place), f"there are: {', '.join(names)}")


@rule(
    "must be two blocks that follow each other, in their order",
    cel=f"{_GIVEN}{_PLACES}.exists(i, i + 1 < size(self.videoBlocks)"
    " && self.videoBlocks[i].name == t.between[0] && self.videoBlocks[i + 1].name == t.between[1]))",
    field="transitions",
)
def between_neighbours(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  as above
    """Of a spec: its transitions are between blocks that follow each other."""
    names = [block.name for block in spec.video_blocks]
    pairs = list(pairwise(names))
    for index, each in enumerate(spec.transitions):
        if each.between is None or not set(each.between) <= set(names) or each.between in pairs:
            continue
        near = [pair for pair in pairs if set(pair) & set(each.between)]
        turned = [pair for pair in near if set(pair) == set(each.between)]
        meant = " or ".join(f"[{first}, {second}]" for first, second in turned or near)
        yield Breach(
            (index, "between"), f"write {meant}" if meant else "there is one block alone: leave it out"
        )


@rule(
    "speaks of what another transition is for",
    cel=f"{_EACH}self.transitions.exists_one(u, has(u.between) == has(t.between) && (!has(t.between) || u.between == t.between)))",
    field="transitions",
)
def one_for_each_pair(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  as above
    """Of a spec: no two of its transitions are for the same pair, or both for all."""
    given = [each.between for each in spec.transitions]
    for index, between in enumerate(given):
        if between in given[:index]:
            what = f"is between {' and '.join(between)}" if between else "has no between"
            remedy = "keep one of them" + ("" if between else ", or give the others a between")
            yield Breach((index,), f"spec.transitions[{given.index(between)}] {what}, too: {remedy}")
