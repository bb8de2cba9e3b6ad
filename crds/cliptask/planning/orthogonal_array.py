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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

Row = tuple[int, ...]

_MIN_COSETS = 10_000
"""As many cosets are prepared (fewer if there are no more): one for each row of the longest experiment."""


@dataclass(frozen=True)
class PrimePart:
    """What one prime contributes: digits in base `prime` for the blocks whose size it divides."""

    prime: int
    blocks: Row
    """Indices of these blocks, the highest power of the prime first; the first is never shifted."""
    exponents: Row
    """The power of the prime in each of these blocks' sizes."""
    period: int
    """K_p: the shift changes only every so many rows."""
    array_digits: int
    """s: so many digits of a shift's number stay in the array, the further ones lead to its cosets."""
    basis: tuple[tuple[Row, ...], ...]
    """For each digit of a shift's number: what its unit adds to each block's digits, lowest digit first."""

    @cached_property
    def array_shifts(self) -> tuple[tuple[Row, ...], ...]:
        """The p^s shifts of the array, by number."""
        numbers = range(self.prime**self.array_digits)
        return tuple(self.shift(digits_of(number, self.prime, self.array_digits)) for number in numbers)

    def shift(self, digits: Row) -> tuple[Row, ...]:
        """What the shift whose number has these digits, lowest first, adds to each block's digits."""
        total = [(0,) * exponent for exponent in self.exponents]
        for digit, vector in zip(digits, self.basis, strict=False):
            total = [
                tuple((a + digit * b) % self.prime for a, b in zip(sums, added, strict=True))
                for sums, added in zip(total, vector, strict=True)
            ]
        return tuple(total)


