"""What do Jobs look like? Manifests from values, and facts from what the API says of a Job. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from pydantic import ValidationError

from cliptask.errors import ClipTaskError
from cliptask.orders import NamedVariant, SegmentOrder, WorkOrder, WorkReport
from cliptask.spec.quantities import amount
from cliptask.spec.task import GROUP, KIND, VERSION, Amounts, Execution

Manifest = dict[str, Any]
Step = Literal["segment", "variant"]

TASK_LABEL = f"{GROUP}/task"
STEP_LABEL = f"{GROUP}/step"
ATTEMPT = f"{GROUP}/attempt"
"""Annotation of a Job: for which generation and retry of the task it was created."""
MAKES = f"{GROUP}/makes"
"""Annotation of a Job and its pods: names of videos, beginnings of segments' keys."""
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
PRIORITY_LABEL = "kueue.x-k8s.io/priority-class"
CONTAINER = "renderer"
CREDENTIALS_FOLDER = "/credentials"
CREDENTIALS_KEY = "key.json"
"""Of a Secret that holds a service account's key file."""

USER = 65532
"""Of nobody in particular; the images have it too."""
_SCRATCH = "/work"
_QUIET = {"argocd.argoproj.io/ignore-resource-updates": "true"}
"""For Argo CD: only what changes the health of a Job or pod is worth a look at the application that has the task."""
_DIGITS = 12
"""Of a Job's name: with 8, one campaign of 10,000 videos in 86 had two Jobs of one name; 53 characters with the longest task's name, pods add 6 of 63."""
_KILLED = 137
"""128 + SIGKILL."""
_REASON = re.compile("[A-Za-z]{1,64}")
"""As conditions have them: one word for programs."""
_FINAL_EXITS = [64, 65, 66, 70, 73, 78]
"""Input, a file that fails its checks, a store or set-up that refuses: trying again at once changes nothing."""


@dataclass(frozen=True)
class TaskRef:
    """The ClipTask that Jobs belong to."""

    namespace: str
    name: str
    uid: str
    labels: Mapping[str, str] = field(default_factory=dict)
    output: str = ""
    """Where its videos go: a Job that writes to another place is another Job."""

    @property
    def owner(self) -> Manifest:
        """The reference that lets Kubernetes remove the Jobs with the task."""
        return {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": KIND,
            "name": self.name,
            "uid": self.uid,
            "controller": True,
            "blockOwnerDeletion": False,
        }


@dataclass(frozen=True)
class Unit:
    """What one Job makes."""

    step: Step
    segments: tuple[SegmentOrder, ...] = ()
    variants: tuple[NamedVariant, ...] = ()

    @cached_property
    def key(self) -> str:
        """SHA-256 of the content keys of all that it makes, and of the names that videos get."""
        keys = [each.key for each in self.segments]
        keys += [f"{each.name} {each.order.key}" for each in self.variants]
        return hashlib.sha256(" ".join([self.step, *keys]).encode()).hexdigest()

    @cached_property
    def parts(self) -> AbstractSet[str]:
        """Content keys of the segments and soundtracks that it makes where the cache lacks them."""
        tracks = (each.order.soundtrack for each in self.variants)
        segments = (part for each in self.variants for part in each.order.segments)
        return frozenset(part.key for part in (*self.segments, *segments, *filter(None, tracks)))

    def job_name(self, task: TaskRef) -> str:
        """The same for the same work of the same task, so that creating it twice is creating it once."""
        return f"{task.name}-{hashlib.sha256(f'{task.uid} {task.output} {self.key}'.encode()).hexdigest()[:_DIGITS]}"


@dataclass(frozen=True)
class Renderer:
    """What the installation decides of Jobs."""

    image: str
    requests: Amounts
    limits: Amounts
    pull_policy: str = "IfNotPresent"
    service_account: str = ""
    """Empty: the namespace's default, without its token either way."""
    scratch: str = "2Gi"
    """Most that a Job may write to its disk."""
    environment: Mapping[str, str] = field(default_factory=dict)
    pull_secrets: tuple[str, ...] = ()
    credentials_secret: str = ""
    """A Secret of the task's namespace with the bucket's credentials; empty: the pod's own identity has them."""
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ()
    priority_class: str = ""
    queue: str = ""
    """Kueue's LocalQueue of Jobs whose task names none."""


