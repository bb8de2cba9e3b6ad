"""Which of a task's pods are worth reading, and what stands above what each has printed? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cliptask.spec.status import shortened
from cliptask_operator.kubernetes.job_status import container_state, terminated, termination_failure
from cliptask_operator.kubernetes.manifests import MAKES, STEP_LABEL

_WORDS = 240
"""Of the reason; the log below has all of it."""
_STARTS = frozenset({"ContainerCreating", "PodInitializing"})
"""Reasons to wait that pass by themselves."""


@dataclass(frozen=True)
class PodLog:
    """A pod, as somebody wants to know it who looks for what went wrong."""

    pod: str
    makes: str
    """``video NAME`` or ``segment KEY``."""
    state: str
    failed: bool
    has_log: bool

    @property
    def title(self) -> str:
        """One line."""
        return f"{self.makes} · {self.state} · pod {self.pod}"


def pod_logs(pods: Iterable[Mapping[str, Any]], *, failed: bool) -> tuple[PodLog, ...]:
    """In order of creation; only those that ``failed`` or cannot start, or all of them."""
    ordered = sorted(
        pods, key=lambda pod: (str(pod["metadata"].get("creationTimestamp")), pod["metadata"]["name"])
    )
    found = (_speaker(pod) for pod in ordered)
    return tuple(each for each in found if each.failed or not failed)


def _speaker(pod: Mapping[str, Any]) -> PodLog:
    metadata = pod["metadata"]
    state, trouble = _state(pod)
    step = {"variant": "video"}.get(metadata["labels"].get(STEP_LABEL), "segment")
    makes = (metadata.get("annotations") or {}).get(MAKES, "")
    return PodLog(
        pod=metadata["name"],
        makes=f"{step} {makes}".strip(),
        state=state,
        failed=trouble,
        has_log=bool({"running", "terminated"} & container_state(pod).keys()),
    )


def _state(pod: Mapping[str, Any]) -> tuple[str, bool]:
    """In words, and whether somebody should look."""
    ended, waiting = terminated(pod), container_state(pod).get("waiting") or {}
    status = pod.get("status") or {}
    if ended.get("exitCode"):
        words = termination_failure(ended)
        return f"failed: {words.reason}: {shortened(words.message, _WORDS)}", True
    if status.get("phase") == "Failed":  # evicted before it began, or lost with its node
        return _words("failed", status), True
    if ended:
        return "succeeded", False
    if waiting.get("reason") and waiting["reason"] not in _STARTS:
        return _words("cannot start", waiting), True
    for each in status.get("conditions") or ():
        if (each["type"], each["status"]) == ("PodScheduled", "False"):
            return _words("waits for a node", each), False
    return ("runs" if "running" in container_state(pod) else "starts"), False


def _words(what: str, said: Mapping[str, Any]) -> str:
    return ": ".join(filter(None, (what, said.get("reason"), said.get("message"))))
