"""What does Kubernetes do for the controller in a test that has none? Objects in memory, and watches that tell of them.

::

    cluster = FakeCluster(open_store)
    cluster.watch(controller)                # as kopf does: all that is there, then every change
    cluster.apply(task)                      # Jobs that the controller creates make what their orders promise
    cluster.judge = lambda _order: outcomes.oom()
    cluster.faults.fail("create_job", TransientError("away"))
    cluster.delivery = lambda event: ()      # the watches have fallen silent

It knows no scheduler, no retries within a Job and no pods but those that failed, cannot start or are to be counted: what a Job comes to is
the judge's, whether it starts the hurdle's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any, Literal

from cliptask.orders import WorkOrder
from cliptask_operator.controller.task_controller import TaskController
from cliptask_operator.kubernetes.cluster import AlreadyExists, QuotaFull
from cliptask_operator.kubernetes.job_status import owner_uid
from cliptask_operator.kubernetes.manifests import CONTAINER, TASK_LABEL, Manifest
from cliptask_operator.kubernetes.task_state import TaskRef
from cliptask_renderer.storage.base import Store
from cluster import outcomes
from cluster.outcomes import Outcome
from support.faults import Faults
from support.promised import joined, promised

Key = tuple[str, str]
"""Namespace and name."""
Judge = Callable[[WorkOrder], Outcome | None]
"""What becomes of a Job; None: it makes what it promises."""
Hurdle = Callable[[Manifest], "CannotStart | None"]
"""What keeps the pods of a Job from starting; None: nothing."""
TIMED_OUT = Outcome(reason="DeadlineExceeded")
"""A Job that ran past its deadline: its pods are gone."""


@dataclass(frozen=True)
class CannotStart:
    """How the API tells that a Job does not start."""

    status: Manifest | None = None
    """Of its pod; None: it has none."""
    reason: str = ""
    warning: str = ""
    """An Event about the pod, or about the Job where it has none."""

    @property
    def as_event(self) -> Manifest:
        """As the API keeps it."""
        about = {"reason": self.reason, "message": self.warning, "lastTimestamp": "2026-01-01T00:00:00Z"}
        return {"metadata": {"resourceVersion": "1"}, "type": "Warning", **about}


@dataclass(frozen=True)
class WatchEvent:
    """What a watch tells."""

    kind: Literal["task", "job", "pod"]
    body: Manifest
    gone: bool = False


@dataclass(frozen=True)
class Written:
    """A status that was written."""

    task: str
    at_s: float
    status: Manifest


class FakeCluster:
    """A ``Cluster`` of one API server. ``faults`` go by the names of its verbs."""

    def __init__(self, open_store: Callable[[str], Store]) -> None:
        self.faults = Faults()
        self.judge: Judge = lambda _order: None
        self.delivery: Callable[[WatchEvent], Iterable[WatchEvent]] = lambda event: (event,)
        """What becomes of an event on its way: none, itself, several."""
        self.hurdle: Hurdle = lambda _job: None
        """What keeps the pods of a Job from starting."""
        self.quota: int | None = None
        """The most Jobs that may be there, finished ones included: ``count/jobs.batch``."""
        self.going: set[str] = set()
        """Namespaces that are being deleted."""
        self.queues = False
        """Jobs are created suspended, as by Kueue, until they are admitted."""
        self.lingers = False
        """Deleted Jobs stay until they are collected."""
        self.counts = True
        """Jobs say at once that their pods have succeeded; else when they are counted."""
        self.orders: list[WorkOrder] = []
        """Of every Job that was created."""
        self.deleted: list[str] = []
        """Names of the Jobs that were told to go."""
        self.secrets: dict[Key, Mapping[str, str]] = {}
        """What Secrets hold."""
        self.config_maps: dict[str, dict[str, str]] = {}
        """What ConfigMaps beside the operator hold."""
        self.config_map_versions: Counter[str] = Counter()
        """How often each was written."""
        self.statuses: list[Written] = []
        """Each that was written."""
        self.made: Counter[str] = Counter()
        """How often each object was made that was not there."""
        self._open_store = open_store
        self._tasks: dict[Key, Manifest] = {}
        self._jobs: dict[Key, Manifest] = {}
        self._pods: dict[Key, Manifest] = {}
        """Those that failed, cannot start or are to be counted, by their Jobs."""
        self._warnings: dict[Key, Manifest] = {}
        """The newest about each Job or pod."""
        self._numbers = count(1)
        self._controller: TaskController | None = None

    # Its verbs

    async def create_job(self, manifest: Manifest) -> None:
        """See ``Cluster``."""
        await asyncio.sleep(0)
        with self.faults.met("create_job"):
            key = _key(manifest)
            if key in self._jobs:
                message = f'jobs.batch "{key[1]}" already exists'
                raise AlreadyExists(message)
            if self.quota is not None and len(self._jobs) >= self.quota:
                count = f"count/jobs.batch={self.quota}"
                message = (
                    f'jobs.batch "{key[1]}" is forbidden: exceeded quota: few, requested: count/jobs.batch=1, '
                    f"used: count/jobs.batch={len(self._jobs)}, limited: {count}"
                )
                raise QuotaFull(message)
            metadata = {**manifest["metadata"], "uid": f"uid-{next(self._numbers)}"}
            spec = {**manifest["spec"], "suspend": self.queues}
            self.orders.append(order_of(manifest))
            self._put_job({**manifest, "metadata": metadata, "spec": spec, "status": {}})
            asyncio.get_running_loop().call_soon(self._run, key)

    async def delete_job(self, namespace: str, name: str) -> None:
        """See ``Cluster``."""
        await asyncio.sleep(0)
        with self.faults.met("delete_job"):
            self.deleted.append(name)
            job = self._jobs.get((namespace, name))
            if job is not None and self.lingers:
                metadata = {**job["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}
                self._put_job({**job, "metadata": metadata})
            elif job is not None:
                self.remove_job(namespace, name)

    async def jobs(self, task: TaskRef) -> list[Manifest]:
        """See ``Cluster``."""
        await asyncio.sleep(0)
        with self.faults.met("jobs"):
            return _labelled(self._jobs, task)

    async def failed_pods(self, task: TaskRef) -> list[Manifest]:
        """See ``Cluster``."""
        await asyncio.sleep(0)
        with self.faults.met("failed_pods"):
            return [pod for pod in _labelled(self._pods, task) if pod["status"]["phase"] == "Failed"]

    async def pending_pods(self, task: TaskRef, most: int) -> list[Manifest]:
        """See ``Cluster``."""
        await asyncio.sleep(0)
        with self.faults.met("pending_pods"):
            pods = [pod for pod in _labelled(self._pods, task) if pod["status"]["phase"] == "Pending"]
            return pods[:most]

    async def warnings(self, namespace: str, name: str) -> list[Manifest]:
        """See ``Cluster``."""
        await asyncio.sleep(0)
        with self.faults.met("warnings"):
            found = self._warnings.get((namespace, name))
            return [found] if found else []

    async def is_going(self, namespace: str) -> bool:
        """See ``Cluster``."""
        await asyncio.sleep(0)
        with self.faults.met("is_going"):
            return namespace in self.going

    async def release(self, task: TaskRef, finalizers: Sequence[str]) -> None:
        """See ``Cluster``."""
        await asyncio.sleep(0)
        with self.faults.met("release"):
            found = self._tasks[task.namespace, task.name]
            metadata = {**found["metadata"], "finalizers": list(finalizers)}
            self._put_task({**found, "metadata": metadata})

    async def secret(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """See ``Cluster``."""
        await asyncio.sleep(0)
        with self.faults.met("secret"):
            return self.secrets.get((namespace, name))

    async def config_map(self, name: str) -> tuple[Mapping[str, str], str] | None:
        """See ``Cluster``."""
        await asyncio.sleep(0)
        with self.faults.met("config_map"):
            found = self.config_maps.get(name)
            return None if found is None else (dict(found), str(self.config_map_versions[name]))

    async def write_config_map(self, name: str, data: Mapping[str, str], version: str) -> bool:
        """See ``Cluster``."""
        await asyncio.sleep(0)
        with self.faults.met("write_config_map"):
            if version != str(self.config_map_versions[name]):
                return False
            self.config_maps[name] |= data
            self.config_map_versions[name] += 1
            return True

    async def patch_status(
        self, task: TaskRef, status: Mapping[str, Any], version: str | None = None
    ) -> bool:
        """See ``Cluster``."""
        await asyncio.sleep(0)
        with self.faults.met("patch_status"):
            found = self._tasks.get((task.namespace, task.name))
            if found is None or found["metadata"]["uid"] != task.uid:
                return False
            if version is not None and version != found["metadata"]["resourceVersion"]:
                return False
            merged = {**found["status"], **status}
            self.statuses.append(Written(task.name, asyncio.get_running_loop().time(), merged))
            self._put_task({**found, "status": {k: v for k, v in merged.items() if v is not None}})
            return True

    # What people and Kubernetes do

    def watch(self, controller: TaskController) -> None:
        """Tell a controller of all that is there, and from now on of every change; nobody else is told any more."""
        self._controller = controller
        for job in self._jobs.values():
            self._tell(WatchEvent("job", job))
        for task in self._tasks.values():
            self._tell(WatchEvent("task", task))
        for pod in self._pods.values():
            if pod["status"]["phase"] == "Running":
                self._tell(WatchEvent("pod", pod))

    def apply(self, task: Manifest) -> None:
        """Create a task, or change it: another spec is another generation, and the status stays."""
        before = self._tasks.get(_key(task), {"metadata": {"generation": 0}, "spec": None, "status": {}})
        own = before["metadata"]
        metadata = {
            **task["metadata"],
            "uid": own.get("uid") or f"uid-{next(self._numbers)}",
            "generation": own["generation"] + (before["spec"] != task["spec"]),
        }
        self._put_task({**task, "metadata": metadata, "status": before["status"]})

    def begin_deletion(self, namespace: str, name: str) -> Manifest:
        """Have a task that has a finalizer wait for its operator; returns it."""
        task = self._tasks[namespace, name]
        metadata = {**task["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}
        self._put_task({**task, "metadata": metadata})
        return self._tasks[namespace, name]

    def delete_task(self, namespace: str, name: str) -> None:
        """Remove a task, and what it owns."""
        task = self._tasks.pop((namespace, name))
        self._tell(WatchEvent("task", task, gone=True))
        for key in [key for key, job in self._jobs.items() if owner_uid(job) == task["metadata"]["uid"]]:
            self.remove_job(*key)

    def write_status(self, namespace: str, name: str, status: Manifest) -> None:
        """Have somebody else write a task's status."""
        self._put_task({**self._tasks[namespace, name], "status": status})

    def remove_job(self, namespace: str, name: str) -> None:
        """Have a Job gone with its pods, as when its time has come or somebody deletes it."""
        self._pods.pop((namespace, name), None)
        self._warnings.pop((namespace, name), None)
        self._tell(WatchEvent("job", self._jobs.pop((namespace, name)), gone=True))

    def collect(self) -> None:
        """Have all lingering Jobs gone."""
        for key in [key for key, job in self._jobs.items() if "deletionTimestamp" in job["metadata"]]:
            self.remove_job(*key)

    def count(self) -> None:
        """Let all Jobs say what has become of their pods."""
        for key, job in [*self._jobs.items()]:
            if key in self._pods and self._pods[key]["status"]["phase"] == "Running":
                del self._pods[key]
                self._end(job, "Complete", reason="CompletionsReached", message="")

    def admit(self) -> None:
        """Let all suspended Jobs run."""
        for key, job in [*self._jobs.items()]:
            if job["spec"]["suspend"]:
                self._put_job({**job, "spec": {**job["spec"], "suspend": False}})
                self._run(key)

    def queue(self, namespace: str, name: str, *, suspended: bool) -> None:
        """Suspend a Job, or let it run again, as whoever admits Jobs does; it is not judged anew."""
        job = self._jobs[namespace, name]
        self._put_job({**job, "spec": {**job["spec"], "suspend": suspended}})

    def go_on(self, judge: Judge = lambda _order: None) -> None:
        """Judge anew what runs, and what comes."""
        self.judge = judge
        for key in [*self._jobs]:
            self._run(key)

    def make(self, order: WorkOrder, *, but: Iterable[str] = (), content: bytes = b"media") -> None:
        """Write what a renderer would, with a few bytes for content, but for these videos."""
        left_out = tuple(f"{order.task}/{name}." for name in but)
        then = joined(order, lambda uri, name: self._open_store(uri).stat(name) is not None)
        for each in chain(promised(order), then):
            store = self._open_store(each.uri)
            if not each.name.startswith(left_out) and store.stat(each.name) is None:
                self.made[each.name] += 1
                store.put_bytes(each.name, content, {"key": each.key})

    def task(self, namespace: str, name: str) -> Manifest:
        """A task as the API has it."""
        return self._tasks[namespace, name]

    def tasks(self) -> list[Manifest]:
        """All tasks."""
        return [*self._tasks.values()]

    def all_jobs(self) -> list[Manifest]:
        """All Jobs."""
        return [*self._jobs.values()]

    def jobs_of(self, name: str) -> list[Manifest]:
        """The Jobs of the tasks of a name."""
        return [job for job in self._jobs.values() if job["metadata"]["labels"][TASK_LABEL] == name]

    def deliver(self, event: WatchEvent) -> None:
        """Tell whoever watches of an event, now."""
        if self._controller is None:
            return
        if event.kind == "task":
            self._controller.observe(event.body, gone=event.gone)
        elif event.kind == "pod":
            self._controller.context.job_cache.observe_pod(event.body)
        else:
            self._controller.context.job_cache.observe(event.body, gone=event.gone)

    def _run(self, key: Key) -> None:
        job = self._jobs.get(key)
        if job is None or job["spec"]["suspend"] or _is_over(job):
            return
        hurdle = self.hurdle(job)
        if hurdle is not None:
            self._pods.pop(key, None)
            if hurdle.status is not None:
                self._pods[key] = _pod(job, {"phase": "Pending", **hurdle.status})
            if hurdle.warning:
                about = key[1] if hurdle.status is None else f"{key[1]}-x"
                self._warnings[key[0], about] = hurdle.as_event
            return
        order = order_of(job)
        outcome = self.judge(order)
        if outcome is None:
            self.make(order)
            outcome = outcomes.succeed()
        if outcome == TIMED_OUT:
            self._end(job, "Failed", reason=outcome.reason, message="Job was active longer than its deadline")
        elif outcome.exit_code:
            self._pods[key] = _ended_pod(job, outcome, "Failed")
            self._end(job, "Failed", reason="BackoffLimitExceeded", message="Job has reached its limit")
        elif outcome.exit_code is not None and not self.counts:
            self._put_job({**job, "status": {"active": 1, "ready": 1}})
            self._pods[key] = _ended_pod(job, outcome, "Running")
            self._tell(WatchEvent("pod", self._pods[key]))
        elif outcome.exit_code is not None:
            self._end(job, "Complete", reason="CompletionsReached", message="")
        else:
            self._pods.pop(key, None)
            self._put_job({**job, "status": {"active": 1, "ready": 1}})

    def _end(self, job: Manifest, kind: str, **why: str) -> None:
        self._put_job({**job, "status": {"conditions": [{"type": kind, "status": "True", **why}]}})

    def _put_task(self, task: Manifest) -> None:
        self._tasks[_key(task)] = task = self._versioned(task)
        self._tell(WatchEvent("task", task))

    def _put_job(self, job: Manifest) -> None:
        self._jobs[_key(job)] = job = self._versioned(job)
        self._tell(WatchEvent("job", job))

    def _versioned(self, body: Manifest) -> Manifest:
        return {**body, "metadata": {**body["metadata"], "resourceVersion": str(next(self._numbers))}}

    def _tell(self, event: WatchEvent) -> None:
        for each in self.delivery(event):
            asyncio.get_running_loop().call_soon(self.deliver, each)


