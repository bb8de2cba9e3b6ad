"""How much memory has been taken? By this process, and by the programs that it ran."""

from __future__ import annotations

import re
import resource
import sys
from contextlib import suppress
from pathlib import Path

_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024
"""Of ``getrusage``."""


def peak_bytes() -> int:
    """The most that this process and the largest that it ran have had, since it began."""
    return _own() + peak_bytes_of_programs()


def peak_bytes_of_programs() -> int:
    """The most that the largest program has had that this process ran to its end; 0 if it ran none."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _UNIT_BYTES


def _own() -> int:
    # On Linux, what getrusage says may be the peak of the process that started this one: exec hands it down.
    with suppress(OSError):
        if found := re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE):
            return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT_BYTES
