"""What tasks share, and what they keep from one another."""

from __future__ import annotations

from cliptask.orders import WorkOrder
from cliptask_operator.controller.artifact_leases import PATIENCE_S
from cluster import outcomes
from cluster.outcomes import Outcome
from support.controller_bed import NAMESPACE, OUTPUT, ControllerBed

TWO_BY_TWO = [[0, 1], [2, 3]]
"""Four variants of four segments, each of which two variants share."""


def parts(bed: ControllerBed) -> list[str]:
    """Keys of the segments that Jobs of their own made, in order."""
    return [part.key for order in bed.cluster.orders for part in order.segments]


async def second_waits_for_first(bed: ControllerBed) -> None:
    """Have two tasks of the same clips, of which the first one's Jobs hang and the second has none."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("one", TWO_BY_TWO))
    await bed.running("one", 4)
    bed.apply(bed.task("two", TWO_BY_TWO))
    await bed.phase("two", "Rendering")
    await bed.rest(60)
    assert bed.active("two") == set()
    bed.cluster.judge = lambda _: None


async def test_tasks_that_run_at_once_make_each_part_once(bed: ControllerBed) -> None:
    """Editions of a campaign that are applied together would each encode all of it."""
    names = [f"camp{number}" for number in range(4)]

    bed.apply(*(bed.task(name, TWO_BY_TWO, lines=1) for name in names))
    for name in names:
        assert (await bed.phase(name, "Complete"))["succeeded"] == 4

    assert len(parts(bed)) == len(set(parts(bed))) == 4
    assert set(bed.cluster.made.values()) == {1}


async def test_another_form_has_nothing_of_the_others_made_again(bed: ControllerBed) -> None:
    """Where somebody has emptied the cache, it would cost as much as the whole campaign."""
    forms = [{"name": f"p{height}", "width": 100, "height": height} for height in (100, 120, 140)]
    bed.apply(bed.task("one", TWO_BY_TWO, pictures=forms[:2]))
    await bed.phase("one", "Complete")
    before = len(bed.cluster.orders)
    for each in [*bed.cache.list("segments/")]:
        bed.cache.delete(each.name)

    bed.edit("one", pictures=forms)
    status = await bed.phase("one", "Complete")

    new = [part for order in bed.cluster.orders[before:] for part in order.segments]
    assert (status["succeeded"], len(new)) == (12, 4)
    assert {part.profile.height for part in new} == {140}


async def test_a_task_goes_on_once_the_other_has_made_what_it_waits_for(bed: ControllerBed) -> None:
    """It would find out at its next look, or encode everything again."""
    await second_waits_for_first(bed)

    bed.cluster.go_on()
    status = await bed.phase("two", "Complete")

    assert (status["succeeded"], len(parts(bed))) == (4, 4)


async def test_a_task_that_waits_takes_over_at_once_from_one_that_is_deleted(bed: ControllerBed) -> None:
    """It would stand still until its patience is at an end."""
    await second_waits_for_first(bed)

    bed.cluster.delete_task(NAMESPACE, "one")
    await bed.rest(2)

    assert len(bed.objects("two")) == 4


async def test_a_task_that_waits_takes_over_at_once_from_one_that_is_suspended(bed: ControllerBed) -> None:
    """It would stand still until its patience is at an end."""
    await second_waits_for_first(bed)

    bed.edit("one", execution={"suspend": True})
    await bed.rest(2)

    assert len(bed.objects("two")) == 4
    assert bed.objects("one") == set()


async def test_a_task_waits_no_longer_than_is_worth_it(bed: ControllerBed) -> None:
    """One that sits in a full queue would hold up all others."""
    await second_waits_for_first(bed)

    await bed.rest(PATIENCE_S)

    assert len(bed.objects("two")) == 4


async def test_a_task_does_not_wait_for_parts_that_it_does_not_need(bed: ControllerBed) -> None:
    """Any two campaigns of one bucket would be made one after the other."""
    bed.cluster.judge = lambda order: outcomes.hang() if order.task == "one" else None
    bed.apply(bed.task("one", [[0, 1], [2, 3]]))
    await bed.running("one", 4)

    bed.apply(bed.task("two", [[4, 5], [6, 7]]))

    assert (await bed.phase("two", "Complete"))["succeeded"] == 4


async def test_tasks_of_different_caches_share_nothing(bed: ControllerBed) -> None:
    """One would wait for what the other puts where it cannot find it."""
    bed.cluster.judge = lambda order: outcomes.hang() if order.task == "one" else None
    bed.apply(bed.task("one", TWO_BY_TWO))
    await bed.running("one", 4)

    bed.apply(bed.task("two", TWO_BY_TWO, output={"uri": "gs://bucket/elsewhere"}))

    assert (await bed.phase("two", "Complete"))["succeeded"] == 4


async def test_an_installation_can_have_one_cache_for_all(bed: ControllerBed) -> None:
    """Every output folder would encode the same clips again."""
    await bed.restart(cache_uri="gs://bucket/cache")

    bed.apply(
        bed.task("one", TWO_BY_TWO), bed.task("two", TWO_BY_TWO, output={"uri": "gs://bucket/elsewhere"})
    )
    await bed.phase("one", "Complete")
    await bed.phase("two", "Complete")

    assert len(parts(bed)) == 4
    assert len([*bed.store("gs://bucket/cache").list("segments/")]) == 2 * 4  # each with its picture


async def test_what_lies_in_the_cache_is_not_made_again(bed: ControllerBed) -> None:
    """Every edition of a campaign would be encoded from its beginning."""
    bed.apply(bed.task("one", TWO_BY_TWO, lines=1))
    await bed.phase("one", "Complete")
    before = len(bed.cluster.orders)

    bed.apply(bed.task("two", TWO_BY_TWO))
    await bed.phase("two", "Complete")

    assert bed.steps()[before:] == ["variant"] * 4


async def test_what_was_removed_from_the_cache_is_made_again(bed: ControllerBed) -> None:
    """The operator would believe in what a lifecycle rule has taken away."""
    bed.apply(bed.task("one", TWO_BY_TWO))
    await bed.phase("one", "Complete")
    before = len(bed.cluster.orders)
    for each in [*bed.cache.list("segments/")]:
        bed.cache.delete(each.name)

    bed.apply(bed.task("two", TWO_BY_TWO))
    await bed.phase("two", "Complete")

    assert bed.steps()[before:] == ["segment"] * 4 + ["variant"] * 4


async def test_no_task_is_held_up_by_anothers_failure(bed: ControllerBed) -> None:
    """A part that one task's Job cannot make would be waited for by every other."""

    def judge(order: WorkOrder) -> Outcome | None:
        return outcomes.fail(65) if order.task == "one" and order.segments else None

    bed.cluster.judge = judge
    bed.apply(bed.task("one", TWO_BY_TWO), bed.task("two", TWO_BY_TWO))

    assert (await bed.phase("one", "Failed"))["failed"] == 4
    assert (await bed.phase("two", "Complete"))["succeeded"] == 4


