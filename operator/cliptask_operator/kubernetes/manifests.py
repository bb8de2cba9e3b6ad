"""What do Jobs look like? Manifests from values. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import Any

from cliptask.orders import WorkOrder
from cliptask.spec.execution import Amounts, Execution
from cliptask.spec.quantities import amount
from cliptask.spec.task import GROUP
from cliptask_operator.kubernetes.task_state import TaskRef

Manifest = dict[str, Any]

TASK_LABEL = f"{GROUP}/task"
STEP_LABEL = f"{GROUP}/step"
ATTEMPT = f"{GROUP}/attempt"
"""Annotation of a Job: for which generation and retry of the task it was created."""
SETTINGS = f"{GROUP}/settings"
"""Annotation of a Job: a digest of what task and installation decide of it, its work apart."""
MAKES = f"{GROUP}/makes"
"""Annotation of a Job and its pods: names of videos, beginnings of segments' keys."""
VIDEOS = f"{GROUP}/videos"
"""Annotation of a Job: how many videos it makes."""
PACKED = f"{GROUP}/packed"
"""Annotation of a Job: how many videos a Job makes at most, where that was not the task's choice. Others go by it."""
CARRIES = f"{GROUP}/carries"
"""Annotation of a Job that makes parts of packed videos: first digits of the keys of what it makes and joins, by which another operator
knows it again."""
CARRIED_DIGITS = 12
MORE_MEMORY = f"{GROUP}/more-memory"
"""Annotation of a Job that ran out of memory before: what it may use now."""
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
PRIORITY_LABEL = "kueue.x-k8s.io/priority-class"
CONTAINER = "renderer"
CREDENTIALS_FOLDER = "/credentials"
CREDENTIALS = {
    "GOOGLE_APPLICATION_CREDENTIALS": "key.json",
    "AWS_SHARED_CREDENTIALS_FILE": "aws-credentials",
    "CLIPTASK_AZURE_CONNECTION_STRING_FILE": "azure-connection-string",
}
"""Keys of the Secret, each a file, by the variable that names it to a cloud's library. None must be there."""
"""Of a Secret that holds a service account's key file."""

SECRETS_FOLDER = "/secrets"
"""In which a pod finds them; its order says so."""
SIGNER = "signer"
"""Volume of the Secret by which videos are signed: its certificate for every Job, which finds out at once whether there is one, its
key for those that sign."""

USER = 65532
"""Of nobody in particular; the images have it too."""
_SCRATCH = "/work"
_READABLE = 0o440
"""By the pod's user, whose group its volumes have."""
_QUIET = {"argocd.argoproj.io/ignore-resource-updates": "true"}
"""For Argo CD: only what changes the health of a Job or pod is worth a look at the application that has the task."""
_DIGITS = 12
"""Of a Job's name: with 8, one campaign of 10,000 videos in 86 had two Jobs of one name; 53 characters with the longest task's name, pods add 6 of 63."""
_MEMORY_ROOM = Decimal("1.25")
"""Of what such a thing took before: what is set aside for it."""
_LEAST_MEMORY = "128Mi"
"""That is set aside, however little such a thing took."""
_LIGHT = Amounts(cpu="100m", memory="256Mi")
"""The most that is set aside for what encodes no picture, where nobody says more: its second of work is not worth an encode's place."""
_MORE = Decimal("1.5")
_PATIENCE = 3
"""Times what such things took: on a busy node they take longer."""
_FINAL_EXITS = [64, 65, 66, 70, 73, 78]
"""Input, a file that fails its checks, a store or set-up that refuses: trying again at once changes nothing."""


@dataclass(frozen=True)
class Takes:
    """What a Job is expected to take, by what ran before. None: that is not known."""

    memory_bytes: int | None = None
    """At most at once."""
    seconds: float | None = None
    memory_limit: str = ""
    """Of a Job that ran out of memory: what it may use now."""
    encodes: bool = True
    """Pictures. Mixing and joining are next to nothing beside."""


