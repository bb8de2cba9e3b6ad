"""How do tests use the chart? By Helm itself, with values as a document."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from cluster.api import Document
from cluster.binaries import binary
from cluster.images import CHECKOUT

CHART = CHECKOUT / "charts" / "cliptask"
VALUES: Document = yaml.safe_load((CHART / "values.yaml").read_text())
_TIMEOUT_S = 300


class HelmFailed(RuntimeError):
    """Helm said no; the message is what it said."""


def helm(*arguments: str | Path, kubeconfig: Path | None = None, values: Document | None = None) -> str:
    """Run Helm; what it prints. ``values`` go along as a file. Raises HelmFailed, BuildFailed."""
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "values.yaml"
        file.write_text(yaml.safe_dump(values or {}))
        done = subprocess.run(
            [binary("helm"), *arguments, *([f"--values={file}"] if values is not None else [])],
            capture_output=True, text=True, check=False, timeout=_TIMEOUT_S,
            env={
                "PATH": os.environ.get("PATH", ""),
                "HOME": home,
                "KUBECONFIG": str(kubeconfig or Path(home) / "none"),
            },
        )  # fmt: skip
    if done.returncode != 0:
        raise HelmFailed(done.stderr.strip())
    return done.stdout


def manifests(
    values: Document | None = None, *flags: str, release: str = "cliptask", namespace: str = "cliptask"
) -> str:
    """What the chart makes of values, as Helm would send it. Raises HelmFailed where it refuses them."""
    return helm("template", release, CHART, f"--namespace={namespace}", *flags, values=values or {})


def template(values: Document | None = None, **names: str) -> list[Document]:
    """The same as documents. Raises HelmFailed."""
    return [each for each in yaml.safe_load_all(manifests(values, **names)) if each]


def leaves(values: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Paths of all values; an empty mapping is one."""
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{path}{name}.")
        else:
            yield path + name
