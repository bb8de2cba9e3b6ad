"""Which cluster do these tests run on? One of our own, with fake nodes or a real one, or the one whose kubeconfig is named.

``CLIPTASK_TEST_KUBECONFIG`` names a cluster from elsewhere: nothing of Kubernetes and no image is built then, tests from
end to end install there (site.py says what else they need to know), and tests that need fake nodes or break the control
plane are skipped.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import images
from cluster.bed import Bed
from cluster.binaries import CONTROL_PLANE, binaries, binary
from cluster.control_plane import ControlPlane
from cluster.images_buildah import Image
from cluster.kubectl import Cluster
from cluster.kwok import Kwok
from cluster.node import Node, real_cluster
from cluster.site import Site, elsewhere, site_elsewhere

_FAKE = ("fake-gcs-server", *CONTROL_PLANE, "kwok", "helm")
_PROGRAMS = {
    "plane": _FAKE,
    "schemas": ("kubeconform",),
    "kueue": (*_FAKE, "kueue"),
    "argocd_program": ("argocd",),
    "flux": ("kustomize-controller",),
    "neighbourhood": ("kube-router",),
}
"""What the first test with such a fixture would wait for."""


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what is missing before the first test, whose time is limited."""
    wanted = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    if elsewhere() is None and not session.config.option.collectonly:
        binaries(*(program for name in sorted(wanted & _PROGRAMS.keys()) for program in _PROGRAMS[name]))


_OWN: list[ControlPlane] = []
"""The plane of these tests, once there is one."""


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster, for as long as tests run."""
    if (there := elsewhere()) is not None:
        yield there
        return
    with ControlPlane(tmp_path_factory.mktemp("plane")) as own, Kwok(own):
        _OWN.append(own)
        yield own
        _OWN.clear()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Let the plane go on."""
    for own in _OWN:
        own.thaw()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Freeze the plane while other tests run: those of four workers would take a seventh of a core for nothing."""
    if nextitem is not None and Path(__file__).parent not in nextitem.path.parents:
        for own in _OWN:
            own.freeze()


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
    plane.create_namespace(name)
    yield name
    plane.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def bed(fake_nodes: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Bed]:
    """A running operator."""
    with Bed(fake_nodes, namespace, tmp_path) as made:
        made.start()
        yield made


@pytest.fixture(scope="session")
def argocd_program() -> Path:
    """Argo CD: one program for all that it does."""
    return binary("argocd")


@pytest.fixture(scope="session")
def renderer() -> Image:
    """The renderer's image of this checkout."""
    return images.build("renderer")


@pytest.fixture(scope="session")
def operator() -> Image:
    """The operator's image of this checkout."""
    return images.build("operator")


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory, renderer: Image, operator: Image) -> Iterator[Node]:
    """A cluster with one real node."""
    with real_cluster(tmp_path_factory.mktemp("cluster"), renderer, operator) as started:
        yield started


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Site:
    """Where to install."""
    if (there := elsewhere()) is not None:
        return site_elsewhere(there)
    own: Node = request.getfixturevalue("node")
    names = [request.getfixturevalue(role).name for role in ("operator", "renderer")]
    return Site(own.plane, own.bridge_address, *names)


@pytest.fixture(scope="module")
def restricted(site: Site) -> Iterator[str]:
    """A namespace that enforces PodSecurity ``restricted``, deleted afterwards without waiting."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    site.plane.create_namespace(name)
    site.plane.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield name
    site.plane.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")
