from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from cluster import outcomes
from cluster.api import Document
from cluster.companion import LABEL, Companion, ended
from cluster.control_plane import ControlPlane

_NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def pod(name: str = "a") -> Document:
    """A pod as it runs on a fake node."""
    running = {"name": "renderer", "image": "renderer", "ready": True, "state": {"running": {"startedAt": "2026-01-02T03:00:00Z"}}}  # fmt: skip
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {LABEL: "spring"}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "renderer", "image": "renderer"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [running],
        },
    }


@pytest.mark.parametrize(
    ("outcome", "phase", "code", "reason"),
    [
        (outcomes.succeed("done"), "Succeeded", 0, "Completed"),
        (outcomes.fail(75, "busy"), "Failed", 75, "Error"),
        (outcomes.oom(), "Failed", 137, "OOMKilled"),
        (outcomes.evict(), "Failed", 137, "Error"),
    ],
)
def test_a_pod_ends_as_a_kubelet_would_say(
    outcome: outcomes.Outcome, phase: str, code: int, reason: str
) -> None:
    """The operator would be shown ends that no cluster knows."""
    status = ended(pod(), outcome, _NOW)

    terminated = status["containerStatuses"][0]["state"]["terminated"]
    assert (status["phase"], terminated["exitCode"], terminated["reason"]) == (phase, code, reason)
    assert terminated["startedAt"] < terminated["finishedAt"] == "2026-01-02T03:04:05Z"
    assert {one["type"]: one["status"] for one in status["conditions"]}["Ready"] == "False"


def test_only_an_eviction_is_a_disruption() -> None:
    """Failures would not count, or evictions would."""
    types = [
        [one["type"] for one in ended(pod(), outcome, _NOW)["conditions"]]
        for outcome in (outcomes.evict(), outcomes.fail(1))
    ]

    assert types == [["Ready", "DisruptionTarget"], ["Ready"]]


def test_a_message_is_cut_where_the_kubelet_cuts() -> None:
    """The operator would be shown longer words than it ever gets."""
    status = ended(pod(), outcomes.succeed("x" + "ß" * 4096), _NOW)

    message = status["containerStatuses"][0]["state"]["terminated"]["message"]
    assert message == "x" + "ß" * 2047


def test_an_error_of_the_maker_fails_the_test(fake_nodes: ControlPlane, namespace: str) -> None:
    """A mistake in a test's own maker would look like an operator that hangs."""

    def make(_: Document) -> outcomes.Outcome:
        message = "no such order"
        raise KeyError(message)

    def campaign() -> None:
        with Companion(fake_nodes.kubeconfig, make, namespace=namespace):
            fake_nodes.kubectl("apply", f"--namespace={namespace}", "-f", "-", stdin=json.dumps(pod()))
            fake_nodes.kubectl(
                "wait", "--for=jsonpath={.status.phase}=Failed", "pod/a", f"--namespace={namespace}", "--timeout=60s"
            )  # fmt: skip

    with pytest.raises(KeyError, match="no such order"):
        campaign()
