"""What a person copies from a page into a task to have just some videos made, as the program then reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import resources
from itertools import product
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.facts import SourceFacts
from cliptask.planning.choices import Choice, Labels, Named, chosen
from cliptask.spec.loading import load
from cliptask.spec.task import ClipTask
from cliptask.spec.values import MAX_ONLY
from cliptask.spec.yaml_source import dump
from cliptask_operator.pages.inline import SHARED
from support.browsing import chromium, needs_chromium
from support.campaigns import facts, task

pytestmark = needs_chromium

SCRIPT = resources.files(SHARED).joinpath("only.js").read_text("utf-8")


class Said(NamedTuple):
    """The answer of the page's script."""

    text: str
    note: str


OnlyText = Callable[[ClipTask, list[Choice]], Said]


@pytest.fixture(scope="module")
def only_text() -> Iterator[OnlyText]:
    """The script as it runs in a browser."""
    with chromium() as browser:
        page = browser.new_page()

        def said(of: ClipTask, choices: list[Choice]) -> Said:
            labels = Labels(of.spec, found(of))
            videos = [dict(zip(Named._fields, labels.of(each), strict=True)) for each in choices]
            blocks = [block.name for block in of.spec.video_blocks]
            return Said(
                **page.evaluate(
                    f"(args) => {{ {SCRIPT}; return onlyText(...args); }}", [blocks, videos, MAX_ONLY]
                )
            )

        yield said


def found(of: ClipTask) -> dict[str, SourceFacts]:
    """Facts of its files, of which no two hold the same."""
    return {url: facts(url) for url in of.spec.urls}


def pasted(of: ClipTask, text: str) -> ClipTask:
    """The task as it is read with the text in its file, below spec."""
    data = of.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    data["spec"].pop("variants", None)
    file = dump(data).replace("\nspec:\n", f"\nspec:\n{text}")
    return load(file, "cliptask.yaml").task


def made(of: ClipTask) -> set[Choice]:
    """The combinations that a task has made."""
    return set(chosen(of.spec, Labels(of.spec, found(of))).choices)


def every(blocks: list[int], tracks: int, lines: int) -> list[Choice]:
    """All combinations of so many parts."""
    pools = product(product(*map(range, blocks)), range(tracks) or [None], range(lines) or [None])
    return [Choice(clips, track, line) for clips, track, line in pools]


def renamed(of: ClipTask, blocks: list[str], clips: list[str]) -> ClipTask:
    """The task with these names for its blocks, and in the first for its clips."""
    data: dict[str, Any] = of.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for block, name in zip(data["spec"]["videoBlocks"], blocks, strict=True):
        block["name"] = name
    for clip, name in zip(data["spec"]["videoBlocks"][0]["clips"], clips, strict=True):
        clip["name"] = name
    return ClipTask.model_validate(data)


@given(st.lists(st.integers(1, 3), min_size=1, max_size=3), st.integers(0, 3), st.integers(0, 3), st.data())
def test_the_text_has_exactly_what_was_chosen_made(
    only_text: OnlyText, blocks: list[int], tracks: int, lines: int, data: st.DataObject
) -> None:
    """One video more would be paid for, one less would be missed."""
    of = task(blocks, tracks, lines, variants={"limit": 1})
    choices = data.draw(st.lists(st.sampled_from(every(blocks, tracks, lines)), min_size=1, max_size=8))

    said = only_text(of, choices)

    assert made(pasted(of, said.text)) == set(choices)
    assert said.note == ""


def test_one_entry_a_video_stands_there_by_label(only_text: OnlyText) -> None:
    """A person reads it before it goes into the file."""
    of = task([2, 1], 1)

    said = only_text(of, [Choice((1, 0), 0, None)])

    assert said.text == "  variants:\n    only:\n    - {b0: b0c1, b1: b1c0, music: t0}\n"


@pytest.mark.parametrize(
    "name", ["no", "y", "on", "null", "true", "12", "1e3", "0x1f", "1-30", "007", "e5", "nan", "inf"]
)
def test_names_that_yaml_takes_for_something_else_come_back_as_they_are(
    only_text: OnlyText, name: str
) -> None:
    """``no`` would be false, and ``12`` a number: no label, and no block."""
    of = renamed(task([2, 1]), [name, "other"], [name, "plain"])

    said = only_text(of, [Choice((0, 0), None, None)])

    assert made(pasted(of, said.text)) == {Choice((0, 0), None, None)}


def test_texts_and_languages_are_named(only_text: OnlyText) -> None:
    """The campaign would be made with another headline than the one that was chosen, or in all languages."""
    of = task(
        [2],
        languages=["en", "de"],
        textBlocks=[{"name": "headline", "texts": [{"text": "Now"}, {"text": "Today"}]}],
        variants={"text": "product"},
    )
    wanted = [
        Choice((0,), None, None, (0, 1)),
        Choice((0,), None, None, (1, 1)),
        Choice((1,), None, None, (0, 0)),
    ]

    said = only_text(of, wanted)

    assert "- {b0: b0c0, headline: today, language: de}" in said.text
    assert made(pasted(of, said.text)) == set(wanted)


def test_files_of_one_name_are_told_apart(only_text: OnlyText) -> None:
    """Clips that nobody has named are called like their files, and two of one name by digits of their bytes."""
    of = task([3])
    data = of.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for n, clip in enumerate(data["spec"]["videoBlocks"][0]["clips"]):
        clip["url"] = f"https://cdn.example.com/{n}/50 % Off (final).mp4".replace(" ", "%20")
    of = ClipTask.model_validate(data)

    said = only_text(of, [Choice((2,), None, None)])

    assert made(pasted(of, said.text)) == {Choice((2,), None, None)}


def test_a_track_that_cannot_be_named_is_told(only_text: OnlyText) -> None:
    """A block called music takes the word: the videos might come with another track, and nobody would know why."""
    of = renamed(task([2], tracks=2), ["music"], ["a", "b"])

    said = only_text(of, [Choice((0,), 1, None)])

    assert {choice.clips for choice in made(pasted(of, said.text))} == {(0,)}
    assert said.note.startswith("A block is called music")


def test_more_than_a_task_may_name_is_refused(only_text: OnlyText) -> None:
    """The text would be copied, and refused by the task."""
    of = task([40, 30])

    said = only_text(of, every([40, 30], 0, 0))

    assert said == (
        "",
        "variants.only takes 1,000 combinations, these are 1,200: choose fewer, or write rules",
    )
    assert len(made(pasted(of, only_text(of, every([40, 30], 0, 0)[:MAX_ONLY]).text))) == MAX_ONLY


def test_nothing_chosen_is_no_text(only_text: OnlyText) -> None:
    """``only: []`` would be any."""
    assert only_text(task([1]), []) == ("", "")
