"""What is promised of a source in a bucket of S3, or a container of Azure's: as of one in Google's, ``test_gcs.py``."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest
from azure.storage.blob import ContentSettings

from cliptask.errors import SetupError, SourceError, TransientError
from cliptask.facts import SourceFacts
from cliptask_operator.sources.fetcher import Fetcher, FetchEvent
from cliptask_operator.sources.partial_download import Download
from cliptask_operator.sources.settings import FetchSettings
from cliptask_operator.sources.stored_object import copy_object
from cliptask_renderer.storage.azure import AzureContainer
from cliptask_renderer.storage.bucket import Bucket
from cliptask_renderer.storage.open import open_store
from cliptask_renderer.storage.s3 import S3Bucket
from support.azure import AzureProxy, FakeAzure, connection_string
from support.azure import connected as azure_connected
from support.gcs import Cut, FaultyProxy, Refuse, Stall
from support.media import clip
from support.s3 import KEY, FakeS3, S3Proxy, connected

LARGE = bytes(range(256)) * (5 << 12)
SETTINGS = FetchSettings()


@dataclass(frozen=True)
class Storage:
    """One of them, behind a proxy."""

    scheme: str
    proxy: FaultyProxy
    open: Callable[[str], Bucket]
    new_bucket: Callable[[], str]
    upload: Callable[[str, str, bytes, str], object]
    """Into a bucket, by a name, with a Content-Encoding."""
    environment: dict[str, str]


@pytest.fixture(params=["s3", "az"])
def storage(request: pytest.FixtureRequest) -> Iterator[Storage]:
    """Each of them."""
    if request.param == "az":
        azure: FakeAzure = request.getfixturevalue("azure")

        def put(container: str, name: str, content: bytes, coding: str) -> None:
            blob, settings = (
                azure.client.get_blob_client(container, name),
                ContentSettings(content_encoding=coding or None),
            )
            blob.upload_blob(content, overwrite=True, content_settings=settings)

        with AzureProxy(azure.port) as az:
            yield Storage(
                "az",
                az,
                lambda name: AzureContainer(azure_connected(az.url, 10), name),
                azure.container,
                put,
                {"AZURE_STORAGE_CONNECTION_STRING": connection_string(az.url)},
            )
        return
    s3: FakeS3 = request.getfixturevalue("s3")

    def upload(bucket: str, name: str, content: bytes, coding: str) -> None:
        s3.client.put_object(
            Bucket=bucket, Key=name, Body=content, **({"ContentEncoding": coding} if coding else {})
        )

    with S3Proxy(s3.port) as proxy:
        yield Storage(
            "s3",
            proxy,
            lambda name: S3Bucket(connected(proxy.url, 10), name),
            s3.bucket,
            upload,
            {**KEY, "CLIPTASK_S3_ENDPOINT": proxy.url},
        )


@dataclass
class Copying:
    """``copy_object`` with what it takes."""

    storage: Storage
    bucket: str
    target: Path

    def __post_init__(self) -> None:
        self.stopped = threading.Event()

    def put(self, name: str, content: bytes, coding: str = "") -> str:
        """URL of an object that was put there."""
        self.storage.upload(self.bucket, name, content, coding)
        return f"{self.storage.scheme}://{self.bucket}/{quote(name)}"

    def __call__(
        self, url: str, settings: FetchSettings = SETTINGS, known: Download | None = None
    ) -> Download | None:
        """Copy, unless it is what is known."""
        bucket = self.storage.open(url.split("/")[2])
        validators = known.validators if known else None
        return copy_object(url, self.target, settings, validators, self.stopped, bucket)


@pytest.fixture
def copying(tmp_path: Path, storage: Storage) -> Copying:
    """A way to copy into a file."""
    return Copying(storage, storage.new_bucket(), tmp_path / "source")


@pytest.fixture
def source(copying: Copying) -> str:
    """URL of an object."""
    return copying.put("my clip #1.mov", LARGE)


class TestCopyObject:
    """One object into one file."""

    def test_an_object_arrives_once_and_again_when_it_is_another(
        self, copying: Copying, source: str, storage: Storage
    ) -> None:
        """Each run would read every source again, or a replaced clip would keep showing its old pictures."""
        first = copying(source)

        assert first is not None
        assert (first.sha256, first.size_bytes) == (hashlib.sha256(LARGE).hexdigest(), len(LARGE))
        assert copying.target.read_bytes() == LARGE
        assert copying(source, known=first) is None
        assert storage.proxy.count("GET /") == 1
        copying.put("my clip #1.mov", LARGE[::-1])
        second = copying(source, known=first)
        assert second is not None
        assert second.sha256 == hashlib.sha256(LARGE[::-1]).hexdigest()

    def test_a_broken_download_goes_on(self, copying: Copying, source: str, storage: Storage) -> None:
        """A large source would never arrive over a bad line, or with a hole in it."""
        storage.proxy.fail("GET /", Cut(1_000_000), Refuse(503))

        arrival = copying(source)

        assert arrival is not None
        assert arrival.sha256 == hashlib.sha256(LARGE).hexdigest()

    def test_what_names_no_object_or_one_that_is_not_there_is_the_authors(
        self, copying: Copying, storage: Storage
    ) -> None:
        """A mistyped name would be tried for ever."""
        here = f"{storage.scheme}://{copying.bucket}"
        for url, words in [
            (f"{here}/a.mp4", r"^there is no object a.mp4 in the bucket .*; check the URL$"),
            (f"{storage.scheme}://no-such-bucket/a.mp4", r"^there is no object a.mp4 in the bucket .*"),
            (here, f"it names no object; write {storage.scheme}://bucket/object"),
            (f"{here}/a//b", "it names no object"),
            (f"{here}/a?versionId=1", "has no query"),
        ]:
            with pytest.raises(SourceError, match=words):
                copying(url)

    @pytest.mark.parametrize("code", [401, 403])
    @pytest.mark.parametrize("what", ["HEAD /", "GET /"])
    def test_a_missing_permission_is_the_administrators(
        self, copying: Copying, source: str, storage: Storage, code: int, what: str
    ) -> None:
        """Nobody would know who has to grant what, or the clip would be given up for good."""
        storage.proxy.fail(what, Refuse(code))

        with pytest.raises(
            SetupError, match=f"it cannot be fetched: {code}.*on the (bucket|container) {copying.bucket}"
        ):
            copying(source)

    def test_what_changes_meanwhile_is_transient(
        self, copying: Copying, source: str, storage: Storage
    ) -> None:
        """A source that is just being replaced would be half the old one and half the new one."""
        storage.proxy.fail("GET /", Cut(1_000_000))

        def replaced(request: str) -> None:
            if request.startswith("GET /") and storage.proxy.count("GET /") > 1:
                storage.proxy.before = lambda _request: None
                copying.put("my clip #1.mov", LARGE[::-1])

        storage.proxy.before = replaced

        with pytest.raises(TransientError, match="replaced or deleted while it was read"):
            copying(source)

    def test_size_time_and_patience_are_bounded(
        self, copying: Copying, source: str, storage: Storage
    ) -> None:
        """One task could fill the operator's disk, or hold one of its threads for ever."""
        with pytest.raises(SourceError, match="larger than the 1000 bytes"):
            copying(source, replace(SETTINGS, max_bytes=1000))
        assert storage.proxy.count("GET /") == 0
        with pytest.raises(SourceError, match=r"did not arrive within 0 s.*CLIPTASK_FETCH_TIMEOUT_S raised"):
            copying(source, replace(SETTINGS, timeout_s=0))
        copying.stopped.set()
        with pytest.raises(TransientError, match="interrupted"):
            copying(source)

    def test_what_is_stored_compressed_is_refused(self, copying: Copying) -> None:
        """A few bytes could become gigabytes, or arrive as something that is no video."""
        with pytest.raises(SourceError, match=r"stored compressed \(gzip\)"):
            copying(copying.put("packed.mp4", b"x", "gzip"))
        assert copying(copying.put("plain.mp4", b"x", "identity")) is not None


