from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cliptask.orders import WorkOrder
from cluster import outcomes
from cluster.api import Document
from cluster.bed import Bed
from cluster.control_plane import ControlPlane
from cluster.kubectl import Cluster
from cluster.kwok import Kwok
from cluster.outcomes import Outcome
from cluster.rights import asked, install_rights, kubeconfig, operator_values


@pytest.fixture(scope="module")
def watched(plane: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A cluster that writes down who asked for what."""
    if not isinstance(plane, ControlPlane):
        pytest.skip("needs fake nodes, and an API server that writes an audit log")
    with ControlPlane(tmp_path_factory.mktemp("watched"), audit=True) as own, Kwok(own):
        yield own


def everything(bed: Bed) -> None:
    """A life with all that can happen: Jobs that fail or cannot start, an edit that ends them, deletion."""

    def judge(order: WorkOrder, _: Document) -> Outcome | None:
        torn = any(each.name.startswith("clip0-clip3") for each in order.variants)
        return outcomes.fail(65, "{}") if torn else None

    bed.renderers.judge = judge
    bed.apply(bed.task("camp", [[0, 1], [2, 3]], output={"uri": f"gs://{bed.bucket}/out", "prune": True}))
    assert bed.wait("camp", "Failed")["failed"] == 1
    # Told to somebody whose address is a Secret.
    bed.apply(bed.task("told", [[3]], notify=[{"secretRef": {"name": "webhooks"}}]))
    bed.wait_for(
        lambda: "there is no Secret webhooks" in bed.condition("told", "Notified").get("message", ""),
        "it is asked for",
    )
    # Tried again later: these Jobs run until the task is suspended.
    bed.renderers.judge = lambda _order, _pod: outcomes.fail(75, "{}")
    bed.apply(bed.task("halted", [[4], [5]]))
    bed.wait_for(lambda: bed.jobs("halted"), "a Job")
    bed.apply(bed.task("halted", [[4], [5]], execution={"suspend": True}))
    bed.wait_for(lambda: not bed.jobs("halted"), "no Job")
    # Refused by a quota, and asked why.
    bed.kubectl("create", "quota", "none", "--hard=pods=0")
    bed.apply(bed.task("refused", [[6]]))
    bed.wait_for(lambda: "quota none" in bed.status("refused").get("message", ""), "it says why")
    bed.kubectl("delete", "clip", "--all", "--timeout=60s")


@pytest.mark.parametrize("clusterwide", [False, True], ids=["namespaces", "cluster"])
def test_the_charts_rights_are_enough_and_none_is_idle(
    watched: ControlPlane, tmp_path: Path, *, clusterwide: bool
) -> None:
    """One too few, and campaigns stand still; one too many, and a stolen token opens it.

    The API server's audit log has all that the operator asked for in a life with everything: exactly what it may.
    """
    namespace = f"rights-{uuid.uuid4().hex[:8]}"
    account = f"{namespace}-cliptask"
    watched.kubectl("create", "namespace", namespace)
    budgets = {"budgets": {"default": {"variants": 100_000}}}
    roles = install_rights(watched, namespace, operator_values(namespace, clusterwide=clusterwide) | budgets)
    settings = {
        "CLIPTASK_BUDGETS": '{"*": {"variants": 100000}}',
        "CLIPTASK_BUDGETS_CONFIG_MAP": f"{account}-budgets",
        "KUBECONFIG": str(kubeconfig(watched, namespace, account, tmp_path)),
        "CLIPTASK_WATCH_NAMESPACES": "" if clusterwide else namespace,
    }

    with Bed(watched, namespace, tmp_path, settings) as bed:
        bed.start()
        everything(bed)

    used, refused = asked(watched, f"system:serviceaccount:{namespace}:{account}")
    assert refused == []
    assert used == {
        (resource, verb)
        for role in roles
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_who_may_not_watch_pods_waits_for_jobs(watched: ControlPlane, tmp_path: Path) -> None:
    """Where rights are kept by hand, a new operator would stand still until somebody has read what it asks for."""
    namespace = f"rights-{uuid.uuid4().hex[:8]}"
    watched.kubectl("create", "namespace", namespace)
    (role,) = install_rights(watched, namespace, operator_values(namespace, clusterwide=False))
    for rule in role["rules"]:
        if rule["resources"] == ["pods"]:
            rule["verbs"] = ["list"]
    watched.kubectl("replace", "-f", "-", stdin=yaml.safe_dump(role))
    account = kubeconfig(watched, namespace, f"{namespace}-cliptask", tmp_path)

    with Bed(watched, namespace, tmp_path, {"KUBECONFIG": str(account)}) as bed:
        bed.start()
        bed.apply(bed.task("camp", [[0, 1], [2, 3]]))

        assert bed.wait("camp")["succeeded"] == 4
