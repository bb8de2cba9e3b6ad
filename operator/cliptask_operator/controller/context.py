"""What do all tasks of an operator work with? One of each, shared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cliptask_operator.campaign.inputs import Gatherer
from cliptask_operator.concurrency.fair_semaphore import Turns
from cliptask_operator.concurrency.rate_limiter import Limiter
from cliptask_operator.concurrency.single_flight import Flights
from cliptask_operator.controller.artifact_leases import Shelves
from cliptask_operator.controller.job_cache import JobBook
from cliptask_operator.controller.metrics import Metrics
from cliptask_operator.kubernetes.client import Cluster
from cliptask_operator.settings.operator import OperatorSettings


@dataclass(frozen=True)
class Tools:
    """All that is handed down."""

    cluster: Cluster
    book: JobBook
    shelves: Shelves
    listings: Flights[frozenset[str]]
    """Of caches, by their URIs."""
    gatherer: Gatherer
    settings: OperatorSettings
    metrics: Metrics
    turns: Turns
    """Whose turn it is to create a Job: the first Job of a task never waits for the hundredth of another."""
    creations: Limiter
    """When the next may be created."""
    clock: Callable[[], float]
    """Seconds, monotonic."""
