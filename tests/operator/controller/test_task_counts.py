from __future__ import annotations

from typing import Any

from cliptask_operator.controller.task_counts import TaskCounts, count_tasks


def told(phase: str, reason: str, **counts: int) -> dict[str, Any]:
    """A task whose status says so."""
    status = {"phase": phase, "conditions": [{"type": "Complete", "reason": reason}], **counts}
    return {"metadata": {"name": "t", "namespace": "ads", "uid": "u"}, "status": status}


def test_tasks_are_counted_as_their_statuses_tell_of_them() -> None:
    """An alert would go off for what has ended, or nobody would hear of what is held up."""
    bodies = [
        {"metadata": {"name": "t", "namespace": "ads", "uid": "u"}},
        told("Fetching", "Unavailable", variants=8),
        told("Rendering", "Rendering", variants=9, succeeded=3, failed=1),
        told("Rendering", "Misconfigured", variants=2, succeeded=1),
        told("Suspended", "Suspended", variants=100),
        told("Failed", "VariantsFailed", variants=7, succeeded=2),
        told("Complete", "CompleteWithSkips", variants=7, succeeded=7),
    ]

    assert count_tasks(bodies) == TaskCounts(
        phases={"Pending": 1, "Fetching": 1, "Rendering": 2, "Suspended": 1, "Failed": 1, "Complete": 1},
        blocked={"Unavailable": 1, "Misconfigured": 1},
        videos_pending=8 + 5 + 1,
    )
