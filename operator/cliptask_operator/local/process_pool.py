"""Who does which task next? A pool of processes that works through tasks that wait for one another."""

from __future__ import annotations

import asyncio
import heapq
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import NoReturn

from cliptask.errors import ClipTaskError, TransientError
from cliptask_renderer.media.ffmpeg import die_with_parent
from cliptask_renderer.storage.scratch import abandon_all


@dataclass(frozen=True)
class Task:
    """Something to do in another process, once everything that it needs is done."""

    name: str
    rank: int
    """Of all tasks that could begin, the one of lowest rank does."""
    do: Callable[[], object]
    """Picklable, e.g. a ``functools.partial`` of a module's function."""
    needs: tuple[str, ...] = ()
    """Names of other tasks. One that is not among the tasks counts as done."""


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

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
    running: dict[asyncio.Future[object], Task] = {}
    with pool_of(min(workers, len(tasks))) as pool:
        try:
            # One more than can run, so that no process waits for the next; no more, so that ranks still decide.
            while started := _filled(running, schedule, pool, workers + 1):
                done, _ = await asyncio.wait(started, return_when=asyncio.FIRST_COMPLETED)
                for future in done:
                    schedule.end(running.pop(future), _error(future))
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
        initializer=_begin,
        initargs=(os.getpid(), niceness),
    )


def submit(pool: ProcessPoolExecutor, do: Callable[[], object]) -> asyncio.Future[object]:
    """Have a process do something picklable. Raises ``BrokenProcessPool`` where one was killed before."""
    # It may start a process, which hears of no signal before it is ready.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
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
        needs = {task.name: [need for need in task.needs if need in self._tasks] for task in tasks}
        self._order = TopologicalSorter(needs)
        self._order.prepare()

    def take(self) -> Task | None:
        """The task that is to begin next, if one may."""
        while names := self._order.get_ready():
            for task in map(self._tasks.__getitem__, names):
                error = next((self._failed[need] for need in task.needs if need in self._failed), None)
                if error is None:
                    heapq.heappush(self._ready, (task.rank, task.name))
                else:
                    self.end(task, error)
        return self._tasks[heapq.heappop(self._ready)[1]] if self._ready else None

    def end(self, task: Task, error: ClipTaskError | None) -> None:
        """Note that it has ended."""
        if error is not None:
            self._failed[task.name] = error
        self._order.done(task.name)
        self._on_done(task, error)


def _filled(
    running: dict[asyncio.Future[object], Task], schedule: _Schedule, pool: ProcessPoolExecutor, most: int
) -> dict[asyncio.Future[object], Task]:
    """What runs, once as many tasks as possible do."""
    while len(running) < most and (task := schedule.take()) is not None:
        running[submit(pool, task.do)] = task
    return running


def _begin(parent: int, niceness: int) -> None:
    """In each process: leave a terminal's signals to the parent, tidy up when told to end, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    die_with_parent()
    os.nice(niceness)
    if os.getppid() != parent:  # it ended before this process could ask to be told
        os._exit(1)


def _end(_number: int, _frame: object) -> NoReturn:
    # Not by an exception: one that is raised at any moment may be swallowed.
    abandon_all()
    os._exit(1)


def _error(future: asyncio.Future[object]) -> ClipTaskError | None:
    error = future.exception()
    if error is None or isinstance(error, ClipTaskError):
        return error
    raise error
