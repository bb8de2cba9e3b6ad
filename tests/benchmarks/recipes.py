"""How is each recipe run? A sample of videos with MoviePy or ffmpeg, a whole campaign with the product."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from types import MappingProxyType
from typing import Any

import yaml

from benchmarks import plain_ffmpeg
from benchmarks.campaigns import Campaign, Material, Video
from benchmarks.footage import FPS, LINES
from benchmarks.watch import Watch


@dataclass(frozen=True)
class Run:
    """One measurement."""

    wall_s: float
    peak_rss_bytes: int
    videos: tuple[Path, ...]
    """The sampled ones, in order."""
    made: int
    """Videos that were made in that time."""


def moviepy(videos: Sequence[Video], folder: Path, width: int) -> Run:
    """The older service: ``width`` workers, each with MoviePy already imported, one video at a time."""
    outputs = _outputs(folder, videos)
    with contextlib.ExitStack() as stack:
        idle: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
        for worker in [stack.enter_context(_worker(folder)) for _ in range(width)]:
            _hear(worker, "ready")
            idle.put(worker)

        def make(video: Video, output: Path) -> None:
            worker = idle.get()
            order = {
                "clips": [str(file) for file in video.files],
                "music": str(video.track),
                "speech": str(video.recording),
                "output": str(output),
            }
            print(json.dumps(order), file=worker.stdin, flush=True)
            _hear(worker, "done")
            idle.put(worker)

        return _side_by_side(make, videos, outputs, width)


def ffmpeg(videos: Sequence[Video], folder: Path, width: int) -> Run:
    """One run of ffmpeg per video, ``width`` of them side by side."""

    def make(video: Video, output: Path) -> None:
        subprocess.run(plain_ffmpeg.command(video, output), check=True)

    return _side_by_side(make, videos, _outputs(folder, videos), width)


def product(
    campaign: Campaign,
    material: Material,
    folder: Path,
    sample: Sequence[Video],
    workers: int,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> Run:
    """``cliptask render`` in an empty folder: everything from the start of Python to the index and the gallery.

    ``folder`` keeps ``task.yaml`` and, below ``out``, what was made; ``more`` are fields of the spec beside those of
    ``campaign_task``.
    """
    _empty(folder)
    task, out = folder / "task.yaml", folder / "out"
    body = campaign_task(campaign, material, out)
    body["spec"] |= more
    task.write_text(yaml.safe_dump(body, sort_keys=False))
    environment = {name: value for name, value in os.environ.items() if name != "ELEVENLABS_API_KEY"}
    command = [str(Path(sys.executable).with_name("cliptask")), "render", str(task), "-d", str(out)]
    words = folder / "render.log"
    with words.open("wb") as log, Watch() as watch:
        code = subprocess.run(
            command,
            check=False,
            cwd=folder,
            env=environment | {"CLIPTASK_WORKERS": str(workers)},
            stdout=log,
            stderr=subprocess.STDOUT,
        ).returncode
    if code:
        message = f"cliptask render ended with {code}: {words.read_text(errors='replace')[-2000:]}"
        raise SystemExit(message)
    videos = tuple(_one(out / TASK, video) for video in sample)
    return Run(watch.wall_s, watch.peak_rss_bytes, videos, len(list((out / TASK).glob("*.mp4"))))


TASK = "bench"


def campaign_task(campaign: Campaign, material: Material, out: Path) -> dict[str, Any]:
    """The same music, speech and picture as the other recipes have, as a ClipTask."""
    alone = campaign.variants == 1
    blocks = [
        {
            "name": f"block{row}",
            "clips": [
                {"url": source.file.as_uri(), "name": f"b{row}c{place}"}
                for place, source in enumerate(block[: campaign.clips])
            ],
        }
        for row, block in enumerate(material.blocks[: campaign.blocks])
    ]
    tracks = material.tracks[:1] if alone else material.tracks
    return {
        "apiVersion": "cliptask.dev/v1alpha1",
        "kind": "ClipTask",
        "metadata": {"name": TASK},
        "spec": {
            "videoBlocks": blocks,
            "audioBlocks": [{"name": "music", "tracks": [{"url": file.as_uri()} for file in tracks]}],
            "speech": [{"voice": "espeak-ng", "text": text} for text in (LINES[:1] if alone else LINES)],
            # As the other recipes mix: each file as it was recorded.
            "sound": {"balance": False, "musicVolume": 0.2, "ducking": False},
            "picture": {"width": material.size.width, "height": material.size.height, "fps": FPS},
            "output": {"uri": out.as_uri()},
        },
    }


def _one(folder: Path, video: Video) -> Path:
    clips = "-".join(f"b{row}c{place}" for row, place in enumerate(video.places))
    (found,) = folder.glob(f"{clips}-*.mp4")
    return found


def _side_by_side(
    make: Callable[[Video, Path], None], videos: Sequence[Video], outputs: Sequence[Path], width: int
) -> Run:
    with ThreadPoolExecutor(width) as pool, Watch() as watch:
        list(pool.map(make, videos, outputs))
    return Run(watch.wall_s, watch.peak_rss_bytes, tuple(outputs), len(outputs))


def _outputs(folder: Path, videos: Sequence[Video]) -> list[Path]:
    _empty(folder)
    return [folder / f"{''.join(map(str, video.places))}.mp4" for video in videos]


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


@contextlib.contextmanager
def _worker(folder: Path) -> Iterator[subprocess.Popen[str]]:
    program = Path(__file__).with_name("moviepy_recipe.py")
    with subprocess.Popen(
        [sys.executable, program], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        try:
            yield worker
        finally:
            if worker.stdin is not None:
                worker.stdin.close()


def _hear(worker: subprocess.Popen[str], word: str) -> None:
    said = worker.stdout.readline().strip() if worker.stdout else ""
    if said != word:
        message = f"the MoviePy worker said {said!r} instead of {word!r}; its own words are above"
        raise SystemExit(message)
