"""What does a counter show in each of its frames? The same digits everywhere, reckoned in whole numbers."""

from __future__ import annotations

import re
from fractions import Fraction

from cliptask.order import Order
from cliptask.spec.position import NumberForm

_SIGNS: dict[NumberForm, tuple[str, str]] = {
    "1234.5": ("", "."), "1,234.5": (",", "."), "1.234,5": (".", ","), "1 234,5": ("\u00a0", ","),
    "1'234.5": ("\u2019", "."), "1,23,456.7": (",", "."),
}  # fmt: skip
"""What stands between groups of digits, and before what is less than one."""


class Count(Order):
    """A number that runs, and how it is written."""

    start: float
    end: float
    frames: int
    """From the one that shows its start to the one that shows its end."""
    decimals: int = 0
    form: NumberForm = "1,234.5"
    prefix: str = ""
    suffix: str = ""

    def text(self, age: int) -> str:
        """What it shows so many frames after it appeared."""
        first, last = (round(Fraction(str(each)) * 10**self.decimals) for each in (self.start, self.end))
        steps = max(self.frames - 1, 1)
        # Halves away from the start, so that it neither waits at its begin nor at its end.
        number = first + (2 * (last - first) * min(age, steps) + steps) // (2 * steps)
        return f"{self.prefix}{_written(number, self.decimals, self.form)}{self.suffix}"

    @property
    def shapes(self) -> tuple[str, ...]:
        """Texts that take the room of all that it shows: one for each number of digits and sign."""
        texts = (self.text(age) for age in range(max(self.frames, 1)))
        begin, end = len(self.prefix), len(self.suffix)
        shown = (
            self.prefix + re.sub("[0-9]", "8", text[begin : len(text) - end]) + self.suffix for text in texts
        )
        return tuple(dict.fromkeys(shown))


def _written(number: int, decimals: int, form: NumberForm) -> str:
    group, point = _SIGNS[form]
    whole, rest = divmod(abs(number), 10**decimals)
    digits = str(whole)
    head, tail = digits[:-3], digits[-3:]
    size = 2 if form == "1,23,456.7" else 3
    groups = [head[max(end - size, 0) : end] for end in range(len(head), 0, -size)][::-1]
    sign = "\u2212" if number < 0 else ""
    after = f"{point}{rest:0{decimals}d}" if decimals else ""
    return sign + group.join([*groups, tail]) + after
