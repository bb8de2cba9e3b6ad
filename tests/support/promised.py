"""What does a renderer leave in the stores once it has carried out a work order? Pure: names, for fakes to write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cliptask import names
from cliptask.orders import WorkOrder


@dataclass(frozen=True)
class Promised:
    """An object of a store."""

    uri: str
    """Of the store."""
    name: str
    key: str
    """The content key of its metadata."""


def promised(order: WorkOrder) -> Iterator[Promised]:
    """All that an order makes, in the renderer's order: a video comes after everything that lies beside it."""
    for segment in order.segments:
        yield Promised(order.cache, names.segment_object(segment.key), segment.key)
    for sound in order.soundtracks:
        yield Promised(order.cache, names.soundtrack_object(sound.key), sound.key)
    for variant in order.variants:
        for segment in variant.order.segments:
            yield Promised(order.cache, names.segment_object(segment.key), segment.key)
        if (own := variant.order.soundtrack) is not None:
            yield Promised(order.cache, names.soundtrack_object(own.key), own.key)
        for ending in reversed(variant.order.endings):
            yield Promised(order.output, f"{order.task}/{variant.name}{ending}", variant.order.key)
