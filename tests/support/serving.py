"""Who answers HTTP in a test? A server for as long as a context lasts, which ends every connection to it."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

Owner = TypeVar("Owner", bound="HttpServer")


class HttpServer:
    """Answers on a free port by handlers of one class."""

    def __init__(
        self, handler: type[Handler[Any]], address: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self.address = address
        self.accepted = 0
        """Connections so far."""
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        """Of everything that requests change."""
        self._connections: set[socket.socket] = set()
        self._server = _Server(self, handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._scheme = "https" if tls else "http"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def port(self) -> int:
        """The port that the system chose."""
        return int(self._server.server_address[1])

    @property
    def host(self) -> str:
        """``127.0.0.1:<port>``, as a setting that opens hosts takes it."""
        return f"{self.address}:{self.port}"

    @property
    def url(self) -> str:
        """``http://127.0.0.1:<port>``."""
        return f"{self._scheme}://{self.host}"

    def opened(self, connection: socket.socket) -> None:
        """Remember a connection, to end it with the server."""
        with self._lock:
            self.accepted += 1
            self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection that ended."""
        with self._lock:
            self._connections.discard(connection)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()


class _Server(ThreadingHTTPServer, Generic[Owner]):
    daemon_threads = False

    def __init__(self, owner: Owner, handler: type[Handler[Owner]]) -> None:
        self.owner = owner
        super().__init__((owner.address, 0), handler)


class Handler(BaseHTTPRequestHandler, Generic[Owner]):
    """One connection to ``self.server.owner``. That either end leaves early is nothing to report."""

    protocol_version = "HTTP/1.1"
    server: _Server[Owner]

    def handle(self) -> None:
        """Serve it to its end."""
        self.server.owner.opened(self.connection)
        try:
            with suppress(OSError, http.client.HTTPException):
                super().handle()
        finally:
            self.server.owner.closed(self.connection)

    def finish(self) -> None:
        """Send what is left."""
        with suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the standard library's name)
        """Say nothing: what came is for the server to remember."""
