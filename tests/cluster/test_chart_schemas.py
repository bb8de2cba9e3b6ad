from __future__ import annotations

import json
from collections.abc import Set as AbstractSet
from itertools import combinations
from pathlib import Path

import pytest

from cluster.helm import VALUES, leaves, manifests
from cluster.kubectl import Cluster
from cluster.schemas import complaints, write_schemas

OTHERWISE = {
    "nameOverride": "films",
    "fullnameOverride": "makes-films",
    "crds.enabled": False,
    "crds.keep": False,
    "watchNamespaces": ["ads", "film"],
    "elevenlabs.existingSecret": "speech",
    "elevenlabs.existingSecretKey": "key",
    "elevenlabs.model": "eleven_flash_v2_5",
    "elevenlabs.outputFormat": "mp3_22050_32",
    "elevenlabs.concurrency": 15,
    "elevenlabs.transcriptionModel": "scribe_v1",
    "storage.buckets": ["gs://campaigns", "gs://media/shared"],
    "storage.bucketsByNamespace": {"ads": ["gs://media/ads"]},
    "storage.cacheUri": "gs://campaigns/cache",
    "storage.existingSecret": "gcs",
    "storage.s3.endpoint": "https://minio.example.com:9000",
    "storage.s3.region": "eu-central-1",
    "storage.azure.account": "campaigns",
    "storage.azure.endpoint": "https://campaigns.blob.core.chinacloudapi.cn",
    "renderer.podLabels": {"azure.workload.identity/use": "true"},
    "fetch.allowHttp": True,
    "fetch.openHosts": ["media.local", "10.0.0.1:8080"],
    "fetch.maxSourceBytes": 10_000_000_000,
    "fetch.timeoutSeconds": 60,
    "fetch.downloads": 2,
    "notify.secretNames": ["webhooks", "slack"],
    "credentials.secretNames": ["signing"],
    "limits.maxVariants": 2_000_000,
    "limits.maxSpeechCharacters": 0,
    "limits.maxTranscribedSeconds": 60,
    "limits.mostCpu": 4,
    "limits.mostMemory": "8Gi",
    "operator.image.repository": "r.example/operator",
    "operator.image.tag": "latest",
    "operator.image.digest": f"sha256:{'a' * 64}",
    "operator.image.pullPolicy": "Always",
    "operator.imagePullSecrets": ["one", "two"],
    "operator.serviceAccount.create": False,
    "operator.serviceAccount.name": "maker",
    "operator.serviceAccount.annotations": {"iam.gke.io/gcp-service-account": "operator@example"},
    "operator.logFormat": "text",
    "operator.resources": {"requests": {"cpu": 1, "memory": None}, "limits": {"cpu": 0.5, "memory": 1e9}},
    "operator.scratch": "1Ti",
    "operator.extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
    "operator.podAnnotations": {"a": "b"},
    "operator.podLabels": {"team": "platform"},
    "operator.nodeSelector": {"pool": "system"},
    "operator.tolerations": [{"key": "system", "operator": "Exists"}],
    "operator.affinity": {"podAntiAffinity": {}},
    "operator.priorityClassName": "high",
    "renderer.image.repository": "r.example/renderer",
    "renderer.image.tag": "latest",
    "renderer.image.digest": f"sha256:{'b' * 64}",
    "renderer.image.pullPolicy": "Never",
    "renderer.imagePullSecrets": ["one", "two"],
    "renderer.namespaces": ["ads", "music"],
    "renderer.serviceAccount.create": True,
    "renderer.serviceAccount.name": "joiner",
    "renderer.serviceAccount.annotations": {"iam.gke.io/gcp-service-account": "renderer@example"},
    "renderer.resources": {"requests": {"cpu": 2}, "limits": {"memory": "4Gi"}},
    "renderer.scratch": "4Gi",
    "renderer.extraEnv": {"HTTPS_PROXY": "http://proxy:3128"},
    "renderer.nodeSelector": {"cloud.google.com/gke-spot": "true"},
    "renderer.tolerations": [{"key": "spot", "operator": "Exists"}],
    "renderer.priorityClassName": "low",
    "renderer.queueName": "campaigns",
    "budgets.default": {"variants": 1000, "speechCharacters": 0, "bytes": "20Gi"},
    "budgets.namespaces": {"ads": {"transcribedSeconds": 60, "encodeSeconds": 600}},
    "gateway.enabled": True,
    "gateway.existingSecret": "door",
    "gateway.existingSecretKey": "key",
    "gateway.namespace": "film",
    "gateway.outputUri": "gs://campaigns/elsewhere",
    "gateway.maxBodyBytes": 20_000_000,
    "gateway.requestsPerMinute": 0.5,
    "gateway.allowFrom": [{"podSelector": {"matchLabels": {"app": "shop"}}}],
    "gateway.serviceAccount.create": False,
    "gateway.serviceAccount.name": "door",
    "gateway.serviceAccount.annotations": {"iam.gke.io/gcp-service-account": "gateway@example"},
    "gateway.resources": {"requests": {"cpu": 1}, "limits": {"memory": "1Gi"}},
    "gateway.extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
    "metrics.port": 0,
    "metrics.podMonitor.enabled": True,
    "metrics.podMonitor.interval": "1m",
    "metrics.podMonitor.labels": {"release": "prometheus"},
    "metrics.prometheusRule.enabled": True,
    "metrics.prometheusRule.labels": {"release": "prometheus"},
    "metrics.dashboard.enabled": True,
    "metrics.dashboard.labels": {"dashboard": "yes"},
    "networkPolicy.enabled": False,
    "networkPolicy.metricsFrom": [{"namespaceSelector": {"matchLabels": {"team": "sre"}}}],
    "networkPolicy.storageCidrs": ["199.36.153.8/30", "0.0.0.0/0"],
    "networkPolicy.storageExcept": [],
    "networkPolicy.extraEgress": [{"to": [{"podSelector": {}}], "ports": [{"port": 3128}]}],
    "podDisruptionBudget.enabled": True,
    "rbac.aggregate": False,
}
"""Each value as it is not by default."""
NEEDED = {
    "storage": {"buckets": ["gs://campaigns"]},
    "gateway": {"existingSecret": "gateway", "outputUri": "gs://campaigns/videos"},
}
"""What the chart asks for where the gateway is enabled."""
KINDS = (
    "ClusterRole", "ConfigMap", "CustomResourceDefinition", "Deployment", "Job", "NetworkPolicy", "Pod", "PodDisruptionBudget", "PodMonitor",
    "PrometheusRule", "Role", "RoleBinding", "Service", "ServiceAccount",
)  # fmt: skip
"""What the chart makes."""


