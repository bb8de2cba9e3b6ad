"""How a campaign is made without a cluster, from the command line to the files."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import imageio_ffmpeg
import psutil
import pytest
import yaml

from cliptask_operator.sources.ssrf import OPEN_HOSTS_SETTING
from support import frames as f
from support.azure import AzureProxy, FakeAzure, connection_string
from support.elevenlabs_stub import KEY, ElevenLabsStub
from support.gcs import FakeGcs
from support.http_server import Answer, MediaServer, Seen, Status
from support.s3 import FakeS3
from support.studio import PROGRAM, Studio, framemd5, moments, objects

CROSSFADE = {"kind": "crossfade", "duration": "200ms"}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """One folder of sources for all tests here."""
    return Studio(tmp_path_factory.mktemp("studio"))


def test_a_campaign_becomes_videos_an_index_and_a_gallery(studio: Studio, tmp_path: Path) -> None:
    """The whole way, with everything that a task may ask for."""
    task = studio.write(
        [[0, 1], [2]],
        tracks=2,
        lines=2,
        transitions=[CROSSFADE],
        overlays=[{"text": "Now"}, {"image": {"url": studio.picture()}, "position": "topRight"}],
        captions={"mode": "soft"},
        sound={"ducking": True, "loudness": -14, "clipVolume": 0.5},
        picture={"width": 160, "height": 160, "fps": 30, "fit": "blur"},
    )

    printed = studio.render(task, tmp_path)

    index = json.loads((tmp_path / "camp" / "index.json").read_text())
    assert len(index["variants"]) == 2
    for variant in index["variants"]:
        assert variant["frames"] == 36 + 36 - 6
        assert len(framemd5(tmp_path / "camp" / variant["file"])) == variant["frames"]
        assert all((tmp_path / "camp" / clip["picture"]).exists() for clip in variant["clips"])
        assert (tmp_path / "camp" / variant["captions"]).read_text().startswith("WEBVTT")
    assert (tmp_path / "camp" / "index.csv").exists()
    assert f"gallery: {(tmp_path / 'camp' / 'gallery.html').as_uri()}" in printed
    assert "2 of 2 videos" in printed


@dataclass(frozen=True)
class Cloud:
    """A storage of buckets: what it takes to reach it, and what others do with it."""

    uri: str
    """Of a fresh bucket."""
    environment: dict[str, str]
    upload: Callable[[str, Path], object]
    objects: Callable[[], dict[str, tuple[str, bytes]]]
    """Types and contents below ``spring/``."""


def google(stack: ExitStack) -> Cloud:
    """Google's."""
    gcs = stack.enter_context(FakeGcs())
    bucket = gcs.open(gcs.bucket())
    return Cloud(
        f"gs://{bucket.name}",
        {"STORAGE_EMULATOR_HOST": gcs.url},
        lambda name, file: bucket.blob(name).upload_from_filename(file),
        lambda: {
            blob.name: (blob.content_type, blob.download_as_bytes())
            for blob in bucket.list_blobs(prefix="spring/")
        },
    )


def amazon(stack: ExitStack) -> Cloud:
    """S3."""
    s3 = stack.enter_context(FakeS3())
    bucket = s3.bucket()

    def found() -> dict[str, tuple[str, bytes]]:
        names = [
            each["Key"] for each in s3.client.list_objects_v2(Bucket=bucket, Prefix="spring/")["Contents"]
        ]
        answers = {name: s3.client.get_object(Bucket=bucket, Key=name) for name in names}
        return {name: (answer["ContentType"], answer["Body"].read()) for name, answer in answers.items()}

    return Cloud(
        f"s3://{bucket}",
        s3.environment,
        lambda name, file: s3.client.put_object(Bucket=bucket, Key=name, Body=file.read_bytes()),
        found,
    )


