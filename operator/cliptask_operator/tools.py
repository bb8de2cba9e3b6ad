"""What do all tasks of an operator work with? One of each, shared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cliptask_operator.cluster import Cluster
from cliptask_operator.flights import Flights
from cliptask_operator.job_book import JobBook
from cliptask_operator.limiter import Limiter
from cliptask_operator.metrics import Metrics
from cliptask_operator.operator_settings import OperatorSettings
from cliptask_operator.shelf import Shelves
from cliptask_operator.sources import Gatherer
from cliptask_operator.turns import Turns


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
