"""In which order one machine makes what a campaign lacks."""

from __future__ import annotations

from cliptask.orders import SegmentOrder, SoundtrackOrder
from cliptask.planning.plan import Campaign, plan
from cliptask_operator.campaign.inventory import Inventory, missing
from cliptask_operator.local.pool_executor import in_order
from support.campaigns import line, sources, task


def _campaign(seconds: list[float], tracks: int = 1) -> Campaign:
    """One block, with a clip of each length."""
    of = task([len(seconds)], tracks=tracks)
    looks = {f"b0c{number}": {"duration_s": each} for number, each in enumerate(seconds)}
    music = {f"t{number}": {"kind": "audio", "sound_stream": 0} for number in range(tracks)}
    return plan(of, sources(of, **looks, **music), [])


def _lengths(campaign: Campaign, workers: int) -> list[int]:
    """Frames of each segment, 0 for a soundtrack."""
    ordered = in_order(missing(campaign, Inventory()), workers)
    return [part.frames if isinstance(part, SegmentOrder) else 0 for part in ordered]


def test_first_comes_what_the_first_videos_need() -> None:
    """Somebody who looks in after a minute sees videos, and not only parts of all of them."""
    campaign = _campaign([3.0 + n / 10 for n in range(20)], tracks=2)

    ordered = in_order(missing(campaign, Inventory()), 1)

    first, second = campaign.variants[:2]
    wanted = [*first.order.segments, first.order.soundtrack, *second.order.segments, second.order.soundtrack]
    assert [part.key for part in ordered[:4]] == [part.key for part in wanted if part]


def test_at_the_end_the_longest_comes_first() -> None:
    """A process would work at it alone while the others have nothing left; soundtracks fill what is left of the time."""
    campaign = _campaign([1.0, 5.0, 2.0, 7.0, 3.0])

    assert _lengths(campaign, workers=3) == sorted(_lengths(campaign, workers=3), reverse=True)
    assert _lengths(campaign, workers=3)[-1] == 0


def test_what_is_there_is_not_made_again() -> None:
    """Parts in the cache have no place in the order."""
    campaign = _campaign([1.0, 2.0])
    there = Inventory(parts=frozenset([campaign.segments[0].key]))

    ordered = in_order(missing(campaign, there), 2)

    assert [type(part) for part in ordered] == [SegmentOrder, *[SoundtrackOrder] * len(campaign.soundtracks)]


def test_what_pictures_are_taken_of_is_made_before() -> None:
    """Each process would encode it for itself."""
    spoken = ["One.", "Two."]
    of = task(
        [1, 1], speech=[{"voice": "Rachel", "text": text} for text in spoken], variants={"speech": "product"},
        captions={"mode": "burned"},
    )  # fmt: skip
    campaign = plan(of, sources(of), [line(text, 4.0) for text in spoken])

    ordered = [part for part in in_order(missing(campaign, Inventory()), 1) if isinstance(part, SegmentOrder)]

    shared = campaign.variants[0].order.segments[1].plain
    places = {part.key: place for place, part in enumerate(ordered)}
    assert len(ordered) == len(places) == 5
    assert all(places[shared.key] < places[each.order.segments[1].key] for each in campaign.variants)
    there = Inventory(parts=frozenset(part.key for part in ordered) - {shared.key})
    assert not missing(campaign, there).segments
