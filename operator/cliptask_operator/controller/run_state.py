"""What does a running task know? All of it in one place; what the cluster and the stores would tell again may be lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from cliptask.errors import ClipTaskError
from cliptask_operator.controller.status_snapshot import PENDING, StatusSnapshot
from cliptask_operator.kubernetes.job_status import JobFailure


@dataclass
class RunState:
    """One attempt at one task."""

    snapshot: StatusSnapshot = PENDING
    """Where it is, as was reported last."""
    videos: AbstractSet[str] = frozenset()
    """Names of the videos that are there: that were listed, or that Jobs say they made since."""
    credited_jobs: AbstractSet[str] = frozenset()
    """Names of Jobs whose success is taken into ``videos``."""
    failures: dict[str, JobFailure] = field(default_factory=dict)
    """Why Jobs failed for good, by their names. Lost with the operator: what failed is tried once more then."""
    more_memory: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By the names of Jobs: how much memory they ran out of, and how much they get instead. Lost with the operator, too."""
    packed: int = 0
    """How many videos a Job makes at most, once that was chosen for the task."""
    false_successes: Counter[str] = field(default_factory=Counter)
    """How often a Job of this name succeeded and left nothing."""
    paused_until: dict[str, float] = field(default_factory=dict)
    """By the clock, when a Job of this name may be created again."""
    blocking_error: ClipTaskError | None = None
    """What an administrator has to mend before Jobs can succeed."""
