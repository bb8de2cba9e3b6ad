"""What do burned captions cost beside MoviePy doing the same? 27 videos of ours, and one of MoviePy's times 27, with words and without.

``python tests/benchmarks/captions.py``: CPU seconds of all processes, which hardly change where a machine has other work; some
minutes. ``--quick`` has small pictures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))  # where ``benchmarks`` is, which nobody installs

from benchmarks import recipes, run  # noqa: E402  after the path
from benchmarks.campaigns import FULL, QUICK, Video  # noqa: E402  as above
from benchmarks.footage import LINES  # noqa: E402  as above
from benchmarks.watch import cpu_s  # noqa: E402  as above
from cliptask.pages import pages  # noqa: E402  as above
from cliptask.word_timing import words_from_events  # noqa: E402  as above
from cliptask_operator.speech import espeak  # noqa: E402  as above
from cliptask_renderer.lettering import faces  # noqa: E402  as above

_WORDS = 4
"""At a time, as the product has them where nothing else is said."""


def main() -> None:
    """Parse the command line, make everything once, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small pictures: shows that it runs")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench", help="where everything goes")
    given = parser.parse_args()
    out = given.out.resolve()
    material, campaign = run.material_of(out, quick=given.quick), (QUICK if given.quick else FULL)[1]
    work = out / "captions"
    work.mkdir(parents=True, exist_ok=True)
    (video,) = campaign.sample(0, material)[:1]
    rows: list[tuple[str, float, float]] = []
    kinds: Sequence[tuple[str, Mapping[str, Any], list[dict[str, Any]]]] = (
        ("plain", {}, []),
        ("burned captions", {"captions": {"mode": "burned"}}, _pages()),
    )
    for name, more, said in kinds:
        ours = cpu_s(
            partial(recipes.product, campaign, material, work / "ours", (), os.cpu_count() or 1, more)
        )
        theirs = cpu_s(partial(_moviepy, video, said, work)) * campaign.variants
        rows.append((name, ours, theirs))
        print(f"{name}: {ours:.0f} and {theirs:.0f} CPU s", file=sys.stderr, flush=True)
    shutil.rmtree(work)
    print(f"| {campaign.variants} videos | CPU s | MoviePy | times as much |\n|---|---:|---:|---:|")
    for name, ours, theirs in rows:
        print(f"| {name} | {ours:.0f} | {theirs:,.0f} | {theirs / ours:.0f} |")
    print(f"| burned by plain | {rows[1][1] / rows[0][1]:.2f} | {rows[1][2] / rows[0][2]:.2f} | |")


def _pages() -> list[dict[str, Any]]:
    """Of the first line, with the times that espeak-ng tells."""
    spoken = asyncio.run(espeak.speak(LINES[0], "en"))
    words = words_from_events(LINES[0], spoken.events, spoken.duration_s)
    return [
        {
            "end": page.end_ms / 1000,
            "words": [[word.strip(), at / 1000] for word, at in zip(page.words, page.starts_ms, strict=True)],
        }
        for page in pages(words, _WORDS, spoken.duration_s)
    ]


def _moviepy(video: Video, said: list[dict[str, Any]], work: Path) -> None:
    order = {
        "clips": [str(file) for file in video.files],
        "music": str(video.track),
        "speech": str(video.recording),
        "output": str(work / "moviepy.mp4"),
        "font": str(faces.installed("Anton").folder / "Anton-Regular.ttf"),
        "pages": said,
    }
    program = Path(__file__).with_name("moviepy_captions.py")
    subprocess.run([sys.executable, program], input=json.dumps(order), text=True, cwd=work, check=True)


if __name__ == "__main__":
    main()
