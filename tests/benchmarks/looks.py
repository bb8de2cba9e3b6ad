"""What do titles, captions and transitions cost? The campaign of 27 videos plain, and with each of them, by turns.

``python tests/benchmarks/looks.py``: about ten minutes; ``--quick`` shows that it runs. Three lines, so that captions which are a
part of the picture make three segments of one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))  # where ``benchmarks`` is, which nobody installs

from benchmarks import recipes, run  # noqa: E402  after the path
from benchmarks.campaigns import FULL, QUICK  # noqa: E402  as above

TITLE = {"text": "-20 % until Sunday", "block": "block1", "from": "500ms", "to": "2s"}
MOVES = {"in": {"kind": "pop"}, "out": {"kind": "fade"}}
LOOKS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "soft captions": {"captions": {"mode": "soft"}},
    "a title": {"overlays": [TITLE]},
    "a title that comes and goes": {"overlays": [TITLE | MOVES]},
    "burned captions": {"captions": {"mode": "burned"}},
    "burned captions, one word at a time": {"captions": {"mode": "burned", "style": "oneWord"}},
    "crossfades of 500 ms": {"transitions": [{"kind": "crossfade", "duration": "500ms"}]},
    "balance and loudness": {"sound": {"musicVolume": 0.4}},
    "all of it": {
        "captions": {"mode": "burned"}, "overlays": [TITLE | MOVES], "sound": {"musicVolume": 0.4},
        "transitions": [{"kind": "crossfade", "duration": "500ms"}],
    },
}  # fmt: skip


def main() -> None:
    """Parse the command line, render by turns, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small pictures: shows that it runs")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is made (default: 3)")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench", help="where everything goes")
    given = parser.parse_args()
    material, campaign = (
        run.material_of(given.out.resolve(), quick=given.quick),
        (QUICK if given.quick else FULL)[1],
    )
    work = given.out.resolve() / "looks"
    walls: dict[str, list[float]] = {look: [] for look in LOOKS}
    for number in range(given.rounds):
        for look, more in LOOKS.items():
            made = recipes.product(campaign, material, work, (), os.cpu_count() or 1, more)
            walls[look].append(made.wall_s)
            print(
                f"round {number + 1}, {look}: {made.made} videos in {made.wall_s:.1f} s",
                file=sys.stderr,
                flush=True,
            )
    shutil.rmtree(work)
    print(f"| {campaign.variants} videos | s | of the plain ones |\n|---|---:|---:|")
    for look, taken in walls.items():
        ratios = [one / plain for one, plain in zip(taken, walls["plain"], strict=True)]
        print(f"| {look} | {median(taken):.1f} | {median(ratios):.2f} |")


if __name__ == "__main__":
    main()
