"""What a campaign is reckoned to take."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cliptask.planning.plan import Campaign, plan
from cliptask_operator.campaign.effort import Disk, Effort, Needs, Reckoning, seconds_per_video
from cliptask_operator.campaign.inventory import Inventory, Missing, missing
from cliptask_operator.campaign.past import NO_PAST, VIDEO_S, Part, Past
from support.campaigns import line, sources, task


def campaign() -> Campaign:
    """Two videos of three clips, with one soundtrack."""
    wanted = task([2, 1], tracks=1, lines=1)
    return plan(wanted, sources(wanted), [line("line 0")])


def lacking() -> Missing:
    """All of it."""
    return missing(campaign(), Inventory())


def pixels() -> int:
    """Of all segments."""
    return sum(each.frames * each.profile.width * each.profile.height for each in campaign().segments)


def test_a_first_run_is_of_ordinary_footage_and_of_unknown_length() -> None:
    """A number that nothing stands behind would be taken for one that something does."""
    needs = Reckoning(lacking(), NO_PAST, 2).needs

    assert needs.cache_bytes >= pixels() * 0.07 / 8
    assert needs.seconds is None
    assert needs.least == pytest.approx(0.1)


def test_later_runs_go_by_what_was_made() -> None:
    """One's own slides take a tenth of what footage does."""
    made = [Part(1_000, 1_000_000, 2.0), Part(3_000, 1_000_000, 2.0), Part(500, 0, 7.0)]
    past = Past.of(made, [Part(9_000, 0, 0.5)], {})

    needs = Reckoning(lacking(), past, 2).needs

    assert past.bytes_per_pixel == pytest.approx(0.002)
    soundtrack = sum(each.samples for each in lacking().soundtracks) * 20_000 // 48_000
    assert needs.cache_bytes - soundtrack == pytest.approx(pixels() * 0.002, rel=0.01)
    assert needs.seconds == pytest.approx((pixels() * 2e-6 + 7.0 + 2 * 0.5) / 2)


def test_what_is_there_counts_with_its_own_size() -> None:
    """A video is joined of it, byte for byte."""
    sizes = {each.key: 10_000 for each in campaign().segments}
    only_videos = replace(lacking(), segments=(), soundtracks=())

    small = Reckoning(only_videos, Past(sizes=sizes), 2).needs.output_bytes
    large = Reckoning(only_videos, Past(sizes=dict.fromkeys(sizes, 20000)), 2).needs.output_bytes

    assert large - small == 2 * 2 * 10_000


def test_nothing_to_make_takes_nothing() -> None:
    """A finished campaign would be refused on a full disk."""
    assert Reckoning(Missing((), (), ()), NO_PAST, 2).needs == Needs(seconds=0.0)


@pytest.mark.parametrize(
    ("free", "is_refused", "doubt"), [(9, True, True), (50, False, True), (100, False, False)]
)
def test_only_what_cannot_fit_is_refused(free: int, *, is_refused: bool, doubt: bool) -> None:
    """A guess that is too high would keep somebody from what fits."""
    disk = Disk("/d", 100, 10, free)

    assert (Effort(Needs(), (disk,)).refusal is not None) == is_refused
    assert ("it may not fit" in str(disk)) == doubt


def test_a_video_takes_what_its_own_parts_take() -> None:
    """Jobs that encode would be packed like Jobs that only join."""
    past = Past(s_per_pixel=2e-6, s_per_soundtrack=7.0, s_per_video=0.5)
    (shared,) = [
        each
        for each in campaign().segments
        if sum(each in v.order.segments for v in campaign().variants) == 2
    ]
    own = pixels() - shared.frames * shared.profile.width * shared.profile.height

    assert seconds_per_video(lacking(), past) == pytest.approx(0.5 + (own * 2e-6 + 7.0) / 2)
    assert seconds_per_video(Missing((), (), lacking().variants), past) == 0.5
    assert seconds_per_video(lacking(), NO_PAST) == VIDEO_S
