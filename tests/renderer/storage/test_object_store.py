"""What is promised of a bucket beyond what any store promises, whichever storage it is of: by way of a proxy that fails on request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import google_crc32c
import pytest

from cliptask.errors import MediaError, OutputError, SetupError, TransientError
from cliptask_renderer.storage.azure import LIMITS as AZURE_LIMITS
from cliptask_renderer.storage.azure import AzureContainer
from cliptask_renderer.storage.base import Store, StoredObject
from cliptask_renderer.storage.bucket import Bucket
from cliptask_renderer.storage.folder import FolderStore
from cliptask_renderer.storage.object_store import ObjectStore
from cliptask_renderer.storage.s3 import LIMITS, S3Bucket
from support.azure import AzureProxy, FakeAzure, connection_string
from support.azure import connected as azure_connected
from support.gcs import Break, Cut, Damage, Fault, FaultyProxy, Lose, Refuse, Stall
from support.s3 import KEY, FakeS3, S3Proxy, connected

SHORT_S = 0.4
ACTS = ["put", "put large", "compose", "read", "read a span", "local", "stat", "list", "delete"]
MIB = 1 << 20
LARGE = bytes(range(256)) * (11 << 12)
"""11 MiB: more than one piece of an upload."""
PIECE_BYTES = 6 * MIB
"""Of what is sent: less than usual, so that less is large."""
HEAD, SOUND, PICTURE = b"head", b"sound" * (1100 << 10), b"picture" * (900 << 10)
"""A head and two parts of more than 5 MiB, which every storage copies, the smallest at least in part."""
WHOLE = HEAD + SOUND + PICTURE + SOUND
CRC32C = google_crc32c.value(WHOLE)
METADATA = {"key": "ab" * 32, "text": "naïve\n"}


@dataclass(frozen=True)
class Storage:
    """One of them, and what its requests look like."""

    proxy: FaultyProxy
    open: Callable[[str, float], Bucket]
    """A bucket of a name, tried for so many seconds."""
    new_bucket: Callable[[], str]
    raw: Callable[[str, str], Mapping[str, Any]]
    """What others see of an object of a bucket: ``type``, ``cache``."""
    put_raw: Callable[[str, str, bytes], object]
    """What others store."""
    environment: dict[str, str]
    act: dict[str, str] = field(default_factory=dict)
    """What is in a request that puts at once, sends a piece, copies one, commits, reads, removes."""


def azures(request: pytest.FixtureRequest) -> Storage:
    """Azure's."""
    azure: FakeAzure = request.getfixturevalue("azure")
    proxy: AzureProxy = request.getfixturevalue("azure_proxy")

    def raw(bucket: str, path: str) -> Mapping[str, Any]:
        found = azure.client.get_blob_client(bucket, path).get_blob_properties().content_settings
        return {"type": found.content_type, "cache": found.cache_control or None}

    return Storage(
        proxy,
        lambda name, deadline_s: AzureContainer(
            azure_connected(proxy.url, deadline_s), name, limits=AZURE_LIMITS._replace(most_sent=PIECE_BYTES)
        ),
        azure.container,
        raw,
        lambda bucket, path, content: azure.client.get_blob_client(bucket, path).upload_blob(content, overwrite=True),
        {"AZURE_STORAGE_CONNECTION_STRING": connection_string(proxy.url)},
        {
            "put": "PUT /", "piece": "comp=block&", "begin": "comp=block&", "commit": "comp=blocklist", "read": "GET /", "look": "HEAD /", "remove": "DELETE /",
        },
    )  # fmt: skip


@pytest.fixture(params=["s3", "az"])
def storage(request: pytest.FixtureRequest) -> Storage:
    """Each of them."""
    return amazons(request) if request.param == "s3" else azures(request)


