"""What is a video put together from? Blocks of clips, and tracks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from cliptask import names
from cliptask.spec.captions import ClipCaptions, ClipVoice
from cliptask.spec.motion import Motion
from cliptask.spec.part import Part, distinct_names, lasting
from cliptask.spec.quantities import Duration, Percentage
from cliptask.spec.rules import Breach, rule, when
from cliptask.spec.speech import OwnLine
from cliptask.spec.values import Name, SourceUrl


class Trim(Part):
    """The part of a file to use."""

    start: Duration = timedelta(0)
    """Where the part begins, from the begin of the file. Default: 0ms."""
    end: Duration | None = None
    """Where the part ends. Default: the end of the file."""

    @rule(
        "must be after start",
        cel="!has(self.end) || duration(has(self.start) ? self.start : '0s') < duration(self.end)",
        field="end",
    )
    def _ordered(self) -> Iterable[Breach]:
        return when(self.end is not None and self.end <= self.start)


class Focus(Part):
    """What matters in a clip's picture. Not x and y: to kubectl y is true."""

    left: Percentage = Fraction(1, 2)
    """How far from the left edge of the upright picture, in percent of its width. Default: 50%."""
    top: Percentage = Fraction(1, 2)
    """How far from its upper edge, in percent of its height. Default: 50%."""


class Clip(Part):
    """One interchangeable clip of a block: a video, an animated picture (GIF, WebP, APNG, AVIF) or a still one."""

    url: SourceUrl
    """Where the file is: https://, gs://bucket/object, s3://bucket/object, az://container/object or http:// (where the installation allows it); in local mode also its path, relative to the task's file, and file://. At most 10 minutes long, before any trim."""
    name: Name | None = None
    """Its label in the videos' names. Default: from the file's name."""
    trim: Trim | None = None
    """The part of a video, or of an animated picture, to use. Default: all of it."""
    duration: Duration | None = None
    """How long to show a picture; required for a still one, refused for a video. An animated one begins anew until then."""
    motion: Motion | None = None
    """A slow camera movement over a still picture, which begins and ends gently; refused for an animated one. panRight: the view moves to the right. Default: none."""
    focus: Focus | None = None
    """The point that stays in view where the clip is cropped, that a zoom goes to, and on whose height (or, up and down, on whose width) a pan runs. Default: the middle."""
    speed: Annotated[float, Field(ge=0.25, le=4)] | None = None
    """How much faster a video is played, its sound with its pitch kept: 2 takes half the time, 0.5 is slow motion; refused for a picture. `trim` counts in the file's own time. Default: 1."""
    volume: Annotated[float, Field(ge=0, le=2)] | None = None
    """Gain of its own sound, by which `sound.clipVolume` is multiplied; refused where nothing of the clip is heard. Default: 1."""
    speech: OwnLine | None = None
    """What is said over it, in every video that shows it. Default: nothing."""
    captions: ClipCaptions | None = None
    """What is said in it, shown as the words of lines are, by the task's `captions.mode`, where no line is said; refused for a picture. Default: nothing."""
    synthetic: bool | None = None
    """Whether AI made it, or anything that is seen or heard in it. Videos that show it say so in their metadata, in the index and by `disclosure.label`; nothing is encoded anew for it. Default: no."""

    @property
    def label(self) -> str:
        """What it is called, where no other is called the same."""
        return self.name or names.label_of_url(self.url)

    @property
    def title(self) -> str:
        """What people call it, in its own script."""
        return self.name or names.title_of_url(self.url)

    @property
    def urls(self) -> tuple[str, ...]:
        """Its own, and that of its captions."""
        return (self.url, self.captions.url) if self.captions and self.captions.url else (self.url,)

    @property
    def voice(self) -> ClipVoice | None:
        """What of it is to be written down."""
        asked = self.captions is not None and self.captions.transcribe
        return ClipVoice(self.url, self.captions.language) if self.captions and asked else None

    @rule(
        "trim is for a video, duration for a still picture: give one of them",
        cel="!has(self.trim) || !has(self.duration)",
    )
    def _video_or_still(self) -> Iterable[Breach]:
        return when(self.trim is not None and self.duration is not None)

    @rule(
        "is for a still picture: give its duration too",
        cel="!has(self.motion) || has(self.duration)",
        field="motion",
    )
    def _still_moves(self) -> Iterable[Breach]:
        return when(self.motion is not None and self.duration is None)

    @rule(
        "is for a video: a picture is shown for its duration",
        cel="!has(self.speed) || !has(self.duration)",
        field="speed",
    )
    def _plays(self) -> Iterable[Breach]:
        return when(self.speed is not None and self.duration is not None)

    @rule(
        "is for a video with sound: a picture has none",
        cel="!has(self.volume) || !has(self.duration)",
        field="volume",
    )
    def _sounds(self) -> Iterable[Breach]:
        return when(self.volume is not None and self.duration is not None)

    @rule(
        "is for a video: nobody speaks in a picture",
        cel="!has(self.captions) || !has(self.duration)",
        field="captions",
    )
    def _speaks(self) -> Iterable[Breach]:
        return when(self.captions is not None and self.duration is not None)

    _bounded = lasting("100ms", "10m")


class VideoBlock(Part):
    """An ordered slot of the video with its interchangeable clips."""

    name: Name
    """The slot's label, e.g. hook or product."""
    clips: tuple[Clip, ...] = Field(min_length=1, max_length=100)
    """The interchangeable clips; each variant shows one of them."""
    speech: OwnLine | None = None
    """What is said over the block, in every video, whichever clip it shows. Default: nothing."""

    _distinct_clips = distinct_names("two clips of a block have the same name", "clips", named=False)


class Track(Part):
    """One music file."""

    url: SourceUrl
    """Where the file is; as for clips."""
    name: Name | None = None
    """Its label in the videos' names. Default: from the file's name."""
    trim: Trim | None = None
    """The part of the music to play, and to begin anew where the video is longer. Default: all of it."""
    synthetic: bool | None = None
    """Whether AI made it; as for clips. Default: no."""

    @property
    def label(self) -> str:
        """What it is called, where no other is called the same."""
        return self.name or names.label_of_url(self.url)

    @property
    def title(self) -> str:
        """What people call it, in its own script."""
        return self.name or names.title_of_url(self.url)


class AudioBlock(Part):
    """A named group of tracks. All groups together are one pool."""

    name: Name
    """The group's label."""
    tracks: tuple[Track, ...] = Field(min_length=1, max_length=100)
    """The tracks; each variant plays one of the pool."""

    _distinct_tracks = distinct_names("two tracks have the same name", "tracks", named=False)
