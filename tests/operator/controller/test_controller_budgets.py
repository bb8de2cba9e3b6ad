"""What the tasks of a namespace may take in a month, and what each has taken."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from cliptask.errors import TransientError
from cliptask.orders import WorkOrder
from cluster import outcomes
from cluster.outcomes import Outcome
from support.controller_bed import NAMESPACE, ControllerBed

BOOK = "cliptask-budgets"
TWO_BY_TWO = [[0, 1], [2, 3]]
"""Four variants of four segments of 3 s, each of which two variants share."""
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
Start = Callable[..., ControllerBed]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Begin an operator whose namespace has a budget in a month."""
    beds: list[ControllerBed] = []

    def begin(**budget: Any) -> ControllerBed:  # noqa: ANN401  numbers, and a quantity
        bed = ControllerBed(budgets={NAMESPACE: budget})
        bed.cluster.config_maps[BOOK] = {}
        beds.append(bed)
        bed.start()
        return bed

    yield begin
    for each in beds:
        await each.rest(1)
        await each.stop()


def entry(bed: ControllerBed) -> Mapping[str, Any]:
    """What the book says of the namespace."""
    found: Mapping[str, Any] = json.loads(bed.cluster.config_maps[BOOK].get(NAMESPACE, "{}"))
    return found


def spent(bed: ControllerBed, kind: str) -> float:
    """Of what the book says."""
    return float(entry(bed).get("spent", {}).get(kind, 0))


@pytest.mark.parametrize(
    ("budget", "kind", "words"),
    [
        ({"variants": 6}, "variants", "4 videos, and namespace ads has 2 of 6 left for 2026-11"),
        ({"encodeSeconds": 20}, "encodeSeconds", "12 s of picture to be encoded, and namespace ads has 8 of 20 left"),
        ({"speechCharacters": 9}, "speechCharacters", "6 characters to be spoken, and namespace ads has 3 of 9 left"),
        ({"bytes": "4Mi"}, "bytes", "in its output, and namespace ads has"),
    ],
)  # fmt: skip
async def test_what_a_namespace_has_no_more_of_waits_for_the_next_month(
    start: Start, budget: Mapping[str, Any], kind: str, words: str
) -> None:
    """A team would spend what the others were to have; and nobody would come back for what was refused."""
    bed = start(**budget)
    if kind == "bytes":
        bed.cluster.judge = heavy(bed, 4_000_000)
    bed.apply(bed.task("ones", TWO_BY_TWO, lines=1))
    await bed.phase("ones", "Complete")
    bed.apply(bed.task("more", [[4, 5], [6, 7]], lines=1))
    status = await bed.reason("more", "BudgetSpent")

    assert words in status["message"]
    assert "it goes on at 2026-12-01 00:00 UTC" in status["message"]
    assert f"budgets.namespaces.ads.{kind} of the chart is raised" in status["message"]
    assert not bed.objects("more")
    assert "more 0" not in bed.inputs.spoken or kind != "speechCharacters"

    bed.today = DECEMBER
    await bed.phase("more", "Complete")
    assert entry(bed)["month"] == "2026-12"


