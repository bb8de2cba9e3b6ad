"""How does a file come over a slow line? By a server of loopback that answers late, and sends no faster than the line."""

from __future__ import annotations

import socket
import time
from http import HTTPStatus
from pathlib import Path

from support.serving import Handler, HttpServer

_PIECE_BYTES = 4096
_BUFFER_BYTES = 4 * _PIECE_BYTES
"""What the kernel may hold of an answer: what it holds counts as sent, and has not arrived."""


class SlowLine(HttpServer):
    """Serves the files of a folder, and an empty page with a video element at ``/``; all connections share one line."""

    def __init__(self, folder: Path, bits_per_s: float, latency_s: float) -> None:
        super().__init__(_Handler)
        self.folder = folder
        self.latency_s = latency_s
        self.sent_bytes = 0
        """Of files."""
        self.requests = 0
        """For files."""
        self._bytes_per_s = bits_per_s / 8
        self._free_at = 0.0
        self._server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)

    def begin(self) -> None:
        """A request has come: its answer takes the way there and back."""
        with self._lock:
            self.requests += 1
        time.sleep(self.latency_s)

    def carry(self, size_bytes: int) -> None:
        """Return when the line has carried so many bytes more."""
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + size_bytes / self._bytes_per_s
            self.sent_bytes += size_bytes
            wait_s = self._free_at - now
        time.sleep(wait_s)


class _Handler(Handler[SlowLine]):
    def do_GET(self) -> None:  # noqa: N802  the standard library's name
        line, name = self.server.owner, self.path.partition("?")[0].strip("/")
        file = line.folder / name
        if not file.is_file():
            self._begin(HTTPStatus.OK if not name else HTTPStatus.NOT_FOUND, "text/html", len(_PAGE))
            self.wfile.write(_PAGE)
            return
        line.begin()
        size, asked = file.stat().st_size, self.headers.get("Range")
        first, _, last = (asked or "bytes=0-").removeprefix("bytes=").partition("-")
        wanted = range(int(first), int(last or size - 1) + 1)
        span = {"Content-Range": f"bytes {wanted.start}-{wanted.stop - 1}/{size}"} if asked else {}
        code = HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK
        self._begin(code, "video/mp4", len(wanted), {"Accept-Ranges": "bytes", "ETag": '"1"', **span})
        with file.open("rb") as content:
            content.seek(wanted.start)
            for at in range(wanted.start, wanted.stop, _PIECE_BYTES):
                piece = content.read(min(_PIECE_BYTES, wanted.stop - at))
                line.carry(len(piece))
                self.wfile.write(piece)

    def _begin(self, code: HTTPStatus, kind: str, size: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {"Content-Type": kind, "Content-Length": str(size), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()


_PAGE = b"<!doctype html><video></video>"
