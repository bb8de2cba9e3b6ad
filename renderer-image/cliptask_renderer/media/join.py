"""How do segments become a video? By copying packets: nothing is encoded here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from cliptask import recipe
from cliptask.errors import MediaError
from cliptask_renderer.media import ffmpeg


def join(
    segments: Sequence[tuple[Path, int]],
    fps: int,
    soundtrack: Path | None,
    vtt: Path | None,
    output: Path,
    work: Path,
    language: str | None = None,
) -> None:
    """Write segments in a row, a soundtrack and a soft caption track to one MP4, its index first.

    ``segments`` are files with their number of frames at ``fps``; ``work`` is a folder to work in; ``language`` is that
    of sound and captions, three letters as ISO 639-2/T has them. The same inputs give the same bytes. Raises ``MediaError`` when the packets do not follow each other.
    """
    lines, frames = ["ffconcat version 1.0"], 0
    for number, (segment, length) in enumerate(segments):
        _link(segment, work / f"{number}.mp4")
        # ffmpeg adds lengths up in microseconds: each takes from what is due, so that no error grows.
        duration_us = _microseconds(frames + length, fps) - _microseconds(frames, fps)
        lines += [f"file {number}.mp4", f"duration {duration_us}us"]
        frames += length
    listing = work / "segments.ffconcat"
    listing.write_text("\n".join(lines) + "\n")
    inputs = [ffmpeg.concat_list(listing.name)]
    maps = ["-map", "0:v:0"]
    if soundtrack is not None:
        inputs.append(ffmpeg.media(soundtrack.absolute()))
        maps += ["-map", f"{len(inputs) - 1}:a:0"]
    if vtt is not None:
        inputs.append(ffmpeg.captions(vtt.absolute()))
        maps += ["-map", f"{len(inputs) - 1}:s:0", "-c:s", "mov_text"]
    if language is not None:
        maps += ["-metadata:s:a", f"language={language}", "-metadata:s:s", f"language={language}"]
    what = f"join of {output.stem}"
    log = ffmpeg.run(
        inputs,
        [
            "-map_metadata", "-1", "-map_chapters", "-1", *maps, "-c:v", "copy", "-c:a", "copy",
            "-movflags", "+faststart", *ffmpeg.mp4_form(), f"file:{output.absolute()}",
        ],
        what=what,
        limit_s=600,
        folder=work,
    )  # fmt: skip
    if "non-monoton" in log.lower():
        message = f"{what}: the segments' packets do not follow each other: {log.strip()[-500:]}"
        raise MediaError(message)


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


def _microseconds(frames: int, fps: int) -> int:
    return round(frames * 1_000_000 / fps)


def _link(segment: Path, name: Path) -> None:
    """Under a generated name beside the list, at no cost: from another file system by a symbolic link."""
    try:
        os.link(segment, name)
    except OSError:
        name.symlink_to(segment.absolute())
