"""Which variants does a task want, and which segments and soundtracks are they made of?"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from math import ceil
from typing import Any, TypeGuard

from cliptask import names
from cliptask.caption_file import words_key
from cliptask.errors import ClipTaskError, joined
from cliptask.facts import SourceFacts, SpokenLine, Transcript
from cliptask.order import given
from cliptask.orders import (
    CaptionsOrder,
    Profile,
    SegmentOrder,
    SoundtrackOrder,
    SourceType,
    VariantOrder,
    with_bases,
)
from cliptask.planning import overlaid, shares
from cliptask.planning.bindings import NO_TRANSCRIPTS, Bindings, Bound, Transcripts, bind_rows
from cliptask.planning.choices import Choice, Labels, Named, chosen
from cliptask.planning.clip_words import unsaid
from cliptask.planning.credentials import credentials_of
from cliptask.planning.disclosure import Synthetic, disclosure
from cliptask.planning.extent import sentences
from cliptask.planning.forms import remark
from cliptask.planning.history import FORMS, NOTHING, SOLE, History, Part, recognized
from cliptask.planning.lines import Said, said
from cliptask.planning.looks import caption_look, coloured_emoji
from cliptask.planning.naming import ad_name, refuse_collisions, utm, video_name
from cliptask.planning.settings import Settings, settings_of
from cliptask.planning.soundtrack import soundtrack
from cliptask.planning.targets import of_forms
from cliptask.planning.timeline import Timeline
from cliptask.planning.timelines import Timelines, common_errors, lines_of
from cliptask.spec.disclosure import label_of
from cliptask.spec.places import form_place, line_place, source_places, voice_places
from cliptask.spec.platforms import Target
from cliptask.spec.task import ClipTask, ClipTaskSpec
from cliptask.spec.values import MAX_VARIANTS


@dataclass(frozen=True)
class Variant:
    """A video that is wanted."""

    name: str
    clips: tuple[str, ...]
    """Label of the clip of each block."""
    track: str | None
    line: str | None
    text: str | None
    """What is heard of all its lines."""
    order: VariantOrder
    captions: CaptionsOrder | None = None
    """Of the file with what is said."""
    pictures: tuple[str, ...] = ()
    """Key of a segment for each clip: its picture stands for the clip in the gallery."""
    ad_name: str | None = None
    """What people and ad platforms call it, whatever it holds; None where the task does not say."""
    utm: str | None = None
    """What its ad's link carries."""
    others: Mapping[str, str] = field(default_factory=dict)
    """What else was chosen for it, by what rules call it: a text of each text block, a language."""
    form: str | None = None
    """Of several, the one that it is made in."""
    synthetic: tuple[Synthetic, ...] = ()
    """What kinds of its ingredients AI made."""

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """Texts that lie over the picture, in the order in which they appear, each once."""
        overlays = (over for segment in self.order.segments for over in segment.all_overlays)
        return tuple(dict.fromkeys(over.text for over in overlays if over.text))


@dataclass(frozen=True)
class Skipped:
    """A combination that cannot be made, and why."""

    clips: tuple[str, ...]
    track: str | None
    line: str | None
    error: ClipTaskError
    others: Mapping[str, str] = field(default_factory=dict)
    form: str | None = None
    """As of a variant."""

    @property
    def labels(self) -> list[str]:
        """Of all its parts."""
        return Named(self.clips, self.track, self.line, self.others, self.form).labels


