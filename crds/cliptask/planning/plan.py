"""Which variants does a task want, and which segments and soundtracks are they made of?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from cliptask import names
from cliptask.errors import ClipTaskError, InvalidTask, VariantError
from cliptask.facts import SourceFacts, SpokenLine
from cliptask.languages import mp4_code
from cliptask.orders import Profile, SegmentOrder, SoundtrackOrder, SpeechRef, VariantOrder
from cliptask.planning.bindings import Bound, bind
from cliptask.planning.experiment import assign, combinations
from cliptask.planning.orthogonal_array import Row
from cliptask.planning.timeline import Timeline
from cliptask.spec.task import MAX_VARIANTS, Assignment, Clip, ClipTask, ClipTaskSpec, Line, Track
from cliptask.text import heard


@dataclass(frozen=True)
class Choice:
    """Which parts make a variant, by their places in the spec: a clip of each block, a track, a line."""

    clips: tuple[int, ...]
    track: int | None
    line: int | None


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


def count_variants(spec: ClipTaskSpec, most: int = MAX_VARIANTS) -> int:
    """How many combinations become variants. Raises ``InvalidTask`` when there are more than ``most``."""
    possible = math.prod(_sizes(spec))
    count = possible if spec.variants.limit is None else min(possible, spec.variants.limit)
    if count > most:
        message = (
            f"spec: {count:,} combinations are more than the {most:,} allowed: "
            "set spec.variants.limit (it chooses a balanced subset), or use fewer clips"
        )
        raise InvalidTask(message)
    return count


def _sizes(spec: ClipTaskSpec) -> list[int]:
    """How many clips each block has, then how many tracks and lines there are where every combination has each."""
    tracks, lines, rule = len(spec.tracks), len(spec.speech), spec.variants
    sizes = [len(block.clips) for block in spec.video_blocks]
    sizes += [tracks] if tracks and rule.music == "product" else []
    return sizes + ([lines] if lines and rule.speech == "product" else [])


def choices(spec: ClipTaskSpec, most: int = MAX_VARIANTS) -> tuple[Choice, ...]:
    """The combinations that become variants; the same spec gives the same ones in the same order.

    Raises ``InvalidTask`` when there are more than ``most``.
    """
    count_variants(spec, most)
    blocks, tracks, lines, rule = len(spec.video_blocks), len(spec.tracks), len(spec.speech), spec.variants
    rows = combinations(_sizes(spec), rule.limit)
    columns = islice(zip(*rows, strict=True), blocks, None)

    def column(levels: int, mode: Assignment, seed: int) -> Row | None:
        if not levels:
            return None
        return next(columns) if mode == "product" else assign(rows, levels, mode, seed)

    music = column(tracks, rule.music, 2 * rule.seed)
    if music is not None and rule.music != "product":
        rows = tuple((*row, track) for row, track in zip(rows, music, strict=True))
    speech = column(lines, rule.speech, 2 * rule.seed + 1)
    return tuple(
        Choice(row[:blocks], music[index] if music else None, speech[index] if speech else None)
        for index, row in enumerate(rows)
    )


def plan(
    task: ClipTask,
    sources: Mapping[str, Bound[SourceFacts]],
    lines: Sequence[Bound[SpokenLine]],
    most: int = MAX_VARIANTS,
) -> Campaign:
    """What is to be made of ``sources`` (by URL) and ``lines`` (as ``spec.speech``).

    What cannot be had is an error in place of its facts. By ``failurePolicy`` the first of them is raised with the
    messages of all, or the variants that need it are skipped. A line whose length is not known yet is taken to fit.
    """
    spec = task.spec
    bindings = bind(spec, sources)
    if spec.failure_policy.on_source_error == "Fail":
        errors = [*bindings.errors, *(line for line in lines if isinstance(line, ClipTaskError))]
        if errors:
            raise type(errors[0])("\n".join(dict.fromkeys(str(error) for error in errors)))
    if bindings.size_error:
        raise bindings.size_error
    timeline = Timeline(spec, bindings)
    labels = Labels(spec, sources)
    variants: dict[str, Variant] = {}
    skipped: list[Skipped] = []
    for choice in choices(spec, most):
        clips, track, line = labels.of(choice)
        try:
            order = _order(timeline, choice, lines)
        except ClipTaskError as error:
            skipped.append(Skipped(clips, track, line, error))
            continue
        name = names.variant_name([*clips, *(label for label in (track, line) if label)], order.key)
        text = None if choice.line is None else heard(spec.speech[choice.line].text)
        # A clip may be listed twice.
        variants.setdefault(name, Variant(name, clips, track, line, text, order))
    if not skipped:
        timeline.refuse_unseen()
    blocks = tuple(block.name for block in spec.video_blocks)
    return Campaign(
        task.metadata.name,
        blocks,
        timeline.profile,
        tuple(variants.values()),
        tuple(skipped),
        _places(spec, sources, lines),
    )


def _places(
    spec: ClipTaskSpec, sources: Mapping[str, Bound[SourceFacts]], lines: Sequence[Bound[SpokenLine]]
) -> dict[str, str]:
    places: dict[str, str] = {}
    for where, url in _urls(spec):
        if isinstance(facts := sources[url], SourceFacts):
            places.setdefault(facts.sha256, names.place(where, names.public_url(url)))
    for index, (line, spoken) in enumerate(zip(spec.speech, lines, strict=False)):
        if isinstance(spoken, SpokenLine):
            places.setdefault(spoken.key, names.place(f"speech[{index}]", names.shown(line.text)))
    return places


def _urls(spec: ClipTaskSpec) -> Iterator[tuple[str, str]]:
    """Each place of a URL in the spec, and the URL."""
    for row, video_block in enumerate(spec.video_blocks):
        yield from (
            (f"videoBlocks[{row}].clips[{index}]", clip.url) for index, clip in enumerate(video_block.clips)
        )
    for row, audio_block in enumerate(spec.audio_blocks):
        yield from (
            (f"audioBlocks[{row}].tracks[{index}]", track.url)
            for index, track in enumerate(audio_block.tracks)
        )
    yield from (
        (f"overlays[{index}]", over.image.url) for index, over in enumerate(spec.overlays) if over.image
    )


def source_label(part: Clip | Track) -> str:
    """What a clip or a track is called, where no other is called the same."""
    return part.name or names.label_of_url(part.url)


def line_label(line: Line) -> str:
    """What a line is called, where no other is called the same."""
    return line.name or names.label_of_text(line.text)


class Labels:
    """What clips, tracks and lines are called in names.

    Two files of one name are told apart by their bytes: a signed URL is another one at each run. Only a file that cannot
    be had, and of which nothing is made, goes by its URL.
    """

    def __init__(self, spec: ClipTaskSpec, sources: Mapping[str, Bound[SourceFacts]]) -> None:
        def labelled(part: Clip | Track) -> tuple[str, str]:
            facts = sources[part.url]
            source = facts.sha256 if isinstance(facts, SourceFacts) else names.public_url(part.url)
            use = part.model_dump_json(exclude={"name", "url"}, exclude_defaults=True)
            return source_label(part), f"{source} {use}"

        self.clips = [names.distinct([labelled(clip) for clip in block.clips]) for block in spec.video_blocks]
        self.tracks = names.distinct([labelled(track) for track in spec.tracks])
        self.lines = names.distinct(
            [(line_label(line), line.model_dump_json(exclude_defaults=True)) for line in spec.speech]
        )

    def of(self, choice: Choice) -> tuple[tuple[str, ...], str | None, str | None]:
        """The labels of a variant's clips, of its track and of its line."""
        clips = tuple(labels[index] for labels, index in zip(self.clips, choice.clips, strict=True))
        track = None if choice.track is None else self.tracks[choice.track]
        return clips, track, None if choice.line is None else self.lines[choice.line]


