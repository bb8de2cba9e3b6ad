"""The chart's NetworkPolicies on a real node whose network enforces them: who reaches whom."""

from __future__ import annotations

import json
import socket
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from textwrap import dedent

import pytest
import yaml

from cluster.helm import template
from cluster.images_buildah import Image
from cluster.node import Node, real_cluster
from cluster.test_node import pod, run

# The first run on a machine builds images and the programs of a node.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

PRIVATE = "10.213.87.1"
"""An address of the test's own, as something in somebody's network has it."""
STORAGE, OTHER = 443, 8443
JOB = {"cliptask.dev/task": "camp"}
PROBE = dedent("""
    import json, socket, sys, time

    def opens(target):
        try:
            socket.create_connection(target, 2).close()
        except OSError:
            return False
        return True

    targets, closed = json.loads(sys.argv[1]), json.loads(sys.argv[2])
    deadline = time.monotonic() + 60
    while closed and opens(closed) and time.monotonic() < deadline:  # the rules of a new pod come a moment after it
        time.sleep(0.2)
    with open("/dev/termination-log", "w") as said:
        json.dump([opens(each) for each in targets], said)
""")
SERVE = "import socket, time; s = [socket.create_server(('', p)) for p in (8080, 9090)]; time.sleep(600)"
LISTENS = "import socket; socket.create_connection(('127.0.0.1', 9090), 5)"

Target = tuple[str, int]


@dataclass(frozen=True)
class Neighbourhood:
    """A namespace with the chart's policies, and what there is to be reached."""

    node: Node
    namespace: str
    image: Image

    def reached(self, labels: dict[str, str], *targets: Target, closed: Target | None = None) -> list[bool]:
        """Which of these a pod with the labels reaches, once it does not reach the ``closed`` one."""
        wanted = pod(self.image, ["python", "-c", PROBE, json.dumps(targets), json.dumps(closed)])
        ended = run(self.node, self.namespace, {"metadata": {"labels": labels}, **wanted})
        self.node.plane.kubectl(
            "delete", "job", "--all", f"--namespace={self.namespace}", "--cascade=foreground"
        )
        answers: list[bool] = json.loads(ended["message"])
        return answers

    def serve(self, name: str, labels: dict[str, str]) -> str:
        """A pod that listens on 8080 and on 9090, which it calls metrics; returns its address."""
        wanted = pod(self.image, ["python", "-c", SERVE])
        wanted["spec"]["containers"][0] |= {
            "ports": [{"name": "metrics", "containerPort": 9090}],
            "readinessProbe": {
                "exec": {"command": ["python", "-c", LISTENS]},
                "periodSeconds": 1,
                "timeoutSeconds": 10,
            },
        }
        wanted |= {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}}
        kubectl, place = self.node.plane.kubectl, f"--namespace={self.namespace}"
        kubectl("apply", "--filename=-", place, stdin=yaml.safe_dump(wanted))
        kubectl("wait", "--for=condition=Ready", f"pod/{name}", place, "--timeout=100s")
        return kubectl("get", "pod", name, place, "--output=jsonpath={.status.podIP}").stdout


@pytest.fixture(scope="module")
def neighbourhood(tmp_path_factory: pytest.TempPathFactory, operator: Image) -> Iterator[Neighbourhood]:
    """On a node of its own: what enforces policies there would hold the other tests' pods too."""
    namespace = f"test-{uuid.uuid4().hex[:8]}"
    with real_cluster(tmp_path_factory.mktemp("cluster"), operator) as node, ExitStack() as stack:
        node.enforce_policies()
        node.plane.create_namespace(namespace)
        policies = [
            each
            for each in template({"watchNamespaces": [namespace]}, namespace=namespace)
            if each["kind"] == "NetworkPolicy"
        ]
        node.plane.kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all(policies))
        _add_address(node)
        for address in (node.bridge_address, PRIVATE):
            for port in (STORAGE, OTHER):
                stack.enter_context(socket.create_server((address, port)))
        yield Neighbourhood(node, namespace, operator)


def _add_address(node: Node) -> None:
    """Give this machine's end of the node's cable, which goes with the node, another address."""
    listed = json.loads(subprocess.run(["ip", "-json", "address"], capture_output=True, check=True).stdout)
    (cable,) = [
        link["ifname"]
        for link in listed
        if any(each.get("local") == node.bridge_address for each in link["addr_info"])
    ]
    subprocess.run(["ip", "address", "add", f"{PRIVATE}/32", "dev", cable], check=True)


def test_a_job_reaches_the_storage_and_nothing_else(neighbourhood: Neighbourhood) -> None:
    """A torn file that takes over a renderer would look around in the cluster, and in the network behind it."""
    public = neighbourhood.node.bridge_address
    operator = neighbourhood.serve("operator", {"app.kubernetes.io/name": "somebody"})
    everything = [(public, STORAGE), (public, OTHER), (PRIVATE, STORAGE), (PRIVATE, OTHER), (operator, 8080)]

    assert neighbourhood.reached({}, *everything) == [True] * 5
    assert neighbourhood.reached(JOB, *everything, closed=(PRIVATE, STORAGE)) == [
        True,
        False,
        False,
        False,
        False,
    ]


def test_nobody_reaches_a_job(neighbourhood: Neighbourhood) -> None:
    """It serves nothing; whoever finds something open there has found a way in."""
    job = neighbourhood.serve("renderer", JOB)

    assert neighbourhood.reached({}, (job, 8080), (job, 9090), closed=(job, 8080)) == [False, False]


def test_the_operator_is_reached_for_its_metrics_alone(neighbourhood: Neighbourhood) -> None:
    """Prometheus must get in, and nobody else has anything to ask it."""
    labels = {
        "app.kubernetes.io/name": "cliptask",
        "app.kubernetes.io/instance": "cliptask",
        "app.kubernetes.io/component": "operator",
    }
    operator = neighbourhood.serve("cliptask", labels)

    assert neighbourhood.reached({}, (operator, 9090), (operator, 8080), closed=(operator, 8080)) == [
        True,
        False,
    ]
