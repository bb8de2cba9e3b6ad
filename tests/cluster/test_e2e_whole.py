"""One task of everything: blocks, forms, rows, languages, words over the picture, S3, targets, a label, a receiver; in pods and without.

Both see the same: what comes out is the same byte for byte, and neither makes, fetches or says anything twice.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest
import yaml

from cluster.api import Document
from cluster.helm import CHART
from cluster.installation import NAME, Installation
from cluster.site import Site
from cluster.small_campaigns import clip
from support import media
from support.elevenlabs_stub import KEY
from support.receiver import ReceivingServer
from support.s3 import KEY as S3_KEY
from support.s3 import FakeS3, S3Proxy
from support.studio import Studio

# The first run on a machine builds images and the kubelet.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

ROWS = "city,price\nKyiv,9 €\nLviv,8 €\nBerlin,12 €\nParis,14 €\nRoma,11 €\n"
FORMS = [
    {"name": "reels", "width": 108, "height": 192, "fps": 30, "fit": "blur"},
    {"name": "feed", "width": 120, "height": 150, "fps": 30, "fit": "cover"},
    {"name": "square", "width": 120, "height": 120, "fps": 30},
]
CITIES, HOOKS, LANGUAGES = 5, 2, 2
VIDEOS = CITIES * HOOKS * LANGUAGES * len(FORMS)
LINES = CITIES * LANGUAGES
_BUCKETS_SECRET = "buckets"  # noqa: S105  its name
_SEGMENT = re.compile(r"PUT /[^ ?]*/segments/([0-9a-f]+)\.mp4")


@dataclass(frozen=True)
class Made:
    """What came of the task in one way."""

    objects: dict[str, bytes]
    """Of the output, by their names below it; those of the cache without content."""
    puts: Counter[str]
    """How often each segment was sent."""
    fetched: Counter[str]
    """How often each source was asked for."""
    speech_calls: int

    @cached_property
    def index(self) -> Document:
        """Of the campaign."""
        found: Document = json.loads(self.objects["camp/index.json"])
        return found

    @property
    def videos(self) -> dict[str, bytes]:
        """By their names."""
        return {
            name: content
            for name, content in self.objects.items()
            if name.startswith("camp/") and name.endswith(".mp4")
        }


@dataclass(frozen=True)
class Campaign:
    """The same task, made by pods and by local mode."""

    status: Document
    pods: Made
    local: Made
    told: list[Document]
    """Events that came to the receiver while pods made it."""


def task(installation: Installation, receiver: ReceivingServer, bucket: str) -> Document:
    """Four blocks, three forms, five rows, two languages."""
    assert installation.web.folder is not None
    media.track(installation.web.folder / "music.mp3", duration_s=4)
    (installation.web.folder / "rows.csv").write_text(ROWS)
    clips = {"hook": [0, 1], "product": [2], "offer": [3], "end": [4]}
    return {
        "apiVersion": "cliptask.dev/v1alpha1",
        "kind": "ClipTask",
        "metadata": {"name": "camp"},
        "spec": {
            "videoBlocks": [
                {"name": name, "clips": [{"url": clip(installation, number)} for number in numbers]}
                for name, numbers in clips.items()
            ],
            "audioBlocks": [{"name": "music", "tracks": [{"url": f"{installation.web.url}/music.mp3"}]}],
            "languages": ["en", "de"],
            "speech": [
                {"voice": "Rachel", "language": "en", "text": "Only in {{city}}."},
                {"voice": "Rachel", "language": "de", "text": "Nur in {{city}}."},
            ],
            "captions": {"mode": "burned"},
            "overlays": [{"text": "{{price}} 🎉", "block": "offer"}],
            "disclosure": {"label": {"text": "AI voice"}},
            "data": {"url": f"{installation.web.url}/rows.csv", "name": "{{city}}"},
            "naming": {"name": "{task}_{hook}_{row}_{language}_{picture}"},
            "pictures": FORMS,
            "targets": ["metaReels", "tiktok", "metaFeed"],
            "notify": [{"url": f"{receiver.url}/hook"}],
            "execution": {"variantsPerJob": "auto"},
            "output": {"uri": f"s3://{bucket}/out"},
        },
    }


@pytest.fixture(scope="module")
def campaign(site: Site, restricted: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    """Everything, once."""
    folder = tmp_path_factory.mktemp("whole")
    with ExitStack() as stack:
        s3 = stack.enter_context(FakeS3())
        receiver = stack.enter_context(ReceivingServer(address=site.address))
        installation = stack.enter_context(Installation(site, restricted, folder / "sources"))
        in_pods, local = s3.bucket(), s3.bucket()
        with S3Proxy(s3.port, site.address) as proxy:
            _install(installation, in_pods, proxy, receiver)
            installation.apply(task(installation, receiver, in_pods))
            status = installation.wait("camp", "Complete", timeout_s=900)
            installation.wait("camp", "Notified")
            pods = _made(installation, s3, in_pods, proxy)
        told = [json.loads(post.body) for post in receiver.posts("/hook")]
        installation.web.requests.clear()
        spoken = installation.account.speech_calls
        with S3Proxy(s3.port) as proxy:
            environment = {**installation.environment, **s3.environment, "ELEVENLABS_API_KEY": KEY}
            studio = Studio(folder, {**environment, "CLIPTASK_S3_ENDPOINT": proxy.url})
            (folder / "cliptask.yaml").write_text(yaml.safe_dump(task(installation, receiver, local)))
            ran = studio.run("render", folder / "cliptask.yaml", timeout_s=900)
            assert ran.returncode == 0, ran.stderr
            made = _made(installation, s3, local, proxy, spoken)
        yield Campaign(status, pods, made, told)


def _install(installation: Installation, bucket: str, proxy: S3Proxy, receiver: ReceivingServer) -> None:
    key = "\n".join(["[default]", *(f"{name.lower()} = {value}" for name, value in S3_KEY.items())])
    installation.kubectl(
        "create", "secret", "generic", _BUCKETS_SECRET, f"--from-literal=aws-credentials={key}"
    )
    storage = {
        "existingSecret": _BUCKETS_SECRET,
        "s3": {"endpoint": proxy.url},
        "bucketsByNamespace": {installation.namespace: [f"s3://{bucket}"]},
    }
    fetch = {"openHosts": [installation.web.host, receiver.host]}
    values = {"storage": storage, "fetch": fetch, "gateway": {"enabled": False}}
    installation.helm("upgrade", NAME, CHART, "--wait", "--timeout=240s", values=values)


def _made(installation: Installation, s3: FakeS3, bucket: str, proxy: S3Proxy, spoken: int = 0) -> Made:
    pages = s3.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="out/")
    names: list[str] = [each["Key"] for page in pages for each in page.get("Contents", ())]

    def content(name: str) -> bytes:
        if "/.cliptask/" in name:
            return b""
        read: bytes = s3.client.get_object(Bucket=bucket, Key=name)["Body"].read()
        return read

    puts = Counter(found[1] for request in proxy.requests if (found := _SEGMENT.match(request)))
    fetched = Counter(seen.path for seen in installation.web.requests)
    objects = {name.removeprefix("out/"): content(name) for name in names}
    return Made(objects, puts, fetched, installation.account.speech_calls - spoken)


def ways(campaign: Campaign) -> tuple[Made, Made]:
    """Both."""
    return campaign.pods, campaign.local


def test_every_combination_is_there_in_every_form_row_and_language(campaign: Campaign) -> None:
    """What a team would otherwise make by sixty renders."""
    status = campaign.status
    made: list[dict[str, Any]] = campaign.pods.index["variants"]

    assert (status["variants"], status["succeeded"], status["failed"]) == (VIDEOS, VIDEOS, 0)
    assert len(campaign.pods.videos) == VIDEOS
    assert {each["adName"] for each in made} == {
        f"camp_{hook}_{city}_{language}_{form['name']}"
        for hook in ("clip0", "clip1")
        for city in ("kyiv", "lviv", "berlin", "paris", "roma")
        for language in ("en", "de")
        for form in FORMS
    }
    assert {title for each in made for title in each["titles"]} >= {"9 € 🎉", "11 € 🎉", "AI voice"}


def test_pods_and_local_mode_make_the_same_files(campaign: Campaign) -> None:
    """What was looked at on a laptop would be another thing than what is published."""
    assert campaign.local.videos == campaign.pods.videos


def test_nothing_is_made_fetched_or_said_twice(campaign: Campaign) -> None:
    """Each costs a pod's time, somebody's traffic or money."""
    for made in ways(campaign):
        segments = {name for name in made.objects if re.search(r"/segments/[0-9a-f]+\.mp4$", name)}
        assert set(made.puts.values()) == {1}
        assert len(made.puts) == len(segments)
        assert set(made.fetched.values()) == {1}
        assert len(made.fetched) == len(("music", "rows")) + 5
        assert made.speech_calls == LINES
    assert campaign.pods.puts == campaign.local.puts


def test_platforms_say_what_they_would_refuse(campaign: Campaign) -> None:
    """Somebody would find out when the ads are uploaded."""
    conditions = {each["type"]: each for each in campaign.status["conditions"]}

    assert conditions["TargetsMet"]["status"] == "False"
    assert re.search(r"tiktok refuses \d+ of \d+ videos", conditions["TargetsMet"]["message"])
    assert all(each["refused"] for each in campaign.pods.index["variants"])


def test_whoever_asked_for_it_is_told_once(campaign: Campaign) -> None:
    """A pipeline waits for it."""
    (told,) = campaign.told

    assert (told["data"]["phase"], told["data"]["succeeded"]) == ("Complete", VIDEOS)
    assert told["data"]["index"] == campaign.status["index"]


def test_every_video_says_that_its_voice_is_synthetic(campaign: Campaign) -> None:
    """The law asks for it."""
    assert all(
        b"digitalsourcetype/compositeSynthetic" in content for content in campaign.pods.videos.values()
    )
