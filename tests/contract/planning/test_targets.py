"""What platforms publish, and what is told of a campaign that is to be shown on them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any, get_args
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.area import area, free_of
from cliptask.errors import in_bytes
from cliptask.index import campaign_index
from cliptask.index_files import index_csv
from cliptask.layers import Layer
from cliptask.orders import Profile
from cliptask.planning.changes import changes
from cliptask.planning.extent import Box, covered, extent
from cliptask.planning.foreseen import foreseen, lengths
from cliptask.planning.plan import Campaign, plan
from cliptask.planning.reception import received, told
from cliptask.planning.targets import Video, refusals, shape_for
from cliptask.spec.platforms import PLATFORMS, USUAL, Bounds, Number, Target
from cliptask.spec.position import Position
from support.campaigns import facts, line, sha, sources, task

TARGETS: tuple[Target, ...] = get_args(Target)
ZONED = [target for target in TARGETS if PLATFORMS[target].zone]
UPRIGHT = {"width": 1080, "height": 1920, "fps": 30}
LOGO = "https://cdn.example.com/logo.png"
MEASURES = ("seconds", "size_bytes", "bits_per_second", "fps")


def numbers() -> Iterator[tuple[Target, str, Number]]:
    """All that are published, with whose they are and what."""
    for target, platform in PLATFORMS.items():
        for measure in MEASURES:
            yield from ((target, measure, each) for each in getattr(platform, measure) if each)
        for shape in platform.shapes:
            yield from ((target, "pixels", each) for each in (*(shape.least or ()), *(shape.most or ())))
        yield from ((target, "zone", each) for each in platform.zone or () if each)


def bounds() -> list[Any]:
    """Each that a platform sets, with what it bounds."""
    return [
        pytest.param(target, measure, getattr(PLATFORMS[target], measure), id=f"{target} {measure}")
        for target in TARGETS
        for measure in MEASURES
        if any(getattr(PLATFORMS[target], measure))
    ]


def video(target: Target, measure: str = "", amount: float = 0) -> Video:
    """One that the target takes, but for what is measured of it."""
    shape = PLATFORMS[target].shapes[0]
    width, height = (1080, 1920) if shape.narrowest <= Fraction(9, 16) else (1080, 1350)
    if measure == "bits_per_second":
        return Video(width, height, 30, 10.0, round(amount * 10 / 8))
    given_ = {"fps": 30, "duration_s": 10.0, "size_bytes": 5_000_000}
    name = {"seconds": "duration_s"}.get(measure, measure)
    given_ |= {name: amount} if name else {}
    if measure == "seconds":
        given_["size_bytes"] = round(amount * 500_000)
    if measure == "size_bytes":
        given_["duration_s"] = 10.0
    return Video(width, height, **given_)  # type: ignore[arg-type]


# The data


def test_every_platform_has_its_data() -> None:
    """The API would take a target of which the program knows nothing."""
    assert tuple(PLATFORMS) == TARGETS


@pytest.mark.parametrize(("target", "what", "number"), [pytest.param(*each, id=f"{each[0]} {each[1]} {each[2].value:g}") for each in numbers()])  # fmt: skip
def test_every_number_has_a_source_and_a_day(target: Target, what: str, number: Number) -> None:
    """Nobody could check it once the platform has changed its mind."""
    assert urlsplit(number.source.url).scheme == "https", (target, what)
    assert date(2026, 1, 1) <= date.fromisoformat(number.source.read) <= date(2026, 12, 31)
    assert number.value >= 0


def test_all_platforms_together_leave_room_for_a_title() -> None:
    """A task that names all of them would have nowhere to put its words."""
    left, top, right, bottom = free_of(TARGETS, 1080, 1920) or (0, 0, 0, 0)

    assert right - left > 0.5
    assert bottom - top > 0.4


def test_what_is_usual_is_what_titles_kept_clear_of_before() -> None:
    """Every video with a title would be made anew."""
    profile = Profile(width=1080, height=1920, fps=30, fit="blur")

    free = area(profile, is_safe=True)

    assert (free.left, free.top, free.right, free.bottom) == (120, 288, 888, 1248)


# Limits


@pytest.mark.parametrize(("target", "measure", "bound"), bounds())
def test_a_limit_is_held_on_it_and_broken_beside_it(target: Target, measure: str, bound: Bounds) -> None:
    """A video that a platform takes would be doubted, or one that it refuses be made and uploaded."""
    step = {"seconds": 0.01, "size_bytes": 1, "bits_per_second": 100, "fps": 1}[measure]
    kind = {"seconds": "length", "size_bytes": "size", "bits_per_second": "bitrate", "fps": "rate"}[measure]

    def refused(amount: float) -> list[str]:
        return [each.kind for each in refusals(target, video(target, measure, amount)) if each.kind == kind]

    if bound.least:
        assert refused(bound.least.value) == refused(bound.least.value + step) == []
        assert refused(bound.least.value - step) == [kind]
    if bound.most:
        assert refused(bound.most.value) == refused(bound.most.value - step) == []
        assert refused(bound.most.value + step) == [kind]


@pytest.mark.parametrize("target", TARGETS)
def test_an_ordinary_ad_suits_every_platform(target: Target) -> None:
    """Whoever makes what everybody makes would be warned."""
    assert refusals(target, video(target)) == ()


@pytest.mark.parametrize(
    ("target", "index"),
    [(target, index) for target in TARGETS for index in range(len(PLATFORMS[target].shapes))],
)
@pytest.mark.parametrize("off", [-0.02, -0.009, 0, 0.009, 0.02])
def test_a_shape_may_be_off_by_a_hundredth(target: Target, index: int, off: float) -> None:
    """Encoders round to even pixels; what is off by more is shown with bars, or cut."""
    shape = PLATFORMS[target].shapes[index]
    takes = [
        shape_for(target, round(100_000 * ratio * (1 + off)), 100_000) == shape
        for ratio in (shape.narrowest, shape.widest)
    ]

    at_narrowest, at_widest = takes
    assert at_narrowest == (off >= -0.01 if shape.narrowest != shape.widest else abs(off) <= 0.01)
    assert at_widest == (off <= 0.01 if shape.narrowest != shape.widest else abs(off) <= 0.01)


@pytest.mark.parametrize(
    ("target", "size", "words"),
    [
        ("tiktok", (540, 960), None), ("tiktok", (538, 960), "is 538x960; it takes 540x960 or more"), ("tiktok", (638, 638), "is 638x638; it takes 640x640 or more"),
        ("tiktok", (640, 640), None), ("tiktok", (958, 540), "is 958x540; it takes 960x540 or more"), ("metaFeed", (600, 750), None),
        ("metaFeed", (598, 748), "is 598x748; it takes a width of 600 or more"), ("linkedin", (1920, 1920), None), ("linkedin", (1922, 1922), "is 1922x1922; it takes at most 1920x1920"),
        ("linkedin", (358, 358), "is 358x358; it takes 360x360 or more"), ("metaStories", (498, 886), "is 498x886; it takes a width of 500 or more"),
    ],
)  # fmt: skip
def test_a_picture_may_be_too_small_or_too_large(target: Target, size: tuple[int, int], words: str | None) -> None:  # fmt: skip
    """The platform's own form would say it, once all were uploaded."""
    found = [str(each) for each in refusals(target, Video(*size, 30, 10.0)) if each.kind == "pixels"]

    assert found == ([words] if words else [])


