"""Which file is behind each place in the spec, and does it fit there?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TypeAlias, TypeVar, get_args

from cliptask.caption_file import words_key
from cliptask.emoji import has_emoji
from cliptask.errors import ClipTaskError, InvalidTask, SourceError
from cliptask.facts import SourceFacts, Transcript
from cliptask.names import words_object
from cliptask.spec.captions import ClipVoice
from cliptask.spec.fonts import INSTALLED
from cliptask.spec.ingredients import Clip, Track
from cliptask.spec.overlays import Overlay
from cliptask.spec.places import (
    Place,
    captions_place,
    clip_place,
    font_places,
    form_place,
    image_place,
    track_places,
)
from cliptask.spec.quantities import format_duration, frames_of
from cliptask.spec.task import ClipTaskSpec
from cliptask.spec.values import LARGEST_SIDE, SHORTEST, SMALLEST_SIDE, Fps

T = TypeVar("T")
Bound: TypeAlias = T | ClipTaskError
"""What a place in the spec holds: the thing itself, or what makes it unusable."""

Transcripts: TypeAlias = Mapping[ClipVoice, Bound[Transcript] | None]
"""Of clips' voices; None, as where there is nothing, stands for what nobody writes down."""

NO_TRANSCRIPTS: Transcripts = MappingProxyType({})

RATES: tuple[Fps, ...] = get_args(Fps)

_LOSS = 0.02
"""Of its pictures, what the fastest clip may lose: recorders round their steps to milliseconds (33 ms are 30.3 a second)."""

_LATE = timedelta(milliseconds=50)
"""Players and editors differ by as much about how long a file of sound is: encoders pad it."""

_USUAL_SIDE = 1920
"""What the longer side of a picture is when a task is told what to write."""


@dataclass(frozen=True)
class ClipRange:
    """A clip as it is used: frames [first_frame, first_frame + frames) of a source as it is played, at the video's rate."""

    facts: SourceFacts
    first_frame: int
    frames: int
    speed: float = 1.0
    words: str | None = None
    """Name in the cache of the JSON with the words of its captions; None where it has none, or says nothing while it is shown."""
    has_emoji: bool = False
    """Whether any of these words has one."""

    def shown_s(self, fps: int) -> tuple[float, float]:
        """Which part of its file is shown, in seconds."""
        first, last = self.first_frame, self.first_frame + self.frames
        return first * self.speed / fps, last * self.speed / fps


@dataclass(frozen=True)
class Bindings:
    """What the files behind a task's URLs are, place by place as in the spec."""

    fps: int
    sizes: tuple[tuple[int, int], ...]
    """Width and height of each form, as ``spec.forms``."""
    clips: tuple[tuple[Bound[ClipRange], ...], ...]
    tracks: tuple[Bound[SourceFacts], ...]
    images: tuple[Bound[SourceFacts] | None, ...]
    """For each overlay; None where it is a text."""
    full_sizes: tuple[tuple[int, int], ...]
    """Likewise of the finished videos, also where these are made in small."""
    fonts: Mapping[str, Bound[SourceFacts]] = field(default_factory=dict)
    """By their names in the spec."""
    size_error: InvalidTask | None = None
    """Why no picture can be as large as the clips are."""

    @property
    def errors(self) -> tuple[ClipTaskError, ...]:
        """Everything that is unusable, in the spec's order."""
        places = [
            *(clip for block in self.clips for clip in block),
            *self.tracks,
            *self.images,
            *self.fonts.values(),
            self.size_error,
        ]
        return tuple(place for place in places if isinstance(place, ClipTaskError))

    def clip(self, block: int, index: int) -> ClipRange:
        """A block's clip. Raises what makes it unusable."""
        return _usable(self.clips[block][index])

    def font(self, name: str) -> str:
        """What an order calls a font: its family where it comes with the program, else its SHA-256. Raises what makes it unusable."""
        return name if name in INSTALLED else _usable(self.fonts[name]).sha256

    def track(self, index: int) -> SourceFacts:
        """A track. Raises what makes it unusable."""
        return _usable(self.tracks[index])


