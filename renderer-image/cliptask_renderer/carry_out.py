"""How is a whole work order done? Thing by thing, past those that cannot be made; and whoever comes last joins the videos."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from cliptask.decoding import decoded_together
from cliptask.errors import ClipTaskError, InputError, MediaError
from cliptask.orders import NamedVariant, PartOrder, SegmentOrder, WorkOrder
from cliptask_renderer.build import (
    make_picture,
    make_segment,
    make_soundtrack,
    make_together,
    make_variant,
    seen,
)
from cliptask_renderer.storage.base import NamedObjects
from cliptask_renderer.storage.open import open_store

_ONE_OF_SEVERAL = (InputError, MediaError)
"""What is wrong with one thing and says nothing of the next."""


def execute(
    order: WorkOrder, log: Callable[[str], None], scratch: Path | None = None
) -> dict[str, ClipTaskError]:
    """Make everything; returns why not, for each variant (by its name) and part (by its key) that is itself to blame. Raises what concerns all of them.

    The one entry of a Job's pod and of a process of a pool. ``log`` is told of each thing that is there; ``scratch`` is
    as for ``open_store``.
    """
    cache, output = open_store(order.cache, scratch), open_store(order.output, scratch)
    for group in decoded_together(order.segments):
        _try_together(cache, group, order.places)
    failed: dict[str, ClipTaskError] = {}
    for thing in _things(cache, output, order):
        try:
            thing.make()
        except _ONE_OF_SEVERAL as error:
            log(f"error: {thing.what}: {error}")
            failed[thing.key] = error
        else:
            log(f"{thing.what}: {thing.extent}")
    for video in complete(order.joins, lambda part: seen(cache, part) is not None):
        thing = _video(cache, output, order, video)
        try:
            thing.make()
        except _ONE_OF_SEVERAL as error:
            # A Job of its own tells of that: this one's are the parts, and they are there.
            log(f"left: {thing.what}: {error}")
        else:
            log(f"{thing.what}: {thing.extent}")
    return failed


def complete(videos: Iterable[NamedVariant], is_there: Callable[[PartOrder], bool]) -> Iterator[NamedVariant]:
    """Those of the videos of which all parts are there; of each part ``is_there`` is asked once at most.

    Each Job that makes parts of a video stores these first and looks then: whichever stores the last of them sees all.
    """
    known: dict[str, bool] = {}
    for video in videos:
        for part in video.order.parts:
            if part.key not in known:
                known[part.key] = is_there(part)
            if not known[part.key]:
                break
        else:
            yield video


class _Thing(NamedTuple):
    key: str
    """By which its failure is told."""
    what: str
    extent: str
    make: Callable[[], object]


def _things(cache: NamedObjects, output: NamedObjects, order: WorkOrder) -> Iterator[_Thing]:
    places = order.places
    for part in order.segments:
        make = partial(_make_with_picture, cache, part, places)
        yield _Thing(part.key, f"segment {part.key}", f"{part.frames} frames", make)
    for sound in order.soundtracks:
        mix = partial(make_soundtrack, cache, sound, places)
        yield _Thing(sound.key, f"soundtrack {sound.key}", f"{sound.samples} samples", mix)
    for video in order.variants:
        yield _video(cache, output, order, video)


def _video(cache: NamedObjects, output: NamedObjects, order: WorkOrder, video: NamedVariant) -> _Thing:
    name, wanted = video.name, video.order
    make = partial(make_variant, cache, output, order.task, name, wanted, order.places, order.secrets)
    return _Thing(name, f"video {name}", f"{wanted.duration_s:.1f} s", make)


def _make_with_picture(cache: NamedObjects, order: SegmentOrder, places: Mapping[str, str]) -> None:
    make_segment(cache, order, places)
    if not order.is_seam:
        make_picture(cache, order)


def _try_together(cache: NamedObjects, group: Sequence[SegmentOrder], places: Mapping[str, str]) -> None:
    """Make those of a group that are missing in one run. Where that fails, none of them is there: each alone tells why."""
    try:
        make_together(cache, group, places)
    except _ONE_OF_SEVERAL:
        return
