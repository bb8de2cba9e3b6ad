"""Does another checkout make the same? Two campaigns by each program: keys, frames and bytes side by side.

``python tests/benchmarks/same.py CHECKOUT``, where ``make demo`` has been run in both checkouts. Exits with 1 where anything differs.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support.studio import Studio, framemd5, objects  # noqa: E402  found by the line above

EVERYTHING: dict[str, Any] = {
    "transitions": [{"kind": "crossfade", "duration": "200ms"}],
    "captions": {"mode": "soft"},
    "sound": {"ducking": True, "loudness": -14, "clipVolume": 0.5, "musicVolume": 0.4},
    "picture": {"width": 180, "height": 320, "fps": 25, "fit": "blur"},
    "variants": {"music": "product", "speech": "balanced", "limit": 9},
}


def main(other: Path) -> int:
    """Compare, and say what differs."""
    programs = {"here": ROOT, "there": other.resolve()}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        media = work / "media"
        _demo().make_sources(media)
        # URLs, which every checkout reads.
        text = (ROOT / "examples" / "spring-sale.yaml").read_text().replace("media/", f"{media.as_uri()}/")
        task = work / "demo.yaml"
        task.write_text(text.replace("uri: out", f"uri: {work.as_uri()}"))
        tasks = {"the demo": task, "every feature": _everything(work)}
        differing = [_compared(name, task, programs, work) for name, task in tasks.items()]
    return 1 if any(differing) else 0


def _compared(name: str, task: Path, programs: dict[str, Path], work: Path) -> int:
    """How many files differ."""
    made = {which: work / f"{task.stem}-{which}" for which in programs}
    for which, checkout in programs.items():
        program = checkout / ".venv" / "bin" / "cliptask"
        command = [str(program), "render", str(task), "--folder", str(made[which]), "--speech", "espeak"]
        subprocess.run(command, check=True, stdout=sys.stderr)
    # When a file was looked at is of the machine; locks and scratch are of the moment.
    here, there = (
        {file: content for file, content in objects(folder, "**/*").items() if "/urls/" not in file and ".store/" not in file}
        for folder in made.values()
    )  # fmt: skip
    differing = sorted(file for file in here.keys() | there.keys() if here.get(file) != there.get(file))
    for file in differing:
        print(f"{name}: {file}: {'differs' if file in here and file in there else 'is in one alone'}")
    videos = [file for file in here if file.endswith(".mp4") and file in there]
    frames = [(framemd5(made["here"] / file), framemd5(made["there"] / file)) for file in videos]
    unequal = sum(one != other for one, other in frames)
    kinds = Counter(
        Path(file).parts[-2] if file.startswith(".cliptask") else Path(file).suffix for file in here
    )
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    print(
        f"{name}: {len(here)} files ({counted}), {len(differing)} differ; {len(videos)} films and segments of "
        f"{sum(len(one) for one, _ in frames)} frames, {unequal} differ"
    )
    return len(differing) + unequal


def _everything(work: Path) -> Path:
    """A task with every feature that changes frames or samples."""
    folder = work / "studio"
    folder.mkdir()
    studio = Studio(folder)
    still = {"url": studio.picture("photo.png"), "duration": "1500ms", "motion": "zoomIn"}
    blocks = [
        {"name": "hook", "clips": [{"url": studio.clip(0), "trim": {"start": "200ms"}}, {"url": studio.clip(1)}, still]},
        {"name": "offer", "clips": [{"url": studio.clip(2)}, still | {"name": "resting", "motion": "panLeft"}]},
    ]  # fmt: skip
    overlays = [
        {"text": "Now", "block": "hook", "from": "100ms"},
        {"image": {"url": studio.picture()}, "position": "topRight", "width": "30%"},
    ]
    return studio.write([[0]], tracks=2, lines=2, **EVERYTHING, videoBlocks=blocks, overlays=overlays)


def _demo() -> ModuleType:
    """The demo's program, which makes its sources."""
    spec = importlib.util.spec_from_file_location("demo", ROOT / "examples" / "demo.py")
    if spec is None or spec.loader is None:
        sys.exit("examples/demo.py is missing")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
