"""What do all tasks of an operator work with? One of each, shared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cliptask_operator.campaign.inputs import InputResolver
from cliptask_operator.concurrency.fair_semaphore import FairSemaphore
from cliptask_operator.concurrency.rate_limiter import RateLimiter
from cliptask_operator.concurrency.single_flight import SingleFlight
from cliptask_operator.controller.artifact_leases import CacheLeases
from cliptask_operator.controller.job_cache import JobCache
from cliptask_operator.controller.metrics import Metrics
from cliptask_operator.kubernetes.client import Cluster
from cliptask_operator.settings.operator import OperatorSettings


@dataclass(frozen=True)
class Context:
    """All that is handed down."""

    cluster: Cluster
    book: JobCache
    shelves: CacheLeases
    listings: SingleFlight[frozenset[str]]
    """Of caches, by their URIs."""
    gatherer: InputResolver
    settings: OperatorSettings
    metrics: Metrics
    turns: FairSemaphore
    """TaskQuery turn it is to create a Job: the first Job of a task never waits for the hundredth of another."""
    creations: RateLimiter
    """When the next may be created."""
    clock: Callable[[], float]
    """Seconds, monotonic."""
