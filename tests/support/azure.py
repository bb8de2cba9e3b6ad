"""What may Azure's blob storage do? A real emulator on a free loopback port, and a proxy before it that fails on request.

::

    with FakeAzure() as azure, AzureProxy(azure.port) as proxy:
        store = ObjectStore(AzureContainer(azure.connect(proxy.url, 10), azure.container()), "prefix")

What Azurite 3.35 does otherwise than the real one: it copies no block from a URL, which the proxy does in its place: it
reads the source under the conditions that it was given, and stages what it has read. A blob of which there are only blocks
that nobody has committed passes for one that exists.
"""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.request import Request, urlopen
from xml.sax.saxutils import escape

from azure.storage.blob import BlobServiceClient

from cliptask_renderer.storage.azure_client import Connection, connect
from support.emulator import Emulator
from support.gcs import FaultyProxy, Refuse
from support.node import NODE, package

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The emulator's, which is known to everybody."""
_CODES = {
    HTTPStatus.BAD_REQUEST: "InvalidInput",
    HTTPStatus.UNAUTHORIZED: "NoAuthenticationInformation",
    HTTPStatus.FORBIDDEN: "AuthorizationPermissionMismatch",
    HTTPStatus.CONFLICT: "BlobAlreadyExists",
    HTTPStatus.PRECONDITION_FAILED: "ConditionNotMet",
    HTTPStatus.SERVICE_UNAVAILABLE: "ServerBusy",
}


def connection_string(url: str) -> str:
    """Of the emulator's account, behind a URL."""
    scheme = urlsplit(url).scheme
    return f"DefaultEndpointsProtocol={scheme};AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={url}/{ACCOUNT};"


def connected(url: str, deadline_s: float) -> Connection:
    """A client with the account's key, whatever the environment says."""
    return connect(connection_string(url), deadline_s)


class FakeAzure(Emulator):
    """Azurite, in memory."""

    def __init__(self, address: str = "127.0.0.1", certificate: tuple[Path, Path] | None = None) -> None:
        """``certificate``: that and its key, for https, and tokens are taken then."""
        super().__init__(address, "https" if certificate else "http")
        self._certificate = certificate

    def container(self) -> str:
        """Name of a fresh container."""
        name = f"c{secrets.token_hex(8)}"
        self.client.create_container(name)
        return name

    def _command(self, stack: ExitStack) -> list[str]:  # noqa: ARG002  nothing goes with it
        program = [str(NODE), str(package("azurite") / "dist" / "src" / "blob" / "main.js")]
        options = ["--inMemoryPersistence", "--silent", "--disableTelemetry", "--disableProductStyleUrl"]
        options += ["--skipApiVersionCheck", "--blobHost", self._address, "--blobPort", "0"]
        if self._certificate:
            certificate, key = map(str, self._certificate)
            options += ["--cert", certificate, "--key", key, "--oauth", "basic"]
        return [*program, *options]

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir()}

    def _connect(self) -> BlobServiceClient:
        return connected(self.url, 60).client


class AzureProxy(FaultyProxy):
    """Refuses in Azure's words, and copies blocks from URLs."""

    def refusal(self, path: str, body: bytes) -> Refuse | None:  # noqa: ARG002  the emulator refuses what it knows
        """Nothing."""
        return None

    def words(self, fault: Refuse) -> tuple[str, bytes]:
        """How a refusal is put: its type and its body."""
        code = _CODES.get(HTTPStatus(fault.code), "InternalError")
        text = f"<Error><Code>{code}</Code><Message>{escape(fault.words)}</Message></Error>"
        return "application/xml", f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode()

    def instead(self, command: str, path: str, headers: dict[str, str]) -> Refuse | None:
        """Copy a block from a URL; None where something else is asked."""
        own = {name.lower(): value for name, value in headers.items()}
        source = own.get("x-ms-copy-source")
        if command != "PUT" or source is None or "comp=block&" not in f"{path}&":
            return None
        conditions = {"x-ms-range": own["x-ms-source-range"], "If-Match": own["x-ms-source-if-match"]}
        inner = urlsplit(source)._replace(netloc=f"127.0.0.1:{self.target}").geturl()
        try:
            with urlopen(  # noqa: S310  of the emulator
                Request(inner, headers={**conditions, "x-ms-version": own["x-ms-version"]})  # noqa: S310  as above
            ) as answer:
                content = answer.read()
        except HTTPError as error:
            with error:
                return Refuse(error.code, f"the source: {error.headers.get('x-ms-error-code')}")
        _, _, container, name = urlsplit(path).path.split("/", 3)
        block = base64.b64decode(parse_qs(urlsplit(path).query)["blockid"][0]).decode()
        with connected(f"http://127.0.0.1:{self.target}", 60).client as client:
            client.get_blob_client(container, unquote(name)).stage_block(block, content, len(content))
        return Refuse(HTTPStatus.CREATED)
