"""Who does which task next? Processes work through tasks that wait for one another, and threads of this one do small ones by the dozen."""

from __future__ import annotations

import asyncio
import heapq
import math
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Literal, Self, cast

from cliptask.errors import ClipTaskError, TransientError
from cliptask_renderer import pool_worker

GoesOn = Callable[[], bool]


@dataclass(frozen=True)
class Together:
    """How a thread of this process does several tasks, each of which would cost more to tell another process than to do."""

    do: Callable[[Sequence[str], GoesOn], Sequence[ClipTaskError | None]]
    """Of their names: does them, and returns for each in their order why it could not be done. It asks between two of them whether it goes on."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do once everything that it needs is done."""

    name: str
    rank: int
    """Of all tasks that could begin, the one of lowest rank does."""
    do: Callable[[], object] | Together
    """For another process, picklable, e.g. a ``functools.partial`` of a module's function; or what it has in common with other tasks."""
    needs: tuple[str, ...] = ()
    """Names of other tasks. One that is not among the tasks counts as done."""
    after: tuple[str, ...] = ()
    """Likewise, of tasks that come first, and which it can do without."""


MOST_TOGETHER = 32
"""Tasks of one thread at a time: what must be done again where this process is killed."""
_Running = dict[asyncio.Future[Any], Sequence[Task]]

OnDone = Callable[[Task, ClipTaskError | None], None]
"""Told of each task as it ends, with the error that kept it from being done."""


async def run_tasks(tasks: Sequence[Task], processes: Processes, on_done: OnDone) -> None:
    """Do all tasks, in processes and twice as many threads. One whose need failed fails with the same error, and the others go on.

    Processes end with the last task that is for them. Cancellation ends them, and so does what
    ``on_done`` raises; threads end after what they are at. Raises ``TransientError`` when a process is killed; what else
    is no ``ClipTaskError`` is a bug and raised.
    """
    schedule = _Schedule(tasks, on_done)
    running: _Running = {}
    with _Hands(processes) as hands:
        try:
            while _filled(running, schedule, hands):
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for future in done:
                    ended = running.pop(future)
                    for task, error in zip(ended, _errors(future, ended), strict=True):
                        schedule.end(task, error)
                if not schedule.left_apart:
                    hands.end_processes()
        except BaseException as error:
            for future in running:
                future.cancel()  # one that has failed is not told of then, either
            hands.end_at_once()
            if not isinstance(error, BrokenProcessPool):
                raise
            message = (
                "a worker process was killed, most likely for want of memory: use fewer workers (CLIPTASK_WORKERS) "
                "or free some memory, and run again"
            )
            raise TransientError(message) from error


_waiting = threading.Event()


def only_wait() -> bool:
    """Whether there are processes of ``Processes.forked`` that have had nothing to do so far."""
    return _waiting.is_set()


class Processes:
    """So many processes that make parts: they begin with the first task for them, unless they are ``forked`` before."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    @classmethod
    @contextmanager
    def forked(cls, workers: int) -> Iterator[Self]:
        """Processes that wait, and have all that this one has imported; they end with the block.

        Where this process has several threads none is forked: it would wait for ever for what another thread holds.
        """
        processes = cls(workers)
        if _has_one_thread():
            processes._pool = _pool(workers, "fork")
            _submit(processes._pool, pool_worker.wait)
        _waiting.set()
        try:
            yield processes
        except BaseException:
            processes.end_at_once()
            raise
        finally:
            _waiting.clear()
            processes.end()

    def get_ready(self) -> None:
        """Have those that wait import what making takes, while sources are awaited."""
        if self._pool is not None:
            with suppress(BrokenProcessPool):  # told once there is something to do
                for _ in range(self.workers):
                    _submit(self._pool, pool_worker.get_ready)

    def submit(self, do: Callable[[], object]) -> asyncio.Future[object]:
        """As ``submit`` below."""
        _waiting.clear()
        self._pool = self._pool or pool_of(self.workers)
        return submit(self._pool, do)

    def end(self) -> None:
        """They have nothing left to do."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def end_at_once(self) -> None:
        """End what runs."""
        if self._pool is not None:
            end_at_once(self._pool)


def _has_one_thread() -> bool:
    """Those of libraries count, too. False where the kernel does not tell: elsewhere than on Linux libraries bear no fork."""
    try:
        return len([*Path("/proc/self/task").iterdir()]) == 1
    except OSError:
        return False


