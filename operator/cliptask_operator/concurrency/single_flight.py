"""How is what several ask for at the same time done once?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")


@dataclass
class _Call(Generic[T]):
    task: asyncio.Task[T]
    waiters: int = 0


class SingleFlight(Generic[T]):
    """One call for each key at a time, shared by all who ask before it begins: no answer is older than its question.

    A call is cancelled when nobody waits for it any more. With ``must_finish``, for calls that cost money and whose
    answer never changes, it is not, and whoever asks while it runs shares it too.
    """

    def __init__(self, *, must_finish: bool = False) -> None:
        self._must_finish = must_finish
        self._open: dict[Hashable, _Call[T]] = {}
        """The calls that can be shared."""
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()
        """Each held by the call that runs, and gone with the last call of its key."""

    async def run(self, key: Hashable, do: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """The result or the error of ``do``: this one, or that of the first who asked; and whether it is this one's."""
        call = self._open.get(key)
        if is_own := call is None or bool(call.task.cancelling()):
            call = self._open[key] = _Call(asyncio.create_task(self._call(key, do)))
            call.task.add_done_callback(lambda task: self._ended(key, task))
        call.waiters += 1
        try:
            return await asyncio.shield(call.task), is_own
        finally:
            call.waiters -= 1
            if not call.waiters and not self._must_finish:
                call.task.cancel()

    async def close(self, grace_s: float) -> None:
        """Let the calls finish that must, for so long at most."""
        tasks = [call.task for call in self._open.values()]
        if tasks:
            for task in (await asyncio.wait(tasks, timeout=grace_s))[1]:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _call(self, key: Hashable, do: Callable[[], Awaitable[T]]) -> T:
        async with self._locks.setdefault(key, asyncio.Lock()):
            if not self._must_finish:
                del self._open[key]
            return await do()

    def _ended(self, key: Hashable, task: asyncio.Task[T]) -> None:
        if (call := self._open.get(key)) is not None and call.task is task:
            del self._open[key]
        if not task.cancelled():
            task.exception()  # asked for, lest asyncio complains where nobody waited to the end
