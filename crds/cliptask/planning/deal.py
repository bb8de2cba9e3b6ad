"""How do variants stay what they are when the task changes, and what is new get its fair share?

A row has a level in each column. The frame is what tells rows apart: the blocks, and tracks and lines that go with
all; the other columns, tracks and lines that are balanced or drawn, are dealt onto the frames.

* A row of before keeps all levels that are still there. Where one is gone, that cell alone is filled anew.
* Every cell is filled with a level that has fallen to the fewest rows, among these with one that has met the row's
  other levels least. With a limit, wholly new rows come from the designed experiment as long as they are even.
* A level that is new takes rows, one cell of each, from those that have the most, until counts differ by one at most.
  No other row of before is changed, however uneven a removal has left the counts.

Dealt onto its own result, nothing is open and nothing is new, so that nothing changes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from itertools import groupby, islice, product

from cliptask.planning.allowed import Allowed
from cliptask.planning.experiment import experiment
from cliptask.planning.orthogonal_array import Row

OpenRow = Sequence[int | None]
Draw = Callable[[OpenRow, int], bytes]
"""What a level weighs for a frame in a random column: the heaviest is drawn."""

_LOOKED_AT = 100
"""So many rows are compared when one of them is to change: all of them would take a large campaign minutes."""


def deal(
    allowed: Allowed,
    frame: int,
    count: int,
    dealt: Sequence[OpenRow],
    new: Sequence[int],
    draws: Sequence[Draw | None],
) -> list[Row]:
    """The rows of a campaign.

    ``frame`` columns come first, then the others, of which ``draws`` says how they are drawn, None: balanced. ``count``
    rows are wanted, which is at most as many as are ``allowed``. ``dealt`` are the rows of before, ``new`` says of each
    column from which level on all levels are new.
    """
    table = _Table(allowed, frame)
    if count == allowed.count(frame):
        table.take_all(dealt)
    else:
        table.choose(count, dealt, new)
    for column, draw in enumerate(draws, frame):
        table.assign(column, new[column], draw)
    return [tuple(level for level in row if level is not None) for row in table.rows]


_Meetings = dict[tuple[int, int | None], list[int]]
"""Of a column: how often each of its levels has met a level of another column."""


class _Table:
    """Rows, and how often their levels have fallen and met."""

    def __init__(self, allowed: Allowed, frame: int) -> None:
        self.rows: list[list[int | None]] = []
        self._allowed, self._frame = allowed, frame
        self._sizes = [len(levels) for levels in allowed.boxes]
        self._counts = [[0] * size for size in self._sizes]
        self._met: dict[int, _Meetings] = {}  # of the columns that anything was asked of
        self._frames: set[tuple[int | None, ...]] = set()
        self._changed: set[int] = set()

    def take_all(self, dealt: Sequence[OpenRow]) -> None:
        """All frames, each with what was dealt to it."""
        by_frame: dict[tuple[int | None, ...], list[OpenRow]] = defaultdict(list)
        for row in dealt:
            by_frame[tuple(row[: self._frame])].append(row)
        # A block that is new is open in all rows of before; each of them goes on in one row.
        is_new = [all(row[column] is None for row in dealt) for column in range(self._frame)]
        for frame in self._all_frames():
            key = tuple(None if new else level for level, new in zip(frame, is_new, strict=True))
            self._add([*frame, *self._kept(by_frame[key], frame)])

    def choose(self, count: int, dealt: Sequence[OpenRow], new: Sequence[int]) -> None:
        """So many frames: those of before, completed, then others."""
        by_frame: dict[tuple[int | None, ...], list[OpenRow]] = defaultdict(list)
        for number, row in enumerate(dealt):
            frame = tuple(row[: self._frame])
            # Rows that have lost a clip are as many as before, even if they are alike in the rest.
            by_frame[frame if None not in frame else (*frame, number)].append(row)
        kept = []
        for key, rows in by_frame.items():
            frame = key[: self._frame]
            if self._can_be(frame) and any(level is not None for level in frame):
                kept.append([*frame, *self._kept(rows, frame)])
        whole = [row for row in kept if None not in row[: self._frame]]
        for row in whole:
            self._add(row)
        while len(self.rows) > count:
            self._drop()
        for row in [row for row in kept if None in row[: self._frame]][: count - len(self.rows)]:
            self._add(row)
            self._complete(len(self.rows) - 1)
        self._design(count)
        while len(self.rows) < count:
            self._add([None] * len(self._sizes))
            self._complete(len(self.rows) - 1)
        for column in range(self._frame):
            self._even(column, range(new[column], self._sizes[column]), range(len(self.rows)))
        for column in range(self._frame):
            self._even(column, range(self._sizes[column]), sorted(self._changed))

    def assign(self, column: int, new: int, draw: Draw | None) -> None:
        """Fill a column that is no part of the frame."""
        filled = []
        for number, row in enumerate(self.rows):
            if draw is not None:
                self._set(number, column, None)
                weigh = partial(draw, tuple(row[: self._frame]))
                self._set(number, column, max(self._options(row, column), key=weigh))
            elif row[column] is None:
                self._set(number, column, next(self._ranked(row, column, self._options(row, column))))
                filled.append(number)
        if draw is None:
            self._even(column, range(new, self._sizes[column]), range(len(self.rows)))
            self._even(column, range(self._sizes[column]), filled)

    def _all_frames(self) -> list[Row]:
        """Sorted by the highest level, so that an appended clip leaves the earlier ones first."""
        levels = [range(size) for size in self._sizes[: self._frame]]
        frames = product(*levels) if self._allowed.is_free else self._frames_from(())
        return sorted(frames, key=lambda frame: (max(frame, default=0), frame))

    def _frames_from(self, beginning: Row) -> Iterator[Row]:
        if len(beginning) == self._frame:
            yield beginning
            return
        for level in range(self._sizes[len(beginning)]):
            if self._can_be((*beginning, level)):
                yield from self._frames_from((*beginning, level))

    def _kept(self, rows: list[OpenRow], frame: OpenRow) -> OpenRow:
        """What a frame keeps in the other columns of one of these rows, whose levels are the rarest; the row is used up."""

        def frequency(row: OpenRow) -> list[int]:
            levels = enumerate(row[self._frame :], self._frame)
            return [0 if level is None else self._counts[column][level] for column, level in levels]

        if not rows:
            return [None] * (len(self._sizes) - self._frame)
        row = min(rows, key=frequency)
        rows.remove(row)
        levels = [*frame, *row[self._frame :]]
        for column in reversed(range(self._frame, len(levels))):
            if not self._can_be(levels):
                levels[column] = None
        return levels[self._frame :]

    def _design(self, count: int) -> None:
        """Rows of the designed experiment for as long as each has only levels that have fallen to the fewest rows."""
        sizes, before = self._sizes[: self._frame], len(self.rows)
        if before == count:
            return
        for frame in islice(experiment(tuple(sizes)), before + count):
            is_even = all(
                self._counts[column][level] == min(self._counts[column]) for column, level in enumerate(frame)
            )
            if is_even and frame not in self._frames and self._can_be(frame):
                self._changed.add(len(self.rows))
                self._add([*frame, *[None] * (len(self._sizes) - self._frame)])
                if len(self.rows) == count:
                    return

    def _complete(self, number: int) -> None:
        """Fill the frame of a row, if need be with other levels than those that it has kept."""
        row = self.rows[number]
        self._changed.add(number)
        open_columns = [column for column in range(self._frame) if row[column] is None]
        if not self._fill(number, open_columns):
            self._clear(number)
            self._fill(number, list(range(self._frame)))
        self._frames.add(tuple(row[: self._frame]))

    def _fill(self, number: int, open_columns: Sequence[int]) -> bool:
        """Fill these columns, so that the frame is none that is there. False where there is no way."""
        row = self.rows[number]
        if not open_columns:
            return tuple(row[: self._frame]) not in self._frames
        column, *rest = open_columns
        for level in self._ranked(row, column, self._options(row, column)):
            self._set(number, column, level)
            if self._fill(number, rest):
                return True
            self._set(number, column, None)
        return False

    def _options(self, row: OpenRow, column: int) -> Sequence[int]:
        """The levels with which the row can still be completed."""
        levels = range(self._sizes[column])
        if self._allowed.is_free:
            return levels
        held = self._allowed.held([*row[:column], None, *row[column + 1 :]])
        rest = tuple(other for other, level in enumerate(row) if level is None and other != column)
        boxes = self._allowed.boxes[column]
        return [level for level in levels if self._allowed.can_be(held & boxes[level], rest)]

    def _ranked(self, row: OpenRow, column: int, options: Sequence[int]) -> Iterator[int]:
        """The best option first: one that has fallen to the fewest rows, then one that has met the row's levels least."""
        counts, tables = self._counts[column], self._tables(row, column)
        floors = [min(table) for table in tables]

        # Squares of the excess over the rarest: within a percent of the best of a dozen measures tried.
        def meetings(level: int) -> int:
            return sum((table[level] - floor) ** 2 for table, floor in zip(tables, floors, strict=True))

        for _, alike in groupby(sorted(options, key=counts.__getitem__), counts.__getitem__):
            yield from sorted(alike, key=meetings)

    def _even(self, column: int, rare: Collection[int], numbers: Collection[int]) -> None:
        """Give the ``rare`` levels of a column to some of these rows, as long as another level has two rows more."""
        counts, left = self._counts[column], set(rare)
        by_level: dict[int, list[int]] = defaultdict(list)
        for number in numbers:
            by_level[self.rows[number][column] or 0].append(number)
        while left:
            level = min(left, key=lambda each: (counts[each], each))
            steps = self._steps(column, level, by_level) if max(counts) >= counts[level] + 2 else []
            if not steps:
                left.remove(level)
            for number, other in steps:
                by_level[self.rows[number][column] or 0].remove(number)
                by_level[other].append(number)
                self._move(number, column, other)

    def _steps(self, column: int, rare: int, by_level: dict[int, list[int]]) -> list[tuple[int, int]]:
        """Rows and the levels that they must get for ``rare`` to have a row more, and one that has two more a row less.

        Without rules it is one row. With rules the row with the most may not be one that may have the rare level, but
        another's, which gets one of the most instead; and so on, the shortest way first.
        """
        counts, ways, queue = self._counts[column], {rare: list[tuple[int, int]]()}, [rare]
        for level in queue:
            for other in sorted(by_level, key=lambda each: (-counts[each], each)):
                if other in ways or (number := self._best(column, by_level[other], level)) is None:
                    continue
                ways[other] = [(number, level), *ways[level]]
                if counts[other] >= counts[rare] + 2:
                    return ways[other]
                queue.append(other)
        return []

    def _best(self, column: int, numbers: Sequence[int], level: int) -> int | None:
        """The row of some that best gets another level: one that is changed anyway, then one that it has met least."""
        some = numbers[:: math.ceil(len(numbers) / _LOOKED_AT) or 1]
        looked_at = [number for number in some if self._may_have(number, column, level)]
        if not looked_at and len(some) < len(numbers):
            looked_at = [number for number in numbers if self._may_have(number, column, level)][:_LOOKED_AT]

        def loss(number: int) -> tuple[bool, int]:
            row = self.rows[number]
            now = row[column] or 0
            return number not in self._changed, sum(
                each[level] - each[now] for each in self._tables(row, column)
            )

        return min(looked_at, key=loss, default=None)

    def _may_have(self, number: int, column: int, level: int) -> bool:
        row = [*self.rows[number]]
        row[column] = level
        is_there = column < self._frame and tuple(row[: self._frame]) in self._frames
        return not is_there and self._can_be(row)

    def _can_be(self, row: OpenRow) -> bool:
        """Whether a row, or the beginning of one, can be completed."""
        if self._allowed.is_free:
            return True
        open_columns = [column for column, level in enumerate(row) if level is None]
        return self._allowed.can_be(
            self._allowed.held(row), (*open_columns, *range(len(row), len(self._sizes)))
        )

    def _move(self, number: int, column: int, level: int) -> None:
        frame = tuple(self.rows[number][: self._frame])
        self._set(number, column, level)
        self._frames.remove(frame)
        self._frames.add(tuple(self.rows[number][: self._frame]))
        self._changed.add(number)

    def _drop(self) -> None:
        """Leave out a row whose levels have the most others, of several the last one."""

        def excess(number: int) -> int:
            levels = enumerate(self.rows[number][: self._frame])
            return sum(self._counts[column][level or 0] for column, level in levels)

        numbers = range(len(self.rows))[:: -math.ceil(len(self.rows) / _LOOKED_AT)]
        number = max(numbers, key=excess)
        self._frames.remove(tuple(self.rows[number][: self._frame]))
        self._clear(number)
        del self.rows[number]

    def _add(self, levels: Sequence[int | None]) -> None:
        self.rows.append([None] * len(levels))
        for column, level in enumerate(levels):
            self._set(len(self.rows) - 1, column, level)
        if None not in levels[: self._frame]:
            self._frames.add(tuple(levels[: self._frame]))

    def _clear(self, number: int) -> None:
        for column in range(len(self._sizes)):
            self._set(number, column, None)

    def _set(self, number: int, column: int, level: int | None) -> None:
        """Fill, change or open a cell."""
        row = self.rows[number]
        for value, by in ((row[column], -1), (level, 1)):
            if value is None:
                continue
            row[column] = value
            self._counts[column][value] += by
            for other, tables in self._met.items():
                if other == column:
                    _meet(tables, row, column, self._sizes[column], by)
                elif (met := row[other]) is not None:
                    tables.setdefault((column, value), [0] * self._sizes[other])[met] += by
        row[column] = level

    def _tables(self, row: OpenRow, column: int) -> list[list[int]]:
        """How often each level of a column has met the row's levels of the others."""
        if column not in self._met:
            self._met[column] = {}
            for each in self.rows:
                _meet(self._met[column], each, column, self._sizes[column], 1)
        met = self._met[column]
        return [met[place] for place in enumerate(row) if place[0] != column and place in met]


def _meet(tables: _Meetings, row: OpenRow, column: int, size: int, by: int) -> None:
    """Count the row's level of a column with its levels of the others."""
    level = row[column]
    if level is not None:
        for other, met in enumerate(row):
            if met is not None and other != column:
                tables.setdefault((other, met), [0] * size)[level] += by
