"""How does an event come to a receiver? Posted to public addresses only, signed, again and again for a while, never redirected."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import NoReturn, Self
from urllib.parse import urlsplit

import httpx
import stamina

from cliptask import __version__
from cliptask.errors import ClipTaskError, SetupError, SourceError
from cliptask.spec.notify import Receiver
from cliptask_operator.notify.event import Event
from cliptask_operator.notify.signing import SIGNING_KEY, signed
from cliptask_operator.sources.answers import REDIRECTS, certificate_refusal, may_pass, retry_after
from cliptask_operator.sources.settings import FetchSettings
from cliptask_operator.sources.ssrf import guarded_transport
from cliptask_operator.sources.urls import check_scheme

Secrets = Callable[[str], Awaitable[Mapping[str, str]]]
"""What a Secret holds, by its name. Raises ``ClipTaskError``."""
OnRetry = Callable[[str], None]
"""Told why an attempt has failed that is followed by another."""

_TIMEOUT_S = 15.0
"""Of one attempt: Standard Webhooks gives a receiver 15 to 30 s."""
_LONGEST_WAIT_S = 300.0
_OWN = {"User-Agent": f"cliptask/{__version__}"}
_REMEDIES: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "check the URL and the signing key",
    HTTPStatus.FORBIDDEN: "check the URL and the signing key",
    HTTPStatus.NOT_FOUND: "check the URL",
    HTTPStatus.GONE: "give another URL",
}


class NotDelivered(ClipTaskError):
    """A receiver could not be told."""

    reason = "NotDelivered"


class _RetryableError(Exception):
    """Another attempt may succeed, after the ``wait_s`` that the receiver asks for."""

    def __init__(self, what: str, wait_s: float | None = None) -> None:
        super().__init__(what)
        self.wait_s = wait_s


class Courier:
    """Delivers events. An asynchronous context. Any number may be under way at once, ``most`` of them on the line.

    ``patience_s``: how long one event is tried; ``first_wait_s``: before its second attempt, doubled before each further one.
    """

    def __init__(
        self,
        settings: FetchSettings,
        patience_s: float,
        first_wait_s: float = 2.0,
        timeout_s: float = _TIMEOUT_S,
        most: int = 16,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._patience_s = patience_s
        self._first_wait_s = first_wait_s
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(most)
        # No client around it: that would write whole URLs to the log, and keep one receiver's cookies for another.
        self._transport = transport or guarded_transport(settings.open_hosts)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.aclose()

    async def deliver(self, event: Event, receiver: Receiver, secrets: Secrets, on_retry: OnRetry) -> None:
        """Return once a receiver has taken an event. Raises ``NotDelivered``, whose words name its host alone.

        What is told twice, as its answer was lost, has the same id.
        """
        ends_s = asyncio.get_running_loop().time() + self._patience_s

        def wait(error: Exception) -> bool | float:
            if not isinstance(error, _RetryableError):
                return False
            if asyncio.get_running_loop().time() + (error.wait_s or 0) >= ends_s:
                return False
            on_retry(str(error))
            return True if error.wait_s is None else error.wait_s

        async def attempt() -> None:  # without arguments, which retries would write to the log
            await self._attempt(event, receiver, secrets)

        retry = stamina.AsyncRetryingCaller(
            attempts=None,
            timeout=None,  # ``wait`` sees to it
            wait_initial=self._first_wait_s,
            wait_max=min(_LONGEST_WAIT_S, self._patience_s / 4),
            wait_jitter=self._first_wait_s,
        )
        try:
            await retry(wait, attempt)
        except _RetryableError as error:
            message = f"{error}; tried for {self._patience_s:g} s"
            raise NotDelivered(message) from error

    async def _attempt(self, event: Event, receiver: Receiver, secrets: Secrets) -> None:
        try:
            url, keys = await self._addressed(receiver, secrets)
            headers, body = event.encoded(receiver.template)
            stamps = signed(keys, event.id, int(time.time()), body) if keys is not None else {}
        except SourceError as error:
            raise NotDelivered(str(error)) from error
        except ClipTaskError as error:  # somebody may put the Secret right
            raise _RetryableError(str(error)) from error
        host = urlsplit(url).hostname or ""
        try:
            request = httpx.Request("POST", url, headers={**_OWN, **headers, **stamps}, content=body)
            async with self._slots, asyncio.timeout(self._timeout_s):
                answer = await self._transport.handle_async_request(request)
            await answer.aclose()
            _check(answer, host)
        except SourceError as error:
            raise NotDelivered(str(error)) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            _give_up(f"{host} cannot be asked", "correct the URL", error)
        except (TimeoutError, httpx.TimeoutException) as error:
            message = f"{host} does not answer in time"
            raise _RetryableError(message) from error
        except httpx.TransportError as error:
            if (refusal := certificate_refusal(error)) is not None:
                _give_up(f"{host} is not trusted ({refusal})", "have its certificate corrected", error)
            message = f"{host}: {str(error) or type(error).__name__}"
            raise _RetryableError(message) from error

    async def _addressed(self, receiver: Receiver, secrets: Secrets) -> tuple[str, str | None]:
        """URL and signing keys. Raises ``SourceError`` for a URL that may not be asked, ``SetupError`` for a poor Secret."""
        said = await secrets(receiver.secret_ref.name) if receiver.secret_ref else {}
        url, keys = receiver.url or said.get("url", "").strip(), said.get(SIGNING_KEY)
        if not url or (receiver.url and receiver.secret_ref and keys is None):
            lacking = SIGNING_KEY if receiver.url else "url"
            message = f"the Secret {receiver.secret_ref.name if receiver.secret_ref else ''} has no key {lacking}: put it there"
            raise SetupError(message)
        try:
            scheme = urlsplit(url).scheme
        except ValueError:
            scheme = ""
        check_scheme(scheme, self._settings)
        return url, keys


def _check(answer: httpx.Response, host: str) -> None:
    status = answer.status_code
    what = f"{host} answered {status} {answer.reason_phrase}".strip()
    if answer.is_success:
        return
    if may_pass(status):
        wait_s = retry_after(answer)
        raise _RetryableError(f"{what} and asks to wait {wait_s:g} s" if wait_s else what, wait_s)
    if status in REDIRECTS:
        _give_up(f"{what}, and no redirect is followed", "give the final URL")
    _give_up(what, _REMEDIES.get(status, "look there for what it takes"))


def _give_up(what: str, remedy: str, cause: Exception | None = None) -> NoReturn:
    message = f"{what}; {remedy}"
    raise NotDelivered(message) from cause