def microsoft(stack: ExitStack) -> Cloud:
    """Azure's."""
    azure = stack.enter_context(FakeAzure())
    proxy = stack.enter_context(AzureProxy(azure.port))
    container = azure.client.get_container_client(azure.container())

    def found() -> dict[str, tuple[str, bytes]]:
        blobs = [*container.list_blobs("spring/")]
        return {
            blob.name: (str(blob.content_settings.content_type), container.download_blob(blob.name).readall())
            for blob in blobs
        }

    return Cloud(
        f"az://{container.container_name}",
        {"AZURE_STORAGE_CONNECTION_STRING": connection_string(proxy.url)},
        lambda name, file: container.upload_blob(name, file.read_bytes()),
        found,
    )


@pytest.mark.parametrize("cloud_of", [google, amazon, microsoft])
def test_a_bucket_comes_to_hold_what_a_folder_does(
    studio: Studio, tmp_path: Path, cloud_of: Callable[[ExitStack], Cloud]
) -> None:
    """Whoever tries a campaign in a folder must get the same one in a bucket, sources from there included."""
    with ExitStack() as stack:
        cloud = cloud_of(stack)
        cloudy = Studio(studio.folder, cloud.environment)
        cloud.upload("in/clip2.mp4", studio.folder / Path(studio.clip(2)).name)
        task = studio.write([[0, 1], [2]], tracks=1, lines=1, captions={"mode": "sidecar"})
        studio.render(task, tmp_path)
        task.write_text(task.read_text().replace(studio.clip(2), f"{cloud.uri}/in/clip2.mp4"))

        made = cloudy.run("render", task, "-d", f"{cloud.uri}/spring")
        again = cloudy.run("render", task, "-d", f"{cloud.uri}/spring")

        found = cloud.objects()
    assert f"gallery: {cloud.uri}/spring/camp/gallery.html" in made.stdout, made.stderr
    assert "2 of 2 videos, 0 of them new (0 pieces" in again.stdout, again.stderr
    expected = {f"spring/{name}": content for name, content in objects(tmp_path, "camp/**/*").items()}
    for part in ("segments/*", "soundtracks/*", "speech/*", "sources/*"):
        expected |= {f"spring/{name}": text for name, text in objects(tmp_path, f".cliptask/{part}").items()}
    assert {name: content for name, (_, content) in found.items() if "/urls/" not in name} == expected
    assert found["spring/camp/gallery.html"][0] == "text/html; charset=utf-8"


def test_a_long_clip_is_encoded_by_several_processes_into_the_same_bytes(tmp_path: Path) -> None:
    """One would work while the others wait; and a laptop must make what a cluster makes."""
    long = f.encode(tmp_path / "long.mp4", f.numbered(256))
    videos = []
    for workers in (1, 3):
        studio = Studio(tmp_path, {"CLIPTASK_WORKERS": f"{workers}"})
        task = studio.write([], videoBlocks=[{"name": "b", "clips": [{"url": long.as_uri()}]}])
        printed = studio.render(task, tmp_path / f"{workers}")
        assert "(2 pieces, 0 seams" in printed
        videos.append(next((tmp_path / f"{workers}").glob("camp/*.mp4")))

    assert f.numbers(f.decoded(videos[0], "gray")) == list(range(256))
    assert videos[0].read_bytes() == videos[1].read_bytes()


def test_the_same_task_again_makes_nothing(studio: Studio, tmp_path: Path) -> None:
    """What is paid for and encoded stays so."""
    task = studio.write([[0, 1], [2, 3]], tracks=1, lines=1)
    studio.render(task, tmp_path)
    before = moments(tmp_path, "camp/*.mp4") | moments(tmp_path, ".cliptask/s*/*")

    printed = studio.render(task, tmp_path)

    assert "4 of 4 videos, 0 of them new (0 pieces, 0 seams and 0 soundtracks encoded)" in printed
    assert moments(tmp_path, "camp/*.mp4") | moments(tmp_path, ".cliptask/s*/*") == before


