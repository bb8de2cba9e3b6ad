"""What the controller makes of Jobs that make parts and join videos."""

from __future__ import annotations

from collections import Counter

import pytest

from cliptask.orders import WorkOrder, WorkReport
from cluster import outcomes
from cluster.outcomes import Outcome
from support.controller_bed import ControllerBed

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
