"""What rows make of a campaign: how they combine, what they are called, and what is wrong with which cell."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.errors import ClipTaskError, InvalidTask, SourceError
from cliptask.index import campaign_index
from cliptask.index_history import history
from cliptask.planning.changes import changes
from cliptask.planning.choices import count_variants
from cliptask.planning.history import NOTHING, History
from cliptask.planning.plan import Campaign, plan
from cliptask.spec.places import source_places
from cliptask.spec.rows import columns_in, fill
from cliptask.spec.task import ClipTask
from support.campaigns import line, sources, task

ROWS = [{"city": "Kyiv", "price": "€9"}, {"city": "Lviv", "price": "€8"}, {"city": "Odesa", "price": "€7"}]
TITLE = [{"text": "{{price}} only in {{city}}", "position": "top"}]


def with_rows(blocks: list[int], rows: list[dict[str, str]] = ROWS, **spec: Any) -> ClipTask:  # noqa: ANN401  fields of many types
    """A task with rows that fill a title, unless ``spec`` says otherwise."""
    data = {"rows": rows, **spec.pop("data", {})}
    return task(blocks, **{"overlays": TITLE, "data": data, **spec})


def planned(of: ClipTask, before: History = NOTHING, **bad: ClipTaskError) -> Campaign:
    """Of a task whose files and lines are all ordinary but those that are ``bad``, by the last part of their URLs."""
    files: dict[str, Any] = {
        url: bad.get(url.rpartition("/")[2].partition(".")[0], facts) for url, facts in sources(of).items()
    }
    return plan(of, files, [line(each.text) for each in of.spec.lines], history=before)


def made(campaign: Campaign) -> History:
    """What its index says once it is made."""
    return history(campaign_index(campaign, {each.name: 1 for each in campaign.variants}, {}))


class TestPlaceholders:
    """What stands in double braces."""

    def test_are_named_where_what_they_are_in_is_of_no_row(self) -> None:
        """A filter would show braces, of which people take it that nothing was filled in."""
        clips = [
            {"url": "https://cdn.example.com/{{city}}.mp4"},
            {"name": "own", "url": "https://cdn.example.com/a.mp4"},
        ]
        of = with_rows(
            [1],
            videoBlocks=[{"name": "hook", "clips": clips}],
            speech=[{"voice": "Rachel", "text": "In {{city}}, {{{{now}}}}"}],
            textBlocks=[{"name": "headline", "texts": [{"text": "{{price}} only"}, {"name": "sale", "text": "Sale"}]}],
        )  # fmt: skip

        parts = planned(of).parts

        titles = {column: [part.title for part in some] for column, some in parts.items()}
        assert titles["hook"] == ["«city»", "own"]
        assert titles["/others/headline"] == ["«price» only", "sale"]
        assert titles["/lines"] == ["In «city», {{now}}"]

    @pytest.mark.parametrize(
        ("text", "filled"),
        [
            ("{{city}}!", "Kyiv!"),
            ("{{ city }} and {{city}}", "Kyiv and Kyiv"),
            ("{{{{city}}}}", "{{city}}"),
            ("{{{{ {{city}} }}}}", "{{ Kyiv }}"),
            ("{city} } {", "{city} } {"),
        ],
    )
    def test_are_filled(self, text: str, filled: str) -> None:
        """Braces that are meant as such could not be written."""
        assert fill(text, {"city": "Kyiv"}) == filled

    @given(st.text(), st.text())
    def test_never_take_a_cell_for_a_text_with_placeholders(self, before: str, cell: str) -> None:
        """A cell that holds braces would be filled again."""
        text = before.replace("{", "").replace("}", "") + "{{a}}"

        assert fill(text, {"a": cell}) == text[: -len("{{a}}")] + cell
        assert columns_in(text) == ("a",)


class TestCombine:
    """How rows go with clips."""

    def test_all_with_all(self) -> None:
        """A city would get a part of the campaign."""
        campaign = planned(with_rows([2, 1]))

        assert len(campaign.variants) == 6
        assert Counter(each.others["row"] for each in campaign.variants) == {"kyiv": 2, "lviv": 2, "odesa": 2}
        assert {(each.others["row"], each.titles) for each in campaign.variants} == {
            ("kyiv", ("€9 only in Kyiv",)), ("lviv", ("€8 only in Lviv",)), ("odesa", ("€7 only in Odesa",))
        }  # fmt: skip
        assert all(f"-{each.others['row']}-" in each.name for each in campaign.variants)

    def test_evenly(self) -> None:
        """One city would be shown on most of the videos."""
        campaign = planned(with_rows([3, 2], data={"combine": "balanced"}))

        assert Counter(each.others["row"] for each in campaign.variants) == {"kyiv": 2, "lviv": 2, "odesa": 2}

    @pytest.mark.parametrize("blocks", [[3], [3, 3], [3, 1, 3]])
    def test_one_by_one(self, blocks: list[int]) -> None:
        """The clip of one city would go with the price of another."""
        campaign = planned(with_rows(blocks, lines=3, data={"combine": "zip"}))

        assert [(each.others["row"], each.clips[0], each.line) for each in campaign.variants] == [
            ("kyiv", "b0c0", "line-0"), ("lviv", "b0c1", "line-1"), ("odesa", "b0c2", "line-2")
        ]  # fmt: skip

    def test_a_thousand_rows_one_by_one(self) -> None:
        """A table of the usual size would be refused as too much to be checked."""
        rows = [{"city": f"c{n}"} for n in range(100)]

        of = with_rows([100, 100, 1], rows, overlays=[{"text": "{{city}}"}], data={"combine": "zip"})

        assert count_variants(of.spec) == 100

    def test_count_before_anything_is_fetched(self) -> None:
        """More than an installation allows would be found out after it was paid for."""
        assert count_variants(with_rows([4, 2]).spec) == 24

    def test_are_told_by_only(self) -> None:
        """A single city could not be made alone."""
        campaign = planned(with_rows([2], variants={"only": [{"row": "lviv"}]}))

        assert {each.others["row"] for each in campaign.variants} == {"lviv"}


class TestFields:
    """Where a column may stand."""

    def test_lines_and_their_languages(self) -> None:
        """Another city's name would be spoken, or a language told that nobody speaks."""
        rows = [{"name": "en", "hello": "Hello"}, {"name": "de", "hello": "Guten Tag"}]
        campaign = planned(
            with_rows(
                [1], rows, overlays=[], speech=[{"voice": "v", "text": "{{hello}}.", "language": "{{name}}"}]
            )
        )

        assert {(each.others["row"], each.text, each.order.language) for each in campaign.variants} == {
            ("en", "Hello.", "eng"), ("de", "Guten Tag.", "deu")
        }  # fmt: skip

    def test_urls(self) -> None:
        """The clip of one city would be shown in all."""
        of = with_rows(
            [1], videoBlocks=[{"name": "b0", "clips": [{"url": "https://x/{{city}}.mp4", "name": "town"}]}]
        )
        campaign = planned(of)

        assert of.spec.urls == ("https://x/Kyiv.mp4", "https://x/Lviv.mp4", "https://x/Odesa.mp4")
        assert {each.clips for each in campaign.variants} == {("town",)}
        assert len({each.order.segments[0].cuts[0].source for each in campaign.variants}) == 3
        assert [str(place) for place in source_places(of.spec)][1:] == [
            "spec.videoBlocks[0].clips[0] (town, row lviv, https://x/Lviv.mp4)",
            "spec.videoBlocks[0].clips[0] (town, row odesa, https://x/Odesa.mp4)",
        ]

    def test_a_whole_url(self) -> None:
        """A table with the links of a feed could not be used as it is."""
        rows = [{"name": "a", "video": "https://x/1.mp4"}, {"name": "b", "video": "https://y/2.mp4"}]
        clips = [{"url": "{{video}}"}]

        of = with_rows([1], rows, overlays=[], videoBlocks=[{"name": "b0", "clips": clips}])

        assert of.spec.urls == ("https://x/1.mp4", "https://y/2.mp4")

    def test_what_no_row_fills_is_made_once(self) -> None:
        """Every row would encode the whole campaign anew."""
        campaign = planned(with_rows([2, 2], overlays=[{**TITLE[0], "block": "b1"}]))

        assert len(campaign.segments) == 2 + 2 * 3

    def test_names_of_rows(self) -> None:
        """Rows could not be told apart by more than one column."""
        campaign = planned(with_rows([1], data={"name": "{{price}} {{city}}"}))

        assert [each.others["row"] for each in campaign.variants] == ["eur9-kyiv", "eur8-lviv", "eur7-odesa"]


