"""Whoever stores a video's last part joins it: in every kind of store, at once with others, and after any kill."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from pathlib import Path

import pytest

from cliptask import names
from cliptask.orders import NamedVariant, SegmentOrder, SoundtrackOrder, SpeechRef, VariantOrder, WorkOrder
from cliptask_renderer.carry_out import complete, execute
from cliptask_renderer.storage.open import open_store
from support import frames as f
from support import media
from support.azure import AzureProxy, FakeAzure, connection_string
from support.gcs import FakeGcs, FaultyProxy, Refuse
from support.kills import KILLED_AT
from support.s3 import KEY, FakeS3, S3Proxy

LINE = "c" * 64


class Shared:
    """A campaign of two clips, one of them in two lengths, and a line: four videos, whose parts three Jobs make."""

    def __init__(self, uri: str, folder: Path) -> None:
        self.uri = uri
        self.store, self.cache = open_store(uri), open_store(f"{uri}/.cliptask")
        source = media.clip(folder / "a.mp4", media.ClipLook(width=96, height=160, fps=30))
        sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
        self.cache.put(names.source_object(sha256), source)
        self.cache.put(names.speech_object(LINE, "mp3"), media.track(folder / "l.mp3", 0.5))
        self.parts = tuple(f.order_of(f.video(sha256, at, 3)) for at in range(4))
        self.sound = SoundtrackOrder(fps=30, frames=6, speech=(SpeechRef(line_key=LINE, extension="mp3"),))
        a, b, c, d = self.parts
        rows = ((a, c), (a, d), (b, c), (b, d))
        self.videos = tuple(
            NamedVariant(name=f"v{n}", order=VariantOrder(segments=row, soundtrack=self.sound))
            for n, row in enumerate(rows)
        )

    def order(self, *segments: SegmentOrder, sound: bool = False) -> WorkOrder:
        """Of a Job that makes these, and joins what is complete then."""
        return WorkOrder(
            cache=self.cache.uri,
            output=self.uri,
            task="t",
            segments=segments,
            soundtracks=(self.sound,) if sound else (),
            joins=self.videos,
        )

    @property
    def orders(self) -> tuple[WorkOrder, ...]:
        """Of all Jobs."""
        a, b, c, d = self.parts
        return (self.order(a, b), self.order(c, sound=True), self.order(d))

    def made(self) -> dict[str, bytes]:
        """Every video."""
        return {each.name: self.store.read(each.name) for each in self.store.list("t/")}


def silent(_line: str) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The videos as a Job of their own makes them."""
    folder = tmp_path_factory.mktemp("expected")
    of = Shared((folder / "out").as_uri(), folder)
    execute(of.order().model_copy(update={"joins": (), "variants": of.videos}), silent)
    return of.made()


@pytest.fixture
def bucket(gcs: FakeGcs, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch) -> str:
    """An emulated bucket, by way of what counts requests and fails when told to."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
    return f"gs://{gcs.bucket()}/out"


@pytest.fixture
def s3_uri(s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket of S3's kind."""
    with S3Proxy(s3.port) as proxy:
        for name, value in {**KEY, "CLIPTASK_S3_ENDPOINT": proxy.url}.items():
            monkeypatch.setenv(name, value)
        yield f"s3://{s3.bucket()}/out"


@pytest.fixture
def az_uri(azure: FakeAzure, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A container of Azure's."""
    with AzureProxy(azure.port) as proxy:
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string(proxy.url))
        yield f"az://{azure.container()}/out"


def test_what_is_complete_asks_once_for_each_part() -> None:
    """Ten thousand videos would ask for their parts forty thousand times."""
    parts = [f.order_of(f.video("a" * 64, at, 3)) for at in range(4)]
    a, b, c, gone = parts
    rows = ((a, b), (a, gone), (gone, c), (b, c))
    videos = [NamedVariant(name=str(n), order=VariantOrder(segments=row)) for n, row in enumerate(rows)]
    asked: list[str] = []

    found = [
        each.name
        for each in complete(videos, lambda part: asked.append(part.key) or part.key != gone.key)  # type: ignore[func-returns-value]
    ]

    assert found == ["0", "3"]
    assert sorted(asked) == sorted(part.key for part in parts)


@pytest.mark.parametrize("turns", [*permutations(range(3))])
def test_in_every_order_of_jobs_all_is_made_once_and_the_same(
    tmp_path: Path, expected: dict[str, bytes], turns: tuple[int, ...]
) -> None:
    """A video would be missing, or another than on a laptop."""
    of = Shared((tmp_path / "out").as_uri(), tmp_path)
    there = []

    for turn in turns:
        assert execute(of.orders[turn], silent) == {}
        there.append(len(of.made()))

    assert there[-1] == 4
    # Each is joined as soon as its last part is there: two when all but d, or all but a and b, are.
    assert there[1] == {2: 2, 1: 0, 0: 0}[turns[2]]
    assert of.made() == expected


