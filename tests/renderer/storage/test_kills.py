"""What is left of a write whose process is killed? At each line of the stores' code in turn."""

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
from cliptask_renderer.storage.gcs_client import Connection, Location
from support.gcs import FakeGcs

HEAD, PART = b"head", b"part" * 1000
BEFORE = b"before"

# Forks, so that the libraries are imported once, and has the n-th process killed at the n-th line, until one comes to its end.
_WRITER = """
import os, signal, sys
from pathlib import Path
import google_crc32c
from cliptask_renderer.storage.open import open_store
uri, way, replaces = sys.argv[1], sys.argv[2], sys.argv[3] == "True"
head, part = b"head", b"part" * 1000
steps = ("/storage/folder.py", "/storage/files.py", "/storage/scratch.py", "/storage/gcs.py", "/storage/gcs_compose.py")
if uri.startswith("gs:"):
    import cliptask_renderer.storage.gcs

def write(name):
    store, metadata = open_store(uri), {"name": name}
    if way == "put":
        with store.scratch() as folder:
            (folder / "made").write_bytes(head + part)
            store.put(name, folder / "made", metadata, replace=replaces)
    else:
        store.compose(name, head, [(store, "part")], metadata, crc32c=google_crc32c.value(head + part), replace=replaces)

def killed_at(line):
    left = line
    def trace(frame, event, argument):
        nonlocal left
        if event == "call":
            return trace if frame.f_code.co_filename.endswith(steps) else None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace
    sys.settrace(trace)

line = 0
while True:
    line += 1
    if (process := os.fork()) == 0:
        try:
            if replaces:
                open_store(uri).put_bytes(f"o/{line:03}", b"before", {"name": "before"})
            killed_at(line)
            write(f"o/{line:03}")
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(process, 0)
    if not os.WIFSIGNALED(status):
        print(line, os.waitstatus_to_exitcode(status))
        break
"""


@pytest.mark.parametrize(
    ("make_store", "way", "again"),
    [
        ("folder", "put", False),
        ("folder", "put", True),
        ("folder", "compose", False),
        ("folder", "compose", True),
        ("bucket", "compose", False),
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
