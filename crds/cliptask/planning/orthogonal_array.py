"""Which rows, in which order, hold every level equally often in every prefix, and every pair of levels evenly?

The levels of a block of k clips form a group: the product over primes p of Z_p^e, where p^e is the power of p in k. A
level's digits in mixed radix are its coordinates. A row is an element of the product of its blocks' groups.

* The **walk**: at time t a block stands at the digits of t mod p^e for each p. Every aligned window of k times is a
  permutation of the block's levels, so the counts of two levels never differ by more than one.
* The **shift**: to the walk of the blocks that p divides a vector is added that changes only every
  K_p = lcm{k : p divides k} times, hence only between these blocks' windows. Shift number m adds to block j the first
  e_j digits of alpha_j * m in GF(p^s). The alpha_j differ, so two blocks meet in each pair of levels equally often
  while m runs through the field: the linear orthogonal arrays of strength 2 of R. C. Bose and K. A. Bush (Annals of
  Mathematical Statistics 23, 1952), here for mixed sizes; see A. S. Hedayat, N. J. A. Sloane, J. Stufken,
  "Orthogonal Arrays", Springer 1999, chapters 3 and 9.
* The shift at time t is number (t div K_p) mod p^s. As lcm(sizes) / K_p has no factor p, walk and shifts together
  repeat after lcm(sizes) * product of p^s times, and not before (Chinese remainder theorem). These rows are a
  subgroup, the **array**; it projects onto each pair of blocks, so it has each pair of levels equally often.
* After the array come its **cosets**, shifted by alpha_j^d * m for d = 2, 3, ... (polynomials without a constant term:
  Bush, same volume), until the product of all blocks is used up. A coset has the pairs of the array, renamed.

Hence the spread of pair counts after any number of rows is the one that some prefix of the array has.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import NamedTuple

Row = tuple[int, ...]

_MIN_COSETS = 10_000
"""As many cosets are prepared (fewer if there are no more): one for each row of the longest experiment."""


class Place(NamedTuple):
    """A digit of a block's level: its number i among the block's digits in base p."""

    block: int
    prime: int
    power: int
    """p^i: the walk's digit at time t is that of t div p^i."""
    unit: int
    """By how much the digit raises the level."""


@dataclass(frozen=True)
class PrimePart:
    """What one prime contributes: shifts of the blocks whose size it divides, but for the one with its highest power."""

    prime: int
    window: int
    """The highest power of the prime in a size: its digits of the walk repeat after so many rows."""
    period: int
    """K_p: the shift changes only every so many rows."""
    array_digits: int = 0
    """s: so many digits of a shift's number stay in the array, the further ones lead to its cosets."""
    basis: tuple[Row, ...] = ()
    """For each digit of a shift's number, the lowest first: what its unit adds to a row."""


