"""Which frames, overlays and sounds make a variant."""

from __future__ import annotations

from typing import Any

import pytest

from cliptask.errors import InvalidTask, SourceError
from cliptask.orders import SegmentOrder, VariantOrder
from cliptask.planning.plan import plan
from support.campaigns import sources, task

CROSSFADE = {"kind": "crossfade", "duration": "500ms"}


def only(blocks: list[int], sources_changes: dict[str, Any] | None = None, **spec: Any) -> VariantOrder:  # noqa: ANN401  a spec's parts
    """The first variant of such a task."""
    of = task(blocks, **spec)
    return plan(of, sources(of, **(sources_changes or {})), []).variants[0].order


def windows(segment: SegmentOrder) -> list[list[tuple[int, int]]]:
    """The overlays' frames of each cut."""
    return [[(over.start_frame, over.end_frame) for over in cut.overlays] for cut in segment.cuts]


def test_a_crossfade_splits_clips_into_bodies_and_seams() -> None:
    """Every frame of every clip is shown exactly once, but for those that overlap."""
    order = only([1, 1, 1], transition=CROSSFADE)

    spans = [
        [(cut.first_frame, cut.first_frame + cut.frames) for cut in part.cuts] for part in order.segments
    ]
    assert spans == [[(0, 75)], [(75, 90), (0, 15)], [(15, 75)], [(75, 90), (0, 15)], [(15, 90)]]


def test_a_trim_moves_every_range() -> None:
    """Frames are counted from the file's start, whatever is cut off."""
    clips = [{"url": "https://cdn.example.com/b0c0.mp4", "trim": {"start": "1s", "end": "2s"}}]

    order = only([1], videoBlocks=[{"name": "b0", "clips": clips}])

    assert (order.segments[0].cuts[0].first_frame, order.frames) == (30, 30)


def test_parts_of_an_animation_know_where_in_it_they_are() -> None:
    """Body and seam of one would both begin with its first picture; it has no sound, whatever is wanted of clips."""
    clips = [{"url": "https://cdn.example.com/b1c0.mp4", "duration": "3s"}]
    blocks = [
        {"name": "b0", "clips": [{"url": "https://cdn.example.com/b0c0.mp4"}]},
        {"name": "b1", "clips": clips},
    ]
    moving = {"kind": "animation", "duration_s": 1.0, "fps": 10}

    order = only([1], {"b1c0": moving}, videoBlocks=blocks, transition=CROSSFADE, sound={"clipVolume": 1.0})

    cuts = [part.cuts[-1] for part in order.segments[1:]]
    assert [(cut.kind, cut.first_frame, cut.frames) for cut in cuts] == [
        ("animation", 0, 15),
        ("animation", 15, 75),
    ]
    assert order.soundtrack is None


def test_a_clip_too_short_for_its_transitions_is_named() -> None:
    """A body of no frames cannot be encoded."""
    of = task([1, 1, 1], transition=CROSSFADE)

    campaign = plan(of, sources(of, b1c0={"duration_s": 1.0}), [])

    error = campaign.skipped[0].error
    assert isinstance(error, SourceError)
    assert (
        "spec.videoBlocks[1].clips[0] (https://cdn.example.com/b1c0.mp4) has 30 frames, its transitions take 30"
        in str(error)
    )


def test_an_overlay_of_a_block_counts_from_the_clip() -> None:
    """From and to are the block's own time, in bodies and in seams."""
    over = [{"text": "A", "from": "200ms", "to": "1s", "block": "b1"}]

    order = only([1, 1], transition=CROSSFADE, overlays=over)

    assert [windows(part) for part in order.segments] == [[[]], [[], [(6, 15)]], [[(0, 15)]]]


def test_an_overlay_of_the_video_runs_through_every_block() -> None:
    """Without a block, from and to are the video's own time: 4 s end in the second clip."""
    over = [{"text": "A", "from": "2s", "to": "4s"}]

    order = only([1, 1], overlays=over)

    assert [windows(part) for part in order.segments] == [[[(60, 90)]], [[(0, 30)]]]


def test_an_overlay_without_an_end_lasts_to_the_end() -> None:
    """A logo stays through seams on both sides."""
    order = only([1, 1], transition=CROSSFADE, overlays=[{"text": "A"}])

    assert [windows(part) for part in order.segments] == [[[(0, 75)]], [[(0, 15)], [(0, 15)]], [[(0, 75)]]]


def test_an_overlay_that_nobody_would_see_is_refused() -> None:
    """It is a mistake, and silence would hide it."""
    with pytest.raises(InvalidTask, match=r"overlays\[0\]\.from: 3s is when the block 'b0' ends"):
        only([1], overlays=[{"text": "A", "from": "3s", "block": "b0"}])


def test_clips_sounds_lie_where_their_pictures_do() -> None:
    """Dropped unless wanted, faded over where the pictures are."""
    loud = {"b0c0": {"sound_stream": 1}, "b1c0": {"sound_stream": 1}}

    order = only([1, 1], loud, transition=CROSSFADE, sound={"clipVolume": 1})

    assert order.soundtrack is not None
    placed = [
        (each.at_frame, each.frames, each.fade_in_frames, each.fade_out_frames)
        for each in order.soundtrack.clips
    ]
    assert placed == [(0, 90, 0, 15), (75, 90, 15, 0)]


def test_a_silent_clip_has_no_part_in_the_sound() -> None:
    """Mixing what is not there would fail."""
    order = only([1, 1], {"b0c0": {"sound_stream": 1}}, sound={"clipVolume": 1})

    assert order.soundtrack is not None
    assert [each.at_frame for each in order.soundtrack.clips] == [0]
