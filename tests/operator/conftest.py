"""What do tests of fetching and speech begin with? Footage on a server, an account, a store and settings that join them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cliptask_operator.speech.settings import SpeechSettings
from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.open import open_store
from support.elevenlabs_stub import KEY, ElevenLabsStub
from support.fonts import brand
from support.http_server import MediaServer
from support.media import clip, picture, track


@pytest.fixture
def stub() -> Iterator[ElevenLabsStub]:
    """A running account."""
    with ElevenLabsStub() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return open_store((tmp_path / "store").as_uri())


@pytest.fixture
def settings(stub: ElevenLabsStub) -> SpeechSettings:
    """What it takes to speak through the stub, without long waits."""
    return SpeechSettings(api_key=KEY, base_url=stub.url, backoff_s=0.01, timeout_s=30)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one of each."""
    folder = tmp_path_factory.mktemp("footage")
    clip(folder / "clip.mp4")
    picture(folder / "logo.png")
    brand(folder / "brand.ttf", has="\ue001")
    track(folder / "tone.mp3")
    return folder


@pytest.fixture
def server(footage: Path) -> Iterator[MediaServer]:
    """A server of that folder."""
    with MediaServer(footage) as running:
        yield running