class TestBadRows:
    """What is refused before anything is spent."""

    @pytest.mark.parametrize(
        ("spec", "words"),
        [
            ({"overlays": [{"text": "{{town}}"}]}, r'^spec\.overlays\[0\]\.text: there is no column "town": .*there are: city, price'),
            ({"overlays": [{"text": "{{citi}}"}]}, "did you mean city"),
            ({"rows": [*ROWS, {"city": " ", "price": "1"}]}, r"^spec\.data\.rows\[3\]\.city: is empty, and spec\.overlays\[0\]\.text needs it"),
            ({"rows": [*ROWS, {"city": "Kyiv", "price": "1"}]}, r"^spec\.data\.rows\[3\]: is called kyiv, as row 1 is: give spec\.data\.name"),
            ({"rows": [*ROWS, {"city": "X"}]}, r'^spec\.data\.rows\[3\]: has no cell "price": give all rows the same columns'),
            ({"rows": [*ROWS, {"city": "X", "price": "1", "more": "2"}]}, 'has a cell that the first row has not, "more"'),
            ({"rows": [{"the city": "X"}], "overlays": []}, r"a column is called by a letter"),
            ({"speech": [{"voice": "v", "text": "x", "language": "{{city}}"}]}, r'^spec\.data\.rows\[0\]\.city: with it spec\.speech\[0\]\.language must be a BCP 47 tag such as .* \(given "Kyiv"\)'),
            ({"speech": [{"voice": "v", "text": "x", "language": "{{city}}"}], "languages": ["en"]}, "a row has its language: leave spec.languages out"),
            ({"videoBlocks": [{"name": "b0", "clips": [{"url": "{{price}}"}]}]}, r"^spec\.data\.rows\[0\]\.price: with it spec\.videoBlocks\[0\]\.clips\[0\]\.url is not a URL that can be fetched"),
            ({"fonts": [{"name": "brand", "url": "https://x/{{city}}.ttf"}]}, r"^spec\.fonts\[0\]\.url: all rows have the same fonts"),
            ({"data": {"combine": "zip"}, "blocks": [2]}, r"^spec\.data\.combine: zip pairs 3 rows with 2 of b0: give as many, or one"),
            ({"data": {"combine": "zip"}, "variants": {"only": [{"b0": "b0c0"}]}}, r"^spec\.variants\.only: zip says already"),
        ],
    )  # fmt: skip
    def test_are_named_by_row_and_column(self, spec: dict[str, Any], words: str) -> None:
        """A video would be made with a hole in it, or its author would have to look for the cell."""
        with pytest.raises((InvalidTask, ValueError), match=words):
            planned(with_rows(spec.pop("blocks", [1]), spec.pop("rows", ROWS), **spec))

    def test_without_rows_a_column_is_refused(self) -> None:
        """An ad would show its braces."""
        with pytest.raises(
            InvalidTask,
            match=r'^spec\.overlays\[0\]\.text: names the column "price", and the task has no rows',
        ):
            planned(task([1], overlays=TITLE))

    def test_all_of_them_are_told_at_once(self) -> None:
        """Whoever mends a table of a thousand rows would be told of one cell at a time."""
        rows = [{"city": f"c{n}", "price": ""} for n in range(80)]

        with pytest.raises(InvalidTask) as caught:
            planned(with_rows([1], rows))

        assert len(str(caught.value).splitlines()) == 51
        assert str(caught.value).endswith("spec.data: and 30 more problems")


