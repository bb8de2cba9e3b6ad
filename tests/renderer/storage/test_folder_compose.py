"""What is promised of joining objects in a folder beyond what every store promises."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import google_crc32c
import pytest

from cliptask.errors import DiskFull, OutputError
from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.folder import FolderStore
from cliptask_renderer.storage.staging import MOST_BYTES
from support.disks import Disks, disks
from support.memory_store import Fleeting

HEAD, SOUND, FIRST = b"head" * 1000, b"sound" * 10_000, b"first" * 30_000
CRC32C = google_crc32c.value(HEAD + SOUND + FIRST)


@pytest.fixture
def small() -> Iterator[Disks]:
    """Mounts small disks."""
    with disks() as mounted:
        yield mounted


@pytest.fixture
def cache(tmp_path: Path) -> FolderStore:
    """The parts."""
    store = FolderStore(tmp_path / "cache")
    store.put_bytes("sound", SOUND)
    store.put_bytes("first", FIRST)
    return store


def composed(store: FolderStore, cache: Store) -> None:
    """The video."""
    store.compose("v/a", HEAD, [(cache, "sound"), (cache, "first")], {"n": "1"}, crc32c=CRC32C)


def test_it_is_a_plain_file_and_leaves_nothing_else(tmp_path: Path, cache: FolderStore) -> None:
    """Nobody could open the videos in a file manager, or each would leave its parts a second time."""
    store = FolderStore(tmp_path / "out")

    composed(store, cache)

    assert (tmp_path / "out" / "v" / "a").read_bytes() == HEAD + SOUND + FIRST
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".store", "v"]
    assert [*(tmp_path / "out" / ".store" / "tmp").iterdir()] == []


@pytest.mark.parametrize(
    "options", ["nr_inodes=5", "nr_inodes=9", *(f"size={kib}k" for kib in (4, 8, 52, 100, 196, 200))]
)
def test_a_disk_that_is_full_at_any_moment_says_so_and_holds_nothing(
    tmp_path: Path, cache: FolderStore, small: Disks, options: str
) -> None:
    """Somebody would find half a video, or not be told what is needed. The last disk has no room for the metadata alone."""
    disk = small.mount(tmp_path / "out", options)
    store = FolderStore(disk.folder)

    with pytest.raises(DiskFull) as caught:
        composed(store, cache)

    assert str(disk.folder) in str(caught.value)
    assert caught.value.needed_bytes == len(HEAD + SOUND + FIRST)
    assert list(store.list()) == []
    assert not list(disk.folder.glob(".store/tmp/*"))
    disk.resize("size=4m,nr_inodes=1000")
    composed(store, cache)
    assert store.read("v/a") == HEAD + SOUND + FIRST


def test_what_waits_for_its_name_is_bounded(tmp_path: Path) -> None:
    """A crash would lose an hour of large videos, or a disk would have nothing to do until its end."""
    store = FolderStore(tmp_path / "out")

    with store.together() as together:
        for number in range(3):
            together.put_bytes(str(number), bytes(MOST_BYTES // 2))
            seen = [each.name for each in store.list()]
            assert seen == ([] if number < 1 else ["0", "1"])

    assert [each.name for each in store.list()] == ["0", "1", "2"]
    assert [*(tmp_path / "out" / ".store" / "tmp").iterdir()] == []


def test_a_disk_that_is_full_among_others_holds_those_before(
    tmp_path: Path, cache: FolderStore, small: Disks
) -> None:
    """What was made and had room would be made again."""
    disk = small.mount(tmp_path / "out", "size=1m")
    store = FolderStore(disk.folder)

    def compose_all() -> None:
        with store.together() as together:
            for number in range(9):
                together.compose(
                    f"v/{number}", HEAD, [(cache, "sound"), (cache, "first")], {"n": "1"}, crc32c=CRC32C
                )

    with pytest.raises(DiskFull):
        compose_all()

    made = [each.name for each in store.list()]
    assert made == [f"v/{number}" for number in range(len(made))]
    assert 1 < len(made) < 9
    assert {store.read(name) for name in made} == {HEAD + SOUND + FIRST}
    assert not list(disk.folder.glob(".store/tmp/*"))


def test_a_cache_on_another_disk_will_do(tmp_path: Path, small: Disks) -> None:
    """No kernel shares blocks between two disks, nor copies between all kinds of them."""
    small.mount(tmp_path / "cache", "size=4m")
    store, cache = FolderStore(tmp_path / "out"), FolderStore(tmp_path / "cache")
    cache.put_bytes("sound", SOUND)
    cache.put_bytes("first", FIRST)

    composed(store, cache)

    assert store.read("v/a") == HEAD + SOUND + FIRST


def test_a_disk_that_is_mounted_read_only_is_said(tmp_path: Path, cache: FolderStore, small: Disks) -> None:
    """The remedy is another than that of a full one."""
    disk = small.mount(tmp_path / "out", "size=4m")
    disk.resize("ro")

    with pytest.raises(OutputError, match="it is mounted read-only: name a folder that can be written"):
        composed(FolderStore(disk.folder), cache)


def test_a_limit_on_files_is_said(tmp_path: Path, cache: FolderStore) -> None:
    """It would end in a traceback, or in a video that is as long as the limit."""
    store = FolderStore(tmp_path / "out")
    code = """
