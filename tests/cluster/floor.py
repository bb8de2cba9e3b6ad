"""Who works beside whom? Pods that stay at work until a test tells each how to go on."""

from __future__ import annotations

import threading

from cliptask.orders import WorkOrder
from cluster import outcomes
from cluster.api import Document
from cluster.bed import Bed
from cluster.outcomes import Outcome

_PATIENCE_S = 60


class Floor:
    """Pods by name. No two may do the same work at a time. Close it before the bed, which waits for them."""

    def __init__(self, bed: Bed) -> None:
        self._changed = threading.Condition()
        self._closed = False
        self._told: dict[str, Outcome | None] = {}
        self._at_work: dict[str, WorkOrder] = {}
        self.most = 0
        """At once, so far."""
        bed.renderers.judge = self._judge

    def wait(self, task: str, count: int) -> set[str]:
        """Until so many pods of a task are at work; returns which."""
        with self._changed:
            come = self._changed.wait_for(lambda: len(self._of(task)) == count, timeout=_PATIENCE_S)
            assert come, f"{len(self._of(task))} pods of {task} at work, not {count}"
            return self._of(task)

    def finish(self, *pods: str) -> None:
        """Let pods make what they promise."""
        self._tell(dict.fromkeys(pods))

    def abandon(self, *pods: str) -> None:
        """These were ended by the cluster, and make nothing."""
        self._tell(dict.fromkeys(pods, outcomes.hang()))

    def close(self) -> None:
        """Nobody is told anything any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _of(self, task: str) -> set[str]:
        return {name for name, order in self._at_work.items() if order.task == task}

    def _tell(self, what: dict[str, Outcome | None]) -> None:
        with self._changed:
            self._told |= what
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: what.keys().isdisjoint(self._at_work), timeout=_PATIENCE_S)

    def _judge(self, order: WorkOrder, pod: Document) -> Outcome | None:
        name = pod["metadata"]["name"]
        with self._changed:
            assert order not in self._at_work.values(), "the same work twice at the same time"
            self._at_work[name] = order
            self.most = max(self.most, len(self._at_work))
            self._changed.notify_all()
            self._changed.wait_for(lambda: name in self._told or self._closed)
            del self._at_work[name]
            self._changed.notify_all()
            return self._told.get(name, outcomes.hang())
