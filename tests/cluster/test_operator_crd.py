from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.bed import CRD, Bed
from cluster.control_plane import ControlPlane
from cluster.kubectl import Cluster

NAMESPACE = "default"


@pytest.fixture(scope="module")
def bare(plane: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server of its own: removing the CRD takes every task of a cluster along."""
    if not isinstance(plane, ControlPlane):
        pytest.skip("takes the CRD away")
    with ControlPlane(tmp_path_factory.mktemp("bare")) as own:
        yield own


@pytest.fixture
def deaf(bare: ControlPlane, tmp_path: Path) -> Iterator[Bed]:
    """Everything around an operator, without the CRD."""
    with Bed(bare, NAMESPACE, tmp_path) as made:
        bare.kubectl("delete", "-f", str(CRD))
        yield made
        made.stop()
        # A deaf operator leaves its task's finalizer, which would hold up the next test's removal of the CRD.
        bare.kubectl(
            "patch", "clip", "camp", "--type=merge", "-p", '{"metadata":{"finalizers":[]}}', check=False
        )


def is_heard(bed: Bed, *, again: bool = False) -> None:
    """A task gets its first report. ``again``: an operator that has ended is started again, as a kubelet does."""

    def has_phase() -> bool:
        if again and bed.operator is not None and not bed.operator.running:
            bed.start()
        return bool(bed.status("camp").get("phase"))

    bed.plane.wait_for_resources()
    bed.apply(bed.task("camp", [[0], [1]]))
    bed.wait_for(has_phase, "the task is heard")


@pytest.mark.parametrize("delay_s", [0, 0.6, 1.2])
def test_an_operator_hears_tasks_whose_kind_comes_while_it_starts(deaf: Bed, delay_s: float) -> None:
    """One ``helm install`` brings both: an operator that was quicker than the CRD would be deaf, and look well."""
    program = deaf.launch()
    time.sleep(delay_s)  # the moments differ on purpose; nothing is expected of them

    deaf.plane.kubectl("apply", "--server-side", "-f", str(CRD))

    is_heard(deaf)
    assert program.running


def test_an_operator_says_that_it_waits_for_the_kind(deaf: Bed) -> None:
    """Whoever forgot the CRD would look for the reason in vain."""
    deaf.start()
    deaf.wait_for(lambda: "does not know ClipTasks yet: apply the CRD" in deaf.log(), "a line in the log")

    deaf.plane.kubectl("apply", "--server-side", "-f", str(CRD))

    is_heard(deaf)


def test_an_operator_hears_again_once_the_kind_is_back(deaf: Bed) -> None:
    """A CRD that was deleted by mistake and applied again would leave it deaf. It hears that the kind is gone, or its watch meets a 404 first, and it ends."""
    deaf.plane.kubectl("apply", "--server-side", "-f", str(CRD))
    deaf.start()
    is_heard(deaf)

    deaf.plane.kubectl("delete", "-f", str(CRD))
    deaf.plane.kubectl("apply", "--server-side", "-f", str(CRD))

    is_heard(deaf, again=True)
