"""The gateway as a process, with the rights that the chart gives it, beside an operator."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cliptask.convert import UUID_ANNOTATION
from cluster import outcomes
from cluster.api import Document
from cluster.bed import Bed
from cluster.processes import Program, answers, free_port
from cluster.rights import install_rights, kubeconfig
from cluster.test_operator_lifecycle import UNFIT

TOKEN = "a-token-of-twenty-characters"  # noqa: S105  the test's own


class Gateway:
    """A running one, and somebody who has its token."""

    def __init__(self, bed: Bed, kubeconfig_: Path) -> None:
        self.bed = bed
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._command = [sys.executable, "-m", "cliptask_operator", "gateway"]
        self._environment = {
            **bed.environment,
            "KUBECONFIG": str(kubeconfig_),
            "CLIPTASK_GATEWAY_TOKEN": TOKEN,
            "CLIPTASK_GATEWAY_NAMESPACE": bed.namespace,
            "CLIPTASK_GATEWAY_OUTPUT_URI": f"gs://{bed.bucket}/videos",
            "CLIPTASK_GATEWAY_PORT": str(port),
        }
        self.log = bed.folder / "gateway.log"
        self.program = self.start()
        self.http = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)

    def start(self) -> Program:
        """Start it, and return when it answers."""
        program = Program("gateway", self._command, self.log, environment=self._environment)
        program.wait_until(lambda: answers(f"{self.url}/api/v1"))
        return program

    def forget(self, variable: str) -> None:
        """Start the next one without a variable."""
        del self._environment[variable]

    def post(self, **changes: Any) -> httpx.Response:  # noqa: ANN401  a request's parts
        """A request as the older service took it."""
        body = {
            "uuid_": "summer",
            "task_name": "Summer Sale",
            "video_blocks": {"Hook": [self.bed.clip(0), self.bed.clip(1)], "Product": [self.bed.clip(2)]},
            "audio_blocks": {},
            "text_to_speach": [],
        }
        return self.http.post("/api/v1/process_media", json=body | changes)

    def progress(self, id_: str) -> Document:
        """What it says of a request."""
        answer = self.http.get(f"/api/v1/tasks/{id_}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture
def gateway(bed: Bed) -> Iterator[Gateway]:
    """With a ServiceAccount of the chart's making."""
    values = {
        "watchNamespaces": [bed.namespace],
        "storage": {"buckets": [f"gs://{bed.bucket}"]},
        "rbac": {"aggregate": False},
        "gateway": {"enabled": True, "existingSecret": "gateway", "outputUri": f"gs://{bed.bucket}/videos"},
    }
    install_rights(bed.plane, bed.namespace, values)
    account = f"{bed.namespace}-cliptask-gateway"
    running = Gateway(bed, kubeconfig(bed.plane, bed.namespace, account, bed.folder))
    yield running
    running.http.close()
    running.program.end()


def test_an_old_request_becomes_videos(gateway: Gateway) -> None:
    """Whoever comes from the older service could not stay with what they have."""
    answer = gateway.post()
    gateway.bed.wait("summer")

    assert (answer.status_code, answer.json()) == (
        202,
        {"id": "summer", "namespace": gateway.bed.namespace, "task": "summer"},
    )
    told = gateway.http.get(answer.headers["Location"]).json()
    assert (told["phase"], told["variants"], told["succeeded"], told["failed"]) == ("Complete", 2, 2, 0)
    assert told["message"] == "2 of 2 videos are there"
    assert told["index"] == f"gs://{gateway.bed.bucket}/videos/summer/index.json"


def test_the_same_request_again_is_one_campaign(gateway: Gateway) -> None:
    """A client that got no answer, and sends again, would pay twice."""
    first, second = gateway.post(), gateway.post()
    other = gateway.post(video_blocks={"Hook": [gateway.bed.clip(3)]})

    assert first.json() == second.json()
    assert (other.status_code, other.json()["reason"]) == (409, "AlreadyExists")
    assert other.json()["message"] == "uuid_: 'summer' is that of another request: choose another, or none"
    assert len(json.loads(gateway.bed.kubectl("get", "clip", "-o", "json"))["items"]) == 1


