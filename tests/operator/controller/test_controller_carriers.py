"""What the controller makes of Jobs that make parts and join videos."""

from __future__ import annotations

from collections import Counter

import pytest

from cliptask.orders import WorkOrder, WorkReport
from cliptask.planning.plan import Campaign
from cliptask_operator.campaign.inventory import Inventory
from cliptask_operator.campaign.pipeline import Pipeline
from cliptask_operator.campaign.stores import Stores
from cluster import outcomes
from cluster.outcomes import Outcome
from support.controller_bed import ControllerBed
from support.fake_cluster import TIMED_OUT

AUTO = {"variantsPerJob": "auto"}
THREE_BY_THREE = [[0, 1, 2], [3, 4, 5]]


def parts_of(bed: ControllerBed) -> list[str]:
    """Keys of the parts that the Jobs make which were created, in order."""
    return [key for order in bed.cluster.orders for key in order.own_parts]


async def test_whoever_is_last_joins_and_no_video_has_a_job(bed: ControllerBed) -> None:
    """A second row of pods would start for what takes a moment."""
    bed.apply(bed.task("camp", THREE_BY_THREE, lines=3, execution=AUTO))
    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], len(bed.objects("camp"))) == (9, 9)
    assert {order.step for order in bed.cluster.orders} == {"segment"}
    assert set(bed.cluster.made.values()) == {1}
    assert bed.metric("videos_made_total") == 9


async def test_what_is_left_has_jobs_of_its_own(bed: ControllerBed) -> None:
    """A video whose Job was killed before it looked, or failed at joining, would be missing for ever."""

    def judge(order: WorkOrder) -> Outcome | None:
        if order.variants:
            return None
        bed.cluster.make(order.model_copy(update={"joins": ()}))
        return outcomes.succeed()

    bed.cluster.judge = judge
    bed.apply(bed.task("camp", THREE_BY_THREE, lines=3, execution=AUTO))
    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], status["failed"], len(bed.objects("camp"))) == (9, 0, 9)
    assert bed.steps()[-1] == "variant"
    assert set(bed.cluster.made.values()) == {1}


@pytest.mark.parametrize("jobs", [2, 50])
async def test_a_part_that_cannot_be_made_costs_its_own_videos_alone(bed: ControllerBed, jobs: int) -> None:
    """One bad clip of nine would cost the campaign."""
    bad: dict[str, str] = {}

    def judge(order: WorkOrder) -> Outcome | None:
        key = next((each.key for each in order.segments if not bad or each.key in bad), None)
        if key is None:
            return None
        bad.setdefault(key, "")
        good = tuple(each for each in order.segments if each.key != key)
        bed.cluster.make(order.model_copy(update={"segments": good}))
        words = WorkReport(reason="SourceUnusable", message="another's", failed={key: "it is no video"})
        return outcomes.fail(65, words.model_dump_json())

    bed.cluster.judge = judge
    bed.encoding_took(60)
    bed.apply(bed.task("camp", THREE_BY_THREE, lines=3, execution=AUTO | {"parallelism": jobs}))
    status = await bed.phase("camp", "Failed")

    (key,) = bad
    assert (status["succeeded"], status["failed"]) == (6, 3)
    assert {(each["reason"], each["message"]) for each in status["failures"]} == {
        ("SourceUnusable", "it is no video")
    }
    assert Counter(parts_of(bed))[key] == 1
    # A retry makes what is missing, and nothing else.
    bed.cluster.judge = lambda _: None
    bed.retry("camp")
    assert (await bed.phase("camp", "Complete"))["succeeded"] == 9
    assert {name for name, times in bed.cluster.made.items() if times > 1} == set()


async def test_who_runs_out_of_memory_is_tried_once_more(bed: ControllerBed) -> None:
    """The videos of all its parts would be lost."""
    ends = iter([outcomes.oom()])
    bed.cluster.judge = lambda _: next(ends, None)

    bed.encoding_took(60)
    bed.apply(bed.task("camp", THREE_BY_THREE, execution=AUTO))
    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], bed.steps()) == (9, ["segment"] * 7)


