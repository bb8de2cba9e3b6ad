from __future__ import annotations

import asyncio
import threading

import pytest

from cliptask_operator.concurrency.whole_thread import whole_thread


async def test_what_a_thread_comes_to_is_handed_on() -> None:
    """It would be a thread whose work is lost."""

    def divide(one: int, other: int) -> int:
        return one // other

    assert await whole_thread(divide, 6, 2) == 3
    with pytest.raises(ZeroDivisionError):
        await whole_thread(divide, 6, 0)


@pytest.mark.parametrize("fails", [False, True])
async def test_whoever_is_cancelled_waits_for_the_thread(*, fails: bool) -> None:
    """The thread would go on beside what comes next."""
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(30)
        ended.set()
        if fails:
            raise ZeroDivisionError

    waiting = asyncio.create_task(whole_thread(work))
    await asyncio.to_thread(begun.wait, 30)
    for _ in range(2):
        waiting.cancel()
        await asyncio.sleep(0)
        assert not waiting.done()

    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert ended.is_set()
