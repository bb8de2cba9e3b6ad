"""What is promised of joining objects, of every store: as ``test_base.py`` of all that a store does besides."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import google_crc32c
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cliptask.errors import MediaError, OutputError
from cliptask_renderer.storage.base import METADATA_BYTES, Store, StoredObject
from cliptask_renderer.storage.folder import FolderStore
from cliptask_renderer.storage.gcs import GcsStore
from cliptask_renderer.storage.gcs_client import Connection
from cliptask_renderer.storage.location import Location
from cliptask_renderer.storage.object_store import ObjectStore
from support.memory_store import MemoryStore

HEAD, SOUND, FIRST, SECOND = b"head", b"sound" * 10_000, b"first" * 30_001, b"second" * 7
WHOLE = HEAD + SOUND + FIRST + SECOND
NAMES = ("cache/sound", "cache/first", "cache/second")


@pytest.fixture
def parts(store: Store) -> list[tuple[Store, str]]:
    """Three objects of the store."""
    return laid(store)


@pytest.fixture(params=["folder", "bucket", "s3", "az", "memory"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Another store, of each kind."""
    if request.param == "memory":
        return MemoryStore("gs://elsewhere/memory")
    if request.param == "folder":
        return FolderStore(tmp_path / "elsewhere")
    if request.param == "s3":
        return ObjectStore(request.getfixturevalue("s3_bucket"), "else where")
    if request.param == "az":
        return ObjectStore(request.getfixturevalue("azure_container"), "else where")
    connection: Connection = request.getfixturevalue("connection")
    return GcsStore(Location(request.getfixturevalue("bucket"), "else where"), connection)


def laid(store: Store) -> list[tuple[Store, str]]:
    """The three parts, put into a store."""
    for name, content in zip(NAMES, (SOUND, FIRST, SECOND), strict=True):
        store.put_bytes(name, content)
    return [(store, name) for name in NAMES]


def composed(
    store: Store,
    parts: Sequence[tuple[Store, str]],
    metadata: dict[str, str] | None = None,
    *,
    head: bytes = HEAD,
    name: str = "v/a.mp4",
    replace: bool = False,
) -> StoredObject:
    """An object of the parts, by the checksum that it must have."""
    expected = google_crc32c.value(head + b"".join(store.read(part) for store, part in parts))
    return store.compose(name, head, parts, metadata, crc32c=expected, replace=replace)


def test_it_is_head_and_parts_in_their_order(
    store: Store, parts: list[tuple[Store, str]], make_store: Callable[[], Store]
) -> None:
    """A video would begin with its second clip, or nobody could find what made it."""
    metadata = {"key": "ab" * 32, "text": "naïve \U0001f3ac\n", "empty": ""}

    stored = composed(store, parts, metadata)

    assert stored == StoredObject("v/a.mp4", len(WHOLE), metadata) == make_store().stat("v/a.mp4")
    assert make_store().read("v/a.mp4") == WHOLE
    assert [found.name for found in store.list()] == [*sorted(NAMES), "v/a.mp4"]
    assert [store.read(name) for name in NAMES] == [SOUND, FIRST, SECOND]


def test_parts_may_lie_in_any_store(store: Store, other: Store) -> None:
    """A cache of its own, in another bucket or on another disk, would make no video."""
    mixed = [*laid(other), *laid(store)]

    composed(store, mixed)

    assert store.read("v/a.mp4") == WHOLE + WHOLE.removeprefix(HEAD)
    assert [found.name for found in store.list("v/")] == ["v/a.mp4"]
    assert [found.name for found in other.list()] == sorted(NAMES)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(0, 20_000), max_size=6), head=st.binary(max_size=6000))
def test_sizes_do_not_matter(store: Store, sizes: list[int], head: bytes) -> None:
    """A part without content, or a video without a part, would be no case that anybody thought of."""
    contents = [bytes([number]) * size_bytes for number, size_bytes in enumerate(sizes)]
    for number, content in enumerate(contents):
        store.put_bytes(f"p/{number}", content, replace=True)

    stored = composed(
        store, [(store, f"p/{number}") for number in range(len(sizes))], head=head, replace=True
    )

    assert stored.size_bytes == len(head) + sum(sizes)
    assert store.read("v/a.mp4") == head + b"".join(contents)


@pytest.mark.parametrize("count", [31, 32, 33, 70])
def test_parts_may_be_many(store: Store, count: int) -> None:
    """A video of more clips than a bucket joins at once could not be made."""
    for number in range(5):
        store.put_bytes(f"p/{number}", str(number).encode() * 100)

    composed(store, [(store, f"p/{number % 5}") for number in range(count)])

    assert store.read("v/a.mp4") == HEAD + b"".join(str(number % 5).encode() * 100 for number in range(count))


def test_the_first_one_stays_unless_told_otherwise(store: Store, parts: list[tuple[Store, str]]) -> None:
    """A second run would replace a video that somebody is watching."""
    first = composed(store, parts, {"n": "1"})

    assert composed(store, parts[:1], {"n": "2"}) == first == store.stat("v/a.mp4")
    assert store.read("v/a.mp4") == WHOLE


