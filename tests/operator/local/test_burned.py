"""Captions that are part of the picture, from the line to the video, as a user renders them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray

from cliptask.orders import Profile
from support import frames as f
from support.studio import Studio

LETTERS = {"size": "20%", "outline": {"width": "0%"}, "color": "#ff00ff"}
BURNED = {"mode": "burned", "style": "highlightWord", "accent": "#00ff00", "position": "center", "letters": LETTERS}  # fmt: skip
LINE = {"voice": "espeak-ng", "text": "Spring is here.", "name": "spring"}
PICTURE = {"width": 270, "height": 480}
FORM = Profile(width=270, height=480, fps=30, fit="contain")


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """A folder of sources."""
    (tmp_path / "media").mkdir()
    return Studio(tmp_path / "media")


def green(pictures: NDArray[np.uint8]) -> list[bool]:
    """In which pictures a word is marked."""
    near = np.abs(pictures.astype(int) - (0, 255, 0)) < 70
    return [bool(each.all(axis=2).sum() > 15) for each in near]


def said(cache: Path) -> list[tuple[float, float]]:
    """When the words of the one recording are said."""
    (file,) = cache.glob("speech/*.json")
    return [(word["start_s"], word["end_s"]) for word in json.loads(file.read_text())["words"]]


def test_words_are_part_of_the_picture_while_they_are_said(studio: Studio, tmp_path: Path) -> None:
    """Most people watch without sound, in players that show no captions."""
    task = studio.write([[0, 2], [4]], speech=[LINE], captions=BURNED, picture=PICTURE, sound={"overflow": "Trim"})  # fmt: skip

    ran = studio.run("render", task, "-d", tmp_path / "out")

    assert ran.returncode == 0, ran.stderr
    videos = sorted((tmp_path / "out" / "camp").glob("*.mp4"))
    assert len(videos) == 2
    words = said(tmp_path / "out" / ".cliptask")
    for video in videos:
        marked = green(f.decoded(video, "rgb24", FORM))
        assert len(marked) == 72
        end = min(round(words[-1][1] * 30), 71)
        first = round(words[0][0] * 30)
        assert all(marked[first + 1 : end])
        assert not any(marked[:first])
    assert list((tmp_path / "out" / "camp" / "captions").glob("*.vtt"))


def test_another_line_encodes_only_what_is_seen_while_it_is_said(studio: Studio, tmp_path: Path) -> None:
    """An edit would cost as much as the campaign."""
    short = LINE | {"text": "Go."}
    spec: dict[str, Any] = {"captions": BURNED, "picture": PICTURE, "sound": {"overflow": "Trim"}}
    task = studio.write([[0, 2], [4, 6]], speech=[short], **spec)
    studio.run("render", task, "-d", tmp_path / "out")

    task = studio.write([[0, 2], [4, 6]], speech=[short | {"text": "Now."}], **spec)
    ran = studio.run("render", task, "-d", tmp_path / "out")

    assert "4 of 4 videos, 4 of them new" in ran.stderr + ran.stdout
    assert re.search(r"\(2 pieces, 0 seams", ran.stderr + ran.stdout)


def test_what_no_font_can_write_is_said_by_its_line(studio: Studio, tmp_path: Path) -> None:
    """A video would show boxes, or fail as if its clips were to blame."""
    task = studio.write([[0]], speech=[LINE | {"text": "Cuneiform \U00012000."}], captions=BURNED, picture=PICTURE)  # fmt: skip

    ran = studio.run("render", task, "-d", tmp_path / "out")

    assert ran.returncode == 65
    assert "U+12000 CUNEIFORM SIGN A" in ran.stderr
    assert "speech[0]" in ran.stderr
    assert imageio_ffmpeg.get_ffmpeg_exe() not in ran.stderr
