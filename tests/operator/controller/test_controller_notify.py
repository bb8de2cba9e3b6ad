from __future__ import annotations

import pytest

from cliptask.errors import SetupError, TransientError
from cliptask_operator.notify.courier import NotDelivered
from cluster import outcomes
from support.controller_bed import NAMESPACE, ControllerBed
from support.fake_courier import Sent

HOOK, OTHER = "https://hooks.example.com/a", "https://hooks.example.com/b"
ALL = ["Fetching", "Rendering", "Suspended", "Complete", "Failed"]


def phases(sent: list[Sent], url: str = HOOK) -> list[str]:
    """What a receiver was told, in order."""
    return [each.event.news.phase for each in sent if each.url == url]


async def notified(bed: ControllerBed, status: str) -> str:
    """Wait for the condition; returns its message."""
    await bed.until(lambda: bed.condition("camp", "Notified").get("status") == status, f"Notified: {status}")
    return str(bed.condition("camp", "Notified")["message"])


async def test_an_end_is_told_once_and_the_status_says_so(bed: ControllerBed) -> None:
    """People would watch the cluster for hours."""
    bed.apply(bed.task("camp", [[0, 1]], notify=[{"url": HOOK}]))
    status = await bed.phase("camp", "Complete")
    message = await notified(bed, "True")
    await bed.rest()

    (sent,) = bed.courier.delivered
    news = sent.event.news
    assert (news.phase, news.variants, news.succeeded, news.index) == ("Complete", 2, 2, status["index"])
    assert message == "Complete was told to 1 receiver"
    assert bed.status("camp")["notified"] == [sent.event.id]
    assert [each.reason for _, each in bed.events].count("Notified") == 1
    assert bed.metric("notifications_total", outcome="delivered") == 1


async def test_each_receiver_hears_of_its_phases_in_order(bed: ControllerBed) -> None:
    """Half of the channel would be noise, or Rendering would come after Complete."""
    bed.apply(bed.task("camp", [[0, 1]], notify=[{"url": HOOK, "phases": ALL}, {"url": OTHER}]))
    await bed.phase("camp", "Complete")
    await notified(bed, "True")
    await bed.rest()

    assert phases(bed.courier.delivered)[-1] == "Complete"
    assert phases(bed.courier.delivered) == [each for each in ALL if each in phases(bed.courier.delivered)]
    assert phases(bed.courier.delivered, OTHER) == ["Complete"]
    assert len({each.event.id for each in bed.courier.delivered}) == len(phases(bed.courier.delivered))


async def test_a_task_without_receivers_says_nothing_of_them(bed: ControllerBed) -> None:
    """Every status would have a condition that means nothing."""
    bed.apply(bed.task("camp", [[0, 1]]))
    await bed.phase("camp", "Complete")
    await bed.rest()

    assert not bed.condition("camp", "Notified")
    assert "notified" not in bed.status("camp")


async def test_a_receiver_that_is_away_holds_up_nothing(bed: ControllerBed) -> None:
    """Its outage would be the campaign's, and the other receiver's."""

    def away(sent: Sent) -> None:
        if sent.url == HOOK and bed.now_s() < 600:
            message = "hooks.example.com answered 503"
            raise TimeoutError(message)

    bed.courier.answer = away
    bed.apply(bed.task("camp", [[0, 1]], notify=[{"url": HOOK, "phases": ALL}, {"url": OTHER}]))
    await bed.phase("camp", "Complete")
    message = await notified(bed, "Unknown")
    await bed.until(lambda: phases(bed.courier.delivered, OTHER), "the other one hears of it")

    assert bed.now_s() < 600
    assert "spec.notify[0]: hooks.example.com answered 503" in message
    await notified(bed, "True")
    await bed.rest()
    assert phases(bed.courier.delivered)[-1] == "Complete"
    assert bed.metric("notifications_total", outcome="retried") > 0


async def test_a_refusal_is_told_and_is_no_failure_of_the_campaign(bed: ControllerBed) -> None:
    """A mistyped URL would cost the videos; unsaid, nobody would find it."""

    def refuse(sent: Sent) -> None:
        if sent.url == HOOK:
            message = "hooks.example.com answered 404 Not Found; check the URL"
            raise NotDelivered(message)

    bed.courier.answer = refuse
    bed.apply(bed.task("camp", [[0, 1]], notify=[{"url": HOOK}, {"url": OTHER}]))
    await bed.phase("camp", "Complete")
    message = await notified(bed, "False")
    await bed.rest()

    assert "spec.notify[0]" in message
    assert "check the URL" in message
    assert bed.condition("camp", "Complete")["status"] == "True"
    assert phases(bed.courier.delivered, OTHER) == ["Complete"]
    assert len(phases(bed.courier.sent)) == 1  # nor is it tried for ever
    assert ("Warning", "NotDelivered") in [(each.type, each.reason) for _, each in bed.events]
    assert bed.metric("notifications_total", outcome="failed") == 1


async def test_what_is_settled_is_not_told_again_by_the_next_operator(bed: ControllerBed) -> None:
    """With each upgrade of the operator every channel would be flooded with the campaigns of months."""
    bed.apply(bed.task("camp", [[0, 1]], notify=[{"url": HOOK, "phases": ALL}]))
    await bed.phase("camp", "Complete")
    await notified(bed, "True")
    before = len(bed.courier.sent)

    await bed.restart()
    await bed.rest()

    assert len(bed.courier.sent) == before


