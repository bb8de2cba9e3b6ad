from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from cliptask.errors import SetupError, SourceError, TransientError
from cliptask.facts import SourceFacts
from cliptask_operator.sources.fetcher import Fetcher, FetchEvent
from cliptask_operator.sources.gcs import copy_object
from cliptask_operator.sources.partial_download import Download
from cliptask_operator.sources.settings import FetchSettings
from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.gcs_client import Connection, connect
from cliptask_renderer.storage.open import open_store
from support.gcs import Cut, Damage, FakeGcs, FaultyProxy, Refuse
from support.media import clip

LARGE = bytes(range(256)) * (5 << 12)


@pytest.fixture
def source(gcs: FakeGcs) -> str:
    """URL of an object."""
    return _upload(gcs, gcs.bucket(), "my clip #1.mov", LARGE)


@pytest.fixture
def settings() -> FetchSettings:
    """The defaults."""
    return FetchSettings()


def _upload(gcs: FakeGcs, bucket: str, name: str, content: bytes) -> str:
    gcs.open(bucket).blob(name).upload_from_string(content)
    return f"gs://{bucket}/{quote(name)}"


def _arrives(folder: Path) -> bool:
    """Whether there is a part of a source."""
    return any(file.stat().st_size for file in folder.rglob("source"))


class Copying:
    """``copy_object`` with what it takes."""

    def __init__(self, target: Path, connection: Connection) -> None:
        self.target = target
        self.connection = connection
        self.stopped = threading.Event()

    def __call__(self, url: str, settings: FetchSettings, known: Download | None = None) -> Download | None:
        """Copy, unless it is what is known."""
        validators = known.validators if known else None
        return copy_object(url, self.target, settings, validators, self.stopped, self.connection)


@pytest.fixture
def copying(tmp_path: Path, connection: Connection) -> Copying:
    """A way to copy into a file."""
    return Copying(tmp_path / "source", connection)


