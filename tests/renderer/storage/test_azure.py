"""What is Azure's alone: who somebody is there, and in which account."""

from __future__ import annotations

import json
import os
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import google_crc32c
import jwt
import pytest
import trustme
from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

from cliptask.errors import SetupError
from cliptask_renderer.storage.azure import AzureContainer
from cliptask_renderer.storage.azure_client import connect, shared_connection
from cliptask_renderer.storage.object_store import ObjectStore
from cliptask_renderer.storage.open import open_store
from support.azure import ACCOUNT, KEY, AzureProxy, FakeAzure, connection_string
from support.serving import Handler, HttpServer

NAMES = ("AZURE_", "CLIPTASK_AZURE_")
SOUND = b"sound" * 10_000


class Authority(HttpServer):
    """What gives pods their tokens: Entra, as far as a workload identity needs it."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__(_Handler, tls=tls)
        self.asked: list[dict[str, list[str]]] = []


class _Handler(Handler[Authority]):
    def do_GET(self) -> None:  # noqa: N802  the standard library's name
        base = f"{self.server.owner.url}/tenant"
        self._answer(
            {
                "token_endpoint": f"{base}/token",
                "authorization_endpoint": f"{base}/authorize",
                "issuer": f"{self.server.owner.url}/tenant/v2.0",
            }
        )

    def do_POST(self) -> None:  # noqa: N802  the standard library's name
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.owner.asked.append(parse_qs(asked))
        now = int(time.time())
        claims = {
            "aud": "https://storage.azure.com",
            "iss": "https://sts.windows.net/tenant/",
            "iat": now,
            "nbf": now - 60,
            "exp": now + 3600,
        }
        token = jwt.encode(claims, "a key that nobody compares, of some length", algorithm="HS256")
        self._answer({"token_type": "Bearer", "expires_in": 3600, "access_token": token})

    def _answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no account."""
    for name in [name for name in os.environ if name.startswith(NAMES)]:
        monkeypatch.delenv(name)


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], ssl.SSLContext]:
    """What makes servers of an authority that clients trust; its files are of this machine."""
    ca = trustme.CA()
    own = ca.issue_cert("127.0.0.1")
    own.private_key_pem.write_to_path(tmp_path / "key.pem")
    own.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))

    def server() -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.configure_cert(context)
        return context

    return server


@pytest.fixture
def authority(certificate: Callable[[], ssl.SSLContext]) -> Iterator[Authority]:
    """Running."""
    with Authority(certificate()) as running:
        yield running


def test_nobody_is_told_how_to_be_somebody() -> None:
    """Else a first try would end in a traceback."""
    with pytest.raises(SetupError, match=r"no account .* is named: set CLIPTASK_AZURE_ACCOUNT, .*az login"):
        open_store("az://container")


def test_a_connection_string_that_is_none_is_told() -> None:
    """Else a Secret with a slip in it would end in a traceback, or be shown."""
    with pytest.raises(SetupError, match="no credentials for Azure's storage") as caught:
        connect("AccountKey=secret")

    assert "secret" not in str(caught.value)


def test_a_file_that_is_replaced_is_read_anew(
    azure: FakeAzure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a rotated key would need an operator's restart."""
    file, uri = tmp_path / "connection", f"az://{azure.container()}"
    monkeypatch.setenv("CLIPTASK_AZURE_CONNECTION_STRING_FILE", str(file))
    file.write_text(connection_string(azure.url).replace("AccountKey=E", "AccountKey=F"))
    with pytest.raises(SetupError, match="give the role Storage Blob Data Contributor"):
        open_store(uri).put_bytes("a", b"1")
    file.write_text(connection_string(azure.url) + "\n")

    assert open_store(uri).put_bytes("a", b"1").size_bytes == 1
    assert shared_connection() is shared_connection()


def test_a_signature_does_for_a_key(azure: FakeAzure, azure_proxy: AzureProxy) -> None:
    """Else whoever may give no more than a SAS could make no video: parts are copied by it, too."""
    until = datetime.now(UTC) + timedelta(hours=1)
    sas = generate_account_sas(
        ACCOUNT, KEY, ResourceTypes(container=True, object=True), AccountSasPermissions(read=True, write=True, list=True, delete=True), until
    )  # fmt: skip
    text = f"BlobEndpoint={azure_proxy.url}/{ACCOUNT};SharedAccessSignature={sas}"
    store = ObjectStore(AzureContainer(connect(text, 10), azure.container()), "")
    store.put_bytes("sound", SOUND)

    store.compose("a", b"head", [(store, "sound")], crc32c=google_crc32c.value(b"head" + SOUND))

    assert store.read("a") == b"head" + SOUND


def test_a_pods_workload_identity(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a cluster of Azure would need keys in Secrets."""
    (tmp_path / "token").write_text("the-pods-token")
    for name, value in {
        "AZURE_CLIENT_ID": "client",
        "AZURE_TENANT_ID": "tenant",
        "AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token"),
        "AZURE_AUTHORITY_HOST": authority.url,
    }.items():
        monkeypatch.setenv(name, value)
    with FakeAzure(certificate=(tmp_path / "cert.pem", tmp_path / "key.pem")) as azure:
        monkeypatch.setenv("CLIPTASK_AZURE_ENDPOINT", f"{azure.url}/{ACCOUNT}")

        store = open_store(f"az://{azure.container()}")

        assert store.put_bytes("a", b"1").size_bytes == 1
        assert store.read("a") == b"1"
    (asked,) = authority.asked
    assert asked["client_assertion"] == ["the-pods-token"]
    assert asked["client_id"] == ["client"]
