"""What has become of a Job? From what the API says of it and of its pods to facts, and to why it failed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import ValidationError

from cliptask.errors import ClipTaskError
from cliptask.orders import WorkReport
from cliptask.spec.execution import Execution
from cliptask.spec.task import KIND
from cliptask_operator.kubernetes.manifests import (
    ATTEMPT,
    CARRIES,
    CONTAINER,
    MORE_MEMORY,
    PACKED,
    SETTINGS,
    VIDEOS,
)

OUT_OF_MEMORY = "OutOfMemory"
_KILLED = 137
"""128 + SIGKILL."""
_OWN_DISK = re.compile(
    "Usage of EmptyDir volume|local ephemeral storage limit|Pod ephemeral local storage usage"
)
"""How the kubelet begins, or words, the evictions for a limit of the pod's own."""
_REASON = re.compile("[A-Za-z]{1,64}")
"""As conditions have them: one word for programs."""


State = Literal["active", "succeeded", "failed"]


@dataclass(frozen=True)
class JobFacts:
    """What the API says of a Job."""

    name: str
    state: State
    attempt: str = ""
    reason: str = ""
    """Of a failure, as the Job controller calls it."""
    message: str = ""
    deleting: bool = False
    suspended: bool = False
    """Whoever admits Jobs, such as Kueue, does not let it run yet."""
    started: bool = False
    """One of its pods runs, or has run."""
    settings: str = ""
    """What it was made with, as a digest."""
    namespace: str = ""
    videos: int = 0
    """How many it makes."""
    packed: int = 0
    """How many a Job makes at most, where that was not the task's choice."""
    took_s: float | None = None
    """From its start to its success, in whole seconds."""
    deadline_s: int | None = None
    """How long it may take."""
    memory_limit: str = ""
    """How much memory it may use."""
    carries: frozenset[str] = frozenset()
    """First digits of the keys of all that it makes and joins, where Jobs are packed."""
    is_second_try: bool = False
    """It ran out of memory before, and has more now."""
    uid: str = ""
    """Empty until the API has told of it."""
    made: bool = False
    """It is active, but its renderer has ended and said that it made everything: the API says so of the Job later."""

    @property
    def is_at_work(self) -> bool:
        """It runs, or waits to."""
        return self.state == "active" and not self.made

    @property
    def has_succeeded(self) -> bool:
        """What it was to make is there, by its own word."""
        return self.state == "succeeded" or self.made

    @property
    def is_ending(self) -> bool:
        """Its pod has ended, and counts in quotas until the API says so."""
        return self.made and not self.deleting


def facts(body: Mapping[str, Any]) -> JobFacts:
    """A Job's facts. One that is suspended, by Kueue for instance, is active: it will run."""
    metadata, status, spec = body["metadata"], body.get("status") or {}, body.get("spec") or {}
    annotations = metadata.get("annotations") or {}
    ended = {each["type"]: each for each in status.get("conditions") or () if each.get("status") == "True"}
    failed = ended.get("Failed")
    state: State = "succeeded" if "Complete" in ended else "failed" if failed else "active"
    return JobFacts(
        name=metadata["name"],
        state=state,
        attempt=annotations.get(ATTEMPT, ""),
        reason=(failed or {}).get("reason") or "",
        message=(failed or {}).get("message") or "",
        deleting=bool(metadata.get("deletionTimestamp")),
        suspended=bool(spec.get("suspend")),
        started=any(status.get(each) for each in ("ready", "succeeded", "failed")),
        settings=annotations.get(SETTINGS, ""),
        namespace=metadata.get("namespace", ""),
        videos=_count(annotations.get(VIDEOS)),
        packed=_count(annotations.get(PACKED)),
        took_s=_took_s(status),
        deadline_s=spec.get("activeDeadlineSeconds"),
        memory_limit=_memory_limit(spec),
        carries=frozenset(annotations.get(CARRIES, "").split()),
        is_second_try=MORE_MEMORY in annotations,
        uid=metadata.get("uid", ""),
        made=state == "active" and _is_made(status),
    )


def _is_made(status: Mapping[str, Any]) -> bool:
    """Its pod has succeeded, and is only to be counted."""
    uncounted = status.get("uncountedTerminatedPods") or {}
    return bool(status.get("succeeded") or uncounted.get("succeeded"))


