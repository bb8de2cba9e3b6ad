from __future__ import annotations

import json
from datetime import UTC, datetime

from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given
from hypothesis import strategies as st

from cliptask.spec.notify import WORDS
from cliptask.spec.status import Failure
from cliptask_operator.notify.event import Event, News, id_of

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
NEWS = News(
    "camp",
    "Failed",
    "VariantsFailed",
    'one is "bad" — über {',
    "ads",
    3,
    4,
    3,
    1,
    (Failure(variant="a-b", reason="X", message="y"),),
)
SOURCES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


def event(source: str = "/apis/x", news: News = NEWS) -> Event:
    """One of that news."""
    return Event(id_of("uid", 3, "Failed"), source, NOON, news)


@given(SOURCES)
def test_a_library_of_others_reads_it_in_both_modes(source: str) -> None:
    """Receivers read by the standard, not by what is written here."""
    told = event(source)

    for template in (None, '{"text": "{{task}}"}'):
        headers, body = told.encoded(template)
        read = from_http_event(
            HTTPMessage(headers={k.lower(): v for k, v in headers.items()}, body=body), JSONFormat()
        )

        assert (read.get_id(), read.get_source(), read.get_type()) == (
            told.id,
            source,
            "dev.cliptask.task.failed",
        )
        assert (read.get_subject(), read.get_time(), read.get_specversion()) == ("camp", NOON, "1.0")
        assert read.get_datacontenttype() == "application/json"
        data = read.get_data() if template is None else json.loads(body)
        assert data == (json.loads(json.dumps(NEWS.data)) if template is None else {"text": "camp"})


def test_everything_that_a_template_may_name_is_there() -> None:
    """It would be refused when it is sent, although it was taken."""
    told = event()

    assert told.words.keys() == set(WORDS)
    assert told.words["id"] == told.id
    assert told.words["failed"] == "1"


@given(st.lists(st.text() | st.integers(), max_size=4), st.lists(st.text() | st.integers(), max_size=4))
def test_the_same_has_the_same_id_and_other_things_another(
    one: list[str | int], other: list[str | int]
) -> None:
    """Receivers tell by the id what they have seen."""
    assert (id_of(*one) == id_of(*other)) == (one == other)
