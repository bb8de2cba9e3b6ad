"""How many videos does one Job make, where the task leaves that open? Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import ceil
from statistics import median

from cliptask_operator.kubernetes.job_status import JobFacts

START_S = 3.0
"""From a Job's creation to its renderer's first act, on a node that has the image, where no Job has shown it yet."""
_WORTH = 4
"""So many times as long as its start, a Job works: the start takes a fifth."""
_SHORTEST_START_S = 1.0
"""The API tells times of Jobs in whole seconds."""


@dataclass(frozen=True)
class Costs:
    """What a video and a Job's start take, in seconds."""

    video_s: float
    start_s: float

    def __str__(self) -> str:
        return f"a video takes about {self.video_s:.1g} s, a pod's start {self.start_s:.1g} s"


def costs(video_s: float, jobs: Collection[JobFacts]) -> Costs:
    """By what a video takes, and by the ``jobs`` that succeeded: what is not their videos' is their start."""
    starts = [
        job.took_s - job.videos * video_s
        for job in jobs
        if job.state == "succeeded" and job.took_s and job.videos
    ]
    return Costs(video_s, max(median(starts), _SHORTEST_START_S) if starts else START_S)


def videos_per_job(videos: int, parallelism: int, of: Costs) -> int:
    """So many that the start is worth it, but no more than would leave a place of ``parallelism`` empty.

    In any case so many that a Job does not start for longer than it works: all may be there sooner with a place for each
    video, by less than a start, but starts are paid for. ``videos`` are those that are still to be made.
    """
    worth = ceil(_WORTH * of.start_s / of.video_s)
    least = ceil(of.start_s / of.video_s)
    return max(min(max(least, ceil(videos / parallelism)), worth, videos), 1)


def in_words(videos: int, jobs: int, per_job: int, of: Costs | None) -> str:
    """What was chosen and why, for the status; ``of``: None where it is what the Jobs that run were made with."""
    why = str(of) if of else f"{per_job} in each, as in those that run"
    return f"{videos:,} video{'s' * (videos != 1)} in {jobs:,} Job{'s' * (jobs != 1)}: {why}"
