from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from cliptask.planning.bindings import RATES
from cliptask.spec.quantities import (
    AMOUNT_PATTERN,
    DURATION_PATTERN,
    PERCENTAGE_PATTERN,
    Amount,
    Duration,
    Percentage,
    amount,
    format_duration,
    frames_of,
)

durations = TypeAdapter(Duration)
percentages = TypeAdapter(Percentage)
amounts = TypeAdapter(Amount)


@given(st.from_regex(DURATION_PATTERN.replace("$", r"\Z")))
def test_written_duration_reads_back_as_the_same(text: str) -> None:
    """An edit by the program would change when a clip ends."""
    duration = durations.validate_python(text)

    assert durations.validate_python(durations.dump_python(duration, mode="json")) == duration


@given(st.from_regex(PERCENTAGE_PATTERN.replace("$", r"\Z")))
def test_written_percentage_reads_back_as_the_same(text: str) -> None:
    """An edit by the program would change a logo's width."""
    share = percentages.validate_python(text)

    assert 0 <= share <= 1
    assert percentages.validate_python(percentages.dump_python(share, mode="json")) == share


@pytest.mark.parametrize(
    ("text", "milliseconds", "written"),
    [
        ("0ms", 0, "0ms"),
        ("500ms", 500, "500ms"),
        ("0.5s", 500, "500ms"),
        ("1.5s", 1500, "1.5s"),
        ("2m", 120_000, "120s"),
        ("1000.5ms", 1000.5, "1000.5ms"),
        ("99999m", 5_999_940_000, "99999m"),
    ],
)
def test_duration_is_exact_and_written_plainly(text: str, milliseconds: float, written: str) -> None:
    """``1.5s`` would be cut a frame off, or a person would read ``1500000us``."""
    duration = durations.validate_python(text)

    assert duration == timedelta(milliseconds=milliseconds)
    assert format_duration(duration) == written


def test_duration_that_no_task_says_is_written_in_seconds() -> None:
    """A message about a length that was measured would crash."""
    assert format_duration(timedelta(days=400)) == "34560000s"


@pytest.mark.parametrize(
    "text", ["", "5", "-1s", "1 s", "1h", "1:30", "1.2345s", "100000s", "5s\n", "٣s", 5, None, True]
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    """A wrong unit would be taken for something that was not meant."""
    with pytest.raises(ValidationError, match="is not a duration"):
        durations.validate_python(text)


@pytest.mark.parametrize("text", ["", "20", "101%", "-1%", "20.125%", "20 %", "0.2", 20, None])
def test_what_is_no_percentage_is_refused(text: object) -> None:
    """A share of 20 would be drawn twenty pictures wide."""
    with pytest.raises(ValidationError, match="is not a percentage"):
        percentages.validate_python(text)


def test_percentage_is_a_fraction() -> None:
    """A third digit would be lost on the way to pixels."""
    assert percentages.validate_python("33.33%") == Fraction(3333, 10_000)


@pytest.mark.parametrize(
    ("given_as", "number"),
    [
        (2, "2"),
        ("2", "2"),
        ("1.5", "1.5"),
        ("500m", "0.5"),
        ("0.001m", "0.000001"),
        ("1k", "1000"),
        ("1.5M", "1500000"),
        ("2G", "2000000000"),
        ("1T", "1000000000000"),
        ("1Ki", "1024"),
        ("512Mi", "536870912"),
        ("1.5Gi", "1610612736"),
        ("16Ti", "17592186044416"),
        (536_870_912, "536870912"),
    ],
)
def test_amount_is_that_of_kubernetes(given_as: object, number: str) -> None:
    """A Job would get a thousandth of its memory, or a request would pass for less than its limit."""
    assert amount(amounts.validate_python(given_as)) == Decimal(number)


@given(st.from_regex(AMOUNT_PATTERN.replace("$", r"\Z")) | st.integers(0, 10**15 - 1))
def test_amount_reaches_kubernetes_as_it_was_written(given_as: str | int) -> None:
    """Whoever compares a Job with its task would find other numbers."""
    text = amounts.validate_python(given_as)

    assert text == str(given_as)
    assert amounts.validate_python(amounts.dump_python(text, mode="json")) == text


@pytest.mark.parametrize(
    "value",
    ["", "two", "-1", -1, "1,5", "1 Gi", "2GB", "2gi", "1e3", ".5", "5.", "1.2345", "5m\n", "٣", 0.5, 2.0, None, True, ["1"], 10**15],
)  # fmt: skip
def test_what_is_no_amount_is_refused(value: object) -> None:
    """The Kubernetes API would refuse every Job of the task, long after it was accepted."""
    with pytest.raises(ValidationError, match="is not an amount"):
        amounts.validate_python(value)


@given(st.integers(0, 10_000), st.sampled_from(RATES))
def test_whole_frames_come_back(frames: int, fps: int) -> None:
    """A duration that was made from frames would gain or lose one."""
    assert frames_of(timedelta(seconds=frames) / fps, fps) == frames


def test_half_a_frame_is_rounded_up() -> None:
    """Two ways to round would disagree by a frame."""
    assert frames_of(timedelta(milliseconds=20), 25) == 1
    assert frames_of(timedelta(milliseconds=19), 25) == 0
