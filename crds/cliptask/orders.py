"""What exactly is to be made? Work orders: values that are complete in themselves, and the content keys they have."""

from __future__ import annotations

import base64
import hashlib
import lzma
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from cliptask import recipe
from cliptask.credentials import CredentialsOrder
from cliptask.facts import Look
from cliptask.layers import BurnedCaptions, OverlayOrder
from cliptask.order import LATER, Order, digest
from cliptask.spec.motion import Motion
from cliptask.spec.transitions import OverlapKind


class Profile(Order):
    """The form that all segments of a video share, so that their packets join."""

    width: int
    height: int
    fps: int
    fit: Literal["contain", "cover", "blur", "stretch"]
    crop: tuple[int, int] | None = None
    """Ratio of width to height of what lies within the frame (contain, blur); None: of each clip its own."""
    background: str = "#000000"
    """In sRGB: of the bars, and of what is transparent."""


class Cut(Order):
    """A run of frames of one source, brought to the profile's rate and form, with what lies over it."""

    source: str
    """SHA-256 of the source."""
    kind: Literal["video", "animation", "still"]
    look: Look | None = None
    """Of a video."""
    first_frame: int
    """Counted at the profile's rate from the source's first picture (an animation begins anew) or the clip's start (still)."""
    frames: int = Field(ge=1)
    is_held: bool = False
    """Whether its first picture stands in all of them."""
    motion: Motion | None = None
    speed: float = 1.0
    """Of a video, how much faster than in its own time it is played: its frames are counted as they are then."""
    motion_frames: int = 0
    """Of a still picture in motion: how many frames the whole movement takes."""
    backdrop: Annotated[Literal["still"] | None, LATER] = None
    """Of a still picture in motion before its blurred copy: that stands still."""
    focus: tuple[float, float] = (0.5, 0.5)
    """Shares of the upright picture's width and height: the point that crops keep in view, and that a zoom goes to."""
    overlays: tuple[OverlayOrder, ...] = ()


class TransitionOrder(Order):
    """How one clip gives way to the next, over all frames of a seam."""

    kind: OverlapKind
    color: str | None = None
    """What a fade goes through: ``#`` and six hexadecimal digits, lower-case."""


class SegmentOrder(Order):
    """A run of encoded pictures: one cut, or two of equal length and the transition between them (a seam)."""

    profile: Profile
    cuts: tuple[Cut, ...] = Field(min_length=1, max_length=2)
    transition: TransitionOrder | None = None
    """Of a seam."""
    overlays: tuple[OverlayOrder, ...] = ()
    """Of a seam: what lies over the finished transition and has no part in it. A cut's own move with it."""

    captions: BurnedCaptions | None = None
    """What is said while it is seen, over all else; frames count from its first."""

    @property
    def plain(self) -> SegmentOrder:
        """The same without captions."""
        return self._without_captions if self.captions else self

    @cached_property
    def _without_captions(self) -> SegmentOrder:
        return self.captioned(None)

    @property
    def groups(self) -> tuple[range, ...]:
        """Its frames in groups, none of which needs another to be decoded."""
        size = recipe.GOP_S * self.profile.fps
        return tuple(range(at, min(at + size, self.frames)) for at in range(0, self.frames, size))

    @cached_property
    def frames_said(self) -> int:
        """How many of its frames are encoded with words at most: those of the groups in which something is said."""
        if self.captions is None:
            return 0
        spans = [each.frames(self.profile.fps) for each in self.captions.spoken]
        said = (group for group in self.groups if any(meet(group, span) for span in spans))
        return sum(map(len, said))

    @property
    def base(self) -> SegmentOrder | None:
        """The segment of which it takes pictures, as far as can be known before words are read; None where it is encoded whole."""
        copies = self.captions is not None and self.captions.copies
        return self.plain if copies and self.frames_said < self.frames else None

    @property
    def frames_encoded(self) -> int:
        """Without those that are copied of its base."""
        return self.frames_said if self.base else self.frames

    def captioned(self, captions: BurnedCaptions | None) -> SegmentOrder:
        """The same with other captions."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return SegmentOrder.model_construct(**{**fields, "captions": captions})

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.transition is None) == self.is_seam:
            message = "two cuts have a transition between them, one has none"
            raise ValueError(message)
        return self

    @property
    def frames(self) -> int:
        """Pictures in it."""
        return self.cuts[0].frames

    @property
    def is_seam(self) -> bool:
        """Whether it is the overlap of a transition."""
        return len(self.cuts) > 1

    @property
    def all_overlays(self) -> tuple[OverlayOrder, ...]:
        """Its cuts' and its own."""
        return (*(overlay for cut in self.cuts for overlay in cut.overlays), *self.overlays)

    @property
    def sources(self) -> tuple[str, ...]:
        """SHA-256 of each source that it reads, pictures of overlays and fonts included, each once."""
        layers = (each for overlay in self.all_overlays for each in (overlay, *overlay.beside))
        over = [sha256 for layer in layers for sha256 in layer.sources]
        fonts = self.captions.look.letters.sources if self.captions else ()
        return tuple(dict.fromkeys([*(cut.source for cut in self.cuts), *over, *fonts]))


