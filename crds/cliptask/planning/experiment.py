"""In which order are combinations of the blocks' clips chosen, so that however many are wanted, they are even?

Everything here is a function of its arguments alone: the same on every machine and in every process.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from cliptask.planning.orthogonal_array import Row, design
from cliptask.planning.run_order import even_order


def experiment(sizes: Row) -> Iterator[Row]:
    """Every row of one level in [0, sizes[j]) for each block j, once: the array, then its cosets in the same order.

    In each prefix the counts of a block's levels differ by at most one. The counts of two pairs of levels of the same
    two blocks differ by at most one for up to q blocks of q clips each, q a power of a prime, and for sizes without a
    common factor; by at most three for all other mixtures of up to four blocks with a product up to 130 (measured); by
    more where no short array exists, e.g. eight for 10x9x8.
    The product of the sizes may be astronomical, it is not walked through.

    Why not row by row, each with the levels that have met least: ``tests/benchmarks/evenness.py`` measures that, too.
    Its pairs are up to four apart where these are one (four blocks of twenty clips), and for 3x3, 3x3x3 or 5x4x4 it
    comes to rows that are taken. In the array's own order, without the search for a better one, they are up to six
    apart instead of two (6x10x4). It is slower by nothing to two seconds, once for a campaign with a limit.
    """
    plan = design(sizes)
    array = even_order(sizes) or map(plan.array_row, range(plan.runs))
    first = []
    for row in array:
        first.append(row)
        yield row
    for shift in islice(plan.coset_shifts(), 1, None):
        for row in first:
            yield plan.add(row, shift)
