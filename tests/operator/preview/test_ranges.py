"""Which bytes a request asks for."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cliptask_operator.preview.ranges import Unsatisfiable, requested

ETAG = '"k"'


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("bytes=0-", range(10)),
        ("bytes=2-4", range(2, 5)),
        ("bytes=9-9", range(9, 10)),
        ("bytes=4-99", range(4, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=-99", range(10)),
        ("Bytes = 2 - 4", range(2, 5)),
    ],
)
def test_a_range_is_taken_as_rfc_9110_has_it(field: str, wanted: range) -> None:
    """A player that gets other bytes shows noise, or nothing."""
    assert requested(field, 10, ETAG) == wanted


@pytest.mark.parametrize("field", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_bytes_that_there_are_not_are_refused(field: str) -> None:
    """Whoever asks past the end would be told that it got something."""
    with pytest.raises(Unsatisfiable):
        requested(field, 10, ETAG)


@pytest.mark.parametrize(
    "field", [None, "", "bytes=", "bytes=-", "bytes=4-2", "bytes=0-1,4-5", "lines=0-1", "bytes=a-b", f"bytes={'9' * 5000}-"]
)  # fmt: skip
def test_what_is_no_single_range_asks_for_everything(field: str | None) -> None:
    """RFC 9110 lets a server pass over ranges that it does not know; half an answer it does not allow."""
    assert requested(field, 10, ETAG) is None


@pytest.mark.parametrize("condition", ['"other"', 'W/"k"', "Sat, 28 Nov 2026 12:00:00 GMT"])
def test_a_range_of_another_content_is_not_served(condition: str) -> None:
    """The halves of two videos would be put together."""
    assert requested("bytes=2-4", 10, ETAG, condition) is None
    assert requested("bytes=2-4", 10, ETAG, ETAG) == range(2, 5)


@given(st.text(), st.integers(0, 10))
@example("bytes=٣-", 10)
def test_any_header_has_an_answer_within_the_content(field: str, size: int) -> None:
    """Anybody may send anything."""
    try:
        wanted = requested(field, size, ETAG)
    except Unsatisfiable:
        return

    assert wanted is None or 0 <= wanted.start < wanted.stop <= size
