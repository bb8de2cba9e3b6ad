"""Which file is behind each place in the spec, and does it fit there?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias, TypeVar, get_args

from cliptask.errors import ClipTaskError, SourceError
from cliptask.facts import SourceFacts
from cliptask.names import public_url
from cliptask.spec.quantities import format_duration, frames_of
from cliptask.spec.task import Clip, ClipTaskSpec, Fps

T = TypeVar("T")
Bound: TypeAlias = T | ClipTaskError
"""What a place in the spec holds: the thing itself, or what makes it unusable."""

RATES: tuple[Fps, ...] = get_args(Fps)


@dataclass(frozen=True)
class ClipRange:
    """A clip as it is used: frames [first_frame, first_frame + frames) of a source at the video's rate."""

    facts: SourceFacts
    first_frame: int
    frames: int


@dataclass(frozen=True)
class Bindings:
    """What the files behind a task's URLs are, place by place as in the spec."""

    fps: int
    width: int
    height: int
    clips: tuple[tuple[Bound[ClipRange], ...], ...]
    tracks: tuple[Bound[SourceFacts], ...]
    images: tuple[Bound[SourceFacts] | None, ...]
    """For each overlay; None where it is a text."""

    @property
    def errors(self) -> tuple[ClipTaskError, ...]:
        """Everything that is unusable, in the spec's order."""
        places = [*(clip for block in self.clips for clip in block), *self.tracks, *self.images]
        return tuple(place for place in places if isinstance(place, ClipTaskError))

    def clip(self, block: int, index: int) -> ClipRange:
        """A block's clip. Raises what makes it unusable."""
        return _usable(self.clips[block][index])

    def track(self, index: int) -> SourceFacts:
        """A track. Raises what makes it unusable."""
        return _usable(self.tracks[index])


def bind(spec: ClipTaskSpec, sources: Mapping[str, Bound[SourceFacts]]) -> Bindings:
    """Match the facts of ``sources`` (by URL) with the places in the spec, and settle the picture's size and rate."""
    urls = [clip.url for block in spec.video_blocks for clip in block.clips]
    usable = [facts for url in urls if isinstance(facts := sources[url], SourceFacts)]
    fps = spec.picture.fps or rate_for(max((facts.fps for facts in usable), default=0))
    width = spec.picture.width or _even(max((facts.width for facts in usable), default=2))
    height = spec.picture.height or _even(max((facts.height for facts in usable), default=2))
    clips = tuple(
        tuple(
            _clip(clip, sources[clip.url], fps, f"videoBlocks[{row}].clips[{column}]")
            for column, clip in enumerate(block.clips)
        )
        for row, block in enumerate(spec.video_blocks)
    )
    tracks = tuple(_track(sources[track.url], public_url(track.url)) for track in spec.tracks)
    images = tuple(
        _image(sources[overlay.image.url], f"overlays[{index}] ({public_url(overlay.image.url)})")
        if overlay.image
        else None
        for index, overlay in enumerate(spec.overlays)
    )
    return Bindings(fps, width, height, clips, tracks, images)


def rate_for(fastest: float) -> int:
    """The lowest allowed rate that loses no picture of the fastest clip (23.976 counts as 24); 30 if nothing moves."""
    if not fastest:
        return 30
    return next((rate for rate in RATES if rate >= fastest - 0.1), RATES[-1])


def _even(pixels: int) -> int:
    return -(-pixels // 2) * 2


def _usable(value: Bound[T]) -> T:
    if isinstance(value, ClipTaskError):
        raise value
    return value


def _clip(clip: Clip, facts: Bound[SourceFacts], fps: int, place: str) -> Bound[ClipRange]:
    if isinstance(facts, ClipTaskError):
        return facts
    where = f"{place} ({public_url(clip.url)})"
    if facts.kind == "audio":
        return SourceError(f"{where} is sound without pictures: name it under audioBlocks, or give a video")
    return _still(clip, facts, fps, where) if facts.kind == "still" else _video(clip, facts, fps, where)


def _still(clip: Clip, facts: SourceFacts, fps: int, where: str) -> Bound[ClipRange]:
    if clip.trim is not None:
        return SourceError(f"{where} is a still picture: trim is for videos; give its duration instead")
    if clip.duration is None:
        return SourceError(f"{where} is a still picture: say how long to show it, e.g. duration: 3s")
    return ClipRange(facts, 0, max(frames_of(clip.duration, fps), 1))


def _video(clip: Clip, facts: SourceFacts, fps: int, where: str) -> Bound[ClipRange]:
    if clip.duration is not None:
        return SourceError(f"{where} is a video: use trim to shorten it; duration is for still pictures")
    length, frame = timedelta(seconds=facts.duration_s), timedelta(seconds=1 / fps)
    start = clip.trim.start if clip.trim else timedelta(0)
    end = (clip.trim.end if clip.trim else None) or length
    if start >= length or end > length + frame / 2:
        late, takes = "start" if start >= length else "end", format_duration(_rounded(length))
        return SourceError(f"{where}: trim.{late} is after the end of the file, which takes {takes}")
    first, last = frames_of(start, fps), min(frames_of(end, fps), frames_of(length, fps))
    if last <= first:
        picture = format_duration(_rounded(frame))
        return SourceError(f"{where}: the trimmed part is shorter than one picture ({picture})")
    return ClipRange(facts, first, last - first)


def _track(facts: Bound[SourceFacts], where: str) -> Bound[SourceFacts]:
    if isinstance(facts, SourceFacts) and facts.kind != "audio" and not facts.has_audio:
        return SourceError(f"{where} has no sound: a track must be an audio file, or a video with sound")
    return facts


def _image(facts: Bound[SourceFacts], where: str) -> Bound[SourceFacts]:
    if isinstance(facts, SourceFacts) and facts.kind != "still":
        return SourceError(f"{where} is not a picture: an overlay's image must be PNG, JPEG or WebP")
    return facts


def _rounded(length: timedelta) -> timedelta:
    return timedelta(milliseconds=length // timedelta(milliseconds=1))
