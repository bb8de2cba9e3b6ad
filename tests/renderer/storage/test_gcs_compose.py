from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import google_crc32c
import pytest

from cliptask.errors import MediaError, OutputError, SetupError, TransientError
from cliptask_renderer.storage.base import Store, StoredObject
from cliptask_renderer.storage.folder import FolderStore
from cliptask_renderer.storage.gcs import GcsStore
from cliptask_renderer.storage.gcs_client import Connection, connect
from cliptask_renderer.storage.location import Location
from support.gcs import Break, Cut, FakeGcs, Fault, FaultyProxy, Lose, Refuse, Stall
from support.memory_store import Fleeting

HEAD, SOUND, FIRST = b"head", b"sound" * 1000, b"first" * 3001
WHOLE = HEAD + SOUND + FIRST
CRC32C = google_crc32c.value(WHOLE)
METADATA = {"key": "ä"}


@pytest.fixture
def store(bucket: str, connection: Connection) -> GcsStore:
    """An empty store below a prefix of a bucket, behind the proxy."""
    return GcsStore(Location(bucket, "spring"), connection)


@pytest.fixture
def cache(bucket: str, connection: Connection) -> GcsStore:
    """The parts, in another store of the same bucket."""
    return laid(GcsStore(Location(bucket, "spring/.cliptask"), connection))


@pytest.fixture
def far(gcs: FakeGcs, connection: Connection) -> GcsStore:
    """The parts, in another bucket."""
    return laid(GcsStore(Location(gcs.bucket(), "cache"), connection))


@pytest.fixture
def impatient(bucket: str, proxy: FaultyProxy) -> Iterator[GcsStore]:
    """The same store by a client that gives up soon."""
    opened = connect(proxy.url, 0.4)
    yield GcsStore(Location(bucket, "spring"), opened)
    opened.client.close()


def laid(cache: GcsStore) -> GcsStore:
    """A store with the parts in it."""
    cache.put_bytes("sound.m4a", SOUND)
    cache.put_bytes("first.mp4", FIRST)
    return cache


def composed(store: GcsStore, cache: Store, name: str = "a.mp4", *, again: bool = False) -> StoredObject:
    """The video."""
    return store.compose(
        name, HEAD, [(cache, "sound.m4a"), (cache, "first.mp4")], METADATA, crc32c=CRC32C, replace=again
    )


def temporary(gcs: FakeGcs, store: GcsStore) -> list[str]:
    """What lies there for a while."""
    _, _, bucket, prefix = store.uri.split("/", 3)
    return [blob.name for blob in gcs.open(bucket).list_blobs(prefix=f"{prefix}/.store/")]


def asked(proxy: FaultyProxy) -> list[str]:
    """What has been asked since the last call, in short."""
    kinds = {
        "POST /upload": "upload",
        "/compose": "compose",
        "/rewriteTo/": "copy",
        "DELETE": "delete",
        "prefix=": "list",
    }
    said = [next((kind for what, kind in kinds.items() if what in each), each) for each in proxy.requests]
    proxy.requests.clear()
    return said


