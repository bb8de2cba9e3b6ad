"""How would one make a video with ffmpeg alone? One filter graph per video, x264's defaults."""

from __future__ import annotations

from pathlib import Path

from benchmarks.campaigns import Video
from cliptask_renderer.media.ffmpeg import executable

MUSIC_VOLUME = 0.2


def command(video: Video, output: Path) -> list[str]:
    """Arguments that decode, join, mix and encode one video."""
    inputs = [argument for file in video.files for argument in ("-i", str(file))]
    count = len(video.files)
    parts = "".join(f"[{number}:v]" for number in range(count))
    graph = (
        f"{parts}concat=n={count}[picture];[{count}:a]volume={MUSIC_VOLUME}[music];"
        f"[music][{count + 1}:a]amix=inputs=2:duration=longest:normalize=0[sound]"
    )
    return [
        executable(), "-v", "error", "-nostdin", "-y", *inputs, "-stream_loop", "-1", "-i", str(video.track),
        "-i", str(video.recording), "-filter_complex", graph, "-map", "[picture]", "-map", "[sound]",
        "-t", f"{video.seconds}", "-c:v", "libx264", "-c:a", "aac", str(output),
    ]  # fmt: skip
