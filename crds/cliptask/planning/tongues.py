"""Which parts do not go together because they are of different languages?"""

from __future__ import annotations

from collections.abc import Sequence

from cliptask.planning.allowed import Box
from cliptask.planning.history import LINES, key_of, other
from cliptask.spec.languages import of_clip
from cliptask.spec.task import ClipTaskSpec

Tongues = tuple[str, ...]
"""The languages of a part; empty where it goes with every language."""


def languages_of(spec: ClipTaskSpec, column: str) -> list[Tongues]:
    """Of each part of a column, in the order of the spec."""
    if column == other("language"):
        return [(tag,) for tag in spec.languages]
    if column == LINES:
        return [(line.language,) for line in spec.speech]
    for block in spec.video_blocks:
        if block.name == column:
            return [of_clip(clip) for clip in block.clips]
    for texts in spec.text_blocks:
        if other(texts.name) == column:
            return [() if text.language is None else (text.language,) for text in texts.texts]
    return [() for _ in spec.pools[key_of(column)]]


def kept_apart(language: int, levels: Sequence[Sequence[Tongues]]) -> list[Box]:
    """What no variant may be: of one language with a part of another. ``language`` is the languages' column."""
    boxes: list[Box] = []
    for level, (tag,) in enumerate(levels[language]):
        for column, tongues in enumerate(levels):
            foreign = frozenset(place for place, each in enumerate(tongues) if not set(each) <= {tag})
            if foreign and column != language:
                boxes.append({language: frozenset([level]), column: foreign})
    return boxes
