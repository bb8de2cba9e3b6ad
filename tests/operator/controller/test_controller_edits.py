from __future__ import annotations

import asyncio

import pytest

from cliptask.errors import OutputError, SetupError, TransientError
from cliptask.orders import WorkOrder
from cliptask_operator.kubernetes.manifests import Manifest
from cliptask_operator.kubernetes.task_state import FINALIZER, LET_GO
from cluster import outcomes
from cluster.outcomes import Outcome
from support.controller_bed import NAMESPACE, OUTPUT, ControllerBed
from support.virtual_time import VirtualTimeLoop

TWO_BY_TWO = [[0, 1], [2, 3]]
"""Four variants of four segments, each of which two variants share."""


def blocks(bed: ControllerBed, clips: list[list[int]]) -> list[object]:
    """The part of a spec that names clips."""
    found: list[object] = bed.task("any", clips)["spec"]["videoBlocks"]
    return found


def fail_first_video(order: WorkOrder) -> Outcome | None:
    """The video of the clips 0 and 2 cannot be made."""
    return outcomes.fail(65) if any(each.name.startswith("clip0-clip2") for each in order.variants) else None


async def delete(bed: ControllerBed, name: str = "camp") -> None:
    """As of a task that has a finalizer, because it prunes."""
    await bed.controller.remove(bed.cluster.begin_deletion(NAMESPACE, name))
    bed.cluster.delete_task(NAMESPACE, name)


# Edits


async def test_an_edit_ends_only_the_jobs_that_nobody_wants(bed: ControllerBed) -> None:
    """An edit would begin the campaign anew, or let Jobs run for a clip that is gone."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.running("camp", 4)
    before = bed.active("camp")

    bed.edit("camp", videoBlocks=blocks(bed, [[0, 4], [2, 3]]))
    await bed.until(lambda: len(bed.active("camp") - before) == 1, "one Job more")

    assert len(bed.active("camp") & before) == 3
    assert len(bed.active("camp")) == 4
    bed.cluster.go_on()
    assert (await bed.phase("camp", "Complete"))["succeeded"] == 4


async def test_an_edit_of_a_complete_campaign_makes_only_what_is_new(bed: ControllerBed) -> None:
    """A clip more would cost the whole campaign again, and the speech."""
    bed.apply(bed.task("camp", TWO_BY_TWO, lines=1))
    await bed.phase("camp", "Complete")
    before = len(bed.cluster.orders)

    bed.edit("camp", videoBlocks=blocks(bed, [[0, 1, 4], [2, 3]]))
    status = await bed.phase("camp", "Complete")

    assert status["succeeded"] == status["variants"] == 6
    assert bed.steps()[before:] == ["segment", "variant", "variant"]
    assert set(bed.cluster.made.values()) == {1}
    assert bed.inputs.spoken == {"camp 0": 1}


async def test_an_edit_that_wants_less_makes_nothing(bed: ControllerBed) -> None:
    """Removing a clip would cost money."""
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.phase("camp", "Complete")
    before = len(bed.cluster.orders)

    bed.edit("camp", videoBlocks=blocks(bed, [[0], [2, 3]]))
    status = await bed.phase("camp", "Complete")

    assert (status["variants"], status["succeeded"]) == (2, 2)
    assert len(bed.cluster.orders) == before


async def test_an_edit_while_sources_are_fetched_is_what_is_made(bed: ControllerBed) -> None:
    """Jobs would be created for clips that nobody wants any more."""
    bed.inputs.opened.clear()
    bed.apply(bed.task("camp", [[0]]))
    await bed.phase("camp", "Fetching")

    bed.edit("camp", videoBlocks=blocks(bed, [[1]]))
    await bed.rest()
    bed.inputs.opened.set()
    await bed.phase("camp", "Complete")

    assert {name.split("-")[0] for name in bed.objects("camp")} == {"camp/clip1"}


async def test_of_many_edits_the_last_one_is_made(bed: ControllerBed) -> None:
    """Attempts at older edits would go on beside it."""
    bed.apply(bed.task("camp", [[0]]))
    for number in range(1, 6):
        bed.edit("camp", videoBlocks=blocks(bed, [[number]]))

    status = await bed.phase("camp", "Complete")
    await bed.rest()

    assert status["observedGeneration"] == 6
    assert {name.split("-")[0] for name in bed.objects("camp")} == {"camp/clip5"}


async def test_a_task_that_is_no_task_is_told_as_such(bed: ControllerBed) -> None:
    """What an older CRD let pass would stop the operator, or be waited for in vain."""
    bed.apply(bed.task("camp", [[0]], videoBlocks=[]))

    status = await bed.phase("camp", "Failed")

    assert bed.condition("camp", "Accepted")["reason"] == "InvalidTask"
    assert "spec.videoBlocks" in status["message"]
    assert bed.inputs.faults.calls["resolve"] == 0


async def test_an_edit_to_nonsense_and_back_costs_nothing(bed: ControllerBed) -> None:
    """A slip of the pen would end every Job of a campaign."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.running("camp", 4)
    before = bed.active("camp")

    bed.edit("camp", videoBlocks=[])
    await bed.phase("camp", "Failed")
    bed.edit("camp", videoBlocks=blocks(bed, TWO_BY_TWO))
    await bed.phase("camp", "Rendering")
    await bed.rest()

    assert bed.active("camp") == before
    bed.cluster.go_on()
    assert (await bed.phase("camp", "Complete"))["succeeded"] == 4