def test_an_added_clip_makes_one_segment_with_its_seams_and_only_the_new_videos(
    studio: Studio, tmp_path: Path
) -> None:
    """The promise of the product: an edit renders only what is new, and says no line again."""
    with ElevenLabsStub() as account:
        paying = Studio(
            studio.folder, {"ELEVENLABS_API_KEY": KEY, "CLIPTASK_ELEVENLABS_BASE_URL": account.url}
        )
        paying.render(
            studio.write(
                [[0, 1, 2], [3, 4, 5], [6, 7, 8]], tracks=2, lines=3, voice="Rachel", transitions=[CROSSFADE]
            ),
            tmp_path,
        )
        assert account.speech_calls == 3
        videos, segments = moments(tmp_path, "camp/*.mp4"), moments(tmp_path, ".cliptask/segments/*.mp4")
        assert (len(videos), len(segments)) == (27, 9 + 9 + 9)

        printed = paying.render(
            studio.write(
                [[0, 1, 2], [3, 4, 5, 9], [6, 7, 8]],
                tracks=2,
                lines=3,
                voice="Rachel",
                transitions=[CROSSFADE],
            ),
            tmp_path,
        )

        assert account.speech_calls == 3
    assert "36 of 36 videos, 9 of them new (1 pieces, 6 seams and" in printed
    after = moments(tmp_path, "camp/*.mp4")
    assert len(after) == 36
    assert {name: after[name] for name in videos} == videos
    again = moments(tmp_path, ".cliptask/segments/*.mp4")
    assert len(again) == 27 + 1 + 6
    assert {name: again[name] for name in segments} == segments


def test_an_edit_keeps_what_was_dealt(studio: Studio, tmp_path: Path) -> None:
    """Ads that run lose their history with every video that an edit makes another; and a plan must tell the truth."""

    def edited(new: int, **spec: Any) -> list[dict[str, Any]]:  # noqa: ANN401  a spec's parts
        """How an edit is planned and made, and that again nothing is to be done."""
        task = studio.write(**spec)
        planned = json.loads(studio.run("plan", task, "--folder", tmp_path, "-o", "json").stdout)
        printed = studio.render(task, tmp_path)
        index = json.loads((tmp_path / "camp" / "index.json").read_text())
        assert [each["name"] for each in planned["variants"]] == [each["name"] for each in index["variants"]]
        assert sum(each["isNew"] for each in planned["variants"]) == new
        assert f"{new} of them new" in printed
        before = moments(tmp_path, "camp/*.mp4")
        again = json.loads(studio.run("plan", task, "--folder", tmp_path, "-o", "json").stdout)
        assert "0 of them new" in studio.render(task, tmp_path)
        assert again["videos"]["toMake"] == 0
        assert [each["name"] for each in again["variants"]] == [each["name"] for each in index["variants"]]
        assert moments(tmp_path, "camp/*.mp4") == before
        return list(index["variants"])

    blocks = [[0, 1, 2, 3], [4, 5, 6]]
    edited(12, blocks=blocks, lines=2, tracks=2)
    edited(4, blocks=blocks, lines=3, tracks=2)
    edited(4, blocks=blocks, lines=3, tracks=3)
    edited(3, blocks=[[7, 0, 1, 2, 3], [4, 5, 6]], lines=3, tracks=3)
    edited(0, blocks=[[7, 0, 1, 2], [4, 5, 6]], lines=3, tracks=3)
    edited(0, blocks=[[2, 7, 1, 0], [6, 5, 4]], lines=3, tracks=3, variants={"limit": 12})
    limited = edited(3, blocks=[[2, 7, 1, 0], [6, 5, 4, 8]], lines=3, tracks=3, variants={"limit": 12})
    raised = edited(2, blocks=[[2, 7, 1, 0], [6, 5, 4, 8]], lines=3, tracks=3, variants={"limit": 14})

    assert {each["name"] for each in limited} < {each["name"] for each in raised}


