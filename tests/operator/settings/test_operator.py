from __future__ import annotations

import os

import pytest

from cliptask.errors import SetupError
from cliptask.spec.execution import Amounts
from cliptask_operator.kubernetes.manifests import RendererSettings
from cliptask_operator.settings.environment import from_environment
from cliptask_operator.settings.operator import OperatorSettings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that says nothing but which image it is."""
    for name in os.environ:
        if name.startswith(("CLIPTASK_", "ELEVENLABS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CLIPTASK_RENDERER_IMAGE", "renderer:1")


def read(monkeypatch: pytest.MonkeyPatch, **environment: str) -> OperatorSettings:
    """The settings of an environment; names are those after ``CLIPTASK_``."""
    for name, value in environment.items():
        monkeypatch.setenv(f"CLIPTASK_{name}", value)
    return from_environment(OperatorSettings)


def refusal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """The words with which an environment is refused."""
    with pytest.raises(SetupError) as refused:
        read(monkeypatch, **environment)
    return str(refused.value)


def test_without_settings_nobody_may_use_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    """A default that opens something is a hole that nobody made."""
    settings = read(monkeypatch)

    assert settings.buckets == {}
    assert not settings.policy_for("ads").may_use("gs://campaigns")
    assert not settings.fetch.allow_http
    assert not settings.fetch.open_hosts
    assert settings.watch_namespaces == ()


def test_mappings_are_json_and_lists_have_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the chart writes would not be read."""
    settings = read(
        monkeypatch,
        BUCKETS='{"*": ["gs://shared/all"], "ads": ["gs://team-ads", "gs://more"]}',
        RENDERER_ENVIRONMENT='{"HTTPS_PROXY": "http://proxy:3128"}',
        RENDERER_PULL_SECRETS="one, two,",
        WATCH_NAMESPACES=" ads ,film",
        OPEN_HOSTS="media.local,10.0.0.1:8080",
    )

    assert settings.buckets == {"*": ("gs://shared/all",), "ads": ("gs://team-ads", "gs://more")}
    assert settings.watch_namespaces == ("ads", "film")
    assert settings.renderer.environment == {"HTTPS_PROXY": "http://proxy:3128"}

    assert settings.renderer.pull_secrets == ("one", "two")
    assert settings.fetch.open_hosts == {"media.local", "10.0.0.1:8080"}


def test_jobs_are_told_where_s3_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would look for the buckets of an own server at AWS."""
    own = read(
        monkeypatch, S3_ENDPOINT="https://minio:9000", S3_REGION="eu-1", BUCKETS='{"*": ["s3://campaigns/a"]}'
    )

    assert own.renderer.environment == {
        "CLIPTASK_S3_ENDPOINT": "https://minio:9000",
        "CLIPTASK_S3_REGION": "eu-1",
    }
    assert own.policy_for("ads").may_use("s3://campaigns/a/b")
    assert not own.policy_for("ads").may_use("gs://campaigns/a/b")
    assert (
        read(monkeypatch, AZURE_ACCOUNT="campaigns").renderer.environment["CLIPTASK_AZURE_ACCOUNT"]
        == "campaigns"
    )
    assert "must be the name of a storage account" in refusal(monkeypatch, AZURE_ACCOUNT="my account")
    monkeypatch.setenv("CLIPTASK_AZURE_ACCOUNT", "")
    assert "must be a URL such as https://minio" in refusal(monkeypatch, S3_ENDPOINT="minio:9000")
    assert "such as gs://campaigns" in refusal(
        monkeypatch, S3_ENDPOINT="", BUCKETS='{"*": ["s3://Campaigns"]}'
    )


def test_empty_lists_are_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chart's unset value is an empty text: a namespace without a name would be watched."""
    settings = read(monkeypatch, WATCH_NAMESPACES="", RENDERER_PULL_SECRETS=" ")

    assert settings.watch_namespaces == settings.renderer_pull_secrets == ()


