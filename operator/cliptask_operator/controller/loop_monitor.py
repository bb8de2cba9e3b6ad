"""How far behind is the event loop? Measured by a beat that should come on time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import NoReturn

BEAT_S = 0.5
"""Between two beats."""


class LoopMonitor:
    """Beats with the event loop, and knows how late it was."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._beat = clock()
        self._late_s = 0.0

    async def beat(self) -> NoReturn:
        """Beat for ever."""
        while True:
            due = self._clock() + BEAT_S
            await asyncio.sleep(BEAT_S)
            self._beat = self._clock()
            self._late_s = max(self._beat - due, 0)

    @property
    def late_s(self) -> float:
        """How late the last beat came or, if that is more, the next one is by now. May be asked from any thread."""
        return max(self._late_s, self._clock() - self._beat - BEAT_S)