def test_a_label_that_is_renamed_encodes_and_speaks_nothing(studio: Studio, tmp_path: Path) -> None:
    """A better name would cost what the videos cost."""
    task = studio.write([[0, 1, 2], [3, 4]], lines=2)
    studio.render(task, tmp_path)
    before = objects(tmp_path, "camp/*.mp4")
    parts = moments(tmp_path, ".cliptask/s*/*")

    body = yaml.safe_load(task.read_text())
    body["spec"]["videoBlocks"][0]["clips"][1]["name"] = "better"
    task.write_text(yaml.safe_dump(body))
    printed = studio.render(task, tmp_path)

    assert "6 of 6 videos, 2 of them new (0 pieces, 0 seams and 0 soundtracks encoded)" in printed
    assert moments(tmp_path, ".cliptask/s*/*") == parts
    after = objects(tmp_path, "camp/*.mp4")
    assert before.items() < after.items()
    assert len(set(after.values())) == 6
    body["spec"]["output"]["prune"] = True
    task.write_text(yaml.safe_dump(body))
    studio.render(task, tmp_path)
    assert len(objects(tmp_path, "camp/*.mp4")) == 6


def test_a_rule_is_kept_and_one_that_cannot_be_is_refused_before_anything_is_fetched(
    studio: Studio, tmp_path: Path
) -> None:
    """A person would learn of it from the videos."""
    rule = {"when": {"b0": ["clip0"]}, "require": {"b1": ["clip3"]}}
    studio.render(studio.write([[0, 1], [2, 3]], variants={"rules": [rule]}), tmp_path)

    index = json.loads((tmp_path / "camp" / "index.json").read_text())
    assert [[clip["clip"] for clip in each["clips"]] for each in index["variants"]] == [
        ["clip0", "clip3"], ["clip1", "clip2"], ["clip1", "clip3"]
    ]  # fmt: skip
    task = studio.write([[0, 1], [2, 3]], variants={"rules": [{"exclude": {"b0": ["clip0"]}}]})
    refused = studio.run("validate", task)
    assert refused.returncode == 65
    assert "spec.variants.rules[0]: leaves clip0 of b0 without any variant" in refused.stderr


def test_two_fresh_folders_hold_the_same_keys_and_the_same_frames(studio: Studio, tmp_path: Path) -> None:
    """Keys are of content: another machine must come to the same."""
    task = studio.write([[0, 1], [2]], tracks=1, lines=1, transitions=[CROSSFADE], sound={"loudness": -14})

    for folder in ("one", "two"):
        studio.render(task, tmp_path / folder)

    first, second = (
        objects(tmp_path / folder, "**/*.m*4") | objects(tmp_path / folder, "**/*.m4a")
        for folder in ("one", "two")
    )
    assert list(first) == list(second)
    assert len(first) > 5
    assert first == second
    for video in (tmp_path / "one" / "camp").glob("*.mp4"):
        assert framemd5(video) == framemd5(tmp_path / "two" / "camp" / video.name)


def test_a_bad_source_may_be_skipped_and_is_named(studio: Studio, tmp_path: Path) -> None:
    """The rest of the campaign is made, the exit code says that it is not complete."""
    task = studio.write([[0, 1], [2]], failurePolicy={"onSourceError": "Skip"})
    task.write_text(task.read_text().replace("clip1.mp4", "gone.mp4"))

    ran = studio.run("render", task, "-d", tmp_path)

    assert ran.returncode == 65
    assert "1 of 2 videos" in ran.stdout
    assert "gone.mp4" in ran.stderr
    index = json.loads((tmp_path / "camp" / "index.json").read_text())
    assert [each["clips"][0]["clip"] for each in index["skipped"]] == ["gone"]


def test_only_a_task_that_says_so_loses_the_videos_it_no_longer_wants(studio: Studio, tmp_path: Path) -> None:
    """Somebody's finished videos would vanish with an edit, or pile up although they asked for them to go."""
    studio.render(studio.write([[0, 1, 2]]), tmp_path)
    assert "removed" not in studio.render(studio.write([[0, 1]]), tmp_path)
    assert len(list((tmp_path / "camp").glob("*.mp4"))) == 3
    pruning = studio.write([[0]], output={"uri": "file:///nowhere", "prune": True})

    printed = studio.render(pruning, tmp_path)

    assert "removed: 2 videos no longer wanted" in printed
    assert [path.name[:6] for path in (tmp_path / "camp").glob("*.mp4")] == ["clip0-"]


