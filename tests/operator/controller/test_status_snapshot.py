from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cliptask.errors import ClipTaskError, OutputError, SetupError, SourceError, TransientError
from cliptask.facts import SourceFacts
from cliptask.planning.plan import Campaign, plan
from cliptask.spec.status import MESSAGE_LENGTH, MOST_FAILURES, ClipTaskStatus, Condition, Failure, Phase
from cliptask_operator.controller.status_snapshot import (
    Counts,
    StatusSnapshot,
    blocked,
    ended,
    failures_of,
    refused,
    status_from,
)  # fmt: skip
from cliptask_operator.kubernetes.job_status import JobFailure
from cliptask_operator.kubernetes.task_state import Attempt
from support.campaigns import line, sources, task, url

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
FIRST = Attempt(1)
RENDERING = StatusSnapshot("Rendering", "Rendering", "1 of 2 videos", sources="True")
COMPLETE = replace(RENDERING, phase="Complete", reason="Complete", message="2 of 2 videos are there")
FAILED = replace(RENDERING, phase="Failed", reason="VariantsFailed", message="1 of 2 videos")
BROKEN = JobFailure("CheckFailed", "24 frames instead of 25")


def at(minutes: int) -> str:
    """As the status writes so many minutes past noon."""
    return (NOON + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def story(*snapshots: StatusSnapshot, attempt: Attempt = FIRST) -> list[ClipTaskStatus]:
    """The status after each, a minute apart."""
    statuses = [ClipTaskStatus()]
    for minute, snapshot in enumerate(snapshots):
        statuses.append(status_from(snapshot, attempt, statuses[-1], NOON + timedelta(minutes=minute)))
    return statuses[1:]


def conditions(status: ClipTaskStatus) -> dict[str, Condition]:
    """By type, of which each may be there once."""
    found = {each.type: each for each in status.conditions}
    assert len(found) == len(status.conditions)
    return {str(kind): condition for kind, condition in found.items()}


def truths(snapshot: StatusSnapshot) -> dict[str, str]:
    """Which conditions hold."""
    (status,) = story(snapshot)
    return {kind: each.status for kind, each in conditions(status).items()}


# Conditions and counters


@pytest.mark.parametrize(
    ("snapshot", "accepted", "ready", "complete", "failed"),
    [
        (StatusSnapshot("Pending", "Pending", "not looked at yet"), "True", "Unknown", "False", "False"),
        (
            StatusSnapshot("Fetching", "Fetching", "3 to go", sources="False"),
            "True",
            "False",
            "False",
            "False",
        ),
        (RENDERING, "True", "True", "False", "False"),
        (replace(RENDERING, phase="Suspended", reason="Suspended"), "True", "True", "False", "False"),
        (COMPLETE, "True", "True", "True", "False"),
        (FAILED, "True", "True", "False", "True"),
        (refused("BucketNotAllowed", "use gs://b"), "False", "Unknown", "False", "True"),
        (
            StatusSnapshot("Failed", "SourceUnusable", "404", sources="False"),
            "True",
            "False",
            "False",
            "True",
        ),
    ],
)
def test_conditions_say_where_it_is(
    snapshot: StatusSnapshot, accepted: str, ready: str, complete: str, failed: str
) -> None:
    """``kubectl wait`` and Argo CD go by them."""
    assert truths(snapshot) == {
        "Accepted": accepted, "SourcesReady": ready, "Complete": complete, "Failed": failed,
    }  # fmt: skip


def test_every_condition_has_a_reason_and_its_generation() -> None:
    """The API refuses a condition without a reason; a condition of an older spec would be believed."""
    for snapshot in (RENDERING, COMPLETE, FAILED, refused("OutputInUse", "of task b")):
        (status,) = story(snapshot, attempt=Attempt(7, "again"))

        assert (status.observed_generation, status.observed_retry) == (7, "again")
        for condition in status.conditions:
            assert condition.reason.isalpha()
            assert condition.message
            assert condition.observed_generation == 7


def test_a_refusal_is_told_where_people_look() -> None:
    """``Accepted=False`` without a remedy is a riddle."""
    (status,) = story(refused("BucketNotAllowed", "use gs://b"))

    accepted = conditions(status)["Accepted"]
    assert (accepted.reason, accepted.message) == ("BucketNotAllowed", "use gs://b")
    assert (status.phase, status.message) == ("Failed", "use gs://b")


def test_counters_are_the_snapshots() -> None:
    """A swapped pair of numbers tells a wrong story."""
    counts = Counts(9, 5, 2, 7, 6, 400, 300, 12345)
    failures = tuple(Failure(variant=f"v{n}", reason="X", message="m") for n in range(30))

    (status,) = story(replace(RENDERING, counts=counts, failures=failures, index="gs://b/t/index.json"))

    assert (status.variants, status.succeeded, status.active, status.failed) == (9, 5, 2, 30)
    assert (status.segments, status.segments_ready) == (7, 6)
    assert (status.speech_characters, status.speech_characters_paid, status.bytes) == (400, 300, 12345)
    assert status.failures == failures[:MOST_FAILURES]
    assert status.index == "gs://b/t/index.json"


def test_a_status_stays_small_however_long_the_story() -> None:
    """The API refuses fields that are longer than its schema says."""
    long = replace(FAILED, message="m" * 10_000)

    (status,) = story(long)

    assert {len(text) for text in (status.message, conditions(status)["Failed"].message)} == {MESSAGE_LENGTH}


# Times


def test_times_are_kept_while_nothing_changes() -> None:
    """Each look would write a new status, and wake whoever watches."""
    first, second = story(RENDERING, RENDERING)

    assert first == second
    assert (first.start_time, first.completion_time) == (at(0), None)
    assert {each.last_transition_time for each in first.conditions} == {at(0)}


def test_a_condition_remembers_when_it_changed() -> None:
    """Nobody could tell since when a task is complete."""
    *_, last = story(RENDERING, replace(RENDERING, message="2 of 2 videos"), COMPLETE, COMPLETE)

    since = {kind: each.last_transition_time for kind, each in conditions(last).items()}
    assert since == {"Accepted": at(0), "SourcesReady": at(0), "Complete": at(2), "Failed": at(0)}
    assert (last.start_time, last.completion_time) == (at(0), at(2))


@pytest.mark.parametrize("attempt", [Attempt(2), Attempt(1, "again")])
def test_an_edit_and_a_retry_begin_anew(attempt: Attempt) -> None:
    """The time of a campaign would count from its first version."""
    before = story(RENDERING, COMPLETE)[-1]

    after = status_from(RENDERING, attempt, before, NOON + timedelta(minutes=9))
    done = status_from(COMPLETE, attempt, before, NOON + timedelta(minutes=9))

    assert (after.start_time, after.completion_time) == (at(9), None)
    assert done.completion_time == at(9)


def test_the_end_of_a_refusal_is_not_the_end_of_the_work() -> None:
    """A task that is taken after all, and done within a second, would have ended before it began."""
    last = story(refused("OutputInUse", "of task b"), COMPLETE)[-1]

    assert last.completion_time == at(1)


# Trouble


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SetupError("no credentials: give it some"), "Misconfigured"),
        (TransientError("503"), "Unavailable"),
        (OutputError("no space in the bucket: make some"), "StoreUnwritable"),
    ],
)
def test_blocking_error_changes_the_reason_and_not_the_place(error: ClipTaskError, reason: str) -> None:
    """A campaign that waits for credentials would look lost, or well."""
    counts = Counts(9, 5)

    held = blocked(replace(RENDERING, counts=counts), error)

    assert (held.phase, held.reason, held.message) == ("Rendering", reason, str(error))
    assert (held.counts, held.sources, held.accepted) == (counts, "True", True)
    assert held.blocking_error is error


