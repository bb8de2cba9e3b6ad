"""What people and programs are told, when, and how often."""

from __future__ import annotations

from itertools import pairwise

from cliptask.orders import WorkOrder
from cluster import outcomes
from cluster.outcomes import Outcome
from support.controller_bed import NAMESPACE, ControllerBed

TWO_BY_TWO = [[0, 1], [2, 3]]
"""Four variants of four segments, each of which two variants share."""
LONG_AGO = "2020-01-01T00:00:00Z"


def torn(order: WorkOrder) -> Outcome | None:
    """Every video of the first clip fails."""
    return outcomes.fail(65) if any(each.name.startswith("clip0") for each in order.variants) else None


async def end_one_by_one(bed: ControllerBed, clips: int, every_s: float) -> None:
    """A campaign of as many videos, of which one is made at a time."""
    left: list[WorkOrder] = []

    def judge(order: WorkOrder) -> Outcome:
        left.append(order)
        return outcomes.hang()

    bed.cluster.judge = judge
    bed.apply(bed.task("camp", [[*range(clips)]]))
    await bed.running("camp", clips)
    for order in [*left]:
        bed.cluster.go_on(lambda each, order=order: None if each == order else outcomes.hang())  # type: ignore[misc]
        await bed.rest(every_s)


async def test_the_phases_are_told_in_their_order(bed: ControllerBed) -> None:
    """A person would not see how far a campaign is."""
    bed.inputs.opened.clear()
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.phase("camp", "Fetching")
    bed.inputs.opened.set()
    await bed.phase("camp", "Rendering")
    bed.cluster.go_on()
    await bed.phase("camp", "Complete")

    phases = [each.status["phase"] for each in bed.cluster.statuses]
    assert phases == sorted(phases, key=["Fetching", "Rendering", "Complete"].index)
    assert set(phases) == {"Fetching", "Rendering", "Complete"}


async def test_each_condition_says_what_is_so(bed: ControllerBed) -> None:
    """A script that waits for a condition would wait for ever, or not at all."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[0]]))
    await bed.phase("camp", "Rendering")

    def said() -> dict[str, str]:
        return {each["type"]: each["status"] for each in bed.status("camp")["conditions"]}

    assert said() == {"Accepted": "True", "SourcesReady": "True", "Complete": "False", "Failed": "False"}
    bed.cluster.go_on()
    await bed.phase("camp", "Complete")
    assert said() == {"Accepted": "True", "SourcesReady": "True", "Complete": "True", "Failed": "False"}


SMALL = {"width": 324, "height": 576}
"""A story that TikTok would refuse for its size."""


async def test_what_targets_would_refuse_is_told_before_anything_is_made(bed: ControllerBed) -> None:
    """Whoever applies it in a pull request would learn it from the platform, once all is rendered."""
    bed.cluster.judge = lambda _: outcomes.hang()
    title = {"text": "Sale", "place": {"x": "50%", "y": "95%"}}
    bed.apply(
        bed.task("camp", TWO_BY_TWO, targets=["tiktok"], picture=SMALL, overlays=[title]),
        bed.task("plain", [[4]]),
    )
    await bed.until(
        lambda: bed.condition("camp", "TargetsMet").get("status") == "False", "the targets are told"
    )

    said = bed.condition("camp", "TargetsMet")
    assert (said["status"], said["reason"]) == ("False", "VideosRefused")
    assert "tiktok would refuse 4 of 4 videos (clip0-" in said["message"]
    assert "and 1 more): is 324x576; it takes 540x960 or more" in said["message"]
    assert 'spec.overlays[0].place ("Sale"): leaves the safe zone' in said["message"]
    assert bed.objects("camp") == set()
    await bed.phase("plain", "Rendering")
    assert bed.condition("plain", "TargetsMet") == {}


async def test_a_condition_of_targets_follows_an_edit_and_the_true_sizes(bed: ControllerBed) -> None:
    """It would speak of what was, or go on to guess at what can be weighed."""
    large = {"width": 1080, "height": 1920}
    bed.apply(bed.task("camp", [[0], [1]], targets=["metaReels"], picture=large))
    await bed.phase("camp", "Complete")
    met = bed.condition("camp", "TargetsMet")
    bed.edit("camp", targets=["metaReels", "linkedin"])
    await bed.until(
        lambda: bed.condition("camp", "TargetsMet").get("status") == "False", "the videos are weighed"
    )
    said = [
        each["status"]
        for status in bed.cluster.statuses
        for each in status.status["conditions"]
        if each["type"] == "TargetsMet"
    ]
    refused = bed.condition("camp", "TargetsMet")
    bed.edit("camp", targets=[])
    await bed.until(lambda: not bed.condition("camp", "TargetsMet"), "there are no targets")

    assert [one for one, other in zip(said, [*said[1:], ""], strict=True) if one != other] == [
        "Unknown", "True", "Unknown", "False",
    ]  # fmt: skip
    assert (met["status"], met["reason"]) == ("True", "Suitable")
    assert met["message"] == "every video suits its targets: metaReels"
    # Those of a fake cluster have a few bytes.
    assert "linkedin refuses 1 of 1 video " in refused["message"]
    assert "it takes 75 kB to 500 MB" in refused["message"]


async def test_a_condition_keeps_its_time_while_it_stays(bed: ControllerBed) -> None:
    """Nobody could tell since when a campaign is complete."""
    bed.apply(bed.task("camp", [[0]]))
    status = await bed.phase("camp", "Complete")
    old = [{**each, "lastTransitionTime": LONG_AGO} for each in status["conditions"]]
    bed.cluster.write_status(NAMESPACE, "camp", {**status, "conditions": old})
    await bed.rest(1)
    bed.cluster.judge = lambda _: outcomes.fail(65)

    bed.edit("camp", videoBlocks=bed.task("camp", [[1]])["spec"]["videoBlocks"])
    await bed.phase("camp", "Failed")

    kept = {
        kind: bed.condition("camp", kind)["lastTransitionTime"] == LONG_AGO for kind in ("Accepted", "Failed")
    }
    assert kept == {"Accepted": True, "Failed": False}


async def test_an_attempt_keeps_the_time_of_its_beginning(bed: ControllerBed) -> None:
    """Every restart of the operator would make a campaign look younger, an edit the next one older."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[0]]))
    await bed.running("camp", 1)
    await bed.rest(5)
    bed.cluster.write_status(NAMESPACE, "camp", {**bed.status("camp"), "startTime": LONG_AGO})

    await bed.restart()
    await bed.rest(5)
    bed.cluster.go_on()
    status = await bed.phase("camp", "Complete")
    assert (status["startTime"], status["completionTime"] > LONG_AGO) == (LONG_AGO, True)

    bed.retry("camp")
    await bed.until(lambda: bed.status("camp")["observedRetry"], "the retry is told")
    assert bed.status("camp")["startTime"] > LONG_AGO


