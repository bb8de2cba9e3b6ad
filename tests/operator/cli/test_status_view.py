from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from cliptask.spec.status import ClipTaskStatus, Failure
from cliptask_operator.cli.status_view import view
from cliptask_operator.controller.status_snapshot import Counts, StatusSnapshot, status_from
from cliptask_operator.kubernetes.task_state import Attempt, attempt_of, is_at_rest, is_finished
from support.campaigns import task

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
COUNTS = Counts(
    variants=12, succeeded=5, active=3, segments=7, segments_ready=7, speech_characters=90, speech_characters_paid=90
)  # fmt: skip
RENDERING = StatusSnapshot(
    "Rendering", "Rendering", "5 of 12 videos, 7 of 7 segments", sources="True", counts=COUNTS
)


def body(snapshot: StatusSnapshot | None, *, generation: int = 1, retry: str = "") -> dict[str, object]:
    """A ClipTask as the API has it; the operator has seen generation 1."""
    wanted = task([3, 2, 2], tracks=2, lines=3).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    status = status_from(snapshot, Attempt(1), ClipTaskStatus(), NOON) if snapshot else None
    return {
        "apiVersion": "cliptask.dev/v1alpha1",
        "kind": "ClipTask",
        "spec": wanted["spec"],
        "metadata": {
            "name": "spring-sale",
            "namespace": "marketing",
            "generation": generation,
            "annotations": {"cliptask.dev/retry": retry},
        },
        "status": status.model_dump(mode="json", by_alias=True) if status else None,
    }


def drawn(task_body: dict[str, object], width: int = 110) -> str:
    """What a person reads 75 seconds after noon."""
    console = Console(width=width, force_terminal=False, color_system=None)
    with console.capture() as caught:
        console.print(view(task_body, NOON + timedelta(seconds=75)))
    return "\n".join(line.rstrip() for line in caught.get().splitlines())


def test_it_shows_what_the_campaign_is_and_how_far_it_is() -> None:
    """Somebody who waits would have to put it together from kubectl's JSON."""
    text = drawn(body(RENDERING))

    lines = text.splitlines()
    assert lines[0] == "marketing/spring-sale  Rendering  1m15s"
    assert lines[1] == "5 of 12 videos, 7 of 7 segments"
    assert "3 clips" in lines[3]
    assert [line.split()[0] for line in lines[-3:]] == ["characters", "segments", "videos"]
    assert lines[-1].endswith("5 of 12 made, 3 Jobs at work")
    assert "2 tracks" in text
    assert "3 lines" in text


def test_a_bar_is_as_long_as_what_is_done() -> None:
    """A bar that always looks full would be worse than none."""
    (bar,) = (line for line in drawn(body(RENDERING)).splitlines() if line.startswith("videos"))

    assert bar.count("━") == pytest.approx(40 * 5 / 12, abs=1)


def test_failures_come_with_their_reason_and_how_many_more_there_are() -> None:
    """The first question is what failed, the second why, the third whether that was all."""
    failures = tuple(
        Failure(variant=f"v{n}", reason="SourceUnusable", message="torn [red]") for n in range(23)
    )
    failed = StatusSnapshot(
        "Failed", "VariantsFailed", "no", counts=COUNTS, failures=failures, index="gs://b/out/c/index.json"
    )

    text = drawn(body(failed))

    assert text.count("SourceUnusable  torn [red]") == 20
    assert "and 3 more: index.json names all" in text
    assert "gallery: gs://b/out/c/gallery.html" in text


@pytest.mark.parametrize("change", [{"generation": 2}, {"retry": "again"}], ids=str)
def test_an_old_word_is_not_taken_for_a_new_one(change: dict[str, object]) -> None:
    """After an edit the view would say Complete, of what was wanted before."""
    complete = StatusSnapshot("Complete", "Complete", "12 of 12 videos are there", counts=COUNTS)

    assert is_at_rest(body(complete))
    assert not is_at_rest(body(complete, **change))  # type: ignore[arg-type]  # one of two
    assert "waiting for the operator" in drawn(body(complete, **change))  # type: ignore[arg-type]  # as above


def test_a_task_that_nobody_has_looked_at_is_shown() -> None:
    """Where no operator runs, the view must say so and not break."""
    text = drawn(body(None))

    assert "waiting for the operator" in text
    assert not is_at_rest(body(None))


def test_a_task_that_the_program_cannot_read_is_shown_without_its_blocks() -> None:
    """The operator refuses it, and the view is where somebody looks for why."""
    bad = body(StatusSnapshot("Failed", "InvalidTask", "spec.videoBlocks: what it says"))
    bad["spec"] = {"unknown": 1}

    assert "spec.videoBlocks: what it says" in drawn(bad)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0m00s"), (75, "1m15s"), (3599, "59m59s"), (3600, "1h00m"), (90000, "25h00m")]
)
def test_time_is_shown_as_people_say_it(seconds: int, shown: str) -> None:
    """4500 seconds are more than an hour, but who sees that at once?"""
    console = Console(width=100)
    with console.capture() as caught:
        console.print(view(body(RENDERING), NOON + timedelta(seconds=seconds)))

    assert caught.get().splitlines()[0].endswith(shown)


@pytest.mark.parametrize("retry", ["x" * 256, "x" * 257, "é" * 4000])
def test_a_long_retry_is_seen_to_be_done(retry: str) -> None:
    """The status holds 256 characters of it: who follows would follow for ever."""
    snapshot = StatusSnapshot("Complete", "Complete", "12 of 12 videos", sources="True", counts=COUNTS)
    asked = body(None, retry=retry)
    status = status_from(snapshot, attempt_of(asked), ClipTaskStatus(), NOON)
    asked["status"] = status.model_dump(mode="json", by_alias=True)

    assert is_at_rest(asked)
    assert is_finished(asked)
    assert "Complete" in drawn(asked)
