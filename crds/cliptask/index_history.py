"""What was dealt before, as an index tells it? Its file is read for that alone: whole, it takes ten times its size in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Self

from pydantic import InstanceOf, TypeAdapter

from cliptask.index import KINDS, CampaignIndex, Head, IndexedPart, IndexedSkip, IndexedVariant
from cliptask.planning.history import FORMS, LINES, NOTHING, SOLE, TRACKS, History, Part, other
from cliptask.planning.settings import Setting


class _Dealt(NamedTuple):
    """What an index's entry tells of the deal."""

    video: str
    """Empty where none was made."""
    row: dict[str, str]
    """As of a ``History``, but for the form."""
    form: str

    @classmethod
    def of(cls, entry: IndexedVariant | IndexedSkip) -> Self:
        row = {clip.block: clip.clip for clip in entry.clips}
        row |= {TRACKS: entry.track} if entry.track is not None else {}
        row |= {LINES: entry.line} if entry.line is not None else {}
        row |= {other(key): label for key, label in entry.others.items()}
        video = entry.name if isinstance(entry, IndexedVariant) else ""
        return cls(video, row, entry.form or SOLE)


_ENTRY: TypeAdapter[IndexedVariant | IndexedSkip] = TypeAdapter(IndexedVariant | IndexedSkip)


class _Read(Head, extra="ignore"):
    """What is read of an index."""

    variants: tuple[InstanceOf[_Dealt], ...]
    skipped: tuple[InstanceOf[_Dealt], ...] = ()
    parts: tuple[IndexedPart, ...]
    settings: dict[str, Setting]


def history_in(content: bytes, task: str) -> History:
    """What an ``index.json`` says was dealt; nothing where it is another task's. Raises ``ValueError`` or ``RecursionError`` for what is no index of this version."""
    index = _Read.model_validate(json.loads(content, object_hook=_reduced))
    dealt: tuple[_Dealt, ...] = (*index.variants, *index.skipped)
    return _history(index.parts, dealt, index.settings) if index.task == task else NOTHING


def _reduced(data: dict[str, object]) -> object:
    """What has a list of clips is an entry: it is checked as what it is, and goes as soon as its part in the deal is known.

    Of what goes by names that people choose, e.g. of text blocks, none is a list: one of these may be ``clips``, too.
    """
    return _Dealt.of(_ENTRY.validate_python(data)) if isinstance(data.get("clips"), list) else data


def history(index: CampaignIndex) -> History:
    """What was dealt to a campaign's variants, as its index tells it."""
    entries: tuple[IndexedVariant | IndexedSkip, ...] = (*index.variants, *index.skipped)
    return _history(index.parts, map(_Dealt.of, entries), index.settings)


def _history(
    indexed: Sequence[IndexedPart], dealt: Iterable[_Dealt], settings: Mapping[str, Setting]
) -> History:
    columns: dict[str, str] = {kind: column for column, kind in KINDS.items()}
    parts: dict[str, list[Part]] = {}
    for each in indexed:
        own = other(each.block or "") if each.kind == "text" else each.block
        parts.setdefault(own or columns[each.kind], []).append(
            Part(each.label, each.content, each.id, each.source, each.title)
        )
    rows, videos = [], []
    for video, row, form in dealt:
        # An index of an earlier version says nothing of forms.
        rows.append({**row, FORMS: form} if FORMS in parts else row)
        videos.append(video)
    return History(parts, rows, videos, settings)
