"""When may the next one begin? A token bucket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


class RateLimiter:
    """Lets ``per_second`` begin on average, and ``burst`` at once after a pause."""

    def __init__(
        self,
        per_second: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._interval_s = 1 / per_second
        self._burst_s = burst * self._interval_s
        self._clock = clock
        self._sleep = sleep
        self._last = clock() - self._burst_s
        """When the last token is due that was given."""

    async def acquire(self) -> None:
        """Wait for a token; tokens are given in the order of the calls."""
        now = self._clock()
        self._last = self._due(now)
        if self._last > now:
            await self._sleep(self._last - now)

    def try_acquire(self) -> float:
        """Take a token if there is one, and return 0; else take none, and return the seconds until there is one."""
        now = self._clock()
        due = self._due(now)
        if due > now:
            return due - now
        self._last = due
        return 0.0

    def _due(self, now: float) -> float:
        """When the next token is due; no later than ``now`` where there is one already."""
        return max(self._last, now - self._burst_s) + self._interval_s
