"""What does a renderer leave in the stores once it has carried out a work order? Pure: names, for fakes to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cliptask import names
from cliptask.orders import SegmentOrder, WorkOrder


@dataclass(frozen=True)
class Promised:
    """An object of a store."""

    uri: str
    """Of the store."""
    name: str
    key: str
    """The content key of its metadata."""


def promised(order: WorkOrder) -> Iterator[Promised]:
    """All that an order makes, in the renderer's order: a picture comes before its segment, a video after its parts."""
    for segment in order.segments:
        yield from _segment(order.cache, segment)
    for sound in order.soundtracks:
        yield Promised(order.cache, names.soundtrack_object(sound.key), sound.key)
    for variant in order.variants:
        for segment in variant.order.segments:
            yield from _segment(order.cache, segment)
        if (own := variant.order.soundtrack) is not None:
            yield Promised(order.cache, names.soundtrack_object(own.key), own.key)
        yield Promised(order.output, f"{order.task}/{variant.name}{names.VIDEO}", variant.order.key)


def joined(order: WorkOrder, is_there: Callable[[str, str], bool]) -> Iterator[Promised]:
    """Of the videos that it may join those of which every part is there, once its own are; ``is_there`` tells of a store's URI and a name in it."""
    for video in order.joins:
        shown = {names.segment_object(each.key) for each in video.order.segments}
        if video.order.soundtrack is not None:
            shown.add(names.soundtrack_object(video.order.soundtrack.key))
        if all(is_there(order.cache, name) for name in shown):
            yield Promised(order.output, f"{order.task}/{video.name}{names.VIDEO}", video.order.key)


def _segment(cache: str, segment: SegmentOrder) -> Iterator[Promised]:
    if not segment.is_seam:
        yield Promised(cache, names.picture_object(segment.key), segment.key)
    yield Promised(cache, names.segment_object(segment.key), segment.key)
