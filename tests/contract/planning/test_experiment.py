from __future__ import annotations

import itertools
import math
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cliptask.planning.experiment import experiment
from cliptask.planning.orthogonal_array import design

Rows = Sequence[tuple[int, ...]]

# The number of orders that are searched, and so the time, stays small: at most 48 combinations.
SMALL = st.lists(st.integers(1, 6), min_size=1, max_size=4).filter(lambda sizes: math.prod(sizes) <= 48)
# Up to q blocks of q clips, q a power of a prime.
FIELDS = st.sampled_from([2, 3, 4, 5, 7, 8, 9]).flatmap(
    lambda q: st.integers(1, min(q, 4)).map(lambda blocks: [q] * blocks)
)
HUGE = st.lists(st.integers(6, 60), min_size=8, max_size=20)
# A search for an even order takes up to two seconds for some sizes, on a busy machine more.
FEWER = settings(max_examples=50)


def level_spread(rows: Rows, sizes: Sequence[int]) -> int:
    """The greatest difference between the counts of two levels of one block, over all prefixes."""
    worst, counts = 0, [[0] * size for size in sizes]
    for row in rows:
        for table, level in zip(counts, row, strict=True):
            table[level] += 1
            worst = max(worst, max(table) - min(table))
    return worst


def pair_spread(rows: Rows, sizes: Sequence[int]) -> int:
    """The greatest difference between the counts of two pairs of levels of the same two blocks, over all prefixes."""
    pairs = list(itertools.combinations(range(len(sizes)), 2))
    worst, counts = 0, {(i, j): [0] * (sizes[i] * sizes[j]) for i, j in pairs}
    for row in rows:
        for (i, j), table in counts.items():
            table[row[i] * sizes[j] + row[j]] += 1
            worst = max(worst, max(table) - min(table))
    return worst


def combinations(sizes: Sequence[int], limit: int) -> Rows:
    """So many rows."""
    return tuple(itertools.islice(experiment(tuple(sizes)), limit))


def sequence(sizes: Sequence[int]) -> Rows:
    """The longest experiment: all combinations but one."""
    return combinations(sizes, math.prod(sizes) - 1)


