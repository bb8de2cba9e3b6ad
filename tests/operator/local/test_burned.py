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
from support.studio import Studio, moments

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


def near_green(pictures: NDArray[np.uint8]) -> list[int]:
    """How much of each picture is of the accent's colour, in pixels."""
    near = np.abs(pictures.astype(int) - (0, 255, 0)) < 70
    return [int(each.all(axis=2).sum()) for each in near]


def green(pictures: NDArray[np.uint8]) -> list[bool]:
    """In which pictures a word is marked."""
    return [pixels > 15 for pixels in near_green(pictures)]


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


def test_to_stress_a_word_has_nothing_spoken_again(studio: Studio, tmp_path: Path) -> None:
    """It would be paid for once more; and files beside the video would show asterisks."""
    spec: dict[str, Any] = {
        "captions": BURNED | {"style": "plain"},
        "picture": PICTURE,
        "sound": {"overflow": "Trim"},
    }
    task = studio.write([[0, 2]], speech=[LINE], **spec)
    studio.render(task, tmp_path / "out")
    before = moments(tmp_path / "out" / ".cliptask", "speech/*")
    old = {*(tmp_path / "out" / "camp").glob("*.mp4")}
    (plain,) = (tmp_path / "out" / "camp" / "captions").glob("*.vtt")

    task = studio.write([[0, 2]], speech=[LINE | {"text": "*Spring* is here."}], **spec)
    assert "2 of 2 videos, 2 of them new" in studio.render(task, tmp_path / "out")

    assert moments(tmp_path / "out" / ".cliptask", "speech/*") == before
    assert [file.read_text() for file in (tmp_path / "out" / "camp" / "captions").glob("*.vtt")] == [
        plain.read_text()
    ]
    index = (tmp_path / "out" / "camp" / "index.json").read_text()
    assert '"Spring is here."' in index
    assert "*" not in index
    new = {video for video in (tmp_path / "out" / "camp").glob("*.mp4") if video not in old}
    for video in new:
        (before_it,) = (each for each in old if each.name.split("-")[0] == video.name.split("-")[0])
        most = [max(near_green(f.decoded(each, "rgb24", FORM))) for each in (before_it, video)]
        assert most[1] > most[0] + 1000