@dataclass(frozen=True)
class StoreUris:
    """Where a task's files lie."""

    cache: str
    output: str


def job(
    unit: Unit, task: TaskRef, execution: Execution, attempt: str, uris: StoreUris, renderer: Renderer
) -> Manifest:
    """The Job that does a unit's work. Pure: the same arguments give the same manifest, byte for byte."""
    labels = {TASK_LABEL: task.name, STEP_LABEL: unit.step}
    queue = {QUEUE_LABEL: renderer.queue} if renderer.queue else {}
    queue |= {name: task.labels[name] for name in (QUEUE_LABEL, PRIORITY_LABEL) if name in task.labels}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": unit.job_name(task),
            "namespace": task.namespace,
            "labels": labels | queue,
            "annotations": {ATTEMPT: attempt, MAKES: _makes(unit), **_QUIET},
            "ownerReferences": [task.owner],
        },
        "spec": {
            "backoffLimit": execution.backoff_limit,
            "activeDeadlineSeconds": execution.active_deadline_seconds,
            "ttlSecondsAfterFinished": execution.ttl_seconds_after_finished,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {
                "rules": [
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                    {
                        "action": "FailJob",
                        "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": _FINAL_EXITS},
                    },
                ]
            },
            "template": {
                "metadata": {
                    "labels": labels,
                    "annotations": {MAKES: _makes(unit), **_QUIET},
                },
                "spec": _pod(unit, task, execution, uris, renderer),
            },
        },
    }


def _pod(unit: Unit, task: TaskRef, execution: Execution, uris: StoreUris, renderer: Renderer) -> Manifest:
    order = WorkOrder(
        cache=uris.cache,
        output=uris.output,
        task=task.name,
        segments=unit.segments,
        variants=unit.variants,
    )
    environment = {
        **renderer.environment,
        "TMPDIR": _SCRATCH,
        "HOME": _SCRATCH,
        "CLIPTASK_ORDER": order.to_text(),
    }
    mounts = [{"name": "work", "mountPath": _SCRATCH}]
    volumes: list[Manifest] = [{"name": "work", "emptyDir": {"sizeLimit": renderer.scratch}}]
    if renderer.credentials_secret:
        environment["GOOGLE_APPLICATION_CREDENTIALS"] = f"{CREDENTIALS_FOLDER}/{CREDENTIALS_KEY}"
        mounts.append({"name": "credentials", "mountPath": CREDENTIALS_FOLDER})
        volumes.append({"name": "credentials", "secret": {"secretName": renderer.credentials_secret}})
    pod: Manifest = {
        "restartPolicy": "Never",
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": CONTAINER,
                "image": renderer.image,
                "imagePullPolicy": renderer.pull_policy,
                "env": [{"name": name, "value": value} for name, value in environment.items()],
                "resources": resources(execution, renderer),
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "terminationMessagePolicy": "FallbackToLogsOnError",
                "volumeMounts": mounts,
            }
        ],
        "volumes": volumes,
    }
    wishes: Manifest = {
        "serviceAccountName": renderer.service_account,
        "imagePullSecrets": [{"name": name} for name in renderer.pull_secrets],
        "nodeSelector": dict(renderer.node_selector),
        "tolerations": [dict(each) for each in renderer.tolerations],
        "priorityClassName": renderer.priority_class,
    }
    return pod | {name: wish for name, wish in wishes.items() if wish}


def resources(execution: Execution, renderer: Renderer) -> Manifest:
    """The task's wishes over the installation's defaults; a default never contradicts a wish."""
    wished, found = execution.resources, {}
    for kind in ("cpu", "memory"):
        request, limit = getattr(wished.requests, kind), getattr(wished.limits, kind)
        default, most = getattr(renderer.requests, kind), getattr(renderer.limits, kind)
        limit = limit or (most if request is None else _greater(most, request))
        found[kind] = (request or _lesser(default, limit), limit)
    return {
        "requests": {kind: request for kind, (request, _) in found.items()},
        "limits": {kind: limit for kind, (_, limit) in found.items()},
    }


def _lesser(one: str, other: str) -> str:
    return one if amount(one) <= amount(other) else other


def _greater(one: str, other: str) -> str:
    return one if amount(one) >= amount(other) else other


