"""How does a video become a file in a test? Its header, then its parts as they are; and joined by ffmpeg, to compare."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import imageio_ffmpeg

from cliptask.captions import Cue
from cliptask.orders import SourceType
from cliptask_renderer.mux.boxes import places
from cliptask_renderer.mux.movie import Movie, movie
from cliptask_renderer.mux.tables import Part, read_part
from support.media import ffmpeg


def part(file: Path) -> Part:
    """A file of the cache as a part."""
    with file.open("rb") as content:
        index = next(place for kind, place in places(content) if kind == b"moov")
        content.seek(index.start)
        return read_part(content.read(len(index)), file.stat().st_size, file.name)


def made(
    segments: Sequence[Path],
    soundtrack: Path | None = None,
    cues: Sequence[Cue] = (),
    language: str | None = None,
    source_type: SourceType | None = None,
) -> Movie:
    """The video of some files."""
    sound = part(soundtrack) if soundtrack else None
    return movie([part(file) for file in segments], sound, cues, language, source_type)


def join(
    output: Path,
    segments: Sequence[Path],
    soundtrack: Path | None = None,
    cues: Sequence[Cue] = (),
    language: str | None = None,
    source_type: SourceType | None = None,
) -> Path:
    """The same as one file."""
    parts = [soundtrack] if soundtrack else []
    head = made(segments, soundtrack, cues, language, source_type).head
    output.write_bytes(head + b"".join(file.read_bytes() for file in [*parts, *segments]))
    return output


def joined_by_ffmpeg(output: Path, segments: Sequence[Path], soundtrack: Path | None = None) -> Path:
    """What another program makes of the same files, which knows nothing of our arithmetic."""
    listing = output.with_suffix(".ffconcat")
    listing.write_text("ffconcat version 1.0\n" + "".join(f"file '{file}'\n" for file in segments))
    sound = ["-i", str(soundtrack), "-map", "0:v", "-map", "1:a"] if soundtrack else []
    return ffmpeg(["-f", "concat", "-safe", "0", "-i", str(listing), *sound, "-c", "copy"], output)


def framemd5(file: Path, stream: str) -> list[str]:
    """The MD5 of each decoded picture (``v``) or frame of sound (``a``) with its time, by ffmpeg, which must not complain."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-xerror",
        "-i",
        str(file),
        "-map",
        f"0:{stream}",
        "-f",
        "framemd5",
        "-",
    ]
    ran = subprocess.run(command, capture_output=True, check=True, text=True)
    assert not ran.stderr, ran.stderr
    return [line for line in ran.stdout.splitlines() if not line.startswith("#")]