def test_requests_without_a_uuid_are_all_different(gateway: Gateway) -> None:
    """The older service made the videos once more; here their clips are not encoded once more."""
    ids = [gateway.post(uuid_="").json()["id"] for _ in range(2)]
    for each in ids:
        gateway.bed.wait(each)

    assert len(set(ids)) == 2
    segments = {name: count for name, count in gateway.bed.renderers.made.items() if name.startswith("segments/")}  # fmt: skip
    assert segments
    assert set(segments.values()) == {1}


def test_any_text_is_a_uuid(gateway: Gateway) -> None:
    """The older service took any, and they are in somebody's database."""
    id_ = "Kampagne 7/ä?"
    answer = gateway.post(uuid_=id_)
    gateway.bed.wait(answer.json()["task"])

    told = gateway.http.get(answer.headers["Location"]).json()
    assert (told["id"], told["phase"]) == (id_, "Complete")
    task = gateway.bed.get(answer.json()["task"])
    assert task["metadata"]["annotations"][UUID_ANNOTATION] == id_


def test_what_has_failed_is_told_with_its_reason(gateway: Gateway) -> None:
    """The older service dropped it without a word."""
    gateway.bed.renderers.judge = lambda order, _: (
        outcomes.fail(65, UNFIT) if any(each.name.startswith("clip0-") for each in order.variants) else None
    )
    gateway.post()
    gateway.bed.wait("summer", "Failed")

    told = gateway.progress("summer")

    assert (told["phase"], told["succeeded"], told["failed"]) == ("Failed", 1, 1)
    assert told["failures"][0]["message"] == "its third picture is torn"


def test_only_its_own_tasks_are_told_of(gateway: Gateway) -> None:
    """The token would open what others do in the namespace."""
    gateway.bed.apply(gateway.bed.task("secret", [[0], [1]]))

    answers_ = [gateway.http.get(f"/api/v1/tasks/{each}") for each in ("secret", "no-such")]

    assert [each.status_code for each in answers_] == [404, 404]
    assert gateway.post(uuid_="secret").status_code == 409


def test_voices_are_asked_for_anew(gateway: Gateway) -> None:
    """A name that means another voice by now would be spoken by the old one."""
    before = gateway.bed.account.voice_calls

    answer = gateway.http.put("/api/v1/update-voices")

    assert (answer.status_code, answer.json()) == (200, {"voices": len(gateway.bed.account.voices)})
    assert gateway.bed.account.voice_calls > before
    kept = gateway.bed.renderers.store(f"gs://{gateway.bed.bucket}/videos/.cliptask").read("voices.json")
    assert b"Rachel" in kept


def test_without_an_account_all_but_voices_is_answered(gateway: Gateway) -> None:
    """Requests without speech would find nobody."""
    gateway.program.end()
    gateway.forget("ELEVENLABS_API_KEY")
    gateway.program = gateway.start()

    voices, made = gateway.http.put("/api/v1/update-voices"), gateway.post()

    assert (voices.status_code, voices.json()["reason"]) == (500, "Misconfigured")
    assert "elevenlabs.existingSecret of the chart" in voices.json()["message"]
    assert made.status_code == 202


def test_it_goes_on_where_it_was_killed(gateway: Gateway) -> None:
    """It would have to be kept alive like a database."""
    gateway.post()
    gateway.program.end(grace_s=0)
    gateway.program = gateway.start()

    assert gateway.post().status_code == 202
    gateway.bed.wait("summer")
    assert gateway.progress("summer")["phase"] == "Complete"


def test_it_tells_in_its_log_who_asked_for_what_and_no_secret(gateway: Gateway) -> None:
    """URLs carry tokens, and so does each request."""
    gateway.post(video_blocks={"a": [f"{gateway.bed.clip(0)}?sig=hidden"]})

    lines = [json.loads(line) for line in gateway.log.read_text().splitlines()]

    (line,) = [each for each in lines if each["event"] == "request"]
    assert (line["method"], line["path"], line["status"]) == ("POST", "/api/v1/process_media", 202)
    assert "hidden" not in gateway.log.read_text()
    assert TOKEN not in gateway.log.read_text()