def _makes(unit: Unit) -> str:
    """For people who look at a Job or a pod."""
    return " ".join([*(each.name for each in unit.variants), *(each.key[:8] for each in unit.segments)])[
        :1000
    ]


@dataclass(frozen=True)
class JobFacts:
    """What the API says of a Job."""

    name: str
    state: Literal["active", "succeeded", "failed"]
    attempt: str = ""
    reason: str = ""
    """Of a failure, as the Job controller calls it."""
    message: str = ""
    deleting: bool = False
    suspended: bool = False
    """By whom it is for to say when it may run, such as Kueue."""


def facts(body: Mapping[str, Any]) -> JobFacts:
    """A Job's facts. One that is suspended, by Kueue for instance, is active: it will run."""
    metadata, status = body["metadata"], body.get("status") or {}
    ended = {each["type"]: each for each in status.get("conditions") or () if each.get("status") == "True"}
    failed = ended.get("Failed")
    state: Literal["active", "succeeded", "failed"] = "active"
    if "Complete" in ended:
        state = "succeeded"
    elif failed:
        state = "failed"
    return JobFacts(
        name=metadata["name"],
        state=state,
        attempt=(metadata.get("annotations") or {}).get(ATTEMPT, ""),
        reason=(failed or {}).get("reason") or "",
        message=(failed or {}).get("message") or "",
        deleting=bool(metadata.get("deletionTimestamp")),
        suspended=bool((body.get("spec") or {}).get("suspend")),
    )


def owner_uid(body: Mapping[str, Any]) -> str | None:
    """The UID of the ClipTask that a Job belongs to."""
    owners: Iterable[Mapping[str, Any]] = body["metadata"].get("ownerReferences") or ()
    return next((str(each["uid"]) for each in owners if each.get("kind") == KIND), None)


@dataclass(frozen=True)
class JobFailure:
    """Why a Job failed, for people and programs."""

    reason: str
    message: str
    failed: Mapping[str, str] = field(default_factory=dict)
    """Of several variants, those that could not be made."""

    def as_error(self) -> ClipTaskError:
        """For the index: an error with this reason."""
        error = ClipTaskError(self.message)
        error.reason = self.reason  # type: ignore[misc]  # of this one alone
        return error


def verdict(failed: JobFacts, pods: Iterable[Mapping[str, Any]], execution: Execution) -> JobFailure:
    """Make sense of a failed Job and of what its pods said last."""
    if failed.reason == "DeadlineExceeded":
        return JobFailure(
            "DeadlineExceeded",
            f"it ran past {execution.active_deadline_seconds} s: raise spec.execution.activeDeadlineSeconds, give it more CPU, "
            "or see with kubectl describe why its pod did not start",
        )
    ended = sorted((terminated(pod) for pod in pods), key=lambda each: str(each.get("finishedAt")))
    last: Mapping[str, Any] = next((each for each in reversed(ended) if each.get("exitCode")), {})
    return termination_failure(last, failed.message)


def termination_failure(ended: Mapping[str, Any], otherwise: str = "") -> JobFailure:
    """What a container that ``terminated`` with an error gave as the reason; ``otherwise`` where it said nothing."""
    said = str(ended.get("message") or "").strip()
    # The container's runtime may hear of the end before it hears why: then there is but the code of SIGKILL.
    if ended.get("reason") == "OOMKilled" or (ended.get("exitCode") == _KILLED and not said):
        return JobFailure(
            "OutOfMemory",
            "it needed more memory than its limit: raise spec.execution.resources.limits.memory",
        )
    try:
        report = WorkReport.model_validate_json(said)
    except ValidationError:
        report = WorkReport()
    if _REASON.fullmatch(report.reason):
        return JobFailure(report.reason, report.message, report.failed)
    words = said[-600:] or otherwise or "nothing is known of it"
    return JobFailure("RendererFailed", f"exit code {ended.get('exitCode', 'unknown')}: {words}")


def terminated(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """How the renderer in a pod ended; empty where it has not."""
    found: Mapping[str, Any] = container_state(pod).get("terminated") or {}
    return found


def container_state(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of the renderer: ``waiting``, ``running`` or ``terminated``, as the kubelet tells it; empty before it does."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return next((each.get("state") or {} for each in statuses if each.get("name") == CONTAINER), {})