class TestCopyObject:
    """One object into one file."""

    def test_an_object_arrives_with_its_hash(
        self, copying: Copying, source: str, settings: FetchSettings
    ) -> None:
        """Else a source in a bucket could not be used, or would have another key than the same file elsewhere."""
        arrival = copying(source, settings)

        assert arrival is not None
        assert (arrival.sha256, arrival.size_bytes) == (hashlib.sha256(LARGE).hexdigest(), len(LARGE))
        assert copying.target.read_bytes() == LARGE

    def test_what_is_known_is_not_downloaded_again(
        self, copying: Copying, source: str, settings: FetchSettings, proxy: FaultyProxy
    ) -> None:
        """Else each run would read every source of a campaign again."""
        first = copying(source, settings)

        assert copying(source, settings, first) is None
        assert proxy.count("GET /download") == 1

    def test_a_replaced_object_is_downloaded_again(
        self, copying: Copying, source: str, settings: FetchSettings, gcs: FakeGcs
    ) -> None:
        """Else a replaced clip of the same size would keep showing its old pictures."""
        first = copying(source, settings)
        _upload(gcs, source.split("/")[2], "my clip #1.mov", LARGE[::-1])

        second = copying(source, settings, first)

        assert second is not None
        assert second.sha256 == hashlib.sha256(LARGE[::-1]).hexdigest()

    def test_a_broken_download_goes_on(
        self, copying: Copying, source: str, settings: FetchSettings, proxy: FaultyProxy
    ) -> None:
        """Else a large source would never arrive over a bad line, or with a hole in it."""
        proxy.fail("GET /download", Cut(1_000_000), Refuse(503))

        arrival = copying(source, settings)

        assert arrival is not None
        assert arrival.sha256 == hashlib.sha256(LARGE).hexdigest()

    def test_a_damaged_one_is_noticed(
        self, copying: Copying, source: str, settings: FetchSettings, proxy: FaultyProxy
    ) -> None:
        """Else a flipped bit would be somebody's clip from then on."""
        proxy.fail("GET /download", Damage())

        with pytest.raises(TransientError, match="arrived damaged"):
            copying(source, settings)

    @pytest.mark.parametrize("url", ["gs://no-such-bucket/a.mp4", "gone"])
    def test_a_missing_object_is_the_authors(
        self, copying: Copying, gcs: FakeGcs, settings: FetchSettings, url: str
    ) -> None:
        """Else a mistyped name would be tried for ever."""
        url = f"gs://{gcs.bucket()}/a.mp4" if url == "gone" else url

        with pytest.raises(SourceError, match=r"^there is no object a.mp4 in the bucket .*; check the URL$"):
            copying(url, settings)

    @pytest.mark.parametrize("code", [401, 403])
    @pytest.mark.parametrize("request_", ["GET /storage", "GET /download"])
    def test_a_missing_permission_is_the_administrators(
        self,
        copying: Copying,
        source: str,
        settings: FetchSettings,
        proxy: FaultyProxy,
        code: int,
        request_: str,
    ) -> None:
        """Else nobody would know who has to grant what, or the clip would be given up for good."""
        proxy.fail(request_, Refuse(code, "me@project does not have storage.objects.get access"))

        with pytest.raises(SetupError) as caught:
            copying(source, settings)

        if code == 403:
            assert "me@project does not have storage.objects.get access" in str(caught.value)
            assert "roles/storage.objectViewer" in str(caught.value)
            assert source.split("/")[2] in str(caught.value)

    def test_an_outage_is_transient(
        self, tmp_path: Path, source: str, settings: FetchSettings, proxy: FaultyProxy
    ) -> None:
        """Else a bad minute would be reported as a bad clip."""
        proxy.keep_failing("GET", Refuse(503))
        impatient = connect(proxy.url, 0.4)

        with pytest.raises(TransientError, match=r"503 .*try again later"):
            Copying(tmp_path / "source", impatient)(source, settings)

        impatient.client.close()

    def test_an_object_that_vanishes_meanwhile_is_transient(
        self, copying: Copying, source: str, settings: FetchSettings, proxy: FaultyProxy
    ) -> None:
        """Else a source that is just being replaced would be reported as missing."""
        proxy.fail("GET /download", Refuse(404))

        with pytest.raises(TransientError, match="replaced or deleted while it was read"):
            copying(source, settings)

    def test_size_and_time_are_bounded(
        self, copying: Copying, source: str, settings: FetchSettings, proxy: FaultyProxy
    ) -> None:
        """Else one task could fill the operator's disk, or hold one of its threads for ever."""
        with pytest.raises(SourceError, match="larger than the 1000 bytes"):
            copying(source, replace(settings, max_bytes=1000))
        assert proxy.count("GET /download") == 0

        with pytest.raises(SourceError, match=r"did not arrive within 0 s.*CLIPTASK_FETCH_TIMEOUT_S raised"):
            copying(source, replace(settings, timeout_s=0))

    def test_a_stop_ends_it(self, copying: Copying, source: str, settings: FetchSettings) -> None:
        """Else an interrupted program would go on until the last byte."""
        copying.stopped.set()

        with pytest.raises(TransientError, match="interrupted"):
            copying(source, settings)

    def test_what_is_stored_compressed_is_refused(
        self, copying: Copying, source: str, settings: FetchSettings, gcs: FakeGcs
    ) -> None:
        """Else a few bytes could become gigabytes, or arrive as something that is no video."""
        blob = gcs.open(source.split("/")[2]).blob("packed.mp4")
        blob.content_encoding = "gzip"
        blob.upload_from_string(b"x")

        with pytest.raises(SourceError, match=r"stored compressed \(gzip\)"):
            copying(f"gs://{blob.bucket.name}/packed.mp4", settings)

    @pytest.mark.parametrize("stored", ["aws-chunked", "Identity", "utf-8"])
    def test_a_stored_coding_that_compresses_nothing_is_none(
        self, copying: Copying, source: str, settings: FetchSettings, gcs: FakeGcs, stored: str
    ) -> None:
        """What a tool of another cloud uploaded could not be used."""
        blob = gcs.open(source.split("/")[2]).blob("plain.mp4")
        blob.content_encoding = stored
        blob.upload_from_string(b"x")

        arrival = copying(f"gs://{blob.bucket.name}/plain.mp4", settings)

        assert arrival is not None
        assert arrival.size_bytes == 1


