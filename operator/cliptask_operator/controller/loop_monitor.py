"""Does the operator still move? ``/healthz``, answered by a thread of its own, so that a loop that stands still is told."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NoReturn

BEAT_S = 0.5
"""Between two beats of the event loop."""
STALLED_S = 15.0
"""Without a beat, after which the operator is called stalled: nothing that it does keeps the loop for a second."""


class LoopMonitor:
    """Beats with the event loop. An API server that is away does not stop it: a restart would not bring that back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._beat = clock()
        self._late_s = 0.0

    async def beat(self) -> NoReturn:
        """Beat for ever."""
        while True:
            due = self._clock() + BEAT_S
            await asyncio.sleep(BEAT_S)
            self._beat = self._clock()
            self._late_s = max(self._beat - due, 0)

    @property
    def silent_s(self) -> float:
        """Seconds since the last beat. May be asked from any thread."""
        return self._clock() - self._beat

    @property
    def late_s(self) -> float:
        """How late the last beat came or, if that is more, the next one is by now. May be asked from any thread."""
        return max(self._late_s, self.silent_s - BEAT_S)

    def serve(self, port: int, address: str) -> Callable[[], None]:
        """Answer ``/healthz`` in a thread: 200, or 503 once the loop has stalled. Returns what ends it."""
        heart = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, words = (
                    heart.answer() if self.path == "/healthz" else (HTTPStatus.NOT_FOUND, "/healthz")
                )
                self.send_response(status)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.end_headers()
                self.wfile.write(f"{words}\n".encode())

            def log_message(self, *_: object) -> None:
                """Nobody needs a line for each probe."""

        server = ThreadingHTTPServer((address, port), Handler)
        thread = threading.Thread(target=server.serve_forever, name="healthz", daemon=True)
        thread.start()

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return stop

    def answer(self) -> tuple[HTTPStatus, str]:
        """What a probe is told."""
        silent_s = self.silent_s
        if silent_s > STALLED_S:
            return HTTPStatus.SERVICE_UNAVAILABLE, f"the event loop has stood still for {silent_s:.0f} s"
        return HTTPStatus.OK, "ok"
