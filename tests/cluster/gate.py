"""When may a pod end? When a test opens the gate for it."""

from __future__ import annotations

import threading
from collections import defaultdict

from cliptask.orders import WorkOrder
from cluster.api import Document
from cluster.bed import Bed
from cluster.outcomes import Outcome


class Gate:
    """Pods that end one by one, when told to; knows which Jobs did which work."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed
        self._turns = threading.Semaphore(0)
        self.jobs: dict[str, set[str]] = defaultdict(set)
        """UIDs of the Jobs that had the same order."""
        bed.renderers.judge = self._judge

    def open(self, turns: int = 10_000) -> None:
        """Let so many more pods do their work."""
        self._turns.release(turns)

    def _judge(self, order: WorkOrder, pod: Document) -> Outcome | None:
        self.jobs[order.to_text()].add(pod["metadata"]["ownerReferences"][0]["uid"])
        assert self._turns.acquire(timeout=240)
        return None