async def test_a_label_is_no_edit(bed: ControllerBed) -> None:
    """Whatever labels objects would have campaigns begun anew."""
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.phase("camp", "Complete")
    before = len(bed.cluster.statuses)
    task = bed.get("camp")

    bed.apply({**task, "metadata": {**task["metadata"], "labels": {"team": "spring"}}})
    await bed.rest()

    assert len(bed.cluster.statuses) == before


# Retries


async def test_a_retry_makes_only_what_failed(bed: ControllerBed) -> None:
    """A mended source would need a new campaign, or every video be paid for again."""
    bed.cluster.judge = fail_first_video
    bed.apply(bed.task("camp", TWO_BY_TWO))
    assert (await bed.phase("camp", "Failed"))["succeeded"] == 3
    before = len(bed.cluster.orders)

    bed.cluster.judge = lambda _: None
    bed.retry("camp")
    status = await bed.phase("camp", "Complete")

    assert (status["observedRetry"], status["succeeded"], status["failures"]) == ("1", 4, [])
    assert len(bed.cluster.orders) == before + 1


async def test_a_failed_job_of_an_earlier_attempt_makes_room(bed: ControllerBed) -> None:
    """Its name would be taken, and the retry fail with the old failure."""
    bed.cluster.judge = fail_first_video
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.phase("camp", "Failed")
    (failed,) = (
        job for job in bed.cluster.jobs_of("camp") if job["status"]["conditions"][0]["type"] == "Failed"
    )

    bed.cluster.judge = lambda _: None
    bed.retry("camp")
    await bed.phase("camp", "Complete")

    assert bed.cluster.deleted == [failed["metadata"]["name"]]
    attempts = {
        job["metadata"]["annotations"]["cliptask.dev/attempt"]
        for job in bed.cluster.jobs_of("camp")
        if job["metadata"]["name"] == failed["metadata"]["name"]
    }
    assert attempts == {"1/1"}


async def test_each_retry_tries_once(bed: ControllerBed) -> None:
    """A video that cannot be made would be tried for ever, or only by the first retry."""
    bed.cluster.judge = fail_first_video
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.phase("camp", "Failed")
    before = len(bed.cluster.orders)

    for number in range(1, 4):
        bed.retry("camp", str(number))
        await bed.phase("camp", "Failed")
        await bed.rest()

        assert len(bed.cluster.orders) == before + number


async def test_a_retry_of_a_complete_campaign_makes_nothing(bed: ControllerBed) -> None:
    """A person who is not sure would pay for everything again."""
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.phase("camp", "Complete")
    before = len(bed.cluster.orders)

    bed.retry("camp")
    await bed.phase("camp", "Complete")

    assert len(bed.cluster.orders) == before


