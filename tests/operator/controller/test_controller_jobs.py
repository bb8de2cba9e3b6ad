"""What the controller makes of Jobs that fail, lie, vanish and hang."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import ceil

import pytest

from cliptask.index import CampaignIndex
from cliptask.orders import WorkOrder, WorkReport
from cliptask_operator.campaign.past import VIDEO_S
from cluster import outcomes
from cluster.outcomes import Outcome
from support.controller_bed import NAMESPACE, ControllerBed
from support.fake_cluster import TIMED_OUT

TWO_BY_TWO = [[0, 1], [2, 3]]
"""Four variants of four segments, each of which two variants share."""


def report(reason: str, **fields: object) -> str:
    """A renderer's last words."""
    return WorkReport.model_validate({"reason": reason, **fields}).model_dump_json()


def videos(which: str, outcome: Outcome) -> Callable[[WorkOrder], Outcome | None]:
    """A judge to whom alone videos whose names begin so come to an outcome."""
    return lambda order: outcome if any(each.name.startswith(which) for each in order.variants) else None


def reasons(bed: ControllerBed) -> Counter[str]:
    """Of the variants that could not be made."""
    return Counter(each["reason"] for each in bed.status("camp")["failures"])


# Failures

ENDS = [
    (outcomes.fail(65, report("SourceUnusable", message="clip0 has no picture")), "SourceUnusable", "clip0 has no picture"),
    (outcomes.fail(75, "the bucket is away"), "RendererFailed", "exit code 75: the bucket is away"),
    (outcomes.oom(), "OutOfMemory", "resources.limits.memory"),
    (TIMED_OUT, "DeadlineExceeded", "it ran past 900 s: raise spec.execution.activeDeadlineSeconds"),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "reason", "words"), ENDS, ids=[reason for _, reason, _ in ENDS])
async def test_each_failure_is_told_by_its_own_reason(
    bed: ControllerBed, outcome: Outcome, reason: str, words: str
) -> None:
    """Whoever reads the status would have to search logs of pods that are gone."""
    bed.cluster.judge = videos("clip0", outcome)

    bed.apply(bed.task("camp", [[0, 1]]))
    status = await bed.phase("camp", "Failed")

    (failure,) = status["failures"]
    assert (failure["variant"].split("-")[0], failure["reason"]) == ("clip0", reason)
    assert words in failure["message"]
    assert bed.metric("jobs_failed_total", reason=reason) == 1


async def test_a_failure_costs_its_own_video_alone(bed: ControllerBed) -> None:
    """One bad combination would end the campaign."""
    bed.cluster.judge = videos("clip0-clip2", outcomes.fail(65))

    bed.apply(bed.task("camp", TWO_BY_TWO))
    status = await bed.phase("camp", "Failed")

    assert (status["succeeded"], status["failed"], len(bed.objects("camp"))) == (3, 1, 3)
    assert "3 of 4 videos are there, 1 could not be made" in status["message"]
    assert bed.condition("camp", "Failed")["reason"] == "VariantsFailed"


async def test_a_campaign_with_failures_is_published(bed: ControllerBed) -> None:
    """What was made could not be found because something else was not."""
    bed.cluster.judge = videos("clip0", outcomes.oom())

    bed.apply(bed.task("camp", [[0, 1]]))
    status = await bed.phase("camp", "Failed")

    index = bed.output.read("camp/index.json").decode()
    assert status["index"] == "gs://bucket/out/camp/index.json"
    assert '"reason": "OutOfMemory"' in index
    assert '"variants": 1' in index


async def test_a_segment_that_fails_costs_the_videos_that_need_it(bed: ControllerBed) -> None:
    """They would each try it again, or be waited for in vain."""
    left = iter([outcomes.fail(65, report("CheckFailed", message="24 frames instead of 25"))])
    bed.cluster.judge = lambda order: next(left, None) if order.segments else None

    bed.apply(bed.task("camp", TWO_BY_TWO))
    status = await bed.phase("camp", "Failed")

    assert (status["succeeded"], reasons(bed)) == (2, {"CheckFailed": 2})
    assert bed.steps() == ["segment"] * 4 + ["variant"] * 2


