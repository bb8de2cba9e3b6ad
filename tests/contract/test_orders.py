from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.orders import NamedVariant, SegmentOrder, WorkOrder, WorkReport
from cliptask.planning.plan import Campaign, plan
from cliptask.spec.places import Place
from support.campaigns import line, sources, task

LIMIT_BYTES = 128 * 1024
"""MAX_ARG_STRLEN of Linux: the longest variable of an environment."""


def campaign(blocks: list[int], **spec: object) -> Campaign:
    """A campaign with everything that an order may hold."""
    wanted = task(
        blocks,
        tracks=1,
        lines=1,
        transitions=[{"duration": "500ms"}],
        overlays=[{"text": "-20 %", "width": "33.33%"}, {"image": {"url": "https://cdn.example.com/l.png"}}],
        captions={"mode": "soft"},
        sound={"musicVolume": 0.1, "clipVolume": 0.3, "ducking": True, "loudness": -14},
        **spec,
    )
    return plan(wanted, sources(wanted), [line("line 0")])


def order(of: Campaign, variants: int) -> WorkOrder:
    """The order of a Job that makes the first variants and their segments."""
    return WorkOrder(
        cache="gs://bucket/.cliptask",
        output="gs://bucket",
        task=of.task,
        segments=of.segments,
        variants=tuple(NamedVariant(name=each.name, order=each.order) for each in of.variants[:variants]),
    )


def test_an_order_reaches_its_job_as_it_was_given() -> None:
    """A Job would make something else than what it was planned for, under another key than is looked for."""
    given_order = order(campaign([2, 2]), variants=4)

    read = WorkOrder.from_text(given_order.to_text())

    assert read == given_order
    assert [each.key for each in read.segments] == [each.key for each in given_order.segments]
    assert [each.order.key for each in read.variants] == [each.order.key for each in given_order.variants]
    soundtracks = [each.order.soundtrack for each in read.variants]
    assert all(soundtracks)
    assert [each and each.key for each in soundtracks] == [
        each.order.soundtrack and each.order.soundtrack.key for each in given_order.variants
    ]


def test_an_order_says_nothing_that_goes_without_saying() -> None:
    """The environment of a Job with several variants would be larger than Linux takes."""
    of = campaign([1] * 20)
    small = order(of, variants=1).model_copy(update={"segments": ()})

    text = small.to_text()

    assert "null" not in text
    assert "first_frame" in text  # which has no default
    assert len(text.encode()) < LIMIT_BYTES // 4
    assert json.loads(WorkOrder(cache="c", output="o", task="t").to_text()) == {
        "cache": "c",
        "output": "o",
        "task": "t",
    }


def test_a_long_order_fits_into_an_environment() -> None:
    """Linux takes 128 KiB for one variable: the Job's container would not even start."""
    of = campaign([1] * 18 + [4, 5])
    long_urls = {
        key: str(
            Place(
                ("spec", "videoBlocks", index), f"https://x/{hashlib.shake_256(key.encode()).hexdigest(1000)}"
            )
        )
        for index, key in enumerate(of.places)
    }
    long = order(of, variants=20).naming(long_urls)

    text = long.to_text()

    assert len(long.model_dump_json(exclude_defaults=True)) > LIMIT_BYTES
    assert len(text) < LIMIT_BYTES
    assert WorkOrder.from_text(text) == long


def test_an_order_names_what_it_reads_and_nothing_else() -> None:
    """A Job could not say which file is bad, or would carry the names of the whole campaign."""
    of = campaign([2, 2])
    plain = order(of, variants=1).model_copy(update={"segments": ()})

    named = plain.naming(of.places)

    clips, others = (
        ("spec.videoBlocks[0].clips[0]", "spec.videoBlocks[1].clips[0]"),
        ("spec.audioBlocks", "spec.overlays[1]", "spec.speech[0]"),
    )
    # The words of a line have its place under a name of their own.
    assert len(of.places) == 4 + len(others) + 1
    assert len(named.places) == len(clips) + len(others)
    assert all(any(place.startswith(each) for place in named.places.values()) for each in (*clips, *others))
    assert named.key == plain.key
    assert WorkOrder.from_text(named.to_text()) == named


def test_an_order_without_what_is_there_makes_and_names_only_the_rest() -> None:
    """A Job of many videos would make those again that an edit has left, or carry their files' names."""
    of = campaign([2, 1])
    whole = order(of, variants=2).model_copy(update={"segments": ()}).naming(of.places)
    first, second = whole.variants

    rest = whole.without({first.name})

    alone = whole.model_copy(update={"variants": (second,)}).naming(of.places)
    assert whole.key  # which is none of the rest's
    assert (rest, rest.key, rest.parts) == (alone, alone.key, alone.parts)
    assert len(rest.places) < len(whole.places)
    assert whole.without(set()) == whole


@pytest.mark.parametrize("text", ["", "{", "[]", "xz:", "xz:!!!", "xz:AAAA", "{}"])
def test_what_is_no_order_is_refused(text: str) -> None:
    """A Job of another version would fail with a traceback."""
    with pytest.raises(ValueError):  # noqa: PT011  its words are the renderer's to say
        WorkOrder.from_text(text)


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=3), st.text(max_size=9))
def test_a_report_is_read_as_it_was_written(failed: dict[str, str], message: str) -> None:
    """Somebody would read other last words than the Job's."""
    report = WorkReport(reason="SourceUnusable" if failed else "", message=message, failed=failed)

    assert WorkReport.model_validate_json(report.model_dump_json(exclude_defaults=True)) == report


@pytest.mark.parametrize(("cuts", "kind"), [(1, "crossfade"), (2, None)])
def test_a_transition_stands_between_two_cuts(cuts: int, kind: str | None) -> None:
    """A seam would be made as somebody else's guess, or a piece have a key of its own for nothing."""
    cut = {"source": "a", "kind": "video", "first_frame": 0, "frames": 5}
    profile = {"width": 96, "height": 160, "fps": 30, "fit": "cover"}
    order = {"profile": profile, "cuts": [cut] * cuts, "transition": kind and {"kind": kind}}

    with pytest.raises(ValueError, match="two cuts have a transition between them, one has none"):
        SegmentOrder.model_validate(order)


def test_what_lies_over_a_seam_is_among_its_sources() -> None:
    """The picture would not be fetched for the Job that lays it over the transition."""
    cut = {"source": "a", "kind": "video", "first_frame": 0, "frames": 5}
    profile = {"width": 96, "height": 160, "fps": 30, "fit": "cover"}
    logo = {"image": "logo", "position": "top", "width": 0.2, "start_frame": 0, "end_frame": 5}
    order = {
        "profile": profile,
        "cuts": [cut, {**cut, "source": "b"}],
        "transition": {"kind": "glitch"},
        "overlays": [logo],
    }

    assert SegmentOrder.model_validate(order).sources == ("a", "b", "logo")
