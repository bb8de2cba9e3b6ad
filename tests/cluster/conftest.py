"""Which cluster do these tests run on? One of our own with fake nodes, or the one whose kubeconfig is named.

``CLIPTASK_TEST_KUBECONFIG`` names a cluster from elsewhere: nothing is built then, and tests that need fake nodes or break
the control plane are skipped.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.bed import Bed
from cluster.binaries import CONTROL_PLANE, binaries
from cluster.control_plane import ControlPlane
from cluster.kubectl import Cluster
from cluster.kwok import Kwok

ELSEWHERE = "CLIPTASK_TEST_KUBECONFIG"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what is missing before the first test, whose time is limited."""
    wanted = any("plane" in getattr(item, "fixturenames", ()) for item in session.items)
    if wanted and ELSEWHERE not in os.environ and not session.config.option.collectonly:
        binaries(*CONTROL_PLANE, "kwok")


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster, for as long as tests run."""
    if named := os.environ.get(ELSEWHERE):
        yield Cluster(
            Path(named), Path(shutil.which("kubectl") or pytest.fail("there is no kubectl in the PATH"))
        )
        return
    with ControlPlane(tmp_path_factory.mktemp("plane")) as own, Kwok(own):
        yield own


@pytest.fixture
def fake_nodes(plane: Cluster) -> ControlPlane:
    """The cluster, if it is one of our own: with fake nodes, and ours to break."""
    if not isinstance(plane, ControlPlane):
        pytest.skip("needs fake nodes")
    return plane


@pytest.fixture
def namespace(plane: Cluster) -> Iterator[str]:
    """A fresh namespace, deleted afterwards without waiting."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    plane.kubectl("create", "namespace", name)
    # Pods are refused until it is there.
    plane.kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={name}", "--timeout=60s")
    yield name
    plane.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def bed(fake_nodes: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Bed]:
    """A running operator."""
    with Bed(fake_nodes, namespace, tmp_path) as made:
        made.start()
        yield made
