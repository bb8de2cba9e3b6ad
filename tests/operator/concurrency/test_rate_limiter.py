from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from cliptask_operator.concurrency.rate_limiter import RateLimiter


@dataclass
class FakeTime:
    """A clock that stands still until everybody sleeps, and then goes to the first who wakes."""

    now: float = 0.0
    _sleepers: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def clock(self) -> float:
        """Seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Until the clock is there."""
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._numbers), woken))
        await woken

    async def until(self, moment: float) -> None:
        """Let time pass, and everybody who wakes meanwhile go on."""
        await settle()
        while self._sleepers and self._sleepers[0][0] <= moment:
            self.now, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self.now = moment


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


class Door:
    """Lets in one after another, each as soon as there is a token."""

    def __init__(self, time: FakeTime, per_second: float, burst: int) -> None:
        self._time = time
        self._limiter = RateLimiter(per_second, burst, time.clock)
        self._first = asyncio.Lock()

    async def enter(self) -> None:
        """Come again at the time that is told."""
        async with self._first:
            while (wait_s := self._limiter.try_acquire()) > 0:
                await self._time.sleep(wait_s)


async def begin(arrivals: list[float], per_second: float, burst: int) -> list[tuple[int, float]]:
    """Who began when: (number of the arrival, second)."""
    time, begun = FakeTime(), []
    door = Door(time, per_second, burst)

    async def work(number: int) -> None:
        await door.enter()
        begun.append((number, time.now))

    async with asyncio.TaskGroup() as group:
        for number, moment in enumerate(arrivals):
            await time.until(moment)
            group.create_task(work(number))
        await time.until(1e9)
    return begun


async def test_a_burst_begins_at_once_and_the_rest_in_step() -> None:
    """The first Jobs of a campaign would wait for nothing, or the API server would drown."""
    begun = await begin([0.0] * 6, per_second=10, burst=3)

    assert [round(moment, 6) for _, moment in begun] == [0, 0, 0, 0.1, 0.2, 0.3]


async def test_a_pause_earns_a_burst_and_no_more() -> None:
    """An operator that was idle for a night would send a night's requests at once."""
    begun = await begin([0.0] * 3 + [3600.0] * 5, per_second=10, burst=3)

    assert [round(moment - 3600, 6) for _, moment in begun[3:]] == [0, 0, 0, 0.1, 0.2]


@given(
    st.lists(st.floats(0, 5), min_size=1, max_size=40).map(sorted),
    st.sampled_from([0.5, 3.0, 10.0, 100.0]),
    st.integers(1, 8),
)
def test_in_no_span_of_time_do_more_begin_than_promised(
    arrivals: list[float], per_second: float, burst: int
) -> None:
    """All tasks together would exceed what the API server is promised, or some would starve."""
    begun = asyncio.run(begin(arrivals, per_second, burst))

    assert [number for number, _ in begun] == list(range(len(arrivals)))
    moments = [moment for _, moment in begun]
    for first, start in enumerate(moments):
        for last in range(first, len(moments)):
            assert last - first + 1 <= burst + (moments[last] - start) * per_second + 1e-6
    for (number, moment), arrival in zip(begun, arrivals, strict=True):
        assert arrival <= moment <= arrival + (number + 1) / per_second


async def test_who_gives_up_stops_nobody() -> None:
    """A task that is deleted while it waits would hold up all others."""
    time = FakeTime()
    door = Door(time, 1, 1)
    waiting = [asyncio.create_task(door.enter()) for _ in range(3)]
    await settle()

    waiting[1].cancel()
    await time.until(2)

    assert waiting[0].done()
    assert waiting[2].done()
