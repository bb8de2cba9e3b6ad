"""What the controller makes of a cluster's own rules: quotas, and whatever keeps Jobs from starting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from cliptask.errors import SetupError
from cliptask_operator.kubernetes.manifests import CONTAINER, Manifest
from cluster import outcomes
from support.controller_bed import ControllerBed
from support.fake_cluster import TIMED_OUT, CannotStart

FIVE = [[0, 1, 2, 3, 4]]
"""Five variants that share nothing."""


def waiting(reason: str, message: str = "") -> CannotStart:
    """A pod whose container waits."""
    state = {"waiting": {"reason": reason, "message": message}}
    return CannotStart({"containerStatuses": [{"name": CONTAINER, "state": state}]})


NO_IMAGE = waiting("ErrImagePull", 'rpc error: code = NotFound desc = failed to pull and unpack image "renderer:test": not found.')  # fmt: skip
NO_NODE = CannotStart(
    {
        "conditions": [
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": "0/3 nodes are available: 3 Insufficient cpu.",
            }
        ]
    }
)
NO_SECRET = CannotStart(
    {"containerStatuses": [{"name": CONTAINER, "state": {"waiting": {"reason": "ContainerCreating"}}}]},
    "FailedMount",
    'MountVolume.SetUp failed for volume "credentials" : secret "gcs" not found',
)
NO_KEY = CannotStart(
    NO_SECRET.status,
    "FailedMount",
    'MountVolume.SetUp failed for volume "signer" : references non-existent secret key: tls.key',
)
TOO_LARGE = CannotStart(
    None,
    "FailedCreate",
    'Error creating: pods "camp-0-x7" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
)
NOT_RESTRICTED = CannotStart(
    None,
    "FailedCreate",
    'Error creating: pods "camp-0-x7" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
)
NO_ROOM = CannotStart(
    None,
    "FailedCreate",
    'Error creating: pods "camp-0-x7" is forbidden: exceeded quota: small, requested: limits.cpu=2,pods=1, '
    "used: limits.cpu=6,pods=3, limited: limits.cpu=6,pods=50",
)
HURDLES = {
    "ImageUnavailable": (
        NO_IMAGE,
        'the image renderer:test cannot be pulled (failed to pull and unpack image "renderer:test": not found): correct renderer.image',
    ),
    "Unschedulable": (
        NO_NODE,
        "no node has room (0/3 nodes are available: 3 Insufficient cpu): ask for less",
    ),
    "SecretMissing": (NO_SECRET, "there is no Secret gcs in the namespace: create it"),
    "SecretMissing of a key": (
        NO_KEY,
        "the Secret of spec.disclosure.credentials has no key tls.key: add it, and they go on",
    ),
    "PodRefused": (TOO_LARGE, "(maximum cpu usage per Container is 1, but limit is 2): ask for less"),
    "CannotStart": (
        waiting("CreateContainerError", "no such runtime"),
        "CreateContainerError: no such runtime",
    ),
}


def told(bed: ControllerBed, reason: str) -> int:
    """How many Events gave this reason."""
    return sum(event.reason == reason for _, event in bed.events)


def pods_beyond(most: int) -> Callable[[Manifest], CannotStart | None]:
    """A quota of CPUs that has room for so many pods: who runs, goes on."""
    running: set[str] = set()

    def hurdle(job: Manifest) -> CannotStart | None:
        name = job["metadata"]["name"]
        if len(running) < most:
            running.add(name)
        return None if name in running else NO_ROOM

    return hurdle


# What cannot start


@pytest.mark.parametrize("reason", HURDLES)
async def test_what_cannot_start_says_why_within_twenty_seconds(bed: ControllerBed, reason: str) -> None:
    """A campaign would show "0 of 2 videos" until its deadline, and nobody know what to mend."""
    hurdle, words = HURDLES[reason]
    reason = reason.split(maxsplit=1)[0]
    bed.cluster.hurdle = lambda _: hurdle
    began = bed.now_s()

    bed.apply(bed.task("camp", [[0, 1]]))
    status = await bed.reason("camp", reason)
    assert bed.now_s() - began < 20
    await bed.rest()

    assert f"; 2 Jobs have not started: {words}" in status["message"].replace(
        " the namespace refuses their pods ", " "
    )
    assert (status["phase"], status["failed"], bed.status("camp")["message"]) == (
        "Rendering",
        0,
        status["message"],
    )
    assert told(bed, reason) == 1
    assert bed.metric("tasks_blocked", reason=reason) == 1


async def test_a_namespace_that_wants_more_security_is_named(bed: ControllerBed) -> None:
    """The name of a pod that never was would be all that a person reads, another one each time."""
    bed.cluster.hurdle = lambda _: NOT_RESTRICTED

    bed.apply(bed.task("camp", [[0]]))
    status = await bed.reason("camp", "PodRefused")

    assert (
        '1 Job has not started: the namespace refuses their pods (violates PodSecurity "restricted:latest"'
        in status["message"]
    )
    assert "camp-0-x7" not in status["message"]


async def test_what_starts_in_time_is_never_asked_about(bed: ControllerBed) -> None:
    """Every Job would cost requests that tell nothing."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", FIVE))
    await bed.running("camp", 5)
    await bed.rest(60)

    calls = bed.cluster.faults.calls
    assert (calls["pending_pods"], calls["warnings"], bed.condition("camp", "Complete")["reason"]) == (
        0,
        0,
        "Rendering",
    )


