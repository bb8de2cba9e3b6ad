"""How do tests get a real Flux? Its kustomize-controller as a process; what its source-controller would fetch, a test gives it.

::

    with Flux(plane, binary("kustomize-controller"), folder) as flux:
        flux.follow("campaigns", namespace)
        flux.offer("campaigns", {"spring.yaml": text}, bed.web.url, bed.folder / "sources")
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import yaml

from cluster.api import Document
from cluster.binaries import FLUX, FLUX_SOURCES, Toolbox
from cluster.control_plane import ControlPlane
from cluster.images import CHECKOUT
from cluster.processes import Program, answers, free_port

NAMESPACE = "flux-system"
EXAMPLE = CHECKOUT / "examples" / "flux" / "campaigns.yaml"


class Flux:
    """Applies what it is offered, and says how that goes."""

    def __init__(self, plane: ControlPlane, program: Path, folder: Path) -> None:
        self._plane = plane
        self._command = program
        self._folder = folder
        self._program: Program | None = None

    def start(self) -> None:
        """Install its kinds and start it. Raises BuildFailed, DidNotStart; then nothing is left running."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for source in (FLUX, FLUX_SOURCES):
            crds = Toolbox().module(source) / "config" / "crd" / "bases"
            self._plane.kubectl("apply", "--server-side", "-f", str(crds))
        self._plane.kubectl("create", "namespace", NAMESPACE)
        health = free_port()
        environment = {
            **os.environ, "KUBECONFIG": str(self._plane.kubeconfig), "RUNTIME_NAMESPACE": NAMESPACE,
            "TMPDIR": str(self._folder),
        }  # fmt: skip
        self._program = Program(
            "kustomize-controller",
            [
                self._command, f"--health-addr=127.0.0.1:{health}", f"--metrics-addr=127.0.0.1:{free_port()}",
                "--watch-all-namespaces=true",
            ],
            self._folder / "kustomize-controller.log",
            environment=environment,
        )  # fmt: skip
        try:
            self._program.wait_until(lambda: answers(f"http://127.0.0.1:{health}/readyz"))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it; what it has applied stays."""
        if self._program is not None:
            self._program.end()

    def follow(self, name: str, namespace: str, **spec: Any) -> None:  # noqa: ANN401  a spec's parts; None: without
        """Have the example's Kustomization keep a namespace as a source says."""
        source, kustomization = documents()
        source["metadata"]["name"] = kustomization["metadata"]["name"] = name
        kustomization["spec"]["sourceRef"]["name"] = name
        changed = kustomization["spec"] | {"targetNamespace": namespace} | spec
        kustomization["spec"] = {field: value for field, value in changed.items() if value is not None}
        self._kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all([source, kustomization]))

    def offer(self, name: str, files: Mapping[str, str], url: str, served: Path) -> str:
        """Let a source have files, as its controller does after a push; ``served`` is a folder below ``url``. Returns the revision."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            for file, text in files.items():
                entry = tarfile.TarInfo(f"campaigns/{file}")
                entry.size = len(text.encode())
                tar.addfile(entry, io.BytesIO(text.encode()))
        digest = hashlib.sha256(archive.getvalue()).hexdigest()
        (served / f"{digest}.tar.gz").write_bytes(archive.getvalue())
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        revision = f"main@sha1:{digest[:40]}"
        artifact = {
            "path": f"{digest}.tar.gz", "url": f"{url}/{digest}.tar.gz", "revision": revision,
            "digest": f"sha256:{digest}", "lastUpdateTime": now,
        }  # fmt: skip
        status = {"status": {"artifact": artifact, "observedGeneration": 1}}
        self._kubectl(
            "patch", "gitrepository", name, "--subresource=status", "--type=merge", "-p", json.dumps(status)
        )
        return revision

    def ready(self, name: str, revision: str) -> tuple[str, str, str]:
        """Status, reason and message of Ready, for a revision that was tried; empty before."""
        found: Document = json.loads(self._kubectl("get", "kustomization", name, "-o", "json"))
        status = found.get("status") or {}
        if revision not in {status.get("lastAttemptedRevision"), status.get("lastAppliedRevision")}:
            return "", "", ""
        (said,) = [each for each in status["conditions"] if each["type"] == "Ready"]
        return said["status"], said["reason"], said["message"]

    def forget(self, name: str) -> None:
        """End both, and with them what they have applied."""
        self._kubectl("delete", "kustomization,gitrepository", name, "--wait=false", "--ignore-not-found")

    def _kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self._plane.kubectl("-n", NAMESPACE, *arguments, stdin=stdin).stdout

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def documents() -> tuple[Document, Document]:
    """The example's GitRepository and Kustomization."""
    source, kustomization = yaml.safe_load_all(EXAMPLE.read_text())
    return source, kustomization