class TestFetchAll:
    """Objects among other sources."""

    @pytest.fixture
    def footage(self, gcs: FakeGcs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
        """URL of a clip in the bucket that the environment names."""
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.url)
        return _upload(gcs, gcs.bucket(), "clip.mp4", clip(tmp_path / "clip.mp4").read_bytes())

    @pytest.fixture(params=["folder", "bucket"])
    def store(self, request: pytest.FixtureRequest, gcs: FakeGcs, tmp_path: Path, footage: str) -> Store:  # noqa: ARG002  sets the environment
        """An empty store of either kind."""
        return open_store(
            (tmp_path / "s").as_uri() if request.param == "folder" else f"gs://{gcs.bucket()}/s"
        )

    async def test_an_object_comes_into_the_store_once(
        self, footage: str, store: Store, settings: FetchSettings, tmp_path: Path
    ) -> None:
        """Else buckets could not hold a campaign's footage, or would be read again at each look."""
        events: list[FetchEvent] = []

        async with Fetcher(settings) as fetcher:
            first = await fetcher.fetch_all([footage], store, events.append)
            second = await fetcher.fetch_all([footage], store, events.append)

        facts = first[footage]
        assert isinstance(facts, SourceFacts)
        assert facts.sha256 == hashlib.sha256((tmp_path / "clip.mp4").read_bytes()).hexdigest()
        assert second == first
        assert [event.kind for event in events] == ["started", "finished", "started", "cached"]
        assert store.stat(f"sources/{facts.sha256}") is not None

    async def test_errors_of_a_bucket_are_values_too(
        self,
        footage: str,
        settings: FetchSettings,
        tmp_path: Path,
        gcs: FakeGcs,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Else one unreadable object would hide what is wrong with the others."""
        store = open_store((tmp_path / "store").as_uri())
        with FaultyProxy(gcs.port) as proxy:
            monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
            proxy.keep_failing("secret", Refuse(403))
            async with Fetcher(settings) as fetcher:
                found = await fetcher.fetch_all([f"{footage}-secret", f"{footage}-gone", footage], store)

        kinds = [type(each) for each in found.values()]
        assert kinds == [SetupError, SourceError, SourceFacts]
        assert str(found[f"{footage}-secret"]).startswith(f"{footage}-secret: it cannot be fetched: 403 ")

    async def test_errors_of_the_store_are_no_sources(self, footage: str, settings: FetchSettings) -> None:
        """Else a missing bucket for the videos would be reported, and skipped, as a bad clip."""
        async with Fetcher(settings) as fetcher:
            with pytest.raises(SetupError, match="there is no bucket no-such-bucket"):
                await fetcher.fetch_all([footage], open_store("gs://no-such-bucket/x"))

    async def test_a_cancelled_fetch_leaves_no_thread_behind(
        self, gcs: FakeGcs, settings: FetchSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Else somebody who presses Ctrl-C would wait for the last byte."""
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.url)
        url = _upload(gcs, gcs.bucket(), "large.mp4", os.urandom(1 << 20) * 48)
        store = open_store((tmp_path / "store").as_uri())
        async with Fetcher(settings) as fetcher:
            fetching = asyncio.create_task(fetcher.fetch_all([url], store))

            while not _arrives(tmp_path):  # noqa: ASYNC110  the disk is asked
                await asyncio.sleep(0.001)
            fetching.cancel()
            with pytest.raises(asyncio.CancelledError):
                await fetching

        assert list(store.list()) == []
        await asyncio.get_running_loop().shutdown_default_executor()
