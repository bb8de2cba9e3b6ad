"""How fast do pictures follow each other? Told by their times, never by what a header says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from statistics import median

_EVEN = 0.1
"""By how much the usual step of an even rhythm may differ from the mean one: clocks tremble, milliseconds round."""

_USUAL_RATE = 25
"""Of a single picture that does not say how long it is shown."""


@dataclass(frozen=True)
class Rhythm:
    """Pictures a second, and how long they last together and the last of them, in seconds."""

    fps: float
    duration_s: float
    last_s: float

    @classmethod
    def of(
        cls, shown: Sequence[int], last_length: int, time_base: Fraction, stated_rate: Fraction | None
    ) -> Rhythm:
        """From when pictures are shown, in order and in units of ``time_base``, and how long the file says the last is.

        An even rhythm has the rate of its mean step, so that rounding and a trembling clock leave no trace. An uneven
        one (pictures left out, a screen that rests) has that of its usual step, so that no picture is lost.
        """
        steps = [after - before for before, after in pairwise(shown) if after > before]
        if not steps:
            last = float(last_length * time_base) or 1 / float(stated_rate or _USUAL_RATE)
            return cls(1 / last, last, last)
        usual, mean = median(steps), (shown[-1] - shown[0]) / len(steps)
        step = float((mean if abs(mean - usual) <= _EVEN * usual else usual) * time_base)
        last = max(float(last_length * time_base), step)
        return cls(1 / step, float((shown[-1] - shown[0]) * time_base) + last, last)

    def halved(self) -> Rhythm:
        """The same where each picture came as two fields of its own."""
        return replace(self, fps=self.fps / 2)
