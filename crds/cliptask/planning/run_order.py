"""In which order are an orthogonal array's rows run, so that pairs of levels are even at every row, not only at its end?

The array's own order is best where all sizes are the same power of a prime or have no common factor. For others, e.g.
2x2x3, a beam search looks for a better one. It orders a part of the array, holding one row of each coset of a subgroup,
and repeats the part shifted by each of the subgroup's elements: the smaller the part, the more rows stand to choice, and
a part of lcm(sizes) rows can always be completed. Several subgroups and widths are tried, the most even order is taken,
the array's own if none is better. Nothing here depends on how many rows are wanted.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import combinations, product
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
    best, evenness = search.array, search.tables.evenness(search.array)
    # From the largest subgroup, which leaves the shortest part, to the smallest.
    subgroups = list(product(*(range(part.array_digits, -1, -1) for part in plan.parts)))
    for width, loose in product(_WIDTHS, subgroups):
        if evenness.worst <= 1 or search.effort > _EFFORT:
            break
        order = search.run(loose, width, evenness.worst)
        if order and (found := search.tables.evenness(order)) < evenness:
            best, evenness = order, found
    return tuple(best)


class _PairTables:
    """Where the count of each pair of levels stands in one list, all pairs of blocks in a row."""

    def __init__(self, sizes: Row) -> None:
        self._pairs: list[tuple[int, int, int, int]] = []
        self.length = 0
        for i, j in combinations(range(len(sizes)), 2):
            self._pairs.append((i, j, sizes[j], self.length))
            self.length += sizes[i] * sizes[j]
        self._slices = [slice(start, start + sizes[i] * sizes[j]) for i, j, _, start in self._pairs]

    def cells(self, row: Row) -> Row:
        """The places of a row's pairs."""
        return tuple(start + row[i] * width + row[j] for i, j, width, start in self._pairs)

    def spread(self, counts: list[int]) -> int:
        """The greatest difference of two counts of the same pair of blocks; 0 for a single block."""
        return max((max(table) - min(table) for table in self.split(counts)), default=0)

    def split(self, counts: list[int]) -> list[list[int]]:
        """One table of counts for each pair of blocks."""
        return [counts[part] for part in self._slices]

    def evenness(self, rows: Iterable[Row]) -> Evenness:
        counts, worst, total = [0] * self.length, 0, 0
        for row in rows:
            for cell in self.cells(row):
                counts[cell] += 1
            spread = self.spread(counts)
            worst, total = max(worst, spread), total + spread
        return Evenness(worst, total)


class _Partial(NamedTuple):
    """The beginning of an order. Sets of rows are bits by their index in the array."""

    worst: int
    cost: int
    taken: int
    free: int
    """Rows of cosets that have none in the order yet."""
    due: Row
    """For each block, the rows whose level is still due in the block's current window."""
    counts: list[int]
    order: tuple[int, ...]


class _Search:
    """Beam searches for an order of one array."""

    def __init__(self, plan: Design) -> None:
        self._plan = plan
        self.array = [plan.array_row(time) for time in range(plan.runs)]
        self.tables = _PairTables(plan.sizes)
        self.effort = 0
        """How many counts all searches have looked at until now."""
        self._cells = [self.tables.cells(row) for row in self.array]
        self._all = (1 << len(self.array)) - 1
        levels: list[list[int]] = [[0] * size for size in plan.sizes]
        for index, row in enumerate(self.array):
            for block, level in zip(levels, row, strict=True):
                block[level] |= 1 << index
        self._sharing_level = [[b[level] for b, level in zip(levels, row, strict=True)] for row in self.array]

    def run(self, loose: Row, width: int, worst: int) -> list[Row] | None:
        """The array's rows in a new order, repeating a part by the subgroup of `loose` (see `Design.array_label`).

        None if the beam ends at rows that cannot go on with a spread of at most `worst`, or if the effort is spent.
        """
        labels = [self._plan.array_label(time, loose) for time in range(len(self.array))]
        cosets: dict[Row, int] = {}
        for index, label in enumerate(labels):
            cosets[label] = cosets.get(label, 0) | 1 << index
        coset_of = [cosets[label] for label in labels]
        everywhere = (self._all,) * len(self._plan.sizes)
        empty = _Partial(0, 0, 0, self._all, everywhere, [0] * self.tables.length, ())
        # By symmetry the first row may be any: the one of the first clips.
        beam = [self._extended(empty, 0, 0, coset_of[0])]
        for length in range(2, len(cosets) + 1):
            beam = self._next(beam, width, coset_of, last=length == len(cosets))
            beam = [partial for partial in beam if partial.worst <= worst]
            if not beam or self.effort > _EFFORT:
                return None
        part = [self.array[index] for index in beam[0].order]
        subgroup = [row for row, label in zip(self.array, labels, strict=True) if label == labels[0]]
        return [self._plan.add(row, shift) for shift in subgroup for row in part]

    def _next(self, beam: list[_Partial], width: int, coset_of: list[int], *, last: bool) -> list[_Partial]:
        """The best beginnings that are one row longer, at most `width`, no two with the same rows and windows."""
        found = sorted(c for number, partial in enumerate(beam) for c in self._candidates(partial, number))
        chosen: dict[tuple[int, Row], _Partial] = {}
        for _, cost, index, number in found:
            partial = self._extended(beam[number], index, cost, coset_of[index])
            key = (partial.taken, partial.due)
            if key not in chosen and (last or self._open(partial)):
                chosen[key] = partial
                if len(chosen) == width:
                    break
        return list(chosen.values())

    def _open(self, partial: _Partial) -> int:
        """The rows that may follow."""
        rows = partial.free
        for due in partial.due:
            rows &= due
        return rows

    def _candidates(self, partial: _Partial, number: int) -> list[tuple[int, int, int, int]]:
        """(an upper bound of the worst spread, cost, row, number of the beginning) of each row that may follow."""
        # A power so high that one pair far ahead of the others weighs more than several a little ahead.
        price = [
            4 ** (number_met - floor)
            for table in self.tables.split(partial.counts)
            for floor in (min(table),)
            for number_met in table
        ]
        found, rows = [], self._open(partial)
        while rows:
            lowest = rows & -rows
            rows ^= lowest
            index = lowest.bit_length() - 1
            prices = [price[cell] for cell in self._cells[index]]
            # 4^n has 2n + 1 bits, n being by how much the pair is ahead already.
            worst = max(partial.worst, max(prices, default=0).bit_length() // 2 + 1)
            found.append((worst, partial.cost + sum(prices), index, number))
        self.effort += len(price) + len(found) * len(self._cells[0])
        return found

    def _extended(self, partial: _Partial, index: int, cost: int, coset: int) -> _Partial:
        counts = partial.counts.copy()
        self.effort += len(counts)
        for cell in self._cells[index]:
            counts[cell] += 1
        due = tuple(
            self._all if (len(partial.order) + 1) % size == 0 else rows & ~same
            for size, rows, same in zip(
                self._plan.sizes, partial.due, self._sharing_level[index], strict=True
            )
        )
        return _Partial(
            worst=max(partial.worst, self.tables.spread(counts)),
            cost=cost,
            taken=partial.taken | 1 << index,
            free=partial.free & ~coset,
            due=due,
            counts=counts,
            order=(*partial.order, index),
        )