def test_content_and_metadata_are_replaced_together(store: Store, parts: list[tuple[Store, str]]) -> None:
    """Metadata would speak of other content; and what is replaced may be a part of what comes."""
    composed(store, parts, {"n": "1", "old": "x"})

    replaced = composed(store, [(store, "v/a.mp4"), parts[2]], {"n": "2"}, replace=True)

    assert (
        replaced == StoredObject("v/a.mp4", len(HEAD + WHOLE + SECOND), {"n": "2"}) == store.stat("v/a.mp4")
    )
    assert store.read("v/a.mp4") == HEAD + WHOLE + SECOND


@pytest.mark.parametrize("replace", [False, True])
def test_what_is_not_as_reckoned_is_not_stored(
    store: Store, other: Store, parts: list[tuple[Store, str]], *, replace: bool
) -> None:
    """A part that has changed since its tables were read would make a video of noise, for ever."""
    before = [store.put_bytes("v/b.mp4", b"before", {"n": "1"})] if replace else []
    expected = google_crc32c.value(WHOLE)
    other.put_bytes("damaged", SECOND[:-1] + b"?")

    with pytest.raises(MediaError, match=r"v/b\.mp4 is not stored: .*checksum.*make it again"):
        store.compose("v/b.mp4", HEAD, [*parts[:2], (other, "damaged")], {}, crc32c=expected, replace=replace)

    assert list(store.list("v/")) == before
    other.put_bytes("damaged", SECOND, replace=True)
    mended = [*parts[:2], (other, "damaged")]
    assert store.compose("v/b.mp4", HEAD, mended, crc32c=expected, replace=replace).size_bytes == len(WHOLE)


def test_a_part_that_is_gone_is_named(store: Store, other: Store, parts: list[tuple[Store, str]]) -> None:
    """Nobody would know what to make anew, or the video would come without it."""
    for place in (store, other):
        with pytest.raises(KeyError, match="cache/gone"):
            store.compose("v/a.mp4", HEAD, [*parts, (place, "cache/gone")], crc32c=0)

    assert list(store.list("v/")) == []


@pytest.mark.parametrize("name", ["", "../a", "a//b", ".store/tmp/a", "a/.hidden", "x" * 241])
def test_what_is_no_name_is_refused(store: Store, parts: list[tuple[Store, str]], name: str) -> None:
    """A video could lie outside the store, or a part come from its internals."""
    with pytest.raises(OutputError, match="cannot be an object's name"):
        store.compose(name, HEAD, parts, crc32c=0)
    with pytest.raises(OutputError, match="cannot be an object's name"):
        store.compose("v/a.mp4", HEAD, [(store, name)], crc32c=0)

    assert list(store.list("v/")) == []


def test_metadata_that_a_bucket_refuses_are_refused(store: Store, parts: list[tuple[Store, str]]) -> None:
    """A campaign would pass in a folder and fail in a bucket."""
    with pytest.raises(OutputError, match="8192"):
        store.compose("v/a.mp4", HEAD, parts, {"key": "x" * METADATA_BYTES}, crc32c=0)

    assert list(store.list("v/")) == []


def test_threads_compose_the_same_name(store: Store, parts: list[tuple[Store, str]]) -> None:
    """Two Jobs for one video would disturb each other, or both believe in their own."""
    gate, results = threading.Barrier(8), []

    def compose(writer: int) -> None:
        gate.wait()
        head, content = bytes([writer]), bytes([writer]) + SOUND
        results.append(
            store.compose(
                "v/a.mp4", head, parts[:1], {"writer": str(writer)}, crc32c=google_crc32c.value(content)
            )
        )

    threads = [threading.Thread(target=compose, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    stored = store.stat("v/a.mp4")
    assert stored is not None
    assert results == [stored] * 8
    assert store.read("v/a.mp4") == bytes([int(stored.metadata["writer"])]) + SOUND


class TestSpans:
    """What is promised of reading a few bytes."""

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(start=st.integers(0, 30), size_bytes=st.integers(0, 40) | st.just(1 << 40))
    def test_a_span_is_a_slice(self, store: Store, start: int, size_bytes: int) -> None:
        """Tables that are read by their place would be of something else."""
        content = bytes(range(25))
        store.put_bytes("a", content)

        assert store.read("a", range(start, start + size_bytes)) == content[start : start + size_bytes]

    @pytest.mark.parametrize("span", [range(3), range(7, 7)])
    def test_of_nothing_there_is_no_span(self, store: Store, span: range) -> None:
        """A missing object would look like an empty one."""
        store.put_bytes("empty", b"")

        assert store.read("empty", span) == b""
        with pytest.raises(KeyError):
            store.read("gone", span)

    @pytest.mark.parametrize("span", [range(-3, 5), range(0, 10, 2)])
    def test_what_is_no_run_of_bytes_is_refused(self, store: Store, span: range) -> None:
        """Other bytes than those that were meant would come."""
        store.put_bytes("a", b"0123456789")

        with pytest.raises(ValueError, match="no run of an object's bytes"):
            store.read("a", span)