def bind_rows(
    spec: ClipTaskSpec,
    sources: Mapping[str, Bound[SourceFacts]],
    transcripts: Transcripts = NO_TRANSCRIPTS,
) -> tuple[Bindings, ...]:
    """Of each row, see ``bind``; the picture is that of all their clips."""
    urls = [clip.url for each in spec.by_row for block in each.video_blocks for clip in block.clips]
    return tuple(bind(each, sources, transcripts, urls) for each in spec.by_row)


def bind(
    spec: ClipTaskSpec,
    sources: Mapping[str, Bound[SourceFacts]],
    transcripts: Transcripts = NO_TRANSCRIPTS,
    urls: Iterable[str] = (),
) -> Bindings:
    """Match the facts of ``sources`` (by URL) with the places in the spec, and settle the picture's size and rate.

    These are what suits the clips of ``urls``, or else those of the spec.
    """
    urls = dict.fromkeys(urls) or [clip.url for block in spec.video_blocks for clip in block.clips]
    usable = [facts for url in urls if isinstance(facts := sources[url], SourceFacts)]
    given = next((form.fps for form in spec.forms if form.fps), None)
    fps = given or rate_for(max((facts.fps for facts in usable), default=0))
    sizes = tuple((form.width, form.height) if form.width and form.height else None for form in spec.forms)
    of_clips = size_for(usable) if None in sizes else None
    size_error = _size_error(spec, sizes, of_clips) if of_clips else None
    clips = tuple(
        tuple(
            _transcribed(
                _captioned(
                    _clip(clip, sources[clip.url], fps, clip_place(spec, row, column)),
                    sources[place.url] if (place := captions_place(spec, row, column)) else None,
                    place,
                    fps,
                ),
                clip.voice,
                transcripts,
                clip_place(spec, row, column),
                fps,
            )
            for column, clip in enumerate(block.clips)
        )
        for row, block in enumerate(spec.video_blocks)
    )
    tracks = tuple(
        _track(track, sources[track.url], place)
        for track, place in zip(spec.tracks, track_places(spec), strict=True)
    )
    images = tuple(
        _image(overlay, sources[place.url], place) if (place := image_place(spec, index)) else None
        for index, overlay in enumerate(spec.overlays)
    )
    fonts = {place.name or "": _font(sources[place.url], place) for place in font_places(spec)}
    settled = tuple(size or of_clips or (SMALLEST_SIDE, SMALLEST_SIDE) for size in sizes)
    return Bindings(fps, settled, clips, tracks, images, settled, fonts, size_error)


def rate_for(fastest: float) -> int:
    """The lowest allowed rate that loses no picture of the fastest clip (23.976 counts as 24); 30 if nothing moves."""
    if not fastest:
        return 30
    return next((rate for rate in RATES if rate >= fastest * (1 - _LOSS)), RATES[-1])


def size_for(clips: Sequence[SourceFacts]) -> tuple[int, int]:
    """Width and height of the widest and the highest of what moves; of the still pictures where nothing does."""
    seen = [facts for facts in clips if facts.kind not in {"audio", "captions", "font", "table"}]
    sized = [facts for facts in seen if facts.kind != "still"] or seen
    if not sized:
        return SMALLEST_SIDE, SMALLEST_SIDE
    return _even(max(facts.width for facts in sized)), _even(max(facts.height for facts in sized))


