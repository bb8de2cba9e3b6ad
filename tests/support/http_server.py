"""What may the other end of a download do? A real HTTP server on a free loopback port that does all of it on request.

::

    with MediaServer(folder) as server:
        server.script("/busy.mp4", Status(503), Status(503), Content(b"..."))
        ... # fetch server.url + "/busy.mp4"
        assert server.count("/busy.mp4") == 3

A path with a script, with a query or for any, answers by it, one step a request, the last step for ever; any other path is
a file of the folder.
"""

from __future__ import annotations

import gzip
import hashlib
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote, urlsplit

from support.serving import Handler, HttpServer

PIECE = 1 << 16


@dataclass(frozen=True)
class Status:
    """An answer without a file, e.g. ``Status(429, {"Retry-After": "1"})``."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def redirect(location: str, code: int = 302) -> Status:
    """An answer that sends the client elsewhere."""
    return Status(code, {"Location": location})


@dataclass(frozen=True)
class Content:
    """Bytes, with all that HTTP knows about getting only some of them."""

    body: bytes
    etag: str = ""
    last_modified: str = ""
    ranges: bool = True
    break_after: int | None = None
    """Close the connection after that many bytes of the body, though more were announced."""
    compressed: bool = False
    """Send it as gzip, whatever the client asked for."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stream:
    """Made-up bytes, never held in memory: ``size_bytes`` of them, or endless where None."""

    size_bytes: int | None = None
    announce: bool = True
    """Say the size beforehand (never for an endless stream)."""
    piece: int = PIECE
    pause_s: float = 0.0
    """Between two pieces: ``Stream(piece=1, pause_s=0.05)`` is a drip."""


Answer = Status | Content | Stream


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: str
    headers: Message


class MediaServer(HttpServer):
    """The server, running while its context lasts. ``url`` has no slash at its end."""

    def __init__(
        self, folder: Path | None = None, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1"
    ) -> None:
        super().__init__(_Handler, address, tls)
        self.folder = folder
        self.requests: list[Seen] = []
        self.sent_bytes = 0
        """Of bodies, as far as anybody was there to take them."""
        self._scripts: dict[str, list[Answer]] = {}

    def script(self, path: str, *answers: Answer) -> str:
        """Answer a path by these, one a request, the last for ever. Returns the path's URL."""
        with self._lock:
            self._scripts[path] = list(answers)
        return self.url + path

    def count(self, path: str | None = None) -> int:
        """How many requests came, for one path or in all."""
        with self._lock:
            return sum(path is None or seen.path == path for seen in self.requests)

    def seen(self, path: str) -> list[Seen]:
        """The requests for one path, in order."""
        with self._lock:
            return [seen for seen in self.requests if seen.path == path]

    def sent(self, size_bytes: int) -> None:
        """Count them."""
        with self._lock:
            self.sent_bytes += size_bytes

    def answer(self, seen: Seen) -> Answer:
        """Record a request and choose its answer."""
        with self._lock:
            self.requests.append(seen)
            if steps := self._scripts.get(f"{seen.path}?{seen.query}", self._scripts.get(seen.path)):
                return steps.pop(0) if len(steps) > 1 else steps[0]
        return self._file(seen.path)

    def _file(self, path: str) -> Answer:
        if self.folder is None:
            return Status(HTTPStatus.NOT_FOUND)
        file = (self.folder / unquote(path).lstrip("/")).resolve()
        if not file.is_relative_to(self.folder.resolve()) or not file.is_file():
            return Status(HTTPStatus.NOT_FOUND)
        body = file.read_bytes()
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        return Content(body, etag=etag, last_modified=formatdate(file.stat().st_mtime, usegmt=True))


class _Handler(Handler[MediaServer]):
    def do_GET(self) -> None:  # noqa: N802  the standard library's name
        parts = urlsplit(self.path)
        answer = self.server.owner.answer(Seen(self.command, parts.path, parts.query, self.headers))
        match answer:
            case Status():
                self._begin(answer.code, {"Content-Length": str(len(answer.body)), **answer.headers})
                self._write(answer.body)
            case Content():
                self._content(answer)
            case Stream():
                self._stream(answer)

    def _content(self, content: Content) -> None:
        headers = dict(content.headers)
        if content.etag:
            headers["ETag"] = content.etag
        if content.last_modified:
            headers["Last-Modified"] = content.last_modified
        if self._is_unchanged(content):
            self._begin(HTTPStatus.NOT_MODIFIED, headers)
            return
        body = content.body
        if content.compressed:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        start = self._start(content)
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        headers["Content-Length"] = str(len(body) - start)
        self._begin(HTTPStatus.PARTIAL_CONTENT if start else HTTPStatus.OK, headers)
        body = body[start:]
        self._write(body[: content.break_after])
        self.close_connection = content.break_after is not None

    def _is_unchanged(self, content: Content) -> bool:
        if asked := self.headers.get("If-None-Match"):
            return asked == content.etag
        asked = self.headers.get("If-Modified-Since")
        return asked is not None and asked == content.last_modified

    def _start(self, content: Content) -> int:
        asked = self.headers.get("Range", "")
        condition = self.headers.get("If-Range")
        if not content.ranges or not asked.startswith("bytes="):
            return 0
        if condition is not None and condition not in {content.etag, content.last_modified}:
            return 0
        start = int(asked.removeprefix("bytes=").partition("-")[0])
        return start if start < len(content.body) else 0

    def _stream(self, stream: Stream) -> None:
        if stream.size_bytes is not None and stream.announce:
            self._begin(HTTPStatus.OK, {"Content-Length": str(stream.size_bytes)})
        else:
            self._begin(HTTPStatus.OK, {"Connection": "close"})
        for piece in _pieces(stream):
            if (
                self.server.owner.stopping.wait(stream.pause_s)
                if stream.pause_s
                else self.server.owner.stopping.is_set()
            ):
                return
            self._write(piece)

    def _begin(self, code: int, headers: Mapping[str, str]) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _write(self, body: bytes) -> None:
        for at in range(0, len(body), PIECE):
            piece = body[at : at + PIECE]
            self.wfile.write(piece)
            self.server.owner.sent(len(piece))


def _pieces(stream: Stream) -> Iterator[bytes]:
    piece = bytes(range(256)) * (stream.piece // 256) or b"x" * stream.piece
    left = stream.size_bytes
    while left is None or left > 0:
        yield piece if left is None else piece[:left]
        if left is not None:
            left -= len(piece)