@given(
    target=st.sampled_from(TARGETS),
    seconds=st.floats(0.1, 4000),
    size_bytes=st.integers(1, 10**12),
    fps=st.sampled_from([24, 30, 60]),
)
def test_only_what_is_beyond_a_published_number_is_refused(
    target: Target, seconds: float, size_bytes: int, fps: int
) -> None:
    """A sentence would speak of a limit that nobody has set."""
    platform = PLATFORMS[target]
    found = {
        each.kind: each for each in refusals(target, video(target)._replace(duration_s=seconds, size_bytes=size_bytes, fps=fps))
    }  # fmt: skip

    def beyond(bound: Bounds, amount: float) -> bool:
        return bool(
            (bound.least and amount < bound.least.value - 1e-4)
            or (bound.most and amount > bound.most.value + 1e-4)
        )

    assert ("length" in found) == beyond(platform.seconds, seconds)
    assert ("size" in found) == beyond(platform.size_bytes, size_bytes)
    assert ("bitrate" in found) == beyond(platform.bits_per_second, size_bytes * 8 / seconds)
    assert ("rate" in found) == beyond(platform.fps, fps)
    assert all(each.remedy and each.takes and each.said for each in found.values())


# Safe zones


def placed(**rest: Any) -> Layer:  # noqa: ANN401  a layer's fields
    """A picture of 200x100 pixels of 1080x1920."""
    return Layer(**{"image": sha(LOGO), "position": "topLeft", "width": 200 / 1080, **rest})