async def test_asking_costs_little_however_many_wait(bed: ControllerBed) -> None:
    """Thousands of Jobs in a full cluster would have the API asked thousands of times."""
    bed.cluster.hurdle = lambda _: NO_NODE
    bed.apply(bed.task("camp", [[*range(40)]]))
    await bed.reason("camp", "Unschedulable")

    before = bed.cluster.faults.calls.copy()
    await bed.rest(80)
    asked = bed.cluster.faults.calls - before

    assert (asked["pending_pods"], asked["warnings"], asked["create_job"]) == (10, 0, 0)


async def test_jobs_that_wait_while_others_run_hold_up_nothing(bed: ControllerBed) -> None:
    """A full cluster is every day's: nobody needs to be woken for it."""
    bed.cluster.judge = lambda _: outcomes.hang()
    names: list[str] = []

    def one_runs(job: Manifest) -> CannotStart | None:
        names.append(job["metadata"]["name"])
        return NO_NODE if job["metadata"]["name"] != names[0] else None

    bed.cluster.hurdle = one_runs
    bed.apply(bed.task("camp", FIVE))
    await bed.until(lambda: "no node has room" in bed.status("camp").get("message", ""), "it is told")

    assert "4 Jobs have not started: no node has room" in bed.status("camp")["message"]
    assert bed.condition("camp", "Complete")["reason"] == "Rendering"
    assert told(bed, "Unschedulable") == 0


async def test_the_complaint_ends_with_its_cause(bed: ControllerBed) -> None:
    """An alert would stay for a node that came long ago."""
    bed.cluster.judge, bed.cluster.hurdle = lambda _: outcomes.hang(), lambda _: NO_NODE
    bed.apply(bed.task("camp", [[0, 1]]))
    await bed.reason("camp", "Unschedulable")

    bed.cluster.hurdle = lambda _: None
    bed.cluster.go_on(lambda _: outcomes.hang())
    status = await bed.reason("camp", "Rendering")

    assert "not started" not in status["message"]
    assert len(bed.cluster.orders) == 2


async def test_another_image_is_for_jobs_that_have_not_started(bed: ControllerBed) -> None:
    """A slip in `helm upgrade` would cost every Job its deadline, or those that run their work."""
    names: list[str] = []

    def only_the_first_runs(job: Manifest) -> CannotStart | None:
        image = job["spec"]["template"]["spec"]["containers"][0]["image"]
        names.append(job["metadata"]["name"])
        return NO_IMAGE if image == "renderer:test" and job["metadata"]["name"] != names[0] else None

    bed.cluster.judge, bed.cluster.hurdle = lambda _: outcomes.hang(), only_the_first_runs
    bed.apply(bed.task("camp", [[0, 1, 2]]))
    await bed.reason("camp", "ImageUnavailable")
    before = bed.active("camp")

    await bed.restart(renderer_image="renderer:mended")
    await bed.until(lambda: len(bed.cluster.orders) == 5, "two are made anew")
    await bed.rest(30)

    assert len(bed.cluster.deleted) == 2
    assert len(bed.active("camp") & before) == 1
    assert bed.condition("camp", "Complete")["reason"] == "Rendering"
    bed.cluster.go_on()
    assert (await bed.phase("camp", "Complete"))["succeeded"] == 3


async def test_a_smaller_limit_is_for_jobs_that_have_not_started(bed: ControllerBed) -> None:
    """Whoever corrects the task would wait for the deadline of Jobs that can never start."""
    bed.cluster.hurdle = lambda job: (
        TOO_LARGE
        if job["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"] == "2"
        else None
    )
    bed.apply(bed.task("camp", [[0, 1]]))
    await bed.reason("camp", "PodRefused")

    bed.edit("camp", execution={"resources": {"limits": {"cpu": "1"}}})

    assert (await bed.phase("camp", "Complete"))["succeeded"] == 2
    assert len(bed.cluster.deleted) == 2


