"""How fast do pictures follow each other? Told by their times, never by what a header says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from statistics import mean, median

_LEFT_OUT = 1.7
"""Times the middle step: where one is as long, a picture is missing; a trembling clock makes none."""
_RUN = 24
_FASTER = 0.8
"""Steps in a row that make a rhythm of their own, and how much shorter than the usual one they are on average."""
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

        Clocks tremble and milliseconds round, so that no single step is the rate; pictures are left out, so that the
        mean one is not either. The rate is that of the mean of those steps that leave
        out none; of a faster stretch, where there is one.
        """
        steps = [after - before for before, after in pairwise(shown) if after > before]
        if not steps:
            last = float(last_length * time_base) or 1 / float(stated_rate or _USUAL_RATE)
            return cls(1 / last, last, last)
        middle, span = median(steps), shown[-1] - shown[0]
        usual = mean(each for each in steps if each < _LEFT_OUT * middle)
        # A screen's recording may be faster for a while than it usually is.
        runs = (steps[at : at + _RUN] for at in range(0, max(len(steps) - _RUN, 0), _RUN // 4))
        fastest = min((mean(run) for run in runs), default=usual)
        step = float((fastest if fastest < _FASTER * usual else usual) * time_base)
        last = max(float(last_length * time_base), step)
        return cls(1 / step, float(span * time_base) + last, last)

    def halved(self) -> Rhythm:
        """The same where each picture came as two fields of its own."""
        return replace(self, fps=self.fps / 2)