@dataclass(frozen=True)
class Design:
    """The array for blocks of these sizes, and the cosets that follow it."""

    sizes: Row
    parts: tuple[PrimePart, ...]

    @cached_property
    def runs(self) -> int:
        """How many rows the array has: a multiple of every size and of every product of two sizes."""
        return math.lcm(*self.sizes) * math.prod(len(part.array_shifts) for part in self.parts)

    def array_row(self, time: int) -> Row:
        """The row at `time` in [0, runs)."""
        return self._row(
            [part.array_shifts[time // part.period % len(part.array_shifts)] for part in self.parts], time
        )

    def array_label(self, time: int, loose: Sequence[int]) -> Row:
        """Which coset of a subgroup of the array holds the row at `time`.

        The subgroup is spanned by the `loose[i]` highest array digits of the shift of part i, so it has the product of
        `prime ** loose[i]` elements; loose[i] is in [0, array_digits].
        """
        return tuple(
            number
            for part, digits in zip(self.parts, loose, strict=True)
            for number in (
                time % part.prime ** part.exponents[0],
                time // part.period % part.prime ** (part.array_digits - digits),
            )
        )

    def coset_shifts(self) -> Iterator[Row]:
        """What to `add` to the array's rows for each of its cosets: first all zero, the array itself."""
        for number in count():
            rest, shifts = number, []
            for part in self.parts:
                further = len(part.basis) - part.array_digits
                digits = (0,) * part.array_digits + digits_of(rest, part.prime, further)
                shifts.append(part.shift(digits))
                rest //= part.prime**further
            if rest:
                return
            yield self._row(shifts, 0)

    def add(self, left: Row, right: Row) -> Row:
        """The group's sum of two rows: digit by digit, without carry."""
        total = []
        for a, b, radices in zip(left, right, self._radices, strict=True):
            level, weight, x, y = 0, 1, a, b
            for prime in radices:
                level += (x + y) % prime * weight
                x, y, weight = x // prime, y // prime, weight * prime
            total.append(level)
        return tuple(total)

    @cached_property
    def _radices(self) -> tuple[Row, ...]:
        radices: list[list[int]] = [[] for _ in self.sizes]
        for part in self.parts:
            for j, exponent in zip(part.blocks, part.exponents, strict=True):
                radices[j] += [part.prime] * exponent
        return tuple(map(tuple, radices))

    def _row(self, shifts: Sequence[tuple[Row, ...]], time: int) -> Row:
        levels, weights = [0] * len(self.sizes), [1] * len(self.sizes)
        for part, shift in zip(self.parts, shifts, strict=True):
            walk = digits_of(time, part.prime, part.exponents[0])
            for j, added in zip(part.blocks, shift, strict=True):
                for a, b in zip(walk, added, strict=False):
                    levels[j] += (a + b) % part.prime * weights[j]
                    weights[j] *= part.prime
        return tuple(levels)


def design(sizes: Sequence[int]) -> Design:
    """The design for blocks of these sizes, each at least 1."""
    powers = [_factors(size) for size in sizes]
    primes = sorted({prime for factors in powers for prime in factors})
    return Design(tuple(sizes), tuple(_prime_part(prime, sizes, powers) for prime in primes))


def digits_of(number: int, base: int, length: int) -> Row:
    """The `length` lowest digits of a number, lowest first."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, base)
        digits.append(digit)
    return tuple(digits)


def _prime_part(prime: int, sizes: Sequence[int], powers: Sequence[dict[int, int]]) -> PrimePart:
    blocks = sorted(
        (j for j, factors in enumerate(powers) if prime in factors), key=lambda j: (-powers[j][prime], j)
    )
    exponents = tuple(powers[j][prime] for j in blocks)
    period = math.lcm(*(sizes[j] for j in blocks))
    if len(blocks) == 1:
        return PrimePart(prime, tuple(blocks), exponents, period, array_digits=0, basis=())
    # Two blocks meet in every pair if their alphas differ (p^s >= blocks) and s >= the smaller one's exponent.
    degree = exponents[1]
    while prime**degree < len(blocks):
        degree += 1
    basis = _shift_basis(prime, degree, exponents)
    return PrimePart(prime, tuple(blocks), exponents, period, degree, basis)


def _shift_basis(prime: int, degree: int, exponents: Row) -> tuple[tuple[Row, ...], ...]:
    """The vectors (alpha_j^d * x^i)_j, cut to e_j digits, that are independent of those before them.

    Those of d = 1 are (the alphas span GF(p^s)), and d < p^s suffices, as polynomials interpolate every function.
    """
    polynomial = _irreducible(prime, degree)
    alphas = [digits_of(number, prime, degree) for number in range(len(exponents))]
    wanted = sum(exponents[1:])
    basis: list[tuple[Row, ...]] = []
    echelon: list[tuple[int, list[int]]] = []
    powers = alphas
    while len(basis) < wanted and prime ** max(0, len(basis) - degree) < _MIN_COSETS:
        for i in range(degree):
            unit = digits_of(prime**i, prime, degree)
            products = [_times(power, unit, prime, polynomial) for power in powers]
            # The first block may have more digits than the field: alpha = 0 never shifts it.
            vector = tuple(
                (*digits, *(0,) * exponents[0])[:e] for digits, e in zip(products, exponents, strict=True)
            )
            if _extend(echelon, [digit for digits in vector[1:] for digit in digits], prime):
                basis.append(vector)
        powers = [
            _times(power, alpha, prime, polynomial) for power, alpha in zip(powers, alphas, strict=True)
        ]
    return tuple(basis)


def _extend(echelon: list[tuple[int, list[int]]], vector: list[int], prime: int) -> bool:
    """Whether a vector over GF(p) is independent of those before it; if so, the echelon form grows by it."""
    for pivot, row in echelon:
        if factor := vector[pivot]:
            vector = [(a - factor * b) % prime for a, b in zip(vector, row, strict=True)]
    pivot = next((i for i, digit in enumerate(vector) if digit), -1)
    if pivot < 0:
        return False
    inverse = pow(vector[pivot], -1, prime)
    echelon.append((pivot, [digit * inverse % prime for digit in vector]))
    return True


def _times(left: Row, right: Row, prime: int, polynomial: Row) -> Row:
    """The product in GF(p)[x] modulo the monic polynomial, whose lower coefficients are given, lowest first."""
    total, power = [0] * len(left), left
    for digit in right:
        total = [(a + digit * b) % prime for a, b in zip(total, power, strict=True)]
        carried = power[-1]
        power = tuple((a - carried * c) % prime for a, c in zip((0, *power[:-1]), polynomial, strict=True))
    return tuple(total)


def _irreducible(prime: int, degree: int) -> Row:
    """The lower coefficients of the first monic polynomial of this degree that is irreducible.

    For degrees above one it is primitive, too, which is quickly seen: if the powers of x return to 1 only after
    p^degree - 1 steps, they are all residues but zero, so each of these has an inverse.
    """
    if degree == 1:
        return (0,)
    one, x = digits_of(1, prime, degree), digits_of(prime, prime, degree)
    for number in count():
        polynomial = digits_of(number, prime, degree)
        power, order = x, 1
        while polynomial[0] and power != one:
            power, order = _times(power, x, prime, polynomial), order + 1
        if order == prime**degree - 1:
            return polynomial
    raise AssertionError  # every degree has one


def _factors(number: int) -> dict[int, int]:
    """The powers of the primes in a number."""
    factors: dict[int, int] = {}
    prime = 2
    while number > 1:
        while number % prime == 0:
            factors[prime] = factors.get(prime, 0) + 1
            number //= prime
        prime += 1
    return factors
