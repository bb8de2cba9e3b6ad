"""Who does which task next? A pool of processes that works through tasks that wait for one another, small ones by the dozen."""

from __future__ import annotations

import asyncio
import heapq
import math
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import cast

from cliptask.errors import ClipTaskError, TransientError
from cliptask_renderer import pool_worker


@dataclass(frozen=True)
class Together:
    """How one process does several tasks, each of which would cost more to tell than to do."""

    do: Callable[[Sequence[str]], Callable[[], Sequence[ClipTaskError | None]]]
    """Of their names: what does them, picklable, and returns for each in their order why it could not be done."""


@dataclass(frozen=True)
class Task:
    """Something to do in another process, once everything that it needs is done."""

    name: str
    rank: int
    """Of all tasks that could begin, the one of lowest rank does."""
    do: Callable[[], object] | Together
    """Picklable, e.g. a ``functools.partial`` of a module's function; or what it has in common with other tasks."""
    needs: tuple[str, ...] = ()
    """Names of other tasks. One that is not among the tasks counts as done."""
    after: tuple[str, ...] = ()
    """Likewise, of tasks that come first, and which it can do without."""


MOST_TOGETHER = 32
"""Tasks of one message to a process: what one that is killed must do again."""
_Running = dict[asyncio.Future[object], Sequence[Task]]

OnDone = Callable[[Task, ClipTaskError | None], None]
"""Told of each task as it ends, with the error that kept it from being done."""


async def run_tasks(tasks: Sequence[Task], workers: int, on_done: OnDone) -> None:
    """Do all tasks. One whose need failed fails with the same error, and the others go on.

    Cancellation ends the processes, and so does what ``on_done`` raises. Raises ``TransientError`` when a process is killed; what else is no
    ``ClipTaskError`` is a bug and raised.
    """
    if not tasks:
        return
    schedule = _Schedule(tasks, on_done)
    running: _Running = {}
    with pool_of(min(workers, len(tasks))) as pool:
        try:
            # One more than can run, so that no process waits for the next; no more, so that ranks still decide.
            while started := _filled(running, schedule, pool, workers + 1):
                done, _ = await asyncio.wait(started, return_when=asyncio.FIRST_COMPLETED)
                for future in done:
                    ended = running.pop(future)
                    for task, error in zip(ended, _errors(future, ended), strict=True):
                        schedule.end(task, error)
        except BrokenProcessPool as error:
            message = (
                "a worker process was killed, most likely for want of memory: use fewer workers (CLIPTASK_WORKERS) "
                "or free some memory, and run again"
            )
            raise TransientError(message) from error
        except BaseException:
            for future in running:
                future.cancel()
            end_at_once(pool)
            raise


def pool_of(workers: int, niceness: int = 0) -> ProcessPoolExecutor:
    """So many processes, begun as they are needed; a higher ``niceness`` lets others go first (0 to 19)."""
    return ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=pool_worker.begin,
        initargs=(os.getpid(), niceness),
    )


def submit(pool: ProcessPoolExecutor, do: Callable[[], object]) -> asyncio.Future[object]:
    """Have a process do something picklable. Raises ``BrokenProcessPool`` where one was killed before."""
    # It may start a process, which hears of no signal before it is ready.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, pool_worker.SIGNALS)
    try:
        return asyncio.wrap_future(pool.submit(do))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_at_once(pool: ProcessPoolExecutor) -> None:
    """End what runs, in any pool of this process: each tidies up its scratch, and ends."""
    for process in multiprocessing.active_children():
        process.terminate()
    pool.shutdown(cancel_futures=True)


class _Schedule:
    """Tasks that may begin, by rank. One whose need has failed ends without beginning."""

    def __init__(self, tasks: Sequence[Task], on_done: OnDone) -> None:
        self._tasks = {task.name: task for task in tasks}
        self._on_done = on_done
        self._failed: dict[str, ClipTaskError] = {}
        self._ready: list[tuple[int, str]] = []
        needs = {
            task.name: [need for need in (*task.needs, *task.after) if need in self._tasks] for task in tasks
        }
        self._order = TopologicalSorter(needs)
        self._order.prepare()

    def take(self, among: int) -> Sequence[Task]:
        """The tasks that one of so many processes is to begin next, none if none may."""
        while names := self._order.get_ready():
            for task in map(self._tasks.__getitem__, names):
                error = next((self._failed[need] for need in task.needs if need in self._failed), None)
                if error is None:
                    heapq.heappush(self._ready, (task.rank, task.name))
                else:
                    self.end(task, error)
        most = min(math.ceil(len(self._ready) / among), MOST_TOGETHER)
        taken: list[Task] = []
        while self._ready and len(taken) < most:
            task = self._tasks[self._ready[0][1]]
            if taken and not (isinstance(task.do, Together) and task.do is taken[0].do):
                break
            heapq.heappop(self._ready)
            taken.append(task)
        return taken

    def end(self, task: Task, error: ClipTaskError | None) -> None:
        """Note that it has ended."""
        if error is not None:
            self._failed[task.name] = error
        self._order.done(task.name)
        self._on_done(task, error)


def _filled(running: _Running, schedule: _Schedule, pool: ProcessPoolExecutor, most: int) -> _Running:
    """What runs, once as much as possible does."""
    while len(running) < most and (tasks := schedule.take(most)):
        do = tasks[0].do
        running[submit(pool, do.do([task.name for task in tasks]) if isinstance(do, Together) else do)] = (
            tasks
        )
    return running


def _errors(future: asyncio.Future[object], tasks: Sequence[Task]) -> Sequence[ClipTaskError | None]:
    """Of each of the tasks that were done together."""
    error = future.exception()
    if error is None:
        together = isinstance(tasks[0].do, Together)
        return cast("Sequence[ClipTaskError | None]", future.result()) if together else [None]
    if isinstance(error, ClipTaskError):
        return [error] * len(tasks)
    raise error
