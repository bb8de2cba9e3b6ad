from __future__ import annotations

from typing import Any

import pytest

from cliptask_operator.kubernetes.task_state import (
    RETRY,
    Attempt,
    TaskRef,
    attempt_of,
    is_at_rest,
    is_finished,
    is_observed,
    ref_of,
    status_of,
)


def body(status: Any = None, generation: int = 2, **metadata: Any) -> dict[str, Any]:  # noqa: ANN401  a task's parts
    """A task as the API gives it."""
    found: dict[str, Any] = {
        "metadata": {"name": "t", "namespace": "ads", "uid": "u", "generation": generation, **metadata}
    }
    return found if status is None else found | {"status": status}


def status(*true: str, generation: int = 2, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  as above
    """A status with these conditions true, and the others false."""
    return {
        "observedGeneration": generation,
        "conditions": [
            {
                "type": kind,
                "status": "True" if kind in true else "False",
                "reason": "R",
                "message": "",
                "lastTransitionTime": "2025-01-01T00:00:00Z",
            }
            for kind in ("Accepted", "SourcesReady", "Complete", "Failed")
        ],
        **changes,
    }


def test_an_edit_and_a_retry_are_other_attempts() -> None:
    """Neither would be noticed."""
    assert attempt_of(body()) == Attempt(2, "")
    assert attempt_of(body(generation=3)) == Attempt(3, "")
    assert attempt_of(body(annotations={RETRY: "again"})) == Attempt(2, "again")
    assert attempt_of(body(annotations=None)) == attempt_of(body(annotations={"note": "x"})) == Attempt(2, "")


def test_a_long_retry_is_seen_in_the_status_as_it_was_asked_for() -> None:
    """The status holds 256 characters of it: a finished task would be worked on for ever."""
    asked = body(annotations={RETRY: "r" * 999})

    done = asked | {"status": status("Accepted", "Complete", observedRetry=attempt_of(asked).retry)}

    assert status_of(done).observed_retry == "r" * 256
    assert is_finished(done)


def test_whoever_follows_a_task_with_a_long_retry_comes_to_an_end() -> None:
    """`cliptask status` and the gateway would wait for ever for an operator that has long answered."""
    asked = body(annotations={RETRY: "r" * 999})
    told = status("Accepted", "Complete", observedRetry="r" * 256, phase="Complete")

    assert is_observed(asked | {"status": told})
    assert is_at_rest(asked | {"status": told})
    assert not is_at_rest(asked | {"status": told | {"observedRetry": "r" * 255}})


@pytest.mark.parametrize(
    ("phase", "rests"),
    [
        ("Pending", False),
        ("Fetching", False),
        ("Rendering", False),
        ("Suspended", True),
        ("Complete", True),
        ("Failed", True),
    ],
)
def test_a_task_rests_when_only_somebody_can_move_it(phase: str, rests: bool) -> None:
    """`cliptask status` would end before the campaign, or never."""
    assert is_at_rest(body(status(phase=phase))) == rests
    assert not is_at_rest(body(status(phase=phase, generation=1)))


@pytest.mark.parametrize(
    ("found", "finished"),
    [
        (body(), False),
        (body({}), False),
        (body(status("Accepted")), False),
        (body(status("Accepted", "SourcesReady", "Complete")), True),
        (body(status("Accepted", "SourcesReady", "Failed")), True),
        (body(status("Failed")), False),
        (body(status("Accepted", "Complete", generation=1)), False),
        (body(status("Accepted", "Complete"), annotations={RETRY: "again"}), False),
        (body(status("Accepted", "Complete", observedRetry="again"), annotations={RETRY: "again"}), True),
        (body(status("Accepted", "Complete", observedRetry="again")), False),
        (body(status("Accepted", "Complete", phase="Unheard")), False),
        (body({"observedGeneration": "two"}), False),
        (body({"conditions": None}), False),
    ],
)
def test_only_what_has_ended_as_it_is_now_is_finished(found: dict[str, Any], finished: bool) -> None:
    """An edited or refused task would be left alone, or a finished one made again at each restart."""
    assert is_finished(found) == finished


def test_a_status_that_cannot_be_read_is_an_empty_one() -> None:
    """What another version wrote would stop the operator."""
    assert status_of(body({"phase": 5})).phase == "Pending"


def test_a_task_is_known_by_its_uid_and_brings_its_labels() -> None:
    """Kueue's label would not reach its Jobs."""
    assert ref_of(body(labels={"a": "b"})) == TaskRef("ads", "t", "u", {"a": "b"})
    assert ref_of(body(labels=None)).labels == {}
