"""What came of a campaign? Its index as data, and their JSON Schema (``python -m cliptask.index``)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache, partial
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import GenerateJsonSchema

from cliptask import __version__
from cliptask.errors import ClipTaskError
from cliptask.names import CAPTIONS, PICTURE, VIDEO, captions_file, picture_file
from cliptask.order import given
from cliptask.orders import Profile
from cliptask.planning.disclosure import Synthetic
from cliptask.planning.history import FORMS, LINES, TRACKS, key_of, other
from cliptask.planning.plan import Campaign, Skipped, Variant
from cliptask.planning.reception import Reception, received
from cliptask.planning.settings import Setting

Kind = Literal["clip", "track", "line", "text", "language", "row", "form"]
KINDS: Mapping[str, Kind] = {
    TRACKS: "track",
    LINES: "line",
    FORMS: "form",
    other("language"): "language",
    other("row"): "row",
}
"""Of columns that are no blocks."""
_IN_BLOCKS = frozenset({"clip", "text"})

RelativeFile = Annotated[
    str, StringConstraints(pattern=r"^[^/\\.\x00-\x1f][^/\\\x00-\x1f]*$", max_length=255)
]
"""The name of a file beside the index; never a path or an address elsewhere."""
CaptionsFile = Annotated[str, StringConstraints(pattern=f"^{CAPTIONS}$")]
PictureFile = Annotated[str, StringConstraints(pattern=f"^{PICTURE}$")]
"""As above, of what variants share: below the index, by their content keys."""


class Entry(BaseModel, frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True):
    """Common to every object of the index: frozen, camelCase, nothing unknown."""


class IndexedProfile(Entry):
    """The form of a video's picture."""

    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")
    fps: int = Field(description="Frames per second.")


class IndexedForm(IndexedProfile):
    """One of several forms in which every combination is a video."""

    name: str


class IndexedClip(Entry):
    """Which clip fills a block."""

    block: str
    clip: str
    picture: PictureFile | None = Field(
        default=None,
        description="One of its pictures as it is in the video, below the index; of a variant that is there.",
    )


class IndexedPart(Entry):
    """A clip, a track, a line or whatever else was dealt to the variants, or a form that they are made in."""

    kind: Kind
    block: str | None = Field(default=None, description="Of a clip, or of a text its text block.")
    label: str = Field(description="What the variants call it; empty of a form that is the only one.")
    id: str = Field(description="What it is for good, whatever it is called and holds later.")
    content: str = Field(description="SHA-256 (hex) of what is seen or heard of it.")
    source: str = Field(
        description="SHA-256 (hex) of what that is made from: of the file, or of a line's text."
    )
    title: str = Field(
        description="What people call it: its name, or that of its file or its first words, in their own script."
    )


class IndexedVariant(Entry):
    """One finished video."""

    name: str
    key: str = Field(description="SHA-256 (hex) of all that decides the video's content.")
    ad_name: str | None = Field(
        default=None,
        description="What people and ad platforms call it, where the task says so; over edits it stays.",
    )
    utm: str | None = Field(default=None, description="Parameters for its ad's link, escaped.")
    file: RelativeFile = Field(description="The video, beside the index.")
    captions: CaptionsFile | None = Field(default=None, description="Its words as WebVTT, below the index.")
    form: str | None = Field(default=None, description="Of several, the one that it is made in.")
    clips: tuple[IndexedClip, ...] = Field(description="In the order of the blocks, one of each.")
    track: str | None = None
    line: str | None = None
    others: dict[str, str] = Field(
        default_factory=dict,
        description="What else was chosen for it, by what rules call it: a text of each text block, a language, a row.",
    )
    text: str | None = Field(default=None, description="What is said.")
    titles: tuple[str, ...] = Field(default=(), description="Texts that lie over the picture.")
    synthetic: tuple[Synthetic, ...] = Field(
        default=(), description="What kinds of its ingredients AI made; its metadata say so, too."
    )
    targets: tuple[str, ...] = Field(
        default=(), description="Those of the task's targets that take it as it is, by what they publish."
    )
    refused: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="For each target that takes its shape and would refuse it: why, by its true size.",
    )
    duration_seconds: float = Field(description="Length of the picture.")
    size_bytes: int
    frames: int

    @property
    def suits(self) -> str:
        """Its targets for a table."""
        return " ".join(self.targets)


class IndexedSkip(Entry):
    """One video that was wanted and is not there."""

    name: str | None = Field(default=None, description="Its name, where the plan came as far as naming it.")
    form: str | None = Field(default=None, description="As of a variant.")
    clips: tuple[IndexedClip, ...]
    track: str | None = None
    line: str | None = None
    others: dict[str, str] = Field(default_factory=dict, description="As of a variant.")
    reason: str = Field(description="One word for programs, e.g. SourceUnusable.")
    message: str = Field(description="What happened, to which input, and what to do about it.")


