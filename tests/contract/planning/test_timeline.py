"""Which frames, overlays and sounds make a variant."""

from __future__ import annotations

from typing import Any

import pytest

from cliptask.errors import InvalidTask, SourceError
from cliptask.orders import SegmentOrder, TransitionOrder, VariantOrder
from cliptask.planning.bindings import bind
from cliptask.planning.plan import plan
from cliptask.planning.timeline import Timeline
from support.campaigns import facts, sources, task

CROSSFADE = {"kind": "crossfade", "duration": "500ms"}


def only(blocks: list[int], sources_changes: dict[str, Any] | None = None, **spec: Any) -> VariantOrder:  # noqa: ANN401  a spec's parts
    """The first variant of such a task."""
    of = task(blocks, **spec)
    return plan(of, sources(of, **(sources_changes or {})), []).variants[0].order


def windows(segment: SegmentOrder) -> list[list[tuple[int, int]]]:
    """The overlays' frames of each cut, and after them those of a seam itself."""
    over = [cut.overlays for cut in segment.cuts] + ([segment.overlays] if segment.is_seam else [])
    return [[(each.start_frame, each.end_frame) for each in some] for some in over]


def test_a_crossfade_splits_clips_into_bodies_and_seams() -> None:
    """Every frame of every clip is shown exactly once, but for those that overlap."""
    order = only([1, 1, 1], transitions=[CROSSFADE])

    spans = [
        [(cut.first_frame, cut.first_frame + cut.frames) for cut in part.cuts] for part in order.segments
    ]
    assert spans == [[(0, 75)], [(75, 90), (0, 15)], [(15, 75)], [(75, 90), (0, 15)], [(15, 90)]]


@pytest.mark.parametrize(
    ("duration_s", "pieces"),
    [(7.9, [237]), (8.0, [180, 60]), (15.0, [180, 180, 90]), (19.5, [180, 180, 225])],
)
def test_a_long_clip_is_made_in_pieces(duration_s: float, pieces: list[int]) -> None:
    """One process would encode it while the others wait. Each begins where a keyframe would be anyway."""
    order = only([1], {"b0c0": {"duration_s": duration_s}})

    cuts = [part.cuts[0] for part in order.segments]
    assert [cut.frames for cut in cuts] == pieces
    assert [cut.first_frame for cut in cuts] == [sum(pieces[:n]) for n in range(len(pieces))]


def test_an_edit_touches_the_pieces_that_it_is_seen_in() -> None:
    """A title at the end, or another end, would have all of a long clip encoded again."""
    clip = {"url": "https://cdn.example.com/b0c0.mp4"}

    def made(overlays: list[dict[str, Any]], **trim: str) -> list[str]:
        blocks = [{"name": "b0", "clips": [clip | ({"trim": trim} if trim else {})]}]
        long = {"b0c0": {"duration_s": 15.0}}
        return [part.key for part in only([1], long, videoBlocks=blocks, overlays=overlays).segments]

    plain = made([])
    titled = made([{"text": "Sale", "from": "13s"}])
    shorter = made([], end="14s")

    assert [titled[:2], shorter[:2]] == [plain[:2]] * 2
    assert len({plain[2], titled[2], shorter[2]}) == 3


def test_a_picture_that_rests_for_long_is_encoded_once() -> None:
    """All its pieces of one length are the same."""
    clips = [{"url": "https://cdn.example.com/b0c0.mp4", "duration": "20s"}]

    order = only([1], {"b0c0": {"kind": "still"}}, videoBlocks=[{"name": "b0", "clips": clips}])

    assert [part.frames for part in order.segments] == [180, 180, 180, 60]
    assert len({part.key for part in order.segments}) == 2


def test_a_trim_moves_every_range() -> None:
    """Frames are counted from the file's start, whatever is cut off."""
    clips = [{"url": "https://cdn.example.com/b0c0.mp4", "trim": {"start": "1s", "end": "2s"}}]

    order = only([1], videoBlocks=[{"name": "b0", "clips": clips}])

    assert (order.segments[0].cuts[0].first_frame, order.frames) == (30, 30)


@pytest.mark.parametrize("transition", [{}, {"transitions": [{"duration": "500ms"}]}])
def test_each_clip_is_stood_for_by_a_segment_that_shows_it_alone(transition: dict[str, Any]) -> None:
    """A storyboard would show a clip twice, none of it, or two clips in one picture."""
    of = task([1, 1, 1], **transition)
    timeline = Timeline(of.spec, bind(of.spec, sources(of)))
    segments = timeline.segments((0, 0, 0))

    found = timeline.pictures((0, 0, 0), segments)

    assert [segment.cuts[0].source for segment in found] == [facts.sha256 for facts in sources(of).values()]
    assert not any(segment.is_seam for segment in found)


