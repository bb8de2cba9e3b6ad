from __future__ import annotations

from typing import Any

import pytest

from cliptask_operator.controller.job_cache import JobCache
from cliptask_operator.kubernetes.job_status import JobFacts
from cliptask_operator.kubernetes.manifests import ATTEMPT


def body(name: str = "j", uid: str = "u", *conditions: str, **metadata: Any) -> dict[str, Any]:  # noqa: ANN401  a Job's parts
    """A Job of a task as the API gives it, with these conditions true."""
    return {
        "metadata": {
            "name": name,
            "ownerReferences": [{"kind": "ClipTask", "uid": uid}],
            "annotations": {ATTEMPT: "1/"},
            **metadata,
        },
        "status": {"conditions": [{"type": each, "status": "True"} for each in conditions]},
    }


ACTIVE = JobFacts("j", "active", "1/")
DONE = JobFacts("j", "succeeded", "1/")


@pytest.fixture
def book() -> JobCache:
    """An empty one."""
    return JobCache()


def test_what_the_watch_says_is_known(book: JobCache) -> None:
    """The operator would have to ask for every Job."""
    book.observe(body(), gone=False)
    assert book.of("u") == {"j": ACTIVE}

    book.observe(body("j", "u", "Complete"), gone=False)
    assert book.of("u") == {"j": DONE}

    book.observe(body("j", "u", "Complete"), gone=True)
    assert book.of("u") == {}


def test_tasks_are_kept_apart(book: JobCache) -> None:
    """A campaign would count another's Jobs; one of a deleted namesake has another UID."""
    book.observe(body("j", "u"), gone=False)
    book.observe(body("j", "v", "Complete"), gone=False)
    book.listed("u", [body("a", "u"), body("b", "v")], since=book.mark())

    assert book.of("u") == {"a": JobFacts("a", "active", "1/")}
    assert book.of("v") == {"j": DONE}
    assert book.active() == 1


def test_somebody_elses_job_is_no_news(book: JobCache) -> None:
    """Whoever uses the label on Jobs of their own would stop the operator."""
    book.observe({"metadata": {"name": "x"}}, gone=False)
    book.observe(
        {"metadata": {"name": "x", "ownerReferences": [{"kind": "CronJob", "uid": "u"}]}}, gone=False
    )

    assert book.of("u") == {}


def test_what_was_created_or_deleted_is_known_at_once(book: JobCache) -> None:
    """Until the watch tells, a Job would be created twice, or deleted twice."""
    book.created("u", ACTIVE)
    assert book.of("u") == {"j": ACTIVE}

    book.deleted("u", "j")
    assert book.of("u") == {"j": JobFacts("j", "active", "1/", deleting=True)}


def test_the_watch_may_be_quicker_than_the_answer(book: JobCache) -> None:
    """A Job that has ended by the time its creation is confirmed would count as running for ever."""
    book.observe(body("j", "u", "Complete"), gone=False)

    book.created("u", ACTIVE)

    assert book.of("u") == {"j": DONE}


def test_a_deletion_of_what_is_gone_leaves_nothing(book: JobCache) -> None:
    """A Job that nobody has would wait to be gone."""
    book.deleted("u", "j")

    assert book.of("u") == {}


def test_a_listing_forgets_what_was_deleted_unseen(book: JobCache) -> None:
    """A Job that was deleted while the watch was cut would hold its place for ever."""
    book.observe(body("a"), gone=False)
    book.observe(body("b"), gone=False)

    book.listed("u", [body("b", "u", "Complete")], since=book.mark())

    assert book.of("u") == {"b": JobFacts("b", "succeeded", "1/")}


def test_what_was_given_out_does_not_change(book: JobCache) -> None:
    """A decision would be taken on Jobs that change meanwhile."""
    before = book.of("u")

    book.created("u", ACTIVE)

    assert before == {}


# The bell


def rings(book: JobCache, *event: Any, gone: bool = False) -> bool:  # noqa: ANN401  a Job's parts
    """Whether an event wakes the task."""
    book.changed("u").clear()
    book.observe(body(*event), gone=gone)
    return book.changed("u").is_set()


def test_news_of_a_job_wake_its_task_alone(book: JobCache) -> None:
    """A finished Job would be noticed at the next look, half a minute later; or every task would look at it."""
    other = book.changed("v")

    assert rings(book, "j", "u")
    assert rings(book, "j", "u", "Complete")
    assert rings(book, "j", "u", "Complete", gone=True)
    assert not other.is_set()


def test_what_changes_nothing_wakes_nobody(book: JobCache) -> None:
    """A Job's status changes five times, and every restart of the watch repeats all of them."""
    book.observe(body(), gone=False)

    assert not rings(book, "j", "u")
    assert not rings(book, "j", "u", "FailureTarget")
    assert not rings(book, "never-seen", "u", gone=True)


def test_one_bell_for_all_who_wait(book: JobCache) -> None:
    """Whoever holds an older bell would sleep on."""
    bell = book.changed("u")
    book.notify("u")

    assert bell.is_set()
    assert book.changed("u") is bell
    book.notify("nobody works on it")


def test_nothing_is_kept_of_a_task_that_is_gone(book: JobCache) -> None:
    """Jobs go after their task: an operator that runs for a year would remember every one."""
    book.observe(body("a"), gone=False)
    book.observe(body("b"), gone=False)
    book.changed("u")

    book.forget("u")
    book.observe(body("a", "u", deletionTimestamp="2025-01-01T00:00:00Z"), gone=False)
    book.observe(body("a"), gone=True)
    book.observe(body("b"), gone=True)
    book.of("u")
    book.deleted("u", "b")

    assert not book._jobs  # noqa: SLF001  what it holds on to is the point
    assert not book._changed  # noqa: SLF001  as above


