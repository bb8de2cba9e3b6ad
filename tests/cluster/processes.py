"""How do the programs of a test cluster start and end? Each by its own pid, with its log in a file, never outliving the tests."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

_POLL_S = 0.02
_LOG_TAIL = 2000


class DidNotStart(RuntimeError):
    """A program ended too early or was not ready in time; the message ends with the last lines of its log."""


class Program:
    """A running program. With ``tied`` the kernel kills it when the *thread* that started it ends, whatever ends that."""

    def __init__(
        self, name: str, command: Sequence[str | Path], log: Path, *, tied: bool = True, environment: Mapping[str, str] | None = None
    ) -> None:  # fmt: skip
        self.name = name
        self.log = log
        tie = ["setpriv", "--pdeathsig", "KILL", "--"] if tied else []
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*tie, *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                # A Ctrl+C in the terminal is for the tests, which end their programs in order.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The program's own: what ties it replaces itself by it."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Also while it is frozen."""
        return self._process.poll() is None

    def freeze(self) -> None:
        """Stop it in mid-sentence: its connections stay open and say nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on where it was frozen."""
        self._process.send_signal(signal.SIGCONT)

    def end(self, grace_s: float = 0) -> None:
        """End it and wait until it is gone: politely for ``grace_s`` seconds, then for certain."""
        if grace_s and self.running:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(grace_s)
        if self.running:
            self._process.kill()
        self._process.wait()

    def wait_until(self, ready: Callable[[], bool], timeout_s: float = 60, what: str = "ready") -> None:
        """Wait for a condition while the program runs. Raises DidNotStart."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.running:
                message = f"{self.name} ended with {self._process.returncode}:\n{self.last_words()}"
                raise DidNotStart(message)
            if time.monotonic() > deadline:
                message = f"{self.name} was not {what} within {timeout_s:g} s:\n{self.last_words()}"
                raise DidNotStart(message)
            time.sleep(_POLL_S)

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-_LOG_TAIL:]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def answers(url: str) -> bool:
    """Whether a server of this machine answers with 200, as those do that are ready."""
    with suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  our own loopback server
        return bool(answer.status == 200)
    return False


def free_port(address: str = "127.0.0.1") -> int:
    """A TCP port that nobody has, and that stays free while its program is down.

    It lies below the range from which the kernel takes ports for outgoing connections: otherwise a client that tries to
    reach a stopped server may get the server's own port.
    """
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    chosen = random.SystemRandom()
    for _ in range(1000):
        port = chosen.randrange(max(1024, lowest - 20_000), lowest)
        if not _reserve(port):
            continue
        with socket.socket() as probe:
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return port
    message = f"no free port on {address} below {lowest}"
    raise DidNotStart(message)


def _reserve(port: int) -> bool:
    """Keep a port from other processes of the tests, until this one ends: between choice and use nobody listens there."""
    folder = Path(tempfile.gettempdir(), f"cliptask-ports-{os.getuid()}")
    folder.mkdir(exist_ok=True)
    lock = os.open(folder / str(port), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return False
    return True  # the lock ends with this process


def same_process(pid: int, started: float) -> psutil.Process | None:
    """The process of that pid if it is the one that started then (seconds since the epoch): pids wrap."""
    try:
        process = psutil.Process(pid)
        return process if abs(process.create_time() - started) < 1 and process.is_running() else None
    except psutil.NoSuchProcess:
        return None
