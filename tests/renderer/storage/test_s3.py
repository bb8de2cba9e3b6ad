"""What is S3's alone: who somebody is there, where it is, and what its listings and uploads cost."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google_crc32c import value as crc32c_of

from cliptask.errors import SetupError
from cliptask_renderer.storage.base import StoredObject
from cliptask_renderer.storage.object_store import ObjectStore
from cliptask_renderer.storage.open import open_store
from cliptask_renderer.storage.s3 import S3Bucket
from cliptask_renderer.storage.s3_client import connect, shared_connection
from support.gcs import Refuse
from support.s3 import KEY, FakeS3, S3Proxy, connected
from support.serving import Handler, HttpServer

KEY_ID, SECRET = KEY["AWS_ACCESS_KEY_ID"], KEY["AWS_SECRET_ACCESS_KEY"]


class Identities(HttpServer):
    """What gives pods their credentials: EKS Pod Identity's agent, and the token service that IRSA asks."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.asked: list[str] = []
        """With which token each time."""


class _Handler(Handler[Identities]):
    def do_GET(self) -> None:  # noqa: N802  the standard library's name
        self.server.owner.asked.append(self.headers["Authorization"])
        own = {"AccessKeyId": KEY_ID, "SecretAccessKey": SECRET, "Token": ""}
        self._answer(json.dumps(own | {"Expiration": _soon()}).encode(), "application/json")

    def do_POST(self) -> None:  # noqa: N802  the standard library's name
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.owner.asked.append(asked)
        own = f"<AccessKeyId>{KEY_ID}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken></SessionToken>"
        text = f"<Credentials>{own}<Expiration>{_soon()}</Expiration></Credentials>"
        result = f"<AssumeRoleWithWebIdentityResult>{text}</AssumeRoleWithWebIdentityResult>"
        self._answer(
            f"<AssumeRoleWithWebIdentityResponse>{result}</AssumeRoleWithWebIdentityResponse>".encode(),
            "text/xml",
        )

    def _answer(self, body: bytes, content_type: str) -> None:
        self.send_response_only(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _soon() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def identities() -> Iterator[Identities]:
    """Running."""
    with Identities() as running:
        yield running


@pytest.fixture(autouse=True)
def nobody(s3: FakeS3, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment of nobody, that knows where the server is."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("CLIPTASK_S3_ENDPOINT", s3.url)


def write_credentials(tmp_path: Path, secret: str) -> None:
    """As a Secret is mounted: another file takes its place."""
    new = tmp_path / "new"
    new.write_text(f"[default]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {secret}\n")
    new.replace(tmp_path / "credentials")


class TestIdentity:
    """Who somebody is."""

    def test_nobody_is_told_how_to_be_somebody(self) -> None:
        """Else a first try would end in a traceback."""
        with pytest.raises(SetupError, match=r"no credentials for S3 .*IRSA.*aws configure"):
            open_store("s3://bucket")

    def test_a_file_that_is_replaced_is_read_anew(self, s3: FakeS3, tmp_path: Path) -> None:
        """Else a rotated key would need an operator's restart."""
        uri = f"s3://{s3.bucket()}"
        write_credentials(tmp_path, "an old secret")
        with pytest.raises(SetupError, match="allow s3:GetObject"):
            open_store(uri).stat("a")
        write_credentials(tmp_path, SECRET)

        assert open_store(uri).put_bytes("a", b"1").size_bytes == 1
        assert shared_connection() is shared_connection()

    def test_a_pods_identity_by_eks(
        self, s3: FakeS3, identities: Identities, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Else a cluster of AWS would need keys in Secrets."""
        (tmp_path / "token").write_text("the pod's token")
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{identities.url}/v1/credentials")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))

        assert open_store(f"s3://{s3.bucket()}").put_bytes("a", b"1").size_bytes == 1
        assert identities.asked == ["the pod's token"]

    def test_a_service_accounts_role(
        self, s3: FakeS3, identities: Identities, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """As above, the way that is older: IRSA."""
        (tmp_path / "token").write_text("the-pods-token")
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/cliptask")
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", identities.url)

        assert open_store(f"s3://{s3.bucket()}").put_bytes("a", b"1").size_bytes == 1
        (asked,) = identities.asked
        assert "WebIdentityToken=the-pods-token" in asked
        assert "role%2Fcliptask" in asked


class TestPlace:
    """Where it is."""

    @pytest.mark.parametrize("endpoint", ["minio:9000", "minio"])
    def test_an_endpoint_that_is_no_url_is_named(self, endpoint: str) -> None:
        """Else it would be taken for AWS's own, or end in a traceback."""
        with pytest.raises(SetupError, match="CLIPTASK_S3_ENDPOINT must be a URL"):
            connect(endpoint)

    def test_the_settings_of_other_programs_count_too(
        self, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Else somebody with a server of their own would say everything twice."""
        monkeypatch.delenv("CLIPTASK_S3_ENDPOINT")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.url)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        for name, value in KEY.items():
            monkeypatch.setenv(name, value)

        assert open_store(f"s3://{s3.bucket()}").put_bytes("a", b"1").size_bytes == 1

    def test_the_deadline_is_the_environments(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Else a network that is slow could not be waited for."""
        for name, value in {**KEY, "CLIPTASK_STORE_DEADLINE_S": "77"}.items():
            monkeypatch.setenv(name, value)

        assert connect().deadline_s == 77
        monkeypatch.setenv("CLIPTASK_STORE_DEADLINE_S", "soon")
        with pytest.raises(SetupError, match="CLIPTASK_STORE_DEADLINE_S must be a number"):
            connect()


class TestRequests:
    """What it costs."""

    def test_objects_are_listed_in_pages_and_each_is_looked_at(self, s3: FakeS3, s3_proxy: S3Proxy) -> None:
        """Else a campaign of thousands would look half done, or as if made by nobody: listings have no metadata."""
        connection = replace(connected(s3_proxy.url, 10), page_objects=10)
        store = ObjectStore(S3Bucket(connection, s3.bucket()), "spring")
        names = [f"{n:02}" for n in range(25)]
        for name in names:
            store.put_bytes(name, b"", {"n": name})
        s3_proxy.requests.clear()

        assert list(store.list()) == [StoredObject(name, 0, {"n": name}) for name in names]
        assert s3_proxy.count("list-type=2") == 3
        assert s3_proxy.count("HEAD ") == 25

    def test_uploads_of_the_dead_go_and_those_of_the_living_stay(self, s3: FakeS3) -> None:
        """Else their pieces would be paid for, for ever; or a video in the making would lose them."""
        connection, name = connected(s3.url, 10), s3.bucket()
        store = ObjectStore(S3Bucket(connection, name), "spring")
        s3.client.create_multipart_upload(Bucket=name, Key="spring/left")
        s3.client.create_multipart_upload(Bucket=name, Key="winter/left")
        store.compose("a", b"head", [], crc32c=crc32c_of(b"head"))
        assert len(s3.client.list_multipart_uploads(Bucket=name)["Uploads"]) == 2

        hasty = ObjectStore(S3Bucket(replace(connection, temporary_s=0, tidied={}), name), "spring")
        hasty.compose("b", b"head", [], crc32c=crc32c_of(b"head"))

        assert [each["Key"] for each in s3.client.list_multipart_uploads(Bucket=name)["Uploads"]] == [
            "winter/left"
        ]

    def test_what_fails_leaves_no_upload(self, s3: FakeS3, s3_proxy: S3Proxy) -> None:
        """Else each failure would be paid for."""
        name = s3.bucket()
        store = ObjectStore(S3Bucket(connected(s3_proxy.url, 1), name), "")
        s3_proxy.keep_failing("partNumber", Refuse(403))

        with pytest.raises(SetupError):
            store.put_bytes("large", bytes(33 << 20))

        assert "Uploads" not in s3.client.list_multipart_uploads(Bucket=name)
