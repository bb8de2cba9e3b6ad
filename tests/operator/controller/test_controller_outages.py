"""What the controller makes of an API, a store and watches that fail, and of its own end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from cliptask.errors import DiskFull, InvalidTask, OutputError, SetupError, TransientError
from cliptask_operator.controller.status_snapshot import StatusSnapshot
from cliptask_operator.kubernetes.cluster import AlreadyExists
from cluster import outcomes
from support.controller_bed import NAMESPACE, ControllerBed, clip
from support.fake_cluster import WatchEvent

TWO_BY_TWO = [[0, 1], [2, 3]]
"""Four variants of four segments, each of which two variants share."""
AWAY = TransientError("the Kubernetes API does not answer")


def only(kind: str, bed: ControllerBed) -> list[WatchEvent]:
    """Let events of the other kind through alone; returns where those of this kind wait."""
    late: list[WatchEvent] = []

    def deliver(event: WatchEvent) -> tuple[WatchEvent, ...]:
        if event.kind != kind:
            return (event,)
        late.append(event)
        return ()

    bed.cluster.delivery = deliver
    return late


# The API


@pytest.mark.parametrize("verb", ["create_job", "jobs"])
async def test_an_api_that_is_away_is_told_and_waited_for(bed: ControllerBed, verb: str) -> None:
    """An upgrade of the control plane would fail a campaign, or leave it where it was."""
    bed.cluster.faults.keep_failing(AWAY, verb)
    bed.apply(bed.task("camp", TWO_BY_TWO))
    status = await bed.reason("camp", "Unavailable")
    assert (status["phase"], status["message"]) == ("Rendering", str(AWAY))

    bed.cluster.faults.recover()
    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], set(bed.cluster.made.values())) == (4, {1})


async def test_failures_are_found_out_once_the_api_is_back(bed: ControllerBed) -> None:
    """A Job that failed while its pods could not be looked at would be taken for one that runs."""
    bed.cluster.judge = lambda _: outcomes.fail(65, "its third picture is torn")
    bed.cluster.faults.fail("failed_pods", AWAY, AWAY)

    bed.apply(bed.task("camp", [[0]]))
    status = await bed.phase("camp", "Failed")

    assert "its third picture is torn" in status["failures"][0]["message"]
    assert len(bed.cluster.orders) == 1


async def test_a_deletion_that_fails_is_tried_again(bed: ControllerBed) -> None:
    """A Job that nobody wants would run on and cost."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[0, 1]]))
    await bed.running("camp", 2)
    bed.cluster.faults.fail("delete_job", AWAY)

    bed.edit("camp", videoBlocks=bed.task("camp", [[0]])["spec"]["videoBlocks"])

    await bed.running("camp", 1)


async def test_one_job_that_cannot_be_created_keeps_no_other_from_it(bed: ControllerBed) -> None:
    """The second Job would wait for the first one's error to pass."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.cluster.faults.fail("create_job", AWAY)

    bed.apply(bed.task("camp", [[0, 1, 2]]))
    await bed.reason("camp", "Unavailable")
    assert len(bed.cluster.orders) == 2
    await bed.running("camp", 3)

    assert len(bed.cluster.orders) == 3


async def test_a_rule_that_forbids_jobs_is_told_and_ends_nothing(bed: ControllerBed) -> None:
    """Jobs that run would be deleted for those that may not, or nobody know what to ask for."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[0, 1, 2]], execution={"parallelism": 2}))
    await bed.running("camp", 2)
    before = bed.active("camp")
    bed.cluster.faults.keep_failing(SetupError("denied by a webhook: ask its owner"), "create_job")

    bed.edit("camp", execution={"parallelism": 3})
    status = await bed.reason("camp", "Misconfigured")

    assert "denied by a webhook" in status["message"]
    assert (bed.active("camp"), bed.cluster.deleted) == (before, [])
    bed.cluster.faults.recover()
    bed.cluster.go_on()
    assert (await bed.phase("camp", "Complete"))["succeeded"] == 3


