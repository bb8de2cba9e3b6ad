"""How many videos a Job makes, where the task leaves that open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask_operator.controller.packing import START_S, Costs, costs, in_words, jobs_for, videos_per_job
from cliptask_operator.kubernetes.job_status import JobFacts


@pytest.mark.parametrize(
    ("videos", "parallelism", "video_s", "start_s", "expected"),
    [
        (100, 5, 0.1, 1.0, 20),  # the places are fewer than what would be worth it
        (10_000, 50, 0.1, 1.0, 40),  # 4 s of work for 1 s of start
        (
            12,
            50,
            0.1,
            1.0,
            10,
        ),  # each has a place of its own, whose start would take ten times as long as it works
        (4, 50, 0.1, 1.0, 4),
        (12, 50, 2.0, 3.0, 2),
        (10_000, 50, 60.0, 3.0, 1),  # a start is nothing beside such a video
        (0, 50, 0.1, 1.0, 1),
    ],
)
def test_a_job_works_well_longer_than_it_starts(
    videos: int, parallelism: int, video_s: float, start_s: float, expected: int
) -> None:
    """Tiny videos would wait for pods, and few large ones for one another."""
    assert videos_per_job(videos, parallelism, Costs(video_s, start_s)) == expected


@given(st.integers(1, 10_000), st.integers(1, 2000), st.floats(0.01, 600), st.floats(1, 60))
def test_a_place_is_left_empty_for_less_than_a_start(
    videos: int, parallelism: int, video_s: float, start_s: float
) -> None:
    """A campaign would take much longer than with one video a Job."""
    size = videos_per_job(videos, parallelism, Costs(video_s, start_s))

    waves = -(-videos // parallelism)
    assert 1 <= size <= videos
    assert size * video_s <= max(waves * video_s, start_s + video_s) + 1e-6


def job(took_s: float | None, videos: int = 1, **changes: str) -> JobFacts:
    """A Job that succeeded after so many seconds."""
    return JobFacts(**({"name": "j", "state": "succeeded"} | changes), took_s=took_s, videos=videos)  # type: ignore[arg-type]


def test_what_is_not_known_is_ordinary() -> None:
    """A first campaign would be packed by nothing."""
    assert costs(0.5, []) == Costs(0.5, START_S)


def test_a_start_is_what_jobs_take_beside_their_videos() -> None:
    """On a cluster that starts pods slowly, Jobs would be as small as on a fast one."""
    ran = [job(9.0), job(11.0, videos=5), job(10.0, videos=3)]

    assert costs(0.5, ran) == Costs(0.5, 8.5)


@pytest.mark.parametrize(
    "other",
    [
        job(None),
        job(90.0, videos=0),
        JobFacts("j", "active", videos=1),
        JobFacts("j", "failed", took_s=90, videos=1),
    ],
)
def test_jobs_that_tell_nothing_of_a_start_are_left_out(other: JobFacts) -> None:
    """An encode, or a failure, would be taken for a slow start."""
    assert costs(0.5, [other]) == Costs(0.5, START_S)


def test_a_start_is_no_shorter_than_the_api_tells() -> None:
    """Of whole seconds less a video's there may be nothing left, or less."""
    assert costs(0.5, [job(0.0), job(1.0)]).start_s == 1
    # Jobs that encoded as well: six encodes of a minute would share two Jobs.
    assert costs(0.1, [job(63.0)]).start_s == 10


def test_it_is_said_in_words() -> None:
    """Nobody could tell why there are so few Jobs."""
    of, times_s = Costs(0.1, 3), (0.5, 3.11, 3.11)

    assert in_words(12, 3, of) == "12 videos in 3 Jobs: a video takes about 0.1 s, a pod's start 3 s"
    assert (
        in_words(27, 9, of, times_s)
        == "27 videos, with the 3 parts that they lack, in 9 Jobs: a part takes about 3 s, a pod's start 3 s"
    )
    assert (
        in_words(1, 1, None, (2.0,))
        == "1 video, with the 1 part that they lack, in 1 Job: packed as those that run"
    )
    assert in_words(1, 1, None) == "1 video in 1 Job: packed as those that run"


@pytest.mark.parametrize(
    ("parts", "seconds", "videos", "parallelism", "start_s", "expected"),
    [
        (9, 90.0, 27, 50, 3.0, 9),  # a place for each
        (9, 28.0, 27, 50, 3.0, 5),  # each works for twice its start
        (9, 28.0, 27, 2, 3.0, 2),  # as many as there are places
        (100, 300.0, 0, 4, 3.0, 12),  # three for each place, of 25 s: a start takes a tenth
        (12, 0.1, 0, 50, 3.0, 1),
        (12, 0.1, 200, 50, 3.0, 3),  # that join for 6 s each
    ],
)
def test_parts_are_packed_as_their_starts_are_worth(
    parts: int, seconds: float, videos: int, parallelism: int, start_s: float, expected: int
) -> None:
    """Starts would take the cores, or places would be left empty."""
    assert jobs_for(parts, seconds, videos, parallelism, start_s) == expected
