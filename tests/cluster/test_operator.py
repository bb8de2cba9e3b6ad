from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from statistics import median

import psutil
import pytest

from cliptask.orders import WorkOrder
from cluster import outcomes
from cluster.api import Document
from cluster.bed import Bed
from cluster.outcomes import Outcome
from cluster.witness import Witness, fetched


def test_a_task_becomes_videos(bed: Bed) -> None:
    """The product itself: applied, made, and told."""
    bed.apply(bed.task("camp", [[0, 1], [2, 3]], lines=2))

    status = bed.wait("camp")

    assert (status["phase"], status["variants"], status["succeeded"], status["failed"]) == (
        "Complete",
        4,
        4,
        0,
    )
    assert len(bed.videos("camp")) == 4


def test_nobody_waits_until_jobs_are_counted(bed: Bed) -> None:
    """A campaign would stand still for two seconds after its segments, after its soundtracks and after its videos."""

    def judge(order: WorkOrder, _: Document) -> Outcome:
        bed.renderers.make(order)
        return outcomes.succeed().uncounted()

    bed.renderers.judge = judge
    bed.apply(bed.task("camp", [[0, 1], [2, 3]], lines=1, execution={"parallelism": 2}))

    assert bed.wait("camp")["succeeded"] == 4
    # Kubernetes calls all of them active to the end: none was ended, or made again.
    assert [job["status"].get("active") for job in bed.jobs("camp")] == [1] * 8
    assert set(bed.renderers.made.values()) == {1}


def test_what_it_does_is_counted_and_logged(bed: Bed) -> None:
    """Nobody would see an operator that stands still, or find the lines of one campaign."""
    bed.apply(bed.task("camp", [[0, 1], [2]], lines=1))
    bed.wait("camp")

    bed.wait_for(lambda: 'cliptask_tasks{phase="Complete"} 1.0' in bed.metrics(), "counted as complete")
    bed.wait_for(
        lambda: 'cliptask_tasks_ended_total{phase="Complete"} 1.0' in bed.metrics(), "counted as ended"
    )
    counted = bed.metrics()
    assert 'cliptask_jobs_created_total{step="variant"} 2.0' in counted
    assert 'cliptask_fetch_seconds_count{outcome="downloaded"} 3.0' in counted
    assert "cliptask_speech_characters_total 6.0" in counted
    assert "cliptask_jobs_active 0.0" in counted
    assert 'cliptask_jobs_succeeded_total{step="variant"} 2.0' in counted
    assert "cliptask_videos_made_total 2.0" in counted
    assert "cliptask_videos_pending 0.0" in counted
    bed.wait_for(lambda: "Complete" in phases(bed), "logged as complete")
    assert phases(bed) == sorted(set(phases(bed)), key=["Fetching", "Rendering", "Complete"].index)


def test_it_loses_no_time(bed: Bed) -> None:
    """Between the last source and the first Job, and between the last Job and the status, a person would wait for nothing.

    The middle one of five tasks: the machine may be busy with something else.
    """
    names = [f"camp{number}" for number in range(5)]
    with Witness(bed.plane.kubeconfig, bed.namespace) as witness:
        for number, name in enumerate(names):
            bed.apply(bed.task(name, [[number, number + 1], [number + 2]]))
            bed.wait(name)
    there = fetched(bed.folder / "operator.log")

    assert median(witness.first_job[name] - there[name] for name in names) < 1
    assert median(witness.ended[name] - witness.last_end[name] for name in names) < 2


def test_it_is_well_as_long_as_it_moves(bed: Bed) -> None:
    """The kubelet would restart an operator that works, or leave one alone that hangs for ever."""
    assert probe(bed) == HTTPStatus.OK
    # A probe with a typing error would be well for ever.
    assert probe(bed, "/health") == HTTPStatus.NOT_FOUND

    with stopped(bed), pytest.raises(TimeoutError):
        probe(bed)

    assert probe(bed) == HTTPStatus.OK


@contextmanager
def stopped(bed: Bed) -> Iterator[None]:
    """In here the operator stands still."""
    assert bed.operator is not None
    process = psutil.Process(bed.operator.pid)
    process.suspend()
    try:
        yield
    finally:
        process.resume()


def probe(bed: Bed, path: str = "/healthz") -> int:
    """What the kubelet is answered. Raises TimeoutError as its probe fails."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{bed.health_port}{path}", timeout=3) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def phases(bed: Bed) -> list[str]:
    """Those of the task ``camp`` that were logged."""
    lines = [json.loads(line) for line in bed.log().splitlines()]
    return [line["phase"] for line in lines if line["event"] == "phase" and line["task"] == "camp"]