UNKNOWN = Takes()


@dataclass(frozen=True)
class RendererSettings:
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
    """A Secret of the task's namespace with the buckets' credentials; empty: the pod's own identity has them."""
    node_selector: Mapping[str, str] = field(default_factory=dict)
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    """Of pods, beside those that tell whose they are: a cloud's workload identity asks for some."""
    tolerations: tuple[Mapping[str, Any], ...] = ()
    priority_class: str = ""
    most_memory: str = ""
    """The most that a Job may have; empty: there is no such bound."""
    queue: str = ""
    """Kueue's LocalQueue of Jobs whose task names none."""


def job_name(order: WorkOrder, task: TaskRef) -> str:
    """The same for the same work of the same task, so that creating it twice is creating it once.

    A Job that writes to another place is another Job.
    """
    digest = hashlib.sha256(f"{task.uid} {order.output} {order.key}".encode()).hexdigest()
    return f"{task.name}-{digest[:_DIGITS]}"


def job(  # noqa: PLR0913  each is an affair of its own
    order: WorkOrder,
    task: TaskRef,
    execution: Execution,
    attempt: str,
    renderer: RendererSettings,
    *,
    there: AbstractSet[str] = frozenset(),
    packed: int = 0,
    takes: Takes = UNKNOWN,
) -> Manifest:
    """The Job that carries out a work order. Pure: the same arguments give the same manifest, byte for byte.

    It is told nothing of those of its videos and parts that are ``there``, by their names and keys. ``packed``: so many videos a Job makes at
    most, where that was not the task's choice.
    """
    name, carries, order = job_name(order, task), _carries(order), order.without(there)
    labels = {TASK_LABEL: task.name, STEP_LABEL: order.step}
    annotations = {MAKES: _makes(order), **_QUIET}
    own = {ATTEMPT: attempt, SETTINGS: settings_of_jobs(task, execution, renderer, order.signer)}
    own |= {VIDEOS: str(len(order.variants))} | ({PACKED: str(packed)} if packed else {})
    own |= {CARRIES: carries} if carries else {}
    own |= {MORE_MEMORY: takes.memory_limit} if takes.memory_limit else {}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": task.namespace,
            "labels": labels | _queue(task, renderer),
            "annotations": own | annotations,
            "ownerReferences": [task.owner],
        },
        "spec": _patience(execution, takes)
        | {
            "template": {
                "metadata": {"labels": {**renderer.pod_labels, **labels}, "annotations": annotations},
                "spec": _pod(order.to_text(), execution, renderer, takes, _signer(order)),
            },
        },
    }


def settings_of_jobs(
    task: TaskRef, execution: Execution, renderer: RendererSettings, signer: str = ""
) -> str:
    """A digest of all that is the same for every Job of a task: one with another was made by other settings."""
    same = [_queue(task, renderer), _patience(execution), _pod("", execution, renderer)]
    same += [{SIGNER: signer}] if signer else []
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()[:_DIGITS]


def _queue(task: TaskRef, renderer: RendererSettings) -> dict[str, str]:
    queue = {QUEUE_LABEL: renderer.queue} if renderer.queue else {}
    return queue | {name: task.labels[name] for name in (QUEUE_LABEL, PRIORITY_LABEL) if name in task.labels}


def _patience(execution: Execution, takes: Takes = UNKNOWN) -> Manifest:
    """How long a Job tries, and when it gives up: not before what it does is expected to be done."""
    expected_s = ceil((takes.seconds or 0) * _PATIENCE)
    return {
        "backoffLimit": execution.backoff_limit,
        "activeDeadlineSeconds": max(execution.active_deadline_seconds, expected_s),
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
    }


def _signer(order: WorkOrder) -> Manifest | None:
    """The volume with what signs."""
    if not order.signer:
        return None
    keys = ["tls.crt", *(["tls.key"] if order.variants else [])]
    items = [{"key": each, "path": f"{order.signer}/{each}"} for each in keys]
    return {"name": SIGNER, "secret": {"secretName": order.signer, "items": items, "defaultMode": _READABLE}}


