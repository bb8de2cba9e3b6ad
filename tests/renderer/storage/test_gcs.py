from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cliptask.errors import ClipTaskError, OutputError, SetupError, TransientError
from cliptask_renderer.storage import gcs_client
from cliptask_renderer.storage.base import StoredObject
from cliptask_renderer.storage.gcs import GcsStore
from cliptask_renderer.storage.gcs_client import Connection, connect
from cliptask_renderer.storage.location import Location
from support.gcs import Break, Cut, Damage, FakeGcs, Fault, FaultyProxy, Lose, Refuse, Stall

DEADLINE_S = 10.0
SHORT_S = 0.4
ACTS = ["put", "put large", "compose", "read", "read a span", "local", "stat", "list", "delete"]
LARGE = bytes(range(256)) * (36 << 12)
"""36 MiB: more than one chunk of an upload."""


@pytest.fixture
def patient(store: GcsStore, proxy: FaultyProxy) -> Iterator[GcsStore]:
    """The same store by a client that has time for more than one attempt at something large."""
    opened = connect(proxy.url, 60)
    yield GcsStore(Location(store.uri.split("/")[2], "spring"), opened)
    opened.client.close()


@pytest.fixture
def store(bucket: str, connection: Connection) -> GcsStore:
    """An empty store below a prefix of it, behind the proxy."""
    return GcsStore(Location(bucket, "spring"), connection)


class TestObjects:
    """What others see in the bucket."""

    @pytest.mark.parametrize(
        ("name", "content_type"),
        [
            ("camp/a.mp4", "video/mp4"),
            ("camp/a.jpg", "image/jpeg"),
            ("camp/a.vtt", "text/vtt; charset=utf-8"),
            ("camp/index.json", "application/json"),
            ("camp/index.csv", "text/csv; charset=utf-8"),
            ("camp/gallery.html", "text/html; charset=utf-8"),
            ("soundtracks/a.m4a", "audio/mp4"),
            ("speech/a.mp3", "audio/mpeg"),
            ("speech/a.wav", "audio/wav"),
            ("sources/abc", "application/octet-stream"),
        ],
    )
    def test_have_a_content_type(
        self, gcs: FakeGcs, bucket: str, store: GcsStore, name: str, content_type: str
    ) -> None:
        """Else a browser would download the gallery and its videos instead of showing them."""
        store.put_bytes(name, b"x")

        found = gcs.open(bucket).get_blob(f"spring/{name}")

        assert found is not None
        assert found.content_type == content_type

    def test_that_are_replaced_are_not_cached(self, gcs: FakeGcs, bucket: str, store: GcsStore) -> None:
        """Else browsers would show the index of an hour ago; videos never change and may be kept."""
        store.put_bytes("index.json", b"1", replace=True)
        store.put_bytes("a.mp4", b"1")

        found = {blob.name: blob.cache_control for blob in gcs.open(bucket).list_blobs()}

        assert found == {"spring/a.mp4": None, "spring/index.json": "no-cache"}

    def test_of_other_hands_stay_out_of_the_listing(self, gcs: FakeGcs, bucket: str, store: GcsStore) -> None:
        """Else the cache, or folders that a console made, would count as videos."""
        for name in (
            "spring/",
            "spring/.cliptask/segments/a.mp4",
            "spring/a//b",
            "spring-2/a",
            "spring/by hand",
        ):
            gcs.open(bucket).blob(name).upload_from_string(b"1")

        assert list(store.list()) == [StoredObject("by hand", 1, {})]

    def test_have_names_as_long_as_a_bucket_takes(self, connection: Connection, bucket: str) -> None:
        """Else a long prefix would fail at the upload, with the store's words instead of ours."""
        store = GcsStore(Location(bucket, "/".join(["p" * 200] * 5)), connection)

        assert store.put_bytes("a" * 19, b"").name == "a" * 19
        with pytest.raises(OutputError, match="1024 bytes"):
            store.put_bytes("a" * 20, b"")

    def test_are_listed_in_pages(self, store: GcsStore, connection: Connection, proxy: FaultyProxy) -> None:
        """Else a campaign of thousands would look half done."""
        names = [f"{n:02}" for n in range(25)]
        for name in names:
            store.put_bytes(name, b"", {"n": name})
        paged = GcsStore(Location(store.uri.split("/")[2], "spring"), replace(connection, page_objects=10))

        listed = [(found.name, found.metadata) for found in paged.list()]

        assert listed == [(name, {"n": name}) for name in names]
        assert proxy.count("GET /storage") == 3

    def test_large_ones_come_and_go_whole(
        self, patient: GcsStore, proxy: FaultyProxy, tmp_path: Path
    ) -> None:
        """Else what takes more than one request would be stored in parts."""
        file = tmp_path / "large"
        file.write_bytes(LARGE)

        stored = patient.put("large.mp4", file, {"n": "ä"})

        assert stored == StoredObject("large.mp4", len(LARGE), {"n": "ä"}) == patient.stat("large.mp4")
        assert proxy.count("PUT ") == 2
        with patient.local("large.mp4") as path:
            assert path.read_bytes() == LARGE
        assert not path.exists()
        assert file.exists()


