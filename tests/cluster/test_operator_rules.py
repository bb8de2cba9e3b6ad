"""A namespace's own rules on a real API server: what the operator makes of quotas and of Jobs that cannot start."""

from __future__ import annotations

import json
import subprocess
import sys

from cluster import outcomes
from cluster.api import Document
from cluster.bed import Bed

FIVE = [[0, 1, 2, 3, 4]]
"""Five variants that share nothing."""


def rule(bed: Bed, kind: str, name: str, spec: Document) -> None:
    """Have the namespace keep a rule."""
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    bed.plane.kubectl("-n", bed.namespace, "apply", "-f", "-", stdin=json.dumps(body))


def quota(bed: Bed, **hard: str) -> None:
    """A ResourceQuota whose numbers the API server knows already."""
    rule(
        bed,
        "ResourceQuota",
        "small",
        {"hard": {name.replace("__", "/"): most for name, most in hard.items()}},
    )
    bed.wait_for(
        lambda: json.loads(bed.kubectl("get", "resourcequota", "small", "--output=json"))["status"].get(
            "used"
        ),
        "the quota counts",
    )


def reason(bed: Bed, name: str = "camp") -> str:
    """Of the condition ``Complete``."""
    return str(bed.condition(name, "Complete").get("reason"))


def events(bed: Bed, reason: str) -> list[Document]:
    """What was posted of tasks for this reason."""
    query = f"--field-selector=involvedObject.kind=ClipTask,reason={reason}"
    found: list[Document] = json.loads(bed.kubectl("get", "events", query, "--output=json"))["items"]
    return found


def test_a_quota_of_jobs_is_a_window(bed: Bed) -> None:
    """A campaign would stand still behind its own finished Jobs until their time has come."""
    quota(bed, **{"count/jobs.batch": "3"})

    bed.apply(bed.task("camp", [[0, 1, 2, 3], [4, 5]]))
    bed.wait_for(
        lambda: "3 Jobs at a time: quota small" in bed.status("camp").get("message", ""), "it is told"
    )
    status = bed.wait("camp", timeout_s=120)

    assert status["succeeded"] == len(bed.videos("camp")) == 8
    assert len(bed.jobs("camp")) <= 3
    assert (len(events(bed, "QuotaReached")), events(bed, "QuotaExceeded")) == (1, [])


def test_a_quota_of_cpus_is_a_window(bed: Bed) -> None:
    """Jobs would wait for CPUs until their deadline, which counts while they wait."""
    quota(bed, **{"limits.cpu": "5"})
    bed.renderers.judge = lambda _order, _pod: outcomes.hang()
    bed.apply(bed.task("camp", FIVE))

    bed.wait_for(
        lambda: "2 Jobs at a time: quota small" in bed.status("camp").get("message", ""), "it is told", 20
    )
    bed.wait_for(lambda: len(bed.jobs("camp")) == 2, "the others make room")
    assert reason(bed) == "Rendering"
    bed.kubectl("delete", "resourcequota", "small")
    bed.renderers.judge = lambda _order, _pod: None
    bed.kubectl("delete", "jobs", "--all")

    assert bed.wait("camp", timeout_s=180)["succeeded"] == 5


def test_a_limit_range_is_named_and_a_smaller_limit_helps(bed: Bed) -> None:
    """A campaign would show "0 of 2 videos" until its deadline, and go on waiting when it was corrected."""
    rule(bed, "LimitRange", "modest", {"limits": [{"type": "Container", "max": {"cpu": "1"}}]})
    task = bed.task("camp", [[0, 1]])
    bed.apply(task)
    bed.wait_for(lambda: bed.jobs("camp"), "a Job")

    bed.wait_for(lambda: reason(bed) == "PodRefused", "it says why", 20)
    assert "2 Jobs have not started" in bed.status("camp")["message"]
    assert "maximum cpu usage per Container is 1, but limit is 2" in bed.status("camp")["message"]
    bed.wait_for(lambda: len(events(bed, "PodRefused")) == 1, "an Event")
    bed.apply({**task, "spec": task["spec"] | {"execution": {"resources": {"limits": {"cpu": "1"}}}}})

    assert bed.wait("camp", timeout_s=60)["succeeded"] == 2


def test_a_cluster_without_a_node_is_named_and_another_one_helps(bed: Bed) -> None:
    """As above, for a node that there is not, and an installation that is corrected."""
    bed.stop()
    bed.settings |= {"CLIPTASK_RENDERER_NODE_SELECTOR": '{"pool": "nowhere"}'}
    bed.start()
    bed.apply(bed.task("camp", [[0, 1]]))
    bed.wait_for(lambda: bed.jobs("camp"), "a Job")

    bed.wait_for(lambda: reason(bed) == "Unschedulable", "it says why", 20)
    assert "didn't match Pod's node affinity/selector" in bed.status("camp")["message"]
    bed.stop()
    del bed.settings["CLIPTASK_RENDERER_NODE_SELECTOR"]
    bed.start()

    assert bed.wait("camp", timeout_s=60)["succeeded"] == 2


def test_tasks_that_were_let_go_need_no_operator(bed: Bed) -> None:
    """An uninstall would leave tasks that can never be deleted."""
    prune = {"uri": f"gs://{bed.bucket}/out", "prune": True}
    bed.apply(bed.task("camp", [[0]], output=prune))
    bed.wait("camp")
    assert bed.get("camp")["metadata"]["finalizers"] == ["cliptask.dev/operator"]

    command = [sys.executable, "-m", "cliptask_operator", "let-go", f"--namespace={bed.namespace}"]
    ran = subprocess.run(command, env=bed.environment, capture_output=True, text=True, timeout=60, check=True)
    bed.apply(bed.task("other", [[1]]))
    bed.wait("other")  # the operator has had the time to take it back

    assert ran.stdout == "1 ClipTask let go\n"
    assert "finalizers" not in bed.get("camp")["metadata"]
    bed.stop(kill=True)
    bed.kubectl("delete", "clip", "camp", "--timeout=20s")
    assert len(bed.videos("camp")) == 1
