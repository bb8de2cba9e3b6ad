"""What may the operator do, and what did it do? The chart's rights, applied, and the API server's own records."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from cluster.api import Document
from cluster.control_plane import ControlPlane
from cluster.helm import template
from cluster.kubectl import Cluster

Right = tuple[str, str]
"""A resource and a verb: ``("cliptasks/status", "patch")``."""


def operator_values(namespace: str, *, clusterwide: bool) -> Document:
    """The chart's values for an operator of one namespace or of all, and no rights but its own."""
    return {
        "watchNamespaces": [] if clusterwide else [namespace],
        "rbac": {"aggregate": False},
        "notify": {"secretNames": ["webhooks"]},
    }


def install_rights(
    plane: Cluster, namespace: str, values: Document, *, hooks: bool = False
) -> list[Document]:
    """Apply the chart's ServiceAccounts and rights, and what they are for, and with ``hooks`` those of `helm test`; returns its Roles and ClusterRoles."""
    made = [
        each
        for each in template(values, release=namespace, namespace=namespace)
        if (
            each["kind"] == "ServiceAccount"
            or each["apiVersion"].startswith("rbac.")
            or each["metadata"]["name"].endswith("-budgets")
        )
        and (hooks or "helm.sh/hook" not in each["metadata"].get("annotations", {}))
    ]
    plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(made))
    return [each for each in made if each["kind"] in {"Role", "ClusterRole"}]


def kubeconfig(plane: Cluster, namespace: str, account: str, folder: Path) -> Path:
    """Of a ServiceAccount, in its namespace."""
    token = plane.kubectl("create", "token", account, f"--namespace={namespace}").stdout
    config = yaml.safe_load(plane.kubeconfig.read_text())
    for context in config["contexts"]:
        context["context"]["namespace"] = namespace
    for user in config["users"]:
        user["user"] = {"token": token.strip()}
    file = folder / f"{account}.kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return file


def asked(plane: ControlPlane, account: str) -> tuple[set[Right], list[Document]]:
    """What a ServiceAccount asked the API for, and what it was forbidden, by the API server's own records."""
    entries = [json.loads(line) for line in plane.audit_log.read_text().splitlines()]
    own = [each for each in entries if each["user"]["username"] == account and "objectRef" in each]
    used = set()
    for each in own:
        about = each["objectRef"]
        used.add(("/".join(filter(None, (about["resource"], about.get("subresource")))), each["verb"]))
    return used, [each for each in own if (each.get("responseStatus") or {}).get("code") == 403]
