from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.bed import Bed
from cluster.control_plane import ControlPlane
from cluster.installation import rights

OPERATOR = "cliptask-operator"


def document(version: str, kind: str, name: str, **content: Any) -> dict[str, Any]:  # noqa: ANN401  of any kind
    """A manifest."""
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **content}


@pytest.fixture
def limited(fake_nodes: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Path]:
    """The kubeconfig of who may do what the page of operations says of a whole cluster, and nothing else."""
    rbac, name = "rbac.authorization.k8s.io/v1", f"{OPERATOR}-{namespace}"
    subject = {"kind": "ServiceAccount", "name": OPERATOR, "namespace": namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    fake_nodes.kubectl("create", "serviceaccount", OPERATOR, f"--namespace={namespace}")
    documents = [
        document(rbac, "ClusterRole", name, rules=rights(clusterwide=True)),
        document(rbac, "ClusterRoleBinding", name, subjects=[subject], roleRef=role),
    ]
    fake_nodes.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(documents))
    token = fake_nodes.kubectl("create", "token", OPERATOR, f"--namespace={namespace}").stdout.strip()
    config = yaml.safe_load(fake_nodes.kubeconfig.read_text())
    for user in config["users"]:
        user["user"] = {"token": token}
    file = tmp_path / "limited.kubeconfig"
    file.write_text(yaml.safe_dump(config))
    yield file
    fake_nodes.kubectl("delete", "clusterrole,clusterrolebinding", name)


def test_a_whole_cluster_is_served_with_the_rights_that_the_page_names(
    fake_nodes: ControlPlane, namespace: str, limited: Path, tmp_path: Path
) -> None:
    """Whoever grants them would find an operator that is forbidden something, or sees no task."""
    settings = {"KUBECONFIG": str(limited), "CLIPTASK_WATCH_NAMESPACES": ""}
    with Bed(fake_nodes, namespace, tmp_path, settings) as bed:
        bed.start()
        bed.apply(bed.task("camp", [[0, 1], [2]], execution={"variantsPerJob": 2}))
        status = bed.wait("camp")
        log = [json.loads(line) for line in (tmp_path / "operator.log").read_text().splitlines()]

    assert (status["phase"], status["succeeded"]) == ("Complete", 2)
    assert len(bed.renderers.orders) == 1  # both videos in one Job
    told = [line for line in log if "forbidden" in str(line).lower()]
    assert told == []
