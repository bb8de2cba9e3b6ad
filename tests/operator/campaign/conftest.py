"""What do tests of the gallery begin with? A browser, and a campaign to look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from cliptask.planning.plan import Variant
from support.browsing import chromium, quiet_page
from support.campaigns import task
from support.galleries import Gallery, gallery
from support.media import ClipLook, clip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser without a window."""
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in which every error of script, network and security policy fails the test."""
    with quiet_page(browser) as looked_at:
        yield looked_at


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three films of 6, 4 and 6 s at 10 frames a second, with sound."""
    folder = tmp_path_factory.mktemp("films")
    looks = [(0, 6.0), (90, 4.0), (180, 6.0)]
    return [
        clip(
            folder / f"{n}.mp4", ClipLook(width=90, height=160, duration_s=length_s, faststart=True, hue=hue)
        )
        for n, (hue, length_s) in enumerate(looks)
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, films: list[Path]) -> Gallery:
    """Three clips in one block, two in another, two tracks, two lines: six videos, each with the film of its first clip."""
    of = task([3, 2], 2, 2, picture={"width": 90, "height": 160, "fps": 25})
    folder = tmp_path_factory.mktemp("made & shown")

    def film(variant: Variant) -> Path:
        return films[int(variant.clips[0][-1])]

    return gallery(folder, of, film)
