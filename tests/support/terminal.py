"""What does somebody see in a terminal? A program with one of its own, which tests type into and read."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_ESCAPES = re.compile(r"\x1b(\[[0-9;?>=]*[a-zA-Z]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|[=>])|\r")
_ROWS, _COLUMNS = 40, 160


class Terminal:
    """One side of a terminal; a program has the other."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def type(self, keys: str) -> None:
        """As a person would, at once."""
        os.write(self._descriptor, keys.encode())

    def read(self, until: str | None = None, timeout_s: float = 60) -> str:
        """All that is written until these words have come; without any, until the program has ended. Raises AssertionError."""
        seen, deadline = b"", time.monotonic() + timeout_s
        while until is None or until not in plain(seen.decode(errors="replace")):
            ready, _, _ = select.select([self._descriptor], [], [], max(deadline - time.monotonic(), 0))
            assert ready, f"{until or 'no end'!r} not within {timeout_s:g} s: {seen.decode(errors='replace')}"
            try:
                seen += os.read(self._descriptor, 65536)
            except OSError:  # EIO: the last writer has gone
                assert until is None, f"it ended without {until!r}: {seen.decode(errors='replace')}"
                break
        return seen.decode(errors="replace")


def plain(seen: str) -> str:
    """The same without colours and movements."""
    return _ESCAPES.sub("", seen)


@contextmanager
def running(
    command: Sequence[str | Path], environment: Mapping[str, str], folder: Path | None = None
) -> Iterator[tuple[Terminal, subprocess.Popen[bytes]]]:
    """The program in a terminal of 160 columns, which is its own; it is killed in the end, if it still runs."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    process = subprocess.Popen(
        ["setsid", "--ctty", *command], env=dict(environment), cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs
    )  # fmt: skip
    os.close(theirs)
    try:
        yield Terminal(ours), process
    finally:
        os.close(ours)
        process.kill()
        process.wait()
