"""What may Google Cloud Storage do? A real emulator on a free loopback port, and a proxy before it that fails on request.

::

    with FakeGcs(folder) as gcs, FaultyProxy(gcs.port) as proxy:
        bucket = gcs.bucket()
        proxy.fail("POST", Refuse(503), Refuse(503))   # the next two, the third passes
        store = GcsStore(Location(bucket, ""), connect(proxy.url, deadline_s=5))

What fake-gcs-server 1.56 does otherwise than the real one: it ignores ``ifGenerationMatch`` of deletions, copies and
rewrites; its files on a disk have names of at most 255 bytes, percent-encoded; a missing bucket's objects are a plain
404, as a missing object is; nothing needs permission. What it lets pass of compositions the proxy refuses, by
``support.gcs_compositions``.
"""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from google.cloud.storage import Bucket, Client

from cliptask_renderer.storage.gcs_client import connect
from cluster.binaries import binary
from support.emulator import START_S, Emulator
from support.gcs_compositions import refusal
from support.serving import Handler, HttpServer

_PIECE = 1 << 16


class FakeGcs(Emulator):
    """fake-gcs-server. ``folder`` is where it keeps objects; without one, in memory.

    ``external_url``: where clients shall go on with an upload, if not here. Its URL is for ``STORAGE_EMULATOR_HOST``.
    """

    def __init__(
        self, folder: Path | None = None, external_url: str | None = None, address: str = "127.0.0.1"
    ) -> None:
        super().__init__(address)
        self._options = (
            ["-backend", "filesystem", "-filesystem-root", str(folder)] if folder else ["-backend", "memory"]
        )
        self._options += ["-external-url", external_url] if external_url else []

    def bucket(self) -> str:
        """Name of a fresh bucket."""
        name = f"b{secrets.token_hex(8)}"
        self.client.create_bucket(name)
        return name

    def open(self, bucket: str) -> Bucket:
        """A bucket as the official client shows it."""
        return self.client.bucket(bucket)

    def _command(self, stack: ExitStack) -> list[str]:  # noqa: ARG002  nothing goes with it
        program = [str(binary("fake-gcs-server")), "-scheme", "http", "-host", self._address, "-port", "0"]
        return [*program, "-log-level", "error", *self._options]

    def _connect(self) -> Client:
        return connect(self.url, deadline_s=START_S).client


@dataclass(frozen=True)
class Refuse:
    """Answer with a status instead of passing the request on."""

    code: int
    words: str = "refused by the test"


@dataclass(frozen=True)
class Break:
    """Close the connection after that many bytes of the request's body, and pass nothing on."""

    after_bytes: int = 0


@dataclass(frozen=True)
class Cut:
    """Pass the request on, and close the connection after that many bytes of the answer's body."""

    after_bytes: int = 0


@dataclass(frozen=True)
class Lose:
    """Pass the request on, and close the connection without an answer."""


@dataclass(frozen=True)
class Damage:
    """Pass the request on, and change the first byte of the answer's body."""


@dataclass(frozen=True)
class Stall:
    """Answer nothing, until the proxy stops."""


Fault = Refuse | Break | Cut | Lose | Damage | Stall


