"""How much of a picture is left? VMAF (model v0.6.1) of each picture of a video against its sources."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cliptask_renderer.media.ffmpeg import executable


@dataclass(frozen=True)
class Quality:
    """VMAF from 0 to 100 over the pictures of one or more videos."""

    scores: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Of all pictures."""
        return statistics.fmean(self.scores)

    @property
    def low(self) -> float:
        """The mean of the worst hundredth, of one picture at least."""
        worst = sorted(self.scores)[: max(len(self.scores) // 100, 1)]
        return statistics.fmean(worst)


def quality(video: Path, sources: Sequence[Path], fps: int, *, every: int = 1) -> Quality:
    """VMAF of ``video`` against the pictures of ``sources`` in a row, both counted at ``fps`` from their first picture.

    ``every`` scores only each so-manieth picture; keep it prime to 4, the distance of P-frames at three B-frames.
    Raises ``CalledProcessError`` when ffmpeg cannot read one of them, ``ValueError`` when their lengths differ.
    """
    inputs = [argument for file in (video, *sources) for argument in ("-i", str(file))]
    parts = "".join(f"[{number}:v:0]" for number in range(1, len(sources) + 1))
    steps = f"settb=1/{fps},setpts=N,format=yuv420p"
    with tempfile.NamedTemporaryFile(suffix=".json") as log:
        graph = (
            f"[0:v:0]{steps}[made];{parts}concat=n={len(sources)},{steps}[reference];"
            f"[made][reference]libvmaf=n_threads=2:n_subsample={every}:log_fmt=json:log_path={log.name}"
        )
        subprocess.run(
            [executable(), "-v", "error", "-nostdin", *inputs, "-filter_complex", graph, "-f", "null", "-"],
            check=True,
        )
        frames = json.loads(Path(log.name).read_bytes())["frames"]
    return Quality(tuple(float(frame["metrics"]["vmaf"]) for frame in frames))
