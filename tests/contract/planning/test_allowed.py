"""What rules and combinations allow."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cliptask.errors import InvalidTask, TooManyCombinations
from cliptask.planning.allowed import Allowed
from cliptask.planning.choices import Labels, chosen, count_variants
from support.campaigns import facts, task, url
from support.edits import Shape


def rows(blocks: list[int], **variants: Any) -> list[tuple[str, ...]]:  # noqa: ANN401  fields of many types
    """The labels of all variants of a task with two tracks and two lines."""
    of = task(blocks, tracks=2, lines=2, variants=variants)
    labels = Labels(of.spec, {})
    found = [labels.of(choice)[:3] for choice in chosen(of.spec).choices]
    assert count_variants(of.spec) == len(found)
    return [(*clips, track or "", line or "") for clips, track, line in found]


def refusal(blocks: list[int], **variants: Any) -> str:  # noqa: ANN401  as above
    """Why a task is refused before anything is fetched."""
    with pytest.raises(InvalidTask) as caught:
        count_variants(task(blocks, tracks=2, lines=2, variants=variants).spec)
    return str(caught.value)


def test_what_is_excluded_is_not_combined() -> None:
    """A hook would be shown with an offer that it contradicts."""
    found = rows([2, 3], rules=[{"exclude": {"b0": ["b0c0"], "b1": ["b1c0", "b1c1"]}}])

    assert Counter(row[:2] for row in found).keys() == {
        ("b0c0", "b1c2"), ("b0c1", "b1c0"), ("b0c1", "b1c1"), ("b0c1", "b1c2")
    }  # fmt: skip


def test_what_is_required_comes_along() -> None:
    """A hook that speaks of an offer would be shown with another."""
    found = rows(
        [3, 3], rules=[{"when": {"b0": ["b0c0"]}, "require": {"b1": ["b1c1"], "speech": ["line-1"]}}]
    )

    about = [row for row in found if row[0] == "b0c0"]
    assert [(row[1], row[3]) for row in about] == [("b1c1", "line-1")]
    assert len(found) == 1 + 6
    assert sorted(Counter(row[3] for row in found).values()) == [3, 4]


def test_only_is_all_there_is() -> None:
    """Somebody who names combinations would get others, too."""
    found = rows([3, 3], only=[{"b0": "b0c0", "b1": "b1c2"}, {"b0": "b0c2", "music": "t1"}])

    assert [row[:2] for row in found] == [
        ("b0c0", "b1c2"), ("b0c2", "b1c0"), ("b0c2", "b1c1"), ("b0c2", "b1c2")
    ]  # fmt: skip
    assert {row[2] for row in found if row[0] == "b0c2"} == {"t1"}


def test_counts_are_even_within_what_is_allowed() -> None:
    """The line that every hook may have would take no notice of the one that it has to make up for."""
    found = rows([2, 6], rules=[{"exclude": {"b0": ["b0c1"], "speech": ["line-1"]}}])

    assert Counter(row[3] for row in found) == {"line-0": 6, "line-1": 6}


def test_a_limit_counts_what_is_allowed() -> None:
    """More variants would be asked for than there may be."""
    rule = {"exclude": {"b0": ["b0c0"], "b1": ["b1c0"]}}

    assert len(rows([3, 3], limit=8, rules=[rule])) == 8
    assert len(rows([3, 3], limit=9, rules=[rule])) == 8
    few = rows([3, 3, 3], limit=9, rules=[rule])
    assert all(max(c.values()) - min(c.values()) <= 1 for c in map(Counter, zip(*few, strict=True)))


@pytest.mark.parametrize(
    ("variants", "words"),
    [
        (
            {"rules": [{"exclude": {"b0": ["b0c0"], "b1": ["b1c0"]}}, {"exclude": {"b0": ["b0c0"]}}]},
            "spec.variants.rules[1]: leaves b0c0 of b0 without any variant",
        ),
        (
            {"rules": [{"when": {"b0": ["b0c0", "b0c1"]}, "require": {"speech": ["line-1"]}}]},
            "spec.variants.rules[0]: leaves line-0 of speech without any variant",
        ),
        (
            {"rules": [{"exclude": {"b0": ["b0c0", "b0c1"]}}]},
            "spec.variants.rules[0]: allows no variant at all",
        ),
        (
            {"only": [{"b0": "b0c0"}, {"b0": "b0c1", "b1": "b1c1"}], "rules": [{"exclude": {"b0": ["b0c1"], "b1": ["b1c1"]}}]},
            "spec.variants.rules[0]: leaves b0c1 of b0 without any variant",
        ),
        (
            {"only": [{"b0": "b0c0"}, {"b0": "b0c0", "b1": "b1c1"}, {"b1": "b1c1"}], "rules": [{"exclude": {"b0": ["b0c0"], "b1": ["b1c1"]}}]},
            "spec.variants.rules[0]: allows none of the variants of spec.variants.only[1]",
        ),
    ],
)  # fmt: skip
def test_what_no_variant_can_keep_is_refused_with_its_rule(variants: dict[str, Any], words: str) -> None:
    """A clip would be paid for that no video shows, and nobody knew why."""
    assert words in refusal([2, 2], **variants)


def test_a_product_that_nobody_could_walk_through_is_counted() -> None:
    """A check before anything is spent would take for ever."""
    of = task(
        [100] * 20, variants={"limit": 20, "rules": [{"exclude": {f"b{n}": [f"b{n}c0"] for n in range(20)}}]}
    )

    assert count_variants(of.spec) == len(chosen(of.spec).choices) == 20
    with pytest.raises(TooManyCombinations, match="more than the 10,000 allowed"):
        count_variants(task([100] * 20, variants={"only": [{"b0": "b0c0"}]}).spec)


def test_rules_that_would_take_for_ever_are_refused() -> None:
    """A hundred rules are a riddle that no program solves in time."""
    rules = [
        {
            "exclude": {
                f"b{n % 20}": [f"b{n % 20}c{n % 7}"],
                f"b{(n * 7 + 3) % 20}": [f"b{(n * 7 + 3) % 20}c{n % 5}"],
            }
        }
        for n in range(100)
    ]

    assert "tie too much together" in refusal([20] * 20, limit=5, rules=rules)


def test_files_of_one_name_are_told_apart_by_the_digits_that_videos_have() -> None:
    """A rule could not name what the video's name does, before or after the files are fetched."""
    block = [{"name": "b", "clips": [{"url": url("x/a")}, {"url": url("y/a")}, {"url": url("c")}]}]
    found = {url("x/a"): facts("1"), url("y/a"): facts("2"), url("c"): facts("3")}
    first, second, _ = Labels(task([1], videoBlocks=block).spec, found).clips[0]
    of = task(
        [1],
        lines=2,
        videoBlocks=block,
        variants={"speech": "product", "rules": [{"exclude": {"b": [second], "speech": ["line-0"]}}]},
    )

    assert count_variants(of.spec) == len(chosen(of.spec, Labels(of.spec, found)).choices) == 5
    with pytest.raises(InvalidTask, match=f"nothing is called {second}; there are: {first}"):
        chosen(of.spec, Labels(of.spec, found | {url("y/a"): facts("4")}))