# Folders


async def test_an_output_folder_belongs_to_one_task(bed: ControllerBed) -> None:
    """Two tasks of one name would overwrite each other's index, and prune each other's videos."""
    bed.apply(bed.task("camp", [[0]]))
    await bed.phase("camp", "Complete")
    task = bed.task("camp", [[1]], output={"uri": OUTPUT, "prune": True})
    task["metadata"]["namespace"] = "film"

    bed.apply(task)
    await bed.rest()

    (accepted,) = (
        each
        for each in bed.cluster.task("film", "camp")["status"]["conditions"]
        if each["type"] == "Accepted"
    )
    assert (accepted["status"], accepted["reason"]) == ("False", "OutputInUse")
    assert "belongs to task camp in namespace ads" in accepted["message"]
    assert (len(bed.cluster.orders), len(bed.objects("camp"))) == (1, 1)


async def test_a_folder_that_was_given_up_is_taken(bed: ControllerBed) -> None:
    """The task that waits for it would have to be edited."""
    bed.output.put_bytes("camp/owner.json", b"{}", {"namespace": "film", "name": "camp"})
    bed.apply(bed.task("camp", [[0]]))
    await bed.reason("camp", "OutputInUse")

    bed.output.delete("camp/owner.json")

    assert (await bed.phase("camp", "Complete"))["succeeded"] == 1
