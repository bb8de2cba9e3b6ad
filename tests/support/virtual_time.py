"""How do minutes pass in a test that takes milliseconds? In an event loop whose clock jumps to what is due next."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop that never waits: once all that can run has run, it is as late as the next timer says.

    What is meant for threads runs in the loop itself, in its turn, so that a test takes the same way every time. Where
    nothing is left that could ever happen it raises ``RuntimeError``, since it would wait for ever.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self.takes_s: dict[str, float] = {}
        """How long a thread takes until it has done anything, by its function's name; 0 for those that are not here."""
        super().__init__(_Jump(self))

    def time(self) -> float:
        """Seconds since the loop was made, of which none has really passed."""
        return self.now_s

    def run_in_executor(self, _executor: object, func: Callable[..., T], *args: object) -> asyncio.Future[T]:
        """Run a function in a later turn of the loop. As a thread it does so though nobody waits for it any more."""
        future: asyncio.Future[T] = self.create_future()

        def run() -> None:
            try:
                result = func(*args)
            except Exception as error:  # noqa: BLE001  whoever awaits it is told
                if not future.done():
                    future.set_exception(error)
            else:
                if not future.done():
                    future.set_result(result)

        self.call_later(self.takes_s.get(_name(func), 0), run)
        return future


def _name(func: Callable[..., object]) -> str:
    """Of what ``asyncio.to_thread`` was given, which it wraps into a context's ``run``."""
    inner = func.args[0] if isinstance(func, partial) else func
    return str(getattr(inner, "__name__", ""))


class _Jump(selectors.DefaultSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout is None:
            message = "nothing is left that could ever happen"
            raise RuntimeError(message)
        self._loop.now_s += 0 if found else timeout or 0
        return found
