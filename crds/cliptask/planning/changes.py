"""What has an edit done to each variant, and which edit was it? As far as the campaign's index and the new plan can tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from cliptask.planning.edits import Edits
from cliptask.planning.history import FORMS, LINES, SOLE, TRACKS, other
from cliptask.planning.plan import Campaign, Variant

Kind = Literal["stays", "missing", "renamed", "changed", "dealtAnew", "newCombination"]
UNKNOWN = "something else that goes into it"


@dataclass(frozen=True)
class Change:
    """What became of a variant.

    ``stays``: its video is there. ``missing``: it was wanted before, too, and is not there. ``renamed``: nothing but its
    name is new. ``changed``: the same parts, which show or sound otherwise. ``dealtAnew``: the same clips
    with another track, line or text. ``newCombination``: other clips, or the first video of these.
    """

    kind: Kind
    was: str = ""
    """The name of the video in whose place it comes; empty where there is none."""
    because: tuple[str, ...] = ()
    """The edits that made it so, in sentences without a full stop; none where it stays, and in a campaign's first plan."""


@dataclass(frozen=True)
class _Row:
    """A variant of before: the ids of its parts, by today's columns."""

    video: str
    ids: Mapping[str, str]
    labels: Mapping[str, str]


def changes(campaign: Campaign, there: Collection[str]) -> dict[str, Change]:
    """Of each variant, by its name; ``there`` has the names of videos that are there."""
    if not campaign.before.rows:
        return {
            each.name: Change("stays" if each.name in there else "newCombination")
            for each in campaign.variants
        }
    return dict(_Changes(campaign, there).of_all())


class _Changes:
    def __init__(self, campaign: Campaign, there: Collection[str]) -> None:
        self._campaign, self._there = campaign, there
        self._edits = Edits(campaign)
        # An index of an earlier version says nothing of forms: it had but one.
        self._columns = [each for each in campaign.parts if each != FORMS or FORMS in campaign.before.parts]
        self._frame = [each for each in self._columns if each == FORMS or each in campaign.blocks]
        """What is another combination with another part."""
        self._ids = {each.name: self._ids_of(each) for each in campaign.variants}
        self._twins: dict[tuple[str, ...], list[_Row]] = defaultdict(list)
        for row in self._rows_before():
            self._twins[self._key(row.ids, self._columns)].append(row)

    def of_all(self) -> Iterator[tuple[str, Change]]:
        """First those that are what they were, as only what is left can have become another one."""
        pairs = [(each, self._twin_of(each)) for each in self._campaign.variants]
        left: dict[tuple[str, ...], list[_Row]] = defaultdict(list)
        for rows in self._twins.values():
            for row in rows:
                left[self._key(row.ids, self._frame)].append(row)
        for variant, twin in pairs:
            yield variant.name, self._change(variant, twin, left)

    def _change(
        self, variant: Variant, twin: _Row | None, left: Mapping[tuple[str, ...], list[_Row]]
    ) -> Change:
        ids = self._ids[variant.name]
        if variant.name in self._there:
            return Change("stays")
        if twin is not None:
            return self._same_parts(variant, twin)
        rows = left.get(self._key(ids, self._frame), [])
        if rows and not self._edits.removed_blocks:
            row = max(rows, key=lambda each: sum(each.ids.get(column) == ids.get(column) for column in ids))
            rows.remove(row)
            causes = [
                cause
                for column in (TRACKS, LINES, *map(other, self._campaign.others))
                if ids.get(column) != row.ids.get(column)
                for cause in self._edits.of_cell(column, ids.get(column), row.labels.get(column))
            ]
            return Change("dealtAnew", row.video, _distinct(causes))
        return Change("newCombination", because=_distinct(self._edits.of_combination(ids)))

    def _same_parts(self, variant: Variant, twin: _Row) -> Change:
        if not twin.video:
            return Change("missing", because=("it was not made before",))
        if twin.video == variant.name:
            return Change("missing", twin.video, ("its video is no longer there",))
        ids = self._ids[variant.name]
        renamed = self._edits.renamed(ids)
        if twin.video.endswith(f"-{variant.order.key[:8]}"):
            return Change("renamed", twin.video, renamed)
        return Change("changed", twin.video, _distinct([*self._edits.of_content(variant, ids), *renamed]))

    def _twin_of(self, variant: Variant) -> _Row | None:
        """The row with the same parts, which is used up."""
        rows = self._twins.get(self._key(self._ids[variant.name], self._columns))
        if not rows or self._edits.removed_columns:
            return None
        same = next((row for row in rows if row.video == variant.name), rows[0])
        rows.remove(same)
        return same

    def _ids_of(self, variant: Variant) -> dict[str, str]:
        labels = dict(zip(self._campaign.blocks, variant.clips, strict=True)) | {FORMS: variant.form or SOLE}
        labels |= {TRACKS: variant.track} if variant.track is not None else {}
        labels |= {LINES: variant.line} if variant.line is not None else {}
        labels |= {other(key): label for key, label in variant.others.items()}
        return {column: self._edits.id_now(column, label) for column, label in labels.items()}

    def _rows_before(self) -> Iterator[_Row]:
        before = self._campaign.before
        for labels, video in zip_longest(before.rows, before.videos[: len(before.rows)], fillvalue=""):
            if isinstance(labels, Mapping):
                now = {self._edits.column_now(column): label for column, label in labels.items()}
                ids = {column: self._edits.id_before(column, label) for column, label in now.items()}
                yield _Row(video, ids, now)

    @staticmethod
    def _key(ids: Mapping[str, str], columns: Sequence[str]) -> tuple[str, ...]:
        return tuple(ids.get(column, "") for column in columns)


def _distinct(causes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(causes)) or (UNKNOWN,)