def order_of(job: Manifest) -> WorkOrder:
    """What a Job has to do."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return WorkOrder.from_text(
        next(each["value"] for each in container["env"] if each["name"] == "CLIPTASK_ORDER")
    )


def _key(body: Manifest) -> Key:
    return body["metadata"]["namespace"], body["metadata"]["name"]


def _is_over(job: Manifest) -> bool:
    return "deletionTimestamp" in job["metadata"] or "conditions" in job["status"]


def _labelled(objects: Mapping[Key, Manifest], task: TaskRef) -> list[Manifest]:
    return [
        body
        for (namespace, _), body in objects.items()
        if namespace == task.namespace and body["metadata"]["labels"][TASK_LABEL] == task.name
    ]


def _ended_pod(job: Manifest, outcome: Outcome, phase: str) -> Manifest:
    ended = {
        "exitCode": outcome.exit_code,
        "reason": outcome.reason,
        "message": outcome.message,
        "finishedAt": "2026-01-01T00:00:00Z",
    }
    return _pod(
        job, {"phase": phase, "containerStatuses": [{"name": CONTAINER, "state": {"terminated": ended}}]}
    )


def _pod(job: Manifest, status: Manifest) -> Manifest:
    metadata = job["metadata"]
    return {
        "metadata": {
            "namespace": metadata["namespace"],
            "name": f"{metadata['name']}-x",
            "labels": {**metadata["labels"], "batch.kubernetes.io/job-name": metadata["name"]},
            "ownerReferences": [{"kind": "Job", "name": metadata["name"], "uid": metadata["uid"]}],
        },
        "spec": job["spec"]["template"]["spec"],
        "status": status,
    }