PICTURE = facts(LOGO, kind="still", width=400, height=200, duration_s=0, fps=0)
PROFILE = Profile(width=1080, height=1920, fps=30, fit="blur")


def corner(edge: str, zone: Box, beyond: float) -> tuple[float, float]:
    """Where the picture's upper left corner is if it lies so far beyond an edge of a zone, and within the others."""
    x, y = (zone.left + zone.right) / 2 - 100, (zone.top + zone.bottom) / 2 - 50
    at = {
        "left": (zone.left - beyond, y),
        "top": (x, zone.top - beyond),
        "right": (zone.right + beyond - 200, y),
        "bottom": (x, zone.bottom + beyond - 100),
    }
    return at[edge][0] / 1080, at[edge][1] / 1920


@pytest.mark.parametrize("target", ZONED)
@pytest.mark.parametrize("edge", ["left", "top", "right", "bottom"])
@pytest.mark.parametrize("beyond", [-2, 0, 2, 40])
def test_what_leaves_a_zone_is_told_to_the_pixel(target: Target, edge: str, beyond: int) -> None:
    """A button would lie on a logo, or an author move what lies well."""
    free = free_of([target], 1080, 1920)
    assert free is not None
    zone = Box(free[0] * 1080, free[1] * 1920, free[2] * 1080, free[3] * 1920)

    found = covered(
        "spec.overlays[0]", placed(at=corner(edge, zone, beyond)), PROFILE, PICTURE, [target], "reels"
    )

    if beyond <= 0:
        assert found is None
    else:
        assert found is not None
        assert {each: round(pixels) for each, pixels in found.by[target].items()} == {edge: beyond}
        words = found.sentence()
        assert words.startswith(f"spec.overlays[0].place: leaves the safe zone in reels (1080x1920), of {target} by {beyond} px at the {edge}: move it ")  # fmt: skip


def test_the_remedy_of_what_is_to_be_moved_is_right() -> None:
    """Whoever followed it would stand outside again."""
    layer = placed(at=(0.0, 0.9))
    found = covered("spec.overlays[0]", layer, PROFILE, PICTURE, ["metaReels", "tiktok"], None)

    assert found is not None
    words = found.sentence()
    assert words.endswith(
        "move it to the right by 120 px and up by 580 px, or give it a position instead of a place"
    )
    moved = placed(at=(120 / 1080, (0.9 * 1920 - 580) / 1920))
    assert covered("spec.overlays[0]", moved, PROFILE, PICTURE, ["metaReels", "tiktok"], None) is None


@pytest.mark.parametrize(
    ("layer", "image"),
    [
        (placed(at=(0.0, 0.0), width=1.0, image=sha("frame")), facts("frame", kind="still", width=1080, height=1920)),
        (placed(at=(0.0, 0.0)), None),
        (placed(position="bottom"), PICTURE),
    ],
    ids=["covers all", "unknown picture", "where it is placed for them"],
)  # fmt: skip
def test_what_nobody_need_move_is_not_spoken_of(layer: Layer, image: Any) -> None:  # noqa: ANN401  a source's facts, or none
    """A frame, a guess, or what stands well would be warned of."""
    assert covered("spec.overlays[0]", layer, PROFILE, image, TARGETS, None) is None


def test_a_bar_and_a_counter_at_the_edge_are_told_too() -> None:
    """They are the words that lie lowest."""
    over = [
        {"progress": {}, "place": {"x": "0%", "y": "100%", "anchor": "bottomLeft"}},
        {"counter": {"to": 100}, "place": {"x": "50%", "y": "95%"}},
        {"text": "Sale", "safe": False},
    ]

    found = planned(["tiktok"], overlays=over).about_targets

    assert [each.partition(":")[0] for each in found] == [
        "spec.overlays[0].place", "spec.overlays[1].place", 'spec.overlays[2].safe ("Sale")',
    ]  # fmt: skip
    assert found[2].endswith("leave safe out, and it stands within")


