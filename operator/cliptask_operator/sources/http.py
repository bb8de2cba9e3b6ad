"""How are the bytes behind one URL downloaded into a file? Streamed, hashed, resumed, retried, within limits.

Errors say what is wrong and the remedy, and name no URL: the caller knows which it was.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import httpx
import stamina

from cliptask import names
from cliptask.errors import TransientError
from cliptask_operator.sources.answers import REDIRECTS, certificate_refusal, may_pass, retry_after
from cliptask_operator.sources.content_coding import compressions
from cliptask_operator.sources.partial_download import Download, PartialDownload, Validators
from cliptask_operator.sources.settings import FetchSettings
from cliptask_operator.sources.urls import check_scheme, refuse

_REMEDIES: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "check the URL, or renew it where it is signed",
    HTTPStatus.UNAUTHORIZED: "give a URL that needs no login, e.g. a signed one",
    HTTPStatus.FORBIDDEN: "check the URL, make the file readable, or renew its signed URL, which may have expired",
    HTTPStatus.NOT_FOUND: "check the URL",
    HTTPStatus.GONE: "upload the file again",
}
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
_LONGEST_WAIT_S = 60.0
"""Between two attempts, however often they failed."""

Recognises = Callable[[str, Validators, int], Awaitable[bool]]
"""Whether the content that a URL is about to send, by its marks and its size, is there already."""


async def nothing_known(_url: str, _marks: Validators, _size_bytes: int) -> bool:
    """A ``Recognises`` of who has no content yet."""
    return False


class _RetryableError(Exception):
    """Another attempt may succeed, after the ``wait_s`` that the server asks for."""

    def __init__(self, what: str, wait_s: float | None = None) -> None:
        super().__init__(what)
        self.wait_s = wait_s


async def download(
    client: httpx.AsyncClient,
    url: str,
    target: Path,
    settings: FetchSettings,
    known: Validators | None = None,
    recognises: Recognises = nothing_known,
) -> Download | None:
    """Download a URL's content into ``target``; None where it need not be: it is the ``known`` one, or recognized.

    That it is the known one is what the server answers. Of a content that is recognized, nothing but the head is read.
    Raises ``SourceError`` where another attempt would not help, ``TransientError`` where all attempts failed.
    ``client`` must connect by ``guarded_transport`` and follow no redirects by itself.
    """
    retry = stamina.AsyncRetryingCaller(
        attempts=settings.attempts,
        timeout=None,
        wait_initial=settings.backoff_s,
        wait_max=_LONGEST_WAIT_S,
        wait_jitter=settings.backoff_s,
    )
    with PartialDownload(target, settings.max_bytes) as partial:
        transfer = _Transfer(client, url, partial, settings, known, recognises)
        try:
            async with asyncio.timeout(settings.timeout_s) as deadline:
                return await retry(transfer.wait, transfer.attempt)
        except TimeoutError:
            if not deadline.expired():
                raise
            what = f"it did not arrive within {settings.timeout_s:g} s ({partial.size_bytes} bytes came)"
            refuse(
                what, "serve it from a faster host, make it smaller, or have CLIPTASK_FETCH_TIMEOUT_S raised"
            )
        except httpx.InvalidURL as error:
            refuse(f"it is no URL ({error})", "correct it", error)
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            refuse(f"it cannot be asked for ({error})", "correct the URL", error)
        except (_RetryableError, httpx.TransportError) as error:
            if (refusal := certificate_refusal(error)) is not None:
                refuse(f"its host is not trusted ({refusal})", "have the host's certificate corrected", error)
            is_silent = isinstance(error, httpx.TimeoutException)
            what = "its host does not answer in time" if is_silent else str(error) or type(error).__name__
            message = f"{what} (attempt {transfer.attempts} of {settings.attempts}); try again later"
            raise TransientError(message) from error


@dataclass
class _Transfer:
    client: httpx.AsyncClient
    url: str
    partial: PartialDownload
    settings: FetchSettings
    known: Validators | None
    recognises: Recognises
    current: Validators = field(default_factory=Validators)
    """Of the content that the file holds a part of."""
    attempts: int = 0

    def wait(self, error: Exception) -> bool | float:
        """Whether to try again, or after how many seconds."""
        if isinstance(error, _RetryableError):
            return True if error.wait_s is None else error.wait_s < self.settings.timeout_s and error.wait_s
        is_final = isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError)
        return isinstance(error, httpx.TransportError) and not is_final and not certificate_refusal(error)

    async def attempt(self) -> Download | None:
        """One request, and all that comes of it; None where the content is the known one."""
        self.attempts += 1
        rest = self.current.rest_after(self.partial.size_bytes)
        changed = self.known.changed_since() if self.known and not rest else {}
        async with self._response(rest | changed) as response:
            if changed and response.status_code == HTTPStatus.NOT_MODIFIED:
                return None
            total = self._check_head(response)
            if (
                total is not None
                and not self.partial.size_bytes
                and await self._is_recognised(response, total)
            ):
                return None
            self.partial.expect(total or 0)
            async for piece in response.aiter_raw():
                self.partial.write(piece)
        if total is not None and self.partial.size_bytes != total:
            what = f"{self.partial.size_bytes} of {total} bytes came"
            raise _RetryableError(what)
        return self.partial.complete(self.current)

    async def _is_recognised(self, response: httpx.Response, size_bytes: int) -> bool:
        return await self.recognises(str(response.url), self.current, size_bytes)

    @asynccontextmanager
    async def _response(self, headers: dict[str, str]) -> AsyncIterator[httpx.Response]:
        """The response at the end of all redirects."""
        request = self.client.build_request("GET", self.url, headers=headers)
        for _ in range(self.settings.max_redirects + 1):
            try:
                response = await self.client.send(request, stream=True, follow_redirects=False)
            except httpx.InvalidURL as error:
                refuse(f"it redirects to what is no URL ({error})", "give the final URL", error)
            try:
                if response.next_request is None:
                    yield response
                    return
            finally:
                await response.aclose()
            self._check_redirect(request.url, response.next_request.url)
            request = response.next_request
        refuse(f"it redirects more than {self.settings.max_redirects} times", "give the final URL")

    def _check_redirect(self, origin: httpx.URL, target: httpx.URL) -> None:
        shown = names.public_url(str(target))
        if origin.scheme == "https" and target.scheme == "http":
            refuse(f"it redirects from https to {shown}", "give a URL that stays with https")
        check_scheme(target.scheme, self.settings, f"it redirects to {shown}: ")

    def _check_head(self, response: httpx.Response) -> int | None:
        """Check a response's head and make the file ready for its body. Returns the size of the whole, where stated."""
        self._check_status(response)
        headers = response.headers
        if coding := compressions(headers.get("Content-Encoding", "")):
            remedy = "have it served as it is, and uploaded without a Content-Encoding"
            refuse(f"its host compresses it ({coding}) though not asked to", remedy)
        marks = Validators(headers.get("ETag", ""), headers.get("Last-Modified", ""))
        start, total = 0, None
        if response.status_code == HTTPStatus.PARTIAL_CONTENT:
            start, total = _content_range(response)
        elif "Transfer-Encoding" not in headers and headers.get("Content-Length", "").isdecimal():
            total = int(headers["Content-Length"])
        # Not every host heeds If-Range.
        if start != self.partial.size_bytes or (start and marks.contradict(self.current)):
            self.partial.restart()
            if start:
                what = "its host sent another part than it was asked for"
                raise _RetryableError(what)
        if not start:
            self.current = marks
        self.partial.check(total or 0)
        return total

    def _check_status(self, response: httpx.Response) -> None:
        status = response.status_code
        what = f"its host answered {status} {response.reason_phrase}".strip()
        if status in {HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION, HTTPStatus.PARTIAL_CONTENT}:
            return
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and self.partial.size_bytes:
            self.partial.restart()
            raise _RetryableError(what)
        if may_pass(status):
            wait_s = retry_after(response)
            raise _RetryableError(f"{what} and asks to wait {wait_s:g} s" if wait_s else what, wait_s)
        if status in REDIRECTS:
            refuse(f"{what}, and not to where", "give the final URL")
        refuse(what, _REMEDIES.get(status, "check the URL, which must lead to the file itself"))


def _content_range(response: httpx.Response) -> tuple[int, int | None]:
    """First byte (-1: not stated) and size of the whole, from ``Content-Range`` (RFC 9110, 14.4).

    A whole of unknown size is as good as none: nothing would tell whether all of it has come.
    """
    stated = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return (-1, None) if stated is None else (int(stated[1]), int(stated[2]))
