"""Which variants does a task want, and which segments and soundtracks are they made of?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import floor

from cliptask import names
from cliptask.captions import last_ms
from cliptask.errors import ClipTaskError, VariantError, joined
from cliptask.facts import SourceFacts, SpokenLine
from cliptask.languages import mp4_code
from cliptask.layers import BurnedCaptions, SpokenAt
from cliptask.orders import CaptionsOrder, Profile, SegmentOrder, SoundtrackOrder, SpeechRef, VariantOrder
from cliptask.planning.bindings import Bound, bind
from cliptask.planning.choices import Choice, Labels, chosen
from cliptask.planning.forms import remark
from cliptask.planning.history import NOTHING, History, Part
from cliptask.planning.looks import caption_look
from cliptask.planning.settings import Settings, settings_of
from cliptask.planning.soundtrack import soundtrack
from cliptask.planning.timeline import Timeline
from cliptask.spec.places import line_place, source_places
from cliptask.spec.task import ClipTask, ClipTaskSpec
from cliptask.spec.values import MAX_VARIANTS
from cliptask.text import heard


@dataclass(frozen=True)
class Variant:
    """A video that is wanted."""

    name: str
    clips: tuple[str, ...]
    """Label of the clip of each block."""
    track: str | None
    line: str | None
    text: str | None
    """What is heard of the line."""
    order: VariantOrder
    captions: CaptionsOrder | None = None
    """Of the file with what is said."""
    pictures: tuple[str, ...] = ()
    """Key of a segment for each clip: its picture stands for the clip in the gallery."""

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """Texts that lie over the picture, in the order in which they appear, each once."""
        cuts = (cut for segment in self.order.segments for cut in segment.cuts)
        return tuple(dict.fromkeys(over.text for cut in cuts for over in cut.overlays if over.text))


@dataclass(frozen=True)
class Skipped:
    """A combination that cannot be made, and why."""

    clips: tuple[str, ...]
    track: str | None
    line: str | None
    error: ClipTaskError


@dataclass(frozen=True)
class Campaign:
    """All that a task wants, in the order in which it is best made."""

    task: str
    blocks: tuple[str, ...]
    profile: Profile
    variants: tuple[Variant, ...]
    skipped: tuple[Skipped, ...]
    places: Mapping[str, str] = field(default_factory=dict)
    """Where the spec first names each source and each line, by SHA-256 and by key."""
    parts: Mapping[str, Sequence[Part]] = field(default_factory=dict)
    """What was dealt to the variants, for the next deal."""
    settings: Settings = field(default_factory=dict)
    """What else decides the variants."""
    before: History = NOTHING
    """What the campaign was until now."""
    remark: str | None = None
    """What its author should know of its picture."""

    @cached_property
    def segments(self) -> tuple[SegmentOrder, ...]:
        """Every unique segment, those that variants need first before the others."""
        segments = (segment for variant in self.variants for segment in variant.order.segments)
        return tuple({segment.key: segment for segment in segments}.values())

    @cached_property
    def soundtracks(self) -> tuple[SoundtrackOrder, ...]:
        """Every unique soundtrack."""
        tracks = (variant.order.soundtrack for variant in self.variants)
        return tuple({track.key: track for track in tracks if track is not None}.values())


def plan(
    task: ClipTask,
    sources: Mapping[str, Bound[SourceFacts]],
    lines: Sequence[Bound[SpokenLine] | None],
    most: int = MAX_VARIANTS,
    history: History = NOTHING,
) -> Campaign:
    """What is to be made of ``sources`` (by URL) and ``lines`` (as ``spec.speech``), after what ``history`` tells.

    What cannot be had is an error in place of its facts. By ``failurePolicy`` the first of them is raised with the
    messages of all, or the variants that need it are skipped. A line whose length is not known yet is taken to fit; None
    stands for one that nobody speaks: it is dealt, and neither heard nor read.
    """
    spec = task.spec
    bindings = bind(spec, sources)
    if spec.failure_policy.on_source_error == "Fail":
        errors = [*bindings.errors, *(line for line in lines if isinstance(line, ClipTaskError))]
        if errors:
            raise joined(errors)
    if bindings.size_error:
        raise bindings.size_error
    timeline = Timeline(spec, bindings)
    labels = Labels(spec, sources)
    variants: dict[str, Variant] = {}
    skipped: list[Skipped] = []
    wanted = chosen(spec, labels, history if spec.variants.history == "keep" else NOTHING, most)
    for choice in wanted.choices:
        clips, track, line = labels.of(choice)
        try:
            order = variant_order(timeline, choice, lines)
            captions = captions_order(spec, spoken(choice, lines), order.duration_s)
        except ClipTaskError as error:
            skipped.append(Skipped(clips, track, line, error))
            continue
        name = names.variant_name([*clips, *(label for label in (track, line) if label)], order.key)
        text = None if choice.line is None else heard(spec.speech[choice.line].text)
        # A file may be listed under two names of which nothing is left in the video's.
        pictures = tuple(segment.key for segment in timeline.pictures(choice.clips, order.segments))
        variants.setdefault(name, Variant(name, clips, track, line, text, order, captions, pictures))
    if not skipped:
        timeline.refuse_unseen()
    blocks = tuple(block.name for block in spec.video_blocks)
    return Campaign(
        task.metadata.name,
        blocks,
        timeline.profile,
        tuple(variants.values()),
        tuple(skipped),
        input_places(spec, sources, lines),
        wanted.parts,
        settings_of(spec, bindings, timeline.profile),
        history,
        remark(bindings.width, bindings.height) if spec.picture.width is None else None,
    )


def input_places(
    spec: ClipTaskSpec, sources: Mapping[str, Bound[SourceFacts]], lines: Sequence[Bound[SpokenLine] | None]
) -> dict[str, str]:
    """Where the spec first names each source and each line, by SHA-256 and by key."""
    places: dict[str, str] = {}
    for place in source_places(spec):
        if isinstance(facts := sources[place.url], SourceFacts):
            places.setdefault(facts.sha256, str(place))
    for index, spoken in enumerate(lines):
        if isinstance(spoken, SpokenLine):
            places.setdefault(spoken.key, str(line_place(spec, index)))
    return places


def variant_order(
    timeline: Timeline, choice: Choice, lines: Sequence[Bound[SpokenLine] | None]
) -> VariantOrder:
    """What is to be made of one combination, be it one that the task wants or not; ``lines`` are as for ``plan``.

    Raises what makes an input of it unusable, and ``VariantError`` where it cannot become a video.
    """
    spec = timeline.spec
    segments = timeline.segments(choice.clips)
    frames, fps = sum(segment.frames for segment in segments), timeline.profile.fps
    line = spoken(choice, lines)
    if line is not None and spec.sound.overflow == "Fail" and (line.duration_s or 0) > frames / fps:
        message = (
            f"{line_place(spec, choice.line or 0)} takes {line.duration_s:.1f} s, the picture {frames / fps:.1f} s: "
            "shorten it, use longer clips, or set spec.sound.overflow to Trim"
        )
        raise VariantError(message)
    speech = None if line is None else SpeechRef(line_key=line.key, extension=line.extension)
    burned = None
    if line is not None and spec.captions.mode == "burned":
        burned = _burned(spec, line, spec.speech[choice.line or 0].language, frames / fps)
        segments = timeline.captioned(segments, burned)
        # Where its words are seen is no part of a video's name.
        burned = burned.model_copy(update={"spoken": tuple(_named(each) for each in burned.spoken)})
    return VariantOrder(
        burned=burned,
        segments=segments,
        soundtrack=soundtrack(timeline, choice, frames, speech),
        words=line.key if line and spec.captions.mode == "soft" else None,
        language=None if speech is None else mp4_code(spec.speech[choice.line or 0].language),
    )


def _burned(spec: ClipTaskSpec, line: SpokenLine, language: str, video_s: float) -> BurnedCaptions:
    """What is said in a video as a part of its picture; a line whose length is not known yet is taken to last as long."""
    heard_s = min(video_s, video_s if line.duration_s is None else line.duration_s)
    spoken = SpokenAt(line_key=line.key, language=language, frame=0, end_ms=floor(heard_s * 1000))
    return BurnedCaptions(look=caption_look(spec.captions), spoken=(spoken,))


def _named(spoken: SpokenAt) -> SpokenAt:
    return spoken.model_copy(update={"end_ms": 0})


def spoken(choice: Choice, lines: Sequence[Bound[SpokenLine] | None]) -> SpokenLine | None:
    """The line of a combination. Raises what makes it unusable."""
    line = None if choice.line is None else lines[choice.line]
    if isinstance(line, ClipTaskError):
        raise line
    return line


def captions_order(spec: ClipTaskSpec, line: SpokenLine | None, video_s: float) -> CaptionsOrder | None:
    """The caption file of a video in which this line is spoken.

    The video itself depends on the line alone: how long that takes nobody knows before it is spoken.
    """
    if line is None or spec.captions.mode == "none":
        return None
    return CaptionsOrder(line_key=line.key, end_ms=last_ms(video_s, line.duration_s))
