"""What does the controller work with in a test without Kubernetes? A fake cluster, stores in memory, and fake inputs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from cliptask_operator.campaign.pipeline import Pipeline
from cliptask_operator.campaign.stores import CACHE, Stores
from cliptask_operator.concurrency.fair_semaphore import FairSemaphore
from cliptask_operator.controller.artifact_leases import CacheLeases
from cliptask_operator.controller.context import Context
from cliptask_operator.controller.handlers import Event, events
from cliptask_operator.controller.job_cache import JobCache
from cliptask_operator.controller.ledger import Ledger
from cliptask_operator.controller.metrics import Metrics
from cliptask_operator.controller.notifier import Notifier
from cliptask_operator.controller.status_snapshot import StatusSnapshot
from cliptask_operator.controller.task_controller import TaskController
from cliptask_operator.kubernetes.manifests import Manifest
from cliptask_operator.kubernetes.task_state import RETRY, is_observed
from cliptask_operator.settings.operator import OperatorSettings
from support import campaigns
from support.fake_cluster import FakeCluster
from support.fake_courier import FakeCourier
from support.fake_inputs import FakeInputs
from support.memory_store import MemoryStore

OUTPUT = "gs://bucket/out"
NAMESPACE = "ads"
_STEP_S = 0.05
_PATIENCE_S = 900.0
"""More than any wait of the controller's; nothing of it really passes."""


