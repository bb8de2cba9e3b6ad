"""A cluster's own rules on a real node: what cannot start says why, Secrets change, namespaces and releases go."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import httpx
import pytest

from cluster.api import Document
from cluster.helm import CHART
from cluster.installation import GATEWAY_SECRET, NAME, SECRET, TOKEN, Installation
from cluster.site import Site
from cluster.small_campaigns import FPS, clip, task, until

# The first run on a machine builds images and the kubelet.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

RETRY = {"name": "CLIPTASK_RETRY_SECONDS", "value": "5"}
SAYS_SO_S = 20
"""The longest from a Job's creation until its task says why it does not start."""


@pytest.fixture(scope="module")
def installation(
    site: Site, restricted: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """The operator as a pod, in the namespace of its tasks."""
    with Installation(site, restricted, tmp_path_factory.mktemp("installation") / "sources") as installed:
        yield installed


def upgrade(installation: Installation, *environment: Document, **values: Document) -> None:
    """With other values, and further environment of the operator."""
    given = [*installation.values["operator"]["extraEnv"], RETRY, *environment]
    installation.helm(
        "upgrade", NAME, CHART, "--wait", "--timeout=240s", values={"operator": {"extraEnv": given}, **values}
    )


def status(installation: Installation, name: str) -> Document:
    """Of a task."""
    found: Document = json.loads(installation.kubectl("get", "clip", name, "--output=json"))
    return dict(found.get("status") or {})


def reason(installation: Installation, name: str) -> str:
    """Of its condition ``Complete``."""
    said = status(installation, name).get("conditions") or ()
    return next((str(each["reason"]) for each in said if each["type"] == "Complete"), "")


def says_why(installation: Installation, name: str, wanted: str) -> str:
    """Wait until a task says why its Jobs do not start; returns its words."""
    until(lambda: installation.items("jobs", name), installation)
    until(lambda: reason(installation, name) == wanted, installation, SAYS_SO_S)
    until(lambda: wanted in installation.events(name), installation)
    return str(status(installation, name)["message"])


def test_an_image_that_is_not_there_is_named_and_another_one_mends_it(installation: Installation) -> None:
    """A slip in a tag would cost every Job its deadline of a quarter of an hour."""
    upgrade(installation, renderer={"image": {"repository": "localhost:1/renderer", "tag": "slip"}})
    installation.apply(task(installation, "image", [[clip(installation, 0), clip(installation, 1)]]))

    assert "the image localhost:1/renderer:slip cannot be pulled" in says_why(
        installation, "image", "ImageUnavailable"
    )
    upgrade(installation)

    assert installation.wait("image", "Complete")["succeeded"] == 2


def test_a_secret_that_is_missing_is_named(installation: Installation) -> None:
    """Only the Events of a pod, which nobody looks at, would know."""
    upgrade(installation, {"name": "CLIPTASK_RENDERER_CREDENTIALS_SECRET", "value": "bucket-key"})
    installation.apply(task(installation, "secret", [[clip(installation, 2)]]))

    assert "there is no Secret bucket-key in the namespace" in says_why(
        installation, "secret", "SecretMissing"
    )
    installation.kubectl("create", "secret", "generic", "bucket-key", "--from-literal=key.json={}")

    assert installation.wait("secret", "Complete", 300)["succeeded"] == 1
    upgrade(installation)


def test_a_node_that_is_too_small_is_named_and_a_smaller_wish_mends_it(installation: Installation) -> None:
    """As for the image, where the task itself asks for too much."""
    wanted = task(installation, "node", [[clip(installation, 3)]])
    cpu = {"execution": {"resources": {"requests": {"cpu": "900"}, "limits": {"cpu": "900"}}}}
    installation.apply({**wanted, "spec": wanted["spec"] | cpu})

    assert "Insufficient cpu" in says_why(installation, "node", "Unschedulable")
    installation.apply(wanted)

    assert installation.wait("node", "Complete")["succeeded"] == 1


def test_a_job_that_runs_out_of_memory_is_made_with_more(installation: Installation) -> None:
    """The kernel ends ffmpeg alone, or the whole container: either way somebody would have to look for the cause."""
    little = {"cpu": "2", "memory": "180Mi"}  # an encode of this size takes some 240Mi
    upgrade(
        installation,
        renderer={"resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": little}},
    )
    large = {"picture": {"width": 1080, "height": 1920, "fps": FPS}, "execution": {"backoffLimit": 0}}
    installation.apply(task(installation, "hungry", [[clip(installation, 4)]], **large))

    assert installation.wait("hungry", "Complete", 300)["succeeded"] == 1
    (job,) = installation.items("jobs", "hungry")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["memory"] == "270Mi"
    assert "MoreMemory" in installation.events("hungry")
    upgrade(installation)


