from __future__ import annotations

from typing import Any

import pytest

from cliptask_operator.kubernetes import obstacles
from cliptask_operator.kubernetes.manifests import CONTAINER
from cliptask_operator.kubernetes.obstacles import Obstacle

BACK_OFF = 'Back-off pulling image "r:9": ErrImagePull: rpc error: code = NotFound desc = failed to resolve "r:9": not found'


def pod(**status: Any) -> dict[str, Any]:  # noqa: ANN401  a status' parts
    """A pod of a Job."""
    return {
        "metadata": {"name": "camp-x", "labels": {"batch.kubernetes.io/job-name": "camp"}},
        "spec": {"containers": [{"name": CONTAINER, "image": "r:9"}]},
        "status": {"phase": "Pending", **status},
    }


def waits(reason: str, message: str = "") -> dict[str, Any]:
    """A pod whose container waits."""
    state = {"waiting": {"reason": reason, "message": message}}
    return pod(containerStatuses=[{"name": CONTAINER, "state": state}])


def warning(message: str, reason: str = "FailedCreate", at: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    """An Event."""
    return {"metadata": {}, "reason": reason, "message": message, "lastTimestamp": at}


def refusal(*amounts: str) -> str:
    """The words of an API server whose quota has no room."""
    wanted, used, limited = amounts
    return f'jobs.batch "a" is forbidden: exceeded quota: q, requested: {wanted}, used: {used}, limited: {limited}: raise it'


@pytest.mark.parametrize(
    ("amounts", "jobs", "counts"),
    [
        (("count/jobs.batch=1", "count/jobs.batch=3", "count/jobs.batch=3"), 3, True),
        (("limits.cpu=2", "limits.cpu=6", "limits.cpu=7"), 3, False),
        (("limits.cpu=500m,pods=1", "limits.cpu=1,pods=2", "limits.cpu=1,pods=9"), 2, False),
        (("limits.memory=2Gi", "limits.memory=0", "limits.memory=9000Mi"), 4, False),
        (("requests.cpu=4", "requests.cpu=0", "requests.cpu=2"), 0, False),
        (("count/pods=1", "count/pods=5", "count/pods=5"), 5, True),
    ],
)
def test_a_quota_tells_how_many_jobs_fit(amounts: tuple[str, str, str], jobs: int, *, counts: bool) -> None:
    """Too many would be sent, or too few."""
    quota = obstacles.quota_of(refusal(*amounts))

    assert quota
    assert (quota.name, quota.jobs, quota.counts_objects) == ("q", jobs, counts)


def test_one_job_at_a_time_is_singular() -> None:
    """A person reads it."""
    quota = obstacles.quota_of(refusal("pods=1", "pods=1", "pods=1"))

    assert quota
    assert quota.window == "1 Job at a time: quota q"


@pytest.mark.parametrize(
    "said",
    [
        'pods "a" is forbidden: failed quota: q: must specify limits.ephemeral-storage for: renderer',
        "denied by a webhook",
        "",
    ],
)
def test_other_refusals_are_no_quotas(said: str) -> None:
    """A campaign would wait for room that would not help."""
    assert obstacles.quota_of(said) is None


def test_words_are_the_same_each_time() -> None:
    """The status would be written again at each look, for a kubelet that says one thing in two ways."""
    first = obstacles.of_pod(waits("ErrImagePull", BACK_OFF.partition("ErrImagePull: ")[2]))

    assert first is not None
    assert first == obstacles.of_pod(waits("ImagePullBackOff", BACK_OFF))
    assert first.message.startswith(
        'the image r:9 cannot be pulled (failed to resolve "r:9": not found): correct'
    )


@pytest.mark.parametrize(
    "found",
    [
        pod(),
        waits("ContainerCreating"),
        pod(conditions=[{"type": "PodScheduled", "status": "True"}]),
        pod(conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]),
    ],
)
def test_what_passes_by_itself_is_no_obstacle(found: dict[str, Any]) -> None:
    """Every slow pull of an image would be told as a fault."""
    assert obstacles.of_pod(found) is None


def test_the_newest_warning_counts() -> None:
    """What was mended would be complained of for an hour."""
    old = warning("exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1")
    new = warning('Error creating: pods "camp-a-" is forbidden: no', at="2026-01-01T00:00:09Z")

    found = obstacles.of_warnings([new, old])

    assert found is not None
    assert (found.reason, "refuses their pods (no)" in found.message) == ("PodRefused", True)
    assert obstacles.of_warnings([]) is None


def test_a_key_that_a_secret_lacks_is_told_as_it_is() -> None:
    """It would be told of a Secret that is there."""
    found = obstacles.of_warnings(
        [warning('MountVolume.SetUp failed: references non-existent secret key: "key.json"', "FailedMount")]
    )

    assert found is not None
    assert (found.reason, "key.json" in found.message) == ("CannotStart", True)


def test_what_must_be_mended_goes_before_what_passes() -> None:
    """A full cluster would hide an image that is not there."""
    full, broken = Obstacle("Unschedulable", "", passes=True), Obstacle("ImageUnavailable", "")

    assert obstacles.worst([None, full, broken]) == broken
    assert obstacles.worst([None, full]) == full
    assert obstacles.worst([None]) is None
