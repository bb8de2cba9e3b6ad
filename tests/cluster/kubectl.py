"""How do tests talk to a cluster by hand? With kubectl."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class KubectlFailed(RuntimeError):
    """kubectl said no; the message is what it said."""


class Cluster:
    """Any cluster: one of ours or one from elsewhere."""

    def __init__(self, kubeconfig: Path, program: Path) -> None:
        self.kubeconfig = kubeconfig
        """May do everything."""
        self.program = program
        """kubectl."""

    def kubectl(
        self, *arguments: str, stdin: str | None = None, check: bool = True, timeout_s: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl. Raises KubectlFailed if it fails, unless ``check`` is false."""
        home = self.kubeconfig.parent
        done = subprocess.run(
            [self.program, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
            env={
                "PATH": os.environ.get("PATH", ""),
                "HOME": os.environ.get("HOME", str(home)),
                "KUBECONFIG": str(self.kubeconfig),
                "KUBECACHEDIR": str(home / "kubectl-cache"),
            },
        )
        if check and done.returncode != 0:
            message = f"kubectl {' '.join(arguments)}: {done.stderr.strip()}"
            raise KubectlFailed(message)
        return done
