"""Whose turn is it, where several want much? So many at once, shared evenly among those who wait."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from itertools import count


class FairSemaphore:
    """Self-clocked fair queueing (Golestani 1994) with turns of one size, newcomers first among equals.

    Whoever comes with a first wish goes before the further wishes of all who wait, and whoever has a thousand is not
    starved by a stream of newcomers: each of these moves the clock.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = self._free = at_once
        self._now = 0
        """Virtual time: the end of the turn that was given last."""
        self._ends: dict[Hashable, int] = {}
        """When each owner's last wish ends, in virtual time."""
        self._waiting: list[tuple[int, bool, int, asyncio.Future[None]]] = []
        self._arrivals = count()

    @asynccontextmanager
    async def turn(self, owner: Hashable) -> AsyncIterator[None]:
        """Held while it is the owner's turn."""
        is_known = owner in self._ends
        end = self._ends[owner] = max(self._now, self._ends.get(owner, 0)) + 1
        given = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (end, is_known, next(self._arrivals), given))
        self._give()
        try:
            await given
            yield
        finally:
            if not given.cancelled():  # cancelled: it was not this one's turn yet
                self._free += 1
            self._give()

    def _give(self) -> None:
        while self._free and self._waiting:
            end, _, _, given = heapq.heappop(self._waiting)
            if not given.done():
                self._free -= 1
                self._now = end
                given.set_result(None)
        if self._free == self._at_once:
            self._ends.clear()  # where nobody wants anything, nobody has had too much