def test_the_text_that_is_worst_stands_for_its_block() -> None:
    """A hundred texts in three forms would be three hundred sentences."""
    texts = [{"text": text} for text in ("A", "A rather long headline", "Some words", "B")]
    block = {"name": "headline", "texts": texts, "place": {"x": "84%", "y": "50%"}}

    (found,) = planned(["tiktok"], textBlocks=[block], variants={"text": "product"}).about_targets

    assert found.startswith('spec.textBlocks[0].place ("A rather long headline" and ')


@given(
    targets=st.lists(st.sampled_from(TARGETS), min_size=1, max_size=8, unique=True),
    position=st.sampled_from(get_args(Position)),
    text=st.sampled_from(["Sale", "Only today: twenty percent off everything", "A\nB\nC"]),
    share=st.sampled_from(["5%", "10%", "20%"]),
)
def test_a_title_without_a_place_is_clear_of_all_its_targets(
    targets: list[Target], position: Position, text: str, share: str
) -> None:
    """The program would put it under buttons by itself."""
    over = [{"text": text, "position": position, "style": {"size": share}}]
    campaign = planned(targets, overlays=over)

    layer = campaign.variants[0].order.segments[0].cuts[0].overlays[0]

    assert not any("safe zone" in each for each in campaign.about_targets)
    free = free_of(targets, 1080, 1920)
    assert (layer.free == free) or (layer.free is None and free in {None, free_of(USUAL, 1080, 1920)})
    taken = extent(layer, PROFILE)
    for target in targets:
        if zone := free_of([target], 1080, 1920):
            box = Box(zone[0] * 1080, zone[1] * 1920, zone[2] * 1080, zone[3] * 1920)
            assert taken.within(box, 2), target


def test_targets_that_need_no_other_place_change_no_video() -> None:
    """To say where an ad is shown would cost its whole encode."""
    over = [{"text": "Sale"}, {"text": "Now", "place": {"x": "50%", "y": "50%"}}]
    spoken: dict[str, Any] = {"captions": {"mode": "burned"}, "overlays": over, "lines": 1}
    before = planned([], **spoken)

    assert names(planned(["tiktok", "metaReels", "youtubeShorts"], **spoken)) == names(before)
    assert names(planned(["pinterest", "linkedin"], **spoken)) == names(before)
    assert not {*names(planned(["metaStories"], **spoken))} & {*names(before)}
    assert names(planned(["metaStories"])) == names(planned([]))


def test_burned_captions_keep_clear_of_the_targets() -> None:
    """What is said would be read by nobody."""
    said = planned(["snapchat"], captions={"mode": "burned"}, lines=1).variants[0].order.burned

    assert said is not None
    assert said.look.free == free_of(["snapchat"], 1080, 1920)


# A campaign


def planned(targets: list[Any], lines: int = 0, files: Any = None, **spec: Any) -> Campaign:  # noqa: ANN401  a spec's fields
    """One of 1080x1920, of a clip of 12 s, for these targets."""
    sizes = {} if "pictures" in spec else {"picture": UPRIGHT}
    of = task([1], lines=lines, targets=targets, **{**sizes, **spec})
    found = sources(of, **(files or {"b0c0": {"duration_s": 12.0}}))
    return plan(of, found, [line(each.text) for each in of.spec.speech])


def names(campaign: Campaign) -> list[str]:
    """Of its videos."""
    return [each.name for each in campaign.variants]


FORMS = [
    {"name": "reels", "width": 1080, "height": 1920},
    {"name": "feed", "width": 1080, "height": 1350},
    {"name": "wide", "width": 1920, "height": 1080},
]


def test_a_target_concerns_the_forms_whose_shape_it_takes() -> None:
    """A feed would be said to refuse a story that nobody shows there."""
    campaign = planned(["metaReels", "metaFeed", "tiktok"], pictures=FORMS)

    forms = {each.target: each.forms for each in received(campaign, {})}

    assert forms == {"metaReels": ("reels",), "metaFeed": ("feed", "wide"), "tiktok": ("reels", "wide")}
    assert told(campaign, received(campaign, {})) == ()


