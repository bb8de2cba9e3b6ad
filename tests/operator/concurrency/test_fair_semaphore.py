from __future__ import annotations

import asyncio
from collections.abc import Sequence

from cliptask_operator.concurrency.fair_semaphore import FairSemaphore


class Desk:
    """One turn at a time, whose owners are noted; the first turn lasts until everybody has come."""

    def __init__(self, at_once: int = 1) -> None:
        self.turns = FairSemaphore(at_once)
        self.served: list[str] = []
        self.opened = asyncio.Event()
        self.most = self._now = 0

    async def _serve(self, owner: str) -> None:
        async with self.turns.slot(owner):
            self._now += 1
            self.most = max(self.most, self._now)
            try:
                await self.opened.wait()
                self.served.append(owner)
            finally:
                self._now -= 1

    def come(self, owner: str, wishes: int = 1) -> list[asyncio.Task[None]]:
        """An owner comes with some wishes at once."""
        return [asyncio.create_task(self._serve(owner)) for _ in range(wishes)]

    async def serve(self, wishes: Sequence[asyncio.Task[None]]) -> list[str]:
        """Everybody, in order."""
        await asyncio.sleep(0)
        self.opened.set()
        await asyncio.gather(*wishes)
        return self.served


async def test_a_newcomer_does_not_wait_for_all_of_the_others() -> None:
    """The first Job of a small task would come after the two thousandth of a large one."""
    desk = Desk()

    served = await desk.serve([*desk.come("large", 5), *desk.come("small", 2)])

    assert served == ["large", "small", "large", "large", "small", "large", "large"]


async def test_newcomers_do_not_starve_who_waits() -> None:
    """A large task would never end where small ones keep coming."""
    turns, served = FairSemaphore(1), list[str]()

    async def small(number: int) -> None:
        async with turns.slot(f"small{number}"):
            served.append("small")
            if number < 20:
                newcomers.append(asyncio.create_task(small(number + 1)))
                await asyncio.sleep(0)

    async def large() -> None:
        async with turns.slot("large"):
            served.append("large")

    newcomers = [asyncio.create_task(small(0))]
    await asyncio.gather(*(large() for _ in range(4)))
    while newcomers:
        await newcomers.pop()

    assert served[:10].count("large") == 4
    assert served.count("small") == 21


async def test_so_many_run_at_once() -> None:
    """The API would be flooded, or never asked for two things at a time."""
    desk = Desk(at_once=3)

    await desk.serve(desk.come("a", 10))

    assert desk.most == 3


async def test_who_gives_up_takes_no_turn_along() -> None:
    """After some cancelled tasks nobody would be served any more."""
    desk = Desk(at_once=2)
    wishes = desk.come("a", 6)
    await asyncio.sleep(0)

    for each in wishes[:4]:  # two hold a turn, two wait for one
        each.cancel()
    await asyncio.gather(*wishes[:4], return_exceptions=True)

    assert await desk.serve([*wishes[4:], *desk.come("b", 3)]) == ["a", "a", "b", "b", "b"]
    assert desk.most == 2
