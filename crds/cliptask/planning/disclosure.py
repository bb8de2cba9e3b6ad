"""What of a variant did AI make, and what do its metadata and its label say of that? The union of what its ingredients are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from cliptask.orders import SoundtrackOrder, SourceType
from cliptask.planning.choices import Choice
from cliptask.planning.lines import Said
from cliptask.spec.disclosure import label_of
from cliptask.spec.task import ClipTaskSpec

Synthetic = Literal["voice", "clip", "track", "overlay"]
"""A kind of ingredient that AI made."""


@dataclass(frozen=True)
class Disclosure:
    """What is told of a variant."""

    synthetic: tuple[Synthetic, ...]
    """What kinds of its ingredients AI made, each once; none where it made nothing."""
    source_type: SourceType | None
    """In its metadata."""
    label: str | None
    """Over its picture."""


def disclosure(spec: ClipTaskSpec, choice: Choice, said: Said, heard: SoundtrackOrder | None) -> Disclosure:
    """Of a combination in which this is said and heard; ``spec`` is that of its row. What is not heard counts for nothing."""
    clips = [block.clips[index] for block, index in zip(spec.video_blocks, choice.clips, strict=True)]
    music = spec.tracks[choice.track] if choice.track is not None and heard and heard.track else None
    images = [each.image for each in spec.overlays if each.image]
    marks: dict[Synthetic, list[bool]] = {
        "voice": [True for _ in said.lines],
        "clip": [bool(each.synthetic) for each in clips],
        "track": [bool(music.synthetic)] if music else [],
        "overlay": [bool(each.synthetic) for each in images],
    }
    synthetic = tuple(kind for kind in get_args(Synthetic) if any(marks[kind]))
    is_whole = all(mark for of_kind in marks.values() for mark in of_kind)
    label = label_of(spec)
    return Disclosure(
        synthetic,
        ("trainedAlgorithmicMedia" if is_whole else "compositeSynthetic") if synthetic else None,
        label.text_in(language_of(spec, choice, said)) if label and synthetic else None,
    )


def language_of(spec: ClipTaskSpec, choice: Choice, said: Said) -> str | None:
    """The one that a variant is made in, else the one in which all is said that is; None where there is not one."""
    if spec.languages:
        return spec.languages[choice.others[[*spec.others].index("language")]]
    spoken = {each.utterance.language for each in said.lines} | {each.language for each in said.clips}
    return next(iter(spoken)) if len(spoken) == 1 else None