@dataclass(frozen=True)
class Design:
    """The array for blocks of these sizes, and the cosets that follow it."""

    sizes: Row
    places: tuple[Place, ...]
    parts: tuple[PrimePart, ...]

    @cached_property
    def runs(self) -> int:
        """How many rows the array has: a multiple of every size and of every product of two sizes."""
        return math.lcm(*self.sizes) * math.prod(map(len, self._array_shifts))

    def array_row(self, time: int) -> Row:
        """The row at `time` in [0, runs)."""
        shifts = zip(self.parts, self._array_shifts, strict=True)
        return self.add(*(all_of[time // part.period % len(all_of)] for part, all_of in shifts), time=time)

    def array_label(self, time: int, loose: Sequence[int]) -> tuple[tuple[int, int], ...]:
        """Which coset of a subgroup of the array holds the row at `time`.

        The subgroup is spanned by the `loose[i]` highest array digits of the shift of part i, so it has the product of
        `prime ** loose[i]` elements; loose[i] is in [0, array_digits].
        """
        return tuple(
            (time % part.window, time // part.period % part.prime ** (part.array_digits - digits))
            for part, digits in zip(self.parts, loose, strict=True)
        )

    def coset_shifts(self) -> Iterator[Row]:
        """What to `add` to the array's rows for each of its cosets: first all zero, the array itself."""
        for number in count():
            rest, shifts = number, []
            for part in self.parts:
                rest, further = divmod(rest, part.prime ** (len(part.basis) - part.array_digits))
                shifts.append(self._shift(part, further * part.prime**part.array_digits))
            if rest:
                return
            yield self.add(*shifts)

    def add(self, *rows: Row, time: int = 0) -> Row:
        """The group's sum of rows and of the walk at `time`, which is zero at 0: digit by digit, without carry."""
        total = [0] * len(self.sizes)
        for block, prime, power, unit in self.places:
            total[block] += (time // power + sum([row[block] // unit for row in rows])) % prime * unit
        return tuple(total)

    @cached_property
    def _array_shifts(self) -> list[list[Row]]:
        """The p^s shifts of the array by number, for each part."""
        return [[self._shift(part, n) for n in range(part.prime**part.array_digits)] for part in self.parts]

    def _shift(self, part: PrimePart, number: int) -> Row:
        digits = zip(_digits(number, part.prime, len(part.basis)), part.basis, strict=True)
        return self.add(*(vector for digit, vector in digits for _ in range(digit)))


def design(sizes: Sequence[int]) -> Design:
    """The design for blocks of these sizes, each at least 1."""
    places = tuple(
        Place(block, prime, prime ** factors[:i].count(prime), math.prod(factors[:i]))
        for block, factors in enumerate(map(_factors, sizes))
        for i, prime in enumerate(factors)
    )
    primes = sorted({place.prime for place in places})
    parts = (_prime_part([place for place in places if place.prime == prime], sizes) for prime in primes)
    return Design(tuple(sizes), places, tuple(parts))


def _prime_part(places: Sequence[Place], sizes: Sequence[int]) -> PrimePart:
    """What the prime of these places contributes."""
    prime, exponents = places[0].prime, Counter(place.block for place in places)
    first, *shifted = sorted(exponents, key=lambda block: -exponents[block])
    window, period = prime ** exponents[first], math.lcm(*(sizes[block] for block in exponents))
    if not shifted:
        return PrimePart(prime, window, period)
    # Two blocks meet in every pair if their alphas differ (p^s >= blocks) and s >= the smaller one's exponent.
    degree = next(s for s in count(exponents[shifted[0]]) if prime**s > len(shifted))
    return PrimePart(prime, window, period, degree, _shift_basis(places, shifted, degree, len(sizes)))


def _shift_basis(
    places: Sequence[Place], shifted: Sequence[int], degree: int, blocks: int
) -> tuple[Row, ...]:
    """The vectors (alpha_j^d * x^i)_j, cut to e_j digits, that are independent of those before them.

    The first block's alpha is 0. Those of d = 1 are independent (the alphas span GF(p^s)), and d < p^s suffices, as
    polynomials interpolate every function.
    """
    prime = places[0].prime
    places = [place for place in places if place.block in shifted]
    powers = _powers(prime, degree)
    logarithms = {block: powers.index(alpha) for alpha, block in enumerate(shifted, 1)}
    basis: list[Row] = []
    echelon: list[tuple[int, list[int]]] = []
    for d in count(1):
        if len(basis) == len(places) or prime ** max(0, len(basis) - degree) >= _MIN_COSETS:
            break
        for i in range(degree):
            product = {j: powers[(d * log + i) % len(powers)] for j, log in logarithms.items()}
            digits = [product[place.block] // place.power % prime for place in places]
            if _extend(echelon, digits, prime):
                vector = [0] * blocks
                for place, digit in zip(places, digits, strict=True):
                    vector[place.block] += digit * place.unit
                basis.append(tuple(vector))
    return tuple(basis)


def _extend(echelon: list[tuple[int, list[int]]], vector: list[int], prime: int) -> bool:
    """Whether a vector over GF(p) is independent of those before it; if so, the echelon form grows by it."""
    for pivot, row in echelon:
        vector = [(a - vector[pivot] * b) % prime for a, b in zip(vector, row, strict=True)]
    lead = next((i for i, digit in enumerate(vector) if digit), None)
    if lead is not None:
        inverse = pow(vector[lead], -1, prime)
        echelon.append((lead, [digit * inverse % prime for digit in vector]))
    return lead is not None


def _powers(prime: int, degree: int) -> list[int]:
    """The powers of x, which are all elements of GF(p^degree) but zero; their digits in base p are the coefficients.

    The field is that of the first polynomial whose powers of x are so many: each has an inverse, so it is irreducible.
    """
    cycles = (_cycle(_digits(number, prime, degree), prime) for number in count() if number % prime)
    return next(powers for powers in cycles if len(powers) == prime**degree - 1)


def _cycle(polynomial: Row, prime: int) -> list[int]:
    """The powers of x modulo a monic polynomial, whose lower coefficients are given, lowest first, from 1 to 1."""
    one = power = _digits(1, prime, len(polynomial))
    powers: list[int] = []
    while not powers or power != one:
        powers.append(sum(digit * prime**i for i, digit in enumerate(power)))
        carried = power[-1]
        power = tuple((a - carried * c) % prime for a, c in zip((0, *power[:-1]), polynomial, strict=True))
    return powers


def _digits(number: int, base: int, length: int) -> Row:
    """The `length` lowest digits of a number, lowest first."""
    return tuple(number // base**i % base for i in range(length))


def _factors(number: int) -> Row:
    """The primes whose product is a number, in ascending order."""
    if number == 1:
        return ()
    prime = next(factor for factor in range(2, number + 1) if number % factor == 0)
    return (prime, *_factors(number // prime))