async def test_a_retry_longer_than_the_status_can_hold_ends(bed: ControllerBed) -> None:
    """The status would never tell of this very retry, and the operator begin it for ever."""
    bed.apply(bed.task("camp", [[0]]))
    await bed.phase("camp", "Complete")

    bed.retry("camp", "x" * 300)
    await bed.until(lambda: bed.status("camp")["observedRetry"], "the retry is told")
    await bed.phase("camp", "Complete")
    before = len(bed.cluster.statuses)
    await bed.restart()
    await bed.rest()

    assert len(bed.cluster.statuses) == before


# Suspending


async def test_a_suspended_task_shows_its_plan_and_spends_nothing(bed: ControllerBed) -> None:
    """A person could not see what a campaign costs before it does."""
    bed.apply(bed.task("camp", TWO_BY_TWO, lines=2, execution={"suspend": True}))

    status = await bed.phase("camp", "Suspended")
    await bed.rest()

    assert (status["variants"], status["segments"], status["speechCharacters"]) == (4, 4, 12)
    assert "4 videos and 4 segments would be made, 12 characters" in status["message"]
    assert (bed.inputs.spoken, bed.cluster.orders) == ({}, [])


async def test_a_suspended_task_can_be_begun(bed: ControllerBed) -> None:
    """It would stay suspended, or be made without its speech."""
    bed.apply(bed.task("camp", TWO_BY_TWO, lines=2, execution={"suspend": True}))
    await bed.phase("camp", "Suspended")

    bed.edit("camp", execution={"suspend": False})
    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], status["speechCharactersPaid"]) == (4, 12)
    assert bed.inputs.spoken == {"camp 0": 1, "camp 1": 1}


async def test_suspending_ends_what_runs(bed: ControllerBed) -> None:
    """Jobs would go on and cost after somebody stopped the campaign."""
    bed.cluster.judge = lambda order: outcomes.hang() if order.variants else None
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.running("camp", 4)

    bed.edit("camp", execution={"suspend": True})
    status = await bed.phase("camp", "Suspended")
    await bed.running("camp", 0)

    assert (status["active"], status["segmentsReady"]) == (0, 4)
    assert [job["status"]["conditions"][0]["type"] for job in bed.cluster.jobs_of("camp")] == ["Complete"] * 4


async def test_a_campaign_goes_on_from_where_it_was_suspended(bed: ControllerBed) -> None:
    """Suspending would cost everything that was made."""
    bed.cluster.judge = lambda order: outcomes.hang() if order.variants else None
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.running("camp", 4)
    bed.edit("camp", execution={"suspend": True})
    await bed.phase("camp", "Suspended")

    bed.cluster.judge = lambda _: None
    bed.edit("camp", execution={"suspend": False})
    status = await bed.phase("camp", "Complete")

    assert status["succeeded"] == 4
    assert bed.steps().count("segment") == 4


async def test_a_job_that_appears_while_suspended_is_ended(bed: ControllerBed) -> None:
    """One whose creation was under way when the task was suspended would run on."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[0]]))
    await bed.running("camp", 1)
    (late,) = bed.cluster.jobs_of("camp")
    bed.edit("camp", execution={"suspend": True})
    await bed.running("camp", 0)
    await bed.phase("camp", "Suspended")

    await bed.cluster.create_job(late)

    await bed.running("camp", 0)


# Deletions


async def test_a_deleted_task_creates_no_more_jobs(bed: ControllerBed) -> None:
    """A campaign that nobody has any more would go on and cost."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.running("camp", 4)

    bed.cluster.delete_task(NAMESPACE, "camp")
    await bed.rest()

    assert bed.cluster.jobs_of("camp") == []
    assert len(bed.cluster.orders) == 4


async def test_a_task_deleted_while_sources_are_fetched_creates_no_job(bed: ControllerBed) -> None:
    """Its Jobs would be created once the last source is there, and belong to nobody."""
    bed.inputs.opened.clear()
    bed.apply(bed.task("camp", [[0]]))
    await bed.phase("camp", "Fetching")

    bed.cluster.delete_task(NAMESPACE, "camp")
    bed.inputs.opened.set()
    await bed.rest()

    assert bed.cluster.orders == []