def test_a_target_that_no_form_suits_and_a_form_that_suits_no_target_are_told() -> None:
    """Videos would be made that nobody shows, and those be missing that were wanted."""
    said = planned(["metaReels", "snapchat"], pictures=FORMS[1:]).about_targets

    assert said == (
        "spec.targets[0]: metaReels takes 9:16, and no picture has that shape (feed 1080x1350, wide 1920x1080): give the task one that has, or leave the target out",
        "spec.targets[1]: snapchat takes 9:16, and no picture has that shape (feed 1080x1350, wide 1920x1080): give the task one that has, or leave the target out",
        "spec.pictures[0]: no target takes 1080x1350: leave the picture out, or name a target for it",
        "spec.pictures[1]: no target takes 1920x1080: leave the picture out, or name a target for it",
    )


def test_which_videos_a_platform_would_refuse_is_told_with_the_remedy() -> None:
    """A hundred would be rendered, and three of them refused by a form that gives no reason."""
    files = {f"b0c{n}": {"duration_s": seconds} for n, seconds in enumerate((4.2, 4.5, 3.0, 4.9, 5.0))}
    of = task([5], targets=["tiktok", "metaReels"], picture=UPRIGHT)
    campaign = plan(of, sources(of, **files), [])
    every = names(campaign)

    (said,) = told(campaign, received(campaign, {}))

    assert said == (
        f"tiktok would refuse 4 of 5 videos ({', '.join(every[:3])} and 1 more): lasts 3 s to 4.9 s; it takes 5 s to 10 min: use longer clips"
    )


def test_forms_that_are_too_small_are_told_by_what_each_needs() -> None:
    """A square would be said to need the size of a story."""
    forms = [{"name": "reels", "width": 360, "height": 640}, {"name": "square", "width": 360, "height": 360}]
    campaign = planned(["tiktok"], pictures=forms)

    assert [each.rpartition("): ")[2] for each in told(campaign, received(campaign, {}))] == [
        "is 360x640; it takes 540x960 or more: give the picture a larger size",
        "is 360x360; it takes 640x640 or more: give the picture a larger size",
    ]


def test_an_estimate_is_called_one_and_a_size_is_not() -> None:
    """Whoever reads 501 MB would trust a guess, or doubt a fact."""
    campaign = planned(["tiktok"])
    sizes = {names(campaign)[0]: 501_000_000}

    guessed = told(campaign, received(campaign, sizes, ()))
    known = told(campaign, received(campaign, sizes), is_made=True)

    assert "would refuse 1 of 1 video " in guessed[0]
    assert f"has about {in_bytes(501_000_000)}; it takes at most 500 MB" in guessed[0]
    assert "refuses 1 of 1 video " in known[0]
    assert f"has {in_bytes(501_000_000)}; it takes" in known[0]


def test_the_index_says_where_each_video_may_be_shown_by_its_true_size() -> None:
    """A program that uploads would have to know all platforms by itself."""
    campaign = planned(["tiktok", "metaFeed"], pictures=FORMS)
    sizes = dict(zip(names(campaign), (20_000_000, 15_000_000, 10_000), strict=True))

    index = campaign_index(campaign, sizes, {})

    assert [each.targets for each in index.variants] == [("tiktok",), ("metaFeed",), ("metaFeed",)]
    assert [dict(each.refused) for each in index.variants] == [
        {}, {}, {"tiktok": ("has 7 kbit/s; it takes 516 kbit/s or more",)},
    ]  # fmt: skip
    rows = "".join(index_csv(index)).splitlines()
    assert rows[0].split(",")[1] == "Targets"
    assert [row.split(",")[1] for row in rows[1:]] == ["tiktok", "metaFeed", "metaFeed"]
    assert "Targets" not in "".join(index_csv(campaign_index(planned([]), {}, {})))


