from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from cliptask.errors import SetupError
from cliptask_operator.notify.signing import signed

KEYS = st.binary(min_size=24, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode())


@given(st.lists(KEYS, min_size=1, max_size=3), st.text(), st.text("0123456789abcdef", min_size=1))
def test_the_standards_own_library_verifies_it_by_each_key(
    keys: list[str], body: str, message_id: str
) -> None:
    """A receiver could not tell it from anybody else's, or would have to know both keys while they are exchanged."""
    headers = dict(signed(" ".join(keys), message_id, int(time.time()), body.encode()))

    for key in keys:
        Webhook(key).verify(body, headers, json_parse=False)


@pytest.mark.parametrize("forged", ["body", "webhook-id", "webhook-timestamp"])
def test_what_was_changed_on_the_way_is_not_verified(forged: str) -> None:
    """Somebody would say what the campaign has not said, or say it again later."""
    key = "whsec_" + base64.b64encode(b"k" * 32).decode()
    now = int(time.time())
    headers = dict(signed(key, "one", now, b"{}"))
    changed = {"webhook-id": "two", "webhook-timestamp": str(now + 1)}.get(forged)

    with pytest.raises(WebhookVerificationError):
        Webhook(key).verify(
            "[]" if forged == "body" else "{}", headers | ({forged: changed} if changed else {})
        )


@pytest.mark.parametrize(
    "key",
    [
        "",
        "secret",
        "whsec_",
        "whsec_c2hvcnQ=",
        "whsec_not base64",
        base64.b64encode(b"k" * 32).decode(),
        "whsec_" + base64.b64encode(b"k" * 65).decode(),
    ],
)
def test_what_is_no_key_is_refused_without_being_shown(key: str) -> None:
    """Anything would be taken for a key, and its first letters told to everybody."""
    with pytest.raises(SetupError, match="openssl rand") as error:
        signed(key, "one", 0, b"")

    assert len(key) < 7 or key not in str(error.value)
