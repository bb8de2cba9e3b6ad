"""What do files and spoken lines turn out to be? Facts that only reading or speaking them can tell."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Fact(BaseModel, frozen=True, extra="forbid"):
    """Common to all facts: frozen, written as JSON into the store."""


Scan = Literal["progressive", "flagged", "tff", "bff"]
"""How pictures were taken: whole, or as two fields each. flagged: each picture says for itself; tff, bff: all are, the upper
or the lower field first, though none says so."""


class Look(Fact):
    """How the pictures of a video are to be taken: what its file says or, where it is silent or wrong, what was found.

    Decided once, when the file is fetched, and part of the key of all that is made of it. Names of colours are ffmpeg's.
    """

    stream: int = 0
    """Of the streams of the file, the one that is shown."""
    decoder: Literal["libvpx", "libvpx-vp9"] | None = None
    """The one that reads what the usual one leaves out (transparency)."""
    start_us: int = 0
    """When the first picture is shown, in microseconds after the container's own start."""
    last_us: int = 0
    """How long the last picture is shown, in microseconds."""
    scan: Scan = "progressive"
    rotation: Literal[0, 90, 180, 270] = 0
    """Clockwise, of pictures of two fields, which must be made whole before they are turned; others turn by themselves."""
    has_alpha: bool = False
    matrix: str = "bt709"
    primaries: str = "bt709"
    transfer: Literal["sdr", "srgb", "gamma22", "gamma28", "linear", "pq", "hlg"] = "sdr"
    """sdr: BT.709's curve and its like. The next three are shown as it is, and told apart where primaries turn."""
    full_range: bool = False


class SourceFacts(Fact):
    """What a source is, found by reading it and never by its name."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int
    kind: Literal["video", "animation", "still", "audio", "captions", "font", "table"]
    """animation: a picture that moves (GIF, WebP, APNG, AVIF). captions: a text with times (SubRip, WebVTT). table: rows (CSV, JSON)."""
    container: str
    """Short name of the demuxer, e.g. ``mov``, ``matroska``, ``png``; of a font ``ttf``, ``otf``, ``ttc``, ``woff``, ``woff2``."""
    duration_s: float = 0.0
    """Of the video stream, of one round of an animation, or of the audio for ``kind == "audio"``; of captions until the last word; 0 for what takes no time."""
    first_word_s: float = 0.0
    """Of captions, when it is said."""
    has_emoji: bool = Field(default=False, exclude=True)
    """Whether captions that are to stand in the picture have any; told by their words, and kept nowhere."""
    width: int = 0
    """Pixels as displayed: after rotation and with the sample aspect ratio applied; 0 for what has none."""
    height: int = 0
    fps: float = 0.0
    """Pictures a second: of an even rhythm its rate, of an uneven one that of its usual step."""
    look: Look | None = None
    """Of a video."""
    sound_stream: int | None = None
    """Of the streams of the file, the one that is heard; None where it is silent."""

    @property
    def has_audio(self) -> bool:
        """Whether there is anything to hear."""
        return self.sound_stream is not None


class Word(Fact):
    """One spoken word with its time in the recording."""

    text: str
    start_s: float
    end_s: float
    spaced: bool = False
    """Whether a space stands before it although its script is written without."""
    stressed: bool = Field(default=False, exclude_if=lambda value: not value)
    """Whether captions in the picture stress it; in no recording, which does not change by that."""


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


class TimedWords(Fact, extra="ignore"):
    """The words of a recording, as its JSON has them among other things, or of a clip's captions, whose JSON has nothing else."""

    words: tuple[Word, ...]


class Transcript(Fact):
    """What is said in a clip's file, as it is, or will be, written down: ``words/<key>.json``."""

    key: str = Field(pattern=r"^[0-9a-f]{64}$")
    seconds: float
    """Of the file: what a provider that charges by time counts."""
    words: tuple[Word, ...] | None = None
    """In seconds from the file's first picture; None: not written down yet."""

    @property
    def is_written(self) -> bool:
        """Whether there is a text, be it an empty one."""
        return self.words is not None


class Recording(Fact):
    """The JSON beside a recording: all that captions and durations need."""

    line: SpokenLine
    voice: str
    text: str
    words: tuple[Word, ...]
