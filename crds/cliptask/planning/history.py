"""What was dealt before, and which of today's clips, tracks and lines is which of those?

A part is itself by its content under another label (it was renamed), and by its label with another content (it was
mended), never by its place in a list. Where both could be meant, the content counts: its videos are there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from operator import attrgetter
from typing import NamedTuple

from cliptask.planning.settings import Settings

TRACKS, LINES = "/tracks", "/lines"
"""Columns of a deal; the others are blocks, by their names, in which there is no slash, and what ``other`` names."""
FORMS = "/forms"
"""What each combination is made in: every one in all of them, so that nothing is dealt."""
SOLE = ""
"""What the one form is called of a task that has no other."""


def other(key: str) -> str:
    """The column of an ingredient that is no clip, track or line, by what rules call it."""
    return f"/others/{key}"


def key_of(column: str) -> str:
    """What rules call a column."""
    return {TRACKS: "music", LINES: "speech"}.get(column, column.rpartition("/")[2])


class Part(NamedTuple):
    """A clip, a track, a line or whatever else variants choose between."""

    label: str
    content: str
    """What is seen or heard of it, as a hash."""
    id: str = ""
    """What it is for good: it outlives the label and the content that it had at first."""
    source: str = ""
    """What its content is made from, as a hash: a file, a line's text."""
    title: str = ""
    """What people call it, in its own script."""


@dataclass(frozen=True)
class History:
    """What was dealt before; empty for a campaign that is new."""

    parts: Mapping[str, Sequence[Part]] = field(default_factory=dict)
    """Of each column, in the order in which they came to it."""
    rows: Sequence[Mapping[str, str]] = ()
    """Labels by column, of each variant that was made or skipped; in each form it is one."""
    videos: Sequence[str] = ()
    """The name of each row's video; empty where none was made."""
    settings: Settings = field(default_factory=dict)
    """What else decided the videos."""
    remark: str | None = None
    """Why nothing is known, where there would be something."""


NOTHING = History()


@dataclass(frozen=True)
class Column:
    """The parts of which each variant has one."""

    name: str
    parts: tuple[Part, ...]
    """Those that were there before in their order, then the new ones: a part's level is its index here."""
    new: int
    """The first level that is new."""


def recognized(
    history: History, now: Mapping[str, Sequence[Part]]
) -> tuple[list[Column], list[tuple[int | None, ...]]]:
    """Today's columns, and the rows of before in their levels.

    A level is None where the part is gone or the column is new. There are no rows where a column is gone: without it,
    every video is another one. Parts of a column with equal labels are one part. What is a row in several forms is one.
    """
    before = columns_before(history, now)
    columns = [
        _column(name, parts, history.parts.get(before.get(name, ""), ())) for name, parts in now.items()
    ]
    if not set(history.parts) - {FORMS} <= set(before.values()):
        return columns, []
    levels = []
    for column in columns:
        by_id = {part.id: level for level, part in enumerate(column.parts)}
        old = history.parts.get(before.get(column.name, ""), ())
        levels.append({part.label: by_id.get(part.id) for part in old})
    rows = [
        tuple(
            level.get(row.get(before.get(column.name, ""), ""))
            for column, level in zip(columns, levels, strict=True)
        )
        for row in _each_once(history.rows)
    ]
    return columns, rows


def columns_before(history: History, now: Mapping[str, Sequence[Part]]) -> dict[str, str]:
    """What each column was called: a block under a new name is the one with whose parts it shares the most."""
    found = {name: name for name in now if name in history.parts}
    for name, parts in now.items():
        contents = {part.content for part in parts}
        shared = {
            old: len(contents & {part.content for part in history.parts[old]})
            for old in history.parts
            if old not in found.values()
        }
        best = max(shared, key=lambda old: shared[old], default=None)
        if name not in found and best is not None and shared[best]:
            found[name] = best
    return found


def _each_once(rows: Sequence[Mapping[str, str]]) -> Iterable[Mapping[str, str]]:
    return {tuple(sorted(each for each in row.items() if each[0] != FORMS)): row for row in rows}.values()


def _column(name: str, parts: Sequence[Part], old: Sequence[Part]) -> Column:
    today = list({part.label: part for part in parts}.values())
    left, same = list(old), dict[str, Part]()
    for fields in (("label", "content"), ("content",), ("label",)):
        alike = attrgetter(*fields)
        for part in today:
            match = next((each for each in left if alike(each) == alike(part)), None)
            if match is not None and part.label not in same:
                left.remove(match)
                same[part.label] = match
    order = {part.id: place for place, part in enumerate(old)}
    kept = [part._replace(id=same[part.label].id) for part in today if part.label in same]
    kept.sort(key=lambda part: order[part.id])
    taken = {part.id for part in old}
    new = []
    for part in today:
        if part.label not in same:
            free = next(each for n in count() if (each := _id(part.content, n)) not in taken)
            taken.add(free)
            new.append(part._replace(id=free))
    return Column(name, (*kept, *new), len(kept))


def _id(content: str, number: int) -> str:
    return content[:12] if number == 0 else hashlib.sha256(f"{content} {number}".encode()).hexdigest()[:12]