def amazons(request: pytest.FixtureRequest) -> Storage:
    """S3."""
    s3: FakeS3 = request.getfixturevalue("s3")
    proxy: S3Proxy = request.getfixturevalue("s3_proxy")

    def raw(bucket: str, path: str) -> Mapping[str, Any]:
        found = s3.client.head_object(Bucket=bucket, Key=path)
        return {"type": found["ContentType"], "cache": found.get("CacheControl") or None}

    return Storage(
        proxy,
        lambda name, deadline_s: S3Bucket(
            connected(proxy.url, deadline_s), name, limits=LIMITS._replace(most_sent=PIECE_BYTES)
        ),
        s3.bucket,
        raw,
        lambda bucket, path, content: s3.client.put_object(Bucket=bucket, Key=path, Body=content, Metadata={"by": "hand"}),
        {**KEY, "CLIPTASK_S3_ENDPOINT": proxy.url},
        {
            "put": "PUT /", "piece": "?partNumber=1&", "begin": "?uploads", "commit": "POST /", "read": "GET /", "look": "HEAD /", "remove": "DELETE /",
        },
    )  # fmt: skip


@pytest.fixture
def name(storage: Storage) -> str:
    """Of a fresh bucket."""
    return storage.new_bucket()


@pytest.fixture
def store(storage: Storage, name: str) -> ObjectStore:
    """An empty store below a prefix of it."""
    return ObjectStore(storage.open(name, 10), "spring")


@pytest.fixture
def patient(storage: Storage, name: str) -> ObjectStore:
    """The same by a client that has time for more than one attempt at something large."""
    return ObjectStore(storage.open(name, 60), "spring")


@pytest.fixture
def cache(storage: Storage, name: str) -> ObjectStore:
    """With two parts in it."""
    cache = ObjectStore(storage.open(name, 60), "spring/.cliptask")
    cache.put_bytes("sound", SOUND)
    cache.put_bytes("picture", PICTURE)
    storage.proxy.requests.clear()
    return cache


def composed(store: Store, cache: Store, name: str = "a.mp4", *, again: bool = False) -> StoredObject:
    """The video."""
    parts = [(cache, "sound"), (cache, "picture"), (cache, "sound")]
    return store.compose(name, HEAD, parts, METADATA, crc32c=CRC32C, replace=again)


def acts(store: ObjectStore) -> dict[str, Callable[[], object]]:
    """All that a store does."""

    def local() -> None:
        with store.local("a"):
            pass

    return {
        "put": lambda: store.put_bytes("a", b"x"),
        "put large": lambda: store.put_bytes("a", LARGE),
        "compose": lambda: store.compose("v", HEAD, [(store, "a")], crc32c=0),
        "read": lambda: store.read("a"),
        "read a span": lambda: store.read("a", range(3)),
        "local": local,
        "stat": lambda: store.stat("a"),
        "list": lambda: list(store.list()),
        "delete": lambda: store.delete("a"),
    }


class TestObjects:
    """What others see in the bucket."""

    def test_have_a_content_type_and_are_cached_unless_replaced(
        self, storage: Storage, name: str, store: ObjectStore, cache: ObjectStore
    ) -> None:
        """Else a browser would download the gallery instead of showing it, or show the index of an hour ago."""
        store.put_bytes("camp/gallery.html", b"x", replace=True)
        store.put_bytes("camp/b.vtt", b"x")
        store.put_bytes("camp/large.mp4", LARGE)
        composed(store, cache, "camp/a.mp4")

        found = {
            each: storage.raw(name, f"spring/camp/{each}")
            for each in ("gallery.html", "b.vtt", "large.mp4", "a.mp4")
        }

        assert found == {
            "gallery.html": {"type": "text/html; charset=utf-8", "cache": "no-cache"},
            "b.vtt": {"type": "text/vtt; charset=utf-8", "cache": None},
            "large.mp4": {"type": "video/mp4", "cache": None},
            "a.mp4": {"type": "video/mp4", "cache": None},
        }

    def test_of_other_hands_stay_out_of_the_listing_unless_they_could_be_ours(
        self, storage: Storage, name: str, store: ObjectStore
    ) -> None:
        """Else the cache, or what lies beside a store, would count as videos."""
        for path in ("spring/.cliptask/segments/a.mp4", "spring-2/a", "spring/by hand"):
            storage.put_raw(name, path, b"1")

        assert list(store.list()) == [StoredObject("by hand", 1, {})]
        assert store.read("by hand") == b"1"

    def test_large_ones_come_and_go_whole(self, patient: ObjectStore, tmp_path: Path) -> None:
        """Else what takes more than one request would be stored in parts."""
        file = tmp_path / "large"
        file.write_bytes(LARGE)

        stored = patient.put("large.mp4", file, METADATA)

        assert stored == StoredObject("large.mp4", len(LARGE), METADATA) == patient.stat("large.mp4")
        with patient.local("large.mp4") as path:
            assert path.read_bytes() == LARGE
        assert not path.exists()
        assert patient.read("large.mp4", range(7 * MIB, 7 * MIB + 9)) == LARGE[7 * MIB : 7 * MIB + 9]

    def test_what_other_hands_stored_can_be_a_part(
        self, storage: Storage, name: str, store: ObjectStore
    ) -> None:
        """Else a cache that was copied by another program would make no video: its checksums are gone."""
        storage.put_raw(name, "spring/sound", SOUND)

        store.compose("a", HEAD, [(store, "sound")], crc32c=google_crc32c.value(HEAD + SOUND))

        assert store.read("a") == HEAD + SOUND
        with pytest.raises(MediaError, match="another checksum"):
            store.compose("b", HEAD, [(store, "sound")], crc32c=1)