def test_an_edit_of_the_targets_is_told_as_what_it_is() -> None:
    """Videos would be made anew, and nobody know why."""
    from cliptask.index_history import history  # noqa: PLC0415  one test's

    over = [{"text": "Sale"}]
    before = planned(["metaReels"], overlays=over)
    made = history(campaign_index(before, dict.fromkeys(names(before), 1), {}))
    of = task([1], targets=["metaStories"], picture=UPRIGHT, overlays=over)
    after = plan(of, sources(of, b0c0={"duration_s": 12.0}), [], history=made)

    (change,) = changes(after, set()).values()

    assert change.because == ("targets was metaReels, is metaStories",)


# Before anything is fetched


@pytest.mark.parametrize(
    ("clips", "spec", "expected"),
    [
        ([[{"trim": {"end": "2s"}}, {"trim": {"start": "1s", "end": "5s"}, "speed": 2}], [{"duration": "3s"}]], {}, (5, 5)),
        ([[{"trim": {"end": "2s"}}, {"trim": {"end": "4s"}}], [{"duration": "3s"}]], {"transitions": [{"duration": "500ms"}]}, (4.5, 6.5)),
        ([[{"trim": {"end": "2s"}}, {}], [{"duration": "3s"}]], {}, None),
        ([[{"trim": {"end": "2s"}}], [{"trim": {"start": "2s"}}]], {}, None),
        ([[{"trim": {"end": "2s"}}], [{"duration": "3s"}]], {"speech": [{"voice": "A", "text": "Hi"}], "sound": {"overflow": "Freeze"}}, None),
        ([[{"trim": {"end": "2s"}}], [{"duration": "3s"}]], {"speech": [{"voice": "A", "text": "Hi"}]}, (5, 5)),
    ],
)  # fmt: skip
def test_lengths_follow_from_the_words_alone_where_they_do(
    clips: list[list[dict[str, Any]]], spec: dict[str, Any], expected: tuple[float, float] | None
) -> None:
    """A file's length would be guessed, or what is written not be used."""
    assert lengths(written(clips, **spec)) == expected


def written(clips: list[list[dict[str, Any]]], **spec: Any) -> Any:  # noqa: ANN401  a spec and its fields
    """A spec with these clips in each block."""
    blocks = [
        {"name": f"b{row}", "clips": [{"url": f"https://cdn.example.com/{row}-{index}.mp4", **clip} for index, clip in enumerate(some)]}
        for row, some in enumerate(clips)
    ]  # fmt: skip
    return task([], videoBlocks=blocks, **spec).spec


def test_what_the_words_tell_is_told_before_anything_is_fetched() -> None:
    """A slip in a trim would show once gigabytes are here."""
    clips: list[list[dict[str, Any]]] = [
        [{"trim": {"end": "2s"}}, {"trim": {"end": "3s"}}],
        [{"duration": "2s"}],
    ]
    spec = written(
        clips,
        targets=["tiktok", "metaFeed"],
        picture=UPRIGHT,
        overlays=[{"text": "Sale", "place": {"x": "50%", "y": "90%"}}, {"image": {"url": LOGO}, "safe": False}],
    )  # fmt: skip

    said = foreseen(spec)

    assert said[0] == "tiktok would refuse some videos: lasts 4 s; it takes 5 s to 10 min: use longer clips"
    assert said[1].startswith("spec.targets[1]: metaFeed takes 4:5 to 1.91:1, and no picture has that shape")
    assert said[2].startswith(
        'spec.overlays[0].place ("Sale"): leaves the safe zone in 1080x1920, of tiktok by about '
    )
    assert len(said) == 3


def test_nothing_is_foreseen_of_what_files_decide() -> None:
    """A form that is as large as its clips would be judged by a guess."""
    over = [{"text": "Sale", "safe": False}]

    assert foreseen(written([[{}]], targets=["tiktok"], overlays=over)) == ()
    assert foreseen(written([[{}]], picture=UPRIGHT, overlays=over)) == ()


def test_a_row_is_foreseen_as_it_is_filled() -> None:
    """A long city would be covered, and nobody told."""
    rows = [{"city": "Oslo"}, {"city": "Llanfairpwllgwyngyll"}]
    over = [{"text": "{{city}}", "place": {"x": "20%", "y": "50%"}}]
    spec = written([[{}]], targets=["tiktok"], picture=UPRIGHT, overlays=over, data={"rows": rows})

    (said,) = foreseen(spec)

    assert said.startswith('spec.overlays[0].place ("Llanfairpwllgwyngyll" and 1 more)')
