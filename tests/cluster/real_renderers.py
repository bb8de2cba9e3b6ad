"""How do pods of fake nodes make real videos? Each runs the renderer's program with its own environment, as its container would."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from cliptask.orders import WorkOrder
from cliptask_renderer.job_main import ORDER, REPORT
from cluster import outcomes
from cluster.api import Document
from cluster.bed import Judge
from cluster.companion import environment
from cluster.outcomes import Outcome

Secrets = Callable[[str], Mapping[str, bytes]]
"""What a Secret holds, by its name."""


def real(gcs_url: str, secrets: Secrets | None = None) -> Judge:
    """A judge who has each order carried out, in a process of its own; with ``secrets``, beside what its pod mounts."""

    def render(order: WorkOrder, pod: Document) -> Outcome:
        with tempfile.TemporaryDirectory() as scratch:
            report = Path(scratch) / "report"
            report.touch()  # as Kubernetes does, or nothing is written there
            own = {k: v for k, v in os.environ.items() if not k.startswith(("CLIPTASK_", "ELEVENLABS_"))}
            own |= {"STORAGE_EMULATOR_HOST": gcs_url}
            own |= environment(pod) | {REPORT: str(report), "TMPDIR": scratch}
            if secrets is not None:
                mounted = _mounted(pod, order.secrets, Path(scratch), secrets)
                own[ORDER] = order.model_copy(update={"secrets": str(mounted)}).to_text()
            command = [sys.executable, "-m", "cliptask_renderer"]
            ran = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
            words = report.read_text() or ran.stderr
        return outcomes.fail(ran.returncode, words) if ran.returncode else outcomes.succeed(words)

    return render


def _mounted(pod: Document, at: str, scratch: Path, secrets: Secrets) -> Path:
    """The folder that a container finds at a path: of the Secret's keys those that the pod's volume names."""
    (container,) = pod["spec"]["containers"]
    volume = next(each["name"] for each in container["volumeMounts"] if each["mountPath"] == at)
    secret = next(each["secret"] for each in pod["spec"]["volumes"] if each["name"] == volume)
    content = secrets(secret["secretName"])
    for item in secret["items"]:
        file = scratch / "mounted" / item["path"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content[item["key"]])
    return scratch / "mounted"
