"""What stays of a deal when the task changes."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cliptask.planning.choices import Chosen
from cliptask.planning.history import LINES, NOTHING, TRACKS, History, Part, recognized
from support.edits import Edit, Shape, edits, is_drawn, least, shapes

SHAPES = 500


def pool(prefix: str, count: int) -> tuple[tuple[str, str], ...]:
    """Parts whose contents are not their labels."""
    return tuple((f"{prefix}{n}", f"{prefix}-content{n}") for n in range(count))


def shape(blocks: tuple[int, ...], tracks: int = 0, lines: int = 0, **variants: object) -> Shape:
    """So many clips of each block, tracks and lines."""
    pools = {f"b{n}": pool(f"b{n}", size) for n, size in enumerate(blocks)}
    more = {column: pool(column[1], n) for column, n in ((TRACKS, tracks), (LINES, lines)) if n}
    return Shape(pools | more, dict(variants))


def changed(edit: Edit, before: Shape, dealt: Chosen, after: Chosen) -> int:
    """How many of the videos that were dealt are no more."""
    return sum((before.videos(dealt) - edit.after.videos(after)).values())


def spread(dealt: Shape, chosen: Chosen, column: str) -> int:
    """How far the counts of a column's levels are apart."""
    counts = Counter(row[column] for row in dealt.rows(chosen))
    all_of = [counts[label] for label, _ in dealt.pools[column]]
    return max(all_of) - min(all_of)


def campaigns() -> Iterator[tuple[int, Shape, Chosen, History]]:
    """Random tasks that have been dealt, and what their index says."""
    for number, before in enumerate(shapes(SHAPES, seed=7)):
        dealt = before.deal()
        yield number, before, dealt, before.history(dealt)


def test_an_edit_changes_no_more_than_evenness_needs() -> None:
    """Ads that run would lose their history: 500 tasks, each with an addition, a removal, a move and a rename of each kind."""
    for number, before, dealt, history in campaigns():
        for edit in edits(before, number):
            after = edit.after.deal(history)

            if is_drawn(before, edit):
                new = edit.after.videos(after) - before.videos(dealt)
                assert all((edit.column, edit.content) in video for video in new)
            else:
                gone = changed(edit, before, dealt, after)
                assert gone <= 1.1 * least(edit, before, dealt, len(after.choices)), (before, edit)
                if edit.kind == "add":
                    assert spread(edit.after, after, edit.column) <= 1, (before, edit)


@pytest.mark.parametrize("edits_of", ["same", "edited"])
def test_dealt_onto_its_own_result_nothing_changes(edits_of: str) -> None:
    """Each look at a campaign, and each restart, would make other videos."""
    for number, before, dealt, history in itertools.islice(campaigns(), 150):
        assert before.deal(history) == dealt
        for edit in edits(before, number) if edits_of == "edited" else ():
            after = edit.after.deal(history)
            assert edit.after.deal(edit.after.history(after)).choices == after.choices


class TestTable:
    """The edits that the promise was tried with."""

    @pytest.mark.parametrize(("column", "sizes"), [(LINES, {"lines": 2}), (TRACKS, {"tracks": 2})])
    def test_a_third_line_takes_its_share(self, column: str, sizes: dict[str, int]) -> None:
        """Nine of twelve videos would be new for it."""
        before = shape((4, 3), **sizes)
        dealt = before.deal()
        after = replace(before, pools={**before.pools, column: pool(column[1], 3)})

        new = after.videos(after.deal(before.history(dealt))) - before.videos(dealt)

        assert sum(new.values()) == 4
        assert sum((after.videos(after.deal()) - before.videos(dealt)).values()) > 4

    def test_a_hook_put_first_adds_its_own(self) -> None:
        """All sixteen videos would be new."""
        before = shape((3, 4), tracks=2, lines=3)
        dealt = before.deal()
        after = replace(before, pools={**before.pools, "b0": (("new", "new"), *before.pools["b0"])})

        new = after.videos(after.deal(before.history(dealt))) - before.videos(dealt)

        assert sum(new.values()) == 4

    def test_a_clip_more_under_a_limit_takes_its_share(self) -> None:
        """The whole subset would be another one."""
        before = shape((3, 3, 3), limit=12)
        dealt = before.deal()
        after = replace(before, pools={**before.pools, "b1": pool("b1", 4)})

        chosen = after.deal(before.history(dealt))

        assert sum((before.videos(dealt) - after.videos(chosen)).values()) == 3
        assert {spread(after, chosen, column) for column in after.pools} == {0}

    def test_a_lower_limit_keeps_a_part(self) -> None:
        """What stays wanted would be made anew, or one clip be left out."""
        before = shape((3, 3), lines=2, limit=9)
        dealt = before.deal()
        after = replace(before, variants={"limit": 6})

        chosen = after.deal(before.history(dealt))

        assert after.videos(chosen) < before.videos(dealt)
        assert {spread(after, chosen, column) for column in ("b0", "b1")} == {0}

    def test_ignored_history_is_dealt_anew(self) -> None:
        """Nobody could begin again but in another folder."""
        before = shape((3, 4), lines=2)
        after = shape((3, 4), lines=3)

        assert after.deal(NOTHING).choices != after.deal(before.history(before.deal())).choices

    def test_a_block_more_keeps_what_went_together(self) -> None:
        """Every video is another one, but a hook would get another line as well."""
        before = shape((3, 3), lines=3)
        dealt = before.deal()
        after = replace(before, pools={**before.pools, "b2": pool("b2", 1)})

        rows = after.rows(after.deal(before.history(dealt)))

        assert [{**row, "b2": ""} for row in rows] == [{**row, "b2": ""} for row in before.rows(dealt)]

    def test_all_combinations_from_a_subset(self) -> None:
        """Without its limit a campaign would be dealt anew."""
        before = shape((3, 3, 2), lines=3, limit=7)
        dealt = before.deal()
        after = replace(before, variants={})

        chosen = after.deal(before.history(dealt))

        assert before.videos(dealt) <= after.videos(chosen)
        assert spread(after, chosen, LINES) <= 1