class TestJoining:
    """What a video costs, and what is proven of it."""

    @pytest.mark.parametrize("again", [False, True])
    def test_parts_are_copied_by_the_storage(
        self, storage: Storage, store: ObjectStore, cache: ObjectStore, *, again: bool
    ) -> None:
        """Else every video would pass through its Job."""
        store.put_bytes("a.mp4" if again else "other", b"before")
        storage.proxy.sent_bytes = storage.proxy.answered_bytes = 0

        stored = composed(store, cache, again=again)

        assert stored == StoredObject("a.mp4", len(WHOLE), METADATA) == store.stat("a.mp4")
        # No more than fills the first piece up passes through here, both ways.
        assert storage.proxy.sent_bytes < 6 * MIB
        assert storage.proxy.answered_bytes < 6 * MIB
        assert store.read("a.mp4") == WHOLE

    def test_parts_of_another_bucket_are_copied_and_those_of_a_folder_sent(
        self, storage: Storage, store: ObjectStore, tmp_path: Path
    ) -> None:
        """Else one cache for all buckets, or a cache on a disk, would make no video."""
        for cache in (ObjectStore(storage.open(storage.new_bucket(), 10), ""), FolderStore(tmp_path)):
            cache.put_bytes("sound", SOUND)
            cache.put_bytes("picture", PICTURE)

            composed(store, cache, again=True)

            assert store.read("a.mp4") == WHOLE

    def test_a_part_that_changes_meanwhile_is_not_joined(
        self, storage: Storage, name: str, store: ObjectStore, cache: ObjectStore
    ) -> None:
        """Else a video would hold what nobody has reckoned: what is copied is held to what was looked at."""
        changed, changing = threading.Event(), threading.Lock()

        def change(request: str) -> None:
            if request.startswith("HEAD "):
                return
            with changing:  # whatever is asked at the same time comes after it
                if not changed.is_set():
                    changed.set()
                    storage.put_raw(name, "spring/.cliptask/sound", SOUND[::-1])
                    storage.put_raw(name, "spring/.cliptask/picture", PICTURE[::-1])

        storage.proxy.before = change

        with pytest.raises(MediaError, match="another checksum than was reckoned"):
            composed(store, cache)

        assert changed.is_set()
        assert store.stat("a.mp4") is None

    def test_who_comes_second_takes_the_first_ones(
        self, storage: Storage, name: str, store: ObjectStore, cache: ObjectStore
    ) -> None:
        """Else two Jobs for one video would replace each other's."""
        first = threading.Event()

        def come_first(request: str) -> None:
            is_begin = storage.act["begin"] != storage.act["piece"] and storage.act["begin"] in request
            if storage.act["commit"] in request and not is_begin and not first.is_set():
                first.set()
                storage.put_raw(name, "spring/a.mp4", b"first")

        storage.proxy.before = come_first

        assert composed(store, cache) == StoredObject("a.mp4", 5, {})
        assert first.is_set()
        assert store.read("a.mp4") == b"first"


