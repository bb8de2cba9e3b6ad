"""How are durations, percentages and amounts of CPU and memory written in YAML, and what are they in Python?"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from cliptask.spec import remedies

DURATION_PATTERN = r"^([0-9]{1,5}(\.[0-9]{1,3})?)(ms|s|m)$"
PERCENTAGE_PATTERN = r"^(100|[0-9]{1,2}(\.[0-9]{1,2})?)%$"
COORDINATE_PATTERN = r"^(-?[0-9]{1,3}(\.[0-9]{1,2})?%|-?[0-9]{1,4}px)$"
TOGETHER_PATTERN = "^auto$"
"""Of what is no number."""
AMOUNT_PATTERN = r"^([0-9]{1,15}(\.[0-9]{1,3})?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?$"
_MICROSECONDS = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000}
_FACTORS = {
    "": Decimal(1), "m": Decimal("0.001"), "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40),
}  # fmt: skip


def _match(pattern: str, value: object, what: str, meant: Callable[[object], str | None]) -> re.Match[str]:
    match = re.fullmatch(pattern, value) if isinstance(value, str) else None
    if match is None:
        right = meant(value)
        raise ValueError(f"{what}; here {right}" if right else what)
    return match


def parse_duration(value: object) -> timedelta:
    """What a duration as a task writes it means. Raises ``ValueError`` with the remedy."""
    if isinstance(value, timedelta):
        return value
    what = 'is not a duration: write a number and a unit, e.g. "500ms", "1.5s" or "2m"'
    match = _match(DURATION_PATTERN, value, what, _meant_duration)
    return timedelta(microseconds=int(Decimal(match[1]) * _MICROSECONDS[match[3]]))


def _meant_duration(value: object) -> str | None:
    meant = remedies.duration(value)
    return None if meant is None else format_duration(meant)


def format_duration(value: timedelta) -> str:
    """The plainest way to write a duration that reads back as the same, e.g. ``1.5s``.

    Anything that was read from a task can be written; what is longer or finer than a task may say is written in
    seconds, for people.
    """
    microseconds = value // timedelta(microseconds=1)
    units = ("ms", "s", "m") if microseconds < _MICROSECONDS["s"] else ("s", "ms", "m")
    texts = {unit: f"{(Decimal(microseconds) / _MICROSECONDS[unit]).normalize():f}{unit}" for unit in units}
    written = (text for text in texts.values() if re.fullmatch(DURATION_PATTERN, text))
    return next((text for text in written if parse_duration(text) == value), texts["s"])


def _parse_percentage(value: object) -> Fraction:
    if isinstance(value, Fraction):
        return value
    what = 'is not a percentage from 0% to 100%: write e.g. "20%"'
    return Fraction(_match(PERCENTAGE_PATTERN, value, what, remedies.percentage)[1]) / 100


def format_percentage(share: Fraction) -> str:
    """A share as it is written, e.g. ``12.5%``."""
    return f"{float(share * 100):g}%"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "maxLength": 12}),
]
"""A length of time such as ``500ms``, ``1.5s`` or ``2m``; exact to the microsecond."""

Percentage = Annotated[
    Fraction,
    BeforeValidator(_parse_percentage),
    PlainSerializer(format_percentage),
    WithJsonSchema({"type": "string", "pattern": PERCENTAGE_PATTERN, "maxLength": 6}),
]
"""A share such as ``20%``; in Python a fraction from 0 to 1."""


def _parse_coordinate(value: object) -> str:
    what = 'is not a place along an edge: write a share or pixels, e.g. "50%" or "120px"'
    return _match(COORDINATE_PATTERN, value, what, remedies.coordinate)[0]


def share_of(coordinate: str, side: int) -> float:
    """Where a ``Coordinate`` lies along an edge of so many pixels: 0 at its begin, 1 at its end. As exact as thousandths of a pixel."""
    is_share = coordinate.endswith("%")
    number = Decimal(coordinate.removesuffix("%").removesuffix("px"))
    return round(float(number / (100 if is_share else side)), 7)


Coordinate = Annotated[
    str,
    BeforeValidator(_parse_coordinate),
    WithJsonSchema({"type": "string", "pattern": COORDINATE_PATTERN, "maxLength": 8}),
]
"""A place along an edge of the picture such as ``50%`` or ``120px``; beyond it where it is negative or more than all."""


def _parse_amount(value: object) -> str:
    # No fractions without quotes: the Kubernetes API takes whole numbers and texts.
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    what = 'is not an amount: write e.g. 500m, 2 or "1.5" for CPUs, 512Mi or 2Gi for memory'
    return _match(AMOUNT_PATTERN, text, what, lambda _: remedies.amount(value))[0]


def amount(text: str) -> Decimal:
    """The number behind a Kubernetes quantity, in CPUs or bytes. ``text`` has been checked as an ``Amount``."""
    match = _match(AMOUNT_PATTERN, text, "is not an amount", remedies.amount)
    return Decimal(match[1]) * _FACTORS[match[3] or ""]


Amount = Annotated[
    str,
    BeforeValidator(_parse_amount),
    WithJsonSchema(
        {"x-kubernetes-int-or-string": True, "pattern": AMOUNT_PATTERN, "maxLength": 20, "minimum": 0}
    ),
]
"""CPUs or bytes as Kubernetes writes them: ``500m``, ``2``, ``1.5Gi``; a text in Python, a whole number or a text in YAML."""


MOST_TOGETHER = 10_000
"""As many as one task may have: what else bounds a Job is the size of its work order."""


def _parse_together(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_TOGETHER:
        return value
    if value == "auto":
        return value
    words = f"must be a whole number from 1 to {MOST_TOGETHER:,}, or auto"
    if isinstance(value, str) and value.strip().lower() == "auto":
        words += ": write auto"
    elif isinstance(value, str) and re.fullmatch("[1-9][0-9]{0,3}", value):
        words += f": write {value} without quotes"
    raise ValueError(words)


Together = Annotated[
    int | Literal["auto"],
    BeforeValidator(_parse_together),
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "pattern": TOGETHER_PATTERN,
            "maxLength": 4,
            "minimum": 1,
            "maximum": MOST_TOGETHER,
        }
    ),
]
"""How many of a kind go together: a number, or whatever pays."""


def frames_of(duration: timedelta, fps: int) -> int:
    """The number of whole frames nearest to a duration, halves rounded up."""
    microframes = (duration // timedelta(microseconds=1)) * fps
    return (microframes + 500_000) // 1_000_000
