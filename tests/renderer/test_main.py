from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cliptask import names
from cliptask.orders import NamedVariant, SegmentOrder, SoundtrackOrder, VariantOrder, WorkOrder
from cliptask_renderer import build, job_main
from cliptask_renderer.storage.azure import AzureContainer
from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.folder import FolderStore
from cliptask_renderer.storage.gcs import GcsStore
from cliptask_renderer.storage.gcs_client import connect
from cliptask_renderer.storage.location import Location
from cliptask_renderer.storage.object_store import ObjectStore
from cliptask_renderer.storage.s3 import S3Bucket
from support import frames as f
from support import media
from support.azure import AzureProxy, FakeAzure, connection_string
from support.azure import connected as azure_connected
from support.gcs import FakeGcs
from support.imports import among, imported
from support.s3 import FakeS3, connected
from support.studio import Studio

TASKS = "cliptask.spec.task"
"""The models of a task, with the tables of every rule."""
PICTURES = ("PIL", "moviepy", "pi_heif")
SCRIPTS = ("icu4py", "anyascii", "cliptask.captions")
NEVER = (
    TASKS,
    *SCRIPTS,
    *PICTURES,
    "c2pa",
    "cliptask_operator",
    "cliptask_renderer.probe",
    "cliptask_renderer.signing",
    "httpx",
    "pkg_resources",
    "yaml",
)
"""What none of these Jobs has a use for: nothing is drawn, nothing is told of a text."""
BUCKETS = ("http.client", "ssl", "urllib3")
CLIENTS = {
    "gs": ("google.cloud.storage", "requests"),
    "s3": ("botocore",),
    "az": ("azure.storage.blob", "requests"),
}
"""Of each storage, which no other loads."""
CLOUDS = (*BUCKETS, *{each for clients in CLIENTS.values() for each in clients})


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 0.4 s with sound."""
    look = media.ClipLook(width=96, height=160, fps=30, duration_s=0.4, audio=True)
    return media.clip(tmp_path_factory.mktemp("footage") / "a.mp4", look)


def orders(source: Path, cache: Store) -> tuple[SegmentOrder, SoundtrackOrder]:
    """A segment and a soundtrack of a source, which the cache has then."""
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    cache.put(names.source_object(sha256), source)
    segment = f.order_of(f.video(sha256, 0, 10))
    soundtrack = SoundtrackOrder(
        fps=30, frames=20, track=sha256, track_stream=1
    )  # fmt: skip
    return segment, soundtrack


def imported_for(order: WorkOrder, folder: Path, **environment: str) -> set[str]:
    """Do an order as the container does; returns the modules that were imported for it."""
    own = {job_main.ORDER: order.to_text(), "TMPDIR": str(folder), **environment}
    return imported(["cliptask_renderer"], Studio(folder).clean_environment() | own)


def test_a_segment_imports_nothing_to_draw_with(source: Path, tmp_path: Path) -> None:
    """Every clip would wait for libraries that only titles and stills need."""
    cache = FolderStore(tmp_path / "cache")
    segment, _ = orders(source, cache)

    modules = imported_for(
        WorkOrder(cache=cache.uri, output=cache.uri, task="t", segments=(segment,)), tmp_path
    )

    assert cache.stat(names.segment_object(segment.key)) is not None
    assert among(modules, (*NEVER, *CLOUDS, "asyncio")) == set()


def test_a_soundtrack_imports_nothing_of_pictures(source: Path, tmp_path: Path) -> None:
    """Every line would wait for them."""
    cache = FolderStore(tmp_path / "cache")
    _, soundtrack = orders(source, cache)

    modules = imported_for(
        WorkOrder(cache=cache.uri, output=cache.uri, task="t", soundtracks=(soundtrack,)), tmp_path
    )

    assert cache.stat(names.soundtrack_object(soundtrack.key)) is not None
    assert among(modules, (*NEVER, *CLOUDS, "asyncio", "numpy")) == set()


@pytest.mark.parametrize("place", ["folder", "gs", "s3", "az"])
def test_a_video_imports_only_what_joins(
    source: Path, tmp_path: Path, place: str, gcs: FakeGcs, s3: FakeS3, azure: FakeAzure
) -> None:
    """A Job that joins is mostly its start: ten thousand of them would pay for what none uses."""
    store: Store = FolderStore(tmp_path / "store")
    if place == "gs":
        store = GcsStore(Location(gcs.bucket(), ""), connect(gcs.url))
    elif place == "s3":
        store = ObjectStore(S3Bucket(connected(s3.url, 60), s3.bucket()), "")
    elif place == "az":
        store = ObjectStore(AzureContainer(azure_connected(azure.url, 60), azure.container()), "")
    segment, soundtrack = orders(source, store)
    build.make_segment(store, segment)
    build.make_soundtrack(store, soundtrack)
    variant = NamedVariant(name="v", order=VariantOrder(segments=(segment, segment), soundtrack=soundtrack))
    order = WorkOrder(cache=store.uri, output=store.uri, task="t", variants=(variant,))

    with AzureProxy(azure.port) as proxy:
        own = {
            "STORAGE_EMULATOR_HOST": gcs.url,
            "AZURE_STORAGE_CONNECTION_STRING": connection_string(proxy.url),
        }
        modules = imported_for(order, tmp_path, **own, **s3.environment)

    assert store.stat("t/v.mp4") is not None
    assert among(modules, (*NEVER, "numpy")) == set()
    assert among(modules, CLOUDS) == (set() if place == "folder" else {*BUCKETS, *CLIENTS[place]})