class Counts(Entry):
    """Totals, so that nobody has to count."""

    variants: int
    skipped: int
    size_bytes: int = Field(description="Of all videos.")
    duration_seconds: float = Field(description="Of all videos.")
    speech_characters: int = Field(default=0, description="Of all lines for ElevenLabs, each line once.")
    transcribed_seconds: int = Field(
        default=0, description="Of all files of clips that are transcribed, each file once."
    )
    encode_seconds: int = Field(
        default=0, description="Of all pieces of clips and transitions that are encoded, each once."
    )


class Head(Entry):
    """What every index begins with."""

    api_version: Literal["cliptask.dev/v1alpha1"] = "cliptask.dev/v1alpha1"
    kind: Literal["CampaignIndex"] = "CampaignIndex"
    task: str


class CampaignIndex(Head):
    """What came of a task. It holds no time and no address, so that the same task gives the same bytes."""

    generated_by: str = Field(description="Program and version.")
    profile: IndexedProfile | None = Field(
        description="The form of every video's picture; null where there are several."
    )
    forms: tuple[IndexedForm, ...] = Field(
        default=(), description="Where there are several, in the order of the task."
    )
    blocks: tuple[str, ...] = Field(description="Names of the video blocks, in order.")
    others: tuple[str, ...] = Field(
        default=(), description="What else variants choose between, as rules call it: text blocks, language."
    )
    variants: tuple[IndexedVariant, ...]
    skipped: tuple[IndexedSkip, ...] = ()
    counts: Counts
    parts: tuple[IndexedPart, ...] = Field(
        description="What was dealt to the variants and the skipped: the next run deals out only what is not here."
    )
    settings: dict[str, Setting] = Field(
        description="What else decided the variants, by its path in the spec, where it is long as a hash; the next plan says by it which edit changed them."
    )

    @property
    def shared(self) -> frozenset[str]:
        """The captions and pictures that its variants need."""
        captions = (variant.captions for variant in self.variants)
        pictures = (clip.picture for variant in self.variants for clip in variant.clips)
        return frozenset(filter(None, (*captions, *pictures)))

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        entries: tuple[IndexedVariant | IndexedSkip, ...] = (*self.variants, *self.skipped)
        for entry in entries:
            if tuple(clip.block for clip in entry.clips) != self.blocks:
                blocks = ", ".join(self.blocks)
                message = f"{entry.name}: its clips must be one of each block, in order: {blocks}"
                raise ValueError(message)
            if tuple(entry.others) != self.others:
                message = f"{entry.name}: its others must be one of each, in order: {', '.join(self.others)}"
                raise ValueError(message)
        if (self.profile is None) != bool(self.forms) or {entry.form for entry in entries} - {
            *(form.name for form in self.forms or ()),
            *(() if self.forms else (None,)),
        }:
            message = "each entry must name one of several forms, or none where there is one alone"
            raise ValueError(message)
        if any((part.kind in _IN_BLOCKS) != (part.block is not None) for part in self.parts):
            message = "a clip and a text must name their block, and nothing else may"
            raise ValueError(message)
        totals = _totals(self.variants, self.skipped)
        if self.counts.model_dump(include={*totals}) != totals:
            message = "counts must be the totals of variants and skipped"
            raise ValueError(message)
        return self


