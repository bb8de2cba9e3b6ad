"""What do files and spoken lines turn out to be? Facts that only reading or speaking them can tell."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Fact(BaseModel, frozen=True, extra="forbid"):
    """Common to all facts: frozen, written as JSON into the store."""


class SourceFacts(Fact):
    """What a source is, found by reading it and never by its name."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int
    kind: Literal["video", "still", "audio"]
    container: str
    """Short name of the demuxer, e.g. ``mov``, ``matroska``, ``png``."""
    duration_s: float = 0.0
    """Of the video stream, or of the audio for ``kind == "audio"``; 0 for a still picture."""
    width: int = 0
    """Pixels as displayed: after rotation and with the sample aspect ratio applied; 0 for audio."""
    height: int = 0
    fps: float = 0.0
    transfer: Literal["sdr", "pq", "hlg"] = "sdr"
    has_audio: bool = False
    matrix: Literal["tagged", "unknown"] = "tagged"
    """Whether the video says which matrix its colours were coded with."""
    video_start_us: int = 0
    """When the first picture is shown, in microseconds after the container's own start."""


class Word(Fact):
    """One spoken word with its time in the recording."""

    text: str
    start_s: float
    end_s: float


class SpokenLine(Fact):
    """One line of the task as it is, or will be, spoken. Its recording is ``speech/<key>.<extension>``."""

    key: str = Field(pattern=r"^[0-9a-f]{64}$")
    extension: Literal["mp3", "wav"]
    provider: Literal["elevenlabs", "espeak-ng"]
    characters: int
    """What a provider that charges by characters counts."""
    duration_s: float | None = None
    """None: not spoken yet."""

    @property
    def is_spoken(self) -> bool:
        """Whether there is a recording."""
        return self.duration_s is not None


class Recording(Fact):
    """The JSON beside a recording: all that captions and durations need."""

    line: SpokenLine
    voice: str
    text: str
    words: tuple[Word, ...]