@dataclass(frozen=True)
class Campaign:
    """All that a task wants, in the order in which it is best made."""

    task: str
    blocks: tuple[str, ...]
    profiles: Mapping[str | None, Profile]
    """The forms of its videos by their names; of one alone, by None."""
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
    remarks: tuple[str, ...] = ()
    """And of what lies over it, of what was dealt before, and of clips that were to be transcribed and say nothing."""
    targets: tuple[Target, ...] = ()
    """Where its videos are to be shown."""
    about_targets: tuple[str, ...] = ()
    """What is to be said of these before any video has a size: which no form suits, and what of an overlay they would cover."""
    others: tuple[str, ...] = ()
    """What its variants choose between beside clips, tracks and lines, as rules call it."""
    signer: str = ""
    """Secret by which its videos are signed; empty: they are not."""
    speech_characters: int = 0
    """Of all lines for ElevenLabs, each once."""
    transcribed_seconds: int = 0
    """Of all files of clips that are transcribed, each once; begun seconds count whole."""

    @cached_property
    def segments(self) -> tuple[SegmentOrder, ...]:
        """Every unique segment, those that variants need first before the others."""
        segments = (segment for variant in self.variants for segment in variant.order.segments)
        return tuple({segment.key: segment for segment in segments}.values())

    @cached_property
    def encoded(self) -> tuple[SegmentOrder, ...]:
        """The same, each after the one that it takes pictures of, which no video may show."""
        return with_bases(self.segments)

    @property
    def encode_seconds(self) -> int:
        """Of all picture that is encoded for it, each piece once; begun seconds count whole."""
        return whole_seconds([encoded_s(self.encoded)])

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
    transcripts: Transcripts = NO_TRANSCRIPTS,
) -> Campaign:
    """What is to be made of ``sources`` (by URL) and ``lines`` (as ``spec.lines``), after what ``history`` tells.

    What cannot be had is an error in place of its facts. By ``failurePolicy`` the first of them is raised with the
    messages of all, or the variants that need it are skipped. A line whose length is not known yet is taken to fit; None
    stands for one that nobody speaks: it is dealt, and neither heard nor read. What is said in clips is shown once it is known.
    """
    spec = task.spec
    rows = bind_rows(spec, sources, transcripts)
    bindings, count = rows[0], len(spec.lines_at)
    if spec.failure_policy.on_source_error == "Fail":
        of_rows = [lines[number * count : (number + 1) * count] for number in range(len(rows))]
        errors = common_errors(rows, of_rows)
        if errors:
            raise joined(errors)
    if bindings.size_error:
        raise bindings.size_error
    timelines = Timelines(spec, rows)
    profiles = {name: timelines.first(form).profile for form, name in enumerate(spec.form_names)}
    labels = Labels(spec, sources)
    variants: dict[str, Variant] = {}
    skipped: list[Skipped] = []
    wanted = chosen(spec, labels, history if spec.variants.history == "keep" else NOTHING, most)
    every = (labels.of(choice)._replace(form=form) for choice in wanted.choices for form in profiles)
    refuse_collisions(task, every)
    for choice in wanted.choices:
        named = labels.of(choice)
        clips, track, line, others, _ = named
        # What is said and heard is the same in every form: frames are.
        first = timelines.of(choice)
        try:
            words = said(first, choice, lines_of(spec, choice, lines))
            heard = soundtrack(first, choice, words)
            told = disclosure(first.spec, choice, words, heard)
            of_forms = [timelines.of(choice, form, told.label) for form in range(len(profiles))]
            orders = [variant_order(each, choice, words, heard, told.source_type) for each in of_forms]
        except ClipTaskError as error:
            skipped += [Skipped(clips, track, line, error, others, form) for form in profiles]
            continue
        captions = captions_order(first, words)
        for form, timeline, order in zip(profiles, of_forms, orders, strict=True):
            of_form = named._replace(form=form)
            name = video_name(task, of_form, order.key)
            segments = timeline.pictures(choice.clips, order.segments)
            variant = Variant(
                name,
                clips,
                track,
                line,
                words.text,
                order,
                captions,
                tuple(segment.key for segment in segments),
                ad_name(task, of_form),
                utm(task, of_form),
                others,
                form,
                told.synthetic,
            )
            # A file may be listed under two names of which nothing is left in the video's.
            variants.setdefault(name, variant)
    if not skipped:
        timelines.refuse_unseen()
    made = (segment for variant in variants.values() for segment in variant.order.segments)
    about_overlays = (each for timeline in timelines.samples for each in overlaid.remarks(timeline))
    about_clips = (
        each
        for of_row, bound in zip(spec.by_row, rows, strict=True)
        for each in unsaid(of_row, bound, transcripts)
    )
    about_label = unlabelled(spec, variants.values())
    about_history = history.remark if spec.variants.history == "keep" else None
    remarks = dict.fromkeys(
        [
            *about_overlays,
            *filter(None, [about_label, shares.remark(spec, made), about_history]),
            *about_clips,
        ]
    )
    blocks = tuple(block.name for block in spec.video_blocks)
    return Campaign(
        task.metadata.name,
        blocks,
        profiles,
        tuple(variants.values()),
        tuple(skipped),
        input_places(spec, sources, lines, transcripts),
        {**wanted.parts, **form_parts(profiles, history)},
        settings_of(spec, bindings, profiles),
        history,
        remark_of(spec, bindings),
        tuple(remarks),
        spec.targets,
        about_targets(spec, bindings, timelines),
        tuple(spec.others),
        spec.signer or "",
        sum({each.key: each.characters for each in lines if _is_paid(each)}.values()),
        whole_seconds(
            {each.key: each.seconds for each in transcripts.values() if isinstance(each, Transcript)}.values()
        ),
    )


def encoded_s(segments: Iterable[SegmentOrder]) -> float:
    """Seconds of picture that are encoded for segments, without what is copied."""
    return sum(each.frames_encoded / each.profile.fps for each in segments)


