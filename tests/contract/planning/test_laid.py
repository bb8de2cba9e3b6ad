"""Where overlays stand that a task places itself."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from cliptask.errors import InvalidTask, SourceError
from cliptask.layers import Layer
from cliptask.orders import SegmentOrder
from cliptask.planning.bindings import bind
from cliptask.planning.plan import Campaign, plan
from cliptask.planning.timeline import Timeline
from cliptask.spec.position import Position, columns_of
from cliptask_operator.preview.board import in_small
from support.campaigns import facts as facts_of
from support.campaigns import line, sources, task

LOGO = "https://cdn.example.com/logo.png"
SQUARE = {"kind": "still", "width": 300, "height": 300, "duration_s": 0.0}
ANCHORS: tuple[Position, ...] = get_args(Position)


def planned(x: str, y: str, anchor: str = "center", **rest: Any) -> Campaign:  # noqa: ANN401  a spec's fields
    """A campaign of 1080x1920 with a text, or whatever else is given, at a place."""
    over = {**({"text": "Sale"} if "image" not in rest else {}), **rest}
    of = task(
        [1],
        picture={"width": 1080, "height": 1920},
        overlays=[{**over, "place": {"x": x, "y": y, "anchor": anchor}}],
    )
    return plan(of, sources(of, logo=SQUARE), [])


def layer(x: str, y: str, anchor: str = "center", **rest: Any) -> Layer:  # noqa: ANN401  as above
    """What becomes of it."""
    return planned(x, y, anchor, **rest).variants[0].order.segments[0].cuts[0].overlays[0]


@pytest.mark.parametrize(("x", "y"), [("540px", "480px"), ("50%", "25%"), ("50.0%", "480px")])
def test_shares_and_pixels_say_the_same(x: str, y: str) -> None:
    """One video would be encoded twice, for two ways to write it."""
    assert layer(x, y).at == (0.5, 0.25)


def test_pixels_are_those_of_the_finished_video_in_a_draft_too() -> None:
    """What is looked at would not be what is made."""
    over = [{"text": "x", "place": {"x": "540px", "y": "480px"}}]
    of = task([1], picture={"width": 1080, "height": 1920}, overlays=over)
    small = in_small(bind(of.spec, sources(of)))
    assert small is not None

    draft = Timeline(of.spec, small).segments((0,))[0]

    assert draft.profile.height < 1920
    assert draft.cuts[0].overlays[0].at == (0.5, 0.25)


def test_an_order_that_places_nothing_says_nothing_of_places() -> None:
    """Every video with a title would get another name, and be made again."""
    of = task([1], overlays=[{"text": "x"}])

    over = plan(of, sources(of), []).variants[0].order.segments[0].cuts[0].overlays[0]

    assert "at" not in over.model_dump(mode="json")
    assert over.key != type(over).model_validate({**over.model_dump(), "at": (0.5, 0.5)}).key


@pytest.mark.parametrize("anchor", ANCHORS)
@pytest.mark.parametrize("beyond", ["-60%", "160%"])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_picture_that_nobody_would_see_is_refused(anchor: Position, beyond: str, axis: int) -> None:
    """A video would be made without its logo, and nobody told."""
    place = ["50%", "50%"]
    place[axis] = beyond

    with pytest.raises(
        InvalidTask,
        match=r"spec.overlays\[0\].place: puts the picture beside the video's picture of 1080x1920",
    ):
        planned(place[0], place[1], anchor, image={"url": LOGO}, width="50%")


@pytest.mark.parametrize("anchor", ANCHORS)
def test_a_picture_may_hang_over_the_edge(anchor: Position) -> None:
    """A sticker that peeks in from the side would be refused."""
    across, _ = columns_of(anchor)

    # Half of its width of 540 pixels is beyond the left edge.
    assert layer(f"{round(540 * (across - 0.5))}px", "50%", anchor, image={"url": LOGO}, width="50%").at


@pytest.mark.parametrize(
    ("x", "y", "anchor", "blamed"),
    [("100%", "50%", "left", "x"), ("0%", "50%", "right", "x"), ("0%", "50%", "center", "x"), ("50%", "99%", "top", "y"), ("-10px", "50%", "left", "x")],
)  # fmt: skip
def test_a_place_that_leaves_a_text_no_room_is_refused(x: str, y: str, anchor: str, blamed: str) -> None:
    """The failure would come from a Job, once for each video."""
    with pytest.raises(InvalidTask, match=rf"spec.overlays\[0\].place.{blamed}: leaves a text no room"):
        planned(x, y, anchor)


def test_what_is_placed_makes_no_room_and_takes_none() -> None:
    """It would push a title away that somebody wanted it to lie on."""
    over = [{"text": "A", "place": {"x": "50%", "y": "60%"}}, {"text": "B", "position": "bottom"}, {"text": "C", "place": {"x": "50%", "y": "60%"}}]  # fmt: skip
    of = task([1], overlays=over, captions={"mode": "burned"}, speech=[{"voice": "A", "text": "Hi"}])
    made = Timeline(of.spec, bind(of.spec, sources(of))).segments((0,))

    first, second, third = made[0].cuts[0].overlays

    assert (first.beside, second.beside, third.beside) == ((), (), ())
    assert (first.clear, third.clear) == (0.0, 0.0)
    assert second.clear > 0


@pytest.mark.parametrize(
    ("x", "y", "anchor", "rest", "is_clear"),
    [
        ("120px", "288px", "topLeft", {"image": {"url": LOGO}, "width": "20%"}, True),
        ("888px", "1248px", "bottomRight", {"image": {"url": LOGO}, "width": "20%"}, True),
        ("119px", "300px", "topLeft", {"image": {"url": LOGO}, "width": "20%"}, False),
        ("120px", "288px", "topLeft", {"image": {"url": LOGO}, "width": "20%", "rotation": 45}, True),
        ("888px", "1250px", "bottomRight", {"image": {"url": LOGO}, "width": "20%"}, False),
        ("50%", "50%", "center", {}, True),
        ("50%", "90%", "center", {}, False),
        ("50%", "1240px", "center", {"style": {"size": "30%"}}, False),
    ],
)  # fmt: skip
def test_what_leaves_the_safe_zone_is_remarked_on(
    x: str, y: str, anchor: str, rest: dict[str, Any], is_clear: bool
) -> None:
    """Buttons would cover it, and nobody would be told; or the author would be warned of what is well."""
    remarks = planned(x, y, anchor, **rest).remarks

    assert not remarks if is_clear else remarks
    assert all("platforms leave 120 to 888 across and 288 to 1248 down free" in each for each in remarks)


VIDEO = {"kind": "video", "width": 200, "height": 100, "duration_s": 1.0, "look": {"has_alpha": True}}


def ages(loop: bool, **facts: Any) -> list[int]:  # noqa: ANN401  a source's facts
    """Which picture of a sticker each piece of a clip of 20 s begins with."""
    over = [{"image": {"url": LOGO, "loop": loop}, "from": "500ms"}]
    of = task([1], overlays=over, picture={"fps": 30})
    made = plan(
        of, {**sources(of, b0c0={"duration_s": 20.0}), LOGO: VIDEO_FACTS.model_copy(update=facts)}, []
    )
    return [each.cuts[0].overlays[0].age for each in made.variants[0].order.segments]


VIDEO_FACTS = facts_of(LOGO, **VIDEO)


def test_a_video_goes_on_from_piece_to_piece_and_equal_pieces_are_one() -> None:
    """A clip's pieces would each begin it anew, or none be shared although they show the same."""
    assert ages(loop=True) == [0, 165 % 30, 345 % 30, 525 % 30]
    assert ages(loop=True, duration_s=3.0) == [0, 165 % 90, 345 % 90, 525 % 90]
    assert ages(loop=False) == [0, 29, 29, 29]


