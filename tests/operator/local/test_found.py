"""Is each file told by its content, and does what cannot be used say why?"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from PIL import Image

from cliptask_operator.cli.console import errors
from cliptask_operator.local.contents import Contents
from cliptask_operator.local.found import LARGEST_LOGO, find
from cliptask_operator.local.progress import report_on
from support import media


def contents(folder: Path) -> Contents:
    """What is found in a folder."""
    with report_on(errors) as progress:
        return asyncio.run(find(folder, folder / "cliptask.yaml", 2, progress))


def cut_out(path: Path, width: int = 100, height: int = 60, *, see_through: bool = True) -> Path:
    """A picture that may be transparent around its middle, and is so or not."""
    image = Image.new("RGBA", (width, height), (0, 0, 0, 0 if see_through else 255))
    image.paste((255, 0, 0, 255), (10, 10, 40, 40))
    image.save(path)
    return path


def test_a_file_is_what_its_content_says(tmp_path: Path) -> None:
    """Music in an MP4, a picture that is called .mp4: names lie."""
    media.clip(tmp_path / "clip.mp4")
    media.track(tmp_path / "song.m4a").rename(tmp_path / "song.mp4")
    media.picture(tmp_path / "photo.png").rename(tmp_path / "photo.mov")
    media.animation(tmp_path / "moving.gif")

    found = contents(tmp_path)

    kinds = {each.path: each.facts.kind for each in found.files}
    assert kinds == {
        "clip.mp4": "video",
        "song.mp4": "audio",
        "photo.mov": "still",
        "moving.gif": "animation",
    }
    assert found.unused == ()


def test_a_logo_is_small_and_in_part_transparent(tmp_path: Path) -> None:
    """A screenshot, which may be transparent and is not, would lie over every video."""
    cut_out(tmp_path / "logo.png")
    cut_out(tmp_path / "logo.webp")
    cut_out(tmp_path / "screenshot.png", see_through=False)
    cut_out(tmp_path / "large.png", LARGEST_LOGO + 1)
    media.picture(tmp_path / "photo.jpg")

    found = contents(tmp_path)

    assert {each.path for each in found.files if each.is_cut_out} == {"logo.png", "logo.webp"}


def test_what_cannot_be_used_says_why(tmp_path: Path) -> None:
    """A file would be missing from the videos, and nobody would know; a pipe would be waited for."""
    whole = media.clip(tmp_path / "whole.mp4", media.ClipLook(faststart=True))
    media.cut_short(whole, tmp_path / "cut.mp4", 0.6)
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "gone.mp4").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.mp4")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4")).write_bytes(whole.read_bytes())
    deep = tmp_path / "/".join(["x#" * 100] * 5)
    deep.mkdir(parents=True)
    (deep / "deep.mp4").write_bytes(whole.read_bytes())

    found = contents(tmp_path)

    assert [each.path for each in found.files] == ["whole.mp4"]
    told = {each.path.rpartition("/")[2]: each.reason for each in found.unused}
    assert "cut short" in told["cut.mp4"]
    assert "it is text" in told["notes.txt"]
    assert "empty" in told["empty.mp4"]
    assert told["gone.mp4"] == "it is a link that leads nowhere; mend or remove it"
    assert told["pipe.mp4"] == "it is no file"
    assert told["caf\\udce9.mp4"] == "its name is not UTF-8; rename it"
    assert told["deep.mp4"] == "its path is too long; move it up"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_says_so(tmp_path: Path) -> None:
    """It would be a traceback."""
    media.picture(tmp_path / "locked.png").chmod(0)
    (tmp_path / "closed").mkdir(mode=0)

    found = contents(tmp_path)

    told = {each.path: each.reason for each in found.unused}
    assert told["locked.png"] == "it cannot be read (Permission denied); correct its permissions"
    assert told["closed"] == "the folder cannot be read; correct its permissions"
