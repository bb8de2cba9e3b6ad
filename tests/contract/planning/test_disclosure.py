"""What of each variant AI made, what its file and its picture say of that, and what of it is made anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.errors import InvalidTask
from cliptask.facts import SpokenLine
from cliptask.index import campaign_index
from cliptask.index_files import index_csv
from cliptask.index_history import history
from cliptask.order import digest
from cliptask.planning.changes import Change, changes
from cliptask.planning.history import NOTHING, History
from cliptask.planning.plan import Campaign, Variant, plan
from cliptask.spec.places import source_places
from cliptask.spec.task import ClipTask
from support.campaigns import line, sources, task

Data = dict[str, Any]
LABEL = {"label": {"text": "AI"}}


def planned(of: ClipTask, before: History = NOTHING, *, is_silent: bool = False) -> Campaign:
    """Of a task whose files and lines are all ordinary; ``is_silent``: nobody speaks them."""
    lines: list[SpokenLine | None] = [None if is_silent else line(each.text) for each in of.spec.lines]
    return plan(of, sources(of), lines, history=before)


def marked(of: ClipTask, *names: str) -> ClipTask:
    """The same, of which AI made the clips, tracks and pictures whose files have these names."""
    return _changed(
        of, lambda each: {"synthetic": True} if str(each.get("url")).rpartition("/")[2] in names else {}
    )


def unmarked(of: ClipTask) -> ClipTask:
    """The same, of which nobody says what AI made."""
    return _changed(of, lambda each: {"synthetic": None} if "synthetic" in each else {})


def _changed(of: ClipTask, by: Callable[[Data], Data]) -> ClipTask:
    """A task with other fields of some of its objects."""

    def change(value: Any) -> Any:  # noqa: ANN401  any plain value
        if isinstance(value, list):
            return [change(each) for each in value]
        if isinstance(value, dict):
            return {name: change(each) for name, each in value.items()} | by(value)
        return value

    return ClipTask.model_validate(change(of.model_dump(mode="json", by_alias=True, exclude_none=True)))


def one(of: ClipTask) -> Variant:
    """The only variant of a task."""
    (variant,) = planned(of).variants
    return variant


@st.composite
def campaigns(draw: st.DrawFn, disclosures: Sequence[Data] = ({}, LABEL)) -> ClipTask:
    """Every mixture of ingredients that AI made and others."""
    blocks = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    tracks = draw(st.integers(0, 2))
    logo = [{"image": {"url": "https://cdn.example.com/logo.png"}}] if draw(st.booleans()) else []
    of = task(
        blocks,
        tracks,
        draw(st.integers(0, 2)),
        overlays=[{"text": "Sale"}, *logo],
        sound={"musicVolume": draw(st.sampled_from([0, 0.4]))},
        variants={"music": draw(st.sampled_from(["product", "balanced"]))},
        disclosure=draw(st.sampled_from(disclosures)),
    )
    files = [place.url.rpartition("/")[2] for place in source_places(of.spec)]
    return marked(of, *(each for each in files if draw(st.booleans())))


@given(of=campaigns(), is_silent=st.booleans())
def test_a_variant_holds_what_its_ingredients_are(of: ClipTask, is_silent: bool) -> None:
    """An ad would go out unmarked although AI made some of it, or be called synthetic for a clip that it does not show."""
    spec = of.spec
    clips = {clip.label: bool(clip.synthetic) for block in spec.video_blocks for clip in block.clips}
    tracks = {track.label: bool(track.synthetic) for track in spec.tracks}
    images = [bool(each.image.synthetic) for each in spec.overlays if each.image]

    for variant in planned(of, is_silent=is_silent).variants:
        shown = [clips[label] for label in variant.clips]
        heard = [tracks[variant.track]] if variant.track and spec.sound.music_volume else []
        spoken = [True] if variant.line and not is_silent else []
        of_kinds = {"voice": spoken, "clip": shown, "track": heard, "overlay": images}
        every = [mark for marks in of_kinds.values() for mark in marks]

        assert variant.synthetic == tuple(kind for kind, marks in of_kinds.items() if any(marks))
        assert variant.order.source_type == (
            None if not any(every) else "trainedAlgorithmicMedia" if all(every) else "compositeSynthetic"
        )
        has_label = spec.disclosure is not None and spec.disclosure.label is not None
        assert ("AI" in variant.titles) == (has_label and any(every))


@given(of=campaigns(disclosures=[{}]))
def test_marks_change_no_part_of_any_video(of: ClipTask) -> None:
    """Telling the truth about a clip would encode the campaign anew; and so it would not be told."""
    pairs = zip(planned(unmarked(of)).variants, planned(of).variants, strict=True)

    for before, after in pairs:
        assert [each.key for each in before.order.segments] == [each.key for each in after.order.segments]
        assert before.order.soundtrack == after.order.soundtrack
        is_told_alike = before.order.source_type == after.order.source_type
        assert (before.order.key == after.order.key) == is_told_alike


KINDS = {
    "nothing": ((), 0, ()),
    "a voice": ((), 1, ("voice",)),
    "a clip": (("b1c0.mp4",), 0, ("clip",)),
    "a track": (("t0.mp4",), 0, ("track",)),
    "a picture over it": (("logo.png",), 0, ("overlay",)),
    "all of it": (("b0c0.mp4", "b1c0.mp4", "t0.mp4", "logo.png"), 1, ("voice", "clip", "track", "overlay")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_index_and_the_table_tell_what_ai_made(kind: str) -> None:
    """Who uploads an ad could not tick the platform's box for it."""
    names, lines, synthetic = KINDS[kind]
    logo = {"image": {"url": "https://cdn.example.com/logo.png"}}
    campaign = planned(marked(task([1, 1], 1, lines, overlays=[logo]), *names))

    index = campaign_index(campaign, {each.name: 1 for each in campaign.variants}, {})

    heading, row = "".join(index_csv(index)).splitlines()
    assert index.variants[0].synthetic == synthetic
    assert row.split(",")[heading.split(",").index("Synthetic")] == " ".join(synthetic)