def heavy(bed: ControllerBed, size_bytes: int) -> Callable[[WorkOrder], Outcome]:
    """A renderer whose videos are so large."""

    def judge(order: WorkOrder) -> Outcome:
        bed.cluster.make(order, content=b"m" * (size_bytes // 4))
        return outcomes.succeed()

    return judge


async def test_what_no_month_has_is_refused(start: Start) -> None:
    """It would wait for ever."""
    bed = start(speechCharacters=5)
    bed.apply(bed.task("long", [[0]], lines=1))

    status = await bed.phase("long", "Failed")

    assert status["message"] == (
        "the task needs 6 characters to be spoken, and namespace ads may take 5 in a month: ask for less, "
        "or have budgets.namespaces.ads.speechCharacters raised"
    )
    assert bed.condition("long", "Accepted")["reason"] == "OverBudget"
    assert not bed.inputs.spoken


async def test_what_is_there_counts_nothing(start: Start) -> None:
    """A task that was finished would wait after each edit of its name, or of another's."""
    bed = start(variants=4, encodeSeconds=12, speechCharacters=6)
    bed.apply(bed.task("camp", TWO_BY_TWO, lines=1))
    status = await bed.phase("camp", "Complete")
    bed.retry("camp")
    again = await bed.phase("camp", "Complete")

    assert status["spent"] == again["spent"] == {
        "variants": 4, "speechCharacters": 6, "transcribedSeconds": 0, "encodeSeconds": 12, "bytes": 4 * len(b"media"),
    }  # fmt: skip
    assert (spent(bed, "variants"), spent(bed, "encode_seconds"), spent(bed, "speech_characters")) == (
        4,
        12,
        6,
    )
    assert entry(bed)["reserved"] == {}


async def test_tasks_that_start_together_pay_for_what_they_share_once(start: Start) -> None:
    """Editions of a campaign would be refused for what none of them is going to take."""
    bed = start(encodeSeconds=12, variants=100)
    names = ["one", "two", "three"]
    bed.apply(*(bed.task(name, TWO_BY_TWO) for name in names))

    statuses = [await bed.phase(name, "Complete") for name in names]

    assert spent(bed, "encode_seconds") == sum(each["spent"]["encodeSeconds"] for each in statuses) == 12
    assert spent(bed, "variants") == 12
    assert bed.metric("spent_total", task_namespace="ads", kind="encodeSeconds") == 12


async def test_who_waits_for_what_is_set_aside_says_so(start: Start) -> None:
    """Its author would ask for a larger budget, and need none."""
    bed = start(variants=6)
    bed.cluster.judge = lambda _order: outcomes.hang()
    bed.apply(bed.task("one", TWO_BY_TWO))
    await bed.running("one", 4)
    bed.apply(bed.task("two", TWO_BY_TWO))

    status = await bed.reason("two", "BudgetReserved")
    assert "4 are set aside for tasks at work: it waits for what they leave" in status["message"]

    bed.cluster.delete_task(NAMESPACE, "one")
    bed.cluster.go_on()
    assert (await bed.phase("two", "Complete"))["succeeded"] == 4
    assert entry(bed)["reserved"] == {}


@pytest.mark.parametrize("is_made", [True, False], ids=["made meanwhile", "still to be made"])
async def test_a_crash_forgets_nothing_and_counts_nothing_twice(start: Start, *, is_made: bool) -> None:
    """Whoever kills the operator, or a node that dies, would open the budget."""
    bed = start(variants=8, encodeSeconds=24)
    bed.cluster.judge = lambda _order: outcomes.hang()
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.running("camp", 4)
    await bed.stop()

    if is_made:
        for order in [*bed.cluster.orders]:
            bed.cluster.make(order)
    bed.cluster.judge = lambda _order: None
    bed.start()
    bed.cluster.go_on()
    await bed.phase("camp", "Complete")

    assert (spent(bed, "variants"), spent(bed, "encode_seconds")) == (4, 12)
    assert entry(bed)["reserved"] == {}


async def test_an_edit_gives_back_what_it_no_longer_needs(start: Start) -> None:
    """What a slip had set aside would be lost until the month ends."""
    bed = start(variants=4)
    bed.cluster.judge = lambda _order: outcomes.hang()
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.running("camp", 4)
    bed.cluster.judge = lambda _order: None
    bed.edit("camp", execution={"suspend": True})
    await bed.phase("camp", "Suspended")
    bed.apply(bed.task("other", [[5, 6], [7]]))

    assert (await bed.phase("other", "Complete"))["succeeded"] == 2


async def test_a_book_that_others_write_is_read_again(start: Start) -> None:
    """An administrator who gives a team something back would be overwritten."""
    bed = start(variants=4)
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.phase("camp", "Complete")
    bed.apply(bed.task("more", [[4]]))
    await bed.reason("more", "BudgetSpent")

    bed.cluster.config_maps[BOOK][NAMESPACE] = json.dumps({"month": "2026-11", "spent": {"variants": 1}})

    assert (await bed.phase("more", "Complete"))["succeeded"] == 1
    assert spent(bed, "variants") == 2


@pytest.mark.parametrize(
    ("book", "words"),
    [
        (None, "helm upgrade brings an empty one"),
        ({NAMESPACE: "{"}, "mend it, or remove it to begin at nothing"),
    ],
)
async def test_nothing_is_spent_that_cannot_be_counted(
    start: Start, book: dict[str, str] | None, words: str
) -> None:
    """A budget that is open once its book is gone is none."""
    bed = start(variants=4)
    if book is None:
        del bed.cluster.config_maps[BOOK]
    else:
        bed.cluster.config_maps[BOOK] = book
    bed.apply(bed.task("camp", [[0]]))

    status = await bed.reason("camp", "Misconfigured")
    assert words in status["message"]
    assert not bed.cluster.orders

    bed.cluster.config_maps[BOOK] = {}
    await bed.phase("camp", "Complete")


async def test_a_book_that_does_not_answer_loses_nothing(start: Start) -> None:
    """What was taken while the API was away would never be counted."""
    bed = start(variants=8)
    away = TransientError("the Kubernetes API does not answer")
    bed.cluster.faults.fail("write_config_map", away, away)
    bed.apply(bed.task("camp", TWO_BY_TWO))
    await bed.until(lambda: bed.cluster.faults.calls["write_config_map"] > 2, "it is tried again")
    bed.cluster.faults.fail("config_map", away)

    await bed.phase("camp", "Complete")

    assert spent(bed, "variants") == 4


async def test_a_namespace_without_a_budget_asks_nobody(start: Start) -> None:
    """An installation without budgets needs no right for them."""
    bed = start()
    bed.apply(bed.task("camp", TWO_BY_TWO, lines=1))

    assert (await bed.phase("camp", "Complete"))["spent"]["variants"] == 4
    assert not bed.cluster.faults.calls["config_map"]


async def test_a_namespaces_own_numbers_stand_in_place_of_everybodys(start: Start) -> None:
    """One that is to have more characters would have no limit of videos any more."""
    bed = start(speechCharacters=600)
    await bed.restart(
        budgets={"*": {"variants": 2, "speechCharacters": 1}, NAMESPACE: {"speechCharacters": 600}}
    )
    bed.apply(bed.task("said", [[0, 1]], lines=1))
    await bed.phase("said", "Complete")
    bed.apply(bed.task("more", [[2]]))

    assert "has 0 of 2 left" in (await bed.reason("more", "BudgetSpent"))["message"]


async def test_every_form_has_its_own_count(start: Start) -> None:
    """Of a campaign that half failed nobody would know which placement lacks its videos."""
    bed = start()
    bed.cluster.judge = lambda order: (
        outcomes.fail(70, "broken") if any("-feed-" in each.name for each in order.variants) else None
    )
    forms = [{"name": "reels", "width": 180, "height": 320}, {"name": "feed", "width": 180, "height": 180}]
    bed.apply(bed.task("camp", TWO_BY_TWO, pictures=forms), bed.task("plain", [[0]]))

    status = await bed.phase("camp", "Failed")

    assert status["forms"] == [
        {"name": "reels", "variants": 4, "succeeded": 4},
        {"name": "feed", "variants": 4, "succeeded": 0},
    ]
    assert "forms" not in await bed.phase("plain", "Complete")