class ControllerBed:
    """Everything around one controller. ``settings`` are further settings of the operator."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401  fields of many types
        self.settings = {"renderer_image": "renderer:test", "buckets": {"*": ("gs://bucket",)}, **settings}
        self.stores: dict[str, MemoryStore] = {}
        self.cluster = FakeCluster(self.store)
        self.inputs = FakeInputs()
        self.courier = FakeCourier()
        self.today = datetime(2026, 11, 28, tzinfo=UTC)
        """By which budgets go."""
        self.log: Sequence[Mapping[str, Any]] = []
        """What was logged, where a test captures it."""
        self.events: list[tuple[str, Event]] = []
        """What was posted of each task, by its name."""

    def start(self) -> None:
        """Let an operator begin: of earlier ones it knows nothing but what cluster and stores tell."""
        loop, job_cache = asyncio.get_running_loop(), JobCache()
        settings, self.metrics = OperatorSettings(**self.settings), Metrics()
        self.notifier = Notifier(self.cluster, self.courier, self.metrics, self._post, 1.0)
        self.ledger = Ledger(
            self.cluster, settings.budgets_config_map, settings.budget_of, self.metrics, lambda: self.today
        )
        self.controller = TaskController(
            Context(
                cluster=self.cluster,
                job_cache=job_cache,
                leases=CacheLeases(loop.time, job_cache.notify),
                pipeline=Pipeline(self.inputs, settings.max_variants),
                settings=settings,
                metrics=self.metrics,
                notifier=self.notifier,
                ledger=self.ledger,
                job_creation=FairSemaphore(8),
                open_stores=self._open_stores,
                clock=loop.time,
            ),
            self.announce,
        )
        self.metrics.count(self.controller.count, job_cache.active, lambda: 0)
        self.cluster.watch(self.controller)

    def announce(self, body: Mapping[str, Any], now: StatusSnapshot, before: StatusSnapshot | None) -> None:
        """Post Events."""
        self.events += [(body["metadata"]["name"], each) for each in events(now, before)]

    def _post(
        self, body: Mapping[str, Any], kind: Literal["Normal", "Warning"], reason: str, message: str
    ) -> None:
        self.events.append((body["metadata"]["name"], Event(kind, reason, message)))

    async def restart(self, **settings: Any) -> None:  # noqa: ANN401  as above
        """End the operator and let another begin, with these settings changed."""
        await self.stop()
        self.settings |= settings
        self.start()

    async def stop(self) -> None:
        """End the operator."""
        await self.controller.close()
        await self.notifier.close()
        await self.ledger.close()

    # The person's side

    def task(self, name: str, blocks: list[list[int]], lines: int = 0, **spec: Any) -> Manifest:  # noqa: ANN401  a spec's parts
        """A task with these clips in each block; ``spec`` replaces or adds fields."""
        body: Manifest = {
            "videoBlocks": [
                {"name": f"b{place}", "clips": [{"url": clip(number)} for number in numbers]}
                for place, numbers in enumerate(blocks)
            ],
            "output": {"uri": OUTPUT},
        }
        if lines:
            body["speech"] = [{"voice": "Rachel", "text": f"{name} {n}"} for n in range(lines)]
        return {
            "apiVersion": "cliptask.dev/v1alpha1",
            "kind": "ClipTask",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": body | spec,
        }

    def apply(self, *tasks: Manifest) -> None:
        """Have the API take them."""
        for task in tasks:
            self.cluster.apply(task)

    def edit(self, name: str, **spec: Any) -> None:  # noqa: ANN401  as above
        """Change fields of a task's spec; its annotations stay."""
        task = self.get(name)
        self.cluster.apply({**task, "spec": task["spec"] | spec})

    def retry(self, name: str, value: str = "1") -> None:
        """Annotate a task so that what failed is tried again."""
        task = self.get(name)
        self.cluster.apply({**task, "metadata": {**task["metadata"], "annotations": {RETRY: value}}})

    def get(self, name: str) -> Manifest:
        """A task as the API has it."""
        return self.cluster.task(NAMESPACE, name)

    def status(self, name: str) -> Manifest:
        """A task's status; empty before the first report."""
        found: Manifest = self.get(name)["status"]
        return found

    def condition(self, name: str, kind: str) -> Manifest:
        """One of its conditions; empty where there is none yet."""
        return next((each for each in self.status(name).get("conditions", []) if each["type"] == kind), {})

    # The test's side

    async def until(self, so: Callable[[], object], what: str) -> None:
        """Until something is so."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE_S
        while not so():
            assert loop.time() < deadline, (
                f"never: {what}\n{[task['status'] for task in self.cluster.tasks()]}\n"
                f"{[job['metadata']['name'] for job in self.cluster.all_jobs()]}\n{self.log[-20:]}"
            )
            await asyncio.sleep(_STEP_S)

    async def phase(self, name: str, wanted: str) -> Manifest:
        """Wait for a phase of what the task asks for now; returns the status."""
        await self.until(
            lambda: is_observed(self.get(name)) and self.status(name).get("phase") == wanted,
            f"{name}: {wanted}",
        )
        return self.status(name)

    async def reason(self, name: str, wanted: str) -> Manifest:
        """Wait for the reason of what the task asks for now; returns the status."""
        await self.until(
            lambda: is_observed(self.get(name)) and self.condition(name, "Complete").get("reason") == wanted,
            f"{name}: {wanted}",
        )
        return self.status(name)

    async def running(self, name: str, jobs: int) -> None:
        """Wait until so many Jobs of a task are there that neither have ended nor are being deleted."""
        await self.until(lambda: len(self.active(name)) == jobs, f"{name}: {jobs} Jobs")

    async def rest(self, seconds: float = 300) -> None:
        """Let everything happen that happens within so many seconds."""
        await asyncio.sleep(seconds)

    def now_s(self) -> float:
        """The time that statuses are written at."""
        return asyncio.get_running_loop().time()

    def active(self, name: str) -> set[str]:
        """UIDs of a task's Jobs that neither have ended nor are being deleted."""
        return {
            job["metadata"]["uid"]
            for job in self.cluster.jobs_of(name)
            if "conditions" not in job["status"] and "deletionTimestamp" not in job["metadata"]
        }

    def store(self, uri: str) -> MemoryStore:
        """The store of a URI, always the same one."""
        return self.stores.setdefault(uri, MemoryStore(uri))

    def encoding_took(self, seconds: float) -> None:
        """Let it be known from an earlier campaign that a segment of a clip takes so long."""
        noted = {"pixels": str(320 * 180 * 90), "frames": "90", "took": str(seconds)}
        self.cache.put_bytes(f"segments/{'0' * 64}.mp4", b"", noted)

    @property
    def output(self) -> MemoryStore:
        """The videos of all tasks that do not say otherwise."""
        return self.store(OUTPUT)

    @property
    def cache(self) -> MemoryStore:
        """What these share."""
        return self.store(f"{OUTPUT}/{CACHE}")

    def objects(self, name: str, ending: str = ".mp4") -> set[str]:
        """Names of a task's files with this ending."""
        return {each.name for each in self.output.list(f"{name}/") if each.name.endswith(ending)}

    def metric(self, name: str, **labels: str) -> float:
        """What Prometheus would be told now."""
        found = self.metrics.registry.get_sample_value(f"cliptask_{name}", labels)
        assert found is not None, f"no metric {name} {labels}"
        return found

    def steps(self) -> list[str]:
        """What kind of Jobs were created, in order."""
        return [order.step for order in self.cluster.orders]

    def _open_stores(self, output_uri: str, cache_uri: str | None) -> Stores:
        return Stores(self.store(output_uri), self.store(cache_uri or f"{output_uri}/{CACHE}"))


def clip(number: int) -> str:
    """URL of a clip."""
    return campaigns.url(f"clip{number}")
