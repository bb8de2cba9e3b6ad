"""What may a ClipTask say? The resource as frozen models: the source of the CRD, of its docs and of validation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, Field

from cliptask.spec import remedies
from cliptask.spec.budget import Budget
from cliptask.spec.captions import Captions, ClipVoice
from cliptask.spec.disclosure import Disclosure, label_in_known_languages, label_over_known_block
from cliptask.spec.execution import Execution, FailurePolicy
from cliptask.spec.fonts import (
    Font,
    fonts_of_captions,
    fonts_of_label,
    fonts_of_overlays,
    fonts_of_texts,
)
from cliptask.spec.ingredients import AudioBlock, Clip, Track, VideoBlock
from cliptask.spec.languages import (
    Tongue,
    distinct_languages,
    known_languages,
    lines_of_blocks,
    whole_languages,
)
from cliptask.spec.naming import Naming, known_fields
from cliptask.spec.notify import Receiver
from cliptask.spec.output import Output
from cliptask.spec.overlays import Overlay, Text, TextBlock
from cliptask.spec.part import Part, distinct_names
from cliptask.spec.picture import (
    NamedPicture,
    Picture,
    distinct_sizes,
    one_as_its_clips,
    one_or_several,
    one_rate,
)
from cliptask.spec.platforms import Target, distinct_targets
from cliptask.spec.rows import Data, Row, rows_of
from cliptask.spec.rules import Breach, Path, rule
from cliptask.spec.sound import Sound
from cliptask.spec.speech import Line, Utterance
from cliptask.spec.texts import names_of_their_own, over_known_blocks
from cliptask.spec.transitions import (
    Transition,
    between_known_blocks,
    between_neighbours,
    one_for_each_pair,
)
from cliptask.spec.values import Language, Name
from cliptask.spec.variants import VariantChoice

GROUP, VERSION, KIND, PLURAL = "cliptask.dev", "v1alpha1", "ClipTask", "cliptasks"


class ClipTaskSpec(Part):
    """A campaign: blocks of interchangeable clips, tracks and lines of speech; every combination becomes a video."""

    video_blocks: tuple[VideoBlock, ...] = Field(min_length=1, max_length=20)
    """The video's slots, in order."""
    audio_blocks: tuple[AudioBlock, ...] = Field(default=(), max_length=20)
    """Music. Without any, the videos have none."""
    speech: tuple[Line, ...] = Field(default=(), max_length=100)
    """Lines; each variant speaks one, beside those of its clips and blocks."""
    text_blocks: tuple[TextBlock, ...] = Field(default=(), max_length=10)
    """Places over the picture with interchangeable texts, over the overlays; each variant shows one text of each."""
    languages: tuple[Language, ...] = Field(default=(), max_length=20)
    """BCP 47 tags of the languages in which every combination is made. Lines, texts and what clips say go with their own alone. Default: whatever the lines are in."""
    data: Data | None = None
    """Rows that fill `{{column}}` in texts, lines, voices, languages and URLs; `{{{{` stands for `{{`. Default: no rows."""
    naming: Naming | None = None
    """What videos are called. Default: by the labels of their parts."""
    variants: VariantChoice = VariantChoice()
    """Which combinations become variants."""
    picture: Picture | None = None
    """Size, rate and fit of the picture."""
    pictures: tuple[NamedPicture, ...] = Field(default=(), max_length=8)
    """Several forms, in the place of picture: every combination becomes a video in each. All have one rate: the one that is given, else by the fastest clip."""
    targets: tuple[Target, ...] = Field(default=(), max_length=8)
    """Platforms on which the videos are to be shown, each in those forms whose shape it takes: what they would refuse, and which titles their buttons would cover, is told before anything is made, and nothing is refused for it. Titles and captions keep clear of what these platforms cover. Default: none; titles and captions keep clear of metaReels, tiktok and youtubeShorts."""
    transitions: tuple[Transition, ...] = Field(default=(), max_length=20)
    """Between clips. Default: hard cuts."""
    overlays: tuple[Overlay, ...] = Field(default=(), max_length=20)
    """Titles and logos, later ones over earlier ones."""
    fonts: tuple[Font, ...] = Field(default=(), max_length=10)
    """Fonts of the brand's, for titles and captions. All are fetched and checked, also those that no style names."""
    captions: Captions = Captions()
    """The spoken words as text."""
    disclosure: Disclosure | None = None
    """What those who watch are told of what AI made."""
    sound: Sound = Sound()
    """How the sound is mixed."""
    output: Output
    """Where the videos go."""
    notify: tuple[Receiver, ...] = Field(default=(), max_length=10)
    """Who is told when the campaign has ended, or comes to another phase."""
    failure_policy: FailurePolicy = FailurePolicy()
    """What to do when something cannot be had."""
    budget: Budget = Budget()
    """What it may take at most. Default: what the installation allows."""
    execution: Execution = Execution()
    """How the cluster makes the campaign; local mode takes no notice."""

    _distinct_video_blocks = distinct_names("two video blocks have the same name", "videoBlocks")
    _distinct_audio_blocks = distinct_names("two audio blocks have the same name", "audioBlocks", given=False)

    # No CEL: every track with every track of every block is above its cost budget.
    @rule("two tracks have the same name", cel=None, field="audioBlocks")
    def _distinct_tracks(self) -> Iterable[Breach]:
        first: dict[str, int] = {}
        for number, block in enumerate(self.audio_blocks):
            for index, track in enumerate(block.tracks):
                if track.name and first.setdefault(track.name, number) != number:
                    yield Breach((number, "tracks", index, "name"), "all audio blocks are one pool")

    _distinct_lines = distinct_names("two lines have the same name", "speech", given=False, named=False)

    @rule(
        "an overlay names a block that does not exist",
        cel="!has(self.overlays) || self.overlays.all(o, !has(o.block) || self.videoBlocks.exists(b, b.name == o.block))",
        field="overlays",
    )
    def _overlaid_blocks(self) -> Iterable[Breach]:
        blocks = [block.name for block in self.video_blocks]
        for index, overlay in enumerate(self.overlays):
            if overlay.block is not None and overlay.block not in blocks:
                yield Breach((index, "block"), f"there are: {', '.join(blocks)}")

    _one_or_several, _distinct_sizes, _one_as_its_clips, _one_rate = (
        one_or_several,
        distinct_sizes,
        one_as_its_clips,
        one_rate,
    )
    _distinct_pictures = distinct_names("two pictures have the same name", "pictures", given=False)

    _distinct_fonts = distinct_names("two fonts have the same name", "fonts", given=False)
    _fonts_of_overlays, _fonts_of_captions, _fonts_of_texts, _fonts_of_label = (
        fonts_of_overlays,
        fonts_of_captions,
        fonts_of_texts,
        fonts_of_label,
    )

    _distinct_texts = distinct_names("two text blocks have the same name", "textBlocks", given=False)
    _texts_names, _texts_blocks = names_of_their_own, over_known_blocks
    _label_block, _label_languages = label_over_known_block, label_in_known_languages
    _distinct_languages, _known_languages = distinct_languages, known_languages
    _whole_languages, _lines_of_blocks = whole_languages, lines_of_blocks
    _known_fields = known_fields
    _distinct_targets = distinct_targets

    _known_blocks, _neighbours, _one_for_each_pair = (
        between_known_blocks,
        between_neighbours,
        one_for_each_pair,
    )

    @rule(
        "a line names a block that does not exist",
        cel="!has(self.speech) || self.speech.all(l, !has(l.at) || self.videoBlocks.exists(b, b.name == l.at.block))",
        field="speech",
    )
    def _spoken_blocks(self) -> Iterable[Breach]:
        blocks = [block.name for block in self.video_blocks]
        for index, line in enumerate(self.speech):
            if line.at is not None and line.at.block not in blocks:
                yield Breach((index, "at", "block"), f"there are: {', '.join(blocks)}")

    @rule(
        "a clip has a volume, and sound.clipVolume is 0, which drops the clips' own sound: set it, e.g. to 1",
        cel="has(self.sound) && has(self.sound.clipVolume) && self.sound.clipVolume > 0.0 || self.videoBlocks.all(b, b.clips.all(c, !has(c.volume)))",
        field="videoBlocks",
    )
    def _heard_clips(self) -> Iterable[Breach]:
        for row, block in enumerate(self.video_blocks):
            for index, clip in enumerate(block.clips):
                if clip.volume is not None and not self.sound.clip_volume:
                    yield Breach((row, "clips", index, "volume"))

    @rule(
        "a clip has captions, and captions.mode is none, which shows no words: set it, e.g. to burned",
        cel="has(self.captions) && has(self.captions.mode) && self.captions.mode != 'none' || self.videoBlocks.all(b, b.clips.all(c, !has(c.captions)))",
        field="videoBlocks",
    )
    def _shown_words(self) -> Iterable[Breach]:
        for row, block in enumerate(self.video_blocks):
            for index, clip in enumerate(block.clips):
                if clip.captions is not None and self.captions.mode == "none":
                    yield Breach((row, "clips", index, "captions"))

    # No CEL: most labels come from URLs and texts.
    @rule("is not the label of one part", cel=None, field="variants")
    def _known_labels(self) -> Iterable[Breach]:
        for at, key, label in self.variants.mentions:
            if key == "row" and self.table_url:
                continue
            if key not in self.pools:
                yield Breach(at, f"no block is called {key}; there are: {', '.join(self.pools)}")
                continue
            labels = [part.label for part in self.pools[key]]
            base, _, digits = label.rpartition("-")
            is_told_apart = labels.count(base) > 1 and re.fullmatch("[0-9a-f]{6}", digits)
            if labels.count(label) > 1:
                yield Breach(at, f"several of {key} are called {label}: give them names")
            elif label not in labels and not is_told_apart:
                near = remedies.closest(label, labels)
                meant = f"did you mean {near}? " if near else ""
                yield Breach(at, f"{meant}there are: {', '.join(labels)}")

    @property
    def forms(self) -> tuple[Picture, ...]:
        """The forms in which every combination becomes a video, in order."""
        return self.pictures or (self.picture or Picture(),)

    @property
    def signer(self) -> str | None:
        """Secret by which its videos are signed; None: they are not."""
        wanted = self.disclosure.credentials if self.disclosure else None
        return wanted.secret_name if wanted else None

    @property
    def form_names(self) -> tuple[str | None, ...]:
        """What they are called; None where there is one alone, whatever its name: nothing has to be told apart."""
        return tuple(each.name for each in self.pictures) if len(self.pictures) > 1 else (None,)

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The one pool of tracks, in order."""
        return tuple(track for block in self.audio_blocks for track in block.tracks)

    @cached_property
    def lines_at(self) -> Mapping[Path, Utterance]:
        """All that may be said, by its path: the lines that variants choose between, then those of blocks and clips."""
        lines: dict[Path, Utterance] = {("spec", "speech", i): line for i, line in enumerate(self.speech)}
        for row, block in enumerate(self.video_blocks):
            at: Path = ("spec", "videoBlocks", row)
            lines |= {(*at, "speech"): block.speech} if block.speech else {}
            for index, clip in enumerate(block.clips):
                lines |= {(*at, "clips", index, "speech"): clip.speech} if clip.speech else {}
        return lines

    @property
    def lines(self) -> tuple[Utterance, ...]:
        """The same in order, of the first row, then of the second, and so on."""
        return tuple(line for each in self.by_row for line in each.lines_at.values())

    @property
    def voices(self) -> tuple[ClipVoice, ...]:
        """What is to be written down of clips, whatever the row, each once, in order."""
        voices = (clip.voice for each in self.by_row for block in each.video_blocks for clip in block.clips)
        return tuple(dict.fromkeys(voice for voice in voices if voice))

    @property
    def others(self) -> dict[str, tuple[Text | Tongue | Row, ...]]:
        """What variants choose between beside clips, tracks and lines, as rules call it."""
        others: dict[str, tuple[Text | Tongue | Row, ...]] = {
            **{block.name: block.texts for block in self.text_blocks},
            "language": tuple(map(Tongue, self.languages)),
            "row": rows_of(self.data) if self.data else (),
        }
        return {key: pool for key, pool in others.items() if pool}

    @property
    def pools(self) -> dict[str, tuple[Clip | Track | Line | Text | Tongue | Row, ...]]:
        """What there is to combine, as ``variants.rules`` and ``only`` call it; a block called music or speech is a block."""
        pools: dict[str, tuple[Clip | Track | Line | Text | Tongue | Row, ...]] = {
            "music": self.tracks,
            "speech": self.speech,
            **self.others,
        }
        blocks = {block.name: block.clips for block in self.video_blocks}
        return {**blocks, **{key: pool for key, pool in pools.items() if pool and key not in blocks}}

    @property
    def urls(self) -> tuple[str, ...]:
        """Every URL that the task names, whatever the row, each once, in order."""
        return tuple(dict.fromkeys(url for each in self.by_row for url in each.own_urls))

    @property
    def own_urls(self) -> Iterator[str]:
        """The same as it is written."""
        yield from (url for block in self.video_blocks for clip in block.clips for url in clip.urls)
        yield from (track.url for track in self.tracks)
        yield from (overlay.image.url for overlay in self.overlays if overlay.image)
        yield from (font.url for font in self.fonts)

    @cached_property
    def by_row(self) -> tuple[ClipTaskSpec, ...]:
        """The spec as each row fills it; itself alone without rows. Raises ``InvalidTask`` naming each cell that is wrong."""
        from cliptask.spec.filling import filled  # noqa: PLC0415  which needs this module

        return filled(self)

    @cached_property
    def row_labels(self) -> tuple[str, ...]:
        """What each row is called in names."""
        return tuple(row.label for row in rows_of(self.data)) if self.data else ()

    @property
    def table_url(self) -> str | None:
        """Of rows that are still to be fetched."""
        return self.data.url if self.data and not self.data.rows else None


class Metadata(BaseModel, frozen=True, extra="ignore"):
    """The part of Kubernetes' ObjectMeta that matters here; the rest is Kubernetes' own and kept out of the way."""

    name: Name = Field(description="The campaign's name: the folder of its videos.")
    namespace: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class ClipTask(Part):
    """A campaign of short videos, made from interchangeable parts."""

    api_version: Literal["cliptask.dev/v1alpha1"]
    """cliptask.dev/v1alpha1"""
    kind: Literal["ClipTask"]
    """ClipTask"""
    metadata: Metadata
    """An object with the name of the campaign."""
    spec: ClipTaskSpec

    def with_rows(self, rows: Iterable[Mapping[str, str]]) -> ClipTask:
        """The same with the rows that its table turned out to hold."""
        data = self.spec.data
        if data is None:
            return self
        fetched = data.model_copy(update={"rows": tuple(dict(row) for row in rows)})
        # No copy: that would keep what was reckoned without the rows.
        fields = {name: getattr(self.spec, name) for name in ClipTaskSpec.model_fields}
        return self.model_copy(update={"spec": ClipTaskSpec.model_construct(**{**fields, "data": fetched})})