def test_another_key_and_token_need_no_restart(installation: Installation) -> None:
    """Whoever rotates them would find campaigns that fail, or the old token still open."""

    def restarts() -> set[str]:
        pods = json.loads(installation.kubectl("get", "pods", "--output=json"))["items"]
        return {
            each["metadata"]["uid"]
            for each in pods
            if "app.kubernetes.io/component" in each["metadata"]["labels"]
        }

    def answers(token: str) -> int:
        return http.put("/api/v1/update-voices", headers={"Authorization": f"Bearer {token}"}).status_code

    before = restarts()
    installation.account.key = "another-key"
    other = "another-token-of-many-characters"
    for secret, field, value in ((SECRET, "api-key", "another-key"), (GATEWAY_SECRET, "token", other)):
        patch = json.dumps({"stringData": {field: value}})
        installation.kubectl("patch", "secret", secret, "--type=merge", f"--patch={patch}")
    line = {"voice": "Rachel", "text": "Good as new."}
    installation.apply(
        task(installation, "spoken", [[clip(installation, 4)]], speech=[line], sound={"overflow": "Trim"})
    )

    assert installation.wait("spoken", "Complete", 300)["succeeded"] == 1
    with (
        installation.forwarded(f"{NAME}-gateway", 80, "/api/v1") as url,
        httpx.Client(base_url=url, timeout=30) as http,
    ):
        until(lambda: answers(other) == 200, installation)
        assert answers(TOKEN) == 401
    assert restarts() == before


def test_an_uninstall_leaves_nothing_that_hangs(installation: Installation) -> None:
    """A task that runs, or that prunes, could never be deleted any more."""
    blocks = [[clip(installation, each) for each in range(5, 9)]]
    prune = {"uri": f"gs://{installation.bucket}/out", "prune": True}
    installation.apply(task(installation, "runs", blocks, execution={"parallelism": 1}, output=prune))
    installation.apply(task(installation, "made", [[clip(installation, 0)]], output=prune))
    installation.wait("made", "Complete")
    until(lambda: installation.items("pods", "runs"), installation)

    installation.helm("uninstall", NAME, "--wait")
    installation.kubectl("delete", "clip", "runs", "made", "--timeout=20s")

    until(lambda: not installation.items("jobs", "runs"), installation)
    kinds = "deployments,jobs,roles,rolebindings,networkpolicies,services"
    assert (
        installation.kubectl("get", kinds, f"--selector=app.kubernetes.io/instance={NAME}", "--output=name")
        == ""
    )
    installation.helm("install", NAME, CHART, "--wait", "--timeout=240s")


def test_a_namespace_with_the_operator_and_its_tasks_goes(installation: Installation) -> None:
    """In the set-up that the README shows it would stay Terminating for ever."""
    prune = {"uri": f"gs://{installation.bucket}/out", "prune": True}
    installation.apply(task(installation, "pruned", [[clip(installation, 0)]], output=prune))
    installation.wait("pruned", "Complete")
    blocks = [[clip(installation, each) for each in range(9, 13)]]
    installation.apply(task(installation, "unfinished", blocks, execution={"parallelism": 1}))
    until(lambda: installation.items("pods", "unfinished"), installation)
    bucket = installation.gcs.open(installation.bucket)
    assert list(bucket.list_blobs(prefix="out/pruned/"))

    began = time.monotonic()
    installation.kubectl("delete", "namespace", installation.namespace, "--timeout=150s")

    assert time.monotonic() - began < 150
    assert list(bucket.list_blobs(prefix="out/pruned/")) == []