def test_parts_of_an_animation_know_where_in_it_they_are() -> None:
    """Body and seam of one would both begin with its first picture; it has no sound, whatever is wanted of clips."""
    clips = [{"url": "https://cdn.example.com/b1c0.mp4", "duration": "3s"}]
    blocks = [
        {"name": "b0", "clips": [{"url": "https://cdn.example.com/b0c0.mp4"}]},
        {"name": "b1", "clips": clips},
    ]
    moving = {"kind": "animation", "duration_s": 1.0, "fps": 10}

    order = only(
        [1], {"b1c0": moving}, videoBlocks=blocks, transitions=[CROSSFADE], sound={"clipVolume": 1.0}
    )

    cuts = [part.cuts[-1] for part in order.segments[1:]]
    assert [(cut.kind, cut.first_frame, cut.frames) for cut in cuts] == [
        ("animation", 0, 15),
        ("animation", 15, 75),
    ]
    assert order.soundtrack is None


def test_a_clip_too_short_for_its_transitions_is_named() -> None:
    """A body of no frames cannot be encoded."""
    of = task([1, 1, 1], transitions=[CROSSFADE])

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

    order = only([1, 1], transitions=[CROSSFADE], overlays=over)

    assert [windows(part) for part in order.segments] == [[[]], [[], [(6, 15)], []], [[(0, 15)]]]


def test_an_overlay_of_the_video_runs_through_every_block() -> None:
    """Without a block, from and to are the video's own time: 4 s end in the second clip."""
    over = [{"text": "A", "from": "2s", "to": "4s"}]

    order = only([1, 1], overlays=over)

    assert [windows(part) for part in order.segments] == [[[(60, 90)]], [[(0, 30)]]]


def test_an_overlay_without_an_end_lasts_to_the_end() -> None:
    """A logo stays through seams, and moves with neither of the two clips."""
    order = only([1, 1], transitions=[CROSSFADE], overlays=[{"text": "A"}])

    assert [windows(part) for part in order.segments] == [[[(0, 75)]], [[], [], [(0, 15)]], [[(0, 75)]]]


def test_an_overlay_of_the_video_begins_within_a_seam() -> None:
    """A title from 2.7 s on would come late or early: the seam has its frames from 2.5 s to 3 s."""
    order = only([1, 1], transitions=[CROSSFADE], overlays=[{"text": "A", "from": "2.7s", "to": "2.9s"}])

    assert [windows(part) for part in order.segments] == [[[]], [[], [], [(6, 12)]], [[]]]


def test_each_pair_has_its_own_transition() -> None:
    """Lengths add up pair by pair, and what fades is said to fade: pictures and sounds would part."""
    given = [
        {"duration": "500ms"},
        {"kind": "fade", "color": "#ffffff", "duration": "1s", "between": ["b1", "b2"]},
    ]
    loud = {f"b{block}c0": {"sound_stream": 1} for block in range(3)}

    order = only([1, 1, 1], loud, transitions=given, sound={"clipVolume": 1})

    seams = [(part.transition, part.frames) for part in order.segments if part.is_seam]
    assert seams == [
        (TransitionOrder(kind="crossfade"), 15),
        (TransitionOrder(kind="fade", color="#ffffff"), 30),
    ]
    assert order.frames == 3 * 90 - 15 - 30
    assert order.soundtrack is not None
    assert [
        (each.at_frame, each.fade_in_frames, each.fade_out_frames) for each in order.soundtrack.clips
    ] == [(0, 0, 15), (75, 15, 30), (135, 30, 0)]


def test_a_cut_is_what_a_pair_has_for_itself() -> None:
    """Nothing would do without a transition that all other pairs have."""
    given = [{"duration": "500ms"}, {"kind": "cut", "between": ["b0", "b1"]}]

    order = only([1, 1, 1], transitions=given)

    assert [part.is_seam for part in order.segments] == [False, False, True, False]


def test_another_kind_is_another_seam_and_nothing_else() -> None:
    """The clips would be encoded again, or the old transition shown."""
    kinds = ("crossfade", "slideLeft")

    one, other = (only([1, 1], transitions=[{"kind": kind, "duration": "500ms"}]) for kind in kinds)

    same = [a.key == b.key for a, b in zip(one.segments, other.segments, strict=True)]
    assert same == [True, False, True]