async def test_an_operator_that_dies_after_telling_tells_again_with_the_same_id(bed: ControllerBed) -> None:
    """The receiver could not tell that it is the same campaign, and would pay it out twice."""

    def and_then_the_api_is_away(_: Sent) -> None:
        bed.cluster.faults.keep_failing(TransientError("away"), "patch_status")

    bed.courier.answer = and_then_the_api_is_away
    bed.apply(bed.task("camp", [[0, 1]], notify=[{"url": HOOK}]))
    await bed.until(lambda: bed.courier.delivered, "it is told")
    await bed.rest()
    assert "notified" not in bed.status("camp")
    bed.courier.answer = lambda _: None
    bed.cluster.faults.recover()
    await bed.restart()
    await notified(bed, "True")
    await bed.rest()

    first, second = bed.courier.delivered
    assert first.event.id == second.event.id
    assert first.event.time == second.event.time
    assert bed.status("camp")["notified"] == [first.event.id]


async def test_an_operator_that_dies_before_telling_leaves_it_to_the_next(bed: ControllerBed) -> None:
    """The end of a campaign would be told to nobody."""

    def away(_: Sent) -> None:
        message = "away"
        raise TimeoutError(message)

    bed.courier.answer = away
    bed.apply(bed.task("camp", [[0, 1]], notify=[{"url": HOOK}]))
    await bed.phase("camp", "Complete")
    await notified(bed, "Unknown")
    first = bed.courier.sent[0].event
    bed.courier.answer = lambda _: None
    await bed.restart()
    await notified(bed, "True")

    (sent,) = bed.courier.delivered
    assert (sent.event.id, sent.event.time) == (first.id, first.time)


async def test_an_edit_a_retry_and_another_end_are_other_events(bed: ControllerBed) -> None:
    """A receiver that has seen the first end would take the second for the same."""
    bed.cluster.judge = lambda _: outcomes.fail(65, "{}")
    bed.apply(bed.task("camp", [[0, 1]], notify=[{"url": HOOK}]))
    await bed.phase("camp", "Failed")
    bed.cluster.judge = lambda _: None
    bed.retry("camp")
    await bed.phase("camp", "Complete")
    bed.edit("camp", variants={"limit": 1})
    await bed.until(lambda: len(bed.courier.delivered) == 3, "three ends")
    await bed.rest()

    assert phases(bed.courier.delivered) == ["Failed", "Complete", "Complete"]
    assert len({each.event.id for each in bed.courier.delivered}) == 3
    assert len(bed.status("camp")["notified"]) == 1


async def test_a_refused_task_that_is_let_in_later_tells_both(bed: ControllerBed) -> None:
    """Failed for the second time, for another reason, it would count as told."""
    await bed.restart(buckets={"*": ()})
    bed.apply(bed.task("camp", [[0, 1]], notify=[{"url": HOOK}]))
    await bed.reason("camp", "BucketNotAllowed")
    bed.cluster.judge = lambda _: outcomes.fail(65, "{}")
    await bed.restart(buckets={"*": ("gs://bucket",)})
    await bed.reason("camp", "VariantsFailed")
    await bed.until(lambda: len(bed.courier.delivered) == 2, "two ends")

    assert [each.event.news.reason for each in bed.courier.delivered] == [
        "BucketNotAllowed",
        "VariantsFailed",
    ]
    assert len({each.event.id for each in bed.courier.delivered}) == 2


async def test_secrets_are_read_in_the_tasks_own_namespace(bed: ControllerBed) -> None:
    """A task could have itself signed with another team's key."""
    bed.cluster.secrets = {(NAMESPACE, "hook"): {"url": HOOK}, ("other", "hook"): {"url": OTHER}}
    bed.apply(bed.task("camp", [[0, 1]], notify=[{"secretRef": {"name": "hook"}}]))
    await bed.phase("camp", "Complete")
    await notified(bed, "True")

    assert phases(bed.courier.delivered) == ["Complete"]
    assert not phases(bed.courier.delivered, OTHER)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (None, "there is no Secret hook in the namespace ads: make it"),
        (SetupError("forbidden"), "notify.secretNames"),
    ],
)
async def test_a_secret_that_cannot_be_had_names_the_remedy(
    bed: ControllerBed, fault: SetupError | None, words: str
) -> None:
    """The chart's administrator and the task's author would each wait for the other."""
    if fault:
        bed.cluster.faults.fail("secret", fault)

    with pytest.raises(SetupError, match=words):
        await bed.notifier._secret(NAMESPACE, "hook")  # noqa: SLF001  what the courier is given


async def test_a_status_that_changes_meanwhile_is_not_undone(bed: ControllerBed) -> None:
    """Told of Rendering, a slow write would set a campaign that is complete back."""
    bed.apply(bed.task("camp", [[0, 1], [2, 3]], notify=[{"url": HOOK, "phases": ALL}]))
    await bed.phase("camp", "Complete")
    await notified(bed, "True")
    await bed.rest()

    ends = [each.status["phase"] for each in bed.cluster.statuses if each.task == "camp"]
    assert ends == sorted(ends, key=["Fetching", "Rendering", "Complete"].index)
    conditions = [
        {each["type"]: each["status"] for each in one.status["conditions"]} for one in bed.cluster.statuses
    ]
    assert all(
        (one["Complete"] == "True") == (phase == "Complete")
        for one, phase in zip(conditions, ends, strict=True)
    )


async def test_a_task_that_is_deleted_is_still_told_of(bed: ControllerBed) -> None:
    """Argo CD removes the task whose end was on its way."""
    calls = 0

    def once_away(_: Sent) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            message = "away"
            raise TimeoutError(message)

    bed.courier.answer = once_away
    bed.apply(bed.task("camp", [[0, 1]], notify=[{"url": HOOK}]))
    await bed.until(lambda: calls == 1, "it is told once")
    bed.cluster.delete_task(NAMESPACE, "camp")
    await bed.rest()

    assert phases(bed.courier.delivered) == ["Complete"]