def meet(one: range, other: range) -> bool:
    """Whether two runs of frames have one in common."""
    return max(one.start, other.start) < min(one.stop, other.stop)


def with_bases(segments: Iterable[SegmentOrder]) -> tuple[SegmentOrder, ...]:
    """Segments, each once and after the one that it takes pictures of."""
    both = (part for segment in segments for part in (segment.base, segment) if part is not None)
    return tuple({part.key: part for part in both}.values())


class ClipSound(Order):
    """The own sound of a clip in the mix. Numbers without a unit are frames at the soundtrack's rate."""

    source: str
    stream: int = 0
    """Of the streams of the file, the one that is heard."""
    video_start_us: int = 0
    """Frames count from the source's first picture, whose time this is after the container's start."""
    first_frame: int
    frames: int
    at_frame: int
    fade_in_frames: int = 0
    fade_out_frames: int = 0
    speed: float = 1.0
    """How much faster than in its own time it is played, as its pictures are."""
    volume: float = 1.0
    """Gain; 1 leaves it as it is."""


class SpeechRef(Order):
    """A recording in the store, ``speech/<key>.<extension>`` and its ``.json``, and the frame at which it begins."""

    line_key: str
    extension: Literal["mp3", "wav"]
    at_frame: int = 0
    speed: float = 1.0
    """How much faster than it was spoken it is played."""


class SoundtrackOrder(Order):
    """A finished mix of exactly ``samples`` samples: music, lines and the clips' own sound."""

    fps: int
    frames: int
    track: str | None = None
    """SHA-256 of the music's source."""
    track_stream: int = 0
    """Of the streams of its file, the one that is heard."""
    track_start_us: int = 0
    """Of the file, where the part begins that is played, and begun anew until the picture ends."""
    track_end_us: int | None = None
    """None: the end of the file."""
    music_volume: float = 1.0
    """Gain; 1 leaves it as it is."""
    music_fade_in_us: int = 0
    music_fade_out_us: int = 0
    speech: tuple[SpeechRef, ...] = ()
    """In the order in which they begin."""
    clips: tuple[ClipSound, ...] = ()
    balanced: bool = False
    """Whether each of its sources is brought to one loudness before its gain."""
    ducking: bool = False
    """Whether music gives way to speech and to the clips' own sound."""
    loudness: float | None = None
    """Of the whole, in LUFS; None: as it falls."""

    @property
    def samples(self) -> int:
        """Length at 48 kHz."""
        return self.frames * recipe.SAMPLE_RATE // self.fps

    @property
    def sources(self) -> tuple[str, ...]:
        """SHA-256 of each source that it reads, each once."""
        sources = [self.track, *(clip.source for clip in self.clips)]
        return tuple(dict.fromkeys(filter(None, sources)))


class CaptionedWords(Order):
    """The words of a recording or of a clip's own captions, each at the time when it is said."""

    words: str
    """Name in the cache of the JSON that has them."""
    at_ms: int = 0
    """When the recording, or the clip's file, begins; less than 0 where a clip is shown from a later moment on."""
    speed: float = 1.0
    """How much faster than it was spoken it is played."""
    start_ms: int = 0
    """As it is played; what was said before is not shown."""
    end_ms: int
    """From there; nothing is shown any more."""


