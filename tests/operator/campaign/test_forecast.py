"""What a plan says of an edit, in sentences and in data."""

from __future__ import annotations

from collections import Counter

from cliptask.index import campaign_index
from cliptask.index_history import history
from cliptask.planning.history import NOTHING, History
from cliptask.planning.plan import Campaign, plan
from cliptask.spec.task import ClipTask
from cliptask_operator.campaign.effort import Effort, Needs
from cliptask_operator.campaign.forecast import Forecast
from cliptask_operator.campaign.inputs import ResolvedInputs
from cliptask_operator.campaign.inventory import Inventory, missing
from support.campaigns import line, sources, task


def planned(of: ClipTask, before: History = NOTHING) -> Campaign:
    """Its campaign, all files and lines being ordinary."""
    return plan(of, sources(of), [line(each.text) for each in of.spec.speech], history=before)


def forecast(*edits: ClipTask) -> Forecast:
    """What is said of the last of these, those before having been made one after another."""
    there: set[str] = set()
    before = NOTHING
    for each in edits[:-1]:
        made = planned(each, before)
        there |= {variant.name for variant in made.variants}
        before = history(campaign_index(made, {variant.name: 1 for variant in made.variants}, {}))
    campaign = planned(edits[-1], before)
    wanted = {variant.name for variant in campaign.variants}
    inventory = Inventory(videos=frozenset(there & wanted), earlier=tuple(sorted(there - wanted)))
    inputs = ResolvedInputs({}, [])
    return Forecast(campaign, inputs, missing(campaign, inventory), Effort(Needs()), inventory.earlier)


def test_an_edit_is_summed_up_in_a_sentence() -> None:
    """Whoever reviews a pull request would have to count in a list of names."""
    said = forecast(task([3, 2, 2], lines=2), task([4, 2, 2], lines=3))

    assert said.remarks[0] == (
        "1 of 16 dealt anew: line 'line-2' was added; 4 new: clip 'b0c3' was added to b0"
    )


def test_a_sentence_names_three_edits_at_most() -> None:
    """A large edit would fill the terminal."""
    said = forecast(task([1, 2]), task([6, 2]))

    assert said.remarks[0] == (
        "10 of 12 new: clip 'b0c1' was added to b0, clip 'b0c2' was added to b0, clip 'b0c3' was added to b0, 2 more"
    )


def test_nothing_is_said_where_there_is_nothing_to_say() -> None:
    """A first plan would speak of edits, and one without any."""
    assert "new" not in " ".join(forecast(task([2])).remarks)
    assert "of 2 " not in " ".join(forecast(task([2]), task([2])).remarks)


def test_data_say_of_each_video_what_became_of_it() -> None:
    """A script could not tell which ad to stop for which."""
    said = forecast(task([3, 2, 2], lines=2), task([3, 2, 2], lines=3)).as_dict()

    variants = said["variants"]
    anew = [each for each in variants if each["isNew"]]
    assert Counter(each["change"] for each in variants) == {"stays": 8, "dealtAnew": 4}
    assert {tuple(each["because"]) for each in anew} == {("line 'line-2' was added",)}
    assert sorted(each["was"] for each in anew) == said["earlier"]["names"]
    assert all(each["was"] is None and each["because"] == [] for each in variants if not each["isNew"])


def test_a_comment_says_of_each_video_what_became_of_it() -> None:
    """A reviewer would see names, and not why they are new."""
    lines = forecast(task([2], lines=1), task([2], lines=2)).as_markdown().splitlines()

    (new,) = (each for each in lines if each.startswith("- `") and "dealt anew" in each)
    assert new.endswith("`): line 'line-1' was added")
    assert " (was `b0c" in new
    assert "- 1 of 2 dealt anew: line 'line-1' was added" in lines
