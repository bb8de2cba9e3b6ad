"""What does the chart's README say? What its template and the comments in ``values.yaml`` say, put together by helm-docs.

``python -m cluster.chart_readme``, in the folder ``tests``, prints it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cluster.binaries import binary
from cluster.helm import CHART

_TIMEOUT_S = 60
# Its strict mode knows comments that repeat the value's path and no others: the template refuses a value without one.
_FLAGS = ("--dry-run", "--sort-values-order=file", "--log-level=warning")


class ReadmeFailed(RuntimeError):
    """There is no README of this chart; the message says why, as where a value has no comment."""


def readme(chart: Path = CHART) -> str:
    """The README of a chart. Raises ReadmeFailed, BuildFailed."""
    done = subprocess.run(
        [binary("helm-docs"), *_FLAGS], cwd=chart, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
    )  # fmt: skip
    # It exits with 0 also when it made nothing, or half of it.
    if done.returncode != 0 or done.stderr:
        raise ReadmeFailed(done.stderr.strip())
    return done.stdout


if __name__ == "__main__":
    sys.stdout.write(readme())