async def test_an_edit_of_settings_leaves_alone_what_runs(bed: ControllerBed) -> None:
    """Half a campaign's work would be thrown away for a limit."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[0, 1]]))
    await bed.running("camp", 2)
    before = bed.active("camp")

    bed.edit("camp", execution={"resources": {"limits": {"cpu": "1"}}})
    await bed.rest(60)

    assert (bed.active("camp"), bed.cluster.deleted) == (before, [])


async def test_jobs_in_a_queue_are_not_asked_why(bed: ControllerBed) -> None:
    """Whoever waits for Kueue would be told of a fault, or lose the place."""
    bed.cluster.queues = True
    bed.apply(bed.task("camp", [[0, 1]]))
    await bed.running("camp", 2)

    await bed.restart(renderer_image="renderer:new")
    await bed.rest(60)

    assert (bed.cluster.faults.calls["pending_pods"], bed.cluster.deleted) == (0, [])
    assert "2 of 2 Jobs wait in a queue" in bed.status("camp")["message"]


async def test_a_deadline_before_the_start_is_no_failure(bed: ControllerBed) -> None:
    """A registry that is away for a quarter of an hour would cost every video."""
    bed.cluster.hurdle = lambda _: NO_IMAGE
    bed.apply(bed.task("camp", [[0, 1]]))
    await bed.reason("camp", "ImageUnavailable")

    bed.cluster.hurdle = lambda _: None
    bed.cluster.go_on(lambda _: TIMED_OUT)
    bed.cluster.judge = lambda _: None
    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], status["failed"], len(bed.cluster.orders)) == (2, 0, 4)


async def test_a_right_that_is_missing_costs_the_reason_alone(bed: ControllerBed) -> None:
    """Whoever forgets a line of the Role would have no campaigns."""
    bed.cluster.hurdle = lambda _: TOO_LARGE
    bed.cluster.faults.keep_failing(SetupError("events is forbidden"), "warnings")
    bed.apply(bed.task("camp", [[0]]))
    await bed.rest(30)

    assert bed.status("camp")["message"] == "0 of 1 videos, 0 of 1 segments"
    bed.cluster.hurdle = lambda _: None
    bed.cluster.go_on()
    assert (await bed.phase("camp", "Complete"))["succeeded"] == 1


# Quotas


async def test_a_quota_of_jobs_is_a_window(bed: ControllerBed) -> None:
    """A campaign would stand still behind its own finished Jobs until their time has come."""
    bed.cluster.quota = 3
    began = bed.now_s()

    bed.apply(bed.task("camp", [[0, 1, 2, 3, 4], [5, 6]]))
    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], set(bed.cluster.made.values())) == (10, {1})
    assert bed.now_s() - began < 90
    assert told(bed, "QuotaReached") == 1
    assert told(bed, "Misconfigured") == told(bed, "QuotaExceeded") == 0


@pytest.mark.parametrize("quota", [1, 3])
async def test_room_is_taken_once_a_job_is_counted(bed: ControllerBed, quota: int) -> None:
    """What a pod has said comes two seconds before: the next Job would wait until everything is looked through again."""
    bed.cluster.quota, bed.cluster.counts = quota, False

    async def count() -> None:
        while True:
            await bed.rest(2)
            bed.cluster.count()

    counting = asyncio.create_task(count())
    began = bed.now_s()
    bed.apply(bed.task("camp", [[*range(6)]]))
    await bed.phase("camp", "Complete")
    counting.cancel()

    assert bed.now_s() - began < 6 / quota * 4 + 2


async def test_the_window_is_told(bed: ControllerBed) -> None:
    """Nobody would know why so few run, or whom to ask for more."""
    bed.cluster.quota, bed.cluster.judge = 3, lambda _: outcomes.hang()

    bed.apply(bed.task("camp", FIVE))
    await bed.until(lambda: "quota few" in bed.status("camp").get("message", ""), "it is told")
    await bed.rest(30)

    status = bed.status("camp")
    assert (status["message"], status["active"]) == (
        "0 of 5 videos, 0 of 5 segments; 3 Jobs at a time: quota few",
        3,
    )
    assert bed.condition("camp", "Complete")["reason"] == "Rendering"


async def test_a_full_quota_is_seldom_tried(bed: ControllerBed) -> None:
    """The API would be sent dozens of Jobs at every look, and refuse them all."""
    bed.cluster.quota, bed.cluster.judge = 3, lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[*range(40)]]))
    await bed.running("camp", 3)
    await bed.rest(10)

    before = bed.cluster.faults.calls["create_job"]
    await bed.rest(600)

    assert before <= 3 + 8
    assert bed.cluster.faults.calls["create_job"] - before <= 10


async def test_a_quota_that_is_raised_is_used(bed: ControllerBed) -> None:
    """Whoever got more would have to restart the operator for it."""
    bed.cluster.quota, bed.cluster.judge = 3, lambda _: outcomes.hang()
    bed.apply(bed.task("camp", FIVE))
    await bed.running("camp", 3)

    bed.cluster.quota = None
    await bed.running("camp", 5)
    await bed.rest(20)

    assert "quota" not in bed.status("camp")["message"]


async def test_finished_jobs_of_finished_tasks_make_room(bed: ControllerBed) -> None:
    """A task would wait ten minutes for another one's finished Jobs to be tidied away."""
    bed.apply(bed.task("first", [[0, 1, 2]]))
    await bed.phase("first", "Complete")
    bed.cluster.quota = 3
    began = bed.now_s()

    bed.apply(bed.task("second", [[3, 4, 5]]))
    await bed.phase("second", "Complete")

    assert bed.now_s() - began < 60
    assert bed.status("first")["phase"] == "Complete"


