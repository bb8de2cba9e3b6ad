"""How does a receiver know who has sent a message, and when? By HMAC over id, time and body, as Standard Webhooks says."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from cliptask.errors import SetupError

SIGNING_KEY = "signing-key"
"""Key of the Secret that holds it."""
_PREFIX = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64


def signed(keys: str, message_id: str, at_s: int, body: bytes) -> Mapping[str, str]:
    """The headers of a message at a time since 1970; with several keys, which spaces part, one signature by each.

    Raises ``SetupError`` for what is no key.
    """
    content = b".".join((message_id.encode(), str(at_s).encode(), body))
    signatures = (hmac.digest(_key(each), content, hashlib.sha256) for each in keys.split() or [""])
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(each).decode()}" for each in signatures),
    }


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(_PREFIX) or not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        message = (
            f"its {SIGNING_KEY} must be {_PREFIX} and {_LEAST_BYTES} to {_MOST_BYTES} bytes in base64: "
            f'make one by echo "{_PREFIX}$(openssl rand -base64 32)"'
        )
        raise SetupError(message)
    return key
