from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from cliptask.orders import WorkReport
from cluster import outcomes
from cluster.bed import Bed
from cluster.binaries import binary
from cluster.control_plane import ControlPlane
from cluster.flux import Flux
from cluster.gate import Gate
from cluster.kubectl import Cluster

pytestmark = pytest.mark.e2e

UNFIT = WorkReport(reason="SourceUnusable", message="its third picture is torn").model_dump_json()


@pytest.fixture(scope="module")
def flux(plane: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flux]:
    """Flux, on a cluster of our own."""
    if not isinstance(plane, ControlPlane):
        pytest.skip("brings its own Flux")
    with Flux(plane, binary("kustomize-controller"), tmp_path_factory.mktemp("flux")) as running:
        yield running


@pytest.fixture
def followed(bed: Bed, flux: Flux) -> Iterator[str]:
    """A Kustomization as the example has it, for the bed's namespace."""
    flux.follow(bed.namespace, bed.namespace)
    yield bed.namespace
    flux.forget(bed.namespace)


def offer(bed: Bed, flux: Flux, retry: str = "", **spec: object) -> str:
    """Push the task camp of four videos."""
    task = bed.task("camp", [[0, 1], [2, 3]], **spec)  # type: ignore[arg-type]  # a spec's parts
    task["metadata"]["annotations"] = {"cliptask.dev/retry": retry} if retry else {}
    return flux.offer(bed.namespace, {"camp.yaml": yaml.safe_dump(task)}, bed.web.url, bed.folder / "sources")


def test_flux_waits_until_the_campaign_is_complete(bed: Bed, flux: Flux, followed: str) -> None:
    """What depends on the campaign would begin without its videos."""
    gate = Gate(bed)
    revision = offer(bed, flux)
    bed.wait_for(lambda: len(bed.jobs("camp")) == 4, "segments")
    assert flux.ready(followed, revision)[:2] == ("Unknown", "Progressing")

    gate.open()
    bed.wait_for(lambda: flux.ready(followed, revision)[:2] == ("True", "ReconciliationSucceeded"), "ready")

    assert bed.status("camp")["phase"] == "Complete"


def test_flux_says_at_once_that_a_campaign_has_failed_and_tries_again(
    bed: Bed, flux: Flux, followed: str
) -> None:
    """It would wait for hours for what will never be, or see the old failure in the new attempt."""
    bed.renderers.judge = lambda _order, _pod: outcomes.fail(65, UNFIT)
    revision = offer(bed, flux)

    def names_it() -> bool:
        *said, message = flux.ready(followed, revision)  # which it forgets when it tries again
        return said == ["False", "HealthCheckFailed"] and "camp" in message

    bed.wait_for(names_it, "failed, with the task's name")

    bed.renderers.judge = lambda _order, _pod: None
    revision = offer(bed, flux, retry="1")
    bed.wait_for(lambda: flux.ready(followed, revision)[:2] == ("True", "ReconciliationSucceeded"), "ready")


def test_flux_does_not_wait_for_a_suspended_campaign(bed: Bed, flux: Flux, followed: str) -> None:
    """A plan that waits for somebody's word would hold up every commit after it."""
    revision = offer(bed, flux, execution={"suspend": True})

    bed.wait_for(lambda: flux.ready(followed, revision)[:2] == ("True", "ReconciliationSucceeded"), "ready")

    assert bed.status("camp")["phase"] == "Suspended"


def test_without_the_expressions_flux_waits_for_nothing(bed: Bed, flux: Flux) -> None:
    """docs/gitops.md says so; if Flux understood our conditions by itself, the expressions could go."""
    gate = Gate(bed)
    flux.follow(bed.namespace, bed.namespace, healthCheckExprs=None)
    revision = offer(bed, flux)

    bed.wait_for(
        lambda: flux.ready(bed.namespace, revision)[:2] == ("True", "ReconciliationSucceeded"), "ready"
    )

    assert bed.status("camp").get("phase") != "Complete"
    gate.open()
    flux.forget(bed.namespace)


def test_what_is_not_in_git_any_more_goes(bed: Bed, flux: Flux, followed: str) -> None:
    """Campaigns that nobody wants would stay, or their videos go without leave."""
    revision = offer(bed, flux)
    bed.wait_for(lambda: flux.ready(followed, revision)[0] == "True", "ready")

    revision = flux.offer(followed, {"none.yaml": ""}, bed.web.url, bed.folder / "sources")
    bed.wait_for(lambda: not bed.kubectl("get", "clip", "-o", "name"), "pruned")

    assert len(bed.videos("camp")) == 4
