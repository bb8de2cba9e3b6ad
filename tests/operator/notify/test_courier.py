from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from cliptask.errors import SetupError, TransientError
from cliptask.spec.notify import Receiver
from cliptask_operator.notify.courier import Courier, NotDelivered
from cliptask_operator.notify.event import Event, News, id_of
from cliptask_operator.sources.settings import FetchSettings
from support.receiver import Answer, ReceivingServer

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
EVENT = Event(
    id_of("uid", 1, "Complete"),
    "/apis/x",
    datetime(2026, 6, 1, tzinfo=UTC),
    News("camp", "Complete", "Complete", "2 of 2"),
)
TOKEN = "T0/B0/xoxb-token"  # noqa: S105  as Slack's URLs have one


@pytest.fixture
def server() -> Iterator[ReceivingServer]:
    """Somebody who wants to be told."""
    with ReceivingServer() as running:
        yield running


class Desk:
    """A courier to one server, and what it said on the way."""

    def __init__(self, courier: Courier) -> None:
        self.courier = courier
        self.retries: list[str] = []
        self.secrets: dict[str, Mapping[str, str] | Exception] = {}

    async def send(self, url: str | None, **fields: Any) -> None:  # noqa: ANN401  fields of many types
        """Deliver the event."""
        await self.courier.deliver(
            EVENT, Receiver.model_validate({"url": url, **fields}), self._secret, self.retries.append
        )

    async def _secret(self, name: str) -> Mapping[str, str]:
        found = self.secrets[name]
        if isinstance(found, Exception):
            raise found
        return found


def courier(*hosts: str, patience_s: float = 60, timeout_s: float = 30, allow_http: bool = True) -> Courier:
    """One that tries again at once."""
    settings = FetchSettings(open_hosts=frozenset(hosts), allow_http=allow_http)
    return Courier(settings, patience_s, first_wait_s=0.001, timeout_s=timeout_s)


@pytest.fixture
async def desk(server: ReceivingServer) -> AsyncIterator[Desk]:
    """One that has time."""
    async with courier(server.host) as made:
        yield Desk(made)


async def test_it_is_signed_so_that_the_receiver_knows_who_sent_it_and_when(
    server: ReceivingServer, desk: Desk
) -> None:
    """Anybody could say that a campaign is complete."""
    desk.secrets["webhooks"] = {"signing-key": f"{KEY}\n"}

    await desk.send(server.url + "/hook", secretRef={"name": "webhooks"})

    (post,) = server.posts("/hook")
    told = Webhook(KEY).verify(post.body, dict(post.headers))
    assert told["id"] == post.headers["webhook-id"] == EVENT.id
    assert told["data"]["message"] == "2 of 2"
    assert post.headers["content-type"] == "application/cloudevents+json"


async def test_the_address_may_be_a_secret(server: ReceivingServer, desk: Desk) -> None:
    """Slack's URLs are passwords: whoever may read ClipTasks would write to the channel."""
    desk.secrets["slack"] = {"url": f"{server.url}/{TOKEN}\n"}

    await desk.send(None, secretRef={"name": "slack"}, template='{"text": "{{task}}: {{message}}"}')

    (post,) = server.posts(f"/{TOKEN}")
    assert json.loads(post.body) == {"text": "camp: 2 of 2"}
    assert post.headers["content-type"] == "application/json"
    assert post.headers["ce-id"] == EVENT.id
    assert "webhook-signature" not in post.headers


@pytest.mark.parametrize(
    "fault",
    [
        Answer(500),
        Answer(503),
        Answer(408),
        Answer(425),
        Answer(429),
        Answer(429, {"Retry-After": "0"}),
        Answer(resets=True),
    ],
    ids=str,
)
async def test_what_may_pass_is_tried_again_with_the_same_id(
    server: ReceivingServer, desk: Desk, fault: Answer
) -> None:
    """A restart of the receiver would lose the news; with another id they would count twice."""
    url = server.script("/hook", fault, fault, Answer(204))

    await desk.send(url)

    posts = server.posts("/hook")
    assert len(posts) == 3
    assert {json.loads(each.body)["id"] for each in posts} == {EVENT.id}
    assert len(desk.retries) == 2


async def test_a_receiver_that_never_answers_is_given_up_after_a_time() -> None:
    """Thousands of connections would stay open for ever."""
    with ReceivingServer() as server:
        url = server.script("/hook", Answer(hangs=True))
        async with courier(server.host, patience_s=0.2, timeout_s=0.1) as made:
            with pytest.raises(NotDelivered, match=r"127\.0\.0\.1 does not answer in time; tried for 0\.2 s"):
                await Desk(made).send(url)

        assert server.posts("/hook")