class FaultyProxy(HttpServer):
    """An HTTP proxy before one port, running while its context lasts."""

    def __init__(self, port: int = 0, address: str = "127.0.0.1") -> None:
        super().__init__(_Handler, address)
        self.target = port
        """Where requests go; may be set later."""
        self.requests: list[str] = []
        """``GET /path?query`` of each, in order."""
        self._faults: list[tuple[str, list[Fault]]] = []
        self._always: tuple[str, Fault] | None = None
        self.before: Callable[[str], object] = lambda _request: None
        """Done before a request is passed on."""
        self.tamper: Callable[[bytes], bytes] = lambda body: body
        """What becomes of a request's body on its way."""
        self.sent_bytes = self.answered_bytes = 0
        """Of all bodies so far, there and back."""
        self.composing = threading.Lock()
        """Held from the look at what a composition is of to its answer."""

    def fail(self, what: str, *faults: Fault) -> None:
        """Let the next requests that contain ``what``, e.g. ``POST /upload``, meet these faults, one each."""
        with self._lock:
            self._faults.append((what, [*faults]))

    def keep_failing(self, what: str, fault: Fault) -> None:
        """Let every request that contains ``what`` meet this fault."""
        with self._lock:
            self._always = (what, fault)

    def recover(self) -> None:
        """Let everything pass again."""
        with self._lock:
            self._always = None
            self._faults.clear()

    def count(self, what: str) -> int:
        """How many requests came that contain ``what``."""
        with self._lock:
            return sum(what in request for request in self.requests)

    def arrived(self, request: str) -> Fault | None:
        """Record a request and say what it shall meet."""
        with self._lock:
            self.requests.append(request)
            for what, faults in self._faults:
                if what in request and faults:
                    return faults.pop(0)
            return self._always[1] if self._always and self._always[0] in request else None

    def refusal(self, path: str, body: bytes) -> Refuse | None:
        """What the real one refuses that what stands here lets pass."""
        refused = refusal(f"http://127.0.0.1:{self.target}", path, body)
        return None if refused is None else Refuse(*refused)

    def instead(self, command: str, path: str, headers: dict[str, str]) -> Refuse | None:  # noqa: ARG002  as above
        """What is answered by the proxy itself, which has done what what stands here cannot do; None: it is passed on."""
        return None

    def words(self, fault: Refuse) -> tuple[str, bytes]:
        """How a refusal is put: its type and its body."""
        return "application/json", json.dumps(
            {"error": {"code": fault.code, "message": fault.words}}
        ).encode()

    def tampered(self, request: str, body: bytes) -> bytes:  # noqa: ARG002  for those who override it
        """What becomes of a request's body on its way."""
        return self.tamper(body)

    def passed(self, sent_bytes: int, answered_bytes: int) -> None:
        """Count what has passed."""
        with self._lock:
            self.sent_bytes += sent_bytes
            self.answered_bytes += answered_bytes


class _Handler(Handler[FaultyProxy]):
    def do_GET(self) -> None:  # noqa: N802  the standard library's name
        fault = self.server.owner.arrived(f"{self.command} {self.path}")
        match fault:
            case Break():
                self.rfile.read(min(fault.after_bytes, self._body_bytes()))
                self._leave()
            case Stall():
                self.server.owner.stopping.wait()
                self._leave()
            case Refuse():
                self.rfile.read(self._body_bytes())
                self._refuse(fault)
            case _:
                self._pass_on(fault)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815  the standard library's names

    def _body_bytes(self) -> int:
        return int(self.headers.get("Content-Length") or 0)

    def _refuse(self, fault: Refuse) -> None:
        content_type, body = self.server.owner.words(fault)
        self._begin(fault.code, {"Content-Type": content_type, "Content-Length": str(len(body))})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _pass_on(self, fault: Fault | None) -> None:
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.owner.target, timeout=60)
        try:
            body = self.rfile.read(self._body_bytes())
            request = f"{self.command} {self.path}"
            self.server.owner.before(request)
            body = self.server.owner.tampered(request, body)
            # One composition at a time: what decides it must not change meanwhile.
            with self.server.owner.composing if "/compose" in self.path else nullcontext():
                refused = self.server.owner.refusal(self.path, body)
                if refused is not None:
                    self._refuse(refused)
                    return
                done = self.server.owner.instead(self.command, self.path, dict(self.headers.items()))
                if done is not None:
                    if isinstance(fault, Lose | Cut):
                        self._leave()
                    else:
                        self._refuse(done)
                    return
                upstream.request(self.command, self.path, body, dict(self.headers.items()))
                with upstream.getresponse() as answer:
                    if isinstance(fault, Lose):
                        answer.read()
                        self._leave()
                        return
                    self._answer(answer, fault, len(body))
        finally:
            upstream.close()

    def _answer(self, answer: http.client.HTTPResponse, fault: Fault | None, sent_bytes: int) -> None:
        headers = {
            name: value
            for name, value in answer.getheaders()
            if name.lower() not in {"transfer-encoding", "connection"}
        }
        body = answer.read()
        self.server.owner.passed(sent_bytes, len(body))
        if self.command != "HEAD":
            headers = {name: value for name, value in headers.items() if name.lower() != "content-length"}
            headers["Content-Length"] = str(len(body))
        self._begin(answer.status, headers)
        if isinstance(fault, Cut):
            self.wfile.write(body[: fault.after_bytes])
            self._leave()
            return
        if isinstance(fault, Damage) and body:
            body = bytes([body[0] ^ 1]) + body[1:]
        self.wfile.write(body)

    def _begin(self, code: int, headers: dict[str, str]) -> None:
        self.send_response_only(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _leave(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
