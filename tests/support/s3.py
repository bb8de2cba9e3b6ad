"""What may S3 do? A real server that speaks as it does, on a free loopback port, and a proxy before it that fails on request.

::

    with FakeS3(folder) as s3, S3Proxy(s3.port) as proxy:
        store = ObjectStore(S3Bucket(s3.connect(proxy.url), s3.bucket()), "prefix")

What versitygw 1.8 over a folder does otherwise than the real one: no name may be another's folder; an object that
is put again without metadata keeps those that it had; nothing needs more than the root's key.
"""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.sax.saxutils import escape

from cliptask_renderer.storage.s3_client import Connection, connect
from cluster.binaries import binary
from support.emulator import Emulator
from support.gcs import FaultyProxy, Refuse

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


class FakeS3(Emulator):
    """versitygw, over a folder that goes with it. Its URL is for ``CLIPTASK_S3_ENDPOINT``."""

    @property
    def environment(self) -> dict[str, str]:
        """Of a client."""
        return {"CLIPTASK_S3_ENDPOINT": self.url, **KEY}

    def bucket(self) -> str:
        """Name of a fresh bucket."""
        name = f"b{secrets.token_hex(8)}"
        self.client.create_bucket(Bucket=name)
        return name

    def _command(self, stack: ExitStack) -> list[str]:
        folder = stack.enter_context(TemporaryDirectory(prefix="cliptask-s3-"))
        objects, metadata = (Path(folder, each) for each in ("objects", "metadata"))
        objects.mkdir()
        metadata.mkdir()
        program = [str(binary("versitygw")), "--port", f"{self._address}:0", "--quiet", "--keep-alive"]
        return [*program, "posix", "--sidecar", str(metadata), str(objects)]

    def _environment(self) -> dict[str, str]:
        return {"ROOT_ACCESS_KEY": KEY["AWS_ACCESS_KEY_ID"], "ROOT_SECRET_KEY": KEY["AWS_SECRET_ACCESS_KEY"]}

    def _connect(self) -> Any:  # noqa: ANN401  botocore makes its class when asked for
        return connected(self.url, 60).client


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
