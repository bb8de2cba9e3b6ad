"""Several forms of one task: which videos there are, what they share, and what an edit of the forms does."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.errors import InvalidTask, TooManyCombinations
from cliptask.index import CampaignIndex, campaign_index
from cliptask.index_files import index_csv, index_json
from cliptask.index_history import history
from cliptask.planning.changes import Change, changes
from cliptask.planning.choices import count_variants
from cliptask.planning.history import NOTHING, History
from cliptask.planning.plan import Campaign, plan
from cliptask.spec.task import ClipTask
from support.campaigns import line, sources, task

Data = dict[str, Any]

REELS = {"name": "reels", "width": 180, "height": 320, "fit": "blur"}
FEED = {"name": "feed", "width": 160, "height": 200, "fit": "cover"}
WIDE = {"name": "wide", "width": 320, "height": 180}


def data(*pictures: Data, **spec: Any) -> Data:  # noqa: ANN401  a spec's parts
    """Two blocks of two clips, two tracks and three lines: four combinations."""
    of = task([2, 2], tracks=2, lines=3, **spec)
    given = of.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if pictures:
        given["spec"]["pictures"] = copy.deepcopy([*pictures])
    return given


def planned(of: Data, before: History = NOTHING, **files: Any) -> Campaign:  # noqa: ANN401  fields of facts
    """The campaign of a task whose files and lines are all ordinary."""
    made = ClipTask.model_validate(of)
    return plan(made, sources(made, **files), [line(each.text) for each in made.spec.lines], history=before)


def indexed(campaign: Campaign) -> CampaignIndex:
    """Its index once it is made."""
    return campaign_index(campaign, {each.name: 1 for each in campaign.variants}, {})


def edited(before: Data, edit: Callable[[Data], object]) -> tuple[Campaign, Campaign, dict[str, Change]]:
    """The campaigns before and after an edit of the spec, and what it did."""
    changed = copy.deepcopy(before)
    edit(changed["spec"])
    was = planned(before)
    now = planned(changed, history(indexed(was)))
    return was, now, changes(now, {each.name for each in was.variants} & {each.name for each in now.variants})


def told(said: dict[str, Change]) -> Counter[tuple[str, tuple[str, ...]]]:
    """Counted."""
    return Counter((each.kind, each.because) for each in said.values())


def dealt(campaign: Campaign, form: str | None) -> list[tuple[object, ...]]:
    """The combinations in one form."""
    return [(each.clips, each.track, each.line) for each in campaign.variants if each.form == form]


def test_every_combination_is_a_video_in_every_form() -> None:
    """A placement would lack ads, or show others than the next one does."""
    campaign = planned(data(REELS, FEED, WIDE))

    assert len(campaign.variants) == 12
    assert (
        dealt(campaign, "reels")
        == dealt(campaign, "feed")
        == dealt(campaign, "wide")
        == dealt(planned(data()), None)
    )
    for variant in campaign.variants:
        assert f"-{variant.form}-" in variant.name
        assert {segment.profile for segment in variant.order.segments} == {campaign.profiles[variant.form]}


def test_forms_share_what_is_heard_and_differ_in_what_is_seen() -> None:
    """Each form would cost its mixes again; or one would show pictures of another's shape."""
    one, all_ = planned(data(REELS)), planned(data(REELS, FEED))

    assert {each.key for each in all_.soundtracks} == {each.key for each in one.soundtracks}
    assert len(all_.segments) == 2 * len(one.segments)
    for first, second in zip(all_.segments[::2], all_.segments[1::2], strict=False):
        assert first.profile.fps == second.profile.fps


def test_the_only_form_names_no_video_whatever_it_is_called() -> None:
    """A task of one form would have its videos renamed by the words in which it says so."""
    plain = {key: value for key, value in REELS.items() if key != "name"}

    assert planned(data(REELS)).variants == planned(data(picture=plain)).variants
    assert {each.form for each in planned(data(REELS)).variants} == {None}


@pytest.mark.parametrize("first", [REELS, FEED])
def test_a_form_that_is_added_makes_its_own_videos_alone(first: Data) -> None:
    """Ads that run would be made again because a placement was added."""
    other = FEED if first is REELS else REELS
    was, now, said = edited(data(first, other), lambda spec: spec["pictures"].insert(1, WIDE))

    assert {each.name for each in was.variants} < {each.name for each in now.variants}
    assert told(said) == {("stays", ()): 8, ("newCombination", ("picture 'wide' was added",)): 4}


