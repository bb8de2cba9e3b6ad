"""How do tests get a real Kueue? Its controller as a process, installed by its own manifests, on a control plane of its own.

::

    with Kueue(plane, folder) as kueue:
        kueue.apply(*cluster_queue("videos", cpu=2), local_queue("campaigns", namespace, "videos"))
        kueue.hold("videos")  # admits nothing any more

It needs no root. Its webhooks stay when it ends, and without it no Job can be created: the control plane goes with it.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import yaml

from cluster.api import Document
from cluster.binaries import KUEUE, Toolbox
from cluster.control_plane import ControlPlane
from cluster.processes import Program, answers, free_port

NAMESPACE = "kueue-system"
_SERVICE, _SECRET = "kueue-webhook-service", "kueue-webhook-server-cert"
_KINDS = {"CustomResourceDefinition", "MutatingWebhookConfiguration", "Namespace", "Secret", "ValidatingWebhookConfiguration"}  # fmt: skip


class Kueue:
    """Version 0.15.0, with its manifests' configuration but for addresses."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self.plane = plane
        self._folder = folder
        self._certificates = folder / "certificates"
        self._program: Program | None = None
        self._port, self._health = free_port(), free_port()

    def start(self) -> None:
        """Install and start it, and wait until it takes queues. Raises BuildFailed, DidNotStart, KubectlFailed."""
        toolbox = Toolbox()
        self._certificates.mkdir(parents=True)
        manifests = toolbox.module(KUEUE) / "config"
        self.apply(*self._installation(manifests / "default"))
        self.plane.wait_for_resources()
        settings = self._folder / "kueue.yaml"
        settings.write_text(yaml.safe_dump(self._configuration(manifests / "components" / "manager")))
        self._program = Program(
            "kueue",
            [toolbox.binary("kueue"), f"--config={settings}"],
            self._folder / "kueue.log",
            environment={
                **os.environ,
                "KUBECONFIG": str(self.plane.kubeconfig_for("kueue", "system:masters")),
            },
        )
        try:
            self._program.wait_until(self._has_certificates, what="done with its certificates")
            self._program.wait_until(self._is_ready)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it; what it has installed stays."""
        if self._program is not None:
            self._program.end()

    def apply(self, *documents: Document) -> None:
        """Have the API take them."""
        self.plane.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(documents))

    def hold(self, queue: str) -> None:
        """Let a ClusterQueue admit nothing further; what it has admitted goes on."""
        self._stop(queue, "Hold")

    def release(self, queue: str) -> None:
        """Let it admit again."""
        self._stop(queue, "None")

    def _stop(self, queue: str, policy: str) -> None:
        change = json.dumps({"spec": {"stopPolicy": policy}})
        self.plane.kubectl("patch", "clusterqueue", queue, "--type=merge", "-p", change)

    def _installation(self, folder: Path) -> Iterator[Document]:
        """What its manifests install but for rights and the Deployment: the process may do everything."""
        made = self.plane.kubectl("kustomize", str(folder)).stdout
        for each in yaml.safe_load_all(made):
            if each["kind"] in _KINDS:
                _at_port(each, self._port)
                yield each
        yield {
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": _SERVICE, "namespace": NAMESPACE},
            # The API server follows the name, and still asks for a certificate of the service.
            "spec": {"type": "ExternalName", "externalName": "localhost"},
        }  # fmt: skip

    def _configuration(self, folder: Path) -> Document:
        theirs: Document = yaml.safe_load((folder / "controller_manager_config.yaml").read_text())
        return theirs | {
            "health": {"healthProbeBindAddress": f"127.0.0.1:{self._health}"},
            "metrics": {"bindAddress": f"127.0.0.1:{free_port()}"},
            "webhook": {"host": "127.0.0.1", "port": self._port, "certDir": str(self._certificates)},
            "leaderElection": {"leaderElect": False},
            # A further API server, on a fixed port.
            "featureGates": {"VisibilityOnDemand": False},
        }

    def _has_certificates(self) -> bool:
        """Bring its certificates from the Secret to the folder, as a kubelet does; whether they are there."""
        found = self.plane.kubectl("get", "secret", _SECRET, f"--namespace={NAMESPACE}", "-o", "json").stdout
        files: dict[str, str] = json.loads(found).get("data") or {}
        for name, content in files.items():
            (self._certificates / name).write_bytes(base64.b64decode(content))
        return "tls.crt" in files

    def _is_ready(self) -> bool:
        return answers(f"http://127.0.0.1:{self._health}/readyz") and self._takes_queues()

    def _takes_queues(self) -> bool:
        """Whether its webhooks answer."""
        tried = self.plane.kubectl(
            "apply", "--dry-run=server", "-f", "-", stdin=json.dumps(_flavor("any")), check=False
        )
        return tried.returncode == 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def cluster_queue(name: str, cpu: int) -> tuple[Document, Document]:
    """A quota of CPUs of any nodes, which the more urgent takes from the less."""
    quota = {
        "coveredResources": ["cpu", "memory"],
        "flavors": [{"name": name, "resources": [
            {"name": "cpu", "nominalQuota": cpu}, {"name": "memory", "nominalQuota": "1Ti"},
        ]}],
    }  # fmt: skip
    spec = {
        "namespaceSelector": {},
        "resourceGroups": [quota],
        "preemption": {"withinClusterQueue": "LowerPriority"},
    }
    return _flavor(name), _document("ClusterQueue", {"name": name}, spec=spec)


def local_queue(name: str, namespace: str, cluster_queue: str) -> Document:
    """A namespace's way into a ClusterQueue."""
    spec = {"clusterQueue": cluster_queue}
    return _document("LocalQueue", {"name": name, "namespace": namespace}, spec=spec)


def priority(name: str, value: int) -> Document:
    """A WorkloadPriorityClass."""
    return _document("WorkloadPriorityClass", {"name": name}, value=value)


def _flavor(name: str) -> Document:
    return _document("ResourceFlavor", {"name": name})


def _document(kind: str, metadata: Document, **fields: Any) -> Document:  # noqa: ANN401  a kind's parts
    return {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": kind, "metadata": metadata, **fields}


def _at_port(part: Any, port: int) -> None:  # noqa: ANN401  any part of a manifest
    """Point every ``clientConfig.service`` below a part at a port."""
    if isinstance(part, dict):
        if service := (part.get("clientConfig") or {}).get("service"):
            service["port"] = port
        for each in part.values():
            _at_port(each, port)
    elif isinstance(part, list):
        for each in part:
            _at_port(each, port)