def test_an_overlay_that_nobody_would_see_is_refused() -> None:
    """It is a mistake, and silence would hide it."""
    with pytest.raises(InvalidTask, match=r"overlays\[0\]\.from: 3s is when the block 'b0' ends"):
        only([1], overlays=[{"text": "A", "from": "3s", "block": "b0"}])


def test_clips_sounds_lie_where_their_pictures_do() -> None:
    """Dropped unless wanted, faded over where the pictures are."""
    loud = {"b0c0": {"sound_stream": 1}, "b1c0": {"sound_stream": 1}}

    order = only([1, 1], loud, transitions=[CROSSFADE], sound={"clipVolume": 1})

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


@pytest.mark.parametrize("fit", ["contain", "cover", "blur", "stretch"])
@pytest.mark.parametrize("motion", [None, "panLeft", "zoomIn"])
def test_only_a_picture_that_moves_before_its_blurred_copy_says_that_this_stands(
    fit: str, motion: str | None
) -> None:
    """All others would be encoded anew."""
    clip = {"url": "https://cdn.example.com/b0c0.mp4", "duration": "1s"}
    blocks = [{"name": "b0", "clips": [clip | ({"motion": motion} if motion else {})]}]

    order = only([1], {"b0c0": {"kind": "still"}}, videoBlocks=blocks, picture={"fit": fit})

    (cut,) = order.segments[0].cuts
    assert cut.backdrop == ("still" if motion and fit == "blur" else None)
    assert ("backdrop" in cut.model_dump_json()) == (cut.backdrop is not None)


@pytest.mark.parametrize(
    ("fit", "motion", "is_seen"),
    [
        ("cover", None, True),
        ("blur", None, True),
        ("contain", None, False),
        ("stretch", None, False),
        ("contain", "zoomIn", True),
    ],
)
def test_a_focus_is_told_where_it_is_seen(fit: str, motion: str | None, *, is_seen: bool) -> None:
    """A crop would not know what matters; or what nobody sees would have everything encoded again."""
    clip = {
        "url": "https://cdn.example.com/b0c0.mp4",
        "duration": "1s",
        "focus": {"left": "30%", "top": "12.5%"},
    }
    blocks = [{"name": "b0", "clips": [clip | ({"motion": motion} if motion else {})]}]

    order = only([1], {"b0c0": {"kind": "still"}}, videoBlocks=blocks, picture={"fit": fit})

    assert order.segments[0].cuts[0].focus == ((0.3, 0.125) if is_seen else (0.5, 0.5))


def test_only_cuts_in_which_a_title_moves_know_of_it() -> None:
    """The rest of a long clip would be encoded again for another entrance."""
    moving = {"text": "Sale", "from": "1s", "to": "14s", "in": {"kind": "pop"}, "out": {"kind": "fade"}}
    long = {"b0c0": {"duration_s": 15.0}}

    order = only([1], long, overlays=[moving])
    plain = only([1], long, overlays=[{"text": "Sale", "from": "1s", "to": "14s"}])

    over = [part.cuts[0].overlays[0] for part in order.segments]
    assert [(each.enter is not None, each.leave is not None) for each in over] == [
        (True, False),
        (False, False),
        (False, True),
    ]
    assert [one.key == other.key for one, other in zip(order.segments, plain.segments, strict=True)] == [
        False,
        True,
        False,
    ]


def test_a_title_that_moves_over_a_cut_of_its_block_goes_on_after_it() -> None:
    """It would come anew with each piece."""
    moving = {"text": "Sale", "from": "5.9s", "in": {"kind": "slideUp", "duration": "1s"}}

    order = only([1], {"b0c0": {"duration_s": 15.0}}, overlays=[moving])

    over = [part.cuts[0].overlays[0] for part in order.segments[:2]]
    assert [(each.start_frame, each.before, each.enter and each.enter.frames) for each in over] == [
        (177, 0, 30),
        (0, 3, 30),
    ]


def test_an_animated_picture_knows_how_far_it_is_in_each_piece() -> None:
    """A sticker would begin anew every six seconds."""
    of = task([1], overlays=[{"image": {"url": "https://cdn.example.com/a.gif"}, "from": "1s"}])
    found = sources(of, b0c0={"duration_s": 15.0})
    found["https://cdn.example.com/a.gif"] = facts("a.gif", kind="animation", duration_s=0.3)

    order = plan(of, found, []).variants[0].order

    over = [part.cuts[0].overlays[0] for part in order.segments]
    assert [(each.is_animated, each.start_frame, each.age) for each in over] == [
        (True, 30, 0),
        (True, 0, 150),
        (True, 0, 330),
    ]