def _memory_limit(spec: Mapping[str, Any]) -> str:
    containers = spec.get("template", {}).get("spec", {}).get("containers") or ()
    resources = (each.get("resources") or {} for each in containers if each["name"] == CONTAINER)
    limits: Mapping[str, str] = next(resources, {}).get("limits") or {}
    return limits.get("memory", "")


def _count(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def _took_s(status: Mapping[str, Any]) -> float | None:
    try:
        began, ended = map(datetime.fromisoformat, (status["startTime"], status["completionTime"]))
    except (KeyError, TypeError, ValueError):
        return None
    return (ended - began).total_seconds()


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
    """Of several things, those that could not be made, as of a ``WorkReport``."""

    def of(self, thing: str) -> JobFailure:
        """Why a variant, by its name, or a part, by its key, could not be made."""
        return JobFailure(self.reason, self.failed.get(thing, self.message))

    def as_error(self) -> ClipTaskError:
        """For the index: an error with this reason."""
        error = ClipTaskError(self.message)
        error.reason = self.reason  # type: ignore[misc]  # of this one alone
        return error


def failure_of(failed: JobFacts, pods: Iterable[Mapping[str, Any]], execution: Execution) -> JobFailure:
    """Make sense of a failed Job and of what its pods said last."""
    if failed.reason == "DeadlineExceeded":
        return JobFailure(
            "DeadlineExceeded",
            f"it ran past {failed.deadline_s or execution.active_deadline_seconds} s: raise spec.execution.activeDeadlineSeconds, give it more CPU, "
            "or see with kubectl describe why its pod did not start",
        )
    if any(map(_has_filled_its_scratch, pods := tuple(pods))):
        return JobFailure(
            "ScratchFull",
            "it wrote more to its disk than the installation gives: raise renderer.scratch (CLIPTASK_RENDERER_SCRATCH), "
            "or make its sources smaller",
        )
    ended = sorted((terminated(pod) for pod in pods), key=lambda each: str(each.get("finishedAt")))
    last: Mapping[str, Any] = next((each for each in reversed(ended) if each.get("exitCode")), {})
    return termination_failure(last, failed.message, failed.memory_limit)


def _has_filled_its_scratch(pod: Mapping[str, Any]) -> bool:
    """Whether the kubelet has evicted a pod for what it wrote itself, and not for what its node lacks."""
    status = pod.get("status") or {}
    return status.get("reason") == "Evicted" and _OWN_DISK.search(status.get("message") or "") is not None


def termination_failure(ended: Mapping[str, Any], otherwise: str = "", memory_limit: str = "") -> JobFailure:
    """What a container that ``terminated`` with an error gave as the reason; ``otherwise`` where it said nothing."""
    said = str(ended.get("message") or "").strip()
    # The container's runtime may hear of the end before it hears why: then there is but the code of SIGKILL.
    if ended.get("reason") == "OOMKilled" or (ended.get("exitCode") == _KILLED and not said):
        return JobFailure(
            OUT_OF_MEMORY,
            f"it needed more memory than its limit{f' of {memory_limit}' if memory_limit else ''}: "
            "raise spec.execution.resources.limits.memory",
        )
    try:
        report = WorkReport.model_validate_json(said)
    except ValidationError:
        report = WorkReport()
    if _REASON.fullmatch(report.reason):
        return JobFailure(report.reason, report.message, report.failed)
    words = said[-600:] or otherwise or "nothing is known of it"
    return JobFailure("RendererFailed", f"exit code {ended.get('exitCode', 'unknown')}: {words}")


def job_made_by(pod: Mapping[str, Any]) -> tuple[str, str] | None:
    """Name and UID of the Job whose renderer has made everything in this pod; None where it has not, or not yet.

    The kubelet says so of the container before the pod has succeeded, and its Job after that.
    """
    if terminated(pod).get("exitCode") != 0:
        return None
    owners: Iterable[Mapping[str, Any]] = pod["metadata"].get("ownerReferences") or ()
    return next(((str(each["name"]), str(each["uid"])) for each in owners if each.get("kind") == "Job"), None)


def terminated(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """How the renderer in a pod ended; empty where it has not."""
    found: Mapping[str, Any] = container_state(pod).get("terminated") or {}
    return found


def container_state(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of the renderer: ``waiting``, ``running`` or ``terminated``, as the kubelet tells it; empty before it does."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return next((each.get("state") or {} for each in statuses if each.get("name") == CONTAINER), {})