def _size_error(
    spec: ClipTaskSpec, given: Sequence[tuple[int, int] | None], of_clips: tuple[int, int]
) -> InvalidTask | None:
    (width, height), place = of_clips, form_place(spec, given.index(None))
    if of_clips in given:
        other = form_place(spec, given.index(of_clips))
        return InvalidTask(
            f"{place}: its clips make a picture of {width}x{height} pixels, as large as {other}: leave one of them out"
        )
    if min(width, height) >= SMALLEST_SIDE and max(width, height) <= LARGEST_SIDE:
        return None
    scale = _USUAL_SIDE / max(width, height)
    wide, high = (max(_even(round(side * scale)), SMALLEST_SIDE) for side in (width, height))
    return InvalidTask(
        f"{place}: its clips make a picture of {width}x{height} pixels, from {SMALLEST_SIDE} to {LARGEST_SIDE} "
        f"along each edge are allowed: set {place}.width and height, e.g. {wide} and {high}"
    )


def _even(pixels: int) -> int:
    return -(-pixels // 2) * 2


def _usable(value: Bound[T]) -> T:
    if isinstance(value, ClipTaskError):
        raise value
    return value


def _clip(clip: Clip, facts: Bound[SourceFacts], fps: int, place: Place) -> Bound[ClipRange]:
    if isinstance(facts, ClipTaskError):
        return facts
    if facts.kind == "audio":
        return SourceError(f"{place} is sound without pictures: name it under audioBlocks, or give a video")
    if facts.kind == "font":
        return SourceError(f"{place} is a font: name it under spec.fonts, or give a video or a picture")
    if facts.kind == "captions":
        return SourceError(
            f"{place} is a caption file: name it as the captions of its clip, and give a video here"
        )
    kinds = {"still": _still, "animation": _animation, "video": _video}
    return kinds[facts.kind](clip, facts, fps, place)


def _captioned(
    clip: Bound[ClipRange], facts: Bound[SourceFacts] | None, place: Place | None, fps: int
) -> Bound[ClipRange]:
    """A clip with what its captions turned out to be."""
    if isinstance(clip, ClipTaskError) or facts is None:
        return clip
    if isinstance(facts, ClipTaskError):
        return facts
    if facts.kind != "captions":
        return SourceError(f"{place} is no caption file: give SubRip (.srt) or WebVTT (.vtt)")
    begin_s, end_s = clip.shown_s(fps)
    if facts.duration_s <= begin_s or facts.first_word_s >= end_s:
        return SourceError(
            f"{place} says nothing while the clip is shown: its words are from {facts.first_word_s:.1f} to "
            f"{facts.duration_s:.1f} s, the clip's part is from {begin_s:.1f} to {end_s:.1f} s of its file: correct the times, or the trim"
        )
    return replace(clip, words=words_object(words_key(facts.sha256)), has_emoji=facts.has_emoji)


def _transcribed(
    clip: Bound[ClipRange], voice: ClipVoice | None, transcripts: Transcripts, place: Place, fps: int
) -> Bound[ClipRange]:
    """A clip with what is said in it, as it is, or will be, written down; as it was where that turned out to be nothing."""
    if isinstance(clip, ClipTaskError) or voice is None:
        return clip
    if not clip.facts.has_audio:
        return SourceError(
            f"{place.at('captions', 'transcribe')}: nothing is heard in the file: leave the captions out, or give a caption file as their url"
        )
    found = transcripts.get(voice)
    if found is None or isinstance(found, ClipTaskError):
        return found or clip
    begin_s, end_s = clip.shown_s(fps)
    if found.words is not None and not any(
        begin_s <= (word.start_s + word.end_s) / 2 and word.start_s < end_s for word in found.words
    ):
        return clip
    signs = has_emoji(*(word.text for word in found.words or ()))
    return replace(clip, words=words_object(found.key), has_emoji=signs)


def _still(clip: Clip, facts: SourceFacts, fps: int, place: Place) -> Bound[ClipRange]:
    if clip.trim is not None:
        return SourceError(
            f"{place.at('trim')}: trim is for what moves, this is a still picture: give its duration instead"
        )
    if clip.duration is None:
        return SourceError(f"{place} is a still picture: say how long to show it, e.g. duration: 3s")
    return ClipRange(facts, 0, max(frames_of(clip.duration, fps), 1))


def _animation(clip: Clip, facts: SourceFacts, fps: int, place: Place) -> Bound[ClipRange]:
    if clip.motion is not None:
        return SourceError(
            f"{place.at('motion')}: motion is for still pictures, this one moves: leave it out"
        )
    if clip.speed is not None:
        return SourceError(
            f"{place.at('speed')}: speed is for a video, this is an animated picture: leave it out"
        )
    if clip.captions is not None:
        return SourceError(
            f"{place.at('captions')}: captions are for a video, nobody speaks in an animated picture: leave them out"
        )
    if clip.volume is not None:
        return _silent(place)
    if clip.duration is not None:
        return ClipRange(facts, 0, max(frames_of(clip.duration, fps), 1))
    return _part(clip, facts, fps, place)


def _video(clip: Clip, facts: SourceFacts, fps: int, place: Place) -> Bound[ClipRange]:
    if clip.duration is not None:
        return SourceError(
            f"{place.at('duration')}: duration is for pictures, this is a video: use trim to shorten it"
        )
    if clip.volume is not None and not facts.has_audio:
        return _silent(place)
    return _part(clip, facts, fps, place)


def _silent(place: Place) -> SourceError:
    return SourceError(f"{place.at('volume')}: nothing is heard in the file: leave the volume out")


def _part(clip: Clip, facts: SourceFacts, fps: int, place: Place) -> Bound[ClipRange]:
    speed = clip.speed or 1.0
    length, frame = timedelta(seconds=facts.duration_s), timedelta(seconds=speed / fps)
    start = clip.trim.start if clip.trim else timedelta(0)
    end = (clip.trim.end if clip.trim else None) or length
    if start >= length or end > length + frame / 2:
        late, takes = "start" if start >= length else "end", format_duration(_rounded(length))
        return SourceError(f"{place.at('trim', late)}: is after the end of the file, which takes {takes}")
    first, last = (frames_of(each / speed, fps) for each in (start, min(end, length)))
    if last <= first:
        picture = format_duration(_rounded(frame))
        return SourceError(f"{place.at('trim')}: the trimmed part is shorter than one picture ({picture})")
    return ClipRange(facts, first, last - first, speed)


def _track(track: Track, facts: Bound[SourceFacts], place: Place) -> Bound[SourceFacts]:
    if isinstance(facts, ClipTaskError):
        return facts
    if facts.kind != "audio" and not facts.has_audio:
        return SourceError(f"{place} has no sound: a track must be an audio file, or a video with sound")
    if track.trim is not None:
        length = timedelta(seconds=facts.duration_s)
        start, end = track.trim.start, track.trim.end or length
        takes = format_duration(_rounded(length))
        if end > length + _LATE or start >= length:
            late = "start" if start >= length else "end"
            return SourceError(f"{place.at('trim', late)}: is after the end of the file, which takes {takes}")
        if min(end, length) - start < SHORTEST:
            return SourceError(
                f"{place.at('trim')}: leaves less than {format_duration(SHORTEST)} of the {takes} that the file takes: use a longer part"
            )
    return facts


def _image(overlay: Overlay, facts: Bound[SourceFacts], place: Place) -> Bound[SourceFacts]:
    if isinstance(facts, ClipTaskError):
        return facts
    if facts.kind not in {"still", "animation", "video"}:
        return SourceError(
            f"{place} is not a picture: an overlay's image must be PNG, JPEG, WebP, GIF, AVIF, HEIC or a video"
        )
    if overlay.image and not overlay.image.loop and facts.kind == "still":
        return SourceError(f"{place.at('loop')}: is for what moves, this is a still picture: leave it out")
    return facts


def _font(facts: Bound[SourceFacts], place: Place) -> Bound[SourceFacts]:
    if isinstance(facts, SourceFacts) and facts.kind != "font":
        return SourceError(f"{place} is not a font: give a TTF, OTF, TTC, WOFF or WOFF2 file")
    return facts


def _rounded(length: timedelta) -> timedelta:
    return timedelta(milliseconds=length // timedelta(milliseconds=1))
