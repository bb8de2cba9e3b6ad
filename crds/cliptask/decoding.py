"""Which segments show the same pictures of a source, each in another form, so that one decoder serves them all?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable

from cliptask.orders import SegmentOrder

MOST = 4
"""Forms that one process encodes side by side: each takes memory of its own."""


def decoded_together(segments: Iterable[SegmentOrder]) -> tuple[tuple[SegmentOrder, ...], ...]:
    """The segments, each once, in groups of which each needs one decoder; what shares its pictures with none is alone.

    In a group no two are of one form: what a single form has is made piece by piece, by as many processes as there are.
    """
    groups: dict[Hashable, list[SegmentOrder]] = {}
    met = Counter[Hashable]()
    for segment in {each.key: each for each in segments}.values():
        pictures = _pictures(segment)
        form = (pictures, segment.profile)
        place = (pictures, met[form])
        met[form] += 1
        groups.setdefault(place, []).append(segment)
    return tuple(
        tuple(group[at : at + MOST]) for group in groups.values() for at in range(0, len(group), MOST)
    )


def _pictures(segment: SegmentOrder) -> Hashable:
    """What is decoded, and at which rate; the segment itself where it is more than a part of a video with what lies over it."""
    cut = segment.cuts[0]
    if segment.is_seam or segment.captions or cut.kind != "video":
        return segment.key
    return (
        segment.profile.fps, cut.source, cut.look, cut.first_frame, cut.frames, cut.is_held, cut.speed,
    )  # fmt: skip
