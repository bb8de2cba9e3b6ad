"""How is what several ask for at the same time done once?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Work by key. Whoever asks while some is being done shares the next with all who ask until that begins.

    So nobody gets an answer that is older than the question.
    """

    def __init__(self) -> None:
        self._lanes: dict[Hashable, _Lane[T]] = {}

    async def join(self, key: Hashable, do: Callable[[], Awaitable[T]]) -> T:
        """The result of ``do``, or its error: this one's, or that of whoever asked first. Cancelled when nobody waits any more."""
        lane = self._lanes.setdefault(key, _Lane())
        if lane.boarding is None:
            lane.boarding = _Flight()
            lane.boarding.task = asyncio.create_task(self._fly(key, lane, lane.boarding, do))
        flight = lane.boarding
        flight.passengers += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.passengers -= 1
            if not flight.passengers:
                flight.task.cancel()

    async def _fly(
        self, key: Hashable, lane: _Lane[T], flight: _Flight[T], do: Callable[[], Awaitable[T]]
    ) -> T:
        try:
            async with lane.runway:
                lane.boarding = None
                return await do()
        finally:
            # Cancelled before it began, or the last one down.
            if lane.boarding is flight:
                lane.boarding = None
            if lane.boarding is None and self._lanes.get(key) is lane and not lane.runway.locked():
                del self._lanes[key]


class _Flight(Generic[T]):
    def __init__(self) -> None:
        self.task: asyncio.Task[T]
        self.passengers = 0


class _Lane(Generic[T]):
    def __init__(self) -> None:
        self.runway = asyncio.Lock()
        self.boarding: _Flight[T] | None = None
        """What has not begun yet."""
