"""What is said in clips themselves, from a caption file to the video, as a user renders it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cliptask.orders import Profile
from support import frames as f
from support.studio import Studio, moments

LETTERS = {"size": "20%", "outline": {"width": "0%"}, "color": "#ff00ff"}
BURNED = {"mode": "burned", "accent": "#00ff00", "position": "center", "letters": LETTERS}
SPEC: dict[str, Any] = {"captions": BURNED, "picture": {"width": 270, "height": 480}}
FORM = Profile(width=270, height=480, fps=30, fit="contain")
_LETTERS = 3500
"""Pixels of the picture and of a word; of the picture alone 2,200 at most."""
HELLO = "1\n00:00:00,400 --> 00:00:00,800\nHello.\n"


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """A folder of sources."""
    (tmp_path / "media").mkdir()
    return Studio(tmp_path / "media")


def with_words(studio: Studio, content: bytes = HELLO.encode(), **clip: Any) -> dict[str, Any]:  # noqa: ANN401  a clip's fields
    """A clip of 1.2 s with a caption file beside the task."""
    (studio.folder / "hello.srt").write_bytes(content)
    return {"url": studio.clip(4), "captions": {"url": "hello.srt"}, **clip}


def blocks(*clips: dict[str, Any]) -> dict[str, Any]:
    """A spec's blocks, of one clip each."""
    return {"videoBlocks": [{"name": f"b{row}", "clips": [clip]} for row, clip in enumerate(clips)]}


def marked(video: Path) -> list[int]:
    """The frames in which a word is marked."""
    pictures: NDArray[np.uint8] = f.decoded(video, "rgb24", FORM)
    near = np.abs(pictures.astype(int) - (0, 255, 0)) < 70
    return [frame for frame, each in enumerate(near) if each.all(axis=2).sum() > _LETTERS]


@pytest.mark.parametrize(
    ("clip", "frames"),
    [({}, range(48, 60)), ({"trim": {"start": "200ms"}}, range(42, 54)), ({"speed": 0.5}, range(60, 84))],
    ids=["whole", "trimmed", "slow"],
)
def test_words_are_seen_while_they_are_said_in_the_clip(
    clip: dict[str, Any], frames: range, studio: Studio, tmp_path: Path
) -> None:
    """Lips would move without words, or words stand over another moment."""
    task = studio.write([], **blocks({"url": studio.clip(4)}, with_words(studio, **clip)), **SPEC)

    studio.render(task, tmp_path / "out")

    (video,) = (tmp_path / "out" / "camp").glob("*.mp4")
    found = marked(video)
    assert set(frames[1:-1]) <= set(found)
    assert found[0] >= frames.start
    (captions,) = (tmp_path / "out" / "camp" / "captions").glob("*.vtt")
    assert "Hello." in captions.read_text()


def test_emoji_of_a_file_are_in_colour_also_where_it_was_read_before(studio: Studio, tmp_path: Path) -> None:
    """A laptop and a cluster would show them otherwise, by what their caches hold."""
    clip = with_words(studio, HELLO.replace("Hello.", "🔴").encode())

    def red(**captions: Any) -> int:  # noqa: ANN401  a spec's fields
        task = studio.write([], **blocks(clip), **SPEC | {"captions": captions})
        studio.render(task, tmp_path / "out")
        video = max((tmp_path / "out" / "camp").glob("*.mp4"), key=lambda each: each.stat().st_mtime_ns)
        pictures = f.decoded(video, "rgb24", FORM).astype(int)
        return int((np.abs(pictures[15] - (220, 40, 50)) < 60).all(axis=2).sum())

    plain = red(mode="sidecar")
    assert red(**BURNED) > plain + 1000
    assert red(**BURNED | {"letters": LETTERS | {"emoji": "Noto Emoji"}}) < plain + 300


def test_another_text_encodes_its_clip_alone(studio: Studio, tmp_path: Path) -> None:
    """A correction would cost as much as the campaign; and what is lost of the cache would stay lost."""
    task = studio.write([], **blocks({"url": studio.clip(2)}, with_words(studio)), **SPEC)
    studio.render(task, tmp_path / "out")
    cache = tmp_path / "out" / ".cliptask"
    before = moments(cache, "segments/*.mp4")
    (words,) = cache.glob("words/*.json")
    words.unlink()

    assert "1 of 1 videos, 0 of them new" in studio.render(task, tmp_path / "out")
    assert words.exists()

    (studio.folder / "hello.srt").write_text(HELLO.replace("Hello", "Goodbye"))
    assert "1 of 1 videos, 1 of them new" in studio.render(task, tmp_path / "out")
    after = moments(cache, "segments/*.mp4")
    assert before.items() <= after.items()
    assert len(after) == len(before) + 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (HELLO.encode("utf-16"), "line 1 is not UTF-8; save the captions as UTF-8"),
        (HELLO.replace("Hello", "Cuneiform \U00012000").encode(), "U+12000 CUNEIFORM SIGN A"),
        (b"hello", "it is text"),
        (b"", "the file is empty"),
    ],
    ids=["encoding", "letters", "text", "empty"],
)
def test_a_file_that_cannot_be_shown_is_refused_at_its_place(
    content: bytes, words: str, studio: Studio, tmp_path: Path
) -> None:
    """Its author would look for the fault in the clip, or see boxes in the finished video."""
    task = studio.write([], **blocks(with_words(studio, content)), **SPEC)

    ran = studio.run("render", task, "-d", tmp_path / "out")

    assert ran.returncode == 65, ran.stderr
    assert "spec.videoBlocks[0].clips[0].captions.url: " in ran.stderr
    assert words in ran.stderr
    assert not list((tmp_path / "out").glob(".cliptask/segments/*"))


def test_a_path_that_leads_to_no_captions_is_told_with_its_line(studio: Studio) -> None:
    """The mistake would show after the clips were fetched."""
    task = studio.write([], **blocks({"url": studio.clip(4), "captions": {"url": "helo.srt"}}), **SPEC)
    (studio.folder / "hello.srt").write_text(HELLO)

    ran = studio.run("validate", task)

    assert ran.returncode != 0
    assert "clips[0].captions.url" in ran.stderr
    assert "did you mean hello.srt?" in ran.stderr