def test_what_fails_late_goes_by_its_place_in_the_task(studio: Studio, tmp_path: Path) -> None:
    """Whoever has to replace a clip would have to guess which."""
    task = studio.write([[0, 1], [2]], picture={"width": 96, "height": 160})
    damaged = tmp_path / "out" / ".cliptask" / "sources"
    studio.run("plan", task, "--folder", tmp_path / "out")
    (damaged / sha256((studio.folder / "clip1.mp4").read_bytes()).hexdigest()).write_bytes(
        b"x" * (studio.folder / "clip1.mp4").stat().st_size
    )

    ran = studio.run("render", task, "-d", tmp_path / "out")

    assert ran.returncode == 65
    assert "1 of 2 videos" in ran.stdout
    said = " ".join(ran.stderr.split())
    assert f"spec.videoBlocks[0].clips[1] ({studio.clip(1)}) cannot be decoded" in said
    assert not re.search(r"[0-9a-f]{12}|0x", said)


class Signing(MediaServer):
    """Hands out ``/download?id=N``, and any file of its folder by its name, to whoever shows a signature."""

    def answer(self, seen: Seen) -> Answer:
        """By the query."""
        query = dict(parse_qsl(seen.query))
        if "X-Amz-Signature" not in query:
            return Status(HTTPStatus.FORBIDDEN)
        number = query.get("id")
        return super().answer(replace(seen, path=f"/clip{number}.mp4") if number else seen)


@pytest.mark.parametrize("prune", [False, True])
def test_new_signatures_of_the_same_files_change_nothing(
    studio: Studio, tmp_path: Path, *, prune: bool
) -> None:
    """Signed URLs change at every run: each would rename all videos, and fill the bucket or make them anew."""
    folder = tmp_path / "served"
    for number, place in enumerate(["clip0", "clip1", "a/take", "b/take"]):
        served = folder / f"{place}.mp4"
        served.parent.mkdir(parents=True, exist_ok=True)
        served.write_bytes((studio.folder / Path(studio.clip(number)).name).read_bytes())

    def written(server: Signing, signature: str, *, turned: bool = False) -> Path:
        places = [["/download?id=0&", "/download?id=1&"], ["/a/take.mp4?", "/b/take.mp4?"]]
        task = studio.write(
            [[0, 1], [2, 3]],
            output={"uri": "file:///nowhere", "prune": prune},
            picture={"width": 96, "height": 160},
        )
        spec = yaml.safe_load(task.read_text())
        for block, urls in zip(spec["spec"]["videoBlocks"], places, strict=True):
            clips = [{"url": f"{server.url}{each}X-Amz-Signature={signature}"} for each in urls]
            block["clips"] = clips[::-1] if turned else clips
        task.write_text(yaml.safe_dump(spec))
        return task

    with Signing(folder) as server:
        allowed = {"CLIPTASK_ALLOW_HTTP": "true", OPEN_HOSTS_SETTING: server.host}
        online = Studio(studio.folder, allowed)
        online.render(written(server, "one"), tmp_path)
        before = moments(tmp_path, "camp/*.*[4g]") | moments(tmp_path, ".cliptask/s*/*")

        printed = online.render(written(server, "two"), tmp_path)
        turned = online.render(written(server, "three", turned=True), tmp_path)

    assert len(list((tmp_path / "camp").glob("*.mp4"))) == 4
    for said in (printed, turned):
        assert "4 of 4 videos, 0 of them new (0 pieces, 0 seams and 0 soundtracks encoded)" in said
        assert "removed" not in said
    assert moments(tmp_path, "camp/*.*[4g]") | moments(tmp_path, ".cliptask/s*/*") == before


