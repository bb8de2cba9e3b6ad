"""How do tests talk to a cluster by hand? With kubectl."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any


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

    def create_namespace(self, name: str) -> None:
        """With the service account without which pods are refused, and which comes a moment later. Raises KubectlFailed."""
        self.kubectl("create", "namespace", name)
        self.kubectl(
            "wait", "--for=create", "serviceaccount/default", f"--namespace={name}", "--timeout=120s"
        )

    def wait_for_resources(self, timeout_s: float = 60) -> None:
        """Until the API serves every CRD that was applied, and tells of it. Raises KubectlFailed.

        ``kubectl wait`` gives up at once on a CRD so new that its conditions are null, and one that is established is
        found by ``kubectl`` only a moment later.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            found = json.loads(self.kubectl("get", "crd", "--output=json").stdout)["items"]
            told = self.kubectl("api-resources", "--output=name", "--cached=false", check=False).stdout
            served = {each["metadata"]["name"]: is_established(each) for each in found}
            late = [name for name, is_served in served.items() if not is_served or name not in told.split()]
            if not late:
                return
            if time.monotonic() > deadline:
                message = f"not served after {timeout_s:g} s: {', '.join(late)}"
                raise KubectlFailed(message)
            time.sleep(0.05)


def is_established(crd: dict[str, Any]) -> bool:
    """Whether the API serves it."""
    conditions = (crd.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)
