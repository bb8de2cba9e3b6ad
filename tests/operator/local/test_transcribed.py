"""What is said in clips themselves, written down by an account and shown, as a user renders it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cliptask.orders import Profile
from support import frames as f
from support.elevenlabs_stub import KEY, ElevenLabsStub
from support.studio import Studio, moments
from support.talking import talking

LETTERS = {"size": "20%", "outline": {"width": "0%"}, "color": "#ff00ff"}
BURNED = {"mode": "burned", "accent": "#00ff00", "position": "center", "letters": LETTERS}
SPEC: dict[str, Any] = {"captions": BURNED, "picture": {"width": 270, "height": 480}}
FORM = Profile(width=270, height=480, fps=30, fit="contain")
_LETTERS = 800
"""Pixels of a word; the picture has none."""
HEARD = {"captions": {"transcribe": True}}
FIRST = {"url": "anna.mp4", "trim": {"end": "1200ms"}}
"""A clip of 36 frames that shows no words."""


@pytest.fixture
def account() -> Iterator[ElevenLabsStub]:
    """One that is paid by the second."""
    with ElevenLabsStub() as running:
        running.vocabulary = ("Hello.",)
        yield running


@pytest.fixture
def studio(tmp_path: Path, account: ElevenLabsStub) -> Studio:
    """A folder with a clip of 2 s, in which something is said from 1 s to 1.5 s, and an account."""
    (tmp_path / "media").mkdir()
    talking(tmp_path / "media" / "anna.mp4", [(1.0, 1.5)], 2.0)
    environment = {"ELEVENLABS_API_KEY": KEY, "CLIPTASK_ELEVENLABS_BASE_URL": account.url}
    return Studio(tmp_path / "media", environment)


def blocks(*clips: dict[str, Any]) -> dict[str, Any]:
    """A spec's blocks, of one clip each."""
    return {"videoBlocks": [{"name": f"b{row}", "clips": [clip]} for row, clip in enumerate(clips)]}


def marked(out: Path) -> list[int]:
    """The frames of the one video in which a word is marked."""
    (video,) = (out / "camp").glob("*.mp4")
    pictures: NDArray[np.uint8] = f.decoded(video, "rgb24", FORM)
    near = np.abs(pictures.astype(int) - (0, 255, 0)) < 70
    return [frame for frame, each in enumerate(near) if each.all(axis=2).sum() > _LETTERS]


@pytest.mark.parametrize(
    ("clip", "frames"),
    [({}, range(66, 81)), ({"trim": {"start": "500ms"}}, range(51, 66)), ({"speed": 2.0}, range(51, 58))],
    ids=["whole", "trimmed", "fast"],
)
def test_words_are_seen_within_a_frame_of_their_time(
    clip: dict[str, Any], frames: range, studio: Studio, tmp_path: Path, account: ElevenLabsStub
) -> None:
    """Lips would move without words, or words stand over another moment."""
    task = studio.write([], **blocks(FIRST, {"url": "anna.mp4", **HEARD, **clip}), **SPEC)

    studio.render(task, tmp_path / "out")

    found = marked(tmp_path / "out")
    assert abs(found[0] - frames.start) <= 1
    assert set(frames[1:-1]) <= set(found)
    (captions,) = (tmp_path / "out" / "camp" / "captions").glob("*.vtt")
    assert "Hello." in captions.read_text()
    assert account.transcriptions == 1


def test_a_plan_tells_the_price_and_an_edit_pays_for_what_is_new(
    studio: Studio, tmp_path: Path, account: ElevenLabsStub
) -> None:
    """Whoever decides about it needs the number first; another cut of the same file costs nothing."""
    out, clip = tmp_path / "out", {"url": "anna.mp4", **HEARD}
    soft: dict[str, Any] = {"captions": {"mode": "soft"}}
    talking(studio.folder / "bo.mp4", [(0.3, 0.6)], 1.0)

    def planned(task: Path, *options: str) -> dict[str, Any]:
        ran = studio.run("plan", task, "--folder", out, "-o", "json", *options)
        found: dict[str, Any] = json.loads(ran.stdout)
        assert ran.returncode == found["exitCode"]
        return found

    task = studio.write([], **blocks(clip), **soft)
    before = planned(task)
    studio.render(task, out)
    made = {path.stem for path in (out / "camp").glob("*.mp4")}
    cut = studio.write([], **blocks({**clip, "trim": {"end": "1800ms"}}, {"url": "bo.mp4", **HEARD}), **soft)
    edited = planned(cut)
    studio.render(cut, out)

    assert before["transcribedSeconds"] == {"total": 2, "toMake": 2}
    assert {each["name"] for each in before["variants"]} == made
    assert edited["transcribedSeconds"] == {"total": 3, "toMake": 1}
    assert account.transcriptions == 2
    assert account.seconds == pytest.approx(3.0, abs=0.1)


