"""Which Jobs make what a campaign lacks of parts, and join its videos as they go where it is packed? Pure."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import count
from typing import TypeVar

from cliptask.decoding import decoded_together
from cliptask.orders import NamedVariant, PartOrder, SegmentOrder, SoundtrackOrder
from cliptask_operator.campaign.inventory import Inventory, Missing
from cliptask_operator.controller.desired import Desired, NamedOrder
from cliptask_operator.controller.reconcile import shared_segments
from cliptask_operator.kubernetes.job_status import JobFacts
from cliptask_operator.kubernetes.manifests import CARRIED_DIGITS

_MOST_JOINS = 200
"""Of one Job, which joins one after the other: more are there sooner by Jobs of their own, side by side."""

T = TypeVar("T")
Parts = tuple[PartOrder, ...]


@dataclass(frozen=True)
class Cargo:
    """What a Job makes."""

    parts: Parts
    joins: tuple[NamedVariant, ...] = ()


def carriers(
    desired: Desired,
    missing: Missing,
    jobs: Iterable[JobFacts],
    cost_s: Callable[[PartOrder], float],
    jobs_for: Callable[[int, float], int],
    apart: AbstractSet[str] = frozenset(),
    *,
    joins: bool = True,
) -> tuple[NamedOrder, ...]:
    """The Jobs that are there already, whoever created them, and those that make the rest.

    ``cost_s`` is what a part takes, ``jobs_for`` how many Jobs so many things of that cost together are worth. What others are
    making (``apart``, keys) has Jobs of its own, which wait. There are none where no segment is missing, but for a campaign that signs.
    ``joins``: they also join.
    """
    there = tuple(_there(desired, jobs))
    made = {key for _, order in there for key in order.own_parts}
    segments = [each for each in missing.segments if each.key not in made]
    soundtracks = [each for each in missing.soundtracks if each.key not in made]
    # Programs that decode strangers' files do not lie beside a key: whoever signs makes no parts, and who makes them joins nothing.
    signs = bool(desired.campaign.signer)
    if not segments and not (signs and soundtracks):
        return there
    lacking = {each.key for each in segments}
    waiting = {each.key for each in segments if each.base is not None and each.base.key in lacking}
    packs: list[Parts] = []
    # What takes pictures of others is made when these are there.
    for wave, sounds in ((lacking - waiting, soundtracks), (waiting, ())):
        groups = decoded_together(each for each in segments if each.key in wave)
        packs += [group for group in groups if not apart.isdisjoint(part.key for part in group)]
        groups = tuple(group for group in groups if apart.isdisjoint(part.key for part in group))
        # Alone a soundtrack is not worth a pod: a video's Job mixes it.
        others = [(each,) for each in sounds if groups or joins or signs]
        packs += _packs(groups, others, cost_s, jobs_for)
    cargos = _joins(missing, packs) if joins and not signs else [Cargo(pack) for pack in packs]
    return (*there, *(each for cargo in cargos for each in _fitting(desired, cargo)))


def dealt_apart(desired: Desired, failed: str, there: AbstractSet[str]) -> tuple[NamedOrder, ...]:
    """The carriers with a Job for each part that one has left which failed without telling at which: the others are not to blame.

    ``there``: keys of parts that need not be made. A Job of a single part stays as it is.
    """
    order = dict(desired.carriers).get(failed)
    if order is None or len(order.own_parts) < 2:  # noqa: PLR2004  there is nothing to deal apart
        return desired.carriers
    others = tuple(each for each in desired.carriers if each[0] != failed)
    left = order.without({*there, *(key for _, each in others for key in each.own_parts)})
    parts: Parts = (*left.segments, *left.soundtracks)
    alone = (
        _named(desired, [part], [video for video in left.joins if part in video.order.parts])
        for part in parts
    )
    return (*others, *alone)


def shared_parts(desired: Desired, missing: Missing, there: Inventory) -> Missing:
    """Those of the missing parts that Jobs of several videos need, and the pieces of long ones."""
    left = {each.name for each in missing.variants}
    orders = [each for each in desired.variant_orders if any(v.name in left for v in each[1].variants)]
    segments = shared_segments(orders, there.videos, there.parts)
    mixes = (
        {
            video.order.soundtrack.key
            for video in order.variants
            if video.name in left and video.order.soundtrack
        }
        for _, order in orders
    )
    needed = Counter(key for keys in mixes for key in keys)
    return replace(
        missing,
        segments=tuple(each for each in missing.segments if each.key in segments),
        soundtracks=tuple(each for each in missing.soundtracks if needed[each.key] > 1),
    )


def _packs(
    groups: Sequence[Parts],
    beside: Sequence[Parts],
    cost_s: Callable[[PartOrder], float],
    jobs_for: Callable[[int, float], int],
) -> list[Parts]:
    """The groups in so many Jobs as they are worth, the dearest first, each where least is to be done; then what is made ``beside``."""
    if not groups:
        return list(beside)

    def cost(group: Parts) -> float:
        return sum(map(cost_s, group))

    tie, packs = count(), list[list[PartOrder]]()
    loads: list[tuple[float, int, list[PartOrder]]] = []
    for _ in range(min(jobs_for(len(groups), sum(map(cost, groups))), len(groups))):
        packs.append([])
        heapq.heappush(loads, (0.0, next(tie), packs[-1]))
    for group in (*sorted(groups, key=cost, reverse=True), *sorted(beside, key=cost, reverse=True)):
        load, number, pack = heapq.heappop(loads)
        pack += group
        heapq.heappush(loads, (load + cost(group), number, pack))
    return [tuple(pack) for pack in packs]


def _joins(missing: Missing, packs: Sequence[Parts]) -> list[Cargo]:
    """Each video with every Job that makes a part of it, so that whichever is last joins it; or, where one has no room, with none."""
    pack_of = {part.key: number for number, pack in enumerate(packs) for part in pack}
    joins: list[list[NamedVariant]] = [[] for _ in packs]
    for video in missing.variants:
        shown = {pack_of[key] for key in (part.key for part in video.order.parts) if key in pack_of}
        if all(len(joins[number]) < _MOST_JOINS for number in shown):
            for number in shown:
                joins[number].append(NamedVariant(name=video.name, order=video.order))
    return [Cargo(pack, tuple(joined)) for pack, joined in zip(packs, joins, strict=True)]


def _fitting(desired: Desired, cargo: Cargo) -> Iterator[NamedOrder]:
    """One Job: with fewer videos where its work order has no room, or several where it still has none."""
    named = _named(desired, cargo.parts, cargo.joins)
    if named[1].fits or (len(cargo.parts) == 1 and not cargo.joins):
        yield named
    elif cargo.joins:
        yield from _fitting(desired, Cargo(cargo.parts, cargo.joins[: len(cargo.joins) // 2]))
    else:
        half = len(cargo.parts) // 2
        yield from _fitting(desired, Cargo(cargo.parts[:half]))
        yield from _fitting(desired, Cargo(cargo.parts[half:]))


def _named(desired: Desired, parts: Iterable[PartOrder], joins: Iterable[NamedVariant]) -> NamedOrder:
    """In an order that depends on nothing else, so that another operator finds it again."""
    made = sorted(parts, key=lambda part: part.key)
    return desired.named(
        segments=tuple(each for each in made if isinstance(each, SegmentOrder)),
        soundtracks=tuple(each for each in made if isinstance(each, SoundtrackOrder)),
        joins=tuple(sorted(joins, key=lambda video: video.name)),
    )


def _there(desired: Desired, jobs: Iterable[JobFacts]) -> Iterator[NamedOrder]:
    """The Jobs of this campaign that run, and that have failed in this attempt; not those that join what nobody wants any more."""
    jobs = [each for each in jobs if each.carries and _counts(each, desired.attempt)]
    if not jobs:
        return
    campaign = desired.campaign
    makes: Parts = (*campaign.encoded, *campaign.soundtracks)
    parts = _by_digits(makes, lambda part: part.key)
    videos = [NamedVariant(name=each.name, order=each.order) for each in campaign.variants]
    joins = _by_digits(videos, lambda video: video.order.key)
    for job in jobs:
        named = _named(
            desired,
            [part for digits in job.carries for part in parts.get(digits, ())],
            [video for digits in job.carries for video in joins.get(digits, ())],
        )
        if named[0] == job.name:
            yield named


def _by_digits(things: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for thing in things:
        found.setdefault(key(thing)[:CARRIED_DIGITS], []).append(thing)
    return found


def _counts(job: JobFacts, attempt: str) -> bool:
    if job.deleting:
        return False
    return job.is_at_work or (job.state == "failed" and job.attempt == attempt)
