"""Jobs that make parts of packed videos, and join what is complete then."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cliptask.orders import VariantOrder
from cliptask.planning.plan import plan
from cliptask.spec.execution import Amounts, Execution
from cliptask_operator.campaign.inventory import Inventory, missing
from cliptask_operator.controller.carriers import carriers, shared_parts
from cliptask_operator.controller.desired import Desired, NamedOrder
from cliptask_operator.kubernetes.job_status import JobFacts, facts
from cliptask_operator.kubernetes.manifests import RendererSettings, job
from cliptask_operator.kubernetes.task_state import TaskRef
from support.campaigns import line, sources, task

TASK = TaskRef("ads", "t", "uid")


def desired(blocks: list[int], **spec: Any) -> Desired:  # noqa: ANN401  a spec's parts
    """A packed campaign of which nothing is there."""
    wanted = task(blocks, **spec)
    lines = [line(each.text) for each in wanted.spec.speech]
    return Desired(TASK, plan(wanted, sources(wanted), lines), "gs://b/cache", "gs://b", "1/", 50, 1)


def planned(
    of: Desired, jobs: int, *, running: tuple[JobFacts, ...] = (), there: Inventory | None = None, apart: frozenset[str] = frozenset()
) -> tuple[NamedOrder, ...]:  # fmt: skip
    """Its Jobs, where so many are worth it."""
    lacking = missing(of.campaign, there or Inventory())
    return carriers(of, lacking, running, lambda _: 1.0, lambda parts, _: min(parts, jobs), apart)


def shown(video: VariantOrder) -> set[str]:
    """Keys of a video's parts."""
    return {part.key for part in (*video.segments, *filter(None, [video.soundtrack]))}


def facts_of(named: NamedOrder, **changes: Any) -> JobFacts:  # noqa: ANN401  fields of many types
    """What the API tells of its Job."""
    amounts = Amounts(cpu="1", memory="1Gi")
    manifest = job(named[1], TASK, Execution(), "1/", RendererSettings("r", amounts, amounts), packed=3)
    return replace(facts({**manifest, "status": {}}), **changes)


# Which Jobs


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=3), st.integers(0, 2), st.integers(1, 6), st.booleans()
)
def test_every_part_is_made_once_and_every_video_carried_by_all_that_make_its_parts(
    blocks: list[int], tracks: int, jobs: int, burned: bool
) -> None:  # fmt: skip
    """A part would be encoded twice, or whoever is last would not know of the video."""
    spec = {"lines": 2, "captions": {"mode": "burned"}} if burned else {}
    of = desired(blocks, tracks=tracks, **spec)

    orders = [order for _, order in planned(of, jobs)]

    made = Counter(key for order in orders for key in order.own_parts)
    assert made == dict.fromkeys(of.parts, 1)
    for video in of.campaign.variants:
        carrying = {n for n, order in enumerate(orders) if video.name in {each.name for each in order.joins}}
        making = {n for n, order in enumerate(orders) if not shown(video.order).isdisjoint(order.own_parts)}
        assert carrying == making
    # In a Job of its own nothing waits for a segment whose pictures another one copies.
    for order in orders:
        bases = {part.base.key for part in order.segments if part.base is not None}
        assert bases.isdisjoint(order.own_parts)


def test_each_job_has_as_much_to_do() -> None:
    """The one with the long clips would still run when all others are done."""
    of = desired([6])
    costs = dict(zip(sorted(of.parts), (5.0, 4.0, 3.0, 3.0, 2.0, 1.0), strict=True))
    lacking = missing(of.campaign, Inventory())

    orders = carriers(of, lacking, (), lambda part: costs[part.key], lambda _parts, _seconds: 2)

    assert [sum(costs[key] for key in order.own_parts) for _, order in orders] == [9.0, 9.0]


def test_soundtracks_have_no_job_of_their_own() -> None:
    """Each would cost a pod's start, which takes longer than a mix."""
    of = desired([2, 2], tracks=2)

    orders = [order for _, order in planned(of, 4)]

    assert [len(order.segments) for order in orders] == [1] * 4
    assert sum(len(order.soundtracks) for order in orders) == len(of.campaign.soundtracks) > 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=3), st.integers(0, 2), st.integers(1, 2))