def test_a_second_form_renames_the_videos_of_the_first_and_encodes_none_of_them() -> None:
    """Nobody could tell two forms apart by their names, or the first would be made from nothing."""
    plain = {key: value for key, value in REELS.items() if key != "name"}

    def add(spec: Data) -> None:
        spec.pop("picture")
        spec["pictures"] = [REELS, FEED]

    was, now, said = edited(data(picture=plain), add)

    assert told(said) == {
        ("renamed", ("its picture is called 'reels' now",)): 4,
        ("newCombination", ("picture 'feed' was added",)): 4,
    }
    assert {each.key for each in was.segments} < {each.key for each in now.segments}
    assert {each.was for each in said.values()} == {"", *(each.name for each in was.variants)}


def test_the_last_form_that_is_left_is_renamed_likewise() -> None:
    """As above, backwards."""
    _, _, said = edited(data(REELS, FEED), lambda spec: spec["pictures"].pop())

    assert told(said) == {("renamed", ("picture 'reels' is the only one now",)): 4}


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda spec: spec["pictures"].reverse(), {("stays", ()): 8}),
        (
            lambda spec: spec["pictures"][1].update(fit="blur"),
            {("stays", ()): 4, ("changed", ("pictures.feed.fit was cover, is blur",)): 4},
        ),
        (
            lambda spec: spec["pictures"][1].update(name="square"),
            {("stays", ()): 4, ("renamed", ("picture 'feed' is called 'square' now",)): 4},
        ),
        (
            lambda spec: spec["pictures"][0].update(height=240),
            {("stays", ()): 4, ("changed", ("pictures.reels was 180x320 at 30 fps, is 180x240 at 30 fps",)): 4},
        ),
        (
            lambda spec: spec["videoBlocks"][0]["clips"].append({"url": "https://x/new.mp4", "name": "new"}),
            {("stays", ()): 8, ("newCombination", ("clip 'new' was added to b0",)): 4},
        ),
    ],
    ids=["order", "fit", "name", "size", "clip"],
)  # fmt: skip
def test_an_edit_of_forms_is_told_of_the_videos_that_it_changes(
    edit: Callable[[Data], object], expected: dict[tuple[str, tuple[str, ...]], int]
) -> None:
    """Whoever reads the plan would look for another cause, or in another form."""
    _, _, said = edited(data(REELS, FEED), edit)

    assert told(said) == expected


def test_a_form_that_is_removed_leaves_the_others_as_they_are() -> None:
    """Ads that run elsewhere would be made again."""
    was, now, said = edited(data(REELS, FEED, WIDE), lambda spec: spec["pictures"].pop(0))

    assert told(said) == {("stays", ()): 8}
    assert {each.name for each in now.variants} < {each.name for each in was.variants}


@given(
    st.lists(st.sampled_from(["clip", "line", "track", "form", "noForm", "limit", "mode"]), min_size=1, max_size=6),
    st.integers(2, 4),
)  # fmt: skip
def test_what_is_dealt_does_not_depend_on_the_forms(edits: list[str], limit: int) -> None:
    """The same ad would say one thing in a story and another in the feed; or a new placement would deal all anew."""
    of = data(REELS, FEED, variants={"limit": limit})
    single = data(variants={"limit": limit})
    before, alone = planned(of), planned(single)
    for number, edit in enumerate(edits):
        for each in (of, single):
            _edit(each["spec"], edit, number)
        after = planned(of, history(indexed(before)))
        after_alone = planned(single, history(indexed(alone)))
        forms = [*after.profiles]
        assert all(dealt(after, one) == dealt(after, other) for one, other in pairwise(forms))
        assert sorted(map(str, dealt(after, forms[0]))) == sorted(map(str, dealt(after_alone, None)))
        before, alone = after, after_alone


