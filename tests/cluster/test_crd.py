"""What does a real API server make of the resource? It accepts the CRD, every good task, and says of bad ones what is wrong."""

from __future__ import annotations

import asyncio
import json
from itertools import product
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from cliptask.errors import InvalidTask
from cliptask.spec.loading import load_data
from cliptask.spec.part import every_part
from cliptask.spec.rules import rules_of
from cliptask.spec.schema import crd
from cliptask.spec.task import ClipTask
from cliptask.spec.yaml_source import parse
from cluster.api import Api, Document, Refused
from cluster.kubectl import Cluster
from support.bad_tasks import BAD_TASKS, GOOD, mutated
from support.tasks import tasks

TRY = "/apis/cliptask.dev/v1alpha1/namespaces/default/cliptasks?dryRun=All&fieldValidation=Strict"
ONLY_PYTHON = {
    "url=https://[::1/a.mp4",  # no pattern can tell
    "port 99999",  # nor this
    "receiver at no port",  # as above
    "template that is no JSON",  # CEL reads none
    "template with a column",  # as above
    "tracks of a name in two blocks",  # CEL's cost budget has no room for it
    "null transitions",  # the API server leaves out what is empty
    "null speech",  # as above
    "colour None",  # as above
    "colour without quotes",  # as above
    "invisible text",  # a pattern would need all ranges of what is invisible
    "invisible title",  # as above
    "only directions",  # CEL replaces by no pattern
    "an asterisk alone",  # CEL counts no signs that others escape
    "a stress that does not end",  # as above
    "asterisks as in Markdown",  # as above
    "a stress in a stress",  # as above
    "language=deu",  # a table of all languages
    "rule names no block",  # names stand elsewhere in the task, or come from URLs
    "only names no label",  # as above
    "text of no language",  # lists in lists in lists are above CEL's cost budget
    "line of another language",  # as above
    "language without a line",  # as above
    "language without a text",  # as above
    "a language by its country",  # a table of all languages
    "name of nothing",  # what there is comes from labels and rows
    "name by its key",  # as above
    "parameters of nothing",  # as above
}
AMOUNTS = [0, 1, 2, 1000, 1001, -1, "1", "0.5", "500m", "1500m", "0.9m", "1k", "16Mi", "17M", "1.5Gi", "1536Mi", 2**31, "16Ti", "17Ti", "two", "2GB", "1e3"]  # fmt: skip


@pytest.fixture(scope="module")
def installed(plane: Cluster) -> Cluster:
    """The cluster with the CRD."""
    plane.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(crd()))
    plane.wait_for_resources()
    return plane


async def verdict(api: Api, task: Document) -> str:
    """What the API server says against a task; empty if it would take it."""
    try:
        await api.create(TRY, task)
    except Refused as refused:
        return str(json.loads(str(refused).partition(": ")[2])["message"])
    return ""


def accepted_here(task: Document) -> bool:
    """Whether the models accept it."""
    try:
        load_data(task, "task")
    except InvalidTask:
        return False
    return True


async def test_bad_tasks_are_refused_when_they_are_applied(installed: Cluster) -> None:
    """A person would learn much later, and elsewhere, what is wrong with a task."""
    messages = [rule.message for part in every_part() for rule in rules_of(part) if rule.cel]
    bad_tasks = [bad for bad in BAD_TASKS if bad.path.startswith("spec.") and "\x00" not in bad.text]

    async with Api(installed.kubeconfig) as api:
        said = {bad.id: await verdict(api, parse(bad.text).data) for bad in bad_tasks}

    assert {name for name, words in said.items() if not words} == ONLY_PYTHON
    assert all(any(message in words for words in said.values()) for message in messages)


async def test_requests_and_limits_are_judged_alike(installed: Cluster) -> None:
    """A task would be accepted by the cluster whose Jobs can never be created, or refused for an amount that is right."""
    path = "spec.execution.resources"
    cases = [
        mutated({f"{path}.requests": {field: request}, f"{path}.limits": {field: limit}})
        for field in ("cpu", "memory")
        for request, limit in product(AMOUNTS, repeat=2)
    ]

    async with Api(installed.kubeconfig) as api:
        said = [await verdict(api, case) for case in cases]

    for case, words in zip(cases, said, strict=True):
        assert accepted_here(case) == (not words), (case["spec"]["execution"], words)
    assert 0 < said.count("") < len(said)


@pytest.mark.parametrize("value", [0.5, True, ["1"], {"cpu": 1}])
async def test_an_amount_is_a_whole_number_or_a_text(installed: Cluster, value: object) -> None:
    """The command line would accept what the cluster refuses."""
    task = mutated({"spec.execution.resources.limits.cpu": value})

    async with Api(installed.kubeconfig) as api:
        assert await verdict(api, task)
    assert not accepted_here(task)


