"""How many tasks are in which phase, what holds up how many, how many videos are missing? Pure: from their statuses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cliptask.spec.status import PHASES
from cliptask_operator.kubernetes.task_state import FINAL_PHASES


@dataclass(frozen=True)
class TaskCounts:
    """All tasks that there are, counted."""

    phases: Mapping[str, int] = field(default_factory=dict)
    blocked: Mapping[str, int] = field(default_factory=dict)
    """Tasks that something holds up, by reason."""
    videos_pending: int = 0
    """Videos that tasks at work still lack."""


def count_tasks(bodies: Iterable[Mapping[str, Any]]) -> TaskCounts:
    """Count tasks as their statuses tell of them."""
    phases, blocked, videos_pending = Counter[str](), Counter[str](), 0
    for body in bodies:
        status: Mapping[str, Any] = body.get("status") or {}
        phase = status.get("phase") or "Pending"
        phases[phase] += 1
        if phase in FINAL_PHASES:
            continue
        if phase != "Suspended":
            wanted, succeeded, failed = (
                status.get(name) or 0 for name in ("variants", "succeeded", "failed")
            )
            videos_pending += wanted - succeeded - failed
        conditions = status.get("conditions") or ()
        reason = next((each.get("reason") for each in conditions if each.get("type") == "Complete"), "")
        # Nothing holds up a task whose reason is its phase.
        if reason and reason not in PHASES:
            blocked[reason] += 1
    return TaskCounts(phases, blocked, videos_pending)
