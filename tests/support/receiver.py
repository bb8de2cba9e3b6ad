"""Who receives a campaign's news in a test? A real HTTP server that keeps what came and answers as the test says.

::

    with ReceivingServer() as server:
        server.script("/hook", Answer(503), Answer(200))
        ... # post to server.url + "/hook"
        first, second = server.posts("/hook")
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from support.serving import Handler, HttpServer


@dataclass(frozen=True)
class Answer:
    """What comes back. ``resets``: nothing, the connection ends; ``hangs``: nothing, until the server ends."""

    code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    resets: bool = False
    hangs: bool = False


@dataclass(frozen=True)
class Post:
    """One request as it arrived; header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class ReceivingServer(HttpServer):
    """The server, running while its context lasts. What has no script is answered with 200."""

    def __init__(self, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> None:
        super().__init__(_Handler, address, tls)
        self._posts: list[Post] = []
        self._scripts: dict[str, list[Answer]] = {}

    def script(self, path: str, *answers: Answer) -> str:
        """Answer a path by these, one a request, the last for ever. Returns the path's URL."""
        with self._lock:
            self._scripts[path] = list(answers)
        return self.url + path

    def posts(self, path: str) -> list[Post]:
        """What came for a path, in order."""
        with self._lock:
            return [each for each in self._posts if each.path == path]

    def take(self, post: Post) -> Answer:
        """Keep a request and choose its answer."""
        with self._lock:
            self._posts.append(post)
            steps = self._scripts.get(post.path) or [Answer()]
            return steps.pop(0) if len(steps) > 1 else steps[0]


class _Handler(Handler[ReceivingServer]):
    def do_POST(self) -> None:  # noqa: N802  the standard library's name
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.owner.take(Post(self.path, headers, body))
        if answer.hangs:
            self.server.owner.stopping.wait()
        if answer.resets or answer.hangs:
            self.close_connection = True
            return
        self.send_response(answer.code)
        for name, value in {"Content-Length": "0", **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
