from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from support.receiver import Answer, ReceivingServer
from support.studio import Studio

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()


@pytest.fixture
def receiver() -> Iterator[ReceivingServer]:
    """Somebody who wants to be told."""
    with ReceivingServer() as running:
        yield running


@pytest.fixture
def studio(tmp_path: Path, receiver: ReceivingServer) -> Studio:
    """A folder of sources, and one with Secrets."""
    (tmp_path / "secrets" / "webhooks").mkdir(parents=True)
    (tmp_path / "secrets" / "webhooks" / "signing-key").write_text(f"{KEY}\n")
    environment = {
        "CLIPTASK_OPEN_HOSTS": receiver.host, "CLIPTASK_ALLOW_HTTP": "true", "CLIPTASK_SECRETS": str(tmp_path / "secrets")
    }  # fmt: skip
    return Studio(tmp_path, environment)


def events(receiver: ReceivingServer, path: str = "/hook") -> list[Any]:
    """What came, each verified."""
    return [Webhook(KEY).verify(each.body, dict(each.headers)) for each in receiver.posts(path)]


def hook(receiver: ReceivingServer, path: str = "/hook", **fields: Any) -> dict[str, Any]:  # noqa: ANN401  fields of many types
    """A receiver that is signed to."""
    return {"url": receiver.url + path, "secretRef": {"name": "webhooks"}, **fields}


def test_nobody_is_told_unless_asked(studio: Studio, receiver: ReceivingServer, tmp_path: Path) -> None:
    """Whoever tries a task on a laptop would announce it to the whole team."""
    ran = studio.run("render", studio.write([[0]], notify=[hook(receiver)]), "-d", tmp_path / "out")

    assert ran.returncode == 0, ran.stderr
    assert "--notify tells them" in ran.stderr
    assert receiver.accepted == 0


def test_the_end_is_told_signed_and_the_same_end_under_one_id(
    studio: Studio, receiver: ReceivingServer, tmp_path: Path
) -> None:
    """Each run of a pipeline that makes nothing new would count as another campaign."""
    out = tmp_path / "out"
    ran = [
        studio.run("render", studio.write([[0, 1]], notify=[hook(receiver)]), "-d", out, "--notify")
        for _ in range(2)
    ]
    ran.append(
        studio.run("render", studio.write([[0, 1], [2]], notify=[hook(receiver)]), "-d", out, "--notify")
    )

    assert [each.returncode for each in ran] == [0, 0, 0], ran
    first, again, other = events(receiver)
    assert first["id"] == again["id"] != other["id"]
    data = first["data"]
    assert (data["task"], data["phase"], data["variants"], data["failed"]) == ("camp", "Complete", 2, 0)
    assert data["message"] == "2 of 2 videos are there"
    assert data["index"] == f"{out.as_uri()}/camp/index.json"
    assert data["bytes"] == sum(
        each.stat().st_size for each in (out / "camp").glob("clip?-*.mp4") if "clip2" not in each.name
    )


@pytest.mark.parametrize(("policy", "phase"), [("Fail", "Failed"), ("Skip", "Complete")])
def test_a_campaign_that_cannot_be_made_whole_says_what_is_missing(
    studio: Studio, receiver: ReceivingServer, tmp_path: Path, policy: str, phase: str
) -> None:
    """Failures are what people must hear of."""
    task = studio.write(
        [[0, 1]], notify=[hook(receiver)], failurePolicy={"onSourceError": policy}, captions={"mode": "none"}
    )
    (tmp_path / "clip1.mp4").write_bytes(b"no video")

    ran = studio.run("render", task, "-d", tmp_path / "out", "--notify")

    assert ran.returncode == 65
    (told,) = events(receiver)
    assert told["data"]["phase"] == phase
    assert "clip1.mp4" in json.dumps(told["data"])
    assert told["data"]["failed"] == (1 if policy == "Skip" else 0)


def test_what_cannot_be_told_is_noted_and_costs_nothing(
    studio: Studio, receiver: ReceivingServer, tmp_path: Path
) -> None:
    """A mistyped URL would end a pipeline whose videos are all there."""
    receiver.script("/gone", Answer(404))
    absent = hook(receiver, "/absent", secretRef={"name": "nobody"})
    task = studio.write([[0]], notify=[hook(receiver, "/gone"), hook(receiver), absent])

    ran = studio.run("render", task, "-d", tmp_path / "out", "--notify")

    assert ran.returncode == 0, ran.stderr
    words = " ".join(ran.stderr.split())
    assert "spec.notify[0] was not told: 127.0.0.1 answered 404 Not Found; check the URL" in words
    assert "spec.notify[2] was not told: the Secret nobody has no key signing-key" in words
    assert len(events(receiver)) == 1