class TestRandom:
    """Draws."""

    def test_follow_the_seed(self) -> None:
        """Another seed would draw the same, or the same seed another."""
        drawn = [shape((5, 5), lines=3, speech="random", seed=seed).deal().choices for seed in (1, 1, 2)]

        assert drawn[0] == drawn[1] != drawn[2]

    def test_are_about_even(self) -> None:
        """One line would hardly ever be drawn."""
        of = shape((20, 20), lines=4, speech="random")

        counts = Counter(row[LINES] for row in of.rows(of.deal()))

        assert all(70 <= count <= 130 for count in counts.values())


class TestRecognized:
    """Which part is which."""

    def test_content_counts_before_the_label(self) -> None:
        """Two labels that were swapped would make all videos of both anew."""
        before = History({"b": [Part("a", "x", "1"), Part("b", "y", "2")]}, [{"b": "a"}])

        (column,), rows = recognized(before, {"b": [Part("a", "y"), Part("b", "x")]})

        assert [(part.label, part.id) for part in column.parts] == [("b", "1"), ("a", "2")]
        assert rows == [(0,)]

    def test_a_mended_file_is_the_same_clip(self) -> None:
        """A better take would come with other lines than the first."""
        before = History({"b": [Part("a", "x", "1")]}, [{"b": "a"}])

        (column,), _ = recognized(before, {"b": [Part("new", "z"), Part("a", "y")]})

        assert [part.label for part in column.parts] == ["a", "new"]
        assert column.parts[0].id == "1"
        assert column.new == 1

    def test_a_block_under_another_name_is_the_same(self) -> None:
        """Renaming a slot would deal out the campaign anew."""
        before = History({"b": [Part("a", "x", "1")], "c": [Part("b", "y", "2")]}, [{"b": "a", "c": "b"}])

        columns, rows = recognized(before, {"hook": [Part("a", "x")], "c": [Part("b", "y")]})

        assert [column.parts[0].id for column in columns] == ["1", "2"]
        assert rows == [(0, 0)]

    def test_ids_stay_apart(self) -> None:
        """The old content of a mended clip would come back as that clip."""
        before = History({"b": [Part("a", "y", "x")]}, [])

        (column,), _ = recognized(before, {"b": [Part("a", "y"), Part("b", "x")]})

        assert len({part.id for part in column.parts}) == 2

    @settings(max_examples=200)
    @given(st.data())
    def test_whatever_an_index_says_a_deal_comes_out(self, data: st.DataObject) -> None:
        """A damaged or forged index would stop a task."""
        labels, columns = st.sampled_from(["b00", "b01", "x"]), st.sampled_from(["b0", "b1", LINES, "other"])
        parts = st.builds(Part, labels, st.sampled_from(["b0-content0", "z"]), labels)
        history = History(
            data.draw(st.dictionaries(columns, st.lists(parts, max_size=3), max_size=3)),
            data.draw(st.lists(st.dictionaries(columns, labels), max_size=5)),
        )
        wanted = shape((2, 2), lines=2, **data.draw(st.sampled_from([{}, {"limit": 3}])))

        chosen = wanted.deal(history)

        assert len(set(wanted.videos(chosen))) == wanted.variants.get("limit", 4)