def whole_seconds(seconds: Iterable[float]) -> int:
    """Their sum; a begun second is a whole one, what only reckoning has added is none."""
    return ceil(sum(seconds) - 1e-6)


def _is_paid(line: Bound[SpokenLine] | None) -> TypeGuard[SpokenLine]:
    return isinstance(line, SpokenLine) and line.provider == "elevenlabs"


def form_parts(profiles: Mapping[str | None, Profile], history: History) -> dict[str, Sequence[Part]]:
    """The forms as a column of parts: one is itself by its name or by what it is, as clips are."""
    now = [
        Part(name or SOLE, content, source=content, title=name or SOLE)
        for name, profile in profiles.items()
        for content in (hashlib.sha256(profile.model_dump_json().encode()).hexdigest(),)
    ]
    (column,), _ = recognized(history, {FORMS: now})
    return {FORMS: column.parts}


def unlabelled(spec: ClipTaskSpec, variants: Collection[Variant]) -> str | None:
    """What the author of a label should know that no video shows."""
    if label_of(spec) is None or not variants or any(each.synthetic for each in variants):
        return None
    return "spec.disclosure.label: no video holds anything synthetic, so that none shows it: mark what AI made by synthetic: true, or leave it out"


def remark_of(spec: ClipTaskSpec, bindings: Bindings) -> str | None:
    """What a task's author should know of the form whose size follows from the clips."""
    found = next((each for each in enumerate(spec.forms) if each[1].width is None), None)
    return remark(*bindings.sizes[found[0]], form_place(spec, found[0])) if found else None


def about_targets(spec: ClipTaskSpec, bindings: Bindings, timelines: Timelines) -> tuple[str, ...]:
    """Which targets no form suits, and what platforms would cover of the overlays of all timelines that were asked for."""
    if not spec.targets:
        return ()
    sizes = dict(zip(spec.form_names, bindings.full_sizes, strict=True))
    covered = (each for timeline in timelines.known for each in overlaid.covered(timeline))
    return (*of_forms(spec.targets, sizes, partial(form_place, spec)), *sentences(covered))


def input_places(
    spec: ClipTaskSpec,
    sources: Mapping[str, Bound[SourceFacts]],
    lines: Sequence[Bound[SpokenLine] | None],
    transcripts: Transcripts = NO_TRANSCRIPTS,
) -> dict[str, str]:
    """Where the spec first names each source and each line, by SHA-256 and by key, and the words of each by their names."""
    places: dict[str, str] = {}
    for place in source_places(spec):
        if isinstance(facts := sources[place.url], SourceFacts):
            places.setdefault(facts.sha256, str(place))
            if facts.kind == "captions":
                places.setdefault(names.words_object(words_key(facts.sha256)), str(place))
    for index, spoken in enumerate(lines):
        if isinstance(spoken, SpokenLine):
            places.setdefault(spoken.key, str(line_place(spec, index)))
            places.setdefault(names.speech_object(spoken.key, "json"), str(line_place(spec, index)))
    for voice, place in voice_places(spec):
        if isinstance(transcript := transcripts.get(voice), Transcript):
            places.setdefault(names.words_object(transcript.key), str(place))
    return places


def variant_order(
    timeline: Timeline,
    choice: Choice,
    said: Said,
    heard: SoundtrackOrder | None,
    source_type: SourceType | None,
) -> VariantOrder:
    """What is to be made of one combination in which this is said and heard, be it one that the task wants or not.

    Raises what makes an input of it unusable.
    """
    segments, burned = timeline.segments(choice.clips, said.more), None
    if timeline.spec.captions.mode == "burned":
        look = caption_look(timeline.spec.captions, timeline.bindings.font, timeline.free)
        emoji = coloured_emoji(timeline.spec.captions.letters)
        burned = timeline.one(said.burned(look, emoji, is_settled=False))
        shown = said.burned(look, emoji, is_settled=True)
        segments = timeline.captioned(segments, shown) if shown else segments
    fields: dict[str, Any] = given(
        soundtrack=heard,
        captions=timeline.one(said.captions(is_settled=False))
        if timeline.spec.captions.mode == "soft"
        else None,
        language=said.language,
        burned=burned,
        source_type=source_type,
        credentials=credentials_of(timeline, choice, said, heard),
    )
    return VariantOrder(segments=segments, **fields)


def captions_order(timeline: Timeline, said: Said) -> CaptionsOrder | None:
    """The caption file of a video in which this is said."""
    return None if timeline.spec.captions.mode == "none" else timeline.one(said.captions(is_settled=True))