def test_what_is_said_of_a_video_that_is_laid_over() -> None:
    """Its sound would be missed, or a still picture told to end."""
    over = [{"image": {"url": LOGO}}]
    of = task([1], overlays=over)

    heard = plan(of, {**sources(of), LOGO: VIDEO_FACTS.model_copy(update={"sound_stream": 1})}, [])
    silent = plan(of, {**sources(of), LOGO: VIDEO_FACTS}, [])

    assert heard.remarks == (f"spec.overlays[0].image ({LOGO}): its sound is not heard",)
    assert silent.remarks == ()


@pytest.mark.parametrize(
    ("kind", "loop", "words"),
    [("still", False, "loop .*: is for what moves, this is a still picture"), ("audio", True, "is not a picture: .* or a video"), ("font", True, "is not a picture")],
)  # fmt: skip
def test_what_is_no_picture_that_moves_is_refused(kind: str, loop: bool, words: str) -> None:
    """A Job would fail at it."""
    of = task([1], overlays=[{"image": {"url": LOGO, "loop": loop}}])

    with pytest.raises(SourceError, match=words):
        plan(of, {**sources(of), LOGO: facts_of(LOGO, **{**SQUARE, "kind": kind})}, [])


PROGRESS = {"progress": {}, "place": {"x": "0%", "y": "100%", "anchor": "bottomLeft"}}