def _pod(
    order: str,
    execution: Execution,
    renderer: RendererSettings,
    takes: Takes = UNKNOWN,
    signer: Manifest | None = None,
) -> Manifest:
    environment = {
        **renderer.environment,
        "TMPDIR": _SCRATCH,
        "HOME": _SCRATCH,
        "CLIPTASK_ORDER": order,
    }
    mounts: list[Manifest] = [{"name": "work", "mountPath": _SCRATCH}]
    volumes: list[Manifest] = [{"name": "work", "emptyDir": {"sizeLimit": renderer.scratch}}]
    if renderer.credentials_secret:
        environment |= {name: f"{CREDENTIALS_FOLDER}/{key}" for name, key in CREDENTIALS.items()}
        mounts.append({"name": "credentials", "mountPath": CREDENTIALS_FOLDER})
        volumes.append({"name": "credentials", "secret": {"secretName": renderer.credentials_secret}})
    if signer:
        mounts.append({"name": SIGNER, "mountPath": SECRETS_FOLDER, "readOnly": True})
        volumes.append(signer)
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
                "resources": resources(execution, renderer, takes),
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


def resources(execution: Execution, renderer: RendererSettings, takes: Takes = UNKNOWN) -> Manifest:
    """The task's wishes over what is known, and that over the installation's defaults; neither contradicts a wish.

    What a thing like this took before is its request; where that is not known, the installation's, of which a Job that encodes
    nothing needs little. The installation's limit is the least that it may use, and ``most_memory`` the most.
    """
    wished, found = execution.resources, {}
    for kind in ("cpu", "memory"):
        request, limit = getattr(wished.requests, kind), getattr(wished.limits, kind)
        default, most = getattr(renderer.requests, kind), getattr(renderer.limits, kind)
        if not takes.encodes:
            default = min(default, getattr(_LIGHT, kind), key=amount)
        if kind == "memory":
            default, most = _memory(default, most, renderer.most_memory, takes)
        limit = limit or (most if request is None else max(most, request, key=amount))
        found[kind] = (request or min(default, limit, key=amount), limit)
    return {
        "requests": {kind: request for kind, (request, _) in found.items()},
        "limits": {kind: limit for kind, (_, limit) in found.items()},
    }


def _memory(request: str, limit: str, most: str, takes: Takes) -> tuple[str, str]:
    """Request and limit, where a task wishes for none."""
    if takes.memory_bytes is not None:
        needed = _in_mebibytes(takes.memory_bytes * _MEMORY_ROOM)
        request, limit = max(needed, _LEAST_MEMORY, key=amount), max(needed, limit, key=amount)
    limit = takes.memory_limit or limit
    return request, min(limit, most, key=amount) if most else limit


def more_memory(limit: str, most: str) -> str:
    """Half as much again as a Job ran out of, ``most`` (empty: no bound) at the most; empty where that is no more."""
    more = _in_mebibytes(amount(limit) * _MORE)
    more = min(more, most, key=amount) if most else more
    return more if amount(more) > amount(limit) else ""


def _in_mebibytes(size_bytes: Decimal) -> str:
    mebibytes = ceil(size_bytes / 2**20)
    return f"{mebibytes}Mi" if mebibytes % 1024 else f"{mebibytes // 1024}Gi"


def _carries(order: WorkOrder) -> str:
    keys = [*order.own_parts, *(video.order.key for video in order.joins)]
    return " ".join(key[:CARRIED_DIGITS] for key in keys)


def _makes(order: WorkOrder) -> str:
    """For people who look at a Job or a pod."""
    parts = (part.key[:8] for part in (*order.segments, *order.soundtracks))
    return " ".join([*(variant.name for variant in order.variants), *parts])[:1000]