async def test_a_creation_whose_answer_was_lost_is_no_second_job(bed: ControllerBed) -> None:
    """It was sent again and refused: the Job that there is would be taken for missing, and sent for ever."""
    bed.cluster.judge = lambda _: outcomes.hang()
    only("job", bed)
    bed.cluster.faults.fail_afterwards("create_job", AlreadyExists("sent twice"))
    bed.apply(bed.task("camp", [[0, 1]]))
    await bed.running("camp", 2)

    bed.cluster.delivery = lambda event: (event,)
    bed.cluster.queue(NAMESPACE, bed.cluster.jobs_of("camp")[1]["metadata"]["name"], suspended=True)
    await bed.rest(5)
    assert bed.cluster.faults.calls["create_job"] == 2
    bed.cluster.judge = lambda _: None
    bed.cluster.admit()
    bed.cluster.go_on()

    assert (await bed.phase("camp", "Complete"))["succeeded"] == 2


async def test_what_the_api_refuses_is_told_as_the_tasks_fault(bed: ControllerBed) -> None:
    """A Job that no cluster takes would be sent again for ever."""
    bed.cluster.faults.fail("create_job", InvalidTask("the Kubernetes API refuses it: correct the task"))

    bed.apply(bed.task("camp", [[0]]))
    status = await bed.phase("camp", "Failed")
    await bed.rest()

    assert "correct the task" in status["message"]
    assert bed.cluster.faults.calls["create_job"] == 1


async def test_an_exception_in_a_creation_is_told(bed: ControllerBed) -> None:
    """The loop of the task would be over, and nobody know why nothing goes on."""
    bed.cluster.faults.fail("create_job", RuntimeError("a bug in the client"))

    bed.apply(bed.task("camp", [[0]]))
    status = await bed.reason("camp", "Internal")

    assert "a bug in the client" in status["message"]
    assert (await bed.phase("camp", "Complete"))["succeeded"] == 1


# Watches


async def test_a_success_that_was_never_told_is_found(bed: ControllerBed) -> None:
    """A watch that falls silent would leave a campaign where it was, for ever."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[0]]))
    await bed.running("camp", 1)

    late = only("job", bed)
    bed.cluster.go_on()
    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], len(late), len(bed.cluster.orders)) == (1, 1, 1)


async def test_a_campaign_is_made_though_no_watch_tells_of_jobs(bed: ControllerBed) -> None:
    """Jobs would be created again, or waited for, until the watch is back."""
    only("job", bed)

    bed.apply(bed.task("camp", TWO_BY_TWO, lines=1))
    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], len(bed.cluster.orders), set(bed.cluster.made.values())) == (4, 8, {1})


async def test_a_job_whose_end_was_never_told_is_created_again(bed: ControllerBed) -> None:
    """One that somebody deleted while the watch was cut would hold its name for ever."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[0]]))
    await bed.running("camp", 1)
    (job,) = bed.cluster.jobs_of("camp")

    only("job", bed)
    bed.cluster.remove_job(NAMESPACE, job["metadata"]["name"])
    bed.cluster.judge = lambda _: None

    assert (await bed.phase("camp", "Complete"))["succeeded"] == 1


async def test_a_lost_event_is_made_up_for_though_others_keep_coming(bed: ControllerBed) -> None:
    """A busy campaign would never come to the quiet in which it lists its Jobs."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[0, 1]]))
    await bed.running("camp", 2)
    lost, other = (job["metadata"]["name"] for job in bed.cluster.jobs_of("camp"))
    bed.cluster.delivery = lambda event: () if event.body["metadata"]["name"] == lost else (event,)
    bed.cluster.remove_job(NAMESPACE, lost)

    for number in range(60):
        bed.cluster.queue(NAMESPACE, other, suspended=bool(number % 2))
        await bed.rest(5)

    assert len(bed.cluster.orders) == 3


async def test_a_task_whose_deletion_nobody_told_is_let_go(bed: ControllerBed) -> None:
    """Kubernetes removes Jobs without an owner: they would be created for ever, each of them in vain."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[0, 1]]))
    await bed.running("camp", 2)
    bed.cluster.delivery = lambda event: () if event.kind == "task" else (event,)

    bed.cluster.delete_task(NAMESPACE, "camp")
    await bed.rest(300)
    created = len(bed.cluster.orders)
    await bed.rest(300)

    assert len(bed.cluster.orders) == created
    assert bed.controller.count().phases == {}


