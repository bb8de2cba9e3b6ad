"""What AI made, as a user renders it: in the files, the index, the table and the gallery, and over the picture."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cliptask.area import area
from cliptask.orders import SOURCE_TYPES, Profile
from support import frames as f
from support.readers import xmp_by_ffmpeg
from support.studio import Studio, moments

FORM = Profile(width=96, height=160, fps=30, fit="contain")
EXPECTED = {
    ("clip0", "track0"): "",
    ("clip2", "track0"): "clip",
    ("clip4", "track0"): "voice",
    ("clip0", "track1"): "track",
    ("clip2", "track1"): "clip track",
    ("clip4", "track1"): "voice track",
}
"""By clip and track: AI made clip 2 and track 1, and a robot speaks over clip 4."""


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """One folder of sources for all tests here."""
    return Studio(tmp_path_factory.mktemp("studio"))


def write(studio: Studio, **spec: Any) -> Path:  # noqa: ANN401  a spec's parts
    """The task of ``EXPECTED``."""
    line = {"voice": "espeak-ng", "text": "Hi."}
    clips = [
        {"url": studio.clip(0)},
        {"url": studio.clip(2), "synthetic": True},
        {"url": studio.clip(4), "speech": line},
    ]
    tracks = [{"url": studio.track(0)}, {"url": studio.track(1), "synthetic": True}]
    return studio.write(
        [],
        videoBlocks=[{"name": "b0", "clips": clips}, {"name": "b1", "clips": [{"url": studio.clip(6)}]}],
        audioBlocks=[{"name": "pool", "tracks": tracks}],
        variants={"music": "product"},
        **spec,
    )


@pytest.fixture(scope="module")
def made(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its six videos."""
    out = tmp_path_factory.mktemp("out")
    studio.render(write(studio), out)
    return out / "camp"


def indexed(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """The variants of an index by clip and track."""
    found = json.loads((folder / "index.json").read_text())["variants"]
    return {(each["clips"][0]["clip"], each["track"]): each for each in found}


def test_every_place_tells_the_same_of_every_video(made: Path) -> None:
    """The file would say what the table does not, or somebody would tick the wrong box at a platform."""
    by_index = {key: " ".join(each["synthetic"]) for key, each in indexed(made).items()}
    with (made / "index.csv").open(encoding="utf-8-sig", newline="") as table:
        by_table = {(row["b0"], row["Track"]): row["Synthetic"] for row in csv.DictReader(table)}
    page = (made / "gallery.html").read_text()
    shown = json.loads(re.findall(r'<script type="application/json" id="campaign">(.*?)</script>', page)[0])
    by_gallery = {
        (each["clips"][0]["clip"], each["track"]): " ".join(each["synthetic"]) for each in shown["variants"]
    }
    by_file = {key: xmp_by_ffmpeg(made / each["file"]) for key, each in indexed(made).items()}

    assert by_index == by_table == by_gallery == EXPECTED
    assert {key: xmp and {*xmp.values()} for key, xmp in by_file.items()} == {
        key: {f"{SOURCE_TYPES}compositeSynthetic", "ClipTask"} if told else None
        for key, told in EXPECTED.items()
    }


def test_a_mark_costs_a_join_and_no_encode(studio: Studio, made: Path) -> None:
    """Telling the truth about a clip would take as long as the campaign itself."""
    out = made.parent
    task = write(studio)
    parts = moments(out, ".cliptask/s*/*")
    marked = task.read_text().replace("synthetic: true", "synthetic: false")
    task.write_text(marked)

    studio.render(task, out)

    assert moments(out, ".cliptask/s*/*") == parts
    assert [each["synthetic"] for each in indexed(made).values()] == [[], [], [], [], ["voice"], ["voice"]]
    studio.render(write(studio), out)


def test_a_label_stands_over_what_ai_made_some_of_and_nowhere_else(
    studio: Studio, made: Path, tmp_path: Path
) -> None:
    """Viewers would not be told; or of a video that people filmed and played."""
    label = {"text": "AI-generated", "style": {"size": "12%", "box": {"color": "#ff00ff"}}}

    studio.render(write(studio, disclosure={"label": label}), tmp_path)

    for key, each in indexed(tmp_path / "camp").items():
        labelled = f.decoded(tmp_path / "camp" / each["file"], "rgb24", FORM).astype(int)
        plain = f.decoded(made / indexed(made)[key]["file"], "rgb24", FORM).astype(int)
        is_plate = (np.abs(labelled - (255, 0, 255)).max(axis=3) < 60) & (
            np.abs(labelled - plain).max(axis=3) > 60
        )
        seen = is_plate.any(axis=(1, 2))
        assert len(seen) == each["frames"]
        assert seen.all() if EXPECTED[key] else not seen.any()
        if EXPECTED[key]:
            assert each["titles"] == ["AI-generated"]
            where = np.argwhere(is_plate.any(axis=0))
            safe = area(FORM, is_safe=True)
            (top, left), (bottom, right) = where.min(axis=0), where.max(axis=0)
            assert (abs(top - safe.top) < 4, abs(left - safe.left) < 4) == (True, True)
            assert (bottom < safe.bottom, right < safe.right) == (True, True)


def test_what_the_label_cannot_write_is_refused_before_anything_is_fetched(
    studio: Studio, tmp_path: Path
) -> None:
    """Boxes would stand in the place of the words that the law asks for."""
    translations = [{"language": "de", "text": "KI \U00012000"}]
    task = write(studio, disclosure={"label": {"text": "AI \U00012000", "translations": translations}})

    ran = studio.run("render", task, "-d", tmp_path)

    assert ran.returncode == 65
    for place in ("spec.disclosure.label.text", "spec.disclosure.label.translations[0].text"):
        assert place in ran.stderr
    assert not list(tmp_path.glob("**/sources/*"))
