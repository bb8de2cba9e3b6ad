from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cliptask.errors import MediaError, OutputError, SetupError
from cliptask_renderer.storage.base import METADATA_BYTES, Store, StoredObject, is_name
from cliptask_renderer.storage.folder import FolderStore
from cliptask_renderer.storage.open import open_store
from support.gcs import FakeGcs

PARTS = st.text(min_size=1, max_size=40)
HOSTILE = [
    "", ".", "..", "/", "/etc/passwd", "a/", "a//b", "../a", "a/../b", "a/./b", ".store/meta/a", ".hidden", "a/.hidden", "a\0b", "a\nb",
    "x" * 241, "/".join(["abc"] * 300), "\ud800",
]  # fmt: skip


class TestEveryStore:
    """What is promised of any store."""

    def test_keeps_content_and_metadata(self, store: Store, make_store: Callable[[], Store]) -> None:
        """Else nothing could be found again, by this process or another."""
        metadata = {"key": "ab" * 32, "text": "naïve \U0001f3ac\n", "empty": ""}

        stored = store.put_bytes("segments/a.mp4", b"moving pictures", metadata)

        assert stored == StoredObject("segments/a.mp4", 15, metadata)
        assert make_store().stat("segments/a.mp4") == stored
        assert list(make_store().list()) == [stored]
        assert make_store().read("segments/a.mp4") == b"moving pictures"
        with make_store().local("segments/a.mp4") as path:
            assert path.read_bytes() == b"moving pictures"

    def test_what_is_written_together_is_there_in_the_end_whatever_happens(
        self, store: Store, make_store: Callable[[], Store]
    ) -> None:
        """One bad video would take along those that were made before it."""
        store.put_bytes("a", b"before")

        def write_and_fail() -> None:
            with store.together() as together:
                together.put_bytes("a", b"1", {"n": "1"})
                together.put_bytes("b", b"2", {"n": "2"}, replace=True)
                with together.scratch() as work:
                    (work / "made").write_bytes(b"3")
                    together.put("folder/c", work / "made", {"n": "3"})
                raise MediaError

        with pytest.raises(MediaError):
            write_and_fail()

        assert {each.name: (make_store().read(each.name), each.metadata) for each in make_store().list()} == {
            "a": (b"before", {}),
            "b": (b"2", {"n": "2"}),
            "folder/c": (b"3", {"n": "3"}),
        }

    @pytest.mark.parametrize("make_store", ["folder", "bucket", "s3", "az"], indirect=True)
    def test_opens_again_by_its_uri(self, store: Store) -> None:
        """Else a worker process would write somewhere else."""
        store.put_bytes("a", b"1")

        again = open_store(store.uri)

        assert again.uri == store.uri
        assert again.read("a") == b"1"

    def test_is_empty_before_the_first_write(self, store: Store) -> None:
        """Else a first run would fail on looking what is there."""
        assert list(store.list()) == []
        assert list(store.list("a/b/")) == []
        assert store.stat("a/b") is None
        store.delete("a/b")

    def test_says_key_error_for_what_is_not_there(self, store: Store) -> None:
        """Else a missing object would look like an empty one."""
        store.put_bytes("a/b", b"")

        for name in ("a", "a/b/c", "x"):
            assert store.stat(name) is None
            with pytest.raises(KeyError):
                store.read(name)
            with pytest.raises(KeyError), store.local(name):
                pass

    def test_leaves_what_exists_unless_told_otherwise(self, store: Store) -> None:
        """Else a second run would replace files that somebody is reading, or lose a content's first metadata."""
        first = store.put_bytes("a", b"first", {"n": "1"})

        assert store.put_bytes("a", b"second!", {"n": "2"}) == first
        assert store.stat("a") == first
        assert store.read("a") == b"first"

    def test_replaces_content_and_metadata_together(self, store: Store) -> None:
        """Else an index of yesterday would stay, or its metadata would speak of other content."""
        store.put_bytes("a", b"first", {"n": "1", "old": "x"})

        replaced = store.put_bytes("a", b"other", {"n": "2"}, replace=True)

        assert replaced == StoredObject("a", 5, {"n": "2"}) == store.stat("a")
        assert store.read("a") == b"other"
        store.put_bytes("a", b"third", replace=True)
        assert store.stat("a") == StoredObject("a", 5, {})

    def test_puts_a_file_from_scratch(self, store: Store) -> None:
        """Else what a tool wrote could not become an object."""
        with store.scratch() as folder:
            (folder / "made.mp4").write_bytes(b"made" * 1000)
            (folder / "again.mp4").write_bytes(b"made" * 1000)

            stored = store.put("v/1.mp4", folder / "made.mp4", {"frames": "25"})
            twice = store.put("v/1.mp4", folder / "again.mp4", {"frames": "25"})

        assert stored == twice == StoredObject("v/1.mp4", 4000, {"frames": "25"})
        assert store.read("v/1.mp4") == b"made" * 1000

    def test_leaves_a_persons_file_where_it_is(self, store: Store, tmp_path: Path) -> None:
        """Else a campaign would take its author's footage away, or tie an object to later edits of it."""
        footage = tmp_path / "footage.mov"
        footage.write_bytes(b"precious")

        store.put("sources/a", footage)
        with store.scratch() as folder:
            (folder / "link").symlink_to(footage)
            store.put("sources/b", folder / "link")
            os.link(footage, folder / "hard")
            store.put("sources/c", folder / "hard")
        footage.write_bytes(b"edited")

        assert [store.read(f"sources/{name}") for name in "abc"] == [b"precious"] * 3

    def test_lists_by_prefix_in_order_of_names(self, store: Store) -> None:
        """Else a listing would miss objects or come in another order than a bucket's."""
        names = ["a", "b-c/d", "b/c", "b/c.txt", "b/cd/e", "b0", "bä", "z/y"]
        for name in reversed(names):
            store.put_bytes(name, b"", {"name": name})

        def listed(prefix: str) -> list[str]:
            return [found.name for found in store.list(prefix) if found.metadata == {"name": found.name}]

        assert listed("") == sorted(names)
        assert listed("b") == [name for name in sorted(names) if name.startswith("b")]
        assert listed("b/") == ["b/c", "b/c.txt", "b/cd/e"]
        assert listed("b/c") == ["b/c", "b/c.txt", "b/cd/e"]
        assert listed("b/cd") == ["b/cd/e"]
        for none in ("B", "/", "../", "b//", ".store/", "a/", "a/b"):
            assert listed(none) == []

    def test_deletes(self, store: Store) -> None:
        """Else pruning would keep videos, or take a neighbour's; a deleted name is as if it had never been."""
        store.put_bytes("t/a", b"1", {"n": "1"})
        kept = store.put_bytes("t/ab", b"2", {"n": "2"})

        store.delete("t/a")
        store.delete("t/a")
        store.delete("t")

        assert list(store.list()) == [kept]
        assert store.put_bytes("t/a", b"1") == StoredObject("t/a", 1, {})
        store.delete("t/a")
        store.delete("t/ab")
        assert store.put_bytes("t", b"3").name == "t"

    def test_scratch_is_empty_private_and_gone_afterwards(self, store: Store) -> None:
        """Else two workers would meet each other's files, or a long campaign would fill the disk."""
        with store.scratch() as one, store.scratch() as other:
            (one / "deep").mkdir()
            (one / "deep" / "file").write_bytes(b"1")

            assert one != other
            assert list(other.iterdir()) == []
            assert list(store.list()) == []
        assert not one.exists()
        assert not other.exists()

        with pytest.raises(ZeroDivisionError), store.scratch() as third:
            raise ZeroDivisionError
        assert not third.exists()

    @pytest.mark.parametrize("name", HOSTILE)
    def test_refuses_what_is_no_name(self, store: Store, name: str) -> None:
        """Else a label from a stranger's URL could name a file outside the store or inside its internals."""
        with pytest.raises(OutputError, match="cannot be an object's name"):
            store.put_bytes(name, b"x")
        with pytest.raises(OutputError, match="cannot be an object's name"):
            store.stat(name)
        with pytest.raises(OutputError, match="cannot be an object's name"):
            store.delete(name)
        assert list(store.list()) == []

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(parts=st.lists(PARTS | st.sampled_from(["a", "a.json", ".a.json"]), min_size=1, max_size=4))
    def test_takes_any_name_or_refuses_it(self, store: Store, parts: list[str]) -> None:
        """Else some odd name would be stored under another one, or break the listing of all."""
        name = "/".join(parts)
        if is_name(name):
            stored = store.put_bytes(name, b"x", {"name": name})
            assert list(store.list(name)) == [stored]
            assert list(store.list()) == [stored]
            store.delete(name)
        else:
            with pytest.raises(OutputError):
                store.put_bytes(name, b"x")
        assert list(store.list()) == []

    def test_refuses_metadata_that_a_bucket_refuses(self, store: Store) -> None:
        """Else a campaign would pass in a folder and fail in a bucket."""
        with pytest.raises(OutputError, match="8192"):
            store.put_bytes("a", b"", {"key": "x" * METADATA_BYTES})
        with pytest.raises(OutputError, match="strings"):
            store.put_bytes("a", b"", {"key": 1})  # type: ignore[dict-item]
        assert store.stat("a") is None

    def test_threads_put_the_same_name(self, store: Store) -> None:
        """Else two workers that make the same segment would disturb each other, or both believe in their own."""
        gate, results = threading.Barrier(8), []

        def put(writer: int) -> None:
            gate.wait()
            results.append(store.put_bytes("a/b", bytes([writer]) * 9, {"writer": str(writer)}))

        threads = [threading.Thread(target=put, args=(writer,)) for writer in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        stored = store.stat("a/b")
        assert stored is not None
        assert results == [stored] * 8
        assert store.read("a/b") == bytes([int(stored.metadata["writer"])]) * 9


# Each object is one digit a thousand times or more; its name says how often, its metadata which.
_WRITER = """
import random, sys
from cliptask_renderer.storage.open import open_store
store = open_store(sys.argv[1])
replace = sys.argv[3] == "replace"
seed = random.Random(sys.argv[2])
print("ready", flush=True)
while True:
    n, digit = seed.randrange(20), str(seed.randrange(10))
    with store.scratch() as folder:
        # As an encoder does: in pieces, so that a kill can come between any two.
        with (folder / "made").open("wb") as file:
            for _ in range(n + 1):
                file.write(digit.encode() * 1000)
                file.flush()
        store.put(f"objects/{n}", folder / "made", {"digit": digit}, replace=replace)
"""


class TestFolder:
    """What is promised of a folder beyond that."""

    def test_objects_are_plain_files(self, tmp_path: Path) -> None:
        """Else nobody could open the videos in a file manager, or would find the internals among them."""
        store = FolderStore(tmp_path)

        store.put_bytes("sale/a.mp4", b"1", {"n": "1"})

        assert (tmp_path / "sale" / "a.mp4").read_bytes() == b"1"
        assert sorted(path.name for path in tmp_path.iterdir()) == [".store", "sale"]
        assert (tmp_path / "sale" / "a.mp4").stat().st_mode & 0o777 == 0o666 & ~_umask()
        assert [*(tmp_path / ".store" / "tmp").iterdir()] == []

    def test_a_file_from_scratch_is_not_copied(self, tmp_path: Path) -> None:
        """Else every video would be written twice."""
        store, other = FolderStore(tmp_path / "out"), FolderStore(tmp_path / "out" / ".cliptask")

        with other.scratch() as folder:
            (folder / "made").write_bytes(b"made")
            inode = (folder / "made").stat().st_ino
            store.put("a", folder / "made")
            (folder / "more").write_bytes(b"more")
            more = (folder / "more").stat().st_ino
            store.put("a", folder / "more", replace=True)

        assert inode != more == (tmp_path / "out" / "a").stat().st_ino

    def test_a_store_within_a_store_stays_out_of_its_listing(self, tmp_path: Path) -> None:
        """Else the cache would count as videos."""
        outer, inner = FolderStore(tmp_path), FolderStore(tmp_path / ".cliptask")
        outer.put_bytes("sale/a.mp4", b"1")
        inner.put_bytes("segments/b.mp4", b"2")

        assert [found.name for found in outer.list()] == ["sale/a.mp4"]
        assert [found.name for found in inner.list()] == ["segments/b.mp4"]

    def test_foreign_files_do_not_break_it(self, tmp_path: Path) -> None:
        """Else a file manager's droppings, a link or an odd name would stop a campaign."""
        store = FolderStore(tmp_path)
        store.put_bytes("a/b", b"1")
        (tmp_path / ".DS_Store").write_bytes(b"")
        (tmp_path / "a" / "loop").symlink_to(tmp_path)
        (tmp_path / "dangling").symlink_to("nowhere")
        (tmp_path / "new\nline").write_bytes(b"")
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / os.fsdecode(b"latin1-\xe9")).write_bytes(b"")
        (tmp_path / "by hand.mp4").write_bytes(b"22")

        assert list(store.list()) == [StoredObject("a/b", 1, {}), StoredObject("by hand.mp4", 2, {})]
        assert store.stat("pipe") is None

    @pytest.mark.parametrize(
        "damage",
        [b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"sizeBytes": 1}', b'{"sizeBytes": 1, "metadata": {"n": 1}}',
         b'{"sizeBytes": 1, "metadata": "text"}', b'{"sizeBytes": 2, "metadata": {"n": "1"}}', b"[" * 100_000, None],
    )  # fmt: skip
    def test_damaged_metadata_are_lost_metadata(self, tmp_path: Path, damage: bytes | None) -> None:
        """Else one bad sector would hide a whole campaign, or lost metadata would never come back."""
        store = FolderStore(tmp_path)
        store.put_bytes("a/b", b"1", {"n": "1"})
        sidecar = tmp_path / ".store" / "meta" / "a" / ".b.json"
        assert json.loads(sidecar.read_text()) == {"sizeBytes": 1, "metadata": {"n": "1"}}

        sidecar.unlink()
        if damage is not None:
            sidecar.write_bytes(damage)

        assert list(store.list()) == [StoredObject("a/b", 1, {})]
        assert store.put_bytes("a/b", b"2", {"n": "2"}) == StoredObject("a/b", 1, {})
        assert store.put_bytes("a/b", b"1", {"n": "1"}) == StoredObject("a/b", 1, {"n": "1"})
        assert store.stat("a/b") == StoredObject("a/b", 1, {"n": "1"})

    def test_metadata_without_an_object_are_nothing(self, tmp_path: Path) -> None:
        """Else a crash between the two would show an object that is not there, or give the next one its metadata."""
        store = FolderStore(tmp_path)
        store.put_bytes("a", b"1", {"n": "1"})
        (tmp_path / "a").unlink()

        assert list(store.list()) == []
        assert store.stat("a") is None
        assert store.put_bytes("a", b"2") == StoredObject("a", 1, {})

    @pytest.mark.parametrize("mode", ["keep", "replace"])
    def test_killed_writers_leave_whole_objects_only(
        self, tmp_path: Path, start: Callable[..., subprocess.Popen[str]], mode: str
    ) -> None:
        """Else a crash would leave half a video under its final name, and every later run would take it for done."""
        store, chance = FolderStore(tmp_path), random.Random(mode)  # noqa: S311 - when to kill is no secret

        for round_ in range(6):
            writers = [start(_WRITER, store.uri, f"{round_}-{writer}", mode) for writer in range(2)]
            for writer in writers:
                with pytest.raises(subprocess.TimeoutExpired):
                    writer.wait(timeout=chance.uniform(0, 0.1))
                writer.send_signal(signal.SIGKILL)
                writer.wait()

            for found in store.list():
                content = store.read(found.name)
                assert content == content[:1] * 1000 * (int(found.name.removeprefix("objects/")) + 1)
                # Between the renames of a replacement metadata are unknown, but never another's.
                of_this = {"digit": content[:1].decode()}
                assert found.metadata in ([of_this] if mode == "keep" else [of_this, {}])

        assert list(store.list())
        with store.scratch() as mine:
            assert [*(tmp_path / ".store" / "tmp").iterdir()] == [mine.parent]

    def test_processes_put_the_same_names(
        self, tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
    ) -> None:
        """Else two runs of a campaign at once would fail or mix their files."""
        code = """
import sys
from cliptask_renderer.storage.open import open_store
store = open_store(sys.argv[1])
print("ready", flush=True)
for n in range(60):
    stored = store.put_bytes(f"o/{n}", sys.argv[2].encode() * 100, {"by": sys.argv[2]})
    assert store.read(f"o/{n}") == stored.metadata["by"].encode() * 100
    if n % 3 == 0:
        store.delete(f"o/{n // 2}-{sys.argv[2]}")
        store.put_bytes(f"p/{n}/{sys.argv[2]}", b"")
        store.delete(f"p/{n}/{sys.argv[2]}")
"""
        store = FolderStore(tmp_path)

        runs = [start(code, store.uri, name) for name in ("x", "y", "z")]

        assert [run.wait(timeout=60) for run in runs] == [0, 0, 0]
        assert len(list(store.list())) == 60
        assert all(store.read(found.name) == found.metadata["by"].encode() * 100 for found in store.list())

    def test_scratch_of_the_dead_goes_and_of_the_living_stays(
        self, tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
    ) -> None:
        """Else killed runs would fill the disk, or a second run would take the first one's files away."""
        code = """
import sys
from cliptask_renderer.storage.open import open_store
with open_store(sys.argv[1]).scratch() as folder:
    (folder / sys.argv[2]).mkdir()
    print("ready", flush=True)
    sys.stdin.read()
"""
        store = FolderStore(tmp_path)
        dead, living = start(code, store.uri, "dead"), start(code, store.uri, "living")
        dead.kill()
        dead.wait()

        with store.scratch():
            left = [path.name for path in (tmp_path / ".store" / "tmp").glob("*/files/*")]

        assert left == ["living"]
        assert living.poll() is None

    def test_a_file_where_the_folder_should_be(self, tmp_path: Path) -> None:
        """Else a wrong path would end in a traceback."""
        (tmp_path / "out").write_bytes(b"")
        store = FolderStore(tmp_path / "out")

        with pytest.raises(OutputError, match=f"{store.uri}.*a file lies where a folder is needed") as caught:
            store.put_bytes("a", b"1")
        with pytest.raises(OutputError, match="a file lies where a folder is needed"):
            list(store.list())
        with pytest.raises(OutputError), store.scratch():
            pass
        assert caught.value.exit_code == 73

    def test_a_name_that_is_a_folder_already(self, tmp_path: Path) -> None:
        """Else an object and a folder of one name would end in a traceback, or in the folder's loss."""
        store = FolderStore(tmp_path)
        store.put_bytes("a/b", b"1")

        with pytest.raises(OutputError, match="move it away"):
            store.put_bytes("a", b"2")
        with pytest.raises(OutputError, match="move it away"):
            store.put_bytes("a", b"2", replace=True)
        with pytest.raises(OutputError, match="move it away"):
            store.put_bytes("a/b/c", b"2")

        assert list(store.list()) == [StoredObject("a/b", 1, {})]

    def test_a_place_that_takes_no_files(self) -> None:
        """Else a read-only place would end in a traceback. /proc refuses even the superuser."""
        store = FolderStore(Path("/proc/cliptask"))

        with pytest.raises(OutputError, match=r"file:///proc/cliptask cannot be written: .*folder"):
            store.put_bytes("a", b"1")

    def test_a_full_disk(self, tmp_path: Path, start: Callable[..., subprocess.Popen[str]]) -> None:
        """Else a full disk would end in a traceback or in half an object. A limit on files fails at the same write."""
        code = """
import resource, sys
from pathlib import Path
from cliptask.errors import OutputError
from cliptask_renderer.storage.open import open_store
store = open_store(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
print("ready", flush=True)
for put in (lambda: store.put("a", Path(sys.argv[2])), lambda: store.put_bytes("b", b"x" * 60_000, replace=True)):
    try:
        put()
    except OutputError as error:
        print(error)
"""
        big = tmp_path / "big"
        big.write_bytes(b"x" * 60_000)
        store = FolderStore(tmp_path / "out")
        kept = store.put_bytes("b", b"before", {"n": "1"})

        run = start(code, store.uri, str(big))
        assert run.stdout is not None
        said = run.stdout.read()  # communicate() would miss what came together with the first line

        assert said.count(f"{store.uri} cannot be written: File too large") == 2
        assert list(store.list()) == [kept]
        assert store.read("b") == b"before"
        assert [*(tmp_path / "out" / ".store" / "tmp").iterdir()] == []