async def test_a_task_of_the_same_name_is_another_one(bed: ControllerBed) -> None:
    """It would take the Jobs of the deleted one for its own, and wait for what never ends."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.running("camp", 4)
    before = bed.active("camp")

    bed.cluster.delete_task(NAMESPACE, "camp")
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.running("camp", 4)

    assert not bed.active("camp") & before
    bed.cluster.go_on()
    assert (await bed.phase("camp", "Complete"))["succeeded"] == 4


async def test_a_task_that_is_created_again_finds_what_was_made(bed: ControllerBed) -> None:
    """Whoever deletes and applies a task would pay for it twice."""
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.phase("camp", "Complete")
    before = len(bed.cluster.orders)

    bed.cluster.delete_task(NAMESPACE, "camp")
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.phase("camp", "Complete")

    assert len(bed.cluster.orders) == before


async def test_a_task_that_prunes_takes_its_videos_along(bed: ControllerBed) -> None:
    """What nobody wants would be paid for, or another task's videos go as well."""
    bed.apply(bed.task("camp", TWO_BY_TWO, output={"uri": OUTPUT, "prune": True}), bed.task("kept", [[0]]))
    await bed.phase("camp", "Complete")
    await bed.phase("kept", "Complete")

    await delete(bed)

    assert [each.name for each in bed.output.list("camp/")] == []
    assert len(bed.objects("kept")) == 1


async def test_a_task_that_prunes_and_runs_leaves_nothing(bed: ControllerBed) -> None:
    """What was under way when a task was deleted would lie in the bucket for ever."""
    bed.cluster.judge = lambda order: (
        outcomes.hang() if any(each.name.startswith("clip1") for each in order.variants) else None
    )
    bed.apply(bed.task("camp", TWO_BY_TWO, output={"uri": OUTPUT, "prune": True}))
    await bed.until(lambda: bed.status("camp").get("succeeded") == 2, "half of it")

    await bed.controller.remove(bed.cluster.begin_deletion(NAMESPACE, "camp"))
    bed.cluster.go_on()
    await bed.rest()

    assert bed.cluster.jobs_of("camp") == []
    assert [each.name for each in bed.output.list("camp/")] == []


async def test_a_task_that_prunes_while_it_is_published_leaves_nothing(bed: ControllerBed) -> None:
    """The index would be written once more, after everything has been removed."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    loop.takes_s["publish"] = 30  # as with many captions
    bed.apply(bed.task("camp", TWO_BY_TWO, output={"uri": OUTPUT, "prune": True}))
    await bed.until(lambda: len(bed.objects("camp")) == 4, "all videos")
    await bed.rest(10)

    await delete(bed)
    await bed.rest()

    assert [each.name for each in bed.output.list("camp/")] == []


async def test_a_task_that_is_being_deleted_is_worked_on_no_more(bed: ControllerBed) -> None:
    """Videos would be made while they are removed."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[0, 1]], output={"uri": OUTPUT, "prune": True}))
    await bed.running("camp", 2)

    bed.cluster.begin_deletion(NAMESPACE, "camp")
    await bed.rest(1)
    bed.cluster.go_on(lambda _: outcomes.fail(65))
    before = len(bed.cluster.statuses)
    await bed.rest()

    assert len(bed.cluster.statuses) == before
    assert len(bed.cluster.orders) == 2


async def test_a_task_that_was_refused_removes_nothing(bed: ControllerBed) -> None:
    """Whoever may create tasks could empty the folder of another."""
    bed.apply(bed.task("camp", [[0]]))
    await bed.phase("camp", "Complete")
    task = bed.task("camp", [[1]], output={"uri": OUTPUT, "prune": True})
    task["metadata"]["namespace"] = "film"
    bed.apply(task)
    await bed.rest()

    await bed.controller.remove(bed.cluster.begin_deletion("film", "camp"))

    assert len(bed.objects("camp")) == 1


async def test_a_task_removes_nothing_from_a_bucket_that_is_not_its_own(bed: ControllerBed) -> None:
    """Whoever may create tasks could empty any bucket that the operator reaches."""
    theirs = bed.store("gs://theirs/out")
    theirs.put_bytes("camp/theirs-abababab.mp4", b"media", {"key": "ab" * 32})
    theirs.put_bytes("camp/owner.json", b"{}", {"namespace": NAMESPACE, "name": "camp"})
    bed.apply(bed.task("camp", [[0]], output={"uri": theirs.uri, "prune": True}))
    await bed.phase("camp", "Failed")

    await delete(bed)

    assert theirs.stat("camp/theirs-abababab.mp4") is not None