def _order(timeline: Timeline, choice: Choice, lines: Sequence[Bound[SpokenLine]]) -> VariantOrder:
    spec, bindings = timeline.spec, timeline.bindings
    segments = timeline.segments(choice.clips)
    frames, fps = sum(segment.frames for segment in segments), timeline.profile.fps
    track = None if choice.track is None else bindings.track(choice.track)
    line = None if choice.line is None else lines[choice.line]
    if isinstance(line, ClipTaskError):
        raise line
    if line is not None and spec.sound.overflow == "Fail" and (line.duration_s or 0) > frames / fps:
        message = (
            f"the line {spec.speech[choice.line or 0].text[:40]!r} takes {line.duration_s:.1f} s, the picture {frames / fps:.1f} s: "
            "shorten it, use longer clips, or set spec.sound.overflow to Trim"
        )
        raise VariantError(message)
    speech = None if line is None else SpeechRef(line_key=line.key, extension=line.extension)
    captions = "none" if speech is None else spec.captions.mode
    return VariantOrder(
        segments=segments,
        soundtrack=_soundtrack(timeline, choice, frames, track, speech),
        captions=captions,
        speech=None if captions == "none" else speech,
        language=None if choice.line is None else mp4_code(spec.speech[choice.line].language),
    )


def _soundtrack(
    timeline: Timeline, choice: Choice, frames: int, track: SourceFacts | None, speech: SpeechRef | None
) -> SoundtrackOrder | None:
    """Only what is heard is in the order, so that what is not heard changes no key."""
    sound, clips = timeline.spec.sound, timeline.sounds(choice.clips)
    if not sound.music_volume:
        track = None
    if track is None and speech is None and not clips:
        return None
    return SoundtrackOrder(
        fps=timeline.profile.fps,
        frames=frames,
        track=track.sha256 if track else None,
        track_stream=(track.sound_stream or 0) if track else 0,
        speech=speech,
        clips=clips,
        music_volume=sound.music_volume if track else 0,
        clip_volume=sound.clip_volume if clips else 0,
        ducking=sound.ducking and track is not None and speech is not None,
        loudness=sound.loudness,
    )