async def test_one_attempt_that_hangs_is_followed_by_another() -> None:
    """The first connection that a firewall forgets would be the last."""
    with ReceivingServer() as server:
        url = server.script("/hook", Answer(hangs=True), Answer(200))
        async with courier(server.host, timeout_s=1) as made:
            await Desk(made).send(url)

        assert len(server.posts("/hook")) == 2


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_a_receiver_that_wants_to_be_left_alone_for_longer_is(
    server: ReceivingServer, desk: Desk, form: str
) -> None:
    """It would be asked again and again although it has said when."""
    later = format_datetime(datetime.now(UTC) + timedelta(hours=5), usegmt=True)
    url = server.script("/hook", Answer(429, {"Retry-After": "7200" if form == "seconds" else later}))

    with pytest.raises(NotDelivered, match="asks to wait"):
        await desk.send(url)

    assert len(server.posts("/hook")) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(400), "look there for what it takes"),
        (Answer(401), "check the URL and the signing key"),
        (Answer(404), "check the URL"),
        (Answer(410), "give another URL"),
        (Answer(302, {"Location": "/elsewhere"}), "no redirect is followed; give the final URL"),
        (Answer(307, {"Location": "http://169.254.169.254/"}), "no redirect is followed; give the final URL"),
    ],
)
async def test_a_refusal_is_final_and_says_what_to_do(
    server: ReceivingServer, desk: Desk, answer: Answer, words: str
) -> None:
    """It would be asked for an hour; a redirect could lead the signed news anywhere."""
    url = server.script(f"/{TOKEN}", answer)

    with pytest.raises(NotDelivered) as error:
        await desk.send(url)

    assert words in str(error.value)
    assert str(answer.code) in str(error.value)
    assert TOKEN not in str(error.value)
    assert server.accepted == 1


async def test_private_addresses_and_plain_http_are_refused(server: ReceivingServer) -> None:
    """A task could have the operator post to the cluster's own services."""
    async with courier() as made:
        with pytest.raises(NotDelivered, match="CLIPTASK_OPEN_HOSTS"):
            await Desk(made).send(server.url + "/hook")
    async with courier(server.host, allow_http=False) as made:
        with pytest.raises(NotDelivered, match="CLIPTASK_ALLOW_HTTP"):
            await Desk(made).send(server.url + "/hook")
        desk = Desk(made)
        desk.secrets["slack"] = {"url": server.url + "/hook"}
        with pytest.raises(NotDelivered, match="CLIPTASK_ALLOW_HTTP"):
            await desk.send(None, secretRef={"name": "slack"})

    assert server.accepted == 0


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "gs://bucket/x", "no url", "https://[::1"])
async def test_an_address_of_a_secret_that_is_none_is_refused_unseen(desk: Desk, url: str) -> None:
    """What a Secret holds would stand in a status that everybody reads."""
    desk.secrets["slack"] = {"url": url}
    async with courier(patience_s=0.05) as made:
        desk.courier = made
        with pytest.raises(NotDelivered) as error:
            await desk.send(None, secretRef={"name": "slack"})

    assert "passwd" not in str(error.value)


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ({}, "has no key signing-key"),
        ({"signing-key": "short"}, "openssl rand"),
        (SetupError("the operator may not read the Secret webhooks"), "may not read"),
        (TransientError("the Kubernetes API does not answer"), "does not answer"),
    ],
)
async def test_a_secret_that_is_put_right_meanwhile_serves(
    server: ReceivingServer, desk: Desk, secret: Mapping[str, str] | Exception, words: str
) -> None:
    """GitOps applies a Secret after the task that names it."""
    desk.secrets["webhooks"] = secret

    def put_right(why: str) -> None:
        assert words in why
        desk.secrets["webhooks"] = {"signing-key": KEY}

    receiver = Receiver.model_validate({"url": server.url + "/hook", "secretRef": {"name": "webhooks"}})
    await desk.courier.deliver(EVENT, receiver, desk._secret, put_right)  # noqa: SLF001  the desk's own

    (post,) = server.posts("/hook")
    Webhook(KEY).verify(post.body, dict(post.headers))


async def test_nothing_that_is_secret_is_logged(
    server: ReceivingServer, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever reads the operator's log could write to the channel."""
    caplog.set_level(0)
    url = server.script(f"/{TOKEN}", Answer(500), Answer(200))
    desk.secrets["slack"] = {"url": url, "signing-key": KEY}

    await desk.send(None, secretRef={"name": "slack"})

    assert TOKEN not in caplog.text
    assert KEY not in caplog.text
