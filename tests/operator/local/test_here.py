"""Which file is meant, where a task names one that is not there?"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from cliptask.errors import MissingInput
from cliptask_operator.local.here import here
from cliptask_operator.local.walk import MOST_FILES


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    """A folder of media, and the task's file in it."""
    (tmp_path / "media" / "summer").mkdir(parents=True)
    for name in ("hook.mp4", "my clip.mp4", "Größe.mp4", "summer/beach.mov", ".hidden.mp4"):
        (tmp_path / "media" / name).touch()
    (tmp_path / "out" / ".cliptask").mkdir(parents=True)
    (tmp_path / "out" / "made.mp4").touch()
    return tmp_path / "cliptask.yaml"


def absent(task: Path, path: str) -> str | None:
    """What is said of a path in the task."""
    return here(str(task)).absent(os.path.normpath(task.parent / path))


@pytest.mark.parametrize("path", ["media/hook.mp4", "media/.hidden.mp4", "out/made.mp4"])
def test_a_file_that_is_there_is_right(campaign: Path, path: str) -> None:
    """A good task would be refused."""
    assert absent(campaign, path) is None


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("media/hok.mp4", "media/hook.mp4"),
        ("media/Hook.MP4", "media/hook.mp4"),
        ("media/hook.mov", "media/hook.mp4"),
        ("hook.mp4", "media/hook.mp4"),
        ("beach.mov", "media/summer/beach.mov"),
        ("medai/hook.mp4", "media/hook.mp4"),
        ("media/my%20clip.mp4", "media/my clip.mp4"),
        (r"media\hook.mp4", "media/hook.mp4"),
        ("media/Grösse.mp4", "media/Größe.mp4"),
    ],
)
def test_the_file_that_is_meant_is_named(campaign: Path, path: str, meant: str) -> None:
    """Somebody would search for a difference of one letter."""
    file = os.path.normpath(campaign.parent / path)

    assert absent(campaign, path) == f"leads to no file ({file}); did you mean {meant}?"


@pytest.mark.parametrize("path", ["zzzzzzzz.wav", "hidden.mp3", "made.mp4"])
def test_nothing_is_guessed_where_nothing_is_near(campaign: Path, path: str) -> None:
    """Somebody would be sent to a file that has nothing to do with it, or to a video that a campaign has made."""
    assert "made.mp4?" not in (said := absent(campaign, path) or "")
    assert ".hidden" not in said
    assert said.startswith("leads to no file (")


def test_accents_that_are_encoded_otherwise_are_told(campaign: Path) -> None:
    """What is missing and what is there would look the same."""
    said = absent(campaign, f"media/{unicodedata.normalize('NFD', 'Größe')}.mp4") or ""

    assert "did you mean media/Größe.mp4, whose accents are encoded otherwise: copy its name?" in said


@pytest.mark.parametrize(
    ("path", "words"),
    [("media", "is a folder ("), ("/dev/null", "is no file ("), ("x" * 300, "leads to no file (File name too long)")],
)  # fmt: skip
def test_what_is_no_file_is_told(campaign: Path, path: str, words: str) -> None:
    """It would be found out by a fetch, without a line."""
    assert (absent(campaign, path) or "").startswith(words)


def test_paths_begin_at_the_files_folder_itself_and_for_standard_input_here(
    campaign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``..`` would lead somewhere else through a link."""
    (tmp_path / "link").symlink_to(tmp_path / "media" / "summer")
    monkeypatch.chdir(tmp_path / "media")

    assert here(str(tmp_path / "link" / "cliptask.yaml")).folder == str(tmp_path / "media" / "summer")
    assert here("../cliptask.yaml").folder == str(campaign.parent)
    assert here("-").folder == here("cliptask.yaml").folder == str(tmp_path / "media")


def test_a_folder_whose_name_is_not_utf8_is_refused(tmp_path: Path) -> None:
    """Videos would go into a folder of another name."""
    folder = tmp_path / os.fsdecode(b"caf\xe9")

    with pytest.raises(MissingInput, match="not UTF-8: rename it"):
        here(str(folder / "cliptask.yaml"))


def test_thousands_of_missing_files_are_told_soon(campaign: Path) -> None:
    """A task of another machine would keep a person waiting: each guess looks at all files."""
    for number in range(MOST_FILES):
        (campaign.parent / f"{number}.mp4").touch()
    looked = here(str(campaign))

    said = [looked.absent(f"{campaign.parent}/clip-{number}.mp4") or "" for number in range(4000)]

    assert all(each.startswith("leads to no file (") for each in said)
    assert sum("did you mean" in each for each in said) <= 20
