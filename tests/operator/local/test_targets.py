"""What a person at a terminal is told of the platforms on which videos are to be shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.studio import Studio

FORMS = [{"name": "reels", "width": 96, "height": 170}, {"name": "square", "width": 96, "height": 96}]
TITLE = {"text": "Sale", "place": {"x": "50%", "y": "95%"}}
SMALL = "is 96x170; it takes 540x960 or more: give the picture a larger size"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """One folder of sources for all tests here."""
    return Studio(tmp_path_factory.mktemp("studio"))


@pytest.fixture
def task(studio: Studio) -> Path:
    """Two videos of 1.2 s in two forms, for three platforms."""
    return studio.write(
        [[0, 1]], targets=["tiktok", "metaReels", "metaStories"], pictures=FORMS, overlays=[TITLE]
    )


def test_validate_tells_what_the_file_alone_says(studio: Studio, task: Path) -> None:
    """A slip would show once everything is fetched; or a guess be told as a fact."""
    ran = studio.run("validate", task)

    assert ran.returncode == 0, ran.stderr
    valid, *told = ran.stdout.splitlines()
    assert valid.endswith("is valid; 4 videos")
    assert f"tiktok would refuse videos in reels: {SMALL}" in told
    assert any(' spec.overlays[0].place ("Sale"): leaves the safe zone in reels (96x170), of tiktok by about ' in each for each in told)  # fmt: skip
    assert not any("lasts" in each for each in told)


@pytest.mark.parametrize("output", ["table", "json", "yaml", "markdown"])
def test_a_plan_tells_which_video_which_platform_would_refuse(
    output: str, studio: Studio, task: Path, tmp_path: Path
) -> None:
    """Everything would be rendered for nobody."""
    ran = studio.run("plan", task, "--folder", tmp_path, "-o", output)

    assert ran.returncode == 0, ran.stderr
    if output in ("table", "markdown"):
        words = ran.stdout.replace("\\", "")
        assert "tiktok would refuse 4 of 4 videos (clip0-" in words
        assert "lasts 1.2 s; it takes 5 s to 10 min: use longer clips" in words
        assert "metaStories would refuse 2 of 2 videos (clip0-reels-" in words
        return
    said: dict[str, Any] = json.loads(ran.stdout) if output == "json" else yaml.safe_load(ran.stdout)
    tiktok, reels, stories = said["targets"]
    assert (tiktok["target"], tiktok["forms"], tiktok["videos"]) == ("tiktok", ["reels", "square"], 4)
    assert {each["name"] for each in tiktok["refused"]} == {each["name"] for each in said["variants"]}
    assert all("lasts 1.2 s; it takes 5 s to 10 min" in each["because"] for each in tiktok["refused"])
    assert reels == {"target": "metaReels", "forms": ["reels"], "videos": 2, "refused": []}
    assert [each["because"] for each in stories["refused"]] == [
        ["is 96x170; it takes a width of 500 or more"]
    ] * 2


def test_a_run_tells_it_first_and_the_index_has_the_truth(studio: Studio, tmp_path: Path) -> None:
    """Whoever waits for the videos would learn it at the end; a guess would stand beside what can be weighed."""
    task = studio.write([[0, 1]], targets=["metaReels", "linkedin"], picture={"width": 360, "height": 640})

    ran = studio.run("render", task, "--folder", tmp_path)
    index = json.loads((tmp_path / "camp" / "index.json").read_text())

    assert ran.returncode == 0, ran.stderr
    assert "linkedin would refuse 2 of 2 videos (" in ran.stderr
    assert [each["targets"] for each in index["variants"]] == [["metaReels"]] * 2
    for each in index["variants"]:
        assert any("lasts 1.2 s" in why for why in each["refused"]["linkedin"])
        weighed = any("75 kB" in why for why in each["refused"]["linkedin"])
        assert weighed == (each["sizeBytes"] < 75_000)


def test_a_diff_tells_what_an_edit_makes_a_platform_refuse(studio: Studio, tmp_path: Path) -> None:
    """A reviewer would see seconds and characters, and not that the ad cannot be shown."""
    large = {"width": 360, "height": 640}
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(studio.write([[0]], targets=["metaReels"], picture=large).read_text())
    new.write_text(studio.write([[0]], targets=["metaReels", "tiktok"], picture=large).read_text())

    there, back = studio.run("diff", old, new), studio.run("diff", new, old)

    assert "tiktok would refuse 1 of 1 video (" in there.stdout
    assert "would refuse" not in back.stdout