def test_what_is_heard_during_a_listing_is_newer_than_the_listing(book: JobCache) -> None:
    """A Job that ended meanwhile would run for ever, one that went would come back, one just created would vanish."""
    book.observe(body("ended"), gone=False)
    book.observe(body("went"), gone=False)
    since = book.mark()
    book.observe(body("ended", "u", "Complete"), gone=False)
    book.observe(body("went"), gone=True)
    book.created("u", JobFacts("new", "active", "1/"))

    book.listed("u", [body("ended"), body("went"), body("old")], since)

    assert {name: job.state for name, job in book.of("u").items()} == {
        "ended": "succeeded", "new": "active", "old": "active",
    }  # fmt: skip


def test_that_a_pod_runs_is_known_and_wakes_nobody(book: JobCache) -> None:
    """Each Job would cost its campaign another look."""
    book.observe(body(), gone=False)
    book.changed("u").clear()

    book.observe({**body(), "status": {"active": 1, "ready": 1}}, gone=False)

    assert book.of("u")["j"].started
    assert not book.changed("u").is_set()


# Pods


def pod(code: int | None = 0, uid: str = "job-uid", name: str = "j") -> dict[str, Any]:
    """A pod of a Job whose renderer has ended; None: it runs."""
    state = {"running": {}} if code is None else {"terminated": {"exitCode": code}}
    return {
        "metadata": {"name": "j-x", "ownerReferences": [{"kind": "Job", "name": name, "uid": uid}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "renderer", "state": state}]},
    }


def active(*conditions: str, uid: str = "job-uid") -> dict[str, Any]:
    """A Job as the API knows it."""
    job = body("j", "u", *conditions)
    return {**job, "metadata": {**job["metadata"], "uid": uid}}


def test_what_a_pod_has_made_is_known_before_its_job_says_so(book: JobCache) -> None:
    """A campaign would wait two seconds for each thing that is there."""
    book.observe(active(), gone=False)
    book.changed("u").clear()

    book.observe_pod(pod())

    job = book.of("u")["j"]
    assert (job.state, job.has_succeeded, job.is_at_work, job.started) == ("active", True, False, True)
    assert book.changed("u").is_set()
    assert book.active() == 0


@pytest.mark.parametrize("ended", [pod(None), pod(1), pod(137), pod(uid="an earlier one"), pod(name="other")])
def test_only_a_jobs_own_pod_that_made_everything_counts(book: JobCache, ended: dict[str, Any]) -> None:
    """A failure would be taken for a video, or the pod of a Job that was deleted for that of the new one of its name."""
    book.observe(active(), gone=False)
    book.changed("u").clear()

    book.observe_pod(ended)

    assert book.of("u")["j"].is_at_work
    assert not book.changed("u").is_set()


def test_what_a_pod_has_said_stays_said(book: JobCache) -> None:
    """A Job's status is older than its pod's: it would be at work again, and then succeed a second time."""
    book.observe(active(), gone=False)
    book.observe_pod(pod())
    book.changed("u").clear()

    book.observe({**active(), "status": {"active": 1, "ready": 1}}, gone=False)
    book.listed("u", [active()], since=book.mark())
    assert book.of("u")["j"].made
    book.observe(active("Complete"), gone=False)

    assert (book.of("u")["j"].state, book.of("u")["j"].made) == ("succeeded", False)
    assert not book.changed("u").is_set()


@pytest.mark.parametrize(
    ("now", "at_work"),
    [(active(uid="a new one"), True), (active("Failed"), False)],
    ids=["a new one", "failed"],
)
def test_what_a_pod_has_said_is_of_its_job_alone(
    book: JobCache, now: dict[str, Any], *, at_work: bool
) -> None:
    """A Job that is made once more would never be waited for; one that the API says has failed would not be looked at."""
    book.observe(active(), gone=False)
    book.observe_pod(pod())
    book.changed("u").clear()

    book.observe(now, gone=False)

    assert (book.of("u")["j"].made, book.of("u")["j"].is_at_work) == (False, at_work)
    assert book.changed("u").is_set()


def test_that_a_new_job_has_a_uid_wakes_nobody(book: JobCache) -> None:
    """Each Job would cost its campaign another look."""
    book.created("u", ACTIVE)
    book.changed("u").clear()

    book.observe(active(), gone=False)

    assert book.of("u")["j"].uid == "job-uid"
    assert not book.changed("u").is_set()


def test_jobs_that_nobody_needs_any_more_are_known(book: JobCache) -> None:
    """A quota would stay full of them; or a success be gone before it was counted."""
    book.at_work("busy", begins=True)
    for name, uid, state in [("f", "u", "Failed"), ("s", "u", "Complete"), ("b", "busy", "Complete")]:
        book.observe(body(name, uid, state, namespace="ads"), gone=False)
    book.observe(body("a", "u", namespace="ads"), gone=False)
    book.observe(body("x", "v", "Complete", namespace="film"), gone=False)
    assert [each.name for _, each in book.finished("ads")] == ["s", "f"]

    book.deleted("u", "s")
    book.at_work("busy", begins=False)

    assert [(uid, each.name) for uid, each in book.finished("ads")] == [("busy", "b"), ("u", "f")]
