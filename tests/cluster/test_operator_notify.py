"""Does the operator tell of campaigns what their statuses say, through kills of it and faults of the receiver?"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from functools import partial

import pytest
import yaml
from standardwebhooks import Webhook

from cluster.bed import Bed
from support.receiver import Answer, ReceivingServer

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
_KILLS = 6


@pytest.fixture
def receiver() -> Iterator[ReceivingServer]:
    """Somebody who wants to be told."""
    with ReceivingServer() as running:
        yield running


def secret(bed: Bed, name: str, **data: str) -> None:
    """Have the namespace hold one."""
    made = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": bed.namespace},
        "stringData": data,
    }
    bed.plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(made))


def test_receivers_are_told_signed_and_in_their_own_words(bed: Bed, receiver: ReceivingServer) -> None:
    """Whoever waits for a campaign would have to watch it."""
    secret(bed, "webhooks", **{"signing-key": KEY})
    secret(bed, "slack", url=f"{receiver.url}/slack")
    words = '{"text": "*{{task}}*: {{message}}"}'
    notify = [
        {"url": f"{receiver.url}/hook", "secretRef": {"name": "webhooks"}},
        {"secretRef": {"name": "slack"}, "template": words},
    ]

    bed.apply(bed.task("camp", [[0, 1]], notify=notify))
    status = bed.wait("camp")
    bed.wait("camp", "Notified")

    (post,), (slack,) = receiver.posts("/hook"), receiver.posts("/slack")
    told = Webhook(KEY).verify(post.body, dict(post.headers))
    assert told["source"].endswith(f"/namespaces/{bed.namespace}/cliptasks/camp")
    assert (told["data"]["phase"], told["data"]["succeeded"]) == ("Complete", 2)
    assert told["data"]["index"] == status["index"]
    assert told["time"] == status["completionTime"]
    assert json.loads(slack.body) == {"text": "*camp*: 2 of 2 videos are there"}
    bed.wait_for(lambda: "Notified" in bed.kubectl("get", "events"), "an Event")
    assert 'cliptask_notifications_total{outcome="delivered"} 2.0' in bed.metrics()
    assert receiver.url not in bed.log()


def test_nobody_else_is_hurt_by_a_receiver_that_fails(bed: Bed, receiver: ReceivingServer) -> None:
    """A campaign would fail for a mistyped URL."""
    receiver.script("/gone", Answer(404))
    receiver.script("/flaky", Answer(resets=True), Answer(503), Answer(200))
    notify = [{"url": f"{receiver.url}/{path}"} for path in ("gone", "flaky")] + [
        {"secretRef": {"name": "absent"}}
    ]

    bed.apply(bed.task("camp", [[0, 1]], notify=notify[:2]))
    bed.wait("camp")
    bed.wait_for(lambda: bed.condition("camp", "Notified").get("status") == "False", "it says what failed")

    assert "spec.notify[0]: 127.0.0.1 answered 404" in bed.condition("camp", "Notified")["message"]
    assert bed.condition("camp", "Complete")["status"] == "True"
    assert len(receiver.posts("/flaky")) == 3
    bed.apply(bed.task("other", [[0]], notify=notify[2:]))
    bed.wait("other")
    bed.wait_for(
        lambda: "there is no Secret absent" in bed.condition("other", "Notified").get("message", ""),
        "the Secret is named",
    )
    secret(bed, "absent", url=f"{receiver.url}/late")
    bed.wait("other", "Notified")
    assert len(receiver.posts("/late")) == 1


@pytest.mark.timeout(600)
def test_through_kills_every_end_is_told_and_never_under_two_ids(bed: Bed, receiver: ReceivingServer) -> None:
    """A crash between telling and writing that down would count as two campaigns, one before it as none."""
    for number in range(_KILLS):
        path = f"/hook{number}"
        # Of half of them the receiver is away when the operator dies.
        receiver.script(path, *([Answer(503), Answer(503)] if number % 2 else []), Answer(200))
        bed.apply(bed.task(f"camp{number}", [[number, number + 1]], notify=[{"url": receiver.url + path}]))
        bed.wait_for(partial(receiver.posts, path), "it is told")
        bed.stop(kill=True)
        bed.start()
    for number in range(_KILLS):
        bed.wait(f"camp{number}", "Notified", timeout_s=120)

    for number in range(_KILLS):
        posts = receiver.posts(f"/hook{number}")
        assert len({json.loads(each.body)["id"] for each in posts}) == 1
        assert len({json.loads(each.body)["time"] for each in posts}) == 1
        assert bed.status(f"camp{number}")["notified"] == [json.loads(posts[0].body)["id"]]
    before = [len(receiver.posts(f"/hook{number}")) for number in range(_KILLS)]
    bed.stop()
    bed.start()
    bed.apply(bed.task("last", [[0]], notify=[{"url": f"{receiver.url}/last"}]))
    bed.wait("last", "Notified")
    assert [len(receiver.posts(f"/hook{number}")) for number in range(_KILLS)] == before