class TestARowThatFails:
    """A row whose file cannot be had."""

    CLIPS = ({"url": "https://x/{{city}}.mp4"}, {"url": "https://x/all.mp4"})

    def test_fails_alone(self) -> None:
        """One dead link would stop a campaign of a thousand cities."""
        of = with_rows([1], videoBlocks=[{"name": "b0", "clips": [self.CLIPS[0]]}])

        campaign = planned(of, Lviv=SourceError("404"))

        assert [each.others["row"] for each in campaign.variants] == ["kyiv", "odesa"]
        assert [(each.others["row"], str(each.error)) for each in campaign.skipped] == [("lviv", "404")]

    def test_is_tried_again_alone(self) -> None:
        """Once the link is mended, the other rows would be made anew."""
        of = with_rows([1], videoBlocks=[{"name": "b0", "clips": [self.CLIPS[0]]}])
        first = planned(of, Lviv=SourceError("404"))

        second = planned(of, made(first))

        told = changes(second, {each.name for each in first.variants})
        assert sorted(each.kind for each in told.values()) == ["missing", "stays", "stays"]

    def test_what_all_rows_need_fails_all(self) -> None:
        """A campaign would be reported as made in part of which nothing can be."""
        of = with_rows([1], videoBlocks=[{"name": "b0", "clips": [self.CLIPS[1]]}])

        with pytest.raises(SourceError, match="404"):
            planned(of, all=SourceError("404"))


class TestAnEdit:
    """What an edit of the rows does."""

    def test_a_row_more_makes_its_own_videos(self) -> None:
        """Cities that run would be made anew."""
        first = planned(with_rows([2], ROWS[:2]))
        second = planned(with_rows([2], ROWS), made(first))

        told = changes(second, {each.name for each in first.variants})

        assert Counter((each.kind, each.because) for each in told.values()) == {
            ("stays", ()): 4, ("newCombination", ("row 'odesa' was added",)): 2
        }  # fmt: skip

    def test_a_cell_changes_its_row(self) -> None:
        """A new price would make all cities anew, or be told as something else."""
        first = planned(with_rows([2]))
        second = planned(with_rows([2], [ROWS[0] | {"price": "€5"}, *ROWS[1:]]), made(first))

        told = changes(second, {each.name for each in first.variants})

        assert Counter((each.kind, each.because) for each in told.values()) == {
            ("stays", ()): 4, ("changed", ("row 'kyiv' has other cells",)): 2
        }  # fmt: skip

    def test_rows_in_another_order_change_nothing(self) -> None:
        """A table that is sorted otherwise would be another campaign."""
        first = planned(with_rows([2]))
        second = planned(with_rows([2], ROWS[::-1]), made(first))

        assert {each.name for each in first.variants} == {each.name for each in second.variants}
