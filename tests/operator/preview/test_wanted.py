"""Which parts are made first."""

from __future__ import annotations

from cliptask.planning.choices import Choice
from cliptask_operator.preview.board import Board, Heard
from cliptask_operator.preview.wanted import SOUNDTRACKS_SOON, Stock, wanted
from support.campaigns import line, sources, task

LARGE = {"width": 1080, "height": 1920}


def board(blocks: list[int], tracks: int = 0, lines: int = 0) -> Board:
    """Of a task with large pictures."""
    of = task(blocks, tracks, lines, picture=LARGE)
    return Board(of, sources(of), [Heard(line(each.text), "voice") for each in of.spec.speech])


def test_what_is_looked_at_comes_first_and_its_draft_before_it() -> None:
    """Somebody would wait for what nobody looks at."""
    of = board([3, 3], tracks=2)
    current = Stock.of([of.combination(Choice((2, 2), 1, None))])

    found = wanted(current, Stock.of(of.combinations()), lambda _part: True)

    assert found.now == (*current.soundtracks, *current.drafts)
    assert found.later[:2] == tuple(segment for segment, _ in current.segments)


def test_each_part_is_made_once_and_all_of_them_in_the_end() -> None:
    """A part that is left out would keep videos from ever being seen in full."""
    of = board([3, 2, 2], tracks=2, lines=2)
    campaign = Stock.of(of.combinations())

    found = wanted(Stock(), campaign, lambda _part: True)

    keys = {part.key for part in (*found.now, *found.soon, *found.later)}
    assert keys == {part.key for part in campaign.parts}
    assert len(found.soon) == len({part.key for part in found.soon})
    assert len(found.later) == len({part.key for part in found.later})


def test_after_an_edit_only_what_changed_is_made() -> None:
    """Everything else is there."""
    of = board([2, 2])
    campaign = Stock.of(of.combinations())
    segment, draft = campaign.segments[0]
    assert draft is not None

    found = wanted(campaign, campaign, lambda part: part in {segment, draft})

    assert found.now == (draft,)
    assert found.later == (segment, draft)


def test_a_draft_of_what_is_there_is_made_when_nothing_else_is_to_do() -> None:
    """The next edit of one clip needs drafts of all the others, to be seen at once."""
    of = board([2, 2])
    campaign = Stock.of(of.combinations())

    found = wanted(campaign, campaign, lambda part: part.is_draft)

    assert (found.now, found.soon) == ((), ())
    assert set(found.later) == set(campaign.drafts)


def test_thousands_of_soundtracks_keep_nobody_waiting() -> None:
    """Each takes a third of a second, and somebody looks at one."""
    of = board([5, 5], tracks=5, lines=5)
    campaign = Stock.of(
        of.combination(Choice((0, 0), track, line)) for track in range(5) for line in range(5)
    )
    many = Stock(campaign.segments, campaign.soundtracks * 4)

    found = wanted(Stock(), many, lambda _part: True)

    assert sum(part in campaign.soundtracks for part in found.soon) <= SOUNDTRACKS_SOON
    assert set(campaign.soundtracks) <= {*found.soon, *found.later}
