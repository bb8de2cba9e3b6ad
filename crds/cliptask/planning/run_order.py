"""In which order are an orthogonal array's rows run, so that pairs of levels are even at every row, not only at its end?

The array's own order is best where all sizes are the same power of a prime or have no common factor. For others, e.g.
2x2x3, a beam search looks for a better one. It orders a part of the array, holding one row of each coset of a subgroup,
and repeats the part shifted by each of the subgroup's elements: the smaller the part, the more rows stand to choice, and
a part of lcm(sizes) rows can always be completed. Several subgroups and widths are tried, the most even order is taken,
the array's own if none is better. Nothing here depends on how many rows are wanted.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import lru_cache, reduce
from itertools import accumulate, combinations, pairwise, product
from operator import and_
from typing import NamedTuple

from cliptask.planning.orthogonal_array import Design, Row, design

_WIDTHS = (1, 8, 32)
_EFFORT = 8_000_000
"""So many counts are looked at in all searches for one array together: about two seconds on one core."""
_LONGEST = 2_000
"""Arrays of more rows keep their own order."""


class Evenness(NamedTuple):
    """How far the counts of pairs of levels are apart, over all prefixes; less is better."""

    worst: int
    """The greatest spread (highest less lowest count) of any pair of blocks after any row."""
    total: int
    """The sum of the greatest spreads after each row."""


@lru_cache(maxsize=64)
def even_order(sizes: Row) -> tuple[Row, ...] | None:
    """The rows of the array for these sizes in the most even order found; None if it is too long to look for one."""
    plan = design(sizes)
    if plan.runs > _LONGEST:
        return None
    search = _Search(plan)
    best, evenness = search.array, search.evenness(search.array)
    # From the largest subgroup, which leaves the shortest part, to the smallest.
    subgroups = list(product(*(range(part.array_digits, -1, -1) for part in plan.parts)))
    for width, loose in product(_WIDTHS, subgroups):
        if evenness.worst <= 1 or search.effort > _EFFORT:
            break
        order = search.run(loose, width, evenness.worst)
        if order and (found := search.evenness(order)) < evenness:
            best, evenness = order, found
    return tuple(best)


_Window = tuple[int, list[int]]
"""After so many rows each level (or coset) has come once; and for each row, the rows that have its level."""


class _Partial(NamedTuple):
    """The beginning of an order. Sets of rows are bits by their index in the array."""

    worst: int
    cost: int
    due: Row
    """For each window, the rows that may still come in it."""
    counts: list[int]
    order: tuple[int, ...]

    @property
    def open(self) -> int:
        """The rows that may follow."""
        return reduce(and_, self.due)


class _Search:
    """Beam searches for an order of one array."""

    def __init__(self, plan: Design) -> None:
        self._plan = plan
        self.array = [plan.array_row(time) for time in range(plan.runs)]
        self.effort = 0
        """How many counts all searches have looked at until now."""
        self._all = (1 << len(self.array)) - 1
        columns = zip(*self.array, strict=True)
        self._blocks = [(size, _alike(column)) for size, column in zip(plan.sizes, columns, strict=True)]
        self._pairs = list(combinations(range(len(plan.sizes)), 2))
        # The counts of all pairs of levels stand in one list, those of each pair of blocks in a row.
        self._starts = [*accumulate((plan.sizes[i] * plan.sizes[j] for i, j in self._pairs), initial=0)]
        self._slices = [slice(start, end) for start, end in pairwise(self._starts)]
        self._cells = [self._cells_of(row) for row in self.array]

    def evenness(self, rows: Sequence[Row]) -> Evenness:
        """How even the pairs of levels are in this order."""
        counts, spreads = [0] * self._starts[-1], []
        for row in rows:
            for cell in self._cells_of(row):
                counts[cell] += 1
            spreads.append(self._spread(counts))
        return Evenness(max(spreads), sum(spreads))

    def run(self, loose: Row, width: int, worst: int) -> list[Row] | None:
        """The array's rows in a new order, repeating a part by the subgroup of `loose` (see `Design.array_label`).

        None if the beam ends at rows that cannot go on with a spread of at most `worst`, or if the effort is spent.
        """
        labels = [self._plan.array_label(time, loose) for time in range(len(self.array))]
        windows = [(len(set(labels)), _alike(labels)), *self._blocks]
        empty = _Partial(0, 0, (self._all,) * len(windows), [0] * self._starts[-1], ())
        # By symmetry the first row may be any: the one of the first clips.
        beam = [self._extended(empty, 0, 0, windows)]
        while len(beam[0].order) < len(set(labels)):
            beam = [partial for partial in self._next(beam, width, windows) if partial.worst <= worst]
            if not beam or self.effort > _EFFORT:
                return None
        part = [self.array[index] for index in beam[0].order]
        subgroup = [row for row, label in zip(self.array, labels, strict=True) if label == labels[0]]
        return [self._plan.add(row, shift) for shift in subgroup for row in part]

    def _next(self, beam: list[_Partial], width: int, windows: list[_Window]) -> list[_Partial]:
        """The best beginnings that are one row longer, at most `width`, no two with the same rows and windows."""
        found = sorted(c for number, partial in enumerate(beam) for c in self._candidates(partial, number))
        chosen: dict[tuple[frozenset[int], Row], _Partial] = {}
        for _, cost, index, number in found:
            partial = self._extended(beam[number], index, cost, windows)
            # An order that holds a row of each coset is complete: its window begins anew, and no row need follow.
            if partial.open or partial.due[0] == self._all:
                chosen.setdefault((frozenset(partial.order), partial.due), partial)
            if len(chosen) == width:
                break
        return list(chosen.values())

    def _candidates(self, partial: _Partial, number: int) -> list[tuple[int, int, int, int]]:
        """(an upper bound of the worst spread, cost, row, number of the beginning) of each row that may follow."""
        # A power so high that one pair far ahead of the others weighs more than several a little ahead.
        price = [
            4 ** (met - floor)
            for table in self._tables(partial.counts)
            for floor in (min(table),)
            for met in table
        ]
        found, rows = [], partial.open
        while rows:
            index = rows.bit_length() - 1
            rows ^= 1 << index
            prices = [price[cell] for cell in self._cells[index]]
            # 4^n has 2n + 1 bits, n being by how much the pair is ahead already.
            worst = max(partial.worst, max(prices, default=0).bit_length() // 2 + 1)
            found.append((worst, partial.cost + sum(prices), index, number))
        self.effort += len(price) + len(found) * len(self._pairs)
        return found

    def _extended(self, partial: _Partial, index: int, cost: int, windows: list[_Window]) -> _Partial:
        counts, order = partial.counts.copy(), (*partial.order, index)
        self.effort += len(counts)
        for cell in self._cells[index]:
            counts[cell] += 1
        due = tuple(
            rows & ~alike[index] if len(order) % length else self._all
            for (length, alike), rows in zip(windows, partial.due, strict=True)
        )
        return _Partial(max(partial.worst, self._spread(counts)), cost, due, counts, order)

    def _cells_of(self, row: Row) -> Row:
        """Where the counts of a row's pairs stand."""
        places = zip(self._pairs, self._starts, strict=False)
        return tuple(start + row[i] * self._plan.sizes[j] + row[j] for (i, j), start in places)

    def _tables(self, counts: list[int]) -> list[list[int]]:
        """One table of counts for each pair of blocks."""
        return [counts[part] for part in self._slices]

    def _spread(self, counts: list[int]) -> int:
        """The greatest difference of two counts of the same pair of blocks; 0 for a single block."""
        return max((max(table) - min(table) for table in self._tables(counts)), default=0)


def _alike(labels: Sequence[Hashable]) -> list[int]:
    """For each row, the rows that have its label."""
    rows: dict[Hashable, int] = {}
    for index, label in enumerate(labels):
        rows[label] = rows.get(label, 0) | 1 << index
    return [rows[label] for label in labels]