# The end


def campaign(*, bad: bool = False, clips: int = 2) -> Campaign:
    """One video for each clip; the first clip may be bad."""
    wanted = task([clips], lines=1, failurePolicy={"onSourceError": "Skip"}, sound={"overflow": "Fail"})
    facts: dict[str, SourceFacts | ClipTaskError] = dict(sources(wanted))
    if bad:
        facts[url("b0c0")] = SourceError("https://cdn.example.com/b0c0.mp4: 404, correct the URL")
    return plan(wanted, facts, [line("line 0")])


@pytest.mark.parametrize(
    ("bad", "clips", "broken", "skips", "phase", "reason", "words"),
    [
        (False, 2, 0, False, "Complete", "Complete", "2 of 2 videos are there"),
        (False, 2, 0, True, "Complete", "Complete", "2 of 2 videos are there"),
        (True, 2, 0, True, "Complete", "CompleteWithSkips", "1 of 2 videos are there, 1 could not"),
        (True, 2, 0, False, "Failed", "VariantsFailed", "1 of 2 videos are there, 1 could not"),
        (True, 1, 0, True, "Failed", "VariantsFailed", "0 of 1 videos are there, 1 could not"),
        (False, 2, 1, True, "Failed", "VariantsFailed", "1 of 2 videos are there, 1 could not"),
        (True, 3, 1, True, "Failed", "VariantsFailed", "1 of 3 videos are there, 2 could not"),
    ],
)
def test_how_it_ends(
    bad: bool, clips: int, broken: int, skips: bool, phase: Phase, reason: str, words: str
) -> None:
    """A campaign without its videos would be called complete, or one that may do without would not."""
    of = campaign(bad=bad, clips=clips)
    failed = {each.name: BROKEN for each in of.variants[:broken]}

    end = ended(RENDERING, of, failed, Counts(), "gs://bucket/index.json", skips=skips)

    assert (end.phase, end.reason) == (phase, reason)
    assert end.message.startswith(words)
    assert ("cliptask.dev/retry" in end.message) == (phase == "Failed")
    assert ("index.json" in end.message) == (reason != "Complete")


def test_what_was_skipped_and_what_failed_is_named() -> None:
    """Counted alone, nobody could mend it."""
    of = campaign(bad=True)
    (made,) = of.variants

    skipped, broken = failures_of(of, {made.name: BROKEN})

    assert (skipped.variant, skipped.reason) == ("b0c0-line-0", "SourceUnusable")
    assert "404" in skipped.message
    assert broken == Failure(variant=made.name, reason="CheckFailed", message="24 frames instead of 25")


def test_last_words_fit_the_status() -> None:
    """The API would refuse the whole status, and nothing more would be told."""
    of = campaign()

    (failure,) = failures_of(of, {of.variants[0].name: JobFailure("X", "w" * 9999)})

    assert len(failure.message) == MESSAGE_LENGTH