async def test_what_failed_is_not_tried_again_by_itself(bed: ControllerBed) -> None:
    """A Job that runs out of memory would do so for ever, even once Kubernetes has tidied it away."""
    bed.cluster.judge = lambda order: (
        outcomes.oom() if order.variants[0].name.startswith("clip0") else outcomes.hang()
    )
    bed.apply(bed.task("camp", [[0, 1]]))
    await bed.until(lambda: bed.status("camp").get("failed") == 1, "one failed")
    assert len(bed.cluster.orders) == 3  # once more with more memory

    (failed,) = (job for job in bed.cluster.jobs_of("camp") if "conditions" in job["status"])
    bed.cluster.remove_job(NAMESPACE, failed["metadata"]["name"])
    await bed.rest()

    assert len(bed.cluster.orders) == 3
    assert (bed.status("camp")["phase"], bed.status("camp")["failed"]) == ("Rendering", 1)


async def test_failures_are_told_while_others_run(bed: ControllerBed) -> None:
    """A person would learn of a bad clip when the last video is made."""
    bed.cluster.judge = lambda order: (
        outcomes.oom() if order.variants[0].name.startswith("clip0") else outcomes.hang()
    )

    bed.apply(bed.task("camp", [[0, 1]]))
    await bed.until(lambda: bed.status("camp").get("failed") == 1, "one failed")

    assert (bed.status("camp")["phase"], reasons(bed)) == ("Rendering", {"OutOfMemory": 1})


async def test_of_several_videos_in_a_job_those_that_were_made_count(bed: ControllerBed) -> None:
    """One bad video would take the others of its Job along."""

    def one_fails(order: WorkOrder) -> Outcome:
        bad = order.variants[1].name
        bed.cluster.make(order, but=[bad])
        return outcomes.fail(65, report("CheckFailed", failed={bad: "it is too short"}))

    bed.cluster.judge = one_fails
    bed.apply(bed.task("camp", [[0, 1, 2]], execution={"variantsPerJob": 3}))
    status = await bed.phase("camp", "Failed")

    (failure,) = status["failures"]
    assert (failure["variant"].split("-")[0], failure["message"]) == ("clip1", "it is too short")
    assert (status["succeeded"], len(bed.objects("camp"))) == (2, 2)


async def test_what_a_failed_job_has_made_is_told_while_others_run(bed: ControllerBed) -> None:
    """Videos that are there would be told as failures until the last Job ends."""

    def one_fails(order: WorkOrder) -> Outcome:
        if not order.variants[0].name.startswith("clip0"):
            return outcomes.hang()
        bed.cluster.make(order, but=[order.variants[1].name])
        return outcomes.fail(65)

    bed.cluster.judge = one_fails
    bed.apply(bed.task("camp", [[*range(6)]], execution={"variantsPerJob": 3}))
    await bed.until(lambda: bed.status("camp").get("failed"), "a failure is told")

    assert (bed.status("camp")["succeeded"], bed.status("camp")["failed"]) == (2, 1)


@pytest.mark.parametrize("variants_per_job", [1, 2])
async def test_a_job_that_fails_with_all_made_has_failed_at_nothing(
    bed: ControllerBed, variants_per_job: int
) -> None:
    """A pod that dies after its last upload would make a campaign that is complete a failed one."""

    def make_and_die(order: WorkOrder) -> Outcome:
        bed.cluster.make(order)
        return outcomes.oom()

    bed.cluster.judge = make_and_die
    bed.apply(bed.task("camp", [[0, 1]], execution={"variantsPerJob": variants_per_job}))
    await bed.until(lambda: bed.status("camp").get("completionTime"), "the end")

    status = bed.status("camp")
    assert (status["phase"], status["succeeded"], status["failed"]) == ("Complete", 2, 0)


