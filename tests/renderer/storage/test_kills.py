"""What is left of a write whose process is killed, or whose machine loses its power? At each line of the stores' code in turn."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import google_crc32c
import pytest

from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.folder import FolderStore
from cliptask_renderer.storage.gcs import GcsStore
from cliptask_renderer.storage.gcs_client import Connection
from cliptask_renderer.storage.location import Location
from support.disks import disks
from support.gcs import FakeGcs
from support.kills import KILLED_AT

HEAD, PART = b"head", b"part" * 1000
BEFORE = b"before"

# Forks, so that the libraries are imported once, and has the n-th process killed at the n-th line, until one comes to its end.
# Told to wait, it says so after each that is killed, and goes on when it hears something.
_WRITER = (
    KILLED_AT
    + """
from pathlib import Path
import google_crc32c
from cliptask_renderer.storage.open import open_store
uri, way, replaces, waits = sys.argv[1], sys.argv[2], sys.argv[3] == "True", "wait" in sys.argv
head, part = b"head", b"part" * 1000
steps = ("/storage/folder.py", "/storage/files.py", "/storage/scratch.py", "/storage/gcs.py", "/storage/gcs_compose.py", "/storage/object_store.py")
if uri.startswith("gs:"):
    import cliptask_renderer.storage.gcs
elif not uri.startswith("file:"):
    open_store(uri)  # the client, which has no connection yet

def write(name):
    store, metadata = open_store(uri), {"name": name}
    if way == "put":
        with store.scratch() as folder:
            (folder / "made").write_bytes(head + part)
            store.put(name, folder / "made", metadata, replace=replaces)
    elif way == "together":
        with store.together() as together:
            for own in (name + each for each in "abc"):
                together.compose(own, head, [(store, "part")], {"name": own}, crc32c=google_crc32c.value(head + part))
    else:
        store.compose(name, head, [(store, "part")], metadata, crc32c=google_crc32c.value(head + part), replace=replaces)

line = 0
if waits:
    print("ready", flush=True)
while True:
    line += 1
    if (process := os.fork()) == 0:
        try:
            if replaces:
                open_store(uri).put_bytes(f"o/{line:03}", b"before", {"name": "before"})
            killed_at(line, steps)
            write(f"o/{line:03}")
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(process, 0)
    if not os.WIFSIGNALED(status):
        print(line, os.waitstatus_to_exitcode(status))
        break
    if waits:
        print("killed", flush=True)
        sys.stdin.readline()
"""
)


@pytest.mark.parametrize(
    ("make_store", "way", "again"),
    [
        ("folder", "put", False),
        ("folder", "put", True),
        ("folder", "compose", False),
        ("folder", "compose", True),
        ("bucket", "compose", False),
        ("s3", "compose", False),
        ("s3", "put", True),
        ("az", "compose", False),
    ],
    indirect=["make_store"],
)
def test_a_killed_write_has_stored_all_or_nothing(
    store: Store, make_store: Callable[[], Store], way: str, *, again: bool
) -> None:
    """A crash would leave half a video under its name, for every later run to take for done."""
    store.put_bytes("part", PART)

    ran = subprocess.run(
        [sys.executable, "-c", _WRITER, store.uri, way, str(again)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )

    lines, code = map(int, ran.stdout.split())
    assert (lines > 20, code) == (True, 0)
    tried = [f"o/{line:03}" for line in range(1, lines + 1)]
    found = {each.name: each for each in make_store().list("o/")}
    made = {name for name in found if make_store().read(name) != BEFORE}
    assert {tried[-1]} < made < {*tried}
    assert (len(found) == lines) == again  # what was there before is never lost
    for name in made:
        assert make_store().read(name) == HEAD + PART
        # Between the renames of a replacement metadata are unknown, but never another's.
        assert found[name].metadata in ([{"name": name}, {}] if again else [{"name": name}])
    assert all(found[name].metadata in ({"name": "before"}, {}) for name in found.keys() - made)


def test_of_killed_writes_together_the_first_are_there_and_each_is_whole(tmp_path: Path) -> None:
    """A video would lie without its poster, or be half of one."""
    store = FolderStore(tmp_path)
    store.put_bytes("part", PART)

    ran = subprocess.run(
        [sys.executable, "-c", _WRITER, store.uri, "together", "False"], stdout=subprocess.PIPE, text=True, check=True
    )  # fmt: skip

    lines, code = map(int, ran.stdout.split())
    assert (lines > 20, code) == (True, 0)
    found = {each.name: each for each in store.list("o/")}
    made = ["".join(each for each in "abc" if f"o/{line:03}{each}" in found) for line in range(1, lines + 1)]
    assert set(made) == {"", "a", "ab", "abc"}
    assert made == sorted(made)  # none before the last line that prepares them
    for name, each in found.items():
        assert (store.read(name), each.metadata) == (HEAD + PART, {"name": name})


@pytest.mark.parametrize("way", ["compose", "together"])
def test_what_was_seen_before_the_power_was_cut_is_whole_afterwards_or_gone(
    tmp_path: Path, start: Callable[..., subprocess.Popen[str]], way: str
) -> None:
    """A file of the right size without its bytes would be taken for a video for ever."""
    with disks() as small:
        disk = small.mount_losing(tmp_path / "disk")
        store = FolderStore(disk.folder)
        store.put_bytes("part", PART)
        writer = start(_WRITER, store.uri, way, "False", "wait")
        assert writer.stdin is not None
        assert writer.stdout is not None
        cuts = line = 0
        while (said := writer.stdout.readline()) == "killed\n":
            line += 1
            if list(store.list(f"o/{line:03}")):
                disk.cut_power()
                cuts += 1
                for each in store.list(f"o/{line:03}"):
                    assert (store.read(each.name), each.metadata) == (HEAD + PART, {"name": each.name})
            writer.stdin.write("\n")
            writer.stdin.flush()
        assert said.split() == [str(line + 1), "0"]
        assert cuts > 5
        disk.cut_power()

        kept = {name: store.read(name) for name in (each.name for each in store.list(f"o/{line + 1:03}"))}
        assert list(kept.values()) == [HEAD + PART] * (3 if way == "together" else 1)


def test_what_is_left_in_a_folder_goes_with_the_next_write(tmp_path: Path) -> None:
    """Killed runs would fill the disk."""
    store = FolderStore(tmp_path)
    store.put_bytes("part", PART)
    subprocess.run(
        [sys.executable, "-c", _WRITER, store.uri, "compose", "False"], stdout=subprocess.PIPE, check=True
    )

    with store.scratch() as mine:
        assert [*(tmp_path / ".store" / "tmp").iterdir()] == [mine.parent]


def test_what_is_left_in_a_bucket_goes_when_it_is_old(
    gcs: FakeGcs, bucket: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed runs would leave what is paid for, for ever."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.url)
    store = GcsStore(Location(bucket, ""), replace(connection, temporary_s=0))
    store.put_bytes("part", PART)
    subprocess.run(
        [sys.executable, "-c", _WRITER, store.uri, "compose", "False"], stdout=subprocess.PIPE, check=True
    )
    left = [blob.name for blob in gcs.open(bucket).list_blobs(prefix=".store/")]

    store.compose("last", HEAD, [(store, "part")], crc32c=google_crc32c.value(HEAD + PART))

    assert left
    assert list(gcs.open(bucket).list_blobs(prefix=".store/")) == []