async def test_events_that_come_twice_change_nothing(bed: ControllerBed) -> None:
    """Every restart of a watch repeats all of them."""
    bed.cluster.delivery = lambda event: (event, event)

    bed.apply(bed.task("camp", TWO_BY_TWO, lines=1))
    status = await bed.phase("camp", "Complete")
    await bed.rest()

    assert (status["succeeded"], len(bed.cluster.orders)) == (4, 8)
    assert bed.metric("jobs_succeeded_total", step="variant") == 4
    assert bed.metric("tasks_ended_total", phase="Complete") == 1


async def test_events_that_come_late_have_nothing_created_twice(bed: ControllerBed) -> None:
    """Until the watch tells of a Job it would be created at every look."""
    bed.cluster.judge = lambda _: outcomes.hang()
    late = only("job", bed)
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.running("camp", 4)
    bed.cluster.deliver(late[0])
    await bed.rest(5)
    assert bed.cluster.faults.calls["create_job"] == 4

    bed.cluster.go_on()
    for event in late:
        bed.cluster.deliver(event)
    bed.cluster.delivery = lambda event: (event,)

    assert (await bed.phase("camp", "Complete"))["succeeded"] == 4
    assert bed.cluster.faults.calls["create_job"] == 8


async def test_news_of_before_the_end_begin_nothing_anew(bed: ControllerBed) -> None:
    """A finished campaign would be gone through again for every event that was under way."""
    late = only("task", bed)
    task = bed.task("camp", [[0]])
    bed.apply(task)
    bed.cluster.deliver(late[0])
    await bed.phase("camp", "Complete")
    before = len(bed.cluster.statuses)

    for event in late:
        bed.cluster.deliver(event)
        await bed.rest(1)
    await bed.rest()

    assert bed.status("camp")["phase"] == "Complete"
    assert (len(bed.cluster.statuses), len(bed.cluster.orders)) == (before, 1)


async def test_a_status_that_somebody_removes_is_told_again(bed: ControllerBed) -> None:
    """A task restored from a backup would have no status until it is edited."""
    bed.apply(bed.task("camp", [[0]]))
    await bed.phase("camp", "Complete")
    await bed.rest(1)

    bed.cluster.write_status(NAMESPACE, "camp", {})
    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], len(bed.cluster.orders)) == (1, 1)