# What an administrator must mend


@pytest.mark.parametrize(
    ("code", "reason"), [(78, "Misconfigured"), (73, "StoreUnwritable"), (73, "DiskFull")]
)
async def test_an_administrators_fault_is_told_and_is_no_failure(
    bed: ControllerBed, code: int, reason: str
) -> None:
    """Every video would be lost to a missing role, and each need a retry."""
    bed.cluster.judge = lambda _: outcomes.fail(code, report(reason, message="grant the role"))

    bed.apply(bed.task("camp", [[0, 1]]))
    status = await bed.reason("camp", reason)

    assert (status["phase"], status["failed"], status["failures"]) == ("Rendering", 0, [])
    assert "grant the role" in status["message"]


async def test_an_administrators_fault_pauses_its_job(bed: ControllerBed) -> None:
    """Pods would be started by the second to meet the same missing role."""
    bed.cluster.judge = lambda _: outcomes.fail(78, report("Misconfigured", message="grant the role"))
    bed.apply(bed.task("camp", [[0]]))
    await bed.reason("camp", "Misconfigured")

    await bed.rest(50)
    assert len(bed.cluster.orders) == 1
    await bed.rest(250)

    assert 4 <= len(bed.cluster.orders) <= 6


async def test_once_the_administrator_has_mended_it_all_is_made(bed: ControllerBed) -> None:
    """The campaign would stand still for ever, or the complaint outlive its cause."""
    bed.cluster.judge = lambda _: outcomes.fail(78, report("Misconfigured", message="grant the role"))
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.reason("camp", "Misconfigured")

    bed.cluster.judge = lambda order: outcomes.hang() if order.variants else None
    await bed.running("camp", 4)
    status = await bed.reason("camp", "Rendering")
    assert "grant the role" not in str(status)

    bed.cluster.go_on()
    assert (await bed.phase("camp", "Complete"))["succeeded"] == 4


async def test_a_paused_job_holds_up_no_other(bed: ControllerBed) -> None:
    """One node without credentials would stop the whole campaign."""
    bed.cluster.judge = videos("clip0", outcomes.fail(78, report("Misconfigured", message="grant the role")))

    bed.apply(bed.task("camp", [[0, 1, 2]], execution={"parallelism": 1}))
    await bed.until(lambda: bed.status("camp").get("succeeded") == 2, "the other two")

    assert bed.status("camp")["phase"] == "Rendering"


# Jobs that lie


def lying(lies: int, step: str = "variant") -> Callable[[WorkOrder], Outcome | None]:
    """A judge that has so many Jobs of a step succeed without having made anything."""
    left = iter([outcomes.succeed()] * lies)
    return lambda order: next(left, None) if order.step == step else None


@pytest.mark.parametrize("lies", [1, 2])
async def test_a_job_is_not_taken_at_its_word(bed: ControllerBed, lies: int) -> None:
    """The task would be Complete with a video missing."""
    bed.cluster.judge = lying(lies)

    bed.apply(bed.task("camp", [[0]]))
    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], len(bed.objects("camp"))) == (1, 1)
    assert len(bed.cluster.orders) == 1 + lies


async def test_a_job_that_lies_for_the_third_time_is_believed_no_more(bed: ControllerBed) -> None:
    """The same Job would be made again for ever, and paid for."""
    bed.cluster.judge = videos("clip0", outcomes.succeed())

    bed.apply(bed.task("camp", [[0, 1]]))
    status = await bed.phase("camp", "Failed")

    assert (status["succeeded"], reasons(bed)) == (1, {"ObjectMissing": 1})
    assert "lifecycle rules" in status["failures"][0]["message"]
    assert sum(order.variants[0].name.startswith("clip0") for order in bed.cluster.orders) == 3
    assert bed.metric("jobs_failed_total", reason="ObjectMissing") == 1


