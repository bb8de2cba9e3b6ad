"""What a person writes into a task to have just some videos made."""

from __future__ import annotations

from itertools import product
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from cliptask.planning.choices import Choice, Labels, chosen
from cliptask.spec.task import ClipTask
from cliptask_operator.preview.chosen_text import chosen_text
from support.campaigns import sources, task

_counts = st.lists(st.integers(1, 3), min_size=1, max_size=3)


def read_back(of: ClipTask, text: str) -> ClipTask:
    """The task with the text in the place that it is for."""
    data: dict[str, Any] = of.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return ClipTask.model_validate(data | {"spec": data["spec"] | yaml.safe_load(text)})


@given(_counts, st.integers(0, 3), st.integers(0, 3), st.data())
def test_the_text_has_exactly_what_was_chosen_made(
    blocks: list[int], tracks: int, lines: int, data: st.DataObject
) -> None:
    """One video more would be paid for, one less would be missed."""
    of = task(blocks, tracks, lines, variants={"limit": 1})
    labels = Labels(of.spec, sources(of))
    every = [
        Choice(clips, track, line)
        for clips, track, line in product(
            [*product(*map(range, blocks))],
            range(tracks) or [None],
            range(lines) or [None],
        )
    ]
    choices = data.draw(st.lists(st.sampled_from(every), min_size=1, max_size=8))

    text = chosen_text(of.spec, labels, choices)

    made = read_back(of, text)
    assert set(chosen(made.spec, Labels(made.spec, sources(made))).choices) == set(choices)


def test_one_entry_a_video_stands_there_by_label() -> None:
    """A person reads it before it goes into the file."""
    of = task([2, 1], 1)

    text = chosen_text(of.spec, Labels(of.spec, sources(of)), [Choice((1, 0), 0, None)])

    assert text == "variants:\n  only:\n  - {b0: b0c1, b1: b1c0, music: t0}\n"


def test_a_label_that_yaml_takes_for_something_else_is_in_quotes() -> None:
    """``no`` would be false, and ``12`` a number, which no label is."""
    of = task([1])
    data = of.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    data["spec"]["videoBlocks"][0]["clips"] = [
        {"url": of.spec.video_blocks[0].clips[0].url, "name": name} for name in ("no", "12", "1e3", "0x1f", "null")
    ]  # fmt: skip
    named = ClipTask.model_validate(data)
    labels = Labels(named.spec, sources(of))

    text = chosen_text(named.spec, labels, [Choice((n,), None, None) for n in range(5)])

    assert [each["b0"] for each in yaml.safe_load(text)["variants"]["only"]] == [
        "no",
        "12",
        "1e3",
        "0x1f",
        "null",
    ]


def test_nothing_chosen_is_no_text() -> None:
    """``only: []`` would be any."""
    of = task([1])

    assert chosen_text(of.spec, Labels(of.spec, sources(of)), []) == ""
