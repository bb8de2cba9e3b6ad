"""Which manifests have the fields that their kinds have? Kubeconform says it, by what a cluster publishes of its own kinds.

::

    write_schemas(plane, folder)
    complaints(text, folder)  # [] if all is well

Kinds of the Prometheus operator are told by its CRDs: it need not be there. A kind that nobody tells of is complained of.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from cluster.api import Document
from cluster.binaries import PROMETHEUS_OPERATOR, Toolbox, binary
from cluster.kubectl import Cluster

_PUBLISHED = (
    "api/v1",
    "apis/apps/v1",
    "apis/batch/v1",
    "apis/networking.k8s.io/v1",
    "apis/policy/v1",
    "apis/rbac.authorization.k8s.io/v1",
    "apis/apiextensions.k8s.io/v1",
)
_CRDS = ("podmonitors", "prometheusrules")
_KIND = "x-kubernetes-group-version-kind"
_METADATA = {"$ref": "v1.json#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
_FILE = "{{ .Group }}-{{ .ResourceAPIVersion }}-{{ .ResourceKind }}.json"
_TIMEOUT_S = 60


def write_schemas(cluster: Cluster, folder: Path) -> None:
    """Write a JSON schema for each kind that the chart may make. Raises KubectlFailed, BuildFailed."""
    for path in _PUBLISHED:
        published = json.loads(cluster.kubectl("get", "--raw", f"/openapi/v3/{path}").stdout)
        file = f"{path.partition('/')[2].replace('/', '-')}.json"
        (folder / file).write_text(json.dumps(strict(published)))
        for name, schema in published["components"]["schemas"].items():
            for kind in schema.get(_KIND, ()):
                _write(folder, kind, {"$ref": f"{file}#/components/schemas/{name}"})
    crds = Toolbox().module(PROMETHEUS_OPERATOR) / "example" / "prometheus-operator-crd"
    for plural in _CRDS:
        spec = yaml.safe_load((crds / f"monitoring.coreos.com_{plural}.yaml").read_text())["spec"]
        for version in spec["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = _METADATA
            kind = {"group": spec["group"], "version": version["name"], "kind": spec["names"]["kind"]}
            _write(folder, kind, schema)


def strict(schema: Any) -> Any:  # noqa: ANN401  any part of a schema
    """The schema of the same fields and no others; what takes any field or names none stays open."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: strict(part) for name, part in schema.items()}
    # A property may be called ``type`` or ``properties``, too: then it is a schema.
    if schema.get("type") == "object" and "properties" in schema:
        made.setdefault("additionalProperties", schema.get("x-kubernetes-preserve-unknown-fields", False))
    return made


def complaints(manifests: str, folder: Path) -> list[str]:
    """What kubeconform says against manifests by the schemas of a folder. Raises BuildFailed."""
    done = subprocess.run(
        [binary("kubeconform"), "-strict", "-verbose", "-output=json", f"-schema-location={folder}/{_FILE}"],
        input=manifests, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S,
    )  # fmt: skip
    return [
        f"{each['kind']} {each['name']}: {each['msg']}"
        for each in json.loads(done.stdout)["resources"]
        if each["status"] != "statusValid"
    ]


def _write(folder: Path, kind: Document, schema: Document) -> None:
    """A kind's schema, where kubeconform looks for it: it takes the version for the group where there is none."""
    group = kind["group"] or kind["version"]
    (folder / f"{group}-{kind['version']}-{kind['kind'].lower()}.json").write_text(json.dumps(schema))
