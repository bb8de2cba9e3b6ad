"""What stands for a storage in tests? A server that speaks as it does, on a free port of this machine."""

from __future__ import annotations

import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import psutil

START_S = 30.0


class Emulator(ABC):
    """One that runs while its context lasts."""

    def __init__(self, address: str = "127.0.0.1", scheme: str = "http") -> None:
        self.port = 0
        self._address, self._scheme = address, scheme

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{self._scheme}://{self._address}:{self.port}"

    @abstractmethod
    def _command(self, stack: ExitStack) -> list[str]:
        """What starts it, with port 0; ``stack`` has what goes with it."""

    @abstractmethod
    def _connect(self) -> Any:  # noqa: ANN401  each storage's own
        """A client, which is closed with it."""

    def _environment(self) -> Mapping[str, str] | None:
        """None: that of the tests."""
        return None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            command = self._command(stack)
            process = subprocess.Popen(command, env=self._environment(), stdout=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)
            self.port = listening_port(process)
            self.client = self._connect()
            stack.callback(self.client.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def listening_port(process: subprocess.Popen[bytes]) -> int:
    """The port that the system chose, as soon as there is one."""
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        for each in psutil.Process(process.pid).net_connections("tcp4"):
            if each.status == psutil.CONN_LISTEN:
                return int(each.laddr.port)
        time.sleep(0.01)
    message = f"{process.args!r} does not listen (exit code {process.poll()})"
    raise RuntimeError(message)
