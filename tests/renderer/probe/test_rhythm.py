from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.planning.bindings import rate_for
from cliptask_renderer.probe.rhythm import Rhythm

MS = Fraction(1, 1000)


def of(shown: list[int], last: int = 0, base: Fraction = MS, stated: Fraction | None = None) -> Rhythm:
    """The rhythm of pictures that are shown at these times."""
    return Rhythm.of(shown, last, base, stated)


@given(
    rate=st.sampled_from([Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(50), Fraction(60000, 1001), Fraction(60)]),
    count=st.integers(10, 400),
    base=st.sampled_from([MS, Fraction(1, 90_000), Fraction(1, 12_800)]),
    stated=st.sampled_from([None, Fraction(1000), Fraction(60), Fraction(1)]),
)  # fmt: skip
def test_rounded_times_have_the_rate_that_they_were_rounded_from(
    rate: Fraction, count: int, base: Fraction, stated: Fraction | None
) -> None:
    """WebM's milliseconds made 31 and 48 fps of 30, headers of recorders 60 of anything."""
    rhythm = of([round(number / rate / base) for number in range(count)], base=base, stated=stated)

    assert rhythm.fps == pytest.approx(float(rate), rel=0.02)
    assert rhythm.duration_s == pytest.approx(float(count / rate), abs=0.005)
    assert rate_for(rhythm.fps) == rate_for(float(rate))


@given(seed=st.integers(0, 1000), rate=st.sampled_from([15, 24, 25, 30]), tremble=st.floats(0, 0.3))
def test_a_trembling_clock_changes_nothing(seed: int, rate: int, tremble: float) -> None:
    """A browser's recorder is late by some milliseconds, at every picture by others."""
    chance = random.Random(seed)  # noqa: S311  the same each time
    shown = sorted(max(0, round(1000 * (n + chance.uniform(-tremble, tremble)) / rate)) for n in range(90))

    assert of(shown).fps == pytest.approx(rate, rel=0.03)


@given(kept=st.lists(st.booleans(), min_size=40, max_size=200))
def test_pictures_left_out_do_not_slow_the_rate(kept: list[bool]) -> None:
    """The mean of what a call's recorder kept is the rate of nothing: motion would judder."""
    shown = [40 * number for number, is_kept in enumerate(kept) if is_kept or number % 5 < 3]

    assert of(shown).fps == pytest.approx(25)


@pytest.mark.parametrize("slow", [30, 300])
def test_a_faster_stretch_has_its_pictures(slow: int) -> None:
    """A screen's recorder that falls to half its rate would lose every second picture of the rest, or make up some."""
    shown = [round(n * 1000 / 30) for n in range(slow)]
    shown += [shown[-1] + round((n + 1) * 1000 / 60) for n in range(90)]

    assert of(shown).fps == pytest.approx(60, rel=0.02)


def test_the_last_picture_lasts_one_step() -> None:
    """It would flash by, or be lost: its length is often unknown, or that of the header's rate."""
    assert of([0, 40, 80], last=1).duration_s == pytest.approx(0.12)
    assert of([0, 40, 80], last=3000).duration_s == pytest.approx(3.08)


@pytest.mark.parametrize(
    ("last", "stated", "lasts"), [(40, None, 0.04), (0, Fraction(30), 1 / 30), (0, None, 0.04)]
)
def test_a_single_picture_is_shown_for_a_moment(last: int, stated: Fraction | None, lasts: float) -> None:
    """One picture has no step; a clip of it would have no length."""
    rhythm = of([500], last=last, stated=stated)

    assert rhythm.duration_s == rhythm.last_s == pytest.approx(lasts)
    assert rhythm.fps == pytest.approx(1 / lasts)
