"""What a campaign may take at most, as its author sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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


FORMS = [
    {"name": "tall", "width": 540, "height": 960, "fit": "blur"},
    {"name": "square", "width": 720, "height": 720, "fit": "blur"},
]
ROWS = {"rows": [{"price": "9 €"}, {"price": "12 €"}, {"price": "15 €"}]}


def test_what_rows_forms_and_lines_take_is_told_held_and_counted_alike(
    studio: Studio, tmp_path: Path
) -> None:
    """An estimate that a campaign outgrows, or one that is never reached, limits nothing."""
    out = tmp_path / "out"

    def write(**budget: int | str) -> Path:
        return studio.write(
            [[0, 1], [2]],
            lines=1,
            pictures=FORMS,
            data=ROWS,
            overlays=[{"text": "{{price}}", "block": "b1"}],
            budget=budget,
        )

    def planned() -> dict[str, Any]:
        ran = studio.run("plan", write(), "--folder", out, "-o", "json")
        assert ran.returncode == 0, ran.stderr
        told: dict[str, Any] = json.loads(ran.stdout)
        return told

    before = planned()
    refused = studio.run("render", write(bytes="1Mi"), "-d", out)
    nothing = [*out.glob("camp/*.mp4"), *out.glob(".cliptask/segments/*")]
    studio.render(write(bytes="1Gi"), out)
    after = planned()
    made = sum(each.stat().st_size for each in out.glob("camp/*.mp4"))
    counts = json.loads((out / "camp" / "index.json").read_text())["counts"]

    # Two hooks once in each form; the other clip once in each form and with each price: 5 encodes of 1.2 s in 2 forms.
    assert before["encodedSeconds"] == {"total": 12, "toMake": 12}
    assert before["videos"] == {"total": 12, "toMake": 12}
    assert before["outputBytes"]["total"] == before["outputBytes"]["toMake"] > 1 << 20
    assert refused.returncode == 65
    assert "spec.budget.bytes: the task's videos take about" in refused.stderr.replace("\n", " ")
    assert nothing == []
    assert after["outputBytes"] == {"total": made, "toMake": 0}
    assert (counts["variants"], counts["sizeBytes"], counts["encodeSeconds"]) == (12, made, 12)
    # The robot's line costs nothing.
    assert (counts["speechCharacters"], before["paidCharacters"]) == (0, {"total": 0, "toMake": 0})
    assert studio.run("plan", write(bytes=max(made, 1 << 20)), "--folder", out).returncode == 0
    over = studio.run("plan", write(bytes="1Mi"), "--folder", out)
    assert (over.returncode == 65) == (made > 1 << 20)
