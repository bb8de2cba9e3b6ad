"""Who does which task next? A pool of processes that works through tasks that wait for one another."""

from __future__ import annotations

import heapq
import multiprocessing
import os
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from cliptask.errors import ClipTaskError, TransientError
from cliptask_renderer.media.ffmpeg import die_with_parent


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


def work(tasks: Sequence[Task], workers: int) -> Iterator[tuple[Task, ClipTaskError | None]]:
    """Do the tasks and yield each as it ends, with the error that kept it from being done.

    A task whose need failed fails with the same error, and the others go on. An interrupt (Ctrl-C) ends the processes
    at once. Raises ``TransientError`` when a process is killed; what else is no ``ClipTaskError`` is a bug and raised.
    """
    if not tasks:
        return
    queue = _Queue(tasks)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(workers, len(tasks)), mp_context=context, initializer=_begin, initargs=(os.getpid(),)
    ) as pool:
        running: dict[Future[object], Task] = {}
        try:
            while queue.ready or running:
                # One more than can run, so that no process waits for the next; no more, so that ranks still decide.
                while queue.ready and len(running) <= workers:
                    task = queue.take()
                    running[pool.submit(task.do)] = task
                ended, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield from queue.end(running.pop(future), _error(future))
        except BrokenProcessPool as error:
            message = (
                "a worker process was killed, most likely for want of memory: use fewer workers (CLIPTASK_WORKERS) "
                "or free some memory, and run again"
            )
            raise TransientError(message) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _begin(parent: int) -> None:
    """In each process: leave Ctrl-C to the parent, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent()
    if os.getppid() != parent:  # it ended before this process could ask to be told
        os._exit(1)


def _error(future: Future[object]) -> ClipTaskError | None:
    error = future.exception()
    if error is None or isinstance(error, ClipTaskError):
        return error
    raise error


class _Queue:
    """Jobs that may begin, by rank, and for each task that may not how many it waits for."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = {task.name: task for task in tasks}
        self._missing: dict[str, int] = {}
        self._waiting: dict[str, list[str]] = defaultdict(list)
        self.ready: list[tuple[int, str]] = []
        for task in tasks:
            needs = {need for need in task.needs if need in self._tasks}
            self._missing[task.name] = len(needs)
            for need in needs:
                self._waiting[need].append(task.name)
            if not needs:
                heapq.heappush(self.ready, (task.rank, task.name))

    def take(self) -> Task:
        return self._tasks[heapq.heappop(self.ready)[1]]

    def end(self, task: Task, error: ClipTaskError | None) -> Iterator[tuple[Task, ClipTaskError | None]]:
        """Yield the task, and with an error also all that needed it, each once."""
        yield task, error
        for name in self._waiting.pop(task.name, []):
            self._missing[name] -= 1
            if error is not None and self._missing[name] >= 0:
                self._missing[name] = -1_000_000  # ended: nothing makes it ready any more
                yield from self.end(self._tasks[name], error)
            elif self._missing[name] == 0:
                heapq.heappush(self.ready, (self._tasks[name].rank, name))