def test_the_renderer_is_as_the_installation_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit set in the chart would be another one in the cluster."""
    settings = read(
        monkeypatch,
        CPU_REQUEST="500m", CPU_LIMIT="3", MEMORY_REQUEST="512Mi", MEMORY_LIMIT="3Gi", RENDERER_SCRATCH="5Gi",
        RENDERER_PULL_POLICY="Never", RENDERER_SERVICE_ACCOUNT="renderer", RENDERER_CREDENTIALS_SECRET="gcs",  # noqa: S106  a Secret's name
        RENDERER_NODE_SELECTOR='{"pool": "spot"}', RENDERER_PRIORITY_CLASS="low", QUEUE_NAME="campaigns",
        RENDERER_TOLERATIONS='[{"key": "spot", "operator": "Exists", "tolerationSeconds": 3}]',
    )  # fmt: skip

    assert settings.renderer == RendererSettings(
        image="renderer:1",
        requests=Amounts(cpu="500m", memory="512Mi"),
        limits=Amounts(cpu="3", memory="3Gi"),
        pull_policy="Never",
        service_account="renderer",
        scratch="5Gi",
        credentials_secret="gcs",  # noqa: S106  a Secret's name
        node_selector={"pool": "spot"},
        tolerations=({"key": "spot", "operator": "Exists", "tolerationSeconds": 3},),
        priority_class="low",
        queue="campaigns",
    )


def test_files_of_the_operators_machine_are_nobodys_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task could read the operator's own token; everything else of fetching is as set."""
    fetch = read(
        monkeypatch,
        ALLOW_FILE="true",
        ALLOW_HTTP="true",
        DOWNLOADS="3",
        FETCH_TIMEOUT_S="7",
        MAX_SOURCE_BYTES="9",
    ).fetch

    assert not fetch.allow_file
    assert (fetch.allow_http, fetch.parallel, fetch.timeout_s, fetch.max_bytes) == (True, 3, 7, 9)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BUCKETS", '{"*": ["s3cret-bucket"]}'),
        ("BUCKETS", '{"*": ["gs://UPPER-s3cret"]}'),
        ("BUCKETS", '{"*": "gs://s3cret-no-list"}'),
        ("BUCKETS", '{"*": ["gs://s3cret"'),
        ("BUCKETS", "gs://s3cret"),
        ("BUCKETS", '["gs://s3cret"]'),
        ("RENDERER_ENVIRONMENT", '{"A": ["s3cret"]}'),
        ("RENDERER_ENVIRONMENT", "A=s3cret"),
        ("RENDERER_NODE_SELECTOR", "pool=s3cret"),
        ("RENDERER_TOLERATIONS", '[{"key": "a", "effect": "s3cret"}]'),
        ("RENDERER_TOLERATIONS", '[{"kee": "s3cret"}]'),
        ("CACHE_URI", "file:///s3cret"),
        ("RENDERER_PULL_POLICY", "s3cret"),
        ("RENDERER_SCRATCH", "s3cret"),
        ("CPU_LIMIT", "s3cret cores"),
        ("MOST_MEMORY", "2GiB-s3cret"),
        ("MAX_SPEECH_CHARACTERS", "s3cret"),
        ("METRICS_PORT", "65536"),
        ("LOG_FORMAT", "s3cret"),
        ("DOWNLOADS", "s3cret"),
    ],
)
def test_a_bad_value_is_named_by_its_variable_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Whoever reads the log of a pod that does not start must know which value to mend; it may hold a password."""
    words = refusal(monkeypatch, **{name: value})

    assert f": CLIPTASK_{name}" in words
    assert "s3cret" not in words


def test_every_bad_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each start of the pod would show one more."""
    words = refusal(monkeypatch, LOG_FORMAT="x", HEALTH_PORT="-1")

    assert "CLIPTASK_LOG_FORMAT: " in words
    assert "CLIPTASK_HEALTH_PORT: " in words


def test_choices_are_named_as_they_must_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever follows the message would be refused again."""
    assert "'Always', 'IfNotPresent' or 'Never'" in refusal(monkeypatch, RENDERER_PULL_POLICY="always")


def test_the_image_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs without an image are refused one by one."""
    monkeypatch.delenv("CLIPTASK_RENDERER_IMAGE")

    assert "CLIPTASK_RENDERER_IMAGE: is not set: Image of the renderer" in refusal(monkeypatch)
