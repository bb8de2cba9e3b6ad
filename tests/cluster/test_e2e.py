from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import httpx
import pytest
import yaml

from cluster.api import Document
from cluster.helm import CHART
from cluster.installation import NAME, TOKEN, Installation
from cluster.kubectl import KubectlFailed
from cluster.site import Site
from cluster.small_campaigns import CLIP_S, FPS, HEIGHT, WIDTH, clip, task, until
from support import fonts, media
from support.elevenlabs_stub import KEY
from support.http_server import Content
from support.studio import Studio, framemd5, objects

# The first run on a machine builds images and the kubelet.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

FADE_S = Fraction(1, 5)
FRAMES = int((2 * CLIP_S - FADE_S) * FPS)
AAC_FRAME = 1024
HTML = b"<!DOCTYPE html><html><body>Sign in to download this file.</body></html>" * 20


@pytest.fixture(scope="module")
def installation(
    site: Site, restricted: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """The operator as a pod, in a namespace that enforces PodSecurity ``restricted``."""
    folder = tmp_path_factory.mktemp("installation") / "sources"
    with Installation(site, restricted, folder) as installed:
        yield installed


@dataclass(frozen=True)
class Campaign:
    """One campaign, made twice: by the cluster and by local mode. Files by their names below the output."""

    status: Document
    jobs: list[Document]
    cluster: Path
    local: Path
    speech_calls: int
    """Of both."""

    @property
    def index(self) -> Document:
        """What came of it in the cluster."""
        found: Document = json.loads((self.cluster / "camp" / "index.json").read_text())
        return found


@pytest.fixture(scope="module")
def campaign(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """Four videos with everything that a task may ask for, applied with kubectl."""
    folder = tmp_path_factory.mktemp("campaign")
    assert installation.web.folder is not None
    media.track(installation.web.folder / "music.mp3", duration_s=2.5)
    media.picture(installation.web.folder / "logo.png")
    wanted = task(
        installation, "camp", [[clip(installation, 0), clip(installation, 1)], [clip(installation, 2), clip(installation, 3)]],
        transitions=[{"kind": "crossfade", "duration": f"{int(FADE_S * 1000)}ms"}],
        overlays=[
            {"text": "Only today", "position": "bottom", "from": "200ms", "to": "800ms", "block": "b0"},
            {"image": {"url": f"{installation.web.url}/logo.png"}, "position": "topRight"},
        ],
        audioBlocks=[{"name": "pool", "tracks": [{"url": f"{installation.web.url}/music.mp3"}]}],
        speech=[{"voice": "Rachel", "text": "Buy it now!"}],
        captions={"mode": "soft"},
        sound={"overflow": "Trim", "ducking": True, "loudness": -14},
    )  # fmt: skip
    spoken_before = installation.account.speech_calls
    installation.apply(wanted)
    status = installation.wait("camp", "Complete")

    for blob in installation.gcs.open(installation.bucket).list_blobs(prefix="out/camp/"):
        file = folder / "cluster" / blob.name.removeprefix("out/")
        file.parent.mkdir(parents=True, exist_ok=True)
        blob.download_to_filename(file)
    studio = Studio(folder, {**installation.environment, "ELEVENLABS_API_KEY": KEY})
    (folder / "cliptask.yaml").write_text(yaml.safe_dump(wanted))
    studio.render(folder / "cliptask.yaml", folder / "local")
    spoken = installation.account.speech_calls - spoken_before
    return Campaign(status, installation.items("jobs", "camp"), folder / "cluster", folder / "local", spoken)


def test_a_task_becomes_videos(campaign: Campaign) -> None:
    """The product itself: applied with kubectl, made by pods, told in the status."""
    status = campaign.status

    assert (status["phase"], status["variants"], status["succeeded"], status["failed"]) == ("Complete", 4, 4, 0)  # fmt: skip
    assert {job["metadata"]["labels"]["cliptask.dev/step"] for job in campaign.jobs} == {"segment", "variant"}
    assert all(job["status"].get("succeeded") == 1 and not job["status"].get("failed") for job in campaign.jobs)  # fmt: skip


def test_the_cluster_makes_what_local_mode_makes(campaign: Campaign) -> None:
    """Whoever tries a campaign on a laptop must get the same one from the cluster."""
    local = json.loads((campaign.local / "camp" / "index.json").read_text())

    assert [(each["name"], each["key"]) for each in campaign.index["variants"]] == [
        (each["name"], each["key"]) for each in local["variants"]
    ]
    own = {"camp/owner.json"}  # the claim on the folder, which only a cluster makes
    assert objects(campaign.cluster, "camp/*").keys() - own == objects(campaign.local, "camp/*").keys()


@pytest.mark.parametrize("number", range(4))
def test_every_picture_is_the_same(campaign: Campaign, number: int) -> None:
    """Other versions of libraries in the image would make other videos under the same key."""
    file = f"camp/{campaign.index['variants'][number]['file']}"

    made = framemd5(campaign.cluster / file)

    assert len(made) == FRAMES
    assert made == framemd5(campaign.local / file)
    assert (campaign.cluster / file).read_bytes() == (campaign.local / file).read_bytes()


@pytest.mark.parametrize("number", range(4))
def test_a_video_passes_the_gate_from_outside(campaign: Campaign, number: int) -> None:
    """A gate that is wrong about its own videos would let everything through."""
    variant = campaign.index["variants"][number]

    with av.open(campaign.cluster / "camp" / variant["file"]) as video:
        picture, sound = video.streams.video[0], video.streams.audio[0]
        frames = [frame for packet in video.demux(picture) for frame in packet.decode()]
        assert sound.duration is not None
        assert sound.time_base is not None
        samples = sound.duration * sound.time_base * sound.rate
        texts = len(video.streams.subtitles)

    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    assert variant["frames"] == FRAMES
    assert [frame.pts * frame.time_base for frame in frames if frame.pts is not None and frame.time_base] == [
        Fraction(number, FPS) for number in range(FRAMES)
    ]
    assert abs(samples - Fraction(FRAMES * sound.rate, FPS)) < AAC_FRAME
    assert texts == 1


def test_words_are_burned_in_the_brands_letters_as_on_a_laptop(
    installation: Installation, tmp_path: Path
) -> None:
    """The image would lack a font or a script's tables; or pictures copied there would be others than here."""
    folder = installation.web.folder
    assert folder is not None
    fonts.brand(folder / "brand.woff2")
    look = media.ClipLook(width=WIDTH, height=HEIGHT, fps=FPS, duration_s=5.0, hue=200)
    media.clip(folder / "long.mp4", look)
    wanted = task(
        installation, "words", [[clip(installation, 0), clip(installation, 1)], [f"{installation.web.url}/long.mp4"]],
        fonts=[{"name": "brand", "url": f"{installation.web.url}/brand.woff2"}],
        speech=[{"voice": "Rachel", "text": "Only *today*, twenty percent off!"}],
        captions={"mode": "burned", "style": "highlightBox", "letters": {"font": "brand"}},
    )  # fmt: skip
    installation.apply(wanted)
    assert installation.wait("words", "Complete")["succeeded"] == 2

    studio = Studio(tmp_path, {**installation.environment, "ELEVENLABS_API_KEY": KEY})
    (tmp_path / "cliptask.yaml").write_text(yaml.safe_dump(wanted))
    studio.render(tmp_path / "cliptask.yaml", tmp_path / "local")

    local = {file.name: file.read_bytes() for file in (tmp_path / "local" / "words").glob("*.mp4")}
    blobs = installation.gcs.open(installation.bucket).list_blobs(prefix="out/words/")
    cluster = {Path(blob.name).name: blob.download_as_bytes() for blob in blobs if blob.name.endswith(".mp4")}
    assert len(local) == 2
    assert cluster == local


def test_its_story_is_told(campaign: Campaign, installation: Installation) -> None:
    """``kubectl describe`` would leave a person in the dark."""
    conditions = {each["type"]: (each["status"], each["reason"]) for each in campaign.status["conditions"]}
    until(lambda: "Complete" in installation.events("camp"), installation)

    assert conditions == {
        "Accepted": ("True", "Accepted"),
        "SourcesReady": ("True", "Ready"),
        "Complete": ("True", "Complete"),
        "Failed": ("False", "Complete"),
    }
    assert installation.events("camp")[-2:] == ["Rendering", "Complete"]


def test_speech_is_paid_for_once(campaign: Campaign, installation: Installation) -> None:
    """Four videos share one line: the cluster pays for it once, as local mode did for its own."""
    assert campaign.status["phase"] == "Complete"

    assert campaign.speech_calls == 2
    assert installation.account.most_at_once == 1


def test_the_operator_is_forbidden_nothing_and_complains_of_nothing(
    campaign: Campaign, installation: Installation
) -> None:
    """Whoever installs the chart would find an operator without the rights that it needs."""
    assert campaign.status["phase"] == "Complete"

    log = installation.log()

    assert "forbidden" not in log.lower()
    worst = [line for line in log.splitlines() if json.loads(line)["level"] in {"error", "critical"}]
    assert [line for line in worst if "will retry" not in line] == []  # a new CRD answers 429 at first


def test_a_page_in_place_of_a_video_is_refused_before_anything_runs(installation: Installation) -> None:
    """Every Job of the campaign would fail by itself, at a node's cost."""
    page = installation.web.script("/hook.mp4", Content(HTML, headers={"Content-Type": "video/mp4"}))
    installation.apply(task(installation, "page", [[page], [clip(installation, 0)]]))

    status = installation.wait("page", "Failed")

    failed = next(each for each in status["conditions"] if each["type"] == "Failed")
    assert (failed["reason"], status["phase"]) == ("SourceUnusable", "Failed")
    assert "hook.mp4" in failed["message"]
    assert installation.items("jobs", "page") == []


def test_the_log_of_what_failed_is_found_by_one_command(installation: Installation) -> None:
    """Whoever looks for the one torn file would read the logs of every pod."""
    assert installation.web.folder is not None
    clip(installation, 20)
    media.torn(installation.web.folder / "clip20.mp4", installation.web.folder / "torn.mp4")
    blocks = [[f"{installation.web.url}/torn.mp4", clip(installation, 0)], [clip(installation, 2)]]
    installation.apply(task(installation, "torn", blocks))
    status = installation.wait("torn", "Failed")

    said = installation.cliptask("logs", "torn", "--failed")

    assert (status["succeeded"], status["failed"]) == (1, 1)
    heading, *log = said.splitlines()
    assert heading.startswith(
        f"video {status['failures'][0]['variant']} · failed: SourceUnusable: spec.videoBlocks[0].clips[0] ("
    )
    assert any(line.startswith("error: ") and "cannot be decoded" in line for line in log)
    assert said.count(" · pod ") == 1


def test_helm_tries_the_installation(installation: Installation) -> None:
    """`helm test` is what platform engineers type first; it must make videos, and leave nothing."""
    said = installation.helm("test", NAME, "--logs", "--timeout=200s")

    assert "2 videos in " in said
    assert "Phase:          Succeeded" in said
    assert "smoke-test-" not in installation.kubectl("get", "clip", "--output=name")
    assert "smoke-test" not in installation.kubectl("get", "role,rolebinding", "--output=name")
    tried = list(installation.gcs.open(installation.bucket).list_blobs(prefix="cliptask-smoke-test"))
    assert tried == []


def test_an_old_request_becomes_videos(installation: Installation) -> None:
    """Whoever comes from the older service has only its requests."""
    body = {
        "uuid_": "summer",
        "task_name": "Summer Sale",
        "video_blocks": {
            "Hook": [clip(installation, 0), clip(installation, 1)],
            "End": [clip(installation, 2)],
        },
        "audio_blocks": {},
        "text_to_speach": [{"text": "Buy it", "voice": "Rachel"}],
    }
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with (
        installation.forwarded(f"{NAME}-gateway", 80, "/api/v1") as url,
        httpx.Client(base_url=url, headers=headers, timeout=30) as http,
    ):
        answer = http.post("/api/v1/process_media", json=body)
        installation.wait("summer", "Complete")
        told = http.get(answer.headers["Location"]).json()

    assert answer.status_code == 202, answer.text
    assert (told["phase"], told["succeeded"]) == ("Complete", 2)
    videos = [
        each.name for each in installation.gcs.open(installation.bucket).list_blobs(prefix="videos/summer/")
    ]
    assert sum(name.endswith(".mp4") for name in videos) == 2


def test_a_deleted_task_takes_its_jobs_and_pods_along(installation: Installation) -> None:
    """Pods would go on at somebody's cost for a campaign that nobody wants any more."""
    installation.apply(
        task(installation, "gone", [[clip(installation, 4), clip(installation, 5)], [clip(installation, 6)]])
    )
    until(lambda: installation.items("pods", "gone"), installation)

    installation.kubectl("delete", "clip", "gone", "--timeout=100s")

    until(lambda: not installation.items("jobs", "gone") + installation.items("pods", "gone"), installation)
    with pytest.raises(KubectlFailed, match="not found"):
        installation.kubectl("get", "clip", "gone")


def operator_uid(installation: Installation) -> str:
    """Of the pod that is or will be the operator."""
    pods = json.loads(
        installation.kubectl(
            "get", "pods", "--selector=app.kubernetes.io/component=operator", "--output=json"
        )
    )["items"]
    return str(max(pods, key=lambda each: str(each["metadata"]["creationTimestamp"]))["metadata"]["uid"])


def test_an_upgrade_and_a_rollback_amid_a_campaign_lose_nothing(installation: Installation) -> None:
    """An upgrade would have to wait for a quiet hour, or videos would be rendered, and paid for, again."""

    def succeeded() -> int:
        status = json.loads(installation.kubectl("get", "clip", "long", "--output=json")).get("status") or {}
        return int(status.get("succeeded", 0))

    # Clips of its own: a segment that an earlier task has made would not be made here.
    blocks = [
        [clip(installation, each) for each in range(10, 15)],
        [clip(installation, each) for each in range(15, 19)],
    ]
    installation.apply(task(installation, "long", blocks, execution={"parallelism": 2}))
    until(lambda: succeeded() >= 2, installation)
    operators = [operator_uid(installation)]

    installation.helm(
        "upgrade",
        NAME,
        CHART,
        "--wait",
        "--timeout=240s",
        values={"operator": {"podAnnotations": {"now": "2"}}},
    )
    operators.append(operator_uid(installation))
    amid = succeeded()
    installation.helm("rollback", NAME, "1", "--wait", "--timeout=240s")
    operators.append(operator_uid(installation))
    status = installation.wait("long", "Complete")

    assert len(set(operators)) == 3
    assert amid < 20
    assert (status["variants"], status["succeeded"], status["failed"]) == (20, 20, 0)
    # Each Job has had one pod. The Jobs themselves cannot be counted: an operator that starts deletes one that still runs
    # when its work is in the bucket already.
    assert list(pods_created(installation, "long").values()) == [1] * (5 + 4 + 20)
    assert all(not job["status"].get("failed") for job in installation.items("jobs", "long"))


def pods_created(installation: Installation, name: str) -> Counter[str]:
    """How many pods each Job of a task has had, from the Events, which outlive both."""
    query = (
        "get",
        "events",
        "--field-selector=involvedObject.kind=Job,reason=SuccessfulCreate",
        "--output=json",
    )
    events = json.loads(installation.kubectl(*query))["items"]
    jobs = ((each["involvedObject"]["name"], each.get("count") or 1) for each in events)
    counts: Counter[str] = Counter()
    for job, count in jobs:
        if job.rpartition("-")[0] == name:
            counts[job] += count
    return counts


def test_an_uninstall_leaves_every_task(installation: Installation) -> None:
    """Whoever uninstalls to install anew would lose every campaign."""
    installation.helm("uninstall", NAME, "--wait")

    assert installation.kubectl("get", "clip", "camp", "--output=jsonpath={.status.phase}") == "Complete"

    installation.helm("install", NAME, CHART, "--wait", "--timeout=240s")
    jobs = len(installation.items("jobs", "camp"))
    installation.apply(task(installation, "after", [[clip(installation, 0)], [clip(installation, 1)]]))

    assert installation.wait("after", "Complete")["succeeded"] == 1
    assert len(installation.items("jobs", "camp")) == jobs