def campaign_index(
    campaign: Campaign,
    sizes_bytes: Mapping[str, int],
    failed: Mapping[str, ClipTaskError],
    shared: AbstractSet[str] = frozenset(),
) -> CampaignIndex:
    """The index of a campaign of which the variants in ``sizes_bytes`` are there; both mappings go by variant name.

    ``shared`` holds the captions and pictures that are there, by their names: the index leads to no other.

    Why for the others: ``failed`` and what the plan skipped; a variant in neither mapping was not tried yet.
    """
    blocks, profiles = campaign.blocks, campaign.profiles
    there = [variant for variant in campaign.variants if variant.name in sizes_bytes]
    lacking = [variant for variant in campaign.variants if variant.name not in sizes_bytes]
    receptions = received(campaign, sizes_bytes)

    @cache
    def clip(block: str, label: str, key: str | None) -> IndexedClip:
        picture = key and picture_file(key)
        return IndexedClip(block=block, clip=label, picture=picture if picture in shared else None)

    # Thousands of variants have the same few clips: each is one object.
    clips = partial(_clips, clip, campaign.blocks)
    variants = tuple(
        _made(clips, variant, sizes_bytes[variant.name], shared, receptions) for variant in there
    )
    skipped = [_missing(clips, skipped, skipped.error) for skipped in campaign.skipped]
    skipped += [_missing(clips, variant, failed.get(variant.name)) for variant in lacking]
    return CampaignIndex(
        task=campaign.task,
        generated_by=f"cliptask {__version__}",
        profile=_profile(profiles[None]) if None in profiles else None,
        forms=tuple(
            IndexedForm(name=name, **_profile(profile).model_dump())
            for name, profile in profiles.items()
            if name
        ),
        blocks=blocks,
        others=campaign.others,
        variants=variants,
        skipped=tuple(skipped),
        counts=Counts(
            **_totals(variants, skipped),
            speech_characters=campaign.speech_characters,
            transcribed_seconds=campaign.transcribed_seconds,
            encode_seconds=campaign.encode_seconds,
        ),
        parts=tuple(
            IndexedPart(
                kind=kind,
                block=key_of(column) if kind in _IN_BLOCKS else None,
                label=part.label,
                id=part.id,
                content=part.content,
                source=part.source,
                title=part.title,
            )
            for column, parts in campaign.parts.items()
            for kind in (KINDS.get(column, "text" if "/" in column else "clip"),)
            for part in parts
        ),
        settings=dict(campaign.settings),
    )


def index_schema() -> str:
    """The JSON Schema of ``index.json``, as committed in ``crds/index.schema.json``."""
    schema = CampaignIndex.model_json_schema(by_alias=True, schema_generator=_Untitled)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "Generated from crds/cliptask/index.py by python -m cliptask.index",
    }
    return json.dumps(head | schema, indent=2) + "\n"


_Clips: TypeAlias = Callable[[Sequence[str], Sequence[str]], tuple[IndexedClip, ...]]
"""Of labels, and of keys of pictures or none."""


class _Untitled(GenerateJsonSchema):
    """pydantic's schema without a title for each field, which would only repeat its name."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002  the signature of the base class
        return False


def _made(
    clips: _Clips,
    variant: Variant,
    size_bytes: int,
    shared: AbstractSet[str],
    receptions: Sequence[Reception],
) -> IndexedVariant:
    order = variant.order
    captions = variant.captions and captions_file(variant.captions.key)
    fields: dict[str, Any] = given(
        ad_name=variant.ad_name,
        utm=variant.utm,
        captions=captions if captions in shared else None,
        form=variant.form,
        track=variant.track,
        line=variant.line,
        others=dict(variant.others) or None,
        text=variant.text,
        titles=variant.titles or None,
        synthetic=variant.synthetic or None,
        targets=tuple(each.target for each in receptions if each.takes(variant)) or None,
        refused={
            each.target: tuple(map(str, each.refused[variant.name]))
            for each in receptions
            if variant.name in each.refused
        }
        or None,
    )
    return IndexedVariant(
        name=variant.name,
        key=order.key,
        file=f"{variant.name}{VIDEO}",
        clips=clips(variant.clips, variant.pictures),
        duration_seconds=round(order.duration_s, 3),
        size_bytes=size_bytes,
        frames=order.frames,
        **fields,
    )


def _profile(profile: Profile) -> IndexedProfile:
    return IndexedProfile(width=profile.width, height=profile.height, fps=profile.fps)


def _missing(clips: _Clips, wanted: Variant | Skipped, error: ClipTaskError | None) -> IndexedSkip:
    return IndexedSkip(
        name=wanted.name if isinstance(wanted, Variant) else None,
        form=wanted.form,
        clips=clips(wanted.clips, ()),
        track=wanted.track,
        line=wanted.line,
        others=dict(wanted.others),
        reason=error.reason if error else "NotMade",
        message=str(error) if error else "not made yet: run the task again",
    )


def _clips(
    clip: Callable[[str, str, str | None], IndexedClip],
    blocks: Sequence[str],
    labels: Sequence[str],
    pictures: Sequence[str],
) -> tuple[IndexedClip, ...]:
    shown: Sequence[str | None] = pictures or [None] * len(labels)
    return tuple(clip(*each) for each in zip(blocks, labels, shown, strict=True))


def _totals(variants: Sequence[IndexedVariant], skipped: Sequence[IndexedSkip]) -> dict[str, Any]:
    """What counts say of these."""
    return {
        "variants": len(variants),
        "skipped": len(skipped),
        "size_bytes": sum(variant.size_bytes for variant in variants),
        "duration_seconds": round(sum(variant.duration_seconds for variant in variants), 3),
    }


if __name__ == "__main__":
    sys.stdout.write(index_schema())
