"""How is the operator installed? By its chart, with everything that it works with beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import yaml

from cluster.api import Document
from cluster.helm import CHART, HelmFailed, helm
from cluster.processes import Program, answers, free_port
from cluster.site import Site
from support.elevenlabs_stub import KEY, ElevenLabsStub
from support.gcs import FakeGcs
from support.http_server import MediaServer

NAME = "cliptask"
"""Of the release, and of what it makes."""

SECRET = "elevenlabs"  # noqa: S105  its name
GATEWAY_SECRET = "gateway"  # noqa: S105  its name
TOKEN = "a-token-of-twenty-characters"  # noqa: S105  the test's own


class Installation:
    """A release in a namespace of a cluster, for what its context lasts; tasks go to the same namespace."""

    def __init__(self, site: Site, namespace: str, folder: Path, chart: Path = CHART) -> None:
        self._site = site
        self._chart = chart
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

    def cliptask(self, *arguments: str) -> str:
        """What a person with a kubeconfig is told on the command line about the namespace. Raises ``CalledProcessError``."""
        command = [sys.executable, "-m", "cliptask_operator", *arguments, f"--namespace={self.namespace}"]
        environment = {"KUBECONFIG": str(self._site.plane.kubeconfig), "PATH": os.environ["PATH"]}
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=True
        ).stdout

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

    @contextmanager
    def forwarded(self, service: str, port: int, ready: str) -> Iterator[str]:
        """URL at which a Service answers from here, once it does so on the path ``ready``."""
        local = free_port()
        command: list[str | Path] = [
            self._site.plane.program, f"--kubeconfig={self._site.plane.kubeconfig}", f"--namespace={self.namespace}",
            "port-forward", f"service/{service}", f"{local}:{port}",
        ]  # fmt: skip
        with Program("port-forward", command, self._folder.parent / "port-forward.log") as program:
            url = f"http://127.0.0.1:{local}"
            program.wait_until(lambda: answers(url + ready))
            yield url

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
        self.kubectl("create", "secret", "generic", SECRET, f"--from-literal=api-key={KEY}")
        self.kubectl("create", "secret", "generic", GATEWAY_SECRET, f"--from-literal=token={TOKEN}")
        # The kind stays when a release goes, and may have been of another one.
        self.helm("upgrade", "--install", "--take-ownership", NAME, self._chart, "--wait", "--timeout=240s")

    def helm(self, *arguments: str | Path, values: Document | None = None) -> str:
        """In the namespace; an installation with these values over its own. A failure tells what everybody has to say."""
        given = deep_merge(self.values, values or {}) if {"install", "upgrade"} & set(arguments) else None
        try:
            return helm(
                *arguments,
                f"--namespace={self.namespace}",
                kubeconfig=self._site.plane.kubeconfig,
                values=given,
            )
        except HelmFailed as error:
            message = f"{error}\n{self.story()}\n{self.log()}"
            raise AssertionError(message) from error

    @property
    def values(self) -> Document:
        """Of the chart, as they are here."""
        local = {
            "STORAGE_EMULATOR_HOST": self.gcs.url,
            "CLIPTASK_ELEVENLABS_BASE_URL": self.account.url,
        }
        return {
            "watchNamespaces": [self.namespace],
            "elevenlabs": {"existingSecret": SECRET},
            "storage": {"bucketsByNamespace": {self.namespace: [f"gs://{self.bucket}"]}},
            "fetch": {"allowHttp": True, "openHosts": [self.web.host]},
            "gateway": {
                "enabled": True,
                "existingSecret": GATEWAY_SECRET,
                "outputUri": f"gs://{self.bucket}/videos",
                "extraEnv": [{"name": name, "value": value} for name, value in local.items()],
            },
            "operator": {
                "image": _image(self._site.operator),
                "extraEnv": [{"name": name, "value": value} for name, value in local.items()],
                "resources": {"requests": {"memory": "128Mi"}},
                "scratch": "1Gi",
            },
            "renderer": {
                "image": _image(self._site.renderer),
                "serviceAccount": {"create": True},
                "extraEnv": {"STORAGE_EMULATOR_HOST": self.gcs.url},
                "resources": {
                    "requests": {"cpu": "100m", "memory": "256Mi"},
                    "limits": {"cpu": "1", "memory": "1Gi"},
                },
            },
        }


def _image(name: str) -> Document:
    """As the chart has it; without a name, what it has by default."""
    repository, _, tag = name.rpartition(":")
    return {"repository": repository, "tag": tag} if name else {}


def deep_merge(one: Document, other: Document) -> Document:
    """Of two mappings; the other wins."""
    merged = dict(one)
    for name, value in other.items():
        both = isinstance(value, dict) and isinstance(one.get(name), dict)
        merged[name] = deep_merge(one[name], value) if both else value
    return merged
