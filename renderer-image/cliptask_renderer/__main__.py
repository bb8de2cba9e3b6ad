"""How does a Job start? ``python -m cliptask_renderer`` does the work order in its environment."""

from __future__ import annotations

import functools
import gc
import os
import signal
import sys

# What modules leave behind while they load is no garbage: looking through it costs a tenth of a Job's start.
gc.set_threshold(50_000)

from cliptask_renderer.job_main import ORDER, run  # noqa: E402  see above

_HELP = f"""\
Usage: python -m cliptask_renderer

  Make one video, segment or soundtrack of a ClipTask: what {ORDER} says. The operator's Jobs start it.
"""
_USAGE = 64

if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.stdout.write(_HELP)
        sys.exit(0 if sys.argv[1:] in (["-h"], ["--help"]) else _USAGE)
    # The first process of a container has no default reaction to a signal; ffmpeg ends with this one.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    sys.exit(run(os.environ, functools.partial(print, flush=True)))