async def test_progress_is_told_once_a_second_at_most(bed: ControllerBed) -> None:
    """A campaign of ten thousand videos would write its status as often."""
    await end_one_by_one(bed, 30, every_s=0.2)
    await bed.phase("camp", "Complete")

    times = [each.at_s for each in bed.cluster.statuses if each.status["phase"] != "Complete"]
    assert min(later - sooner for sooner, later in pairwise(times)) >= 0.999
    assert len(times) > 5


async def test_many_tasks_tell_of_their_progress_less_often(bed: ControllerBed) -> None:
    """A thousand campaigns would have the API server write nothing but statuses."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(*(bed.task(f"camp{number}", [[number]]) for number in range(100)))
    await bed.rest(30)
    before = len(bed.cluster.statuses)

    for _ in range(20):
        for job in bed.cluster.all_jobs():
            suspended = not job["spec"]["suspend"]
            bed.cluster.queue(NAMESPACE, job["metadata"]["name"], suspended=suspended)
        await bed.rest(1.03)

    assert len(bed.cluster.statuses) - before <= 100 * 6


async def test_an_end_is_told_at_once(bed: ControllerBed) -> None:
    """With a thousand campaigns, each would be told as complete a minute late."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(*(bed.task(f"camp{number}", [[number]]) for number in range(100)))
    await bed.rest(30)
    (job,) = (each["metadata"]["name"] for each in bed.cluster.jobs_of("camp7"))
    bed.cluster.queue(NAMESPACE, job, suspended=True)
    await bed.until(lambda: "queue" in bed.status("camp7")["message"], "progress is told")
    ended_at_s = bed.now_s()

    bed.cluster.queue(NAMESPACE, job, suspended=False)
    bed.cluster.go_on(lambda order: None if order.task == "camp7" else outcomes.hang())
    await bed.phase("camp7", "Complete")

    (written,) = (each for each in bed.cluster.statuses if each.status["phase"] == "Complete")
    assert written.at_s - ended_at_s < 2


async def test_what_has_not_changed_is_not_written(bed: ControllerBed) -> None:
    """A campaign that waits for a node would write the same status all night."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.running("camp", 4)
    await bed.rest(10)
    before = len(bed.cluster.statuses)

    await bed.rest(600)

    assert len(bed.cluster.statuses) == before


async def test_the_status_holds_the_first_failures_and_the_index_all(bed: ControllerBed) -> None:
    """A large campaign's status would be more than the API takes, or a failure be told nowhere."""
    bed.cluster.judge = lambda _: outcomes.fail(65)

    bed.apply(bed.task("camp", [[*range(25)]]))
    status = await bed.phase("camp", "Failed")

    assert (status["failed"], len(status["failures"])) == (25, 20)
    assert bed.output.read("camp/index.json").decode().count('"reason"') == 25


