"""Who goes next, where several owners want many slots of few? Slots are shared evenly among the owners that wait."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from itertools import count


class FairSemaphore:
    """Self-clocked fair queueing (Golestani 1994) with requests of one size; of equal ones, a new owner's goes first.

    An owner's first request goes before the further requests of all others. An owner with a thousand requests is not
    starved by a stream of new owners, because each of these advances the virtual time.
    """

    def __init__(self, slots: int) -> None:
        self._slots = self._free = slots
        self._now = 0
        """Virtual time: the finish of the request that got a slot last."""
        self._finishes: dict[Hashable, int] = {}
        """The finish of each owner's last request, in virtual time."""
        self._queue: list[tuple[int, bool, int, asyncio.Future[None]]] = []
        self._numbers = count()

    @asynccontextmanager
    async def slot(self, owner: Hashable) -> AsyncIterator[None]:
        """Wait for a slot, and hold it while the context lasts."""
        is_known = owner in self._finishes
        finish = self._finishes[owner] = max(self._now, self._finishes.get(owner, 0)) + 1
        granted = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, (finish, is_known, next(self._numbers), granted))
        self._grant()
        try:
            await granted
            yield
        finally:
            if not granted.cancelled():  # a cancelled request never got a slot
                self._free += 1
            self._grant()

    def _grant(self) -> None:
        while self._free and self._queue:
            finish, _, _, granted = heapq.heappop(self._queue)
            if not granted.done():
                self._free -= 1
                self._now = finish
                granted.set_result(None)
        if self._free == self._slots:
            self._finishes.clear()  # shares count only while somebody waits
