"""When may the next one begin? A token bucket."""

from __future__ import annotations

import time
from collections.abc import Callable


class RateLimiter:
    """Lets ``per_second`` begin on average, and ``burst`` at once after a pause."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = 1 / per_second
        self._burst_s = burst * self._interval_s
        self._clock = clock
        self._last = clock() - self._burst_s
        """When the last token is due that was given."""

    def try_acquire(self) -> float:
        """Take a token if there is one, and return 0; else take none, and return the seconds until there is one."""
        now = self._clock()
        due = max(self._last, now - self._burst_s) + self._interval_s
        if due > now:
            return due - now
        self._last = due
        return 0.0
