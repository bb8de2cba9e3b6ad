from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml

import cliptask
from cliptask_operator.settings.environment import from_environment
from cliptask_operator.settings.gateway import GatewaySettings
from cliptask_operator.settings.operator import OperatorSettings
from cluster.api import Document
from cluster.helm import CHART, VALUES, HelmFailed, helm, leaves, template
from cluster.images import CHECKOUT

SCHEMA: Document = json.loads((CHART / "values.schema.json").read_text())
EVERYTHING: Document = {
    "elevenlabs": {"existingSecret": "elevenlabs"},
    "storage": {"buckets": ["gs://campaigns"], "existingSecret": "gcs"},
    "operator": {
        "imagePullSecrets": ["registry"],
        "priorityClassName": "high",
        "nodeSelector": {"pool": "system"},
        "tolerations": [{"key": "system", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "podAnnotations": {"a": "b"},
        "podLabels": {"team": "platform"},
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
        "serviceAccount": {"annotations": {"iam.gke.io/gcp-service-account": "operator@example"}},
    },
    "renderer": {"serviceAccount": {"create": True}, "namespaces": ["ads", "film"]},
    "metrics": {
        "podMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
        "dashboard": {"enabled": True},
    },
    "networkPolicy": {"metricsFrom": [{"namespaceSelector": {}}], "extraEgress": [{"to": []}]},
    "podDisruptionBudget": {"enabled": True},
    "notify": {"secretNames": ["webhooks", "slack"]},
    "budgets": {"default": {"variants": 1000}, "namespaces": {"ads": {"bytes": "500Gi"}}},
    "gateway": {
        "enabled": True,
        "existingSecret": "gateway",
        "outputUri": "gs://campaigns/videos",
        "allowFrom": [{"namespaceSelector": {}}],
        "serviceAccount": {"annotations": {"iam.gke.io/gcp-service-account": "gateway@example"}},
    },
}


def of(documents: list[Document], kind: str) -> list[Document]:
    """Those of a kind."""
    return [each for each in documents if each["kind"] == kind]


def volumes(documents: list[Document], name: str) -> list[Document]:
    """Of the operator's pod, or of the gateway's."""
    pods = [each["spec"]["template"]["spec"] for each in of(documents, "Deployment")]
    (found,) = [pod["volumes"] for pod in pods if pod["containers"][0]["name"] == name]
    return list(found)


def container(documents: list[Document], name: str = "operator") -> Document:
    """The operator's, or the gateway's."""
    pods = [each["spec"]["template"]["spec"] for each in of(documents, "Deployment")]
    (found,) = [each for pod in pods for each in pod["containers"] if each["name"] == name]
    return dict(found)


def set_environment(monkeypatch: pytest.MonkeyPatch, values: Document, name: str = "operator") -> None:
    """As the chart does for one of its programs."""
    for each in container(template(values), name)["env"]:
        monkeypatch.setenv(each["name"], each["value"])


def settings(monkeypatch: pytest.MonkeyPatch, values: Document) -> OperatorSettings:
    """What the operator understands of what the chart sets."""
    set_environment(monkeypatch, values)
    return from_environment(OperatorSettings)


def described(schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Paths that the schema knows."""
    for name, value in schema.get("properties", {}).items():
        node = SCHEMA["$defs"][value["$ref"].rpartition("/")[2]] if "$ref" in value else value
        if "properties" in node:
            yield from described(node, f"{path}{name}.")
        else:
            yield path + name


def test_the_linter_has_nothing_to_say() -> None:
    """A chart that Helm itself warns of is trusted by nobody."""
    printed = helm("lint", "--strict", CHART, values={})

    assert "[WARNING]" not in printed
    assert "[ERROR]" not in printed


@pytest.mark.parametrize("watched", [[], ["ads"], ["ads", "film"]], ids=len)
@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["least", "everything"])
def test_every_name_is_made_once_and_where_it_says(watched: list[str], values: Document) -> None:
    """Two objects of one name, and Helm would apply one of them."""
    made = template(values | {"watchNamespaces": watched})

    names = [(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in made]
    assert len(names) == len(set(names))
    # The gateway, what `helm test` starts, and the book of budgets.
    books = [each for each in of(made, "ConfigMap") if each["metadata"]["name"].endswith("-budgets")]
    others = len([*of(made, "Service"), *of(made, "Pod"), *books])
    assert len(of(made, "Role")) == len(of(made, "RoleBinding")) == len(watched) + others
    assert len(of(made, "ClusterRoleBinding")) == (not watched)


def test_the_schema_knows_every_value_and_no_other() -> None:
    """A value that is not in it would be refused; one that is there alone would be heard by nobody."""
    known = set(described(SCHEMA)) - {"global"}
    mappings = {"metrics.dashboard.labels.grafana_dashboard": "metrics.dashboard.labels"}
    values = {mappings.get(path, path) for path in leaves(VALUES)}

    assert values == known


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"watchNamespace": ["ads"]}, "additional properties 'watchNamespace' not allowed"),
        ({"storage": {"buckets": "gs://campaigns"}}, "at '/storage/buckets': got string, want array"),
        ({"storage": {"buckets": ["campaigns"]}}, "at '/storage/buckets/0': 'campaigns' does not match"),
        ({"metrics": {"port": 65536}}, "at '/metrics/port': maximum"),
        ({"renderer": {"image": {"digest": "sha256:12"}}}, "at '/renderer/image/digest'"),
        ({"renderer": {"tolerations": [{"kee": "spot"}]}}, "additional properties 'kee' not allowed"),
        ({"gateway": {"enabled": True}}, "gateway.existingSecret is not set: put a token"),
        ({"gateway": {"enabled": True, "existingSecret": "a"}}, "gateway.outputUri is not set: name where"),
        (
            {
                "storage": {"buckets": ["gs://campaigns/videos"], "bucketsByNamespace": {"ads": ["gs://ads"]}},
                "gateway": {"enabled": True, "existingSecret": "a", "outputUri": "gs://campaigns/videos2"},
            },
            "gateway.outputUri: gs://campaigns/videos2 is in no bucket that tasks of the namespace cliptask may use",
        ),
        (
            {"watchNamespaces": ["ads"], "gateway": {"enabled": True, "existingSecret": "a", "outputUri": "gs://ads/videos", "namespace": "film"}},
            "gateway.namespace: the namespace film is not served",
        ),
        ({"elevenlabs": {"existingSecret": "a", "apiKey": "sk"}}, "additional properties 'apiKey' not allowed"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_name(values: Document, message: str) -> None:
    """A slip in a value would install something else than was meant."""
    with pytest.raises(HelmFailed) as refused:
        template(values)

    assert message in str(refused.value)


def test_the_charts_defaults_are_the_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of operations would be wrong for whoever installs by the chart."""
    by_chart = settings(monkeypatch, {})
    plain = OperatorSettings(renderer_image=by_chart.renderer_image)
    for name in ("metrics_port", "downloads", "max_source_bytes"):
        monkeypatch.delenv(f"CLIPTASK_{name.upper()}")

    assert by_chart == plain
    assert by_chart == from_environment(OperatorSettings)


def test_values_reach_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that is accepted and not heard is worse than none."""
    found = settings(
        monkeypatch,
        {
            "watchNamespaces": ["ads", "film"],
            "storage": {
                "buckets": ["gs://campaigns"],
                "bucketsByNamespace": {"ads": ["gs://media/ads"]},
                "cacheUri": "gs://campaigns/cache",
                "existingSecret": "gcs",
                "s3": {"endpoint": "https://minio:9000", "region": "eu-central-1"},
                "azure": {"account": "campaigns"},
            },
            "fetch": {"openHosts": ["media.local", "10.0.0.1:8080"], "maxSourceBytes": 10_000_000_000},
            "limits": {"maxVariants": 2_000_000, "mostCpu": 4, "mostMemory": "8Gi"},
            "budgets": {
                "default": {"variants": 1_000_000, "bytes": "1Ti"},
                "namespaces": {"ads": {"variants": 5}},
            },
            "renderer": {
                "image": {"repository": "r.example/renderer", "digest": f"sha256:{'a' * 64}"},
                "imagePullSecrets": ["one", "two"],
                "serviceAccount": {"create": True},
                "resources": {"limits": {"cpu": 3}},
                "extraEnv": {"HTTPS_PROXY": "http://proxy:3128"},
                "podLabels": {"azure.workload.identity/use": "true"},
                "nodeSelector": {"pool": "spot"},
                "tolerations": [{"key": "spot", "operator": "Exists"}],
                "priorityClassName": "low",
                "queueName": "campaigns",
            },
        },
    )

    assert found.watch_namespaces == ("ads", "film")
    assert found.policy_for("ads").buckets == ("gs://campaigns", "gs://media/ads")
    assert found.cache_uri == "gs://campaigns/cache"
    assert found.budget_of("ads") == {"variants": 5, "bytes": 2**40}
    assert found.budget_of("film") == {"variants": 1_000_000, "bytes": 2**40}
    assert found.budgets_config_map == "cliptask-budgets"
    assert found.open_hosts == {"media.local", "10.0.0.1:8080"}
    assert (found.max_source_bytes, found.max_variants) == (10_000_000_000, 2_000_000)
    assert (found.most_cpu, found.most_memory) == ("4", "8Gi")
    assert found.renderer.image == f"r.example/renderer@sha256:{'a' * 64}"
    assert found.renderer.pull_secrets == ("one", "two")
    assert found.renderer.service_account == "cliptask-renderer"
    assert found.renderer.credentials_secret == "gcs"  # noqa: S105  a Secret's name
    assert found.renderer.limits.cpu == "3"
    assert found.renderer.environment == {
        "HTTPS_PROXY": "http://proxy:3128",
        "CLIPTASK_S3_ENDPOINT": "https://minio:9000",
        "CLIPTASK_S3_REGION": "eu-central-1",
        "CLIPTASK_AZURE_ACCOUNT": "campaigns",
    }
    assert found.renderer.pod_labels == {"azure.workload.identity/use": "true"}
    assert found.renderer.node_selector == {"pool": "spot"}
    assert found.renderer.tolerations == ({"key": "spot", "operator": "Exists"},)
    assert (found.renderer.priority_class, found.renderer.queue) == ("low", "campaigns")


def test_values_reach_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    """As above, for the other program."""
    values = {
        "watchNamespaces": ["ads", "film"],
        "storage": {"bucketsByNamespace": {"film": ["gs://film"]}, "cacheUri": "gs://film/cache"},
        "gateway": {
            "enabled": True,
            "existingSecret": "gateway",
            "namespace": "film",
            "outputUri": "gs://film/videos",
            "maxBodyBytes": 20_000_000,
            "requestsPerMinute": 90,
        },
    }
    set_environment(monkeypatch, values, "gateway")

    found = from_environment(GatewaySettings)

    assert found.gateway_namespace == "film"
    assert (found.gateway_output_uri, found.cache_uri) == ("gs://film/videos", "gs://film/cache")
    assert (found.gateway_max_body_bytes, found.gateway_requests_per_minute) == (20_000_000, 90)


def test_the_charts_defaults_are_the_gateways(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its page would be wrong for whoever installs by the chart."""
    set_environment(monkeypatch, EVERYTHING, "gateway")
    found = from_environment(GatewaySettings)

    given = {"gateway_token_file", "gateway_namespace", "gateway_output_uri", "elevenlabs_api_key_file"}
    plain = GatewaySettings.model_validate({name: getattr(found, name) for name in given})
    for name in ("MAX_BODY_BYTES", "REQUESTS_PER_MINUTE"):
        monkeypatch.delenv(f"CLIPTASK_GATEWAY_{name}")

    assert found == plain


def test_the_crd_is_the_projects_and_stays() -> None:
    """An old one would refuse new fields; an uninstall would delete every campaign."""
    (made,) = of(template(), "CustomResourceDefinition")
    generated = yaml.safe_load((CHECKOUT / "crds" / "cliptasks.cliptask.dev.yaml").read_text())

    assert made["spec"] == generated["spec"]
    assert made["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_everything_has_one_version() -> None:
    """An operator would start renderers of another version; ``make generate`` writes the copies."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    images = [CHECKOUT / folder / "Containerfile" for folder in ("operator", "renderer-image")]

    changelog = (CHECKOUT / "CHANGELOG.md").read_text()

    assert chart["version"] == chart["appVersion"] == cliptask.__version__
    assert re.findall(r"^## (\S+)", changelog, re.MULTILINE)[0] == cliptask.__version__
    for each in images:
        assert f"\nARG VERSION={cliptask.__version__}\n" in each.read_text()


def test_the_crd_goes_or_is_not_brought_on_demand() -> None:
    """Whoever manages CRDs otherwise would have two owners of one."""
    (made,) = of(template({"crds": {"keep": False}}), "CustomResourceDefinition")

    assert "helm.sh/resource-policy" not in made["metadata"].get("annotations", {})
    assert of(template({"crds": {"enabled": False}}), "CustomResourceDefinition") == []


def test_no_secret_is_made_or_shown() -> None:
    """A key in a release, or in an environment's text, is read by everybody who may see releases or pods."""
    made = template(EVERYTHING)
    assert of(made, "Secret") == []
    for name, secrets in (
        ("operator", {"ELEVENLABS_API_KEY_FILE": "elevenlabs"}),
        ("gateway", {"ELEVENLABS_API_KEY_FILE": "elevenlabs", "CLIPTASK_GATEWAY_TOKEN_FILE": "gateway"}),
    ):
        environment = {each["name"]: each for each in container(made, name)["env"]}
        assert not any("valueFrom" in each for each in environment.values())
        for variable, secret in secrets.items():
            file = PurePosixPath(environment[variable]["value"])
            (mount,) = (
                m for m in container(made, name)["volumeMounts"] if m["mountPath"] == str(file.parent)
            )
            (volume,) = (v for v in volumes(made, name) if v["name"] == mount["name"])
            assert mount["readOnly"]
            assert "subPath" not in mount  # such a file stays as it was
            assert volume["secret"]["secretName"] == secret
            assert volume["secret"].get("optional", False) == ("ELEVENLABS" in variable)  # others run without
            assert [each["path"] for each in volume["secret"]["items"]] == [file.name]


def test_without_an_account_nothing_of_one_is_set_or_mounted() -> None:
    """Pods would wait for a Secret that nobody makes, and with them all tasks that do not speak."""
    made = template(EVERYTHING | {"elevenlabs": {"existingSecret": ""}})

    for name in ("operator", "gateway"):
        assert not [each for each in container(made, name)["env"] if "ELEVENLABS_API_KEY" in each["name"]]
        assert not [each for each in volumes(made, name) if each["name"] == "elevenlabs"]
        assert not [m for m in container(made, name)["volumeMounts"] if m["name"] == "elevenlabs"]


def test_the_page_of_operations_tells_the_charts_rights() -> None:
    """Whoever installs without the chart has the rights from the page alone."""
    page = (CHECKOUT / "docs" / "operations.md").read_text()
    (row,) = re.findall(r"^\| rights \| (.*) \|$", page, re.MULTILINE)
    told = {
        (resource, verb)
        for resource, verbs in re.findall(r"`([a-z/]+)` ([a-z, ]+)", row)
        for verb in verbs.split(", ")
    }

    made = template({"budgets": {"default": {"variants": 1}}})
    roles = [
        each
        for each in (*of(made, "ClusterRole"), *of(made, "Role"))
        if each["metadata"]["name"] in {"cliptask-cliptask", "cliptask-budgets"}
    ]
    assert told == {
        (resource, verb)
        for role in roles
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_jobs_reach_names_and_storage_alone() -> None:
    """A torn file that takes over a renderer would look around in the cluster."""
    policies = of(template({"watchNamespaces": ["ads", "film"]}), "NetworkPolicy")
    operator, *renderers = policies
    (metrics,) = operator["spec"]["ingress"]

    assert [port["port"] for port in metrics["ports"]] == ["metrics"]
    assert [each["metadata"]["namespace"] for each in renderers] == ["ads", "film"]
    for each in renderers:
        assert each["spec"]["policyTypes"] == ["Ingress", "Egress"]
        assert "ingress" not in each["spec"]
        ports = [port["port"] for rule in each["spec"]["egress"] for port in rule["ports"]]
        assert ports == [53, 53, 80, 988, 443]
        private = each["spec"]["egress"][-1]["to"][0]["ipBlock"]["except"]
        assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(private)


def test_alerts_and_dashboard_are_the_files_that_are_tested() -> None:
    """What runs in a cluster would be other rules than those that fired in a test."""
    made = template(EVERYTHING)
    (rule,) = of(made, "PrometheusRule")
    (board,) = (each for each in of(made, "ConfigMap") if each["metadata"]["name"].endswith("-dashboard"))

    assert rule["spec"] == yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())
    assert json.loads(board["data"]["cliptask.json"]) == json.loads(
        (CHART / "files" / "dashboard.json").read_text()
    )
