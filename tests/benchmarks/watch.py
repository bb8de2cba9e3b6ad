"""What does a tree of processes take while something runs? Its memory, its time, and that of its processors."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import psutil

INTERVAL_S = 0.1


class Watch:
    """Measures what happens inside ``with``: ``wall_s``, and the peak memory of this process' descendants.

    Memory is the sum of their resident sets, ten times a second; what two of them share is counted twice. This
    process itself is not counted.
    """

    def __init__(self) -> None:
        self.wall_s = 0.0
        self.peak_rss_bytes = 0
        self._ended = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._sampler.start()
        self._begun = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wall_s = time.perf_counter() - self._begun
        self._ended.set()
        self._sampler.join()

    def _sample(self) -> None:
        own = psutil.Process(os.getpid())
        while not self._ended.is_set():
            total = 0
            for process in own.children(recursive=True):
                try:
                    total += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.peak_rss_bytes = max(self.peak_rss_bytes, total)
            self._ended.wait(INTERVAL_S)


def cpu_s(do: Callable[[], object]) -> float:
    """Of the processes that it begins and waits for, and of theirs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    do()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