class CaptionsOrder(Order):
    """What is said in a video, in a file or in the video itself."""

    lines: tuple[CaptionedWords, ...] = ()
    """In the order in which they begin; none lasts into the next."""
    clips: tuple[CaptionedWords, ...] = ()
    """What is said in clips, likewise; it is shown where no line is."""


SourceType = Literal["compositeSynthetic", "trainedAlgorithmicMedia"]
"""What a file is by IPTC's vocabulary of digital source types, as of September 2024: of some elements that AI made, or of none that it did not."""
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""What their identifiers begin with."""


PartOrder: TypeAlias = SegmentOrder | SoundtrackOrder
"""What is made once, and shown by many videos."""


class VariantOrder(Order):
    """One finished video: segments in a row, one soundtrack for all, captions that players can show."""

    segments: tuple[SegmentOrder, ...] = Field(min_length=1)
    soundtrack: SoundtrackOrder | None = None
    captions: CaptionsOrder | None = None
    """Those that players can show; None where it has none, or has them in a file beside it alone."""
    language: str | None = None
    """What is spoken, as MP4 has it: ISO 639-2/T, mul for several. None where nobody speaks."""
    burned: BurnedCaptions | None = None
    """What is said in it, where that is part of the picture; its segments have it as far as it is seen in them."""
    source_type: SourceType | None = None
    """What its metadata says of it; None where AI made nothing of it, and nothing is said."""
    credentials: CredentialsOrder | None = None
    """What is signed of it, and by whom; None: nothing."""

    @cached_property
    def key(self) -> str:
        """As of every order, from the keys of its parts, so that ten thousand variants are quick to name.

        Of the segments without captions: where words are seen is known when they are spoken, a video's name before.
        """
        segments = [segment.plain.key for segment in self.segments]
        soundtrack = self.soundtrack.key if self.soundtrack else None
        captions = self.captions.key if self.captions else None
        parts = {"segments": segments, "soundtrack": soundtrack, "captions": captions}
        if self.burned:
            parts["burned"] = self.burned.key
        if self.source_type:
            parts["source_type"] = self.source_type
        if self.credentials:
            parts["credentials"] = self.credentials.key
        return digest({"kind": "VariantOrder", **parts, "language": self.language})

    @property
    def parts(self) -> tuple[PartOrder, ...]:
        """Its segments, and its soundtrack after them."""
        return (*self.segments, *([self.soundtrack] if self.soundtrack else []))

    @property
    def frames(self) -> int:
        """Pictures in it."""
        return sum(segment.frames for segment in self.segments)

    @property
    def profile(self) -> Profile:
        """The form that all its segments share."""
        return self.segments[0].profile

    @property
    def duration_s(self) -> float:
        """Length of the picture in seconds."""
        return self.frames / self.profile.fps


class NamedVariant(Order):
    """A video with the name that it gets."""

    name: str
    order: VariantOrder


MOST_CHARACTERS = 128 * 1024 - len("CLIPTASK_ORDER=") - 1
"""Of an order's text: Linux takes 128 KiB for one variable of an environment, its name and a zero byte included."""
_PLAIN_CHARACTERS = 32_768
_PACKED = "xz:"