async def test_a_segment_that_is_said_to_be_there_is_made_after_all(bed: ControllerBed) -> None:
    """The videos that need it would never be made."""
    bed.cluster.judge = lying(4, "segment")

    bed.apply(bed.task("camp", TWO_BY_TWO))
    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], status["segmentsReady"]) == (4, 4)


async def test_a_video_that_vanishes_while_others_are_made_is_made_again(bed: ControllerBed) -> None:
    """The task would be Complete with a video missing."""
    bed.cluster.judge = videos("clip1", outcomes.hang())
    bed.apply(bed.task("camp", [[0, 1]]))
    await bed.until(lambda: bed.status("camp").get("succeeded") == 1, "the first video")
    (video,) = bed.objects("camp")

    bed.output.delete(video)
    bed.cluster.go_on()
    await bed.phase("camp", "Complete")

    assert (bed.cluster.made[video], len(bed.objects("camp"))) == (2, 2)


async def test_videos_come_with_what_they_share_and_no_job_makes_that(bed: ControllerBed) -> None:
    """Each video would cost requests for what others have too, or the index lead nowhere."""
    bed.apply(bed.task("camp", [[0, 1, 2], [3, 4], [5, 6]], lines=2, captions={"mode": "soft"}))

    status = await bed.phase("camp", "Complete")

    index = CampaignIndex.model_validate_json(bed.output.read("camp/index.json"))
    assert status["succeeded"] == len(index.variants) == 12
    assert (len(bed.objects("camp", ".vtt")), len(bed.objects("camp", ".jpg"))) == (2, 7)
    assert bed.objects("camp", ".vtt") | bed.objects("camp", ".jpg") == {
        f"camp/{name}" for name in index.shared
    }
    assert {name for name in bed.cluster.made if name.startswith("camp/")} == bed.objects("camp")


@pytest.mark.parametrize("ending", [".jpg", ".vtt"])
async def test_what_videos_share_comes_again_without_a_job(bed: ControllerBed, ending: str) -> None:
    """A retry would find a campaign complete whose page leads nowhere."""
    bed.apply(bed.task("camp", TWO_BY_TWO, lines=1, captions={"mode": "sidecar"}))
    await bed.phase("camp", "Complete")
    before, orders, lost = contents(bed), len(bed.cluster.orders), min(bed.objects("camp", ending))
    bed.output.delete(lost)

    bed.retry("camp")
    await bed.until(lambda: bed.status("camp")["observedRetry"], "the retry is told")
    await bed.phase("camp", "Complete")

    assert contents(bed) == before
    assert len(bed.cluster.orders) == orders


def contents(bed: ControllerBed) -> dict[str, bytes]:
    """All that lies in the output."""
    return {each.name: bed.output.read(each.name) for each in bed.output.list("camp/")}


async def test_a_job_of_several_videos_is_told_only_of_those_that_are_missing(bed: ControllerBed) -> None:
    """Each edit of a large campaign would have most of it looked at, or made, again."""
    bed.apply(bed.task("camp", TWO_BY_TWO, execution={"variantsPerJob": 4}))
    await bed.phase("camp", "Complete")
    lost = min(bed.objects("camp"))
    bed.output.delete(lost)

    bed.retry("camp")
    await bed.until(lambda: bed.status("camp")["observedRetry"], "the retry is told")
    await bed.phase("camp", "Complete")

    told = [[each.name for each in order.variants] for order in bed.cluster.orders if order.variants]
    assert [len(names) for names in told] == [4, 1]
    assert told[1] == [lost.removeprefix("camp/").removesuffix(".mp4")]


