"""How can a container end? As values that the companion turns into a pod's status."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

MESSAGE_BYTES = 4096
"""The kubelet cuts termination messages here."""

_KILLED = 137
"""128 + SIGKILL."""


@dataclass(frozen=True)
class Outcome:
    """What becomes of one pod."""

    exit_code: int | None = 0
    """None: it runs until somebody deletes it, as past a deadline."""
    message: str = ""
    reason: str = "Completed"
    evicted: bool = False
    delay_s: float = 0
    counted: bool = True
    """False: its container has ended, its pod still counts as running. With a kubelet that takes a second."""

    def late(self, delay_s: float) -> Self:
        """The same, after so many seconds of running."""
        return replace(self, delay_s=delay_s)

    def uncounted(self) -> Self:
        """The same, and its Job hears nothing of it."""
        return replace(self, counted=False)


def succeed(message: str = "") -> Outcome:
    """Exit 0. Whether anything was made is another question: without, it is a lie."""
    return Outcome(message=message)


def fail(code: int, message: str = "") -> Outcome:
    """Exit with an error, e.g. 65 for bad input and 75 for another try."""
    return Outcome(exit_code=code, message=message, reason="Error")


def oom() -> Outcome:
    """Killed for using more memory than its limit: no message."""
    return Outcome(exit_code=_KILLED, reason="OOMKilled")


def evict() -> Outcome:
    """Ended by the kubelet because the node ran short, with the condition ``DisruptionTarget``."""
    return Outcome(exit_code=_KILLED, reason="Error", evicted=True)


def hang() -> Outcome:
    """Never ends by itself."""
    return Outcome(exit_code=None)
