"""Several forms of one task, from the command line to the files: what is shared, what is added, what each looks like."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
import yaml

from support.studio import Studio, moments, objects

REELS = {"name": "reels", "width": 90, "height": 160, "fps": 30}
FEED = {"name": "feed", "width": 128, "height": 160, "fit": "blur"}
SQUARE = {"name": "square", "width": 120, "height": 120, "fit": "cover"}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """One folder of sources for all tests here."""
    return Studio(tmp_path_factory.mktemp("studio"))


def size_of(video: Path) -> tuple[int, int]:
    """Width and height of its pictures, as a decoder gives them."""
    reader = imageio_ffmpeg.read_frames(video)
    size: tuple[int, int] = next(reader)["size"]
    reader.close()
    return size


def pictured(task: Path, *pictures: dict[str, Any]) -> Path:
    """The task with these forms."""
    data = yaml.safe_load(task.read_text())
    data["spec"].pop("picture", None)
    task.write_text(
        yaml.safe_dump(data | {"spec": data["spec"] | {"pictures": [*pictures]}}, sort_keys=False)
    )
    return task


def index_of(out: Path) -> Any:  # noqa: ANN401  JSON
    """What the campaign's index says."""
    return json.loads((out / "camp" / "index.json").read_text())


def test_every_form_is_made_of_the_same_sound_and_an_added_one_alone(studio: Studio, tmp_path: Path) -> None:
    """A second placement would cost its mixes again, or have the ads of the first made anew."""
    task = studio.write(
        [[0, 1], [2]], tracks=1, lines=1, captions={"mode": "sidecar"}, overlays=[{"text": "Now"}], sound={"clipVolume": 0.5},
    )  # fmt: skip
    studio.render(pictured(task, REELS, FEED), tmp_path)
    index = index_of(tmp_path)
    cache = ".cliptask/*s/*.m*"
    before, videos = objects(tmp_path, cache), moments(tmp_path, "camp/*.mp4")

    said = studio.run("plan", pictured(task, REELS, FEED, SQUARE), "--folder", tmp_path, "-o", "json").stdout
    studio.render(task, tmp_path)

    assert Counter(each["form"] for each in index["variants"]) == {"reels": 2, "feed": 2}
    assert {size_of(tmp_path / "camp" / each["file"]) for each in index["variants"]} == {
        (90, 160),
        (128, 160),
    }
    assert sum("soundtracks/" in name for name in before) == 2
    assert Counter(each["change"] for each in json.loads(said)["variants"]) == {
        "stays": 4,
        "newCombination": 2,
    }
    assert {cause for each in json.loads(said)["variants"] for cause in each["because"]} == {
        "picture 'square' was added"
    }
    assert videos.items() <= moments(tmp_path, "camp/*.mp4").items()
    added = set(objects(tmp_path, cache)) - set(before)
    assert added
    assert all("/segments/" in name for name in added)
    assert len(added) == json.loads(said)["pieces"]["toMake"] == 3
    new = [each for each in index_of(tmp_path)["variants"] if each["form"] == "square"]
    assert {size_of(tmp_path / "camp" / each["file"]) for each in new} == {(120, 120)}


def test_a_form_is_the_same_beside_others_as_alone(studio: Studio, tmp_path: Path) -> None:
    """The feed would show another video than a task of the feed alone."""
    looks: dict[str, Any] = {"overlays": [{"text": "Now", "in": {"kind": "pop"}}, {"image": {"url": studio.picture()}, "position": "topRight"}],
             "transitions": [{"kind": "crossfade", "duration": "200ms"}]}  # fmt: skip
    task = studio.write([[0], [3]], **looks)
    alone = {key: value for key, value in FEED.items() if key != "name"} | {"fps": 30}

    studio.render(pictured(task, REELS, FEED, SQUARE), tmp_path / "several")
    studio.render(studio.write([[0], [3]], picture=alone, **looks), tmp_path / "one")

    (one,) = objects(tmp_path / "one", "camp/*.mp4").values()
    assert one in objects(tmp_path / "several", "camp/*-feed-*.mp4").values()


def test_forms_of_one_size_after_all_are_refused_before_anything_is_encoded(
    studio: Studio, tmp_path: Path
) -> None:
    """The same video would be made twice, under two names."""
    task = pictured(studio.write([[0]]), {"name": "own"}, {"name": "same", "width": 96, "height": 160})

    ran = studio.run("render", task, "-d", tmp_path)

    assert ran.returncode == 65
    assert (
        "spec.pictures[0]: its clips make a picture of 96x160 pixels, as large as spec.pictures[1]"
        in ran.stderr
    )
    assert not objects(tmp_path, ".cliptask/segments/*")


def test_a_clip_is_decoded_once_for_all_forms(studio: Studio, tmp_path: Path) -> None:
    """Three forms would cost three decodings; or an added one would have the others encoded again."""
    log, watched = tmp_path / "runs.txt", tmp_path / "ffmpeg"
    watched.write_text(f'#!/bin/sh\necho "$*" >> {log}\nexec {imageio_ffmpeg.get_ffmpeg_exe()} "$@"\n')
    watched.chmod(0o755)
    seen = Studio(studio.folder, {"IMAGEIO_FFMPEG_EXE": str(watched)})

    def encoded(task: Path) -> list[int]:
        """How many forms each run of the encoder made."""
        log.write_text("")
        seen.render(task, tmp_path / "out")
        return [count for each in log.read_text().splitlines() if (count := each.count("-c:v libx264"))]

    assert encoded(pictured(studio.write([[0, 1], [2]]), REELS, FEED)) == [2, 2, 2]
    assert encoded(pictured(studio.write([[0, 1], [2]]), REELS, FEED, SQUARE)) == [1, 1, 1]
    assert encoded(pictured(studio.write([[0, 1], [2, 3]]), REELS, FEED, SQUARE)) == [3]
    assert encoded(pictured(studio.write([[0, 1], [2, 3]]), REELS, FEED, SQUARE)) == []
