from __future__ import annotations

import asyncio

import pytest

from cliptask_operator.concurrency.single_flight import SingleFlight


class Work:
    """Work that ends when told to, and counts how often it began."""

    def __init__(self, *, must_finish: bool = False) -> None:
        self.flights: SingleFlight[int] = SingleFlight(must_finish=must_finish)
        self.begun = 0
        self.ended = 0
        self.may_end = asyncio.Event()
        self.error: Exception | None = None

    async def do(self) -> int:
        """Returns the number of its beginning."""
        self.begun += 1
        number = self.begun
        try:
            await self.may_end.wait()
            if self.error is not None:
                raise self.error
            return number
        finally:
            self.ended += 1

    def ask(self, key: str = "a") -> asyncio.Task[int]:
        """Somebody wants it."""
        return asyncio.create_task(self._answer(key))

    async def _answer(self, key: str) -> int:
        answer, _ = await self.flights.run(key, self.do)
        return answer


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_what_many_ask_for_at_once_is_done_once() -> None:
    """A hundred tasks would list the same bucket a hundred times."""
    work = Work()
    work.may_end.set()

    assert await asyncio.gather(*(work.ask() for _ in range(100))) == [1] * 100


async def test_whoever_comes_later_gets_nothing_older_than_the_question() -> None:
    """What changed after the first look would be missed."""
    work = Work()
    first = work.ask()
    await settle()
    later = [work.ask(), work.ask()]
    await settle()
    assert work.begun == 1

    work.may_end.set()

    assert (await first, await later[0], await later[1]) == (1, 2, 2)


async def test_other_things_are_done_at_the_same_time() -> None:
    """One slow bucket would hold up all others."""
    work = Work()
    asked = [work.ask("a"), work.ask("b")]
    await settle()

    assert work.begun == 2
    work.may_end.set()
    await asyncio.gather(*asked)


async def test_an_error_is_everybodys_and_the_next_try_is_new() -> None:
    """Some would wait for ever, or a failure be final."""
    work = Work()
    work.error = ValueError("no")
    asked = [work.ask(), work.ask()]
    work.may_end.set()

    for each in asked:
        with pytest.raises(ValueError, match="no"):
            await each
    work.error = None
    assert await work.ask() == 2


async def test_whoever_gives_up_takes_nothing_from_the_others() -> None:
    """An edited task would cancel the fetch of its neighbour."""
    work = Work()
    first, second = work.ask(), work.ask()
    await settle()

    first.cancel()
    await settle()
    work.may_end.set()

    assert await second == 1
    assert first.cancelled()


async def test_when_nobody_waits_any_more_it_ends() -> None:
    """Downloads of deleted tasks would go on."""
    work = Work()
    running, boarding = work.ask(), work.ask("other")
    await settle()
    waiting = work.ask()
    await settle()

    for each in (waiting, running, boarding):
        each.cancel()
    await settle()

    assert (work.begun, work.ended) == (2, 2)
    work.may_end.set()
    assert await work.ask() == 3


async def test_whoever_asks_right_after_a_cancelled_call_gets_an_answer() -> None:
    """An edited task would be cancelled along with its former self."""
    work = Work()
    running = work.ask()
    await settle()
    waiting = work.ask()
    await settle()

    waiting.cancel()
    await asyncio.sleep(0)
    asked = work.ask()
    await settle()
    work.may_end.set()

    assert (await running, await asked) == (1, 2)


async def test_what_must_finish_is_shared_while_it_runs_and_outlives_who_waits() -> None:
    """Speech that is paid for would be lost with the task that asked for it, or paid for twice."""
    work = Work(must_finish=True)
    first = work.ask()
    await settle()
    second = work.ask()
    await settle()
    for asked in (first, second):
        asked.cancel()
    await settle()
    third = work.ask()
    await settle()
    work.may_end.set()

    assert await third == 1
    assert await work.ask() == 2


async def test_closing_waits_for_what_must_finish_as_long_as_allowed() -> None:
    """The end of a program would lose what is paid for, or never come."""
    work = Work(must_finish=True)
    asked = work.ask()
    await settle()
    asyncio.get_running_loop().call_soon(work.may_end.set)
    await work.flights.close(grace_s=60)
    assert await asked == 1

    work.may_end.clear()
    asked = work.ask()
    await settle()
    await work.flights.close(grace_s=0)

    with pytest.raises(asyncio.CancelledError):
        await asked
    assert (work.begun, work.ended) == (2, 2)
