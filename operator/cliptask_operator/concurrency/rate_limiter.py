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
        self._step = 1 / per_second
        self._slack = burst * self._step
        self._clock = clock
        self._sleep = sleep
        self._next = clock() - self._slack

    async def turn(self) -> None:
        """Return when it is the caller's turn; turns are given in the order of the calls."""
        now = self._clock()
        self._next = self._following(now)
        if self._next > now:
            await self._sleep(self._next - now)

    def take(self) -> float:
        """Take a turn if there is one now, and return 0; else take none, and return the seconds until there is."""
        now = self._clock()
        following = self._following(now)
        if following > now:
            return following - now
        self._next = following
        return 0.0

    def _following(self, now: float) -> float:
        """When the next turn is, if it is asked for now; no later than ``now``: at once."""
        return max(self._next, now - self._slack) + self._step