async def test_an_operator_that_is_killed_at_any_moment_leaves_nothing_undone(bed: ControllerBed) -> None:
    """Videos would be made twice, or never."""
    bed.encoding_took(60)
    for number in range(4):
        name = f"camp{number}"
        running = iter([None] * number)
        bed.cluster.judge = lambda _order, running=running: next(running, outcomes.hang())  # type: ignore[misc]
        bed.apply(bed.task(name, [[0, 1, 2], [3, number + 6]], lines=2, execution=AUTO))
        await bed.until(lambda name=name: bed.cluster.jobs_of(name), "its Jobs")  # type: ignore[misc]
        before = bed.active(name)

        await bed.restart()
        await bed.rest(60)

        assert bed.active(name) <= before
        bed.cluster.go_on()
        assert (await bed.phase(name, "Complete"))["succeeded"] == 6
    assert bed.cluster.deleted == []
    assert set(bed.cluster.made.values()) == {1}


async def test_an_edit_ends_what_would_join_videos_that_are_not_wanted(bed: ControllerBed) -> None:
    """They would lie among the others for ever."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.encoding_took(60)
    bed.apply(bed.task("camp", THREE_BY_THREE, execution=AUTO))
    await bed.running("camp", 6)

    bed.edit("camp", videoBlocks=bed.task("camp", [[0, 1, 2], [3, 4]])["spec"]["videoBlocks"])
    await bed.until(
        lambda: len(bed.cluster.deleted) == 4, "those of the three clips, and of the one that is gone"
    )
    bed.cluster.go_on()
    await bed.phase("camp", "Complete")

    assert len(bed.objects("camp")) == 6


async def test_a_job_that_makes_nothing_is_believed_no_more(bed: ControllerBed) -> None:
    """It would be made again for ever, and paid for."""
    bed.cluster.judge = lambda _: outcomes.succeed()
    bed.apply(bed.task("camp", [[0, 1]], execution=AUTO))
    status = await bed.phase("camp", "Failed")

    assert {each["reason"] for each in status["failures"]} == {"ObjectMissing"}


def joining(bed: ControllerBed, order: WorkOrder) -> Outcome | None:
    """What becomes of a Job that has stored its parts, and is about to join videos."""
    if order.variants:
        return None
    bed.cluster.make(order.model_copy(update={"joins": ()}))
    return outcomes.hang()


async def joins_of(bed: ControllerBed) -> None:
    """Let a campaign come so far that all its Jobs join."""
    bed.cluster.judge = lambda order: joining(bed, order)
    bed.encoding_took(60)
    bed.apply(bed.task("camp", THREE_BY_THREE, execution=AUTO))
    await bed.running("camp", 6)
    await bed.rest(60)


async def joined_by_those_that_ran(bed: ControllerBed) -> bool:
    """Whether the videos are made as the Jobs end that ran, and by no others."""
    bed.cluster.go_on()
    await bed.phase("camp", "Complete")
    videos = [order for order in bed.cluster.orders if order.task == "camp" and order.variants]
    return not bed.cluster.deleted and not videos


async def test_who_joins_is_left_alone_when_an_operator_begins(bed: ControllerBed) -> None:
    """Its parts are all there by then: it would be ended, and a pod started for each of its videos."""
    await joins_of(bed)
    await bed.restart()
    await bed.rest(60)

    assert await joined_by_those_that_ran(bed)


async def test_who_joins_is_left_alone_when_another_task_has_the_cache_listed(bed: ControllerBed) -> None:
    """As above, for what a neighbour does."""
    await joins_of(bed)
    bed.apply(bed.task("other", THREE_BY_THREE, execution=AUTO))
    await bed.phase("other", "Complete")

    assert await joined_by_those_that_ran(bed)


async def test_who_joins_is_left_alone_when_another_job_fails(bed: ControllerBed) -> None:
    """As above, for what became of a bad clip."""
    first: set[str] = set()

    def judge(order: WorkOrder) -> Outcome | None:
        first.update(() if first else order.own_parts)
        return outcomes.hang() if first.issuperset(order.own_parts) else joining(bed, order)

    bed.cluster.judge = judge
    bed.encoding_took(60)
    bed.apply(bed.task("camp", THREE_BY_THREE, execution=AUTO))
    await bed.running("camp", 6)
    bed.cluster.go_on(
        lambda order: outcomes.fail(65, "torn") if first.issuperset(order.own_parts) else joining(bed, order)
    )
    await bed.running("camp", 5)
    await bed.rest(60)

    assert len(bed.active("camp")) == 5
    bed.cluster.go_on()
    await bed.phase("camp", "Failed")
    assert not bed.cluster.deleted
    assert len(bed.objects("camp")) == 6


async def test_what_ends_while_the_stores_are_listed_is_not_made_again(
    bed: ControllerBed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the listing nor the Jobs that run tell of it: it would be dealt anew, and counted twice."""
    first: list[tuple[str, ...]] = []

    def judge(order: WorkOrder) -> Outcome | None:
        first.append(order.own_parts)
        return None if order.own_parts == first[0] else outcomes.hang()

    bed.cluster.judge = judge
    bed.encoding_took(3)
    blocks = [[*range(6)], [*range(6, 12)]]
    bed.apply(bed.task("camp", blocks, execution=AUTO | {"parallelism": 3}))
    await bed.until(lambda: len(bed.cluster.orders) == 3, "its Jobs")
    await bed.rest(30)
    listed = Pipeline.inventory

    async def inventory(self: Pipeline, campaign: Campaign, stores: Stores) -> Inventory:
        found = await listed(self, campaign, stores)
        bed.cluster.go_on()
        await bed.rest(1)
        return found

    monkeypatch.setattr(Pipeline, "inventory", inventory)
    await bed.restart()
    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], len(bed.cluster.orders)) == (36, 3)
    assert set(bed.cluster.made.values()) == {1}


