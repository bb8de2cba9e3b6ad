"""What does an installation in a cluster decide? Settings of ``cliptask operator``, from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BaseModel, Field
from pydantic.alias_generators import to_camel
from pydantic_settings import NoDecode

from cliptask.spec.budget import Budget
from cliptask.spec.execution import Amounts
from cliptask.spec.quantities import Amount, amount
from cliptask.spec.values import BUCKET
from cliptask_operator.campaign.preflight import Policy
from cliptask_operator.kubernetes.manifests import RendererSettings
from cliptask_operator.settings.environment import Listed, Settings, of_form
from cliptask_operator.sources.settings import FetchSettings
from cliptask_operator.speech.settings import SpeechSettings

Bucket = Annotated[
    str,
    of_form(
        rf"{BUCKET}(/[^\s?#]*)?",
        "must be a bucket, or a prefix in one, such as gs://campaigns, gs://campaigns/videos, s3://campaigns or az://campaigns",
    ),
]

EVERY_NAMESPACE = "*"
GET_ACCOUNT = (
    "put its key into a Secret and name that as elevenlabs.existingSecret of the chart (ELEVENLABS_API_KEY_FILE), or write "
    "the voice espeak-ng"
)
"""For a task whose lines an account must speak, or whose clips it must transcribe."""


class Toleration(BaseModel, alias_generator=to_camel, extra="forbid", frozen=True):
    """As Kubernetes has it in a pod."""

    key: str | None = None
    operator: Literal["Exists", "Equal"] | None = None
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration_seconds: int | None = None


class OperatorSettings(Settings):
    """Each field is read from ``CLIPTASK_<NAME>``; mappings are JSON, lists are separated by commas."""

    renderer_image: str = Field(min_length=1)
    """Image of the renderer, by tag or digest."""
    renderer_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    """When nodes pull the image."""
    renderer_pull_secrets: Annotated[tuple[str, ...], NoDecode, Listed] = ()
    """Secrets of each task's namespace that hold the registry's credentials."""
    renderer_service_account: str = ""
    """ServiceAccount of the Jobs, in each task's namespace: who may write to the buckets."""
    renderer_environment: dict[str, str] = Field(default_factory=dict)
    """Further environment of the renderer, e.g. a proxy's address."""
    renderer_credentials_secret: str = ""
    """Secret of each task's namespace with the buckets' credentials, where the pods' own identity has none: key.json, aws-credentials, azure-connection-string."""
    credentials_secrets: Annotated[tuple[str, ...], NoDecode, Listed] = ()
    """Secrets of each task's namespace by which tasks may have their videos signed, by their names."""
    renderer_node_selector: dict[str, str] = Field(default_factory=dict)
    """Labels of the nodes that Jobs may run on: {"pool": "spot"}."""
    renderer_tolerations: tuple[Toleration, ...] = ()
    """Taints that Jobs bear: [{"key": "spot", "operator": "Exists"}]."""
    renderer_priority_class: str = ""
    """PriorityClass of the Jobs' pods."""
    queue_name: str = ""
    """Kueue's LocalQueue of the Jobs whose ClipTask carries no label that names one."""
    renderer_scratch: Amount = "2Gi"
    """Most that a Job may write to its disk."""
    cpu_request: Amount = "1"
    """CPUs set aside for a Job, unless its task says."""
    cpu_limit: Amount = "2"
    """CPUs that a Job may use, unless its task says."""
    memory_request: Amount = "1Gi"
    """Memory set aside for a Job, unless its task says or it is known what such Jobs take."""
    memory_limit: Amount = "2Gi"
    """Memory that a Job may use, unless its task says or it needs more."""
    most_cpu: Amount | None = None
    """The most CPUs that a task may ask for."""
    most_memory: Amount | None = None
    """The most memory that a task may ask for, and a Job may get."""

    buckets: dict[str, tuple[Bucket, ...]] = Field(default_factory=dict)
    """Buckets, or prefixes in them, that tasks may read and write, by namespace; "*" is every one: {"*": ["gs://campaigns"]}."""
    budgets: dict[str, Budget] = Field(default_factory=dict)
    """What all tasks of a namespace may take together in a calendar month (UTC), by namespace; "*" is every one, as far as it has no number of its own: {"*": {"speechCharacters": 100000}}."""
    budgets_config_map: str = "cliptask-budgets"
    """ConfigMap beside the operator that counts what they have taken; without budgets, none is needed."""
    cache_uri: Bucket | None = None
    """One cache for all tasks, e.g. gs://campaigns/cache. Default: one below each spec.output.uri."""
    s3_endpoint: Annotated[
        str, of_form(r"(https?://[^/?#\s]+/?)?", "must be a URL such as https://minio.example.com:9000")
    ] = ""
    """Server of s3:// buckets, if not AWS's own; Jobs are told."""
    s3_region: Annotated[str, of_form("[-a-z0-9]*", "must be a region such as eu-central-1")] = ""
    """Region of s3:// buckets; Jobs are told. Default: as the pods' identity says."""
    azure_account: Annotated[
        str, of_form("([a-z0-9]{3,24})?", "must be the name of a storage account, such as campaigns")
    ] = ""
    """Storage account of az:// containers; Jobs are told."""
    azure_endpoint: Annotated[
        str, of_form(r"(https?://[^?#\s]+)?", "must be a URL such as https://campaigns.blob.core.windows.net")
    ] = ""
    """Its address, if not that of Azure's public cloud; Jobs are told."""
    renderer_pod_labels: dict[str, str] = Field(default_factory=dict)
    """Further labels of the Jobs' pods: {"azure.workload.identity/use": "true"}."""
    max_speech_characters: int = Field(100_000, ge=0)
    """The most characters of speech of one task, each line once."""
    max_transcribed_seconds: int = Field(36_000, ge=0)
    """The most seconds of one task's clips that are transcribed, each file once."""

    retry_seconds: float = Field(60, ge=1)
    """Until what an administrator must mend (credentials, quotas) is tried again."""
    watch_silence_s: float = Field(70, ge=1)
    """Until a watch on the API that says nothing is opened anew; the API itself speaks once a minute."""
    watch_namespaces: Annotated[tuple[str, ...], NoDecode, Listed] = ()
    """Namespaces to serve. Default: the whole cluster."""
    log_format: Literal["json", "text"] = "json"
    """How log lines are written."""
    listen_address: str = "0.0.0.0"  # noqa: S104  a pod's own
    """Where /metrics and /healthz listen."""
    metrics_port: int = Field(9090, ge=0, le=65_535)
    """Of /metrics; 0 is none."""
    health_port: int = Field(8080, ge=0, le=65_535)
    """Of /healthz; 0 is none."""

    @property
    def fetch(self) -> FetchSettings:
        """Files of the operator's own machine are nobody's source."""
        return replace(super().fetch, allow_file=False)

    @property
    def speaking(self) -> SpeechSettings:
        """Drafts of a robot are for somebody's own machine, whatever its shell has set."""
        return replace(super().speaking, by="elevenlabs", get_account=GET_ACCOUNT)

    @property
    def _storages(self) -> dict[str, str]:
        """Where they are, for those who have no settings."""
        own = {
            "CLIPTASK_S3_ENDPOINT": self.s3_endpoint,
            "CLIPTASK_S3_REGION": self.s3_region,
            "CLIPTASK_AZURE_ACCOUNT": self.azure_account,
            "CLIPTASK_AZURE_ENDPOINT": self.azure_endpoint,
        }
        return {name: value for name, value in own.items() if value}

    @property
    def renderer(self) -> RendererSettings:
        """What manifests need to know."""
        return RendererSettings(
            image=self.renderer_image,
            requests=Amounts(cpu=self.cpu_request, memory=self.memory_request),
            limits=Amounts(cpu=self.cpu_limit, memory=self.memory_limit),
            pull_policy=self.renderer_pull_policy,
            service_account=self.renderer_service_account,
            scratch=self.renderer_scratch,
            environment=self._storages | self.renderer_environment,
            pull_secrets=self.renderer_pull_secrets,
            credentials_secret=self.renderer_credentials_secret,
            node_selector=self.renderer_node_selector,
            pod_labels=self.renderer_pod_labels,
            tolerations=tuple(
                each.model_dump(by_alias=True, exclude_none=True) for each in self.renderer_tolerations
            ),
            priority_class=self.renderer_priority_class,
            most_memory=self.most_memory or "",
            queue=self.queue_name,
        )

    def budget_of(self, namespace: str) -> Mapping[str, float]:
        """What its tasks may take in a month, by the names of the budget's fields; what has no limit is left out."""
        most: dict[str, float] = {}
        for each in (self.budgets.get(EVERY_NAMESPACE), self.budgets.get(namespace)):
            own = each.model_dump(exclude_none=True) if each else {}
            most |= {kind: float(amount(value) if kind == "bytes" else value) for kind, value in own.items()}
        return most

    def policy_for(self, namespace: str) -> Policy:
        """What a task of a namespace may ask for."""
        return replace(
            self.policy,
            max_speech_characters=self.max_speech_characters,
            max_cpu=self.most_cpu,
            max_memory=self.most_memory,
            namespace=namespace,
            buckets=(*self.buckets.get(EVERY_NAMESPACE, ()), *self.buckets.get(namespace, ())),
            signers=self.credentials_secrets,
        )
