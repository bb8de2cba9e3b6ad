"""How do tests get a real Argo CD? Its repo-server and its controller as processes, with Redis, on a control plane.

::

    repository = Repository(folder / "git")
    with ArgoCd(plane, binary("argocd"), folder / "argocd") as argocd:
        argocd.follow("campaigns", repository, namespace)
        argocd.commit("campaigns", repository, {"spring.yaml": text})

Neither its API server nor its pages run. Needs Debian's redis-server and git.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import psutil
import yaml

from cluster.api import Document
from cluster.binaries import ARGO_CD, Toolbox
from cluster.control_plane import ControlPlane
from cluster.images import CHECKOUT
from cluster.node_packages import install_packages
from cluster.processes import Program, free_port

EXAMPLES = CHECKOUT / "examples" / "argocd"
PACKAGES = {"redis-server": "redis-server", "git": "git"}
NAMESPACE = "argocd"
FOLDER = "campaigns"
"""Of the repository, as the example has it."""


class Repository:
    """A bare git repository, and a checkout to commit from."""

    def __init__(self, folder: Path) -> None:
        self.bare, self._checkout = folder / "campaigns.git", folder / "checkout"
        folder.mkdir()
        self._git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare))
        self._git(folder, "clone", "--quiet", str(self.bare), str(self._checkout))
        self._git(self._checkout, "checkout", "--quiet", "-B", "main")
        self.commit({".gitkeep": ""})

    def commit(self, files: Mapping[str, str | None]) -> str:
        """Write files (None: remove) and push; returns the revision."""
        for name, text in files.items():
            file = self._checkout / FOLDER / name
            file.parent.mkdir(exist_ok=True)
            if text is None:
                file.unlink()
            else:
                file.write_text(text)
        self._git(self._checkout, "add", "--all")
        self._git(self._checkout, "commit", "--quiet", "--message=Change campaigns")
        self._git(self._checkout, "push", "--quiet", "origin", "main")
        return self._git(self._checkout, "rev-parse", "HEAD").strip()

    @staticmethod
    def _git(folder: Path, *arguments: str) -> str:
        who = {f"GIT_{role}_{what}": "test" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **who},
        )  # fmt: skip
        return done.stdout


class ArgoCd:
    """Installed as its own manifests say, with the health check of the examples."""

    def __init__(self, plane: ControlPlane, program: Path, folder: Path) -> None:
        self._plane = plane
        self._program = program
        self._folder = folder
        self._stack = ExitStack()
        self._redis, self._repositories, self._metrics = free_port(), free_port(), free_port()
        self._log = folder / "controller.log"
        self._controller: Program | None = None

    def start(self) -> None:
        """Install and start everything. Raises BuildFailed, CannotInstall, DidNotStart; then nothing is left running."""
        install_packages(PACKAGES)
        (self._folder / "tmp").mkdir(parents=True)
        manifests = Toolbox().module(ARGO_CD) / "manifests"
        try:
            redis = self._run(
                "redis", "redis-server", "--bind", "127.0.0.1", "--port", str(self._redis), "--save", "",
                "--appendonly", "no", "--dir", str(self._folder),
            )  # fmt: skip
            server = self._run(
                "repo-server", self._program, "--address=127.0.0.1", f"--port={self._repositories}",
                "--metrics-address=127.0.0.1", f"--metrics-port={free_port()}", f"--redis=127.0.0.1:{self._redis}",
                "--disable-tls", "--loglevel=warn",
            )  # fmt: skip
            self._plane.kubectl("apply", "--server-side", "-k", str(manifests / "crds"))
            redis.wait_until(
                lambda: _listens(self._redis) and self._is_known(), what="up, nor Argo CD's kinds known"
            )
            self._configure(manifests / "base" / "config")
            server.wait_until(lambda: _listens(self._repositories))
            controller = self._controller = self._run(
                "application-controller", self._program, f"--kubeconfig={self._plane.kubeconfig}", f"--namespace={NAMESPACE}",
                f"--metrics-port={self._metrics}", f"--redis=127.0.0.1:{self._redis}",
                f"--repo-server=127.0.0.1:{self._repositories}", "--repo-server-plaintext", "--persist-resource-health",
                "--loglevel=debug",  # tells of requests
            )  # fmt: skip
            controller.wait_until(lambda: _listens(self._metrics))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything; what it has applied stays."""
        self._stack.close()
        # The repo-server's, which heeds no TMPDIR and leaves it.
        Path("/tmp/reposerver-ask-pass.sock").unlink(missing_ok=True)  # noqa: S108

    def follow(self, name: str, repository: Repository, namespace: str) -> None:
        """Have the example's Application keep a namespace as a repository says."""
        example: Document = yaml.safe_load((EXAMPLES / "application.yaml").read_text())
        example["metadata"]["name"] = name
        example["spec"]["source"]["repoURL"] = repository.bare.as_uri()
        example["spec"]["destination"]["namespace"] = namespace
        self._plane.kubectl("apply", "-f", "-", stdin=json.dumps(example))

    def forget(self, name: str) -> None:
        """End an Application; what it has applied stays."""
        self._kubectl("delete", "application", name, "--ignore-not-found")

    def refresh(self, name: str) -> None:
        """Have it look at the repository now, as a webhook would."""
        self._kubectl("annotate", "application", name, "argocd.argoproj.io/refresh=normal", "--overwrite")

    def application(self, name: str) -> Document:
        """Its status."""
        found: Document = json.loads(self._kubectl("get", "application", name, "-o", "json"))
        return found.get("status") or {}

    def health(self, name: str, task: str) -> tuple[str, str]:
        """What it says of a ClipTask that it has applied: health and message, empty where nothing yet."""
        for each in self.application(name).get("resources", ()):
            if (each["kind"], each["name"]) == ("ClipTask", task):
                said = each.get("health") or {}
                return said.get("status", ""), said.get("message", "")
        return "", ""

    def reconciles(self) -> int:
        """How often the controller has reconciled any Application."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics}/metrics", timeout=10) as answer:
            told = str(answer.read().decode())
        return sum(
            int(count)
            for count in re.findall(r"^argocd_app_reconcile_count\{.*\} (\d+)$", told, re.MULTILINE)
        )

    def cpu_s(self) -> float:
        """What the controller has taken so far."""
        assert self._controller is not None
        return float(sum(psutil.Process(self._controller.pid).cpu_times()[:2]))

    def comparisons(self) -> int:
        """How often, of these, it has compared an Application with git; otherwise it only draws its tree of resources."""
        levels = re.findall(r"Refreshing app status .*level \((\d)\)", self._log.read_text(errors="replace"))
        return sum(level != "0" for level in levels)

    def requests(self) -> Counter[str]:
        """How often resources of each kind have asked for a reconcile; one answers all that asked since the one before."""
        lines = (line for line in self._log.read_text(errors="replace").splitlines() if line.startswith("{"))
        told = (
            json.loads(line) for line in lines if "Requesting app refresh caused by object update" in line
        )
        return Counter(each["kind"] for each in told)

    def _is_known(self) -> bool:
        return (
            self._plane.kubectl("get", "applications,appprojects", "--all-namespaces", check=False).returncode
            == 0
        )

    def _configure(self, manifests: Path) -> None:
        self._plane.kubectl("create", "namespace", NAMESPACE)
        self._kubectl("apply", "--server-side", "-k", str(manifests))
        self._kubectl(
            "patch",
            "secret",
            "argocd-secret",
            "--type=merge",
            "-p",
            '{"stringData": {"server.secretkey": "test"}}',
        )
        anything = {"sourceRepos": ["*"], "destinations": [{"namespace": "*", "server": "*"}]}
        project = {
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "default"},
            "spec": {**anything, "clusterResourceWhitelist": [{"group": "*", "kind": "*"}]},
        }  # fmt: skip
        self._kubectl("apply", "-f", "-", stdin=json.dumps(project))
        self._kubectl(
            "patch", "configmap", "argocd-cm", "--type=merge", f"--patch-file={EXAMPLES / 'argocd-cm.yaml'}"
        )

    def _kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self._plane.kubectl("-n", NAMESPACE, *arguments, stdin=stdin).stdout

    def _run(self, name: str, *command: str | Path) -> Program:
        environment = {
            **os.environ,
            # One program under several names.
            "ARGOCD_BINARY_NAME": f"argocd-{name}",
            "ARGOCD_FAKE_IN_CLUSTER": "true",
            "ARGOCD_GPG_ENABLED": "false",
            "KUBECONFIG": str(self._plane.kubeconfig),
            "TMPDIR": str(self._folder / "tmp"),
        }
        log = self._log if name == "application-controller" else self._folder / f"{name}.log"
        program = Program(name, command, log, environment=environment)
        self._stack.callback(program.end)
        return program

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def judged(program: Path, manifest: Path) -> tuple[str, str]:
    """What the health check of the examples says of an object, without any cluster: health and message."""
    config = EXAMPLES / "argocd-cm.yaml"
    done = subprocess.run(
        [program, "admin", "settings", "resource-overrides", "health", manifest, "--argocd-cm-path", config],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    health, _, message = done.stdout.removeprefix("STATUS: ").partition("\nMESSAGE: ")
    return health, message.strip()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
