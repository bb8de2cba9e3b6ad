"""What examples/argocd and examples/flux tell Argo CD and Flux of a ClipTask, against what the operator writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cliptask.spec.status import ClipTaskStatus
from cliptask.spec.task import ClipTask

FLUX = Path(__file__).parents[2] / "examples" / "flux" / "campaigns.yaml"
EXAMPLES = Path(__file__).parents[2] / "examples" / "argocd"
CHECK = EXAMPLES / "resource_customizations" / "cliptask.dev" / "ClipTask"
STATUSES = sorted((CHECK / "testdata").iterdir())


def read(file: Path) -> Any:  # noqa: ANN401  any YAML
    """A document."""
    return yaml.safe_load(file.read_text())


def test_what_administrators_install_is_the_health_check() -> None:
    """Installations would go on with a health check that nobody tests any more."""
    installed = read(EXAMPLES / "argocd-cm.yaml")["data"]

    assert (
        installed["resource.customizations.health.cliptask.dev_ClipTask"]
        == (CHECK / "health.lua").read_text()
    )


def test_every_status_is_judged() -> None:
    """Data that no test reads would be taken for a test."""
    judged = [each["inputPath"] for each in read(CHECK / "health_test.yaml")["tests"]]

    assert sorted(judged) == [f"testdata/{each.name}" for each in STATUSES]


def test_flux_and_argo_cd_are_told_the_same() -> None:
    """One of them would call a campaign broken that is being made."""
    _, kustomization = yaml.safe_load_all(FLUX.read_text())
    (check,) = kustomization["spec"]["healthCheckExprs"]
    passes = re.search("local passes = {(.*)}", (CHECK / "health.lua").read_text())

    assert passes is not None
    told = {"Rendering", "Suspended", *re.findall(r"(\w+) = true", passes[1])}
    assert (
        set(re.findall("'([A-Z][a-z]+)'", check["failed"])) - {"Failed", "Complete", "True", "False"} == told
    )


@pytest.mark.parametrize("file", STATUSES, ids=lambda file: file.stem)
def test_statuses_are_such_as_the_operator_writes(file: Path) -> None:
    """The health check would pass its tests with statuses of an operator that is no more."""
    task = read(file)
    status = task.pop("status", {})

    ClipTask.model_validate(task)
    written = ClipTaskStatus.model_validate(status).model_dump(mode="json", by_alias=True, exclude_none=True)
    assert not status or written == status
