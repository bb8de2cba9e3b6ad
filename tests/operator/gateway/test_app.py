"""The gateway without a cluster: who gets in, how much of it, what is said then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from cliptask.errors import SetupError, TransientError
from cliptask_operator.gateway.app import gateway, task_name
from cliptask_operator.kubernetes.client import KubernetesClient
from cliptask_operator.settings.gateway import GatewaySettings

TOKEN = "a-token-of-twenty-characters"  # noqa: S105  the test's own
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def settings(**changes: object) -> GatewaySettings:
    """Of an installation; ``changes`` by field."""
    values: dict[str, object] = {
        "gateway_token": SecretStr(TOKEN),
        "gateway_namespace": "marketing",
        "gateway_output_uri": "gs://campaigns/videos",
        **changes,
    }
    return GatewaySettings.model_validate(values)


def client(refresh: object = None, **changes: object) -> httpx.AsyncClient:
    """Somebody who speaks with a gateway whose cluster is never asked."""

    async def voices() -> int:
        if isinstance(refresh, Exception):
            raise refresh
        return 7

    app = gateway(settings(**changes), KubernetesClient(), voices)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")


async def test_a_token_that_is_replaced_counts_at_once(tmp_path: Path) -> None:
    """A token that got out would open the gateway until somebody restarts it."""
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    async with client(gateway_token=None, gateway_token_file=file) as http:
        before = await http.put("/api/v1/update-voices", headers=BEARER)
        file.write_text("another-token-of-many-characters")
        after = await http.put("/api/v1/update-voices", headers=BEARER)
        file.write_text("short")
        short = await http.put("/api/v1/update-voices", headers={"Authorization": "Bearer short"})

    assert (before.status_code, after.status_code, short.status_code) == (200, 401, 500)
    assert short.json()["reason"] == "Misconfigured"


@pytest.mark.parametrize("token", [None, "", "nineteen-characters"])
def test_a_token_that_keeps_nobody_out_is_refused(token: str | None) -> None:
    """The gateway would be open to whoever tries a few."""
    with pytest.raises(SetupError, match=r"CLIPTASK_GATEWAY_TOKEN.* 20 characters or more"):
        settings(gateway_token=token).token()


@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/"])
async def test_it_says_that_it_is_there(path: str) -> None:
    """Whoever asked the older service whether it lives would think that it does not."""
    async with client() as http:
        answer = await http.get(path)

    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eA=="}], ids=str
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/v1/process_media"), ("PUT", "/api/v1/update-voices"), ("GET", "/api/v1/tasks/x")],
)
async def test_nobody_gets_in_without_the_token(method: str, path: str, headers: dict[str, str]) -> None:
    """Anybody in the network could have videos made, and speech paid for."""
    async with client() as http:
        answer = await http.request(method, path, headers=headers)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json() == {
        "reason": "Unauthorized",
        "message": "this call needs the installation's token: Authorization: Bearer ...",
    }


async def test_more_requests_than_allowed_are_told_when_to_come_again() -> None:
    """A loop gone wrong would flood the cluster with tasks."""
    async with client(gateway_requests_per_minute=12) as http:
        answers = [await http.put("/api/v1/update-voices", headers=BEARER) for _ in range(6)]
        unknown = await http.put("/api/v1/update-voices")

    assert [each.status_code for each in answers] == [200, 200, 429, 429, 429, 429]
    assert (unknown.status_code, answers[-1].json()["reason"]) == (401, "TooManyRequests")
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 5


async def test_a_body_is_read_no_further_than_its_limit() -> None:
    """One request could take all the memory there is, whether it says its length or not."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1000
            yield b" " * 1000

    async with client(gateway_max_body_bytes=10_000) as http:
        answer = await http.post("/api/v1/process_media", content=endless(), headers=BEARER)

    assert answer.status_code == 413
    assert "10,000 bytes" in answer.json()["message"]
    assert sent < 30_000


async def test_a_bad_request_names_its_fields() -> None:
    """The older service took everything, and failed hours later without a word."""
    body = {
        "task_name": "x",
        "video_blocks": {"hook": ["ftp://x/a.mp4"]},
        "text_to_speach": [{"text": "Buy"}],
    }
    async with client() as http:
        answer = await http.post("/api/v1/process_media", json=body, headers=BEARER)
        broken = await http.post("/api/v1/process_media", content=b'{"video_blocks": ', headers=BEARER)

    assert (answer.status_code, answer.json()["reason"]) == (422, "InvalidTask")
    assert "request: video_blocks.hook[0]: " in answer.json()["message"]
    assert "request: text_to_speach[0].voice: " in answer.json()["message"]
    assert (broken.status_code, broken.json()["reason"]) == (422, "InvalidTask")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-32-be"])
async def test_a_request_that_is_no_utf8_is_refused(encoding: str) -> None:
    """An accent would be spoken as a replacement character."""
    body = '{"video_blocks": {"caf\u00e9": ["https://x/a.mp4"]}}'.encode(encoding)
    async with client() as http:
        answer = await http.post("/api/v1/process_media", content=body, headers=BEARER)

    assert (answer.status_code, answer.json()["reason"]) == (422, "InvalidTask")
    assert ": is not UTF-8 text (byte 0x" in answer.json()["message"]


@pytest.mark.parametrize(
    ("trouble", "status", "reason"),
    [
        (TransientError("ElevenLabs does not answer"), 503, "Unavailable"),
        (SetupError("the key is wrong"), 500, "Misconfigured"),
    ],
)
async def test_what_is_not_the_callers_fault_is_told_so(trouble: Exception, status: int, reason: str) -> None:
    """A caller would mend a request that is right, or give up what comes back in a minute."""
    async with client(trouble) as http:
        answer = await http.put("/api/v1/update-voices", headers=BEARER)

    assert (answer.status_code, answer.json()) == (status, {"reason": reason, "message": str(trouble)})
    assert ("Retry-After" in answer.headers) == (status == 503)


async def test_the_page_that_describes_it_needs_nothing_from_elsewhere() -> None:
    """In a cluster without internet the page would be white."""
    async with client() as http:
        page = await http.get("/docs")
        schema = (await http.get("/openapi.json")).json()
        script = await http.get("/static-offline-docs/swagger-ui-bundle.js")

    assert "https://" not in page.text
    assert script.status_code == 200
    assert list(schema["paths"]) == [
        "/api/v1/",
        "/api/v1/process_media",
        "/api/v1/tasks/{id}",
        "/api/v1/update-voices",
    ]
    assert "HTTPValidationError" not in schema["components"]["schemas"]
    posted = schema["paths"]["/api/v1/process_media"]["post"]
    assert "text_to_speach" in posted["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert posted["security"]


@pytest.mark.parametrize("id_", ["3f2a9c", "Summer 2025!", "ünï/code", "x" * 1024, "-", "a.b"])
def test_a_request_is_a_task_of_a_name_that_kubernetes_takes(id_: str) -> None:
    """A uuid_ may be any text."""
    name = task_name(id_)

    assert name == task_name(id_)
    assert len(name) <= 40
    assert name == id_ or name != task_name(name + "x")


def test_different_requests_are_different_tasks() -> None:
    """Two campaigns would fall into one."""
    assert len({task_name(each) for each in ("A b", "a b", "a-b", "a_b", "A-B")}) == 5


async def test_a_body_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few callers that stop in the middle would take all the room there is."""
    monkeypatch.setattr("cliptask_operator.gateway.app._BODY_S", 0.05)

    async def stalled() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    async with client() as http:
        answer = await http.post("/api/v1/process_media", content=stalled(), headers=BEARER)

    assert answer.status_code == 408