@pytest.mark.parametrize("broken", ["store", "cluster"])
async def test_a_removal_that_fails_can_be_tried_again(bed: ControllerBed, broken: str) -> None:
    """A bucket or an API that is away for a second would keep the videos for ever."""
    bed.apply(bed.task("camp", [[0]], output={"uri": OUTPUT, "prune": True}))
    await bed.phase("camp", "Complete")
    faults, call = (bed.output.faults, "list") if broken == "store" else (bed.cluster.faults, "jobs")
    faults.fail(call, TransientError("away"))
    body = bed.cluster.begin_deletion(NAMESPACE, "camp")

    with pytest.raises(TransientError):
        await bed.controller.remove(body)
    assert len(bed.objects("camp")) == 1
    await bed.controller.remove(body)

    assert [each.name for each in bed.output.list("camp/")] == []


@pytest.mark.parametrize("error", [SetupError("the bucket is gone"), OutputError("refused")])
async def test_a_store_that_refuses_keeps_no_task_from_going(
    bed: ControllerBed, error: SetupError | OutputError
) -> None:
    """A task, and its namespace, could never be deleted once its bucket is gone."""
    bed.apply(bed.task("camp", [[0]], output={"uri": OUTPUT, "prune": True}))
    await bed.phase("camp", "Complete")
    bed.output.faults.keep_failing(error, "stat", "list")

    await delete(bed)

    assert bed.cluster.tasks() == []


# Pruning


def held(task: Manifest) -> Manifest:
    """The task as kopf leaves it, with another finalizer beside the operator's."""
    return {**task, "metadata": {**task["metadata"], "finalizers": ["theirs", FINALIZER]}}


@pytest.mark.parametrize("broken", [False, True], ids=["store", "no store"])
async def test_a_namespace_that_takes_the_operator_along_goes(bed: ControllerBed, *, broken: bool) -> None:
    """It would stay Terminating for ever: nobody is left to take the finalizers away."""
    bed.cluster.judge = lambda order: outcomes.hang() if order.task == "runs" else None
    prune = {"uri": OUTPUT, "prune": True}
    bed.apply(held(bed.task("made", [[0]], output=prune)), held(bed.task("runs", [[1]], output=prune)))
    await bed.phase("made", "Complete")
    await bed.running("runs", 1)
    bed.cluster.going = {NAMESPACE}
    if broken:
        bed.output.faults.keep_failing(TransientError("away"), "list")

    await bed.controller.let_go()
    await bed.controller.close()

    assert [bed.get(name)["metadata"]["finalizers"] for name in ("made", "runs")] == [["theirs"]] * 2
    bed.output.faults.recover()
    assert len(bed.objects("made")) == broken


async def test_a_task_that_was_let_go_is_held_by_the_next_operator_alone(bed: ControllerBed) -> None:
    """An uninstall would let tasks go, and the operator take them back in its last second."""
    task = held(bed.task("camp", [[0]], output={"uri": OUTPUT, "prune": True}))
    bed.apply(task)
    await bed.phase("camp", "Complete")
    metadata = {**task["metadata"], "finalizers": []}

    bed.apply(task | {"metadata": metadata})  # as `kubectl replace` does from a file
    await bed.rest(1)
    assert bed.controller.is_held(bed.get("camp"))
    bed.apply(task | {"metadata": metadata | {"annotations": {LET_GO: "today"}}})
    await bed.rest(1)
    assert not bed.controller.is_held(bed.get("camp"))

    await bed.restart()
    await bed.rest(1)
    assert bed.controller.is_held(bed.get("camp"))


async def test_an_operator_that_is_replaced_keeps_its_tasks(bed: ControllerBed) -> None:
    """Each upgrade would let tasks go whose videos are to be removed with them."""
    bed.apply(held(bed.task("camp", [[0]], output={"uri": OUTPUT, "prune": True})), bed.task("other", [[1]]))
    await bed.phase("camp", "Complete")

    await bed.controller.let_go()
    bed.cluster.faults.keep_failing(TransientError("away"), "is_going")
    await bed.controller.let_go()

    assert bed.get("camp")["metadata"]["finalizers"] == ["theirs", FINALIZER]
    assert bed.cluster.faults.calls["is_going"] == 2
    assert len(bed.objects("camp")) == 1


