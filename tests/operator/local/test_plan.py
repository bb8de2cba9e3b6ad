"""Whether a plan tells what a run then does: what it ends with, what it makes, and what lies there besides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.studio import Studio, objects

PAGES = "camp/[ig]*.*"
"""Index, table and gallery."""


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """One folder of sources for all tests here."""
    return Studio(tmp_path_factory.mktemp("studio"))


def planned(studio: Studio, task: Path, out: Path) -> Any:  # noqa: ANN401  JSON
    """What ``plan`` says to a program."""
    return json.loads(studio.run("plan", task, "--folder", out, "-o", "json").stdout)


def edited(task: Path, before: str, after: str) -> Path:
    """The task with other words in it."""
    task.write_text(task.read_text().replace(before, after))
    return task


def test_a_plan_ends_as_the_run_does_whatever_is_wrong(studio: Studio, tmp_path: Path) -> None:
    """A pipeline would be told that all is well, and fail an hour later."""
    (studio.folder / "broken.mp4").write_bytes(b"no video")
    cases = {
        "good": studio.write([[0], [1]]).read_text(),
        "skips": studio.write([[0, 1], [2]], failurePolicy={"onSourceError": "Skip"})
        .read_text()
        .replace("clip1.mp4", "broken.mp4"),
        "fails": studio.write([[0, 1], [2]]).read_text().replace("clip1.mp4", "gone.mp4"),
        "unreadable": "kind: Nothing",
    }
    ends = {}
    for name, text in cases.items():
        task = tmp_path / f"{name}.yaml"
        task.write_text(text)
        ends[name] = [
            studio.run("plan", task, "--folder", tmp_path / name).returncode,
            studio.run("render", task, "-d", tmp_path / name).returncode,
        ]

    assert ends == {"good": [0, 0], "skips": [65, 65], "fails": [65, 65], "unreadable": [65, 65]}


def test_what_is_new_and_what_stays_is_what_a_run_makes_and_leaves(studio: Studio, tmp_path: Path) -> None:
    """An edit would cost more than its author was told."""
    studio.render(studio.write([[0, 1], [2]]), tmp_path)
    before = {path.stem for path in tmp_path.glob("camp/*.mp4")}
    task = studio.write([[0, 3], [2]])

    said = planned(studio, task, tmp_path)
    studio.render(task, tmp_path)

    after = {path.stem for path in tmp_path.glob("camp/*.mp4")}
    assert {each["name"] for each in said["variants"] if each["isNew"]} == after - before
    assert {each["name"] for each in said["variants"] if not each["isNew"]} < before
    assert said["exitCode"] == 0


def test_videos_of_earlier_edits_are_told_by_plan_render_and_gallery(studio: Studio, tmp_path: Path) -> None:
    """Somebody would publish the old price from a folder that calls itself complete."""
    studio.render(studio.write([[0, 1, 2]]), tmp_path)
    old = {path.stem for path in tmp_path.glob("camp/clip[12]-*.mp4")}
    task = studio.write([[0]])

    said = planned(studio, task, tmp_path)
    table = studio.run("plan", task, "--folder", tmp_path).stdout
    printed = studio.render(task, tmp_path)

    words = "2 of 3 videos in the folder are of earlier edits: spec.output.prune: true removes them"
    assert (said["earlier"]["total"], said["earlier"]["toRemove"]) == (2, 0)
    assert set(said["earlier"]["names"]) == old
    assert words in table
    assert words in printed
    assert "2 videos of earlier edits lie in this folder too" in (tmp_path / "camp/gallery.html").read_text()


def test_what_prune_removes_is_told_before(studio: Studio, tmp_path: Path) -> None:
    """What is gone is gone."""
    studio.render(studio.write([[0, 1, 2]]), tmp_path)
    task = studio.write([[0]], output={"uri": "file:///nowhere", "prune": True})

    said = planned(studio, task, tmp_path)
    printed = studio.render(task, tmp_path)

    assert said["earlier"]["toRemove"] == 2
    assert "removed: 2 videos no longer wanted" in printed
    assert "earlier edit" not in printed + (tmp_path / "camp/gallery.html").read_text()
    assert planned(studio, task, tmp_path)["earlier"]["total"] == 0


def test_a_plan_may_be_a_comment(studio: Studio, tmp_path: Path) -> None:
    """Whoever reviews an edit would have to run it to see what it does; or a message would become markup."""
    task = edited(
        studio.write([[0, 1], [2]], failurePolicy={"onSourceError": "Skip"}), "clip1.mp4", "a_b<b>*.mp4"
    )

    ran = studio.run("plan", task, "--folder", tmp_path, "-o", "markdown")

    lines = ran.stdout.splitlines()
    assert lines[0] == "### camp: 96x160 at 30 fps"
    assert "| videos | 1 | 0 | 1 |" in lines
    assert "- `cliptask render` would end with 65" in lines
    assert "<details><summary>New: 1</summary>" in lines
    (error,) = (each for each in lines if each.startswith("- **error:**"))
    assert "a\\_b" in error
    assert "<b>" not in error


@pytest.mark.parametrize("after", ["nothing", "a good one"])
def test_a_run_that_makes_nothing_leaves_the_pages_of_the_good_one_before(
    studio: Studio, tmp_path: Path, after: str
) -> None:
    """One bad edit would take away the gallery of all that is there."""
    if after == "a good one":
        studio.render(studio.write([[0, 1]]), tmp_path)
    before = objects(tmp_path, PAGES)
    task = edited(studio.write([[2]], failurePolicy={"onSourceError": "Skip"}), "clip2.mp4", "gone.mp4")

    ran = studio.run("render", task, "-d", tmp_path)

    assert ran.returncode == 65
    if after == "a good one":
        assert len(before) == 3
        assert objects(tmp_path, PAGES) == before
        assert "gallery.html (still of the run before)" in ran.stdout
    else:
        assert "gone" in (tmp_path / "camp/index.json").read_text()


def test_a_size_of_no_platform_is_told_before_it_is_made(studio: Studio, tmp_path: Path) -> None:
    """Videos of 964x1280 would be found out at the upload. What the task says itself is meant."""
    silent = studio.write([[0]], picture={"width": 96, "height": 160})
    told = studio.run("plan", silent, "--folder", tmp_path, "-o", "json").stdout
    task = studio.write([[0]], output={"uri": str(tmp_path)})

    plan, render = studio.run("plan", task), studio.run("render", task)

    assert json.loads(told)["picture"]["remark"] is None
    remark = planned(studio, task, tmp_path)["picture"]["remark"]
    assert remark.startswith("picture: 96x160, as its clips are, has the shape of no ad platform's form")
    assert "spec.picture: {width: 1080, height: 1920, fit: blur}" in remark
    assert remark in plan.stdout
    assert remark in render.stderr
    assert (plan.returncode, render.returncode) == (0, 0)
