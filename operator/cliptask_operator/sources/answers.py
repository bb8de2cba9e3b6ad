"""What does an answer over HTTP mean for another attempt: may it pass, when, and is the other end who it says it is?"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRANSIENT = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_FIRST_SERVER_ERROR = 500


def may_pass(status: int) -> bool:
    """Whether a later attempt may get another answer than this status."""
    return status in _TRANSIENT or status >= _FIRST_SERVER_ERROR


def retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait, stated as such or as a date (RFC 9110, 10.2.3)."""
    stated = response.headers.get("Retry-After", "")
    if stated.isdecimal():
        return float(stated)
    try:
        moment = parsedate_to_datetime(stated)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def certificate_refusal(error: BaseException | None) -> str | None:
    """Why a certificate was not accepted, where that caused the error."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else None
