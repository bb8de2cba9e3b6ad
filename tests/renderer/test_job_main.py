from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cliptask import names
from cliptask.credentials import CredentialsOrder
from cliptask.orders import NamedVariant, SegmentOrder, VariantOrder, WorkOrder, WorkReport
from cliptask_operator.campaign.past import Part
from cliptask_renderer import job_main
from cliptask_renderer.storage.folder import FolderStore
from support import frames as f
from support import media
from support.gcs import FaultyProxy, Refuse
from support.signing import VALID, Authority
from support.studio import Studio

KEPT_BYTES = 4096
"""Of a termination message, by the kubelet."""
MISSING = "d" * 64


@dataclass(frozen=True)
class Ended:
    """How a Job ended."""

    code: int
    said: str
    report: WorkReport
    left: str
    """The termination message as it was written."""


@dataclass(frozen=True)
class Job:
    """A container's folders."""

    folder: Path

    @property
    def cache(self) -> FolderStore:
        """What campaigns share."""
        return FolderStore(self.folder / "cache")

    @property
    def videos(self) -> set[str]:
        """Names of the videos that are there."""
        return {
            each.name.removeprefix("task/").removesuffix(".mp4")
            for each in FolderStore(self.folder / "out").list("task/")
            if each.name.endswith(".mp4")
        }

    def source(self, content: bytes) -> str:
        """Put a source into the cache; returns its SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        self.cache.put_bytes(names.source_object(sha256), content)
        return sha256

    def order(self, **changes: Any) -> WorkOrder:  # noqa: ANN401  fields of many types
        """A work order in these folders."""
        own = {"cache": self.cache.uri, "output": FolderStore(self.folder / "out").uri, "task": "task"}
        return WorkOrder(**{**own, **changes})

    def run(self, order: WorkOrder | str | None, *, report: bool = True, **environment: str) -> Ended:
        """Do an order as the container does."""
        file = self.folder / "report"
        if report:
            file.write_text("words of an earlier run")
        own = Studio(self.folder).clean_environment()
        own |= {job_main.REPORT: str(file), "TMPDIR": str(self.folder), **environment}
        if order is not None:
            own[job_main.ORDER] = order if isinstance(order, str) else order.to_text()
        ran = subprocess.run(
            [sys.executable, "-m", "cliptask_renderer"],
            env=own, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert "Traceback" not in ran.stderr, ran.stderr
        left = file.read_text() if file.exists() else ""
        assert len(left.encode()) <= KEPT_BYTES
        return Ended(ran.returncode, ran.stdout, WorkReport.model_validate_json(left or "{}"), left)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Empty folders."""
    return Job(tmp_path)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A clip of 0.4 s."""
    look = media.ClipLook(width=96, height=160, fps=30, duration_s=0.4)
    return media.clip(tmp_path_factory.mktemp("footage") / "a.mp4", look).read_bytes()


def segment(source: str, first: int = 0) -> SegmentOrder:
    """Five frames of a source."""
    return f.order_of(f.video(source, first, 5))


def video(name: str, *segments: SegmentOrder) -> NamedVariant:
    """A silent video of these segments."""
    return NamedVariant(name=name, order=VariantOrder(segments=segments))


def test_a_video_is_made_and_nothing_is_left_to_say(job: Job, footage: bytes) -> None:
    """The product itself; a message of success would be read as one of failure."""
    one = segment(job.source(footage))

    ended = job.run(job.order(variants=(video("v", one),)))

    assert (ended.code, ended.left) == (0, "")
    assert ended.said == "video v: 0.2 s\n"
    assert job.videos == {"v"}
    assert job.cache.stat(names.segment_object(one.key)) is not None


def test_a_part_tells_how_much_memory_it_took(job: Job, footage: bytes) -> None:
    """The next Job of its kind would get what somebody guessed."""
    one = segment(job.source(footage))

    assert job.run(job.order(segments=(one,))).code == 0
    assert job.run(job.order(variants=(video("v", one),))).code == 0

    segment_made = job.cache.stat(names.segment_object(one.key))
    video_made = FolderStore(job.folder / "out").stat("task/v.mp4")
    assert segment_made is not None
    assert video_made is not None
    for each in (segment_made, video_made):
        assert 20 << 20 < Part.of(each).memory_bytes < 1 << 30


def test_a_segment_is_made_for_others_to_join(job: Job, footage: bytes) -> None:
    """Every video would wait for it."""
    one = segment(job.source(footage))

    ended = job.run(job.order(segments=(one,)))

    assert ended.code == 0
    assert job.cache.stat(names.segment_object(one.key)) is not None
    assert job.videos == set()


def test_videos_that_fail_for_one_reason_tell_it_once(job: Job) -> None:
    """Of many videos with a bad clip in common, most would have no room in the message."""
    bad = segment(job.source(b"no video at all"))

    ended = job.run(job.order(variants=tuple(video(f"v{number}", bad) for number in range(60))))

    assert (ended.code, ended.report.reason, ended.report.failed) == (65, "SourceUnusable", {})


def test_what_is_there_is_not_made_again(job: Job, footage: bytes) -> None:
    """A Job that was evicted at its end would do everything twice; its sources may be gone by then."""
    sha256 = job.source(footage)
    order = job.order(segments=(segment(sha256),), variants=(video("v", segment(sha256)),))
    assert job.run(order).code == 0
    job.cache.delete(names.source_object(sha256))

    assert job.run(order).code == 0


def test_of_several_videos_one_bad_one_does_not_cost_the_others(job: Job, footage: bytes) -> None:
    """Everything after the first bad video would be missing, whatever it was."""
    good, bad = segment(job.source(footage)), segment(job.source(b"no video at all"))
    gone, short = segment(MISSING), segment(job.source(footage), first=1000)

    ended = job.run(
        job.order(
            variants=(
                video("a", bad),
                video("b", good),
                video("c", gone, good),
                video("d", short),
                video("e", good),
            )
        )
    )

    assert job.videos == {"b", "e"}
    assert ended.code == 65
    assert ended.report.reason == "SourceUnusable"
    assert ended.report.failed.keys() == {"c", "d"}  # the message is that of a, the first
    assert names.source_object(MISSING) in ended.report.failed["c"]
    assert "error: video a: " in ended.said


def test_a_bad_source_goes_by_its_place_in_the_task(job: Job) -> None:
    """A campaign of a hundred clips would fail over the digits of a hash."""
    sizes = [(64, 64), (96, 64)]
    parts = [f.encode(job.folder / f"{n}.webm", f.numbered(10, *size)) for n, size in enumerate(sizes)]
    (job.folder / "list.txt").write_text("".join(f"file {part.name}\n" for part in parts))
    grows = f.remux(job.folder / "list.txt", job.folder / "a.webm", ("-f", "concat"))
    sha256, other = job.source(grows.read_bytes()), job.source(b"no video at all")
    where = "spec.videoBlocks[0].clips[1] (https://x/a.webm)"
    places = {
        sha256: where,
        MISSING: "spec.videoBlocks[1].clips[0] (https://x/b.webm)",
        other: "spec.overlays[0].image (https://x/c.png)",
    }
    orders = (f.order_of(f.video(sha256, 0, 20)), segment(MISSING), segment(other))

    ended = job.run(
        job.order(variants=tuple(video(f"v{n}", each) for n, each in enumerate(orders))).naming(places)
    )

    said = {"v0": ended.report.message, **ended.report.failed}
    assert said["v0"].startswith(f"{where}: a picture changes its size")
    assert said["v1"].startswith("spec.videoBlocks[1].clips[0] (https://x/b.webm), kept in ")
    assert said["v2"].startswith(
        "spec.overlays[0].image (https://x/c.png) cannot be decoded: export it again: "
    )
    for message in said.values():
        assert not re.search(r"[0-9a-f]{8}|0x|/tmp/[^ ]*sources", message)


def test_a_missing_source_is_bad_input(job: Job) -> None:
    """The Job would be tried again for nothing."""
    ended = job.run(job.order(variants=(video("v", segment(MISSING)),)))

    assert ended.code == 65
    assert ended.report.reason == "InvalidInput"
    assert f"{names.source_object(MISSING)} is gone" in ended.report.message
    assert ended.report.failed == {}


def test_a_store_that_refuses_is_the_administrators(job: Job, footage: bytes) -> None:
    """The author of the task would look for a fault of theirs."""
    one = segment(job.source(footage))
    (job.folder / "out").write_text("a file where a folder belongs")

    ended = job.run(job.order(variants=(video("v", one),)))

    assert ended.code == 73
    assert ended.report.reason == "StoreUnwritable"
    assert str(job.folder / "out") in ended.report.message


def test_a_store_that_fails_is_tried_again(job: Job) -> None:
    """A bad minute of the bucket would cost the campaign its videos."""
    with FaultyProxy() as bucket:
        bucket.keep_failing("GET", Refuse(501))
        order = job.order(cache="gs://bucket/cache", output="gs://bucket", segments=(segment(MISSING),))

        ended = job.run(order, STORAGE_EMULATOR_HOST=bucket.url)

    assert ended.code == 75
    assert ended.report.reason == "Unavailable"


@pytest.mark.parametrize("order", [None, "", "{", "[]", "{}", '{"cache": 5, "output": "o", "task": "t"}'])
def test_a_job_that_was_not_given_work_says_so(job: Job, order: str | None) -> None:
    """Whoever starts the image by hand, or mixes versions, would see a traceback."""
    ended = job.run(order)

    assert ended.code == 78
    assert ended.report.reason == "Misconfigured"
    assert job_main.ORDER in ended.report.message
    assert ended.said == f"error: {ended.report.message}\n"


def test_an_order_of_another_version_is_refused_whole(job: Job) -> None:
    """A field that this version does not know may change what is to be made."""
    newer = json.loads(job.order().to_text()) | {"watermark": "x"}

    ended = job.run(json.dumps(newer))

    assert ended.code == 78
    assert "watermark" in ended.report.message
    assert "same version" in ended.report.message


def test_a_place_that_is_no_store_is_named(job: Job) -> None:
    """An installation's mistake would look like the task's."""
    ended = job.run(job.order(output="https://bucket.example.com/x?token=s3cret"))

    assert ended.code == 78
    assert "https://bucket.example.com/x" in ended.report.message
    assert "s3cret" not in ended.said + ended.left


def test_without_a_place_for_it_the_log_has_the_report(job: Job) -> None:
    """Whoever runs the image by hand has no termination log."""
    ended = job.run("{", report=False, **{job_main.REPORT: str(job.folder / "no folder" / "report")})

    assert ended.code == 78
    assert job_main.ORDER in ended.said


# The bound of a report

SCRIPTS = {"ascii": "x", "Cyrillic": "ж", "emoji": "🎉", "control": "\x01", "quote": '"'}


@pytest.mark.parametrize("letter", SCRIPTS.values(), ids=SCRIPTS)
@pytest.mark.parametrize("videos", [1, 2, 20])
def test_a_report_is_whole_json_however_much_there_is_to_say(letter: str, videos: int) -> None:
    """The kubelet cuts at 4,096 bytes: half a report is none, and the person reads of an exit code alone."""
    failed = {f"{number}{letter * 190}": f"{number} {letter * 5000}" for number in range(videos)}

    content = job_main.termination_message(
        WorkReport(reason="InvalidInput", message=failed[next(iter(failed))], failed=failed)
    )

    assert len(content.encode()) <= KEPT_BYTES
    read = WorkReport.model_validate_json(content)
    assert read.reason == "InvalidInput"
    assert read.message.startswith(f"0 {letter * 90}")
    assert read.failed.keys() <= failed.keys()


def test_words_are_not_shorter_than_they_must_be() -> None:
    """In other scripts than Latin a person would read a sixth of them."""
    message = "ж" * 1500

    content = job_main.termination_message(WorkReport(reason="InvalidInput", message=message))

    assert WorkReport.model_validate_json(content).message == message


def test_of_many_videos_each_is_named() -> None:
    """The words of another would stand for its own."""
    failed = {f"hook-{number}-product-{number}-1234abcd": f"{number} " + "x" * 5000 for number in range(20)}

    read = WorkReport.model_validate_json(
        job_main.termination_message(WorkReport(reason="CheckFailed", message="0 x", failed=failed))
    )

    assert read.failed.keys() == failed.keys()
    assert all(words.startswith(failed[name][:30]) for name, words in read.failed.items())


# Credentials


def signed_video(name: str, *segments: SegmentOrder) -> NamedVariant:
    """A silent video of these segments, signed by the Secret ads."""
    return NamedVariant(
        name=name,
        order=VariantOrder(segments=segments, credentials=CredentialsOrder(signer="ads", components=())),
    )


def test_a_job_signs_by_the_secret_that_its_pod_mounts(job: Job, footage: bytes) -> None:
    """A cluster's videos would be without what a laptop's have."""
    authority, secrets = Authority(), job.folder / "secrets"
    authority.issue(secrets / "ads")
    made = signed_video("v", segment(job.source(footage)))

    ended = job.run(job.order(variants=(made,), signer="ads", secrets=str(secrets)))

    assert (ended.code, ended.left) == (0, "")
    assert authority.verified(job.folder / "out" / "task" / "v.mp4").state == "Trusted"


@pytest.mark.parametrize("spoiled", ["missing", "expired", "without its key"])
def test_a_secret_that_cannot_sign_is_told_before_anything_is_made(
    job: Job, footage: bytes, spoiled: str
) -> None:
    """Hours of encoding would end in a video that nobody can sign."""
    secrets, part = job.folder / "secrets", segment(job.source(footage))
    if spoiled != "missing":
        past = (timedelta(days=-9), timedelta(days=-1))
        Authority().issue(secrets / "ads", valid=past if spoiled == "expired" else VALID)
    if spoiled == "without its key":
        (secrets / "ads" / "tls.key").unlink()
    told = {"signer": "ads", "secrets": str(secrets)}

    ended = job.run(job.order(variants=(signed_video("v", part),), **told))

    assert (ended.code, ended.report.reason) == (78, "Misconfigured")
    assert ended.report.message.startswith("spec.disclosure.credentials: the Secret ads signs no videos: ")
    assert job.videos == set()
    assert [*job.cache.list("segments/")] == []
    # Who makes parts alone has the certificate, and finds out as much as that tells.
    parts_alone = job.run(job.order(segments=(part,), **told))
    assert parts_alone.code == (0 if spoiled == "without its key" else 78)
    assert bool([*job.cache.list("segments/")]) == (spoiled == "without its key")