class _Hands:
    """Processes, and threads of this one."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        # While one waits for the disk, another reckons.
        self._threads = ThreadPoolExecutor(2 * processes.workers)
        self._is_ending = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_ending.set()
        self._threads.shutdown(cancel_futures=True)
        self.end_processes()

    def most(self, *, together: bool) -> int:
        """Of each kind one more than can run, so that none waits for the next; no more, so that ranks still decide."""
        workers = self._processes.workers
        return (2 * workers if together else workers) + 1

    def begin(self, tasks: Sequence[Task]) -> asyncio.Future[Any]:
        """Have these done: one, or several that are done together."""
        do = tasks[0].do
        if isinstance(do, Together):
            names = [task.name for task in tasks]
            return asyncio.wrap_future(self._threads.submit(do.do, names, self._goes_on))
        return self._processes.submit(do)

    def end_processes(self) -> None:
        """They have nothing left to do."""
        self._processes.end()

    def end_at_once(self) -> None:
        """End what runs: processes now, threads after what they are at."""
        self._is_ending.set()
        self._processes.end_at_once()

    def _goes_on(self) -> bool:
        return not self._is_ending.is_set()


def pool_of(workers: int, niceness: int = 0) -> ProcessPoolExecutor:
    """So many processes, begun as they are needed; a higher ``niceness`` lets others go first (0 to 19)."""
    return _pool(workers, "spawn", niceness)


def _pool(workers: int, method: Literal["fork", "spawn"], niceness: int = 0) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context(method),
        initializer=pool_worker.begin,
        initargs=(os.getpid(), niceness),
    )


def submit(pool: ProcessPoolExecutor, do: Callable[[], object]) -> asyncio.Future[object]:
    """Have a process do something picklable. Raises ``BrokenProcessPool`` where one was killed before."""
    return asyncio.wrap_future(_submit(pool, do))


def _submit(pool: ProcessPoolExecutor, do: Callable[[], object]) -> Future[object]:
    # It may start a process, which hears of no signal before it is ready.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, pool_worker.SIGNALS)
    try:
        return pool.submit(do)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_at_once(pool: ProcessPoolExecutor) -> None:
    """End what runs, in any pool of this process: each tidies up its scratch, and ends."""
    for process in multiprocessing.active_children():
        process.terminate()
    pool.shutdown(cancel_futures=True)


class _Schedule:
    """Tasks that may begin, by rank: those for threads, and apart from them those for processes. One whose need has failed ends without beginning."""

    def __init__(self, tasks: Sequence[Task], on_done: OnDone) -> None:
        self._tasks = {task.name: task for task in tasks}
        self._on_done = on_done
        self._failed: dict[str, ClipTaskError] = {}
        self._ready: dict[bool, list[tuple[int, str]]] = {True: [], False: []}
        self.left_apart = sum(not _is_together(task) for task in tasks)
        """How many for processes have not ended."""
        needs = {
            task.name: [need for need in (*task.needs, *task.after) if need in self._tasks] for task in tasks
        }
        self._order = TopologicalSorter(needs)
        self._order.prepare()

    def take(self, among: int, *, together: bool) -> Sequence[Task]:
        """The tasks that one of so many threads, or processes, is to begin next, none if none may."""
        while names := self._order.get_ready():
            for task in map(self._tasks.__getitem__, names):
                error = next((self._failed[need] for need in task.needs if need in self._failed), None)
                if error is None:
                    heapq.heappush(self._ready[_is_together(task)], (task.rank, task.name))
                else:
                    self.end(task, error)
        ready, taken = self._ready[together], list[Task]()
        most = min(math.ceil(len(ready) / among), MOST_TOGETHER) if together else 1
        while ready and len(taken) < most:
            task = self._tasks[ready[0][1]]
            if taken and task.do is not taken[0].do:
                break
            heapq.heappop(ready)
            taken.append(task)
        return taken

    def end(self, task: Task, error: ClipTaskError | None) -> None:
        """Note that it has ended."""
        if error is not None:
            self._failed[task.name] = error
        self.left_apart -= not _is_together(task)
        self._order.done(task.name)
        self._on_done(task, error)


def _filled(running: _Running, schedule: _Schedule, hands: _Hands) -> _Running:
    """What runs, once as much as possible does."""
    for together in (False, True):
        most = hands.most(together=together)
        count = sum(_is_together(tasks[0]) is together for tasks in running.values())
        while count < most and (tasks := schedule.take(most, together=together)):
            running[hands.begin(tasks)] = tasks
            count += 1
    return running


def _is_together(task: Task) -> bool:
    return isinstance(task.do, Together)


def _errors(future: asyncio.Future[Any], tasks: Sequence[Task]) -> Sequence[ClipTaskError | None]:
    """Of each of the tasks that were done together."""
    error = future.exception()
    if error is None:
        return cast("Sequence[ClipTaskError | None]", future.result()) if _is_together(tasks[0]) else [None]
    if isinstance(error, ClipTaskError):
        return [error] * len(tasks)
    raise error