class TestRequests:
    """What it costs."""

    def test_a_video_takes_two_and_the_removal_of_its_head(
        self, gcs: FakeGcs, store: GcsStore, cache: GcsStore, proxy: FaultyProxy
    ) -> None:
        """Ten thousand videos would wait for a hundred thousand answers. Only the first looks for what others have left."""
        asked(proxy)

        composed(store, cache)
        first = asked(proxy)
        composed(store, cache, "b.mp4")

        assert first == ["upload", "compose", "delete", "list"]
        assert asked(proxy) == ["upload", "compose", "delete"]
        assert temporary(gcs, store) == []

    def test_more_than_32_are_composed_in_two_steps(
        self, gcs: FakeGcs, store: GcsStore, cache: GcsStore, proxy: FaultyProxy
    ) -> None:
        """A bucket refuses them, or what lay between would stay and be paid for."""
        composed(store, cache)
        parts: list[tuple[Store, str]] = [(cache, "sound.m4a")] * 40
        asked(proxy)

        store.compose("b.mp4", HEAD, parts, crc32c=google_crc32c.value(HEAD + SOUND * 40))

        assert asked(proxy) == ["upload", "compose", "compose", "compose", "delete", "delete", "delete"]
        assert temporary(gcs, store) == []

    def test_a_span_takes_one(self, cache: GcsStore, proxy: FaultyProxy) -> None:
        """To read a table of some kilobytes somebody would wait for a whole clip."""
        asked(proxy)

        assert cache.read("first.mp4", range(5, 17)) == FIRST[5:17]

        (request,) = asked(proxy)
        assert request.startswith("GET /download")

    def test_parts_of_another_bucket_are_copied_once(
        self, gcs: FakeGcs, store: GcsStore, far: GcsStore, proxy: FaultyProxy
    ) -> None:
        """A cache for all buckets would have each video copy its clips anew."""
        composed(store, far)
        asked(proxy)

        composed(store, far, "b.mp4")

        assert asked(proxy) == ["upload", "compose", "delete"]
        assert store.read("b.mp4") == WHOLE
        assert len(temporary(gcs, store)) == 2
        assert [found.name for found in store.list()] == ["a.mp4", "b.mp4"]

    def test_parts_of_a_folder_are_uploaded_once(
        self, gcs: FakeGcs, store: GcsStore, tmp_path: Path, proxy: FaultyProxy
    ) -> None:
        """A cache on a disk would have each video upload its clips anew."""
        cache = FolderStore(tmp_path)
        cache.put_bytes("sound.m4a", SOUND)
        cache.put_bytes("first.mp4", FIRST)
        composed(store, cache)
        asked(proxy)

        composed(store, cache, "b.mp4")

        assert asked(proxy) == ["upload", "compose", "delete"]
        assert store.read("b.mp4") == WHOLE
        assert len(temporary(gcs, store)) == 2


class TestObjects:
    """What others see in the bucket."""

    def test_they_are_as_uploaded_ones(
        self, gcs: FakeGcs, bucket: str, store: GcsStore, cache: GcsStore
    ) -> None:
        """A browser would download videos instead of playing them, or play yesterday's."""
        composed(store, cache)
        composed(store, cache, "again.mp4", again=True)

        found = [gcs.open(bucket).get_blob(f"spring/{name}") for name in ("a.mp4", "again.mp4")]

        assert [(blob.content_type, blob.cache_control, blob.metadata) for blob in found if blob] == [
            ("video/mp4", None, METADATA),
            ("video/mp4", "no-cache", METADATA),
        ]

    def test_a_prefix_leaves_room_for_temporary_names(self, connection: Connection, bucket: str) -> None:
        """A long one would fail in the middle, with the storage's words instead of ours."""
        store = laid(GcsStore(Location(bucket, "/".join(["p" * 200] * 5)), connection))

        with pytest.raises(OutputError, match=r"1024 bytes .*shorten the output's URI"):
            composed(store, store)

    def test_a_part_of_another_storage_class_is_copied(
        self, gcs: FakeGcs, bucket: str, store: GcsStore, cache: GcsStore
    ) -> None:
        """A rule that moves what is old to cheaper storage would end every video of it."""
        gcs.open(bucket).blob("spring/.cliptask/first.mp4").delete()
        cold = gcs.open(bucket).blob("spring/.cliptask/first.mp4")
        cold.storage_class = "NEARLINE"
        cold.upload_from_string(FIRST)

        composed(store, cache)

        assert store.read("a.mp4") == WHOLE

    def test_a_part_that_was_copied_and_has_changed_is_copied_anew(
        self, store: GcsStore, far: GcsStore
    ) -> None:
        """What was made anew in the cache would make no video until its copy is a day old."""
        composed(store, far)
        far.put_bytes("sound.m4a", b"other", replace=True)
        expected = google_crc32c.value(HEAD + b"other")

        with pytest.raises(MediaError):
            store.compose("b.mp4", HEAD, [(far, "sound.m4a")], crc32c=expected)

        assert store.compose("b.mp4", HEAD, [(far, "sound.m4a")], crc32c=expected).size_bytes == 9

    def test_what_a_storage_lets_pass_is_removed(self, gcs: FakeGcs, bucket: str, cache: GcsStore) -> None:
        """A storage that compares no checksums would keep a video of noise. The emulator alone is such a one."""
        connection = connect(gcs.url)
        store = GcsStore(Location(bucket, "spring"), connection)

        with pytest.raises(MediaError, match=r"spring/a\.mp4 is not stored"):
            store.compose("a.mp4", HEAD, [(cache, "sound.m4a")], crc32c=CRC32C)

        assert list(store.list()) == []
        assert temporary(gcs, store) == []
        connection.client.close()


