"""What happens when somebody wants the machine back? What runs is ended and tidied up, by Ctrl-C as by ``kill`` or a closed terminal."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TypeVar

from cliptask_operator.local.process_pool import only_wait

T = TypeVar("T")

GO_ON = "interrupted: nothing is lost; the same command goes on from here"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CURSOR = "\x1b[?25h\n"
"""Bars hide it."""


class Interrupted(BaseException):
    """A signal has ended the work. Exit codes of shells: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Raise ``Interrupted`` for the first signal, once what runs has tidied up; the next one ends it without.

    A signal that whoever started the program has it ignore, as ``nohup`` does, stays so.
    """
    interruption = Interruption()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, interruption.on_signal)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Interruption:
    """Whether a signal has come, and what it ends."""

    def __init__(self) -> None:
        self._number = 0
        self._terminals = [descriptor for descriptor in (1, 2) if os.isatty(descriptor)]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """As ``asyncio.run``; a signal cancels the work."""

        async def run() -> T:
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
            return await work

        try:
            return asyncio.run(run())
        except BaseException as error:
            # Whatever the work says then, it says because it was ended.
            if self._number:
                raise Interrupted(self._number) from error
            raise
        finally:
            self._loop = self._task = None

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        """In the main thread, between any two steps of it."""
        if number == signal.SIGHUP:
            _write_nowhere(self._terminals)
        if self._number:
            _end_at_once(self._number)
            return
        self._number = number
        if self._loop is None or self._task is None:
            raise Interrupted(number)
        self._loop.call_soon_threadsafe(self._task.cancel)


def _end_at_once(number: int) -> None:
    """End the processes of a pool, which is tidied up then without waiting for them; else this one, whatever it waits for."""
    children = multiprocessing.active_children()
    for child in children:
        child.kill()
    if children and not only_wait():
        return
    with suppress(OSError):
        os.write(2, f"{_CURSOR if os.isatty(2) else ''}{GO_ON}\n".encode())
    os._exit(128 + number)


def _write_nowhere(descriptors: Iterable[int]) -> None:
    """What is written to a terminal that is gone is an error."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
