"""How does a Job start? ``python -m cliptask_renderer`` does the work order in its environment."""

from __future__ import annotations

import functools
import os
import signal
import sys

from cliptask_renderer.job_main import run

if __name__ == "__main__":
    # The first process of a container has no default reaction to a signal; ffmpeg ends with this one.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    sys.exit(run(os.environ, functools.partial(print, flush=True)))