def settings() -> list[frozenset[str]]:
    """Values to change together, such that any two of them are changed both, neither, and each without the other.

    Those whose numbers have a bit, which any two have differently somewhere, and the others; the last bit none has.
    """
    bits = range(len(OTHERWISE).bit_length() + 1)
    changed = [frozenset(path for number, path in enumerate(OTHERWISE) if number >> bit & 1) for bit in bits]
    return [*changed, *(frozenset(OTHERWISE) - each for each in changed)]


def made(changed: AbstractSet[str]) -> str:
    """What the chart makes with some values changed."""
    return manifests(NEEDED, *(f"--set-json={path}={json.dumps(OTHERWISE[path])}" for path in changed))


@pytest.fixture(scope="module")
def schemas(plane: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those of every kind that the chart makes."""
    folder = tmp_path_factory.mktemp("schemas")
    write_schemas(plane, folder)
    return folder


@pytest.fixture(scope="module")
def everything() -> str:
    """Every object that the chart can make."""
    off = {path for path, value in OTHERWISE.items() if value is False} | {"metrics.port"}
    return made(OTHERWISE.keys() - off)


def test_every_value_is_tried_with_every_other() -> None:
    """A value that was added would never be seen but as it is by default."""
    untried = [
        leaf for leaf in leaves(VALUES) if not any(f"{leaf}.".startswith(f"{path}.") for path in OTHERWISE)
    ]
    met = {
        (one in each, other in each, one, other)
        for each in settings()
        for one, other in combinations(OTHERWISE, 2)
    }

    assert untried == []
    assert len(met) == 4 * len(list(combinations(OTHERWISE, 2)))


@pytest.mark.parametrize("changed", settings())
def test_every_manifest_has_its_kinds_fields(changed: frozenset[str], schemas: Path) -> None:
    """An installation would be refused, or a field that nobody knows would be dropped without a word."""
    assert complaints(made(changed), schemas) == []


@pytest.mark.parametrize(
    ("right", "wrong", "kinds"),
    [
        ("  replicas: 1", "  replica: 1", {"Deployment"}),
        ("  replicas: 1", "  replicas: one", {"Deployment"}),
        ("  replicas: 1", "  replicas: 1\n  replicas: 2", {"Deployment"}),
        ("periodSeconds: 5", "periodSecond: 5", {"Deployment"}),
        ("sizeLimit:", "size:", {"Deployment", "Job", "Pod"}),
        ("- key: system", "- kee: system", {"Deployment", "Job", "Pod"}),
        ("automountServiceAccountToken:", "mountServiceAccountToken:", {"ServiceAccount"}),
        ("roleRef:", "roleReference:", {"RoleBinding"}),
        ("- apiGroups:", "- apiGroup:", {"Role", "ClusterRole"}),
        ("  policyTypes:", "  policyType:", {"NetworkPolicy"}),
        ("cidr:", "cidrs:", {"NetworkPolicy"}),
        ("maxUnavailable:", "maxUnavailables:", {"PodDisruptionBudget"}),
        ("subresources:", "subresource:", {"CustomResourceDefinition"}),
        ("x-kubernetes-validations:", "x-kubernetes-validation:", {"CustomResourceDefinition"}),
        ("\ndata:", "\ntext:", {"ConfigMap"}),
        ("podMetricsEndpoints:", "podEndpoints:", {"PodMonitor"}),
        ("interval: 1m", "intervals: 1m", {"PodMonitor"}),
        ("interval: 1m", "interval: often", {"PodMonitor"}),
        ("expr:", "expression:", {"PrometheusRule"}),
        ("\n  labels:\n    app.", "\n  label:\n    app.", set(KINDS)),
        ("kind: PodMonitor", "kind: PodMonitors", {"PodMonitors"}),
    ],
)
def test_a_slip_is_complained_of(
    right: str, wrong: str, kinds: set[str], everything: str, schemas: Path
) -> None:
    """Manifests would be compared with schemas that take anything, and nobody would learn of it."""
    assert right in everything

    said = complaints(everything.replace(right, wrong), schemas)

    assert {each.partition(" ")[0] for each in said} == kinds
