"""What do tests of speech begin with? An account, a store and settings that join them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cliptask_operator.speech_settings import SpeechSettings
from cliptask_renderer.store import Store, open_store
from support.elevenlabs_stub import KEY, ElevenLabsStub


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