def _edit(spec: Data, edit: str, number: int) -> None:
    if edit == "clip":
        spec["videoBlocks"][number % 2]["clips"].append({"url": f"https://x/new{number}.mp4"})
    elif edit == "line":
        spec["speech"].append({"voice": "Rachel", "text": f"new {number}"})
    elif edit == "track":
        spec["audioBlocks"][0]["tracks"].append({"url": f"https://x/new{number}.mp3"})
    elif edit == "limit":
        spec["variants"]["limit"] += 1
    elif edit == "mode":
        spec["variants"]["speech"] = "balanced" if spec["variants"].get("speech") == "product" else "product"
    elif "pictures" in spec and edit == "form" and len(spec["pictures"]) < 8:
        spec["pictures"].append({"name": f"f{number}", "width": 100 + 2 * number, "height": 100})
    elif "pictures" in spec and edit == "noForm" and len(spec["pictures"]) > 1:
        spec["pictures"].pop(0)


def test_a_limit_is_of_combinations_and_the_bound_is_of_videos() -> None:
    """A limit would cut a form off in its middle; or a task would make more videos than it may."""
    of = ClipTask.model_validate(data(REELS, FEED, variants={"limit": 3}))

    assert count_variants(of.spec) == 6
    assert len(planned(data(REELS, FEED, variants={"limit": 3})).variants) == 6
    with pytest.raises(
        TooManyCombinations, match="3 combinations in 2 pictures are more than the 5 videos allowed"
    ):
        count_variants(of.spec, 5)


def test_one_form_may_be_as_large_as_its_clips_are_unless_another_is() -> None:
    """The same video would be made twice under two names."""
    free = {"name": "own"}

    assert {(each.width, each.height) for each in planned(data(FEED, free)).profiles.values()} == {
        (160, 200),
        (320, 180),
    }
    with pytest.raises(
        InvalidTask,
        match=r"spec\.pictures\[1\]: .* 320x180 pixels, as large as spec\.pictures\[0\]: leave one",
    ):
        planned(data(WIDE, free))
    with pytest.raises(
        InvalidTask, match=r"spec\.pictures\[1\]: .*: set spec\.pictures\[1\]\.width and height"
    ):
        planned(data(WIDE, free), b0c0={"width": 8000})


@pytest.mark.parametrize("pictures", [[REELS | {"fps": 24}, FEED], [REELS, FEED | {"fps": 24}]])
def test_the_rate_that_one_form_gives_is_that_of_all(pictures: list[Data]) -> None:
    """Forms of two rates would share no soundtrack, and a line would begin elsewhere in each."""
    assert {each.fps for each in planned(data(*pictures)).profiles.values()} == {24}


def test_what_lies_over_the_picture_makes_room_by_the_height_of_each_form() -> None:
    """Captions that take a share of a tall picture's height take another of a wide one's."""
    spec = {"overlays": [{"text": "Now", "position": "bottom"}], "captions": {"mode": "burned"}}

    campaign = planned(data(REELS, WIDE, **spec))

    clear = {
        form: {over.clear for each in campaign.variants if each.form == form for part in each.order.segments for over in part.all_overlays}
        for form in ("reels", "wide")
    }  # fmt: skip
    assert {len(each) for each in clear.values()} == {1}
    assert clear["reels"] != clear["wide"]


def test_the_index_and_its_table_tell_the_form_of_each_video() -> None:
    """Whoever uploads them would send a story to the feed."""
    several, alone = indexed(planned(data(REELS, FEED))), indexed(planned(data(REELS)))

    assert several.profile is None
    assert [(each.name, each.width, each.height) for each in several.forms] == [
        ("reels", 180, 320),
        ("feed", 160, 200),
    ]
    assert Counter(each.form for each in several.variants) == {"reels": 4, "feed": 4}
    assert {row.split(",")[5] for row in "".join(index_csv(several)).splitlines()} == {
        "Form",
        "reels",
        "feed",
    }
    assert (alone.profile and alone.profile.width, alone.forms) == (180, ())
    with pytest.raises(ValueError, match="each entry must name one of several forms"):
        CampaignIndex.model_validate_json(
            "".join(index_json(several)).replace('"form": "feed"', '"form": "story"')
        )


def test_an_index_that_knows_of_no_forms_keeps_its_videos() -> None:
    """After an update of the program every video would count as a new combination."""
    old = indexed(planned(data()))
    old = old.model_copy(update={"parts": tuple(each for each in old.parts if each.kind != "form")})

    now = planned(data(variants={"seed": 1}), history(old))

    assert {each.kind for each in changes(now, set()).values()} == {"missing"}
