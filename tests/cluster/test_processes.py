from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from cluster.processes import DidNotStart, Program, free_port, same_process


def test_a_program_that_ends_too_early_says_why(tmp_path: Path) -> None:
    """Who started a cluster would wait for the time-out, and find the reason in no message."""
    command = [sys.executable, "-c", "raise SystemExit('the flag is unknown')"]

    with (
        Program("broken", command, tmp_path / "log") as program,
        pytest.raises(DidNotStart, match=r"(?s)broken ended with 1.*the flag is unknown"),
    ):
        program.wait_until(lambda: False)


def test_a_frozen_program_can_be_ended(tmp_path: Path) -> None:
    """A test that fails while it keeps the API server silent would leave it behind."""
    with Program("sleeper", ["sleep", "600"], tmp_path / "log") as program:
        process = psutil.Process(program.pid)
        program.freeze()

    assert not process.is_running()


def test_a_polite_end_lets_a_program_finish(tmp_path: Path) -> None:
    """A program that writes something at its end would lose it."""
    script = "import signal, sys; print('ready', flush=True); signal.sigwait([signal.SIGTERM]); print('bye')"
    blocked = f"import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); {script}"
    with Program("polite", [sys.executable, "-c", blocked], tmp_path / "log") as program:
        program.wait_until(lambda: "ready" in program.last_words())

        program.end(grace_s=60)

    assert program.last_words() == "ready\nbye\n"


def test_a_port_is_none_that_clients_are_given() -> None:
    """A stopped server could not come back: a client, or even one that looks for it, may have got its port."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])

    assert 1024 <= free_port() < lowest


def test_a_pid_that_is_used_again_is_another_process() -> None:
    """``make cluster-down`` would end a stranger's program."""
    own = psutil.Process()

    assert same_process(own.pid, own.create_time()) == own
    assert same_process(own.pid, own.create_time() - 60) is None
