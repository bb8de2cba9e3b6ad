"""Which combinations of the blocks' clips become variants, and which track and line falls to each?

Everything here is a function of its arguments alone: the same on every machine and in every process.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import Literal

from cliptask.planning.orthogonal_array import Row, design
from cliptask.planning.run_order import even_order


def combinations(sizes: Sequence[int], limit: int | None) -> tuple[Row, ...]:
    """Distinct rows of one level in [0, sizes[j]) for each block j, at most `limit` (at least 1) of them.

    Without a limit, or with one that excludes nothing: every combination, sorted by the highest level in it, so that
    a clip appended to one of several equally long blocks leaves the earlier rows where they are.

    Else an experiment: the first `limit` rows of one sequence that depends on the sizes alone. In each of its prefixes
    the counts of a block's levels differ by at most one. The counts of two pairs of levels of the same two blocks
    differ by at most one for up to q blocks of q clips each, q a power of a prime, and for sizes without a common
    factor; by at most three for all other mixtures of up to four blocks with a product up to 130 (measured); by more
    where no short array exists, e.g. eight for 10x9x8.
    The product of the sizes may be astronomical, it is not walked through.
    """
    if limit is None or limit >= math.prod(sizes):
        return tuple(sorted(product(*map(range, sizes)), key=lambda row: (max(row, default=0), row)))
    return tuple(islice(_experiment(tuple(sizes)), limit))


def assign(
    rows: Sequence[Row], levels: int, mode: Literal["balanced", "random"], seed: int = 0
) -> tuple[int, ...]:
    """One of `levels` (at least 1) for each row, which never depends on later rows.

    balanced: a level that has fallen to the fewest rows, among these one that has met the row's own levels least. So
    counts differ by at most one in every prefix, and each level in a row's column meets each assigned one about equally
    often. To balance against an earlier assignment, append it to the rows. `seed` is not used.

    random: independent and uniform draws, one per row in order.
    """
    if mode == "random":
        source = random.Random(seed)  # noqa: S311 (chooses music, not keys)
        # random() alone is documented to give the same numbers in every version of Python.
        return tuple(int(source.random() * levels) for _ in rows)
    assigned: list[int] = []
    counts = [0] * levels
    met: dict[tuple[int, int], list[int]] = {}
    for row in rows:
        tables = [met.setdefault((column, level), [0] * levels) for column, level in enumerate(row)]
        floors = [min(table) for table in tables]
        fewest = min(counts)
        chosen = min(
            (level for level in range(levels) if counts[level] == fewest),
            # Squares of the excess over the rarest: within a percent of the best of a dozen measures tried.
            key=lambda level: sum((t[level] - floor) ** 2 for t, floor in zip(tables, floors, strict=True)),
        )
        counts[chosen] += 1
        for table in tables:
            table[chosen] += 1
        assigned.append(chosen)
    return tuple(assigned)


def _experiment(sizes: Row) -> Iterator[Row]:
    """Every combination once: the array, then its cosets in the same order."""
    plan = design(sizes)
    array = even_order(sizes) or map(plan.array_row, range(plan.runs))
    first = []
    for row in array:
        first.append(row)
        yield row
    for shift in islice(plan.coset_shifts(), 1, None):
        for row in first:
            yield plan.add(row, shift)
