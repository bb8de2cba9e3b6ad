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

    Is that worth its code? ``tests/benchmarks/evenness.py`` measures it beside the array in its own order, and beside rows
    made one by one of the levels that have fallen and met least. The greatest difference of pairs in any prefix, and after
    how many rows the simple way comes to one that is taken:

    =========  ========  ======  =====  ==========  =====
    sizes      designed  time    array  one by one  until
    =========  ========  ======  =====  ==========  =====
    3x3        1         0.00 s  1      1           5
    2x2x3      1         0.00 s  2      1           all
    3x3x3      1         0.00 s  1      3           18
    4x4x4      1         0.00 s  1      1           16
    5x4x4      2         0.12 s  4      3           32
    6x6x6      2         0.15 s  2      4           100
    7x3x3      1         0.06 s  3      2           21
    6x10x4     2         0.77 s  6      2           60
    12x5x4     2         0.75 s  3      3           62
    10x9x8     8         1.20 s  8      3           91
    3^5        2         0.03 s  3      4           37
    20^4       1         0.03 s  1      1           96
    =========  ========  ======  =====  ==========  =====

    So it stays, for what is dealt first: the simple way ends early for all but one of these, and is two worse for three of
    them; without the search for an order the array is up to four worse. What is added later is dealt row by row
    (``deal.py``), as no design knows of rows that are there already.
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
