"""How do pods of fake nodes make real videos? Each runs the renderer's program with its own environment, as its container would."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from cliptask.orders import WorkOrder
from cliptask_renderer.job_main import REPORT
from cluster import outcomes
from cluster.api import Document
from cluster.bed import Judge
from cluster.companion import environment
from cluster.outcomes import Outcome


def real(gcs_url: str) -> Judge:
    """A judge who has each order carried out, in a process of its own."""

    def render(_order: WorkOrder, pod: Document) -> Outcome:
        with tempfile.TemporaryDirectory() as scratch:
            report = Path(scratch) / "report"
            own = {k: v for k, v in os.environ.items() if not k.startswith(("CLIPTASK_", "ELEVENLABS_"))}
            own |= {"STORAGE_EMULATOR_HOST": gcs_url}
            own |= environment(pod) | {REPORT: str(report), "TMPDIR": scratch}
            command = [sys.executable, "-m", "cliptask_renderer"]
            ran = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
            words = report.read_text() if report.exists() else ran.stderr
        return outcomes.fail(ran.returncode, words) if ran.returncode else outcomes.succeed(words)

    return render
