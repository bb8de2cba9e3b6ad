"""What does a ClipTask of the cluster ask for, and what has its operator told of it? Pure: from the object that the API has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from cliptask.spec.status import ClipTaskStatus
from cliptask.spec.task import GROUP, KIND, VERSION

RETRY = f"{GROUP}/retry"
"""Annotation: with another value, what failed is tried again."""
FINALIZER = f"{GROUP}/operator"
"""Of a task that prunes: it goes once its videos are removed."""
LET_GO = f"{GROUP}/let-go"
"""Annotation: with another value than an operator has found, that no longer holds the task by its finalizer."""
FINAL_PHASES = frozenset({"Complete", "Failed"})
_MOST_RETRY = 256
"""Characters of the annotation that count: the status holds no more."""


@dataclass(frozen=True)
class TaskRef:
    """A ClipTask, as its Jobs and its status know it."""

    namespace: str
    name: str
    uid: str
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> dict[str, Any]:
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
class Attempt:
    """What a task is worked on for: a generation of its spec, and a value of its retry annotation."""

    generation: int
    retry: str = ""

    @property
    def name(self) -> str:
        """For annotations of Jobs."""
        return f"{self.generation}/{self.retry}"


def ref_of(body: Mapping[str, Any]) -> TaskRef:
    """Which task this is."""
    metadata = body["metadata"]
    return TaskRef(
        metadata["namespace"], metadata["name"], metadata["uid"], dict(metadata.get("labels") or {})
    )


def attempt_of(body: Mapping[str, Any]) -> Attempt:
    """What a task asks for now."""
    metadata = body["metadata"]
    retry = str((metadata.get("annotations") or {}).get(RETRY, ""))
    return Attempt(metadata.get("generation", 0), retry[:_MOST_RETRY])


def prunes(body: Mapping[str, Any]) -> bool:
    """Whether a task asks for its videos to be removed with it."""
    return bool(((body.get("spec") or {}).get("output") or {}).get("prune"))


def let_go_of(body: Mapping[str, Any]) -> str:
    """When somebody has let a task go; empty where nobody has."""
    return str((body["metadata"].get("annotations") or {}).get(LET_GO, ""))


def finalizers_of(body: Mapping[str, Any]) -> Sequence[str]:
    """What must be done before a task goes."""
    return body["metadata"].get("finalizers") or ()


def status_of(body: Mapping[str, Any]) -> ClipTaskStatus:
    """The status as it was last written; an empty one where it cannot be read."""
    try:
        return ClipTaskStatus.model_validate(body.get("status") or {})
    except ValidationError:
        return ClipTaskStatus()


def is_observed(body: Mapping[str, Any]) -> bool:
    """Whether the status is of what the task asks for now, and not of an earlier edit or retry."""
    status = status_of(body)
    return Attempt(status.observed_generation, status.observed_retry) == attempt_of(body)


def is_finished(body: Mapping[str, Any]) -> bool:
    """Whether nothing is left to do for what the task asks for now. A refused task is not: the installation may change."""
    true = {condition.type for condition in status_of(body).conditions if condition.status == "True"}
    return is_observed(body) and "Accepted" in true and bool(true & FINAL_PHASES)


def is_at_rest(body: Mapping[str, Any]) -> bool:
    """Whether nothing more happens until somebody does something: it has ended, is refused or suspended."""
    return is_observed(body) and status_of(body).phase in {*FINAL_PHASES, "Suspended"}
