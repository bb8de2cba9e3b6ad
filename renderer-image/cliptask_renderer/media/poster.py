"""What stands for a video before it plays? Its first picture as a JPEG."""

from __future__ import annotations

from pathlib import Path

from cliptask import recipe
from cliptask_renderer.media import ffmpeg


def poster(video: Path, output: Path) -> None:
    """Write a video's first picture as a JPEG, at most ``recipe.POSTER_WIDTH`` wide."""
    size = f"w='min({recipe.POSTER_WIDTH},iw)':h=-2"
    colours = "out_color_matrix=bt601:out_range=pc,format=yuvj420p"  # JPEG knows no other (JFIF 1.02)
    ffmpeg.run(
        [ffmpeg.media(video)],
        ["-frames:v", "1", "-vf", f"scale={size}:{colours}", "-q:v", "4", "-fflags", "+bitexact", "-f", "mjpeg", f"file:{output}"],
        what="the poster",
        limit_s=60,
    )  # fmt: skip
