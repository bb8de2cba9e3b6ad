"""What counters show."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.counting import Count
from cliptask.spec.position import NumberForm

FORMS: tuple[NumberForm, ...] = get_args(NumberForm)


def count(**fields: Any) -> Count:  # noqa: ANN401  fields
    """From 0 to 100 in 11 frames unless told otherwise."""
    return Count.model_validate({"start": 0, "end": 100, "frames": 11, **fields})


def test_it_begins_at_its_start_and_stands_at_its_end() -> None:
    """The offer would never be shown, or only for one picture."""
    assert [count().text(age) for age in (0, 1, 5, 10, 11, 500)] == ["0", "10", "50", "100", "100", "100"]


def test_it_counts_down_below_nothing() -> None:
    """A discount is counted down to."""
    assert [count(end=-20, suffix=" %").text(age) for age in (0, 5, 10)] == [
        "0 %",
        "\u221210 %",
        "\u221220 %",
    ]


@pytest.mark.parametrize(
    ("form", "written"),
    [("1234.5", "1234567.89"), ("1,234.5", "1,234,567.89"), ("1.234,5", "1.234.567,89"), ("1 234,5", "1\u00a0234\u00a0567,89"), ("1'234.5", "1\u2019234\u2019567.89"), ("1,23,456.7", "12,34,567.89")],
)  # fmt: skip
def test_numbers_are_written_as_the_example_says(form: NumberForm, written: str) -> None:
    """A German reads 1,5 where an American reads 1.5."""
    assert count(end=1234567.89, decimals=2, form=form, prefix="€").text(10) == f"€{written}"
    assert count(end=7, form=form).text(10) == "7"
    assert count(end=123, form=form).text(10) == "123"


@given(
    st.integers(-10_000, 10_000), st.integers(-10_000, 10_000), st.integers(2, 100), st.integers(0, 3),
    st.sampled_from(FORMS),
)  # fmt: skip
def test_it_runs_one_way_and_its_shapes_hold_all_that_it_shows(
    start: int, end: int, frames: int, decimals: int, form: NumberForm
) -> None:
    """It would go back and forth, or grow beyond the room that was kept for it."""
    of = count(start=start, end=end, frames=frames, decimals=decimals, form="1234.5")
    shown = [float(of.text(age).replace("\u2212", "-")) for age in range(frames)]

    assert shown == sorted(shown, reverse=end < start)
    assert (shown[0], shown[-1]) == (start, end)
    other = of.model_copy(update={"form": form})
    digits = {shape.translate(dict.fromkeys(map(ord, "0123456789"), "8")) for shape in other.shapes}
    assert {
        other.text(age).translate(dict.fromkeys(map(ord, "0123456789"), "8")) for age in range(frames)
    } == digits
