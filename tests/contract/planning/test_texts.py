"""Which text falls to which variant, what that costs, and that no variant mixes languages."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cliptask.errors import InvalidTask
from cliptask.index import campaign_index
from cliptask.index_history import history
from cliptask.planning.changes import changes
from cliptask.planning.history import NOTHING, History
from cliptask.planning.plan import Campaign, Variant, plan
from cliptask.spec.task import ClipTask
from support.campaigns import line, sources, task

HEADLINES = ["Half price", "Two for one", "Only today"]


def block(*texts: str, name: str = "headline", **fields: object) -> dict[str, Any]:
    """A text block at the top."""
    return {"name": name, "position": "top", "texts": [{"text": text} for text in texts], **fields}


def planned(of: ClipTask, before: History = NOTHING) -> Campaign:
    """Of a task whose files and lines are all ordinary."""
    return plan(of, sources(of), [line(each.text) for each in of.spec.lines], history=before)


def made(campaign: Campaign) -> History:
    """What its index says once it is made."""
    return history(campaign_index(campaign, {each.name: 1 for each in campaign.variants}, {}))


def clips_and_text(variant: Variant) -> tuple[tuple[str, ...], str]:
    """What tells variants apart where texts multiply."""
    return variant.clips, variant.others["headline"]


class TestTexts:
    """Texts of a block."""

    def test_fall_to_variants_evenly(self) -> None:
        """One headline would be tried on most of the videos."""
        campaign = planned(task([3, 2], textBlocks=[block(*HEADLINES)]))

        counts = Counter(each.others["headline"] for each in campaign.variants)
        assert counts == {"half-price": 2, "two-for-one": 2, "only-today": 2}
        assert Counter(each.clips[0] for each in campaign.variants).keys() == {"b0c0", "b0c1", "b0c2"}

    def test_multiply_where_that_is_asked_for(self) -> None:
        """A test of each headline with each clip could not be made."""
        campaign = planned(task([3, 2], textBlocks=[block(*HEADLINES)], variants={"text": "product"}))

        assert len(campaign.variants) == 18
        assert len(set(map(clips_and_text, campaign.variants))) == 18

    def test_stand_in_the_picture_and_in_the_name(self) -> None:
        """Somebody would be shown another headline than the name says."""
        campaign = planned(task([1, 1], textBlocks=[block(*HEADLINES)], variants={"text": "product"}))

        shown = {each.others["headline"]: each.titles for each in campaign.variants}
        assert shown == {
            "half-price": ("Half price",), "two-for-one": ("Two for one",), "only-today": ("Only today",)
        }  # fmt: skip
        assert all(f"-{each.others['headline']}-" in each.name for each in campaign.variants)

    def test_of_one_block_cost_that_block_alone(self) -> None:
        """Every headline would encode the whole video anew."""
        plain = planned(task([1, 1]))
        campaign = planned(
            task([1, 1], textBlocks=[block(*HEADLINES, block="b0")], variants={"text": "product"})
        )

        assert len(campaign.segments) == 3 + 1
        assert {each.key for each in plain.segments} & {each.key for each in campaign.segments}

    def test_stand_beside_titles(self) -> None:
        """A headline would be written over the title in its place."""
        campaign = planned(
            task(
                [1],
                overlays=[{"text": "New", "position": "top"}],
                textBlocks=[block("Half price"), block("Go", name="call", position="bottom")],
            )
        )

        over = campaign.segments[0].all_overlays
        assert [each.text for each in over] == ["New", "Half price", "Go"]
        assert [[beside.text for beside in each.beside] for each in over] == [[], ["New"], []]

    def test_that_nobody_would_see_are_refused(self) -> None:
        """A campaign would be made whose headline never shows."""
        of = task([1], textBlocks=[block(*HEADLINES, **{"from": "5s"})])

        with pytest.raises(InvalidTask, match=r"^spec\.textBlocks\[0\]\.from: 5s is when every video ends"):
            planned(of)

    @pytest.mark.parametrize("mode", ["balanced", "product"])
    def test_are_told_by_rules(self, mode: str) -> None:
        """A headline could not be kept from the clip that contradicts it."""
        rules = [{"exclude": {"headline": ["half-price"], "b0": ["b0c1"]}}]
        of = task([2, 2], textBlocks=[block(*HEADLINES)], variants={"text": mode, "rules": rules})

        campaign = planned(of)

        assert not [
            each
            for each in campaign.variants
            if (each.clips[0], each.others["headline"]) == ("b0c1", "half-price")
        ]
        assert len(campaign.variants) == (4 if mode == "balanced" else 10)


class TestAnEdit:
    """What an edit of the texts does to videos that are there."""

    def test_moves_the_new_headlines_share_alone(self) -> None:
        """Ads that run would get another headline."""
        first = planned(task([3, 4], textBlocks=[block(*HEADLINES[:2])]))
        second = planned(task([3, 4], textBlocks=[block(*HEADLINES)]), made(first))

        kept = {each.name for each in first.variants} & {each.name for each in second.variants}
        told = changes(second, kept)

        assert len(kept) == 8
        moved = [each for each in told.values() if each.kind != "stays"]
        assert {(each.kind, each.because) for each in moved} == {
            ("dealtAnew", ("text 'only-today' was added to headline",))
        }

    def test_of_a_text_changes_its_videos_alone(self) -> None:
        """A corrected spelling would make the whole campaign anew, or be named as something else."""
        texts = [{"text": text, "name": f"h{n}"} for n, text in enumerate(HEADLINES)]
        of = task([3], textBlocks=[block() | {"texts": texts}])
        other = task([3], textBlocks=[block() | {"texts": [texts[0] | {"text": "Half prices"}, *texts[1:]]}])
        first = planned(of)

        second = planned(other, made(first))

        told = changes(second, {each.name for each in first.variants})
        assert Counter((each.kind, each.because) for each in told.values()) == {
            ("stays", ()): 2, ("changed", ("text 'h0' of headline has another text",)): 1
        }  # fmt: skip

    def test_of_its_style_is_named(self) -> None:
        """Whoever plans would not be told why all videos change."""
        first = planned(task([2], textBlocks=[block(*HEADLINES[:1])]))
        second = planned(task([2], textBlocks=[block(*HEADLINES[:1], rotation=3)]), made(first))

        told = changes(second, {each.name for each in first.variants})
        assert {each.because for each in told.values()} == {("textBlocks changed",)}

    def test_that_brings_texts_keeps_what_went_together(self) -> None:
        """A campaign that gets headlines would be dealt its lines anew."""
        first = planned(task([3, 2], lines=2))
        second = planned(task([3, 2], lines=2, textBlocks=[block(*HEADLINES)]), made(first))

        assert {(each.clips, each.line) for each in first.variants} == {
            (each.clips, each.line) for each in second.variants
        }


def in_languages(tags: list[str], lines: int, texts: int, **spec: Any) -> ClipTask:  # noqa: ANN401  fields of many types
    """A task with so many lines and texts in each language."""
    speech = [
        {"voice": "v", "text": f"line {n} {tag}", "language": tag} for tag, n in product(tags, range(lines))
    ]
    of_block = [{"text": f"text {n} {tag}", "language": tag} for tag, n in product(tags, range(texts))]
    blocks = [{"name": "headline", "texts": of_block}] if of_block else []
    return task([2, 2], languages=tags, speech=speech, textBlocks=blocks, **spec)


class TestLanguages:
    """Languages of a task."""

    @given(
        st.integers(1, 3),
        st.integers(0, 2),
        st.integers(0, 2),
        st.sampled_from(["balanced", "random", "product"]),
        st.sampled_from(["balanced", "random", "product"]),
        st.none() | st.integers(1, 12),
    )
    @settings(deadline=None, max_examples=60)
    def test_are_never_mixed(
        self, count: int, lines: int, texts: int, speech: str, text: str, limit: int | None
    ) -> None:
        """A German headline would stand over an English voice."""
        tags = ["en", "de", "pt-BR"][:count]
        modes = {"speech": speech, "text": text} | ({"limit": limit} if limit else {})
        campaign = planned(in_languages(tags, lines, texts, variants=modes))

        for each in campaign.variants:
            tag = each.others["language"]
            assert each.line is None or each.line.endswith(tag.lower())
            assert all(title.endswith(tag) for title in map(str.lower, each.others.values()))
        if not limit:
            assert Counter(each.others["language"] for each in campaign.variants).keys() == {
                tag.lower() for tag in tags
            }

    def test_each_have_every_combination(self) -> None:
        """A market would get a part of the campaign."""
        campaign = planned(in_languages(["en", "de"], 1, 1))

        combinations = Counter((each.clips, each.others["language"]) for each in campaign.variants)
        assert len(campaign.variants) == 8
        assert set(combinations.values()) == {1}
        assert {each.order.language for each in campaign.variants} == {"eng", "deu"}

    def test_keep_a_clip_that_speaks_one_to_its_own(self) -> None:
        """An English presenter would stand in the German videos."""
        of = task([2, 1], languages=["en", "de"], speech=[]).model_dump(mode="json", by_alias=True)
        of["spec"]["videoBlocks"][0]["clips"][0]["speech"] = {"voice": "v", "text": "Hello."}

        campaign = planned(ClipTask.model_validate(of))

        assert {(each.clips[0], each.others["language"]) for each in campaign.variants} == {
            ("b0c0", "en"), ("b0c1", "en"), ("b0c1", "de")
        }  # fmt: skip

    def test_that_an_entry_of_only_mixes_are_refused(self) -> None:
        """A list of combinations would lose an entry without a word."""
        only = [{"language": "en", "headline": "text-0-en"}, {"language": "de", "headline": "text-0-en"}]

        with pytest.raises(
            InvalidTask, match=r"^spec\.variants\.only\[1\]: has parts of different languages"
        ):
            planned(in_languages(["en", "de"], 1, 1, variants={"only": only}))

    def test_are_an_ingredient_that_comes_and_goes(self) -> None:
        """A language more would make the others' videos anew."""
        first = planned(in_languages(["en"], 1, 1))
        second = planned(in_languages(["en", "de"], 1, 1), made(first))

        told = changes(second, {each.name for each in first.variants})

        assert {each.name for each in first.variants} <= {each.name for each in second.variants}
        assert {each.because for each in told.values() if each.kind != "stays"} == {
            ("language 'de' was added",)
        }
