"""What does a seam of each kind cost? CPU seconds and memory beside a crossfade's, and beside as many frames of one clip.

``python tests/benchmarks/transitions.py [ROUNDS]``: 15 frames of 1080x1920 from real footage, all kinds in turn in each round.
"""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import sys
import tempfile
from pathlib import Path
from typing import get_args

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from cliptask.facts import Look  # noqa: E402  found by the line above
from cliptask.orders import Profile, SegmentOrder, TransitionOrder  # noqa: E402
from cliptask.spec.transitions import OverlapKind  # noqa: E402
from cliptask_renderer.media import segment  # noqa: E402
from support import frames as f  # noqa: E402
from support import media  # noqa: E402
from support.real_footage import real_footage  # noqa: E402

SHOWN = Profile(width=1080, height=1920, fps=30, fit="cover")
FRAMES, FIRST = 15, 30
UPRIGHT = ("-vf", "scale=-2:1920,crop=1080:1920", "-r", "30", "-an", "-c:v", "libx264", "-crf", "16")


def main(rounds: int) -> int:
    """Measure, and print a table."""
    orders = {"one clip alone": _order(None), **{kind: _order(kind) for kind in get_args(OverlapKind)}}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in orders}
    with tempfile.TemporaryDirectory() as folder:
        sources = {}
        for name, file in (("a", "bikes.mp4"), ("b", "bigbuckbunny.mp4")):
            found = ("-ss", "1", "-t", "2", "-i", str(real_footage(file)), *UPRIGHT)
            sources[name] = media.ffmpeg(found, Path(folder) / f"{name}.mp4")
        for _ in range(rounds):
            for name, order in orders.items():
                taken[name].append(_measured(order, sources))
    plain = statistics.median(cpu_s for cpu_s, _ in taken["crossfade"])
    print("| kind | CPU s | of a crossfade's | MB |\n|---|---:|---:|---:|")
    for name, measured in taken.items():
        cpu_s, peak_mb = (statistics.median(column) for column in zip(*measured, strict=True))
        print(f"| {name} | {cpu_s:.2f} | {cpu_s / plain:.2f} | {peak_mb:.0f} |")
    return 0


def _order(kind: str | None) -> SegmentOrder:
    cuts = [f.video(name, FIRST, FRAMES, look=Look()) for name in "ab"]
    if kind is None:
        return f.order_of(cuts[0], profile=SHOWN)
    color = "#ffffff" if kind == "fade" else None
    between = TransitionOrder.model_validate({"kind": kind, "color": color})
    return f.order_of(*cuts, profile=SHOWN, transition=between)


def _measured(order: SegmentOrder, sources: dict[str, Path]) -> tuple[float, float]:
    """CPU seconds of ffmpeg, and its peak memory in MB, in a process that has no other children."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_make, (order, sources))


def _make(order: SegmentOrder, sources: dict[str, Path]) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        segment.make_segment(order, sources, Path(folder))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