def bars(segments: tuple[SegmentOrder, ...]) -> list[tuple[int, int, int | None]]:
    """Of each segment's bar: its frames before, those in it, and in how many it fills."""
    found = [over for each in segments for over in (each.overlays or each.cuts[0].overlays)]
    return [(over.age, over.end_frame - over.start_frame, over.lasts) for over in found]


def test_a_bar_over_the_whole_video_runs_through_clips_seams_and_pieces() -> None:
    """It would begin anew with each clip, or be full before the video ends."""
    fade = {"kind": "crossfade", "duration": "500ms"}
    of = task([1, 1], overlays=[PROGRESS], transitions=[fade])

    made = plan(of, sources(of, b1c0={"duration_s": 9.0}), []).variants[0].order

    # 75 frames of one clip, 15 of both, and 255 of the other in two pieces.
    assert bars(made.segments) == [(0, 75, 345), (75, 15, 345), (90, 180, 345), (270, 75, 345)]
    assert made.frames == 345


def test_a_bar_of_a_block_or_of_a_time_fills_in_it() -> None:
    """It would tell how long something lasts that it does not stand for."""
    over = [{**PROGRESS, "block": "b1"}, {**PROGRESS, "block": "b0", "from": "1s", "to": "2s"}]
    of = task([1, 1], overlays=over)

    made = plan(of, sources(of), []).variants[0].order

    assert bars(made.segments) == [(0, 30, 30), (0, 90, 90)]


def test_a_bar_goes_on_while_the_last_picture_is_held() -> None:
    """It would be full while the voice still speaks."""
    of = task([1], lines=1, overlays=[PROGRESS], sound={"overflow": "Freeze"})

    made = plan(of, sources(of), [line("line 0", 4.0)]).variants[0].order

    assert sum(frames for _, frames, _ in bars(made.segments)) == made.frames > 90
    assert {lasts for _, _, lasts in bars(made.segments)} == {made.frames}


def test_what_a_bar_over_the_whole_video_costs_is_said_and_that_of_a_block_costs_nothing() -> None:
    """A campaign would take three times as long, and nobody know why."""
    lengths = {"b0c0": {"duration_s": 2.0}, "b0c1": {"duration_s": 3.0}}
    whole, block, alike = (
        task([2, 3], overlays=[PROGRESS]),
        task([2, 3], overlays=[{**PROGRESS, "block": "b1"}]),
        task([2, 3], overlays=[PROGRESS]),
    )

    (costs,) = plan(whole, sources(whole, **lengths), []).remarks

    assert costs.startswith(
        "spec.overlays[0].progress: 8 pieces and seams are made where 5 would do without:"
    )
    assert len(plan(block, sources(block, **lengths), []).segments) == 5
    assert not any("pieces and seams" in each for each in plan(block, sources(block, **lengths), []).remarks)
    assert not any("pieces and seams" in each for each in plan(alike, sources(alike), []).remarks)


def test_a_counter_that_has_counted_is_the_same_in_every_piece() -> None:
    """Each piece of a long clip would be encoded anew for a number that stands."""
    of = task([1], overlays=[{"counter": {"to": 100, "duration": "2s"}}])

    made = plan(of, sources(of, b0c0={"duration_s": 30.0}), []).variants[0].order

    ages = [each.cuts[0].overlays[0].age for each in made.segments]
    assert ages[0] == 0
    assert set(ages[1:]) == {59}
    assert [each.cuts[0].overlays[0].changes for each in made.segments[:2]] == [True, False]