class TestFaults:
    """What the store's other end does to us."""

    @pytest.mark.parametrize("again", [False, True])
    @pytest.mark.parametrize(
        ("what", "fault"),
        [
            ("POST /upload", Refuse(503)),
            ("POST /upload", Break(10)),
            ("POST /upload", Lose()),
            ("/compose", Refuse(503)),
            ("/compose", Refuse(429)),
            ("/compose", Break(10)),
            ("/compose", Lose()),
            ("/compose", Cut(3)),
            ("/rewriteTo/", Refuse(503)),
            ("/rewriteTo/", Lose()),
            ("DELETE", Refuse(503)),
            ("DELETE", Lose()),
            ("prefix=", Refuse(503)),
        ],
    )
    def test_a_few_are_survived(
        self,
        gcs: FakeGcs,
        store: GcsStore,
        far: GcsStore,
        proxy: FaultyProxy,
        what: str,
        fault: Fault,
        *,
        again: bool,
    ) -> None:
        """A moment of bad luck would end a video, or an own one whose answer was lost pass for another's."""
        proxy.fail(what, fault, fault)

        stored = composed(store, far, again=again)

        assert stored == StoredObject("a.mp4", len(WHOLE), METADATA) == store.stat("a.mp4")
        assert store.read("a.mp4") == WHOLE
        assert len(temporary(gcs, store)) == 2  # the copies

    @pytest.mark.parametrize(("what", "steps"), [("POST /upload", 1), ("/compose", 40)])
    def test_an_own_step_is_not_taken_for_another_ones_video(
        self, store: GcsStore, cache: GcsStore, proxy: FaultyProxy, what: str, steps: int
    ) -> None:
        """What is there would stay as it was, where it is to be replaced."""
        store.put_bytes("a.mp4", b"before")
        parts: list[tuple[Store, str]] = [(cache, "sound.m4a")] * steps
        proxy.fail(what, Lose())

        store.compose("a.mp4", HEAD, parts, crc32c=google_crc32c.value(HEAD + SOUND * steps), replace=True)

        assert store.read("a.mp4") == HEAD + SOUND * steps

    def test_a_head_that_arrives_damaged_is_sent_again(
        self, gcs: FakeGcs, bucket: str, cache: GcsStore
    ) -> None:
        """A flipped bit would end a video, or copy all its parts for nothing."""

        class Tampering(FaultyProxy):
            """Changes the last bytes of the first upload on its way."""

            def tampered(self, request: str, body: bytes) -> bytes:
                first = request.startswith("POST /upload") and self.count("POST /upload") == 1
                return body.replace(HEAD, b"dead") if first else body

        with Tampering(gcs.port) as proxy:
            connection = connect(proxy.url, 10)
            store = GcsStore(Location(bucket, "spring"), connection)

            composed(store, cache)

            assert proxy.count("POST /upload") == 2
            assert store.read("a.mp4") == WHOLE
            assert temporary(gcs, store) == []
            connection.client.close()

    @pytest.mark.parametrize("fault", [Refuse(503), Break(10), Lose()])
    def test_steps_between_survive_them(
        self, gcs: FakeGcs, store: GcsStore, cache: GcsStore, proxy: FaultyProxy, fault: Fault
    ) -> None:
        """An own step whose answer was lost would be taken for another's video."""
        parts: list[tuple[Store, str]] = [(cache, "sound.m4a")] * 70
        proxy.fail("/compose", fault, fault)

        store.compose("a.mp4", HEAD, parts, crc32c=google_crc32c.value(HEAD + SOUND * 70))

        assert store.read("a.mp4") == HEAD + SOUND * 70
        assert temporary(gcs, store) == []

    @pytest.mark.parametrize("what", ["/compose", "/rewriteTo/"])
    @pytest.mark.parametrize("fault", [Refuse(503), Refuse(429), Break(), Stall()])
    def test_too_many_end_as_transient_and_leave_no_head(
        self, gcs: FakeGcs, impatient: GcsStore, far: GcsStore, proxy: FaultyProxy, what: str, fault: Fault
    ) -> None:
        """An outage would hang for ever, be somebody's fault, or fill the bucket."""
        proxy.keep_failing(what, fault)

        with pytest.raises(TransientError, match=r"try again later$"):
            composed(impatient, far)

        proxy.recover()
        assert list(impatient.list()) == []
        assert len(temporary(gcs, impatient)) <= 2  # copies, where they came to be

    def test_the_head_that_cannot_be_removed_ends_nothing(
        self, gcs: FakeGcs, impatient: GcsStore, cache: GcsStore, proxy: FaultyProxy
    ) -> None:
        """A bucket that keeps everything for a year would have no videos, although all of them are there."""
        proxy.keep_failing("DELETE", Refuse(403, "Object is subject to bucket's retention policy"))

        composed(impatient, cache)

        assert impatient.read("a.mp4") == WHOLE
        assert len(temporary(gcs, impatient)) == 1

    def test_a_part_of_another_store_that_vanishes_at_its_turn_is_named(
        self, gcs: FakeGcs, store: GcsStore
    ) -> None:
        """Nobody would know what to make anew."""
        later = Fleeting(Path.unlink)
        later.put_bytes("first.mp4", FIRST)

        with pytest.raises(KeyError, match=r"first\.mp4"):
            store.compose("a.mp4", HEAD, [(later, "first.mp4")], crc32c=CRC32C)

        assert temporary(gcs, store) == []

    def test_a_bucket_that_may_not_be_read_is_named(
        self, store: GcsStore, far: GcsStore, proxy: FaultyProxy
    ) -> None:
        """Somebody would grant what is granted already, on the wrong bucket."""
        proxy.fail("/rewriteTo/", Refuse(403, "me@project does not have storage.objects.get access"))

        with pytest.raises(SetupError) as caught:
            composed(store, far)

        bucket = far.uri.split("/")[2]
        assert f"{far.uri} cannot be copied from: 403 me@project does not have storage.objects.get" in str(
            caught.value
        )
        assert f"roles/storage.objectViewer) on the bucket {bucket}" in str(caught.value)

    def test_what_is_refused_for_other_reasons_is_said(
        self, store: GcsStore, cache: GcsStore, proxy: FaultyProxy
    ) -> None:
        """A bucket's rules would end in a traceback, or in attempts without end."""
        proxy.keep_failing("/compose", Refuse(400, "Bucket is a requester pays bucket"))

        with pytest.raises(OutputError, match="400 Bucket is a requester pays bucket; "):
            composed(store, cache)

    def test_a_name_that_comes_and_goes_is_given_up(
        self, store: GcsStore, cache: GcsStore, proxy: FaultyProxy
    ) -> None:
        """Somebody who deletes what is being made would keep a Job for ever."""
        proxy.keep_failing("/compose", Refuse(412))

        with pytest.raises(TransientError, match="others write and delete it at the same time"):
            composed(store, cache)

        assert proxy.count("/compose") == 3