async def test_an_edit_prunes_what_the_task_wants_no_more(bed: ControllerBed) -> None:
    """The folder would grow with every edit."""
    bed.apply(bed.task("camp", TWO_BY_TWO, output={"uri": OUTPUT, "prune": True}))
    await bed.phase("camp", "Complete")

    bed.edit("camp", videoBlocks=blocks(bed, [[0], [2, 4]]))
    await bed.phase("camp", "Complete")

    assert (len(bed.objects("camp")), len(bed.objects("camp", ".jpg"))) == (2, 3)


async def test_an_edit_keeps_videos_where_the_task_does_not_prune(bed: ControllerBed) -> None:
    """Videos that an advertisement shows would vanish."""
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.phase("camp", "Complete")

    bed.edit("camp", videoBlocks=blocks(bed, [[0], [2]]))
    await bed.phase("camp", "Complete")

    assert len(bed.objects("camp")) == 4


async def test_nothing_is_pruned_while_a_video_is_missing(bed: ControllerBed) -> None:
    """The last good campaign would be gone before its successor is there."""
    bed.apply(bed.task("camp", [[0], [2]], output={"uri": OUTPUT, "prune": True}))
    await bed.phase("camp", "Complete")
    bed.cluster.judge = lambda _: outcomes.fail(65)

    bed.edit("camp", videoBlocks=blocks(bed, [[1], [2]]))
    await bed.phase("camp", "Failed")
    assert {name.split("-")[0] for name in bed.objects("camp")} == {"camp/clip0"}

    bed.cluster.judge = lambda _: None
    bed.retry("camp")
    await bed.phase("camp", "Complete")
    assert {name.split("-")[0] for name in bed.objects("camp")} == {"camp/clip1"}


async def test_an_edit_does_not_overtake_the_removal_before_it(bed: ControllerBed) -> None:
    """Videos that are wanted again would be found, told as complete, and removed a moment later."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    bed.apply(bed.task("camp", [[0], [2, 3]], output={"uri": OUTPUT, "prune": True}))
    await bed.phase("camp", "Complete")
    loop.takes_s["prune"] = 30  # as with many videos
    bed.edit("camp", videoBlocks=blocks(bed, [[0], [2]]))
    await bed.rest(10)

    bed.edit("camp", videoBlocks=blocks(bed, [[0], [2, 4]]))
    bed.edit("camp", videoBlocks=blocks(bed, [[0], [2, 3]]))
    await bed.phase("camp", "Complete")
    await bed.rest()

    assert len(bed.objects("camp")) == 2


# What was dealt


async def test_an_edit_keeps_what_was_dealt(bed: ControllerBed) -> None:
    """Ads that run would get another line each, and lose their history, for one line more or a clip put first."""
    bed.apply(bed.task("camp", [[0, 1, 2, 3], [4, 5, 6]], lines=2))
    await bed.phase("camp", "Complete")
    before = set(bed.objects("camp"))

    bed.edit("camp", speech=bed.task("camp", [[0]], lines=3)["spec"]["speech"])
    await bed.phase("camp", "Complete")
    line_more = set(bed.objects("camp"))
    bed.edit("camp", videoBlocks=blocks(bed, [[7, 0, 1, 2, 3], [4, 5, 6]]))
    await bed.phase("camp", "Complete")

    assert len(line_more - before) == 4
    assert len(set(bed.objects("camp")) - line_more) == 3


async def test_a_restart_deals_the_same(bed: ControllerBed) -> None:
    """An operator that is killed amid an edit would make other videos of it than the one before."""
    bed.apply(bed.task("camp", [[0, 1, 2, 3], [4, 5, 6]], lines=2))
    await bed.phase("camp", "Complete")
    before = set(bed.objects("camp"))
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.edit("camp", speech=bed.task("camp", [[0]], lines=3)["spec"]["speech"])
    await bed.until(lambda: bed.active("camp"), "a Job")
    begun = bed.active("camp")

    await bed.restart()
    await bed.rest()
    assert bed.active("camp") == begun
    bed.cluster.go_on()
    await bed.phase("camp", "Complete")

    assert len(set(bed.objects("camp")) - before) == 4