def test_a_rule_that_comes_later_moves_only_what_it_forbids() -> None:
    """Adding a rule would deal out the campaign anew."""
    before = Shape(
        {"b0": (("a", "a"), ("b", "b")), "b1": (("c", "c"), ("d", "d")), "/lines": (("k", "k"), ("l", "l"))}
    )
    dealt = before.deal()
    row = before.rows(dealt)[0]
    rule = {"exclude": {"b0": [row["b0"]], "b1": [row["b1"]], "speech": [row["/lines"]]}}
    after = Shape(before.pools, {"rules": [rule]})

    chosen = after.deal(before.history(dealt))

    assert sum((before.videos(dealt) - after.videos(chosen)).values()) == 1


_boxes = st.lists(
    st.dictionaries(st.integers(0, 2), st.frozensets(st.integers(0, 2), min_size=1)), max_size=4
)


@settings(max_examples=200)
@given(_boxes, _boxes)
def test_counts_are_those_of_all_rows(
    only: list[dict[int, frozenset[int]]], forbidden: list[dict[int, frozenset[int]]]
) -> None:
    """The count would be told without walking through the rows, and be another."""

    def holds(box: dict[int, frozenset[int]], row: tuple[int, ...]) -> bool:
        return all(row[column] in levels for column, levels in box.items())

    right = [
        row
        for row in itertools.product(range(3), repeat=3)
        if any(holds(box, row) for box in only or [{}]) and not any(holds(box, row) for box in forbidden)
    ]
    allowed = Allowed([3, 3, 3], only, forbidden)

    assert allowed.count(3) == len(right)
    assert allowed.count(2) == len({row[:2] for row in right})
    assert allowed.levels() == {place for row in right for place in enumerate(row)}
