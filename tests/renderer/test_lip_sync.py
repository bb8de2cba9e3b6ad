"""Whether sound and picture stay together over many joins, measured in the joined video as a player decodes it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from cliptask import recipe
from cliptask_renderer import build
from cliptask_renderer.storage.folder import FolderStore
from support import frames as f
from support import looks, media

JOINS = 20
BLOCKS = 20
"""The most that a task may have: the first clip is so long that it has a join of its own."""
LONG_S = 9
CLAP_S = 0.7
"""When each source flashes and clicks, both at once."""
RATES = (48_000, 44_100, 32_000)


def clapper(path: Path, rate: int, seconds: int = 2) -> Path:
    """A clip in which one picture is white, and a click is heard as it appears."""
    pictures = np.zeros((seconds * 30, 160, 96), np.uint8)
    pictures[round(CLAP_S * 30)] = 255
    silent = f.encode(path.with_name(f"silent-{path.name}"), pictures)
    click = f"aevalsrc='if(between(t,{CLAP_S},{CLAP_S + 0.008}),0.8*sin(2*PI*1000*t),0)':s={rate}:d={seconds}"
    arguments = ["-i", str(silent), "-f", "lavfi", "-i", click, "-map", "0:v", "-map", "1:a", "-c:v", "copy"]
    made = media.ffmpeg([*arguments, "-c:a", "pcm_s16le"], path)
    silent.unlink()
    return made


def flashes_s(video: Path) -> list[float]:
    """When white pictures are shown."""
    with av.open(str(video)) as container:
        shown = [
            (float(picture.time or 0), picture.to_ndarray(format="gray").mean())
            for picture in container.decode(video=0)
        ]
    return [time for time, light in shown if light > 128]


def clicks_s(video: Path) -> list[float]:
    """When clicks are heard: each from where it is half as loud as at its loudest."""
    with av.open(str(video)) as container:
        parts = [
            (float(part.time or 0), np.abs(part.to_ndarray()).max(axis=0))
            for part in container.decode(audio=0)
        ]
        rate = container.streams.audio[0].rate
    times: npt.NDArray[np.float64] = np.concatenate(
        [begin + np.arange(len(part)) / rate for begin, part in parts]
    )
    levels = np.concatenate([part for _, part in parts])
    loud = times[levels > levels.max() / 2]
    return [
        float(loud[0]),
        *(float(after) for before, after in pairwise(loud) if after - before > 0.2),
    ]


@pytest.mark.parametrize(
    "transitions", [[], [{"kind": "crossfade", "duration": "300ms"}]], ids=["cuts", "crossfades"]
)
@pytest.mark.parametrize("fps", [30, 60])
def test_lips_move_with_the_voice_after_twenty_joins(
    fps: int, transitions: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Each join would shift the sound a little, and the last clip would be out of step."""
    folder = tmp_path / "media"
    folder.mkdir()
    sources = [clapper(folder / f"{rate}.mkv", rate) for rate in RATES]
    long = clapper(folder / "long.mkv", 48_000, LONG_S)
    # Of lengths that are no whole number of frames of AAC.
    clips = [
        {
            "url": sources[number % len(sources)].as_uri(),
            "trim": {"start": f"{number % 3 * 100}ms", "end": f"{1433 + number % 5 * 100}ms"},
        }
        for number in range(1, BLOCKS)
    ]
    blocks = [
        {"name": f"b{row}", "clips": [clip]} for row, clip in enumerate([{"url": long.as_uri()}, *clips])
    ]
    spec = {
        "videoBlocks": blocks, "transitions": transitions, "sound": {"clipVolume": 1},
        "picture": {"width": 96, "height": 160, "fps": fps}, "output": {"uri": "file:///srv/campaigns"},
    }  # fmt: skip
    of = looks.Looks(tmp_path, folder, spec, (), {})
    (variant,) = of.planned().variants
    assert len(variant.order.segments) > JOINS

    build.make_variant(of.store("cache"), FolderStore(tmp_path / "out"), "t", variant.name, variant.order)

    video = tmp_path / "out" / "t" / f"{variant.name}.mp4"
    seen, heard = flashes_s(video)[:: fps // 30], clicks_s(video)
    assert len(seen) == len(heard) == BLOCKS
    apart = [abs(one - other) * recipe.SAMPLE_RATE for one, other in zip(seen, heard, strict=True)]
    assert max(apart) < recipe.AAC_FRAME
