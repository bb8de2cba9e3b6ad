from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.spec.status import (
    MESSAGE_LENGTH,
    ClipTaskStatus,
    Condition,
    ConditionType,
    changed,
    shortened,
    timestamp,
)

EARLIER, LATER = "2030-01-01T00:00:00Z", "2030-01-01T00:05:00Z"
Truth = Literal["True", "False", "Unknown"]


def condition(about: ConditionType, status: Truth, at: str, message: str = "") -> Condition:
    """A condition that came about then."""
    return Condition(type=about, status=status, reason="Because", message=message, last_transition_time=at)


def conditions(at: str) -> st.SearchStrategy[list[Condition]]:
    """Any that a status may hold, each type once."""
    return st.lists(
        st.builds(
            condition,
            st.sampled_from(get_args(ConditionType)),
            st.sampled_from(get_args(Truth)),
            st.just(at),
            st.text(max_size=5),
        ),
        unique_by=lambda each: each.type,
    )


def test_time_stays_while_the_status_does() -> None:
    """``kubectl wait`` and alerts would take every look at the task for news."""
    before = [condition("Complete", "False", EARLIER, "1 of 9 videos")]

    (after,) = changed(before, [condition("Complete", "False", LATER, "2 of 9 videos")])

    assert after.last_transition_time == EARLIER
    assert after.message == "2 of 9 videos"


def test_time_is_new_when_the_status_is() -> None:
    """Nobody could tell since when a task is complete."""
    before = [condition("Complete", "False", EARLIER)]

    (after,) = changed(before, [condition("Complete", "True", LATER)])

    assert after.last_transition_time == LATER


@given(conditions(EARLIER), conditions(LATER))
def test_only_times_change(before: list[Condition], after: list[Condition]) -> None:
    """A condition would be lost, swapped or dated by another type's."""
    known = {(each.type, each.status) for each in before}

    merged = changed(before, after)

    assert [each.model_copy(update={"last_transition_time": LATER}) for each in merged] == after
    for each in merged:
        kept = (each.type, each.status) in known
        assert each.last_transition_time == (EARLIER if kept else LATER)
    assert changed(merged, after) == merged


@given(st.text(max_size=40), st.integers(3, 30))
def test_a_long_message_keeps_its_beginning(text: str, length: int) -> None:
    """The API server would refuse the whole status for one endless message."""
    short = shortened(text, length)

    assert len(short) <= length
    if len(text) <= length:
        assert short == text
    else:
        assert short.endswith("...")
        assert text.startswith(short[:-3])


def test_a_message_fits_its_field() -> None:
    """What is cut to the default length would not go into a status."""
    ClipTaskStatus(message=shortened("m" * 5000))

    assert len(shortened("m" * 5000)) == MESSAGE_LENGTH


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2030, 1, 1, 0, 0, 0, 999_999, UTC),
        datetime(2030, 1, 1, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    ],
)
def test_times_are_in_utc_to_the_second(moment: datetime) -> None:
    """The API server refuses other forms, and a time of another zone would be hours off."""
    assert timestamp(moment) == EARLIER


def test_what_a_newer_operator_reports_is_passed_over() -> None:
    """An operator that is rolled back would stop at the status of its successor."""
    status = ClipTaskStatus.model_validate({"phase": "Complete", "mood": "good", "startTime": EARLIER})

    assert (status.phase, status.start_time) == ("Complete", EARLIER)