import resource, sys
from cliptask.errors import OutputError
from cliptask_renderer.storage.open import open_store
store, cache = map(open_store, sys.argv[1:3])
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    store.compose("v/a", b"head", [(cache, "sound"), (cache, "first")], crc32c=0)
except OutputError as error:
    print(error)
"""

    ran = subprocess.run(
        [sys.executable, "-c", code, store.uri, cache.uri], stdout=subprocess.PIPE, text=True, check=True
    )

    assert f"{store.uri} cannot be written: File too large" in ran.stdout
    assert list(store.list()) == []
    assert [*(tmp_path / "out" / ".store" / "tmp").iterdir()] == []


def test_a_part_that_vanishes_before_its_turn_is_in_it_all_the_same(
    tmp_path: Path, cache: FolderStore
) -> None:
    """Whoever empties the cache would leave videos with holes."""
    store, later = FolderStore(tmp_path / "out"), Fleeting(lambda _path: cache.delete("sound"))
    later.put_bytes("first", FIRST)

    store.compose("v/a", HEAD, [(cache, "sound"), (later, "first")], crc32c=CRC32C)

    assert cache.stat("sound") is None
    assert store.read("v/a") == HEAD + SOUND + FIRST


def test_a_part_that_vanishes_at_its_turn_is_named(tmp_path: Path, cache: FolderStore) -> None:
    """Nobody would know what to make anew."""
    store, later = FolderStore(tmp_path / "out"), Fleeting(Path.unlink)
    later.put_bytes("first", FIRST)

    with pytest.raises(KeyError, match="first"):
        store.compose("v/a", HEAD, [(cache, "sound"), (later, "first")], crc32c=CRC32C)

    assert list(store.list()) == []


def test_a_part_that_cannot_be_read_is_said_to_be_the_caches(tmp_path: Path, cache: FolderStore) -> None:
    """Somebody would look for the fault in the output."""

    def hide(path: Path) -> None:
        path.unlink()
        path.mkdir()

    store, later = FolderStore(tmp_path / "out"), Fleeting(hide)
    later.put_bytes("first", FIRST)

    with pytest.raises(OutputError, match="gs://bucket/memory cannot be read: Is a directory"):
        store.compose("v/a", HEAD, [(cache, "sound"), (later, "first")], crc32c=CRC32C)


def test_no_part_is_held_in_memory(tmp_path: Path) -> None:
    """A worker would need as much memory as its video is large."""
    code = """
import json, resource, sys
import google_crc32c
from cliptask_renderer.storage.open import open_store
store = open_store(sys.argv[1])
size_bytes, expected = 64 << 20, google_crc32c.value(b"head")
with store.scratch() as folder:
    with (folder / "big").open("wb") as big:
        big.truncate(size_bytes)
    store.put("big", folder / "big")
for _ in range(4 * size_bytes >> 20):
    expected = google_crc32c.extend(expected, bytes(1 << 20))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
stored = store.compose("a", b"head", [(store, "big")] * 4, crc32c=expected)
print(json.dumps([stored.size_bytes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before]))
"""

    ran = subprocess.run(
        [sys.executable, "-c", code, tmp_path.as_uri()], stdout=subprocess.PIPE, text=True, check=True
    )

    size_bytes, grown_kib = json.loads(ran.stdout)
    assert size_bytes == 4 + (256 << 20)
    assert grown_kib < 8 << 10