def test_jobs_that_end_at_once_leave_each_video_once(
    bucket: str, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    """Two would write over each other's, or each would leave it to the other."""
    of = Shared(bucket, tmp_path)

    with ThreadPoolExecutor(6) as pool:
        failed = [*pool.map(lambda order: execute(order, silent), of.orders * 2)]

    assert failed == [{}] * 6
    assert of.made() == expected


@pytest.mark.parametrize("kind", ["s3", "az"])
def test_other_buckets_have_the_same(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    """Whose campaigns lie at another provider's would wait for what nobody joins."""
    of = Shared(request.getfixturevalue(f"{kind}_uri"), tmp_path)

    with ThreadPoolExecutor(3) as pool:
        assert [*pool.map(lambda order: execute(order, silent), of.orders)] == [{}] * 3

    assert of.made() == expected


def test_joining_costs_an_upload_and_a_composition(bucket: str, proxy: FaultyProxy, tmp_path: Path) -> None:
    """Every Job would ask for every part of every video."""
    of = Shared(bucket, tmp_path)
    for order in of.orders[:2]:
        execute(order, silent)
    before = len(of.made())
    proxy.requests.clear()

    execute(of.orders[2], silent)

    composed = [each for each in proxy.requests if "/compose" in each]
    assert (before, len(composed)) == (2, 4)  # what is there already, the store keeps
    assert len([each for each in proxy.requests if each.startswith("GET ")]) < 20


def test_what_cannot_be_joined_is_left_to_a_job_that_tells_why(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    """The parts would count as failed, which are there."""
    of, said = Shared((tmp_path / "out").as_uri(), tmp_path), list[str]()
    for order in of.orders[:2]:
        execute(order, silent)
    for each in of.store.list("t/"):
        of.store.delete(each.name)
    name = names.segment_object(of.parts[0].key)
    there = of.cache.stat(name)
    assert there is not None
    begin = int(there.metadata["index"].partition("-")[0])
    content = of.cache.read(name)
    of.cache.put_bytes(name, bytes(begin) + content[begin:], there.metadata, replace=True)

    done_elsewhere(of.orders[2], said)

    assert any(line.startswith("left: video v0: ") and "damaged" in line for line in said)
    assert of.made().keys() == {"t/v1.mp4", "t/v2.mp4", "t/v3.mp4"}
    # The damaged part is gone, and whoever needs it next makes it anew.
    assert execute(of.order().model_copy(update={"joins": (), "variants": of.videos}), silent) == {}
    assert of.made() == expected


def test_one_bad_part_costs_its_own_videos_alone(tmp_path: Path) -> None:
    """Whatever comes after it would be missing."""
    of = Shared((tmp_path / "out").as_uri(), tmp_path)
    a, b, c, d = of.parts
    bad = f.order_of(f.video("d" * 64, 0, 3))
    videos = (*of.videos, NamedVariant(name="bad", order=VariantOrder(segments=(bad, c))))
    order = of.order(bad, a, b, c, d, sound=True).model_copy(update={"joins": videos})

    failed = execute(order, silent)

    assert failed.keys() == {bad.key}
    assert len(of.made()) == 4


def test_a_bucket_that_fails_is_tried_again_and_nothing_is_lost(
    bucket: str, proxy: FaultyProxy, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    """A bad minute while videos are joined would cost them."""
    of = Shared(bucket, tmp_path)
    for order in of.orders[:2]:
        execute(order, silent)
    proxy.keep_failing("/compose", Refuse(501))
    with pytest.raises(Exception, match="501"):
        execute(of.orders[2], silent)

    proxy.recover()
    execute(of.orders[2], silent)

    assert of.made() == expected


# Kills

_JOB = (
    KILLED_AT
    + """
from cliptask.orders import WorkOrder
from cliptask_renderer import build, carry_out
from cliptask_renderer.storage.open import open_store
import cliptask_renderer.storage.gcs
order, steps = WorkOrder.from_text(sys.stdin.read()), ("/carry_out.py", "/build.py", "/parts.py", "/gcs_compose.py")

line = 0
while True:
    line += int(sys.argv[1])
    if (process := os.fork()) == 0:
        killed_at(line, steps)
        carry_out.execute(order, lambda _: None)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    if not os.WIFSIGNALED(status):
        sys.exit(os.waitstatus_to_exitcode(status))
"""
)
"""Killed again and again, each time so many lines later, until it comes to its end."""


def done_elsewhere(order: WorkOrder, said: list[str]) -> None:
    """Do an order in a process that has seen nothing yet."""
    code = "import sys\nfrom cliptask.orders import WorkOrder\nfrom cliptask_renderer import carry_out\ncarry_out.execute(WorkOrder.from_text(sys.stdin.read()), print)"
    ran = subprocess.run(
        [sys.executable, "-c", code], input=order.to_text(), capture_output=True, text=True, check=True
    )
    said += ran.stdout.splitlines()


@pytest.mark.parametrize(("where", "lines"), [("folder", 11), ("bucket", 83)])
def test_a_job_that_is_killed_again_and_again_leaves_every_video(
    where: str, lines: int, request: pytest.FixtureRequest, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    """Whoever is last would be gone before it has joined, and nobody else look."""
    uri = request.getfixturevalue("bucket") if where == "bucket" else (tmp_path / "out").as_uri()
    of = Shared(uri, tmp_path)
    for order in of.orders[:2]:
        execute(order, silent)

    subprocess.run(
        [sys.executable, "-c", _JOB, str(lines)], input=of.orders[2].to_text(), text=True, check=True
    )

    assert of.made() == expected
