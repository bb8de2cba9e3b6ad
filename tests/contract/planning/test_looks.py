"""How titles look, and what stands beside what."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.emoji import FONT
from cliptask.layers import Style
from cliptask.planning.looks import neighbours, style_of
from cliptask.spec.overlays import Overlay
from cliptask.spec.style import TextStyle


def overlay(**fields: Any) -> Overlay:  # noqa: ANN401  a spec's fields
    """A title with such fields."""
    return Overlay.model_validate({"text": "x", **fields})


def test_a_title_without_a_style_looks_as_one_with_an_empty_one() -> None:
    """Leaving a word out would change a video."""
    assert style_of(TextStyle(), str) == style_of(None, str) == Style()


@pytest.mark.parametrize(
    ("style", "outline"),
    [({}, 0.08), ({"box": {}}, 0.0), ({"box": {}, "outline": {}}, 0.08), ({"outline": {"width": "0%"}}, 0.0), ({"outline": {"width": "20%"}}, 0.2)],
)  # fmt: skip
def test_a_box_takes_the_place_of_the_outline(style: dict[str, Any], outline: float) -> None:
    """Letters on a plate would look dirty, and nobody could ask for both."""
    assert style_of(TextStyle.model_validate(style), str).outline == outline


@pytest.mark.parametrize(("one", "other"), [("#FF8800", "#ff8800"), ("#AABBCC80", "#aabbcc80")])
def test_one_colour_is_one_however_it_is_written(one: str, other: str) -> None:
    """The same video would be encoded again."""
    assert style_of(TextStyle(color=one), str) == style_of(TextStyle(color=other), str)


@pytest.mark.parametrize(
    ("given", "text", "emoji"),
    [
        ({}, "Hot 🔥", FONT), ({}, "Hot", None), ({}, "Hot ❤", None), ({"emoji": "Noto Color Emoji"}, "🇺🇦", FONT),
        ({"emoji": "Noto Emoji"}, "Hot 🔥", None), ({"emoji": "brand"}, "Hot 🔥", "BRAND"), ({"emoji": "brand"}, "Hot", "BRAND"),
    ],
)  # fmt: skip
def test_only_texts_with_emoji_name_what_draws_them(
    given: dict[str, str], text: str, emoji: str | None
) -> None:
    """All titles would be encoded anew for a font that few of them use, or emoji not be when it is another one."""
    assert style_of(TextStyle.model_validate(given), str.upper, text).emoji == emoji
    assert style_of(None, str, text).emoji == style_of(TextStyle(), str, text).emoji


def test_what_lies_over_the_whole_video_keeps_its_place() -> None:
    """It would jump from block to block."""
    found = neighbours([overlay(block="hook"), overlay(), overlay(block="offer"), overlay(block="hook")])

    assert found == [(1,), (), (1,), (1, 0)]


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ({"to": "1s"}, {"from": "1s"}, False),
        ({"to": "1.1s"}, {"from": "1s"}, True),
        ({"position": "top"}, {"position": "bottom"}, False),
        ({"position": "top"}, {"position": "topRight"}, True),
        ({"position": "topLeft"}, {"position": "topRight"}, False),
        ({"position": "left"}, {"position": "center"}, True),
        ({"position": "bottomLeft"}, {"position": "left"}, False),
        ({"safe": False}, {"safe": True}, False),
        ({"block": "hook"}, {"block": "offer"}, False),
        ({"block": "hook", "to": "1s"}, {"from": "1s"}, True),
    ],
)
def test_what_is_never_seen_together_has_one_place(
    one: dict[str, Any], other: dict[str, Any], meet: bool
) -> None:
    """Titles that follow each other would climb over the picture; those that meet would cover each other."""
    assert neighbours([overlay(**one), overlay(**other)])[1 if one.get("block") is None else 0] == ((0 if one.get("block") is None else 1,) if meet else ())  # fmt: skip


_SECONDS = st.integers(0, 5)
_OVERLAYS = st.lists(
    st.builds(
        lambda start, length, position, block: overlay(
            position=position,
            **({"block": block} if block else {}),
            **{"from": f"{start}s", "to": f"{start + length}s"},
        ),
        _SECONDS, st.integers(1, 5), st.sampled_from(["top", "bottom"]), st.sampled_from([None, "hook", "offer"]),
    ),
    max_size=6,
)  # fmt: skip


@given(_OVERLAYS)
def test_two_that_meet_are_always_beside_each_other(overlays: list[Overlay]) -> None:
    """Two titles would be printed over each other."""
    found = neighbours(overlays)

    for one, other in combinations(range(len(overlays)), 2):
        together = (one in found[other]) + (other in found[one])
        first, second = overlays[one], overlays[other]
        assert together <= 1
        if first.position == second.position and first.block == second.block:
            assert first.to is not None
            assert second.to is not None
            assert together == (first.from_ < second.to and second.from_ < first.to)
