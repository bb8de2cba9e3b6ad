"""What does the operator work with in a test? A bucket, sources, an account, fake renderers, and itself as a process."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import yaml

from cliptask.orders import WorkOrder
from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.gcs import GcsStore
from cliptask_renderer.storage.gcs_client import connect
from cliptask_renderer.storage.location import Location
from cluster import outcomes
from cluster.api import Document, Refused
from cluster.companion import Companion, environment
from cluster.kubectl import Cluster, is_established
from cluster.outcomes import Outcome
from cluster.processes import Program, answers, free_port
from cluster.reader import Reader
from support import media
from support.elevenlabs_stub import KEY, ElevenLabsStub
from support.gcs import FakeGcs
from support.http_server import MediaServer
from support.promised import joined, promised

Judge = Callable[[WorkOrder, Document], Outcome | None]
"""What becomes of a Job; None: it makes what it promises."""

CRD = Path(__file__).parents[2] / "crds" / "cliptasks.cliptask.dev.yaml"


class Renderers:
    """The pods of fake nodes: each writes what its work order promises, unless the judge says otherwise."""

    def __init__(self, gcs_url: str) -> None:
        self._connection = connect(gcs_url, deadline_s=20)
        self.judge: Judge = lambda _order, _pod: None
        self.made: Counter[str] = Counter()
        """How often each segment, soundtrack and video was made."""
        self.orders: list[WorkOrder] = []
        self._lock = threading.Lock()

    def __call__(self, pod: Document) -> Outcome:
        """What the container of a pod does."""
        order = WorkOrder.from_text(environment(pod)["CLIPTASK_ORDER"])
        with self._lock:
            self.orders.append(order)
        outcome = self.judge(order, pod)
        if outcome is not None:
            return outcome
        self.make(order)
        return outcomes.succeed()

    def make(self, order: WorkOrder) -> None:
        """Write every object that a renderer would, with a few bytes for content."""
        for each in promised(order):
            self._put(self.store(each.uri), each.name, each.key)
        for each in joined(order, lambda uri, name: self.store(uri).stat(name) is not None):
            self._put(self.store(each.uri), each.name, each.key)

    def store(self, uri: str) -> Store:
        """A store of the emulator."""
        bucket, _, path = uri.removeprefix("gs://").partition("/")
        return GcsStore(Location(bucket, path), self._connection)

    def _put(self, store: Store, name: str, key: str) -> None:
        if store.stat(name) is None:
            with self._lock:
                self.made[name] += 1
        store.put_bytes(name, b"media", {"key": key})


class Bed:
    """Everything around one operator. ``settings`` are further settings of it, by the names of its environment."""

    def __init__(
        self, plane: Cluster, namespace: str, folder: Path, settings: Mapping[str, str] | None = None
    ) -> None:
        self.plane = plane
        self.namespace = namespace
        self.folder = folder
        self.settings = dict(settings or {})
        self.operator: Program | None = None
        self._temporary = folder / "tmp"
        self._log = folder / "operator.log"
        self.health_port, self.metrics_port = free_port(), free_port()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.gcs = stack.enter_context(FakeGcs())
            self.bucket = self.gcs.bucket()
            self.web = stack.enter_context(MediaServer(self.folder / "sources"))
            (self.folder / "sources").mkdir(exist_ok=True)
            self._temporary.mkdir(exist_ok=True)
            self.account = stack.enter_context(ElevenLabsStub())
            self.renderers = Renderers(self.gcs.url)
            stack.enter_context(Companion(self.plane.kubeconfig, self.renderers, namespace=self.namespace))
            self._reader = stack.enter_context(Reader(self.plane.kubeconfig))
            if not self._knows_tasks():
                self.plane.kubectl("apply", "--server-side", "-f", str(CRD))
                self.plane.wait_for_resources()
            stack.callback(self.stop)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def environment(self) -> dict[str, str]:
        """Of the operator."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CLIPTASK_", "ELEVENLABS_"))}
        return {
            **kept,
            "MALLOC_ARENA_MAX": "2",  # as in its image
            "TMPDIR": str(self._temporary),  # what a killed one leaves there goes with the test
            "KUBECONFIG": str(self.plane.kubeconfig),
            "STORAGE_EMULATOR_HOST": self.gcs.url,
            "ELEVENLABS_API_KEY": KEY,
            "CLIPTASK_ELEVENLABS_BASE_URL": self.account.url,
            "CLIPTASK_RENDERER_IMAGE": "renderer:test",
            "CLIPTASK_BUCKETS": json.dumps({"*": [f"gs://{self.bucket}"]}),
            "CLIPTASK_OPEN_HOSTS": "127.0.0.1",
            "CLIPTASK_ALLOW_HTTP": "true",
            "CLIPTASK_WATCH_NAMESPACES": self.namespace,
            "CLIPTASK_LISTEN_ADDRESS": "127.0.0.1",
            "CLIPTASK_HEALTH_PORT": str(self.health_port),
            "CLIPTASK_METRICS_PORT": str(self.metrics_port),
            **self.settings,
        }

    def start(self) -> Program:
        """Start the operator, and return when it answers."""
        program = self.launch()
        program.wait_until(self._healthy)
        return program

    def launch(self) -> Program:
        """Start the operator, and return at once."""
        command = [sys.executable, "-m", "cliptask_operator", "operator"]
        self.operator = Program("operator", command, self._log, environment=self.environment)
        return self.operator

    def log(self) -> str:
        """All that operators have said so far."""
        return self._log.read_text(errors="replace")

    def stop(self, *, kill: bool = False) -> None:
        """End the operator, if it runs."""
        if self.operator is not None:
            self.operator.end(grace_s=0 if kill else 20)
            self.operator = None

    def metrics(self) -> str:
        """What Prometheus is told."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    def _knows_tasks(self) -> bool:
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/cliptasks.cliptask.dev"
        try:
            return is_established(self._reader.get(path))
        except Refused:
            return False

    def _healthy(self) -> bool:
        return answers(f"http://127.0.0.1:{self.health_port}/healthz")

    def clip(self, number: int) -> str:
        """URL of a clip of 0.4 s; each number has another colour."""
        file = self.folder / "sources" / f"clip{number}.mp4"
        if not file.exists():
            media.clip(
                file, media.ClipLook(width=96, height=160, fps=30, duration_s=0.4, hue=number * 37 % 360)
            )
        return f"{self.web.url}/{file.name}"

    def task(self, name: str, blocks: list[list[int]], lines: int = 0, **spec: Any) -> Document:  # noqa: ANN401  a spec's parts
        """A task with these clips in each block; ``spec`` replaces or adds fields."""
        body: Document = {
            "videoBlocks": [
                {"name": f"b{place}", "clips": [{"url": self.clip(number)} for number in numbers]}
                for place, numbers in enumerate(blocks)
            ],
            "output": {"uri": f"gs://{self.bucket}/out"},
        }
        if lines:
            body["speech"] = [{"voice": "Rachel", "text": f"{name} {n}"} for n in range(lines)]
            body["sound"] = {"overflow": "Trim"}
        return {
            "apiVersion": "cliptask.dev/v1alpha1",
            "kind": "ClipTask",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": body | spec,
        }

    def apply(self, *tasks: Document) -> None:
        """Have the API take them."""
        self.plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(tasks))

    def get(self, name: str) -> Document:
        """A task as the API has it. Raises Refused."""
        return self._reader.get(f"/apis/cliptask.dev/v1alpha1/namespaces/{self.namespace}/cliptasks/{name}")

    def kubectl(self, *arguments: str) -> str:
        """In the namespace of the test."""
        return self.plane.kubectl("-n", self.namespace, *arguments).stdout

    def status(self, name: str) -> Document:
        """A task's status; empty before the first report."""
        found: Document = self.get(name).get("status") or {}
        return found

    def condition(self, name: str, kind: str) -> Document:
        """One of its conditions; empty where there is none yet."""
        return next((each for each in self.status(name).get("conditions", []) if each["type"] == kind), {})

    def wait(self, name: str, condition: str = "Complete", timeout_s: float = 60) -> Document:
        """Until a condition holds for the spec as it is now; returns the status."""

        def holds() -> bool:
            task = self.get(name)
            status = task.get("status") or {}
            return status.get("observedGeneration") == task["metadata"]["generation"] and any(
                each["type"] == condition and each["status"] == "True" for each in status["conditions"]
            )

        self.wait_for(holds, f"{name}: {condition}", timeout_s)
        return self.status(name)

    def wait_for(self, so: Callable[[], object], what: str, timeout_s: float = 60) -> None:
        """Until something is so; a failure shows the operator's last words."""
        deadline = time.monotonic() + timeout_s
        while not so():
            assert time.monotonic() < deadline, (
                f"not within {timeout_s:g} s: {what}\n{self.kubectl('get', 'clip,job', '-o', 'wide')}\n{self.log()[-3000:]}"
            )
            time.sleep(0.1)

    def jobs(self, name: str | None = None) -> list[Document]:
        """The Jobs of a task, or of all."""
        label = f"cliptask.dev/task={name}" if name else "cliptask.dev/task"
        path = f"/apis/batch/v1/namespaces/{self.namespace}/jobs"
        found: list[Document] = self._reader.get(path, labelSelector=label)["items"]
        return found

    def videos(self, name: str) -> set[str]:
        """Names of the videos in the bucket."""
        found = self.renderers.store(f"gs://{self.bucket}/out").list(f"{name}/")
        return {each.name for each in found if each.name.endswith(".mp4")}
