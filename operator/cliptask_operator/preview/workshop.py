"""Who makes which part next? Processes that wait ready: some for what somebody looks at, others, which yield to them, for the rest."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Self

from cliptask.errors import ClipTaskError, TransientError
from cliptask_operator.local.process_pool import end_at_once, pool_of, submit
from cliptask_operator.preview.making import Part, Shelf
from cliptask_operator.preview.wanted import Wanted
from cliptask_renderer import pool_worker

_YIELDING = 10
"""The niceness of what nobody waits for."""

OnDone = Callable[[Shelf, Part, ClipTaskError | None], None]
"""Told of each part that was made for a shelf, or why it was not."""


class Workshop:
    """Parts in the making. What is wanted may change at any time: what runs then goes on to its end.

    An asynchronous context; leaving it ends the processes.
    """

    def __init__(self, workers: int, on_done: OnDone) -> None:
        self._on_done = on_done
        self._running: set[str] = set()
        self._awaited: set[str] = set()
        self._lanes = (_Lane(workers, 0, self), _Lane(workers, _YIELDING, self))
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails with what is a bug."""

    async def __aenter__(self) -> Self:
        for lane in self._lanes:
            lane.get_ready()
        return self

    async def __aexit__(self, *_: object) -> None:
        for lane in self._lanes:
            lane.end()
        self.broken.cancel()

    def want(self, shelf: Shelf, wanted: Wanted) -> None:
        """Make this from now on, the first first, instead of all that was wanted and has not begun."""
        first, second = self._lanes
        self._awaited = {part.key for part in wanted.now}
        first.want(shelf, (*wanted.now, *wanted.soon))
        second.want(shelf, wanted.later)

    @property
    def busy(self) -> int:
        """How many are in the making."""
        return len(self._running)

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits: nothing else begins meanwhile."""
        return bool(self._awaited)

    def begin(self, part: Part) -> bool:
        """Take a part on, unless that has been done."""
        is_new = part.key not in self._running
        self._running.add(part.key)
        return is_new

    def end(self, shelf: Shelf, part: Part, error: BaseException | None) -> None:
        """A part is there, or cannot be made."""
        self._running.discard(part.key)
        self._awaited.discard(part.key)
        if isinstance(error, BrokenProcessPool):
            message = (
                "a worker process was killed, most likely for want of memory: use fewer workers (CLIPTASK_WORKERS) or free "
                "some memory, and save the file again"
            )
            error = TransientError(message)
        if error is not None and not isinstance(error, ClipTaskError):
            if not self.broken.done():
                self.broken.set_exception(error)
            return
        self._on_done(shelf, part, error)
        for lane in self._lanes:
            lane.fill()


class _Lane:
    """So many processes, and what they are to do."""

    def __init__(self, workers: int, niceness: int, workshop: Workshop) -> None:
        self._workers, self._niceness, self._workshop = workers, niceness, workshop
        self._wanted: deque[tuple[Shelf, Part]] = deque()
        self._running = 0
        self._pool: ProcessPoolExecutor | None = None
        self._is_open = True

    def get_ready(self) -> None:
        for _ in range(self._workers):
            submit(self._open_pool(), pool_worker.get_ready).add_done_callback(_retrieve)

    def want(self, shelf: Shelf, parts: Sequence[Part]) -> None:
        self._wanted = deque((shelf, part) for part in parts)
        self.fill()

    def end(self) -> None:
        self._is_open = False
        self._wanted.clear()
        if self._pool is not None:
            end_at_once(self._pool)

    def _open_pool(self) -> ProcessPoolExecutor:
        self._pool = self._pool or pool_of(self._workers, self._niceness)
        return self._pool

    def fill(self) -> None:
        if self._niceness and self._workshop.is_awaited:
            return
        while self._is_open and self._wanted and self._running < self._workers:
            shelf, part = self._wanted.popleft()
            if self._workshop.begin(part):
                self._start(shelf, part)

    def _start(self, shelf: Shelf, part: Part) -> None:
        pool = self._open_pool()
        try:
            future = submit(pool, shelf.making(part))
        except BrokenProcessPool:  # found out only now
            self._pool = None
            pool = self._open_pool()
            future = submit(pool, shelf.making(part))
        self._running += 1
        future.add_done_callback(partial(self._ended, shelf, part, pool))

    def _ended(
        self, shelf: Shelf, part: Part, pool: ProcessPoolExecutor, future: asyncio.Future[object]
    ) -> None:
        self._running -= 1
        if future.cancelled() or not self._is_open:
            _retrieve(future)
            return
        error = future.exception()
        if isinstance(error, BrokenProcessPool) and pool is self._pool:
            self._pool = None
        self._workshop.end(shelf, part, error)


def _retrieve(future: asyncio.Future[object]) -> None:
    """What becomes of it is known already, or of no account."""
    if not future.cancelled():
        future.exception()
