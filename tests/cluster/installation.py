"""How is the operator installed? As a Deployment with the rights that its page names, and everything that it works with beside it."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import yaml

from cluster.api import Document
from cluster.images import CHECKOUT
from cluster.site import Site
from support.elevenlabs_stub import KEY, ElevenLabsStub
from support.gcs import FakeGcs
from support.http_server import MediaServer

NAME = "cliptask-operator"

_CRD = CHECKOUT / "crds" / "cliptasks.cliptask.dev.yaml"
_PAGE = CHECKOUT / "docs" / "operations.md"
_GROUPS = {
    "cliptasks": "cliptask.dev",
    "cliptasks/status": "cliptask.dev",
    "jobs": "batch",
    "customresourcedefinitions": "apiextensions.k8s.io",
}
"""API groups by resource; the others are of the core group."""
_HEALTH_PORT = 8080


def rights(*, clusterwide: bool = False) -> list[Document]:
    """The rules of a Role, read from the page of operations: what it promises to be enough is what the tests run with."""
    promised = re.search(
        r"^\| rights \| (.*?); for the whole cluster also (.*) \|$", _PAGE.read_text(), re.MULTILINE
    )
    assert promised is not None, "the page of operations names no rights"
    found = re.findall(
        r"`([a-z/]+)` ([a-z, ]+)", "; ".join(promised.groups() if clusterwide else [promised[1]])
    )
    return [
        {"apiGroups": [_GROUPS.get(resource, "")], "resources": [resource], "verbs": verbs.split(", ")}
        for resource, verbs in found
    ]


class Installation:
    """The operator in a namespace of a cluster, running while its context lasts; tasks go to the same namespace."""

    def __init__(self, site: Site, namespace: str, folder: Path) -> None:
        self._site = site
        self.namespace = namespace
        self._folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        address = self._site.address
        with ExitStack() as stack:
            self.gcs = stack.enter_context(FakeGcs(address=address))
            self.bucket = self.gcs.bucket()
            self._folder.mkdir()
            self.web = stack.enter_context(MediaServer(self._folder, address=address))
            self.account = stack.enter_context(ElevenLabsStub(address=address))
            self._install()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def environment(self) -> dict[str, str]:
        """What local mode and the operator have in common, without the account's key."""
        return {
            "STORAGE_EMULATOR_HOST": self.gcs.url,
            "CLIPTASK_ELEVENLABS_BASE_URL": self.account.url,
            "CLIPTASK_OPEN_HOSTS": self.web.host,
            "CLIPTASK_ALLOW_HTTP": "true",
        }

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """In the namespace, as who may do everything. Raises KubectlFailed if it fails, unless ``check`` is false."""
        done = self._site.plane.kubectl(
            f"--namespace={self.namespace}", *arguments, stdin=stdin, check=check, timeout_s=240
        )
        return done.stdout

    def apply(self, *documents: Document) -> None:
        """Have the API take them, in the namespace."""
        self.kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all(documents))

    def items(self, kind: str, task: str) -> list[Document]:
        """The Jobs or pods of a task."""
        found: list[Document] = json.loads(
            self.kubectl("get", kind, f"--selector=cliptask.dev/task={task}", "--output=json")
        )["items"]
        return found

    def wait(self, task: str, condition: str, timeout_s: int = 180) -> Document:
        """Until a task's condition holds; returns the status. A failure tells what everybody involved has to say."""
        said = self._site.plane.kubectl(
            "wait", f"--for=condition={condition}", f"clip/{task}", f"--namespace={self.namespace}",
            f"--timeout={timeout_s}s", check=False, timeout_s=timeout_s + 60,
        )  # fmt: skip
        assert said.returncode == 0, f"{task}: not {condition}: {said.stderr}\n{self.story()}"
        status: Document = json.loads(self.kubectl("get", "clip", task, "--output=json"))["status"]
        return status

    def events(self, task: str) -> list[str]:
        """Reasons of what was told of a task, in order."""
        query = ("get", "events", f"--field-selector=involvedObject.name={task}", "--output=json")
        found = json.loads(self.kubectl(*query))["items"]
        return [each["reason"] for each in sorted(found, key=lambda each: str(each["firstTimestamp"]))]

    def log(self) -> str:
        """All that the operator has printed."""
        return self.kubectl("logs", f"deployment/{NAME}", "--tail=-1", check=False)

    def story(self) -> str:
        """For whoever has to find out what went wrong."""
        parts = (
            ("get", "clip,job,pod", "--output=wide"),
            ("get", "events", "--sort-by=.lastTimestamp"),
            ("logs", "--selector=cliptask.dev/task", "--tail=20", "--prefix"),
            ("logs", f"deployment/{NAME}", "--tail=60"),
        )
        return "\n".join(self.kubectl(*part, check=False) for part in parts)

    def _install(self) -> None:
        plane = self._site.plane
        plane.kubectl("apply", "--server-side", f"--filename={_CRD}")
        plane.kubectl("wait", "--for=condition=Established", "crd/cliptasks.cliptask.dev")
        subject = {"kind": "ServiceAccount", "name": NAME, "namespace": self.namespace}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME}
        rbac = "rbac.authorization.k8s.io/v1"
        self.apply(
            _document("v1", "ServiceAccount"),
            _document(rbac, "Role", rules=rights()),
            _document(rbac, "RoleBinding", subjects=[subject], roleRef=role),
            _document("v1", "Secret", stringData={"key": KEY}),
            _document("apps/v1", "Deployment", spec=self._deployment()),
        )
        rolled = plane.kubectl(
            "rollout", "status", f"deployment/{NAME}", f"--namespace={self.namespace}", "--timeout=100s", check=False,
        )  # fmt: skip
        assert rolled.returncode == 0, (
            f"the operator does not start: {rolled.stderr}\n{self.story()}\n{self.log()}"
        )

    def _deployment(self) -> Document:
        labels = {"app.kubernetes.io/name": NAME}
        return {
            "replicas": 1,
            # Two operators would fetch and speak the same things.
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": self._pod()},
        }

    def _pod(self) -> Document:
        settings = {
            **self.environment,
            "CLIPTASK_WATCH_NAMESPACES": self.namespace,
            "CLIPTASK_BUCKETS": json.dumps({self.namespace: [f"gs://{self.bucket}"]}),
            "CLIPTASK_RENDERER_IMAGE": self._site.renderer,
            "CLIPTASK_RENDERER_ENVIRONMENT": json.dumps({"STORAGE_EMULATOR_HOST": self.gcs.url}),
            "CLIPTASK_CPU_REQUEST": "100m",
            "CLIPTASK_CPU_LIMIT": "1",
            "CLIPTASK_MEMORY_REQUEST": "256Mi",
            "CLIPTASK_MEMORY_LIMIT": "1Gi",
        }
        key = {"name": "ELEVENLABS_API_KEY", "valueFrom": {"secretKeyRef": {"name": NAME, "key": "key"}}}
        probe = {"httpGet": {"path": "/healthz", "port": _HEALTH_PORT}}
        container: dict[str, Any] = {
            "name": "operator",
            "image": self._site.operator,
            "imagePullPolicy": "IfNotPresent",
            "env": [key, *({"name": name, "value": value} for name, value in settings.items())],
            "resources": {
                "requests": {"cpu": "100m", "memory": "128Mi"},
                "limits": {"cpu": "1", "memory": "512Mi"},
            },
            "readinessProbe": {**probe, "periodSeconds": 1, "timeoutSeconds": 5},
            "livenessProbe": {**probe, "initialDelaySeconds": 30, "timeoutSeconds": 10},
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
            "volumeMounts": [{"name": "work", "mountPath": "/work"}],
        }
        return {
            "serviceAccountName": NAME,
            "securityContext": {
                "runAsNonRoot": True,
                "fsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            "volumes": [{"name": "work", "emptyDir": {"sizeLimit": "1Gi"}}],
        }


def _document(version: str, kind: str, **content: Any) -> Document:  # noqa: ANN401  of any kind
    return {"apiVersion": version, "kind": kind, "metadata": {"name": NAME}, **content}
