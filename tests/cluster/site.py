"""Where do the tests from end to end install? On a real node of their own, or on the cluster whose kubeconfig is named.

================================  =========================================================================
``CLIPTASK_TEST_KUBECONFIG``      the kubeconfig of a cluster from elsewhere (kind, minikube, a cloud's)
``CLIPTASK_TEST_OPERATOR_IMAGE``  images that its nodes have, or can pull
``CLIPTASK_TEST_RENDERER_IMAGE``
``CLIPTASK_TEST_ADDRESS``         an address of this machine that its pods reach, for sources, speech and bucket
================================  =========================================================================
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cluster.kubectl import Cluster

KUBECONFIG = "CLIPTASK_TEST_KUBECONFIG"
_WANTED = ("CLIPTASK_TEST_ADDRESS", "CLIPTASK_TEST_OPERATOR_IMAGE", "CLIPTASK_TEST_RENDERER_IMAGE")


class IncompleteSite(RuntimeError):
    """Something about a cluster from elsewhere is not said."""


@dataclass(frozen=True)
class Site:
    """A cluster with everything that an installation needs to know."""

    plane: Cluster
    address: str
    """Of this machine, where its pods reach the servers of a test."""
    operator: str = ""
    """The operator's image, by its name; empty: the one that the chart asks for by default."""
    renderer: str = ""


def elsewhere(environment: Mapping[str, str] = os.environ) -> Cluster | None:
    """The cluster from elsewhere, if one is named. Raises IncompleteSite where there is no kubectl."""
    named = environment.get(KUBECONFIG)
    if not named:
        return None
    program = shutil.which("kubectl")
    if program is None:
        message = f"{KUBECONFIG} is set, and there is no kubectl in the PATH: install it"
        raise IncompleteSite(message)
    return Cluster(Path(named), Path(program))


def site_elsewhere(plane: Cluster, environment: Mapping[str, str] = os.environ) -> Site:
    """What the environment says of a cluster from elsewhere. Raises IncompleteSite that names what is missing."""
    missing = [name for name in _WANTED if not environment.get(name)]
    if missing:
        message = f"{KUBECONFIG} is set: set {', '.join(missing)} too (see tests/cluster/site.py)"
        raise IncompleteSite(message)
    return Site(plane, *(environment[name] for name in _WANTED))
