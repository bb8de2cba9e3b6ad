"""What do all tasks of an operator work with? One of each, shared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cliptask_operator.cluster import Cluster
from cliptask_operator.job_book import JobBook
from cliptask_operator.limiter import Limiter
from cliptask_operator.metrics import Metrics
from cliptask_operator.operator_settings import OperatorSettings
from cliptask_operator.shelf import Shelves
from cliptask_operator.sources import Gatherer


@dataclass(frozen=True)
class Tools:
    """All that is handed down."""

    cluster: Cluster
    book: JobBook
    shelves: Shelves
    gatherer: Gatherer
    settings: OperatorSettings
    metrics: Metrics
    creations: Limiter
    """Whose turn it is to create a Job."""
    clock: Callable[[], float]
    """Seconds, monotonic."""