async def test_a_suspended_task_has_no_captions_written(bed: ControllerBed) -> None:
    """Its lines are not spoken yet: it would fail instead of waiting."""
    bed.apply(bed.task("camp", [[0]], lines=1, captions={"mode": "sidecar"}, execution={"suspend": True}))
    await bed.phase("camp", "Suspended")
    assert not bed.objects("camp", ".vtt")

    bed.edit("camp", execution={"suspend": False})
    await bed.phase("camp", "Complete")

    assert len(bed.objects("camp", ".vtt")) == 1


async def test_a_video_that_was_deleted_between_runs_is_made_again(bed: ControllerBed) -> None:
    """A retry would find a campaign complete that lacks a video."""
    bed.apply(bed.task("camp", TWO_BY_TWO, lines=1, captions={"mode": "sidecar"}))
    await bed.phase("camp", "Complete")
    before, lost = bed.cluster.made.copy(), min(bed.objects("camp"))
    bed.output.delete(lost)

    bed.retry("camp")
    await bed.until(lambda: bed.status("camp")["observedRetry"], "the retry is told")
    status = await bed.phase("camp", "Complete")

    assert status["succeeded"] == 4
    assert bed.cluster.made - before == {lost: 1}


# Jobs that vanish


async def test_a_job_that_somebody_deletes_is_created_again(bed: ControllerBed) -> None:
    """A campaign would wait for ever for what somebody tidied away."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[0]]))
    await bed.running("camp", 1)
    (job,) = bed.cluster.jobs_of("camp")

    bed.cluster.judge = lambda _: None
    bed.cluster.remove_job(NAMESPACE, job["metadata"]["name"])

    assert (await bed.phase("camp", "Complete"))["succeeded"] == 1
    assert len(bed.cluster.orders) == 2


async def test_a_job_that_is_tidied_away_after_its_success_is_not_missed(bed: ControllerBed) -> None:
    """Videos that take longer than finished Jobs stay would have the others made again."""
    bed.cluster.judge = videos("clip1", outcomes.hang())
    bed.apply(bed.task("camp", [[0, 1]]))
    await bed.until(lambda: bed.status("camp").get("succeeded") == 1, "the first video")

    (done,) = (job for job in bed.cluster.jobs_of("camp") if "conditions" in job["status"])
    bed.cluster.remove_job(NAMESPACE, done["metadata"]["name"])
    await bed.rest()

    assert len(bed.cluster.orders) == 2


async def test_a_job_of_the_name_must_be_gone_before_it_is_created_again(bed: ControllerBed) -> None:
    """A Job that takes its time to go would be created over and over, and refused as often."""
    bed.cluster.judge = lambda _: outcomes.fail(65)
    bed.apply(bed.task("camp", [[0]]))
    await bed.phase("camp", "Failed")
    bed.cluster.lingers, bed.cluster.judge = True, lambda _: None
    bed.retry("camp")
    await bed.until(lambda: bed.cluster.deleted, "the old one is told to go")
    await bed.rest()
    assert bed.cluster.faults.calls["create_job"] == 1

    bed.cluster.collect()

    assert (await bed.phase("camp", "Complete"))["succeeded"] == 1
    assert bed.cluster.faults.calls["create_job"] == 2


# Memory


def limits(bed: ControllerBed) -> list[str]:
    """How much memory each Job that is there may use, for the video of clip 0."""
    return [
        container["resources"]["limits"]["memory"]
        for job in bed.cluster.jobs_of("camp")
        if "clip0" in job["metadata"]["annotations"]["cliptask.dev/makes"]
        for container in job["spec"]["template"]["spec"]["containers"]
    ]


def hungry(times: int) -> Callable[[WorkOrder], Outcome | None]:
    """A judge that has the video of clip 0 run out of memory so often, then never end."""
    left = iter([outcomes.oom()] * times)
    return lambda order: next(left, outcomes.hang()) if "clip0" in str(order.variants) else None


async def test_a_job_that_ran_out_of_memory_is_tried_once_more_with_more(bed: ControllerBed) -> None:
    """Somebody would have to learn how much a clip takes, and edit every task that shows it."""
    bed.cluster.judge = hungry(1)
    bed.apply(bed.task("camp", [[0, 1]]))
    words = "1 Job ran out of memory (2Gi) and may use 3Gi in a second try"
    await bed.until(lambda: words in bed.status("camp").get("message", ""), "it is said")
    await bed.until(lambda: limits(bed) == ["3Gi"], "the second try")

    assert [each for _, each in bed.events if each.reason == "MoreMemory"] == [
        ("Normal", "MoreMemory", words)
    ]
    bed.cluster.go_on()
    status = await bed.phase("camp", "Complete")
    assert (status["succeeded"], status["failed"]) == (2, 0)
    assert words not in status["message"]


async def test_a_job_that_runs_out_of_more_memory_has_failed(bed: ControllerBed) -> None:
    """It would get more and more, until no node has it."""
    bed.cluster.judge = hungry(2)

    bed.apply(bed.task("camp", [[0, 1]]))
    status = await bed.phase("camp", "Failed")

    (failure,) = status["failures"]
    assert failure["reason"] == "OutOfMemory"
    assert "its limit of 3Gi: raise spec.execution.resources.limits.memory" in failure["message"]
    assert len(bed.cluster.orders) == 3


async def test_a_second_try_is_one_for_the_next_operator_too(bed: ControllerBed) -> None:
    """Every restart would give more memory to what has no end."""
    bed.cluster.judge = hungry(1)
    bed.apply(bed.task("camp", [[0]]))
    await bed.until(lambda: limits(bed) == ["3Gi"], "the second try")

    await bed.restart()
    bed.cluster.go_on(videos("clip0", outcomes.oom()))
    await bed.phase("camp", "Failed")

    assert len(bed.cluster.orders) == 2


@pytest.mark.parametrize(
    ("settings", "execution"),
    [({"most_memory": "2Gi"}, {}), ({}, {"resources": {"limits": {"memory": "2Gi"}}})],
    ids=["installation", "task"],
)
async def test_nobody_gets_more_memory_than_was_said(
    bed: ControllerBed, settings: dict[str, str], execution: dict[str, object]
) -> None:
    """A limit that somebody set would be none."""
    await bed.restart(**settings)
    bed.cluster.judge = hungry(1)

    bed.apply(bed.task("camp", [[0, 1]], execution=execution))
    status = await bed.phase("camp", "Failed")

    assert (status["failed"], len(bed.cluster.orders)) == (1, 2)
    assert "limit of 2Gi" in status["failures"][0]["message"]


async def test_what_segments_took_is_set_aside_for_the_next(bed: ControllerBed) -> None:
    """Each node would hold fewer Jobs than it has room for."""
    bed.apply(bed.task("camp", [[0]]))
    await bed.phase("camp", "Complete")
    (made,) = (each for each in bed.cache.list("segments/") if each.name.endswith(".mp4"))
    (order,) = bed.cluster.orders
    profile, frames = order.variants[0].order.profile, 100
    pixels = profile.width * profile.height * frames
    noted = {"pixels": str(pixels), "frames": str(frames), "memory": str(256 << 20), "took": "500"}
    bed.cache.put_bytes(made.name, b"media", {**made.metadata, **noted}, replace=True)
    bed.cluster.judge = lambda _: outcomes.hang()

    bed.apply(bed.task("next", [[1]]))
    await bed.running("next", 1)

    (job,) = bed.cluster.jobs_of("next")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["requests"]["memory"] == "320Mi"
    assert container["resources"]["limits"]["memory"] == "2Gi"
    frames_to_make = sum(each.frames for each in bed.cluster.orders[-1].variants[0].order.segments)
    assert job["spec"]["activeDeadlineSeconds"] == ceil(3 * (5 * frames_to_make + VIDEO_S)) > 900
