"""Where do pods run without a kubelet? On KWOK's fake nodes, which start pods at once and leave their ends to the companion."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import yaml

from cluster.binaries import Toolbox
from cluster.control_plane import ControlPlane
from cluster.processes import Program, free_port

STAGES = Path(__file__).with_name("stages.yaml")
_ANNOTATION = "kwok.x-k8s.io/node"
_LABEL = "cliptask-test/node"


class Kwok:
    """Fake nodes ``fake-0``, ``fake-1``, ...: each has room for any number of pods. What runs is tied like the plane."""

    def __init__(self, plane: ControlPlane, nodes: int = 4, *, completes: bool = False, message: str = "", delay_s: float = 0) -> None:  # fmt: skip
        """Nothing runs yet.

        Pods of ClipTask's Jobs run until somebody ends them, unless KWOK ``completes`` them itself, each after
        ``delay_s`` and with the same termination ``message``: cheaper than a companion, and enough for a benchmark.
        """
        self._plane = plane
        self._nodes = [node(f"fake-{number}", **{_LABEL: "fake"}) for number in range(nodes)]
        self._stages = stages(completes=completes, message=message, delay_s=delay_s)
        self._program: Program | None = None

    def start(self, *, tied: bool = True, toolbox: Toolbox | None = None) -> Program:
        """Start and wait until every node is ready. Raises DidNotStart, KubectlFailed."""
        folder = self._plane.folder
        file = folder / "stages.yaml"
        file.write_text(yaml.safe_dump_all(self._stages, sort_keys=False))
        self._program = Program(
            "kwok",
            [
                (toolbox or Toolbox()).binary("kwok"),
                # Its server listens everywhere unless told not to.
                f"--kubeconfig={self._plane.kubeconfig}", f"--config={file}", f"--server-address=127.0.0.1:{free_port()}",
                f"--manage-nodes-with-annotation-selector={_ANNOTATION}=fake", "--node-lease-duration-seconds=40",
            ],
            folder / "kwok.log",
            tied=tied,
        )  # fmt: skip
        try:
            documents = json.dumps({"apiVersion": "v1", "kind": "List", "items": self._nodes})
            self._plane.kubectl("apply", "-f", "-", stdin=documents)
            self._program.wait_until(self._ready, what="done with its nodes")
        except BaseException:
            self.stop()
            raise
        return self._program

    def stop(self) -> None:
        """End it; nodes and pods stay as they are."""
        if self._program is not None:
            self._program.end()

    def _ready(self) -> bool:
        query = '{.items[*].status.conditions[?(@.type=="Ready")].status}'
        found = self._plane.kubectl("get", "nodes", f"--selector={_LABEL}=fake", "-o", f"jsonpath={query}")
        return found.stdout.split() == ["True"] * len(self._nodes)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def stages(*, completes: bool, message: str = "", delay_s: float = 0) -> list[dict[str, Any]]:
    """The stages of stages.yaml; with ``completes`` it also ends pods of ClipTask's Jobs, so late and in those words."""
    found: list[dict[str, Any]] = list(yaml.safe_load_all(STAGES.read_text()))
    if completes:
        (stage,) = [each["spec"] for each in found if each["metadata"]["name"] == "pod-complete"]
        conditions = stage["selector"]["matchExpressions"]
        stage["selector"]["matchExpressions"] = [one for one in conditions if "labels" not in one["key"]]
        stage["delay"] = {"durationMilliseconds": round(delay_s * 1000)}
        # A JSON string is a YAML string, and a Go template in it would be run.
        text = json.dumps(message).replace("{{", '{{ "{{" }}')
        template: str = stage["next"]["statusTemplate"]
        stage["next"]["statusTemplate"] = template.replace('message: ""', f"message: {text}")
    return found


def node(name: str, **labels: str) -> dict[str, Any]:
    """A node for KWOK to manage, at any time."""
    metadata = {
        "name": name,
        "annotations": {_ANNOTATION: "fake"},
        "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", **labels},
    }
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata}