async def test_a_request_above_its_limit_is_told_in_a_sentence(installed: Cluster) -> None:
    """A person would be shown an expression instead of what to change."""
    path = "spec.execution.resources"
    task = mutated({f"{path}.requests.cpu": 2, f"{path}.limits.cpu": "500m"})

    async with Api(installed.kubeconfig) as api:
        said = await verdict(api, task)

    assert f"{path}.requests: Invalid value" in said
    assert said.endswith(": cpu must not exceed that of limits")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("htp://cdn.example.com/a.mp4", "must begin with https://, http://, gs://, s3:// or az://"),
        ("cdn.example.com/a.mp4", "must begin with https://"),
        (
            "media/hook.mp4",
            "upload a file of your machine, and write gs://bucket/object or https://host/path",
        ),
        ("/srv/hook.mp4", "upload a file of your machine"),
        ("https:///a.mp4", "must name a host or a bucket"),
        ("https://cdn.example.com/a clip.mp4", "must hold no spaces: write %20"),
        ("gs://campaigns", "must name a bucket and an object in it: write gs://bucket/object"),
        ("gs://campaigns/", "must name a bucket and an object in it"),
        ("gs://-campaigns/a.mp4", "must name a bucket and an object in it"),
        ("gs://Campaigns/a.mp4", "must name a bucket by lower-case letters"),
        (
            "s3://campaigns",
            "must name a bucket and an object in it: write gs://bucket/object, s3://bucket/object or az://container/object",
        ),
        ("s3://-campaigns/a.mp4", "must name a bucket and an object in it"),
        ("s3://Campaigns/a.mp4", "must name a bucket by lower-case letters"),
    ],
)
async def test_a_wrong_url_is_refused_in_a_sentence(installed: Cluster, url: str, words: str) -> None:
    """A person would be shown an expression of two lines."""
    task = mutated({"spec.videoBlocks[0].clips[0].url": url})

    async with Api(installed.kubeconfig) as api:
        said = await verdict(api, task)

    assert not accepted_here(task)
    assert "spec.videoBlocks[0].clips[0].url: Invalid value" in said
    assert words in said
    assert "^" not in said


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        (
            "ftp://campaigns",
            "must be a folder such as file:///srv/campaigns, gs://bucket/campaigns, s3://bucket/campaigns or az://container/campaigns",
        ),
        ("s3://Campaigns", "must be a folder such as file:///srv/campaigns"),
        ("out", "is a path of one machine: name a bucket that the cluster can write to, gs://bucket/folder"),
    ],
)
async def test_a_wrong_folder_is_refused_in_a_sentence(installed: Cluster, uri: str, words: str) -> None:
    """As above."""
    async with Api(installed.kubeconfig) as api:
        said = await verdict(api, mutated({"spec.output.uri": uri}))

    assert "spec.output.uri: Invalid value" in said
    assert words in said
    assert said.count("spec.output.uri") == 1
    assert "^" not in said


# A smaller example would take minutes of requests to find.
@settings(max_examples=40, phases=[Phase.generate])
@given(task=tasks())
def test_good_tasks_are_taken(installed: Cluster, task: ClipTask) -> None:
    """A task that renders on a laptop would be refused by the cluster."""
    written = task.model_dump(mode="json", by_alias=True, exclude_none=True)
    del written["metadata"]["labels"]  # Kubernetes' own, with rules of its own

    async def said() -> str:
        async with Api(installed.kubeconfig) as api:
            return await verdict(api, written)

    assert asyncio.run(said()) == ""


def test_columns_tell_how_far_it_is(installed: Cluster, namespace: str) -> None:
    """``kubectl get clip`` would show nothing of the status."""
    installed.kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps(GOOD))
    status: dict[str, Any] = {"phase": "Rendering", "variants": 12, "succeeded": 7, "message": "5 to go"}
    patch = json.dumps({"status": status, "spec": {"output": {"uri": "file:///elsewhere"}}})
    installed.kubectl("patch", "clip", "spring-sale", "-n", namespace, "--subresource=status", "--type=merge", "-p", patch)  # fmt: skip

    head, row = installed.kubectl("get", "clip", "-n", namespace, "-o", "wide").stdout.splitlines()

    assert head.split() == ["NAME", "PHASE", "VARIANTS", "READY", "FAILED", "AGE", "OUTPUT", "MESSAGE"]
    assert row.split()[:4] == ["spring-sale", "Rendering", "12", "7"]
    assert row.split()[-4:] == ["file:///srv/campaigns", "5", "to", "go"]