def test_twenty_kills_at_random_moments_change_nothing(studio: Studio, tmp_path: Path) -> None:
    """Whatever ends the program, the next run goes on: nothing half written, nothing encoded twice."""
    task = studio.write(
        [[0, 1, 2], [3, 4]], tracks=1, lines=2, transitions=[CROSSFADE], captions={"mode": "soft"}
    )
    studio.render(task, tmp_path / "undisturbed")
    moment = random.Random(7)  # noqa: S311  not for keys
    done: dict[str, tuple[int, int]] = {}

    for _ in range(20):
        with subprocess.Popen(
            [PROGRAM, "render", task, "-d", tmp_path / "killed"],
            env=studio.clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as program:  # fmt: skip
            try:
                program.wait(timeout=moment.uniform(0.3, 4.0))
            except subprocess.TimeoutExpired:
                program.send_signal(signal.SIGKILL)
        complete = moments(tmp_path / "killed", ".cliptask/s*/*.m*4*") | moments(
            tmp_path / "killed", "camp/*.mp4"
        )
        assert {name: complete[name] for name in done} == done
        done = dict(complete)
    studio.render(task, tmp_path / "killed")

    assert {
        name: when for name, when in moments(tmp_path / "killed", "**/*.m*4*").items() if name in done
    } == done
    assert objects(tmp_path / "killed", "camp/*") == objects(tmp_path / "undisturbed", "camp/*")
    for part in ("segments/*", "soundtracks/*", "speech/*", "sources/*"):
        assert objects(tmp_path / "killed", f".cliptask/{part}") == objects(
            tmp_path / "undisturbed", f".cliptask/{part}"
        )
    assert not list((tmp_path / "killed").glob("**/.store/tmp/*")), "scratch folders of killed runs remain"


def test_ctrl_c_says_how_to_go_on_and_leaves_no_process(studio: Studio, tmp_path: Path) -> None:
    """Somebody who interrupts wants the machine back, and the work kept."""
    task = studio.write([[0, 1, 2, 3], [4, 5, 6, 7]], picture={"width": 720, "height": 1280})
    with subprocess.Popen(
        [PROGRAM, "render", task, "-d", tmp_path],
        env=studio.clean_environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        children: list[psutil.Process] = []
        while not any(_is_ffmpeg(child) for child in children):
            assert program.poll() is None
            children = psutil.Process(program.pid).children(recursive=True)
            time.sleep(0.05)

        program.send_signal(signal.SIGINT)

        _, said = program.communicate(timeout=60)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert program.returncode == 130
    assert "nothing is lost; the same command goes on from here" in said
    assert "Traceback" not in said
    assert not alive


def test_plan_tells_what_a_render_makes_and_pays_nothing(studio: Studio, tmp_path: Path) -> None:
    """Somebody who plans wants to know before it costs."""
    with ElevenLabsStub() as account:
        paying = Studio(
            studio.folder, {"ELEVENLABS_API_KEY": KEY, "CLIPTASK_ELEVENLABS_BASE_URL": account.url}
        )
        task = studio.write([[0, 1], [2, 3]], tracks=1, lines=2, voice="Rachel", transitions=[CROSSFADE])

        before = paying.run("plan", task, "-o", "json", "--folder", tmp_path)
        assert account.speech_calls == 0
        paying.render(task, tmp_path)
        after = paying.run("plan", task, "-o", "json", "--folder", tmp_path)

    planned, remaining = json.loads(before.stdout), json.loads(after.stdout)
    assert planned["videos"] == {"total": 4, "toMake": 4}
    assert planned["pieces"] == {"total": 4, "toMake": 4}
    assert planned["seams"] == {"total": 4, "toMake": 4}
    assert planned["paidCharacters"] == {"total": 14, "toMake": 14}
    made = {path.stem for path in (tmp_path / "camp").glob("*.mp4")}
    assert {variant["name"] for variant in planned["variants"]} == made
    assert all(
        remaining[what]["toMake"] == 0
        for what in ("videos", "pieces", "seams", "soundtracks", "lines", "paidCharacters")
    )


def _is_ffmpeg(process: psutil.Process) -> bool:
    try:
        return "ffmpeg" in process.name()
    except psutil.NoSuchProcess:
        return False


def lose(out: Path, key: str) -> None:
    """Forget what was noted of a segment."""
    (out / ".cliptask" / ".store" / "meta" / "segments" / f".{key}.mp4.json").unlink()


def damage(out: Path, key: str) -> None:
    """Change what is seen of a segment."""
    file = out / ".cliptask" / "segments" / f"{key}.mp4"
    content = bytearray(file.read_bytes())
    content[content.index(b"mdat") + 100] ^= 1
    file.write_bytes(content)


def keys(out: Path) -> list[list[str]]:
    """Of the segments of each video."""
    index = json.loads((out / "camp" / "index.json").read_text())
    return [[Path(clip["picture"]).stem for clip in each["clips"]] for each in index["variants"]]


def test_parts_that_are_lost_are_made_again_by_processes_alone(studio: Studio, tmp_path: Path) -> None:
    """Threads would encode beside them, the same part twice, and no signal would end it; or the videos need another run."""
    task, out, log = studio.write([[0], [1, 2, 3]], tracks=1), tmp_path / "out", tmp_path / "log"
    studio.render(task, out)
    before = objects(out / "camp", "*.mp4")
    for video in before:
        (out / "camp" / video).unlink()
    (_, first), (_, second), _ = keys(out)
    lose(out, first)
    damage(out, second)
    next((out / ".cliptask" / "soundtracks").glob("*.m4a")).unlink()
    ffmpeg = tmp_path / "ffmpeg"
    # Whose child the encoder's parent is: of a thread's encoder it would be who runs the program.
    ffmpeg.write_text(f"""#!/bin/sh
parent=$(grep PPid /proc/$PPID/status | cut -f2)
case "$*" in *libx264*) tr '\\0' ' ' < /proc/$parent/cmdline >> {log}; echo >> {log};; esac
exec {imageio_ffmpeg.get_ffmpeg_exe()} "$@"
""")
    ffmpeg.chmod(0o755)
    again = replace(studio, environment={"IMAGEIO_FFMPEG_EXE": str(ffmpeg)})

    ran = again.run("render", task, "-d", out)

    assert ran.returncode == 0, ran.stderr
    assert "3 of 3 videos, 3 of them new (2 pieces, 0 seams and 1 soundtracks encoded)" in ran.stdout
    assert "segments: 2 of 2" in ran.stderr
    assert "soundtracks: 1 of 1" in ran.stderr
    assert [line for line in ran.stderr.splitlines() if line.startswith("videos: ")] == [
        "videos: 3 to do", "videos: 1 of 3", "videos: 2 of 3", "videos: 3 of 3",
    ]  # fmt: skip
    encoders = log.read_text().splitlines()
    assert len(encoders) == 2
    assert all(f"{PROGRAM} render" in line for line in encoders)
    assert objects(out / "camp", "*.mp4") == before


def test_a_video_whose_parts_are_lost_twice_fails(studio: Studio, tmp_path: Path) -> None:
    """A disk that damages all that is written would keep it at work for ever."""
    task, out = studio.write([[0], [1]]), tmp_path / "out"
    studio.render(task, out)
    next((out / "camp").glob("*.mp4")).unlink()
    ((first, second),) = keys(out)
    lose(out, first)
    damage(out, second)

    ran = studio.run("render", task, "-d", out)

    assert ran.returncode == 70
    assert "0 of 1 videos, 0 of them new (1 pieces, " in ran.stdout
    assert f"{second}.mp4 was damaged since it was made: it is removed; run the task again" in ran.stderr
    assert "videos: 1 of 1\n" in ran.stderr
    assert "1 of 1 videos, 1 of them new (1 pieces, " in studio.render(task, out)