class TestFaults:
    """What the store's other end does to us."""

    @pytest.mark.parametrize(
        ("what", "fault"),
        [
            ("POST /upload", Refuse(503)),
            ("POST /upload", Refuse(429)),
            ("POST /upload", Break(10)),
            ("POST /upload", Lose()),
            ("GET /", Refuse(503)),
            ("GET /", Refuse(500)),
            ("GET /", Break()),
            ("GET /", Cut(3)),
            ("DELETE", Refuse(503)),
            ("DELETE", Lose()),
        ],
    )
    def test_a_few_are_survived(self, store: GcsStore, proxy: FaultyProxy, what: str, fault: Fault) -> None:
        """Else a moment of bad luck would end a campaign, or an own upload whose answer was lost pass for another's."""
        proxy.fail(what, fault, fault)

        stored = store.put_bytes("a.mp4", b"content", {"n": "1"})

        assert stored == StoredObject("a.mp4", 7, {"n": "1"})
        assert store.stat("a.mp4") == stored
        assert store.read("a.mp4") == b"content"
        assert list(store.list()) == [stored]
        store.delete("a.mp4")
        assert store.stat("a.mp4") is None

    @pytest.mark.parametrize("fault", [Refuse(503), Break(1 << 20), Lose()])
    @pytest.mark.parametrize("replace", [False, True])
    def test_a_large_upload_survives_them(
        self, patient: GcsStore, proxy: FaultyProxy, tmp_path: Path, fault: Fault, *, replace: bool
    ) -> None:
        """Else a break in the middle of a video would cost all of it, or store it with a hole."""
        file = tmp_path / "large"
        file.write_bytes(LARGE)
        proxy.fail("PUT ", fault)

        stored = patient.put("large.mp4", file, {"n": "1"}, replace=replace)

        assert stored == StoredObject("large.mp4", len(LARGE), {"n": "1"})
        assert patient.read("large.mp4") == LARGE

    def test_a_download_goes_on_where_it_broke(self, patient: GcsStore, proxy: FaultyProxy) -> None:
        """Else a large source would never arrive over a bad line, or arrive with a piece twice."""
        patient.put_bytes("large", LARGE)
        proxy.fail("GET /download", Cut(5_000_000), Cut(9_000_000))

        assert patient.read("large") == LARGE
        assert proxy.count("GET /download") == 3

    @pytest.mark.parametrize("break_first", [False, True])
    def test_damaged_bytes_are_noticed(
        self, patient: GcsStore, proxy: FaultyProxy, *, break_first: bool
    ) -> None:
        """Else a flipped bit would be encoded into every video; the client alone does not look after a resumption."""
        patient.put_bytes("large", LARGE)
        proxy.fail("GET /download", *([Cut(5_000_000)] if break_first else []), Damage())

        with pytest.raises(TransientError, match=r"spring/large arrived damaged: its CRC32C is"):
            patient.read("large")

    def test_a_damaged_upload_leaves_nothing(self, gcs: FakeGcs, store: GcsStore, tmp_path: Path) -> None:
        """Else a content key would stand for other content, for ever."""
        file = tmp_path / "large"
        file.write_bytes(LARGE)

        class Tampering(FaultyProxy):
            """Changes the first byte of the second chunk on its way."""

            def tampered(self, request: str, body: bytes) -> bytes:
                return b"\xff" + body[1:] if request.startswith("PUT ") and len(body) < 32 << 20 else body

        with Tampering(gcs.port) as proxy:
            connection = connect(proxy.url, DEADLINE_S)
            bad = GcsStore(Location(store.uri.split("/")[2], "spring"), connection)
            with pytest.raises((TransientError, OutputError)):
                bad.put("large", file)
            connection.client.close()

        assert list(store.list()) == []

    @pytest.mark.parametrize("fault", [Refuse(503), Refuse(429), Break(), Stall()])
    @pytest.mark.parametrize("act", ACTS)
    def test_too_many_end_as_transient(self, bucket: str, proxy: FaultyProxy, fault: Fault, act: str) -> None:
        """Else an outage would hang for ever, or be reported as somebody's fault."""
        impatient = connect(proxy.url, SHORT_S)
        store = GcsStore(Location(bucket, "spring"), impatient)
        proxy.keep_failing(" /", fault)

        with pytest.raises(TransientError, match=rf"^{store.uri} cannot be .*try again later$"):
            _acts(store)[act]()

        impatient.client.close()

    @pytest.mark.parametrize("code", [401, 403])
    @pytest.mark.parametrize("act", ACTS)
    def test_missing_permission_is_the_administrators(
        self, store: GcsStore, proxy: FaultyProxy, code: int, act: str
    ) -> None:
        """Else whoever can grant it would not know what to whom, or an operator would take the task for bad."""
        proxy.keep_failing(" /", Refuse(code, "me@project does not have storage.objects.create access"))

        with pytest.raises(SetupError) as caught:
            _acts(store)[act]()

        said = str(caught.value)
        assert store.uri in said
        if code == 403:
            assert "me@project does not have storage.objects.create access" in said
            assert "roles/storage.objectUser" in said
        assert "http" not in said

    @pytest.mark.parametrize("act", ACTS)
    def test_a_missing_bucket_is_the_administrators(self, connection: Connection, act: str) -> None:
        """Else a bucket that was never made would look like an empty one."""
        store = GcsStore(Location("no-such-bucket", "spring"), connection)

        with pytest.raises(SetupError, match=r"^there is no bucket no-such-bucket \(.*\); create it"):
            _acts(store)[act]()

    def test_a_bucket_is_looked_for_once(self, store: GcsStore, proxy: FaultyProxy) -> None:
        """Else every look at what is not there yet would cost two requests."""
        for number in range(5):
            assert store.stat(f"{number}.mp4") is None

        assert len(proxy.requests) == 6

    def test_what_is_refused_for_other_reasons_is_said(self, store: GcsStore, proxy: FaultyProxy) -> None:
        """Else a bucket's rules, e.g. on retention, would end in a traceback."""
        proxy.fail("POST", Refuse(400, "Bucket is a requester pays bucket"))

        with pytest.raises(OutputError, match="400 Bucket is a requester pays bucket; "):
            store.put_bytes("a", b"")

    def test_no_server_at_all_is_transient(self, bucket: str) -> None:
        """Else a laptop without a network would end in a traceback."""
        connection = connect("http://127.0.0.1:9", 1)

        with pytest.raises(TransientError, match="it cannot be reached"):
            GcsStore(Location(bucket, ""), connection).stat("a")

        connection.client.close()

    def test_a_full_disk_is_said(self, bucket: str, gcs: FakeGcs) -> None:
        """Else a download that does not fit would end in a traceback. A limit on files fails at the same write."""
        open_store_ = f"""
import resource
from cliptask.errors import ClipTaskError, OutputError
from cliptask_renderer.storage.open import open_store
store = open_store("gs://{bucket}")
store.put_bytes("a", b"x" * 100_000)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    with store.local("a"):
        pass
except OutputError as error:
    print(error)
"""
        assert "File too large: free some space, or set TMPDIR" in _run(open_store_, gcs)

    def test_threads_share_one_client(
        self, store: GcsStore, proxy: FaultyProxy, caplog: pytest.LogCaptureFixture
    ) -> None:
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
        assert proxy.accepted <= 24
        assert "Connection pool is full" not in caplog.text

    def test_nothing_is_asked_but_what_is_needed(self, store: GcsStore, proxy: FaultyProxy) -> None:
        """Else the client's own question for each bucket would cost requests, and a permission that nobody grants."""
        store.put_bytes("a", b"x")
        store.stat("a")

        assert [request.partition("?")[0] for request in proxy.requests] == [
            f"POST /upload/storage/v1/b/{store.uri.split('/')[2]}/o",
            f"GET /storage/v1/b/{store.uri.split('/')[2]}/o/spring%2Fa",
        ]