class TestFetchAll:
    """Objects among other sources."""

    @pytest.fixture
    def footage(
        self, copying: Copying, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> str:
        """URL of a clip in a bucket of the storage that the environment names."""
        for name, value in storage.environment.items():
            monkeypatch.setenv(name, value)
        return copying.put("clip.mp4", clip(tmp_path / "clip.mp4").read_bytes())

    async def test_an_object_comes_into_the_store_once(
        self, footage: str, storage: Storage, tmp_path: Path
    ) -> None:
        """Buckets could not hold a campaign's footage, or would be read again at each look."""
        for uri in ((tmp_path / "s").as_uri(), f"{storage.scheme}://{storage.new_bucket()}/s"):
            events: list[FetchEvent] = []
            store = open_store(uri)

            async with Fetcher(SETTINGS) as fetcher:
                first = await fetcher.fetch_all([footage], store, events.append)
                second = await fetcher.fetch_all([footage], store, events.append)

            facts = first[footage]
            assert isinstance(facts, SourceFacts)
            assert facts.sha256 == hashlib.sha256((tmp_path / "clip.mp4").read_bytes()).hexdigest()
            assert second == first
            assert [event.kind for event in events] == ["started", "finished", "started", "cached"]
            assert store.stat(f"sources/{facts.sha256}") is not None

    async def test_errors_of_a_bucket_are_values_too(
        self, footage: str, storage: Storage, tmp_path: Path
    ) -> None:
        """One unreadable object would hide what is wrong with the others."""
        store = open_store((tmp_path / "store").as_uri())
        storage.proxy.keep_failing("secret", Refuse(403))

        async with Fetcher(SETTINGS) as fetcher:
            found = await fetcher.fetch_all([f"{footage}-secret", f"{footage}-gone", footage], store)

        assert [type(each) for each in found.values()] == [SetupError, SourceError, SourceFacts]
        assert str(found[f"{footage}-secret"]).startswith(f"{footage}-secret: it cannot be fetched: 403 ")

    async def test_a_cancelled_fetch_leaves_no_thread_behind(
        self, footage: str, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Somebody who presses Ctrl-C would wait until a storage is given up that does not answer."""
        monkeypatch.setenv("CLIPTASK_STORE_DEADLINE_S", "4")
        storage.proxy.keep_failing("GET /", Stall())
        store = open_store((tmp_path / "store").as_uri())
        async with Fetcher(SETTINGS) as fetcher:
            fetching = asyncio.create_task(fetcher.fetch_all([footage], store))
            while storage.proxy.count("GET /") == 0:  # noqa: ASYNC110  another thread counts
                await asyncio.sleep(0.001)
            fetching.cancel()
            with pytest.raises(asyncio.CancelledError):
                await fetching

        assert list(store.list()) == []
        await asyncio.get_running_loop().shutdown_default_executor()