@pytest.mark.parametrize("end", [outcomes.oom(), TIMED_OUT], ids=["memory", "deadline"])
async def test_a_part_that_takes_its_job_along_costs_its_own_videos_alone(
    bed: ControllerBed, end: Outcome
) -> None:
    """The Job cannot tell at which it ended, and none after it was tried."""
    bad: list[str] = []

    def judge(order: WorkOrder) -> Outcome | None:
        bad.extend([] if bad else order.own_parts[:1])
        return end if bad[0] in order.own_parts else None

    bed.cluster.judge = judge
    bed.apply(bed.task("camp", THREE_BY_THREE, lines=2, execution=AUTO))
    status = await bed.phase("camp", "Failed")

    assert len(bed.cluster.orders[0].own_parts) == 8
    assert (status["succeeded"], status["failed"], len(bed.objects("camp"))) == (6, 3, 6)
    assert set(bed.cluster.made.values()) == {1}
    # Another operator finds the Jobs as they were dealt apart.
    ran = len(bed.cluster.orders)
    await bed.restart()
    await bed.rest(60)
    assert len(bed.cluster.orders) == ran


async def test_what_a_failed_job_has_encoded_is_counted(bed: ControllerBed) -> None:
    """A budget would be spent, and nobody be told."""
    bad: list[str] = []

    def judge(order: WorkOrder) -> Outcome | None:
        bad.extend([] if bad else order.own_parts[:1])
        if bad[0] not in order.own_parts:
            return None
        good = tuple(each for each in order.segments if each.key != bad[0])
        bed.cluster.make(order.model_copy(update={"segments": good}))
        words = WorkReport(reason="SourceUnusable", message="torn", failed={bad[0]: "torn"})
        return outcomes.fail(65, words.model_dump_json())

    bed.cluster.judge = judge
    bed.apply(bed.task("camp", THREE_BY_THREE, execution=AUTO))
    status = await bed.phase("camp", "Failed")

    assert (len(bed.cluster.orders), status["spent"]["encodeSeconds"]) == (1, 15)