class TestExperiment:
    """Rows with a limit."""

    @FEWER
    @given(SMALL)
    def test_each_prefix_has_every_level_equally_often(self, sizes: list[int]) -> None:
        """Some clip would be shown twice more often than another."""
        rows = sequence(sizes)

        assert level_spread(rows, sizes) <= 1

    @FEWER
    @given(SMALL)
    def test_rows_are_distinct(self, sizes: list[int]) -> None:
        """A variant would be made twice, up to the last but one combination."""
        rows = sequence(sizes)

        assert len(set(rows)) == len(rows) == math.prod(sizes) - 1

    @FEWER
    @given(SMALL, st.data())
    def test_a_higher_limit_keeps_the_rows_chosen(self, sizes: list[int], data: st.DataObject) -> None:
        """Raising the limit would drop variants that exist."""
        longest = sequence(sizes)
        limit = data.draw(st.integers(0, len(longest)))

        rows = combinations(sizes, limit)

        assert rows == longest[:limit]

    @FEWER
    @given(FIELDS)
    def test_pairs_differ_by_one_for_powers_of_primes(self, sizes: list[int]) -> None:
        """As many blocks as clips, an orthogonal array, would not be paired as evenly as can be."""
        rows = combinations(sizes, min(3 * sizes[0] ** 2, math.prod(sizes) - 1))

        assert pair_spread(rows, sizes) <= 1

    @FEWER
    @given(st.sampled_from([(3, 4, 5), (2, 3), (5, 6, 7), (4, 9), (2, 9, 5), (3, 1, 8), (1, 1), (7,)]))
    def test_pairs_differ_by_one_without_a_common_factor(self, sizes: tuple[int, ...]) -> None:
        """Sizes for which the plain walk is perfect would be paired worse."""
        assert pair_spread(sequence(sizes), sizes) <= 1

    @FEWER
    @given(SMALL.filter(lambda sizes: len(sizes) > 1))
    def test_pairs_differ_by_three_at_most(self, sizes: list[int]) -> None:
        """Any mixed sizes would be locked in step: measured for every size up to 6 and product up to 130, worst 3."""
        assert pair_spread(sequence(sizes), sizes) <= 3

    @pytest.mark.parametrize(
        ("sizes", "spread"),
        [
            ((2, 2, 3), 1),
            ((2, 3, 4), 1),
            ((4, 6), 1),
            ((7, 3, 3), 1),
            # One is impossible: it would take two orthogonal Latin squares of order 6 (Tarry 1901).
            ((6, 6, 6), 2),
            ((5, 4, 4), 2),
            # Every second row is the complement of the one before: 16 rows are needed until pairs are even.
            ((2, 2, 2, 2, 2, 2), 3),
        ],
    )
    def test_mixed_sizes_are_near_the_floor(self, sizes: tuple[int, ...], spread: int) -> None:
        """The search for an even order would have got worse than it was measured."""
        assert pair_spread(sequence(sizes), sizes) <= spread

    @pytest.mark.parametrize(("clips", "blocks"), [(3, 3), (4, 4), (5, 4), (7, 3), (8, 3), (9, 4)])
    def test_the_square_holds_every_pair_once(self, clips: int, blocks: int) -> None:
        """clips^2 variants would repeat one pair of clips and never show another."""
        rows = combinations([clips] * blocks, clips**2)

        for i, j in itertools.combinations(range(blocks), 2):
            assert len({(row[i], row[j]) for row in rows}) == clips**2

    @FEWER
    @given(SMALL)
    def test_an_array_has_each_pair_equally_often(self, sizes: list[int]) -> None:
        """What bounds the unevenness of every longer experiment, whole orthogonal arrays one after another, would not hold."""
        runs = design(sizes).runs

        rows = combinations(sizes, runs)

        for i, j in itertools.combinations(range(len(sizes)), 2):
            counts = Counter((row[i], row[j]) for row in rows)
            assert len(counts) == sizes[i] * sizes[j]
            assert set(counts.values()) == {runs // (sizes[i] * sizes[j])}

    @settings(FEWER, max_examples=15)
    @given(HUGE, st.integers(1, 255))
    def test_an_astronomical_product_is_not_walked_through(self, sizes: list[int], limit: int) -> None:
        """Many blocks of many clips would never end, or repeat a row."""
        rows = combinations(sizes, limit)

        assert len(set(rows)) == limit
        assert level_spread(rows, sizes) <= 1

    def test_ten_thousand_of_twenty_blocks_of_a_hundred(self) -> None:
        """The longest experiment that is allowed would lose its balance."""
        rows = combinations([100] * 20, 10_000)

        assert len(set(rows)) == 10_000
        assert all(set(Counter(column).values()) == {100} for column in zip(*rows, strict=True))

    def test_one_row_has_the_first_clips(self) -> None:
        """The smallest preview would begin somewhere in the middle."""
        assert combinations([3, 4, 2], 1) == ((0, 0, 0),)

    def test_a_block_of_one_clip_changes_nothing(self) -> None:
        """An intro that every variant shares would change which variants are chosen."""
        rows = combinations([3, 1, 3, 3, 1], 9)

        assert [(a, c, d) for a, _, c, d, _ in rows] == list(combinations([3, 3, 3], 9))

    def test_another_process_chooses_the_same(self) -> None:
        """Two machines would make different variants from one file."""
        code = (
            "from itertools import islice; from cliptask.planning.experiment import experiment as e; "
            "print(tuple(islice(e((2, 3, 4)), 13)), tuple(islice(e((7, 3, 3)), 40)))"
        )

        outputs = {
            subprocess.run(
                [sys.executable, "-c", code],
                env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
                capture_output=True,
                check=True,
                text=True,
            ).stdout
            for seed in ("1", "2")
        }

        assert outputs == {f"{combinations((2, 3, 4), 13)} {combinations((7, 3, 3), 40)}\n"}
