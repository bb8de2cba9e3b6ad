"""Which files of a folder count as somebody's media?"""

from __future__ import annotations

from pathlib import Path

import pytest

from cliptask.errors import InputError, MissingInput
from cliptask_operator.local.walk import MOST_FILES, files_below


def made(folder: Path, *names: str) -> None:
    """Empty files below a folder."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_what_nobody_has_put_there_as_media_is_passed_over(tmp_path: Path) -> None:
    """Somebody would be told of files that they have never seen, or last week's videos would become clips."""
    made(
        tmp_path,
        "a.mp4",
        "b/c/d.mp4",
        "cliptask.yaml",
        ".DS_Store",
        "b/._d.mp4",
        "Thumbs.db",
        "b/Desktop.ini",
        "__MACOSX/a.mp4",
    )
    made(tmp_path, ".git/x", "out/.cliptask/sources/1", "out/camp/video.mp4", "@eaDir/a.mp4")  # fmt: skip

    assert files_below(tmp_path, tmp_path / "cliptask.yaml") == ["a.mp4", "b/c/d.mp4"]


def test_links_are_followed_each_folder_once(tmp_path: Path) -> None:
    """A folder that links to itself would be read for ever."""
    made(tmp_path / "media", "a.mp4")
    made(tmp_path / "elsewhere", "b.mp4", "c.mp4")
    (tmp_path / "media" / "loop").symlink_to(tmp_path / "media")
    (tmp_path / "media" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "media" / "same").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "media" / "d.mp4").symlink_to(tmp_path / "elsewhere" / "c.mp4")

    assert files_below(tmp_path / "media") == ["a.mp4", "d.mp4", "more/b.mp4", "more/c.mp4"]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """It would be called empty."""
    with pytest.raises(MissingInput, match="No such file or directory: name a folder that can be read"):
        files_below(tmp_path / "none")


def test_a_home_folder_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """Somebody who names the wrong folder would wait for an hour."""
    made(tmp_path, *(f"{number}.txt" for number in range(MOST_FILES)))
    assert len(files_below(tmp_path)) == MOST_FILES
    made(tmp_path, "one-more.txt")

    with pytest.raises(InputError, match="more than 2,000 files: name the folder that holds the media alone"):
        files_below(tmp_path)