async def test_what_failed_stays_to_be_read_while_there_is_room(bed: ControllerBed) -> None:
    """The log of the one bad video would be the first to go."""
    bed.cluster.quota = 3
    bed.cluster.judge = lambda order: (
        outcomes.fail(65, "torn") if order.variants[0].name.startswith("clip0") else None
    )
    bed.apply(bed.task("camp", FIVE))
    status = await bed.phase("camp", "Failed")

    assert (status["succeeded"], status["failed"]) == (4, 1)
    left = [job["status"]["conditions"][0]["type"] for job in bed.cluster.jobs_of("camp")]
    assert left.count("Failed") == 1


async def test_a_quota_that_others_fill_is_waited_out(bed: ControllerBed) -> None:
    """The task would look as if it worked, or be given up."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("greedy", [[0, 1, 2]]))
    await bed.running("greedy", 3)
    bed.cluster.quota = 3

    bed.apply(bed.task("camp", [[3, 4]]))
    status = await bed.reason("camp", "QuotaExceeded")
    assert (
        "quota few has no room (requested: count/jobs.batch=1, used: count/jobs.batch=3" in status["message"]
    )
    bed.cluster.go_on()

    assert (await bed.phase("camp", "Complete"))["succeeded"] == 2
    assert (await bed.phase("greedy", "Complete"))["succeeded"] == 3


async def test_a_quota_of_cpus_is_a_window_too(bed: ControllerBed) -> None:
    """Jobs would wait for CPUs until their deadline, which counts while they wait."""
    bed.cluster.judge, bed.cluster.hurdle = lambda _: outcomes.hang(), pods_beyond(3)
    bed.apply(bed.task("camp", [[*range(10)]]))

    await bed.running("camp", 3)
    await bed.rest(20)

    status = bed.status("camp")
    assert (status["active"], status["message"]) == (
        3,
        "0 of 10 videos, 0 of 10 segments; 3 Jobs at a time: quota small",
    )
    assert bed.condition("camp", "Complete")["reason"] == "Rendering"
    before = len(bed.cluster.orders)
    await bed.rest(300)
    assert len(bed.cluster.orders) - before <= 5
    bed.cluster.hurdle = lambda _: None
    bed.cluster.go_on()
    assert (await bed.phase("camp", "Complete"))["succeeded"] == 10


async def test_a_quota_too_small_for_one_job_says_so(bed: ControllerBed) -> None:
    """It would be waited for as if somebody else had it."""
    words = "exceeded quota: tiny, requested: limits.cpu=2, used: limits.cpu=0, limited: limits.cpu=1"
    bed.cluster.hurdle = lambda _: CannotStart(None, "FailedCreate", words)
    bed.apply(bed.task("camp", FIVE))

    status = await bed.reason("camp", "QuotaExceeded")
    assert "quota tiny is too small for a single Job" in status["message"]
    await bed.running("camp", 1)
    bed.cluster.hurdle = lambda _: None
    bed.cluster.go_on()

    assert (await bed.phase("camp", "Complete"))["succeeded"] == 5


async def test_finished_jobs_that_take_their_time_to_go_are_waited_for(bed: ControllerBed) -> None:
    """They would be told to go at each look, and the quota be tried in vain as often."""
    bed.cluster.quota, bed.cluster.lingers = 2, True
    bed.apply(bed.task("camp", FIVE))
    await bed.until(lambda: len(bed.cluster.deleted) == 2, "finished Jobs are told to go")
    await bed.rest(60)
    assert len(bed.cluster.deleted) == 2

    for _ in range(60):
        bed.cluster.collect()
        await bed.rest(2)

    assert (await bed.phase("camp", "Complete"))["succeeded"] == 5