class TestProcess:
    """What depends on the whole process."""

    def test_memory_stays_bounded(self, tmp_path: Path) -> None:
        """Else a pod would need as much memory as its video is large."""
        big = tmp_path / "big"
        with big.open("wb") as file:
            file.truncate(200 << 20)
        with FakeGcs(tmp_path / "bucket") as gcs:
            code = f"""
import json, resource
from pathlib import Path
from cliptask_renderer.storage.open import open_store
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
store = open_store("gs://{gcs.bucket()}")
store.put_bytes("a", b"x")
store.read("a")
before = peak()
store.put("big", Path({str(big)!r}))
put = peak()
with store.local("big") as path:
    size = path.stat().st_size
print(json.dumps([size, put - before, peak() - before]))
"""
            size_bytes, grown_by_put_mib, grown_mib = json.loads(_run(code, gcs))

        assert size_bytes == 200 << 20
        assert grown_by_put_mib < 80
        assert grown_mib < 80

    @pytest.mark.parametrize(
        ("environment", "said"),
        [
            (
                {"NO_GCE_CHECK": "true", "HOME": "/nonexistent"},
                "Workload Identity.*GOOGLE_APPLICATION_CREDENTIALS",
            ),
            ({"GOOGLE_APPLICATION_CREDENTIALS": "/no/such.json"}, "/no/such.json was not found"),
            ({"STORAGE_EMULATOR_HOST": "127.0.0.1:1"}, "STORAGE_EMULATOR_HOST must be a URL"),
        ],
    )
    def test_missing_credentials_are_said(self, environment: dict[str, str], said: str) -> None:
        """Else a first try on a laptop would end in a traceback of Google's libraries."""
        code = f"""
import re
from cliptask.errors import SetupError
from cliptask_renderer.storage.open import open_store
try:
    open_store("gs://bucket/a")
except SetupError as error:
    print(bool(re.search({said!r}, str(error))), error)
"""
        assert _run(code, None, environment).startswith("True")

    @pytest.mark.parametrize(("code", "expected"), [(400, SetupError), (503, TransientError)])
    def test_a_key_that_gives_no_token_is_said(
        self,
        proxy: FaultyProxy,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        code: int,
        expected: type[ClipTaskError],
    ) -> None:
        """Else a revoked key would be tried for ever, or a bad minute of the token server be the administrator's fault."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        account = {"type": "service_account", "private_key": pem, "client_email": "me@project.example"}
        (tmp_path / "key.json").write_text(json.dumps(account | {"token_uri": f"{proxy.url}/token"}))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
        monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
        proxy.keep_failing("/token", Refuse(code))
        connection = connect(deadline_s=SHORT_S)

        with pytest.raises(expected, match="there is no access token for it"):
            GcsStore(Location("bucket", ""), connection).stat("a")

        connection.client.close()

    def test_a_key_that_is_replaced_is_read_anew(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An operator would go on with a key that was revoked, until somebody restarts it."""
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
        monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
        user = {"type": "authorized_user", "client_id": "a", "client_secret": "b"}
        for name in ("first", "second"):  # as the kubelet does: a link that leads to another folder
            (tmp_path / name).mkdir()
            (tmp_path / name / "key.json").write_text(json.dumps(user | {"refresh_token": name}))
        (tmp_path / "key.json").symlink_to("first/key.json")
        first = gcs_client.shared_connection()
        assert gcs_client.shared_connection() is first

        (tmp_path / "other").symlink_to("second/key.json")
        (tmp_path / "other").rename(tmp_path / "key.json")
        second = gcs_client.shared_connection()

        assert gcs_client.shared_connection() is second is not first
        tokens = [each.client._credentials.refresh_token for each in (first, second)]  # noqa: SLF001  nobody else tells
        assert tokens == ["first", "second"]
        for each in (first, second):
            each.client.close()

    @pytest.mark.parametrize("value", ["0", "-1", "soon", "3601", "nan"])
    def test_a_deadline_that_is_none_is_said(
        self, gcs: FakeGcs, monkeypatch: pytest.MonkeyPatch, value: str
    ) -> None:
        """An operator would wait for ever, or for nothing."""
        monkeypatch.setenv("CLIPTASK_STORE_DEADLINE_S", value)

        with pytest.raises(SetupError, match=f"CLIPTASK_STORE_DEADLINE_S must be .* not '{value}'"):
            connect(gcs.url)

    def test_the_environment_sets_the_deadline(self, gcs: FakeGcs, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody could make it more patient."""
        monkeypatch.setenv("CLIPTASK_STORE_DEADLINE_S", "7.5")

        assert connect(gcs.url).deadline_s == 7.5
        assert connect(gcs.url, deadline_s=3).deadline_s == 3

    def test_folders_do_without_the_client(self) -> None:
        """Else every worker of a local campaign would load a library that it does not use."""
        code = """
import sys
from cliptask_renderer.storage.open import open_store
open_store("file:///srv")
print("google.cloud.storage" in sys.modules)
"""
        assert _run(code, None) == "False\n"


def _acts(store: GcsStore) -> dict[str, Callable[[], object]]:
    def local() -> None:
        with store.local("a"):
            pass

    return {
        "put": lambda: store.put_bytes("a", b"1"),
        "put large": lambda: store.put_bytes("a", bytes(9 << 20)),
        "compose": lambda: store.compose("a", b"1", [(store, "b")], crc32c=0),
        "read": lambda: store.read("a"),
        "read a span": lambda: store.read("a", range(2, 5)),
        "local": local,
        "stat": lambda: store.stat("a"),
        "list": lambda: list(store.list()),
        "delete": lambda: store.delete("a"),
    }


def _run(code: str, gcs: FakeGcs | None, environment: dict[str, str] | None = None) -> str:
    """What a Python program of its own prints."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith(("GOOGLE_", "STORAGE_"))}
    own = {"STORAGE_EMULATOR_HOST": gcs.url} if gcs else {}
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=clean | own | (environment or {}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
