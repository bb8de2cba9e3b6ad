from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.bed import Bed
from cluster.control_plane import ControlPlane
from cluster.kwok import node


@pytest.fixture
def spot(fake_nodes: ControlPlane) -> Iterator[str]:
    """A fake node, and a PriorityClass, of a name; nobody runs on the node who does not bear its taint."""
    name = f"spot-{uuid.uuid4().hex[:8]}"
    machine = node(name, pool=name)
    machine["spec"] = {"taints": [{"key": name, "effect": "NoSchedule"}]}
    urgency = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}}
    documents = {"apiVersion": "v1", "kind": "List", "items": [machine, urgency | {"value": -7}]}
    fake_nodes.kubectl("apply", "-f", "-", stdin=json.dumps(documents))
    yield name
    fake_nodes.kubectl("delete", f"node/{name}", f"priorityclass/{name}", "--wait=false")


def test_jobs_run_where_the_installation_says(
    fake_nodes: ControlPlane, namespace: str, spot: str, tmp_path: Path
) -> None:
    """Videos would be made on the machines that serve customers, and not on the cheap ones that are set aside."""
    settings = {
        "CLIPTASK_RENDERER_NODE_SELECTOR": json.dumps({"pool": spot}),
        "CLIPTASK_RENDERER_TOLERATIONS": json.dumps([{"key": spot, "operator": "Exists"}]),
        "CLIPTASK_RENDERER_PRIORITY_CLASS": spot,
    }

    with Bed(fake_nodes, namespace, tmp_path, settings) as bed:
        bed.start()
        bed.apply(bed.task("camp", [[0, 1]]))
        bed.wait("camp")
        pods = json.loads(bed.kubectl("get", "pods", "--selector=cliptask.dev/task=camp", "-o", "json"))[
            "items"
        ]

    assert [(each["spec"]["nodeName"], each["spec"]["priority"]) for each in pods] == [(spot, -7)] * 2