async def test_how_far_a_campaign_is_is_counted(bed: ControllerBed) -> None:
    """A person would see nothing move until the last video."""
    bed.cluster.judge = lambda order: outcomes.hang() if order.variants else None
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.running("camp", 4)
    await bed.until(lambda: bed.status("camp").get("segmentsReady") == 4, "the segments are told")
    status = bed.status("camp")
    assert (status["segments"], status["active"], status["succeeded"]) == (4, 4, 0)

    bed.cluster.go_on()
    status = await bed.phase("camp", "Complete")

    assert (status["active"], status["succeeded"], status["bytes"]) == (0, 4, 4 * len(b"media"))


# Events


async def test_a_new_phase_is_one_event(bed: ControllerBed) -> None:
    """``kubectl describe`` would show nothing, or a large campaign flood the cluster with Events."""
    await end_one_by_one(bed, 10, every_s=2)
    await bed.phase("camp", "Complete")

    told = [(event.type, event.reason) for _, event in bed.events]
    assert told == [("Normal", "Fetching"), ("Normal", "Rendering"), ("Normal", "Complete")]


async def test_each_failure_is_one_event_and_few_are_told(bed: ControllerBed) -> None:
    """The same failure would be posted with every report, or ten thousand of them at once."""
    bed.cluster.judge = torn
    bed.apply(bed.task("camp", [[0], [*range(1, 11)]]))
    await bed.phase("camp", "Failed")
    await bed.rest()

    failures = [event.message for _, event in bed.events if event.message.startswith("clip0-")]
    assert len(failures) == len(set(failures)) == 5
    assert {event.type for _, event in bed.events if event.message in failures} == {"Warning"}


async def test_what_holds_up_a_task_is_an_event(bed: ControllerBed) -> None:
    """``kubectl describe`` would not show what to mend."""
    bed.apply(bed.task("camp", [[0]], output={"uri": "gs://elsewhere/out"}))

    await bed.phase("camp", "Failed")

    (event,) = (event for _, event in bed.events)
    assert (event.type, event.reason) == ("Warning", "BucketNotAllowed")


# Metrics


async def test_what_jobs_come_to_is_counted(bed: ControllerBed) -> None:
    """An alert on failing Jobs would never fire, or always."""
    bed.cluster.judge = torn

    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.phase("camp", "Failed")

    assert bed.metric("jobs_created_total", step="segment") == 4
    assert bed.metric("jobs_created_total", step="variant") == 4
    assert bed.metric("jobs_succeeded_total", step="variant") == 2
    assert bed.metric("jobs_failed_total", reason="RendererFailed") == 2
    assert bed.metric("videos_made_total") == 2


async def test_each_attempt_that_ends_is_counted(bed: ControllerBed) -> None:
    """An alert on failing campaigns would not see that a retry failed, too."""
    bed.cluster.judge = torn
    bed.apply(bed.task("camp", [[0]]))
    await bed.phase("camp", "Failed")
    bed.retry("camp")
    await bed.phase("camp", "Failed")
    bed.cluster.judge = lambda _: None
    bed.retry("camp", "2")
    await bed.phase("camp", "Complete")

    assert bed.metric("tasks_ended_total", phase="Failed") == 2
    assert bed.metric("tasks_ended_total", phase="Complete") == 1


async def test_what_is_there_now_is_counted(bed: ControllerBed) -> None:
    """Nobody would see on a dashboard that an operator stands still."""
    bed.cluster.judge = lambda order: outcomes.hang() if order.task == "runs" else None
    bed.apply(bed.task("done", [[0]]), bed.task("runs", [[1, 2, 3]]))
    bed.apply(bed.task("refused", [[0]], output={"uri": "gs://elsewhere/out"}))
    await bed.phase("done", "Complete")
    await bed.rest(5)

    assert bed.metric("tasks", phase="Complete") == 1
    assert bed.metric("tasks", phase="Rendering") == 1
    assert bed.metric("tasks", phase="Failed") == 1
    assert bed.metric("videos_pending") == 3
    assert bed.metric("jobs_active") == 3


async def test_a_deleted_task_is_counted_no_more(bed: ControllerBed) -> None:
    """A dashboard would show campaigns that nobody has, and Jobs that do not run."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[0]]))
    await bed.running("camp", 1)
    await bed.rest(5)

    bed.cluster.delete_task(NAMESPACE, "camp")
    await bed.rest(5)

    assert (bed.metric("tasks", phase="Rendering"), bed.metric("jobs_active")) == (0, 0)