class WorkOrder(Order):
    """What one Job, or one process of a pool, has to do, complete in itself."""

    cache: str
    """URI of the store of what campaigns share."""
    output: str
    """URI of the store of the videos."""
    task: str
    """Folder of the videos in it."""
    segments: tuple[SegmentOrder, ...] = ()
    soundtracks: tuple[SoundtrackOrder, ...] = ()
    variants: tuple[NamedVariant, ...] = ()
    joins: tuple[NamedVariant, ...] = ()
    """Videos that show some of its parts: those of which all parts are there once its own are, it puts together. Others do the rest. They are not signed."""
    places: Mapping[str, str] = Field(default_factory=dict)
    """Where the spec names what it reads, by the SHA-256 of a source and the key of a line: for messages, and in no key."""
    signer: str = ""
    """Secret by which its campaign's videos are signed; empty: they are not."""
    secrets: str = ""
    """Folder in which a Secret is a folder of its name, with a file for each key; empty: there is none."""

    def naming(self, places: Mapping[str, str]) -> Self:
        """The order with those of the places that it needs."""
        segments = [*self.segments, *(part for each in self.variants for part in each.order.segments)]
        soundtracks = [*self.soundtracks, *(each.order.soundtrack for each in self.variants)]
        inputs = [sha256 for segment in segments for sha256 in segment.sources]
        inputs += [name for each in segments if each.captions for name in each.captions.words]
        for soundtrack in filter(None, soundtracks):
            inputs += [*soundtrack.sources, *(each.line_key for each in soundtrack.speech)]
        return self.model_copy(update={"places": {each: places[each] for each in inputs if each in places}})

    def without(self, there: AbstractSet[str]) -> Self:
        """The order without what is there: videos by their names, parts by their keys."""
        order = type(self)(
            cache=self.cache,
            output=self.output,
            task=self.task,
            segments=tuple(each for each in self.segments if each.key not in there),
            soundtracks=tuple(each for each in self.soundtracks if each.key not in there),
            variants=tuple(each for each in self.variants if each.name not in there),
            joins=tuple(each for each in self.joins if each.name not in there),
            signer=self.signer,
            secrets=self.secrets,
        )
        return order.naming(self.places)

    @property
    def step(self) -> Literal["segment", "soundtrack", "variant"]:
        """What kind of thing it makes."""
        if self.variants:
            return "variant"
        return "segment" if self.segments else "soundtrack"

    @cached_property
    def key(self) -> str:
        """SHA-256 (hex) of the content keys of all that it makes, and of the names that videos get."""
        keys = [*self.own_parts]
        keys += [f"{variant.name} {variant.order.key}" for variant in self.variants]
        keys += [f"join {variant.name} {variant.order.key}" for variant in self.joins]
        return hashlib.sha256(" ".join([self.step, *keys]).encode()).hexdigest()

    @property
    def own_parts(self) -> tuple[str, ...]:
        """Content keys of the segments and soundtracks that it makes for others to use."""
        return tuple(part.key for part in (*self.segments, *self.soundtracks))

    @property
    def things(self) -> int:
        """How many of them it makes or joins, of which each may fail by itself."""
        return len(self.segments) + len(self.soundtracks) + len(self.variants) + len(self.joins)

    @cached_property
    def parts(self) -> frozenset[str]:
        """Content keys of the segments and soundtracks that it makes where the cache lacks them."""
        soundtracks = (variant.order.soundtrack for variant in self.variants)
        parts = (*self.encoded, *self.soundtracks, *filter(None, soundtracks))
        return frozenset(part.key for part in parts)

    @property
    def encoded(self) -> tuple[SegmentOrder, ...]:
        """Its segments and those of its videos, each after the one that it takes pictures of."""
        shown = (*self.segments, *(part for variant in self.variants for part in variant.order.segments))
        return with_bases(shown)

    @property
    def fits(self) -> bool:
        """Whether its text has room in a Job's environment."""
        return len(self.to_text()) <= MOST_CHARACTERS

    def to_text(self) -> str:
        """JSON without what is default; where that is long, packed."""
        text = self.model_dump_json(by_alias=True, exclude_defaults=True)
        if len(text) <= _PLAIN_CHARACTERS:
            return text
        return _PACKED + base64.b64encode(lzma.compress(text.encode(), preset=1)).decode()

    @classmethod
    def from_text(cls, text: str) -> Self:
        """What ``to_text`` wrote. Raises ``ValueError`` for anything else."""
        if text.startswith(_PACKED):
            try:
                text = lzma.decompress(base64.b64decode(text.removeprefix(_PACKED))).decode()
            except lzma.LZMAError as error:
                message = "it is packed, but not as xz"
                raise ValueError(message) from error
        return cls.model_validate_json(text)


class WorkReport(Order):
    """A Job's last words: JSON in its termination message (4 KiB at most)."""

    reason: str = ""
    """One word for programs, e.g. ``SourceUnusable``; empty where all is made."""
    message: str = ""
    failed: dict[str, str] = Field(default_factory=dict)
    """Why, for each of several that could not be made: variants by their names, parts by their keys."""