async def test_a_job_of_nobodys_is_left_alone(bed: ControllerBed) -> None:
    """Whoever uses the label on Jobs of their own would lose them."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[0]]))
    await bed.running("camp", 1)
    (job,) = bed.cluster.jobs_of("camp")
    theirs = {**job["metadata"], "name": "theirs", "ownerReferences": [{"kind": "CronJob", "uid": "x"}]}

    await bed.cluster.create_job({**job, "metadata": theirs})
    await bed.rest()

    assert (bed.cluster.deleted, bed.status("camp")["active"]) == ([], 1)


# The store

MOMENTS = ["start", "amid", "publishing"]
ERRORS = {
    "Unavailable": TransientError("the bucket does not answer"),
    "Misconfigured": SetupError("grant the role"),
    "StoreUnwritable": OutputError("the bucket refuses"),
    "DiskFull": DiskFull("/work is full", 0, "free some space"),
}


@pytest.mark.parametrize("reason", ERRORS)
@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_store_that_fails_is_told_until_it_does_not(
    bed: ControllerBed, moment: str, reason: str
) -> None:
    """A bucket that is away, or a role that is missing, would fail a campaign, or stop it for ever."""
    error = ERRORS[reason]
    bed.cluster.judge = lambda _: outcomes.hang()
    if moment == "start":
        bed.output.faults.keep_failing(error, "put_bytes")
    bed.apply(bed.task("camp", [[0, 1]]))
    if moment != "start":
        await bed.running("camp", 2)
        bed.output.faults.keep_failing(error, "list") if moment == "amid" else None
        bed.cluster.make(bed.cluster.orders[0])
        bed.cluster.make(bed.cluster.orders[1])
        bed.output.faults.keep_failing(error, "put_bytes") if moment == "publishing" else None
        bed.cluster.go_on(lambda _: outcomes.succeed())
    status = await bed.reason("camp", reason)
    await bed.rest()
    assert status["message"] == str(error)
    assert status["phase"] == ("Pending" if moment == "start" else "Rendering")

    bed.output.faults.recover()
    bed.cluster.go_on()
    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], str(error) in str(status), len(bed.cluster.orders)) == (2, False, 2)


async def test_a_cache_that_cannot_be_listed_has_nothing_created(bed: ControllerBed) -> None:
    """Everything would be taken for missing, and made again."""
    bed.cache.faults.keep_failing(ERRORS["Unavailable"], "list")

    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.reason("camp", "Unavailable")
    await bed.rest()

    assert bed.cluster.orders == []


# Statuses that cannot be written


async def test_the_end_is_told_though_the_api_was_away_then(bed: ControllerBed) -> None:
    """A campaign would be complete, and nobody told, until the operator is restarted."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[0]]))
    await bed.running("camp", 1)
    await bed.rest(5)
    bed.cluster.faults.fail("patch_status", AWAY, SetupError("forbidden"), AWAY)

    bed.cluster.go_on()
    status = await bed.phase("camp", "Complete")

    assert status["succeeded"] == 1
    assert bed.metric("tasks_ended_total", phase="Complete") == 1


async def test_a_campaign_goes_on_though_its_status_cannot_be_written(bed: ControllerBed) -> None:
    """A right that is missing would cost the campaign."""
    bed.cluster.faults.keep_failing(SetupError("forbidden"), "patch_status")
    bed.apply(bed.task("camp", TWO_BY_TWO))

    await bed.until(lambda: len(bed.objects("camp")) == 4, "all videos")
    assert bed.status("camp") == {}
    bed.cluster.faults.recover()

    assert (await bed.phase("camp", "Complete"))["succeeded"] == 4


async def test_an_edit_is_not_held_up_by_a_status_that_cannot_be_written(bed: ControllerBed) -> None:
    """The attempt that waits to tell its end would keep the next one from its beginning."""
    bed.apply(bed.task("camp", [[0]]))
    await bed.phase("camp", "Complete")
    bed.cluster.faults.keep_failing(AWAY, "patch_status")
    bed.retry("camp")
    await bed.rest()

    bed.edit("camp", videoBlocks=bed.task("camp", [[1]])["spec"]["videoBlocks"])

    await bed.until(lambda: len(bed.objects("camp")) == 2, "the video of the edit")
    bed.cluster.faults.recover()
    assert (await bed.phase("camp", "Complete"))["observedGeneration"] == 2


# The operator's own end


@pytest.mark.parametrize("step", ["segment", "variant"])
async def test_an_operator_that_begins_amid_a_campaign_does_nothing_twice(
    bed: ControllerBed, step: str
) -> None:
    """An operator that remembers, rather than looks, would make things twice or never."""
    bed.cluster.judge = lambda order: outcomes.hang() if order.step == step else None
    bed.apply(bed.task("camp", TWO_BY_TWO, lines=1))
    await bed.until(lambda: bed.active("camp"), "it works")
    before = bed.active("camp")

    await bed.restart()
    await bed.rest()
    assert bed.active("camp") == before
    bed.cluster.go_on()
    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], len(bed.cluster.orders), bed.cluster.deleted) == (4, 8, [])
    assert set(bed.cluster.made.values()) == {1}
    assert bed.inputs.spoken == {"camp 0": 1}