def test_where_a_task_says_how_jobs_are_packed_soundtracks_come_beside_segments(
    blocks: list[int], tracks: int, per_job: int
) -> None:
    """A video would wait for the Job of another one that mixes its sound, or a segment for another segment."""
    of = replace(desired(blocks, tracks=tracks, lines=2), variants_per_job=per_job)
    shared = shared_parts(of, missing(of.campaign, Inventory()), Inventory())

    found = carriers(of, shared, (), lambda _: 1.0, lambda parts, _: parts, joins=False)

    orders = [order for _, order in found]
    made = Counter(key for order in orders for key in order.own_parts)
    needed = Counter(key for _, order in of.variant_orders for key in order.parts)
    assert all(len(order.segments) == 1 and not order.joins for order in orders)
    wanted = {key for key, jobs in needed.items() if jobs > 1} if orders else set()
    assert made == dict.fromkeys(wanted, 1)


def test_where_no_segment_is_missing_nothing_is_carried() -> None:
    """A soundtrack would have a Job, and its videos others."""
    of = desired([2, 2], tracks=2)
    there = Inventory(parts=frozenset(part.key for part in of.campaign.encoded))

    assert planned(of, 4, there=there) == ()
    signed = desired([2, 2], tracks=2, disclosure={"credentials": {"secretName": "ads"}})
    there = Inventory(parts=frozenset(part.key for part in signed.campaign.encoded))
    # But for those who sign, beside whose key nothing is decoded.
    assert [len(order.soundtracks) for _, order in planned(signed, 4, there=there)] == [1, 1]


def test_what_others_are_making_keeps_nothing_else_waiting() -> None:
    """A Job would wait with all it has to do for one part of another task."""
    of = desired([4])
    (leased, *_) = sorted(of.parts)

    orders = [order for _, order in planned(of, 1, apart=frozenset({leased}))]

    assert sorted(len(order.own_parts) for order in orders) == [1, 3]
    assert [order.own_parts for order in orders if len(order.own_parts) == 1] == [(leased,)]


def test_a_job_joins_no_more_than_it_is_worth() -> None:
    """The last Job would join thousands one after the other, and its order would have no room in its environment."""
    of = desired([10, 10, 10])

    orders = [order for _, order in planned(of, 10)]

    assert max(len(order.joins) for order in orders) == 200
    assert all(order.fits for order in orders)


def test_who_makes_parts_of_signed_videos_joins_none() -> None:
    """Programs that decode strangers' files would lie beside the key."""
    of = desired([2, 2], tracks=1, disclosure={"credentials": {"secretName": "ads"}})

    orders = [order for _, order in planned(of, 4)]

    assert {key for order in orders for key in order.own_parts} == of.parts
    assert [order.joins for order in orders] == [()] * 4


# Another operator


def test_another_operator_knows_the_jobs_again() -> None:
    """What runs would be ended and made anew, and what has failed be tried again."""
    of = desired([3, 3], tracks=2)
    first, second, *_ = planned(of, 3)
    parts = frozenset(second[1].own_parts[:1])
    running = (facts_of(first), facts_of(second, state="failed"))

    again = planned(of, 50, running=running, there=Inventory(parts=parts))

    assert again[:2] == (first, second)
    rest = [key for _, order in again[2:] for key in order.own_parts]
    assert not {*first[1].own_parts, *second[1].own_parts} & {*rest}
    assert Counter([*first[1].own_parts, *second[1].own_parts, *rest]) == dict.fromkeys(of.parts, 1)


@pytest.mark.parametrize(
    "changes", [{"deleting": True}, {"state": "succeeded"}, {"state": "failed", "attempt": "0/"}]
)
def test_jobs_that_are_over_are_planned_anew(changes: dict[str, Any]) -> None:
    """Nobody would make what they were to make."""
    of = desired([3, 3])
    first, *_ = planned(of, 3)

    again = planned(of, 50, running=(facts_of(first, **changes),))

    assert len(again) == len(of.parts)


def test_a_job_that_joins_what_nobody_wants_any_more_is_not_known() -> None:
    """It would put videos into the folder that an edit has taken out."""
    of, edited = desired([3, 3]), desired([3, 2])
    running = tuple(map(facts_of, planned(of, 50)))

    again = planned(edited, 50, running=running)

    known = [order for name, order in again if name in {each.name for each in running}]
    gone = {each.name for each in of.campaign.variants} - {each.name for each in edited.campaign.variants}
    assert len(known) == 2
    assert not gone & {video.name for order in known for video in order.joins}
    assert Counter(key for _, order in again for key in order.own_parts) == dict.fromkeys(edited.parts, 1)


def test_a_job_whose_videos_are_all_still_wanted_goes_on_after_an_edit() -> None:
    """What is half encoded would be begun anew."""
    of, edited = desired([3, 2]), desired([3, 3])
    running = tuple(map(facts_of, planned(of, 50)))

    again = planned(edited, 50, running=running)

    assert {each.name for each in running} < {name for name, _ in again}
