"""How much does one Job make, where the task leaves that open? Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median

from cliptask_operator.kubernetes.job_status import JobFacts

START_S = 3.0
"""From a Job's creation to its renderer's first act, on a node that has the image, where no Job has shown it yet."""
_WORTH = 4
"""So many times as long as its start, a Job works: the start takes a fifth."""
_WORTH_OF_PARTS = 9
"""The same where parts are made, of which there are more than places for Jobs: the start takes a tenth."""
_LEAST_OF_PARTS = 2
"""So many times as long as its start, a Job of parts works in any case: on a node of few cores, starts take these from other Jobs."""
_SHORTEST_START_S, _LONGEST_START_S = 1.0, 10.0
"""The API tells times of Jobs in whole seconds, and what took longer was more than a start: a Job that encoded as well, or waited for an image."""
_JOIN_S = 0.1
"""To join a video of parts that are there: a few requests to a bucket."""


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
    start_s = min(max(median(starts), _SHORTEST_START_S), _LONGEST_START_S) if starts else START_S
    return Costs(video_s, start_s)


def videos_per_job(videos: int, parallelism: int, of: Costs) -> int:
    """So many that the start is worth it, but no more than would leave a place of ``parallelism`` empty.

    In any case so many that a Job does not start for longer than it works: all may be there sooner with a place for each
    video, by less than a start, but starts are paid for. ``videos`` are those that are still to be made.
    """
    worth = ceil(_WORTH * of.start_s / of.video_s)
    least = ceil(of.start_s / of.video_s)
    return max(min(max(least, ceil(videos / parallelism)), worth, videos), 1)


def jobs_for(parts: int, seconds: float, videos: int, parallelism: int, start_s: float) -> int:
    """How many Jobs so many parts are worth that take so long, and join so many videos.

    One for each place, and for each as many as are worth their starts: so every place has as much to do as the others. But none
    that is not worth its own.
    """
    seconds += videos * _JOIN_S
    rounds = max(ceil(seconds / (parallelism * start_s * _WORTH_OF_PARTS)), 1)
    return max(min(parts, parallelism * rounds, int(seconds / (start_s * _LEAST_OF_PARTS))), 1)


def in_words(videos: int, jobs: int, of: Costs | None, part_times_s: Sequence[float] = ()) -> str:
    """What was chosen and why, for the status; ``of``: None where it is what the Jobs that run were made with; what each missing part takes."""
    parts, also, why = len(part_times_s), "", str(of) if of else "packed as those that run"
    if parts:
        also = f", with the {parts:,} part{'s' * (parts != 1)} that they lack,"
    if parts and of:
        why = f"a part takes about {median(part_times_s):.1g} s, a pod's start {of.start_s:.1g} s"
    return f"{videos:,} video{'s' * (videos != 1)}{also} in {jobs:,} Job{'s' * (jobs != 1)}: {why}"