class TestKeys:
    """What a video is called after an earlier version has made it."""

    def test_of_what_ai_made_nothing_of_stay(self) -> None:
        """Every video of every campaign would be joined again, and go out under another name."""
        order = one(task([1, 1], tracks=1)).order

        assert order.soundtrack is not None
        assert order.key == digest(
            {
                "kind": "VariantOrder",
                "segments": [each.key for each in order.segments],
                "soundtrack": order.soundtrack.key,
                "captions": None,
                "language": None,
            }
        )

    def test_of_what_it_made_some_of_are_others_and_the_plan_says_why(self) -> None:
        """A file without the mark would pass for one that has it; or somebody would look for an edit that nobody made."""
        of = task([1], lines=1)
        was = planned(of)
        index = campaign_index(was, {each.name: 1 for each in was.variants}, {})
        # As an earlier version has written it: its keys and names were others.
        (old,) = index.variants
        earlier = index.model_copy(
            update={
                "settings": {
                    name: value for name, value in index.settings.items() if name != "disclosure.label"
                },
                "variants": (old.model_copy(update={"name": f"{old.name[:-8]}00000000"}),),
            }
        )

        (change,) = changes(planned(of, history(earlier)), ()).values()

        assert change == Change(
            "changed",
            f"{old.name[:-8]}00000000",
            ("this version of the program says in its metadata that it holds something synthetic",),
        )


