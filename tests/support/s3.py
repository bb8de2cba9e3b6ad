"""What may S3 do? A real server that speaks as it does, on a free loopback port, and a proxy before it that fails on request.

::

    with FakeS3(folder) as s3, S3Proxy(s3.port) as proxy:
        store = ObjectStore(S3Bucket(s3.connect(proxy.url), s3.bucket()), "prefix")

What versitygw 1.8 over a folder does otherwise than the real one: no name may be another's folder; an object that
is put again without metadata keeps those that it had; nothing needs more than the root's key.
"""

from __future__ import annotations

import secrets
import subprocess
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self
from xml.sax.saxutils import escape

from cliptask_renderer.storage.s3_client import Connection, connect
from cluster.binaries import binary
from support.gcs import FaultyProxy, Refuse, listening_port

KEY = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "no secret at all"}
"""The root's key, as the environment of a client."""
_CODES = {
    HTTPStatus.BAD_REQUEST: "InvalidRequest",
    HTTPStatus.UNAUTHORIZED: "InvalidAccessKeyId",
    HTTPStatus.FORBIDDEN: "AccessDenied",
    HTTPStatus.PRECONDITION_FAILED: "PreconditionFailed",
    HTTPStatus.TOO_MANY_REQUESTS: "SlowDown",
    HTTPStatus.SERVICE_UNAVAILABLE: "SlowDown",
}


class FakeS3:
    """versitygw, running while its context lasts, over a folder that goes with it."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.port = 0
        self._address = address

    @property
    def url(self) -> str:
        """For ``CLIPTASK_S3_ENDPOINT``."""
        return f"http://{self._address}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Of a client."""
        return {"CLIPTASK_S3_ENDPOINT": self.url, **KEY}

    @property
    def client(self) -> Any:  # noqa: ANN401  botocore makes its class when asked for
        """Of botocore."""
        return self._connection.client

    def bucket(self) -> str:
        """Name of a fresh bucket."""
        name = f"b{secrets.token_hex(8)}"
        self.client.create_bucket(Bucket=name)
        return name

    def __enter__(self) -> Self:
        self._folder = TemporaryDirectory(prefix="cliptask-s3-")
        objects, metadata = (Path(self._folder.name) / each for each in ("objects", "metadata"))
        objects.mkdir()
        metadata.mkdir()
        command = [str(binary("versitygw")), "--port", f"{self._address}:0", "--quiet", "--keep-alive"]
        command += ["posix", "--sidecar", str(metadata), str(objects)]
        key = {"ROOT_ACCESS_KEY": KEY["AWS_ACCESS_KEY_ID"], "ROOT_SECRET_KEY": KEY["AWS_SECRET_ACCESS_KEY"]}
        self._process = subprocess.Popen(command, env=key, stdout=subprocess.DEVNULL)
        try:
            self.port = listening_port(self._process)
            self._connection = connected(self.url, 60)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.client.close()
        self._stop()

    def _stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()


def connected(url: str, deadline_s: float) -> Connection:
    """A client with the root's key, whatever the environment says."""
    return connect(url, deadline_s, (KEY["AWS_ACCESS_KEY_ID"], KEY["AWS_SECRET_ACCESS_KEY"]))


class S3Proxy(FaultyProxy):
    """Refuses in S3's words."""

    def refusal(self, path: str, body: bytes) -> Refuse | None:  # noqa: ARG002  nothing that it lets pass
        """The server refuses all that the real one does."""
        return None

    def words(self, fault: Refuse) -> tuple[str, bytes]:
        """How a refusal is put: its type and its body."""
        code = _CODES.get(HTTPStatus(fault.code), "InternalError")
        text = f"<Error><Code>{code}</Code><Message>{escape(fault.words)}</Message></Error>"
        return "application/xml", f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
