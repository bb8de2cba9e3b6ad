"""What does a bar over the whole video cost? How many more parts are made because each knows its place in its videos."""

from __future__ import annotations

from collections.abc import Iterable

from cliptask.layers import OverlayOrder
from cliptask.orders import SegmentOrder
from cliptask.spec.task import ClipTaskSpec


def remark(spec: ClipTaskSpec, segments: Iterable[SegmentOrder]) -> str | None:
    """Of the segments of all videos, what the author of such a bar should know; None where it costs nothing."""
    bars = [index for index, each in enumerate(spec.overlays) if each.progress and each.block is None]
    if not bars:
        return None
    unique = {id(each): each for each in segments}.values()
    made, without = len({each.key for each in unique}), len({_placeless(each) for each in unique})
    if made == without:
        return None
    places = " and ".join(f"spec.overlays[{index}].progress" for index in bars)
    return (
        f"{places}: {made:,} pieces and seams are made where {without:,} would do without: a clip looks otherwise at each time "
        "at which it lies in a video; name a block, and its clips are shared"
    )


def _placeless(segment: SegmentOrder) -> str:
    """Its key if bars said nothing of when they began, and how long they last."""
    cuts = tuple(each.model_copy(update={"overlays": _still(each.overlays)}) for each in segment.cuts)
    plain = SegmentOrder.model_construct(
        **{
            **{name: getattr(segment, name) for name in SegmentOrder.model_fields},
            "cuts": cuts,
            "overlays": _still(segment.overlays),
        }
    )
    return plain.key


def _still(overlays: Iterable[OverlayOrder]) -> tuple[OverlayOrder, ...]:
    return tuple(each.model_copy(update={"age": 0, "lasts": None}) if each.bar else each for each in overlays)
