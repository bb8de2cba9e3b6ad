"""What does the controller need of a Kubernetes cluster? A port of a dozen verbs; the client is its adapter, tests have a fake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from cliptask.errors import ClipTaskError, SetupError
from cliptask_operator.kubernetes.manifests import Manifest
from cliptask_operator.kubernetes.task_state import TaskRef


class AlreadyExists(ClipTaskError):
    """An object of the name exists."""

    reason = "AlreadyExists"


class QuotaFull(SetupError):
    """A ResourceQuota has no room for an object."""

    reason = "QuotaExceeded"


class Cluster(Protocol):
    """Jobs, pods, Secrets and statuses of ClipTasks.

    Every method raises ``TransientError`` where the API does not answer to the end of all attempts, ``SetupError`` where
    it forbids, ``InvalidTask`` for what it refuses.
    """

    async def create_job(self, manifest: Manifest) -> None:
        """Create a Job. Raises ``AlreadyExists`` where the name is taken, ``QuotaFull`` where a quota has no room."""

    async def delete_job(self, namespace: str, name: str) -> None:
        """Delete a Job and its pods; nothing happens where there is none."""

    async def jobs(self, task: TaskRef) -> list[Manifest]:
        """The task's Jobs, those of an earlier task of the same name included."""

    async def failed_pods(self, task: TaskRef) -> list[Manifest]:
        """The task's pods that failed and are still there."""

    async def pending_pods(self, task: TaskRef, most: int) -> list[Manifest]:
        """Some of the task's pods that have not started."""

    async def warnings(self, namespace: str, name: str) -> list[Manifest]:
        """The warnings that Kubernetes has posted about a Job or a pod."""

    async def is_going(self, namespace: str) -> bool:
        """Whether a namespace is being deleted."""

    async def release(self, task: TaskRef, finalizers: Sequence[str]) -> None:
        """Leave a task these finalizers alone; nothing happens where it is gone."""

    async def secret(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """What a Secret holds; None where there is none."""

    async def config_map(self, name: str) -> tuple[Mapping[str, str], str] | None:
        """What a ConfigMap beside the operator holds, and its version; None where there is none."""

    async def write_config_map(self, name: str, data: Mapping[str, str], version: str) -> bool:
        """Replace some of what it holds; False where it is of another version."""

    async def patch_status(
        self, task: TaskRef, status: Mapping[str, Any], version: str | None = None
    ) -> bool:
        """Write into a task's status; False where the task is gone, or is of another version than the one given."""
