"""What does a video cost where there are thousands? ``cliptask render`` of four small clips each, in a folder.

``python tests/benchmarks/many.py``: 1,000 and 10,000 videos of 270x480, about a minute and a half; ``--sound`` gives them music,
spoken lines, captions. ``--beside CHECKOUT`` has another checkout's program make the same by turns, ``--profile`` says which
functions take the time. Needs 0.35 MB of disk a video, 3.5 GB for 10,000, below ``--out``; all of it goes in the end.
"""

from __future__ import annotations

import argparse
import math
import os
import pstats
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))  # where ``support`` and ``benchmarks`` are, which nobody installs

from benchmarks.watch import Watch  # noqa: E402  after the path
from support import media  # noqa: E402  as above

BLOCKS, CLIPS = 4, 10
WIDTH, HEIGHT, FPS = 270, 480, 30
NAME = "many"
MADE = {"segments", "soundtracks", "videos"}
_BYTES_PER_VIDEO = 350_000
_FUNCTIONS = 45
"""Of a profile are told."""


@dataclass(frozen=True)
class Taken:
    """What one run of the program took, all its processes together."""

    before_s: float
    """To start, to read the inputs, to plan and to list what is there."""
    making_s: float
    """From there to the last video."""
    after_s: float
    """To list again and to write index, table and gallery."""
    cpu_s: float
    peak_bytes: int

    @property
    def wall_s(self) -> float:
        """From the start of Python to its end."""
        return self.before_s + self.making_s + self.after_s

    def row(self, what: str, videos: int) -> str:
        """Of the table."""
        each_ms, cpu_ms = (1000 * seconds / videos for seconds in (self.wall_s, self.cpu_s))
        phases = " | ".join(f"{each:.1f}" for each in (self.before_s, self.making_s, self.after_s))
        return (
            f"| {what} | {videos:,} | {self.wall_s:.1f} | {each_ms:.2f} | {cpu_ms:.2f} | {phases} "
            f"| {self.peak_bytes / 1e6:.0f} |"
        )


HEADER = """\
| | videos | s | ms each | CPU ms each | before, s | making, s | after, s | peak MB |
|---|---:|---:|---:|---:|---:|---:|---:|---:|"""


def main() -> None:
    """Parse the command line, render, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--videos",
        type=int,
        nargs="+",
        default=[1000, 10_000],
        help="how many, by turns; products of four numbers up to 10",
    )
    parser.add_argument("--sound", action="store_true", help="with two tracks, two spoken lines and captions")
    parser.add_argument("--beside", type=Path, help="another checkout, whose .venv has its program")
    parser.add_argument("--profile", action="store_true", help="print where the parent's time goes")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "many", help="where it lies meanwhile")
    given = parser.parse_args()
    checkouts = [ROOT, *([given.beside.resolve()] if given.beside else [])]
    given.out.mkdir(parents=True, exist_ok=True)
    _check_room(given.out, max(given.videos) * _BYTES_PER_VIDEO)
    with TemporaryDirectory(dir=given.out) as folder:
        work = Path(folder)
        print(HEADER, flush=True)
        for videos in given.videos:
            task = write_task(work, videos, sound=given.sound)
            for checkout in checkouts:
                for what, taken in _rendered(checkout, task, work / "out", profile=given.profile):
                    print(taken.row(f"{checkout.name}: {what}", videos), flush=True)


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        sys.exit(
            f"{folder} has {free / 1e9:.1f} GB free, {needed / 1e9:.1f} GB are needed: name another with --out"
        )


def write_task(work: Path, videos: int, *, sound: bool) -> Path:
    """A task of so many videos of 1 s clips, and its sources, in a folder; returns the file."""
    body: dict[str, Any] = {
        "videoBlocks": [
            {
                "name": f"b{block}",
                "clips": [{"url": _clip(work, block * CLIPS + number)} for number in range(clips)],
            }
            for block, clips in enumerate(_sizes(videos))
        ],
        "picture": {"width": WIDTH, "height": HEIGHT, "fps": FPS},
        "output": {"uri": (work / "out").as_uri()},
    }
    if sound:
        tracks = [media.track(work / f"track{number}.mp3", 4, 220 + 110 * number) for number in range(2)]
        body["audioBlocks"] = [{"name": "music", "tracks": [{"url": track.as_uri()} for track in tracks]}]
        body["speech"] = [
            {"voice": "espeak-ng", "text": text} for text in ("Only this week.", "Come and see.")
        ]
        body["captions"] = {"mode": "soft"}
    task = {
        "apiVersion": "cliptask.dev/v1alpha1",
        "kind": "ClipTask",
        "metadata": {"name": NAME},
        "spec": body,
    }
    path = work / f"{videos}.yaml"
    path.write_text(yaml.safe_dump(task))
    return path


def _sizes(videos: int) -> list[int]:
    """Clips of each block, so that their combinations are so many."""
    sizes: list[int] = []
    for _ in range(BLOCKS):
        sizes.append(max(size for size in range(1, CLIPS + 1) if videos // math.prod(sizes) % size == 0))
    if math.prod(sizes) != videos:
        sys.exit(f"{videos} videos are no product of {BLOCKS} numbers up to {CLIPS}")
    return sizes


def _clip(work: Path, number: int) -> str:
    path = work / f"clip{number}.mp4"
    if not path.exists():
        look = media.ClipLook(WIDTH, HEIGHT, FPS, audio=False, hue=number * 9)
        media.clip(path, look)
    return path.as_uri()


def _rendered(checkout: Path, task: Path, out: Path, *, profile: bool) -> Iterator[tuple[str, Taken]]:
    """From nothing, with the parts there, and with everything there; none waits for the disk of the one before."""
    python, program = checkout / ".venv" / "bin" / "python", checkout / ".venv" / "bin" / "cliptask"
    stats = task.with_suffix(".stats")
    profiled = [str(python), "-m", "cProfile", "-o", str(stats)] if profile else [str(python)]
    command = [*profiled, str(program), "render", str(task), "--folder", str(out)]
    try:
        yield "from nothing", _run(command)
        _told(stats)
        shutil.rmtree(out / NAME)
        os.sync()
        yield "its parts are there", _run(command)
        _told(stats)
        yield "all is there", _run(command)
        _told(stats)
    finally:
        shutil.rmtree(out, ignore_errors=True)
        os.sync()


def _run(command: Sequence[str]) -> Taken:
    """The program's run; what it says on the way is told apart by when it comes."""
    moments: dict[str, float] = {}
    before = os.times()
    with Watch() as watch:
        began = time.perf_counter()
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as program:
            said = program.stderr or iter(())
            for line in said:
                moment = time.perf_counter() - began
                kind, _, rest = line.partition(": ")
                if rest.strip().endswith("to do"):
                    moments.setdefault("begun", moment)
                elif " of " in rest:
                    moments[kind] = moment
                else:
                    sys.stderr.write(line)
        if program.returncode:
            sys.exit(f"{' '.join(command)} ended with {program.returncode}")
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    begun = moments.get("begun", watch.wall_s)
    made = max((moment for kind, moment in moments.items() if kind in MADE), default=begun)
    return Taken(begun, made - begun, watch.wall_s - made, cpu_s, watch.peak_rss_bytes)


def _told(stats: Path) -> None:
    if stats.exists():
        pstats.Stats(str(stats)).sort_stats("tottime").print_stats(_FUNCTIONS)
        stats.unlink()


if __name__ == "__main__":
    main()
