"""Clips in which somebody is heard at known times: tones for words, so that whoever listens can be checked to the frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from support.media import ffmpeg

Span = tuple[float, float]


def talking(
    path: Path, says: Sequence[Span], duration_s: float = 3.0, *, late_s: float = 0.0, size: str = "96x160"
) -> Path:
    """A clip of 30 pictures a second whose sound is silent but in the spans of ``says``, in seconds from its first picture.

    ``late_s``: the container's clock begins so much before the first picture, as recorders have it.
    """
    heard = "+".join(f"between(t,{begin + late_s},{end + late_s})" for begin, end in says) or "0"
    tone = f"aevalsrc='0.5*sin(2*PI*600*t)*({heard})':s=48000:d={duration_s + late_s}"
    picture = f"color=c=0x303050:size={size}:rate=30:duration={duration_s}"
    delay = ["-itsoffset", str(late_s)] if late_s else []
    arguments = [*delay, "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    codecs += ["-c:a", "pcm_s16le"] if path.suffix == ".mkv" else ["-c:a", "aac"]
    return ffmpeg([*arguments, "-map", "0:v", "-map", "1:a", *codecs], path)
