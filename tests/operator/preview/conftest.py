"""What do tests of the preview begin with? A small campaign whose parts are made, and a session that plays it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cliptask_operator.preview.reading import Reader
from cliptask_operator.preview.session import Session
from cliptask_operator.settings.environment import Settings
from support.previewing import Made
from support.studio import Studio


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two blocks that crossfade, music, speech and soft captions; pictures so small that they need no drafts."""
    studio = Studio(tmp_path_factory.mktemp("studio"))
    task = studio.write(
        [[0, 1], [2, 3]],
        tracks=1,
        lines=1,
        transitions=[{"kind": "crossfade", "duration": "200ms"}],
        captions={"mode": "soft"},
    )
    out = tmp_path_factory.mktemp("made") / "out"
    studio.render(task, out)
    return Made(studio, task, out)


@pytest.fixture
async def session(made: Made, tmp_path: Path) -> AsyncIterator[Session]:
    """It has read the task, and makes nothing."""
    async with Reader(made.task, made.place, Settings()) as reader:
        playing = Session(reader, tmp_path / "drafts", None, 1)
        await playing.load()
        yield playing
        playing.close()