async def test_an_operator_asks_which_jobs_there_are(bed: ControllerBed) -> None:
    """Until its watch has told of all of them, each would be sent again and refused."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.running("camp", 4)

    only("job", bed)
    await bed.restart()
    await bed.rest()

    assert bed.cluster.faults.calls["create_job"] == 4


async def test_what_ends_while_no_operator_runs_is_found(bed: ControllerBed) -> None:
    """It would wait for events that nobody heard."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.running("camp", 4)

    await bed.controller.close()
    bed.cluster.go_on()
    await bed.rest(1)
    bed.start()
    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], len(bed.cluster.orders)) == (4, 8)


async def test_a_failure_is_not_tried_again_by_the_next_operator(bed: ControllerBed) -> None:
    """Every restart would pay again for what cannot be made."""
    bed.cluster.judge = lambda order: (
        outcomes.oom() if order.variants[0].name.startswith("clip0") else outcomes.hang()
    )
    bed.apply(bed.task("camp", [[0, 1]]))
    await bed.until(lambda: bed.status("camp").get("failed") == 1, "one failed")

    await bed.restart()
    await bed.rest()

    assert (len(bed.cluster.orders), bed.status("camp")["failed"]) == (3, 1)  # once more with more memory


async def test_a_finished_campaign_is_none_of_the_next_operators_work(bed: ControllerBed) -> None:
    """Every restart would go through all campaigns that there ever were."""
    bed.apply(bed.task("camp", [[0]]))
    await bed.phase("camp", "Complete")
    before = len(bed.cluster.statuses)

    await bed.restart()
    await bed.rest()

    assert (len(bed.cluster.statuses), bed.inputs.faults.calls["resolve"]) == (before, 1)


async def test_a_suspended_task_stays_so_under_the_next_operator(bed: ControllerBed) -> None:
    """A restart would begin what somebody stopped, or speak its lines."""
    bed.apply(bed.task("camp", TWO_BY_TWO, lines=1, execution={"suspend": True}))
    await bed.phase("camp", "Suspended")

    await bed.restart()
    await bed.rest()

    assert (bed.status("camp")["phase"], bed.cluster.orders, bed.inputs.spoken) == ("Suspended", [], {})


@pytest.mark.parametrize("moment", ["fetching", "rendering", "refused", "blocked", "suspended", "waiting"])
async def test_an_operator_that_ends_leaves_nothing_running(bed: ControllerBed, moment: str) -> None:
    """It would not end, or work on while the next one begins."""
    bed.cluster.judge = lambda _: outcomes.hang()
    spec: dict[str, Any] = {}
    if moment == "fetching":
        bed.inputs.opened.clear()
    elif moment == "refused":
        spec = {"output": {"uri": "gs://elsewhere/out"}}
    elif moment == "blocked":
        bed.inputs.errors = {clip(0): AWAY}
    elif moment == "suspended":
        spec = {"execution": {"suspend": True}}
    elif moment == "waiting":  # to tell its end
        bed.cluster.faults.keep_failing(AWAY, "patch_status")
        bed.cluster.judge = lambda _: None
    bed.apply(bed.task("camp", [[0]], **spec))
    await bed.rest()

    await bed.controller.close()

    assert asyncio.all_tasks() == {asyncio.current_task()}


# Bugs


async def test_a_bug_is_told_and_tried_again(bed: ControllerBed) -> None:
    """A campaign would look as if it went on, and stand still until the operator is restarted."""
    bed.inputs.faults.fail("resolve", ZeroDivisionError("division by zero"))
    bed.apply(bed.task("camp", [[0]]))

    status = await bed.reason("camp", "Internal")
    assert "ZeroDivisionError: division by zero: this is a bug" in status["message"]

    assert (await bed.phase("camp", "Complete"))["succeeded"] == 1


async def test_a_bug_in_telling_costs_no_campaign(bed: ControllerBed) -> None:
    """The loop of the task would be over, and nobody begin it again."""
    left = iter([None])

    def announce(body: Mapping[str, Any], now: StatusSnapshot, before: StatusSnapshot | None) -> None:
        if next(left, now) is None:
            raise ZeroDivisionError
        bed.announce(body, now, before)

    bed.controller.announce = announce
    bed.apply(bed.task("camp", [[0]]))

    assert (await bed.phase("camp", "Complete"))["succeeded"] == 1
