from __future__ import annotations

import asyncio
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from cliptask_operator.controller import loop_monitor
from cliptask_operator.controller.loop_monitor import STALLED_S, LoopMonitor
from cluster.processes import free_port


class Patient:
    """A heart with a clock of its own that is really asked."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.heart = LoopMonitor(lambda: self.now_s)
        self.port = free_port()

    def probe(self, path: str = "/healthz") -> tuple[int, str]:
        """Status and text, as the kubelet sees them."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@pytest.fixture
def patient() -> Iterator[Patient]:
    """It answers."""
    made = Patient()
    stop = made.heart.serve(made.port, "127.0.0.1")
    yield made
    stop()


def test_a_loop_that_moves_is_well(patient: Patient) -> None:
    """The kubelet would restart an operator that works."""
    patient.now_s += STALLED_S - 1

    assert patient.probe() == (HTTPStatus.OK, "ok\n")


def test_a_loop_that_stands_still_is_told(patient: Patient) -> None:
    """An operator that hangs would hang for ever, with every campaign of the cluster."""
    patient.now_s += STALLED_S + 5

    status, words = patient.probe()

    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert words == "the event loop has stood still for 20 s\n"


def test_other_paths_are_not_there(patient: Patient) -> None:
    """A probe with a typing error would be well for ever."""
    assert patient.probe("/health")[0] == HTTPStatus.NOT_FOUND


def test_a_blocked_loop_beats_no_more_and_then_again() -> None:
    """Whatever blocks the loop blocks what would tell of it."""
    heart = LoopMonitor()
    blocked, go_on = threading.Event(), threading.Event()
    late_s: list[float] = []

    def block() -> None:
        blocked.set()
        go_on.wait(30)

    async def run() -> None:
        beating = asyncio.create_task(heart.beat())
        await asyncio.sleep(0)
        block()
        while heart.silent_s > loop_monitor.BEAT_S:  # noqa: ASYNC110  a heart tells nobody
            await asyncio.sleep(0.01)
        late_s.append(heart.late_s)  # its next beat is in time
        beating.cancel()

    loop = threading.Thread(target=lambda: asyncio.run(run()))
    loop.start()
    assert blocked.wait(30)
    began = time.monotonic()
    while heart.silent_s < 3 * loop_monitor.BEAT_S:
        assert time.monotonic() - began < 30
        time.sleep(0.01)
    late_while_blocked_s = heart.late_s
    go_on.set()
    loop.join()

    assert late_while_blocked_s > loop_monitor.BEAT_S
    assert late_s[0] > loop_monitor.BEAT_S
    assert heart.silent_s < 3 * loop_monitor.BEAT_S