class TestLabel:
    """What stands over the picture."""

    def test_lies_over_the_whole_of_what_ai_made_some_of_and_over_nothing_else(self) -> None:
        """Viewers would be told of one video what is true of another."""
        of = marked(task([2, 1], disclosure=LABEL), "b0c1.mp4")

        plain, labelled = planned(of).variants

        assert (plain.titles, labelled.titles) == ((), ("AI",))
        for segment in labelled.order.segments:
            (over,) = segment.all_overlays
            assert (over.start_frame, over.end_frame) == (0, segment.frames)

    def test_costs_those_segments_twice_that_both_show(self) -> None:
        """A plan would tell of fewer encodes than a run makes."""
        plain, marks = task([2, 2]), ("b0c1.mp4",)

        without = planned(marked(plain, *marks))
        with_label = planned(marked(task([2, 2], disclosure=LABEL), *marks))

        assert len(without.segments) == 4
        assert len(with_label.segments) == 6
        assert {each.key for each in with_label.segments} > {
            each.key for each in planned(task([1, 2])).segments
        }

    def test_stands_beside_the_titles_in_its_place(self) -> None:
        """One would be written over the other."""
        titles = [{"text": "Half price", "position": "top"}, {"text": "Now", "position": "bottom"}]

        variant = one(marked(task([1], overlays=titles, disclosure=LABEL), "b0c0.mp4"))

        over = variant.order.segments[0].all_overlays
        assert [(each.text, each.position) for each in over] == [
            ("Half price", "top"), ("Now", "bottom"), ("AI", "topLeft")
        ]  # fmt: skip
        assert [[beside.text for beside in each.beside] for each in over] == [[], [], ["Half price"]]

    def test_looks_as_it_is_told_to_and_is_small_unless_it_is_told_otherwise(self) -> None:
        """It would be as large as a title, or be no plate that anything can be read on."""
        looks = [
            one(marked(task([1], disclosure={"label": {"text": "AI", **style}}), "b0c0.mp4"))
            .order.segments[0]
            .all_overlays[0]
            for style in ({}, {"style": {"color": "#ff0000"}}, {"style": {"size": "8%"}, "position": "top"})
        ]

        styles = [each.style for each in looks]
        assert [style and (style.size, style.color, bool(style.box_color)) for style in styles] == [
            (0.035, "#ffffff", True), (0.035, "#ff0000", False), (0.08, "#ffffff", False)
        ]  # fmt: skip
        assert [each.position for each in looks] == ["topLeft", "topLeft", "top"]

    @pytest.mark.parametrize(
        ("languages", "spoken", "expected"),
        [
            (["en", "de"], ["en", "de"], {"en": "AI", "de": "KI"}),
            ([], ["en", "de"], {"en": "AI", "de": "KI"}),
            ([], ["de-AT", "uk"], {"de-AT": "KI", "uk": "AI"}),
            ([], ["pt-BR", "pt"], {"pt-BR": "IA do Brasil", "pt": "IA"}),
        ],
    )
    def test_is_in_the_language_of_the_video(
        self, languages: list[str], spoken: list[str], expected: dict[str, str]
    ) -> None:
        """Viewers would be told in a language that the ad does not speak."""
        texts = {"de": "KI", "pt": "IA", "pt-BR": "IA do Brasil"}
        translations = [
            {"language": tag, "text": text}
            for tag, text in texts.items()
            if not languages or tag in languages
        ]
        of = task(
            [1],
            languages=languages,
            speech=[{"voice": "Rachel", "text": tag, "name": tag.lower(), "language": tag} for tag in spoken],
            variants={"speech": "product"},
            disclosure={"label": {"text": "AI", "translations": translations}},
        )

        shown = {each.line: each.titles for each in planned(of).variants}

        assert shown == {tag.lower(): (text,) for tag, text in expected.items()}

    def test_is_filled_by_rows(self) -> None:
        """An ad for every country would tell in one language."""
        rows = [{"name": "de", "ai": "KI-Stimme"}, {"name": "fr", "ai": "Voix IA"}]
        of = task([1], lines=1, data={"rows": rows}, disclosure={"label": {"text": "{{ai}}"}})

        shown = {each.others["row"]: each.titles for each in planned(of).variants}

        assert shown == {"de": ("KI-Stimme",), "fr": ("Voix IA",)}

    def test_that_no_video_shows_is_remarked_on(self) -> None:
        """Its author would believe that it is there."""
        told = planned(task([1], disclosure=LABEL)).remarks
        heard = planned(task([1], lines=1, disclosure=LABEL)).remarks

        assert [each.partition(",")[0] for each in told] == [
            "spec.disclosure.label: no video holds anything synthetic"
        ]
        assert heard == ()

    def test_where_platforms_lay_their_buttons_is_remarked_on(self) -> None:
        """What the law asks for would stand below a button, and its author believe that it is seen."""
        upright = {"width": 1080, "height": 1920}
        placed = {
            "label": {
                "text": "AI-generated voice",
                "place": {"x": "100%", "y": "100%", "anchor": "bottomRight"},
            }
        }

        plain, aimed = (
            planned(task([1, 1], lines=1, picture=upright, disclosure=placed, targets=targets))
            for targets in ([], ["tiktok"])
        )

        assert [each.partition(": takes about ")[0] for each in plain.remarks] == [
            "spec.disclosure.label.place"
        ]
        assert ["spec.disclosure.label.place" in each for each in aimed.about_targets] == [True]

    def test_that_nobody_would_see_is_refused(self) -> None:
        """It would be ordered, and stand nowhere."""
        of = task([1], lines=1, disclosure={"label": {"text": "AI", "from": "5s"}})

        with pytest.raises(InvalidTask, match=r"^spec\.disclosure\.label\.from: 5s is when every video ends"):
            planned(of)

    def test_of_a_block_lies_over_that_alone(self) -> None:
        """Pieces of other clips would be encoded anew for it."""
        of = task([1, 1], lines=1, disclosure={"label": {"text": "AI", "block": "b1"}})

        over = [[each.text for each in segment.all_overlays] for segment in one(of).order.segments]

        assert over == [[], ["AI"]]

    def test_shows_in_every_form(self) -> None:
        """A form would go out unlabelled."""
        forms = [{"name": "reels", "width": 90, "height": 160}, {"name": "feed", "width": 100, "height": 100}]

        campaign = planned(task([1], lines=1, pictures=forms, disclosure=LABEL))

        assert {
            each.form: (each.titles, each.order.source_type) for each in campaign.variants
        } == dict.fromkeys(("reels", "feed"), (("AI",), "compositeSynthetic"))
