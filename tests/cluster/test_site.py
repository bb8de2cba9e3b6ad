from __future__ import annotations

from pathlib import Path

import pytest

from cluster.kubectl import Cluster
from cluster.site import IncompleteSite, elsewhere, site_elsewhere

PLANE = Cluster(Path("/nowhere/config"), Path("/usr/bin/kubectl"))
SAID = {
    "CLIPTASK_TEST_ADDRESS": "172.18.0.1",
    "CLIPTASK_TEST_OPERATOR_IMAGE": "operator:1",
    "CLIPTASK_TEST_RENDERER_IMAGE": "renderer:1",
}


def test_a_cluster_from_elsewhere_is_taken_as_it_is_said() -> None:
    """Images would change places, or be built although they are there."""
    site = site_elsewhere(PLANE, SAID)

    assert (site.plane, site.address) == (PLANE, "172.18.0.1")
    assert (site.operator, site.renderer) == ("operator:1", "renderer:1")


@pytest.mark.parametrize("missing", SAID)
def test_what_is_not_said_is_named(missing: str) -> None:
    """Somebody with a cluster would have to read the tests."""
    with pytest.raises(IncompleteSite, match=f"set {missing} too"):
        site_elsewhere(PLANE, {name: value for name, value in SAID.items() if name != missing})


def test_without_a_kubeconfig_there_is_none() -> None:
    """The tests would run on whatever cluster a person happens to work with."""
    assert elsewhere({"KUBECONFIG": "/home/somebody/.kube/config"}) is None