class TestLeftovers:
    """What lies there for a while."""

    def test_the_old_go_and_the_young_stay(
        self, gcs: FakeGcs, bucket: str, store: GcsStore, far: GcsStore, connection: Connection
    ) -> None:
        """What crashes leave would be paid for, for ever; or a video in the making would lose its head."""
        gcs.open(bucket).blob("spring/.store/tmp/left").upload_from_string(b"head")
        composed(store, far)
        young = temporary(gcs, store)

        composed(GcsStore(Location(bucket, "spring"), replace(connection, temporary_s=0)), far, "b.mp4")

        assert len(young) == 3
        assert temporary(gcs, store) == []
        composed(store, far, "c.mp4")
        assert store.read("c.mp4") == WHOLE

    def test_those_of_other_stores_stay(
        self, gcs: FakeGcs, bucket: str, cache: GcsStore, connection: Connection
    ) -> None:
        """A store within another would lose what it works on."""
        kept = [
            "spring/.cliptask/.store/tmp/a",
            "spring-2/.store/tmp/a",
            ".store/tmp/a",
            "spring/.store/other",
        ]
        for name in kept:
            gcs.open(bucket).blob(name).upload_from_string(b"")

        composed(GcsStore(Location(bucket, "spring"), replace(connection, temporary_s=0)), cache)

        assert all(gcs.open(bucket).blob(name).exists() for name in kept)

    def test_that_they_cannot_be_listed_ends_nothing(
        self, gcs: FakeGcs, bucket: str, impatient: GcsStore, cache: GcsStore, proxy: FaultyProxy
    ) -> None:
        """A video that is there would count as failed, for want of a permission that it does not need."""
        proxy.keep_failing("prefix=", Refuse(403))

        composed(impatient, cache)

        assert gcs.open(bucket).blob("spring/a.mp4").exists()