def test_what_was_lost_of_the_videos_is_made_again_for_nothing(
    studio: Studio, tmp_path: Path, account: ElevenLabsStub
) -> None:
    """Only the words are paid for; nothing else of them is made twice either."""
    task = studio.write([], **blocks({"url": "anna.mp4", **HEARD}), **SPEC)
    studio.render(task, tmp_path / "out")
    cache = tmp_path / "out" / ".cliptask"
    before = moments(cache, "words/*.json")
    for each in (*(tmp_path / "out" / "camp").glob("*"), *cache.glob("segments/*")):
        if each.is_file():
            each.unlink()

    studio.render(task, tmp_path / "out")

    assert moments(cache, "words/*.json") == before
    assert account.transcriptions == 1


@pytest.mark.parametrize("command", ["plan", "render"])
def test_without_an_account_nobody_listens(studio: Studio, tmp_path: Path, command: str) -> None:
    """The videos would go out without their captions."""
    task = studio.write([], **blocks({"url": "anna.mp4", "name": "anna", **HEARD}), **SPEC)

    ran = Studio(studio.folder).run(command, task, "--folder", tmp_path / "out")

    assert ran.returncode == 78
    for words in (
        "clips[0].captions.transcribe (anna): ", "is not written down yet", "set ELEVENLABS_API_KEY", "captions: {url: ...}",
    ):  # fmt: skip
        assert words in ran.stderr
    assert not list((tmp_path / "out").glob("camp/*.mp4"))


@pytest.mark.parametrize("speech", ["espeak", "none"])
def test_a_draft_says_that_clips_show_no_words(
    studio: Studio, tmp_path: Path, account: ElevenLabsStub, speech: str
) -> None:
    """Whoever looks at it would look for a fault."""
    task = studio.write([], **blocks({"url": "anna.mp4", **HEARD}), **SPEC)

    ran = studio.run("render", task, "-d", tmp_path / "out", "--speech", speech)

    assert ran.returncode == 0, ran.stderr
    assert "transcripts: " in ran.stderr
    assert not marked(tmp_path / "out")
    assert account.transcriptions == 0


def test_a_clip_that_says_nothing_is_told(studio: Studio, tmp_path: Path, account: ElevenLabsStub) -> None:
    """Its author would look for its captions; that another part of it says something does not help."""
    talking(studio.folder / "mute.mp4", [], 1.0)
    clips = [{"url": "mute.mp4", **HEARD}, {"url": "anna.mp4", "trim": {"end": "900ms"}, **HEARD}]
    task = studio.write([], **blocks(*clips), **SPEC)

    ran = studio.run("render", task, "-d", tmp_path / "out")
    planned = studio.run("plan", task, "--folder", tmp_path / "out")

    assert ran.returncode == planned.returncode == 0, ran.stderr
    for said in (ran.stderr, planned.stdout):
        assert "mute.mp4): nothing is said in the file: it shows no words" in said
        assert "anna.mp4): nothing is said in the part that is shown: it shows no words" in said
    assert not marked(tmp_path / "out")
    assert account.transcriptions == 1


def test_what_cannot_be_heard_is_refused_before_anything_is_paid_for(
    studio: Studio, tmp_path: Path, account: ElevenLabsStub
) -> None:
    """The other clips would be paid for, and no video come of it."""
    studio.clip(1)
    clips = [{"url": "anna.mp4", **HEARD}, {"url": "clip1.mp4", **HEARD}]
    speech = [{"voice": "Rachel", "text": "Spring is here."}]
    task = studio.write([], **blocks(*clips), **SPEC, speech=speech)

    ran = studio.run("render", task, "-d", tmp_path / "out")

    assert ran.returncode == 65
    assert "videoBlocks[1].clips[0].captions.transcribe" in ran.stderr
    assert "nothing is heard in the file: leave the captions out, or give a caption file" in ran.stderr
    assert account.transcriptions == 0


def test_letters_that_no_font_has_are_told(studio: Studio, tmp_path: Path, account: ElevenLabsStub) -> None:
    """Boxes would stand in the finished video."""
    account.vocabulary = ("\U00012000",)
    task = studio.write([], **blocks({"url": "anna.mp4", **HEARD}), **SPEC)

    ran = studio.run("render", task, "-d", tmp_path / "out")

    assert ran.returncode == 65
    assert "U+12000 CUNEIFORM SIGN A" in ran.stderr
    assert "captions.transcribe: " in ran.stderr