class TestOpenStore:
    """Which store a URI opens."""

    def test_opens_a_folder(self, tmp_path: Path) -> None:
        """Else spaces and umlauts in a path would lead to another folder."""
        odd = tmp_path / "a b%20ü#?"

        assert isinstance(open_store(odd.as_uri()), FolderStore)
        assert open_store(odd.as_uri()).uri == odd.as_uri() == open_store(odd.as_uri() + "/").uri
        assert open_store(f"{tmp_path.as_uri()}/.cliptask").uri == (tmp_path / ".cliptask").as_uri()

    def test_opens_a_bucket(self, gcs: FakeGcs, monkeypatch: pytest.MonkeyPatch) -> None:
        """Else spaces and umlauts in a prefix would lead to another one, or a slash more to a second cache."""
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.url)

        assert open_store("gs://bucket").uri == open_store("gs://bucket/").uri == "gs://bucket"
        assert open_store("gs://bucket/a/").uri == "gs://bucket/a"
        odd = "gs://bucket/a%20b%25%C3%BC%23%3F/.cliptask"
        assert open_store(odd).uri == odd

    @pytest.mark.parametrize(
        "uri",
        ["ftp://bucket", "s3://", "S3://bucket/a", "s3:bucket", "s3://b/a", "s3://Bucket/a", "s3://user:secret@bucket/a", "s3://bucket:80/a",
         "s3://bucket/a?secret", "s3://bucket/a#secret", "s3://bucket/a//b", "s3://bucket/../b", "s3://bucket/a%00b", "out/", "/srv/out", "", "file:out", "file://out/a", "file:///a?b", "file:///a%00b",
         "https://user:secret@x/a?token=secret",
         "gs://", "GS://bucket/a", "gs:///a", "gs:bucket", "gs://Bucket/a", "gs://b/a", "gs://user:secret@bucket/a", "gs://bucket:80/a", "gs://bucket/a?secret",
         "gs://bucket/a#secret", "gs://bucket/a//b", "gs://bucket/../b", "gs://bucket/a%00b", "gs://bucket/a%ffb"],
    )  # fmt: skip
    def test_refuses_the_rest(self, uri: str) -> None:
        """Else a campaign would land in a folder named after its bucket, or a token in a message."""
        with pytest.raises(SetupError, match=r"file:///srv/campaigns|%3F") as caught:
            open_store(uri)

        assert "secret" not in str(caught.value)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
