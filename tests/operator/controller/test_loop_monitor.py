from __future__ import annotations

import asyncio
import threading
import time

from cliptask_operator.controller.loop_monitor import BEAT_S, LoopMonitor


def test_a_blocked_loop_beats_no_more_and_then_again() -> None:
    """Whatever blocks the loop blocks what would tell of it."""
    monitor = LoopMonitor()
    blocked, go_on = threading.Event(), threading.Event()
    late_s: list[float] = []

    def block() -> None:
        blocked.set()
        go_on.wait(30)

    async def run() -> None:
        beating = asyncio.create_task(monitor.beat())
        await asyncio.sleep(0)
        block()
        while monitor.late_s > 2 * BEAT_S:
            late_s.append(monitor.late_s)
            await asyncio.sleep(0.01)
        beating.cancel()

    loop = threading.Thread(target=lambda: asyncio.run(run()))
    loop.start()
    assert blocked.wait(30)
    began = time.monotonic()
    while monitor.late_s < 2.5 * BEAT_S:
        assert time.monotonic() - began < 30
        time.sleep(0.01)
    late_while_blocked_s = monitor.late_s
    go_on.set()
    loop.join()

    assert late_while_blocked_s > BEAT_S
    assert late_s[0] > BEAT_S
    assert monitor.late_s < late_while_blocked_s
