from __future__ import annotations

from typing import Any

import pytest

from cliptask.orders import WorkReport
from cliptask_operator.kubernetes.manifests import CONTAINER, MAKES, STEP_LABEL
from cliptask_operator.kubernetes.pod_logs import PodLog, pod_logs

REPORT = WorkReport(reason="SourceUnusable", message="its third picture is torn").model_dump_json()


def pod(state: dict[str, Any] | None = None, name: str = "p", at: int = 0, **status: Any) -> dict[str, Any]:  # noqa: ANN401  a pod's parts
    """One of a variant's pods."""
    return {
        "metadata": {
            "name": name,
            "labels": {STEP_LABEL: "variant"},
            "annotations": {MAKES: "a-b-1"},
            "creationTimestamp": f"2025-01-01T00:00:0{at}Z",
        },
        "status": {"containerStatuses": [{"name": CONTAINER, "state": state}] if state else None, **status},
    }


@pytest.mark.parametrize(
    ("seen", "state", "failed", "has_log"),
    [
        (
            pod({"terminated": {"exitCode": 65, "message": REPORT}}, phase="Failed"),
            "failed: SourceUnusable: its third picture is torn", True, True,
        ),
        (pod({"terminated": {"exitCode": 0}}, phase="Succeeded"), "succeeded", False, True),
        (pod({"running": {}}, phase="Running"), "runs", False, True),
        (pod({"waiting": {"reason": "ContainerCreating"}}, phase="Pending"), "starts", False, False),
        (
            pod({"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}, phase="Pending"),
            "cannot start: ImagePullBackOff: no such image", True, False,
        ),
        (
            pod(phase="Pending", conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}]),
            "waits for a node: Unschedulable: 0/3 nodes", False, False,
        ),
        (pod(phase="Failed", reason="Evicted", message="the node was low"), "failed: Evicted: the node was low", True, False),
        (pod(phase="Pending"), "starts", False, False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_pod_says_how_it_is(seen: dict[str, Any], state: str, *, failed: bool, has_log: bool) -> None:
    """A log without the reason above it leaves a person to guess; a log that is not there would be an error."""
    assert pod_logs([seen], failed=False) == (PodLog("p", "video a-b-1", state, failed, has_log),)


def test_only_those_in_trouble_are_read_in_order_of_creation() -> None:
    """Among two thousand pods nobody finds the one that failed."""
    broken = {"terminated": {"exitCode": 70, "message": "x"}}
    pods = [pod(broken, "late", 2), pod({"running": {}}, "well", 1), pod(broken, "early", 0)]

    assert [each.pod for each in pod_logs(pods, failed=True)] == ["early", "late"]
    assert [each.pod for each in pod_logs(pods, failed=False)] == ["early", "well", "late"]
