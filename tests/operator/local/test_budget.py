"""What a campaign may take at most, as its author sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.studio import Studio


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """A folder of sources, and no account."""
    (tmp_path / "media").mkdir()
    return Studio(tmp_path / "media")


@pytest.mark.parametrize("command", ["validate", "plan", "render"])
def test_more_videos_than_the_budget_has_are_refused_before_anything_is_fetched(
    command: str, studio: Studio, tmp_path: Path
) -> None:
    """A slip in a list of clips would fill a disk."""
    task = studio.write([[0, 1], [2, 3]], budget={"variants": 3})
    where: list[str | Path] = [] if command == "validate" else ["--folder", tmp_path / "out"]

    ran = studio.run(command, task, *where)

    assert ran.returncode == 65
    assert "spec.budget.variants: the task needs 4 videos, its budget gives 3" in ran.stderr
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").glob("**/sources/*"))


def test_more_picture_than_the_budget_has_is_not_encoded(studio: Studio, tmp_path: Path) -> None:
    """Nobody knows how long clips are before they are there; what is just enough is made."""
    blocks = [[0, 1], [2, 3]]  # four clips of 1.2 s, each encoded once

    over = studio.run("render", studio.write(blocks, budget={"encodeSeconds": 4}), "-d", tmp_path / "out")
    made = list((tmp_path / "out").glob(".cliptask/segments/*"))
    planned = studio.run(
        "plan", studio.write(blocks, budget={"encodeSeconds": 4}), "--folder", tmp_path / "out"
    )
    studio.render(studio.write(blocks, budget={"encodeSeconds": 5}), tmp_path / "out")

    assert over.returncode == planned.returncode == 65
    assert (
        "spec.budget.encodeSeconds: the task needs 5 s of picture encoded, its budget gives 4" in over.stderr
    )
    assert not made
