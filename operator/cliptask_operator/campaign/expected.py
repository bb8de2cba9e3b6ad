"""What will a work order take? Memory and time, by what parts like its own took before. Pure."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from cliptask.decoding import decoded_together
from cliptask.orders import SegmentOrder, SoundtrackOrder, WorkOrder
from cliptask_operator.campaign.past import VIDEO_S, Past
from cliptask_operator.kubernetes.manifests import Takes

_LIKE = 4
"""Pictures of four times as many pixels, or of a quarter, still tell of these."""


def expected(order: WorkOrder, past: Past, there: AbstractSet[str]) -> Takes:
    """For what of it is not ``there`` (keys of parts) already."""
    segments = {each.key: each for each in order.encoded if each.key not in there}
    mixes = (*order.soundtracks, *(video.order.soundtrack for video in order.variants))
    soundtracks = {each.key: each for each in mixes if each is not None and each.key not in there}
    # What is decoded together is encoded side by side.
    groups = decoded_together(each for each in order.segments if each.key in segments)
    together = (sum(map(_area, group)) for group in groups)
    area = max([*together, *map(_area, segments.values())], default=0)
    seconds = _seconds(segments, soundtracks, order, past)
    return Takes(_memory(area, soundtracks, past), seconds, encodes=bool(segments))


def _memory(area: int, soundtracks: dict[str, SoundtrackOrder], past: Past) -> int | None:
    """Of the heaviest: an encode of pictures of so many pixels takes more than a mix, a mix more than a join. None: nothing like it was made yet."""
    if area:
        return _memory_of_pictures(area, past)
    return past.memory_of_soundtrack if soundtracks else past.memory_of_video


def _memory_of_pictures(area: int, past: Past) -> int | None:
    like = [each for each in past.memory_by_area if area / _LIKE <= each <= area * _LIKE]
    as_large = [each for each in like if each >= area]
    if as_large:
        return past.memory_by_area[min(as_large)]
    return past.memory_by_area[max(like)] * area // max(like) if like else None


def _seconds(
    segments: dict[str, SegmentOrder],
    soundtracks: dict[str, SoundtrackOrder],
    order: WorkOrder,
    past: Past,
) -> float | None:
    """Of all kinds that are known, and of videos in any case: there may be many. None where it makes nothing like it."""
    kinds = (
        (sum(each.frames * _area(each) for each in segments.values()), past.s_per_pixel),
        (len(soundtracks), past.s_per_soundtrack),
        (len(order.variants) + len(order.joins), past.s_per_video or VIDEO_S),
    )
    known = [amount * each_s for amount, each_s in kinds if amount and each_s is not None]
    return sum(known) if known else None


def _area(order: SegmentOrder) -> int:
    return order.profile.width * order.profile.height