class TestFaults:
    """What the storage's end does to us."""

    @pytest.mark.parametrize("fault", [Refuse(503), Refuse(429), Refuse(500), Break(2), Lose(), Cut(3)])
    def test_a_few_are_survived_whatever_is_asked(
        self, storage: Storage, store: ObjectStore, fault: Fault
    ) -> None:
        """Else a moment of bad luck would end a campaign, or an own upload whose answer was lost pass for another's."""
        for what in ("put", "look", "read", "remove"):
            storage.proxy.fail(storage.act[what], fault, fault)

        stored = store.put_bytes("a.mp4", b"content", METADATA)

        assert stored == StoredObject("a.mp4", 7, METADATA) == store.stat("a.mp4")
        assert store.read("a.mp4") == b"content"
        assert list(store.list()) == [stored]
        store.delete("a.mp4")
        assert store.stat("a.mp4") is None

    @pytest.mark.parametrize("again", [False, True])
    @pytest.mark.parametrize("fault", [Refuse(503), Break(10), Lose(), Cut(3)])
    @pytest.mark.parametrize("what", ["begin", "piece", "commit"])
    def test_an_object_of_many_pieces_survives_them(
        self,
        storage: Storage,
        patient: ObjectStore,
        cache: ObjectStore,
        what: str,
        fault: Fault,
        *,
        again: bool,
    ) -> None:
        """Else a break in the middle of a video would cost all of it, or an own one count as another's."""
        if again:
            patient.put_bytes("a.mp4", b"before")
            patient.put_bytes("large", b"before")
        storage.proxy.fail(storage.act[what], fault, fault)

        assert composed(patient, cache, again=again) == StoredObject("a.mp4", len(WHOLE), METADATA)
        storage.proxy.fail(storage.act[what], fault)
        patient.put_bytes("large", LARGE, {"n": "1"}, replace=again)

        assert patient.read("a.mp4") == WHOLE
        assert (patient.read("large"), patient.stat("large")) == (
            LARGE,
            StoredObject("large", len(LARGE), {"n": "1"}),
        )

    def test_a_download_goes_on_where_it_broke(self, storage: Storage, patient: ObjectStore) -> None:
        """Else a large source would never arrive over a bad line, or arrive with a piece twice."""
        patient.put_bytes("large", LARGE)
        storage.proxy.requests.clear()
        storage.proxy.fail(storage.act["read"], Cut(5_000_000), Cut(3_000_000))

        assert patient.read("large") == LARGE
        assert storage.proxy.count(storage.act["read"]) == 3

    @pytest.mark.parametrize("break_first", [False, True])
    def test_damaged_bytes_are_noticed(
        self, storage: Storage, patient: ObjectStore, *, break_first: bool
    ) -> None:
        """Else a flipped bit would be encoded into every video."""
        patient.put_bytes("large", LARGE)
        storage.proxy.fail(storage.act["read"], *([Cut(5_000_000)] if break_first else []), Damage())

        with pytest.raises(TransientError, match=r"spring/large arrived damaged: its CRC32C is"):
            patient.read("large")

    @pytest.mark.parametrize("content", [b"small", LARGE])
    def test_a_damaged_upload_leaves_nothing(
        self, storage: Storage, store: ObjectStore, content: bytes
    ) -> None:
        """Else a content key would stand for other content, for ever."""
        storage.proxy.tamper = lambda body: b"\xff" + body[1:] if body[:5] in {b"small", LARGE[:5]} else body

        with pytest.raises((TransientError, OutputError)):
            store.put_bytes("a", content)

        assert list(store.list()) == []

    @pytest.mark.parametrize("fault", [Refuse(503), Refuse(429), Break(), Stall()])
    @pytest.mark.parametrize("act", ACTS)
    def test_too_many_end_as_transient(self, storage: Storage, name: str, fault: Fault, act: str) -> None:
        """Else an outage would hang for ever, or be reported as somebody's fault."""
        store = ObjectStore(storage.open(name, SHORT_S), "spring")
        storage.proxy.keep_failing(" /", fault)

        with pytest.raises(TransientError, match=rf"^{store.uri} cannot be .*try again later$"):
            acts(store)[act]()

    @pytest.mark.parametrize("code", [401, 403])
    @pytest.mark.parametrize("act", ACTS)
    def test_missing_permission_is_the_administrators(
        self, storage: Storage, store: ObjectStore, code: int, act: str
    ) -> None:
        """Else whoever can grant it would not know what to whom, or an operator would take the task for bad."""
        storage.proxy.keep_failing(" /", Refuse(code, "somebody is not authorized to do this"))

        with pytest.raises(SetupError) as caught:
            acts(store)[act]()

        said = str(caught.value)
        assert store.uri in said
        assert f" {store.bucket.name} " in said or f" {store.bucket.name}:" in said
        assert "http" not in said

    @pytest.mark.parametrize("act", [each for each in ACTS if each != "delete"])
    def test_a_missing_bucket_is_the_administrators(self, storage: Storage, act: str) -> None:
        """Else a bucket that was never made would look like an empty one."""
        store = ObjectStore(storage.open("no-such-bucket", 10), "spring")

        with pytest.raises(
            SetupError, match=r"^there is no (bucket|container) no-such-bucket \(.*\); create it"
        ):
            acts(store)[act]()

    def test_a_bucket_is_looked_for_once(self, storage: Storage, store: ObjectStore) -> None:
        """Else every look at what is not there yet would cost two requests."""
        for number in range(5):
            assert store.stat(f"{number}.mp4") is None

        assert len(storage.proxy.requests) <= 6

    def test_what_is_refused_for_other_reasons_is_said(self, storage: Storage, store: ObjectStore) -> None:
        """Else a bucket's rules, e.g. on retention, would end in a traceback."""
        storage.proxy.fail(storage.act["put"], Refuse(400, "Bucket is under a legal hold"))

        with pytest.raises(OutputError, match="400 Bucket is under a legal hold; "):
            store.put_bytes("a", b"")

    def test_a_name_that_comes_and_goes_is_given_up(self, storage: Storage, store: ObjectStore) -> None:
        """Somebody who deletes what is being made would keep a Job for ever."""
        storage.proxy.keep_failing(storage.act["put"], Refuse(412))

        with pytest.raises(TransientError, match="others write and delete it at the same time"):
            store.put_bytes("b", b"x")

        assert storage.proxy.count(storage.act["put"]) == 3

    def test_threads_share_one_client(self, storage: Storage, store: ObjectStore) -> None:
        """Else an operator would open a connection for each object, or threads would wait for one another."""
        gate = threading.Barrier(24)

        def work(number: int) -> None:
            gate.wait()
            for round_ in range(5):
                store.put_bytes(f"{number}/{round_}", b"x")
                assert store.read(f"{number}/{round_}") == b"x"

        with ThreadPoolExecutor(24) as pool:
            list(pool.map(work, range(24)))

        assert len(list(store.list())) == 120
        assert storage.proxy.accepted <= 24 + 16  # a listing asks for many objects at a time


class TestProcess:
    """What depends on the whole process."""

    def test_memory_stays_bounded(self, storage: Storage, name: str, tmp_path: Path) -> None:
        """Else a pod would need as much memory as its video is large."""
        big = tmp_path / "big"
        with big.open("wb") as file:
            file.truncate(200 * MIB)
        code = f"""
import json, resource
from pathlib import Path
from cliptask_renderer.storage.open import open_store
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
store = open_store("{store_uri(storage, name)}")
store.put_bytes("a", b"x")
store.read("a")
before = peak()
store.put("big", Path({str(big)!r}))
put = peak()
with store.local("big") as path:
    size = path.stat().st_size
print(json.dumps([size, put - before, peak() - before]))
"""
        size_bytes, grown_by_put_mib, grown_mib = json.loads(ran(code, storage))

        assert size_bytes == 200 * MIB
        assert grown_by_put_mib < 110
        assert grown_mib < 110


def store_uri(storage: Storage, name: str) -> str:
    """Of a bucket itself."""
    return ObjectStore(storage.open(name, 10), "").uri


def ran(code: str, storage: Storage) -> str:
    """What a program prints that has a client of its own."""
    environment = {**os.environ, **storage.environment}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout
