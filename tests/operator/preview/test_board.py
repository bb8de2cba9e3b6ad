"""Which combinations can be played, and what they are made of."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from cliptask.errors import InputError, InvalidTask, SourceError
from cliptask.planning.choices import Choice
from cliptask.planning.plan import plan
from cliptask.spec.task import ClipTask
from cliptask_operator.preview.board import DRAFT_SIDE, Board, Heard, Sought
from support.campaigns import line, sources, task, url

CROSSFADE = {"kind": "crossfade", "duration": "500ms"}
LARGE = {"width": 1080, "height": 1920}


def board(of: ClipTask) -> Board:
    """Of a task whose files and lines are all ordinary."""
    return Board(of, sources(of), [Heard(line(each.text), "voice") for each in of.spec.speech])


def test_the_videos_of_the_campaign_are_those_that_render_makes() -> None:
    """A preview of something else would be none, and what it makes would be made again."""
    of = task([3, 2, 2], 2, 3, transitions=[CROSSFADE], captions={"mode": "soft"}, picture=LARGE)

    found = [*board(of).combinations()]

    planned = plan(of, sources(of), [line(each.text) for each in of.spec.speech])
    assert [(each.name, each.full) for each in found] == [
        (each.name, each.order) for each in planned.variants
    ]


def test_every_combination_can_be_looked_at_by_its_labels() -> None:
    """What the campaign leaves out, a person could never compare with what it has."""
    of = task([3, 2], 2, 2, textBlocks=[{"name": "headline", "texts": [{"text": "Now"}, {"text": "Today"}]}])
    all_of = board(of)

    labels = all_of.labels
    names = {
        all_of.combination(all_of.choice(Sought(clips, track, spoken, [headline]))).name
        for *clips, track, spoken, headline in product(
            *labels.clips, labels.tracks, labels.lines, labels.others["headline"]
        )
    }

    assert len(names) == 3 * 2 * 2 * 2 * 2
    assert len(all_of.chosen) == 6


@pytest.mark.parametrize(
    "sought",
    [
        Sought(["b0c0"]),
        Sought(["b0c0", "none"]),
        Sought(["b0c0", "b1c0"], "t0"),
        Sought(["b0c0", "b1c0"], others=["now"]),
        Sought(),
    ],
)
def test_a_combination_that_there_is_not_is_refused(sought: Sought) -> None:
    """After an edit a page may still ask for what has gone."""
    with pytest.raises(InputError, match="choose again"):
        board(task([1, 1])).choice(sought)


def test_a_draft_is_the_same_video_in_small() -> None:
    """Other frames or another sound would not tell what the video is like."""
    of = task([1, 1], 1, 1, transitions=[CROSSFADE], picture=LARGE)

    found = board(of).combination(Choice((0, 0), 0, 0))

    assert found.draft is not None
    assert (found.draft.profile.width, found.draft.profile.height) == (DRAFT_SIDE, 640)
    assert [each.frames for each in found.draft.segments] == [each.frames for each in found.full.segments]
    assert found.draft.soundtrack == found.full.soundtrack
    assert not {each.key for each in found.draft.segments} & {each.key for each in found.full.segments}


def test_a_small_video_needs_no_draft() -> None:
    """It would be encoded twice for nothing."""
    assert board(task([1])).combination(Choice((0,), None, None)).draft is None


@pytest.mark.parametrize(("spec", "starts"), [({}, (0, 3, 6)), ({"transitions": [CROSSFADE]}, (0, 2.5, 5))])
def test_a_block_starts_where_its_clip_begins_to_show(
    spec: dict[str, Any], starts: tuple[float, ...]
) -> None:
    """Whoever picks another clip would be shown the one before it."""
    of = task([1, 1, 1], **spec)

    assert board(of).combination(Choice((0, 0, 0), None, None)).starts_s == starts


def test_a_long_clip_has_one_start() -> None:
    """It is encoded in pieces, and whoever picks the clip after it would be shown one of them."""
    of = task([1, 1])
    long = sources(of, b0c0={"duration_s": 20.0})

    assert Board(of, long, []).combination(Choice((0, 0), None, None)).starts_s == (0, 20)


def test_a_bad_clip_spoils_only_what_shows_it() -> None:
    """A person would see nothing of a campaign for one file that is not there yet."""
    of = task([2, 1])
    broken: dict[str, object] = {**sources(of), url("b0c1"): SourceError("it is no video")}

    found = Board(of, broken, [])  # type: ignore[arg-type]  # facts or errors

    assert found.combination(Choice((0, 0), None, None)).full.frames == 180
    with pytest.raises(SourceError, match="no video"):
        found.combination(Choice((1, 0), None, None))
    assert [each.choice.clips for each in found.combinations()] == [(0, 0)]


def test_a_title_that_nobody_would_see_is_told_once_all_is_known() -> None:
    """``render`` refuses it."""
    of = task([1], overlays=[{"text": "Sale", "from": "9s", "to": "10s"}])
    found = board(of)

    assert [*found.combinations()]

    assert isinstance(found.unseen, InvalidTask)


def test_every_form_can_be_looked_at_and_makes_what_render_makes_of_it() -> None:
    """Whoever looks at the feed would be shown the story, or wait for parts that no video has."""
    pictures = [{"name": "reels", **LARGE}, {"name": "feed", "width": 320, "height": 400, "fit": "cover"}]
    of = task([2, 2], 1, 2, pictures=pictures)
    looked_at = board(of)

    found = [*looked_at.combinations()]

    planned = plan(of, sources(of), [line(each.text) for each in of.spec.speech])
    assert [(each.name, each.full) for each in found] == [
        (each.name, each.order) for each in planned.variants
    ]
    first = looked_at.chosen[0]
    assert [looked_at.combination(first, form).name for form in ("reels", "feed", "gone", None)] == [
        found[0].name, found[1].name, found[0].name, found[0].name
    ]  # fmt: skip
    assert [each.draft is not None for each in found[:2]] == [True, False]


def test_a_page_knows_what_each_target_covers_in_each_form() -> None:
    """The zones of a story would be drawn over a feed, or none be drawn."""
    forms = [{"name": "reels", **LARGE}, {"name": "feed", "width": 1080, "height": 1350}]
    title = {"text": "Sale", "place": {"x": "50%", "y": "95%"}}
    of = task([1], pictures=forms, targets=["metaStories", "metaFeed"], overlays=[title])

    told = board(of).about_targets

    assert len(told) == 1
    assert told[0].startswith('spec.overlays[0].place ("Sale"): leaves the safe zone in reels (1080x1920)')
