"""Which transition does a pair of blocks get?"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cliptask.spec.transitions import Transition, described, transition_between
from support.tasks import transitions_of

BLOCKS = ["hook", "story", "product", "offer"]


@given(transitions_of(BLOCKS), st.sampled_from(list(pairwise(BLOCKS))))
def test_what_is_said_of_a_pair_goes_before_what_is_said_of_all(
    of: list[dict[str, Any]], pair: tuple[str, str]
) -> None:
    """Its place in the list would decide, or another pair's transition be shown."""
    transitions = [Transition.model_validate(each) for each in of]

    found = transition_between(transitions, *pair)

    own = [each for each in transitions if each.between == pair]
    common = [each for each in transitions if each.between is None]
    expected = [each for each in (own or common) if each.kind != "cut"]
    assert found == next(iter(expected), None)


def test_a_transition_is_told_in_a_few_words() -> None:
    """An edit would be told by a dump of fields."""
    fade = Transition.model_validate({"kind": "fade", "color": "#ffffff", "duration": "0.5s"})

    assert [described(each) for each in (fade, None)] == ["fade through #ffffff of 500ms", "cut"]
