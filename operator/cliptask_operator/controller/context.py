"""What do all tasks of an operator share? One of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cliptask_operator.campaign.pipeline import Pipeline
from cliptask_operator.campaign.stores import Stores
from cliptask_operator.concurrency.fair_semaphore import FairSemaphore
from cliptask_operator.controller.artifact_leases import CacheLeases
from cliptask_operator.controller.job_cache import JobCache
from cliptask_operator.controller.ledger import Ledger
from cliptask_operator.controller.metrics import Metrics
from cliptask_operator.controller.notifier import Notifier
from cliptask_operator.kubernetes.cluster import Cluster
from cliptask_operator.settings.operator import OperatorSettings


@dataclass(frozen=True)
class Timing:
    """How patient the controller is, in seconds. Tests are less so."""

    resync_s: float = 15.0
    """Between passes when nothing happens; then the Jobs are listed, in case a watch has fallen silent."""
    relist_s: float = 120.0
    """Between listings of the Jobs when much happens, for what a watch did not say."""
    debounce_s: float = 0.1
    """Events of this time are taken in together."""
    start_s: float = 8.0
    """Until it is asked why a Job does not start, and between two such questions: its task says so within 20 s."""
    quota_s: float = 1.0
    """Until a quota knows of the room that a deletion makes."""
    status_s: float = 1.0
    """Between two writes of one task's status."""
    first_backoff_s: float = 2.0
    """Before an attempt that met something temporary goes on; doubled each time, up to ``longest_backoff_s``."""
    longest_backoff_s: float = 30.0


@dataclass(frozen=True)
class Context:
    """All that is handed down."""

    cluster: Cluster
    job_cache: JobCache
    leases: CacheLeases
    pipeline: Pipeline
    settings: OperatorSettings
    metrics: Metrics
    notifier: Notifier
    ledger: Ledger
    job_creation: FairSemaphore
    """Who may create a Job: the first Job of a task never waits for the hundredth of another."""
    open_stores: Callable[[str, str | None], Stores]
    """Of an output's URI and, if all tasks share one, the cache's."""
    clock: Callable[[], float]
    """Seconds, monotonic."""
    timing: Timing = Timing()