@pytest.mark.parametrize("packed", [6, 3, "auto"])
async def test_a_part_that_cannot_be_made_is_tried_once_though_jobs_leave_its_videos_out(
    bed: ControllerBed, packed: int | str
) -> None:
    """A Job that was not told of it has not made it: all others would try it again, side by side."""
    bad: list[str] = []
    tries: list[WorkOrder] = []

    def judge(order: WorkOrder) -> Outcome | None:
        bad.extend([] if bad else [order.segments[0].key])
        if bad[0] not in order.parts:
            # Who is killed before it joins leaves its videos to Jobs of their own.
            bed.cluster.make(order.model_copy(update={"joins": ()}))
            return outcomes.succeed()
        tries.append(order)
        good = tuple(each for each in order.segments if each.key != bad[0])
        bed.cluster.make(order.model_copy(update={"segments": good, "variants": (), "joins": ()}))
        words = WorkReport(reason="SourceUnusable", message="torn", failed={bad[0]: "torn"})
        return outcomes.fail(65, words.model_dump_json())

    bed.cluster.judge = judge
    bed.encoding_took(60)
    bed.apply(bed.task("camp", [[0, 1, 2], [3, 4, 5], [6, 7]], execution={"variantsPerJob": packed}))
    status = await bed.phase("camp", "Failed")

    assert (status["succeeded"], status["failed"], len(tries)) == (12, 6, 1)


async def test_who_fails_with_one_thing_has_nothing_listed(
    bed: ControllerBed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of thousands of videos that fail, each would have two stores listed."""
    asked: list[str] = []
    listed = Pipeline.inventory

    async def inventory(self: Pipeline, campaign: Campaign, stores: Stores) -> Inventory:
        asked.append(campaign.task)
        return await listed(self, campaign, stores)

    monkeypatch.setattr(Pipeline, "inventory", inventory)
    bed.cluster.judge = lambda order: outcomes.fail(65, "torn") if order.variants else None
    bed.apply(bed.task("camp", [[*range(5)], [*range(5, 10)]], execution={"parallelism": 1}))
    status = await bed.phase("camp", "Failed")

    assert status["failed"] == 25
    assert len(asked) < 5


@pytest.mark.parametrize("packed", [1, 2, "auto"])
async def test_nothing_is_decoded_beside_a_key(bed: ControllerBed, packed: int | str) -> None:
    """Whoever hands in a file that takes its decoder over would sign with the advertiser's name."""
    beside: list[str] = []

    def judge(order: WorkOrder) -> Outcome | None:
        if order.variants:
            there = {each.name.rpartition("/")[2].partition(".")[0] for each in bed.cache.list("")}
            beside.extend(order.parts - there)
        return None

    bed.cluster.judge = judge
    await bed.restart(credentials_secrets=("ads",))
    signed = {"disclosure": {"credentials": {"secretName": "ads"}}, "execution": {"variantsPerJob": packed}}
    bed.apply(bed.task("camp", [[0, 1], [2, 3]], lines=2, **signed))
    await bed.phase("camp", "Complete")
    # What is missing now are soundtracks alone, then a clip that a single video shows.
    for change in (bed.task("camp", [[0, 1], [2, 3]], lines=3), bed.task("camp", [[4], [5]], lines=3)):
        bed.edit("camp", **{name: change["spec"].get(name) for name in ("videoBlocks", "speech")})
        await bed.phase("camp", "Complete")

    assert beside == []
    assert set(bed.cluster.made.values()) == {1}
